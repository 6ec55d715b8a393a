"""What quarters cost: exact to the cent, or unknown with the reason."""

from decimal import Decimal
from typing import Any

import pytest

from custom_components.emucs.insight.guard import Guard
from custom_components.emucs.insight.price import Reason
from custom_components.emucs.insight.quarters import EXPORT
from custom_components.emucs.port import obis
from tests.insight.priced import METER, PricedMeter, at

ENTITY = {"price_entity": "sensor.price", "export_price_entity": "sensor.export_price"}
FIXED = {"fixed_price": 0.30}


def constant(imported: str, exported: str = "0") -> Any:
    """Return a load that is the same in each quarter."""
    return lambda _: (imported, exported)


def test_without_a_price_nothing_is_known() -> None:
    meter = PricedMeter("2026-03-02T10:00")
    meter.quarters(2, constant("1"))
    assert meter.cost.state is None
    assert meter.insights.save()["cost"] == {}


def test_each_quarter_is_priced_when_it_ends() -> None:
    meter = PricedMeter("2026-03-02T10:00", **FIXED)
    assert meter.state.day.total == 0
    meter.go(899, "0.5")
    assert meter.state.day.total == 0
    meter.go(1)
    assert meter.state.day.total == Decimal("0.15")
    assert meter.state.day.imported == Decimal("0.5")
    assert meter.state.day.since == at("2026-03-02T10:00")


def test_a_quarter_hour_contract_is_exact_to_the_cent() -> None:
    # Worked out by hand: 0.50*0.3121 + 0.25*0.2987 + 1.20*-0.0105 + 0.75*0.4410 = 0.548875, and in export
    # 0.10*0.05 + 0.30*0.04 + 2.00*-0.02 + 0 = -0.023.
    meter = PricedMeter("2026-03-02T10:00", **ENTITY)
    shown = [
        ("0.3121", "0.05", "0.50", "0.10"),
        ("0.2987", "0.04", "0.25", "0.30"),
        ("-0.0105", "-0.02", "1.20", "2.00"),
        ("0.4410", "0.06", "0.75", "0"),
    ]
    for price, export_price, imported, exported in shown:
        meter.show(price, after=3)
        meter.show(export_price, EXPORT, after=3)
        meter.go(899, imported, exported)
        meter.go(1)
    day = meter.state.day
    assert day.bought == Decimal("0.548875")
    assert day.sold == Decimal("-0.023")
    assert day.total == Decimal("0.571875")
    assert (day.imported, day.exported, day.unpriced, day.quarters) == (Decimal("2.70"), Decimal("2.40"), 0, 4)


def test_an_hourly_price_holds_for_four_quarters() -> None:
    meter = PricedMeter("2026-03-02T10:00", **ENTITY)
    meter.show("0.30")
    meter.quarters(4, constant("0.5"))
    meter.show("0.10")
    meter.quarters(4, constant("0.5"))
    assert meter.state.day.bought == Decimal("0.80")


def test_energy_without_a_price_is_told_and_makes_the_sum_unknown_where_it_matters() -> None:
    meter = PricedMeter("2026-03-02T10:00", price_entity="sensor.price")
    meter.quarters(1, constant("0.5"))
    day = meter.state.day
    assert (day.unpriced, day.reason, day.is_known) == (Decimal("0.5"), Reason.NO_PRICE, False)
    meter.show("0.30")
    meter.quarters(49, constant("0.5"))
    day = meter.state.day
    assert (day.bought, day.unpriced, day.reason, day.is_known) == (
        *(Decimal("7.35"), Decimal("0.5"), Reason.NO_PRICE),
        True,
    )
    meter.show(Reason.UNIT)
    meter.quarters(2, constant("0.5"))
    assert (meter.state.day.unpriced, meter.state.day.reason, meter.state.day.is_known) == (
        *(Decimal("1.5"), Reason.UNIT),
        False,
    )


def test_a_quarter_in_which_nothing_was_imported_needs_no_price() -> None:
    meter = PricedMeter("2026-03-02T10:00", price_entity="sensor.price")
    meter.quarters(2, constant("0"))
    assert meter.state.day.is_known
    assert meter.state.day.reason is None


def test_export_without_a_price_is_left_out() -> None:
    meter = PricedMeter("2026-03-02T10:00", **FIXED)
    meter.quarters(2, constant("0.5", "3"))
    day = meter.state.day
    assert (day.total, day.sold, day.exported, day.is_known) == (Decimal("0.30"), 0, 0, True)


def test_a_late_price_is_that_of_the_quarter() -> None:
    meter = PricedMeter("2026-03-02T10:00", price_entity="sensor.price")
    meter.show("0.30")
    meter.quarters(1, constant("1"))
    meter.show("0.20", after=40)
    meter.quarters(1, constant("1"))
    meter.show("0.10", after=600)
    meter.quarters(1, constant("1"))
    assert meter.state.day.bought == Decimal("0.70")


def test_the_day_and_the_month_end_at_local_midnight_and_are_shown_as_they_ended() -> None:
    meter = PricedMeter("2026-01-31T23:30", **FIXED)
    meter.quarters(2, constant("1"))
    # The telegram of midnight ends the last quarter: until the next one the day is shown with it.
    assert (meter.state.day.total, meter.state.month.total) == (Decimal("0.60"), Decimal("0.60"))
    assert meter.cost.state is not None
    before = meter.state
    meter.go(1)
    assert meter.state is not before
    assert (meter.state.day.total, meter.state.day.since) == (0, at("2026-02-01T00:00"))
    assert (meter.state.month.total, meter.state.month.since) == (0, at("2026-02-01T00:00"))
    meter.go(898, "1")
    meter.go(1)
    assert (meter.state.day.total, meter.state.month.total) == (Decimal("0.30"), Decimal("0.30"))
    assert meter.cost.hours.bought == Decimal("0.90")


def test_a_port_that_sends_once_a_quarter_is_priced_too() -> None:
    meter = PricedMeter("2026-01-31T23:00", **FIXED)
    for _ in range(6):
        meter.go(900, "1")
    assert (meter.state.day.total, meter.state.month.total) == (Decimal("0.60"), Decimal("0.60"))
    assert meter.cost.hours.bought == Decimal("1.80")


@pytest.mark.parametrize(("day", "quarters"), [("2026-03-29", 92), ("2026-10-25", 100), ("2026-06-01", 96)])
def test_days_on_which_the_clock_changes_have_all_their_quarters(day: str, quarters: int) -> None:
    meter = PricedMeter(f"{day}T00:00", **FIXED)
    meter.quarters(quarters - 1, constant("0.1"))
    assert meter.state.day.quarters == quarters - 1
    meter.quarters(1, constant("0.1"))
    assert (meter.state.day.quarters, meter.state.day.imported) == (quarters, Decimal("0.1") * quarters)
    meter.go(1)
    assert (meter.state.day.quarters, meter.state.month.quarters) == (0, quarters)


def test_energy_over_the_end_of_a_quarter_is_split_evenly_between_two_telegrams() -> None:
    meter = PricedMeter("2026-03-02T10:00", price_entity="sensor.price")
    meter.show("0.10")
    meter.go(840, "1")
    meter.show("0.50", after=65)
    # 60 s before the end of the quarter, and 60 s after it.
    meter.go(120, "0.2")
    assert meter.state.day.bought == Decimal("0.11")
    meter.go(839, "0.3")
    meter.go(1)
    assert meter.state.day.bought == Decimal("0.11") + Decimal("0.4") * Decimal("0.50")


@pytest.mark.parametrize("seconds", [1200, 3 * 3600, 5 * 86_400])
def test_energy_of_an_outage_has_the_price_of_all_of_it_or_none(seconds: int) -> None:
    fixed = PricedMeter("2026-03-02T10:00", **FIXED)
    shown = PricedMeter("2026-03-02T10:00", price_entity="sensor.price")
    shown.show("0.10")
    shown.show("0.50", after=905)
    for meter in (fixed, shown):
        meter.go(600, "1")
        meter.go(seconds, "3")
        meter.quarters(4, constant("0"))
    assert fixed.state.month.bought == Decimal("1.20")
    assert shown.state.month.bought == Decimal("0.10")
    assert shown.state.month.unpriced == Decimal(3)
    assert shown.state.month.reason is Reason.GAP


def test_nothing_is_lost_or_counted_twice_however_telegrams_come() -> None:
    meter = PricedMeter("2026-03-02T10:03", **FIXED)
    for seconds in (1, 7, 59, 61, 299, 301, 899, 900, 901, 3600, 86_399, 86_400, 86_401, 5):
        meter.go(seconds, "0.7")
    meter.go(3600)
    meter.go(3600)
    assert meter.cost.hours.bought == Decimal("0.30") * Decimal("0.7") * 14


def test_a_restart_in_the_middle_of_a_quarter_loses_nothing() -> None:
    meter = PricedMeter("2026-03-02T10:00", **ENTITY)
    meter.show("0.30", after=2)
    meter.show("0.05", EXPORT, after=2)
    meter.go(400, "0.4", "0.1")
    meter.restart(after=60)
    meter.show("0.30")
    meter.show("0.05", EXPORT)
    meter.go(60, "0.1", "0.1")
    meter.go(379, "0.5")
    meter.go(1)
    assert (meter.state.day.bought, meter.state.day.sold) == (Decimal("0.30"), Decimal("0.010"))
    assert meter.state.day.since == at("2026-03-02T10:00")


def test_a_restart_over_the_end_of_a_quarter_prices_both() -> None:
    meter = PricedMeter("2026-03-02T10:00", price_entity="sensor.price")
    meter.show("0.30", after=2)
    meter.go(840, "1")
    meter.restart(after=120)
    meter.imported += Decimal("0.2")
    meter.feed()
    meter.show("0.20", after=10)
    assert meter.state.day.bought == Decimal("0.33")
    meter.go(839, "0.4")
    meter.go(1)
    assert meter.state.day.bought == Decimal("0.33") + Decimal("0.5") * Decimal("0.20")


def test_a_restart_at_midnight_begins_the_day() -> None:
    meter = PricedMeter("2026-03-02T23:45", **FIXED)
    meter.quarters(1, constant("1"))
    meter.restart()
    meter.go(1)
    assert (meter.state.day.total, meter.state.month.total) == (0, Decimal("0.30"))


def test_what_passes_while_there_is_no_price_is_not_counted() -> None:
    meter = PricedMeter("2026-03-02T10:00", **FIXED)
    meter.quarters(1, constant("1"))
    meter.options["price"] = {}
    meter.restart()
    meter.quarters(4, constant("1"))
    meter.options["price"] = {"fixed_price": 0.5}
    meter.restart()
    meter.feed()
    meter.quarters(2, constant("1"))
    assert meter.state.day.total == Decimal("1.00")
    assert meter.state.day.since == at("2026-03-02T11:15")


def test_another_meter_begins_with_its_own_counters() -> None:
    meter = PricedMeter("2026-03-02T10:00", **FIXED)
    meter.go(600, "1")
    meter.cost.forget_counter()
    meter.insights.guard = Guard(METER)
    meter.imported = Decimal(3)
    meter.go(100)
    meter.go(199, "0.5")
    meter.go(1)
    assert meter.state.day.bought == Decimal("0.45")


def test_a_counter_that_is_doubted_is_waited_for() -> None:
    meter = PricedMeter("2026-03-02T10:00", **FIXED)
    meter.go(885, "1")
    good = meter.imported
    # No meter counts so fast: the guard withholds it for a while, also when the quarter ends.
    for _ in range(3):
        meter.imported = good + 5000
        meter.go(10)
    assert meter.state.day.quarters == 0
    meter.imported = good
    meter.go(15, "0.06")
    # A quarter-minute of three quarters of a minute was this quarter's.
    assert meter.state.day.bought == Decimal("0.30") * Decimal("1.02")


def test_a_counter_that_is_set_just_as_a_quarter_ends_moves_nothing_into_the_next_one() -> None:
    meter = PricedMeter("2026-03-02T10:00", price_entity="sensor.price")
    meter.show("0.10")
    meter.go(899, "1")
    meter.cost.forget_counter()
    meter.insights.guard = Guard(METER)
    meter.imported = Decimal(3)
    meter.show("0.50", after=1)
    meter.go(1)
    meter.go(899, "1")
    meter.go(1)
    assert meter.state.day.bought == Decimal("0.60")


@pytest.mark.parametrize("code", [obis.EXPORT_ENERGY, obis.IMPORT_ENERGY])
def test_a_register_that_a_telegram_lacks_costs_and_earns_nothing(code: str) -> None:
    meter = PricedMeter("2026-03-02T10:00", fixed_price=0.3, export_price=0.1)
    meter.go(890, "0.5", "0.5")
    for _ in range(3):
        meter.go(5, "0", "0", code)
    meter.go(1)
    meter.go(893, "0.5", "0.5")
    meter.go(1)
    assert (meter.state.day.bought, meter.state.day.sold) == (Decimal("0.30"), Decimal("0.10"))
    assert meter.state.day.unpriced == 0


def test_a_meter_that_begins_to_print_its_export_has_not_exported_all_of_it_now() -> None:
    meter = PricedMeter("2026-03-02T10:00", fixed_price=0.3, export_price=0.1)
    meter.restart()
    meter.insights = type(meter.insights)(METER, meter.options)
    meter.feed(obis.EXPORT_ENERGY)
    meter.go(899, "1", "0", obis.EXPORT_ENERGY)
    meter.restart()
    meter.go(1)
    meter.go(899, "1", "0.5")
    meter.go(1)
    assert (meter.state.day.bought, meter.state.day.sold) == (Decimal("0.60"), Decimal("0.05"))


def test_a_clock_that_is_set_back_loses_and_doubles_nothing() -> None:
    meter = PricedMeter("2026-03-02T10:00", **FIXED)
    meter.go(900 + 10, "1")
    meter.go(-60, "0.1")
    meter.go(900, "1")
    meter.go(7200)
    assert meter.cost.hours.bought == Decimal("0.30") * Decimal("2.1")


def test_prices_are_those_of_bands() -> None:
    prices = {"band_price_pic": 0.36, "band_price_medium": 0.30, "band_price_eco": 0.25}
    bands = {"bands": {"band_set": "wallonia_impact"}}
    meter = PricedMeter("2026-03-02T16:45", bands, **prices)
    meter.quarters(1, constant("1"))
    assert meter.state.day.total == Decimal("0.25")
    meter.quarters(1, constant("1"))
    assert meter.state.day.total == Decimal("0.61")


def test_sums_of_hours_are_those_of_all_quarters_until_then() -> None:
    meter = PricedMeter("2026-03-02T10:30", **FIXED)
    meter.quarters(4, constant("1"))
    hours = meter.cost.hours
    assert [sums for _, sums in sorted(hours.sums.items())] == [(Decimal("0.60"), 0), (Decimal("1.20"), 0)]
    hours.go_on(Decimal(100), Decimal(20))
    assert [sums for _, sums in sorted(hours.sums.items())] == [(Decimal("100.60"), 20), (Decimal("101.20"), 20)]
    hours.go_on(Decimal(100), Decimal(20))
    assert hours.bought == Decimal("101.20")
    meter.restart()
    assert meter.cost.hours.bought == Decimal("101.20")
    assert meter.cost.hours.goes_on


def test_a_second_takes_hardly_any_steps() -> None:
    from tests.effort import calls  # noqa: PLC0415 -- slow to import elsewhere

    meter = PricedMeter("2026-03-02T10:00", **FIXED)
    meter.go(1)
    telegram = meter.cost._latest  # noqa: SLF001 -- what it was fed
    assert telegram is not None
    assert calls(meter.cost.feed, [telegram] * 100) <= 5 * 100
