"""Peaks that recur, by hand-worked values, and the word before one of them."""

from collections.abc import Callable, Mapping
from datetime import datetime
import json
from typing import Any, override

import pytest

from custom_components.emucs.insight.anomaly import Anomaly
from custom_components.emucs.insight.base import Insight
from custom_components.emucs.insight.day_kind import DayKind
from custom_components.emucs.insight.habits import Habits, RecurringPeak
from custom_components.emucs.insight.profile import Profile
from custom_components.emucs.insight.quarters import (
    IMPORT,
    QUARTERS_A_DAY,
    SLOTS,
    Basis,
    Quarters,
    local_begin,
    local_place,
    slots_of_day,
)
from custom_components.emucs.insight.recurring import Expected, Recurring, RecurringState
from custom_components.emucs.port import Telegram
from tests.effort import calls
from tests.insight.quarterly import Load, Meter, slot

# A Monday.
MONDAY = "2026-01-12T00:00"
EVENING = range(73, 76)
"""18:15 to 19:00."""


class Habitual(Meter):
    """A meter whose habits are followed."""

    def __init__(self, start: str) -> None:
        self.recurring, self.anomaly = Recurring(), Anomaly()
        self.expected: list[Expected] = []
        super().__init__(start)

    @override
    def hand_over(self) -> None:
        super().hand_over()
        used: Mapping[type[Insight[Any, Any]], Insight[Any, Any]] = {Profile: self.profile}
        self.recurring.hand_over(used)
        self.anomaly.hand_over(used)

    @override
    def feed(self, telegram: Telegram | None = None) -> None:
        telegram = telegram or self.telegram()
        super().feed(telegram)
        self.anomaly.feed(telegram)
        state = self.recurring.feed(telegram)
        if state is not None and state.expected is not None:
            self.expected.append(state.expected)

    @override
    def restart(self) -> None:
        saved = json.loads(json.dumps([self.recurring.save(), self.anomaly.save()]))
        self.recurring, self.anomaly = Recurring.restore(None, saved[0]), Anomaly.restore(None, saved[1])
        super().restart()

    @property
    def state(self) -> RecurringState:
        """What is known of recurring peaks."""
        assert self.recurring.state is not None
        return self.recurring.state


def past(load: Callable[[datetime, int], float | None], end: str = MONDAY) -> Quarters:
    """Return the quarters of four weeks before a time, in kW, by local time and time of day."""
    quarters = Quarters()
    quarters.end(slot(end) - 1)
    for each in range(slot(end) - SLOTS, slot(end)):
        if (mean := load(local_begin(each), local_place(each)[1])) is not None:
            quarters.fill(each, IMPORT, mean, Basis.EXPORTED)
    return quarters


def cooking(days: int, *, power: float = 3.9, times: range = EVENING) -> Callable[[datetime, int], float]:
    """Return a house that needs much in the evening of so many weekdays."""
    seen: set[str] = set()

    def load(time: datetime, index: int) -> float:
        if index not in times or time.weekday() > 4 or time.replace(tzinfo=None) < datetime(2025, 12, 15):  # noqa: DTZ001
            return 0.3
        seen.add(f"{time:%F}")
        return power if len(seen) <= days else 0.3

    return load


def test_a_peak_that_recurs_is_found() -> None:
    habits = Habits(past(cooking(11)))
    assert habits.peaks() == (RecurringPeak(DayKind.WEEKDAYS, 73, 75, 11, 20, 3.9),)
    [peak] = habits.peaks()
    assert (peak.begin, peak.end) == ("18:15", "19:00")
    assert habits.is_enough
    assert habits.threshold == 2.5


@pytest.mark.parametrize(("days", "found"), [(4, 0), (5, 1), (20, 1)])
def test_it_has_to_be_on_a_quarter_of_its_days(days: int, found: int) -> None:
    assert len(Habits(past(cooking(days))).peaks()) == found


def test_of_few_days_four_are_needed() -> None:
    def load(time: datetime, index: int) -> float | None:
        return 3.0 if index == 40 and time.day in (3, 4, 10) else 0.2 if time.day > 2 and time.month == 1 else None

    assert Habits(past(load)).peaks() == ()
    assert [
        peak[:5]
        for peak in Habits(past(lambda time, index: 3.0 if index == 40 and time.weekday() == 6 else 0.2)).peaks()
    ] == [(DayKind.WEEKENDS, 40, 40, 4, 8)]


def test_weekdays_and_weekends_are_apart() -> None:
    def load(time: datetime, index: int) -> float:
        return (3 if time.weekday() < 5 else 4) if index == 48 else 0.2

    found = Habits(past(load)).peaks()
    assert [(peak.kind, peak.days, peak.known, peak.power) for peak in found] == [
        (DayKind.WEEKENDS, 8, 8, 4),
        (DayKind.WEEKDAYS, 20, 20, 3),
    ]


@pytest.mark.parametrize(
    ("times", "found"),
    [
        ((40, 41, 42), [(40, 42)]),
        ((40, 42), [(40, 42)]),
        ((40, 43), [(40, 40), (43, 43)]),
        ((0, 95), [(0, 0), (95, 95)]),
    ],
)
def test_neighbours_are_one_peak(times: tuple[int, ...], found: list[tuple[int, int]]) -> None:
    habits = Habits(past(lambda _, index: 3.0 if index in times else 0.2))
    peaks = [peak for peak in habits.peaks() if peak.kind is DayKind.WEEKDAYS]
    assert [(peak.first, peak.last) for peak in peaks] == found
    assert {peak.known for peak in peaks} == {20}


def test_the_power_is_the_median_of_the_highest_of_each_day() -> None:
    powers = iter(range(3, 40))
    by_day: dict[str, int] = {}

    def load(time: datetime, index: int) -> float:
        if index not in (72, 73) or time.weekday() > 4:
            return 0.2
        power = by_day.setdefault(f"{time:%F}", next(powers) if f"{time:%F}" not in by_day else 0)
        return float(power) if index == 73 else 2.6

    [peak] = Habits(past(load)).peaks()
    assert (peak.first, peak.last, peak.days) == (72, 73, 20)
    assert peak.power == pytest.approx((min(by_day.values()) + max(by_day.values())) / 2)


def test_what_ends_at_midnight_says_so() -> None:
    assert RecurringPeak(DayKind.WEEKDAYS, 92, 95, 5, 20, 3).end == "00:00"


def test_gaps_count_on_no_side() -> None:
    def load(time: datetime, index: int) -> float | None:
        # Nothing is known of the Tuesdays, and of one Monday.
        if time.weekday() == 1 or time.day == 5:
            return None
        return 3.0 if index == 60 else 0.2

    [peak, *_] = [each for each in Habits(past(load)).peaks() if each.kind is DayKind.WEEKDAYS]
    assert (peak.days, peak.known) == (15, 15)


def test_the_week_has_the_mean_of_each_hour() -> None:
    def load(time: datetime, index: int) -> float | None:
        if time.weekday() == 2 and time.hour == 7:
            return 1.0 + index % 4
        return None if time.weekday() == 3 and time.hour == 8 else 0.25

    week = Habits(past(load)).week()
    assert [len(day) for day in week] == [24] * 7
    assert week[2][7] == pytest.approx(2.5)
    assert week[3][8] is None
    assert week[0][0] == 0.25


def test_nothing_follows_from_nothing() -> None:
    habits = Habits(Quarters())
    assert not habits.is_enough
    assert habits.peaks() == ()
    assert habits.week() == ((None,) * 24,) * 7


def evenings(time: datetime) -> tuple[float, float]:
    """Return a house that cooks on weekdays."""
    return (3.9 if local_place(slot(f"{time:%FT%H:%M}"))[1] in EVENING and time.weekday() < 5 else 0.3), 0.0


def after_four_weeks(load: Load, end: str = MONDAY) -> Habitual:
    """Return a meter at a time, which knows the four weeks before."""
    begin = slot(end)
    meter = Habitual(local_begin(begin - 2).replace(tzinfo=None).isoformat())
    meter.run(2, load)
    for each in range(begin - SLOTS, begin):
        meter.profile.quarters.fill(each, IMPORT, load(local_begin(each))[0], Basis.EXPORTED)
    meter.recurring.refresh()
    return meter


@pytest.fixture
def lived() -> Habitual:
    """Return a meter on a Monday at midnight."""
    return after_four_weeks(evenings)


def test_a_meter_learns_what_recurs(lived: Habitual) -> None:
    assert lived.state.peaks == (RecurringPeak(DayKind.WEEKDAYS, 73, 75, 20, 20, pytest.approx(3.9)),)
    assert lived.state.week[0][18] == pytest.approx((0.3 + 3 * 3.9) / 4)


def test_a_peak_is_told_a_quarter_before_once_a_day(lived: Habitual) -> None:
    lived.expected.clear()
    lived.run(7 * QUARTERS_A_DAY, evenings)
    told = [(each.begin.isoformat(), each.end.isoformat()) for each in lived.expected]
    assert told == [(f"2026-01-{day}T18:15:00+01:00", f"2026-01-{day}T19:00:00+01:00") for day in range(12, 17)]
    assert {each.peak for each in lived.expected} == {lived.expected[0].peak}


def test_it_is_told_with_one_telegram(lived: Habitual) -> None:
    lived.run(72, evenings)
    assert local_begin(lived.slot).isoformat() == "2026-01-12T18:00:00+01:00"
    state = lived.state
    assert state.expected is not None
    assert lived.recurring.is_urgent(state)
    lived.feed(lived.telegram(1))
    assert lived.state == state._replace(expected=None)
    assert not lived.recurring.is_urgent(state)
    after = lived.state
    lived.feed(lived.telegram(2))
    assert lived.state is after


def test_a_restart_does_not_tell_it_again(lived: Habitual) -> None:
    lived.run(72, evenings)
    lived.expected.clear()
    peaks = lived.state.peaks
    lived.restart()
    lived.feed(lived.telegram(30))
    assert lived.expected == []
    assert lived.state.peaks == peaks
    lived.run(QUARTERS_A_DAY, evenings)
    assert [each.begin.day for each in lived.expected] == [13]


def test_it_is_told_late_where_telegrams_were_missing(lived: Habitual) -> None:
    lived.run(70, evenings)
    lived.expected.clear()
    lived.skip(0.3, quarters=2)
    lived.feed(lived.telegram(600))
    assert [each.begin.hour for each in lived.expected] == [18]
    lived.expected.clear()
    # Of one that has begun nothing is told.
    lived.run(QUARTERS_A_DAY - 1, evenings)
    lived.expected.clear()
    lived.skip(0.3, quarters=2)
    lived.run(4, evenings)
    assert lived.expected == []


def test_a_clock_that_was_ahead_keeps_nothing_quiet(lived: Habitual) -> None:
    lived.recurring = Recurring.restore(None, {"told": [99_999, 95]})
    lived.hand_over()
    lived.expected.clear()
    lived.run(QUARTERS_A_DAY, evenings)
    assert len(lived.expected) == 1


def test_nothing_is_told_while_another_one_lasts() -> None:
    def night(time: datetime) -> tuple[float, float]:
        return (4.0 if time.hour in (0, 23) else 0.3), 0.0

    meter = after_four_weeks(night)
    meter.run(7 * QUARTERS_A_DAY, night)
    assert [each.begin.hour for each in meter.expected] == [23] * 7


def test_one_evening_with_guests_hides_nothing(lived: Habitual) -> None:
    lived.run(2 * QUARTERS_A_DAY, lambda time: (9.0, 0.0) if f"{time:%d %H}" == "12 20" else evenings(time))
    assert lived.state.peaks
    assert [(peak.begin, peak.end) for peak in lived.state.peaks] == [("18:15", "19:00")]


def test_in_a_large_house_a_peak_is_near_the_highest() -> None:
    def heating(_: datetime, index: int) -> float:
        return 9.0 if index in EVENING else 2.0 + index % 48 / 10

    habits = Habits(past(heating))
    assert habits.threshold == pytest.approx(7.2)
    assert {(peak.first, peak.last) for peak in habits.peaks()} == {(73, 75)}


def test_what_takes_hours_at_one_power_is_a_peak_too() -> None:
    habits = Habits(past(lambda _, index: 7.4 if index < 20 else 0.3))
    assert habits.threshold == pytest.approx(0.8 * 7.4)
    assert {(peak.first, peak.last, peak.power) for peak in habits.peaks()} == {(0, 19, 7.4)}


@pytest.mark.parametrize(
    ("day", "hour", "told"),
    [
        pytest.param("2026-03-29", 2, ("03:00:00+02:00", "03:30:00+02:00"), id="spring"),
        pytest.param("2026-10-25", 2, ("02:30:00+02:00", "02:00:00+01:00"), id="autumn"),
    ],
)
def test_the_clock_changes(day: str, hour: int, told: tuple[str, str]) -> None:
    def boiler(time: datetime) -> tuple[float, float]:
        return (3.0 if (hour, 30) <= (time.hour, time.minute) < (hour + 1, 30) else 0.3), 0.0

    meter = after_four_weeks(boiler, f"{day}T00:00")
    meter.run(len(slots_of_day(slot(f"{day}T00:00"))), boiler)
    assert [(f"{each.begin:%X%:z}", f"{each.end:%X%:z}") for each in meter.expected] == [told]
    assert {each.begin.date().isoformat() for each in meter.expected} == {day}
    meter.expected.clear()
    meter.run(6 * QUARTERS_A_DAY, boiler)
    assert [(each.begin.hour, each.begin.minute) for each in meter.expected] == [(hour, 30)] * 6


def test_what_is_learned_of_the_past_is_taken_at_once() -> None:
    meter = Habitual(MONDAY)
    meter.run(2)
    assert meter.state.peaks is None
    before = meter.state
    meter.recurring.refresh()
    assert meter.state is before
    filled = past(cooking(9))
    for each in range(slot(MONDAY) - SLOTS, slot(MONDAY)):
        if (mean := filled.mean(IMPORT, each)) is not None:
            meter.profile.quarters.fill(each, IMPORT, mean, Basis.HOUR)
    meter.recurring.refresh()
    assert meter.state.peaks is not None
    assert [peak.days for peak in meter.state.peaks] == [9]


@pytest.mark.parametrize("saved", [{}, {"told": None}, {"told": [1]}, {"told": ["a", 2]}, {"told": [1, 2, 3]}, []])
def test_what_was_not_saved_here_is_refused(saved: Any) -> None:
    with pytest.raises((LookupError, TypeError, ValueError)):
        Recurring.restore(None, saved)


def test_while_the_clock_is_wrong_nothing_is_known(lived: Habitual) -> None:
    lived.profile.pause()
    lived.recurring.pause()
    assert lived.recurring.feed(lived.telegram()) is None
    lived.run(1, evenings)
    assert lived.state.peaks


def test_a_second_takes_hardly_any_steps(lived: Habitual) -> None:
    def feed(insight: Insight[Any, Any]) -> Callable[[Telegram], object]:
        return insight.feed

    telegrams = [lived.telegram(second) for second in range(2, 62)]
    lived.feed(lived.telegram(1))
    for insight in (lived.recurring, lived.anomaly):
        assert calls(feed(insight), telegrams) <= 3 * len(telegrams) + 1


def test_little_is_saved(lived: Habitual) -> None:
    assert len(json.dumps([lived.recurring.save(), lived.anomaly.save()])) < 100
    assert lived.recurring.save_series() == lived.anomaly.save_series() == {}
