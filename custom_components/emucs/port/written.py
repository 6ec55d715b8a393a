"""Times that meters print in other words: with separators, as date and clock apart, with a digit for the season.

Readouts by IEC 62056-21 have the year first. So has a date with hyphens here; one with dots or slashes and a two-digit
year can be read in either direction, and is no date at all.
"""

from collections.abc import Mapping
from functools import lru_cache
import re
from typing import Final, NamedTuple

from . import obis

_CACHED_TEXTS: Final = 256
# The digit before a date or a clock (VDEW, ZSTs11 and ZSTs13): standard time, summer time, or UTC.
_SEASONS: Final = {"": "", "0": "W", "1": "S", "2": "Z"}
_DATE: Final = re.compile(r"([012]?)(\d{6})", re.ASCII)
_CLOCK: Final = re.compile(r"([012]?)(\d{6})|()(\d{2}):(\d{2})(?::(\d{2}))?", re.ASCII)
_STAMP: Final = re.compile(r"([012]?)(\d{10})(\d\d)?", re.ASCII)
_YEAR_FIRST: Final = re.compile(r"(?:20)?(\d\d)-(\d\d)-(\d\d)|20(\d\d)([./])(\d\d)\5(\d\d)", re.ASCII)
_YEAR_LAST: Final = re.compile(r"(\d\d)([-./])(\d\d)\2(?:20)(\d\d)", re.ASCII)
_SEPARATED: Final = re.compile(
    r"(?:20)?\d\d([-./])\d\d\1(?:20)?\d\d(?: \d\d:\d\d(?::\d\d)?)?|\d\d:\d\d(?::\d\d)?", re.ASCII
)
_MONTHS: Final = 12
_LONGEST_MONTH: Final = 31
_HOURS: Final = 24
_MINUTES: Final = 60
_SPLIT_CLOCK: Final = (0, 9, 1)
_SPLIT_DATE: Final = (0, 9, 2)


class SplitClock(NamedTuple):
    """The codes of a clock and of a date that are printed apart."""

    clock: str
    date: str


def split_clock_of(codes: Mapping[str, object]) -> SplitClock | None:
    """Return the codes that have the meter's clock in two registers, on whatever channel; None where there are none."""
    found: dict[tuple[int, ...], str] = {}
    for text in codes:
        code = obis.parse_code(text) if ":0.9." in text else None
        if code is not None and code.f is None:
            found.setdefault((code.c, code.d, code.e), text)
    if _SPLIT_CLOCK not in found or _SPLIT_DATE not in found:
        return None
    return SplitClock(found[_SPLIT_CLOCK], found[_SPLIT_DATE])


def joined(clock: str, date: str) -> str | None:
    """Return the time of a clock and a date, as `stamp_of` does; None if one of them is none."""
    day, hour = _date(date.strip()), _clock(clock.strip())
    return None if day is None or hour is None else f"{day[1]}{hour[1]}{hour[0] or day[0]}"


@lru_cache(maxsize=_CACHED_TEXTS)
def stamp_of(text: str) -> str | None:
    """Return a time in other words as `YYMMDDhhmmss` with S, W, Z (UTC) or nothing (local time) behind it."""
    if (match := _STAMP.fullmatch(text)) is not None:
        season, digits, seconds = match.groups()
        return f"{digits}{seconds or '00'}{_SEASONS[season]}"
    date, blank, clock = text.partition(" ")
    return joined(clock, date) if blank else None


def is_part(text: str) -> bool:
    """Tell whether a text is a date, or a clock, that there can be."""
    day, hour = _date(text), _clock(text)
    return (day is not None and _is_day(day[1])) or (hour is not None and _is_hour(hour[1]))


def has_separators(text: str) -> bool:
    """Tell whether a text is a date or a clock, or both, with separators, whichever order the date is in."""
    return _SEPARATED.fullmatch(text) is not None


def _is_day(digits: str) -> bool:
    """Tell whether digits can be a day."""
    return 1 <= int(digits[2:4]) <= _MONTHS and 1 <= int(digits[4:]) <= _LONGEST_MONTH


def _is_hour(digits: str) -> bool:
    """Tell whether digits can be a time of the day."""
    return int(digits[:2]) < _HOURS and int(digits[2:4]) < _MINUTES and int(digits[4:]) < _MINUTES


def _date(text: str) -> tuple[str, str] | None:
    """Return the flag of a date and its digits, the year first."""
    if (match := _DATE.fullmatch(text)) is not None:
        return _SEASONS[match[1]], match[2]
    if (match := _YEAR_FIRST.fullmatch(text)) is not None:
        return "", "".join(match.group(1, 2, 3) if match[1] else match.group(4, 6, 7))
    if (match := _YEAR_LAST.fullmatch(text)) is not None:
        return "", match[4] + match[3] + match[1]
    return None


def _clock(text: str) -> tuple[str, str] | None:
    """Return the flag of a clock and its six digits."""
    match = _CLOCK.fullmatch(text)
    if match is None:
        return None
    season, digits, _, hour, minute, second = match.groups()
    return ("", f"{hour}{minute}{second or '00'}") if digits is None else (_SEASONS[season], digits)
