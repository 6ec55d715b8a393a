"""Registers that have no row: named and classed by what their code and unit mean."""

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
"""Registers without a row that become sensors at most, however many a port prints."""
_ELSEWHERE: Final = {obis.VERSION, obis.DSMR_VERSION}
"""What the device of the meter shows."""


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
    # Home Assistant has no class for it.
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
"""What a meter of four quadrants measures beside active power, on by default where it is printed."""
_MOST_DEFAULT_TARIFFS: Final = 2


def rows_of(meter: MeterCoordinator, listed: Mapping[str, str | None]) -> Iterator[SensorRow]:
    """Yield a sensor for each number of the electricity meter that no row shows."""
    rows = meter.register_rows
    for code, register in meter.telegram.registers.items():
        if code not in rows and len(rows) < MOST_REGISTERS and is_unlisted(code, register, listed):
            rows[code] = register_row(code, register)
    yield from rows.values()


def is_unlisted(code: str, register: Register, listed: Mapping[str, str | None]) -> bool:
    """Tell whether a register is a number of the electricity meter that no row shows, or only in another dimension.

    The limiter for example limits kVA in Luxembourg, and amperes with DSMR 3.0.
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
    """Return the sensor of a register: by its meaning, or else a plain number by its code.

    On by default are the quantities of four-quadrant meters, as far as they run; all others are off.
    """
    parsed = obis.parse_code(code)
    found = None if parsed is None else meaning(parsed, register.unit)
    return _plain(code, register) if found is None else _meaningful(code, register, found)


def _plain(code: str, register: Register) -> SensorRow:
    """Return a number of which only the code is known."""
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
    """Return the groups of a code."""
    return "".join(digit if digit.isdecimal() else " " for digit in code).split()


def _meaningful(code: str, register: Register, found: Meaning) -> SensorRow:
    """Return a sensor with the name, the class and the unit that a meaning gives."""
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
    """Tell whether most who have a register want to see it."""
    # In the other direction P1 has no demand, and the last one has no row in the table.
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
    """Return the end of a unique id."""
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
    """Return what the name is filled in with: signs that are the same in all languages."""
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
    """Return the state class: what a period left behind, and limits, are no series."""
    if found.historic is not None or found.kind is Kind.LIMIT:
        return None
    if found.direction is Direction.NET and found.kind is Kind.ENERGY:
        # Import less export also falls.
        return SensorStateClass.TOTAL
    if found.kind in (Kind.ENERGY, Kind.COUNT, Kind.SAGS, Kind.SWELLS):
        return SensorStateClass.TOTAL_INCREASING
    return SensorStateClass.MEASUREMENT
