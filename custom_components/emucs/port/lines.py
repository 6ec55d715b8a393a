"""Parses lines: code, value, unit and time of a register. What `unset` knows as no value becomes None."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import partial
import re
from typing import Final, NamedTuple

from . import obis, unset
from .memo import Memo
from .obis import Form
from .plain import LONGEST_NAME, plain
from .times import has_flag, looks_like_time, parse_time, time_of_digits
from .units import convert, unit_of
from .written import stamp_of

MAX_LINE: Final = 4096
"""Bytes of a line; the longest that DSMR P1 has is a message of 2048 digits, those of Belgium have 650."""

# More digits than any meter has, and few enough for whoever shows them.
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,40}+(?:\.[0-9]{1,20}+)?+")
_BLANKS: Final = " \t\v\f"
_SHORTEST_OCTETS: Final = 10
_PADDING: Final = " \0"
_PAIR: Final = 2
_PROFILE_HEADER: Final = 6
_KNOWN_LINES: Final = 2048
_KNOWN_CODES: Final = 1024
_KNOWN_SHAPES: Final = 512
_LONGEST_KNOWN: Final = 80

_ZEROS: Final = bytes.maketrans(b"123456789", b"000000000")


class Register(NamedTuple):
    """One register: a number or text, or None where it is unset; its unit as printed; the time that it holds for.

    A unit is one that `unit_of` knows: what is printed with anything else behind its star is text. The time is aware.
    """

    value: Decimal | str | None
    unit: str | None = None
    time: datetime | None = None

    @property
    def number(self) -> Decimal | None:
        """Return the value if it is a number."""
        return self.value if isinstance(self.value, Decimal) else None

    @property
    def text(self) -> str | None:
        """Return the value if it is text."""
        return self.value if isinstance(self.value, str) else None

    def number_in(self, unit: str | None) -> Decimal | None:
        """Return the number in a unit; None where there is none, or another quantity, or a number without a unit."""
        return convert(self.value, self.unit, unit) if isinstance(self.value, Decimal) else None


# A register is made for each number that is new: this is what the constructor of a named tuple does in the end.
_new_register = partial(tuple.__new__, Register)


def _parse_line(line: bytes) -> tuple[str, Register] | None:
    """Return the code and the register of a line, or None if it is malformed."""
    code, _, content = line.partition(b"(")
    known = _CODES[code] if len(line) <= MAX_LINE else None
    if known is None:
        return None
    key, places, read = known
    values, star, unit = content.partition(b"*")
    if places is None or (found := places[values.translate(_ZEROS) + star + unit]) is None:
        return _parse_any(key, read, content)
    stamp, begin, end, printed_unit = found
    if not stamp:
        return key, _new_register((Decimal(values[begin:end].decode()), printed_unit, None))
    printed = values[:stamp].decode()
    if printed.startswith(unset.SUSPICIOUS_TIMES) or (time := time_of_digits(printed)) is None:
        return _parse_any(key, read, content)
    value = Decimal(values[begin:end].decode()) if begin < end else printed
    return key, _new_register((value, printed_unit, time))


LINES: Final = Memo(_parse_line, most=_KNOWN_LINES, longest=_LONGEST_KNOWN)
"""The code and the register of each line, or None where it is malformed.

Shared across meters: many lines repeat verbatim.
"""


# How long the time is, where the number begins and ends, and the unit.
type _Places = tuple[int, int, int, str | None]


def _find(pattern: re.Pattern[bytes], zeros: bytes) -> _Places | None:
    """Return the offsets of time, number and unit, or None if the line has another shape.

    The digits up to its unit are made 0, as a meter prints few such lines: all digits have their place.
    """
    match = pattern.fullmatch(zeros)
    if match is None:
        return None
    parts = match.groupdict()
    unit = (parts.get("unit") or b"").decode("latin-1")
    if unit and unit_of(unit) is None:
        return None
    number = match.span("number") if "number" in parts else (0, 0)
    return len(parts.get("time", b"")), *number, unit or None


_NUMBER_ZEROS: Final = rb"(?P<number>[+-]?0{1,40}(?:\.0{1,20})?)(?:\*(?P<unit>[A-Za-z0-9]{1,8}))?\)"
_TIME_ZEROS: Final = rb"(?P<time>0{12}[SWsw]?)\)"
# What most lines are; whatever else they may be is rare.
_PLACES: Final = {
    form: Memo(partial(_find, re.compile(pattern)), most=_KNOWN_SHAPES, longest=_LONGEST_KNOWN)
    for form, pattern in (
        (Form.PLAIN, _NUMBER_ZEROS),
        (Form.TIMED, _TIME_ZEROS + rb"\(" + _NUMBER_ZEROS),
        (Form.TIME, _TIME_ZEROS),
    )
}


type _Read = Callable[[str], Register | None]
# The key of a code; where the parts of a line mostly stand, None where it can be anything; and what reads it however it
# is, None for profiles.
type _Code = tuple[str, Memo[_Places | None] | None, _Read | None]


def _recognise(printed: bytes) -> _Code | None:
    """Return what is known of a code as it is printed; None if it is no code."""
    code = printed.decode("latin-1")
    if obis.CODE.fullmatch(code) is None:
        return None
    form = obis.form(code)
    read = None if form is Form.PROFILE else _READERS.get(form, _read_as_printed)
    return obis.canonical(code), _PLACES.get(form), read


_CODES: Final = Memo(_recognise, most=_KNOWN_CODES, longest=_LONGEST_KNOWN)


def _parse_any(key: str, read: _Read | None, content: bytes) -> tuple[str, Register] | None:
    """Return the code and the register of any line from what stands behind its bracket, or None if it is malformed."""
    closed = content.decode("latin-1").rstrip(_BLANKS)
    if not closed.endswith(")"):
        return None
    register: Register | None
    if read is None:
        key, register = _parse_profile(key, closed[:-1])
    else:
        register = read(closed[:-1])
    return None if register is None else (key, _without_markup(register))


def _without_markup(register: Register) -> Register:
    """Return a register whose text is for people."""
    return register._replace(value=plain(register.value) or None) if isinstance(register.value, str) else register


def _read_single(parse: _Read, content: str) -> Register | None:
    """Return a register that is printed as one value of its own form."""
    return _read_several(parse, content.split(")(")) if ")(" in content else parse(content)


def _read_timed(content: str) -> Register | None:
    """Return a register that is printed with its time."""
    values = content.split(")(")
    if len(values) == _PAIR:
        return _parse_timed(*values)
    register = _parse_value(content) if len(values) == 1 else None
    if register is not None and unset.is_untimed_reading(register.value, register.unit):
        return Register(None)
    return register


def _read_peak(content: str) -> Register | None:
    """Return a register that may be printed with its time, or with other values."""
    values = content.split(")(")
    if len(values) == _PAIR and (register := _parse_timed(*values)) is not None:
        return register
    return _parse_value(content) if len(values) == 1 else _read_several(_parse_value, values)


def _read_time(content: str) -> Register | None:
    """Return a register that is a time."""
    text = content.partition(")(")[0]
    if not content or unset.is_time(text):
        return Register(None)
    time = parse_time(text)
    return None if time is None else Register(text, None, time)


def _read_as_printed(content: str) -> Register:
    """Return a register as it is printed."""
    return Register(f"({content})")


def _read_several(parse: _Read, values: list[str]) -> Register | None:
    """Return the value of a pair with its time; else the first value where it is a quantity; else all as printed."""
    if len(values) == _PAIR and has_flag(values[0]):
        return _parse_timed(*values)
    first = parse(values[0])
    return first if first is not None and first.unit else Register(f"({')('.join(values)})")


def _parse_value(text: str) -> Register | None:
    """Return a number with or without a unit, text, or nothing; None if there is a unit to no number."""
    value, star, unit = text.partition("*")
    unit = unit.strip(_BLANKS)
    if _NUMBER.fullmatch(value):
        return Register(Decimal(value), unit or None) if not unit or unit_of(unit) else Register(text)
    if star and unit:
        return None
    return Register(text or None)


def _parse_threshold(text: str) -> Register | None:
    """Return a limit, or nothing where it is deactivated."""
    register = _parse_value(text)
    return Register(None, register.unit) if register is not None and unset.is_limit(text) else register


def _parse_identifier(text: str) -> Register | None:
    """Return an identifier, or nothing where it is not set; None if it is longer than any."""
    identifier = text.strip()
    # Short ones are printed plainly: a version such as 50217, the number of an Iskraemeco meter.
    if len(identifier) >= _SHORTEST_OCTETS:
        decoded = _octets(identifier).decode("latin-1").strip(_PADDING)
        # Plain digits may be pairs of hexadecimal ones by chance: then they stand for anything.
        if (decoded.isascii() and decoded.isalnum()) or unset.is_identifier(decoded):
            identifier = decoded
    if len(identifier) > LONGEST_NAME:
        return None
    return Register(None if unset.is_identifier(identifier) else identifier)


def _octets(text: str) -> bytes:
    """Return the octets of a text that is printed as it is, or as two hexadecimal digits for each."""
    try:
        # Which takes blanks too.
        return bytes.fromhex(text) if text.isalnum() else text.encode("latin-1")
    except ValueError:
        return text.encode("latin-1")


def _parse_message(text: str) -> Register:
    """Return a text for people on one line, or nothing where it is empty or was never written."""
    octets = _octets(text)
    if unset.is_message(octets):
        return Register(None)
    try:
        message = octets.decode()
    except UnicodeDecodeError:
        message = octets.decode("latin-1")
    line = plain(message)
    # Digits that stand for nothing that can be shown are meant as they are, such as a code 0001.
    return Register(line or (None if message.isspace() else text.strip() or None))


def _parse_timed(first: str, second: str) -> Register | None:
    """Return a value with its time, in either order; a value whose time is unset was never read."""
    time = parse_time(first)
    if time is None and not looks_like_time(first) and ("*" in first or looks_like_time(second) or stamp_of(second)):
        first, second = second, first
        time = parse_time(first)
    register = _parse_value(second)
    if register is None:
        return None
    if unset.is_reading(first, register.value):
        return Register(None, register.unit)
    return None if time is None else Register(register.value, register.unit, time)


def _parse_profile(code: str, content: str) -> tuple[str, Register | None]:
    """Return the latest value of a profile: `(time)(status)(minutes)(1)(code)(unit)(value)` (DSMR P1 2.2 and 3.0).

    It is the reading of the code that it names, where all other versions print it.
    """
    values = content.split(")(")
    # A profile of several registers, or of several values, has more.
    if not _PROFILE_HEADER <= len(values) <= _PROFILE_HEADER + 1 or obis.parse_code(values[4]) is None:
        return code, Register(f"({content})")
    time, *_, named, unit = values[:_PROFILE_HEADER]
    register = _parse_timed(time, "".join(values[_PROFILE_HEADER:]))
    if register is None:
        return code, None
    if register.unit is None and unit_of(unit) is not None:
        register = register._replace(unit=unit)
    return obis.canonical(named), register._replace(value=register.number if register.unit else None)


_READERS: Final[Mapping[Form, _Read]] = {
    Form.PLAIN: partial(_read_single, _parse_value),
    Form.TEXT: partial(_read_single, lambda text: Register(text or None)),
    Form.IDENTIFIER: partial(_read_single, _parse_identifier),
    Form.MESSAGE: partial(_read_single, _parse_message),
    Form.TIME: _read_time,
    Form.TIMED: _read_timed,
    Form.PEAK: _read_peak,
    Form.THRESHOLD: partial(_read_single, _parse_threshold),
    Form.HISTORY: _read_as_printed,
}
