"""Sensors: a table of what meters send, and the entities made from it."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import (
    CURRENCY_EURO,
    EntityCategory,
    UnitOfElectricCurrent,
    UnitOfElectricPotential,
    UnitOfEnergy,
    UnitOfPower,
    UnitOfVolume,
    UnitOfVolumeFlowRate,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import EmucsConfigEntry, MbusCoordinator, MeterCoordinator
from .entity import EmucsEntity, EmucsPortEntity
from .insight.capacity import CapacityState
from .insight.demand import QUARTER, has_quarters
from .insight.electricity import TARIFFS, energy_export, energy_import, in_unit, net_power, phase_power
from .insight.grid import Grid, has_voltage
from .insight.mbus import Medium
from .insight.peaks import PeakAverage
from .insight.tariff import Cost
from .port import Register, obis
from .port_sensors import PORT_SENSORS, PortSensorDescription
from .registers import MOST_REGISTERS, MeterSensorDescription, Value, limits_power, register_sensor, unlisted

PARALLEL_UPDATES = 0

SWITCH_STATES: Final = ("disconnected", "connected", "ready_for_reconnection")
RELAYS: Final = (1, 2, 3, 4)
LONGEST_STATE: Final = 255


@dataclass(frozen=True, kw_only=True)
class MbusSensorDescription(SensorEntityDescription):
    """A sensor of an M-Bus meter: on which meters it exists, and its value."""

    exists: Callable[[MbusCoordinator], bool]
    value: Callable[[MbusCoordinator], Value]
    unit: Callable[[MbusCoordinator], str | None] | None = None


type Meter[T] = Callable[[MeterCoordinator], T]


def _prints(*codes: str) -> Meter[bool]:
    """Tell whether a meter prints one of some registers."""
    return lambda meter: any(code in meter.data.registers for code in codes)


def _limits_power(meter: MeterCoordinator) -> bool:
    """Tell whether a meter has a limit of its power."""
    register = meter.data.registers.get(obis.LIMITER_THRESHOLD)
    return register is not None and limits_power(register)


def _number(code: str, unit: str) -> Meter[Value]:
    """Return a register's number in a unit."""
    return lambda meter: in_unit(meter.data.registers.get(code), unit)


def _of(code: str, function: Callable[[Register], Value]) -> Meter[Value]:
    """Return what a function makes of a register, where the latest telegram has it."""

    def value(meter: MeterCoordinator) -> Value:
        register = meter.data.registers.get(code)
        return None if register is None else function(register)

    return value


def _text(register: Register) -> str | None:
    """Return a register's text, as much of it as fits into a state."""
    return None if register.value is None else str(register.value)[:LONGEST_STATE]


def _switch_state(number: Decimal | int | None) -> str | None:
    """Return the name of the state of a breaker, relay or valve (DLMS disconnect control, class 70)."""
    return SWITCH_STATES[int(number)] if number is not None and number in range(len(SWITCH_STATES)) else None


def _tariff(register: Register) -> str | None:
    """Return the name of a tariff."""
    return f"tariff_{int(register.number)}" if register.number in TARIFFS else None


def _energy(key: str, exists: Meter[bool], value: Meter[Value], tariff: int | None = None) -> MeterSensorDescription:
    """Return an energy register, over all tariffs or of one."""
    return MeterSensorDescription(
        key=f"{key}_tariff_{tariff}" if tariff else key,
        translation_key=f"{key}_tariff" if tariff else key,
        translation_placeholders={"tariff": str(tariff)} if tariff else None,
        device_class=SensorDeviceClass.ENERGY,
        state_class=SensorStateClass.TOTAL_INCREASING,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=3,
        entity_registry_enabled_default=tariff is None or tariff in TARIFFS[:2],
        exists=exists,
        value=value,
    )


def _power(
    key: str,
    exists: Meter[bool],
    value: Meter[Value],
    *,
    phase: str | None = None,
    enabled: bool = True,
) -> MeterSensorDescription:
    """Return a power, of all phases or of one: in kW as the meter sends it, shown in W."""
    return MeterSensorDescription(
        key=f"{key}_{phase}" if phase else key,
        translation_key=f"{key}_phase" if phase else key,
        translation_placeholders={"phase": phase.upper()} if phase else None,
        device_class=SensorDeviceClass.POWER,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfPower.KILO_WATT,
        suggested_unit_of_measurement=UnitOfPower.WATT,
        suggested_display_precision=0,
        entity_registry_enabled_default=enabled,
        exists=exists,
        value=value,
    )


def _demand(key: str, code: str) -> MeterSensorDescription:
    """Return a quarter-hour demand: in kW, as bills give it."""
    return MeterSensorDescription(
        key=key,
        translation_key=key,
        device_class=SensorDeviceClass.POWER,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfPower.KILO_WATT,
        suggested_display_precision=3,
        exists=_prints(code),
        value=_number(code, UnitOfPower.KILO_WATT),
    )


def _switch(key: str, code: str, relay: int | None = None) -> MeterSensorDescription:
    """Return the state of the breaker or of a relay."""
    return MeterSensorDescription(
        key=f"{key}_{relay}" if relay else key,
        translation_key=key,
        translation_placeholders={"number": str(relay)} if relay else None,
        device_class=SensorDeviceClass.ENUM,
        options=list(SWITCH_STATES),
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=relay is None,
        exists=_prints(code),
        value=_of(code, lambda register: _switch_state(register.number)),
    )


def _phase_sensors(phase: str) -> tuple[MeterSensorDescription, ...]:
    """Return the sensors of a phase."""
    import_power, export_power = obis.import_power(phase), obis.export_power(phase)
    return (
        _power(
            "power",
            # Without a neutral the two wattmeters of the meter are no phases.
            lambda meter: meter.grid is not Grid.THREE_PHASE_230V and _prints(import_power, export_power)(meter),
            lambda meter: phase_power(meter.data, phase),
            phase=phase,
        ),
        _power(
            "power_import",
            _prints(import_power),
            _number(import_power, UnitOfPower.KILO_WATT),
            phase=phase,
            enabled=False,
        ),
        _power(
            "power_export",
            _prints(export_power),
            _number(export_power, UnitOfPower.KILO_WATT),
            phase=phase,
            enabled=False,
        ),
        MeterSensorDescription(
            key=f"voltage_{phase}",
            translation_key="voltage_phase",
            translation_placeholders={"phase": phase.upper()},
            device_class=SensorDeviceClass.VOLTAGE,
            state_class=SensorStateClass.MEASUREMENT,
            native_unit_of_measurement=UnitOfElectricPotential.VOLT,
            suggested_display_precision=1,
            exists=lambda meter: has_voltage(meter.data, phase, meter.grid),
            value=_number(obis.voltage(phase), UnitOfElectricPotential.VOLT),
        ),
        MeterSensorDescription(
            key=f"current_{phase}",
            translation_key="current_phase",
            translation_placeholders={"phase": phase.upper()},
            device_class=SensorDeviceClass.CURRENT,
            state_class=SensorStateClass.MEASUREMENT,
            native_unit_of_measurement=UnitOfElectricCurrent.AMPERE,
            suggested_display_precision=2,
            exists=_prints(obis.current(phase)),
            value=_number(obis.current(phase), UnitOfElectricCurrent.AMPERE),
        ),
    )


def _rounded(value: Decimal | None) -> float | None:
    """Return a number with the digits that mean something, for an attribute."""
    return None if value is None else float(round(value, 3))


def _has_demand(meter: MeterCoordinator) -> bool:
    """Tell whether quarters can be followed: the meter prints its time and what it imports."""
    return has_quarters(meter.data)


def _bills_peaks(meter: MeterCoordinator) -> bool:
    """Tell whether month peaks are billed where the meter is."""
    return _has_demand(meter) and meter.capacity.report.tariff is not None


def _of_state(function: Callable[[CapacityState], Decimal]) -> Meter[Decimal | None]:
    """Return what a function makes of the running quarter."""

    def value(meter: MeterCoordinator) -> Decimal | None:
        state = meter.capacity.state
        return None if state is None else function(state)

    return value


def _demand_attributes(state: CapacityState | None) -> dict[str, Any]:
    """Return what a forecast goes out from, until when it is, and how certain it is."""
    if state is None:
        return {}
    demand = state.demand
    return {
        "so_far": _rounded(demand.so_far),
        "quarter_end": (demand.start + QUARTER).isoformat(),
        "estimated": demand.estimated,
        "coverage": float(round(demand.coverage, 2)),
    }


def _average(average: PeakAverage | None) -> Decimal | None:
    """Return the value of a mean."""
    return None if average is None else average.value


def _average_attributes(average: PeakAverage | None) -> dict[str, Any]:
    """Return from how many months a mean is known."""
    return {"known_months": 0 if average is None else average.months}


def _insight_power(key: str, value: Meter[Decimal | None], attributes: Meter[dict[str, Any]]) -> MeterSensorDescription:
    """Return a power that follows from quarters: in kW, as bills give it."""

    def rounded(meter: MeterCoordinator) -> Decimal | None:
        number = value(meter)
        return None if number is None else round(number, 3)

    return MeterSensorDescription(
        key=key,
        translation_key=key,
        device_class=SensorDeviceClass.POWER,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfPower.KILO_WATT,
        suggested_display_precision=3,
        exists=_has_demand,
        value=rounded,
        attributes=attributes,
    )


def _of_cost(function: Callable[[Cost], Decimal]) -> Meter[Value]:
    """Return an amount of money, to the cent."""

    def value(meter: MeterCoordinator) -> Value:
        cost = meter.capacity.report.cost
        return None if cost is None else round(function(cost), 2)

    return value


def _cost(key: str, function: Callable[[Cost], Decimal]) -> MeterSensorDescription:
    """Return a cost of the capacity tariff."""

    def attributes(meter: MeterCoordinator) -> dict[str, Any]:
        report = meter.capacity.report
        return {
            "tariff_year": report.tariff.year if report.tariff else None,
            "maximum_tariff_applies": report.cost.maximum_applies if report.cost else None,
        }

    return MeterSensorDescription(
        key=key,
        translation_key=key,
        device_class=SensorDeviceClass.MONETARY,
        state_class=SensorStateClass.TOTAL,
        native_unit_of_measurement=CURRENCY_EURO,
        suggested_display_precision=2,
        exists=_bills_peaks,
        value=_of_cost(function),
        attributes=attributes,
    )


METER_SENSORS: Final = (
    _energy(
        "energy_import",
        _prints(obis.IMPORT_ENERGY, *map(obis.import_energy, TARIFFS)),
        lambda meter: energy_import(meter.data),
    ),
    _energy(
        "energy_export",
        _prints(obis.EXPORT_ENERGY, *map(obis.export_energy, TARIFFS)),
        lambda meter: energy_export(meter.data),
    ),
    *(
        _energy(key, _prints(code(tariff)), _number(code(tariff), UnitOfEnergy.KILO_WATT_HOUR), tariff)
        for key, code in (("energy_import", obis.import_energy), ("energy_export", obis.export_energy))
        for tariff in TARIFFS
    ),
    _power(
        "power",
        _prints(obis.IMPORT_POWER, obis.EXPORT_POWER, obis.NET_POWER),
        lambda meter: net_power(meter.data),
    ),
    _power("power_import", _prints(obis.IMPORT_POWER), _number(obis.IMPORT_POWER, UnitOfPower.KILO_WATT)),
    _power("power_export", _prints(obis.EXPORT_POWER), _number(obis.EXPORT_POWER, UnitOfPower.KILO_WATT)),
    *(sensor for phase in obis.PHASE_GROUP for sensor in _phase_sensors(phase)),
    MeterSensorDescription(
        key="active_tariff",
        translation_key="active_tariff",
        device_class=SensorDeviceClass.ENUM,
        options=[f"tariff_{tariff}" for tariff in TARIFFS],
        exists=_prints(obis.ACTIVE_TARIFF),
        value=_of(obis.ACTIVE_TARIFF, _tariff),
    ),
    _demand("demand", obis.DEMAND),
    _demand("month_peak", obis.MONTH_PEAK),
    MeterSensorDescription(
        key="month_peak_time",
        translation_key="month_peak_time",
        device_class=SensorDeviceClass.TIMESTAMP,
        exists=_prints(obis.MONTH_PEAK),
        value=_of(obis.MONTH_PEAK, lambda register: register.time),
    ),
    _switch("breaker", obis.BREAKER),
    *(_switch("relay", obis.relay(number), number) for number in RELAYS),
    MeterSensorDescription(
        key="limiter_threshold",
        translation_key="limiter_threshold",
        device_class=SensorDeviceClass.POWER,
        native_unit_of_measurement=UnitOfPower.KILO_WATT,
        suggested_display_precision=1,
        entity_category=EntityCategory.DIAGNOSTIC,
        exists=_limits_power,
        value=_number(obis.LIMITER_THRESHOLD, UnitOfPower.KILO_WATT),
    ),
    MeterSensorDescription(
        key="fuse_threshold",
        translation_key="fuse_threshold",
        device_class=SensorDeviceClass.CURRENT,
        native_unit_of_measurement=UnitOfElectricCurrent.AMPERE,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        exists=_prints(obis.FUSE_THRESHOLD),
        value=_number(obis.FUSE_THRESHOLD, UnitOfElectricCurrent.AMPERE),
    ),
    MeterSensorDescription(
        key="text_message",
        translation_key="text_message",
        entity_category=EntityCategory.DIAGNOSTIC,
        exists=_prints(obis.TEXT_MESSAGE),
        value=_of(obis.TEXT_MESSAGE, _text),
    ),
    MeterSensorDescription(
        key="grid_type",
        translation_key="grid_type",
        device_class=SensorDeviceClass.ENUM,
        options=list(Grid),
        entity_category=EntityCategory.DIAGNOSTIC,
        exists=lambda meter: meter.grid is not None,
        value=lambda meter: meter.grid,
    ),
    MeterSensorDescription(
        key="last_telegram",
        translation_key="last_telegram",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        exists=_prints(obis.METER_TIME),
        value=_of(obis.METER_TIME, lambda register: register.time),
    ),
)


CAPACITY_SENSORS: Final = (
    _insight_power(
        "demand_forecast",
        _of_state(lambda state: state.demand.forecast),
        lambda meter: _demand_attributes(meter.capacity.state),
    ),
    _insight_power(
        "demand_budget",
        _of_state(lambda state: state.budget),
        lambda meter: {"target": _rounded(_of_state(lambda state: state.effective_target)(meter))},
    ),
    _insight_power(
        "peak_average",
        lambda meter: _average(meter.capacity.report.average),
        lambda meter: _average_attributes(meter.capacity.report.average),
    ),
    _insight_power(
        "peak_average_forecast",
        lambda meter: _average(meter.capacity.report.average_forecast),
        lambda meter: (
            _average_attributes(meter.capacity.report.average_forecast)
            | {"as_it_stands": _rounded(_average(meter.capacity.report.average_as_it_stands))}
        ),
    ),
    _cost("capacity_cost", lambda cost: cost.year),
    _cost("capacity_cost_month", lambda cost: cost.month),
    MeterSensorDescription(
        key="peak_kw_price",
        translation_key="peak_kw_price",
        native_unit_of_measurement=f"{CURRENCY_EURO}/{UnitOfPower.KILO_WATT}",
        suggested_display_precision=2,
        exists=_bills_peaks,
        value=_of_cost(lambda cost: cost.peak_kw),
    ),
)


def _volume(medium: Medium, device_class: SensorDeviceClass) -> MbusSensorDescription:
    """Return the reading of a meter of gas or water."""
    return MbusSensorDescription(
        key=medium,
        translation_key=medium,
        device_class=device_class,
        state_class=SensorStateClass.TOTAL_INCREASING,
        native_unit_of_measurement=UnitOfVolume.CUBIC_METERS,
        suggested_display_precision=3,
        exists=lambda meter: meter.medium is medium,
        value=_volume_reading,
    )


def _mbus_energy(medium: Medium) -> MbusSensorDescription:
    """Return the reading of a meter of heat, cooling or electricity, in the unit that it sends."""
    return MbusSensorDescription(
        key=medium,
        translation_key=medium,
        device_class=SensorDeviceClass.ENERGY,
        state_class=SensorStateClass.TOTAL_INCREASING,
        suggested_display_precision=3,
        # Its unit is known with its first reading.
        exists=lambda meter: meter.medium is medium and _energy_unit(meter) is not None,
        value=_reading,
        unit=_energy_unit,
    )


def _volume_reading(meter: MbusCoordinator) -> Value:
    """Return the latest reading in m³, which it is in where no unit is printed."""
    reading = meter.data.reading
    return None if reading is None else reading.number if reading.unit is None else in_unit(reading, "m³")


def _reading(meter: MbusCoordinator) -> Value:
    """Return the latest reading."""
    return meter.data.reading.number if meter.data.reading else None


def _energy_unit(meter: MbusCoordinator) -> str | None:
    """Return the unit of energy of the latest reading."""
    unit = meter.data.reading.unit if meter.data.reading else None
    return unit if unit in _ENERGY_UNITS else None


_ENERGY_UNITS: Final = frozenset(UnitOfEnergy)
_VOLUME_MEDIA: Final = (Medium.GAS, Medium.WATER)

MBUS_SENSORS: Final = (
    _volume(Medium.GAS, SensorDeviceClass.GAS),
    _volume(Medium.WATER, SensorDeviceClass.WATER),
    _mbus_energy(Medium.HEAT),
    _mbus_energy(Medium.COOLING),
    _mbus_energy(Medium.ELECTRICITY),
    MbusSensorDescription(
        key="flow",
        translation_key="flow",
        device_class=SensorDeviceClass.VOLUME_FLOW_RATE,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfVolumeFlowRate.CUBIC_METERS_PER_HOUR,
        suggested_display_precision=3,
        exists=lambda meter: meter.medium in _VOLUME_MEDIA,
        value=lambda meter: meter.flow.value,
    ),
    MbusSensorDescription(
        key="valve",
        translation_key="valve",
        device_class=SensorDeviceClass.ENUM,
        options=list(SWITCH_STATES),
        entity_category=EntityCategory.DIAGNOSTIC,
        exists=lambda meter: meter.data.valve is not None,
        value=lambda meter: _switch_state(meter.data.valve),
    ),
    MbusSensorDescription(
        key="reading_time",
        translation_key="reading_time",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        exists=lambda meter: meter.data.reading is not None,
        value=lambda meter: meter.data.reading.time if meter.data.reading else None,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: EmucsConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors of what meters send, now and whenever they begin to send more."""
    coordinator = entry.runtime_data
    added: set[tuple[str, str]] = set()
    known: set[str] = set()

    def new(identifier: str, key: str) -> bool:
        """Tell whether a sensor is not added yet, and note it."""
        if (identifier, key) in added:
            return False
        added.add((identifier, key))
        return True

    @callback
    def add_new() -> None:
        """Add the sensors that are not there yet."""
        sensors: list[SensorEntity] = [
            MeterSensor(coordinator, description)
            for description in (*METER_SENSORS, *CAPACITY_SENSORS)
            if description.exists(coordinator) and new(coordinator.identifier, description.key)
        ]
        for code, register in coordinator.data.registers.items():
            if code not in known and len(known) < MOST_REGISTERS and unlisted(code, register):
                known.add(code)
                sensors.append(MeterSensor(coordinator, register_sensor(code, register)))
        sensors += [
            MbusSensor(meter, description)
            for meter in coordinator.mbus.values()
            for description in MBUS_SENSORS
            if description.exists(meter) and new(meter.identifier, description.key)
        ]
        async_add_entities(sensors)

    entry.async_on_unload(coordinator.async_on_new(add_new))
    add_new()
    async_add_entities(PortSensor(coordinator, description) for description in PORT_SENSORS)


class MeterSensor(EmucsEntity[MeterCoordinator], SensorEntity):
    """A sensor of the electricity meter."""

    _unrecorded_attributes = frozenset({"coverage", "quarter_end", "so_far"})
    _attr_extra_state_attributes: dict[str, Any] = {}  # noqa: RUF012 -- replaced, never changed

    entity_description: MeterSensorDescription

    @override
    def _take_value(self) -> bool:
        """Take the value from the latest telegram."""
        before, self._attr_native_value = self._attr_native_value, self.entity_description.value(self.coordinator)
        changed = before != self._attr_native_value
        if (attributes := self.entity_description.attributes) is not None:
            others, self._attr_extra_state_attributes = self._attr_extra_state_attributes, attributes(self.coordinator)
            changed |= others != self._attr_extra_state_attributes
        return changed


class PortSensor(EmucsPortEntity, SensorEntity):
    """A sensor of the port itself."""

    entity_description: PortSensorDescription

    @override
    def _take_value(self) -> bool:
        """Take the value from the link."""
        before, self._attr_native_value = self._attr_native_value, self.entity_description.value(self.coordinator)
        return before != self._attr_native_value


class MbusSensor(EmucsEntity[MbusCoordinator], SensorEntity):
    """A sensor of an M-Bus meter."""

    entity_description: MbusSensorDescription

    def __init__(self, coordinator: MbusCoordinator, description: MbusSensorDescription) -> None:
        """Take the unit that the meter sends, where the description leaves it open."""
        if description.unit is not None:
            self._attr_native_unit_of_measurement = description.unit(coordinator)
        super().__init__(coordinator, description)

    @override
    def _take_value(self) -> bool:
        """Take the value from the latest reading."""
        before, self._attr_native_value = self._attr_native_value, self.entity_description.value(self.coordinator)
        return before != self._attr_native_value
