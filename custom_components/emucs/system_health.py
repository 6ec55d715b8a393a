"""System health: the state of all ports, without anything that identifies a meter."""

from collections.abc import Callable
from typing import Any, Final

from homeassistant.components.system_health import SystemHealthRegistration
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_PORT
from homeassistant.core import HomeAssistant, callback

from .const import CONF_MAKE
from .coordinator import EmucsConfigEntry, MeterCoordinator
from .kinds import EntryKind, async_entries_of
from .port import Drop
from .port.address import scheme_of
from .port_watch import async_watch_of

_NONE: Final = "-"


@callback
def async_register(hass: HomeAssistant, register: SystemHealthRegistration) -> None:
    """Register the information."""
    register.async_register_info(async_system_health_info)


async def async_system_health_info(hass: HomeAssistant) -> dict[str, Any]:
    """Return the state of the ports, one word per meter in the order of their entries."""
    entries: list[EmucsConfigEntry] = async_entries_of(hass, EntryKind.METER)
    return {
        "meters": len(entries),
        "readers": ", ".join(entry.data.get(CONF_MAKE) or scheme_of(entry.data[CONF_PORT]) for entry in entries),
        "link": ", ".join(map(_link, entries)),
        "telegrams_per_minute": _each(entries, lambda meter: meter.watch.health.telegrams_per_minute),
        "checksum_errors": _each(entries, lambda meter: meter.link.reader.dropped[Drop.CHECKSUM]),
        "reconnects": _each(entries, lambda meter: max(0, meter.link.connections - 1)),
        "last_failure": ", ".join(async_watch_of(hass, entry).health.last_failure or _NONE for entry in entries),
    }


def _link(entry: EmucsConfigEntry) -> str:
    """Return the state of a link; that of the entry if it is not loaded."""
    if entry.state is not ConfigEntryState.LOADED:
        state: str = entry.state.value
        return state
    down = entry.runtime_data.down
    return "up" if down is None else down.reason


def _each(entries: list[EmucsConfigEntry], value: Callable[[MeterCoordinator], int | None]) -> str:
    """Return a value of each meter, or a dash without one."""
    values = [value(entry.runtime_data) if entry.state is ConfigEntryState.LOADED else None for entry in entries]
    return ", ".join(_NONE if each is None else str(each) for each in values)
