"""How much of the connection to the grid is left: by phase, by the heat of its breaker, and for a charger."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import sqrt
from typing import Any, ClassVar, Final, NamedTuple, Self, override

from ..port import Register, Telegram, obis
from .apparent import ApparentPeak, ApparentPeaks, apparent_power
from .base import Insight
from .capacity import Capacity, CapacityState
from .charging import Bound, Charger, Grant, room_of_phase, room_of_quarter
from .electricity import net_power
from .grid import SECTION_CONNECTION, Grid, breaker_of, connection_power, grid_of, rated_current
from .thermal import Thermal

CONF_CHARGER: Final = "charger"
CONF_MARGIN: Final = "margin"
DEFAULT_MARGIN: Final = 1
"""A."""

_PHASES: Final = tuple(obis.PHASE_GROUP)
_CODES: Final = [
    (obis.current(phase), obis.voltage(phase), obis.import_power(phase), obis.export_power(phase)) for phase in _PHASES
]
# No connection that a user port is on has more: what is printed beyond it is no current, and no voltage.
_MOST_AMPERES: Final = 10_000.0
_MOST_VOLTS: Final = 100_000.0
_NOMINAL_VOLTS: Final = 230.0
_SQUARE_ROOT_OF_3: Final = sqrt(3)
_QUARTER: Final = 900.0
_KILO: Final = 1000.0
# kW by which the powers of the phases may differ from that of all together. Some meters print 0 for each.
_TOLERANCE: Final = 0.1
# What a charger changes its current by, in A: a smaller excess can wait.
_STEP: Final = 1.0

type Amperes = tuple[float | None, float | None, float | None]
"""Currents in A of L1, L2 and L3; None where there is none, or it is not known."""


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
    """What is known at one moment. Currents in A, powers in kVA; without a known breaker only the peaks are."""

    grid: Grid | None
    currents: Amperes
    rating: float | None
    """What each phase may carry."""
    power: float | None
    """What that is in all."""
    warning: bool | None
    alarm: bool | None
    available: Amperes
    """What a charger may add to each phase; below zero: has to leave. None while the meter's clock cannot be used."""
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
        """Return what a charger may add to all phases; that of one phase too, as it is not known which one it is on."""
        return min([current for current in self.available if current is not None], default=None)


class _Phases(NamedTuple):
    """What a telegram says of the phases."""

    currents: Amperes
    volts: Amperes
    powers: Amperes
    """kW, positive where it is imported."""


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
        self._grants = [Grant() for _ in _PHASES]
        self._has_l2 = False  # whether the meter has measured L2, where there is no neutral
        self._time: float | None = None  # of the latest telegram that could be dated
        self._grid: Grid | None = None
        self._rating: float | None = None
        self._power: float | None = None
        self._rated_by: tuple[object, ...] = ()

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
        self._grid = grid_of(telegram, self._grid)
        phases = self._phases_of(telegram)
        if phases is None:
            self.state = None
            return None
        self._rate(telegram)
        capacity, passed = self._date(telegram)
        available: tuple[Amperes, Bound] | None = None
        if capacity is not None:
            apparent = apparent_power(self._grid, phases.volts, phases.currents)
            self._peaks.feed(self._time or 0.0, apparent, self.used(Capacity).ledger.month)
            if self._rating is not None:
                self._thermal.feed(phases.currents, passed, self._rating)
                available = self._available(phases, telegram, capacity, passed)
        self.state = ConnectionState(
            grid=self._grid,
            currents=phases.currents,
            rating=self._rating,
            power=self._power,
            warning=self._thermal.warning if available else None,
            alarm=self._thermal.alarm if available else None,
            available=available[0] if available else (None, None, None),
            bound=available[1] if available else None,
            peak=self._peaks.quarter,
            minute_peak=self._peaks.minute,
        )
        return self.state

    @override
    def is_urgent(self, before: ConnectionState) -> bool:
        """Tell whether a warning or an alarm came or went, or a charger has to reduce."""
        state = self.state
        return state is not None and (
            state.warning is not before.warning
            or state.alarm is not before.alarm
            or (_is_over(state) > _is_over(before))
        )

    def _phases_of(self, telegram: Telegram) -> _Phases | None:
        """Return what a telegram says of the phases; None where it prints no current."""
        registers = telegram.registers
        currents, volts, powers = [], [], []
        for current, volt, import_power, export_power in _CODES:
            currents.append(_number(registers.get(current), "A", _MOST_AMPERES))
            volts.append(_number(registers.get(volt), "V", _MOST_VOLTS))
            imported = _number(registers.get(import_power), "kW", _MOST_VOLTS)
            exported = _number(registers.get(export_power), "kW", _MOST_VOLTS)
            powers.append(None if imported is None and exported is None else (imported or 0.0) - (exported or 0.0))
        if self._grid is Grid.THREE_PHASE_230V and not self._has_l2:
            # Some meters measure what flows in L2 there, others print 0 (e-MUCS P1 1.7.1, table 4, note 5).
            self._has_l2 = bool(currents[1])
            if not self._has_l2:
                currents[1] = None
        if all(current is None for current in currents):
            return None
        return _Phases(*((first, second, third) for first, second, third in (currents, volts, powers)))

    def _rate(self, telegram: Telegram) -> None:
        """Work out what each phase may carry, where something that decides it has changed."""
        registers = telegram.registers
        decides = (
            registers.get(obis.LIMITER_THRESHOLD),
            registers.get(obis.FUSE_THRESHOLD),
            self._grid,
            self.settings.breaker,
        )
        if decides == self._rated_by:
            return
        self._rated_by = decides
        rating = rated_current(telegram, self._grid, self.settings.breaker)
        self._rating = None if rating is None else float(rating)
        self._power = None if rating is None else float(connection_power(rating, self._grid))

    def _date(self, telegram: Telegram) -> tuple[CapacityState | None, float]:
        """Return the quarter that a telegram is in, and the seconds since the one before; None while that is unknown.

        The meter's clock has to be usable for that, which the capacity tariff waits for.
        """
        capacity, before = self.used(Capacity).state, self._time
        if telegram.time is None or capacity is None or capacity.demand.time != telegram.time:
            return None, 0.0
        self._time = time = telegram.time.timestamp()
        return capacity, 0.0 if before is None else time - before

    def _available(
        self, phases: _Phases, telegram: Telegram, capacity: CapacityState, passed: float
    ) -> tuple[Amperes, Bound]:
        """Return what a charger may add to each phase, and what allows it no more."""
        rating, net = self._rating or 0.0, net_power(telegram)
        power = float(capacity.demand.power if net is None else net)
        rooms = [
            None if current is None else room_of_phase(rating, current, active)
            for current, active in zip(phases.currents, self._active(phases, power), strict=True)
        ]
        most = min([room for room in rooms if room is not None], default=0.0)
        bound = Bound.BREAKER
        if self.settings.keeps_target:
            left = _QUARTER - (self._time or 0.0) % _QUARTER
            kilowatts = room_of_quarter(float(capacity.demand.so_far), left, float(capacity.effective_target), power)
            amperes = kilowatts / self._kilowatts_an_ampere(phases.volts)
            bound = Bound.TARGET if amperes < most else bound
            rooms = [None if room is None else min(room, amperes) for room in rooms]
        margin = float(self.settings.margin)
        first, second, third = (
            None if room is None else grant.feed(max(room - margin, -2 * rating), passed)
            for room, grant in zip(rooms, self._grants, strict=True)
        )
        return (first, second, third), bound

    def _active(self, phases: _Phases, power: float) -> Amperes:
        """Return the active part of each current in A, positive where it is imported; None where it is not known.

        `power`: that of all phases in kW, imported less exported.
        """
        powers = phases.powers
        if self._grid is Grid.SINGLE_PHASE:
            powers = (power, None, None)
        known = [each for each in powers if each is not None]
        # Without a neutral, what the meter prints of phases is of its two wattmeters.
        if self._grid in (None, Grid.THREE_PHASE_230V) or abs(sum(known) - power) > _TOLERANCE:
            return None, None, None
        first, second, third = map(_active_current, powers, phases.volts, phases.currents, strict=True)
        return first, second, third

    def _kilowatts_an_ampere(self, volts: Amperes) -> float:
        """Return what an ampere of the charger is in kW."""
        volt = max([each for each in volts if each], default=_NOMINAL_VOLTS)
        is_delta = self._grid is Grid.THREE_PHASE_230V
        if is_delta and volts[1]:
            volt *= _SQUARE_ROOT_OF_3  # printed to the star point
        if self.settings.charger is Charger.ONE_PHASE or self._grid is Grid.SINGLE_PHASE:
            return volt / _KILO
        return volt * (_SQUARE_ROOT_OF_3 if is_delta else len(_PHASES)) / _KILO

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


def _number(register: Register | None, unit: str, most: float) -> float | None:
    """Return the number of a register in a unit; None where there is none, or one that is none of a connection.

    What follows from it is no register: it needs no more digits than a float has.
    """
    if register is None or (number := register.number_in(unit)) is None:
        return None
    value = abs(float(number))
    return value if value <= most else None


def _active_current(power: float | None, volt: float | None, current: float | None) -> float | None:
    """Return the active part of the current of a phase of a power in kW; no more is exported than flows."""
    if power is None or not volt or current is None:
        return None
    return max(power * _KILO / volt, -current)


def _is_over(state: ConnectionState) -> bool:
    """Tell whether a charger has to reduce, by as much as it can."""
    available = state.available_current
    return available is not None and available <= -_STEP
