"""Numbers that the user sets."""

from typing import override

from homeassistant.components.number import NumberEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import EmucsConfigEntry
from .entities.rows import NumberRow
from .entity import EmucsEntity, async_add_when_present

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: EmucsConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the numbers of a meter."""
    async_add_when_present(entry, async_add_entities, NumberRow, EmucsNumber)


class EmucsNumber(EmucsEntity[NumberRow], NumberEntity):
    """A number of a row."""

    entity_description: NumberRow

    @override
    def _take_value(self) -> bool:
        """Take what is set."""
        before, self._attr_native_value = (
            self._attr_native_value,
            float(self.entity_description.value_fn(self.meter)),
        )
        return before != self._attr_native_value

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Take what the user sets; what follows from it holds from the next telegram on."""
        self.entity_description.set_fn(self.meter, value)
        self._take_value()
        self.async_write_ha_state()
