"""Members of a group made of numbers, with the truth of their sum."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from custom_components.emucs.groups.members import MemberReading
from custom_components.emucs.groups.sums import Sum, Summing
from custom_components.emucs.groups.telegrams import GroupTelegram
from custom_components.emucs.insight.meter import MeterInsights

BEGIN = datetime(2026, 1, 14, 10, 0, tzinfo=UTC)
WATT_HOUR = Decimal("0.001")


@dataclass
class Household:
    """A meter: its net power in W by the second, how often it sends, and how far its clock is ahead."""

    power: Callable[[int], int]
    period: int = 1
    ahead: int = 0
    shows_power: bool = True
    silent: tuple[range, ...] = ()
    imported: int = 5_000_000 * 3600
    """Ws; what the counter began with."""
    exported: int = 1_000_000 * 3600

    def reading(self, second: int) -> MemberReading | None:
        """Count a second; return what is read then, if anything. Counters show whole Wh, powers whole W."""
        power = self.power(second)
        self.imported += max(power, 0)
        self.exported += max(-power, 0)
        if (second + 1) % self.period or any(second in silence for silence in self.silent):
            return None
        shown = Decimal(max(power, 0)).scaleb(-3), Decimal(max(-power, 0)).scaleb(-3)
        return MemberReading(
            BEGIN + timedelta(seconds=second + 1 + self.ahead),
            self.imported // 3600 * WATT_HOUR,
            self.exported // 3600 * WATT_HOUR,
            *(shown if self.shows_power else ()),
        )


def run(households: dict[str, Household], seconds: Iterable[int], summing: Summing) -> list[Sum]:
    """Let households send; return the sums."""
    sums = []
    for second in seconds:
        host = BEGIN + timedelta(seconds=second + 1)
        for name, household in households.items():
            if (reading := household.reading(second)) is not None and summing.alignment.feed(
                name, reading, float(second), host
            ):
                sums += summing.take(float(second))
        sums += summing.take(second + 0.5)
    return sums


def fed(sums: Iterable[Sum], insights: MeterInsights | None = None) -> MeterInsights:
    """Return what insights make of sums."""
    insights = insights or MeterInsights("group_invented", {})
    for each in sums:
        insights.feed(GroupTelegram("group_invented", each), each.time)
    return insights
