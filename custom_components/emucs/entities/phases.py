"""Rows of the electricity meter per phase."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import UnitOfElectricCurrent, UnitOfElectricPotential

from ..coordinator import MeterCoordinator
from ..insight.electricity import phase_power
from ..insight.grid import Grid, has_voltage
from ..port import obis
from .rows import Row, SensorRow, Value, power_row


def _has_power(phase: str, meter: MeterCoordinator) -> bool:
    """Tell whether a phase has a power: without a neutral, the meter's two wattmeters do not measure phases."""
    codes = obis.import_power(phase), obis.export_power(phase)
    registers = meter.telegram.registers
    return meter.insights.grid is not Grid.THREE_PHASE_230V and any(code in registers for code in codes)


def _power(phase: str, meter: MeterCoordinator) -> Value:
    """Return the net power of a phase."""
    return phase_power(meter.telegram, phase)


def _has_voltage(phase: str, meter: MeterCoordinator) -> bool:
    """Tell whether a phase has a voltage."""
    return has_voltage(meter.telegram, phase, meter.insights.grid)


def _rows(phase: str) -> Iterator[Row]:
    """Yield the sensors of a phase."""
    yield power_row("power", phase, exists_fn=partial(_has_power, phase), value_fn=partial(_power, phase))
    yield power_row("power_import", phase, codes=(obis.import_power(phase),), entity_registry_enabled_default=False)
    yield power_row("power_export", phase, codes=(obis.export_power(phase),), entity_registry_enabled_default=False)
    yield SensorRow(
        key=f"voltage_{phase}",
        translation_key="voltage_phase",
        translation_placeholders={"phase": phase.upper()},
        device_class=SensorDeviceClass.VOLTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfElectricPotential.VOLT,
        suggested_display_precision=1,
        codes=(obis.voltage(phase),),
        exists_fn=partial(_has_voltage, phase),
        register_unit=UnitOfElectricPotential.VOLT,
    )
    yield SensorRow(
        key=f"current_{phase}",
        translation_key="current_phase",
        translation_placeholders={"phase": phase.upper()},
        device_class=SensorDeviceClass.CURRENT,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfElectricCurrent.AMPERE,
        suggested_display_precision=2,
        codes=(obis.current(phase),),
        register_unit=UnitOfElectricCurrent.AMPERE,
    )


ROWS: Final = tuple(row for phase in obis.PHASE_GROUP for row in _rows(phase))
