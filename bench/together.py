"""`scripts/backtest --group`: whether a group of meters comes to what its members truly came to together.

The street itself sums up, at each moment, what all households exchange with the grid. A quarter of the group is *known*
if no member was silent in it. A quarter of which a member was silent for more than a tenth may be no peak.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
import sys
from time import process_time
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from custom_components.emucs.insight.peaks import month_of
from virtual_meter import Neighbourhood, StreetQuarter

from .charging import PROOF
from .prints import MILLIWATT_SECONDS_A_WATT_HOUR, QUARTER, STEP, kilowatts
from .report import machine, write_between
from .street import APART, Gap, Month, live, trouble_of

DAYS: Final = 31
SIZES: Final = (2, 5, 12)
"""How many households the streets have."""
_START: Final = datetime(2026, 3, 1, tzinfo=ZoneInfo("Europe/Brussels"))
_QUARTER: Final = timedelta(seconds=QUARTER)
_BEGIN: Final = "<!-- scripts/backtest --group --write writes from here -->"
_END: Final = "<!-- scripts/backtest --group --write writes to here -->"
# More than a tenth of a quarter, in seconds; a telegram may be on either side.
_TENTH: Final = 90
# What a counter has passed of a watt-hour is not printed; a quarter has two ends.
_WATT_HOUR: Final = Decimal("0.001")
_QUARTERS_AN_HOUR: Final = 4


class Life(NamedTuple):
    """What is to be simulated, in a process of its own."""

    households: int
    seed: int
    days: int


@dataclass(slots=True)
class Outcome:
    """How a group compares with the truth of its street."""

    life: Life
    lost: float
    """The share of telegrams that did not come."""
    known: int = 0
    """Quarters in which no member was silent, and Home Assistant was there."""
    partly: int = 0
    """Quarters in which a member was silent for more than a tenth."""
    wrong: int = 0
    """Those of the second kind that may be peaks, and those of the first that may not."""
    error: int = 0
    """The worst of the demand of a known quarter, in W."""
    energy: Decimal = Decimal()
    """By how many kWh the sums of all imports and of all exports are off, together."""
    net: Decimal = Decimal()
    """By how many kWh what the group exchanged is off, less what waits to be booked."""
    quarters: Decimal = Decimal()
    """By how many kWh the quarters of all members are off what they counted, added up without sign."""
    exchanged: Decimal = Decimal()
    """By how many kWh import and export of the group, at once, are off the truth: the worse of both."""
    peak: Decimal = Decimal()
    """The group's highest quarter of the month, in kW."""
    unseen: Decimal = Decimal()
    """The share of that quarter in which a member was silent or Home Assistant away: at most a tenth."""
    true_peak: Decimal = Decimal()
    """The truly highest one among those that may be peaks."""
    any_peak: Decimal = Decimal()
    """And among all."""
    single_peaks: Decimal = Decimal()
    """The highest quarters of each household, added up."""
    seconds: float = 0.0
    """CPU of all insights and the street, for each second of the month."""

    def failures(self) -> Iterator[str]:
        """Yield what is not as it should be."""
        name, resolution = f"{self.life.households} households", _resolution(self.life.households)
        if self.energy or self.net or self.quarters >= _WATT_HOUR:
            yield f"{name}: energy was lost or doubled: {self.energy}, {self.net}, {self.quarters} kWh"
        if self.wrong:
            yield f"{name}: {self.wrong} quarters are peaks that may not be, or the other way round"
        if kilowatts(self.error) > resolution:
            yield f"{name}: the demand of a known quarter is {self.error} W off"
        # What was not seen of a quarter is taken to be like the rest.
        if abs(self.peak - self.true_peak) > resolution + self.peak * self.unseen:
            yield f"{name}: the peak is {self.peak} kW, and truly {self.true_peak} kW"


def _resolution(count: int) -> Decimal:
    """Return what the two counters of each, in whole watt-hours, leave open of a demand in kW."""
    return _WATT_HOUR * _QUARTERS_AN_HOUR * 2 * count


def prove_life(life: Life) -> Outcome:
    """Let a street live, and compare."""
    street = Neighbourhood(life.households, life.seed, _START, gas=False, water=False, history_months=0)
    # Days of local time: clocks go on to summer time in March.
    seconds = int((_START + timedelta(days=life.days)).timestamp() - _START.timestamp())
    begun = process_time()
    month = live(street, seconds, trouble_of(life.seed, life.households, seconds), life.seed)
    outcome = compare(life, month)
    outcome.seconds = (process_time() - begun) / seconds
    return outcome


def compare(life: Life, month: Month) -> Outcome:
    """Compare what a group made of a street with what the street knows itself."""
    outcome = Outcome(life, month.lost / month.telegrams)
    _compare_energy(outcome, month)
    _compare_members(outcome, month)
    # Of the first quarter nobody has seen the first telegram.
    for quarter in list(month.street.sums.quarters)[1:]:
        _compare_quarter(outcome, month, quarter)
    moment = month.street.sums.quarters[-1].end - _QUARTER
    if peak := month.peaks.get(month_of(month.street.sums.quarters[-1].end)):
        outcome.peak = peak.value
        outcome.unseen = 1 - month.closed[peak.time].coverage if peak.time in month.closed else Decimal(1)
    if truly := month.street.sums.peak(moment):
        outcome.any_peak = kilowatts(truly.watts)
    outcome.single_peaks = kilowatts(sum(month.street.sums.single_peaks(moment)))
    return outcome


def _compare_energy(outcome: Outcome, month: Month) -> None:
    """Compare the sums with what the meters counted themselves, between what was read of them first and last."""
    if month.last is None:
        return
    counted, time = month.last.counters, month.last.time
    imported = exported = Decimal()
    for member, first in month.first.items():
        ended = month.counters[member][time]
        imported += ended[0] - first.imported
        exported += ended[1] - first.exported
    outcome.energy = abs(counted.gross_imported - imported) + abs(counted.gross_exported - exported)
    outcome.net = counted.imported - counted.exported + counted.pending - (imported - exported)
    together = month.street.sums.together
    outcome.exchanged = max(
        abs(counted.imported - _kilowatt_hours(together.imported)),
        abs(counted.exported - _kilowatt_hours(together.exported)),
    )


def _compare_members(outcome: Outcome, month: Month) -> None:
    """Compare what is said of each member and quarter with what its meter counted in it."""
    for member, counters in month.counters.items():
        # The first one lacks what was counted before the first telegram.
        starts = sorted(start for start, quarter in month.exchanges.items() if member in quarter.exchanges)[1:]
        for number in range(2):
            said = sum((month.exchanges[start].exchanges[member][number] for start in starts), Decimal())
            outcome.quarters += abs(said - (counters[starts[-1] + _QUARTER][number] - counters[starts[0]][number]))


def _compare_quarter(outcome: Outcome, month: Month, quarter: StreetQuarter) -> None:
    """Compare the demand of a quarter, and whether it may be a peak."""
    start, end = quarter.end - _QUARTER, quarter.end
    closed = month.closed.get(end)
    counts = closed is not None and closed.counts
    if counts:
        outcome.true_peak = max(outcome.true_peak, kilowatts(quarter.together.watts))
    of_members = [gap for gaps in month.gaps for gap in gaps]
    if covered(start, end, of_members) > _TENTH + STEP:
        outcome.partly += 1
        outcome.wrong += counts
    elif not covered(start, end, [*of_members, *month.away]):
        outcome.known += 1
        outcome.wrong += not counts
        if closed is not None:
            outcome.error = max(outcome.error, abs(round(closed.value * 1000) - quarter.together.watts))


def covered(start: datetime, end: datetime, gaps: Sequence[Gap]) -> float:
    """Return how many seconds of a quarter gaps cover, those that overlap counted once."""
    seconds, reached = 0.0, start
    for gap in sorted(gaps):
        begin = max(gap.begin, reached)
        if begin < min(gap.end, end):
            reached = min(gap.end, end)
            seconds += (reached - begin).total_seconds()
    return seconds


def _kilowatt_hours(milliwatt_seconds: int) -> Decimal:
    """Return energy in kWh."""
    return Decimal(milliwatt_seconds // MILLIWATT_SECONDS_A_WATT_HOUR).scaleb(-3)


def table(outcomes: list[Outcome]) -> Iterator[str]:
    """Yield the lines of the table, as Markdown."""
    yield (
        "| Street | Telegrams lost | Quarters known | Partly known | Peak of the group | Truly | Among all quarters "
        "| Sum of the single peaks | Worst quarter | Energy lost or doubled | Exchange at once |"
    )
    yield "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
    for each in outcomes:
        lost = each.energy + abs(each.net) + each.quarters
        yield (
            f"| {each.life.households} households | {each.lost:.1%} | {each.known} | {each.partly} "
            f"| {each.peak:.3f} kW | {each.true_peak:.3f} kW | {each.any_peak:.3f} kW | {each.single_peaks:.3f} kW "
            f"| {each.error} W off | {lost:.3f} kWh | {each.exchanged:.3f} kWh off |"
        )


def prove(seeds: list[int], days: int, workers: int, *, write: bool) -> int:
    """Simulate streets, print the table, and write it to the docs if asked to; return the exit code."""
    lives = [Life(count, seed * 100, days) for seed in seeds for count in SIZES]
    begun = datetime.now(UTC)
    with ProcessPoolExecutor(workers) as pool:
        outcomes = list(pool.map(prove_life, lives))
    lines, wrong = list(table(outcomes)), [failure for each in outcomes for failure in each.failures()]
    took = f"{days} days from {_START:%-d %B %Y} on, {(datetime.now(UTC) - begun).seconds} s."
    sys.stdout.write("".join(f"{line}\n" for line in (*lines, took, *wrong)))
    if write:
        head = (
            f"{days} days from {_START:%-d %B %Y} on, telegrams of {STEP} s, clocks up to {APART} s apart; "
            f"run on {begun:%-d %B %Y}: {machine()}."
        )
        write_between(PROOF, _BEGIN, _END, "\n".join([head, "", *lines, ""]))
    return 1 if wrong else 0
