"""A telegram as lines, and back with a checksum that is right."""

from collections.abc import Callable

from fastcrc import crc16


def sign(body: bytes, *, checksum: bool = True) -> bytes:
    """Return a telegram up to its `!`, completed (DSMR P1 5.0.2, 6.2)."""
    return body + (b"%04X\r\n" % crc16.arc(body) if checksum else b"\r\n")


def change_lines(telegram: bytes, change: Callable[[str, str], str | None]) -> bytes:
    """Return a telegram with its lines changed: `change` gets a code and what follows, and returns the latter.

    Where that is None the line is gone. A telegram without a checksum stays without.
    """
    body, _, checksum = telegram.rpartition(b"!")
    lines = [_changed(line, change) for line in body.decode("latin-1").split("\r\n")]
    text = "\r\n".join(line for line in lines if line is not None) + "!"
    return sign(text.encode("latin-1"), checksum=bool(checksum.strip()))


def _changed(line: str, change: Callable[[str, str], str | None]) -> str | None:
    code, bracket, rest = line.partition("(")
    if not bracket:
        return line
    value = change(code, bracket + rest)
    return None if value is None else code + value
