"""The market of the virtual meter."""

from datetime import UTC, datetime, timedelta
from statistics import mean

from virtual_meter.market import QUARTER, Market

YEAR = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
QUARTERS = 365 * 96


def year(seed: int = 1) -> list[float]:
    """Return the prices of a year."""
    market = Market(seed)
    return [market.spot(YEAR + number * QUARTER) for number in range(QUARTERS)]


def test_prices_are_those_of_their_seed_and_time_alone() -> None:
    assert year()[:200] == year()[:200]
    assert year(2)[:200] != year()[:200]
    assert Market(1).spot(YEAR + 899) == Market(1).spot(YEAR)


def test_noons_fall_below_zero_and_evenings_are_dear() -> None:
    prices = year()
    assert 60 < mean(prices) < 120
    below = sum(price < 0 for price in prices) / QUARTERS
    assert 0.01 < below < 0.12
    by_hour = [mean(prices[hour * 4 + day * 96] for day in range(100, 260)) for hour in range(24)]
    # In summer the evening is at 17 to 18 h UTC, and noon at 11 to 12.
    assert by_hour.index(max(by_hour)) in {16, 17, 18}
    assert by_hour.index(min(by_hour)) in {10, 11, 12}


def test_winter_is_dearer_than_summer() -> None:
    prices, days = year(), timedelta(days=60) // timedelta(minutes=15)
    assert mean(prices[:days]) > mean(prices[180 * 96 : 180 * 96 + days])
