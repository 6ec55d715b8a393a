"""Binary sensors."""

from typing import override

from homeassistant.components.binary_sensor import BinarySensorEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import EmucsConfigEntry
from .entities.rows import BinarySensorRow
from .entity import EmucsEntity, async_add_when_present

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: EmucsConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the binary sensors of a meter."""
    async_add_when_present(entry, async_add_entities, BinarySensorRow, EmucsBinarySensor)


class EmucsBinarySensor(EmucsEntity[BinarySensorRow], BinarySensorEntity):
    """A binary sensor described by a row."""

    entity_description: BinarySensorRow

    @override
    def _take_value(self) -> bool:
        """Take the current state."""
        before, self._attr_is_on = self._attr_is_on, self.entity_description.is_on_fn(self.meter)
        return before is not self._attr_is_on
