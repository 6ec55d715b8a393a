"""What of a telegram anybody may see: quantities, and what is known to be harmless. All else may tell whose it is.

So an identifier stays hidden wherever it is printed, and wherever a fault of the line puts it.
"""

import re
from typing import Final

from fastcrc.crc16 import arc

from .line_ends import CODE
from .lines import Register
from .meanings import meaning
from .obis import parse_code
from .times import looks_like_time, parse_time
from .units import unit_of
from .unset import is_time as is_unset_time
from .written import has_separators, is_part, stamp_of

_LONGEST_RUN: Final = 5
"""Letters and digits in a row that tell nobody apart."""
# By C, D and E, on whatever channel: identifiers, EANs, and messages of the grid operator. 96.1.4 is a version. C
# stands for 96 in reduced codes, and its numbers are identifiers of many kinds.
_IDENTIFYING: Final = re.compile(
    r"(?:\d+-\d+:)?(?:96\.1\.(?!4\b)\d+|96\.13\.\d+|42\.0\.0|0\.0\.\d|C\.\d+(?:\.\d+)?)(?:[*&]\d+)?"
)
_MESSAGE: Final = re.compile(r"(?:\d+-\d+:)?96\.13\.\d+")
# Versions, clocks, tariffs, breakers, relays, counts of failures, sags and swells, limits, power factors, the kind of
# grid, month peaks, logs of failures, errors and lists; device type, valve and readings of M-Bus meters.
_HARMLESS: Final = re.compile(
    r"(?:\d+-\d+:)?(?:0\.2\.8|96\.1\.4|[01]\.0\.0|0\.9\.\d|96\.14\.0|96\.3\.10|96\.7\.\d+|\d+\.3[26]\.0|17\.0\.0|\d+\.4\.0"
    r"|[1357]?3\.7\.0|94\.32\.1|98\.1\.0|99\.97\.0|24\.[1-4]\.\d|97\.97\.0|F\.F(?:\.0)?|L\.\d+(?:\.\d+)?)(?:[*&]\d+)?"
)
_QUANTITY_KINDS: Final = {4, 5, 6, 7, 8, 24}
_MOST_QUANTITIES: Final = 99

_QUANTITY: Final = re.compile(r"[+-]?(\d{1,10})(?:\.\d{1,10})?\*([^*]{1,6})")
_COUNT: Final = re.compile(r"[+-]?(?:\d{1,5}(?:\.\d{1,4})?|0+(?:\.0+)?)")
_FLAGLESS: Final = re.compile(r"\d{12}[SWsw]?")
_CODE: Final = re.compile(CODE.decode())
_WORD: Final = re.compile(r"(?:TARIFF ?|T)\d{1,2}|ON|OFF")
_SECONDS: Final = "s"
_SPLIT_CLOCK: Final = re.compile(r"(?:\d+-\d+:)?0\.9\.[12](?:[*&]255)?")
# Digits in hexadecimal, as Iskraemeco prints its version.
_VERSION: Final = re.compile(r"(?:\d+-\d+:)?96\.1\.4\((?:3\d){1,5}")

_LINE: Final = re.compile(rb"(%b)\((.*)\)[ \t]*" % CODE, re.DOTALL)
_PROFILE: Final = re.compile(rb"\d+-\d+:24\.3\.0\(")
_BEGUN: Final = re.compile(rb"%b\(" % CODE)
_LINE_ENDS: Final = re.compile(rb"([\r\n\0]+)")
_END: Final = re.compile(rb"![0-9A-Fa-f]{0,4}")
_CHECKSUM: Final = re.compile(rb"[0-9A-Fa-f]{1,4}")

_MAKER: Final = re.compile(r"[A-Za-z]{3}[0-9A-Za-z]")
# What makers call all meters of one type: the article of Sagemcom's that grid operators have, those of Iskraemeco.
_TYPE: Final = re.compile(r"[A-Za-z]{3}[0-9]\\(?:253\d{6}_[A-Z]|2M[A-Z0-9]{3,6}(?:-\d{3,4})?)")
_NAME: Final = re.compile(r"[A-Za-z0-9 ._\\-]{0,24}")
_RUN: Final = re.compile(r"[A-Za-z0-9]+")
_MOST_DIGITS_OF_A_NAME: Final = 3
_MOST_DIGITS_ALONE: Final = 4
_LONG_NUMBER: Final = re.compile(rf"\d{{{_LONGEST_RUN + 1},}}")
_HEXADECIMAL: Final = re.compile(rb"(?:[0-9A-Fa-f]{2}){5,}")
_CHANNEL: Final = re.compile(rb"\d+-(\d+):")
# Not zeros, which most identifiers have many of themselves.
_DIGIT, _LETTER = "9", b"X"
_LETTERS: Final = bytes([*range(0x41, 0x5B), *range(0x61, 0x7B), *range(0x80, 0x100)])
_SHAPE: Final = bytes.maketrans(b"012345678" + _LETTERS, _DIGIT.encode() * 9 + _LETTER * len(_LETTERS))


def is_private(code: str) -> bool:
    """Tell whether a register may tell whose meter it is: any but quantities, and those that are known not to."""
    if _IDENTIFYING.fullmatch(code):
        return True
    if _HARMLESS.fullmatch(code):
        return False
    parsed = parse_code(code)
    return parsed is None or parsed.a != 1 or parsed.d not in _QUANTITY_KINDS or parsed.c > _MOST_QUANTITIES


def is_public(code: str, register: Register) -> bool:
    """Tell whether anybody may see a register: a quantity by its value, or the usual value of a harmless one."""
    if register.value is None:
        return True
    printed = str(register.value)
    return _are_public(
        code, f"{printed}*{register.unit}" if register.unit else printed.removeprefix("(").removesuffix(")")
    )


def is_public_identification(text: str, *, is_whole: bool = True) -> bool:
    """Tell whether anybody may see how a meter identifies itself: as a type, or in words, without a number of its own.

    Of one that may not have come as it was sent only a known type is certain.
    """
    runs = _RUN.findall(text)
    if _TYPE.fullmatch(text) or all(len(run) <= _LONGEST_RUN for run in runs):
        return True
    if not is_whole or _NAME.fullmatch(text) is None:
        return False
    digits = [(sum(map(str.isdecimal, run)), run.isdecimal()) for run in runs]
    return all(count <= (_MOST_DIGITS_ALONE if alone else _MOST_DIGITS_OF_A_NAME + 1) for count, alone in digits)


def redact(frame: bytes, mark: str) -> list[str]:
    """Return the lines of a telegram as it came, with a mark in place of what not anybody may see.

    In one that is broken no long number is left, as its digits may be those of another line.
    """
    is_whole, is_broken = _state_of(frame)
    lines = []
    for line, code, shown in _lines(frame, is_whole=is_whole):
        text = line.decode("latin-1")
        if shown:
            lines.append(_LONG_NUMBER.sub(lambda digits: "#" * len(digits[0]), text) if is_broken else text)
        else:
            lines.append(code.decode("latin-1") + (f"({mark})" if _BEGUN.match(line) else mark))
    return lines


def anonymise(frame: bytes) -> bytes:
    """Return a telegram with invented text of the same shape for what not anybody may see, and a right checksum.

    Digits become 9 and letters X; the last digit of an identifier is the number of its channel and 1, so that no two
    are the same. Messages are left out. Everything else stays to the byte: it reads as the telegram itself does.
    """
    is_whole, is_broken = _state_of(frame)
    body, mark, checksum = frame.rpartition(b"!")
    if not mark:
        body, checksum = frame, b""
    ends = [*_LINE_ENDS.findall(body), b""]
    changed = b""
    for (line, code, shown), end in zip(_lines(body, is_whole=is_whole), ends, strict=False):
        kept = line if shown else _invent(line, code)
        if is_broken:
            kept = _LONG_NUMBER.sub(lambda digits: _DIGIT * len(digits[0]), kept.decode("latin-1")).encode("latin-1")
        changed += kept + end
    changed += mark
    return changed + (f"{arc(changed):04X}".encode() if checksum else b"")


def _state_of(frame: bytes) -> tuple[bool, bool]:
    """Tell whether a telegram has a right checksum, and whether it has a wrong one, or no end; it may have none."""
    body, mark, checksum = frame.rpartition(b"!")
    if not mark:
        return False, True
    if not checksum.strip():
        return False, False
    printed = checksum.strip()
    is_whole = _CHECKSUM.fullmatch(printed) is not None and arc(body + mark) == int(printed, 16)
    return is_whole, not is_whole


def _lines(frame: bytes, *, is_whole: bool) -> list[tuple[bytes, bytes, bool]]:
    """Return the lines of a telegram, what of each is shown in any case, and whether all of it is."""
    lines = []
    code = b""  # of a profile, whose value has a line of its own
    for number, line in enumerate(_LINE_ENDS.split(frame)[::2]):
        match = _LINE.fullmatch(code + line if code and line.startswith(b"(") else line)
        code = line.partition(b"(")[0] if _PROFILE.match(line) else b""
        if number == 0 and line.startswith(b"/"):
            text = line[1:].decode("latin-1")
            maker = match_[0] if (match_ := _MAKER.match(text)) else ""
            lines.append((line, b"/" + maker.encode(), is_public_identification(text, is_whole=is_whole)))
        elif match is not None:
            shown = _are_public(match[1].decode("latin-1"), match[2].decode("latin-1"))
            lines.append((line, match[1] if not line.startswith(b"(") else b"", shown))
        else:
            begun = _BEGUN.match(line)
            is_harmless = not line or _END.fullmatch(line) or _CODE.fullmatch(line.decode("latin-1"))
            lines.append((line, begun[0][:-1] if begun else b"", bool(is_harmless)))
    return lines


def _are_public(code: str, content: str) -> bool:
    """Tell whether anybody may see the values of a register, which stand between its first and its last bracket."""
    if _IDENTIFYING.fullmatch(code):
        return not content
    values = content.split(")(")
    if _VERSION.fullmatch(f"{code}({content}"):
        return True
    if _SPLIT_CLOCK.fullmatch(code) and is_part(content):
        return True
    is_harmless = _HARMLESS.fullmatch(code) is not None
    quantities = [_is_quantity(value, None if is_harmless else code) for value in values]
    if is_harmless:
        return all(quantity or _is_harmless(value) for quantity, value in zip(quantities, values, strict=True))
    return any(quantities) and all(
        quantity or not value or _is_time(value) or _is_stamp(value)
        for quantity, value in zip(quantities, values, strict=True)
    )


def _is_quantity(value: str, code: str | None) -> bool:
    """Tell whether a value is a number with a unit; a long one needs a code that means such a quantity, where given."""
    match = _QUANTITY.fullmatch(value)
    if match is None:
        return False
    number, unit = match[1], match[2].strip()
    if unit != _SECONDS and unit_of(unit) is None:
        return False
    if code is None or len(number) <= _LONGEST_RUN:
        return True
    parsed = parse_code(code)
    return parsed is not None and meaning(parsed, unit) is not None


def _is_harmless(value: str) -> bool:
    """Tell whether a value is nothing, a short number, a time, a code, a unit, or a word that is known."""
    known = _COUNT.fullmatch(value) or _CODE.fullmatch(value) or _WORD.fullmatch(value) or unit_of(value)
    return not value or known is not None or _is_time(value)


def _is_time(value: str) -> bool:
    """Tell whether a value is a time, or stands for none."""
    if has_separators(value):
        return True
    return looks_like_time(value) and (is_unset_time(value) or parse_time(value) is not None)


def _is_stamp(value: str) -> bool:
    """Tell whether a value beside a quantity is a time in digits, without seconds or with one for the season."""
    return stamp_of(value) is not None and parse_time(value) is not None


def _invent(line: bytes, kept: bytes) -> bytes:
    """Return a line with invented text behind what is kept of it."""
    rest = line[len(kept) :]
    match = _LINE.fullmatch(line)
    if match is None:
        return kept + rest.translate(_SHAPE)
    code = match[1].decode("latin-1")
    if _MESSAGE.match(code):
        return kept + b"()"
    channel = int(found[1]) + 1 if (found := _CHANNEL.match(line)) else 1
    value = _shape(match[2], channel if _IDENTIFYING.fullmatch(code) else None)
    return kept + b"(" + value + b")"


def _shape(value: bytes, number: int | None) -> bytes:
    """Return text of the shape of a value, printed plainly or as hexadecimal digits, with a number at its end."""
    if _HEXADECIMAL.fullmatch(value) and (decoded := bytes.fromhex(value.decode())).isalnum():
        return _renumber(decoded.translate(_SHAPE), number).hex().upper().encode()
    return _renumber(value.translate(_SHAPE), number)


def _renumber(shape: bytes, number: int | None) -> bytes:
    """Return text with the last digit of a number, if any, in place of its last character."""
    return shape if number is None or not shape else shape[:-1] + str(number % 10).encode()
