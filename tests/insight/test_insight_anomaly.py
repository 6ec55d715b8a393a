"""Days that are unlike others, by hand-worked values."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import pytest

from custom_components.emucs.insight.anomaly import Anomaly, DayPart, UnusualDay, unusual_day
from custom_components.emucs.insight.quarters import IMPORT, QUARTERS_A_DAY, SLOTS, Basis, Quarters, local_begin
from tests.insight.quarterly import slot
from tests.insight.test_insight_recurring import Habitual, after_four_weeks

# A Tuesday: the Monday before is judged.
TUESDAY = "2026-01-13T00:00"
PARTS = {part: range(hour, hour + 6) for part, hour in zip(DayPart, range(0, 24, 6), strict=True)}


def past(end: str, last: Mapping[DayPart, float], *, known: int = 28, share: float = 1) -> Quarters:
    """Return four weeks: 0.4 to 0.6 kW from day to day, and the last day in parts, of which a share is known."""
    quarters = Quarters()
    quarters.end(slot(end) - 1)
    first = local_begin(slot(end) - 1).replace(hour=0, minute=0)
    for each in range(slot(end) - SLOTS, slot(end)):
        time = local_begin(each)
        back = (first.date() - time.date()).days
        if back >= known or (not back and (time.hour * 4 + time.minute / 15) / QUARTERS_A_DAY >= share):
            continue
        usual = 0.4 + time.day % 5 * 0.05
        mean = (
            usual
            if back
            else next((last[part] for part, hours in PARTS.items() if time.hour in hours and part in last), 0.5)
        )
        quarters.fill(each, IMPORT, mean, Basis.EXPORTED)
    return quarters


def judged(last: Mapping[DayPart, float], end: str = TUESDAY, **more: Any) -> UnusualDay | None:
    """Return what is told of the last day."""
    return unusual_day(past(end, last, **more), slot(end))


def test_a_day_like_others_is_none() -> None:
    assert judged({}) is None
    # 0.6 kW is the highest of others; with a quarter of the median 0.5 kW above it, 17.4 kWh are none yet.
    assert judged({DayPart.EVENING: 1.39}) is None
    assert judged({DayPart.EVENING: 1.41}) is not None
    # 0.4 kW is the lowest.
    assert judged(dict.fromkeys(DayPart, 0.28)) is None
    assert judged(dict.fromkeys(DayPart, 0.27)) is not None


def test_a_day_with_more_says_which_part() -> None:
    unusual = judged({DayPart.EVENING: 1.5})
    assert unusual is not None
    assert unusual == UnusualDay(
        date(2026, 1, 12),
        pytest.approx(18),
        pytest.approx(0.4 * 24, abs=0.3),
        pytest.approx(0.6 * 24),
        is_more=True,
        differs=(DayPart.EVENING,),
    )


def test_a_day_with_less_says_so_too() -> None:
    unusual = judged(dict.fromkeys(DayPart, 0.1) | {DayPart.NIGHT: 0.5})
    assert unusual is not None
    assert not unusual.is_more
    assert set(unusual.differs) == {DayPart.MORNING, DayPart.AFTERNOON, DayPart.EVENING}
    assert unusual.energy == pytest.approx(0.2 * 24)


def test_the_part_that_differs_most_comes_first() -> None:
    unusual = judged({DayPart.NIGHT: 2, DayPart.AFTERNOON: 4})
    assert unusual is not None
    assert unusual.differs == (DayPart.AFTERNOON, DayPart.NIGHT)


def test_where_each_part_alone_is_usual_it_is_that_which_differs_most() -> None:
    # Each of the others has much in one part or another, and this one something in all of them.
    quarters = past(TUESDAY, dict.fromkeys(DayPart, 1.0) | {DayPart.MORNING: 1.1})
    for each in range(slot(TUESDAY) - SLOTS + 4, slot(TUESDAY) - QUARTERS_A_DAY):
        time = local_begin(each)
        quarters.put(each, 1.6 if time.hour // 6 == time.day % 4 else 0.2, None)
    unusual = unusual_day(quarters, slot(TUESDAY))
    assert unusual is not None
    assert unusual.differs == (DayPart.MORNING,)


def test_of_days_that_differ_much_more_is_needed() -> None:
    quarters = past(TUESDAY, dict.fromkeys(DayPart, 1.9))
    for each in range(slot(TUESDAY) - SLOTS + 4, slot(TUESDAY) - QUARTERS_A_DAY):
        # Between 0.5 and 1.5 kW: half of that above the highest of them is 2 kW.
        quarters.put(each, 0.5 + local_begin(each).day % 5 / 4, None)
    assert unusual_day(quarters, slot(TUESDAY)) is None
    for each in range(slot(TUESDAY) - QUARTERS_A_DAY, slot(TUESDAY)):
        quarters.put(each, 2.1, None)
    assert unusual_day(quarters, slot(TUESDAY)) is not None


@pytest.mark.parametrize(
    ("end", "known", "is_told"),
    [
        pytest.param(TUESDAY, 11, True, id="six weekdays before"),
        pytest.param(TUESDAY, 10, False, id="five weekdays before"),
        pytest.param("2026-01-12T00:00", 28, True, id="a Sunday, with seven weekend days before"),
        pytest.param("2026-01-12T00:00", 21, False, id="a Sunday, with five weekend days before"),
    ],
)
def test_it_takes_six_days_of_its_kind(end: str, known: int, *, is_told: bool) -> None:
    assert (judged(dict.fromkeys(DayPart, 2.0), end, known=known) is not None) is is_told


@pytest.mark.parametrize(("share", "is_told"), [(0.91, True), (0.89, False)])
def test_nine_tenths_of_a_day_have_to_be_known(share: float, *, is_told: bool) -> None:
    unusual = judged(dict.fromkeys(DayPart, 2.0), share=share)
    assert (unusual is not None) is is_told
    # What is missing is taken to be like the rest.
    assert unusual is None or unusual.energy == pytest.approx(48)


@pytest.mark.parametrize(("end", "hours"), [("2026-03-30T00:00", 23), ("2026-10-26T00:00", 25)])
def test_the_clock_changes(end: str, hours: int) -> None:
    unusual = judged(dict.fromkeys(DayPart, 2.0), end)
    assert unusual is not None
    assert unusual.energy == pytest.approx(2 * hours)
    assert set(unusual.differs) == set(DayPart)


def test_a_flat_that_uses_nothing_is_never_unusual() -> None:
    quarters = Quarters()
    quarters.end(slot(TUESDAY) - 1)
    for each in range(slot(TUESDAY) - SLOTS, slot(TUESDAY)):
        quarters.fill(each, IMPORT, 0, Basis.EXPORTED)
    assert unusual_day(quarters, slot(TUESDAY)) is None


def lived() -> Habitual:
    """Return a meter after four weeks that are alike, on a Monday at midnight."""
    return after_four_weeks(usual)


def usual(time: datetime) -> tuple[float, float]:
    """Return a house with a habit."""
    return 0.3 + (time.hour == 19) * 2, 0.0


def busy(time: datetime) -> tuple[float, float]:
    """Return the same with guests in the evening, and again on the next two days."""
    return 0.3 + (time.hour >= 19) * 3 * (time.day in (12, 13, 14)), 0.0


def test_the_first_of_several_is_told_with_one_telegram() -> None:
    meter, told = lived(), []
    for _ in range(5 * QUARTERS_A_DAY):
        meter.skip(*busy(local_begin(meter.slot)))
        meter.feed()
        assert meter.anomaly.state is not None
        if (unusual := meter.anomaly.state.unusual) is not None:
            told.append((local_begin(meter.slot).isoformat(), unusual.date, unusual.is_more, unusual.differs))
            meter.feed(meter.telegram(1))
            assert meter.anomaly.state.unusual is None
    assert told == [("2026-01-13T00:00:00+01:00", date(2026, 1, 12), True, (DayPart.EVENING,))]


def test_a_restart_judges_no_day_twice_and_none_before_the_first() -> None:
    meter = lived()
    assert meter.anomaly.state is not None
    meter.restart()
    meter.run(QUARTERS_A_DAY, busy)
    meter.restart()
    meter.feed(meter.telegram(1))
    assert meter.anomaly.state is not None
    assert meter.anomaly.state.unusual is None
    new = Anomaly()
    new.hand_over({type(meter.profile): meter.profile})
    state = new.feed(meter.telegram(1))
    assert state is not None
    assert state.unusual is None


def test_a_day_that_ended_while_nothing_was_seen_is_told_after() -> None:
    meter = lived()
    meter.run(QUARTERS_A_DAY - 1, busy)
    meter.skip(3.3, quarters=1)
    meter.skip(0.3, quarters=20)
    meter.restart()
    meter.feed()
    assert meter.anomaly.state is not None
    assert meter.anomaly.state.unusual is not None
    assert meter.anomaly.state.unusual.date == date(2026, 1, 12)


@pytest.mark.parametrize("saved", [{}, {"day": 1}, {"day": "a", "was_more": None}, {"day": [], "was_more": None}, []])
def test_what_was_not_saved_here_is_refused(saved: Any) -> None:
    with pytest.raises((LookupError, TypeError, ValueError)):
        Anomaly.restore(None, saved)
