"""Which registers tell whose meter it is, and telegrams without them."""

import re
from typing import Final

from fastcrc.crc16 import arc

# By C, D and E, on whatever channel: identifiers, EANs, and messages of the grid operator. 96.1.4 is a version.
# C stands for 96 in reduced codes, and its numbers are identifiers of many kinds.
_PRIVATE: Final = re.compile(
    r"(?:\d+-\d+:)?(?:96\.1\.[0-35-9]|96\.13\.\d+|42\.0\.0|0\.0\.0|C\.\d+(?:\.\d+)?)(?:[*&]\d+)?"
)
_MESSAGE: Final = re.compile(r"(?:\d+-\d+:)?96\.13\.\d+")
_HEXADECIMAL: Final = re.compile(rb"(?:[0-9A-Fa-f]{2}){5,}")
# Medium and manufacturer of an equipment identifier (DIN 43863-5) are nobody's own.
_KEPT: Final = re.compile(rb"\d[A-Z]{3}")
_DIGIT: Final = re.compile(rb"\d")
_CHANNEL: Final = re.compile(r"\d+-(\d+):")


def is_private(code: str) -> bool:
    """Tell whether the value of a register tells whose meter it is."""
    return _PRIVATE.fullmatch(code) is not None


def anonymise(frame: bytes) -> bytes:
    """Return a telegram with invented identifiers, without messages, and with a checksum that is right.

    The digits of an identifier become 0, the last one the number of its channel and 1, so that no two are the same.
    Everything else stays to the byte: it reads as the telegram itself does.
    """
    body, mark, checksum = frame.rpartition(b"!")
    lines = [_anonymise_line(line) for line in body.split(b"\n")]
    changed = b"\n".join(lines) + mark
    return changed + (f"{arc(changed):04X}".encode() if checksum else b"")


def _anonymise_line(line: bytes) -> bytes:
    """Return a line without what is private."""
    code, bracket, rest = line.partition(b"(")
    text = code.decode("latin-1")
    if not bracket or not is_private(text):
        return line
    value, closing, end = rest.rpartition(b")")
    channel = int(match[1]) + 1 if (match := _CHANNEL.match(text)) else 1
    return code + bracket + (b"" if _MESSAGE.fullmatch(text) else _invent(value, channel)) + closing + end


def _invent(value: bytes, number: int) -> bytes:
    """Return an invented identifier like one that is printed plainly or as hexadecimal digits."""
    if _HEXADECIMAL.fullmatch(value) and (decoded := bytes.fromhex(value.decode())).isalnum():
        return _renumber(decoded, number).hex().upper().encode()
    return _renumber(value, number)


def _renumber(identifier: bytes, number: int) -> bytes:
    """Return an identifier with another number, but for what tells medium and manufacturer."""
    kept = match.end() if (match := _KEPT.match(identifier)) else 0
    zeros = _DIGIT.sub(b"0", identifier[kept:])
    return identifier[:kept] + (zeros[:-1] + str(number % 10).encode() if zeros else b"")
