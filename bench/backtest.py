"""`python -m bench.backtest`: a simulated year of some households, with and without loads that give way.

Each household lives in steps of ten seconds, and each step is a telegram for the pipeline that users run.
What a quarter truly came to is summed up apart, from the power of the household alone.

A quarter over the target counts as *alarmed* when the alarm was on a minute before the quarter ended. Where it was
off, the load came *later* if a minute before the end the forecast did not pass the target yet; else the quarter was
*missed*, and none may be. An alarm is *false* when it was on in a quarter that ended at or under the target, other than
in the minute that it takes to go off after the quarter before.
"""

import argparse
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
import sys
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from custom_components.emucs.insight.capacity import (
    CONF_AREA,
    CONF_PEAK_TARGET,
    CONF_VAT,
    SECTION_CAPACITY,
    Capacity,
    CapacityState,
)
from custom_components.emucs.insight.meter import MeterInsights
from custom_components.emucs.insight.peaks import billed_average, month_of
from custom_components.emucs.insight.tariff import Area, cost_of, tariff_of
from virtual_meter import VirtualMeter
from virtual_meter.loads import Load

from .prints import MILLIWATT_SECONDS_A_WATT_HOUR, QUARTER, STEP, Prints, kilowatts
from .proofs import PROOFS, Asked

YEAR: Final = 2026
AREA: Final = Area.IMEWO
VAT: Final = Decimal("0.06")
WORKERS: Final = 2

_START: Final = datetime(YEAR, 1, 1, tzinfo=ZoneInfo("Europe/Brussels"))
_DAYS: Final = 365
_DAY: Final = 86_400
_DAYS_A_MONTH: Final = Decimal("30.4375")
_A_MINUTE: Final = 60
# What the heat pump of the household takes at most, in kW.
_HEAT_PUMP: Final = Decimal("2.6")
# The minute in which an alarm goes off, and a telegram.
_GOING_OFF: Final = 70


@dataclass(frozen=True, slots=True)
class Home:
    """A household of the virtual meter, and the goals in kW that it is tried with."""

    name: str
    profile: str
    options: Mapping[str, Any]
    goals: tuple[str, ...]
    """With the first goal it also lives a year in which nothing gives way."""
    sheds: bool = True


HOMES: Final = (
    Home("EV, PV, heat pump; three-phase", "1.7.1", {}, ("2.5", "5")),
    Home("EV, PV, heat pump; single-phase", "1.7.1-single-phase", {}, ("4",)),
    Home("PV, heat pump; no EV", "1.7.1", {"ev": False}, ("2.5",)),
    Home(
        "apartment; no PV",
        "1.7.1-single-phase",
        {"ev": False, "pv": False, "heat_pump": False},
        ("2.5",),
        sheds=False,
    ),
)


def meter_of(home: Home, seed: int) -> VirtualMeter:
    """Return the meter of a household; M-Bus meters would only cut its steps, and with gas a heat pump rests."""
    return VirtualMeter(home.profile, seed, _START, gas=False, water=False, history_months=0, **home.options)


@dataclass(slots=True)
class Shed:
    """A load that can give way."""

    load: Load
    power: Decimal
    """kW that it takes when it runs."""
    off_since: datetime | None = None
    on_since: datetime | None = None


class Shedder:
    """Decides as the blueprint does: sheds loads in their order, one after the other, and restores them in reverse.

    A load comes back when its power has been within the room of the quarter for a minute, and when it would not by
    itself pass the target of the next quarter before it can be shed again. Times are the blueprint's, with the two
    minutes on that it advises for a car.
    """

    MARGIN: Final = Decimal("0.3")
    MINIMUM_OFF: Final = timedelta(minutes=5)
    MINIMUM_ON: Final = timedelta(minutes=2)
    ROOM_FOR: Final = timedelta(minutes=1)
    SETTLING: Final = timedelta(seconds=20)

    def __init__(self, meter: VirtualMeter) -> None:
        """Take hold of the car first, then of the heat pump."""
        household = meter.household
        self._meter = meter
        self._loads: list[Shed] = []
        if household.ev is not None:
            self._loads.append(Shed(household.ev, Decimal(household.ev.max_w).scaleb(-3)))
        if household.heat_pump is not None:
            self._loads.append(Shed(household.heat_pump, _HEAT_PUMP))
        self._acted: datetime | None = None
        self._room: tuple[Shed, datetime] | None = None  # for which load there has been room, and since when

    def act(self, state: CapacityState) -> None:
        """Shed a load where the power that runs is above the budget; restore one where both fit."""
        time, power = state.demand.time, state.demand.power
        if self._acted is not None and time - self._acted < self.SETTLING:
            return
        if state.alarm or state.budget < 0:
            self._room = None
            if power > max(state.budget, Decimal()):
                self._shed(time)
        else:
            # Solar power counts as room: here the power is below zero while the house exports.
            self._restore(state, Decimal(self._meter.net_milliwatts).scaleb(-6))

    def _shed(self, time: datetime) -> None:
        for each in self._loads:
            if each.off_since is None and (each.on_since is None or time - each.on_since >= self.MINIMUM_ON):
                each.load.limit_w, each.off_since, self._acted = 0, time, time
                return

    def _restore(self, state: CapacityState, power: Decimal) -> None:
        time, share = state.demand.time, Decimal(self.MINIMUM_ON // timedelta(seconds=1)) / QUARTER
        for each in reversed(self._loads):
            fits = state.budget - power >= each.power + self.MARGIN
            if each.off_since is None or not fits or state.effective_target - power < each.power * share + self.MARGIN:
                continue
            if time - each.off_since < self.MINIMUM_OFF:
                break
            if self._room is None or self._room[0] is not each:
                self._room = each, time
            if time - self._room[1] >= self.ROOM_FOR:
                each.load.limit_w, each.off_since, each.on_since, self._acted = None, None, time, time
                self._room = None
            return
        self._room = None


@dataclass(slots=True)
class Outcome:
    """What a year of a household came to."""

    home: Home
    goal: Decimal
    shedding: bool
    quarters: int = 0
    over: int = 0
    alarmed: int = 0
    later: int = 0
    missed: int = 0
    false: int = 0
    months: dict[date, Decimal] = field(default_factory=dict)
    """The true month peaks in kW."""
    car: Decimal = Decimal()
    """kWh that the car has charged."""

    @property
    def average(self) -> Decimal:
        """Return the mean in kW that is billed after these months."""
        average = billed_average(list(self.months.values()))
        return average.value if average else Decimal()

    @property
    def euros(self) -> Decimal:
        """Return what that costs a year, VAT included."""
        tariff = tariff_of(AREA, YEAR)
        return cost_of(tariff, self.average, VAT).year if tariff else Decimal()

    @property
    def false_a_month(self) -> Decimal:
        """Return how often a month there was a false alarm."""
        return self.false * _DAYS_A_MONTH * (_DAY // QUARTER) / self.quarters if self.quarters else Decimal()


@dataclass(slots=True)
class Watch:
    """What is seen of the alarm in one quarter."""

    target: Decimal = Decimal()
    on_in_time: bool = False
    passes_in_time: bool = False
    on: bool = False
    """Whether it was on at all, and not only going off."""

    def look(self, state: CapacityState, left: int, *, was_on: bool) -> None:
        """Look at the state with so many seconds left."""
        self.target = state.effective_target
        self.on |= state.alarm and (not was_on or left < QUARTER - _GOING_OFF)
        if left == _A_MINUTE:
            self.on_in_time = state.alarm
            self.passes_in_time = state.demand.forecast > state.effective_target


def live(home: Home, goal: Decimal, seed: int, days: int, *, shedding: bool) -> Outcome:
    """Let a household live, and return what came of it."""
    meter = meter_of(home, seed)
    prints = Prints(meter)
    options = {CONF_PEAK_TARGET: str(goal), CONF_AREA: AREA, CONF_VAT: str(VAT * 100)}
    insights = MeterInsights(meter.meter_id, {SECTION_CAPACITY: options})
    capacity = insights[Capacity]
    shedder = Shedder(meter) if shedding else None
    outcome = Outcome(home, goal, shedding)
    ev, charged = meter.household.ev, 0
    for _ in range(days * _DAY // QUARTER):
        watch = Watch()
        for left in range(QUARTER - STEP, -1, -STEP):
            was_on = capacity.state is not None and capacity.state.alarm
            telegram = prints.advance()
            insights.feed(telegram, telegram.time or meter.time)
            state = capacity.state
            charged += ev.power * STEP if ev is not None else 0
            # The telegram at the very end is the first of the next quarter.
            if state is not None and left:
                watch.look(state, left, was_on=was_on)
                if shedder is not None:
                    shedder.act(state)
        _judge(outcome, watch, prints.closed_watts, meter.time)
    outcome.car = Decimal(charged // MILLIWATT_SECONDS_A_WATT_HOUR).scaleb(-3)
    return outcome


def _judge(outcome: Outcome, watch: Watch, watts: int, end: datetime) -> None:
    """Add a quarter to the outcome."""
    value, month = kilowatts(watts), month_of(end)
    outcome.quarters += 1
    outcome.months[month] = max(value, outcome.months.get(month, value))
    if value <= watch.target:
        outcome.false += watch.on
    else:
        outcome.over += 1
        if watch.on_in_time:
            outcome.alarmed += 1
        elif watch.passes_in_time:
            outcome.missed += 1
        else:
            outcome.later += 1


class Life(NamedTuple):
    """What is to be simulated, in a process of its own."""

    home: Home
    goal: Decimal
    seed: int
    days: int
    shedding: bool


def _live(life: Life) -> Outcome:
    """Simulate it."""
    return live(life.home, life.goal, life.seed, life.days, shedding=life.shedding)


def _seeded(seeds: list[int]) -> Iterator[tuple[Home, int]]:
    """Yield each household with families of its own."""
    for seed in seeds:
        for number, home in enumerate(HOMES):
            yield home, seed * len(HOMES) + number


def lives(seeds: list[int], days: int) -> list[Life]:
    """Return all that is to be simulated: each household as it is, then with each of its goals."""
    result = []
    for home, seed in _seeded(seeds):
        goals = [Decimal(goal) for goal in home.goals]
        result.append(Life(home, goals[0], seed, days, shedding=False))
        if home.sheds:
            result += [Life(home, goal, seed, days, shedding=True) for goal in goals]
    return result


def table(outcomes: list[Outcome]) -> Iterator[str]:
    """Yield the lines of the table, as Markdown."""
    yield (
        "| Household | Loads give way | Goal | Quarters | Over target | Alarmed | Later | Missed | False alarms "
        "| A month | Car | Billed average | A year |"
    )
    yield "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    for each in outcomes:
        alarms = "" if each.shedding else f"{each.false} | {each.false_a_month:.1f}"
        yield (
            f"| {each.home.name} | {'yes' if each.shedding else 'no'} | {each.goal} kW | {each.quarters} | {each.over} "
            f"| {each.alarmed} | {each.later} | {each.missed} | {alarms or '- | -'} | {each.car:.0f} kWh "
            f"| {each.average:.3f} kW | {each.euros:.2f} EUR |"
        )


def failures(outcomes: list[Outcome]) -> Iterator[str]:
    """Yield what is not as it should be."""
    plain: Outcome | None = None
    for each in outcomes:
        if each.missed:
            yield f"{each.home.name}: {each.missed} quarters were missed"
        if not each.shedding:
            plain = each
        elif plain is not None and each.average >= plain.average:
            yield f"{each.home.name}: {each.average:.3f} kW is not below {plain.average:.3f} kW"


def _options(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    days = "; ".join([f"{_DAYS}", *(f"{proof.days} of --{name}" for name, proof in PROOFS.items())])
    parser = argparse.ArgumentParser(prog="backtest", description="Prove the alarm and the savings in simulated homes.")
    for name, proof in PROOFS.items():
        parser.add_argument(f"--{name}", action="store_true", help=proof.about)
    parser.add_argument("--load", type=Path, nargs="+", metavar="FILE", help="judge them on exports from the portal")
    parser.add_argument("--write", action="store_true", help="write the table of one of these to docs/proof.md")
    parser.add_argument("--days", type=int, metavar="N", help=f"how many ({days})")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1], metavar="N", help="which families (1)")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Simulate, print, and return the exit code."""
    options = _options(arguments)
    chosen = [proof for name, proof in PROOFS.items() if getattr(options, name)]
    if options.load:
        proofs = [proof.prove_files for proof in chosen or PROOFS.values() if proof.prove_files is not None]
        return next((code for prove_files in proofs if (code := prove_files(options.load))), 0)
    if chosen:
        homes = [(home, Decimal(home.goals[0]), seed) for home, seed in _seeded(options.seeds)]
        asked = Asked(homes, options.seeds, WORKERS, Shedder, options.write)
        return max(proof.prove(asked, options.days or proof.days) for proof in chosen)
    begun, days = datetime.now(UTC), options.days or _DAYS
    with ProcessPoolExecutor(WORKERS) as pool:
        outcomes = list(pool.map(_live, lives(options.seeds, days)))
    lines = [*table(outcomes), f"{days} days, {(datetime.now(UTC) - begun).seconds} s."]
    lines += (wrong := list(failures(outcomes)))
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
