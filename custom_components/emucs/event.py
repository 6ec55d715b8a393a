"""Events."""

from collections import deque
from datetime import datetime
from typing import Final, override

from homeassistant.components.event import EventEntity
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_call_later

from .coordinator import EmucsConfigEntry, MeterCoordinator
from .entities.rows import EventRow, Happening
from .entity import EmucsEntity, async_add_when_present
from .pace import Allowance

PARALLEL_UPDATES = 0
# The longest day has 100 quarter-hours, and a bridge may send them late in one go. Beyond that the oldest are dropped.
_MOST_AT_ONCE: Final = 128


async def async_setup_entry(
    hass: HomeAssistant, entry: EmucsConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the events of a meter."""
    async_add_when_present(entry, async_add_entities, EventRow, EmucsEvent)


class EmucsEvent(EmucsEntity[EventRow], EventEntity):
    """Fires the events of each telegram, once and in order; at most as many as a day has may wait."""

    entity_description: EventRow

    def __init__(self, meter: MeterCoordinator, row: EventRow) -> None:
        """Start without events: those before are not fired."""
        super().__init__(meter, row)
        self._waiting: deque[list[Happening]] = deque(maxlen=_MOST_AT_ONCE)
        self._allowance = Allowance(_MOST_AT_ONCE)
        self._stop_timer: CALLBACK_TYPE | None = None

    @override
    async def async_added_to_hass(self) -> None:
        """Follow every telegram, also those between two updates of other entities, and take the one of before."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.async_on_data(self._async_take))
        self._async_take()

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Stop firing."""
        await super().async_will_remove_from_hass()
        if self._stop_timer is not None:
            self._stop_timer()

    @override
    def _take_value(self) -> bool:
        """Do nothing: events come from telegrams, not from updates."""
        return False

    @callback
    def _async_take(self) -> None:
        """Queue the events of a telegram."""
        if happenings := list(self.entity_description.events_fn(self.meter)):
            self._waiting.append(happenings)
            self._async_go_on()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Follow the availability of the port; while it is down, events wait."""
        super()._handle_coordinator_update()
        self._async_go_on()

    @callback
    def _async_go_on(self) -> None:
        """Fire what waits, as fast as allowed; the rest follows by timer."""
        while self._waiting and self._stop_timer is None and self.available:
            if wait := self._allowance.take(self.hass.loop.time()):
                self._stop_timer = async_call_later(self.hass, wait, self._async_waited)
                return
            for event_type, attributes in self._waiting.popleft():
                self._trigger_event(event_type, attributes)
                self.async_write_ha_state()

    @callback
    def _async_waited(self, _: datetime) -> None:
        """Continue with what waits."""
        self._stop_timer = None
        self._async_go_on()
