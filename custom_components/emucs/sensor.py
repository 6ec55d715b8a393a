"""Sensors."""

from typing import Any, override

from homeassistant.components.sensor import SensorEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import EmucsConfigEntry
from .entities.rows import SensorRow
from .entity import EmucsEntity, async_add_when_present

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: EmucsConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors of a meter."""
    async_add_when_present(entry, async_add_entities, SensorRow, EmucsSensor)


class EmucsSensor(EmucsEntity[SensorRow], SensorEntity):
    """A sensor of a row."""

    entity_description: SensorRow
    _unrecorded_attributes = frozenset({"coverage", "forecast", "limited_by", "quarter_end", "so_far"})
    _attr_extra_state_attributes: dict[str, Any] = {}  # noqa: RUF012 -- replaced, never changed

    @override
    def _take_value(self) -> bool:
        """Take the value and the attributes of now."""
        row = self.entity_description
        before, self._attr_native_value = self._attr_native_value, row.value(self.coordinator)
        changed = before != self._attr_native_value
        if row.attributes_fn is not None:
            others, self._attr_extra_state_attributes = (
                self._attr_extra_state_attributes,
                row.attributes_fn(self.coordinator),
            )
            changed |= others != self._attr_extra_state_attributes
        return changed
