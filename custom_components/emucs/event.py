"""Events."""

from typing import override

from homeassistant.components.event import EventEntity
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import EmucsConfigEntry
from .entities.rows import EventRow
from .entity import EmucsEntity, async_add_when_present
from .insight.meter import MeterUpdate

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: EmucsConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the events of a meter."""
    async_add_when_present(entry, async_add_entities, EventRow, EmucsEvent)


class EmucsEvent(EmucsEntity[EventRow], EventEntity):
    """Tells what a telegram brought, once."""

    entity_description: EventRow
    _told: MeterUpdate | None = None

    @override
    def _take_value(self) -> bool:
        """Note what was there before; events are of what comes."""
        self._told = self.coordinator.data
        return False

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Tell what the latest telegram brought."""
        if self.coordinator.data is not self._told:
            for event_type, attributes in self.entity_description.events_fn(self.coordinator):
                self._trigger_event(event_type, attributes)
                self.async_write_ha_state()
        super()._handle_coordinator_update()
