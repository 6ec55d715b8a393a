"""Some hours of the bills of a simulated year."""

from decimal import Decimal
from pathlib import Path

import pytest

from bench import bills
from bench.backtest import Shedder
from bench.bills import CONTRACTS, Billed, Car, failures, live, spans, table


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulate a month's first day alone."""
    monkeypatch.setattr(bills, "MONTHS", 1)


@pytest.fixture(params=Car)
def billed(request: pytest.FixtureRequest) -> Billed:
    """Return a day of each car."""
    return live(request.param, 1, 1, Shedder)


def test_a_day_costs_what_its_quarters_cost(billed: Billed) -> None:
    assert billed.days == 1
    assert list(failures([billed])) == []
    for name in CONTRACTS:
        bought, sold = billed.costs[name]
        assert bought > 0
        assert bought - sold == pytest.approx(billed.truth[name], abs=Decimal("0.01"))
    assert len(list(table([billed]))) == 3


def test_wrong_bills_are_named() -> None:
    wrong = Billed(Car.AT_ONCE, 1, {"Fixed": (Decimal(3), Decimal(1))}, {"Fixed": Decimal("1.5")}, unpriced=Decimal(2))
    assert list(failures([wrong])) == [
        "charges at once, Fixed: +0.500 EUR off",
        "charges at once: 2 kWh without a price",
    ]


def test_less_than_a_year_is_some_days_of_each_month(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bills, "MONTHS", 12)
    assert [(begin.month, days) for begin, days in spans(84)] == [(month, 7) for month in range(1, 13)]
    assert [days for _, days in spans(365)] == [365]


def test_the_page_has_a_place_for_the_table() -> None:
    page = Path(bills.PROOF).read_text(encoding="utf-8")
    assert page.count("scripts/backtest --bill --write writes") == 2
