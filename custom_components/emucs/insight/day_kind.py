"""Which days are alike in what a house does."""

from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Final

_SATURDAY: Final = 5
_EPOCH: Final = date(1970, 1, 1).toordinal()
_CACHED: Final = 64


class DayKind(StrEnum):
    """The kinds of days that have habits of their own."""

    WEEKDAYS = "weekdays"
    WEEKENDS = "weekends"


@lru_cache(maxsize=_CACHED)
def kind_of(day: int) -> DayKind:
    """Return the kind of a local day, counted from 1970 on. A public holiday counts as the weekday that it falls on."""
    return DayKind.WEEKENDS if date_of(day).weekday() >= _SATURDAY else DayKind.WEEKDAYS


def date_of(day: int) -> date:
    """Return the date of a local day, counted from 1970 on."""
    return date.fromordinal(_EPOCH + day)
