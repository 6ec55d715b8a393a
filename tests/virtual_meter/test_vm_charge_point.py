"""A charge point that does what it is asked to, some seconds later."""

from datetime import UTC, datetime
from decimal import Decimal

from virtual_meter import ChargePoint, VirtualMeter

NOON = 1_780_000_000


def runs(point: ChargePoint, begin: int, seconds: int) -> list[int]:
    """Return what flows at the end of each second."""
    amperes = []
    for t in range(begin + 1, begin + seconds + 1):
        point.run(t, 1)
        amperes.append(point.amperes)
    return amperes


def test_a_car_follows_after_five_to_ten_seconds() -> None:
    delays = set()
    for begin in range(NOON, NOON + 1000, 50):
        point = ChargePoint(1, 0, most=32)
        point.ask(begin, 10)
        amperes = runs(point, begin, 12)
        delays.add(amperes.index(10) + 1)
        assert point.power == 2_300_000
    assert delays == {5, 6, 7, 8, 9, 10}


def test_it_offers_six_amperes_or_more_or_nothing() -> None:
    point = ChargePoint(1, 0, 1, 2, most=16)
    asked = {5: 0, 6: 6, 16: 16, 20: 16, -3: 0}
    for number, (amperes, flows) in enumerate(asked.items()):
        begin = NOON + 1000 * number
        point.ask(begin, amperes)
        runs(point, begin, 20)
        assert (point.amperes, point.power) == (flows, flows * 230 * 3 * 1000)
    assert (point.starts, point.changes) == (1, 3)


def test_what_was_asked_last_comes_last() -> None:
    point = ChargePoint(1, 0, most=32)
    for second, amperes in enumerate((10, 20, 10, 12)):
        point.ask(NOON + second, amperes)
    assert runs(point, NOON + 3, 20)[-1] == 12


def test_it_stays_off_for_a_while() -> None:
    point = ChargePoint(1, 0, most=32)
    for begin, amperes in ((NOON, 6), (NOON + 20, 0), (NOON + 40, 8)):
        point.ask(begin, amperes)
        after = runs(point, begin, 20)
    assert set(after) == {0}
    flows = runs(point, NOON + 60, 300)
    assert 300 - 10 - 60 < flows.count(0) < 300
    assert flows[-1] == 8


def test_the_meter_measures_it() -> None:
    meter = VirtualMeter("1.7.1", 1, datetime(2026, 1, 14, 3, tzinfo=UTC), pv=False, ev=False, heat_pump=False)
    before = meter.truth.phases
    point = ChargePoint(1, 1, most=32)
    meter.household.connect(point)
    point.ask(int(meter.time.timestamp()), 16)
    meter.advance(20)
    first, second, _ = meter.truth.phases
    assert abs(second.current - before[1].current - 16) < Decimal("0.6")
    assert abs(first.current - before[0].current) < Decimal("0.6")
