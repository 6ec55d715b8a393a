"""`python -m bench.significance`: what adaptive updates cost and bring, with other numbers beside those in use.

Days of a virtual household go second by second through the pipeline and the rows that users run, and so does any file
with the telegrams of a meter. What is shown is compared with what the telegrams said. Nothing of Home Assistant runs,
so that an hour takes seconds.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
import sys
from typing import Final, cast

from homeassistant.components.sensor import SensorDeviceClass

from custom_components.emucs.coordinator import MeterCoordinator
from custom_components.emucs.entities import rows_of
from custom_components.emucs.entities.rows import SensorRow
from custom_components.emucs.insight.meter import MeterInsights
from custom_components.emucs.pace import may_be_last
from custom_components.emucs.port import Reader, Telegram
from custom_components.emucs.significance import BURST, Gate, Step
from custom_components.emucs.updates import REFRESH_EVERY
from virtual_meter import VirtualMeter

from . import report
from .measure import number, percentile

_DAYS: Final = tuple(datetime(2026, *day, 10, tzinfo=UTC) for day in ((1, 15), (4, 20), (7, 4)))
_HOURS: Final = 8
_BEGIN: Final = "<!-- python -m bench.significance writes from here -->"
_END: Final = "<!-- python -m bench.significance writes to here -->"
_HEAD: Final = (
    "Policy",
    "States an hour",
    "Hourly mean off by",
    "Minimum, maximum off by",
    "Steps of 100 W at once",
    "99 of 100 steps after",
)
_HOUR: Final = 3600
_KILO: Final = 1000
_UNLIMITED: Final = 1_000_000
_NOTABLE_STEP: Final = Decimal("0.1")
"""kW that a power changes from one telegram to the next where it is looked at how long it takes to be shown."""
# kW: nearer than this to what the telegrams say, a step is shown.
_SHOWN: Final = Decimal("0.05")


def is_power(row: SensorRow) -> bool:
    """Tell whether a row shows what is drawn or delivered at this moment."""
    return row.device_class is SensorDeviceClass.POWER and row.key.startswith("power")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """When values are shown; what is not said is as rows have it."""

    name: str
    power: Step | None = None
    """In kW."""
    pace: float | None = None
    """Of powers, in seconds."""
    burst: int = BURST
    every: float | None = None
    """Seconds between two updates of everything, instead of all others."""

    def gate(self, row: SensorRow) -> Gate:
        """Return what decides what is shown of a row."""
        if self.every is not None:
            return Gate(None, self.every, _UNLIMITED)
        if is_power(row):
            row = replace(row, step=self.power or row.step, pace=self.pace or row.pace)
        return row.gate(self.burst)


def _watts(least: int, share: str = "0", most: str = "Infinity") -> Step:
    """Return a step of a power in kW."""
    return Step(Decimal(least).scaleb(-3), Decimal(share), Decimal(most).scaleb(-3))


POLICIES: Final = (
    Policy(name="everything, every second", every=1),
    Policy(name="everything, every 5 s", every=5),
    Policy(name="everything, every 30 s", every=30),
    Policy(name="in use: 5 %, but 40 to 100 W, else after 30 s; bursts of 8"),
    Policy(name="20 W or 5 %", power=_watts(20, "0.05")),
    Policy(name="5 %, but 20 to 100 W", power=_watts(20, "0.05", "100")),
    Policy(name="5 %, but 75 to 100 W", power=_watts(75, "0.05", "100")),
    Policy(name="10 %, but 50 to 100 W", power=_watts(50, "0.1", "100")),
    Policy(name="100 W", power=_watts(100)),
    Policy(name="else after 15 s", pace=15),
    Policy(name="else after 60 s", pace=60),
    Policy(name="bursts of 2", burst=2),
    Policy(name="bursts of 16", burst=16),
)


class House:
    """What rows read of a meter, without Home Assistant."""

    def __init__(self, telegram: Telegram) -> None:
        """Take the first telegram."""
        self.identifier = telegram.meter_id or telegram.identification
        self.insights = MeterInsights(self.identifier, {})
        self.register_rows: dict[str, SensorRow] = {}
        self.telegram = telegram
        self._refresh_due = datetime.min.replace(tzinfo=UTC)

    def feed(self, telegram: Telegram, host_time: datetime) -> bool:
        """Take a telegram; tell whether all that changed is shown."""
        update = self.insights.feed(telegram, host_time)
        self.telegram = update.telegram
        if update.is_urgent or host_time >= self._refresh_due:
            self.insights.refresh()
            self._refresh_due = host_time + timedelta(seconds=REFRESH_EVERY)
        return update.is_urgent

    @property
    def coordinator(self) -> MeterCoordinator:
        """Return it as rows expect it: they read nothing else."""
        return cast("MeterCoordinator", self)

    def rows(self) -> list[SensorRow]:
        """Return the sensors that a user has by default, but for those of the port."""
        return [
            row
            for row in rows_of(self.coordinator, SensorRow)
            if row.entity_registry_enabled_default and not row.is_always_available and row.exists(self.coordinator)
        ]


@dataclass(slots=True)
class Shown:
    """What one policy makes of one sensor."""

    row: SensorRow
    gate: Gate
    states: int = 0
    delays: list[int] = field(default_factory=list)
    """Seconds from each notable step of a power to the state that shows it."""
    errors: list[float] = field(default_factory=list)
    """By how much the mean of each hour was off, in W."""
    extremes: list[float] = field(default_factory=list)
    """By how much the minimum and the maximum of each hour were off, in W."""
    _stepped: int | None = None
    _sums: list[float] = field(default_factory=lambda: [0.0, 0.0])
    _true: list[float] = field(default_factory=list)
    _told: list[float] = field(default_factory=list)

    def take(
        self, value: object, before: object, second: int, passed: int, *, every_change: bool, closes: bool
    ) -> None:
        """Take a value, that of the telegram before, and how many seconds ago that was."""
        gate = self.gate
        passes = gate.lets_pass(value, second, every_change=every_change)
        if passes or (closes and self.row.is_counter and gate.lets_close(value, second)):
            self.states += 1
        if isinstance(value, Decimal) and is_power(self.row):
            self._follow(value, before, second, passed)

    def _follow(self, value: Decimal, before: object, second: int, passed: int) -> None:
        """Compare a power with what is shown."""
        shown = self.gate.value
        if not isinstance(shown, Decimal):
            return
        if isinstance(before, Decimal) and abs(value - before) >= _NOTABLE_STEP and self._stepped is None:
            self._stepped = second
        if self._stepped is not None and abs(value - shown) < _SHOWN:
            self.delays.append(second - self._stepped)
            self._stepped = None
        true, told = float(value) * _KILO, float(shown) * _KILO
        self._sums[0] += true * passed
        self._sums[1] += told * passed
        self._true = [min(true, *self._true[:1]), max(true, *self._true[1:])] if self._true else [true, true]
        self._told = [min(told, *self._told[:1]), max(told, *self._told[1:])] if self._told else [told, told]

    def end_hour(self, seconds: int = _HOUR) -> None:
        """Note how far the statistics of an hour are off."""
        if self._true:
            self.errors.append(abs(self._sums[0] - self._sums[1]) / seconds)
            self.extremes += [abs(true - told) for true, told in zip(self._true, self._told, strict=True)]
        self._sums, self._true, self._told = [0.0, 0.0], [], []


@dataclass(slots=True)
class Outcome:
    """What a policy came to."""

    policy: Policy
    hours: float
    shown: list[Shown]

    def line(self) -> list[str]:
        """Return it as cells of a table."""
        powers = [each for each in self.shown if each.errors]
        delays = [delay for each in powers for delay in each.delays]
        at_once = f"{sum(delay == 0 for delay in delays) / len(delays):.1%}" if delays else ""
        return [
            self.policy.name,
            number(sum(each.states for each in self.shown) / self.hours),
            f"{number(max((error for each in powers for error in each.errors), default=0))} W",
            f"{number(max((error for each in powers for error in each.extremes), default=0))} W",
            at_once,
            f"{percentile(delays, 0.99)} s" if delays else "",
        ]


def measure(telegrams: Iterator[Telegram], policies: Sequence[Policy]) -> list[Outcome]:
    """Let telegrams with their times pass through rows and policies."""
    house = House(first := next(telegrams))
    begin = first.time or _DAYS[0]
    house.feed(first, begin)
    rows = house.rows()
    everything = [[Shown(row, policy.gate(row)) for policy in policies] for row in rows]
    befores: list[object] = [None] * len(rows)
    second = hour_began = 0
    for telegram in telegrams:
        host_time = telegram.time or begin
        before, second = second, (host_time - begin) // timedelta(seconds=1)
        every_change = house.feed(telegram, host_time)
        closes = may_be_last(host_time.timestamp(), second - before)
        for index, row in enumerate(rows):
            value = row.value(house.coordinator)
            for shown in everything[index]:
                shown.take(value, befores[index], second, second - before, every_change=every_change, closes=closes)
            befores[index] = value
        if second - hour_began >= _HOUR:
            _end_hour(everything, second - hour_began)
            hour_began = second
    if second > hour_began:
        _end_hour(everything, second - hour_began)
    return [Outcome(policy, second / _HOUR, [row[at] for row in everything]) for at, policy in enumerate(policies)]


def _end_hour(everything: list[list[Shown]], seconds: int) -> None:
    """End an hour, or what there is of the last one."""
    for shown in (each for row in everything for each in row):
        shown.end_hour(seconds)


def household(begin: datetime, hours: int) -> Iterator[Telegram]:
    """Yield the telegrams of a household with solar panels, a car and a heat pump."""
    meter, reader = VirtualMeter("1.7.1", 1, begin, history_months=3), Reader()
    for _ in range(hours * _HOUR + 1):
        meter.advance(1)
        yield from reader.feed(meter.telegram())


def table(outcomes: Sequence[Outcome]) -> str:
    """Return what policies came to, in Markdown."""
    lines = [_HEAD, ["---", *["---:"] * (len(_HEAD) - 1)], *(each.line() for each in outcomes)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def together(parts: Sequence[Sequence[Outcome]]) -> list[Outcome]:
    """Return what policies came to over several days."""
    return [
        Outcome(same[0].policy, sum(each.hours for each in same), [shown for each in same for shown in each.shown])
        for same in zip(*parts, strict=True)
    ]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.significance", description=__doc__.partition("\n")[0])
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="telegrams of a meter, instead")
    parser.add_argument("--hours", type=int, default=_HOURS, metavar="N", help="of each day (8)")
    parser.add_argument("--write", action="store_true", help="write the table into docs/performance.md")
    options = parser.parse_args()
    if options.files:
        parts = [measure(iter(Reader().feed(path.read_bytes())), POLICIES) for path in options.files]
    else:
        parts = [measure(household(begin, options.hours), POLICIES) for begin in _DAYS]
    text = table(together(parts))
    print(text)  # noqa: T201 -- a command
    if options.write:
        report.write_between(report.PAGE, _BEGIN, _END, f"{text}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
