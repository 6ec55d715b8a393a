"""A day of a street with drop-outs; `python -m tests.groups.month 31` is a month of it."""

import pytest

from tests.groups.month import outcome


def test_the_common_peak_is_the_true_one_and_no_energy_is_lost() -> None:
    found = outcome(1, houses=3)

    assert found.dropped > 5
    assert found.peak_time == found.true_time
    # Counters show whole watt-hours: four of them a quarter-hour, and three meters.
    assert float(found.peak) == pytest.approx(found.true_peak, abs=0.012)
    assert found.lost == 0
    assert found.net_lost == 0
    assert abs(found.excess) < found.exchanged * 0.01
