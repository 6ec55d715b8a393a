"""The large things in the house that make or take power, each with a limit that can be set from outside."""

from abc import ABC, abstractmethod
from random import Random
from typing import override

from .clock import day_start, next_day_start, stamp
from .weather import Weather

_JOULES_PER_KWH = 3_600_000
_INDOOR = 19.5
_NIGHT = frozenset((21, 22, 23, 0, 1, 2, 3))  # hours UTC
_DARK = 8  # W/m² at which an inverter goes to sleep
_COMES_HOME_EMPTY = 0.45  # on how many evenings the car charges


# °C below which gas heats for less than a heat pump does, as an installer sets it.
HYBRID_SWITCH = 4.0


class Load(ABC):
    """Something that takes power (or, below zero, makes it), spread evenly over some branches of the supply."""

    __slots__ = ("branches", "limit_w", "power")

    def __init__(self, *branches: int) -> None:
        """Connect it to these branches."""
        self.branches = branches
        self.limit_w: int | None = None  # the most it may take or make, in watts; None is no limit
        self.power = 0  # mW

    @abstractmethod
    def run(self, t: int, seconds: int) -> None:
        """Decide `power` in mW for the `seconds` that end at `t`."""

    def _allowed(self, watts: float) -> float:
        return watts if self.limit_w is None else min(watts, self.limit_w)


class Pv(Load):
    """Solar panels with one inverter."""

    __slots__ = ("_inverter_w", "_square_metres", "_weather")

    def __init__(self, weather: Weather, *branches: int) -> None:
        """Put 5.2 kWp on the roof, behind an inverter of 4.6 kW."""
        super().__init__(*branches)
        self._weather = weather
        self._square_metres = 5.2 * 0.88
        self._inverter_w = 4600.0

    @override
    def run(self, t: int, seconds: int) -> None:
        sun = self._weather.irradiance(t)
        watts = min(self._square_metres * sun, self._inverter_w) if sun > _DARK else 0.0
        self.power = -int(self._allowed(watts) * 1000)


class Ev(Load):
    """A car that comes home on some evenings and charges until it is full or leaves."""

    __slots__ = ("_arrives", "_battery_j", "_leaves", "_min_w", "_next_plan", "_seed", "max_w")

    def __init__(self, seed: int, start: int, *branches: int, max_w: int | None = None) -> None:
        """Plug it in: unless told otherwise, 16 A on three phases (11 kW), or 32 A on one (7.4 kW)."""
        super().__init__(*branches)
        self._seed = seed
        self.max_w = max_w or (11_040 if len(branches) > 1 else 7_360)
        # A charge point cannot offer less than 6 A (IEC 61851-1).
        self._min_w = 230 * 6 * len(branches)
        self._arrives = self._leaves = 0
        self._battery_j = 0.0
        self._next_plan = 0
        self._plan(day_start(day_start(start) - 1))
        if start >= self._next_plan:
            self._plan(day_start(start))
        # What it took since it came home, before the simulation began.
        self._battery_j -= self.max_w * max(0, start - self._arrives)

    @property
    def plugged_in(self) -> bool:
        """Tell whether the car takes, or waits to take, energy."""
        return self._battery_j > 0

    def _plan(self, midnight: int) -> None:
        rng = Random(f"{self._seed}/ev/{stamp(midnight)}")
        if rng.random() < _COMES_HOME_EMPTY:
            self._arrives = midnight + int(rng.gauss(18.6, 0.8) * 3600)
            self._leaves = next_day_start(midnight) + int(rng.gauss(7.3, 0.3) * 3600)
            self._battery_j = rng.uniform(8, 38) * _JOULES_PER_KWH
        # Tomorrow is planned at noon, when tonight's car has left.
        self._next_plan = next_day_start(midnight) + 12 * 3600

    @override
    def run(self, t: int, seconds: int) -> None:
        if t >= self._next_plan:
            self._plan(day_start(t))
        self.power = 0
        if not self._arrives <= t < self._leaves or self._battery_j <= 0:
            return
        watts = min(self._allowed(self.max_w), self._battery_j / seconds)
        if self._allowed(self.max_w) >= self._min_w:
            self.power = int(watts * 1000)
            self._battery_j -= watts * seconds


class Heating:
    """How much heat the house still needs."""

    __slots__ = ("_loss_w_per_k", "deficit_j", "weather")

    def __init__(self, weather: Weather, seed: int) -> None:
        """Build a house that loses 180 to 260 W per degree."""
        rng = Random(f"{seed}/heating")
        self.weather = weather
        self._loss_w_per_k = rng.uniform(180, 260)
        self.deficit_j = rng.uniform(-1, 1) * 1.5 * _JOULES_PER_KWH

    def lose(self, t: int, seconds: int) -> None:
        """Cool down for the `seconds` that end at `t`; sun and people warm by three degrees, at night less is asked."""
        asked = _INDOOR - (5.0 if (t // 3600) % 24 in _NIGHT else 3.0)
        loss_w = max(0.0, self._loss_w_per_k * (asked - self.weather.temperature(t)))
        # Held back for long, a house ends up cold; it does not owe heat for ever.
        self.deficit_j = min(self.deficit_j + loss_w * seconds, 30.0 * _JOULES_PER_KWH)

    def asked(self, *, on: bool) -> bool:
        """Tell whether a heater that is `on` or off should be on, as a thermostat would."""
        return self.deficit_j > (-1.5 if on else 1.5) * _JOULES_PER_KWH


class HeatPump(Load):
    """An air-to-water heat pump that modulates down to a minimum and then switches."""

    __slots__ = ("_coldest", "_heating", "_max_w", "_min_w", "_on")

    def __init__(self, heating: Heating, *branches: int, hybrid: bool) -> None:
        """Take between 550 and 2600 W from the supply; a hybrid one leaves the cold days to a boiler."""
        super().__init__(*branches)
        self._coldest = HYBRID_SWITCH if hybrid else -50.0
        self._heating = heating
        self._min_w = 550.0
        self._max_w = 2600.0
        self._on = False

    @override
    def run(self, t: int, seconds: int) -> None:
        heating = self._heating
        outside = heating.weather.temperature(t)
        self._on = outside >= self._coldest and heating.asked(on=self._on)
        self.power = 0
        if not self._on:
            return
        cop = min(5.2, max(2.2, 3.3 + 0.09 * outside))
        # Half the missing heat within the hour, so that it settles near what the house loses.
        wanted = self._min_w + max(0.0, heating.deficit_j + _JOULES_PER_KWH) / 7200 / cop
        watts = self._allowed(min(self._max_w, wanted))
        if watts >= self._min_w:
            self.power = int(watts * 1000)
            heating.deficit_j -= watts * cop * seconds


class Boiler:
    """A gas boiler: heating, and hot water while a tap runs."""

    __slots__ = ("_heating", "_on", "_warmest", "flow")

    # kJ per litre of gas (11.3 kWh/m³, 92 % of it used), and per litre of water warmed by 45 degrees.
    _GAS = 37.4
    _WATER = 188.0

    def __init__(self, heating: Heating, *, hybrid: bool) -> None:
        """Feed this heating; a hybrid one only on cold days, when the heat pump rests."""
        self._heating = heating
        self._warmest = HYBRID_SWITCH if hybrid else 50.0
        self._on = False
        self.flow = 0  # ml/s of gas

    def run(self, t: int, seconds: int, hot_water: int) -> None:
        """Decide `flow` in ml/s for the `seconds` that end at `t`, given the hot water that runs in ml/s."""
        heat_w = hot_water * self._WATER
        if not hot_water:
            outside = self._heating.weather.temperature(t)
            self._on = outside < self._warmest and self._heating.asked(on=self._on)
            if self._on:
                heat_w = min(20_000.0, max(5_000.0, 4_000 + self._heating.deficit_j / 1800))
                self._heating.deficit_j -= heat_w * seconds
        self.flow = int(heat_w / self._GAS)
