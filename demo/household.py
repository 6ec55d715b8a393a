"""The virtual household, whose life goes on from one start of the demo to the next."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from virtual_meter import HourOfHistory, Truth, VirtualMeter, hourly_history

from .history import Hour, Key, Spread
from .state import State

PAST = timedelta(days=30)
HOUR = timedelta(hours=1)
PROFILE, SEED = "1.7.1", 1
COARSE, FINE = 60, 1  # seconds a step: while nobody looks, and as the server of the meter does


class HouseholdChangedError(Exception):
    """The simulation is not the one that lived here before: its registers would jump."""


class Household:
    """A three-phase house with solar panels, an electric car, gas and water.

    A household repeats itself to the last watt when it takes the same steps. So its past is not kept: only when
    somebody looked is, for a register must never be seen to run backwards.
    """

    def __init__(self, state: State, *, ev: bool = True) -> None:
        """Take up the life that a state folder knows of, or begin one 30 days ago; with a car, or without."""
        self._state = state
        if state.born is None:
            state.born = _hour_of(datetime.now(UTC)) - PAST
            state.save()
        self.meter = VirtualMeter(PROFILE, SEED, state.born, heat_pump=False, ev=ev)
        self.zero = self.registers
        self.hours: list[Hour] = []
        self._live_from = self.meter.time

    @property
    def registers(self) -> dict[Key, float]:
        """What the counters are now, kWh or m³, by meter and entity key."""
        return self._counters(self.meter.truth)

    async def catch_up(self) -> None:
        """Live until this moment; `hours` then are those that Home Assistant does not know of.

        HouseholdChangedError when it cannot repeat what was seen of it.
        """
        self.hours = await asyncio.to_thread(self._catch_up)
        self._live_from = self.meter.time

    def told(self) -> None:
        """Forget the hours, because Home Assistant knows them now."""
        self.hours.clear()
        self._state.looked = [times for times in self._state.looked if times[0] != self._live_from]
        self._state.looked.append((self._live_from, self.meter.time))
        self.note_the_time()

    def note_the_time(self) -> None:
        """Remember that somebody looked until now."""
        looked = self._state.looked
        # A start that did not come as far as telling the past leaves the past to the next start.
        if looked and looked[-1][0] == self._live_from:
            looked[-1] = (self._live_from, self.meter.time)
            self._state.seen = list(self.registers.values())
            self._state.save()

    def _catch_up(self) -> list[Hour]:
        for begin, end in self._state.looked:
            self._pass_until(begin)
            self._advance_to(end, FINE)
        if self._state.looked and self._state.seen != list(self.registers.values()):
            raise HouseholdChangedError
        return self._pass_until(datetime.now(UTC))

    def _pass_until(self, end: datetime) -> list[Hour]:
        """Let time pass unseen, and return the hours that ended meanwhile."""
        hours: list[Hour] = []
        begun = _hour_of(self.meter.time)
        if begun < self.meter.time and begun + HOUR <= end:
            # Home Assistant saw the beginning of this hour, and will have its power from that.
            self._advance_to(begun + HOUR, COARSE)
            hours.append(Hour(begun, self.registers, {}))
        before: Mapping[Key, float] = self.registers
        for hour in hourly_history(self.meter, end, COARSE):
            hours.append(self._hour(before, hour))
            before = hours[-1].counters
        return hours

    def _advance_to(self, end: datetime, step: int) -> None:
        self.meter.advance(max(0, round((end - self.meter.time).total_seconds())), step)

    def _hour(self, before: Mapping[Key, float], hour: HourOfHistory) -> Hour:
        """Say of an hour what the sensors would have said."""
        taken, given = hour.power_import, hour.power_export
        net = (taken.mean - given.mean, -given.maximum or taken.minimum, taken.maximum or -given.minimum)
        rates = {(self.meter.meter_id, "power"): Spread(*(float(value * 1000) for value in net))}
        counters = self._counters(hour.truth)
        for device, key in counters:
            if key in ("gas", "water"):
                rates[device, "flow"] = Spread(round(counters[device, key] - before[device, key], 3))
        return Hour(hour.start, counters, rates)

    def _counters(self, truth: Truth) -> dict[Key, float]:
        """Return what a truth says of the counters that are entities."""
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
        return {key: float(value) for key, value in counters.items()}


def _hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
