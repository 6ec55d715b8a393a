"""The bill of a month: its parts so far, and what it will come to."""

from datetime import datetime
from decimal import Decimal

import pytest

from custom_components.emucs.insight.bill import Ahead, Bill
from custom_components.emucs.insight.capacity import Capacity
from custom_components.emucs.insight.price import Reason
from custom_components.emucs.insight.quarters import EXPORT, QUARTERS_A_DAY
from tests.insight.priced import PricedMeter

DAY = QUARTERS_A_DAY


def steady(_: datetime) -> tuple[str, str]:
    """Return 9.6 kWh of import and 4.8 kWh of export a day."""
    return "0.1", "0.05"


def bill_of(meter: PricedMeter) -> Bill:
    """Return the bill as it stands."""
    meter.insights.refresh()
    assert meter.cost.bill is not None
    return meter.cost.bill


def ahead_of(meter: PricedMeter) -> Ahead:
    """Return what the month will still come to."""
    assert meter.state.ahead is not None
    return meter.state.ahead


def test_without_a_week_nothing_is_forecast() -> None:
    meter = PricedMeter("2026-04-01T00:00", fixed_price=0.3)
    meter.quarters(2 * DAY, steady)
    assert meter.state.ahead is None
    assert bill_of(meter).forecast is None
    assert bill_of(meter).total == Decimal("0.1") * 2 * DAY * Decimal("0.3")


def test_a_steady_house_has_the_bill_that_was_forecast() -> None:
    meter = PricedMeter("2026-04-01T00:00", fixed_price=0.3, export_price=0.05)
    meter.quarters(10 * DAY, steady)
    # 30 days of 9.6 kWh at 0.30 EUR, less 30 of 4.8 kWh at 0.05 EUR.
    assert bill_of(meter).forecast == pytest.approx(Decimal("79.20"), abs=Decimal("0.001"))
    assert bill_of(meter).forecast_bought == pytest.approx(Decimal("86.40"), abs=Decimal("0.001"))
    assert bill_of(meter).forecast_sold == pytest.approx(Decimal("7.20"), abs=Decimal("0.001"))
    meter.quarters(20 * DAY, steady)
    assert bill_of(meter).total == Decimal("79.20")
    assert ahead_of(meter) == (0, 0)


def test_days_before_counting_began_are_taken_to_be_usual() -> None:
    meter = PricedMeter("2026-04-11T00:00", fixed_price=0.3)
    meter.quarters(10 * DAY, steady)
    assert bill_of(meter).total == Decimal("28.80")
    assert bill_of(meter).forecast == pytest.approx(Decimal("86.40"), abs=Decimal("0.001"))


def test_energy_without_a_price_is_in_the_forecast_at_the_mean_price() -> None:
    meter = PricedMeter("2026-04-01T00:00", price_entity="sensor.price")
    for hour in range(10 * 24):
        meter.show("0.20" if hour % 2 else "0.40")
        meter.quarters(4, steady)
    meter.show(Reason.NO_PRICE)
    meter.quarters(4, steady)
    assert meter.state.month.unpriced == Decimal("0.4")
    assert bill_of(meter).forecast == pytest.approx(Decimal("86.40"), abs=Decimal("0.01"))


def test_a_price_that_is_shown_since_less_than_a_day_says_nothing_of_the_month() -> None:
    meter = PricedMeter("2026-04-01T00:00", price_entity="sensor.price")
    meter.quarters(8 * DAY, steady)
    meter.show("0.30")
    meter.quarters(DAY - 1, steady)
    assert meter.state.ahead is None
    meter.quarters(1, steady)
    assert meter.state.ahead is not None


def test_a_restart_changes_nothing_of_the_forecast() -> None:
    meter = PricedMeter("2026-04-01T00:00", price_entity="sensor.price")
    meter.show("0.30")
    meter.quarters(8 * DAY + 7, steady)
    before = ahead_of(meter)
    meter.restart()
    meter.feed()
    assert ahead_of(meter).bought == pytest.approx(before.bought, abs=Decimal("0.001"))


def test_the_mean_price_is_that_of_this_contract() -> None:
    meter = PricedMeter("2026-04-01T00:00", price_entity="sensor.price")
    meter.show("0.30")
    meter.quarters(8 * DAY, steady)
    assert meter.state.ahead is not None
    meter.options["price"] = {"price_entity": "sensor.other"}
    meter.restart()
    meter.feed()
    assert meter.state.month.total == Decimal("0.30") * Decimal("76.8")
    assert meter.state.ahead is None


def test_the_capacity_tariff_is_a_part_of_both() -> None:
    capacity = {"capacity": {"area": "imewo"}}
    meter = PricedMeter("2026-04-01T00:00", capacity, fixed_price=0.3)
    meter.quarters(10 * DAY, steady)
    bill, peaks = bill_of(meter), meter.insights[Capacity].billed.cost
    assert peaks is not None
    # 2.5 kW at least, at 54.2009816 EUR a kW and year, and VAT; but no more than the maximum tariff.
    assert bill.capacity == peaks.month
    assert bill.total == Decimal("28.80") + peaks.month
    assert bill.forecast == pytest.approx(Decimal("86.40") + peaks.month, abs=Decimal("0.001"))


def test_where_peaks_are_not_billed_the_bill_has_none() -> None:
    meter = PricedMeter("2026-04-01T00:00", {"capacity": {"area": "wallonia"}}, fixed_price=0.3)
    meter.quarters(1, steady)
    assert bill_of(meter).capacity is None
    assert bill_of(meter).total == Decimal("0.03")


def test_export_that_costs_raises_the_bill() -> None:
    meter = PricedMeter("2026-04-01T00:00", fixed_price=0.3, export_price_entity="sensor.export")
    meter.show("-0.10", EXPORT)
    meter.quarters(10 * DAY, steady)
    assert bill_of(meter).total == Decimal("28.80") + Decimal("4.80")
    assert bill_of(meter).forecast == pytest.approx(Decimal("86.40") + Decimal("14.40"), abs=Decimal("0.001"))


def test_a_quarter_takes_few_steps() -> None:
    from tests.effort import calls  # noqa: PLC0415 -- used by this test alone

    meter = PricedMeter("2026-04-01T00:00", fixed_price=0.3, export_price=0.05)
    meter.quarters(10 * DAY, steady)
    assert calls(lambda _: meter.cost._show(10), [None]) <= 500  # noqa: SLF001 -- without the quarter of a forecast
