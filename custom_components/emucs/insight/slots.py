"""When a machine fits: what may be added to the house in the quarters to come, and the best of them to start in."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from math import ceil
from typing import Any, ClassVar, Final, NamedTuple, override

from ..port import Telegram
from .base import Insight
from .capacity import Capacity
from .connection import Connection
from .demand import QUARTER, QUARTERS_AN_HOUR
from .forecast import Forecast, ForecastQuarter, ForecastState
from .peaks import FLOOR
from .quarters import QUARTERS_A_DAY, slot_of

ALTERNATIVES: Final = 3
"""How many other starts are told at most."""

type Prices = Mapping[int, float]
"""What a kWh costs in quarters, by their number, in whatever currency and unit."""


class Machine(NamedTuple):
    """What is to be run: it takes no more than a power in any quarter, and an energy in all of them."""

    power: float
    """kW."""
    energy: float
    """kWh."""
    duration: timedelta

    @property
    def quarters(self) -> int:
        """Return how many quarters it runs in, if it starts with one."""
        return ceil(self.duration / QUARTER)


DISHWASHER: Final = Machine(power=2.0, energy=1.0, duration=timedelta(hours=2))
"""An assumption, not of any machine: 1 kWh within two hours, in which the water is heated at up to 2 kW."""


class Room(NamedTuple):
    """A quarter to come: what may be added to it, and what is exported, in kW."""

    begin: datetime
    """In UTC, as durations are no matter of local time."""
    power: float
    """What fits in nine of ten such quarters; below zero: they are likely to pass the limit anyway."""
    exported: float
    """What a machine may take before anything is bought for it."""


class Start(NamedTuple):
    """A time to start a machine at."""

    begin: datetime
    end: datetime
    room: float
    """kW that fit at least in each of its quarters."""
    exported: float
    """kWh of the machine that the house would export without it."""
    price: float | None
    """What a kWh costs in the mean; None where it is not known of all its quarters."""
    cost: float | None
    """What is bought, at the price of its quarter."""


class FoundSlots(NamedTuple):
    """What came of looking for a start."""

    starts: tuple[Start, ...]
    """Those at which the machine fits, the best one first, and no two of them at the same time."""
    most: Start | None
    """That with the most room, whether the machine fits or not; None where no start was possible."""


class RoomLimits(NamedTuple):
    """What no quarter is to pass, in kW: the peak target in effect, or what the connection carries if that is less."""

    now: float
    next_month: float
    """Then the running month's peak holds no more."""


def rooms_of(slots: Sequence[ForecastQuarter], limits: RoomLimits) -> Iterator[Room]:
    """Yield what may be added to quarters that are forecast; they end where nothing is known."""
    for slot in slots:
        if slot.imported is None:
            return
        limit = limits.now if slot.begin.month == slots[0].begin.month else limits.next_month
        low, mean = (0.0, 0.0) if slot.exported is None else (slot.exported.low, slot.exported.mean)
        yield Room(slot.begin.astimezone(UTC), limit - slot.imported.high + low, mean)


def find(
    rooms: Sequence[Room], machine: Machine, earliest: datetime, latest: datetime, prices: Prices | None = None
) -> FoundSlots:
    """Return when a machine fits, if it starts no sooner than one time and has ended by another one.

    What the house exports is used first. Then a start whose price is known comes before others, and a cheap one before
    a dear one. Without prices the start with the most room is the best, and of equal ones the first.
    """
    length = machine.quarters
    starts = [
        _start(rooms[first : first + length], machine, prices or {})
        for first in range(len(rooms) - length + 1)
        if rooms[first].begin >= earliest and rooms[first].begin + machine.duration <= latest
    ]
    fitting = sorted(
        (start for start in starts if start.room >= machine.power), key=lambda start: _rank(start, machine)
    )
    return FoundSlots(tuple(_apart(fitting)), max(starts, key=lambda start: start.room, default=None))


def _start(rooms: Sequence[Room], machine: Machine, prices: Prices) -> Start:
    """Return what is known of a start in the first of some quarters."""
    mean = machine.energy / len(rooms)  # kWh a quarter
    used = [min(mean, max(room.exported, 0.0) / QUARTERS_AN_HOUR) for room in rooms]
    known = [price for room in rooms if (price := prices.get(slot_of(room.begin))) is not None]
    is_known = len(known) == len(rooms)
    return Start(
        rooms[0].begin,
        rooms[0].begin + machine.duration,
        min(room.power for room in rooms),
        sum(used),
        sum(known) / len(known) if is_known else None,
        sum((mean - own) * price for own, price in zip(used, known, strict=True)) if is_known else None,
    )


def _rank(start: Start, machine: Machine) -> tuple[bool, float, float, datetime]:
    """Return what sorts starts: differences that no forecast is good for make none."""
    if start.cost is not None:
        return False, round(start.cost, 4), -round(start.room, 1), start.begin
    bought = 1 - start.exported / machine.energy if machine.energy else 0.0
    return True, round(bought, 1), -round(start.room, 1), start.begin


def _apart(starts: Iterable[Start]) -> Iterator[Start]:
    """Yield starts of which none runs while one before it does, a few at most."""
    told: list[Start] = []
    for start in starts:
        if all(start.end <= each.begin or start.begin >= each.end for each in told):
            told.append(start)
            yield start
        if len(told) > ALTERNATIVES:
            return


@dataclass(frozen=True, kw_only=True)
class SlotsState:
    """What is known as a quarter begins."""

    rooms: tuple[Room, ...]
    """The quarters of 24 hours from then on; none while the forecast is not known."""

    @cached_property
    def next(self) -> Start | None:
        """Return the best start of a dishwasher."""
        if not self.rooms:
            return None
        begin = self.rooms[0].begin
        found = find(self.rooms, DISHWASHER, begin, begin + QUARTER * QUARTERS_A_DAY)
        return found.starts[0] if found.starts else None


class Slots(Insight[None, SlotsState]):
    """Knows what may be added to one house."""

    name: ClassVar = "slots"
    uses: ClassVar = (Capacity, Connection, Forecast)

    def __init__(self, settings: None = None) -> None:
        """Start with nothing known."""
        super().__init__(settings)
        self._forecast: ForecastState | None = None

    @override
    @staticmethod
    def settings_of(options: Mapping[str, Any]) -> None:
        """Return nothing: there is nothing to set."""

    @override
    def feed(self, telegram: Telegram, *, counter_is_doubted: bool = False) -> SlotsState | None:
        """Take a telegram; return what is known, which changes with the forecast."""
        forecast = self._used[Forecast].state
        if forecast is not self._forecast or self.state is None:
            self._forecast = forecast
            self.state = SlotsState(rooms=self.rooms())
        return self.state

    def rooms(self) -> tuple[Room, ...]:
        """Return what may be added to the quarters of 24 hours, by the target of now."""
        forecast, limits = self.used(Forecast).state, self._limits()
        return () if forecast is None or limits is None else tuple(rooms_of(forecast.slots, limits))

    def _limits(self) -> RoomLimits | None:
        """Return what no quarter is to pass; None while the capacity tariff is not known."""
        capacity, connection = self.used(Capacity), self.used(Connection)
        if capacity.state is None:
            return None
        rated = None if connection.state is None else connection.state.power
        carried = float(capacity.state.limit) if rated is None else rated
        if not connection.settings.keeps_target:
            return RoomLimits(carried, carried)
        targets = capacity.state.effective_target, max(FLOOR, capacity.settings.peak_target)
        return RoomLimits(*(min(carried, float(target)) for target in targets))
