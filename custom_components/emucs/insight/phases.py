"""What a telegram says of the phases, as floats: what follows from it is no register, and needs no more digits."""

from collections.abc import Sequence
from decimal import Decimal
from math import sqrt
from typing import Final

from ..port import Register, Telegram, obis
from .electricity import net_power
from .grid import Grid

PHASES: Final = tuple(obis.PHASE_GROUP)
SQUARE_ROOT_OF_3: Final = sqrt(3)

type Triple = tuple[float | None, float | None, float | None]
"""A quantity of L1, L2 and L3; None where there is none, or it is not known."""

NOTHING: Final[Triple] = (None, None, None)

_CURRENT_1, _CURRENT_2, _CURRENT_3 = (obis.current(phase) for phase in PHASES)
_VOLTAGE_1, _VOLTAGE_2, _VOLTAGE_3 = (obis.voltage(phase) for phase in PHASES)
_POWERS: Final = tuple((obis.import_power(phase), obis.export_power(phase)) for phase in PHASES)
# No connection that a user port is on has more: what is printed beyond it is no current, voltage or power of one.
_MOST_AMPERES: Final = 10_000.0
_MOST_VOLTS: Final = 100_000.0
_MOST_KILOWATTS: Final = 100_000.0
_KILO: Final = 1000.0
# kW by which the powers of the phases may differ from that of all together. Some meters print 0 for each.
_TOLERANCE: Final = 0.1


def currents_of(telegram: Telegram) -> Triple:
    """Return the currents in A, without a direction."""
    get = telegram.registers.get
    return (
        _number(get(_CURRENT_1), "A", _MOST_AMPERES),
        _number(get(_CURRENT_2), "A", _MOST_AMPERES),
        _number(get(_CURRENT_3), "A", _MOST_AMPERES),
    )


def volts_of(telegram: Telegram) -> Triple:
    """Return the voltages in V, as they are printed."""
    get = telegram.registers.get
    return (
        _number(get(_VOLTAGE_1), "V", _MOST_VOLTS),
        _number(get(_VOLTAGE_2), "V", _MOST_VOLTS),
        _number(get(_VOLTAGE_3), "V", _MOST_VOLTS),
    )


def power_of(telegram: Telegram) -> float | None:
    """Return the power of all phases in kW, imported less exported."""
    net = net_power(telegram)
    if net is None:
        return None
    power = float(net)
    return power if abs(power) <= _MOST_KILOWATTS else None


def active_currents(telegram: Telegram, grid: Grid | None, power: float, volts: Triple, currents: Triple) -> Triple:
    """Return the active part of each current in A, positive where it is imported; None where that is not known.

    `power`: that of all phases in kW. Those of the phases have to add up to it, and without a neutral there are none,
    as the meter prints those of its two wattmeters.
    """
    if grid in (None, Grid.THREE_PHASE_230V):
        return NOTHING
    powers = (power, None, None) if grid is Grid.SINGLE_PHASE else _powers_of(telegram)
    if abs(sum([each for each in powers if each is not None]) - power) > _TOLERANCE:
        return NOTHING
    first, second, third = map(_active_current, powers, volts, currents, strict=True)
    return first, second, third


def apparent_power(grid: Grid | None, volts: Triple, currents: Sequence[float | None]) -> float | None:
    """Return the apparent power in kVA, import and export alike; None where a voltage is not known.

    Without a neutral, where L2 has no voltage, the others' are between lines, and what flows in L2 is taken to be the
    mean of the others where it is not measured.
    """
    known = [current for current in currents if current is not None]
    if not known:
        return None
    if grid is Grid.THREE_PHASE_230V and not volts[1]:
        between = [volt for volt in (volts[0], volts[2]) if volt]
        mean = sum(known) / len(known)
        return SQUARE_ROOT_OF_3 * sum(between) / len(between) * mean / _KILO if between else None
    total = 0.0
    for volt, current in zip(volts, currents, strict=True):
        if current is not None:
            if volt is None:
                return None
            total += volt * current
    return total / _KILO


def _number(register: Register | None, unit: str, most: float) -> float | None:
    """Return the size of a register in a unit; None where there is none, or it is beyond any connection."""
    if register is None:
        return None
    # Nearly all meters print this unit, and this is asked of each telegram.
    number = register.value if register.unit == unit else register.number_in(unit)
    if number.__class__ is not Decimal:
        return None
    size = abs(float(number))
    return size if size <= most else None


def _powers_of(telegram: Telegram) -> Triple:
    """Return the powers of the phases in kW, imported less exported."""
    registers, powers = telegram.registers, []
    for import_code, export_code in _POWERS:
        imported = _number(registers.get(import_code), "kW", _MOST_KILOWATTS)
        exported = _number(registers.get(export_code), "kW", _MOST_KILOWATTS)
        is_known = imported is not None or exported is not None
        powers.append((imported or 0.0) - (exported or 0.0) if is_known else None)
    first, second, third = powers
    return first, second, third


def _active_current(power: float | None, volt: float | None, current: float | None) -> float | None:
    """Return the active part of the current of a phase of a power in kW; no more is exported than flows."""
    if power is None or not volt or current is None:
        return None
    return max(power * _KILO / volt, -current)
