"""Quarters of ports that send less often than each second, or leave out what P1 prints."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from custom_components.emucs.insight.demand import ClosedQuarter, QuarterDemand
from custom_components.emucs.port import Register, Telegram, obis
from tests.insight.reading import House, telegram

NOON = datetime(2026, 1, 14, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def closed_by(quarter: QuarterDemand, telegrams: list[Telegram]) -> list[ClosedQuarter]:
    """Return the quarters that some telegrams end."""
    return [closed for each in telegrams if (closed := quarter.feed(each)) is not None]


@pytest.mark.parametrize("period", [1, 10, 30, 60, 300, 900])
@pytest.mark.parametrize("offset", [0, 5, 30])
@pytest.mark.parametrize("prints_demand", [True, False])
def test_any_period(period: int, offset: int, prints_demand: bool) -> None:  # noqa: FBT001
    house = House(NOON + (offset if period > 30 else 0) * SECOND, prints_demand=prints_demand)
    quarter = QuarterDemand()
    telegrams = [house.telegram()]
    for power in ("3", "8", "1", "5"):
        house.power = Decimal(power)
        for _ in range(900 // period):
            house.skip(period)
            telegrams.append(house.telegram())
    closed = closed_by(quarter, telegrams)
    # Of the first the port may have said too little, and what changes in the seconds beside a quarter's end is shared.
    shared = Decimal(7) * min(offset, 30) / 900
    for each, power in zip(closed[1:], ("8", "1", "5"), strict=False):
        assert each.counts
        assert abs(each.value - Decimal(power)) <= shared + Decimal("0.01")


def test_a_lost_telegram_of_a_slow_port_is_a_gap() -> None:
    house = House(NOON + 5 * SECOND, prints_demand=False)
    quarter = QuarterDemand()
    house.power = Decimal(4)
    telegrams = [house.telegram()]
    for seconds in (300, 300, 600, 300):
        for _ in range(seconds // 300):
            house.skip(300)
        telegrams.append(house.telegram())
    [closed] = closed_by(quarter, telegrams)
    assert closed.coverage < Decimal("0.9")


def test_the_last_demand_says_what_was_not_seen() -> None:
    quarter = QuarterDemand()
    quarter.feed(telegram(NOON + 300 * SECOND, "3"))
    closed = quarter.feed(telegram(NOON + 930 * SECOND, "3", last_demand="2.345"))
    assert closed == ClosedQuarter(start=NOON, value=Decimal("2.345"), coverage=Decimal(1), estimated=False)


@pytest.mark.parametrize(("printed", "value"), [("2.02", "2.02"), ("7", "2")])
def test_the_last_demand_has_to_agree_with_what_was_seen(printed: str, value: str) -> None:
    house = House(NOON, prints_demand=False)
    quarter = QuarterDemand()
    closed_by(quarter, [house.telegram(), *house.run(899, "2")])
    closed = quarter.feed(
        telegram(
            NOON + 900 * SECOND, "2", counter=house.telegram().registers[obis.IMPORT_ENERGY].number, last_demand=printed
        )
    )
    assert closed is not None
    assert abs(closed.value - Decimal(value)) < Decimal("0.01")


def test_the_last_demand_of_another_quarter_is_none_of_this() -> None:
    quarter = QuarterDemand()
    quarter.feed(telegram(NOON, "3"))
    closed = quarter.feed(telegram(NOON + 2000 * SECOND, "3", last_demand="9"))
    assert closed is not None
    assert not closed.counts


def printing(time: datetime, **registers: tuple[str, str]) -> Telegram:
    """Return a telegram with other registers than P1 has."""
    named = {getattr(obis, name): Register(Decimal(value), unit) for name, (value, unit) in registers.items()}
    empty = telegram(time, None)
    return Telegram(
        identification="",
        version=None,
        meter_id=None,
        time=time,
        registers=named,
        channels=empty.channels,
        demand_history=(),
    )


def test_the_net_power_where_that_is_all() -> None:
    quarter = QuarterDemand()
    quarter.feed(printing(NOON, NET_POWER=("250", "kW")))
    assert quarter.demand is not None
    assert quarter.demand.power == 250
    quarter.feed(printing(NOON + SECOND, NET_POWER=("-12", "kW")))
    assert quarter.demand.power == 0


def test_the_phases_where_that_is_all() -> None:
    quarter = QuarterDemand()
    phases = {obis.import_power(phase): Register(Decimal(20000), "W") for phase in ("l1", "l2", "l3")}
    each = printing(NOON)
    quarter.feed(
        Telegram(
            identification="",
            version=None,
            meter_id=None,
            time=NOON,
            registers=phases,
            channels=each.channels,
            demand_history=(),
        )
    )
    assert quarter.demand is not None
    assert quarter.demand.power == 60


def test_the_counter_where_that_is_all() -> None:
    quarter = QuarterDemand()
    for second in range(0, 901, 60):
        quarter.feed(printing(NOON + second * SECOND, IMPORT_ENERGY=(str(1000 + Decimal(second) / 36), "kWh")))
        if second:
            assert quarter.demand is not None
            assert float(quarter.demand.power) == pytest.approx(100)
    assert quarter.feed(printing(NOON)) is None
