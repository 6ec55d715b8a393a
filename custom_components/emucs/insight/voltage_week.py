"""The verdict of a calendar week, by the means of ten minutes of each phase."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from .quarters import LOCAL
from .voltage_history import VoltageBand, VoltageVerdict, WeekVerdict

SLOT: Final = timedelta(minutes=10)
WEEK_KNOWN_SHARE: Final = 0.9
"""Share of a week's slots that must be known for it to be called within. An assumption: EN 50160 judges whole weeks,
and a slot that was not seen may have been outside."""

_WEEK: Final = timedelta(days=7)
# Of a week's means, so many may be outside low to high.
_ALLOWED_SHARE: Final = 0.05
_DIGITS: Final = 4


def local_day(seconds: int) -> date:
    """Return the day in Belgium of a time in seconds since 1970."""
    return datetime.fromtimestamp(seconds, LOCAL).date()


def week_of(day: date) -> date:
    """Return the Monday of the week of a day."""
    return day - timedelta(days=day.weekday())


def week_bounds(begin: date) -> tuple[datetime, datetime]:
    """Return when a week begins and ends, in UTC."""
    first, last = (datetime(day.year, day.month, day.day, tzinfo=LOCAL) for day in (begin, begin + _WEEK))
    return first.astimezone(UTC), last.astimezone(UTC)


@dataclass(slots=True)
class _Counts:
    """How many means of a phase were known, and where they were."""

    known: int = 0
    outside: int = 0
    lowest: float = 0.0
    highest: float = 0.0


class Week:
    """The week that runs."""

    def __init__(self, begin: date, band: VoltageBand) -> None:
        """Start with nothing seen of the week of a Monday."""
        self.begin = begin
        self._band = band
        first, last = week_bounds(begin)
        self.slots = (last - first) // SLOT
        """How many slots it has."""
        self._phases: dict[str, _Counts] = {}

    def add(self, phase: str, mean: float | None) -> None:
        """Take the mean of a slot in V; None where it is not known."""
        counts = self._phases.setdefault(phase, _Counts())
        if mean is None:
            return
        counts.lowest = min(counts.lowest, mean) if counts.known else mean
        counts.highest = max(counts.highest, mean)
        counts.known += 1
        counts.outside += not self._band.low <= mean <= self._band.high

    def _is_outside(self, counts: _Counts) -> bool:
        """Tell whether a phase was outside, whatever the slots were that were not seen."""
        band = self._band
        is_beyond = counts.known > 0 and not band.lowest <= counts.lowest <= counts.highest <= band.high
        return is_beyond or counts.outside > _ALLOWED_SHARE * self.slots

    @property
    def is_outside(self) -> bool:
        """Return whether any phase was outside already."""
        return any(map(self._is_outside, self._phases.values()))

    def close(self) -> list[WeekVerdict]:
        """Return what the week came to, now that it is over."""
        return [self._close(phase, counts) for phase, counts in sorted(self._phases.items())]

    def _close(self, phase: str, counts: _Counts) -> WeekVerdict:
        """Return what the week came to on a phase."""
        inside = 1 - counts.outside / counts.known if counts.known else 0.0
        if self._is_outside(counts) or (self._is_enough(counts) and inside < 1 - _ALLOWED_SHARE):
            verdict = VoltageVerdict.OUTSIDE
        else:
            verdict = VoltageVerdict.WITHIN if self._is_enough(counts) else VoltageVerdict.UNKNOWN_YET
        numbers = (round(number, _DIGITS) for number in (inside, counts.lowest, counts.highest))
        return WeekVerdict(self.begin, phase, verdict, counts.known, self.slots, *numbers)

    def _is_enough(self, counts: _Counts) -> bool:
        """Tell whether enough of the week is known."""
        return counts.known >= WEEK_KNOWN_SHARE * self.slots


def overall(verdicts: Iterable[VoltageVerdict]) -> VoltageVerdict:
    """Return the verdict of all phases together."""
    found = set(verdicts)
    if VoltageVerdict.OUTSIDE in found or not found:
        return VoltageVerdict.OUTSIDE if found else VoltageVerdict.UNKNOWN_YET
    return VoltageVerdict.UNKNOWN_YET if VoltageVerdict.UNKNOWN_YET in found else VoltageVerdict.WITHIN
