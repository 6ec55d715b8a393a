"""A street of virtual meters with drop-outs, beside the truth: `python -m tests.groups.month DAYS`."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
import sys
from typing import NamedTuple

from custom_components.emucs.groups.members import Reading
from custom_components.emucs.groups.sums import Summing
from custom_components.emucs.groups.telegrams import GroupTelegram
from custom_components.emucs.insight.capacity import Capacity
from custom_components.emucs.insight.electricity import energy_export, energy_import, net_power
from custom_components.emucs.insight.meter import MeterInsights
from custom_components.emucs.port import Reader
from virtual_meter import VirtualMeter

_STEP = 10
_QUARTER = timedelta(minutes=15)


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


def outcome(days: int, houses: int = 4, begin: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> Outcome:
    """Let a street live for some days; each house drops out now and then, for seconds to hours."""
    random = Random(5)  # noqa: S311 -- the same each time
    meters = {str(seed): VirtualMeter(seed=seed, start=begin, period=_STEP) for seed in range(1, houses + 1)}
    readers = {member: Reader() for member in meters}
    summing, insights = Summing(dict.fromkeys(meters, 1), 0.0), MeterInsights("group_invented", {})
    silent_until = dict.fromkeys(meters, 0)
    true: dict[datetime, list[float]] = {}  # of each quarter: imported and exported kWs, and silent seconds
    first: dict[str, Reading] = {}
    last: dict[str, Reading] = {}
    for second in range(_STEP, days * 86400 + 1, _STEP):
        start = begin + timedelta(seconds=second - _STEP) - (timedelta(seconds=second - _STEP) % _QUARTER)
        net = 0.0
        quarter = true.setdefault(start, [0.0, 0.0, 0.0])
        for member, meter in meters.items():
            meter.advance(_STEP, step=_STEP)
            net += meter.net_milliwatts / 1e6
            if second > silent_until[member] and second > 900 and random.random() < 0.0005:
                silent_until[member] = second + int(random.choice((20, 100, 900, 7200)) * random.random())
            if second <= silent_until[member] and second < days * 86400 - 900:
                continue
            [telegram] = readers[member].feed(meter.telegram())
            imported, exported, power = energy_import(telegram), energy_export(telegram), net_power(telegram)
            assert telegram.time is not None
            assert imported is not None
            assert exported is not None
            assert power is not None
            reading = Reading(
                telegram.time.astimezone(UTC), imported, exported, max(power, Decimal()), max(-power, Decimal())
            )
            first.setdefault(member, reading)
            last[member] = reading
            summing.alignment.feed(member, reading, float(second), begin + timedelta(seconds=second))
        quarter[0] += max(net, 0) * _STEP
        quarter[1] += max(-net, 0) * _STEP
        for total in summing.take(float(second)):
            insights.feed(GroupTelegram("group_invented", total), total.time)
            if total.silent:
                seen = total.time - timedelta(seconds=_STEP)
                true[seen - (seen - begin) % _QUARTER][2] += _STEP
    counters = total.counters
    gross = sum((last[each].imported - first[each].imported for each in meters), Decimal())
    net_counted = gross - sum((last[each].exported - first[each].exported for each in meters), Decimal())
    counting = {start: each for start, each in true.items() if each[2] <= 90}
    best = max(counting, key=lambda start: counting[start][0])
    running = insights[Capacity].ledger.running
    assert running is not None
    exchanged = sum(each[0] + each[1] for each in true.values()) / 3600
    return Outcome(
        running.value,
        running.time,
        counting[best][0] / 900,
        best + _QUARTER,
        counters.gross_imported - gross,
        counters.imported - counters.exported + counters.pending - net_counted,
        len(true) - len(counting),
        float(counters.imported + counters.exported) - exchanged,
        exchanged,
    )


if __name__ == "__main__":
    sys.stdout.write(f"{outcome(int(sys.argv[1]))}\n")
