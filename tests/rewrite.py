"""Telegrams of the virtual meter with other lines in them, and a checksum that is right again."""

from collections.abc import Callable
import re

from fastcrc.crc16 import arc

type Change = Callable[[bytes], bytes | None]


def rewrite(telegram: bytes, change: Change) -> bytes:
    """Return a telegram with each line changed, or left out where nothing is returned for it."""
    head = telegram[: telegram.index(b"!") + 1]
    lines = [change(line) for line in head.split(b"\r\n")]
    changed = b"\r\n".join(line for line in lines if line is not None)
    return changed + f"{arc(changed):04X}\r\n".encode()


def without(telegram: bytes, pattern: str) -> bytes:
    """Return a telegram without the lines whose code matches."""
    code = re.compile(pattern.encode())
    return rewrite(telegram, lambda line: None if code.match(line) else line)


def with_value(telegram: bytes, pattern: str, value: str) -> bytes:
    """Return a telegram with another value behind each code that matches."""
    code = re.compile(pattern.encode() + rb"(?=\()")
    return rewrite(telegram, lambda line: match[0] + value.encode() if (match := code.match(line)) else line)
