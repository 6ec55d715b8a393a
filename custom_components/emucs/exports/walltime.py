"""From the local wall times of exports to quarter-hours since the epoch.

Exports give wall times without an offset. A row is placed by its start and its end together: on days on which the
clock changes, quarters are counted as they pass, as the difference of two wall times is wrong there.
"""

from datetime import UTC, date, datetime, timedelta
from enum import IntEnum
from functools import lru_cache
import re
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

QUARTER: Final = 900
HOUR: Final = 4
"""In quarters."""
DAY_QUARTERS: Final = 96
"""The quarters of a day on which the clock does not change; as a wall time, the midnight that ends a day."""
_LOCAL: Final = ZoneInfo("Europe/Brussels")
_SPRING: Final = 92
_AUTUMN: Final = 100
# The clock changes between 2 and 3: in quarters of wall time.
_CHANGE: Final = range(8, 12)
_FIRST_YEAR, _LAST_YEAR = 2000, 2099
_DATE: Final = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})|(\d{4})-(\d{2})-(\d{2})")
_TIME: Final = re.compile(r"(\d{1,2}):(00|15|30|45)(?::00)?")


class Grain(IntEnum):
    """How long an interval is, in quarters; a day has 92 to 100 of them."""

    QUARTER = 1
    HOUR = 4
    DAY = 96


class Place(NamedTuple):
    """Where an interval stands in its day: its grain, and the one or two quarters at which it may begin."""

    grain: Grain
    offsets: tuple[int, ...]


class Day(NamedTuple):
    """A local day: its first quarter since the epoch, and the number of its quarters."""

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


def parse_time(text: str, *, is_end: bool = False) -> int | None:
    """Return the quarters of wall time in a text such as `02:45:00` or `2:45`; None where it is none.

    An interval may end at `24:00`: DAY_QUARTERS.
    """
    found = _TIME.fullmatch(text.strip())
    if not found:
        return None
    quarters = int(found[1]) * HOUR + int(found[2]) // 15
    return quarters if quarters < DAY_QUARTERS + is_end else None


@lru_cache(maxsize=4096)
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
    """Return where an interval stands in a day of `length` quarters, or None where it is no quarter, hour or day.

    `begin` and `end` are quarters of wall time, `end` is `days` days later. Two places are possible only in the hour
    that autumn repeats, for a quarter that does not end it.
    """
    if end == DAY_QUARTERS:
        end, days = 0, days + 1
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
    """Return the numbers of quarters that may have passed in a day when the clock shows a time."""
    if length == DAY_QUARTERS:
        return (wall,)
    if length == _SPRING:
        if wall in _CHANGE:
            # Nothing begins in the hour that is skipped; the quarter before it may end as that hour begins.
            return (_CHANGE.start,) if ends and wall == _CHANGE.start else ()
        return (wall if wall < _CHANGE.start else wall - HOUR,)
    if length == _AUTUMN and wall in _CHANGE:
        return (wall, wall + HOUR)
    return (wall if wall < _CHANGE.start else wall + HOUR,)
