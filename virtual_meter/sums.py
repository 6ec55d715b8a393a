"""What several households came to together: the truth that a reader of all their meters is measured by."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

from .clock import QUARTER, month_start, utc
from .quadrants import thousand_hours

# Two months and a day of quarters, for a street that is served for long.
_KEPT: Final = 63 * 96


@dataclass(frozen=True, slots=True)
class Exchanged:
    """Energy in mWs: what was imported and exported, at no moment both."""

    imported: int
    exported: int

    @property
    def import_kwh(self) -> Decimal:
        """Return the import in kWh, whole watt-hours as meters print them."""
        return thousand_hours(self.imported)

    @property
    def export_kwh(self) -> Decimal:
        """Return the export in kWh."""
        return thousand_hours(self.exported)

    @property
    def watts(self) -> int:
        """Return the mean import of a quarter-hour in W, which is its demand."""
        return self.imported // (QUARTER * 1000)


@dataclass(frozen=True, slots=True)
class StreetQuarter:
    """A quarter-hour in which all meters were counted from beginning to end."""

    end: datetime
    each: tuple[Exchanged, ...]
    """Of each household, in the order of the meters."""
    together: Exchanged
    """What all of them exchanged with the grid: at each moment, the import of some is met by the export of others."""


class StreetPeak(NamedTuple):
    """The highest demand of a month: when that quarter ended, and W."""

    end: datetime
    watts: int


class Sums:
    """Adds up the power of several meters, each of which may be ahead of the others for a while."""

    def __init__(self, meter_ids: Sequence[str], start: int) -> None:
        """Begin at `start`, in seconds since the epoch."""
        self.meter_ids = tuple(meter_ids)
        self.quarters: deque[StreetQuarter] = deque(maxlen=_KEPT)
        """The latest two months of closed quarters, without the first one unless it was counted from its beginning."""
        self.witness: Callable[[StreetQuarter], None] | None = None
        """Told of each quarter as it closes."""
        self._waiting: list[deque[tuple[int, int]]] = [deque() for _ in self.meter_ids]
        self._missing = len(self.meter_ids)
        self._reached = start
        self._is_whole = start % QUARTER == 0
        # Imported and exported mWs, of each and then of all together: of this quarter, and since the start.
        self._quarter = _Counters(len(self.meter_ids) + 1)
        self._total = _Counters(len(self.meter_ids) + 1)

    @property
    def time(self) -> datetime:
        """Up to when all meters were counted."""
        return utc(self._reached)

    @property
    def totals(self) -> tuple[Exchanged, ...]:
        """Return what each household exchanged since the start."""
        return self._total.read()[:-1]

    @property
    def together(self) -> Exchanged:
        """Return what all of them exchanged with the grid since the start."""
        return self._total.read()[-1]

    def count(self, number: int, t: int, milliwatts: int) -> None:
        """Count the net power of a meter (import above zero) up to `t`, from where it was counted last."""
        waiting = self._waiting[number]
        self._missing -= not waiting
        waiting.append((t, milliwatts))
        while not self._missing:
            self._add()

    def peak(self, moment: datetime) -> StreetPeak | None:
        """Return the highest demand of all together in the month of a moment: the first of equal ones."""
        return max(
            (StreetPeak(each.end, each.together.watts) for each in self._month(moment)),
            key=lambda peak: peak.watts,
            default=None,
        )

    def single_peaks(self, moment: datetime) -> tuple[int, ...]:
        """Return the highest demand in W of each household by itself in that month; empty if no quarter is known."""
        quarters = [[each.watts for each in quarter.each] for quarter in self._month(moment)]
        return tuple(max(of_one) for of_one in zip(*quarters, strict=True))

    def _month(self, moment: datetime) -> list[StreetQuarter]:
        """Return the closed quarters of a month; its last one ends as the next month begins."""
        month = month_start(int(moment.timestamp()))
        return [each for each in self.quarters if month_start(int(each.end.timestamp()) - 1) == month]

    def _add(self) -> None:
        """Add the time that all meters have in common, up to the earliest end of a step."""
        end = min(waiting[0][0] for waiting in self._waiting)
        powers = [waiting[0][1] for waiting in self._waiting]
        passed = end - self._reached
        for counters in (self._quarter, self._total):
            counters.add([*powers, sum(powers)], passed)
        self._reached = end
        for waiting in self._waiting:
            if waiting[0][0] == end:
                waiting.popleft()
                self._missing += not waiting
        # No step of a meter crosses the end of a quarter.
        if end % QUARTER == 0:
            *each, together = self._quarter.read()
            if self._is_whole:
                self.quarters.append(quarter := StreetQuarter(utc(end), tuple(each), together))
                if self.witness:
                    self.witness(quarter)
            self._is_whole = True
            self._quarter = _Counters(len(self.meter_ids) + 1)


class _Counters:
    """Counts energy, import and export apart."""

    __slots__ = ("_exported", "_imported")

    def __init__(self, count: int) -> None:
        """Begin at zero."""
        self._imported = [0] * count
        self._exported = [0] * count

    def add(self, powers: Sequence[int], seconds: int) -> None:
        """Count powers in mW for so many seconds."""
        for number, milliwatts in enumerate(powers):
            if milliwatts > 0:
                self._imported[number] += milliwatts * seconds
            else:
                self._exported[number] -= milliwatts * seconds

    def read(self) -> tuple[Exchanged, ...]:
        """Return what was counted."""
        return tuple(Exchanged(*each) for each in zip(self._imported, self._exported, strict=True))
