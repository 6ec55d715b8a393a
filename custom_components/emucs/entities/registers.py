"""Sensors for registers without a row, named and classed by the meaning of their code and unit."""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import (
    UnitOfApparentPower,
    UnitOfElectricCurrent,
    UnitOfElectricPotential,
    UnitOfEnergy,
    UnitOfFrequency,
    UnitOfPower,
    UnitOfReactiveEnergy,
    UnitOfReactivePower,
)

from ..coordinator import MeterCoordinator
from ..port import Dimension, Direction, Kind, Meaning, Origin, Quantity, Register, meaning, obis, unit_of
from .rows import SensorRow

MOST_REGISTERS: Final = 192
"""At most so many registers without a row become sensors, however many a port prints."""
_ELSEWHERE: Final = {obis.VERSION, obis.DSMR_VERSION}
"""Codes that the device itself shows."""


class _Class(NamedTuple):
    """How Home Assistant shows a dimension."""

    device_class: SensorDeviceClass | None
    unit: str
    precision: int


_CLASSES: Final = {
    Dimension.ENERGY: _Class(SensorDeviceClass.ENERGY, UnitOfEnergy.KILO_WATT_HOUR, 3),
    Dimension.POWER: _Class(SensorDeviceClass.POWER, UnitOfPower.KILO_WATT, 3),
    Dimension.REACTIVE_ENERGY: _Class(
        SensorDeviceClass.REACTIVE_ENERGY, UnitOfReactiveEnergy.KILO_VOLT_AMPERE_REACTIVE_HOUR, 3
    ),
    Dimension.REACTIVE_POWER: _Class(
        SensorDeviceClass.REACTIVE_POWER, UnitOfReactivePower.KILO_VOLT_AMPERE_REACTIVE, 3
    ),
    # Home Assistant has no device class for it.
    Dimension.APPARENT_ENERGY: _Class(None, "kVAh", 3),
    Dimension.APPARENT_POWER: _Class(SensorDeviceClass.APPARENT_POWER, UnitOfApparentPower.KILO_VOLT_AMPERE, 3),
    Dimension.VOLTAGE: _Class(SensorDeviceClass.VOLTAGE, UnitOfElectricPotential.VOLT, 1),
    Dimension.CURRENT: _Class(SensorDeviceClass.CURRENT, UnitOfElectricCurrent.AMPERE, 2),
    Dimension.FREQUENCY: _Class(SensorDeviceClass.FREQUENCY, UnitOfFrequency.HERTZ, 2),
}

# How kinds are called after the quantity; power and energy have their names from it.
_KIND_NAMES: Final = {
    Kind.INSTANT: "power",
    Kind.ENERGY: "energy",
    Kind.CURRENT_DEMAND: "demand",
    Kind.LAST_DEMAND: "last_demand",
    Kind.MAXIMUM_DEMAND: "maximum_demand",
    Kind.AVERAGE: "average",
    Kind.LIMIT: "limit",
    Kind.SAGS: "sags",
    Kind.SWELLS: "swells",
    Kind.COUNT: "count",
}
_DEMANDS: Final = {Kind.CURRENT_DEMAND, Kind.LAST_DEMAND, Kind.MAXIMUM_DEMAND}
_WITHOUT_POWER: Final = {Quantity.CURRENT, Quantity.VOLTAGE, Quantity.POWER_FACTOR, Quantity.FREQUENCY}
_QUADRANTS: Final = {
    Quantity.REACTIVE_Q1: 1,
    Quantity.REACTIVE_Q2: 2,
    Quantity.REACTIVE_Q3: 3,
    Quantity.REACTIVE_Q4: 4,
}

_DEFAULT_QUANTITIES: Final = {
    *_QUADRANTS,
    Quantity.REACTIVE,
    Quantity.APPARENT,
    Quantity.POWER_FACTOR,
    Quantity.FREQUENCY,
}
"""What a four-quadrant meter measures besides active power: on by default if printed."""
_MOST_DEFAULT_TARIFFS: Final = 2


def rows_of(meter: MeterCoordinator, listed: Mapping[str, str | None]) -> Iterator[SensorRow]:
    """Yield a sensor for each number of the electricity meter that no row shows."""
    rows = meter.register_rows
    for code, register in meter.telegram.registers.items():
        if code not in rows and len(rows) < MOST_REGISTERS and is_unlisted(code, register, listed):
            rows[code] = register_row(code, register)
    yield from rows.values()


def is_unlisted(code: str, register: Register, listed: Mapping[str, str | None]) -> bool:
    """Tell whether a register is a number of the electricity meter that no row shows in its dimension.

    The limiter, for example, is in kVA in Luxembourg, and in amperes with DSMR 3.0.
    """
    if register.number is None or code in _ELSEWHERE or (parsed := obis.parse_code(code)) is None:
        return False
    if code in listed and not _is_of_another_dimension(register.unit, listed[code]):
        return False
    # Channels are M-Bus meters and relays.
    return not (parsed.a == 0 and parsed.b)


def _is_of_another_dimension(printed: str | None, shown: str | None) -> bool:
    """Tell whether two units measure different things; unknown ones do not."""
    units = unit_of(printed), unit_of(shown)
    return units[0] is not None and units[1] is not None and units[0].dimension is not units[1].dimension


def register_row(code: str, register: Register) -> SensorRow:
    """Return the sensor of a register, by its meaning or else as a plain number.

    Quantities of four-quadrant meters that change all the time are on by default; all others are off.
    """
    parsed = obis.parse_code(code)
    found = None if parsed is None else meaning(parsed, register.unit)
    return _plain(code, register) if found is None else _meaningful(code, register, found)


def _plain(code: str, register: Register) -> SensorRow:
    """Return a plain number of which only the code is known."""
    return SensorRow(
        key=f"register_{'_'.join(filter(None, _parts(code)))}",
        translation_key="register",
        translation_placeholders={"code": code},
        native_unit_of_measurement=register.unit,
        entity_registry_enabled_default=False,
        codes=(code,),
        register_unit=register.unit,
    )


def _parts(code: str) -> list[str]:
    """Return the value groups of a code."""
    return "".join(digit if digit.isdecimal() else " " for digit in code).split()


def _meaningful(code: str, register: Register, found: Meaning) -> SensorRow:
    """Return a sensor with the name, class and unit of a meaning."""
    unit = unit_of(register.unit)
    shown = None if unit is None else _CLASSES.get(unit.dimension)
    name = sensor_name(found)
    return SensorRow(
        key=_key(name, found),
        translation_key=name,
        translation_placeholders=_placeholders(found),
        device_class=_device_class(found, shown),
        state_class=_state_class(found),
        native_unit_of_measurement=None if shown is None else shown.unit,
        suggested_display_precision=None if shown is None else shown.precision,
        entity_registry_enabled_default=_is_on_by_default(found),
        codes=(code,),
        register_unit=None if shown is None else shown.unit,
    )


def _is_on_by_default(found: Meaning) -> bool:
    """Tell whether most users who have a register want to see it."""
    # P1 has no demand of the other direction, and the last demand has no row.
    demand = found.quantity is Quantity.ACTIVE and found.kind in _DEMANDS and found.phase is None
    return (
        (found.quantity in _DEFAULT_QUANTITIES or demand)
        and found.historic is None
        and found.channel == 0
        and found.tariff <= _MOST_DEFAULT_TARIFFS
    )


def sensor_name(found: Meaning) -> str:
    """Return the translation key of a meaning: its quantity, how it is processed, and its direction."""
    quantity = "reactive_quadrant" if found.quantity in _QUADRANTS else str(found.quantity)
    kind = "" if found.kind is Kind.INSTANT and found.quantity in _WITHOUT_POWER else _KIND_NAMES.get(found.kind, "")
    return "_".join(filter(None, (quantity, kind, found.direction)))


def _key(name: str, found: Meaning) -> str:
    """Return the key of a sensor, which ends its unique id."""
    parts = [
        name,
        f"q{_QUADRANTS[found.quantity]}" if found.quantity in _QUADRANTS else None,
        found.phase,
        f"tariff_{found.tariff}" if found.tariff else None,
        f"channel_{found.channel}" if found.channel else None,
        f"period_{found.historic}" if found.historic is not None else None,
        "meter" if found.medium is Origin.ABSTRACT and found.kind is Kind.LIMIT else None,
    ]
    return "_".join(filter(None, parts))


def _placeholders(found: Meaning) -> dict[str, str]:
    """Return the placeholders of the name, which are the same in all languages."""
    signs = [
        found.phase.upper() if found.phase else None,
        f"T{found.tariff}" if found.tariff else None,
        f"({found.channel})" if found.channel else None,
        f"-{found.historic}" if found.historic is not None else None,
    ]
    placeholders = {"where": "".join(f" {sign}" for sign in signs if sign)}
    if found.quantity in _QUADRANTS:
        placeholders["quadrant"] = str(_QUADRANTS[found.quantity])
    return placeholders


def _device_class(found: Meaning, shown: _Class | None) -> SensorDeviceClass | None:
    """Return the device class."""
    if found.quantity is Quantity.POWER_FACTOR:
        return SensorDeviceClass.POWER_FACTOR
    return None if shown is None else shown.device_class


def _state_class(found: Meaning) -> SensorStateClass | None:
    """Return the state class; limits and values of past periods have none."""
    if found.historic is not None or found.kind is Kind.LIMIT:
        return None
    if found.direction is Direction.NET and found.kind is Kind.ENERGY:
        # Import less export can fall.
        return SensorStateClass.TOTAL
    if found.kind in (Kind.ENERGY, Kind.COUNT, Kind.SAGS, Kind.SWELLS):
        return SensorStateClass.TOTAL_INCREASING
    return SensorStateClass.MEASUREMENT
