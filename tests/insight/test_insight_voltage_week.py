"""The verdict of a week, by EN 50160: 95 % of the means within 10 %, all within 10 % above and 15 % below."""

from datetime import UTC, date, datetime, timedelta

import pytest

from custom_components.emucs.insight.voltage_history import OF_230_V, TO_STAR_POINT, VoltageVerdict
from custom_components.emucs.insight.voltage_pattern import largest_deviation
from custom_components.emucs.insight.voltage_week import Week, overall, week_bounds, week_of
from tests.insight.reading import local
from tests.insight.street import EVEN, MONDAY, Street

DAY = 86400
WITHIN, OUTSIDE, UNKNOWN = VoltageVerdict.WITHIN, VoltageVerdict.OUTSIDE, VoltageVerdict.UNKNOWN_YET
BEGIN = date(2026, 6, 1)


def week(*parts: tuple[int, float | None]) -> Week:
    """Return a week with so many means each."""
    running = Week(BEGIN, OF_230_V)
    for count, mean in parts:
        for _ in range(count):
            running.add("l1", mean)
    return running


@pytest.mark.parametrize(
    ("parts", "verdict"),
    [
        pytest.param([(1008, 230.0)], WITHIN, id="all"),
        pytest.param([(1006, 230.0), (1, 253.0), (1, 207.0)], WITHIN, id="limits"),
        pytest.param([(1007, 230.0), (1, 253.01)], OUTSIDE, id="one above"),
        pytest.param([(1, 253.01)], OUTSIDE, id="one above, and nothing else known"),
        pytest.param([(958, 230.0), (50, 206.9)], WITHIN, id="5 % below"),
        pytest.param([(957, 230.0), (51, 206.9)], OUTSIDE, id="more than 5 % below"),
        pytest.param([(51, 206.9)], OUTSIDE, id="more than 5 % of the week below, and nothing else known"),
        pytest.param([(1007, 230.0), (1, 195.5)], WITHIN, id="15 % below"),
        pytest.param([(1007, 230.0), (1, 195.4)], OUTSIDE, id="more than 15 % below"),
        pytest.param([(908, 230.0), (100, None)], WITHIN, id="enough known"),
        pytest.param([(907, 230.0), (101, None)], UNKNOWN, id="not enough known"),
        pytest.param([(860, 230.0), (48, 206.9), (100, None)], OUTSIDE, id="more than 5 % of those known"),
        pytest.param([(1008, None)], UNKNOWN, id="nothing known"),
    ],
)
def test_a_week_is_judged_by_its_means(parts: list[tuple[int, float | None]], verdict: VoltageVerdict) -> None:
    [closed] = week(*parts).close()
    assert (closed.verdict, closed.slots, closed.begin, closed.phase) == (verdict, 1008, BEGIN, "l1")
    assert closed.known == sum(count for count, mean in parts if mean is not None)


def test_a_week_says_what_it_was_judged_by() -> None:
    [closed] = week((900, 230.0), (50, 206.0), (50, 240.5), (8, None)).close()
    assert (closed.known, closed.lowest, closed.highest) == (1000, 206.0, 240.5)
    assert closed.within == pytest.approx(0.95)


def test_outside_is_said_as_soon_as_it_is_certain() -> None:
    assert not week((50, 206.9)).is_outside
    assert week((51, 206.9)).is_outside
    assert week((1, 253.1)).is_outside


def test_the_star_point_has_limits_of_its_own() -> None:
    running = Week(BEGIN, TO_STAR_POINT)
    for mean in (146.0, 119.6, 113.0):
        running.add("l1", mean)
    assert not running.is_outside
    running.add("l2", 146.1)
    assert running.is_outside


@pytest.mark.parametrize(
    ("verdicts", "verdict"),
    [
        ([], UNKNOWN),
        ([WITHIN, WITHIN], WITHIN),
        ([WITHIN, UNKNOWN], UNKNOWN),
        ([WITHIN, UNKNOWN, OUTSIDE], OUTSIDE),
    ],
)
def test_one_phase_decides(verdicts: list[VoltageVerdict], verdict: VoltageVerdict) -> None:
    assert overall(verdicts) is verdict


@pytest.mark.parametrize(
    ("begin", "slots"),
    [(date(2026, 3, 23), 1002), (date(2026, 6, 1), 1008), (date(2026, 10, 19), 1014)],
)
def test_a_week_in_which_the_clock_changes_has_an_hour_more_or_less(begin: date, slots: int) -> None:
    assert Week(begin, OF_230_V).slots == slots
    first, last = week_bounds(begin)
    assert last - first == timedelta(minutes=10) * slots
    assert week_of(begin + timedelta(days=6)) == begin


@pytest.mark.parametrize("begin", ["2026-03-23 00:00", "2026-10-19 00:00"])
def test_the_clock_changes_without_a_trace(begin: str) -> None:
    street = Street(local(begin).astimezone(UTC), period=60).run(8 * DAY)
    closed = street.voltage.history.weeks
    assert {(each.verdict, each.within) for each in closed} == {(WITHIN, 1.0)}
    assert {each.known - each.slots for each in closed} == {0}
    assert [each.phase for each in closed] == ["l1", "l2", "l3"]


def noon_too_high(time: datetime) -> tuple[str, str, str]:
    """Return voltages of a street with solar panels: too high on L1 on Wednesday from 12:05 to 13:25."""
    is_too_high = time.weekday() == 2 and "10:05" <= f"{time:%H:%M}" < "11:25"
    return ("254.4" if is_too_high else "231.0", "240.0", "229.0")


def test_a_week_with_overvoltage_at_noon() -> None:
    street = Street(MONDAY, period=10).run(2 * DAY, noon_too_high)
    assert street.voltage.state.quality is UNKNOWN
    street.run(DAY, noon_too_high)
    # It is certain at once, and the running day says for how long.
    assert street.voltage.state.quality is OUTSIDE
    assert (street.voltage.state.above, street.voltage.state.below) == (80 * 60, 0)
    assert street.happened == [("overvoltage_started", "l1"), ("overvoltage_ended", "l1")]
    started, ended = street.events
    wednesday = MONDAY + timedelta(days=2, hours=12)
    assert (started.time, started.value) == (wednesday + timedelta(minutes=5), 254.4)
    assert (ended.time, ended.value) == (wednesday + timedelta(minutes=85), 254.4)

    slots = street.voltage.history.slots("l1", wednesday, wednesday + timedelta(hours=2), 10)
    assert [slot.above for slot in slots] == [300, *[600] * 7, 300, 0, 0, 0]
    street.run(4 * DAY + 60, noon_too_high)
    first, *others = street.voltage.history.weeks
    assert (first.phase, first.verdict, first.known) == ("l1", OUTSIDE, 1008)
    assert first.highest == pytest.approx(254.4)
    assert first.within == pytest.approx(1 - 7 / 1008, abs=1e-4)
    assert [each.verdict for each in others] == [WITHIN, WITHIN]
    # The week that begins is none that would be over.
    assert street.voltage.state.quality is OUTSIDE
    street.run(7 * DAY, EVEN)
    assert street.voltage.state.quality is WITHIN


def test_the_seconds_of_a_day_end_with_it() -> None:
    street = Street(MONDAY + timedelta(hours=23, minutes=50)).run(300, ("254.0", "255.0", "200.0"))
    # Up to the latest full minute.
    assert (street.voltage.state.above, street.voltage.state.below) == (240, 240)
    street.run(299, EVEN)
    assert (street.voltage.state.above, street.voltage.state.below) == (300, 300)
    street.restart().run(2, EVEN)
    assert (street.voltage.state.above, street.voltage.state.below) == (0, 0)


def test_a_week_is_told_once() -> None:
    street = Street(MONDAY, period=60).run(7 * DAY - 60)
    assert street.voltage.state.closed == ()
    street.run(120)
    assert street.voltage.state.closed == street.voltage.history.weeks
    assert len(street.voltage.history.weeks) == 3
    street.run(60)
    assert street.voltage.state.closed == ()


def test_a_week_goes_on_after_a_restart() -> None:
    street = Street(MONDAY, period=60).run(3 * DAY).run(900, ("254.0", "230.0", "230.0")).restart()
    street.run(60)
    assert street.voltage.state.quality is OUTSIDE
    street.run(4 * DAY)
    [first, *others] = street.voltage.history.weeks
    assert (first.verdict, first.known) == (OUTSIDE, 1008)
    assert {each.verdict for each in others} == {WITHIN}
    street.restart()
    assert street.voltage.history.weeks == (first, *others)


def test_weeks_of_which_nothing_was_seen_are_missing() -> None:
    street = Street(MONDAY, period=60).run(DAY).skip(20 * DAY).run(DAY)
    assert [(each.begin, each.verdict, each.known) for each in street.voltage.history.weeks] == [
        (BEGIN, UNKNOWN, 144)
    ] * 3
    assert street.voltage.state.quality is UNKNOWN


@pytest.mark.parametrize(
    ("means", "deviation"),
    [((405.0, 398.0, 392.0), 0.01674), ((400.0, 400.0, 380.0), 0.0339), ((230.0, 230.0, 230.0), 0.0)],
)
def test_largest_deviation(means: tuple[float, ...], deviation: float) -> None:
    assert largest_deviation(means) == pytest.approx(deviation, abs=1e-5)


@pytest.mark.parametrize(
    ("volts", "deviation"),
    [
        pytest.param(("230.0", "233.0", "227.0"), 3 / 230, id="3x400 V"),
        pytest.param(("230.0", "0.0", "227.0"), None, id="3x230 V"),
        pytest.param(("133.0", "132.0", "134.0"), None, id="star point"),
        pytest.param(("230.0",), None, id="single-phase"),
    ],
)
def test_phases_are_compared_where_there_is_a_neutral(volts: tuple[str, ...], deviation: float | None) -> None:
    state = Street(period=10).run(700, volts).voltage.state
    assert state.deviation == (None if deviation is None else pytest.approx(deviation, abs=1e-6))
