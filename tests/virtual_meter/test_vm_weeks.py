"""Two weeks in which something happened."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from vm_reading import moment, number, values

from virtual_meter import Moment, TrueSlot, true_slots, two_weeks
from virtual_meter.clock import BRUSSELS
from virtual_meter.weeks import AUTUMN

SUNDAY = datetime(2026, 10, 25, tzinfo=UTC)


@pytest.fixture(scope="module")
def moments() -> list[Moment]:
    return list(two_weeks(period=60))


@pytest.fixture(scope="module")
def slots(moments: list[Moment]) -> list[TrueSlot]:
    return list(true_slots(moments))


def test_they_are_two_weeks_but_for_a_gap_and_an_hour_more(moments: list[Moment]) -> None:
    times = [each.truth.time for each in moments]
    assert times[-1] - times[0] == timedelta(days=14, hours=1) - timedelta(minutes=1)
    gaps = [(one, other - one) for one, other in pairwise(times) if other - one != timedelta(minutes=1)]
    assert gaps == [(datetime(2026, 10, 24, 1, 2, tzinfo=UTC), timedelta(minutes=121))]


def test_the_hour_that_comes_twice_has_two_flags(moments: list[Moment]) -> None:
    for each in moments[:: 60 * 6 + 1]:
        assert moment(values(each.telegram, "0-0:1.0.0")[0]) == each.truth.time
        assert number(each.telegram, "1-0:32.7.0") == each.truth.phases[0].voltage
    sunday = [each for each in moments if SUNDAY <= each.truth.time < SUNDAY + timedelta(hours=2)]
    assert {values(each.telegram, "0-0:1.0.0")[0][-1] for each in sunday} == {"S", "W"}


def local(slot: TrueSlot) -> str:
    return f"{slot.start.astimezone(BRUSSELS):%a %H:%M}"


def test_what_happened_stands_in_its_slots(slots: list[TrueSlot]) -> None:
    first = [slot for slot in slots if slot.start < AUTUMN + timedelta(days=7)]
    over = [local(slot) for slot in first if max(slot.rms) > 253]
    assert over[:2] == ["Tue 12:00", "Tue 12:10"]
    assert "Tue 13:40" in over
    assert {text[:3] for text in over} == {"Tue", "Fri"}
    under = [local(slot) for slot in first if 50 < min(slot.rms) < 207]
    assert {"Wed 18:10", "Wed 18:40"} <= set(under)
    gone = [local(slot) for slot in first if min(slot.lowest) == 0]
    assert gone[0] == "Thu 09:00"
    assert len(gone) == 3
    assert [local(slot) for slot in first if slot.telegrams < 9] == ["Sat 03:00", "Sat 05:00"]


def test_the_second_week_is_as_it_should_be(slots: list[TrueSlot]) -> None:
    second = [slot for slot in slots if slot.start >= AUTUMN + timedelta(days=7)]
    # One more is that of the last telegram, at midnight.
    assert len(second) == 1008 + 1
    assert all(207 < volts < 253 for slot in second for volts in (*slot.lowest, *slot.highest))
    assert any(slot.export > 1 for slot in second)


def test_slots_are_of_what_was_printed(moments: list[Moment], slots: list[TrueSlot]) -> None:
    slot = slots[100]
    those = [each for each in moments if slot.start <= each.truth.time < slot.start + timedelta(minutes=10)]
    volts = [float(number(each.telegram, "1-0:52.7.0")) for each in those]
    assert slot.telegrams == len(volts) == 10
    assert slot.rms[1] ** 2 == pytest.approx(sum(each**2 for each in volts) / 10)
    assert (slot.lowest[1], slot.highest[1]) == (min(volts), max(volts))


@pytest.mark.parametrize("profile", ["1.7.1-single-phase", "1.7.1-3x230v", "ie5-new-3x230v"])
def test_other_grids_and_other_days(profile: str) -> None:
    spring = datetime(2026, 3, 29, tzinfo=BRUSSELS)
    day = list(two_weeks(profile, start=spring, period=300, days=1, happenings=()))
    assert len(day) == 23 * 12
    assert day[-1].truth.time == datetime(2026, 3, 29, 22, tzinfo=UTC)
