"""The base load of the night, and whether it has risen for good."""

from typing import Any, Final

from homeassistant.components.binary_sensor import BinarySensorDeviceClass
from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import UnitOfPower

from ..coordinator import MeterCoordinator
from ..insight.baseload import BaseLoad
from ..insight.demand import has_quarters
from .rows import BinarySensorRow, Row, SensorRow, of_state

SERVICE: Final = "household"


def _exists(meter: MeterCoordinator) -> bool:
    """Tell whether quarters can be followed."""
    return has_quarters(meter.telegram)


def _attributes(meter: MeterCoordinator) -> dict[str, Any]:
    """Return what is usual, how that compares, and what an alarm takes."""
    state = meter.insights[BaseLoad].state
    return {
        "usual": None if state is None else state.usual,
        "trend": None if state is None else state.trend,
        "alarm_above": None if state is None else state.limit,
        "quiet": None if state is None else state.is_quiet,
        "known_nights": 0 if state is None else state.nights,
    }


ROWS: Final[tuple[Row, ...]] = (
    SensorRow(
        key="base_load",
        translation_key="base_load",
        device_class=SensorDeviceClass.POWER,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfPower.WATT,
        suggested_display_precision=0,
        exists_fn=_exists,
        value_fn=of_state(BaseLoad, lambda state: state.base),
        attributes_fn=_attributes,
        shows_attributes=True,
    ),
    BinarySensorRow(
        key="base_load_alarm",
        translation_key="base_load_alarm",
        device_class=BinarySensorDeviceClass.PROBLEM,
        exists_fn=_exists,
        is_on_fn=of_state(BaseLoad, lambda state: state.alarm),
    ),
)
