"""What a row of a subject is: an entity description that knows on which meters it exists, and its value."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Final, NamedTuple, override

from homeassistant.components.binary_sensor import BinarySensorEntityDescription
from homeassistant.components.calendar import CalendarEntityDescription
from homeassistant.components.event import EventEntityDescription
from homeassistant.components.number import NumberEntityDescription
from homeassistant.components.sensor import SensorDeviceClass, SensorEntityDescription, SensorStateClass
from homeassistant.components.text import TextEntityDescription
from homeassistant.const import EntityCategory, Platform, UnitOfPower, UnitOfRatio
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import EntityDescription

from ..const import DOMAIN
from ..coordinator import MeterCoordinator
from ..devices import service_identifier
from ..insight.base import Insight
from ..port import Register, unit_of
from ..samples import samples_of
from ..significance import BURST, Gate, Step
from ..updates import PacedCoordinator

type Value = str | Decimal | datetime | float | None
type Of[T] = Callable[[MeterCoordinator], T]

SWITCH_STATES: Final = ("disconnected", "connected", "ready_for_reconnection")

# What is worth a state at once, in W, VA, var, V, A, Hz and %, and how many seconds everything else may wait; texts
# never do. `python -m bench.significance` measures what other numbers would cost and bring.
_POWER_STEP: Final = Step(Decimal(40), Decimal("0.05"), Decimal(100))
_STEPS: Final[Mapping[str | None, Step]] = {
    SensorDeviceClass.POWER: _POWER_STEP,
    SensorDeviceClass.APPARENT_POWER: _POWER_STEP,
    SensorDeviceClass.REACTIVE_POWER: _POWER_STEP,
    SensorDeviceClass.VOLTAGE: Step(Decimal(1)),
    SensorDeviceClass.CURRENT: Step(Decimal("0.4"), Decimal("0.05"), Decimal(1)),
    SensorDeviceClass.FREQUENCY: Step(Decimal("0.05")),
    SensorDeviceClass.POWER_FACTOR: Step(Decimal("0.05")),
    UnitOfRatio.PERCENTAGE: Step(Decimal(2), Decimal("0.05")),
}
_PACES: Final[Mapping[str | None, float]] = {
    SensorDeviceClass.VOLTAGE: 60.0,
    SensorDeviceClass.CURRENT: 60.0,
    SensorDeviceClass.FREQUENCY: 60.0,
    SensorDeviceClass.POWER_FACTOR: 60.0,
    SensorDeviceClass.DURATION: 60.0,
    UnitOfRatio.PERCENTAGE: 60.0,
}
_PACE: Final = 30.0
_COUNTER_PACE: Final = 60.0
_DEMAND_STEP: Final = Step(Decimal("0.050"), Decimal("0.05"))
"""In kW."""


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
    is_of_samples: bool = False
    """Whether it is of the S1 port, and not of that which sends telegrams."""

    def exists(self, meter: MeterCoordinator) -> bool:
        """Tell whether it exists on a meter that has sent a telegram."""
        if self.exists_fn is not None:
            return self.exists_fn(meter)
        return not self.codes or any(code in meter.telegram.registers for code in self.codes)

    def port(self, meter: MeterCoordinator) -> PacedCoordinator[Any]:
        """Return the port that it is of."""
        return (samples_of(meter) if self.is_of_samples else None) or meter

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

    step: Step | None = None
    """What change is shown at once, in the native unit; else what is for its device class (`_STEPS`)."""
    pace: float | None = None
    """Seconds after which also a smaller change is shown; else what is for its device class (`_PACES`)."""
    register_unit: str | None = None
    """The unit that the number of its register is converted to, where there is no `value_fn`."""
    value_fn: Of[Value] | None = None
    attributes_fn: Of[dict[str, Any]] | None = None
    shows_attributes: bool = False
    """Whether a change of the attributes alone is shown: where they change seldom, and the value may stay."""
    last_reset_fn: Of[datetime | None] | None = None
    """Since when a total is counted, where it begins anew now and then."""
    options_fn: Of[list[str]] | None = None
    """Those of its options that a meter can show, where not every meter can show all."""
    changes_fn: Of[datetime | None] | None = None
    """When its value changes by the clock alone, where it does."""

    def value(self, meter: MeterCoordinator) -> Value:
        """Return its value; None where it is unknown, or in a unit of something else."""
        if self.value_fn is not None:
            return self.value_fn(meter)
        register = meter.telegram.registers.get(self.codes[0])
        return None if register is None else register.number_in(self.register_unit)

    @property
    def is_counter(self) -> bool:
        """Return whether statistics have its sum, so that what it counts must not fall into another hour."""
        return self.state_class in (SensorStateClass.TOTAL, SensorStateClass.TOTAL_INCREASING)

    def gate(self, burst: int = BURST) -> Gate:
        """Return what decides which of its values are shown, where not every change is."""
        kind = self.device_class or self.native_unit_of_measurement
        pace = _COUNTER_PACE if self.is_counter else _PACES.get(kind, _PACE)
        step = self.step
        if step is None and not self.is_counter and (known := _STEPS.get(kind)) is not None:
            unit = unit_of(self.native_unit_of_measurement)
            step = Step(known.least / unit.scale, known.share, known.most / unit.scale) if unit else known
        return Gate(step, pace if self.pace is None else self.pace, burst)

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


@dataclass(frozen=True, kw_only=True)
class TextRow(Row, TextEntityDescription):
    """A text that an automation or the user sets."""

    platform: ClassVar = Platform.TEXT

    value_fn: Of[str]
    set_fn: Callable[[MeterCoordinator, str], None]


class Span(NamedTuple):
    """Something that lasts from a begin to an end: one of the states of an entity."""

    begin: datetime
    end: datetime
    state: str


@dataclass(frozen=True, kw_only=True)
class CalendarRow(Row, CalendarEntityDescription):
    """A calendar."""

    platform: ClassVar = Platform.CALENDAR

    spans_fn: Callable[[MeterCoordinator, datetime, datetime], Iterable[Span]]
    """What lasts at some time between two others, in order, each as a whole."""
    named_by: str
    """The entity that has the names of the states, such as `sensor.active_tariff`."""


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


def entity_of(meter: MeterCoordinator, platform: Platform, key: str) -> str | None:
    """Return the id of an entity of the electricity meter or one of its services; None if there is none."""
    return er.async_get(meter.hass).async_get_entity_id(platform, DOMAIN, f"{meter.identifier}_{key}")


def of_register(code: str, function: Callable[[Register], Value]) -> Of[Value]:
    """Return what a function makes of a register, where the latest telegram has it."""

    def value(meter: MeterCoordinator) -> Value:
        register = meter.telegram.registers.get(code)
        return None if register is None else function(register)

    return value


def of_state[StateT, T](insight: type[Insight[Any, StateT]], function: Callable[[StateT], T]) -> Of[T | None]:
    """Return what a function makes of what an insight knows now; None while it knows nothing."""

    def value(meter: MeterCoordinator) -> T | None:
        state = meter.insights[insight].state
        return None if state is None else function(state)

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
        step=_DEMAND_STEP,
        register_unit=UnitOfPower.KILO_WATT,
        **fields,
    )


def diagnostic_row(key: str, **fields: Any) -> SensorRow:
    """Return a diagnostic sensor."""
    return SensorRow(key=key, translation_key=key, entity_category=EntityCategory.DIAGNOSTIC, **fields)
