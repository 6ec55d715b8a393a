"""A day on which the house imported more or less than on others of its kind, and which part of it made that."""

from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from statistics import fmean, median, quantiles
from typing import Any, ClassVar, Final, NamedTuple, Self, override

from ..port import Telegram
from .base import Insight
from .day_kind import date_of, kind_of
from .demand import QUARTERS_AN_HOUR
from .habits import Habits
from .profile import Closed, Profile
from .quarters import QUARTERS_A_DAY, Quarters, local_place, slots_of_day

ENOUGH: Final = 6
"""How many days of its kind a day has to be compared with: of four weeks, two weekend days may be missing."""
# A day counts if so much of it is known.
_KNOWN: Final = 0.9
# Assumptions, measured on real and virtual homes: of so few days the next one is often the highest or the lowest by
# chance. It has to be beyond the percentiles by these shares of the median, and of what lies between them.
_OF_MEDIAN: Final = 0.25
_OF_SPREAD: Final = 0.5
_TWENTIETHS: Final = 20


class DayPart(StrEnum):
    """The parts of a day, of six hours each."""

    NIGHT = "night"
    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"


_PART: Final = QUARTERS_A_DAY // len(DayPart)


class UnusualDay(NamedTuple):
    """A day that was unlike others; energies in kWh."""

    date: date
    energy: float
    low: float
    """What one day in twenty of its kind was below."""
    high: float
    """What one day in twenty of its kind was above."""
    is_more: bool
    differs: tuple[DayPart, ...]
    """The parts that were unlike those of other days; that which differs most comes first."""


class _Usual(NamedTuple):
    """What is usual in a day, or in a part of it, in kW."""

    low: float
    middle: float
    high: float

    def deviation(self, mean: float) -> float:
        """Return by how much a mean is above or below what is usual, in kW; 0 where it is not."""
        margin = max(_OF_MEDIAN * self.middle, _OF_SPREAD * (self.high - self.low))
        if self.low - margin <= mean <= self.high + margin:
            return 0.0
        return mean - self.middle


class AnomalyState(NamedTuple):
    """What is known of the latest day."""

    unusual: UnusualDay | None
    """The day that the latest telegram ended."""


_NOTHING: Final = AnomalyState(None)


class Anomaly(Insight[None, AnomalyState]):
    """Judges each day of a meter as it ends; of days that are unusual in the same way it tells the first."""

    name: ClassVar = "anomaly"
    uses: ClassVar = (Profile,)

    def __init__(self, settings: None = None) -> None:
        """Start with nothing known."""
        super().__init__(settings)
        self._closed: Closed | None = None
        self._day: int | None = None  # the local day that it is
        self._was_more: bool | None = None  # how the latest day was unusual

    @override
    @staticmethod
    def settings_of(options: Mapping[str, Any]) -> None:
        """Return nothing: there is nothing to set."""

    @override
    def feed(self, telegram: Telegram, *, counter_is_doubted: bool = False) -> AnomalyState | None:
        """Take a telegram; return what is known."""
        closed = self.used(Profile).state
        if closed is None:
            return self.state
        if closed is self._closed and self.state is not None:
            self.state = _NOTHING
            return self.state
        self._closed, before = closed, self._day
        self._day = local_place(closed.slot + 1)[0]
        unusual = None
        if before is not None and self._day > before:
            unusual = unusual_day(self.used(Profile).quarters, closed.slot + 1)
            was_more, self._was_more = self._was_more, None if unusual is None else unusual.is_more
            if was_more is self._was_more:
                unusual = None
        self.state = _NOTHING if unusual is None else AnomalyState(unusual)
        return self.state

    @override
    def is_urgent(self, before: AnomalyState) -> bool:
        """Tell whether a day was unusual."""
        return self.state is not None and self.state.unusual is not None

    @override
    def save(self) -> dict[str, Any]:
        """Return what was judged last, in types of JSON."""
        return {"day": self._day, "was_more": self._was_more}

    @override
    @classmethod
    def restore(cls, settings: None, saved: Mapping[str, Any]) -> Self:
        """Return what was saved."""
        anomaly = cls(settings)
        anomaly._day = None if saved["day"] is None else int(saved["day"])
        anomaly._was_more = None if saved["was_more"] is None else bool(saved["was_more"])
        return anomaly


def unusual_day(quarters: Quarters, slot: int) -> UnusualDay | None:
    """Return the day before that of a quarter if it was unlike others of its kind, of which enough are known."""
    day = local_place(slot)[0] - 1
    known = {each: means for each, means in Habits(quarters).days().items() if len(means) >= _KNOWN * QUARTERS_A_DAY}
    alike = [means for each, means in known.items() if each < day and kind_of(each) is kind_of(day)]
    if day not in known or len(alike) < ENOUGH:
        return None
    mean, usual = fmean(known[day].values()), _usual([fmean(means.values()) for means in alike])
    if not (deviation := usual.deviation(mean)):
        return None
    hours = len(slots_of_day(slots_of_day(slot).start - 1)) / QUARTERS_AN_HOUR
    return UnusualDay(
        date_of(day),
        mean * hours,
        usual.low * hours,
        usual.high * hours,
        deviation > 0,
        _differing(known[day], alike, is_more=deviation > 0),
    )


def _usual(means: Sequence[float]) -> _Usual:
    """Return what is usual, by what was."""
    cuts = quantiles(means, n=_TWENTIETHS, method="inclusive")
    return _Usual(cuts[0], median(means), cuts[-1])


def _differing(
    means: Mapping[int, float], alike: Sequence[Mapping[int, float]], *, is_more: bool
) -> tuple[DayPart, ...]:
    """Return the parts of a day that made it unlike others: at least the one that did so most."""
    sign = 1 if is_more else -1
    differences: dict[DayPart, float] = {}
    beyond: dict[DayPart, float] = {}
    for number, part in enumerate(DayPart):
        times = range(number * _PART, (number + 1) * _PART)
        # Less of a day is missing than a part has quarters.
        mean, *of_others = (fmean(each[time] for time in times if time in each) for each in (means, *alike))
        usual = _usual(of_others)
        differences[part] = (mean - usual.middle) * sign
        beyond[part] = usual.deviation(mean) * sign
    parts = sorted(DayPart, key=differences.__getitem__, reverse=True)
    return tuple(part for part in parts if beyond[part] > 0) or (parts[0],)
