"""Whether what the meter prints agrees with itself."""

from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass

from ..coordinator import MeterCoordinator
from ..insight.electricity import energy_import, import_power
from ..insight.plausibility import Finding, Plausibility
from .rows import Row, diagnostic_row, of_state


def _exists(meter: MeterCoordinator) -> bool:
    """Tell whether there is something to compare."""
    telegram, insight = meter.telegram, meter.insights[Plausibility]
    return insight.settings and energy_import(telegram) is not None and import_power(telegram) is not None


def _attributes(meter: MeterCoordinator) -> dict[str, Any]:
    """Return what was compared over the latest hour, in kWh, and the phases that are reversed."""
    state = meter.insights[Plausibility].state
    counted = None if state is None else state.counted
    return {
        "counted": None if counted is None else round(counted, 3),
        "measured": None if state is None else round(state.measured, 3),
        "reversed_phases": [] if state is None else [phase.upper() for phase in state.reversed_phases],
    }


ROWS: Final[tuple[Row, ...]] = (
    diagnostic_row(
        "meter_plausibility",
        device_class=SensorDeviceClass.ENUM,
        options=sorted(Finding),
        entity_registry_enabled_default=False,
        exists_fn=_exists,
        value_fn=of_state(Plausibility, lambda state: state.finding),
        attributes_fn=_attributes,
    ),
)
