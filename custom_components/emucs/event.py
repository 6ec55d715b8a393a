"""Events: a quarter that ended, and a peak that became the month's."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .coordinator import EmucsConfigEntry, MeterCoordinator
from .entity import EmucsEntity
from .insight.capacity import CapacityState
from .insight.demand import has_quarters

PARALLEL_UPDATES = 0

NEW_MONTH_PEAK: Final = "new_month_peak"
QUARTER_CLOSED: Final = "quarter_closed"

PEAK: Final = EventEntityDescription(key="peak", translation_key="peak", event_types=[NEW_MONTH_PEAK, QUARTER_CLOSED])


async def async_setup_entry(
    hass: HomeAssistant, entry: EmucsConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the events where quarters can be followed."""
    if has_quarters(entry.runtime_data.data):
        async_add_entities([PeakEvent(entry.runtime_data, PEAK)])


class PeakEvent(EmucsEntity[MeterCoordinator], EventEntity):
    """Tells of quarters and peaks, in the moment in which the meter does."""

    _told: CapacityState | None = None

    @override
    def _take_value(self) -> bool:
        """Note what was there before; events are of what comes."""
        self._told = self.coordinator.capacity.state
        return False

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Tell what the latest telegram brought, once."""
        state = self.coordinator.capacity.state
        if state is not None and state is not self._told:
            if (closed := state.closed) is not None:
                seen = {"coverage": float(round(closed.coverage, 2)), "estimated": closed.estimated}
                self._tell(QUARTER_CLOSED, closed.value, closed.end, seen)
            if (peak := state.new_peak) is not None:
                self._tell(NEW_MONTH_PEAK, peak.value, peak.time, {})
        super()._handle_coordinator_update()

    def _tell(self, event: str, value: Decimal, time: datetime, more: dict[str, Any]) -> None:
        """Fire an event of a quarter: its value in kW, when it ended, and its rank among the month peaks."""
        attributes = {
            "value": float(round(value, 3)),
            "time": dt_util.as_local(time).isoformat(),
            "rank": self.coordinator.capacity.insight.ledger.rank(value),
        }
        self._trigger_event(event, attributes | more)
        self.async_write_ha_state()
