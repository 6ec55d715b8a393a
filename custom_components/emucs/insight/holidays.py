"""The ten public holidays of Belgium."""

from datetime import date, timedelta
from functools import lru_cache
from typing import Final

# Month and day: New Year, Labour Day, the National Day, Assumption, All Saints, Armistice and Christmas.
_FIXED: Final = ((1, 1), (5, 1), (7, 21), (8, 15), (11, 1), (11, 11), (12, 25))
_AFTER_EASTER: Final = (1, 39, 50)
"""Days from Easter Sunday to Easter Monday, Ascension and Whit Monday."""


def easter(year: int) -> date:
    """Return Easter Sunday of a year of the Gregorian calendar (the anonymous computus of 1876)."""
    century, of_century = divmod(year, 100)
    golden = year % 19
    moon = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (of_century // 4) - moon - of_century % 4) % 7
    month, day = divmod(moon + weekday - 7 * ((golden + 11 * moon + 22 * weekday) // 451) + 114, 31)
    return date(year, month, day + 1)


@lru_cache(maxsize=8)
def holidays(year: int) -> frozenset[date]:
    """Return the public holidays of a year; where two fall on one day there is one less."""
    sunday = easter(year)
    moving = (sunday + timedelta(days=days) for days in _AFTER_EASTER)
    return frozenset((*(date(year, month, day) for month, day in _FIXED), *moving))


def is_holiday(day: date) -> bool:
    """Tell whether a local day is a public holiday."""
    return day in holidays(day.year)
