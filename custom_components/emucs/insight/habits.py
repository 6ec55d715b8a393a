"""What the house usually imports at which time of the week, and which of its peaks recur."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Final, NamedTuple

from .day_kind import DayKind, date_of, kind_of
from .demand import QUARTERS_AN_HOUR
from .peaks import FLOOR
from .quarters import DAYS, IMPORT, QUARTERS_A_DAY, Quarters, local_place, slot_before, slots_of_day

HOURS: Final = 24
_DAYS_A_WEEK: Final = 7
# An assumption, measured on real and virtual homes: a quarter is one of a peak if it comes near what is passed for half
# an hour a day in the mean. By the month's peak instead, one evening with guests would hide all that recurs.
_NEAR: Final = 0.8
_PASSED: Final = 0.02
# How often a time of day has to be above the threshold to be one of a habit.
FEWEST: Final = 4
_SHARE: Final = 0.25
# Peaks with so many quarters between them are one.
_BETWEEN: Final = 1

type Days = Mapping[int, float]
"""The means of one time of day, in kW, by the local day."""
type Week = tuple[tuple[float | None, ...], ...]
"""The mean of each hour of each day of the week in kW, from Monday on; None where nothing is known."""


class RecurringPeak(NamedTuple):
    """A time of day at which the house often imports much."""

    kind: DayKind
    """On which days."""
    first: int
    """The quarters of the day, counted from midnight in local time: the first and the last of it."""
    last: int
    days: int
    """On how many days it was so."""
    known: int
    """Of how many."""
    power: float
    """The highest quarter of such a day, in kW: the median of those days."""

    def covers(self, day: int, index: int) -> bool:
        """Tell whether it is expected at a time of a local day."""
        return self.first <= index <= self.last and kind_of(day) is self.kind

    @property
    def begin(self) -> str:
        """Return the local time at which it begins, such as `18:15`."""
        return _clock(self.first)

    @property
    def end(self) -> str:
        """Return the local time at which it ends."""
        return _clock(self.last + 1)


def _clock(index: int) -> str:
    """Return the local time at which a quarter of the day begins."""
    hour, quarter = divmod(index % QUARTERS_A_DAY, QUARTERS_AN_HOUR)
    return f"{hour:02}:{quarter * 15:02}"


class Habits:
    """The import of the 28 days before this one, by kind of day and time of day."""

    def __init__(self, quarters: Quarters) -> None:
        """Take what is known now."""
        means = []
        self._days: dict[DayKind, list[dict[int, float]]] = {
            kind: [{} for _ in range(QUARTERS_A_DAY)] for kind in DayKind
        }
        for slot in _slots(quarters.last):
            if (mean := quarters.mean(IMPORT, slot)) is not None:
                means.append(mean)
                day, index = local_place(slot)
                known = self._days[kind_of(day)][index]
                # In the hour that is there twice in autumn the higher one counts.
                known[day] = max(mean, known.get(day, 0.0))
        means.sort(reverse=True)
        high = means[int(_PASSED * len(means))] if means else 0.0
        self.threshold = max(float(FLOOR), _NEAR * high)
        """What a quarter has to be above to be one of a peak, in kW."""

    @property
    def is_enough(self) -> bool:
        """Return whether so many days are known that a peak could recur."""
        return any(len(days) >= FEWEST for each in self._days.values() for days in each)

    def peaks(self) -> tuple[RecurringPeak, ...]:
        """Return the peaks that recur, the highest first."""
        found = [peak for kind, by_time in self._days.items() for peak in _peaks(kind, by_time, self.threshold)]
        return tuple(sorted(found, key=lambda peak: (-peak.power, -peak.days, peak.kind, peak.first)))

    def week(self) -> Week:
        """Return the mean of each hour of the week, to the watt."""
        sums = [[[0.0, 0] for _ in range(HOURS)] for _ in range(_DAYS_A_WEEK)]
        for by_time in self._days.values():
            for index, days in enumerate(by_time):
                for day, mean in days.items():
                    cell = sums[date_of(day).weekday()][index // QUARTERS_AN_HOUR]
                    cell[0] += mean
                    cell[1] += 1
        return tuple(tuple(round(total / count, 3) if count else None for total, count in day) for day in sums)

    def days(self) -> dict[int, dict[int, float]]:
        """Return the means of each local day in kW, by time of day."""
        found: dict[int, dict[int, float]] = {}
        for by_time in self._days.values():
            for index, days in enumerate(by_time):
                for day, mean in days.items():
                    found.setdefault(day, {})[index] = mean
        return found


def _slots(last: int | None) -> range:
    """Return the quarters of the days before the one on which the latest quarter was over."""
    if last is None:
        return range(0)
    midnight = slots_of_day(last + 1).start
    begin = slot_before(midnight, DAYS)
    return range(midnight - DAYS * QUARTERS_A_DAY if begin is None else begin, midnight)


def _peaks(kind: DayKind, by_time: Sequence[Days], threshold: float) -> Iterator[RecurringPeak]:
    """Yield the peaks that recur on a kind of day."""
    often = [index for index, days in enumerate(by_time) if _is_often(days, threshold)]
    for first, last in _runs(often):
        highest: dict[int, float] = {}
        for days in by_time[first : last + 1]:
            for day, mean in days.items():
                highest[day] = max(mean, highest.get(day, 0.0))
        above = [power for power in highest.values() if power > threshold]
        yield RecurringPeak(kind, first, last, len(above), len(highest), median(above))


def _is_often(days: Days, threshold: float) -> bool:
    """Tell whether a time of day was above a threshold on enough days."""
    count = sum(mean > threshold for mean in days.values())
    return count >= FEWEST and count >= _SHARE * len(days)


def _runs(indexes: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and the last of numbers that follow each other, but for a short gap."""
    first = before = None
    for index in indexes:
        if first is None or before is None:
            first = index
        elif index - before > _BETWEEN + 1:
            yield first, before
            first = index
        before = index
    if first is not None and before is not None:
        yield first, before
