"""A street of virtual meters with drop-outs, beside the truth: `python -m tests.groups.month DAYS`."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
import sys
from typing import NamedTuple

from custom_components.emucs.groups.members import MemberReading
from custom_components.emucs.groups.sums import Sum, Summing
from custom_components.emucs.groups.telegrams import GroupTelegram
from custom_components.emucs.insight.capacity import Capacity
from custom_components.emucs.insight.electricity import energy_export, energy_import, net_power
from custom_components.emucs.insight.meter import MeterInsights
from custom_components.emucs.port import Reader
from virtual_meter import VirtualMeter

_STEP = 10
_QUARTER = timedelta(minutes=15)
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_UNSEEN = 90
"""Seconds of a quarter that may be unseen where it counts."""


class Outcome(NamedTuple):
    """What the group says, beside the truth."""

    peak: Decimal
    peak_time: datetime | None
    true_peak: float
    """kW, of the quarters that count."""
    true_time: datetime
    lost: Decimal
    """kWh of all members' counters that the group does not have, or has twice."""
    net_lost: Decimal
    """The same of import less export."""
    dropped: int
    """How many quarters had too long a drop-out."""
    excess: float
    """kWh by which the group says to have exchanged more, in both directions, than it really did."""
    exchanged: float
    """What it really did."""


def outcome(days: int, houses: int = 4) -> Outcome:
    """Let a street live for some days; each house drops out now and then, for seconds to hours."""
    street = _Street(houses, days * 86400)
    for second in range(_STEP, days * 86400 + 1, _STEP):
        street.live(second)
    return street.outcome()


class _Street:
    """Meters, the group that they are, and what is true."""

    def __init__(self, houses: int, end: int) -> None:
        """Install the meters, for so many seconds."""
        self._random = Random(5)  # noqa: S311 -- the same each time
        self._meters = {str(seed): VirtualMeter(seed=seed, start=_BEGIN, period=_STEP) for seed in range(1, houses + 1)}
        self._end = end
        self._readers = {member: Reader() for member in self._meters}
        self._summing = Summing(dict.fromkeys(self._meters, 1), 0.0)
        self._insights = MeterInsights("group_invented", {})
        self._silent_until = dict.fromkeys(self._meters, 0)
        self._true: dict[datetime, list[float]] = {}  # of each quarter: imported and exported kWs, and silent seconds
        self._first: dict[str, MemberReading] = {}
        self._last: dict[str, MemberReading] = {}
        self._total: Sum | None = None

    def live(self, second: int) -> None:
        """Let the seconds of a step pass, and take what is read."""
        net = 0.0
        now = _BEGIN + timedelta(seconds=second)
        for member, meter in self._meters.items():
            meter.advance(_STEP, step=_STEP)
            net += meter.net_milliwatts / 1e6
            if not self._is_silent(member, second):
                reading = _reading(self._readers[member], meter)
                self._first.setdefault(member, reading)
                self._last[member] = reading
                self._summing.alignment.feed(member, reading, float(second), now)
        quarter = self._quarter(now)
        quarter[0] += max(net, 0) * _STEP
        quarter[1] += max(-net, 0) * _STEP
        for total in self._summing.take(float(second)):
            self._total = total
            self._insights.feed(GroupTelegram("group_invented", total), total.time)
            if total.silent:
                self._quarter(total.time)[2] += _STEP

    def _quarter(self, end: datetime) -> list[float]:
        """Return what is true of the quarter in which a step ends."""
        begin = end - timedelta(seconds=_STEP)
        return self._true.setdefault(begin - (begin - _BEGIN) % _QUARTER, [0.0, 0.0, 0.0])

    def _is_silent(self, member: str, second: int) -> bool:
        """Tell whether a house has dropped out; none does at the begin and at the end."""
        random, until = self._random, self._silent_until
        if second > max(until[member], 900) and random.random() < 0.0005:
            until[member] = second + int(random.choice((20, 100, 900, 7200)) * random.random())
        return second <= until[member] and second < self._end - 900

    def outcome(self) -> Outcome:
        """Return what the group says of all of it, beside the truth."""
        assert self._total is not None
        counters, last, first, true = self._total.counters, self._last, self._first, self._true
        gross = sum((last[each].imported - first[each].imported for each in last), Decimal())
        net = gross - sum((last[each].exported - first[each].exported for each in last), Decimal())
        counting = {start: each[0] for start, each in true.items() if each[2] <= _UNSEEN}
        best = max(counting, key=counting.__getitem__)
        # Days are UTC's: the last hour of a month's is in the next month.
        highest = max(self._insights[Capacity].ledger.peaks.values(), key=lambda peak: peak.value)
        exchanged = sum(each[0] + each[1] for each in true.values()) / 3600
        return Outcome(
            highest.value,
            highest.time,
            counting[best] / 900,
            best + _QUARTER,
            counters.gross_imported - gross,
            counters.imported - counters.exported + counters.pending - net,
            len(true) - len(counting),
            float(counters.imported + counters.exported) - exchanged,
            exchanged,
        )


def _reading(reader: Reader, meter: VirtualMeter) -> MemberReading:
    """Return what a meter prints."""
    [telegram] = reader.feed(meter.telegram())
    imported, exported, power = energy_import(telegram), energy_export(telegram), net_power(telegram)
    assert telegram.time is not None
    assert imported is not None
    assert exported is not None
    assert power is not None
    time = telegram.time.astimezone(UTC)
    return MemberReading(time, imported, exported, max(power, Decimal()), max(-power, Decimal()))


if __name__ == "__main__":
    sys.stdout.write(f"{outcome(int(sys.argv[1]))}\n")
