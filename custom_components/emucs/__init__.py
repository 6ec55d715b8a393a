"""Belgian digital meters, read at their user port."""

from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.device_registry import DeviceEntry
from homeassistant.helpers.translation import async_get_translations
from homeassistant.helpers.typing import ConfigType

from .const import CONF_UPDATE_INTERVAL, DOMAIN, ENTRY_MINOR_VERSION, ENTRY_VERSION
from .coordinator import EmucsConfigEntry, MeterCoordinator
from .cost_statistics import async_setup_cost_statistics
from .devices import async_title
from .energy_dashboard import async_setup_energy_dashboard
from .entities import ROWS, rows_of
from .entities.rows import Row
from .find_slot import async_setup_find_slot
from .frontend import async_add_resource, async_forget_resource, async_setup_dashboard
from .group_watch import async_set_up_group
from .history import async_forget_history, async_setup_history, async_start_history
from .history.services import async_setup_history_services
from .household_seed import async_seed_household
from .insight.band_energy import BandEnergy
from .insight.capacity import CONF_PEAK_TARGET, SECTION_CAPACITY
from .issues import async_end_all, async_follow_meters, async_follow_tariff_year, async_follow_voltage
from .kinds import EntryKind, kind_of
from .live import async_setup_live, async_setup_live_feed
from .metering_point import async_set_up_point
from .peak_statistics import async_setup_peak_statistics
from .port_watch import async_forget_watch
from .price_watch import async_follow_prices
from .samples import async_forget_entities, async_setup_samples, samples_of
from .scope import async_setup_scope, async_setup_scope_feed
from .self_consumption import async_follow_self_consumption
from .services import async_setup_services
from .sidebar import async_offer_in_sidebar, async_setup_sidebar
from .simulate_sharing import async_setup_simulate_sharing
from .storage import async_remove_stores
from .voltage_report import async_setup_voltage_report

PLATFORMS = [
    Platform.BINARY_SENSOR,
    Platform.CALENDAR,
    Platform.EVENT,
    Platform.NUMBER,
    Platform.SENSOR,
    Platform.TEXT,
]
POINT_PLATFORMS = [Platform.SENSOR]
# The minor versions of entries that brought the present form of something.
_WITH_TARGET: Final = 2
_WITHOUT_NUMBER: Final = 3
_ADAPTIVE: Final = 4
# The seconds between updates that were the default until then.
_FORMER_INTERVAL: Final = 5
CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions, and what the frontend loads and asks for."""
    async_setup_services(hass)
    async_setup_find_slot(hass)
    async_setup_simulate_sharing(hass)
    async_setup_voltage_report(hass)
    async_setup_live(hass)
    async_setup_scope(hass)
    async_setup_sidebar(hass)
    async_setup_history(hass)
    async_setup_history_services(hass)
    await async_setup_dashboard(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: EmucsConfigEntry) -> bool:
    """Open the port, and set up what its telegrams show."""
    # The registry names devices with loaded translations; a language chosen a moment ago may not be loaded yet.
    await async_get_translations(hass, hass.config.language, "device", {DOMAIN})
    kind = kind_of(entry)
    if kind is EntryKind.METERING_POINT:
        return await _async_set_up_point(hass, entry)
    is_meter = kind is EntryKind.METER
    if not is_meter:
        async_set_up_group(hass, entry)
    coordinator = entry.runtime_data = MeterCoordinator(hass, entry)
    await coordinator.async_start()
    async_setup_samples(hass, entry)
    _async_forget_samples(hass, entry)
    async_setup_peak_statistics(hass, entry)
    if is_meter:
        async_follow_tariff_year(hass, entry)
        async_follow_voltage(hass, entry)
        async_follow_meters(hass, entry)
        async_follow_prices(hass, entry)
        async_setup_cost_statistics(hass, entry)
    try:
        await hass.config_entries.async_forward_entry_setups(entry, _platforms(coordinator))
    except BaseException:
        await coordinator.async_stop()
        raise
    # If the entry was disabled meanwhile, Home Assistant set up no platform, and unloading one would log a warning.
    coordinator.async_go_on(has_platforms=entry.disabled_by is None)
    if is_meter:
        await async_setup_energy_dashboard(hass, entry)
        async_start_history(hass, entry)
        async_seed_household(hass, entry)
        await async_follow_self_consumption(hass, entry)
    async_setup_live_feed(hass, entry)
    async_setup_scope_feed(hass, entry)
    await async_add_resource(hass)
    await async_offer_in_sidebar(hass, entry)
    return True


async def _async_set_up_point(hass: HomeAssistant, entry: ConfigEntry[Any]) -> bool:
    """Set up a metering point without a port."""
    async_set_up_point(hass, entry)
    await hass.config_entries.async_forward_entry_setups(entry, POINT_PLATFORMS)
    async_start_history(hass, entry)
    return True


@callback
def _async_forget_samples(hass: HomeAssistant, entry: EmucsConfigEntry) -> None:
    """Remove the entities of an S1 port that the meter has no more."""
    coordinator = entry.runtime_data
    if samples_of(coordinator) is None and coordinator.data is not None:
        others = {row.key for row in rows_of(coordinator, Row) if not row.is_of_samples and row.exists(coordinator)}
        of_samples = {row.key: row.platform for row in ROWS if row.is_of_samples and row.key not in others}
        async_forget_entities(hass, entry, of_samples)


def _platforms(coordinator: MeterCoordinator) -> list[Platform]:
    """Return the platforms of a meter. That of calendars brings a panel, which is not for those without time bands."""
    has_bands = coordinator.insights[BandEnergy].settings is not None
    return [platform for platform in PLATFORMS if has_bands or platform is not Platform.CALENDAR]


async def async_unload_entry(hass: HomeAssistant, entry: EmucsConfigEntry) -> bool:
    """Remove the entities and close the port."""
    if kind_of(entry) is EntryKind.METERING_POINT:
        return await hass.config_entries.async_unload_platforms(entry, POINT_PLATFORMS)
    coordinator = entry.runtime_data
    if coordinator.has_platforms and not await hass.config_entries.async_unload_platforms(
        entry, _platforms(coordinator)
    ):
        return False
    await coordinator.async_stop()
    return True


async def async_migrate_entry(hass: HomeAssistant, entry: EmucsConfigEntry) -> bool:
    """Migrate an entry of an earlier version; refuse one of a later major version."""
    if entry.version > ENTRY_VERSION:
        return False
    options, title = dict(entry.options), entry.title
    if entry.minor_version < _WITH_TARGET and SECTION_CAPACITY in options:
        # Until then the target was called a goal.
        section = dict(options[SECTION_CAPACITY])
        if (goal := section.pop("goal", None)) is not None:
            section[CONF_PEAK_TARGET] = goal
        options[SECTION_CAPACITY] = section
    if entry.minor_version < _WITHOUT_NUMBER and entry.unique_id and entry.unique_id in title:
        # Until then the title had the number of the meter in it.
        title = " ".join(title.replace(entry.unique_id, "").replace("()", "").split())
        title = await async_title(hass, entry.unique_id, title)
    if entry.minor_version < _ADAPTIVE and options.get(CONF_UPDATE_INTERVAL) == _FORMER_INTERVAL:
        # The form stored the default too: who left it alone gets what is the default now.
        del options[CONF_UPDATE_INTERVAL]
    hass.config_entries.async_update_entry(entry, options=options, title=title, minor_version=ENTRY_MINOR_VERSION)
    return True


async def async_remove_entry(hass: HomeAssistant, entry: EmucsConfigEntry) -> None:
    """Delete what was stored of a removed meter. Its statistics stay, as those of all removed entities do."""
    async_forget_watch(hass, entry)
    async_end_all(hass, entry)
    await async_remove_stores(hass, entry)
    await async_forget_history(hass, entry)
    await async_forget_resource(hass, entry)


async def async_remove_config_entry_device(hass: HomeAssistant, entry: EmucsConfigEntry, device: DeviceEntry) -> bool:
    """Allow the removal of an M-Bus meter that the port no longer shows, or of a service without entities."""
    if kind_of(entry) is EntryKind.METERING_POINT:
        return False
    coordinator = entry.runtime_data
    if coordinator.data is None:
        # Which meters there are is known from the first telegram on.
        return False
    mbus = coordinator.insights.mbus
    present = {entry.unique_id, *(identifier for identifier, reading in mbus.items() if reading.is_present)}
    services = (row for row in rows_of(coordinator, Row) if row.service is not None)
    present |= {row.device_identifier(coordinator) for row in services if row.exists(coordinator)}
    return not any(domain == DOMAIN and identifier in present for domain, identifier in device.identifiers)
