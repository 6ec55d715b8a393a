"""The quarter-hours of four weeks: what goes in, what stays, and which are alike."""

from datetime import datetime, timedelta
from decimal import Decimal
import json
from typing import Any

import pytest

from custom_components.emucs.insight.profile import Profile
from custom_components.emucs.insight.quarters import (
    EXPORT,
    IMPORT,
    QUARTERS_A_DAY,
    SLOTS,
    Basis,
    Quarters,
    local_begin,
    slot_before,
    slot_begin,
    slots_of_day,
)
from tests.insight.quarterly import Meter, slot

MIDNIGHT = "2026-01-14T00:00"


def test_a_quarter_is_kept_with_its_means() -> None:
    meter = Meter(MIDNIGHT)
    meter.run(1, lambda _: (1.2, 0.3))
    quarters = meter.profile.quarters
    assert quarters.last == slot(MIDNIGHT)
    assert quarters.mean(IMPORT, slot(MIDNIGHT)) == 1.2
    assert quarters.mean(EXPORT, slot(MIDNIGHT)) == 0.3
    assert not quarters.is_hourly(IMPORT, slot(MIDNIGHT))
    assert meter.profile.state == (slot(MIDNIGHT), 1.2, 0.3)


def test_zero_is_a_value_and_what_is_not_printed_is_unknown() -> None:
    meter = Meter(MIDNIGHT)
    for _ in range(2):
        meter.feed(meter.telegram(export_energy=None))
        meter.skip()
    assert meter.profile.state == (slot(MIDNIGHT), 0.0, None)


def test_a_telegram_between_changes_nothing() -> None:
    meter = Meter(MIDNIGHT)
    meter.run(1)
    state = meter.profile.state
    for late in (10, 500, 899):
        meter.feed(meter.telegram(late))
        assert meter.profile.state is state


def test_export_is_that_between_the_first_telegrams_of_two_quarters() -> None:
    meter = Meter(MIDNIGHT)
    meter.feed(meter.telegram(5))
    meter.feed(meter.telegram(450))
    meter.skip(0, 2)
    meter.feed(meter.telegram(5))
    assert meter.profile.state == (slot(MIDNIGHT), 0.0, 2.0)


@pytest.mark.parametrize(("day", "quarters"), [("2026-03-29", 92), ("2026-10-25", 100), ("2026-01-14", 96)])
def test_a_day_has_its_quarters_from_midnight_on(day: str, quarters: int) -> None:
    begin, known = slot(f"{day}T00:00"), Quarters()
    assert list(known.day(begin)) == []
    known.put(begin - 1, 9.0, 9.0)
    assert list(known.day(begin)) == []
    known.put(begin, 1.0, 0.0)
    known.put(begin + 2, 2.0, None)
    assert list(known.day(begin + 50)) == [(begin, 1.0, 0.0), (begin + 1, None, None), (begin + 2, 2.0, None)]
    known.put(begin + quarters, 9.0, 9.0)
    assert [each for each, *_ in known.day(begin)] == list(range(begin, begin + quarters))


@pytest.mark.parametrize(("first", "second"), [(61, 0), (0, 61)])
def test_export_seen_late_is_unknown(first: int, second: int) -> None:
    meter = Meter(MIDNIGHT)
    meter.feed(meter.telegram(first))
    meter.skip(0, 2)
    meter.feed(meter.telegram(second))
    assert meter.profile.state is not None
    assert meter.profile.state.exported is None


def test_a_gap_stays_unknown() -> None:
    meter = Meter(MIDNIGHT)
    meter.run(2)
    meter.skip(1, 1, quarters=5)
    meter.run(1)
    begin, quarters = slot(MIDNIGHT), meter.profile.quarters
    for flow in (IMPORT, EXPORT):
        assert [quarters.mean(flow, begin + number) is None for number in range(8)] == [False] * 2 + [True] * 5 + [
            False
        ]


def test_a_reset_counter_is_no_export() -> None:
    meter = Meter(MIDNIGHT)
    meter.run(1)
    meter.skip()
    meter.exported = Decimal(0)
    meter.feed()
    assert meter.profile.state is not None
    assert meter.profile.state.exported is None
    meter.skip(0, 1)
    meter.profile.forget_counter()
    meter.feed()
    assert meter.profile.state.exported is None


def test_no_quarter_is_more_than_a_connection_can_carry() -> None:
    meter = Meter(MIDNIGHT)
    meter.run(1, lambda _: (5000, 5000))
    assert meter.profile.state == (slot(MIDNIGHT), None, None)


def test_four_weeks_are_kept_and_no_more() -> None:
    meter = Meter("2026-01-01T00:00")
    meter.run(SLOTS + 100, lambda time: (time.hour / 10, 0))
    quarters, first = meter.profile.quarters, slot("2026-01-01T00:00")
    assert quarters.known(IMPORT) == quarters.known(EXPORT) == SLOTS
    assert quarters.mean(IMPORT, first + 99) is None
    assert quarters.mean(IMPORT, first + 100) == local_begin(first + 100).hour / 10
    assert quarters.mean(IMPORT, first + SLOTS + 100) is None  # not over yet


def test_a_clock_that_was_ahead_dated_nothing() -> None:
    meter = Meter(MIDNIGHT)
    meter.run(4)
    meter.skip(quarters=40)
    meter.feed()
    assert meter.profile.quarters.last == slot("2026-01-14T10:45")
    meter.slot = slot("2026-01-14T01:15")
    meter.feed()
    assert meter.profile.quarters.last == slot("2026-01-14T01:00")
    assert meter.profile.quarters.known(IMPORT) == 4


def test_a_clock_set_back_by_seconds_forgets_nothing() -> None:
    meter = Meter(MIDNIGHT)
    meter.run(4)
    meter.slot -= 1
    meter.feed(meter.telegram(899))
    assert meter.profile.quarters.last == slot("2026-01-14T00:45")
    assert meter.profile.quarters.known(IMPORT) == 4


@pytest.mark.parametrize(
    ("begin", "days", "before"),
    [
        pytest.param("2026-01-14T07:15+01:00", 1, "2026-01-13T07:15+01:00", id="winter"),
        pytest.param("2026-03-30T07:15+02:00", 1, "2026-03-29T07:15+02:00", id="just after the change"),
        pytest.param("2026-03-30T07:15+02:00", 2, "2026-03-28T07:15+01:00", id="over the change of spring"),
        pytest.param("2026-03-30T02:30+02:00", 1, None, id="the hour that was skipped"),
        pytest.param("2026-10-26T07:15+01:00", 2, "2026-10-24T07:15+02:00", id="over the change of autumn"),
        pytest.param("2026-10-26T02:30+01:00", 1, "2026-10-25T02:30+01:00", id="the second of the repeated hour"),
        pytest.param("2026-10-25T02:30+01:00", 1, "2026-10-24T02:30+02:00", id="in the second of the repeated hour"),
        pytest.param("2026-10-25T02:30+02:00", 1, "2026-10-24T02:30+02:00", id="in the first of the repeated hour"),
    ],
)
def test_quarters_of_the_same_local_time(begin: str, days: int, before: str | None) -> None:
    def number(text: str) -> int:
        return int(datetime.fromisoformat(text).timestamp()) // 900

    found = slot_before(number(begin), days)
    assert found == (None if before is None else number(before))


@pytest.mark.parametrize(
    ("day", "quarters"), [("2026-01-14T12:00", 96), ("2026-03-29T12:00", 92), ("2026-10-25T12:00", 100)]
)
def test_days_have_as_many_quarters_as_they_have(day: str, quarters: int) -> None:
    found = slots_of_day(slot(day))
    assert len(found) == quarters
    assert local_begin(found.start).strftime("%H:%M") == "00:00"
    assert slot(day) in found


def test_28_days_of_autumn_are_kept() -> None:
    end, quarters = slot("2026-10-26T07:15"), Quarters()
    for each in range(end - SLOTS, end):
        quarters.put(each, 1.0, None)
    assert len(list(quarters.alike(IMPORT, end))) == 28


def test_a_restart_within_a_quarter_loses_nothing() -> None:
    meter = Meter(MIDNIGHT)
    meter.run(3, lambda time: (time.minute / 10, 0.2))
    meter.feed(meter.telegram(300))
    meter.restart()
    meter.feed(meter.telegram(895))
    meter.skip(1, 0.5)
    meter.feed()
    begin, quarters = slot(MIDNIGHT), meter.profile.quarters
    assert [quarters.mean(IMPORT, begin + number) for number in range(4)] == [0, 1.5, 3.0, 1.0]
    assert [quarters.mean(EXPORT, begin + number) for number in range(4)] == [0.2, 0.2, 0.2, 0.5]


def test_what_is_saved_is_small_and_comes_back() -> None:
    meter = Meter("2026-01-01T00:00")
    meter.run(SLOTS + 100, lambda time: (time.minute / 7, time.hour / 7))
    meter.profile.quarters.fill(slot("2026-01-20T00:00"), IMPORT, 9, Basis.HOUR)
    saved = json.dumps(meter.profile.save_series())
    assert len(saved) < 40_000
    restored = Profile()
    restored.restore_series(json.loads(saved))
    assert json.dumps(restored.save_series()) == saved
    assert restored.quarters.last == meter.profile.quarters.last
    for each in range(slot("2026-01-01T00:00"), meter.slot):
        assert restored.quarters.mean(EXPORT, each) == meter.profile.quarters.mean(EXPORT, each)
    assert Profile().save_series() == {}


def saved_quarters(**changed: Any) -> dict[str, Any]:
    """Return what is saved of a quarter, with something changed."""
    quarters = Quarters()
    quarters.put(slot(MIDNIGHT), 1, 1)
    return quarters.save() | changed


@pytest.mark.parametrize(
    "saved",
    [
        pytest.param({"last": 1}, id="without quarters"),
        pytest.param(saved_quarters(last="soon"), id="a word for a number"),
        pytest.param(saved_quarters(last=10**30), id="beyond time"),
        pytest.param(saved_quarters(last=-5), id="before time"),
        pytest.param(saved_quarters(last=None), id="no number"),
        pytest.param(saved_quarters(imported="AAAA"), id="too few"),
        pytest.param(saved_quarters(imported="!"), id="no base64"),
        pytest.param(saved_quarters(exported=[1, 2]), id="a list"),
        pytest.param(saved_quarters(imported_basis=""), id="without marks"),
        pytest.param(saved_quarters(exported="gIAAgA==" * 2000), id="far below zero"),
    ],
)
def test_what_was_not_saved_here_is_refused(saved: dict[str, Any]) -> None:
    profile = Profile()
    with pytest.raises((LookupError, TypeError, ValueError, ArithmeticError)):
        profile.restore_series(saved)
    assert profile.quarters.last is None


def test_a_profile_of_the_future_does_not_stop_the_present() -> None:
    meter = Meter(MIDNIGHT)
    quarters = Quarters()
    for each in range(slot("2030-01-01T00:00"), slot("2030-01-02T00:00")):
        quarters.put(each, 1, 1)
    meter.profile.restore_series(quarters.save())
    meter.run(2)
    assert meter.profile.quarters.known(IMPORT) == 2
    assert meter.profile.quarters.last == slot("2026-01-14T00:15")


def test_the_past_is_filled_where_nothing_is_known() -> None:
    quarters = Quarters()
    begin = slot(MIDNIGHT)
    quarters.put(begin, 1.0, None)
    quarters.fill(begin, IMPORT, 5, Basis.HOUR)
    quarters.fill(begin, EXPORT, 5, Basis.HOUR)
    assert (quarters.mean(IMPORT, begin), quarters.mean(EXPORT, begin)) == (1.0, 5.0)
    assert (quarters.is_hourly(IMPORT, begin), quarters.is_hourly(EXPORT, begin)) == (False, True)
    quarters.fill(begin, EXPORT, 6, Basis.EXPORTED)
    assert quarters.mean(EXPORT, begin) == 6.0
    quarters.fill(begin, EXPORT, 7, Basis.HOUR)
    assert quarters.mean(EXPORT, begin) == 6.0


@pytest.mark.parametrize("mean", [-1.0, float("nan"), float("inf"), 1e12])
def test_what_is_no_power_is_left_out(mean: float) -> None:
    quarters = Quarters()
    quarters.put(slot(MIDNIGHT), mean, mean)
    quarters.fill(slot(MIDNIGHT), IMPORT, mean, Basis.HOUR)
    assert quarters.mean(IMPORT, slot(MIDNIGHT)) is None
    assert quarters.known(EXPORT) == 0


def test_what_was_filled_can_be_forgotten() -> None:
    quarters, begin = Quarters(), slot(MIDNIGHT)
    quarters.put(begin, 1.0, None)
    quarters.fill(begin, EXPORT, 5, Basis.HOUR)
    quarters.fill(begin - 1, IMPORT, 5, Basis.EXPORTED)
    quarters.forget_filled()
    assert (quarters.mean(IMPORT, begin), quarters.mean(EXPORT, begin)) == (1.0, None)
    assert quarters.mean(IMPORT, begin - 1) is None


def test_a_new_profile_is_filled_up_to_what_is_known() -> None:
    profile, begin = Profile(), slot(MIDNIGHT)
    profile.fill(IMPORT, {}, Basis.HOUR)
    assert profile.quarters.last is None
    profile.fill(IMPORT, {begin: 1.0, begin + 1: 2.0}, Basis.HOUR)
    assert profile.quarters.last == begin + 1
    assert profile.quarters.mean(IMPORT, begin) == 1.0


def test_a_past_that_no_connection_carries_is_left_out() -> None:
    meter = Meter(MIDNIGHT)
    meter.run(1)
    meter.profile.fill(IMPORT, {slot(MIDNIGHT) - 1: 5000.0, slot(MIDNIGHT) - 2: 5.0}, Basis.HOUR)
    assert meter.profile.quarters.mean(IMPORT, slot(MIDNIGHT) - 1) is None
    assert meter.profile.quarters.mean(IMPORT, slot(MIDNIGHT) - 2) == 5.0


def test_what_is_too_old_or_to_come_is_left_out() -> None:
    quarters = Quarters()
    quarters.fill(0, IMPORT, 1, Basis.HOUR)  # before anything is known
    quarters.end(slot(MIDNIGHT))
    for each in (slot(MIDNIGHT) - SLOTS, slot(MIDNIGHT) + 1):
        quarters.fill(each, IMPORT, 1, Basis.HOUR)
        quarters.put(slot(MIDNIGHT) - SLOTS, 1, 1)
    assert quarters.known(IMPORT) == 0


def test_a_copy_is_its_own() -> None:
    quarters = Quarters()
    quarters.put(slot(MIDNIGHT), 1, 1)
    copied = quarters.copy()
    quarters.put(slot(MIDNIGHT) + 1, 1, 1)
    assert copied.known(IMPORT) == 1
    assert copied.last == slot(MIDNIGHT)
    assert slot_begin(QUARTERS_A_DAY).timestamp() == timedelta(days=1).total_seconds()
