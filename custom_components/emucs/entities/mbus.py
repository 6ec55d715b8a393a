"""The meters on the M-Bus: gas, water, heat, cooling and electricity."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import EntityCategory, UnitOfEnergy, UnitOfVolume, UnitOfVolumeFlowRate

from ..coordinator import MeterCoordinator
from ..insight.electricity import in_unit
from ..insight.mbus import Medium
from ..insight.mbus_readings import MbusReading
from ..port import Register
from .rows import SWITCH_STATES, Row, SensorRow, Value, switch_state

_VOLUMES: Final = {Medium.GAS: SensorDeviceClass.GAS, Medium.WATER: SensorDeviceClass.WATER}
_ENERGY_UNITS: Final = frozenset(UnitOfEnergy)


def _reading_of(identifier: str, meter: MeterCoordinator) -> Register | None:
    """Return the latest reading of an M-Bus meter."""
    return meter.insights.mbus[identifier].channel.reading


def _volume(identifier: str, meter: MeterCoordinator) -> Value:
    """Return the latest reading in m³, which is also assumed if no unit is printed."""
    reading = _reading_of(identifier, meter)
    return None if reading is None else reading.number if reading.unit is None else in_unit(reading, "m³")


def _energy(identifier: str, unit: str, meter: MeterCoordinator) -> Value:
    """Return the latest reading, if it is in a unit of energy."""
    return in_unit(_reading_of(identifier, meter), unit)


def _time(identifier: str, meter: MeterCoordinator) -> Value:
    """Return when the latest reading was taken."""
    reading = _reading_of(identifier, meter)
    return None if reading is None else reading.time


def rows_of(meter: MeterCoordinator, _: Mapping[str, str | None]) -> Iterator[Row]:
    """Yield the sensors of the meters on the M-Bus."""
    for identifier, found in meter.insights.mbus.items():
        yield from meter_rows(identifier, found)


def meter_rows(identifier: str, found: MbusReading) -> Iterator[Row]:
    """Yield the sensors of an M-Bus meter."""
    if (volume := _VOLUMES.get(found.medium)) is not None:
        yield SensorRow(
            key=found.medium,
            translation_key=found.medium,
            device_class=volume,
            state_class=SensorStateClass.TOTAL_INCREASING,
            native_unit_of_measurement=UnitOfVolume.CUBIC_METERS,
            suggested_display_precision=3,
            mbus=identifier,
            value_fn=partial(_volume, identifier),
        )
        yield SensorRow(
            key="flow",
            translation_key="flow",
            device_class=SensorDeviceClass.VOLUME_FLOW_RATE,
            state_class=SensorStateClass.MEASUREMENT,
            native_unit_of_measurement=UnitOfVolumeFlowRate.CUBIC_METERS_PER_HOUR,
            suggested_display_precision=3,
            mbus=identifier,
            value_fn=lambda meter: meter.insights.mbus[identifier].flow,
        )
    elif (unit := found.channel.reading and found.channel.reading.unit) in _ENERGY_UNITS:
        # Its unit is that of the first reading.
        yield SensorRow(
            key=found.medium,
            translation_key=found.medium,
            device_class=SensorDeviceClass.ENERGY,
            state_class=SensorStateClass.TOTAL_INCREASING,
            native_unit_of_measurement=unit,
            suggested_display_precision=3,
            mbus=identifier,
            value_fn=partial(_energy, identifier, unit),
        )
    yield SensorRow(
        key="valve",
        translation_key="valve",
        device_class=SensorDeviceClass.ENUM,
        options=list(SWITCH_STATES),
        entity_category=EntityCategory.DIAGNOSTIC,
        mbus=identifier,
        exists_fn=lambda meter: meter.insights.mbus[identifier].channel.valve is not None,
        value_fn=lambda meter: switch_state(meter.insights.mbus[identifier].channel.valve),
    )
    yield SensorRow(
        key="reading_time",
        translation_key="reading_time",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        mbus=identifier,
        exists_fn=lambda meter: _reading_of(identifier, meter) is not None,
        value_fn=partial(_time, identifier),
    )
