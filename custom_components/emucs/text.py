"""Texts that automations or the user set."""

from typing import override

from homeassistant.components.text import TextEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import EmucsConfigEntry
from .entities.rows import TextRow
from .entity import EmucsEntity, async_add_when_present

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: EmucsConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the texts of a meter."""
    async_add_when_present(entry, async_add_entities, TextRow, EmucsText)


class EmucsText(EmucsEntity[TextRow], TextEntity):
    """A text of a row."""

    entity_description: TextRow
    _attr_native_value: str | None = None

    @override
    def _take_value(self) -> bool:
        """Take what is set."""
        before, self._attr_native_value = self._attr_native_value, self.entity_description.value_fn(self.meter)
        return before != self._attr_native_value

    @override
    async def async_set_value(self, value: str) -> None:
        """Take what is set; the entity shows it when this returns."""
        self.entity_description.set_fn(self.meter, value)
