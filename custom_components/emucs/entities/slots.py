"""When a machine fits into the house."""

from datetime import datetime
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass

from ..coordinator import MeterCoordinator
from ..insight.demand import has_quarters
from ..insight.slots import DISHWASHER, Slots, SlotsState
from .rows import Row, SensorRow, of_state

SERVICE: Final = "household"
_HOUR: Final = 3600


def _attributes(meter: MeterCoordinator) -> dict[str, Any]:
    """Return which machine is meant, and what fits at the start."""
    state = meter.insights[Slots].state
    start = None if state is None else state.next
    return {
        "room": None if start is None else round(start.room, 3),
        "machine_power": DISHWASHER.power,
        "machine_energy": DISHWASHER.energy,
        "machine_hours": DISHWASHER.duration.total_seconds() / _HOUR,
    }


def _next(state: SlotsState) -> datetime | None:
    """Return the best start of the next 24 hours."""
    return None if state.next is None else state.next.begin


ROWS: Final[tuple[Row, ...]] = (
    SensorRow(
        key="next_slot",
        translation_key="next_slot",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_registry_enabled_default=False,
        exists_fn=lambda meter: has_quarters(meter.telegram),
        value_fn=of_state(Slots, _next),
        attributes_fn=_attributes,
    ),
)
