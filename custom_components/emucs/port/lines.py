"""The lines of a telegram: here alone is decided which value means that there is none."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import lru_cache, partial
import re
from typing import Final, NamedTuple

from . import obis
from .obis import Form
from .times import has_flag, is_unset, looks_like_time, parse_time

# More digits than any meter has, and few enough for whoever shows them.
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,40}+(?:\.[0-9]{1,20}+)?+")
_NINES: Final = re.compile(r"9+(?:\.9+)?(?:\*.*)?")
_BLANKS: Final = " \t\v\f"
_NO_ID: Final = "-0 "
_SHORTEST_OCTETS: Final = 10
_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_UNWRITTEN: Final = b"\xff"
_PADDING: Final = " \0"
_PAIR: Final = 2
_PROFILE_HEADER: Final = 6
_CACHED_CODES: Final = 1024
_CACHED_VALUES: Final = 2048


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
    printed, _, rest = text.partition("(")
    known = _recognise(printed)
    if known is None:
        return None
    code, read = known
    if read is None:
        return _parse_profile(code, rest)
    register = read(rest)
    return None if register is None else (code, register)


@lru_cache(maxsize=_CACHED_CODES)
def _recognise(printed: str) -> tuple[str, Callable[[str], Register | None] | None] | None:
    """Return the key of a code and what reads its lines behind the first bracket; None if it is no code.

    A line of a profile has another code than its own, and is read by itself.
    """
    if obis.CODE.fullmatch(printed) is None:
        return None
    form = obis.form(printed)
    return obis.canonical(printed), None if form is Form.PROFILE else _READERS[form]


def _content(rest: str) -> str | None:
    """Return what is between the brackets of a line, behind the first one; None if the last one is missing."""
    closed = rest.rstrip(_BLANKS)
    return closed[:-1] if closed.endswith(")") else None


# What one line says, others say too: zeros, voltages, currents.
@lru_cache(maxsize=_CACHED_VALUES)
def _read_plain(rest: str) -> Register | None:
    """Return a register that is printed without a time."""
    content = _content(rest)
    if content is None or ")(" in content:
        return None if content is None else _read_several(_parse_value, content.split(")("))
    return _parse_value(content)


def _read_single(parse: Callable[[str], Register | None], rest: str) -> Register | None:
    """Return a register that is printed as one value of its own form."""
    content = _content(rest)
    if content is None or ")(" in content:
        return None if content is None else _read_several(parse, content.split(")("))
    return parse(content)


def _read_timed(rest: str) -> Register | None:
    """Return a register that is printed with its time."""
    content = _content(rest)
    if content is None:
        return None
    values = content.split(")(")
    if len(values) == _PAIR:
        return _parse_timed(*values)
    # An empty or single bracket: a reading that was never made.
    return _parse_value(content) if len(values) == 1 else None


def _read_peak(rest: str) -> Register | None:
    """Return a register that may be printed with its time, or with other values."""
    content = _content(rest)
    if content is None:
        return None
    values = content.split(")(")
    if len(values) == _PAIR and (register := _parse_timed(*values)) is not None:
        return register
    return _parse_value(content) if len(values) == 1 else _read_several(_parse_value, values)


def _read_time(rest: str) -> Register | None:
    """Return a register that is a time."""
    content = _content(rest)
    if content is None:
        return None
    text = content.partition(")(")[0]
    if not content or is_unset(text):
        return Register(None)
    time = parse_time(text)
    return None if time is None else Register(text, None, time)


def _read_history(rest: str) -> Register | None:
    """Return a register as it is printed."""
    content = _content(rest)
    return None if content is None else Register(f"({content})")


def _read_several(parse: Callable[[str], Register | None], values: list[str]) -> Register | None:
    """Return the value of a pair with its time; else the first value where it is a quantity; else all as printed."""
    if len(values) == _PAIR and has_flag(values[0]):
        return _parse_timed(*values)
    first = parse(values[0])
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
    if text.startswith("9") and register is not None and _NINES.fullmatch(text):
        return Register(None, register.unit)
    return register


def _parse_identifier(text: str) -> Register:
    """Return an identifier, or nothing where it is not set."""
    identifier = text.strip()
    # Short ones are printed plainly: a version such as 50217, the number of an Iskraemeco meter.
    if len(identifier) >= _SHORTEST_OCTETS:
        decoded = _octets(identifier).decode("latin-1").strip(_PADDING)
        # Plain digits may be pairs of hexadecimal ones by chance: then they stand for anything.
        if (decoded.isascii() and decoded.isalnum()) or not decoded.strip(_NO_ID):
            identifier = decoded
    return Register(identifier if identifier.strip(_NO_ID) else None)


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
    if not octets.strip(_UNWRITTEN):
        return Register(None)
    try:
        message = octets.decode()
    except UnicodeDecodeError:
        message = octets.decode("latin-1")
    line = _CONTROLS.sub(" ", message).strip()
    # Digits that stand for nothing that can be shown are meant as they are, such as a code 0001.
    return Register(line or (None if message.isspace() else text.strip() or None))


def _parse_timed(first: str, second: str) -> Register | None:
    """Return a value with its time, in either order; a value whose time is unset was never read."""
    time = parse_time(first)
    if time is None and not looks_like_time(first) and ("*" in first or looks_like_time(second)):
        first, second = second, first
        time = parse_time(first)
    register = _parse_value(second)
    if register is None:
        return None
    if not first or is_unset(first):
        return Register(None, register.unit)
    return None if time is None else Register(register.value, register.unit, time)


def _parse_profile(code: str, rest: str) -> tuple[str, Register] | None:
    """Return the latest value of a profile: `(time)(status)(minutes)(1)(code)(unit)(value)` (DSMR P1 2.2 and 3.0).

    It is the reading of the code that it names, where all other versions print it.
    """
    content = _content(rest)
    if content is None:
        return None
    values = content.split(")(")
    # A profile of several registers, or of several values, has more.
    if not _PROFILE_HEADER <= len(values) <= _PROFILE_HEADER + 1 or obis.parse_code(values[4]) is None:
        return code, Register(f"({content})")
    time, *_, named, unit = values[:_PROFILE_HEADER]
    register = _parse_timed(time, "".join(values[_PROFILE_HEADER:]))
    if register is None:
        return None
    return obis.canonical(named), register._replace(value=register.number, unit=register.unit or unit or None)


_READERS: Final[Mapping[Form, Callable[[str], Register | None]]] = {
    Form.PLAIN: _read_plain,
    Form.TEXT: partial(_read_single, lambda text: Register(text or None)),
    Form.IDENTIFIER: partial(_read_single, _parse_identifier),
    Form.MESSAGE: partial(_read_single, _parse_message),
    Form.TIME: _read_time,
    Form.TIMED: _read_timed,
    Form.PEAK: _read_peak,
    Form.THRESHOLD: partial(_read_single, _parse_threshold),
    Form.HISTORY: _read_history,
}
