"""Adds the meters of an entry to the energy dashboard, or what they cost, once, if the user asked for it."""

from typing import TYPE_CHECKING, cast

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er

from .const import CONF_ADD_TO_ENERGY, DOMAIN
from .coordinator import EmucsConfigEntry
from .cost_statistics import statistic_id
from .insight.cost import EnergyCost
from .insight.mbus import Medium
from .insight.price import CONF_COST_TO_ENERGY, SECTION_PRICE
from .insight.quarters import EXPORT, IMPORT

if TYPE_CHECKING:
    # The energy integration brings the recorder and the frontend, which not every installation has.
    from homeassistant.components.energy.data import (
        EnergyPreferencesUpdate,
        GasSourceType,
        GridSourceType,
        SourceType,
        WaterSourceType,
    )


async def async_setup_energy_dashboard(hass: HomeAssistant, entry: EmucsConfigEntry) -> None:
    """Add the meters of an entry to the energy dashboard, or what they cost, once, if the user asked for it."""
    if not _is_asked_for(entry):
        return
    coordinator = entry.runtime_data
    if coordinator.data is not None:
        await _async_add(hass, entry)
        return

    @callback
    def add_later() -> None:
        """Add them once the entities exist, a moment after the first telegram."""
        if _is_asked_for(entry) and _sources(hass, entry):
            entry.async_create_task(hass, _async_add(hass, entry), eager_start=True)

    entry.async_on_unload(coordinator.async_add_listener(add_later))


def _is_asked_for(entry: EmucsConfigEntry) -> bool:
    """Tell whether the user asked for the meters, or for their costs."""
    options = entry.options
    return bool(options.get(CONF_ADD_TO_ENERGY) or options.get(SECTION_PRICE, {}).get(CONF_COST_TO_ENERGY))


async def _async_add(hass: HomeAssistant, entry: EmucsConfigEntry) -> None:
    """Add to the energy dashboard what the user asked for, and remember that it was done."""
    options = {key: value for key, value in entry.options.items() if key != CONF_ADD_TO_ENERGY}
    adds_meters, adds_costs = CONF_ADD_TO_ENERGY in entry.options, False
    if SECTION_PRICE in options:
        options[SECTION_PRICE] = dict(options[SECTION_PRICE])
        adds_costs = bool(options[SECTION_PRICE].pop(CONF_COST_TO_ENERGY, False))
    hass.config_entries.async_update_entry(entry, options=options)
    if "energy" not in hass.config.components:
        return
    from homeassistant.components.energy.data import async_get_manager  # noqa: PLC0415 -- energy may be absent

    manager = await async_get_manager(hass)
    existing = list(manager.data["energy_sources"]) if manager.data else []
    used = {source.get("stat_energy_from") for source in existing}
    ours = _sources(hass, entry)
    after = [_with_costs(source, ours) for source in existing] if adds_costs else existing
    if adds_meters:
        after = after + [source for source in ours if source.get("stat_energy_from") not in used]
    if after != existing:
        await manager.async_update(cast("EnergyPreferencesUpdate", {"energy_sources": after}))


def _with_costs(source: SourceType, ours: list[SourceType]) -> SourceType:
    """Return a source of the dashboard with the costs of ours, where the user has set nothing."""
    if source["type"] != "grid":
        return source
    result = source.copy()
    for grid in ours:
        if grid["type"] != "grid":
            continue
        if source["stat_energy_from"] == grid["stat_energy_from"] and not (
            source["stat_cost"] or source["entity_energy_price"] or source["number_energy_price"] is not None
        ):
            result["stat_cost"] = grid["stat_cost"]
        if source["stat_energy_to"] == grid["stat_energy_to"] and not (
            source["stat_compensation"]
            or source["entity_energy_price_export"]
            or source["number_energy_price_export"] is not None
        ):
            result["stat_compensation"] = grid["stat_compensation"]
    return result


def _sources(hass: HomeAssistant, entry: EmucsConfigEntry) -> list[SourceType]:
    """Return the sources of the energy dashboard for the meters of an entry."""
    registry = er.async_get(hass)

    def entity(identifier: str, key: str) -> str | None:
        """Return the entity id of a sensor."""
        return registry.async_get_entity_id(Platform.SENSOR, DOMAIN, f"{identifier}_{key}")

    coordinator = entry.runtime_data
    settings = coordinator.insights[EnergyCost].settings
    sources: list[SourceType] = []
    if energy_import := entity(coordinator.identifier, "energy_import"):
        grid: GridSourceType = {
            "type": "grid",
            "stat_energy_from": energy_import,
            "stat_energy_to": entity(coordinator.identifier, "energy_export"),
            # Exact by quarter-hours, which the dashboard could not work out from a price.
            "stat_cost": statistic_id(entry, IMPORT) if settings.imported.is_set else None,
            "entity_energy_price": None,
            "number_energy_price": None,
            "stat_compensation": statistic_id(entry, EXPORT) if settings.exported.is_set else None,
            "entity_energy_price_export": None,
            "number_energy_price_export": None,
            "cost_adjustment_day": 0,
        }
        if power := entity(coordinator.identifier, "power"):
            grid["stat_rate"] = power
        sources.append(grid)
    for identifier, meter in coordinator.insights.mbus.items():
        if (volume := entity(identifier, meter.medium)) is None:
            continue
        source = _volume_source(meter.medium, volume)
        if source is None:
            continue
        if flow := entity(identifier, "flow"):
            source["stat_rate"] = flow
        sources.append(source)
    return sources


def _volume_source(medium: Medium, volume: str) -> GasSourceType | WaterSourceType | None:
    """Return the source of a gas or water meter."""
    no_costs = {"stat_cost": None, "entity_energy_price": None, "number_energy_price": None}
    if medium in (Medium.GAS, Medium.WATER):
        return cast("GasSourceType | WaterSourceType", {"type": str(medium), "stat_energy_from": volume, **no_costs})
    return None
