"""Means of ten minutes that samples bring count instead of those of telegrams, whenever they come."""

from datetime import timedelta

import pytest

from custom_components.emucs.insight.voltage_history import VoltageVerdict
from tests.insight.street import MONDAY, NOON, Street

NUMBER = int(NOON.timestamp()) // 600
TEN = timedelta(minutes=10)


def test_a_mean_that_comes_after_its_slot_replaces_that_of_telegrams() -> None:
    street = Street().run(605, ("230.0",))
    assert not street.voltage.is_measured
    street.voltage.take_measured(NUMBER, {"l1": 231.25})
    street.run(1, ("230.0",))
    assert street.voltage.is_measured
    assert street.voltage.state.means["l1"] == 231.25
    [slot] = street.voltage.history.slots("l1", NOON, NOON + TEN, 10)
    assert slot.mean == pytest.approx(231.25, abs=1e-4)
    assert (slot.minimum, slot.maximum) == (230.0, 230.0)


def test_a_mean_that_comes_early_waits_for_its_slot_to_end() -> None:
    street = Street().run(300, ("230.0",))
    street.voltage.take_measured(NUMBER, {"l1": 228.5})
    street.run(200, ("230.0",))
    assert not street.voltage.is_measured
    street.run(105, ("230.0",))
    assert street.voltage.state.means["l1"] == 228.5
    assert street.voltage.is_measured


def test_what_lies_far_ahead_or_behind_is_not_taken() -> None:
    street = Street().run(1205, ("230.0",))
    for number in (NUMBER - 5, NUMBER, NUMBER + 9):
        street.voltage.take_measured(number, {"l1": 300.0})
    street.run(600, ("230.0",))
    assert street.voltage.state.means["l1"] == 230.0


def test_when_the_samples_stop_telegrams_count_again() -> None:
    street = Street().run(605, ("230.0",))
    street.voltage.take_measured(NUMBER, {"l1": 231.25})
    street.run(600, ("230.0",))
    assert not street.voltage.is_measured
    assert street.voltage.state.means["l1"] == 230.0


def test_the_week_is_judged_by_what_was_measured() -> None:
    street = Street(MONDAY)
    first = int(MONDAY.timestamp()) // 600
    street.run(605, ("230.0",))
    # One mean above the highest limit of all decides a week.
    for slot in range(3):
        street.voltage.take_measured(first + slot, {"l1": 260.0 if slot == 1 else 230.0})
        street.run(600, ("230.0",))
    assert street.voltage.state.quality is VoltageVerdict.OUTSIDE


def test_what_telegrams_had_wrong_does_not_count_in_the_week() -> None:
    street = Street(MONDAY)
    first = int(MONDAY.timestamp()) // 600
    street.run(605, ("230.0",))
    street.voltage.take_measured(first, {"l1": 230.0})
    street.run(600, ("260.0",))
    street.voltage.take_measured(first + 1, {"l1": 230.0})
    street.run(600, ("230.0",))
    street.voltage.take_measured(first + 2, {"l1": 230.0})
    street.run(600, ("230.0",))
    assert street.voltage.state.quality is VoltageVerdict.UNKNOWN_YET
