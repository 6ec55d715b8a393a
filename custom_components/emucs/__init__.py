"""Belgian digital meters, read at their user port."""

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.device_registry import DeviceEntry
from homeassistant.helpers.typing import ConfigType

from .const import DOMAIN
from .coordinator import EmucsConfigEntry, MeterCoordinator
from .energy_dashboard import async_add_to_energy
from .frontend import async_setup_dashboard
from .history import async_forget_history, async_setup_history, async_start_history
from .history.services import async_setup_history_services
from .port_watch import async_forget_watch
from .services import async_setup_services
from .storage import ALL_KEPT, store_of

PLATFORMS = [Platform.BINARY_SENSOR, Platform.EVENT, Platform.NUMBER, Platform.SENSOR]
CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions, and what the frontend loads."""
    async_setup_services(hass)
    async_setup_history(hass)
    async_setup_history_services(hass)
    await async_setup_dashboard(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: EmucsConfigEntry) -> bool:
    """Open the port, and set up what its first telegram shows."""
    coordinator = entry.runtime_data = MeterCoordinator(hass, entry)

    async def show() -> None:
        """Show what the first telegram has."""
        await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
        coordinator.shown = True
        await async_add_to_energy(hass, entry)

    await coordinator.async_start(show)
    async_start_history(hass, entry)
    return True


async def async_unload_entry(hass: HomeAssistant, entry: EmucsConfigEntry) -> bool:
    """Remove the entities and close the port."""
    coordinator = entry.runtime_data
    if coordinator.shown and not await hass.config_entries.async_unload_platforms(entry, PLATFORMS):
        return False
    await coordinator.async_stop()
    return True


async def async_remove_entry(hass: HomeAssistant, entry: EmucsConfigEntry) -> None:
    """Forget what was kept of a meter that is removed; its statistics stay, as all do."""
    async_forget_watch(hass, entry)
    for what in ALL_KEPT:
        await store_of(hass, entry, what).async_remove()
    await async_forget_history(hass, entry)


async def async_remove_config_entry_device(hass: HomeAssistant, entry: EmucsConfigEntry, device: DeviceEntry) -> bool:
    """Let the user remove an M-Bus meter that the port does not show any more."""
    present = {entry.unique_id, *entry.runtime_data.present}
    return not any(domain == DOMAIN and identifier in present for domain, identifier in device.identifiers)
