"""What simple forecasts of a house are worth: each from what was known at the midnight before, beside ours.

The measures, over the quarters that all methods know: MASE is the mean absolute error over that of a copy of a week
ago, nRMSE the root of the mean squared error over the mean, bias the mean error over the mean.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import sqrt
from pathlib import Path
import sys
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from custom_components.emucs.exports import MICRO, ExportError, ExportUnit, Readings, SeriesFlow, read_export
from custom_components.emucs.insight.demand import QUARTERS_AN_HOUR
from custom_components.emucs.insight.outlook import Outlook
from custom_components.emucs.insight.quarters import (
    DAYS as LEARNED,
    EXPORT,
    FLOWS,
    IMPORT,
    QUARTERS_A_DAY,
    Quarters,
    slot_before,
    slot_of,
)
from virtual_meter import VirtualMeter

from .prints import QUARTER
from .report import machine, write_between

PROOF: Final = Path(__file__).parents[1] / "docs" / "proof.md"
DAYS: Final = 120

_BEGIN: Final = "<!-- scripts/backtest --forecast --write writes from here -->"
_END: Final = "<!-- scripts/backtest --forecast --write writes to here -->"
# The clock changes, and heating becomes sun.
_START: Final = datetime(2026, 2, 1, tzinfo=ZoneInfo("Europe/Brussels"))
_STEP: Final = 60
_NAMES: Final = ("import", "export")
_WEEK: Final = 7
# How many quarters ahead ours is judged, beside a day.
_AHEAD: Final = {1: "15 min ahead", 4: "1 h ahead", 8: "2 h ahead"}

type Series = Mapping[int, float]
"""The means of quarters in kW, by their number."""
type Method = Callable[[Series, int], float | None]


def copied(days: int) -> Method:
    """Return a copy of so many days before."""

    def method(series: Series, slot: int) -> float | None:
        before = slot_before(slot, days)
        return None if before is None else series.get(before)

    return method


def mean_of_week(series: Series, slot: int) -> float | None:
    """Return the mean of the seven days before."""
    found = [each for days in range(1, _WEEK + 1) if (each := copied(days)(series, slot)) is not None]
    return sum(found) / len(found) if len(found) == _WEEK else None


_METHODS: Final[Mapping[str, Method]] = {
    "yesterday": copied(1),
    "a week ago": copied(_WEEK),
    "mean of 7 days": mean_of_week,
}
_OURS: Final = "weighted 28 days"


@dataclass(slots=True)
class Errors:
    """The errors of a method, in kW."""

    count: int = 0
    absolute: float = 0.0
    squared: float = 0.0
    total: float = 0.0

    def add(self, error: float) -> None:
        """Take an error."""
        self.count += 1
        self.absolute += abs(error)
        self.squared += error * error
        self.total += error


@dataclass(slots=True)
class Judged:
    """What came of one flow of a house."""

    house: str
    flow: int
    errors: dict[str, Errors] = field(default_factory=dict)
    total: float = 0.0
    inside: int = 0
    below: int = 0
    shown: Errors = field(default_factory=Errors)
    """Of ours where the integration would have shown it, by its own score."""
    shown_yesterday: Errors = field(default_factory=Errors)
    """Of a copy of yesterday in the same quarters."""

    @property
    def mean(self) -> float:
        """Return the mean in kW."""
        return self.total / self.count

    @property
    def count(self) -> int:
        """Return how many quarters were judged."""
        return self.errors[_OURS].count if _OURS in self.errors else 0


class House(NamedTuple):
    """A house, and what it imports and exports."""

    name: str
    flows: tuple[Series, Series]


def judge(house: House, flow: int) -> Judged | None:
    """Judge all methods on one flow; None where there is nothing to judge."""
    series, judged, quarters, outlook = house.flows[flow], Judged(house.name, flow), Quarters(), Outlook(flow)
    first = min(series, default=0) + LEARNED * QUARTERS_A_DAY
    for slot in sorted(series):
        if slot >= first:
            _judge(judged, series, slot, quarters, outlook)
        means = [series[slot] if each == flow else None for each in FLOWS]
        quarters.put(slot, *means)
        outlook.close(quarters, slot)
        outlook.forget_before(slot)
    return judged if judged.count and judged.total else None


def _judge(judged: Judged, series: Series, slot: int, quarters: Quarters, outlook: Outlook) -> None:
    """Judge a quarter that is about to begin."""
    actual, band = series[slot], outlook.band(quarters, slot)
    values: dict[str, float | None] = {name: method(series, slot) for name, method in _METHODS.items()}
    if band is None or any(value is None for value in values.values()):
        return
    values[_OURS] = band.mean
    judged.total += actual
    judged.inside += band.contains(actual)
    judged.below += actual <= band.high
    if outlook.is_useful:
        judged.shown.add(band.mean - actual)
        judged.shown_yesterday.add((values["yesterday"] or 0.0) - actual)
    for name, value in values.items():
        judged.errors.setdefault(name, Errors()).add((value or 0.0) - actual)
    for ahead, name in _AHEAD.items():
        near = outlook.near(quarters, slot + ahead - 1)
        if near is not None and (later := series.get(slot + ahead - 1)) is not None:
            judged.errors.setdefault(name, Errors()).add(near.mean - later)


def table(results: Iterable[Judged]) -> Iterator[str]:
    """Yield the lines of the table, as Markdown."""
    names = [*_METHODS, _OURS, *_AHEAD.values()]
    head = ["House", "Flow", "Mean, kW", *(f"{name[0].upper()}{name[1:]}" for name in names)]
    head += ["In the band", "Below `high`", "Shown", "Error then"]
    yield f"| {' | '.join(head)} |"
    yield f"|---|---|{'---:|' * (len(head) - 2)}"
    for each in results:
        week = each.errors["a week ago"]
        cells = [each.house, _NAMES[each.flow], f"{each.mean:.2f}"]
        for name in names:
            errors = each.errors[name]
            mase = errors.absolute / errors.count / (week.absolute / week.count)
            cells.append(
                f"{mase:.2f} / {sqrt(errors.squared / errors.count) / each.mean:.2f} "
                f"/ {errors.total / errors.count / each.mean:+.1%}"
            )
        cells += [f"{share / each.count:.0%}" for share in (each.inside, each.below, each.shown.count)]
        cells.append(
            f"{each.shown.absolute / each.shown_yesterday.absolute:.2f}" if each.shown_yesterday.absolute else "-"
        )
        yield f"| {' | '.join(cells)} |"


def notes(results: Iterable[Judged]) -> Iterator[str]:
    """Yield where ours is worse than a copy, and therefore shown less."""
    for each in results:
        mean = {name: errors.absolute / errors.count for name, errors in each.errors.items()}
        yield from (
            f"{each.house}, {_NAMES[each.flow]}: {_OURS} is worse than {name}"
            for name in ("yesterday", "a week ago")
            if mean[_OURS] > mean[name]
        )


def virtual_house(
    name: str, profile: str, options: Mapping[str, Any], seed: int, days: int, start: datetime = _START
) -> House:
    """Return what a virtual household imports and exports."""
    meter = VirtualMeter(profile, seed, start, gas=False, water=False, history_months=0, **options)
    flows: tuple[dict[int, float], dict[int, float]] = {}, {}
    before = meter.truth
    for slot in range(first := slot_of(start), first + days * QUARTERS_A_DAY):
        meter.advance(QUARTER, _STEP)
        truth = meter.truth
        for flow, (after, earlier) in enumerate(((truth.imported, before.imported), (truth.exported, before.exported))):
            energy = sum(after[tariff] - earlier[tariff] for tariff in (1, 2))
            flows[flow][slot] = float(energy) * QUARTERS_AN_HOUR
        before = truth
    return House(name, flows)


def loaded(path: Path) -> list[House]:
    """Return the houses in an export of the grid operator, called after the file; ExportError says what is wrong."""
    readings = read_export(path)
    owners = sorted({key[:2] for key in readings.streams})
    houses = [House("", (_series(readings, owner, IMPORT), _series(readings, owner, EXPORT))) for owner in owners]
    houses = [house for house in houses if any(house.flows)]
    return [house._replace(name=f"{path.name}, {number}") for number, house in enumerate(houses, 1)]


def _series(readings: Readings, owner: tuple[str, str], flow: int) -> Series:
    """Return the quarters of a flow of a meter: its total, else the sum of its tariffs."""
    direction = (SeriesFlow.IMPORT, SeriesFlow.EXPORT)[flow]
    tariffs: dict[int, dict[int, float]] = {}
    for key, stream in readings.streams.items():
        flows = key.unit is ExportUnit.ENERGY and key.is_live and key.register.flow is direction
        if key[:2] == owner and flows and key.grain == 1:
            cells = tariffs.setdefault(key.register.tariff, {})
            for begin in stream.days:
                for index, value in stream.cells_of(begin):
                    cells[begin + index] = value * QUARTERS_AN_HOUR / MICRO
    if 0 in tariffs:
        return tariffs[0]
    slots = {slot for cells in tariffs.values() for slot in cells}
    return {slot: sum(cells.get(slot, 0.0) for cells in tariffs.values()) for slot in slots}


class Life(NamedTuple):
    """What is to be simulated, in a process of its own."""

    name: str
    profile: str
    options: Mapping[str, Any]
    seed: int
    days: int


def _live(life: Life) -> list[Judged]:
    """Simulate and judge it."""
    return _judge_house(virtual_house(*life))


def _judge_house(house: House) -> list[Judged]:
    """Judge both flows of a house."""
    return [judged for flow in FLOWS if (judged := judge(house, flow)) is not None]


def prove(lives: list[Life], workers: int, *, write: bool) -> int:
    """Simulate households, print the table, and write it to the docs if asked to; return the exit code."""
    begun = datetime.now(UTC)
    with ProcessPoolExecutor(workers) as pool:
        results = [judged for each in pool.map(_live, lives) for judged in each]
    lines = list(table(results))
    _tell(lines, results)
    if write:
        head = f"{lives[0].days} days from {_START:%-d %B %Y} on, run on {begun:%-d %B %Y}: {machine()}."
        write_between(PROOF, _BEGIN, _END, "\n".join([head, "", *lines, ""]))
    return 0


def prove_files(paths: Iterable[Path]) -> int:
    """Judge what files hold, and print the table; return the exit code."""
    try:
        results = [judged for path in paths for house in loaded(path) for judged in _judge_house(house)]
    except ExportError as error:
        sys.stdout.write(f"{error}\n")
        return 1
    if not results:
        sys.stdout.write(f"There are not more than {LEARNED} days of quarter-hours.\n")
        return 1
    _tell(list(table(results)), results)
    return 0


def _tell(lines: list[str], results: list[Judged]) -> None:
    """Print a table, and where ours is worse than a copy."""
    sys.stdout.write("".join(f"{line}\n" for line in [*lines, *notes(results)]))
