"""What a kWh costs in a quarter, whatever an entity shows and when."""

from datetime import datetime, timedelta
from decimal import Decimal
import json
from random import Random

import pytest

from custom_components.emucs.insight.price import (
    Price,
    PriceTrack,
    Reason,
    Tariffs,
    factor_of,
    price_settings_of,
)
from custom_components.emucs.insight.quarters import slot_begin, slot_of
from tests.insight.priced import at

NOON = slot_of(at("2026-03-01T12:00"))


def track(*shown: tuple[float, Price | str], slot: int = NOON) -> PriceTrack:
    """Return what has been shown, each so many minutes after a quarter began."""
    result = PriceTrack()
    for minutes, price in shown:
        value: Price = price if isinstance(price, Reason) else Decimal(price)
        result.note(slot_begin(slot) + timedelta(minutes=minutes), value)
    return result


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        ("EUR/kWh", "1"),
        ("€/kWh", "1"),
        ("EUR / kWh", "1"),
        ("EUR/MWh", "0.001"),
        ("€/MWh", "0.001"),
        ("EUR/Wh", "1000"),
        ("ct/kWh", "0.01"),
        ("c€/kWh", "0.01"),
        ("cent/kWh", "0.01"),
        ("¢/kWh", "0.01"),
        ("€ct/kWh", "0.01"),
    ],
)
def test_units_that_are_prices_in_euros(unit: str, factor: str) -> None:
    assert factor_of(unit) == Decimal(factor)


@pytest.mark.parametrize("unit", [None, "", "EUR", "kWh", "SEK/kWh", "USD/kWh", "EUR/m³", "EUR/kW", "öre/kWh", "/kWh"])
def test_units_that_are_none(unit: str | None) -> None:
    assert factor_of(unit) is None


def test_the_price_of_a_quarter_is_that_of_its_begin() -> None:
    prices = track((-20, "0.30"), (7, "0.20"))
    assert [prices.of(slot) for slot in range(NOON - 1, NOON + 3)] == [
        *(Decimal("0.30"), Decimal("0.30")),
        *(Decimal("0.20"), Decimal("0.20")),
    ]


def test_a_price_that_comes_a_moment_late_is_the_quarters_own() -> None:
    assert track((-15, "0.30"), (0.1, "0.20")).of(NOON) == Decimal("0.20")
    assert track((-15, "0.30"), (5, "0.20")).of(NOON) == Decimal("0.20")


def test_a_price_that_comes_a_moment_early_changes_nothing_of_the_quarter_before() -> None:
    prices = track((-14, "0.30"), (-0.05, "0.20"))
    assert (prices.of(NOON - 1), prices.of(NOON)) == (Decimal("0.30"), Decimal("0.20"))


def test_the_first_price_of_a_quarter_that_began_without_one_counts_whenever_it_comes() -> None:
    prices = track((-15, "0.30"), (-1, Reason.NO_PRICE), (12, "0.20"), (13, "0.25"))
    assert prices.of(NOON) == Decimal("0.20")
    assert prices.of(NOON + 1) == Decimal("0.25")


def test_a_price_that_goes_away_within_a_quarter_is_still_that_quarters() -> None:
    prices = track((-15, "0.30"), (0.1, "0.20"), (2, Reason.NO_PRICE))
    assert prices.of(NOON) == Decimal("0.20")
    assert prices.of(NOON + 1) is Reason.NO_PRICE


def test_a_price_of_the_quarter_before_does_not_outlive_what_ends_it() -> None:
    # As at midnight, where a source has no prices of the new day yet.
    prices = track((-15, "0.30"), (0.02, Reason.NO_PRICE))
    assert (prices.of(NOON - 1), prices.of(NOON)) == (Decimal("0.30"), Reason.NO_PRICE)
    assert track((-15, "0.30"), (0.02, Reason.NO_PRICE), (9, "0.20")).of(NOON) == Decimal("0.20")
    assert track((-15, "0.30"), (7, Reason.NO_PRICE)).of(NOON) == Decimal("0.30")


def test_nothing_shown_is_no_price_and_zero_and_less_are() -> None:
    assert PriceTrack().of(NOON) is Reason.NO_PRICE
    assert track((0, "0")).of(NOON) == 0
    assert track((0, "-0.08")).of(NOON) == Decimal("-0.08")


def test_an_hourly_price_is_that_of_its_four_quarters() -> None:
    prices = track((0.2, "0.30"), (60.2, "0.20"))
    assert [prices.of(NOON + quarter) for quarter in range(5)] == [Decimal("0.30")] * 4 + [Decimal("0.20")]


def test_of_a_restart_nothing_is_known_but_of_the_quarter_that_ran() -> None:
    before = track((-30, "0.30"), (0.1, "0.20"))
    after = PriceTrack.restore(json.loads(json.dumps(before.save())))
    assert [after.of(slot) for slot in range(NOON - 2, NOON + 1)] == [before.of(s) for s in range(NOON - 2, NOON + 1)]
    after.note(slot_begin(NOON + 2) + timedelta(minutes=3), Decimal("0.10"))
    assert [after.of(slot) for slot in range(NOON, NOON + 4)] == [
        *(Decimal("0.20"), Reason.NO_PRICE),
        *(Decimal("0.10"), Decimal("0.10")),
    ]


def test_an_entity_that_changes_all_the_time_is_not_remembered_for_ever() -> None:
    prices, random = PriceTrack(), Random(4)  # noqa: S311 -- invented prices
    for second in range(0, 40 * 900, 5):
        prices.note(slot_begin(NOON) + timedelta(seconds=second), Decimal(random.randint(-100, 400)))
    assert len(json.dumps(prices.save())) < 1200
    assert prices.of(NOON) is Reason.NO_PRICE
    assert isinstance(prices.of(NOON + 20), Decimal)


def test_a_clock_that_is_set_back_changes_no_quarter() -> None:
    prices = track((0, "0.30"), (-40, "0.10"))
    assert prices.of(NOON) == Decimal("0.30")
    assert prices.of(NOON + 1) == Decimal("0.10")


IMPACT = Tariffs(
    bands="wallonia_impact", by_band=(("eco", Decimal("0.25")), ("medium", Decimal("0.30")), ("pic", Decimal("0.36")))
)


@pytest.mark.parametrize(
    ("time", "price"),
    [
        ("2026-03-01T00:45", "0.30"),
        ("2026-03-01T01:00", "0.25"),
        ("2026-03-01T06:45", "0.25"),
        ("2026-03-01T07:00", "0.30"),
        ("2026-03-01T11:00", "0.25"),
        ("2026-03-01T17:00", "0.36"),
        ("2026-03-01T22:00", "0.30"),
        # The clocks change.
        ("2026-03-29T03:00", "0.25"),
        ("2026-10-25T02:45", "0.25"),
    ],
)
def test_bands_have_a_price_each(time: str, price: str) -> None:
    assert IMPACT.of(slot_of(at(time)), PriceTrack()) == Decimal(price)


def test_a_band_without_a_price_and_a_year_without_bands_have_none() -> None:
    noon = slot_of(at("2026-03-01T12:00"))
    assert Tariffs(bands="wallonia_impact", by_band=(("pic", Decimal(1)),)).of(noon, PriceTrack()) is Reason.BAND
    assert IMPACT.of(slot_of(at("2025-12-31T12:00")), PriceTrack()) is Reason.BAND
    assert Tariffs(bands="nowhere").of(noon, PriceTrack()) is Reason.BAND


def test_settings_of_options() -> None:
    settings = price_settings_of({"price": {"fixed_price": 0.3184, "export_price_entity": "sensor.spot"}})
    assert settings.imported.fixed == Decimal("0.3184")
    assert settings.entities == (None, "sensor.spot")
    assert not price_settings_of({}).imported.is_set
    # Zero is a price.
    assert price_settings_of({"price": {"fixed_price": 0}}).imported.is_set
    by_band = price_settings_of(
        {
            "bands": {"band_set": "wallonia_impact"},
            "price": {"band_price_pic": 0.4, "band_price_eco": 0.2, "band_price_medium": 0.3},
        }
    )
    assert by_band.imported.of(slot_of(datetime.fromisoformat("2026-06-01T18:00+02:00")), PriceTrack()) == Decimal(
        "0.4"
    )
