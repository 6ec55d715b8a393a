"""What a row of a subject is: an entity description that knows on which meters it exists, and its value."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Final, NamedTuple, override

from homeassistant.components.binary_sensor import BinarySensorEntityDescription
from homeassistant.components.event import EventEntityDescription
from homeassistant.components.number import NumberEntityDescription
from homeassistant.components.sensor import SensorDeviceClass, SensorEntityDescription, SensorStateClass
from homeassistant.const import EntityCategory, Platform, UnitOfPower
from homeassistant.helpers.entity import EntityDescription

from ..coordinator import MeterCoordinator
from ..devices import service_identifier
from ..port import Register

type Value = str | Decimal | datetime | float | None
type Of[T] = Callable[[MeterCoordinator], T]

SWITCH_STATES: Final = ("disconnected", "connected", "ready_for_reconnection")


@dataclass(frozen=True, kw_only=True)
class Row(EntityDescription):
    """What rows of all platforms share."""

    platform: ClassVar[Platform]

    codes: tuple[str, ...] = ()
    """The registers that it shows: it exists where the meter prints one of them."""
    exists_fn: Of[bool] | None = None
    """Where something else decides; without either it always exists."""
    needs_value: bool = False
    """Whether it exists only from its first value on."""
    mbus: str | None = None
    """The identifier of the M-Bus meter whose row it is; else it is the electricity meter's."""
    service: str | None = None
    """The service of the electricity meter that it belongs to (`devices.SERVICES`); its subject's, as `SERVICE`."""
    is_always_available: bool = False
    """Whether it is known also while the port does not work."""

    def exists(self, meter: MeterCoordinator) -> bool:
        """Tell whether it exists on a meter that has sent a telegram."""
        if self.exists_fn is not None:
            return self.exists_fn(meter)
        return not self.codes or any(code in meter.telegram.registers for code in self.codes)

    def is_present(self, meter: MeterCoordinator) -> bool:
        """Tell whether the latest telegram has the meter whose row it is."""
        return self.mbus is None or (self.mbus in (all_ := meter.insights.mbus) and all_[self.mbus].is_present)

    def device_identifier(self, meter: MeterCoordinator) -> str:
        """Return the identifier of its device."""
        if self.service is not None:
            return service_identifier(meter.identifier, self.service)
        return self.mbus or meter.identifier

    def unique_id(self, meter: MeterCoordinator) -> str:
        """Return the unique id of its entity."""
        return f"{self.mbus or meter.identifier}_{self.key}"


@dataclass(frozen=True, kw_only=True)
class SensorRow(Row, SensorEntityDescription):
    """A sensor."""

    platform: ClassVar = Platform.SENSOR

    register_unit: str | None = None
    """The unit that the number of its register is converted to, where there is no `value_fn`."""
    value_fn: Of[Value] | None = None
    attributes_fn: Of[dict[str, Any]] | None = None

    def value(self, meter: MeterCoordinator) -> Value:
        """Return its value; None where it is unknown, or in a unit of something else."""
        if self.value_fn is not None:
            return self.value_fn(meter)
        register = meter.telegram.registers.get(self.codes[0])
        return None if register is None else register.number_in(self.register_unit)

    @override
    def exists(self, meter: MeterCoordinator) -> bool:
        """Tell whether it exists on a meter that has sent a telegram."""
        return super().exists(meter) and not (self.needs_value and self.value(meter) is None)


@dataclass(frozen=True, kw_only=True)
class BinarySensorRow(Row, BinarySensorEntityDescription):
    """A binary sensor."""

    platform: ClassVar = Platform.BINARY_SENSOR

    is_on_fn: Of[bool | None]


@dataclass(frozen=True, kw_only=True)
class NumberRow(Row, NumberEntityDescription):
    """A number that the user sets."""

    platform: ClassVar = Platform.NUMBER

    value_fn: Of[Decimal]
    set_fn: Callable[[MeterCoordinator, float], None]


class Happening(NamedTuple):
    """Something that an event entity tells: its type, and its attributes."""

    event_type: str
    attributes: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class EventRow(Row, EventEntityDescription):
    """Events."""

    platform: ClassVar = Platform.EVENT

    events_fn: Of[Iterable[Happening]]
    """What the latest telegram brought."""


def of_register(code: str, function: Callable[[Register], Value]) -> Of[Value]:
    """Return what a function makes of a register, where the latest telegram has it."""

    def value(meter: MeterCoordinator) -> Value:
        register = meter.telegram.registers.get(code)
        return None if register is None else function(register)

    return value


def switch_state(number: int | None) -> str | None:
    """Return the name of the state of a breaker, relay or valve (DLMS disconnect control, class 70)."""
    return SWITCH_STATES[number] if number is not None and number in range(len(SWITCH_STATES)) else None


def rounded(value: Decimal | None) -> float | None:
    """Return a number with the digits that mean something, for an attribute."""
    return None if value is None else float(round(value, 3))


def power_row(key: str, phase: str | None = None, **fields: Any) -> SensorRow:
    """Return a power, of all phases or of one: in kW as the meter sends it, shown in W."""
    return SensorRow(
        key=f"{key}_{phase}" if phase else key,
        translation_key=f"{key}_phase" if phase else key,
        translation_placeholders={"phase": phase.upper()} if phase else None,
        device_class=SensorDeviceClass.POWER,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfPower.KILO_WATT,
        suggested_unit_of_measurement=UnitOfPower.WATT,
        suggested_display_precision=0,
        register_unit=UnitOfPower.KILO_WATT,
        **fields,
    )


def demand_row(key: str, **fields: Any) -> SensorRow:
    """Return a power of a quarter-hour: in kW, as bills give it."""
    return SensorRow(
        key=key,
        translation_key=key,
        device_class=SensorDeviceClass.POWER,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfPower.KILO_WATT,
        suggested_display_precision=3,
        register_unit=UnitOfPower.KILO_WATT,
        **fields,
    )


def diagnostic_row(key: str, **fields: Any) -> SensorRow:
    """Return a diagnostic sensor."""
    return SensorRow(key=key, translation_key=key, entity_category=EntityCategory.DIAGNOSTIC, **fields)
