"""Sensors."""

from datetime import datetime
from typing import Any, override

from homeassistant.components.sensor import SensorEntity
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_track_point_in_utc_time

from .coordinator import EmucsConfigEntry, MeterCoordinator
from .entities.rows import SensorRow
from .entity import EmucsEntity, async_add_when_present
from .kinds import EntryKind, kind_of
from .metering_point import async_add_sensors

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: EmucsConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors of a meter, or of a metering point."""
    if kind_of(entry) is EntryKind.METERING_POINT:
        async_add_sensors(entry, async_add_entities)
        return
    async_add_when_present(entry, async_add_entities, SensorRow, EmucsSensor)


class EmucsSensor(EmucsEntity[SensorRow], SensorEntity):
    """A sensor of a row."""

    entity_description: SensorRow
    _unrecorded_attributes = frozenset({"coverage", "forecast", "limited_by", "peaks", "quarter_end", "so_far", "week"})
    _attr_extra_state_attributes: dict[str, Any] = {}  # noqa: RUF012 -- replaced, never changed

    def __init__(self, meter: MeterCoordinator, row: SensorRow) -> None:
        """Follow what was shown, where not every change is."""
        self._gate = row.gate() if row.port(meter).is_adaptive else None
        self._stop_clock: CALLBACK_TYPE | None = None
        if row.options_fn is not None:
            self._attr_options = row.options_fn(meter)
        super().__init__(meter, row)

    @override
    async def async_added_to_hass(self) -> None:
        """Show a counter as it stands at the end of each period of statistics."""
        await super().async_added_to_hass()
        if self._gate is not None and self.entity_description.is_counter:
            self.async_on_remove(self.coordinator.async_on_mark(self._async_end_period))
        self._async_follow_clock()

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Stop following the clock."""
        await super().async_will_remove_from_hass()
        if self._stop_clock is not None:
            self._stop_clock()

    @callback
    def _async_follow_clock(self, now: datetime | None = None) -> None:
        """Show a value that changes by the clock when it does; without telegrams, too."""
        if now is not None:
            self._take_value()
            self.async_write_ha_state()
        self._stop_clock = None
        changes_fn = self.entity_description.changes_fn
        if changes_fn is not None and (change := changes_fn(self.meter)) is not None:
            self._stop_clock = async_track_point_in_utc_time(self.hass, self._async_follow_clock, change)

    @override
    def _take_value(self) -> bool:
        """Take the value and the attributes of now."""
        value = self.entity_description.value(self.meter)
        changed = value != self._attr_native_value
        self._attr_native_value = value
        if self._gate is not None:
            self._gate.note(value, self.coordinator.told_at)
        return self._take_attributes() or changed

    def _take_attributes(self) -> bool:
        """Take the attributes of now; tell whether they changed."""
        if (last_reset_fn := self.entity_description.last_reset_fn) is not None:
            self._attr_last_reset = last_reset_fn(self.meter)
        if (attributes_fn := self.entity_description.attributes_fn) is None:
            return False
        before, self._attr_extra_state_attributes = (
            self._attr_extra_state_attributes,
            attributes_fn(self.meter),
        )
        return before != self._attr_extra_state_attributes

    @override
    def _take_worthwhile(self) -> bool:
        """Take the value with its attributes; alone these are worth it where every change is, or their row says so."""
        if (gate := self._gate) is None:
            return self._take_value()
        row, coordinator = self.entity_description, self.coordinator
        now, everything = coordinator.told_at, coordinator.shows_every_change
        if row.is_counter and not everything and not gate.is_due(now):
            return False
        value = row.value(self.meter)
        if gate.lets_pass(value, now, every_change=everything):
            self._attr_native_value = value
            self._take_attributes()
            return True
        return (everything or row.shows_attributes) and self._take_attributes() and gate.has_room(now)

    @callback
    def _async_end_period(self) -> None:
        """Show the value that may be the last of a period of statistics."""
        gate, coordinator = self._gate, self.coordinator
        value = self.entity_description.value(self.meter)
        if gate is not None and self._was_available and gate.lets_close(value, coordinator.told_at):
            self._attr_native_value = value
            self._take_attributes()
            self.async_write_ha_state()
