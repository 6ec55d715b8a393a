"""Quantities of the electricity meter that follow from several registers of one telegram."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from ..port import Register, Telegram, obis, unit_of

TARIFFS: Final = (1, 2, 3, 4, 5)
"""Iskraemeco meters print five tariffs, all others two."""

_IMPORT_TARIFFS: Final = tuple(map(obis.import_energy, TARIFFS))
_EXPORT_TARIFFS: Final = tuple(map(obis.export_energy, TARIFFS))


def in_unit(register: Register | None, unit: str) -> Decimal | None:
    """Return a register's number in a unit, or None where it has none or another quantity."""
    if register is None or register.number is None:
        return None
    if register.unit == unit:
        return register.number
    printed, wanted = unit_of(register.unit), unit_of(unit)
    if printed is None or wanted is None or printed.dimension is not wanted.dimension:
        return None
    # The quotient first: it is a power of ten, so that no digit that the meter prints is lost.
    return register.number * (printed.scale / wanted.scale)


def _difference(telegram: Telegram, plus: str, minus: str) -> Decimal | None:
    """Return the difference of two powers in kW."""
    positive = in_unit(telegram.registers.get(plus), "kW")
    negative = in_unit(telegram.registers.get(minus), "kW")
    if positive is None:
        return None if negative is None else -negative
    return positive if negative is None else positive - negative


def net_power(telegram: Telegram) -> Decimal | None:
    """Return the power in kW, positive where it is imported."""
    power = _difference(telegram, obis.IMPORT_POWER, obis.EXPORT_POWER)
    return in_unit(telegram.registers.get(obis.NET_POWER), "kW") if power is None else power


def import_power(telegram: Telegram) -> Decimal | None:
    """Return what is imported at this moment in kW: the register, the import side of the net, or the sum of phases."""
    registers = telegram.registers
    if (power := in_unit(registers.get(obis.IMPORT_POWER), "kW")) is not None:
        return power
    if (net := in_unit(registers.get(obis.NET_POWER), "kW")) is not None:
        return max(net, Decimal())
    phases = [in_unit(registers.get(obis.import_power(phase)), "kW") for phase in obis.PHASE_GROUP]
    known = [power for power in phases if power is not None]
    return sum(known, Decimal()) if known else None


def phase_power(telegram: Telegram, phase: str) -> Decimal | None:
    """Return the power of a phase in kW, positive where it is imported."""
    return _difference(telegram, obis.import_power(phase), obis.export_power(phase))


def _energy(registers: Mapping[str, Register], total: str, tariff_codes: tuple[str, ...]) -> Decimal | None:
    """Return an energy in kWh: the total where the meter prints it, else the sum of all tariffs that it prints."""
    if total in registers:
        return in_unit(registers[total], "kWh")
    tariffs = [in_unit(registers[code], "kWh") for code in tariff_codes if code in registers]
    known = [energy for energy in tariffs if energy is not None]
    return sum(known, Decimal()) if known and len(known) == len(tariffs) else None


def energy_import(telegram: Telegram) -> Decimal | None:
    """Return the imported energy in kWh, over all tariffs."""
    return _energy(telegram.registers, obis.IMPORT_ENERGY, _IMPORT_TARIFFS)


def energy_export(telegram: Telegram) -> Decimal | None:
    """Return the exported energy in kWh, over all tariffs."""
    return _energy(telegram.registers, obis.EXPORT_ENERGY, _EXPORT_TARIFFS)
