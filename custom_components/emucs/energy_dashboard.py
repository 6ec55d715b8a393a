"""Adds the meters of an entry to the energy dashboard, once, if the user asked for it at set-up."""

from typing import TYPE_CHECKING, cast

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er

from .const import CONF_ADD_TO_ENERGY, DOMAIN
from .coordinator import EmucsConfigEntry
from .insight.mbus import Medium

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
    """Add the meters of an entry to the energy dashboard, once, if the user asked for it at set-up."""
    if not entry.options.get(CONF_ADD_TO_ENERGY):
        return
    coordinator = entry.runtime_data
    if coordinator.data is not None:
        await _async_add(hass, entry)
        return

    @callback
    def add_later() -> None:
        """Add them once the entities exist, a moment after the first telegram."""
        if entry.options.get(CONF_ADD_TO_ENERGY) and _sources(hass, entry):
            entry.async_create_task(hass, _async_add(hass, entry), eager_start=True)

    entry.async_on_unload(coordinator.async_add_listener(add_later))


async def _async_add(hass: HomeAssistant, entry: EmucsConfigEntry) -> None:
    """Add the meters of an entry to the energy dashboard, and remember that it was done."""
    options = {key: value for key, value in entry.options.items() if key != CONF_ADD_TO_ENERGY}
    hass.config_entries.async_update_entry(entry, options=options)
    if "energy" not in hass.config.components:
        return
    from homeassistant.components.energy.data import async_get_manager  # noqa: PLC0415 -- energy may be absent

    manager = await async_get_manager(hass)
    existing = list(manager.data["energy_sources"]) if manager.data else []
    used = {source.get("stat_energy_from") for source in existing}
    new = [source for source in _sources(hass, entry) if source.get("stat_energy_from") not in used]
    if new:
        await manager.async_update(cast("EnergyPreferencesUpdate", {"energy_sources": existing + new}))


def _sources(hass: HomeAssistant, entry: EmucsConfigEntry) -> list[SourceType]:
    """Return the sources of the energy dashboard for the meters of an entry."""
    registry = er.async_get(hass)

    def entity(identifier: str, key: str) -> str | None:
        """Return the entity id of a sensor."""
        return registry.async_get_entity_id(Platform.SENSOR, DOMAIN, f"{identifier}_{key}")

    coordinator = entry.runtime_data
    sources: list[SourceType] = []
    if energy_import := entity(coordinator.identifier, "energy_import"):
        grid: GridSourceType = {
            "type": "grid",
            "stat_energy_from": energy_import,
            "stat_energy_to": entity(coordinator.identifier, "energy_export"),
            "stat_cost": None,
            "entity_energy_price": None,
            "number_energy_price": None,
            "stat_compensation": None,
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
