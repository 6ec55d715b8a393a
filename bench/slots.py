"""Whether a machine fits where the integration says so: tried on each day of a year, beside starting it at once.

A machine is wanted each morning and each evening. It *fits* where no quarter-hour in which it runs passes what was the
target in effect when it was asked for: of the house as it was, and of the machine, which is added to it.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
import sys
from typing import Final, override
from zoneinfo import ZoneInfo

from custom_components.emucs.exports import ExportError
from custom_components.emucs.insight.forecast import Forecast
from custom_components.emucs.insight.peaks import FLOOR
from custom_components.emucs.insight.profile import Closed, Profile
from custom_components.emucs.insight.quarters import QUARTERS_A_DAY, local_begin, slot_of
from custom_components.emucs.insight.slots import DISHWASHER, Machine, Room, RoomLimits, find, rooms_of
from custom_components.emucs.port import Telegram

from .alarms import Life
from .forecasting import PROOF, House, loaded, virtual_house
from .report import machine as machine_name, write_between

DAYS: Final = 365
LEARNED: Final = 28
"""Of which so many are not judged."""

_BEGIN: Final = "<!-- scripts/backtest --slots --write writes from here -->"
_END: Final = "<!-- scripts/backtest --slots --write writes to here -->"
_START: Final = datetime(2026, 1, 1, tzinfo=ZoneInfo("Europe/Brussels"))
_ASKED: Final = {10: timedelta(hours=9), 20: timedelta(hours=11)}
"""At which hours a machine is wanted, and within how long it has to have ended."""
_NO_TELEGRAM: Final = Telegram("", None, None, None, {}, {}, ())
# What a quarter after the other takes in kW where it starts with one: 60 W for 90 minutes, and 1.95 kW for 15 minutes
# after 10 minutes, and for 14 after an hour.
PROGRAMME: Final = (0.71, 1.36, 0.06, 0.06, 1.88, 0.06)


@dataclass(slots=True)
class Share:
    """How often a machine fitted."""

    tried: int = 0
    as_asked: int = 0
    """With all its power in each of its quarters, as it is looked for."""
    programme: int = 0

    def add(self, *, as_asked: bool, programme: bool) -> None:
        """Take a start."""
        self.tried += 1
        self.as_asked += as_asked
        self.programme += programme

    @override
    def __str__(self) -> str:
        """Return both shares."""
        return " / ".join(f"{each / self.tried:.0%}" for each in (self.as_asked, self.programme)) if self.tried else "-"


@dataclass(slots=True)
class Outcome:
    """What came of asking at an hour of the day in a house."""

    name: str
    target: float
    hour: int
    asked: int = 0
    unknown: int = 0
    refused: int = 0
    at_once: Share = field(default_factory=Share)
    """In the days in which a start was found."""
    found: Share = field(default_factory=Share)


class _House:
    """A house that lives through its quarters, with what the integration would know of it."""

    def __init__(self, house: House, target: float) -> None:
        """Begin with nothing known."""
        self._imported, self._exported = house.flows
        self.slots = sorted(self._imported)
        self._target = max(target, float(FLOOR))
        self._peak = 0.0
        self._profile, self._forecast = Profile(), Forecast()
        self._forecast.hand_over({Profile: self._profile})

    def enter(self, slot: int) -> tuple[RoomLimits, tuple[Room, ...]]:
        """Enter a quarter; return what none is to pass, and what fits."""
        last = slot - 1
        if last in self._imported:
            self._profile.quarters.put(last, *(flow.get(last) for flow in (self._imported, self._exported)))
        is_new = local_begin(slot).month != local_begin(last).month
        self._peak = 0.0 if is_new else max(self._peak, self._imported.get(last, 0.0))
        self._profile.state = Closed(last, None, None)
        state = self._forecast.feed(_NO_TELEGRAM)
        limits = RoomLimits(max(self._target, self._peak), self._target)
        return limits, () if state is None else tuple(rooms_of(state.slots, limits))

    def fits(self, slot: int, powers: Sequence[float], limits: RoomLimits, month: int) -> bool:
        """Tell whether no quarter passes a limit with a machine that starts in one of them."""
        return all(
            self._imported.get(each, 0.0) - self._exported.get(each, 0.0) + power
            <= (limits.now if local_begin(each).month == month else limits.next_month)
            for each, power in enumerate(powers, slot)
        )


def judge(house: House, target: float, machine: Machine = DISHWASHER) -> list[Outcome]:
    """Ask for a machine on each day of a house."""
    outcomes = {hour: Outcome(house.name, target, hour) for hour in _ASKED}
    lived = _House(house, target)
    for number, slot in enumerate(lived.slots):
        limits, rooms = lived.enter(slot)
        time = local_begin(slot)
        if time.minute or time.hour not in _ASKED or number < LEARNED * QUARTERS_A_DAY:
            continue
        outcome = outcomes[time.hour]
        outcome.asked += 1
        found = find(rooms, machine, time, time + _ASKED[time.hour])
        outcome.unknown += not rooms
        outcome.refused += bool(rooms) and not found.starts
        if found.starts:
            flat = [machine.power] * machine.quarters
            for share, start in ((outcome.at_once, slot), (outcome.found, slot_of(found.starts[0].begin))):
                share.add(
                    as_asked=lived.fits(start, flat, limits, time.month),
                    programme=lived.fits(start, PROGRAMME, limits, time.month),
                )
    return list(outcomes.values())


def table(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """Yield the lines of the table, as Markdown."""
    yield "| House | Target | Wanted | Asked | Not known | None fits | At once | At the start found |"
    yield "|---|---:|---|---:|---:|---:|---:|---:|"
    for each in outcomes:
        end = (each.hour + _ASKED[each.hour] // timedelta(hours=1)) % 24
        yield (
            f"| {each.name} | {each.target:g} kW | {each.hour}:00 to {end}:00 | {each.asked} | {each.unknown} "
            f"| {each.refused} | {each.at_once} | {each.found} |"
        )


def _live(life: Life) -> list[Outcome]:
    """Simulate and judge it."""
    house = virtual_house(life.name, life.profile, life.options, life.seed, life.days, _START)
    return judge(house, float(life.target))


def prove_files(paths: Iterable[Path]) -> int:
    """Judge what exports of the grid operator hold, and print the table; return the exit code."""
    try:
        houses = [house for path in paths for house in loaded(path)]
    except ExportError as error:
        sys.stdout.write(f"{error}\n")
        return 1
    outcomes = [outcome for house in houses for outcome in judge(house, float(FLOOR)) if outcome.asked]
    if not outcomes:
        sys.stdout.write(f"There are not more than {LEARNED} days of quarter-hours.\n")
        return 1
    sys.stdout.write("".join(f"{line}\n" for line in table(outcomes)))
    return 0


def prove(lives: list[Life], workers: int, *, write: bool) -> int:
    """Simulate households, print the table, and write it to the docs if asked to; return the exit code."""
    begun = datetime.now(UTC)
    with ProcessPoolExecutor(workers) as pool:
        lines = list(table(outcome for each in pool.map(_live, lives) for outcome in each))
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    if write:
        head = (
            f"{lives[0].days} days from {_START:%-d %B %Y} on, of which the first {LEARNED} are not judged; "
            f"run on {begun:%-d %B %Y}: {machine_name()}."
        )
        write_between(PROOF, _BEGIN, _END, "\n".join([head, "", *lines, ""]))
    return 0
