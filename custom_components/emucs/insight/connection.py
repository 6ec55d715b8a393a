"""How much of the connection to the grid is left: by phase, by the heat of its breaker, and for a charger."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Final, NamedTuple, Self, override

from ..port import Telegram, obis
from .apparent import ApparentPeak, ApparentPeaks
from .base import Insight
from .capacity import Capacity, CapacityState
from .charging import Bound, Charger, Grant, room_of_phase, room_of_quarter
from .grid import SECTION_CONNECTION, Grid, breaker_of, connection_power, grid_of, rated_current
from .phases import (
    NOTHING,
    PHASES,
    SQUARE_ROOT_OF_3,
    Triple,
    active_currents,
    apparent_power,
    currents_of,
    power_of,
    volts_of,
)
from .thermal import Thermal

CONF_CHARGER: Final = "charger"
CONF_MARGIN: Final = "margin"
DEFAULT_MARGIN: Final = 1
"""A."""

# Everything is worked out anew each so many seconds by the meter's clock, and at once where the currents have changed
# by so many amperes in all: half of what a charger changes its own by.
_EVERY: Final = 10
_STEP: Final = 0.5
# A charger that has to reduce by this, in A, cannot wait.
_URGENT: Final = -1.0
_NOMINAL_VOLTS: Final = 230.0
_KILO: Final = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionSettings:
    """What the user sets."""

    breaker: Decimal | None = None
    """The rating of the main breaker in A."""
    charger: Charger = Charger.THREE_PHASES
    margin: Decimal = Decimal(DEFAULT_MARGIN)
    """A of each phase that a charger leaves alone."""
    keeps_target: bool = True
    """Whether a charger has to keep to the peak target; not where no month peak is billed."""


class ConnectionState(NamedTuple):
    """What is known at one moment. Currents in A, powers in kVA; without a known rating only currents and peaks are."""

    currents: Triple
    rating: float | None
    """What each phase may carry."""
    power: float | None
    """What that is in all phases."""
    warning: bool | None
    alarm: bool | None
    """None while the meter's clock cannot be used, as what follows too."""
    available: Triple
    """What a charger may add to each phase; below zero: has to leave."""
    bound: Bound | None
    """What allows it no more."""
    peak: ApparentPeak | None
    """Of the running month, by quarters."""
    minute_peak: ApparentPeak | None

    @property
    def highest(self) -> float | None:
        """Return the current of the phase that carries most."""
        return max([current for current in self.currents if current is not None], default=None)

    @property
    def headroom(self) -> float | None:
        """Return what is left of the phase that carries most."""
        return None if self.rating is None or (highest := self.highest) is None else self.rating - highest

    @property
    def load(self) -> float | None:
        """Return the share of its rating that the phase which carries most has, in per cent."""
        return None if self.rating is None or (highest := self.highest) is None else highest * 100 / self.rating

    @property
    def available_current(self) -> float | None:
        """Return what a charger may add to all phases; also on one phase, as nothing says which one that is."""
        return min([current for current in self.available if current is not None], default=None)


class Connection(Insight[ConnectionSettings, ConnectionState]):
    """Follows the connection of one meter."""

    name: ClassVar = "connection"
    # Currents need none. What does is unknown while the capacity tariff is, which does.
    needs_clock: ClassVar = False
    uses: ClassVar = (Capacity,)

    def __init__(self, settings: ConnectionSettings) -> None:
        """Start with nothing known."""
        super().__init__(settings)
        self._thermal = Thermal()
        self._peaks = ApparentPeaks()
        self._grants = [Grant() for _ in PHASES]
        self._has_l2 = False  # whether the meter has measured L2, where there is no neutral
        self._time: float | None = None  # of the latest telegram that could be dated, seconds since the epoch
        self._grid: Grid | None = None
        self._rating: float | None = None
        self._power: float | None = None
        self._rated_by: tuple[object, ...] = ()
        # What flowed since it was worked out: sums of currents in A, and of how many telegrams.
        self._sums = [0.0, 0.0, 0.0]
        self._count = 0
        self._total = 0.0  # A in all phases when it was worked out
        self._begin: datetime | None = None
        self._due: datetime | None = None

    @override
    @staticmethod
    def settings_of(options: Mapping[str, Any]) -> ConnectionSettings:
        """Return what the options of an entry say of the connection."""
        section = options.get(SECTION_CONNECTION, {})
        area = Capacity.settings_of(options).area
        return ConnectionSettings(
            breaker=breaker_of(options),
            charger=Charger(section.get(CONF_CHARGER, Charger.THREE_PHASES)),
            margin=Decimal(str(section.get(CONF_MARGIN, DEFAULT_MARGIN))),
            keeps_target=area is None or area.bills_peaks,
        )

    @override
    def feed(self, telegram: Telegram, *, counter_is_doubted: bool = False) -> ConnectionState | None:
        """Take a telegram; return what is known now, or None if the meter prints no current."""
        first, second, third = currents = currents_of(telegram)
        if first is None and second is None and third is None:
            self.state = None
            return None
        sums, time = self._sums, telegram.time
        sums[0] += first or 0.0
        sums[1] += second or 0.0
        sums[2] += third or 0.0
        self._count += 1
        total = (first or 0.0) + (second or 0.0) + (third or 0.0)
        if (
            -_STEP < total - self._total < _STEP
            and time is not None
            and self._begin is not None
            and self._due is not None
            and self._begin <= time < self._due
            # Else the meter's clock cannot be used.
            and self._used[Capacity].state is not None
            and self.state is not None
        ):
            return self.state
        self._total, self._begin = total, time
        self._due = None if time is None else time + timedelta(seconds=_EVERY - time.second % _EVERY)
        self.state = self._state_of(telegram, currents)
        self._sums, self._count = [0.0, 0.0, 0.0], 0
        return self.state

    def _state_of(self, telegram: Telegram, currents: Triple) -> ConnectionState:
        """Work out what is known."""
        self._grid = grid_of(telegram, self._grid)
        volts, currents = volts_of(telegram), self._measured(currents)
        self._rate(telegram)
        capacity, passed = self._date(telegram)
        available: tuple[Triple, Bound] | None = None
        if capacity is not None:
            means = [
                None if now is None else total / self._count for now, total in zip(currents, self._sums, strict=True)
            ]
            self._peaks.feed(
                self._time or 0.0, apparent_power(self._grid, volts, means), self.used(Capacity).ledger.month
            )
            if self._rating is not None:
                self._thermal.feed(means, passed, self._rating)
                available = self._available(telegram, capacity, volts, currents, passed)
        return ConnectionState(
            currents=currents,
            rating=self._rating,
            power=self._power,
            warning=self._thermal.warning if available else None,
            alarm=self._thermal.alarm if available else None,
            available=available[0] if available else NOTHING,
            bound=available[1] if available else None,
            peak=self._peaks.quarter,
            minute_peak=self._peaks.minute,
        )

    @override
    def is_urgent(self, before: ConnectionState) -> bool:
        """Tell whether a warning or an alarm came or went, or a charger has to reduce."""
        state = self.state
        return state is not None and (
            state.warning is not before.warning
            or state.alarm is not before.alarm
            or (_is_over(state) and not _is_over(before))
        )

    def _measured(self, currents: Triple) -> Triple:
        """Return the currents that are measured: without a neutral some meters measure L2, and others print 0.

        (e-MUCS P1 1.7.1, table 4, note 5)
        """
        first, second, third = currents
        if self._grid is not Grid.THREE_PHASE_230V or self._has_l2:
            return currents
        self._has_l2 = bool(second)
        return currents if self._has_l2 else (first, None, third)

    def _rate(self, telegram: Telegram) -> None:
        """Work out what each phase may carry, where something that decides it has changed."""
        registers, breaker = telegram.registers, self.settings.breaker
        decides = (registers.get(obis.LIMITER_THRESHOLD), registers.get(obis.FUSE_THRESHOLD), self._grid, breaker)
        if decides == self._rated_by:
            return
        self._rated_by = decides
        rating = rated_current(telegram, self._grid, breaker)
        self._rating = None if rating is None else float(rating)
        self._power = None if rating is None else float(connection_power(rating, self._grid))

    def _date(self, telegram: Telegram) -> tuple[CapacityState | None, float]:
        """Return the quarter that a telegram is in, and the seconds since the time before; None while that is unknown.

        The meter's clock has to be usable for that, which the capacity tariff waits for.
        """
        capacity, before = self.used(Capacity).state, self._time
        if telegram.time is None or capacity is None or capacity.demand.time != telegram.time:
            return None, 0.0
        self._time = time = telegram.time.timestamp()
        return capacity, 0.0 if before is None else time - before

    def _available(
        self, telegram: Telegram, capacity: CapacityState, volts: Triple, currents: Triple, passed: float
    ) -> tuple[Triple, Bound]:
        """Return what a charger may add to each phase, and what allows it no more."""
        rating, net = self._rating or 0.0, power_of(telegram)
        power = float(capacity.demand.power) if net is None else net
        rooms = [
            None if current is None else room_of_phase(rating, current, active)
            for current, active in zip(
                currents, active_currents(telegram, self._grid, power, volts, currents), strict=True
            )
        ]
        bound, most = Bound.BREAKER, min([room for room in rooms if room is not None], default=0.0)
        if self.settings.keeps_target:
            demand, target = capacity.demand, capacity.effective_target
            kilowatts = room_of_quarter(float(demand.so_far), float(demand.left), float(target), power)
            amperes = kilowatts / self._kilowatts_an_ampere(volts)
            bound = Bound.TARGET if amperes < most else bound
            rooms = [None if room is None else min(room, amperes) for room in rooms]
        margin = float(self.settings.margin)
        first, second, third = (
            None if room is None else grant.feed(max(room - margin, -2 * rating), passed)
            for room, grant in zip(rooms, self._grants, strict=True)
        )
        return (first, second, third), bound

    def _kilowatts_an_ampere(self, volts: Triple) -> float:
        """Return what an ampere of the charger is in kW."""
        volt = max([each for each in volts if each], default=_NOMINAL_VOLTS)
        is_delta = self._grid is Grid.THREE_PHASE_230V
        if is_delta and volts[1]:
            volt *= SQUARE_ROOT_OF_3  # printed to the star point
        if self.settings.charger is Charger.ONE_PHASE or self._grid is Grid.SINGLE_PHASE:
            return volt / _KILO
        return volt * (SQUARE_ROOT_OF_3 if is_delta else len(PHASES)) / _KILO

    @override
    def save(self) -> dict[str, Any]:
        """Return what a restart needs, in types of JSON."""
        return {
            "thermal": self._thermal.save(),
            "peaks": self._peaks.save(),
            "has_l2": self._has_l2,
            "time": self._time,
        }

    @override
    @classmethod
    def restore(cls, settings: ConnectionSettings, saved: Mapping[str, Any]) -> Self:
        """Return what was saved; nothing is granted to a charger yet."""
        connection = cls(settings)
        connection._thermal = Thermal.restore(saved["thermal"])
        connection._peaks = ApparentPeaks.restore(saved["peaks"])
        connection._has_l2 = bool(saved["has_l2"])
        connection._time = None if saved["time"] is None else float(saved["time"])
        return connection


def _is_over(state: ConnectionState) -> bool:
    """Tell whether a charger has to reduce."""
    available = state.available_current
    return available is not None and available <= _URGENT
