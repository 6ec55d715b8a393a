"""Time bands: which of a set of tariffs holds at a time of the local day, by dated tables."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
import json
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from .holidays import is_holiday
from .quarters import LOCAL

_FILE: Final = Path(__file__).parents[1] / "tariffs" / "bands.json"
_SATURDAY: Final = 5
_DAY: Final = timedelta(days=1)
# A band goes on over a weekend with holidays on both sides, and never for longer.
_LOOK_AHEAD: Final = 8


class BandDay(StrEnum):
    """The kinds of days that tables tell apart. A holiday in a weekend is of the weekend."""

    WEEKDAY = "weekday"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"


def kind_of(day: date) -> BandDay:
    """Return the kind of a local day."""
    if day.weekday() >= _SATURDAY:
        return BandDay.WEEKEND
    return BandDay.HOLIDAY if is_holiday(day) else BandDay.WEEKDAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """The table of a set as it holds for some time."""

    first: date | None
    """The first local day on which it holds; None: always before."""
    last: date | None
    """The last one; None: until another version holds."""
    source: str
    """Where this is published."""
    hours: Mapping[BandDay, tuple[tuple[int, str], ...]]
    """From which local hour on which band holds, from midnight on and in order."""

    def holds_on(self, day: date) -> bool:
        """Tell whether it holds on a local day."""
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)

    def at(self, local: datetime) -> str:
        """Return the band at a local time of a day on which it holds."""
        hours = self.hours[kind_of(local.date())]
        return hours[bisect_right(hours, local.hour, key=lambda each: each[0]) - 1][1]


@dataclass(frozen=True, slots=True, kw_only=True)
class BandSet:
    """A set of bands, one of which holds at a time, where the set itself does. Times are aware, in any zone."""

    key: str
    region: str
    bands: tuple[str, ...]
    """The keys of the bands, the same in all versions."""
    versions: tuple[Version, ...]
    """The oldest first."""

    def version_on(self, day: date) -> Version | None:
        """Return the version that holds on a local day; None where nothing is known of it."""
        return next((version for version in self.versions if version.holds_on(day)), None)

    def at(self, moment: datetime) -> str | None:
        """Return the key of the band at a time; None where nothing is known of that day."""
        local = moment.astimezone(LOCAL)
        version = self.version_on(local.date())
        return None if version is None else version.at(local)

    def next_change(self, moment: datetime) -> datetime | None:
        """Return when another band holds than at a time, in UTC, or when the set ends; None if that is not known."""
        band = self.at(moment)
        return next((begin for begin in self._begins(moment) if self.at(begin) != band), None)

    def spans(self, begin: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, str]]:
        """Yield begin, end and key of each band that holds at some time between two others, in UTC, as a whole."""
        moment: datetime | None = begin.astimezone(UTC) - _DAY * _LOOK_AHEAD
        while moment is not None and moment < end and (until := self.next_change(moment)) is not None:
            if until > begin and (band := self.at(moment)) is not None:
                yield moment, until, band
            moment = until

    def _begins(self, moment: datetime) -> Iterator[datetime]:
        """Yield the times after one at which a band may begin, in UTC."""
        today = moment.astimezone(LOCAL).date()
        days = {today + _DAY * ahead for ahead in range(_LOOK_AHEAD)}
        days |= {version.first for version in self.versions if version.first is not None and version.first > today}
        for day in sorted(days):
            version = self.version_on(day)
            hours = {0} if version is None else {0, *(hour for hour, _ in version.hours[kind_of(day)])}
            for hour in sorted(hours):
                if (begin := datetime.combine(day, time(hour), LOCAL).astimezone(UTC)) > moment:
                    yield begin


def _version(saved: Mapping[str, Any]) -> Version:
    """Return a version as the file has it."""
    first, last = (date.fromisoformat(saved[key]) if key in saved else None for key in ("from", "until"))
    hours = {day: tuple((int(hour), band) for hour, band in saved[day].items()) for day in BandDay}
    return Version(first=first, last=last, source=saved["source"], hours=MappingProxyType(hours))


@lru_cache(maxsize=1)
def band_sets() -> Mapping[str, BandSet]:
    """Return all sets by their keys."""
    sets = json.loads(_FILE.read_text(encoding="utf-8"))["sets"]
    return MappingProxyType(
        {
            key: BandSet(
                key=key,
                region=each["region"],
                bands=tuple(each["bands"]),
                versions=tuple(_version(version) for version in each["versions"]),
            )
            for key, each in sets.items()
        }
    )
