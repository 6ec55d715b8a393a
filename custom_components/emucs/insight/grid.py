"""Which grid a meter is connected to."""

from decimal import Decimal
from enum import StrEnum
from typing import Final

from ..port import Telegram, obis
from .electricity import in_unit

# A supply of 230 V between lines has 230/√3 = 133 V from a line to the star point; EN 50160 allows 10 % more or less.
# 15 % and 20 % here, and still far from each other.
_TO_STAR_POINT: Final = (Decimal(113), Decimal(153))
_OF_230_V: Final = (Decimal(184), Decimal(276))


# The largest connection of a home that tables of grid operators know: 14.5, 25.1 and 43.5 kW.
_LARGEST_BREAKER: Final = Decimal(63)
_PHASE_VOLTS: Final = Decimal(230)
_WATTS: Final = 1000


class Grid(StrEnum):
    """The grids of Belgian homes: phases and voltage."""

    SINGLE_PHASE = "single_phase"
    THREE_PHASE_400V = "three_phase_400v"
    THREE_PHASE_230V = "three_phase_230v"


def grid_of(telegram: Telegram, before: Grid | None = None) -> Grid | None:
    """Return the grid that a telegram shows, or what was known before where it shows none.

    Meters of the second generation print it (1-0:94.32.1). Others are recognised by their voltages: without a neutral,
    L2 is the reference and its voltage is 0 (e-MUCS P1 1.7.1, table 4, note 5), or all three are those to the star
    point, as Iskraemeco meters print them.
    """
    registers = telegram.registers
    if (printed := registers.get(obis.GRID)) is not None and printed.number is not None:
        return Grid.THREE_PHASE_230V if printed.number == 230 else Grid.THREE_PHASE_400V  # noqa: PLR2004 -- volts
    if before is Grid.THREE_PHASE_400V:
        # A phase without voltage is an outage there.
        return before
    first, second, third = volts = _volts(telegram)
    if second is not None:
        if _are_to_star_point(volts) or (not second and _is_of_230_v(first) and _is_of_230_v(third)):
            return Grid.THREE_PHASE_230V
        return Grid.THREE_PHASE_400V if _is_of_230_v(second) else before
    if before is None and obis.voltage("l1") in registers and obis.voltage("l3") not in registers:
        return Grid.SINGLE_PHASE
    return before


def has_voltage(telegram: Telegram, phase: str, grid: Grid | None) -> bool:
    """Tell whether the voltage that a telegram prints of a phase is one.

    On 3x230 V, L2 is what the two others are measured against, and printed as 0: no fault, and nothing to show. A meter
    that measures against the star point has a voltage on L2 as on any other.
    """
    if obis.voltage(phase) not in telegram.registers:
        return False
    return phase != "l2" or grid is not Grid.THREE_PHASE_230V or _are_to_star_point(_volts(telegram))


def connection_limit(telegram: Telegram, grid: Grid | None) -> Decimal:
    """Return what a home's connection carries at most, in kW.

    That is what the meter limits (0-0:17.0.0) or supervises (1-0:31.4.0), and 63 A in each phase where it does neither.
    While the grid is not known it is taken to be the one that carries most, three phases and neutral.
    """
    limiter = telegram.registers.get(obis.LIMITER_THRESHOLD)
    limits = [in_unit(limiter, "kW"), in_unit(limiter, "kVA")]
    if (fuse := in_unit(telegram.registers.get(obis.FUSE_THRESHOLD), "A")) is not None:
        limits.append(fuse * _kilowatts_an_ampere(grid))
    # A connection that carries nothing is none.
    return min([limit for limit in limits if limit], default=_LARGEST_BREAKER * _kilowatts_an_ampere(grid))


def _kilowatts_an_ampere(grid: Grid | None) -> Decimal:
    """Return the power in kW of one ampere in each phase."""
    match grid:
        case Grid.SINGLE_PHASE:
            phases = Decimal(1)
        case Grid.THREE_PHASE_230V:
            phases = Decimal(3).sqrt()
        case _:
            phases = Decimal(3)
    return phases * _PHASE_VOLTS / _WATTS


type _Volts = tuple[Decimal | None, Decimal | None, Decimal | None]


def _volts(telegram: Telegram) -> _Volts:
    """Return the voltages of the three phases."""
    first, second, third = (in_unit(telegram.registers.get(obis.voltage(phase)), "V") for phase in obis.PHASE_GROUP)
    return first, second, third


def _are_to_star_point(volts: _Volts) -> bool:
    """Tell whether these are the voltages of 3x230 V to its star point."""
    return all(each is not None and _TO_STAR_POINT[0] <= each <= _TO_STAR_POINT[1] for each in volts)


def _is_of_230_v(volts: Decimal | None) -> bool:
    """Tell whether this is a voltage of 230 V, between lines or to the neutral."""
    return volts is not None and _OF_230_V[0] <= volts <= _OF_230_V[1]
