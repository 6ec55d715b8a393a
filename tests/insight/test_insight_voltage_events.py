"""What happens to the voltages: out of the band and back, a mean that gets out, a missing phase, a lost neutral."""

from datetime import timedelta

import pytest

from custom_components.emucs.insight.voltage import Voltage
from custom_components.emucs.insight.voltage_pattern import is_neutral_lost, line_voltage, missing_phases
from tests.insight.street import EVEN, NOON, Street, printed

HIGH = ("254.0", "231.0", "229.0")
LOW = ("206.0", "231.0", "229.0")
MISSING = ("0.0", "231.0", "229.0")
LOST_NEUTRAL = ("260.0", "200.0", "230.0")


@pytest.mark.parametrize(
    ("volts", "way", "value"), [(HIGH, "overvoltage", 254.0), (LOW, "undervoltage", 206.0)], ids=["high", "low"]
)
@pytest.mark.parametrize("period", [1, 10])
def test_a_voltage_that_is_outside_is_told_with_its_end(
    volts: tuple[str, ...], way: str, value: float, period: int
) -> None:
    street = Street(period=period).run(100).run(200, volts, export="4.200").run(200, export="1.000")
    assert street.happened == [(f"{way}_started", "l1"), (f"{way}_ended", "l1")]
    started, ended = street.events
    assert (started.time, started.value, started.export) == (NOON + timedelta(seconds=100), value, 4.2)
    assert (ended.time, ended.value, ended.export) == (NOON + timedelta(seconds=300), value, 1.0)


def test_what_is_short_is_not_told() -> None:
    street = Street()
    for _ in range(20):
        street.run(9, HIGH).run(1)
    assert street.events == []
    assert street.voltage.state.above == pytest.approx(180, abs=40)


def test_a_voltage_that_sways_about_the_limit_is_told_once() -> None:
    street = Street().run(60, HIGH)
    for _ in range(30):
        street.run(50).run(12, HIGH)
    street.run(100)
    assert street.happened == [("overvoltage_started", "l1"), ("overvoltage_ended", "l1")]


def test_the_highest_is_told() -> None:
    street = Street().run(5, HIGH).run(65, ("256.3", "231.0", "229.0")).run(30, ("257.0", "231.0", "229.0"))
    street.run(100)
    assert [event.value for event in street.events] == [256.3, 257.0]


def test_all_phases_are_told() -> None:
    street = Street().run(60, ("254.0", "206.0", "254.5"))
    assert sorted(street.happened) == [
        ("overvoltage_started", "l1"),
        ("overvoltage_started", "l3"),
        ("undervoltage_started", "l2"),
    ]


def test_what_a_telegram_shows_is_told_once() -> None:
    voltage, told = Voltage(), 0
    for second in range(60):
        for _ in range(3):
            state = voltage.feed(printed(NOON + timedelta(seconds=second), HIGH))
            told += len(state.events)
    assert told == 1


def test_what_lasts_is_not_told_again_after_a_restart() -> None:
    street = Street().run(60, HIGH).restart().run(60, HIGH).restart().run(100)
    assert street.happened == [("overvoltage_started", "l1"), ("overvoltage_ended", "l1")]


def test_a_gap_proves_nothing() -> None:
    street = Street().run(30).run(8, HIGH).skip(600).run(8, HIGH).run(100)
    assert street.events == []
    street.run(50, MISSING).skip(3600).run(30)
    assert street.happened == []


def test_a_problem_begins_once_the_mean_of_ten_minutes_is_outside() -> None:
    # Half of a slot and half of the next: the mean of neither is outside, that of the ten minutes is.
    street = Street().run(900).run(540, ("255.0", "231.0", "229.0"))
    assert street.voltage.state.problem is False
    street.run(61, ("255.0", "231.0", "229.0"))
    assert street.voltage.state.problem is True
    street.run(600)
    assert street.voltage.state.problem is False


def test_a_problem_is_known_early() -> None:
    # At 263 V, 7 minutes decide of a slot that would go on at 230 V.
    street = Street().run(420, ("263.0",))
    assert street.voltage.state.problem is None
    street.run(1, ("263.0",))
    assert street.voltage.state.problem is True


def test_a_problem_does_not_flap_at_the_limit() -> None:
    street = Street().run(1200, ("253.2",))
    found = []
    for number in range(30):
        street.run(60, ("252.8" if number % 2 else "253.2",))
        found.append(street.voltage.state.problem)
    assert set(found) == {True}
    street.run(660, ("252.4",))
    assert street.voltage.state.problem is False


def test_no_problem_is_known_while_too_little_was_seen() -> None:
    street = Street().run(300)
    assert street.voltage.state.problem is None
    street.run(360)
    assert street.voltage.state.problem is False
    street.skip(3600).run(60)
    assert street.voltage.state.problem is None


def test_low_voltage_is_a_problem() -> None:
    assert Street().run(660, ("206.9",)).voltage.state.problem is True
    assert Street().run(660, ("118.0", "133.0", "133.0")).voltage.state.problem is True


@pytest.mark.parametrize(
    ("volts", "missing"),
    [
        pytest.param(MISSING, True, id="no voltage"),
        pytest.param(("110.0", "231.0", "229.0"), True, id="fed backwards"),
        pytest.param(("0.0", "0.0", "229.0"), True, id="two phases"),
        pytest.param(("130.0", "231.0", "229.0"), False, id="more than half"),
        pytest.param(("120.0", "121.0", "119.0"), False, id="all low"),
        pytest.param(("100.0", "180.0", "181.0"), False, id="others are low too"),
        pytest.param(("0.0", "0.0", "0.0"), False, id="all"),
        pytest.param(EVEN, False, id="none"),
        pytest.param((None, "231.0", "229.0"), False, id="not printed"),
    ],
)
def test_a_missing_phase(volts: tuple[str | None, ...], *, missing: bool) -> None:
    street = Street().run(60).run(180, volts)
    assert street.voltage.state.is_phase_missing is missing
    assert (("phase_missing", "l1") in street.happened) is missing
    street.run(180)
    assert street.voltage.state.is_phase_missing is False


def test_a_missing_line_of_a_grid_without_neutral() -> None:
    street = Street().run(60, ("230.0", "0.0", "230.0")).run(120, ("10.0", "0.0", "230.0"))
    assert street.happened[-1] == ("phase_missing", "l1")
    street = Street().run(60, ("133.0", "133.0", "133.0")).run(120, ("133.0", "3.0", "133.0"))
    assert ("phase_missing", "l2") in street.happened
    assert street.voltage.history.phases == ("l1", "l2", "l3")


def test_a_single_phase_cannot_be_missing() -> None:
    assert Street().run(60, ("230.0",)).run(300, ("0.0",)).happened == []


def test_a_dip_is_no_missing_phase() -> None:
    street = Street()
    for _ in range(5):
        street.run(58, MISSING).run(2)
    assert street.happened == []


def test_an_outage_of_the_house_is_none_of_it() -> None:
    street = Street().run(600).skip(7200).run(601)
    assert street.happened == []
    assert street.voltage.state.below == 0


def test_an_interruption_is_no_undervoltage() -> None:
    street = Street().run(600).run(601, MISSING)
    slots = street.voltage.history.slots("l1", NOON, NOON + timedelta(hours=1), 10)
    assert [(slot.seconds, slot.minimum, slot.below) for slot in slots] == [(600, 230.0, 0)]
    assert street.voltage.state.below == 0


@pytest.mark.parametrize(
    ("volts", "lost"),
    [
        pytest.param(LOST_NEUTRAL, True, id="drifted"),
        pytest.param(("320.0", "170.0", "226.0"), True, id="drifted far"),
        pytest.param(("255.0", "231.0", "205.0"), True, id="drifted a little"),
        pytest.param(EVEN, False, id="none"),
        pytest.param(("250.0", "231.0", "215.0"), False, id="solar panels on one phase, a car on another"),
        pytest.param(("270.0", "231.0", "231.0"), False, id="one high"),
        pytest.param(("180.0", "231.0", "231.0"), False, id="one low"),
        pytest.param(("260.0", "260.0", "260.0"), False, id="all high"),
        pytest.param(("190.0", "190.0", "190.0"), False, id="all low"),
        pytest.param(("254.0", "100.0", "230.0"), False, id="lines are not kept"),
        pytest.param(MISSING, False, id="a missing phase"),
    ],
)
def test_a_lost_neutral(volts: tuple[str, ...], *, lost: bool) -> None:
    street = Street().run(60).run(120, volts)
    assert street.voltage.state.is_neutral_suspected is lost
    assert ("neutral_suspected" in {kind for kind, _ in street.happened}) is lost
    street.run(180)
    assert street.voltage.state.is_neutral_suspected is False


def test_a_lost_neutral_that_does_not_last_is_not_told() -> None:
    street = Street().run(60)
    for _ in range(5):
        street.run(55, LOST_NEUTRAL).run(5)
    assert "neutral_suspected" not in {kind for kind, _ in street.happened}


def test_a_lost_neutral_is_told_with_the_highest_voltage() -> None:
    street = Street().run(60).run(90, ("200.0", "261.0", "230.0"), export="0.500")
    event = street.events[-1]
    assert (event.type, event.phase, event.value, event.export) == ("neutral_suspected", "l2", 261.0, 0.5)
    assert event.time == NOON + timedelta(seconds=60)


def test_without_a_neutral_none_is_lost() -> None:
    street = Street().run(60, ("133.0", "133.0", "133.0")).run(120, ("150.0", "115.0", "133.0"))
    assert "neutral_suspected" not in {kind for kind, _ in street.happened}


def test_the_voltage_between_lines_follows_from_three_voltages() -> None:
    assert line_voltage((230, 230, 230)) == pytest.approx(398.37, abs=0.01)
    # At a corner of the triangle one of them is none, and the others are the sides.
    assert line_voltage((0, 400, 400)) == pytest.approx(400)
    # Halfway between two corners.
    assert line_voltage((200, 200, 200 * 3**0.5)) == pytest.approx(400)
    assert line_voltage((0, 0, 230)) == 0.0


def test_patterns_need_what_is_printed() -> None:
    assert missing_phases({"l1": None, "l2": 2300}, 2300) == ()
    assert missing_phases({"l1": 0}, 2300) == ()
    assert not is_neutral_lost([2600, 2000, None], 2300)


def test_nothing_is_known_while_the_clock_is_wrong() -> None:
    street = Street().run(60)
    street.voltage.pause()
    assert street.voltage.state is None
    street.skip(600).run(1)
    assert street.voltage.state is not None
    street.run(1000)
    slot, *_ = street.voltage.history.slots("l1", NOON, NOON + timedelta(hours=1), 10)
    assert slot.seconds == 59


def test_changes_that_cannot_wait() -> None:
    street = Street().run(660)
    before = street.voltage.state
    street.run(60)
    assert not street.voltage.is_urgent(before)
    before = street.voltage.state
    street.run(11, HIGH)
    assert street.voltage.is_urgent(before)
