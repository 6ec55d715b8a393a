"""The flow through a meter that sends volumes only."""

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from custom_components.emucs.insight.flow import FlowRate
from custom_components.emucs.port import Register

START = datetime(2026, 1, 14, 12, tzinfo=ZoneInfo("Europe/Brussels"))


def at(minutes: float, volume: str, start: datetime = START) -> Register:
    return Register(Decimal(volume), "m3", start + timedelta(minutes=minutes))


def flow_of(*readings: Register | None) -> FlowRate:
    rate = FlowRate()
    for reading in readings:
        rate.feed(reading)
    return rate


def test_two_readings_make_a_flow() -> None:
    assert flow_of().value is None
    assert flow_of(at(0, "100.000")).value is None
    assert flow_of(at(0, "100.000"), at(5, "100.100")).value == Decimal("1.2")
    assert flow_of(at(0, "100.000"), at(60, "100.100")).value == Decimal("0.1")


def test_the_latest_two_count() -> None:
    assert flow_of(at(0, "100.000"), at(5, "100.100"), at(10, "100.100")).value == 0
    assert flow_of(at(0, "100.000"), at(5, "100.000"), at(15, "100.100")).value == Decimal("0.6")


def test_a_reading_that_is_sent_again_changes_nothing() -> None:
    readings = [at(0, "100.000"), *[at(5, "100.100")] * 300]
    rate = flow_of(*readings)
    assert rate.value == Decimal("1.2")
    rate.feed(at(10, "100.300"))
    assert rate.value == Decimal("2.4")


@pytest.mark.parametrize(
    "nothing", [None, Register(None), Register(None, "m3"), Register(Decimal(1), "m3"), Register("x", None, START)]
)
def test_what_is_no_reading_changes_nothing(nothing: Register | None) -> None:
    assert flow_of(nothing, at(0, "100.000"), nothing, at(5, "100.100"), nothing).value == Decimal("1.2")


def test_a_register_that_begins_anew() -> None:
    rate = flow_of(at(0, "100.000"), at(5, "100.100"), at(10, "0.000"))
    assert rate.value is None
    rate.feed(at(15, "0.100"))
    assert rate.value == Decimal("1.2")


def test_a_clock_that_is_set_back() -> None:
    rate = flow_of(at(0, "100.000"), at(5, "100.100"), at(-60, "100.100"))
    assert rate.value is None
    rate.feed(at(-55, "100.200"))
    assert rate.value == Decimal("1.2")


def test_another_volume_at_the_same_time() -> None:
    assert flow_of(at(0, "100.000"), at(5, "100.100"), at(5, "100.200")).value is None


def test_the_hour_that_occurs_twice_takes_five_minutes() -> None:
    before = datetime(2026, 10, 25, 2, 58, tzinfo=timezone(timedelta(hours=2)))
    after = datetime(2026, 10, 25, 2, 3, tzinfo=timezone(timedelta(hours=1)))
    assert flow_of(at(0, "100.000", before), at(0, "100.100", after)).value == Decimal("1.2")


def test_a_flow_ends_when_readings_stop() -> None:
    rate = flow_of(at(0, "100.000"), at(5, "100.100"))
    assert not rate.expire(START + timedelta(minutes=5))
    assert not rate.expire(START + timedelta(minutes=20))
    assert rate.value == Decimal("1.2")
    assert rate.expire(START + timedelta(minutes=20, seconds=1))
    assert rate.value is None
    assert not rate.expire(START + timedelta(minutes=21))


def test_without_a_time_nothing_ends() -> None:
    rate = flow_of(at(0, "100.000"), at(5, "100.100"))
    assert not rate.expire(None)
    assert not flow_of(at(0, "100.000")).expire(START)
    assert rate.value == Decimal("1.2")


def test_readings_that_come_again_make_a_flow_again() -> None:
    rate = flow_of(at(0, "100.000"), at(5, "100.100"))
    assert rate.expire(START + timedelta(hours=1))
    rate.feed(at(65, "100.200"))
    assert rate.value == Decimal("0.1")
    assert not rate.expire(START + timedelta(minutes=65 + 180))
