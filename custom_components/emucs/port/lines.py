"""The lines of a telegram: here alone is decided which value means that there is none."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
import re
from typing import Final, NamedTuple

from . import obis
from .obis import Form
from .plain import LONGEST_NAME, plain
from .times import has_flag, is_unset, looks_like_time, parse_time

MAX_LINE: Final = 4096
"""Bytes of a line; the longest that DSMR P1 has is a message of 2048 digits, those of Belgium have 650."""

_LINE: Final = re.compile(rf"({obis.CODE.pattern})\((.*)\)\s*", re.ASCII)
# More digits than any meter has, and few enough for whoever shows them.
_NUMBER: Final = re.compile(r"[+-]?\d{1,40}(?:\.\d{1,20})?", re.ASCII)
_NINES: Final = re.compile(r"9+(?:\.9+)?")
_NO_ID: Final = re.compile(r"[-0 ]*")
_HEXADECIMAL: Final = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_SHORTEST_OCTETS: Final = 10
_ALPHANUMERIC: Final = re.compile(r"[0-9A-Za-z]+")
_UNWRITTEN: Final = b"\xff"
_PADDING: Final = " \0"
_PAIR: Final = 2
_PROFILE_HEADER: Final = 6


class Register(NamedTuple):
    """One register: a number or text, or None where it is unset; its unit as printed; the time that it holds for."""

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


def parse_line(text: str) -> tuple[str, Register] | None:
    """Return the code and the register of a line, or None if it is malformed."""
    match = _LINE.fullmatch(text) if len(text) <= MAX_LINE else None
    if match is None:
        return None
    printed, content = match.groups()
    code, form = obis.recognise(printed)
    if form is Form.PLAIN and ")(" not in content:
        register = _parse_value(content)
    elif form is Form.HISTORY:
        register = Register(f"({content})")
    elif form is Form.PROFILE:
        code, register = _parse_profile(code, content.split(")("))
    else:
        register = _parse_register(form, content.split(")("))
    return None if register is None else (code, _without_markup(register))


def _without_markup(register: Register) -> Register:
    """Return a register whose texts are for people."""
    value, unit, _ = register
    if isinstance(value, str):
        value = plain(value) or None
    return register._replace(value=value, unit=unit and (plain(unit, LONGEST_NAME) or None))


def _parse_register(form: Form, values: list[str]) -> Register | None:
    """Return the register that some values make, or None if they are malformed."""
    if form is Form.TIME:
        return _parse_time_register(values)
    if len(values) == _PAIR:
        if form is Form.TIMED or has_flag(values[0]):
            return _parse_timed(*values)
        if form is Form.PEAK and (register := _parse_timed(*values)) is not None:
            return register
    if form is Form.TIMED:
        # An empty or single bracket: a reading that was never made.
        return _parse_value(values[0]) if len(values) == 1 else None
    read = _READ.get(form, _parse_value)
    return read(values[0]) if len(values) == 1 else _parse_several(values, read)


def _parse_several(values: list[str], read: Callable[[str], Register | None]) -> Register:
    """Return the first value of a line with several, where that is a quantity; else all as they are printed."""
    first = read(values[0])
    return first if first is not None and first.unit else Register(f"({')('.join(values)})")


def _parse_value(text: str) -> Register | None:
    """Return a number with or without unit, text, or nothing; None if there is a unit to no number."""
    value, star, unit = text.partition("*")
    if _NUMBER.fullmatch(value):
        return Register(Decimal(value), unit or None)
    if star and unit:
        return None
    return Register(text or None)


def _parse_threshold(text: str) -> Register | None:
    """Return a limit, or nothing where it is deactivated (e-MUCS P1 1.7.1, table 4: 999.9 kW, 999 A)."""
    register = _parse_value(text)
    if register is not None and _NINES.fullmatch(text.partition("*")[0]):
        return register._replace(value=None)
    return register


def _parse_identifier(text: str) -> Register | None:
    """Return an identifier, or nothing where it is not set; None if it is longer than any."""
    identifier = text.strip()
    # Short ones are printed plainly: a version such as 50217, the number of an Iskraemeco meter.
    if len(identifier) >= _SHORTEST_OCTETS:
        decoded = _octets(identifier).decode("latin-1").strip(_PADDING)
        # Plain digits may be pairs of hexadecimal ones by chance: then they stand for anything.
        if _ALPHANUMERIC.fullmatch(decoded) or _NO_ID.fullmatch(decoded):
            identifier = decoded
    if len(identifier) > LONGEST_NAME:
        return None
    return Register(None if _NO_ID.fullmatch(identifier) else identifier)


def _octets(text: str) -> bytes:
    """Return the octets of a text that is printed as it is, or as two hexadecimal digits for each."""
    return bytes.fromhex(text) if _HEXADECIMAL.fullmatch(text) else text.encode("latin-1")


def _parse_message(text: str) -> Register:
    """Return a text for people on one line, or nothing where it is empty or was never written."""
    octets = _octets(text)
    if not octets.strip(_UNWRITTEN):
        return Register(None)
    try:
        message = octets.decode()
    except UnicodeDecodeError:
        message = octets.decode("latin-1")
    line = plain(message)
    # Digits that stand for nothing that can be shown are meant as they are, such as a code 0001.
    return Register(line or (None if message.isspace() else text.strip() or None))


_READ: Final[Mapping[Form, Callable[[str], Register | None]]] = {
    Form.TEXT: lambda text: Register(text or None),
    Form.IDENTIFIER: _parse_identifier,
    Form.MESSAGE: _parse_message,
    Form.THRESHOLD: _parse_threshold,
}


def _parse_time_register(values: list[str]) -> Register | None:
    """Return a register that is a time."""
    if values == [""] or is_unset(values[0]):
        return Register(None)
    time = parse_time(values[0])
    return None if time is None else Register(values[0], time=time)


def _parse_timed(first: str, second: str) -> Register | None:
    """Return a value with its time, in either order; a value whose time is unset was never read."""
    swapped = "*" in first or (looks_like_time(second) and not looks_like_time(first))
    time_text, value_text = (second, first) if swapped else (first, second)
    register = _parse_value(value_text)
    if register is None:
        return None
    if not time_text or is_unset(time_text):
        return register._replace(value=None)
    time = parse_time(time_text)
    return None if time is None else register._replace(time=time)


def _parse_profile(code: str, values: list[str]) -> tuple[str, Register | None]:
    """Return the latest value of a profile: `(time)(status)(minutes)(1)(code)(unit)(value)` (DSMR P1 2.2 and 3.0).

    It is the reading of the code that it names, where all other versions print it.
    """
    # A profile of several registers, or of several values, has more.
    if not _PROFILE_HEADER <= len(values) <= _PROFILE_HEADER + 1 or obis.parse_code(values[4]) is None:
        return code, Register(f"({')('.join(values)})")
    time, *_, named, unit = values[:_PROFILE_HEADER]
    register = _parse_timed(time, "".join(values[_PROFILE_HEADER:]))
    if register is None:
        return code, None
    return obis.canonical(named), register._replace(value=register.number, unit=register.unit or unit or None)
