"""The files of `tariffs/`: rates, one a region and year, and time bands. Whoever adds one is told what is wrong."""

from datetime import date
from decimal import Decimal
from itertools import pairwise
import json
from pathlib import Path
from typing import Any

import probatio
import pytest

from custom_components.emucs.insight.bands import BandDay
from custom_components.emucs.insight.tariff import Area, tariff_of

FOLDER = Path(__file__).parents[2] / "custom_components" / "emucs" / "tariffs"
RATES = sorted(FOLDER.glob("flanders_20??.json"))
FLEMISH = {str(area) for area in Area if area.bills_peaks}
FIRST, LAST = 2023, 2060  # there is a capacity tariff since


def text(value: object) -> str:
    """Take a text that says something."""
    assert isinstance(value, str)
    assert len(value) > 10
    return value


def amount(least: str, most: str) -> Any:
    """Return the schema of an amount in EUR, as text so that it stays exact, of the size that there has been so far."""

    def check(value: object) -> Decimal:
        assert isinstance(value, str), f"{value}: as text, as a number of JSON is not exact"
        assert Decimal(least) <= Decimal(value) <= Decimal(most), f"{value} is not between {least} and {most}"
        return Decimal(value)

    return check


FLANDERS = probatio.Schema(
    {
        probatio.Required("about"): text,
        probatio.Required("source"): text,
        probatio.Required("region"): "flanders",
        probatio.Required("year"): probatio.All(int, probatio.Range(min=FIRST, max=LAST)),
        probatio.Required("vat_included_percent"): probatio.All(int, probatio.Range(min=0, max=21)),
        probatio.Optional("maximum"): amount("0.1", "1"),
        probatio.Required("areas"): {
            probatio.Required(area): {
                probatio.Required("capacity"): amount("30", "150"),
                probatio.Optional("kwh"): amount("0.02", "0.2"),
            }
            for area in FLEMISH
        },
    }
)
HOURS = {str(hour): hour for hour in range(24)}
VERSION = probatio.Schema(
    {
        probatio.Optional("from"): date.fromisoformat,
        probatio.Optional("until"): date.fromisoformat,
        probatio.Required("source"): text,
        **{probatio.Required(str(day)): {probatio.In(HOURS): str} for day in BandDay},
    }
)
BANDS = probatio.Schema(
    {
        probatio.Required("about"): text,
        probatio.Required("sets"): {
            str: {
                probatio.Required("region"): probatio.In(["brussels", "flanders", "wallonia"]),
                probatio.Required("bands"): probatio.All([str], probatio.Length(min=2), probatio.Unique()),
                probatio.Required("versions"): probatio.All([VERSION], probatio.Length(min=1)),
            }
        },
    }
)


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_there_are_no_other_files() -> None:
    others = {FOLDER / "bands.json", *FOLDER.glob("wallonia_20??.json")}
    assert {*RATES, *others} == set(FOLDER.iterdir())
    assert RATES


@pytest.mark.parametrize("path", RATES, ids=lambda path: path.stem)
def test_file_of_a_year(path: Path) -> None:
    rates = FLANDERS(read(path))
    assert path.stem == f"{rates['region']}_{rates['year']}"
    for area in FLEMISH:
        tariff = tariff_of(Area(area), rates["year"])
        assert tariff is not None
        assert tariff.year == rates["year"]
        assert (tariff.kwh is None) is (tariff.maximum is None), "one counts towards the other"


@pytest.mark.parametrize("path", RATES, ids=lambda path: path.stem)
@pytest.mark.parametrize("key", ["source", "year", "vat_included_percent", "areas"])
def test_file_that_lacks_something_is_refused(path: Path, key: str) -> None:
    rates = read(path)
    del rates[key]
    with pytest.raises(probatio.Invalid):
        FLANDERS(rates)


def test_every_set_of_bands() -> None:
    for key, each in BANDS(read(FOLDER / "bands.json"))["sets"].items():
        assert key.startswith(each["region"])
        days = [version[day] for version in each["versions"] for day in BandDay]
        assert {band for day in days for band in day.values()} == set(each["bands"])
        for hours in days:
            assert next(iter(hours)) == "0", "a day is told from midnight on"
            assert [int(hour) for hour in hours] == sorted(map(int, hours))
            # Which hour is skipped or lived twice would have to be said.
            assert "2" not in hours


def test_versions_of_a_set_follow_each_other() -> None:
    for each in read(FOLDER / "bands.json")["sets"].values():
        versions = [VERSION(version) for version in each["versions"]]
        for before, after in pairwise(versions):
            assert before["until"] < after["from"]
