"""Leaks of gas and water, and meters that stand or are silent: worked values, gaps, restarts and wrong readings."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
import json
from typing import Any, Self

import pytest

from custom_components.emucs.insight.leak_watch import MeterVerdict
from custom_components.emucs.insight.leaks import Leaks
from custom_components.emucs.insight.mbus import Medium
from custom_components.emucs.insight.meter import MeterInsights
from custom_components.emucs.port import Channel, Register, Telegram, obis

METER = "1TST0000000001"
WATER, GAS, HEAT = "8TST0000000001", "7TST0000000001", "6TST0000000001"
TYPES = {WATER: 7, GAS: 3, HEAT: 4}
START = datetime(2026, 1, 14, 12, tzinfo=UTC)
FIVE = 5


class House:
    """A house with M-Bus meters that are read every so many minutes, and a flow in litres an hour that tests set."""

    def __init__(self, *meters: str, minutes: int = FIVE, start: datetime = START, digits: str = "0.001") -> None:
        self.time = start
        self.minutes = minutes
        self.digits = Decimal(digits)
        self.volumes = {meter: Decimal(100) for meter in meters}
        self.dead: dict[str, Channel] = {}
        self.insights = MeterInsights(METER, {})
        self.feed()

    @property
    def leaks(self) -> Leaks:
        """Return the insight."""
        return self.insights[Leaks]

    def channel(self, meter: str) -> Channel:
        """Return a meter as it is read now."""
        value = self.volumes[meter].quantize(self.digits, "ROUND_DOWN")
        return Channel(TYPES[meter], meter, None, Register(value, "GJ" if meter is HEAT else "m3", self.time))

    def telegram(self) -> Telegram:
        """Return the telegram of now."""
        channels = {number: self.dead.get(each, self.channel(each)) for number, each in enumerate(self.volumes, 1)}
        registers = {obis.IMPORT_POWER: Register(Decimal(1), "kW")}
        return Telegram("XXX5", None, METER, self.time, registers, channels, ())

    def feed(self) -> None:
        """Feed the telegram of now."""
        self.insights.feed(self.telegram(), self.time)

    def run(self, hours: float, flow: Callable[[datetime], float] | float = 0.0, meter: str = WATER) -> Self:
        """Let time pass with a flow through a meter, in litres an hour."""
        for _ in range(round(hours * 60 / self.minutes)):
            litres = flow(self.time) if callable(flow) else flow
            self.skip(self.minutes / 60, litres, meter).feed()
        return self

    def skip(self, hours: float, flow: float = 0.0, meter: str = WATER) -> Self:
        """Let time pass unseen."""
        self.time += timedelta(hours=hours)
        if meter in self.volumes:
            self.volumes[meter] += Decimal(str(flow)) * Decimal(str(hours)) / 1000
        return self

    def verdict(self, meter: str = WATER) -> MeterVerdict:
        """Return what is known of a meter."""
        state = self.leaks.state
        assert state is not None
        return state[meter]

    def restart(self) -> None:
        """Save everything and restore it."""
        self.insights = MeterInsights.restore(METER, {}, json.loads(json.dumps(self.insights.save())))


def day_of(family: float, leak: float = 0.0) -> Callable[[datetime], float]:
    """Return a family that draws water by day, and a leak, in litres an hour."""
    return lambda time: leak + (family if time.hour in range(6, 23) else 0)


def delay(house: House, flow: Callable[[datetime], float] | float, meter: str = WATER, *, hours: int = 72) -> float:
    """Return after how many hours a leak is told."""
    begin = house.time
    while not house.verdict(meter).leak:
        house.run(house.minutes / 60, flow, meter)
        assert house.time - begin <= timedelta(hours=hours)
    return (house.time - begin) / timedelta(hours=1)


def test_nothing_is_known_of_a_house_without_such_meters() -> None:
    assert House().leaks.state == {}


def test_water_that_pauses_every_night_is_no_leak() -> None:
    house = House(WATER)
    assert house.verdict() == MeterVerdict(Medium.WATER)
    house.run(24 * 7, day_of(20))
    assert house.verdict() == MeterVerdict(Medium.WATER, flows_on=False)


@pytest.mark.parametrize("litres", [1.2, 2, 6, 60])
def test_a_toilet_that_drips_is_told_after_a_day_without_a_pause(litres: float) -> None:
    house = House(WATER).run(48, day_of(20))
    # A day from the latest pause on, which was at night.
    house.run(-house.time.hour % 24 + 8, day_of(20))
    assert 22 <= delay(house, day_of(20, litres)) <= 27
    assert house.verdict().flows_on


def test_less_than_a_litre_an_hour_cannot_be_seen() -> None:
    house = House(WATER).run(24 * 5, 0.8)
    assert house.verdict().leak is False


def test_a_leak_is_over_once_the_water_pauses_for_an_hour() -> None:
    house = House(WATER).run(30, 5)
    assert house.verdict().leak
    house.run(0.7)
    assert house.verdict().leak
    house.run(0.4)
    assert house.verdict().leak is False


def test_a_burst_pipe_is_told_after_an_hour() -> None:
    house = House(WATER).run(3, day_of(20))
    assert delay(house, 1500) == 1
    assert house.verdict().flows_fast
    house.run(0.1)
    assert not house.verdict().flows_fast


def test_what_flowed_unseen_flows_no_more() -> None:
    house = House(WATER).run(3, day_of(20)).skip(8, 1800)
    house.feed()
    assert not house.verdict().flows_fast
    house.run(1, 1500)
    assert house.verdict().flows_fast


def test_a_bath_and_a_garden_hose_are_no_burst_pipe() -> None:
    house = House(WATER).run(0.75, 1200).run(0.1).run(0.75, 1200).run(4, 950)
    assert not house.verdict().leak


def test_a_boiler_that_pauses_between_two_burns_is_no_leak() -> None:
    house = House(GAS).run(72, lambda time: 900 if time.minute < 30 else 0, GAS)
    assert house.verdict(GAS) == MeterVerdict(Medium.GAS, flows_on=False)


def test_a_boiler_that_burns_for_days_is_told_once_and_then_learned() -> None:
    house = House(GAS).run(12, 900, GAS).run(1, 0, GAS)
    assert delay(house, lambda time: 200 + time.hour * 100, GAS, hours=80) == pytest.approx(72, abs=0.5)
    house.run(8, 900, GAS).run(1, 0, GAS)
    assert house.verdict(GAS).leak is False
    # Eighty hours were the longest: half as much again is told.
    house.run(118, 900, GAS)
    house.restart()
    house.feed()
    assert house.verdict(GAS).leak is False
    house.run(4, 900, GAS)
    assert house.verdict(GAS).leak


def test_a_little_gas_that_never_pauses_is_a_leak_also_while_the_boiler_pauses() -> None:
    house = House(GAS).run(24, day_of(900), GAS)
    assert delay(house, day_of(900, 20), GAS) <= 30


def test_gas_flows_fast_if_it_is_more_than_a_home_takes_for_an_hour() -> None:
    house = House(GAS).run(24, 3500, GAS)
    assert not house.verdict(GAS).leak
    assert delay(house, 6500, GAS) == 1


def test_a_larger_gas_meter_has_no_limit_of_its_flow() -> None:
    house = House(GAS, digits="0.01").run(5, 20000, GAS)
    assert not house.verdict(GAS).flows_fast


def test_of_gas_that_is_read_every_hour_a_pause_cannot_be_told() -> None:
    house = House(GAS, minutes=60).run(24 * 5, lambda time: 800 if time.minute < 20 else 0, GAS)
    assert house.verdict(GAS).leak is None
    assert delay(house, 7000, GAS) == 1


def test_water_that_is_read_every_hour_is_judged_too() -> None:
    house = House(WATER, minutes=60).run(48, day_of(20))
    assert house.verdict().leak is False
    assert delay(house, day_of(20, 3)) <= 36


def test_a_reading_without_a_time_of_its_own_is_one_of_now() -> None:
    house = House(WATER)
    for minute in range(26 * 60):
        house.skip(1 / 60, 10)
        telegram = house.telegram()
        channel = telegram.channels[1]
        assert channel.reading is not None
        undated = channel._replace(reading=channel.reading._replace(time=None))
        house.insights.feed(telegram._replace(channels={1: undated}), house.time)
        assert minute < 24 * 60 or house.verdict().leak


def test_a_gap_is_no_flow_without_a_pause() -> None:
    house = House(WATER).run(20, 5).skip(3, 5).run(20, 5)
    assert house.verdict().leak is None
    house.run(5, 5)
    assert house.verdict().leak
    house.skip(10, 5).run(1, 5)
    assert house.verdict().leak


def test_a_restart_forgets_nothing() -> None:
    house = House(WATER, GAS).run(20, 5)
    house.restart()
    house.run(3, 5)
    assert not house.verdict().leak
    house.restart()
    house.run(2, 5)
    assert house.verdict().leak
    before = house.leaks.known
    house.restart()
    assert house.leaks.known == house.leaks.before == before
    house.feed()
    assert house.leaks.known == before


def test_a_clock_change_is_none_of_time() -> None:
    house = House(WATER, start=datetime(2026, 10, 24, 12, tzinfo=UTC)).run(24.2, 3)
    assert house.verdict().leak
    other = House(WATER, start=datetime(2026, 3, 28, 12, tzinfo=UTC)).run(23.8, 3)
    assert not other.verdict().leak


def test_a_counter_that_is_set_begins_anew() -> None:
    house = House(WATER).run(30, 5)
    house.volumes[WATER] = Decimal(1)
    house.run(1, 5)
    assert house.verdict().leak is None
    house.run(25, 5)
    assert house.verdict().leak


def test_a_new_meter_is_another_one_and_the_old_one_is_forgotten_after_a_day() -> None:
    house = House(WATER).run(30, 5)
    assert house.verdict().leak
    new = "8TST0000000002"
    TYPES[new] = 7
    house.volumes = {new: Decimal(0)}
    house.run(23, 0)
    assert house.verdict(new) == MeterVerdict(Medium.WATER, flows_on=False)
    assert house.verdict().leak
    house.run(2, 0)
    assert house.verdict().leak is None


def test_a_water_meter_that_stands_for_longer_than_a_holiday_is_told_and_then_learned() -> None:
    house = House(WATER, minutes=60).run(24 * 29, day_of(20)).run(24 * 27)
    assert house.verdict().stands_since is None
    house.run(24 * 2)
    assert house.verdict().stands_since == START + timedelta(days=29)
    house.run(24 * 11).run(24, 20)
    assert house.verdict().stands_since is None
    # Forty days were the longest: half as much again is told.
    house.run(24 * 59)
    assert house.verdict().stands_since is None
    house.run(24 * 2)
    assert house.verdict().stands_since is not None


def test_a_gas_meter_has_to_be_known_for_a_year() -> None:
    house = House(GAS, HEAT, minutes=1440)
    house.run(24 * 100, 100, GAS).run(24 * 120)
    assert house.verdict(GAS).stands_since is None
    house.run(24 * 200, 100, GAS).run(24 * 170)
    assert house.verdict(GAS).stands_since is None
    house.run(24 * 20)
    assert house.verdict(GAS).stands_since is not None
    assert house.verdict(HEAT).stands_since is None


def test_a_meter_that_is_not_read_any_more_is_told_after_two_days() -> None:
    house = House(WATER, GAS).run(24, day_of(20))
    house.dead = {WATER: house.channel(WATER)}
    died = house.time
    house.run(47)
    assert house.verdict().silent_since is None
    house.run(2)
    assert house.verdict().silent_since == died
    assert house.verdict(GAS).silent_since is None
    house.dead = {}
    house.run(0.1)
    assert house.verdict().silent_since is None


def test_a_meter_that_is_read_once_a_day_is_silent_after_three() -> None:
    house = House(WATER)
    for _ in range(3):
        house.dead = {WATER: house.channel(WATER)}
        house.run(24, 5)
    house.run(47)
    assert house.verdict().silent_since is None
    house.run(26)
    assert house.verdict().silent_since is not None


def test_a_meter_that_was_dead_from_the_start_is_not_told() -> None:
    house = House()
    house.volumes = {WATER: Decimal(100)}
    house.dead = {WATER: house.channel(WATER)}
    house.skip(24 * 40).run(24 * 4)
    assert house.verdict() == MeterVerdict(Medium.WATER)


def test_the_old_channel_of_a_replaced_meter_is_not_silent() -> None:
    house = House(WATER).run(24, day_of(20))
    house.dead = {WATER: house.channel(WATER)}
    new = "8TST0000000003"
    TYPES[new] = 7
    house.run(1)
    house.volumes[new] = Decimal(0)
    house.run(72)
    assert house.verdict().silent_since is None


def test_a_reading_of_another_time_proves_nothing() -> None:
    house = House(WATER).run(12, 5)
    channel = house.channel(WATER)
    assert channel.reading is not None
    for time in (START - timedelta(days=9000), START + timedelta(days=9000)):
        house.dead = {WATER: channel._replace(reading=channel.reading._replace(time=time))}
        house.run(0.2)
    house.dead = {}
    house.run(24, 5)
    assert house.verdict() == MeterVerdict(Medium.WATER, flows_on=True)
    saved = house.leaks.save()[WATER]
    assert saved["longest"] < 3600
    assert saved["slowest"] < 3600


def test_a_clock_that_was_ahead_is_forgotten() -> None:
    house = House(WATER, start=START + timedelta(days=3000))
    house.time = START
    for _ in range(300):
        # It is believed once it has gone on for a while.
        house.skip(FIVE / 60, 5).feed()
    house.run(24, 5)
    assert house.verdict() == MeterVerdict(Medium.WATER, flows_on=True)
    assert datetime.fromisoformat(house.leaks.save()[WATER]["known"]) < house.time


def test_a_flood_of_meters_is_bounded() -> None:
    house = House(WATER).run(1, 5)
    for number in range(100):
        channel = Channel(7, f"8FLD{number:010}", None, Register(Decimal(1), "m3", house.time))
        house.skip(0.1)
        house.insights.feed(house.telegram()._replace(channels={1: channel}), house.time)
    assert len(house.leaks.save()) <= 16
    assert len(json.dumps(house.leaks.save())) < 16 * 700


@pytest.mark.parametrize(
    "damage",
    [{"medium": "wine"}, {"value": "NaN"}, {"value": "much"}, {"known": "then"}, {"longest": None}, {"fast": 5}],
)
def test_what_cannot_be_read_is_refused(damage: dict[str, Any]) -> None:
    saved = House(WATER).run(1, 5).leaks.save()
    with pytest.raises((ValueError, TypeError, ArithmeticError, LookupError)):
        Leaks.restore(None, {WATER: saved[WATER] | damage})
    with pytest.raises((ValueError, TypeError, ArithmeticError, LookupError, AttributeError)):
        Leaks.restore(None, {WATER: {}})


def test_while_the_clock_is_wrong_nothing_is_known_and_nothing_forgotten() -> None:
    house = House(WATER).run(30, 5)
    house.leaks.pause()
    assert house.leaks.state is None
    house.feed()
    assert house.verdict().leak
