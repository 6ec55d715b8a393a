"""The voltage at the connection: means of ten minutes, the verdict of the week, and what happens. Indicative."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from typing import Any, Final

from homeassistant.components.binary_sensor import BinarySensorDeviceClass
from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import UnitOfElectricPotential, UnitOfTime
from homeassistant.util import dt as dt_util

from ..coordinator import MeterCoordinator
from ..insight.grid import Grid
from ..insight.voltage import Voltage, VoltageState
from ..insight.voltage_events import VoltageEventType
from ..insight.voltage_history import VoltageVerdict
from ..port import obis
from ..samples import samples_of
from .rows import BinarySensorRow, EventRow, Happening, Of, Row, SensorRow, Value, of_state

SERVICE: Final = "connection"


def _has_phases(least: int, meter: MeterCoordinator) -> bool:
    """Tell whether at least so many phases have a voltage that is judged."""
    return len(meter.insights[Voltage].history.phases) >= least


_has_voltage: Final = partial(_has_phases, 1)


def _has_phase(phase: str, meter: MeterCoordinator) -> bool:
    """Tell whether the voltage of a phase is judged."""
    return phase in meter.insights[Voltage].history.phases


def _has_neutral(meter: MeterCoordinator) -> bool:
    """Tell whether three voltages are those to the neutral."""
    return _has_phases(3, meter) and meter.insights.grid is Grid.THREE_PHASE_400V


def _mean(phase: str, state: VoltageState) -> Decimal | None:
    """Return the mean of the latest slot that is over, with the digits that say on which side of a limit it is."""
    mean = state.means.get(phase)
    return None if mean is None else round(Decimal(mean), 2)


def _source(meter: MeterCoordinator) -> dict[str, Any]:
    """Return which port the mean is of, where samples are read too."""
    return {"source": "s1" if meter.insights[Voltage].is_measured else "p1"} if samples_of(meter) else {}


def _mean_row(phase: str) -> SensorRow:
    """Return the mean of ten minutes of a phase."""
    return SensorRow(
        key=f"voltage_10min_{phase}",
        translation_key="voltage_10min_phase",
        translation_placeholders={"phase": phase.upper()},
        device_class=SensorDeviceClass.VOLTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfElectricPotential.VOLT,
        suggested_display_precision=1,
        exists_fn=partial(_has_phase, phase),
        value_fn=of_state(Voltage, partial(_mean, phase)),
        attributes_fn=_source,
    )


def _time_row(key: str, seconds: Callable[[VoltageState], int]) -> SensorRow:
    """Return for how long a voltage was outside today, in seconds."""
    return SensorRow(
        key=key,
        translation_key=key,
        device_class=SensorDeviceClass.DURATION,
        state_class=SensorStateClass.TOTAL_INCREASING,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        suggested_unit_of_measurement=UnitOfTime.MINUTES,
        suggested_display_precision=0,
        exists_fn=_has_voltage,
        value_fn=of_state(Voltage, seconds),
    )


def _problem_row(
    key: str, is_on: Callable[[VoltageState], bool | None], exists: Of[bool], **fields: Any
) -> BinarySensorRow:
    """Return something that is wrong with the voltage, or not."""
    return BinarySensorRow(
        key=key,
        translation_key=key,
        device_class=BinarySensorDeviceClass.PROBLEM,
        exists_fn=exists,
        is_on_fn=of_state(Voltage, is_on),
        **fields,
    )


def _quality_attributes(meter: MeterCoordinator) -> dict[str, Any]:
    """Return by how many per cent a phase deviates most from the mean of three, where there is a neutral."""
    if not _has_neutral(meter):
        return {}
    state = meter.insights[Voltage].state
    deviation = None if state is None else state.deviation
    return {"largest_deviation": None if deviation is None else round(deviation * 100, 1)}


def _quality(state: VoltageState) -> Value:
    """Return the verdict of the week."""
    return state.quality


def _events(meter: MeterCoordinator) -> Iterator[Happening]:
    """Yield what the latest telegram showed."""
    state = meter.insights[Voltage].state
    for event in state.events if state is not None else ():
        yield Happening(
            event.type,
            {
                "phase": event.phase.upper(),
                "value": event.value,
                "time": dt_util.as_local(event.time).isoformat(),
                "export_power": event.export,
            },
        )


ROWS: Final[tuple[Row, ...]] = (
    *map(_mean_row, obis.PHASE_GROUP),
    SensorRow(
        key="voltage_quality",
        translation_key="voltage_quality",
        device_class=SensorDeviceClass.ENUM,
        options=list(VoltageVerdict),
        exists_fn=_has_voltage,
        value_fn=of_state(Voltage, _quality),
        attributes_fn=_quality_attributes,
    ),
    _time_row("overvoltage_time", lambda state: state.above),
    _time_row("undervoltage_time", lambda state: state.below),
    _problem_row("voltage_problem", lambda state: state.problem, _has_voltage),
    _problem_row("phase_missing", lambda state: state.is_phase_missing, partial(_has_phases, 2)),
    _problem_row(
        "neutral_suspected",
        lambda state: state.is_neutral_suspected,
        _has_neutral,
        entity_registry_enabled_default=False,
    ),
    EventRow(
        key="voltage",
        translation_key="voltage",
        event_types=list(VoltageEventType),
        exists_fn=_has_voltage,
        events_fn=_events,
    ),
)
