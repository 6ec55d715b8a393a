"""What came from the field, as it came: each file is one fault that users met."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from custom_components.emucs.insight.capacity import Capacity, CapacitySettings, CapacityState
from custom_components.emucs.insight.guard import Guard
from custom_components.emucs.port import Reader, Telegram
from tests.insight.reading import local
from tests.support import SHARED

CASES = SHARED / "cases" / "port"

pytestmark = pytest.mark.skipif(not CASES.exists(), reason="the cases are not part of the repository")


def telegrams(name: str) -> Iterator[Telegram]:
    """Yield the telegrams of a file."""
    yield from Reader().feed((CASES / name).read_bytes())


def state_after(name: str) -> tuple[Capacity, CapacityState]:
    """Return what is known after the telegrams of a file."""
    capacity, guard = Capacity(CapacitySettings()), Guard("")
    for telegram in telegrams(name):
        capacity.feed(guard.feed(telegram).telegram)
    assert capacity.state is not None
    return capacity, capacity.state


def test_totals_on_channel_1() -> None:
    capacity, state = state_after("C05-groupe-e-xt211-1-1-codes.txt")
    assert state.demand.forecast == Decimal("1.622")
    assert capacity.ledger.running is not None
    assert capacity.ledger.running.value == Decimal("15.206")
    assert capacity.ledger.running.time == local("2025-03-15 01:45:00")


def test_a_counter_that_says_0_for_seconds() -> None:
    guard = Guard("1SAG3100000017")
    shown = [guard.feed(telegram) for telegram in telegrams("counter_zero_for_5_s.telegrams")]
    values = [each.telegram.registers["1-0:1.8.1"].value for each in shown]
    assert values == [Decimal("12345.678")] * 9 + [Decimal("12345.679")] * 3
    assert not any(each.restarted for each in shown)


def test_a_month_that_has_turned() -> None:
    capacity = Capacity(CapacitySettings())
    running = []
    for telegram in telegrams("month_turn_stale_1.6.0.telegrams"):
        capacity.feed(telegram)
        running.append(capacity.ledger.running)
    november, *just_after, first = running
    assert november is not None
    assert (november.value, november.time) == (Decimal("4.321"), local("2026-11-12 18:15:00"))
    assert just_after == [None] * 5
    assert first is not None
    assert (first.value, first.time) == (Decimal("0.5"), local("2026-12-01 00:15:00"))


def test_a_peak_in_watts() -> None:
    [telegram] = telegrams("F11-month-peak-in-W.txt")
    capacity = Capacity(CapacitySettings())
    # It prints no time of its own.
    capacity.ledger.feed(telegram._replace(time=local("2023-03-20 12:00:00")), None)
    assert capacity.ledger.running is not None
    assert capacity.ledger.running.value == Decimal("4.529")
