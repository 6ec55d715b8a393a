"""What month peaks cost: the Flemish capacity tariff by area and year, with the maximum tariff."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
import json
from pathlib import Path
from typing import Any, Final

from .peaks import FLOOR

MONTHS: Final = 12

_FOLDER: Final = Path(__file__).parents[1] / "tariffs"


class Area(StrEnum):
    """The tariff areas: the eight of Flanders, and the regions that bill no month peak."""

    ANTWERPEN = "antwerpen"
    HALLE_VILVOORDE = "halle_vilvoorde"
    IMEWO = "imewo"
    KEMPEN = "kempen"
    LIMBURG = "limburg"
    MIDDEN_VLAANDEREN = "midden_vlaanderen"
    WEST = "west"
    ZENNE_DIJLE = "zenne_dijle"
    BRUSSELS = "brussels"
    WALLONIA = "wallonia"

    @property
    def bills_peaks(self) -> bool:
        """Return whether month peaks are billed there."""
        return self not in (Area.BRUSSELS, Area.WALLONIA)


class CapPeriod(StrEnum):
    """The period that the maximum tariff applies to: sources disagree, and bills show both."""

    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """The rates of an area in a year, without VAT."""

    year: int
    capacity: Decimal
    """EUR per kW per year."""
    kwh: Decimal | None = None
    """EUR per kWh for the distribution grid, which counts towards the maximum tariff."""
    maximum: Decimal | None = None
    """EUR per kWh that capacity and energy may cost together at most."""


def _load() -> dict[int, dict[str, Any]]:
    """Return the rates of Flanders by year, the first one first: each year is a file."""
    tables = (json.loads(path.read_text(encoding="utf-8")) for path in _FOLDER.glob("flanders_*.json"))
    return dict(sorted((table["year"], table) for table in tables))


YEARS: Final = _load()
"""The rates of Flanders by year."""


@lru_cache
def tariff_of(area: Area, year: int) -> Tariff | None:
    """Return the rates of an area: those of the year, else of the latest year before or, lacking that, the first.

    None where no month peak is billed. Whether the rates are the year's own is said by their `year`.
    """
    if not area.bills_peaks:
        return None
    known = max((each for each in YEARS if each <= year), default=min(YEARS))
    table = YEARS[known]
    rates = table["areas"][area]
    without_vat = 1 + Decimal(table["vat_included_percent"]) / 100
    return Tariff(
        year=known,
        capacity=Decimal(rates["capacity"]) / without_vat,
        kwh=Decimal(rates["kwh"]) / without_vat if "kwh" in rates else None,
        maximum=Decimal(table["maximum"]) / without_vat if "maximum" in table else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What the capacity tariff costs, in EUR with VAT."""

    year: Decimal
    """A year at the present average. A maximum of the month does not lower it: other months import more."""
    month: Decimal
    peak_kw: Decimal
    """What one more kW of this month's peak costs, over the twelve bills in which it counts.

    What stays below the floor is free, as is what counts in a bill that its maximum lowers already.
    """
    maximum_applies: bool | None
    """Whether the maximum tariff lowers this; None where the energy or the maximum is not known."""


def cost_of(
    tariff: Tariff,
    average: Decimal,
    vat: Decimal,
    energy: Decimal | None = None,
    period: CapPeriod = CapPeriod.MONTH,
    *,
    later: Sequence[Decimal | None] = (),
    peak: Decimal = FLOOR,
) -> Cost:
    """Return the cost of an average peak.

    `average` in kW, `vat` as a share (0.06), `energy` in kWh imported in the period of the maximum tariff, `peak` in kW
    this month's so far. `later` are the kWh of the eleven months after this one, each of which has a maximum of its
    own; one that is not known lowers nothing. The maximum is assumed to hold also where only the floor is paid: texts
    contradict each other, a bill showed it.
    """
    gross = 1 + vat
    months = MONTHS if period is CapPeriod.YEAR else 1
    full = average * tariff.capacity / MONTHS
    most = _most(tariff, energy, months)
    month = full if most is None else min(full, most)
    # Below the floor a higher peak costs nothing.
    more = (max(peak + 1, FLOOR) - max(peak, FLOOR)) / MONTHS * tariff.capacity / MONTHS
    bills = [energy] * MONTHS if period is CapPeriod.YEAR else [energy, *later, *[None] * MONTHS][:MONTHS]
    limits = [_most(tariff, each, months) for each in bills]
    dearer = [limit for limit in limits if limit is None or limit >= full]
    return Cost(
        year=(month if period is CapPeriod.YEAR else full) * MONTHS * gross,
        month=month * gross,
        peak_kw=more * len(dearer) * gross,
        maximum_applies=None if most is None else full > most,
    )


def _most(tariff: Tariff, energy: Decimal | None, months: int) -> Decimal | None:
    """Return what the capacity may cost a month in EUR at most, by the kWh imported in so many; None if not known."""
    if energy is None or tariff.maximum is None or tariff.kwh is None:
        return None
    return max(Decimal(), (tariff.maximum - tariff.kwh) * energy / months)
