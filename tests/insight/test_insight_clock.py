"""A meter's clock that is wrong: told when it lasts, and months do not follow it."""

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.emucs.insight.clock import FROZEN_AFTER, LASTING, TOLERANCE, MeterClock

NOW = datetime(2026, 7, 14, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def run(clock: MeterClock, duration: timedelta, ahead: timedelta = timedelta(), begin: datetime = NOW) -> datetime:
    """Let both clocks go on for a while, and return the host's."""
    host = begin
    while host < begin + duration:
        clock.feed(host + ahead, host)
        host += 5 * SECOND
    return host


class TestIsOff:
    """Said when it has lasted."""

    @pytest.mark.parametrize("ahead", [TOLERANCE + SECOND, -TOLERANCE - SECOND, HOUR, -HOUR, -26 * 365 * DAY])
    def test_after_a_while(self, ahead: timedelta) -> None:
        clock = MeterClock()
        host = run(clock, LASTING - MINUTE, ahead)
        assert not clock.is_off(host)
        host = run(clock, 2 * MINUTE, ahead, host)
        assert clock.is_off(host)
        assert clock.deviation == ahead
        run(clock, SECOND, timedelta(), host)
        assert not clock.is_off(host)

    def test_not_within_the_tolerance(self) -> None:
        clock = MeterClock()
        assert not clock.is_off(run(clock, HOUR, TOLERANCE))

    def test_not_by_a_host_that_does_not_know_the_time(self) -> None:
        clock = MeterClock()
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        host = run(clock, HOUR, NOW - epoch, epoch)
        assert not clock.is_off(host)
        assert clock.deviation is None

    def test_a_clock_that_stands_still(self) -> None:
        clock = MeterClock()
        for n in range(60 * 20):
            clock.feed(NOW, NOW + n * SECOND)
        assert clock.is_frozen
        assert clock.is_off(NOW + 20 * MINUTE)


class TestIsUsable:
    """For quarters and months."""

    @pytest.mark.parametrize("ahead", [timedelta(), HOUR, -HOUR, 200 * DAY])
    def test_a_clock_that_goes_is_followed(self, ahead: timedelta) -> None:
        # Also one that is months off from the start: which of the two is wrong is not known.
        clock = MeterClock()
        run(clock, HOUR, ahead)
        assert clock.is_usable

    def test_the_year_2000_is_not(self) -> None:
        clock = MeterClock()
        assert not clock.feed(datetime(2000, 1, 1, tzinfo=UTC), NOW)
        assert clock.feed(NOW, NOW + SECOND)

    def test_nor_in_between(self) -> None:
        clock = MeterClock()
        host = run(clock, MINUTE, 200 * DAY)
        assert not clock.feed(datetime(2000, 1, 1, tzinfo=UTC), host)
        assert clock.feed(host + 200 * DAY, host + SECOND)

    def test_one_that_stands_still_is_not(self) -> None:
        clock = MeterClock()
        assert clock.feed(NOW, NOW)
        assert clock.feed(NOW, NOW + FROZEN_AFTER - SECOND)
        assert not clock.feed(NOW, NOW + FROZEN_AFTER)
        assert clock.feed(NOW + SECOND, NOW + FROZEN_AFTER + SECOND)

    @pytest.mark.parametrize("jump", [40 * DAY, -40 * DAY])
    def test_a_jump_over_months_is_not_until_it_has_lasted(self, jump: timedelta) -> None:
        clock = MeterClock()
        host = run(clock, MINUTE)
        assert not clock.feed(host + jump, host)
        # Back again: as if nothing had been.
        assert clock.feed(host, host)
        host = run(clock, LASTING - MINUTE, jump, host)
        assert not clock.is_usable
        run(clock, 2 * MINUTE, jump, host)
        assert clock.is_usable

    # Whether the meter has a time of its own or the host is wrong cannot be told.
    @pytest.mark.parametrize("ahead", [400 * DAY, 2 * DAY, -2 * DAY])
    @pytest.mark.parametrize("jump", [40 * DAY, -40 * DAY])
    def test_a_jump_has_to_last_where_the_clocks_differ_too(self, ahead: timedelta, jump: timedelta) -> None:
        clock = MeterClock()
        host = run(clock, MINUTE, ahead)
        host = run(clock, LASTING, ahead + jump, host)
        assert not clock.is_usable
        host = run(clock, MINUTE, ahead + jump, host)
        assert clock.is_usable
        run(clock, MINUTE, ahead, host)
        assert not clock.is_usable

    def test_jumps_again_and_again_do_not_last(self) -> None:
        clock = MeterClock()
        host = run(clock, MINUTE)
        for n in range(400):
            assert not clock.feed(host + (40 + 5 * n) * DAY, host)
            host += 5 * SECOND

    def test_a_jump_to_where_the_host_is_is_a_correction(self) -> None:
        clock = MeterClock()
        host = run(clock, MINUTE, 40 * DAY)
        assert clock.feed(host, host)

    def test_an_hour_is_no_jump(self) -> None:
        clock = MeterClock()
        host = run(clock, MINUTE)
        assert clock.feed(host + HOUR, host)
        assert clock.feed(host, host + SECOND)

    def test_an_outage_is_no_jump(self) -> None:
        clock = MeterClock()
        run(clock, MINUTE)
        assert clock.feed(NOW + 90 * DAY, NOW + 90 * DAY)

    def test_a_meter_without_a_clock(self) -> None:
        clock = MeterClock()
        assert clock.feed(None, NOW)
        assert not clock.is_off(NOW + DAY)


class TestAHostThatIsWrong:
    """It does not make a meter unusable that goes on."""

    @staticmethod
    def goes_on(clock: MeterClock, hosts: list[datetime]) -> bool:
        """Let a meter go on through two telegrams a second, while the host shows these times."""
        usable = []
        for n, host in enumerate(hosts):
            usable += [clock.feed(NOW + n * SECOND, host), clock.feed(NOW + n * SECOND, host)]
        return all(usable)

    @pytest.mark.parametrize("off", [DAY + HOUR, -DAY - HOUR, 3 * DAY, -40 * DAY, 400 * DAY, -50 * 365 * DAY])
    def test_by_a_day_and_more(self, off: timedelta) -> None:
        right = [NOW + n * SECOND for n in range(10)]
        wrong = [NOW + off + n * SECOND for n in range(10, 2000)]
        again = [NOW + n * SECOND for n in range(2000, 2010)]
        # From the start, for a while, or until somebody sets it.
        for hosts in (wrong, right + wrong, right + wrong + again, wrong + again):
            assert self.goes_on(MeterClock(), hosts)

    def test_between_two_telegrams_of_one_second(self) -> None:
        clock = MeterClock()
        assert clock.feed(NOW, NOW)
        assert clock.feed(NOW, NOW + 3 * DAY)
        assert clock.feed(NOW + SECOND, NOW + 3 * DAY + SECOND)

    def test_and_a_meter_that_jumps_meanwhile_closes_no_month(self) -> None:
        clock = MeterClock()
        host = run(clock, MINUTE, 3 * DAY)
        for _ in range(60):
            assert not clock.feed(host + 43 * DAY, host)
            host += SECOND
        assert clock.feed(host + 3 * DAY, host)

    def test_that_has_not_asked_for_the_time_agrees_with_no_meter(self) -> None:
        clock = MeterClock()
        host = datetime(2019, 2, 1, tzinfo=UTC)
        run(clock, MINUTE, NOW - host, host)
        # The meter has lost its time, and starts where the host happens to be.
        assert not clock.feed(host + MINUTE, host + MINUTE)
