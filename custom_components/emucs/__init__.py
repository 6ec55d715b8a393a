"""Belgian digital meters, read at their user port."""

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.device_registry import DeviceEntry
from homeassistant.helpers.typing import ConfigType

from .capacity import store_of
from .const import DOMAIN
from .coordinator import EmucsConfigEntry, MeterCoordinator
from .energy import async_add_to_energy
from .history_entry import async_setup_history
from .history_import import forget as forget_history
from .services import async_setup_services

PLATFORMS = [Platform.BINARY_SENSOR, Platform.EVENT, Platform.NUMBER, Platform.SENSOR]
CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions."""
    async_setup_services(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: EmucsConfigEntry) -> bool:
    """Open the port, and set up what its first telegram shows."""
    coordinator = entry.runtime_data = MeterCoordinator(hass, entry)
    await coordinator.async_start()
    try:
        await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    except BaseException:
        await coordinator.async_stop()
        raise
    await async_add_to_energy(hass, entry)
    async_setup_history(hass, entry)
    return True


async def async_unload_entry(hass: HomeAssistant, entry: EmucsConfigEntry) -> bool:
    """Remove the entities and close the port."""
    if unloaded := await hass.config_entries.async_unload_platforms(entry, PLATFORMS):
        await entry.runtime_data.async_stop()
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: EmucsConfigEntry) -> None:
    """Forget the peaks of a meter that is removed, and what was imported; its statistics stay, as all do."""
    await store_of(hass, entry).async_remove()
    await forget_history(hass, entry)


async def async_remove_config_entry_device(hass: HomeAssistant, entry: EmucsConfigEntry, device: DeviceEntry) -> bool:
    """Let the user remove an M-Bus meter that the port does not show any more."""
    present = {entry.unique_id, *entry.runtime_data.present}
    return not any(domain == DOMAIN and identifier in present for domain, identifier in device.identifiers)
