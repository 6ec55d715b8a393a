"""The base load of the night, and when it is said to have risen: worked values, and a house that lives on."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from custom_components.emucs.insight.baseload import BaseLoad, BaseLoadState, base_load, judged, latest_night
from custom_components.emucs.insight.profile import Profile
from custom_components.emucs.insight.quarters import EXPORT, IMPORT, Basis, Quarters, local_begin, slot_of
from tests.insight.quarterly import Meter, slot

ALIKE = [120, 118, 122, 121, 119] * 5  # the median is 120 and their spread 1


class House:
    """A meter, and what is known of its nights."""

    def __init__(self, start: str = "2026-01-01T12:00") -> None:
        self.meter = Meter(start)
        self.base_load = BaseLoad()
        self.watts = 120.0
        self.hand_over()

    def hand_over(self) -> None:
        """Let the insight know the profile."""
        self.base_load.hand_over({Profile: self.meter.profile})

    def feed(self) -> BaseLoadState | None:
        """Feed the telegram of now."""
        telegram = self.meter.telegram()
        self.meter.feed(telegram)
        return self.base_load.feed(telegram)

    def days(self, days: float, *, exported: Callable[[int], float] = lambda _: 0.0) -> BaseLoadState | None:
        """Let days pass, with an evening in each, and a fridge that runs in every other quarter."""
        state = self.base_load.state
        for _ in range(round(days * 96)):
            hour = local_begin(self.meter.slot).hour
            fridge = 40 * (self.meter.slot % 2)
            imported = self.watts + fridge + (1000 if hour not in range(1, 5) else 0)
            self.meter.skip(imported / 1000, exported(hour))
            state = self.feed()
        return state


def test_the_base_load_is_the_least_quarter_of_the_night() -> None:
    house = House()
    house.days(1)
    assert house.base_load.state == BaseLoadState(base=120, usual=None, limit=None, is_quiet=None, alarm=None, nights=1)


def test_what_is_least_outside_the_night_does_not_count() -> None:
    quarters = Quarters()
    first = slot("2026-01-14T00:00")
    for number in range(28):
        quarters.put(first + number, 0.05 if number in {3, 20} else 0.2, 0.0)
    assert base_load(quarters, date(2026, 1, 14)) == 200


def test_a_night_is_over_at_five() -> None:
    assert latest_night(slot("2026-01-14T04:30")) == date(2026, 1, 13)
    assert latest_night(slot("2026-01-14T04:45")) == date(2026, 1, 14)
    assert latest_night(slot("2026-01-14T23:45")) == date(2026, 1, 14)


@pytest.mark.parametrize(("day", "quarters_of_night"), [(date(2026, 3, 29), 12), (date(2026, 10, 25), 20)])
def test_a_night_in_which_the_clock_changes_has_other_quarters(day: date, quarters_of_night: int) -> None:
    quarters = Quarters()
    first = slot(f"{day}T00:00")
    in_night = [each for each in range(first, first + 40) if local_begin(each).hour in range(1, 5)]
    assert len(in_night) == quarters_of_night
    for each in range(first, first + 40):
        quarters.put(each, 0.3 if each in in_night else 0.1, 0.0)
    assert base_load(quarters, day) == 300
    assert latest_night(in_night[-1]) == day
    assert latest_night(in_night[-2]) == day - timedelta(days=1)


def test_a_night_needs_three_quarters_of_its_quarters() -> None:
    first = slot("2026-01-14T01:00")
    for known, expected in ((12, 200), (11, None)):
        quarters = Quarters()
        for each in range(first, first + known):
            quarters.put(each, 0.2, None)
        quarters.end(first + 16)
        assert base_load(quarters, date(2026, 1, 14)) == expected


@pytest.mark.parametrize(("imported", "exported"), [(0.2, 0.004), (0.0, 0.0)])
def test_a_house_that_is_fed_by_something_else_has_no_base_load(imported: float, exported: float) -> None:
    first, quarters = slot("2026-01-14T01:00"), Quarters()
    for each in range(first, first + 16):
        quarters.put(each, 0.2, 0.0)
    assert base_load(quarters, date(2026, 1, 14)) == 200
    quarters.put(first + 5, imported, exported)
    assert base_load(quarters, date(2026, 1, 14)) is None


def test_the_limit_is_a_hundred_watts_above_quiet_nights() -> None:
    state = judged([221, 221, 221, *ALIKE])
    assert (state.usual, state.limit, state.trend, state.is_quiet, state.alarm) == (120, 220, 101, True, True)
    assert judged([220, 221, 221, *ALIKE]).alarm is False
    assert judged([221, 221, 220, *ALIKE]).alarm is False


def test_the_limit_follows_the_spread_of_less_quiet_nights() -> None:
    # Deviations of 0 and 40 in turn: their median is 40, and 4 * 1.4826 * 40 W are 237 W.
    state = judged([500, 500, 500, *[200, 240, 160, 240, 160] * 5])
    assert (state.usual, state.limit, state.is_quiet, state.alarm) == (200, 437, True, True)


def test_restless_nights_are_not_judged() -> None:
    state = judged([3000, 3000, 3000, *[200, 300, 400, 100, 500] * 5])
    assert (state.usual, state.limit, state.is_quiet, state.alarm) == (300, 893, False, None)


def test_two_weeks_of_nights_make_a_reference() -> None:
    few = [300, 300, 300, *[120] * 13, *[None] * 12]
    assert judged(few).usual is None
    assert judged(few).alarm is None
    assert judged([*few[:16], 120, *few[17:]]).alarm is True


@pytest.mark.parametrize(
    ("latest", "alarm"),
    [([300, None, 300], None), ([120, None, 300], False), ([None, None, None], None), ([300, None, 120], False)],
)
def test_nights_that_are_not_known_prove_nothing(latest: list[int | None], *, alarm: bool | None) -> None:
    assert judged([*latest, *ALIKE]).alarm is alarm


def test_a_load_left_on_is_told_after_the_third_night_and_becomes_usual() -> None:
    house = House()
    house.days(18)
    assert house.base_load.state is not None
    assert house.base_load.state.alarm is False
    house.watts += 150
    heard = [state is not None and state.alarm for state in (house.days(1) for _ in range(20))]
    assert heard[:4] == [False, False, True, True]
    assert heard[-1] is False


def test_only_the_end_of_a_night_and_what_is_learned_make_a_new_state() -> None:
    house = House()
    house.days(2)
    state = house.base_load.state
    house.days(0.5)
    assert house.base_load.state is state
    quarters = house.meter.profile.quarters
    assert quarters.last is not None
    past = slot_of(local_begin(quarters.last).replace(hour=1, minute=0) - timedelta(days=7))
    house.meter.profile.fill(IMPORT, dict.fromkeys(range(past, past + 16), 0.15), Basis.HOUR)
    house.base_load.refresh()
    assert house.base_load.state is not None
    assert state is not None
    assert house.base_load.state.nights == state.nights + 1


def test_it_is_urgent_when_the_alarm_changes_and_not_when_a_night_ends() -> None:
    house = House()
    house.days(18)
    before = house.base_load.state
    assert before is not None
    house.days(1)
    assert house.base_load.state is not before
    assert not house.base_load.is_urgent(before)
    house.watts += 150
    house.days(3)
    assert house.base_load.is_urgent(before)


def test_a_restart_changes_nothing() -> None:
    house = House()
    house.days(18)
    house.watts += 150
    before = house.days(3)
    assert house.base_load.save() == house.base_load.save_series() == {}
    house.meter.restart()
    house.base_load = BaseLoad.restore(None, {})
    house.hand_over()
    assert house.base_load.state is None
    assert house.feed() == before


def test_a_wrong_clock_is_waited_out() -> None:
    house = House()
    house.days(18)
    before = house.base_load.state
    house.base_load.pause()
    assert house.base_load.state is None
    assert house.feed() == before


def test_a_meter_that_was_off_at_night_knows_nothing_of_it() -> None:
    house = House()
    house.days(18)
    house.meter.skip(0.12, 0, quarters=96)
    state = house.feed()
    assert state is not None
    assert (state.base, state.trend, state.alarm) == (None, None, False)


def test_a_battery_at_night_hides_the_base_load() -> None:
    house = House()
    state = house.days(2, exported=lambda hour: 0.01 * (hour == 3))
    assert state is not None
    assert (state.base, state.nights) == (None, 0)
    assert house.meter.profile.quarters.known(EXPORT) > 96
