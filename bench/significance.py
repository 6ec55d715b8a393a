"""`python -m bench.significance`: what adaptive updates cost and bring, with other numbers beside those in use.

Days of a virtual household go second by second through the pipeline and the rows that users run, and so does any file
with the telegrams of a meter. What is shown is compared with what the telegrams said. Nothing of Home Assistant runs,
so that a day takes a minute.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, cast

from homeassistant.components.sensor import SensorDeviceClass

from custom_components.emucs.coordinator import MeterCoordinator
from custom_components.emucs.entities import rows_of
from custom_components.emucs.entities.rows import SensorRow
from custom_components.emucs.insight.meter import MeterInsights
from custom_components.emucs.pace import may_be_last
from custom_components.emucs.port import Telegram
from custom_components.emucs.significance import BURST, Gate, Step
from custom_components.emucs.updates import REFRESH_EVERY

from .measure import number, percentile

_DAYS: Final = (datetime(2026, 1, 15, tzinfo=UTC), datetime(2026, 4, 20, tzinfo=UTC), datetime(2026, 7, 4, tzinfo=UTC))
_HOURS: Final = 24
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


POLICIES: Final = (
    Policy(name="every second", every=1),
    Policy(name="every 5 s", every=5),
    Policy(name="in use"),
    Policy(name="10 W, 5 %", power=Step(Decimal("0.010"), Decimal("0.05"))),
    Policy(name="50 W", power=Step(Decimal("0.050"))),
    Policy(name="100 W", power=Step(Decimal("0.100"))),
    Policy(name="20 W", power=Step(Decimal("0.020"))),
    Policy(name="20 W, 2 %", power=Step(Decimal("0.020"), Decimal("0.02"))),
    Policy(name="else every 15 s", pace=15),
    Policy(name="else every 60 s", pace=60),
    Policy(name="burst of 2", burst=2),
    Policy(name="burst of 12", burst=12),
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

    def take(self, value: object, before: object, second: int, *, every_change: bool, closes: bool) -> None:
        """Take a value, and that of the telegram before."""
        gate = self.gate
        passes = gate.lets_pass(value, second, every_change=every_change)
        if passes or (closes and self.row.is_counter and gate.lets_close(value, second)):
            self.states += 1
        if isinstance(value, Decimal) and is_power(self.row):
            self._follow(value, before, second)

    def _follow(self, value: Decimal, before: object, second: int) -> None:
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
        self._sums[0] += true
        self._sums[1] += told
        self._true = [min(true, *self._true[:1]), max(true, *self._true[1:])] if self._true else [true, true]
        self._told = [min(told, *self._told[:1]), max(told, *self._told[1:])] if self._told else [told, told]

    def end_hour(self) -> None:
        """Note how far an hour's statistics are off."""
        if self._true:
            self.errors.append(abs(self._sums[0] - self._sums[1]) / _HOUR)
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
        at_once = sum(delay == 0 for delay in delays) / len(delays) if delays else 1
        errors = [error for each in powers for error in each.errors]
        extremes = [error for each in powers for error in each.extremes]
        return [
            self.policy.name,
            number(sum(each.states for each in self.shown) / self.hours),
            f"{number(max(errors, default=0))} W",
            f"{number(max(extremes, default=0))} W",
            f"{at_once * 100:.1f} %",
            f"{percentile(delays, 0.99) if delays else 0} s",
        ]


_HEAD: Final = ("Policy", "States an hour", "Hourly mean off by", "Extremes off by", "Steps at once", "p99")


def measure(telegrams: Iterator[Telegram], policies: Sequence[Policy]) -> list[Outcome]:
    """Let telegrams, one a second, pass through rows and policies."""
    house = House(first := next(telegrams))
    begin = host_time = first.time or _DAYS[0]
    house.feed(first, host_time)
    rows = house.rows()
    everything = [[Shown(row, policy.gate(row)) for policy in policies] for row in rows]
    befores: list[object] = [None] * len(rows)
    second = 0
    for second, telegram in enumerate(telegrams, 1):
        host_time = begin + timedelta(seconds=second)
        every_change = house.feed(telegram, host_time)
        closes = may_be_last(host_time.timestamp(), 1)
        for index, row in enumerate(rows):
            value = row.value(house.coordinator)
            for shown in everything[index]:
                shown.take(value, befores[index], second, every_change=every_change, closes=closes)
            befores[index] = value
        if second % _HOUR == 0:
            for shown in (each for row in everything for each in row):
                shown.end_hour()
    return [
        Outcome(policy, second / _HOUR, [row[number] for row in everything]) for number, policy in enumerate(policies)
    ]
