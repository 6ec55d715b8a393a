"""A virtual household whose past is known hour by hour."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from virtual_meter import HourOfHistory, Truth, VirtualMeter, hourly_history

from .logger import Logger

type Key = tuple[str, str]
"""Identifier of a meter, and key of its entity."""

PAST: Final = timedelta(days=30)
HOUR: Final = timedelta(hours=1)
PROFILE: Final = "1.7.1"
# A seed that nobody would give to `python -m virtual_meter`: the same seed is the same meter.
SEED: Final = 824_231
COARSE: Final = 60
"""Seconds per step while nobody reads the meter."""
SOCKET_CAR: Final = 2300
"""What a car takes from a socket, in W: it makes month peaks of about 4 to 6 kW."""
SOLAR: Final = "solar"
"""The inverter, as a meter in keys."""


@dataclass(frozen=True)
class Spread:
    """How a power (W) or a flow (m³/h) behaved in an hour; None is not known."""

    mean: float
    min: float | None = None
    max: float | None = None


@dataclass(frozen=True)
class Hour:
    """One hour of the past."""

    start: datetime
    counters: Mapping[Key, float]
    """kWh or m³ at the end of the hour."""
    rates: Mapping[Key, Spread]


class Household:
    """A three-phase house with solar panels, a car that charges from a socket, gas and water."""

    def __init__(self, born: datetime, *, ev: bool = True) -> None:
        """Begin the simulation, with the car or without."""
        self.meter = VirtualMeter(PROFILE, SEED, born, heat_pump=False, ev=ev and SOCKET_CAR)
        self.logger = Logger(self.meter)
        self.zero = self.registers

    @property
    def registers(self) -> dict[Key, float]:
        """Return the counters, kWh or m³, by meter and entity key."""
        return self._counters(self.meter.truth)

    def live_until(self, end: datetime, look: Callable[[VirtualMeter], None] = lambda _: None) -> list[Hour]:
        """Simulate up to a moment, and return the hours that ended meanwhile; `look` is shown the meter each minute."""
        hours: list[Hour] = []
        begun = hour_of(self.meter.time)
        if begun < self.meter.time and begun + HOUR <= end:
            # Somebody read the meter at the beginning of this hour, and knows its power from that.
            self.advance_to(begun + HOUR, COARSE)
            hours.append(Hour(begun, self.registers, {}))
        before: Mapping[Key, float] = self.registers
        for hour in hourly_history(self.meter, end, COARSE, look):
            hours.append(self._hour(before, hour))
            before = hours[-1].counters
        return hours

    def advance_to(self, end: datetime, step: int) -> None:
        """Simulate up to a moment, in steps of so many seconds."""
        self.meter.advance(max(0, round((end - self.meter.time).total_seconds())), step)

    def _hour(self, before: Mapping[Key, float], hour: HourOfHistory) -> Hour:
        """Return what the sensors would have shown of an hour."""
        taken, given = hour.power_import, hour.power_export
        net = (taken.mean - given.mean, -given.maximum or taken.minimum, taken.maximum or -given.minimum)
        rates = {(self.meter.meter_id, "power"): Spread(*(float(value * 1000) for value in net))}
        counters = self._counters(hour.truth)
        for device, key in counters:
            if key in ("gas", "water"):
                rates[device, "flow"] = Spread(round(counters[device, key] - before[device, key], 3))
        made = counters[SOLAR, "solar_energy"] - before[SOLAR, "solar_energy"]
        rates[SOLAR, "solar_power"] = Spread(round(made * 1000, 1))
        return Hour(hour.start, counters, rates)

    def _counters(self, truth: Truth) -> dict[Key, float]:
        """Return the counters that are entities."""
        meter = self.meter.meter_id
        counters = {
            (meter, "energy_import"): truth.import_1 + truth.import_2,
            (meter, "energy_import_tariff_1"): truth.import_1,
            (meter, "energy_import_tariff_2"): truth.import_2,
            (meter, "energy_export"): truth.export_1 + truth.export_2,
            (meter, "energy_export_tariff_1"): truth.export_1,
            (meter, "energy_export_tariff_2"): truth.export_2,
        }
        if self.meter.gas_id and truth.gas:
            counters[self.meter.gas_id, "gas"] = truth.gas.value
        if self.meter.water_id and truth.water:
            counters[self.meter.water_id, "water"] = truth.water.value
        registers = {key: float(value) for key, value in counters.items()}
        # The logger is no register of the meter, but as exact: it counts at each step.
        return registers | {(SOLAR, "solar_energy"): self.logger.solar_energy}


def hour_of(moment: datetime) -> datetime:
    """Return the start of the hour that a moment is in."""
    return moment.replace(minute=0, second=0, microsecond=0)
