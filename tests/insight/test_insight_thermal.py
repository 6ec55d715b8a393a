"""A breaker of curve B or C: a warning and an alarm before it trips, and none for what passes."""

from datetime import timedelta

import pytest

from tests.insight.connected import NOON, Meter, measuring


@pytest.mark.parametrize("rating", [16, 25, 40, 63])
class TestCurve:
    """The figures of EN 60898-1, from cold, by the telegrams of a meter."""

    @staticmethod
    def cold(rating: int) -> Meter:
        """Return a meter of a house that has used nothing for an hour."""
        meter = Meter(breaker=rating)
        meter.see(3600, "0.00", step=10)
        return meter

    def test_1_13_times_its_rating_is_carried(self, rating: int) -> None:
        meter = self.cold(rating)
        assert meter.until_alarm(1.13, most=4 * 3600, step=10, rating=rating) is None
        assert meter.state.warning

    def test_1_45_times_trips_within_an_hour(self, rating: int) -> None:
        alarm = self.cold(rating).until_alarm(1.45, most=3600, step=10, rating=rating)
        assert alarm is not None
        assert 600 < alarm <= 1200

    @pytest.mark.parametrize("step", [1, 10])
    def test_2_55_times_trips_within_a_minute(self, rating: int, step: int) -> None:
        alarm = self.cold(rating).until_alarm(2.55, most=60, step=step, rating=rating)
        assert alarm is not None
        assert 15 < alarm <= 40

    def test_twice_is_told_within_a_minute(self, rating: int) -> None:
        alarm = self.cold(rating).until_alarm(2, most=120, rating=rating)
        assert alarm is not None
        assert 30 < alarm <= 60

    def test_what_is_rated_is_no_warning(self, rating: int) -> None:
        meter = self.cold(rating)
        assert not any(state.warning for state in meter.run(6 * 3600, str(rating), step=10))

    def test_a_warning_comes_first(self, rating: int) -> None:
        meter = self.cold(rating)
        first = next(state for state in meter.run(3600, str(1.45 * rating), step=10) if state.warning or state.alarm)
        assert (first.warning, first.alarm) == (True, False)


class TestKettle:
    """Ten amperes for three minutes."""

    @pytest.mark.parametrize(("rating", "before"), [(16, 12), (20, 16), (25, 20), (40, 36)])
    def test_is_no_alarm(self, rating: int, before: int) -> None:
        meter = Meter(breaker=rating)
        meter.see(7200, str(before), step=10)
        assert not any(state.alarm for state in meter.run(180, str(before + 9.6)))

    def test_with_room_is_no_warning(self) -> None:
        meter = Meter(breaker=40)
        meter.see(7200, "30", step=10)
        assert not any(state.warning for state in meter.run(180, "39.6"))

    def test_at_a_start_is_no_warning(self) -> None:
        assert not any(state.warning for state in Meter(breaker=25).run(180, "26.0"))


class TestEnd:
    """A warning or an alarm goes off once the heat is clearly lower."""

    def test_of_an_alarm(self) -> None:
        meter = Meter()
        assert meter.until_alarm(1.45, most=3600) is not None
        states = [(state.warning, state.alarm) for state in meter.run(3600, "10.00")]
        changes = [new for old, new in zip([(True, True), *states], states, strict=False) if new != old]
        assert changes == [(True, False), (False, False)]

    def test_a_load_around_the_rating_does_not_flap(self) -> None:
        meter = Meter()
        meter.see(3600, "25.50")
        assert meter.state.warning
        on_and_off = [state.warning for _ in range(60) for state in (*meter.run(30, "24.00"), *meter.run(30, "26.00"))]
        assert all(on_and_off)


class TestPhases:
    """The poles of a breaker are beside each other, but each has its own bimetal."""

    def test_any_of_them_raises_the_alarm(self) -> None:
        meter = Meter()
        volts = ("230.0", "230.0", "230.0")
        assert not meter.see(60, "10.00", "10.00", "10.00", volts=volts).alarm
        assert meter.see(60, "0.00", "0.00", "63.75", volts=volts).alarm

    def test_one_that_is_not_printed_goes_on(self) -> None:
        meter = Meter()
        volts = ("230.0", "230.0", "230.0")
        meter.see(3600, "5.00", "28.00", "5.00", volts=volts)
        assert meter.state.warning
        assert meter.see(600, "5.00", volts=volts).warning


class TestGap:
    """While no telegrams come, no more than the rating is taken to flow."""

    def test_raises_nothing(self) -> None:
        meter = Meter()
        meter.see(60, "26.00")
        meter.time += timedelta(hours=5)
        assert not meter.see(1, "26.00").warning

    def test_lets_it_cool_down(self) -> None:
        meter = Meter()
        meter.see(3600, "28.00")
        meter.see(1, "5.00")
        meter.time += timedelta(hours=1)
        assert not meter.see(1, "5.00").warning

    def test_a_clock_that_goes_back_cools_nothing(self) -> None:
        meter = Meter()
        meter.see(3600, "28.00")
        meter.time -= timedelta(hours=1)
        assert meter.see(1, "5.00").warning

    def test_a_port_that_sends_twice_a_second_counts_each_second_once(self) -> None:
        meter = Meter()
        alarm = None
        for number in range(1200):
            state = meter.feed(measuring(NOON.replace(minute=number // 120, second=number // 2 % 60), "63.75"))
            alarm = number / 2 if alarm is None and state.alarm else alarm
        assert alarm is not None
        assert 15 < alarm <= 40
