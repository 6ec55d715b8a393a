"""The energy of hours, as the recorder's long-term statistics know it."""

from collections.abc import Mapping
from datetime import datetime
from itertools import pairwise
from typing import Final

from homeassistant.const import Platform, UnitOfEnergy
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er

from .const import DOMAIN
from .exports import SECONDS, CounterKey, ExportUnit, FlowDirection
from .insight.quarters import EXPORT, IMPORT

COUNTERS: Final = {
    IMPORT: CounterKey(ExportUnit.ENERGY, FlowDirection.IMPORT),
    EXPORT: CounterKey(ExportUnit.ENERGY, FlowDirection.EXPORT),
}
"""What an export of the grid operator calls them, by flow."""
_KEYS: Final = {IMPORT: "energy_import", EXPORT: "energy_export"}


@callback
def energy_entities(hass: HomeAssistant, meter: str) -> dict[int, str]:
    """Return the entities of what a meter imports and exports, by flow; of those that it does not have, none."""
    registry = er.async_get(hass)
    return {
        flow: entity_id
        for flow, key in _KEYS.items()
        if (entity_id := registry.async_get_entity_id(Platform.SENSOR, DOMAIN, f"{meter}_{key}")) is not None
    }


def read_sums(
    hass: HomeAssistant, since: datetime, ids: set[str], until: datetime | None = None
) -> dict[str, dict[int, float]]:
    """Return the sums in kWh at the end of hours between two times, by statistic and hour since 1970. Blocks."""
    from homeassistant.components.recorder.statistics import statistics_during_period  # noqa: PLC0415 -- may be absent

    units: dict[str, str] = {"energy": UnitOfEnergy.KILO_WATT_HOUR}
    found = statistics_during_period(hass, since, until, ids, "hour", units, {"sum"})
    return {
        statistic: {int(row["start"]) // SECONDS: total for row in rows if (total := row.get("sum")) is not None}
        for statistic, rows in found.items()
    }


def increases(sums: Mapping[int, float]) -> dict[int, float]:
    """Return what was counted in each hour whose hour before is known too, in kWh.

    Of one after a gap the energy is that of the gap.
    """
    return {
        hour: max(after - before, 0.0)
        for (earlier, before), (hour, after) in pairwise(sorted(sums.items()))
        if hour == earlier + 1
    }
