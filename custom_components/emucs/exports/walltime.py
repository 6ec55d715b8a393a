"""From the local wall times of exports to quarter-hours since the epoch.

Exports give wall times without offset. A row is placed by its start and its end together: on the days on which the
clock changes, times are counted as they pass, and never by subtracting wall times.
"""

from datetime import UTC, date, datetime, timedelta
from enum import IntEnum
import re
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

QUARTER: Final = 900
HOUR: Final = 4
"""In quarters."""
_LOCAL: Final = ZoneInfo("Europe/Brussels")
_NORMAL: Final = 96
_SPRING: Final = 92
_AUTUMN: Final = 100
# The clock changes between 2 and 3: in quarters of wall time.
_CHANGE: Final = range(8, 12)
_FIRST_YEAR, _LAST_YEAR = 2000, 2099
_DATE: Final = re.compile(r"(\d{2})[-/.](\d{2})[-/.](\d{4})|(\d{4})-(\d{2})-(\d{2})")
_TIME: Final = re.compile(r"(\d{2}):(00|15|30|45)(?::00)?")


class Grain(IntEnum):
    """How long an interval is, in quarters; a day has 92 to 100 of them."""

    QUARTER = 1
    HOUR = 4
    DAY = 96


class Place(NamedTuple):
    """Where an interval stands in its day: its grain, and the quarters that it may begin at, one or two."""

    grain: Grain
    offsets: tuple[int, ...]


class Day(NamedTuple):
    """A local day: the quarter since the epoch that it begins with, and how many it has."""

    begin: int
    length: int


def parse_date(text: str) -> date | None:
    """Return the date in a text, day or year first; None where there is none."""
    if not (found := _DATE.fullmatch(text.strip())):
        return None
    day, month, year, *iso = found.groups()
    if year is None:
        year, month, day = iso
    try:
        parsed = date(int(year), int(month), int(day))
    except ValueError:
        return None
    return parsed if _FIRST_YEAR <= parsed.year <= _LAST_YEAR else None


def parse_time(text: str) -> int | None:
    """Return the quarters of wall time in a text such as `02:45:00`; None where it is none."""
    found = _TIME.fullmatch(text.strip())
    if not found or int(found[1]) >= 24:  # noqa: PLR2004 -- hours of a day
        return None
    return int(found[1]) * HOUR + int(found[2]) // 15


def day_of(local: date) -> Day:
    """Return a local day."""
    begin, end = (
        int(datetime(each.year, each.month, each.day, tzinfo=_LOCAL).timestamp()) // QUARTER
        for each in (local, local + timedelta(days=1))
    )
    return Day(begin, end - begin)


def day_at(quarter: int) -> Day:
    """Return the local day that a quarter since the epoch is in."""
    return day_of(datetime.fromtimestamp(quarter * QUARTER, UTC).astimezone(_LOCAL).date())


def place(length: int, begin: int, end: int, days: int) -> Place | None:
    """Return where an interval stands in a day of so many quarters, or None where no interval does.

    `begin` and `end` are quarters of wall time, `end` as many days later as `days` says. Only of the quarters of the
    repeated hour that do not end in another one than they began in, two places are possible.
    """
    if days == 1 and begin == end == 0:
        return Place(Grain.DAY, (0,))
    if days > 1 or (days == 1 and end):
        return None
    starts = _elapsed(length, begin)
    ends = (length,) if days else _elapsed(length, end, ends=True)
    for grain in (Grain.QUARTER, Grain.HOUR):
        offsets = tuple(start for start in starts if start % grain == 0 and start + grain in ends)
        if offsets:
            return Place(grain, offsets)
    return None


def _elapsed(length: int, wall: int, *, ends: bool = False) -> tuple[int, ...]:
    """Return how many quarters of a day may have passed when the clock shows a time."""
    if length == _NORMAL:
        return (wall,)
    if length == _SPRING:
        if wall in _CHANGE:
            # Nothing begins in the hour that is left out; a quarter may be said to end where it begins.
            return (_CHANGE.start,) if ends and wall == _CHANGE.start else ()
        return (wall if wall < _CHANGE.start else wall - HOUR,)
    if length == _AUTUMN and wall in _CHANGE:
        return (wall, wall + HOUR)
    return (wall if wall < _CHANGE.start else wall + HOUR,)
