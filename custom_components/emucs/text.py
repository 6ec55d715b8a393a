"""Texts that are set from outside, and kept."""

from typing import override

from homeassistant.components.text import RestoreText
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


class EmucsText(EmucsEntity[TextRow], RestoreText):
    """A text of a row. Home Assistant keeps it over restarts."""

    entity_description: TextRow
    _attr_native_value: str | None = ""

    @override
    def _take_value(self) -> bool:
        """Do nothing: telegrams do not change it."""
        return False

    @override
    async def async_added_to_hass(self) -> None:
        """Take up what was kept."""
        await super().async_added_to_hass()
        if (kept := await self.async_get_last_text_data()) is not None:
            self._attr_native_value = kept.native_value

    @override
    async def async_set_value(self, value: str) -> None:
        """Take and keep a text."""
        self._attr_native_value = value
        self.async_write_ha_state()
