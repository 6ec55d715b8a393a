"""Which grid a meter is connected to, and what the connection carries."""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
import re
from typing import Any, Final

from ..port import Telegram, obis
from .electricity import in_unit

# A supply of 230 V between lines has 230/√3 = 133 V from a line to the star point; EN 50160 allows 10 % more or less.
# 15 % and 20 % here, and still far from each other.
_TO_STAR_POINT: Final = (Decimal(113), Decimal(153))
_OF_230_V: Final = (Decimal(184), Decimal(276))

SECTION_CONNECTION: Final = "connection"
CONF_BREAKER: Final = "breaker"
BREAKERS: Final = (16, 20, 25, 32, 40, 50, 63)
"""The ratings in A of the main breakers of homes, by the tables of grid operators (ORES, Sibelga)."""
SMALLEST_BREAKER: Final = 1
LARGEST_BREAKER: Final = 6300
"""A. What breakers are made for; what a meter prints beyond it limits nothing."""

_AMPERES: Final = re.compile(r"\s*(\d{1,4}(?:[.,]\d{1,2})?)\s*A?\s*", re.ASCII | re.IGNORECASE)
_LARGEST_OF_HOMES: Final = Decimal(BREAKERS[-1])
_SQUARE_ROOT_OF_3: Final = Decimal(3).sqrt()


class Grid(StrEnum):
    """The grids of Belgian homes: phases and voltage."""

    SINGLE_PHASE = "single_phase"
    THREE_PHASE_400V = "three_phase_400v"
    THREE_PHASE_230V = "three_phase_230v"


# kVA of one ampere in each phase. Without a neutral 230 V are between lines, with one 400 V.
_OF_AN_AMPERE: Final = {
    Grid.SINGLE_PHASE: Decimal("0.23"),
    Grid.THREE_PHASE_230V: Decimal("0.23") * _SQUARE_ROOT_OF_3,
    Grid.THREE_PHASE_400V: Decimal("0.4") * _SQUARE_ROOT_OF_3,
}


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


def breaker_of(options: Mapping[str, Any]) -> Decimal | None:
    """Return the rating of the main breaker in A that the options of an entry give."""
    rating = options.get(SECTION_CONNECTION, {}).get(CONF_BREAKER)
    return Decimal(str(rating)) if rating else None


def breaker_in(text: str) -> Decimal | None:
    """Return the rating in A that a text is, such as `40`, `40 A` or `12,5`; None if no breaker has it."""
    if (match := _AMPERES.fullmatch(text)) is None:
        return None
    rating = Decimal(match[1].replace(",", "."))
    return rating if SMALLEST_BREAKER <= rating <= LARGEST_BREAKER else None


def connection_power(rating: Decimal, grid: Grid | None) -> Decimal:
    """Return the power in kVA of so many amperes in each phase, as grid operators give it for a main breaker.

    While the grid is not known it is taken to be the one that carries most, three phases and neutral.
    """
    return rating * _OF_AN_AMPERE[grid or Grid.THREE_PHASE_400V]


def connection_limit(telegram: Telegram, grid: Grid | None, breaker: Decimal | None = None) -> Decimal:
    """Return what a connection carries at most, in kW: what limits it, and what 63 A carry where nothing is known."""
    limit = _known_limit(telegram, grid, breaker)
    return round(connection_power(_LARGEST_OF_HOMES, grid) if limit is None else limit, 3)


def rated_current(telegram: Telegram, grid: Grid | None, breaker: Decimal | None = None) -> Decimal | None:
    """Return the current in A that each phase of a connection may carry; None where nothing says so.

    A limiter is one of the power of all phases: its current is that of phases that carry the same.
    """
    limit = _known_limit(telegram, grid, breaker)
    rating = None if limit is None else limit / connection_power(Decimal(1), grid)
    return rating if rating is not None and SMALLEST_BREAKER <= rating <= LARGEST_BREAKER else None


def _known_limit(telegram: Telegram, grid: Grid | None, breaker: Decimal | None) -> Decimal | None:
    """Return the least in kW of a breaker in A, and of what the meter limits (17.0.0) or supervises (31.4.0)."""
    limiter = telegram.registers.get(obis.LIMITER_THRESHOLD)
    limits = [in_unit(limiter, "kW"), in_unit(limiter, "kVA")]
    currents = [breaker, in_unit(telegram.registers.get(obis.FUSE_THRESHOLD), "A"), in_unit(limiter, "A")]
    limits += [connection_power(current, grid) for current in currents if current is not None]
    # A connection that carries nothing is none.
    return min([limit for limit in limits if limit is not None and limit > 0], default=None)


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
