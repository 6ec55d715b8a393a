"""How soon leaks of water and gas are found, and how often one is told that was none: by the rule that users have.

The meters of a virtual household are read every five minutes for a year. A leak begins every third day, each time at
another hour, and runs until it is found or four days are over. None begins around one that was told wrongly.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from custom_components.emucs.insight.leak_watch import MeterWatch
from custom_components.emucs.insight.mbus import Medium
from virtual_meter import VirtualMeter

LEAKS: Final[Mapping[Medium, tuple[float, ...]]] = {
    Medium.WATER: (0.5, 2, 10, 1500),
    Medium.GAS: (2, 10, 50, 200, 8000),
}
"""Litres an hour: the first one is less than can be seen, and the last one a broken pipe."""
HOMES: Final[Mapping[str, bool]] = {"gas boiler": False, "heat pump, and gas when it is cold": True}
"""Households, and whether they have a heat pump."""
HEAD: Final = ("House", "Meter", "Days", "Longest without a pause", "False alarms", "Leaks: found, median delay")

_START: Final = datetime(2026, 2, 1, tzinfo=ZoneInfo("Europe/Brussels"))
_PERIOD: Final = 300
_STEP: Final = 60
_A_DAY: Final = 86_400
_TYPES: Final = {Medium.GAS: 3, Medium.WATER: 7}
_KNOWN: Final = timedelta(days=2)
"""For how long a meter was followed when the leak begins."""
_RUNS: Final = timedelta(days=4)
_EVERY: Final = timedelta(days=3, hours=5)
_HOUR: Final = timedelta(hours=1)
_LITRES: Final = 1000  # in a m³

type Readings = list[tuple[datetime, Decimal]]
"""When a meter was read, and its counter in m³."""


class Life(NamedTuple):
    """What is to be simulated, in a process of its own."""

    name: str
    heat_pump: bool
    seed: int
    days: int


@dataclass(slots=True)
class Outcome:
    """What came of a meter."""

    house: str
    medium: Medium
    days: int
    false: int = 0
    """How often a leak was told."""
    longest: timedelta = timedelta()
    """The longest time without a pause."""
    tried: int = 0
    delays: dict[float, list[float]] = field(default_factory=dict)
    """After how many hours each leak that was found was, by its flow."""


def readings_of(life: Life) -> Mapping[Medium, Readings]:
    """Return what the meters of a household have counted."""
    meter = VirtualMeter("1.7.1", life.seed, _START, ev=False, pv=False, heat_pump=life.heat_pump, history_months=0)
    found: dict[Medium, Readings] = {medium: [] for medium in _TYPES}
    for _ in range(life.days * _A_DAY // _PERIOD):
        meter.advance(_PERIOD, _STEP)
        for submeter in meter.truth.submeters:
            for medium, device_type in _TYPES.items():
                if submeter.device_type == device_type and (capture := submeter.capture) is not None:
                    found[medium].append((capture.time, capture.value))
    return found


def judge(house: str, medium: Medium, readings: Readings) -> Outcome:
    """Judge the meter of a house."""
    begin, end = readings[0][0], readings[-1][0]
    outcome = Outcome(house, medium, (end - begin).days)
    told: list[datetime] = []
    leak = False
    for watch in _watched(medium, readings):
        before, leak = leak, watch.verdict(is_replaced=False).leak is True
        outcome.false += leak and not before
        if leak:
            told.append(watch.time)
        outcome.longest = max(outcome.longest, watch.time - watch.runs)
    starts = []
    while (begin := begin + _EVERY) < end - _RUNS:
        if bisect_left(told, begin - _KNOWN) == bisect_left(told, begin + _RUNS):
            starts.append(begin)
    outcome.tried = len(starts)
    for litres in LEAKS[medium]:
        delays = (_delay(medium, readings, start, litres) for start in starts)
        outcome.delays[litres] = [delay for delay in delays if delay is not None]
    return outcome


def _delay(medium: Medium, readings: Readings, start: datetime, litres: float) -> float | None:
    """Return after how many hours a leak is found that begins at a time; None if it is not."""
    first, last = (bisect_left(readings, time, key=lambda each: each[0]) for time in (start - _KNOWN, start + _RUNS))
    leaking = [
        (time, (value + _leaked(time - start, litres)).quantize(Decimal("0.001"), "ROUND_DOWN"))
        for time, value in readings[first:last]
    ]
    for watch in _watched(medium, leaking):
        if watch.verdict(is_replaced=False).leak:
            return (watch.time - start) / _HOUR
    return None


def _leaked(lasted: timedelta, litres: float) -> Decimal:
    """Return how much has leaked, in m³."""
    return Decimal(max(lasted / _HOUR, 0.0) * litres / _LITRES)


def _watched(medium: Medium, readings: Readings) -> Iterator[MeterWatch]:
    """Yield what is known of a meter after each reading."""
    watch: MeterWatch | None = None
    for time, value in readings:
        if watch is None:
            watch = MeterWatch.begin(medium, time, value, time)
        else:
            watch.feed(time, value, time)
        yield watch


def live(life: Life) -> list[Outcome]:
    """Simulate a household, and judge its meters."""
    return [judge(life.name, medium, readings) for medium, readings in readings_of(life).items()]


def table(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """Yield the lines of the table, as Markdown."""
    yield f"| {' | '.join(HEAD)} |"
    yield "|---|---|---:|---:|---:|---|"
    for each in outcomes:
        cells = [each.house, each.medium, f"{each.days}", f"{each.longest / _HOUR:.1f} h", f"{each.false}"]
        cells.append("; ".join(_cell(litres, delays, each.tried) for litres, delays in each.delays.items()))
        yield f"| {' | '.join(cells)} |"


def _cell(litres: float, delays: list[float], tried: int) -> str:
    """Return how a leak was found."""
    share = f"{litres:g} l/h: {len(delays) / tried:.0%}" if tried else f"{litres:g} l/h: -"
    return f"{share}, {median(delays):.1f} h" if delays else share
