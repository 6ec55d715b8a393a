"""The prosumer tariffs of Wallonia, by the worked example of the documentation, and whom they concern."""

import json
from pathlib import Path
from typing import Any

import pytest

from custom_components.emucs.insight import prosumer
from custom_components.emucs.insight.prosumer import Prosumer, WalloonOperator, prosumer_of, prosumer_tariffs

ORES = Prosumer(WalloonOperator.ORES, 5.0)
PRICE = {"certified_before_2024": True, "net_developable_power": 5, "grid_operator": "ores"}


def test_the_example_of_the_documentation() -> None:
    tariffs = prosumer_tariffs(ORES, 3200, 2600, 2026)
    assert tariffs.capacity == pytest.approx(429.20)
    assert tariffs.proportional == pytest.approx(382.72)
    assert tariffs.rates_of == 2026


def test_what_is_exported_beyond_the_import_makes_up_for_nothing() -> None:
    assert prosumer_tariffs(ORES, 1000, 4000, 2026).proportional == pytest.approx(1000 * 0.1472)
    assert prosumer_tariffs(ORES, 1000, 0, 2026).proportional == 0


@pytest.mark.parametrize("year", [2020, 2026, 2031])
def test_rates_say_of_which_year_they_are(year: int) -> None:
    assert prosumer_tariffs(ORES, 1, 1, year).rates_of == 2026


@pytest.mark.parametrize("operator", WalloonOperator)
def test_every_operator_has_its_rates(operator: WalloonOperator) -> None:
    # Without VAT, 1 kWe is between 76 and 94 EUR in 2026.
    assert 76 < prosumer_tariffs(Prosumer(operator, 1.0), 0, 0, 2026).capacity / 1.06 < 94


FOLDER = Path(prosumer.__file__).parents[1] / "tariffs"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("wallonia_*.json")), ids=lambda path: path.stem)
def test_file_of_a_year(path: Path) -> None:
    table = json.loads(path.read_text(encoding="utf-8"))
    assert table.keys() == {"about", "region", "year", "source", "vat_included_percent", "operators"}
    assert path.stem == f"{table['region']}_{table['year']}"
    # As the cards give them.
    assert table["vat_included_percent"] == 6
    assert table["operators"].keys() == set(WalloonOperator)
    for rates in table["operators"].values():
        assert rates.keys() == {"capacity", "distribution", "transport"}
        assert all(isinstance(each, str) for each in rates.values())
        assert 40 < float(rates["capacity"]) < 200
        assert 0.05 < float(rates["distribution"]) < 0.3
        assert 0.01 < float(rates["transport"]) < 0.1


def test_only_those_whom_it_concerns() -> None:
    def of(area: str = "wallonia", **changed: Any) -> Prosumer | None:
        price = {key: value for key, value in (PRICE | changed).items() if value is not None}
        return prosumer_of({"capacity": {"area": area}, "price": price})

    assert of() == ORES
    assert of(area="imewo") is None
    assert of(certified_before_2024=False) is None
    for missing in PRICE:
        assert of(**{missing: None}) is None
    assert of(net_developable_power=0) is None
    assert prosumer_of({}) is None
