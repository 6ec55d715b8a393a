"""`python -m bench.day`: hours of a household through a real Home Assistant, and what its statistics make of them.

The clock of this process goes faster, so that a day takes minutes. Core, recorder, database and socket are real, and
telegrams come a little early or late, as over a network. The hourly statistics are compared with the telegrams.
"""

import argparse
import asyncio
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
import sys
import tempfile
import time
from typing import Any, Final

import freezegun
from pytest_homeassistant_custom_component import patch_time

# isort: split
# Only what is imported from here on has a clock that can be moved.
from homeassistant.components import usb
from homeassistant.components.recorder.statistics import StatisticsRow, statistics_during_period
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import get_instance

from custom_components.emucs.pace import MARK, until_mark
from virtual_meter import Said, VirtualMeter

from .instance import Job, entry_of, start
from .shown import COUNTERS, expected
from .soak import SteppedTcp

# Some of what it loads cannot be loaded while the clock is another one.
_LOADED: Final = (patch_time, usb)
_BEGIN: Final = datetime(2026, 1, 15, 5, 58, tzinfo=UTC)
_HOUR: Final = 3600
_KILO: Final = 1000
# When a telegram comes, in seconds after the one that the meter prints on the second.
_EARLIEST: Final = 0.1
_LATEST: Final = 0.6
_LATE: Final = 0.8
_TURNS: Final = 3
# Seconds before the end of a period of statistics, in which the clock goes on in such steps.
_CLOSE: Final = 5
_FINE: Final = 0.02
_ROUNDED: Final = 1e-5
_A_MOMENT: Final = 0.02
# The recorder makes the statistics of an hour ten seconds after its end.
_COMPILED: Final = 40
_MEAN_GOAL: Final = 5.0
_MEAN_SHARE_GOAL: Final = 0.005
_POWERS: Final = ("power", "power_import", "power_export", *(f"power_l{phase}" for phase in (1, 2, 3)))


@dataclass(slots=True)
class Series:
    """What the telegrams said of one sensor, each with the host's time at which it came; powers in W."""

    key: str
    times: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def at(self, moment: float) -> float:
        """Return the value of the last telegram before a moment."""
        return self.values[bisect_left(self.times, moment) - 1]

    def hour(self, begin: float) -> tuple[float, float, float]:
        """Return mean, minimum and maximum of an hour; a value holds until the next telegram."""
        first, last = bisect_left(self.times, begin), bisect_left(self.times, begin + _HOUR)
        edges = [begin, *self.times[first:last], begin + _HOUR]
        values = [self.at(begin), *self.values[first:last]]
        total = sum(value * (edges[index + 1] - edges[index]) for index, value in enumerate(values))
        return total / _HOUR, min(values), max(values)


@dataclass(slots=True)
class Day:
    """What was compared."""

    states: float = 0
    """An hour."""
    counters: int = 0
    """Changes of counters that were compared, of hours and of five minutes."""
    counter_error: float = 0.0
    """The worst, in kWh or m³."""
    mean_error: float = 0.0
    """The worst of an hourly mean of a power, in W."""
    extreme_error: float = 0.0
    """The worst of an hourly minimum or maximum of a power, in W."""
    wrong: list[str] = field(default_factory=list)

    def compare(
        self, series: Series, rows: Sequence[StatisticsRow], begins: Sequence[float], *, of_hours: bool
    ) -> None:
        """Compare the statistics of a sensor with its telegrams: of counters each period, of powers each hour."""
        found = {row["start"]: row for row in rows}
        for begin in begins:
            row = found.get(begin)
            if row is None:
                self.wrong.append(f"{series.key}: no statistics of {datetime.fromtimestamp(begin, UTC)}")
            elif series.key in COUNTERS:
                self._compare_counter(series, row, begin, begin + (_HOUR if of_hours else MARK))
            elif of_hours:
                self._compare_power(series, row, begin)

    def _compare_counter(self, series: Series, row: StatisticsRow, begin: float, end: float) -> None:
        counted = series.at(end) - series.at(begin)
        error = abs((row["change"] or 0) - counted)
        self.counters += 1
        self.counter_error = max(self.counter_error, error)
        # Floats of the database, and nothing else.
        if error > 1e-6:  # noqa: PLR2004
            self.wrong.append(
                f"{series.key}: {row['change']} instead of {counted}, {datetime.fromtimestamp(begin, UTC)}"
            )

    def _compare_power(self, series: Series, row: StatisticsRow, begin: float) -> None:
        mean, low, high = series.hour(begin)
        error = abs((row["mean"] or 0) - mean)
        self.mean_error = max(self.mean_error, error)
        self.extreme_error = max(self.extreme_error, abs((row["min"] or 0) - low), abs((row["max"] or 0) - high))
        if error > max(_MEAN_GOAL, _MEAN_SHARE_GOAL * abs(mean)):
            self.wrong.append(f"{series.key}: {row['mean']} W instead of {mean}, {datetime.fromtimestamp(begin, UTC)}")


class Life:
    """Lets a household live in front of a Home Assistant."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any], server: SteppedTcp, clock: Any, seed: int) -> None:
        """Take all that takes part."""
        self._hass = hass
        self._coordinator = entry.runtime_data
        self._server = server
        self._clock = clock
        self._random = Random(seed)  # noqa: S311 -- chance, and the same each time
        self._series = {key: Series(key) for key in (*_POWERS, *sorted(COUNTERS))}
        found = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        self._entities = {each.unique_id.partition("_")[2]: each.entity_id for each in found}
        self._watched = set(self._entities.values())
        self._states = 0

    async def run(self, hours: int, together: int) -> Day:
        """Live through so many whole hours, with so many telegrams at a time, and compare."""
        self._server.witness = self._note
        stop = self._hass.bus.async_listen(EVENT_STATE_CHANGED, self._count)
        second = int(time.time()) + 1
        begins = [float(second - second % _HOUR + _HOUR * number) for number in range(1, hours + 1)]
        began = second
        while second < begins[-1] + _HOUR + _COMPILED:
            await self._pass_to(second + self._random.uniform(_EARLIEST, _LATEST))
            for _ in range(together):
                await self._server.step()
                while self._coordinator.telegram.time != self._server.meter.time:  # noqa: ASYNC110 -- as fast as it goes
                    await asyncio.sleep(0)
            for passed in range(together):
                await self._pass_to(second + passed + _LATE)
            second += together
        stop()
        day = Day(states=self._states * _HOUR / (second - began))
        await self._hass.async_add_executor_job(get_instance(self._hass).block_till_done)
        await self._compare(day, begins)
        return day

    async def _pass_to(self, moment: float) -> None:
        """Let the clock go to a moment, in smaller steps where that matters, and what is due happen."""
        while moment - (now := time.time()) > _ROUNDED:
            step = _FINE if until_mark(moment) < _CLOSE else moment - now
            self._clock.move_to(datetime.fromtimestamp(min(now + step, moment), UTC))
            for _ in range(_TURNS):
                await asyncio.sleep(0)

    def _note(self, said: Said) -> None:
        """Take what the meter said."""
        now = time.time()
        for key, series in self._series.items():
            if isinstance(value := expected(key, said.truth), Decimal):
                series.times.append(now)
                series.values.append(float(value) * (_KILO if key in _POWERS else 1))

    @callback
    def _count(self, event: Event[EventStateChangedData]) -> None:
        """Count the states of the meter."""
        self._states += event.data["entity_id"] in self._watched

    async def _compare(self, day: Day, begins: Sequence[float]) -> None:
        """Compare all sensors that have statistics."""
        series = {self._entities[key]: each for key, each in self._series.items() if each.times}
        enabled = {entity_id for entity_id in series if self._hass.states.get(entity_id) is not None}
        marks = [begin + MARK * number for begin in begins for number in range(int(_HOUR / MARK))]
        for period, moments in (("hour", begins), ("5minute", marks)):
            rows = await get_instance(self._hass).async_add_executor_job(
                statistics_during_period,
                *(self._hass, _BEGIN, None, enabled, period, None, {"mean", "min", "max", "change"}),
            )
            for entity_id in sorted(enabled):
                day.compare(series[entity_id], rows.get(entity_id, []), moments, of_hours=period == "hour")


def _clock(moment: datetime, *, goes: bool) -> Any:
    """Return a clock that shows a moment, in threads too: one that goes, or one that stands still until it is moved."""
    freezegun.configure(default_ignore_list=[])
    return freezegun.freeze_time(moment, tick=goes)


async def live(hours: int, interval: float | None = None, seed: int = 1, together: int = 1) -> Day:
    """Live through so many hours with a Home Assistant of its own; so many telegrams come together."""
    # The link waits for a first telegram: seconds go by in which the meter is ahead of the host, as many are.
    with tempfile.TemporaryDirectory() as folder, _clock(_BEGIN, goes=True):
        hass = HomeAssistant(folder)
        async with SteppedTcp(VirtualMeter(seed=seed, start=_BEGIN)) as server:
            await start(hass, Path(folder))
            try:
                job = Job(integration="emucs", meters={}, interval=interval)
                entry = entry_of(job, server.meter.meter_id, server.url)
                adding = hass.async_create_task(hass.config_entries.async_add(entry))
                while not adding.done():
                    await server.step()
                    await asyncio.sleep(_A_MOMENT)
                if entry.state is not ConfigEntryState.LOADED:
                    raise RuntimeError(f"emucs could not be set up: {entry.reason}")
                # Set-up waits; from here on nothing depends on how fast this machine is.
                with _clock(datetime.now(UTC), goes=False) as clock:
                    return await Life(hass, entry, server, clock, seed).run(hours, together)
            finally:
                await hass.async_stop(force=True)


def report(day: Day) -> str:
    """Return what was compared, for people."""
    return "\n".join(
        (
            f"states        {day.states:.0f} an hour",
            f"counters      {day.counters} periods compared, at most {day.counter_error:.6f} off",
            f"power, mean   at most {day.mean_error:.1f} W off",
            f"power, range  at most {day.extreme_error:.0f} W off",
            *day.wrong,
        )
    )


def main() -> int:
    """Live, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.day", description=__doc__.partition("\n")[0])
    parser.add_argument("--hours", type=int, default=24, metavar="N", help="whole hours (24)")
    parser.add_argument("--interval", type=float, metavar="S", help="seconds between updates (adaptive)")
    parser.add_argument("--seed", type=int, default=1, help="which household (1)")
    parser.add_argument("--together", type=int, default=1, metavar="N", help="telegrams that come at a time (1)")
    options = parser.parse_args()
    day = asyncio.run(live(options.hours, options.interval, options.seed, options.together))
    print(report(day))  # noqa: T201 -- a command
    return 1 if day.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
