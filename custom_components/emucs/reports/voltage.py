"""What a voltage report is made of: a meter, a period, its means, the verdicts, and what was outside the limits."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from math import ceil
from typing import Final, Literal

from ..insight.power_quality import KeptDisturbance
from ..insight.voltage_history import VoltageBand, VoltageSlot, WeekVerdict
from .wording import midnight, monday

type Minutes = Literal[10, 15]

_WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Outside:
    """Means of a phase that follow each other, all above or all below the limits."""

    phase: str
    begin: datetime
    end: datetime
    means: int
    is_high: bool
    furthest: float
    """The mean that is furthest outside, in V."""
    seconds: int
    """How long single values were beyond the limit."""
    export: float | None
    """The mean export power meanwhile, in kW; None where it was not seen."""


@dataclass(frozen=True, slots=True)
class ReportedPhase:
    """A phase in a week, or in as much of it as belongs to the period of the report."""

    slots: Sequence[VoltageSlot]
    known: Sequence[VoltageSlot]
    """Those of which enough was seen."""
    verdict: WeekVerdict | None
    """None while the week is not over, and where nothing is known of it."""
    coverage: float
    """The share of its time that was received."""

    @property
    def lowest(self) -> float | None:
        """Return the lowest known mean in V."""
        return min((slot.mean for slot in self.known), default=None)

    @property
    def highest(self) -> float | None:
        """Return the highest known mean in V."""
        return max((slot.mean for slot in self.known), default=None)

    @property
    def above(self) -> int:
        """Return for how many seconds the voltage was above the limit."""
        return sum(slot.above for slot in self.slots)

    @property
    def below(self) -> int:
        """Return for how many seconds the voltage was below the limit."""
        return sum(slot.below for slot in self.slots)


@dataclass(frozen=True, slots=True)
class ReportedWeek:
    """A local week of a report: its Monday, and when it begins and ends in UTC."""

    monday: date
    begin: datetime
    end: datetime
    phases: Mapping[str, ReportedPhase]
    means: int
    """How many there would be of a phase in it, or in as much of it as belongs to the period."""

    @property
    def last(self) -> date:
        """Return its Sunday."""
        return self.monday + _WEEK - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class VoltageReport:
    """The voltages of a meter in a period; times are UTC."""

    meter: str
    """Its number."""
    model: str | None
    grid: str | None
    """One of `insight.grid.Grid`."""
    band: VoltageBand
    minutes: Minutes
    begin: datetime
    end: datetime
    slots: Mapping[str, Sequence[VoltageSlot]]
    """By phase, the oldest first; what was not seen is missing."""
    export: Mapping[datetime, float]
    """Mean export power in kW by the start of a slot."""
    verdicts: Sequence[WeekVerdict]
    """Of weeks that are over, the oldest first; they are kept longer than slots."""
    disturbances: Sequence[KeptDisturbance] = ()
    """Those that samples showed in the period, the oldest first."""
    distortion: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Of the voltage in %, by phase: of ten minutes each that were sampled, the least first."""

    @property
    def length(self) -> timedelta:
        """Return the length of a slot."""
        return timedelta(minutes=self.minutes)

    def seen_since(self) -> datetime:
        """Return where the readings of the period begin."""
        firsts = [slots[0].start for slots in self.slots.values() if slots]
        return max(self.begin, min(firsts, default=self.end))

    def coverage(self, phase: str, begin: datetime | None = None, end: datetime | None = None) -> float:
        """Return which share of the time was received since readings began; 0 where there are none."""
        begin, end = max(self.seen_since(), begin or self.begin), min(self.end, end or self.end)
        seconds = sum(slot.seconds for slot in self.slots[phase] if begin <= slot.start < end)
        return min(1.0, seconds / (end - begin).total_seconds()) if begin < end else 0.0

    def is_outside(self, slot: VoltageSlot) -> bool:
        """Tell whether a mean is known, and outside the limits of 95 % of the week."""
        return slot.is_known(self.minutes) and not self.band.low <= slot.mean <= self.band.high

    def weeks(self) -> Iterator[ReportedWeek]:
        """Yield the local weeks of which there is anything to show, the oldest first."""
        verdicts = {(verdict.begin, verdict.phase): verdict for verdict in self.verdicts}
        by_week = {
            phase: {day: list(slots) for day, slots in groupby(slots, key=lambda slot: monday(slot.start))}
            for phase, slots in self.slots.items()
        }
        for day in sorted({day for weeks in by_week.values() for day in weeks}):
            begin, end = midnight(day), midnight(day + _WEEK)
            phases = {
                phase: ReportedPhase(
                    slots := weeks.get(day, []),
                    [slot for slot in slots if slot.is_known(self.minutes)],
                    verdicts.get((day, phase)),
                    self.coverage(phase, begin, end),
                )
                for phase, weeks in by_week.items()
            }
            seen = min(end, self.end) - max(begin, self.seen_since())
            yield ReportedWeek(day, begin, end, phases, -(-seen // self.length))

    def outside(self, phase: str, slots: Iterable[VoltageSlot]) -> Iterator[Outside]:
        """Yield what was outside the limits, the oldest first."""
        run: list[VoltageSlot] = []
        for slot in slots:
            if run and not self._continues(run, slot):
                yield self._outside(phase, run)
                run = []
            if self.is_outside(slot):
                run.append(slot)
        if run:
            yield self._outside(phase, run)

    def _continues(self, run: Sequence[VoltageSlot], slot: VoltageSlot) -> bool:
        """Tell whether a slot goes on where others have ended, on the same side."""
        follows = slot.start - run[-1].start == self.length and self.is_outside(slot)
        return follows and (slot.mean > self.band.high) == (run[0].mean > self.band.high)

    def _outside(self, phase: str, run: Sequence[VoltageSlot]) -> Outside:
        """Return slots that follow each other as one."""
        is_high = run[0].mean > self.band.high
        means = [slot.mean for slot in run]
        exported = [self.export[slot.start] for slot in run if slot.start in self.export]
        return Outside(
            phase=phase,
            begin=run[0].start,
            end=run[-1].start + self.length,
            means=len(run),
            is_high=is_high,
            furthest=max(means) if is_high else min(means),
            seconds=sum(slot.above if is_high else slot.below for slot in run),
            export=sum(exported) / len(exported) if exported else None,
        )


def not_exceeded(values: Sequence[float], share: float) -> float:
    """Return what so large a share of values, the least first, do not exceed."""
    return values[max(0, ceil(share * len(values)) - 1)]
