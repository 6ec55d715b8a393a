"""Whether the alarm gets better by what the house usually does: tried, measured, and shown in docs/proof.md.

The alarm goes by the power of now until the end of the quarter. Here it goes by a mixture of that and of the mean that
is forecast for the quarter, by shares; a share of 1 is the alarm that users have. Judged as `bench.backtest` judges it.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
import sys
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from custom_components.emucs.insight.alarm import Alarm
from custom_components.emucs.insight.capacity import CONF_PEAK_TARGET, SECTION_CAPACITY, Capacity, CapacityState
from custom_components.emucs.insight.forecast import Forecast
from custom_components.emucs.insight.meter import MeterInsights
from virtual_meter import VirtualMeter

from .forecasting import PROOF
from .prints import QUARTER, STEP, Prints, kilowatts
from .report import machine, write_between

DAYS: Final = 60
LEARNED: Final = 28
"""Of which so many are not judged."""
SHARES: Final = tuple(map(Decimal, ("1", "0.9", "0.75", "0.5")))
DAMPED: Final = Decimal("0.75")
"""The share that is also tried with nothing instead of what is usual: whether it is that which helps."""

_BEGIN: Final = "<!-- scripts/backtest --alarm --write writes from here -->"
_END: Final = "<!-- scripts/backtest --alarm --write writes to here -->"
_START: Final = datetime(2026, 1, 1, tzinfo=ZoneInfo("Europe/Brussels"))
_QUARTERS_A_DAY: Final = 96
_A_MINUTE: Final = 60
# The minute in which an alarm goes off, and a telegram.
_GOING_OFF: Final = 70


class Life(NamedTuple):
    """What is to be simulated, in a process of its own."""

    name: str
    profile: str
    options: Mapping[str, Any]
    target: Decimal
    seed: int
    days: int


@dataclass(slots=True)
class Tried:
    """An alarm by a share, and what came of it in a house."""

    share: Decimal
    is_damped: bool = False
    """Whether nothing stands for what is usual."""
    alarm: Alarm = field(default_factory=Alarm)
    false: int = 0
    missed: int = 0
    on: bool = False
    on_in_time: bool = False
    first: int | None = None
    """With how many seconds left it came in this quarter."""
    lead: int = 0
    """Over all quarters that passed the target."""

    def feed(self, state: CapacityState, usual: Decimal | None, left: int) -> None:
        """Take a moment of a quarter with so many seconds left, and the mean in kW that is usual in it."""
        demand, was_on = state.demand, self.alarm.on
        if usual is not None:
            rest = Decimal() if self.is_damped else (1 - self.share) * usual
            demand = demand._replace(power=self.share * demand.power + rest)
        is_on = self.alarm.feed(demand, state.effective_target)
        self.on |= is_on and (not was_on or left < QUARTER - _GOING_OFF)
        if is_on and self.first is None:
            self.first = left
        if left == _A_MINUTE:
            self.on_in_time = is_on

    def end(self, *, is_over: bool, could_be_seen: bool) -> None:
        """End a quarter; of one that passed the target only by its last minute no alarm could warn."""
        self.false += self.on and not is_over
        self.missed += is_over and could_be_seen and not self.on_in_time
        self.lead += (self.first or 0) if is_over else 0
        self.on, self.on_in_time, self.first = False, False, None


@dataclass(slots=True)
class Outcome:
    """What came of all shares in a house."""

    life: Life
    tried: list[Tried] = field(default_factory=lambda: [*map(Tried, SHARES), Tried(DAMPED, is_damped=True)])
    over: int = 0


def live(life: Life) -> Outcome:
    """Let a household live, and return what came of each share."""
    meter = VirtualMeter(life.profile, life.seed, _START, gas=False, water=False, history_months=0, **life.options)
    prints = Prints(meter)
    insights = MeterInsights(meter.meter_id, {SECTION_CAPACITY: {CONF_PEAK_TARGET: str(life.target)}})
    outcome = Outcome(life)
    for number in range(life.days * _QUARTERS_A_DAY):
        is_judged, could_be_seen, target = number >= LEARNED * _QUARTERS_A_DAY, False, life.target
        for left in range(QUARTER - STEP, -1, -STEP):
            telegram = prints.advance()
            insights.feed(telegram, telegram.time or meter.time)
            state = insights[Capacity].state
            # The telegram at the very end is the first of the next quarter.
            if not is_judged or state is None or not left:
                continue
            target = state.effective_target
            if left == _A_MINUTE:
                could_be_seen = state.demand.forecast > target
            usual = _usual(insights)
            for each in outcome.tried:
                each.feed(state, usual, left)
        if is_judged:
            is_over = kilowatts(prints.closed_watts) > target
            outcome.over += is_over
            for each in outcome.tried:
                each.end(is_over=is_over, could_be_seen=could_be_seen)
    return outcome


def _usual(insights: MeterInsights) -> Decimal | None:
    """Return the mean in kW that is forecast for the running quarter."""
    forecast = insights[Forecast].state
    band = forecast.slots[0].imported if forecast is not None else None
    return None if band is None else Decimal(str(round(band.mean, 3)))


def table(outcomes: list[Outcome]) -> Iterator[str]:
    """Yield the lines of the table, as Markdown."""
    head = ["House", "Target", "Over", *(f"{share:.0%} power of now" for share in SHARES)]
    head.append(f"{DAMPED:.0%}, and nothing else")
    yield f"| {' | '.join(head)} |"
    yield f"|---|{'---:|' * (len(head) - 1)}"
    for each in outcomes:
        cells = [each.life.name, f"{each.life.target} kW", str(each.over)]
        cells += [
            f"{tried.false} / {tried.missed} / {tried.lead / each.over:.0f} s"
            if each.over
            else f"{tried.false} / 0 / -"
            for tried in each.tried
        ]
        yield f"| {' | '.join(cells)} |"


def prove(lives: list[Life], workers: int, *, write: bool) -> int:
    """Simulate households, print the table, and write it to the docs if asked to; return the exit code."""
    begun = datetime.now(UTC)
    with ProcessPoolExecutor(workers) as pool:
        lines = list(table(list(pool.map(live, lives))))
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    if write:
        head = (
            f"{lives[0].days} days from {_START:%-d %B %Y} on, of which the first {LEARNED} are not judged; "
            f"run on {begun:%-d %B %Y}: {machine()}."
        )
        write_between(PROOF, _BEGIN, _END, "\n".join([head, "", *lines, ""]))
    return 0
