"""A charger that follows *Available current*, in simulated homes that leave it little.

The car is never full, so that it takes whatever it is given, day and night. The house lives in steps of two seconds,
and each is a telegram for the pipeline that users run. Whether a quarter or a breaker was asked too much is worked out
apart, from the power of the house and of the car, and never from what the integration says.
"""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from math import exp, floor, log
import sys
from typing import Final, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from custom_components.emucs.insight.capacity import CONF_PEAK_TARGET, SECTION_CAPACITY
from custom_components.emucs.insight.charging import Charger
from custom_components.emucs.insight.connection import CONF_CHARGER, Connection
from custom_components.emucs.insight.grid import CONF_BREAKER, SECTION_CONNECTION
from custom_components.emucs.insight.meter import MeterInsights
from virtual_meter import ChargePoint, VirtualMeter
from virtual_meter.charge_point import LEAST_AMPERES

from .prints import QUARTER, PhasePrints
from .report import PAGE, machine, write_between

# A Sunday and what follows: a month begins, so that no peak of before hides a higher one.
_START: Final = datetime(2026, 3, 1, tzinfo=ZoneInfo("Europe/Brussels"))
_DAY: Final = 86_400
_STEP: Final = 2
DAYS: Final = 2
PROOF: Final = PAGE.with_name("proof.md")
_BEGIN: Final = "<!-- scripts/backtest --charger --write writes from here -->"
_END: Final = "<!-- scripts/backtest --charger --write writes to here -->"
_WATT_SECONDS_A_KILOWATT_HOUR: Final = 3_600_000
_LEAST_TARGET_W: Final = 2500
# How often the automation of the recipe looks, for how long after a change it raises nothing, for how long the car is
# off, and what it takes while nothing is known.
_EVERY: Final = 10
_SETTLES: Final = 20
_RESTS: Final = 300
_FALLBACK: Final = 6
# What an integration says of a charger is some seconds old.
_REPORT_DELAY: Final = 6
# How late a charger may follow: an automation looks, and the car follows 10 s later.
_FOLLOWS_WITHIN: Final = _EVERY + 10 + _STEP


class Case(NamedTuple):
    """A home and its charger."""

    grid: str
    profile: str
    charger: Charger
    breaker: int
    target: str


_GRIDS: Final = (
    ("1x230 V", "1.7.1-single-phase", Charger.ONE_PHASE),
    ("3x400 V + N", "1.7.1", Charger.THREE_PHASES),
    ("3x400 V + N", "1.7.1", Charger.ONE_PHASE),
    ("3x230 V", "1.7.1-3x230v", Charger.ONE_PHASE),
)
CASES: Final = tuple(
    Case(*grid, breaker, target) for grid in _GRIDS for breaker in (25, 40) for target in ("2.5", "4", "6")
)
"""On 3x230 V, a charger of one phase is connected between two lines."""


class Quarters:
    """Judges quarters by the power of the house and of the car, in watts."""

    def __init__(self, target: int) -> None:
        """Start with a target in watts."""
        self.goal = max(target, _LEAST_TARGET_W)
        self.over = 0
        self.by_car = 0
        """Those that would not have passed the goal if the car had followed within 20 seconds."""
        self.highest = 0.0
        self._used = self._excess = 0.0
        self._allowed: deque[float] = deque(maxlen=_FOLLOWS_WITHIN // _STEP)

    def feed(self, house: float, car: float, left: int) -> None:
        """Take a step, with so many seconds left, its own included."""
        self._allowed.append(max(0.0, (self.goal * QUARTER - self._used) / left - house))
        self._excess += max(0.0, min(car - max(self._allowed), house + car)) * _STEP
        self._used += max(0.0, house + car) * _STEP
        if left == _STEP:
            self._close()

    def _close(self) -> None:
        mean = floor(self._used / QUARTER)
        if mean > self.goal:
            self.over += 1
            self.by_car += floor((self._used - self._excess) / QUARTER) <= self.goal
        # Below the peak of the month, a quarter costs nothing more.
        self.goal, self.highest = max(self.goal, mean), max(self.highest, mean)
        self._used = self._excess = 0.0


class Breaker:
    """Judges a breaker while a car charges, by the earliest moment at which one may trip (EN 60898-1).

    Not within an hour at 1.13 times its rating, and not within a second at 2.55 times; between them, and beyond, it is
    taken to be a straight line of logarithms. What a second takes of that time adds up, and is forgotten in 20 minutes.
    """

    _HOLDS: Final = 1.13
    _STEEPNESS: Final = log(3600) / log(2.55 / 1.13)
    _FORGETS: Final = exp(-_STEP / 1200)

    def __init__(self, rating: int) -> None:
        """Start cold."""
        self._rating = rating
        self._used = 0.0
        self._lasts = 0
        self.nearest = 0.0
        """The largest share of the time until a trip."""
        self.longest = 0
        """The most seconds in a row above the rating."""

    def feed(self, amperes: float, *, charges: bool) -> None:
        """Take a step."""
        load = amperes / self._rating
        self._used *= self._FORGETS
        if charges and load > self._HOLDS:
            self._used += (load / self._HOLDS) ** self._STEEPNESS * _STEP / 3600
        self._lasts = self._lasts + _STEP if charges and load > 1 else 0
        self.nearest, self.longest = max(self.nearest, self._used), max(self.longest, self._lasts)


class Charging(Protocol):
    """What can be asked at a time to take a current on each phase."""

    def ask(self, t: int, amperes: int) -> None:
        """Ask for it."""


class Automation:
    """Does what the recipe of docs/charging.md does."""

    def __init__(self, point: Charging, most: int) -> None:
        """Take hold of a charge point that is off."""
        self.asked = 0
        self._point = point
        self._most = most
        self._changed = self._off_since = -_RESTS

    def look(self, t: int, available: float | None, amperes: int) -> None:
        """Look at what is available, while the car is said to take so much."""
        may_take = _FALLBACK if available is None else min(available + (amperes if self.asked else 0), self._most)
        wanted = floor(may_take) if may_take >= LEAST_AMPERES else 0
        has_to_go = wanted < self.asked and (available is None or available < 0)
        if wanted == self.asked or not (has_to_go or t - self._changed > _SETTLES):
            return
        if not self.asked and t - self._off_since <= _RESTS:
            return
        if not wanted:
            self._off_since = t
        self.asked, self._changed = wanted, t
        self._point.ask(t, wanted)


@dataclass(slots=True)
class Charged:
    """What a case came to."""

    case: Case
    days: int
    alone: Quarters
    fixed: Quarters
    following: Quarters
    breaker: Breaker
    energy: float = 0.0
    """Ws that the car took."""
    fixed_energy: float = 0.0
    """Ws that it would have taken at 6 A."""
    changes: int = 0
    starts: int = 0


def charge(case: Case, seed: int, days: int) -> Charged:
    """Let a car follow for so many days, and return what came of it."""
    meter = VirtualMeter(case.profile, seed, _START, gas=False, water=False, ev=False, history_months=0)
    branches = (0, 1, 2) if case.charger is Charger.THREE_PHASES else (0,)
    most = 16 if len(branches) > 1 else 32
    point = ChargePoint(seed, *branches, most=most)
    meter.household.connect(point)
    prints = PhasePrints(meter)
    insights = MeterInsights(
        meter.meter_id,
        {
            SECTION_CAPACITY: {CONF_PEAK_TARGET: case.target},
            SECTION_CONNECTION: {CONF_BREAKER: case.breaker, CONF_CHARGER: case.charger},
        },
    )
    target = int(Decimal(case.target) * 1000)
    result = Charged(case, days, Quarters(target), Quarters(target), Quarters(target), Breaker(case.breaker))
    automation = Automation(point, most)
    reports: deque[int] = deque([0], maxlen=_REPORT_DELAY // _STEP + 1)
    begin = int(_START.timestamp())
    for t in range(begin + _STEP, begin + days * _DAY + 1, _STEP):
        telegram = prints.advance(_STEP)
        insights.feed(telegram, telegram.time or meter.time)
        reports.append(point.amperes)
        if t % _EVERY == 0:
            state = insights[Connection].state
            automation.look(t, state.available_current if state else None, reports[0])
        _judge(result, prints, point, QUARTER - (t - _STEP) % QUARTER)
    result.changes, result.starts = point.changes, point.starts
    return result


def _judge(result: Charged, prints: PhasePrints, point: ChargePoint, left: int) -> None:
    """Judge a step, with so many seconds left in its quarter, its own included."""
    car = point.power / 1000
    house = prints.meter.net_milliwatts / 1000 - car
    point.volts = sum(prints.truth.supply.volts[branch] for branch in point.branches) / len(point.branches)
    fixed = LEAST_AMPERES * point.volts * len(point.branches)
    result.alone.feed(house, 0, left)
    result.fixed.feed(house, fixed, left)
    result.following.feed(house, car, left)
    result.breaker.feed(float(max(phase.current for phase in prints.truth.phases)), charges=point.amperes > 0)
    result.energy += car * _STEP
    result.fixed_energy += fixed * _STEP


class Life(NamedTuple):
    """What is to be simulated, in a process of its own."""

    case: Case
    seed: int
    days: int


def _live(life: Life) -> Charged:
    """Simulate it."""
    return charge(*life)


_HEAD: Final = (
    *("Grid", "Car on", "Breaker", "Target", "Over (by the car)", "Highest, kW"),
    *("Above the rating", "Nearest to a trip", "kWh per day", "Starts"),
)
_PHASES: Final = {Charger.ONE_PHASE: "one phase", Charger.THREE_PHASES: "three phases"}


def table(results: list[Charged]) -> Iterator[str]:
    """Yield the lines of the table, as Markdown."""
    yield f"| {' | '.join(_HEAD)} |"
    yield f"|---|---|{'---:|' * (len(_HEAD) - 2)}"
    for each in results:
        case, judged = each.case, (each.alone, each.fixed, each.following)
        energies = (joules / each.days / _WATT_SECONDS_A_KILOWATT_HOUR for joules in (each.fixed_energy, each.energy))
        cells = (
            *(case.grid, _PHASES[case.charger], f"{case.breaker} A", f"{case.target} kW"),
            f"{', '.join(str(quarters.over) for quarters in judged)} ({each.following.by_car})",
            ", ".join(f"{quarters.highest / 1000:.1f}" for quarters in judged),
            *(f"{each.breaker.longest} s", f"{each.breaker.nearest:.1%}"),
            ", ".join(f"{energy:.0f}" for energy in energies),
            round(each.starts / each.days),
        )
        yield f"| {' | '.join(map(str, cells))} |"


def failures(results: list[Charged]) -> Iterator[str]:
    """Yield what is not as it should be."""
    for each in results:
        case = f"{each.case.grid}, {each.case.charger}, {each.case.breaker} A, {each.case.target} kW"
        if each.following.by_car:
            yield f"{case}: the car took {each.following.by_car} quarters over the target"
        if each.breaker.nearest >= 1:
            yield f"{case}: the breaker may have tripped"


def prove(seeds: list[int], days: int, workers: int, *, write: bool) -> int:
    """Simulate all cases, print the table, and write it to the docs if asked to; return the exit code."""
    begun = datetime.now(UTC)
    lives = [Life(case, seed, days) for seed in seeds for case in CASES]
    with ProcessPoolExecutor(workers) as pool:
        results = list(pool.map(_live, lives))
    lines, wrong = list(table(results)), list(failures(results))
    took = (datetime.now(UTC) - begun).seconds
    sys.stdout.write("".join(f"{line}\n" for line in (*lines, f"{days} days, {took} s.", *wrong)))
    if write:
        head = f"{days} days from {_START:%-d %B %Y} on, run on {begun:%-d %B %Y}: {machine()}."
        write_between(PROOF, _BEGIN, _END, "\n".join([head, "", *lines, ""]))
    return 1 if wrong else 0
