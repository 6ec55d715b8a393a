"""Hours of history, and a meter that lives on from them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from virtual_meter import VirtualMeter, hourly_history

START = datetime(2026, 3, 20, 9, 17, 5, tzinfo=UTC)


def test_complete_hours_only_and_the_meter_goes_on() -> None:
    meter = VirtualMeter(start=START)
    until = START + timedelta(days=2, minutes=20)
    hours = list(hourly_history(meter, until))
    assert hours[0].start == datetime(2026, 3, 20, 10, tzinfo=UTC)
    assert hours[-1].start == datetime(2026, 3, 22, 8, tzinfo=UTC)
    assert all(later.start - earlier.start == timedelta(hours=1) for earlier, later in pairwise(hours))
    assert all(hour.truth.time == hour.start + timedelta(hours=1) for hour in hours)
    assert meter.time == until
    last = hours[-1].truth
    assert meter.truth.import_1 + meter.truth.import_2 >= last.import_1 + last.import_2


def test_mean_power_is_the_energy_of_the_hour() -> None:
    meter = VirtualMeter(start=START)
    hours = list(hourly_history(meter, START + timedelta(days=1), step=10))
    for earlier, later in pairwise(hours):
        took = later.truth.import_1 + later.truth.import_2 - earlier.truth.import_1 - earlier.truth.import_2
        assert later.power_import.mean == pytest.approx(took, abs=Decimal("0.05"))
        for spread in (later.power_import, later.power_export):
            assert spread.minimum <= spread.mean <= spread.maximum


def test_nothing_to_live_through() -> None:
    meter = VirtualMeter(start=START)
    assert list(hourly_history(meter, START - timedelta(days=1))) == []
    assert meter.time == START


def test_steps_must_fit_in_an_hour() -> None:
    with pytest.raises(ValueError, match="steps of 7 s"):
        list(hourly_history(VirtualMeter(start=START), START, step=7))


def test_each_step_can_be_looked_at() -> None:
    meter = VirtualMeter(start=START)
    seen: list[datetime] = []
    until = START + timedelta(hours=2)
    list(hourly_history(meter, until, 60, lambda each: seen.append(each.time)))
    # From ten o'clock on; a last step is shorter.
    assert seen[0] == datetime(2026, 3, 20, 10, 1, tzinfo=UTC)
    assert seen[-1] == until == meter.time
    assert len(seen) == 60 + 18
