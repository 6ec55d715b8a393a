"""The household: what it will import, and how good that forecast has been."""

from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.const import UnitOfEnergy

from ..coordinator import MeterCoordinator
from ..insight.demand import has_quarters
from ..insight.forecast import Forecast, ForecastState
from ..insight.score import shown_score
from ..kinds import EntryKind
from .rows import Row, SensorRow, demand_row, of_state

KINDS: Final = (EntryKind.METER, EntryKind.GROUP)
SERVICE: Final = "household"


def _exists(meter: MeterCoordinator) -> bool:
    """Tell whether quarters can be followed."""
    return has_quarters(meter.telegram)


def _next_hour(state: ForecastState) -> float | None:
    """Return the mean import of the next hour in kW."""
    return None if state.next_hour is None else round(state.next_hour, 3)


def _today(state: ForecastState) -> float | None:
    """Return the import of today in kWh."""
    return None if state.today is None else round(state.today, 2)


def _attributes(meter: MeterCoordinator) -> dict[str, Any]:
    """Return the quarters of the next 24 hours, and how good the forecast has been."""
    state = meter.insights[Forecast].state
    return {"forecast": [] if state is None else state.shown} | shown_score(None if state is None else state.imported)


ROWS: Final[tuple[Row, ...]] = (
    demand_row("load_forecast", exists_fn=_exists, value_fn=of_state(Forecast, _next_hour), attributes_fn=_attributes),
    SensorRow(
        key="energy_forecast_today",
        translation_key="energy_forecast_today",
        device_class=SensorDeviceClass.ENERGY,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=1,
        exists_fn=_exists,
        value_fn=of_state(Forecast, _today),
    ),
)
