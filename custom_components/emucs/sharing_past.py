"""What those who share energy have exchanged with the grid: from their meters, from statistics, and from exports."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.util.unit_conversion import EnergyConverter

from .exports import MICRO, SECONDS, FlowDirection, LiveMeter, match, quarters_of, read_export
from .hourly_energy import increases, read_sums
from .insight.demand import QUARTERS_AN_HOUR
from .insight.mbus import Medium
from .insight.price import factor_of
from .insight.quarters import EXPORT, IMPORT, SLOTS, Quarters
from .insight.sharing_months import Exchanged, MemberPast

_NOTHING: Final = Decimal(0)
_WATTS: Final = 1000
_DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class SharingMember:
    """One of those who share: its statistics of import and export, and what its own meter knows, if it is one here."""

    id: str
    name: str
    imported: str | None
    exported: str | None
    meter: LiveMeter | None = None
    quarters: Quarters = field(default_factory=Quarters)

    @property
    def statistics(self) -> set[str]:
        """Return its statistics."""
        return {each for each in (self.imported, self.exported) if each is not None}


class UnknownStatisticError(Exception):
    """There are no statistics with this id, or they are of something else."""


def require_statistics(hass: HomeAssistant, energies: Iterable[str], prices: Iterable[str]) -> dict[str, Decimal]:
    """Return what the prices are multiplied by to be in EUR/kWh. Blocks.

    UnknownStatisticError where statistics are missing, or are no energy or no price.
    """
    from homeassistant.components.recorder.statistics import get_metadata  # noqa: PLC0415 -- may be absent

    energies, prices = set(energies), set(prices)
    found = {each: known for each, (_, known) in get_metadata(hass, statistic_ids=energies | prices).items()}
    for each in sorted(energies):
        known = found.get(each)
        if known is None or not known["has_sum"] or known["unit_of_measurement"] not in EnergyConverter.VALID_UNITS:
            raise UnknownStatisticError(each)
    factors: dict[str, Decimal] = {}
    for each in sorted(prices):
        factor = factor_of(found[each]["unit_of_measurement"]) if each in found else None
        if factor is None:
            raise UnknownStatisticError(each)
        factors[each] = factor
    return factors


def read_hours(hass: HomeAssistant, members: Iterable[SharingMember], hours: range) -> dict[str, dict[int, Exchanged]]:
    """Return what members exchanged in hours since 1970 by statistics, where they know both. Blocks."""
    members = tuple(members)
    ids = {each for member in members for each in member.statistics}
    if not ids:
        return {}
    # Of the hour before the first one the counter is needed.
    sums = read_sums(hass, _time(hours.start - 1), ids, _time(hours.stop))
    energies = {statistic: increases(known) for statistic, known in sums.items()}
    found: dict[str, dict[int, Exchanged]] = {}
    for member in members:
        imported = energies.get(member.imported or "", {})
        exported = dict.fromkeys(imported, 0.0) if member.exported is None else energies.get(member.exported, {})
        found[member.id] = {
            hour: (_decimal(energy), _decimal(exported[hour])) for hour, energy in imported.items() if hour in exported
        }
    return found


def read_prices(hass: HomeAssistant, factors: Mapping[str, Decimal], hours: range) -> dict[str, dict[int, Decimal]]:
    """Return the mean prices of hours in EUR/kWh, by their statistics and by hours since 1970. Blocks."""
    from homeassistant.components.recorder.statistics import statistics_during_period  # noqa: PLC0415 -- may be absent

    if not factors:
        return {}
    found = statistics_during_period(hass, _time(hours.start), _time(hours.stop), set(factors), "hour", None, {"mean"})
    return {
        statistic: {
            int(row["start"]) // SECONDS: _decimal(mean) * factors[statistic]
            for row in rows
            if (mean := row.get("mean")) is not None
        }
        for statistic, rows in found.items()
    }


def read_quarters(members: Iterable[SharingMember], export: Path | None) -> dict[str, dict[int, Exchanged]]:
    """Return what members exchanged in quarters since 1970, by their meters and by an export, which settles it. Blocks.

    ExportError where the export cannot be read, or is of none of them.
    """
    members = tuple(members)
    found = {member.id: _measured(member) for member in members}
    if export is not None:
        readings = read_export(export)
        by_meter = {member.meter.identifier: member.id for member in members if member.meter is not None}
        matches, _ = match(readings, [member.meter for member in members if member.meter is not None], {})
        for each in matches:
            if each.meter.medium is Medium.ELECTRICITY:
                found[by_meter[each.meter.identifier]] |= _paired(quarters_of(readings, each.ean, each.meters))
    return found


def past_of(
    member: SharingMember, quarters: Mapping[str, dict[int, Exchanged]], hours: Mapping[str, dict[int, Exchanged]]
) -> MemberPast:
    """Return what is known of a member."""
    return MemberPast(quarters.get(member.id, {}), hours.get(member.id, {}))


def _measured(member: SharingMember) -> dict[int, Exchanged]:
    """Return the quarters that the insights of a meter keep, without those of which only the hour is known."""
    quarters = member.quarters
    if quarters.last is None:
        return {}
    found: dict[int, Exchanged] = {}
    for slot in range(quarters.last - SLOTS + 1, quarters.last + 1):
        imported = _of_quarter(quarters, IMPORT, slot)
        exported = _NOTHING if member.exported is None else _of_quarter(quarters, EXPORT, slot)
        if imported is not None and exported is not None:
            found[slot] = imported, exported
    return found


def _of_quarter(quarters: Quarters, flow: int, slot: int) -> Decimal | None:
    """Return the energy of a quarter in kWh, None where it is not known by itself."""
    mean = quarters.mean(flow, slot)
    if mean is None or quarters.is_hourly(flow, slot):
        return None
    return Decimal(round(mean * _WATTS)) / (_WATTS * QUARTERS_AN_HOUR)


def _paired(flows: Mapping[FlowDirection, Mapping[int, int]]) -> dict[int, Exchanged]:
    """Return import and export of the quarters of which both are known; one that has no export exports nothing."""
    imported = flows.get(FlowDirection.IMPORT, {})
    exported = flows.get(FlowDirection.EXPORT) or dict.fromkeys(imported, 0)
    return {
        slot: (Decimal(energy) / MICRO, Decimal(exported[slot]) / MICRO)
        for slot, energy in imported.items()
        if slot in exported
    }


def _time(hour: int) -> datetime:
    """Return when an hour since 1970 begins."""
    return datetime.fromtimestamp(hour * SECONDS, UTC)


def _decimal(number: float) -> Decimal:
    """Return a number as statistics keep it."""
    return round(Decimal(number), _DIGITS)
