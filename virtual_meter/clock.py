"""The meter's clock: Belgian local time, its quarters, its tariffs and its months."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

BRUSSELS = ZoneInfo("Europe/Brussels")
QUARTER = 900
NORMAL_TARIFF = 1
LOW_TARIFF = 2
_DAY_BEGINS = 7
_DAY_ENDS = 22
_SATURDAY = 5


def utc(t: int) -> datetime:
    """Return seconds since the epoch as an aware time in UTC."""
    return datetime.fromtimestamp(t, UTC)


def local(t: int) -> datetime:
    """Return seconds since the epoch as an aware time in Belgium."""
    return datetime.fromtimestamp(t, BRUSSELS)


def epoch(when: datetime) -> int:
    """Return an aware time as whole seconds since the epoch; ValueError when it is naive."""
    if when.tzinfo is None:
        msg = f"{when.isoformat()} has no time zone"
        raise ValueError(msg)
    return int(when.timestamp())


def tariff_at(t: int) -> int:
    """Return the tariff that runs from `t` on: 1 on weekdays from 07:00 to 22:00 local, 2 otherwise."""
    now = local(t)
    day = now.weekday() < _SATURDAY and _DAY_BEGINS <= now.hour < _DAY_ENDS
    return NORMAL_TARIFF if day else LOW_TARIFF


def is_month_start(t: int) -> bool:
    """Tell whether `t` is the 1st, 00:00:00 local."""
    now = local(t)
    return (now.day, now.hour, now.minute, now.second) == (1, 0, 0, 0)


def month_start(t: int) -> int:
    """Return the 1st, 00:00:00 local, of the month in which `t` lies."""
    return epoch(local(t).replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0))


def month_before(start: int) -> int:
    """Return the start of the month before the one that starts at `start`."""
    return month_start(start - 1)


def day_start(t: int) -> int:
    """Return 00:00:00 local of the day in which `t` lies."""
    return epoch(local(t).replace(hour=0, minute=0, second=0, microsecond=0, fold=0))


def next_day_start(t: int) -> int:
    """Return 00:00:00 local of the day after the one in which `t` lies; days have 23, 24 or 25 hours."""
    day = local(t).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    return epoch(day + timedelta(days=1))


# Every telegram repeats some thirty of them, and formatting a date is slow.
@lru_cache(maxsize=128)
def stamp(t: int) -> str:
    """Return the TST form `YYMMDDhhmmssX`, X being S in summer and W in winter (DSMR P1 5.0.2, 6.4)."""
    now = local(t)
    return f"{now:%y%m%d%H%M%S}{'S' if now.dst() else 'W'}"
