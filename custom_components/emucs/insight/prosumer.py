"""The two prosumer tariffs of Wallonia: what each would bill for a year, where panels were certified before 2024."""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
import json
from pathlib import Path
from typing import Any, Final, NamedTuple

from .capacity import CONF_AREA, SECTION_CAPACITY
from .price import SECTION_PRICE
from .tariff import Area

CONF_CERTIFIED: Final = "certified_before_2024"
CONF_DEVELOPABLE_POWER: Final = "net_developable_power"
CONF_GRID_OPERATOR: Final = "grid_operator"


class WalloonOperator(StrEnum):
    """The grid operators of Wallonia that have rates of their own."""

    AIEG = "aieg"
    AIESH = "aiesh"
    ORES = "ores"
    RESA = "resa"
    REW = "rew"


class Prosumer(NamedTuple):
    """A household that the prosumer tariff concerns."""

    operator: WalloonOperator
    power: float
    """The net developable power of its panels in kWe."""


class ProsumerTariffs(NamedTuple):
    """What a year costs by each tariff, EUR with VAT."""

    capacity: float
    proportional: float
    rates_of: int
    """The year whose rates they are."""


_FOLDER: Final = Path(__file__).parents[1] / "tariffs"


def _load() -> dict[int, dict[str, dict[str, str]]]:
    """Return the rates of each operator by year, EUR with VAT: each year is a file."""
    tables = [json.loads(path.read_text(encoding="utf-8")) for path in _FOLDER.glob("wallonia_*.json")]
    return {table["year"]: table["operators"] for table in tables}


_YEARS: Final = _load()


def is_in_wallonia(options: Mapping[str, Any]) -> bool:
    """Tell whether the options of an entry are those of a household in Wallonia."""
    return bool(options.get(SECTION_CAPACITY, {}).get(CONF_AREA) == Area.WALLONIA)


def prosumer_of(options: Mapping[str, Any]) -> Prosumer | None:
    """Return the prosumer in the options of an entry, if all that it takes is filled in."""
    price = options.get(SECTION_PRICE, {})
    operator, power = price.get(CONF_GRID_OPERATOR), price.get(CONF_DEVELOPABLE_POWER)
    if not is_in_wallonia(options) or not price.get(CONF_CERTIFIED) or operator is None or not power:
        return None
    return Prosumer(WalloonOperator(operator), float(power))


def prosumer_tariffs(prosumer: Prosumer, imported: float, exported: float, year: int) -> ProsumerTariffs:
    """Return what a year costs by each tariff; `imported` and `exported` are its energies in kWh.

    Both bill the rates per kWh of what is imported beyond the export. For the rest, which the export makes up for, the
    capacity tariff bills the power of the panels, and the proportional one distribution and transport. Assumed: that
    these are the rates of a single-rate meter. They are those of the year, else of the latest year before.
    """
    known = max((each for each in _YEARS if each <= year), default=min(_YEARS))
    rates = _YEARS[known][prosumer.operator]
    per_kwh = Decimal(rates["distribution"]) + Decimal(rates["transport"])
    compensated = min(imported, exported)
    return ProsumerTariffs(prosumer.power * float(rates["capacity"]), compensated * float(per_kwh), known)
