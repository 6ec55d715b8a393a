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
