"""What month peaks cost."""

from decimal import Decimal
import json
from pathlib import Path

import pytest

from custom_components.emucs.insight.tariff import Area, CapPeriod, Cost, Tariff, cost_of, tariff_of

VAT = Decimal("0.06")
FLANDERS = [area for area in Area if area.bills_peaks]
REFERENCE = Path(__file__).parents[3] / "shared" / "reference" / "tariffs_be.json"
RATES = Tariff(year=2026, capacity=Decimal(60), kwh=Decimal("0.05"), maximum=Decimal("0.35"))


def cents(amount: Decimal) -> str:
    return str(round(amount, 2))


def test_areas() -> None:
    assert len(FLANDERS) == 8
    assert not Area.BRUSSELS.bills_peaks
    assert not Area.WALLONIA.bills_peaks


@pytest.mark.parametrize(
    ("area", "capacity", "kwh"),
    [
        (Area.ANTWERPEN, "49.4036563", "0.0505027"),
        (Area.HALLE_VILVOORDE, "56.0428955", "0.0531770"),
        (Area.IMEWO, "54.2009816", "0.0522864"),
        (Area.KEMPEN, "56.2069857", "0.0597838"),
        (Area.LIMBURG, "49.0469384", "0.0542695"),
        (Area.MIDDEN_VLAANDEREN, "50.1239818", "0.0498061"),
        (Area.WEST, "57.0995726", "0.0631937"),
        (Area.ZENNE_DIJLE, "56.1228635", "0.0553921"),
    ],
)
def test_rates_of_2026(area: Area, capacity: str, kwh: str) -> None:
    assert tariff_of(area, 2026) == Tariff(
        year=2026, capacity=Decimal(capacity), kwh=Decimal(kwh), maximum=Decimal("0.3276168")
    )


@pytest.mark.skipif(not REFERENCE.exists(), reason="the reference is not part of the repository")
@pytest.mark.parametrize("area", FLANDERS)
def test_rates_are_those_of_the_reference(area: Area) -> None:
    flanders = json.loads(REFERENCE.read_text(encoding="utf-8"), parse_float=Decimal)["flanders"]
    rates, before = tariff_of(area, 2026), tariff_of(area, 2025)
    assert rates is not None
    assert before is not None
    assert rates.capacity == flanders["2026"]["areas"][area]["capacity_eur_kw_year"]
    assert rates.kwh == flanders["2026"]["areas"][area]["digital_kwh"]
    assert rates.maximum == flanders["2026"]["max_tariff_eur_kwh"]
    assert round(before.capacity * (1 + VAT), 2) == flanders["2025"]["areas"][area]["capacity_eur_kw_year"]


@pytest.mark.parametrize(
    ("area", "a_year", "a_month"), [(Area.ANTWERPEN, "52.37", "4.36"), (Area.IMEWO, "57.45", "4.79")]
)
def test_one_kilowatt_in_2026_with_vat(area: Area, a_year: str, a_month: str) -> None:
    tariff = tariff_of(area, 2026)
    assert tariff is not None
    cost = cost_of(tariff, Decimal(1), VAT)
    assert (cents(cost.year), cents(cost.month), cents(cost.peak_kw)) == (a_year, a_month, a_month)


@pytest.mark.parametrize(("area", "with_vat"), [(Area.IMEWO, "56.44"), (Area.WEST, "60.35")])
def test_rates_of_2025_were_published_with_vat(area: Area, with_vat: str) -> None:
    tariff = tariff_of(area, 2025)
    assert tariff is not None
    assert tariff.year == 2025
    assert tariff.capacity == Decimal(with_vat) / Decimal("1.06")
    assert cents(cost_of(tariff, Decimal(1), VAT).year) == with_vat
    assert tariff.maximum is None
    assert tariff.kwh is None


@pytest.mark.usefixtures("rates_until_2026")
@pytest.mark.parametrize(("year", "used"), [(2024, 2025), (2025, 2025), (2026, 2026), (2027, 2026), (2040, 2026)])
def test_a_year_that_is_not_in_the_table(year: int, used: int) -> None:
    tariff = tariff_of(Area.KEMPEN, year)
    assert tariff is not None
    assert tariff.year == used


@pytest.mark.parametrize("area", [Area.BRUSSELS, Area.WALLONIA])
def test_where_no_peak_is_billed(area: Area) -> None:
    assert tariff_of(area, 2026) is None


def test_worked_example() -> None:
    # 4.456 kW in the area of Imewo: 4.456 x 54.2009816 = 241.5195... EUR a year; with 6 % VAT 256.01, and a twelfth
    # of that a month, 21.33. One kilowatt more in one month: 54.2009816 / 12 x 1.06 = 4.79.
    tariff = tariff_of(Area.IMEWO, 2026)
    assert tariff is not None
    cost = cost_of(tariff, Decimal("4.456"), VAT)
    assert (cents(cost.year), cents(cost.month), cents(cost.peak_kw)) == ("256.01", "21.33", "4.79")
    assert cost.maximum_applies is None
    assert all(type(each) is Decimal for each in (cost.year, cost.month, cost.peak_kw))


@pytest.mark.parametrize(("vat", "year"), [("0", "240.00"), ("0.06", "254.40"), ("0.21", "290.40")])
def test_vat(vat: str, year: str) -> None:
    assert cents(cost_of(RATES, Decimal(4), Decimal(vat)).year) == year


def test_one_more_kilowatt_in_one_month_is_what_the_average_makes_of_it() -> None:
    cost = cost_of(RATES, Decimal(4), VAT)
    more = cost_of(RATES, Decimal(4) + Decimal(1) / 12, VAT)
    assert round(more.year - cost.year, 9) == round(cost.peak_kw, 9)


@pytest.mark.parametrize(
    ("peak", "price"),
    [("0", "0.00"), ("1.2", "0.00"), ("1.5", "0.00"), ("2", "2.50"), ("2.4", "4.50"), ("2.5", "5.00"), ("9", "5.00")],
)
def test_one_more_kilowatt_is_free_up_to_the_floor(peak: str, price: str) -> None:
    assert cents(cost_of(RATES, Decimal(4), Decimal(), peak=Decimal(peak)).peak_kw) == price


class TestMaximumTariff:
    """Capacity and energy together cost at most so much a kWh."""

    # 4 kW at 60 EUR a year are 20 EUR a month; 0.35 - 0.05 EUR a kWh reach that at 66.67 kWh a month, 800 a year.
    @pytest.mark.parametrize(
        ("period", "energy", "month", "year", "applies"),
        [
            (CapPeriod.MONTH, "50", "15.00", "240.00", True),
            (CapPeriod.MONTH, "66.6", "19.98", "240.00", True),
            (CapPeriod.MONTH, "66.7", "20.00", "240.00", False),
            (CapPeriod.MONTH, "300", "20.00", "240.00", False),
            (CapPeriod.MONTH, "0", "0.00", "240.00", True),
            (CapPeriod.YEAR, "600", "15.00", "180.00", True),
            (CapPeriod.YEAR, "799", "19.98", "239.70", True),
            (CapPeriod.YEAR, "801", "20.00", "240.00", False),
        ],
    )
    def test_binds_where_little_is_imported(
        self, *, period: CapPeriod, energy: str, month: str, year: str, applies: bool
    ) -> None:
        cost = cost_of(RATES, Decimal(4), Decimal(), Decimal(energy), period)
        assert (cents(cost.month), cents(cost.year), cost.maximum_applies) == (month, year, applies)
        # Where it binds a higher peak costs nothing: for a year, or in one of the twelve bills in which it counts.
        bound = "0.00" if period is CapPeriod.YEAR else "4.58"
        assert cents(cost.peak_kw) == (bound if applies else "5.00")

    # 4 kW are 20 EUR a month, which 66.67 kWh reach; a kW more adds 5 EUR over twelve bills.
    @pytest.mark.parametrize(
        ("energies", "price"),
        [
            (["50"], "4.58"),
            (["300"], "5.00"),
            (["300", "50"], "4.58"),
            ([None, "50", None, "50"], "4.17"),
            (["50"] * 6 + ["300"] * 6, "2.50"),
            (["50"] * 12, "0.00"),
            # The thirteenth does not count.
            (["300"] * 12 + ["50"], "5.00"),
        ],
    )
    def test_each_of_twelve_bills_has_its_own(self, energies: list[str | None], price: str) -> None:
        energy, *later = [None if each is None else Decimal(each) for each in energies]
        cost = cost_of(RATES, Decimal(4), Decimal(), energy, later=later)
        assert cents(cost.peak_kw) == price

    @pytest.mark.parametrize("period", CapPeriod)
    @pytest.mark.parametrize(
        ("tariff", "energy"),
        [
            (RATES, None),
            (Tariff(year=2026, capacity=Decimal(60)), Decimal(1)),
            (Tariff(year=2026, capacity=Decimal(60), kwh=Decimal("0.05")), Decimal(1)),
            (Tariff(year=2026, capacity=Decimal(60), maximum=Decimal("0.35")), Decimal(1)),
        ],
    )
    def test_is_not_known(self, period: CapPeriod, tariff: Tariff, energy: Decimal | None) -> None:
        cost = cost_of(tariff, Decimal(4), Decimal(), energy, period)
        assert cost == Cost(year=Decimal(240), month=Decimal(20), peak_kw=Decimal(5), maximum_applies=None)

    def test_is_never_below_nothing(self) -> None:
        dear = Tariff(year=2026, capacity=Decimal(60), kwh=Decimal("0.5"), maximum=Decimal("0.35"))
        assert cost_of(dear, Decimal(4), VAT, Decimal(100)).month == 0

    # The least that the maximum tariff leaves of 2.5 kW, a year: the figures of the eight areas, from 446 to 540 kWh.
    @pytest.mark.parametrize(("area", "energy"), [(Area.ANTWERPEN, 446), (Area.WEST, 540)])
    def test_binds_below_about_470_kilowatt_hours_a_year_at_the_floor(self, area: Area, energy: int) -> None:
        tariff = tariff_of(area, 2026)
        assert tariff is not None
        for near, applies in ((energy - 1, True), (energy + 1, False)):
            cost = cost_of(tariff, Decimal("2.5"), VAT, Decimal(near), CapPeriod.YEAR)
            assert cost.maximum_applies is applies
