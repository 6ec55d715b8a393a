"""Quantities of the electricity meter that follow from several registers of one telegram."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple

from ..port import Register, Telegram, obis, parse_code

TARIFFS: Final = (1, 2, 3, 4, 5)
"""Iskraemeco meters print five tariffs, all others two."""

# The total, and what it is the sum of.
_IMPORT_CODES: Final = (obis.IMPORT_ENERGY, *map(obis.import_energy, TARIFFS))
_EXPORT_CODES: Final = (obis.EXPORT_ENERGY, *map(obis.export_energy, TARIFFS))
_NOTHING: Final = Decimal()
_QUADRANTS_OF_IMPORT: Final = (5, 8)
_DIRECTIONS: Final = (3, 4)
# The longest telegram known has 60 registers: what has many more is none of a meter, and is not worth keeping.
_MOST_REGISTERS: Final = 128
_CACHED_TELEGRAMS: Final = 4

type _Registers = Mapping[str, Register]


def in_unit(register: Register | None, unit: str) -> Decimal | None:
    """Return a register's number in a unit, or None where it has none or another quantity."""
    return None if register is None else register.number_in(unit)


def net_power(telegram: Telegram) -> Decimal | None:
    """Return the total power in kW, positive where it is imported."""
    power = _net_power(telegram.registers)
    return _of_other_channel(telegram, _net_power) if power is None else power


def import_power(telegram: Telegram) -> Decimal | None:
    """Return the imported power in kW: its register, else the import side of the net power, or of that of all phases.

    What one phase exports another one has not imported: a meter adds up its phases before it counts.
    """
    # Nearly all meters print it.
    power = in_unit(telegram.registers.get(obis.IMPORT_POWER), "kW")
    if power is None:
        power = _import_power(telegram.registers)
    if power is None:
        power = _of_other_channel(telegram, _import_power)
    return _import_power_of_phases(telegram) if power is None else power


def phase_power(telegram: Telegram, phase: str) -> Decimal | None:
    """Return the power of a phase in kW, positive where it is imported."""
    return _difference(telegram.registers, obis.import_power(phase), obis.export_power(phase))


def energy_import(telegram: Telegram) -> Decimal | None:
    """Return the imported energy in kWh, over all tariffs."""
    energy = _energy(telegram.registers, _IMPORT_CODES)
    return _energy_of_other_channel(telegram, _IMPORT_CODES) if energy is None else energy


def energy_export(telegram: Telegram) -> Decimal | None:
    """Return the exported energy in kWh, over all tariffs."""
    energy = _energy(telegram.registers, _EXPORT_CODES)
    return _energy_of_other_channel(telegram, _EXPORT_CODES) if energy is None else energy


class ReactiveEnergy(NamedTuple):
    """Counters of reactive energy in kvarh; one that is not printed is taken to stand at 0."""

    inductive: Decimal
    capacitive: Decimal
    is_of_import: bool
    """Whether just what went with imported energy is counted (quadrants I and IV); else all."""


def reactive_energy(telegram: Telegram) -> ReactiveEnergy | None:
    """Return the reactive energy by quadrants where the meter prints these, else by directions; None if neither."""
    for groups in (_QUADRANTS_OF_IMPORT, _DIRECTIONS):
        inductive, capacitive = (_reactive(telegram, group) for group in groups)
        if inductive is not None or capacitive is not None:
            is_of_import = groups is _QUADRANTS_OF_IMPORT
            return ReactiveEnergy(inductive or _NOTHING, capacitive or _NOTHING, is_of_import)
    return None


def _reactive(telegram: Telegram, group: int) -> Decimal | None:
    """Return a reactive energy in kvarh, over all tariffs."""
    codes = tuple(obis.reactive_energy(group, tariff) for tariff in (0, *TARIFFS))
    energy = _energy(telegram.registers, codes, "kvarh")
    return _energy_of_other_channel(telegram, codes, "kvarh") if energy is None else energy


def total(telegram: Telegram, code: str) -> Register | None:
    """Return the register of a total of the meter, such as `1-0:1.6.0`; None where the meter does not print it."""
    register = telegram.registers.get(code)
    return register or _of_other_channel(telegram, lambda channel: channel.get(code))


def _of_other_channel[T](telegram: Telegram, value_of: Callable[[_Registers], T | None]) -> T | None:
    """Return what a function makes of the registers of another channel, as if they were those of channel 0.

    Some meters print their totals as `1-1:` only. Of several such channels the lowest that has it counts.
    """
    registers = telegram.registers
    if len(registers) > _MOST_REGISTERS:
        return None
    for channel in _other_channels(frozenset(registers)):
        value = value_of({code: registers[printed] for code, printed in channel.items()})
        if value is not None:
            return value
    return None


@lru_cache(maxsize=_CACHED_TELEGRAMS)
def _other_channels(printed: frozenset[str]) -> tuple[Mapping[str, str], ...]:
    """Return the channels of electricity other than 0, in order: codes as channel 0 has them, and as printed."""
    channels: dict[int, dict[str, str]] = {}
    for text in printed:
        code = parse_code(text)
        if code is not None and code.a == 1 and code.b and code.f is None:
            channels.setdefault(code.b, {})[f"1-0:{code.c}.{code.d}.{code.e}"] = text
    return tuple(channels[number] for number in sorted(channels))


def _net_power(registers: _Registers) -> Decimal | None:
    """Return the net power in kW."""
    power = _difference(registers, obis.IMPORT_POWER, obis.EXPORT_POWER)
    return in_unit(registers.get(obis.NET_POWER), "kW") if power is None else power


def _import_power(registers: _Registers) -> Decimal | None:
    """Return the imported power in kW."""
    if (power := in_unit(registers.get(obis.IMPORT_POWER), "kW")) is not None:
        return power
    net = in_unit(registers.get(obis.NET_POWER), "kW")
    return None if net is None else max(net, _NOTHING)


def _import_power_of_phases(telegram: Telegram) -> Decimal | None:
    """Return the import side of the sum over all phases in kW, or None where no phase prints its import."""
    registers = telegram.registers
    if not any(in_unit(registers.get(obis.import_power(phase)), "kW") is not None for phase in obis.PHASE_GROUP):
        return None
    powers = [phase_power(telegram, phase) for phase in obis.PHASE_GROUP]
    return max(sum([power for power in powers if power is not None], _NOTHING), _NOTHING)


def _difference(registers: _Registers, plus: str, minus: str) -> Decimal | None:
    """Return the difference of two powers in kW."""
    positive, negative = in_unit(registers.get(plus), "kW"), in_unit(registers.get(minus), "kW")
    if positive is None:
        return None if negative is None else -negative
    return positive if negative is None else positive - negative


def _energy_of_other_channel(telegram: Telegram, codes: tuple[str, ...], unit: str = "kWh") -> Decimal | None:
    """Return an energy of another channel; None where channel 0 prints it, be it unset: counters do not mix."""
    if any(code in telegram.registers for code in codes):
        return None
    return _of_other_channel(telegram, lambda channel: _energy(channel, codes, unit))


def _energy(registers: _Registers, codes: tuple[str, ...], unit: str = "kWh") -> Decimal | None:
    """Return an energy: the total where the meter prints it, else the sum of all tariffs that it prints."""
    total_code, *tariff_codes = codes
    if total_code in registers:
        return in_unit(registers[total_code], unit)
    tariffs = [in_unit(registers[code], unit) for code in tariff_codes if code in registers]
    known = [energy for energy in tariffs if energy is not None]
    return sum(known, _NOTHING) if known and len(known) == len(tariffs) else None
