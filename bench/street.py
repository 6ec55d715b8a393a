"""A street whose meters fall silent, in front of a Home Assistant that restarts, through the pipeline of a group.

Each household lives in steps of ten seconds, and each step is a telegram. It comes when the clock of its meter says so:
these clocks are up to fifty seconds apart.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from heapq import heapreplace
import json
from random import Random
from typing import Final, NamedTuple, override

from custom_components.emucs.groups.members import MemberReading
from custom_components.emucs.groups.quarters import GroupQuarter
from custom_components.emucs.groups.sums import Sum, Summing
from custom_components.emucs.groups.telegrams import GroupTelegram
from custom_components.emucs.insight.capacity import Capacity
from custom_components.emucs.insight.demand import ClosedQuarter, quarter_start
from custom_components.emucs.insight.electricity import in_unit, total
from custom_components.emucs.insight.group import Group
from custom_components.emucs.insight.meter import MeterInsights
from custom_components.emucs.insight.peaks import MonthPeak
from custom_components.emucs.port import Register, Telegram, obis
from virtual_meter import Neighbourhood, NeighbourMeter

from .prints import MILLIWATT_SECONDS_A_WATT_HOUR, STEP, Prints, kilowatts

APART: Final = 50
"""Seconds by which the clocks of two meters differ, at most."""
_DAY: Final = 86_400
_GROUP: Final = "group_of_a_street"
# How many telegrams the meter of the slowest clock may be behind.
_RECENT: Final = 50
# Without a telegram for longer, a member is silent.
_SILENT: Final = timedelta(seconds=60)


class BothPrints(Prints):
    """Makes telegrams that have export too."""

    def __init__(self, meter: NeighbourMeter) -> None:
        """Begin at the start of a quarter."""
        super().__init__(meter)
        truth = meter.truth
        self._export_counter = sum(truth.exported.values(), Decimal())
        self._exported = 0  # mWs since then
        self.at: dict[datetime, tuple[Decimal, Decimal]] = {}
        """What its counters were, by time: at the end of each quarter, and in the latest telegrams."""
        self._recent: deque[datetime] = deque()

    @override
    def registers(self, milliwatts: int) -> dict[str, Register]:
        exported = max(0, -self.meter.net_milliwatts)
        self._exported += exported * STEP
        counter = self._export_counter + Decimal(self._exported // MILLIWATT_SECONDS_A_WATT_HOUR).scaleb(-3)
        registers = super().registers(milliwatts)
        registers[obis.EXPORT_ENERGY] = Register(counter, "kWh")
        registers[obis.EXPORT_POWER] = Register(kilowatts((exported + 500) // 1000), "kW")
        imported = registers[obis.IMPORT_ENERGY].value
        if isinstance(imported, Decimal):
            self.at[self.meter.time] = imported, counter
            self._recent.append(self.meter.time)
        if len(self._recent) > _RECENT and (time := self._recent.popleft()) != quarter_start(time):
            del self.at[time]
        return registers


class Gap(NamedTuple):
    """A time in which nothing came, from one telegram to the next."""

    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Trouble:
    """What goes wrong, in seconds from the begin."""

    silences: Sequence[Sequence[tuple[int, int]]]
    """Of each member: when nothing comes of it."""
    restarts: Sequence[tuple[int, int, bool]]
    """When Home Assistant goes, when it is back, and whether it could keep what it knew."""


def trouble_of(seed: int, count: int, seconds: int) -> Trouble:
    """Invent what goes wrong: a silence of minutes a day, one of hours each fortnight, a restart each five days.

    Every other restart is one after a power failure, which finds what was kept after the latest quarter-hour. Nothing
    goes wrong in the last hour, so that the end can be compared.
    """
    rng, end = Random(f"{seed}/trouble"), seconds - 3600  # noqa: S311 -- chance, and the same each time
    silences = []
    for _ in range(count):
        minutes = [(rng.randrange(end), rng.randint(90, 600)) for _ in range(max(1, seconds // _DAY))]
        hours = [(rng.randrange(end), rng.randint(3600, 8 * 3600)) for _ in range(max(1, seconds // (14 * _DAY)))]
        silences.append([(begin, min(begin + length, end)) for begin, length in minutes + hours])
    begins = sorted(rng.randrange(3600, end) for _ in range(max(2, seconds // (5 * _DAY))))
    restarts = [(begin, min(begin + rng.randint(20, 180), end), number % 2 == 0) for number, begin in enumerate(begins)]
    return Trouble(silences, restarts)


class _Kept(NamedTuple):
    """What Home Assistant has on its disk."""

    group: str
    members: list[str]


class _House:
    """What Home Assistant knows: of each member, and of the group."""

    def __init__(self, ids: Sequence[str], now: float, kept: _Kept | None = None) -> None:
        """Start with nothing known, or with what was kept."""
        self._ids = ids
        if kept is None:
            self.members = [MeterInsights(each, {}) for each in ids]
            self.group = MeterInsights(_GROUP, {})
        else:
            self.members = [MeterInsights.restore(each, {}, json.loads(kept.members[n])) for n, each in enumerate(ids)]
            self.group = MeterInsights.restore(_GROUP, {}, json.loads(kept.group))
        self._summing = Summing(dict.fromkeys(ids, 1), now, self.group[Group].total)
        self._looked = now

    def keep(self) -> _Kept:
        """Return what is kept over a restart."""
        return _Kept(json.dumps(self.group.save()), [json.dumps(each.save()) for each in self.members])

    def feed(self, number: int, telegram: Telegram, now: float, host: datetime) -> list[Sum]:
        """Take a telegram of a member; return the sums that it made known."""
        update = self.members[number].feed(telegram, host)
        reading = _reading(update.telegram)
        if self._summing.alignment.feed(self._ids[number], reading, now, host) or now - self._looked >= STEP:
            self._looked = now
            return self._summing.take(now)
        return []


def _reading(telegram: Telegram) -> MemberReading:
    """Return what a telegram says of its meter."""
    assert telegram.time is not None  # noqa: S101 -- each of ours has one
    codes = {obis.IMPORT_ENERGY: "kWh", obis.EXPORT_ENERGY: "kWh", obis.IMPORT_POWER: "kW", obis.EXPORT_POWER: "kW"}
    imported, exported, import_power, export_power = (
        in_unit(total(telegram, code), unit) or Decimal() for code, unit in codes.items()
    )
    return MemberReading(telegram.time, imported, exported, import_power, export_power)


@dataclass(slots=True)
class Month:
    """What a group made of a street, and what can be said of it from outside."""

    street: Neighbourhood
    offsets: Sequence[int]
    gaps: list[list[Gap]] = field(default_factory=list)
    """Of each member, the silences of more than a minute."""
    away: list[Gap] = field(default_factory=list)
    """Of all of them, while Home Assistant was away."""
    closed: dict[datetime, ClosedQuarter] = field(default_factory=dict)
    """The quarters that the group closed, by their end."""
    exchanges: dict[datetime, GroupQuarter] = field(default_factory=dict)
    """What each member exchanged in them, by their start."""
    first: Mapping[str, MemberReading] = field(default_factory=dict)
    """What the group read of each member first."""
    last: Sum | None = None
    peaks: Mapping[date, MonthPeak] = field(default_factory=dict)
    """The highest quarters of the months, as the group has them at the end."""
    counters: Mapping[str, Mapping[datetime, tuple[Decimal, Decimal]]] = field(default_factory=dict)
    """What the meters themselves printed, import and export in kWh: at the ends of quarters, and lately."""
    telegrams: int = 0
    lost: int = 0


def live(street: Neighbourhood, seconds: int, trouble: Trouble, seed: int) -> Month:
    """Let a street live for so many seconds from the start of a quarter on, and return what came of it."""
    return _Run(street, seconds, trouble, seed).run()


class _Run:
    """Lets a street live in front of Home Assistant."""

    def __init__(self, street: Neighbourhood, seconds: int, trouble: Trouble, seed: int) -> None:
        """Take all that takes part."""
        rng = Random(f"{seed}/clocks")  # noqa: S311 -- chance, and the same each time
        count = len(street.meters)
        self._start = int(street.time.timestamp())
        self._end = self._start + seconds
        self._trouble = trouble
        self._restarts = [*trouble.restarts]
        self._prints = [BothPrints(meter) for meter in street.meters]
        self._ids = [meter.meter_id for meter in street.meters]
        self._heard: list[datetime | None] = [None] * count
        self._house: _House | None = _House(self._ids, self._start - APART)
        self._kept = self._house.keep()
        self.month = Month(
            street, [rng.randint(-APART // 2, APART // 2) for _ in range(count)], [[] for _ in range(count)]
        )

    def run(self) -> Month:
        """Live until the end."""
        month = self.month
        # When the next telegram of each comes, by the clock of the host.
        queue = sorted((self._start + STEP - offset, number) for number, offset in enumerate(month.offsets))
        while queue[0][0] < self._end:
            now, number = queue[0]
            self._go_or_come(now)
            self._receive(number, now)
            heapreplace(queue, (now + STEP, number))
        month.counters = {each: prints.at for each, prints in zip(self._ids, self._prints, strict=True)}
        if self._house is not None:
            month.peaks = self._house.group[Capacity].months()
        return month

    def _go_or_come(self, now: int) -> None:
        """Let Home Assistant go, or come back."""
        if not self._restarts:
            return
        begin, end, is_kept = self._restarts[0]
        if self._house is not None and now >= self._start + begin:
            if is_kept:
                self._kept = self._house.keep()
            self._house = None
        if now >= self._start + end:
            self._restarts.pop(0)
            self._house = _House(self._ids, now, self._kept)

    def _receive(self, number: int, now: int) -> None:
        """Let a telegram come, if it does."""
        telegram = self._prints[number].advance()
        second, month, house = now - self._start, self.month, self._house
        month.telegrams += 1
        is_silent = any(begin <= second < end for begin, end in self._trouble.silences[number])
        if is_silent or house is None or telegram.time is None:
            month.lost += 1
            return
        before, self._heard[number] = self._heard[number], telegram.time
        if before is not None and (telegram.time - before).total_seconds() > STEP:
            gone = before.timestamp() - month.offsets[number] - self._start
            if any(begin < second and end > gone for begin, end, _ in self._trouble.restarts):
                month.away.append(Gap(before, telegram.time))
            elif telegram.time - before > _SILENT:
                month.gaps[number].append(Gap(before, telegram.time))
        host = datetime.fromtimestamp(now, UTC)
        for known in house.feed(number, telegram, now, host):
            self._take(house, known, host)

    def _take(self, house: _House, known: Sum, host: datetime) -> None:
        """Take a sum, as the coordinator of a group does."""
        month = self.month
        month.last = known
        month.first = {**known.members, **month.first}
        house.group.feed(GroupTelegram(_GROUP, known), host)
        capacity, group = house.group[Capacity].state, house.group[Group].state
        for each in group.closed if group is not None else ():
            month.exchanges[each.start] = each
        if capacity is not None and capacity.closed is not None:
            month.closed[capacity.closed.end] = capacity.closed
            # What is urgent is kept soon.
            self._kept = house.keep()
