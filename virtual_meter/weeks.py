"""Two weeks in which something happened to the grid, as fast as they can be printed, and what was true of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import groupby
import math
from typing import Final, NamedTuple

from .clock import BRUSSELS, epoch, utc
from .meter import VirtualMeter
from .street import UNDISTURBED, Disturbance
from .truth import Truth

AUTUMN: Final = datetime(2026, 10, 19, tzinfo=BRUSSELS)
"""A Monday. The clocks go back on the Sunday of its week."""
SLOT: Final = 600
_DAYS: Final = 14


@dataclass(frozen=True, slots=True)
class Happening:
    """What happens to the grid: on which day, counted from 0, from when on (local time), and for how long."""

    day: int
    begin: time
    lasts: timedelta
    disturbance: Disturbance | None
    """None where nothing is heard of the meter meanwhile."""

    def within(self, start: datetime) -> tuple[int, int]:
        """Return when it begins and ends, in seconds since the epoch, if its days are counted from `start` (aware)."""
        day = start.astimezone(BRUSSELS) + timedelta(days=self.day)
        begin = epoch(datetime.combine(day, self.begin, BRUSSELS))
        return begin, begin + int(self.lasts.total_seconds())


HAPPENINGS: Final = (
    Happening(1, time(11, 55), timedelta(hours=2), Disturbance(volts=257)),
    Happening(2, time(18, 10), timedelta(minutes=40), Disturbance(volts=199)),
    Happening(3, time(9), timedelta(minutes=20), Disturbance(missing=2)),
    Happening(4, time(14, 30), timedelta(minutes=20), Disturbance(neutral_lost=True)),
    Happening(5, time(3, 2), timedelta(hours=2), None),
)
"""All in the first week; the second one is as it should be. Grids without a neutral, or with one phase, have fewer."""


class Moment(NamedTuple):
    """What a meter holds, and the telegram that it prints of it."""

    truth: Truth
    telegram: bytes


@dataclass(frozen=True, slots=True)
class TrueSlot:
    """Ten minutes by the clock, as far as they were printed; voltages in V, by phase."""

    start: datetime
    """In UTC."""
    telegrams: int
    rms: tuple[float, ...]
    """The root of the mean of the squares."""
    lowest: tuple[float, ...]
    highest: tuple[float, ...]
    export: float
    """The mean power that is exported, in kW."""


def two_weeks(
    profile: str = "1.7.1",
    seed: int = 1,
    start: datetime = AUTUMN,
    *,
    period: int = 10,
    days: int = _DAYS,
    happenings: Iterable[Happening] = HAPPENINGS,
    street: str = "ordinary",
) -> Iterator[Moment]:
    """Yield so many days from `start` (aware, local midnight) on, a moment each `period` seconds; see `VirtualMeter`.

    The house lives in steps of a period. At 10 s, a day takes about a second.
    """
    meter = VirtualMeter(profile, seed, start, gas=False, water=False, history_months=0, period=period, street=street)
    planned = [(*each.within(start), each) for each in happenings]
    end = epoch(start + timedelta(days=days))
    for t in range(epoch(start) + period, end + 1, period):
        now = next((each for begin, over, each in planned if begin < t <= over), None)
        meter.disturbance = UNDISTURBED if now is None or now.disturbance is None else now.disturbance
        meter.advance(period, period)
        if now is None or now.disturbance is not None:
            yield Moment(meter.truth, meter.telegram())


def true_slots(moments: Iterable[Moment]) -> Iterator[TrueSlot]:
    """Yield every ten minutes of which something was printed; a telegram on their end belongs to the next ones."""
    for number, group in groupby(moments, lambda moment: epoch(moment.truth.time) // SLOT):
        truths = [moment.truth for moment in group]
        printed = [tuple(float(phase.voltage) for phase in truth.phases) for truth in truths]
        by_phase = list(zip(*printed, strict=True))
        yield TrueSlot(
            start=utc(number * SLOT),
            telegrams=len(truths),
            rms=tuple(math.sqrt(sum(volts * volts for volts in each) / len(each)) for each in by_phase),
            lowest=tuple(map(min, by_phase)),
            highest=tuple(map(max, by_phase)),
            export=sum(float(truth.power_export) for truth in truths) / len(truths),
        )
