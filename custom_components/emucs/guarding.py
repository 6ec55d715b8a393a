"""The guard of a meter in Home Assistant: kept over restarts, and what it finds of meters told to the registries."""

import logging
from typing import Any, Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er

from .const import DOMAIN
from .devices import masked_title
from .insight.guard import Guard, Guarded
from .port import Telegram, parse_code
from .storage import READINGS, Keeper

_LOGGER: Final = logging.getLogger(__name__)
# What a crash loses: a step is judged by the time that has passed, so that an older reading serves as well.
_SAVE_INTERVAL: Final = 900.0
_SAVE_DELAY: Final = 1.0


class GuardKeeper(Keeper[Guard]):
    """Lets telegrams pass through the guard, and keeps what it knows."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, meter_id: str) -> None:
        """Start with nothing known."""
        super().__init__(hass, entry, READINGS, Guard(meter_id))
        self._due = 0.0
        self.latest: Guarded | None = None
        self.withheld = 0
        """How many readings were not believed since set-up."""

    @override
    def _restore(self, saved: dict[str, Any]) -> Guard:
        """Return the guard of the same meter."""
        return Guard.restore(self.insight.meter_id, saved)

    @callback
    def async_feed(self, telegram: Telegram) -> Guarded:
        """Take a telegram; return what can be believed of it."""
        before, guarded = self.latest, self.insight.feed(telegram)
        self.latest = guarded
        self.withheld += len(guarded.withheld)
        if guarded.withheld and (before is None or not before.withheld):
            _LOGGER.debug("Not believed yet: %s", _codes(guarded.withheld))
        if guarded.restarted:
            _LOGGER.info("%s: a counter was set: %s", masked_title(self._entry), _codes(guarded.restarted))
        if (now := self._hass.loop.time()) >= self._due:
            self._due = now + _SAVE_INTERVAL
            self.async_save_in(_SAVE_DELAY)
        return guarded

    @callback
    def async_rename(self, guarded: Guarded) -> bool:
        """Let M-Bus meters that print their identifier from now on keep their history; tell whether there are any."""
        renamed = [
            _async_rename(self._hass, self._entry, before, identifier) for before, identifier in guarded.renamed.items()
        ]
        return any(renamed)


def code_of(key: str) -> str:
    """Return what a counter can be called before others: its code, or that it is an M-Bus meter's."""
    return "M-Bus" if parse_code(key) is None else key


def _codes(keys: frozenset[str]) -> str:
    """Return what counters can be called in a log."""
    return ", ".join(sorted({code_of(key) for key in keys}))


@callback
def _async_rename(hass: HomeAssistant, entry: ConfigEntry, before: str, identifier: str) -> bool:
    """Give the device and the entities of a meter another identifier; tell whether there was such a device."""
    devices, entities = dr.async_get(hass), er.async_get(hass)
    device = devices.async_get_device_by_identifier((DOMAIN, before), entry.entry_id)
    if device is None or devices.async_get_device_by_identifier((DOMAIN, identifier), entry.entry_id) is not None:
        return False
    for entity in er.async_entries_for_device(entities, device.id, include_disabled_entities=True):
        key = entity.unique_id.removeprefix(before)
        entities.async_update_entity(entity.entity_id, new_unique_id=f"{identifier}{key}")
    devices.async_update_device(device.id, new_identifiers={(DOMAIN, identifier)}, serial_number=identifier)
    return True
