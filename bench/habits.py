"""What the house's habits are worth: how often a recurring peak comes that was announced, and how often a day is odd.

Each quarter of a house is a telegram for the insights that users run. A quarter is *high* when it is above what a
recurring peak has to be above, by the 28 days before that day.
"""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
import sys
from typing import Any, Final

from custom_components.emucs.exports import ExportError
from custom_components.emucs.insight.anomaly import Anomaly
from custom_components.emucs.insight.base import Insight
from custom_components.emucs.insight.capacity import Capacity
from custom_components.emucs.insight.demand import QUARTERS_AN_HOUR
from custom_components.emucs.insight.habits import Habits
from custom_components.emucs.insight.profile import Profile
from custom_components.emucs.insight.quarters import (
    DAYS as LEARNED,
    IMPORT,
    QUARTERS_A_DAY,
    local_place,
    slot_begin,
    slot_of,
)
from custom_components.emucs.insight.recurring import Recurring
from custom_components.emucs.port import Register, Telegram, obis

from .forecasting import PROOF, House, Life, Series, loaded, virtual_house
from .report import machine, write_between

DAYS: Final = 365
BEGIN: Final = "<!-- scripts/backtest --habits --write writes from here -->"
END: Final = "<!-- scripts/backtest --habits --write writes to here -->"

_DAYS_A_YEAR: Final = 365.25
# On one day in so many the house uses as much more in the evening as it does in a mean day.
_EVERY: Final = 11
_EVENING: Final = range(72, 96)


@dataclass(slots=True)
class Judged:
    """What came of a house."""

    house: str
    days: int = 0
    """On which something could be said."""
    announced: int = 0
    came: int = 0
    chance: float = 0.0
    """How many of the announced would have come at any time of the four weeks before."""
    peaks: int = 0
    foreseen: int = 0
    more: int = 0
    """Days that were told to be unusual, as there was more than usual."""
    less: int = 0
    added: int = 0
    """Days to which something was added."""
    found: int = 0


class Pipeline:
    """The insights that matter here, of a meter that prints a telegram at the end of each quarter."""

    def __init__(self) -> None:
        """Start with a meter that nothing is known of."""
        self.capacity, self.profile = Capacity(Capacity.settings_of({})), Profile()
        self.recurring, self.anomaly = Recurring(), Anomaly()
        self._insights: tuple[Insight[Any, Any], ...] = self.capacity, self.profile, self.recurring, self.anomaly
        for insight in self._insights:
            insight.hand_over({type(each): each for each in self._insights})
        self._counter = Decimal(1000)

    def feed(self, slot: int, mean: float | None) -> None:
        """Let a quarter end at so many kW; None where it is missing."""
        if mean is None:
            return
        self._counter += Decimal(f"{mean / QUARTERS_AN_HOUR:.6f}")
        registers = {
            obis.IMPORT_ENERGY: Register(self._counter, "kWh"),
            obis.IMPORT_POWER: Register(Decimal(), "kW"),
        }
        telegram = Telegram("", None, None, slot_begin(slot + 1), registers, {}, ())
        for insight in self._insights:
            insight.feed(telegram)


def judge(house: House) -> Judged:
    """Judge what was announced of a house, and which of its days were told to be unusual."""
    judged, pipeline, series = Judged(house.name), Pipeline(), house.flows[IMPORT]
    first = min(series) + LEARNED * QUARTERS_A_DAY
    expected, is_running, threshold = range(0), False, 0.0
    for slot in range(min(series), max(series) + 1):
        mean = series.get(slot)
        if slot >= first and mean is not None:
            if not threshold or local_place(slot)[1] == 0:
                threshold = Habits(pipeline.profile.quarters).threshold
            is_high = mean > threshold
            judged.peaks += is_high and not is_running
            judged.foreseen += is_high and not is_running and slot in expected
            is_running = is_high
        pipeline.feed(slot, mean)
        if slot >= first and mean is not None and (told := _told(pipeline)):
            expected = told
            judged.announced += 1
            judged.came += _has_high(series, told, threshold)
            judged.chance += _by_chance(series, told, threshold)
    return _judge_days(judged, series)


def _told(pipeline: Pipeline) -> range | None:
    """Return the quarters of the peak that was announced just now."""
    state = pipeline.recurring.state
    if state is None or state.expected is None:
        return None
    return range(slot_of(state.expected.begin), slot_of(state.expected.end))


def _has_high(series: Series, slots: range, threshold: float) -> bool:
    """Tell whether a quarter was high."""
    return any(series.get(slot, 0.0) > threshold for slot in slots)


def _by_chance(series: Series, slots: range, threshold: float) -> float:
    """Return how many of as many quarters, at any time of the four weeks before, had a high one."""
    begins = range(slots.start - LEARNED * QUARTERS_A_DAY, slots.start)
    return sum(_has_high(series, range(begin, begin + len(slots)), threshold) for begin in begins) / len(begins)


def _judge_days(judged: Judged, series: Series) -> Judged:
    """Judge which days were told to be unusual: of the house as it is, and of one to which something was added."""
    mean = sum(series.values()) / len(series)
    for is_more in _unusual(series).values():
        judged.more += is_more
        judged.less += not is_more
    first = local_place(min(series))[0] + LEARNED
    last = local_place(max(series))[0] + 1
    judged.days = last - first
    days = range(first + 1, last, _EVERY)
    more = mean * QUARTERS_A_DAY / len(_EVENING)
    odd = {
        slot: value + more * (day in days and index in _EVENING)
        for slot, value in series.items()
        for day, index in [local_place(slot)]
    }
    found = _unusual(odd)
    judged.added, judged.found = len(days), sum(found.get(day, False) for day in days)
    return judged


def _unusual(series: Series) -> Mapping[int, bool]:
    """Return the days that are told to be unusual, and whether there was more than usual."""
    pipeline, found = Pipeline(), {}
    for slot in range(min(series), max(series) + 1):
        pipeline.feed(slot, series.get(slot))
        state = pipeline.anomaly.state
        if state is not None and state.unusual is not None:
            found[local_place(slot)[0]] = state.unusual.is_more
    return found


def table(results: Iterable[Judged]) -> Iterator[str]:
    """Yield the lines of the table, as Markdown."""
    head = ["House", "Days", "Announced", "Came", "By chance", "Peaks", "Announced of them"]
    head += ["Unusual days a year: more", "Less", "Doubled days, told"]
    yield f"| {' | '.join(head)} |"
    yield f"|---|{'---:|' * (len(head) - 1)}"
    for each in results:
        a_year = _DAYS_A_YEAR / each.days
        cells = [each.house, f"{each.days}", f"{each.announced}", _share(each.came, each.announced)]
        cells += [_share(each.chance, each.announced), f"{each.peaks}", _share(each.foreseen, each.peaks)]
        cells += [f"{each.more * a_year:.0f}", f"{each.less * a_year:.0f}", f"{each.found} of {each.added}"]
        yield f"| {' | '.join(cells)} |"


def _share(part: float, whole: int) -> str:
    """Return a share in per cent."""
    return f"{part / whole:.0%}" if whole else "-"


def _live(life: Life) -> Judged:
    """Simulate and judge a household."""
    return judge(virtual_house(*life))


def prove(lives: list[Life], workers: int, *, write: bool) -> int:
    """Simulate households, print the table, and write it to the docs if asked to; return the exit code."""
    begun = datetime.now(UTC)
    with ProcessPoolExecutor(workers) as pool:
        lines = list(table(pool.map(_live, lives)))
    _print(lines)
    if write:
        head = f"{lives[0].days} days, run on {begun:%-d %B %Y}: {machine()}."
        write_between(PROOF, BEGIN, END, "\n".join([head, "", *lines, ""]))
    return 0


def prove_files(paths: Iterable[Path]) -> int:
    """Judge what files hold, and print the table; return the exit code."""
    try:
        houses = [house for path in paths for house in loaded(path)]
    except ExportError as error:
        _print([str(error)])
        return 1
    results = [judge(house) for house in houses if len(house.flows[IMPORT]) > LEARNED * QUARTERS_A_DAY]
    _print(list(table(results)) if results else [f"There are not more than {LEARNED} days of quarter-hours."])
    return 0 if results else 1


def _print(lines: list[str]) -> None:
    """Print lines."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))
