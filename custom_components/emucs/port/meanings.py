"""What an OBIS code means, by the value groups of IEC 62056-6-1, where the unit printed beside it agrees."""

from enum import StrEnum
from typing import Final, NamedTuple

from .obis import Code
from .units import Dimension, unit_of


class Origin(StrEnum):
    """Where a value comes from (value group A, the medium of IEC 62056-6-1, and the M-Bus values of A = 0)."""

    ABSTRACT = "abstract"
    """The meter itself."""
    ELECTRICITY = "electricity"
    M_BUS = "m_bus"
    """A meter on an M-Bus channel, whose device type tells what it measures."""


class Quantity(StrEnum):
    """What is measured (value group C for electricity); power or energy is decided by the kind."""

    ACTIVE = "active"
    REACTIVE = "reactive"
    REACTIVE_Q1 = "reactive_q1"
    """Reactive in the first quadrant alone: inductive import."""
    REACTIVE_Q2 = "reactive_q2"
    REACTIVE_Q3 = "reactive_q3"
    REACTIVE_Q4 = "reactive_q4"
    APPARENT = "apparent"
    CURRENT = "current"
    VOLTAGE = "voltage"
    POWER_FACTOR = "power_factor"
    FREQUENCY = "frequency"
    POWER_FAILURE = "power_failure"
    LONG_POWER_FAILURE = "long_power_failure"
    VOLUME = "volume"
    UNCORRECTED_VOLUME = "uncorrected_volume"
    """Gas that was not converted to its volume at a standard temperature."""
    ENERGY = "energy"
    """Heat, cold or electricity that an M-Bus meter counts."""


class Phase(StrEnum):
    """The conductor."""

    L1 = "l1"
    L2 = "l2"
    L3 = "l3"
    N = "n"


class Direction(StrEnum):
    """Which way energy flows."""

    IMPORT = "import"
    EXPORT = "export"
    NET = "net"
    """Import less export."""
    ABSOLUTE = "absolute"
    """Import and export together."""


class Kind(StrEnum):
    """How the quantity is processed (value group D)."""

    INSTANT = "instant"
    CURRENT_DEMAND = "current_demand"
    """The average of the interval that runs."""
    LAST_DEMAND = "last_demand"
    """The average of the last interval that is complete."""
    MAXIMUM_DEMAND = "maximum_demand"
    """The highest of such averages in the billing period."""
    ENERGY = "energy"
    AVERAGE = "average"
    LIMIT = "limit"
    """A threshold that the meter watches over."""
    SAGS = "sags"
    """How often it was below its lower limit."""
    SWELLS = "swells"
    """How often it was above its upper limit."""
    COUNT = "count"
    """How often it happened."""
    READING = "reading"
    """The counter of an M-Bus meter."""


class Meaning(NamedTuple):
    """The meaning of a register: all that a name, a device class and a state class are made of."""

    medium: Origin
    channel: int
    """Value group B: an M-Bus channel, or 0 for the only meter there is."""
    quantity: Quantity
    kind: Kind
    phase: Phase | None = None
    """None for all phases together."""
    direction: Direction | None = None
    """None where the quantity has none."""
    tariff: int = 0
    """Value group E of demands and energy; 0 is the total. Of an M-Bus reading: which of its values it is."""
    historic: int | None = None
    """Value group F: the number of a billing period that is over; None for the running one."""


_MAX_CHANNEL: Final = 64
_MAX_TARIFF: Final = 63

# IEC 62056-6-1, value group C where A = 1: these on all phases together, and again from 21, 41 and 61 on for L1 to L3.
_QUANTITIES: Final[dict[int, tuple[Quantity, Direction | None]]] = {
    1: (Quantity.ACTIVE, Direction.IMPORT),
    2: (Quantity.ACTIVE, Direction.EXPORT),
    3: (Quantity.REACTIVE, Direction.IMPORT),
    4: (Quantity.REACTIVE, Direction.EXPORT),
    5: (Quantity.REACTIVE_Q1, None),
    6: (Quantity.REACTIVE_Q2, None),
    7: (Quantity.REACTIVE_Q3, None),
    8: (Quantity.REACTIVE_Q4, None),
    9: (Quantity.APPARENT, Direction.IMPORT),
    10: (Quantity.APPARENT, Direction.EXPORT),
    11: (Quantity.CURRENT, None),
    12: (Quantity.VOLTAGE, None),
    13: (Quantity.POWER_FACTOR, None),
    14: (Quantity.FREQUENCY, None),
    15: (Quantity.ACTIVE, Direction.ABSOLUTE),
    16: (Quantity.ACTIVE, Direction.NET),
}
_PHASES: Final = (None, Phase.L1, Phase.L2, Phase.L3)
_GROUP: Final = 20
_NEUTRAL_CURRENT: Final = 91

# IEC 62056-6-1, value group D where A = 1. D = 24 averages over an interval of its own, as Lithuanian meters print it.
_KINDS: Final = {
    4: Kind.CURRENT_DEMAND,
    5: Kind.LAST_DEMAND,
    6: Kind.MAXIMUM_DEMAND,
    7: Kind.INSTANT,
    8: Kind.ENERGY,
    24: Kind.AVERAGE,
    32: Kind.SAGS,
    36: Kind.SWELLS,
}
_TARIFF_KINDS: Final = {Kind.CURRENT_DEMAND, Kind.LAST_DEMAND, Kind.MAXIMUM_DEMAND, Kind.ENERGY}
_AVERAGES: Final = {Kind.INSTANT, Kind.AVERAGE}
_COUNTS: Final = {Kind.SAGS, Kind.SWELLS}

_POWER: Final = {
    Quantity.ACTIVE: (Dimension.POWER, Dimension.ENERGY),
    Quantity.REACTIVE: (Dimension.REACTIVE_POWER, Dimension.REACTIVE_ENERGY),
    Quantity.REACTIVE_Q1: (Dimension.REACTIVE_POWER, Dimension.REACTIVE_ENERGY),
    Quantity.REACTIVE_Q2: (Dimension.REACTIVE_POWER, Dimension.REACTIVE_ENERGY),
    Quantity.REACTIVE_Q3: (Dimension.REACTIVE_POWER, Dimension.REACTIVE_ENERGY),
    Quantity.REACTIVE_Q4: (Dimension.REACTIVE_POWER, Dimension.REACTIVE_ENERGY),
    Quantity.APPARENT: (Dimension.APPARENT_POWER, Dimension.APPARENT_ENERGY),
}
"""The dimensions of the power and of the energy of a quantity."""
_OTHERS: Final = {
    Quantity.CURRENT: Dimension.CURRENT,
    Quantity.VOLTAGE: Dimension.VOLTAGE,
    Quantity.FREQUENCY: Dimension.FREQUENCY,
}

# What the limiter of DSMR and its kin holds in 0-0:17.0.0: kW, kVA in Luxembourg, A in DSMR 3.
_LIMITED: Final = {
    Dimension.POWER: Quantity.ACTIVE,
    Dimension.APPARENT_POWER: Quantity.APPARENT,
    Dimension.CURRENT: Quantity.CURRENT,
}
_LIMITER: Final = (17, 0, 0)
_FAILURES: Final = {(96, 7, 21): Quantity.POWER_FAILURE, (96, 7, 9): Quantity.LONG_POWER_FAILURE}
_M_BUS_VALUE: Final = (24, 2)
_M_BUS_UNCORRECTED: Final = 3


def meaning(code: Code, unit: str | None) -> Meaning | None:
    """Return what a register means; None where the standard does not say, or the unit does not fit the code.

    Source: IEC 62056-6-1, value groups A to F; e-MUCS P1 1.7.1 and DSMR P1 5.0.2 for what they use of A = 0.
    """
    if code.a == 1:
        return _electricity(code, unit)
    if code.a == 0:
        return _m_bus(code, unit) if (code.c, code.d) == _M_BUS_VALUE else _abstract(code, unit)
    return None


def _electricity(code: Code, unit: str | None) -> Meaning | None:
    """Return the meaning of a code of medium 1."""
    kind = _KINDS.get(code.d)
    conductor = _conductor(code.c)
    if kind is None or conductor is None or code.b > _MAX_CHANNEL:
        return None
    quantity, direction, phase = conductor
    if quantity is Quantity.CURRENT and kind is Kind.CURRENT_DEMAND:
        # DSMR and its kin print the limit of the current there, which the fuse is watched with.
        kind = Kind.LIMIT
    # E is a tariff of demands and energy alone: of instant values it is a harmonic.
    if code.e > (_MAX_TARIFF if kind in _TARIFF_KINDS else 0) or not _fits(quantity, kind, unit):
        return None
    return Meaning(Origin.ELECTRICITY, code.b, quantity, kind, phase, direction, code.e, code.f)


def _conductor(group: int) -> tuple[Quantity, Direction | None, Phase | None] | None:
    """Return the quantity, direction and phase of a value group C of electricity."""
    if group == _NEUTRAL_CURRENT:
        return Quantity.CURRENT, None, Phase.N
    index, place = divmod(group - 1, _GROUP)
    if not 0 <= index < len(_PHASES) or (quantity := _QUANTITIES.get(place + 1)) is None:
        return None
    return *quantity, _PHASES[index]


def _fits(quantity: Quantity, kind: Kind, unit: str | None) -> bool:
    """Tell whether a unit is one of the quantity, processed in this way."""
    if kind in _COUNTS:
        return quantity is Quantity.VOLTAGE and not unit
    if quantity is Quantity.POWER_FACTOR:
        return kind in _AVERAGES and not unit
    if (known := unit_of(unit)) is None:
        return False
    if quantity in _POWER:
        power, energy = _POWER[quantity]
        return known.dimension is (energy if kind is Kind.ENERGY else power)
    # Of the others just currents have demands.
    return known.dimension is _OTHERS[quantity] and (
        kind in _AVERAGES or (quantity is Quantity.CURRENT and kind is not Kind.ENERGY)
    )


def _m_bus(code: Code, unit: str | None) -> Meaning | None:
    """Return the meaning of the reading of an M-Bus meter, `0-n:24.2.E`."""
    known = unit_of(unit)
    if known is None or not 1 <= code.b <= _MAX_CHANNEL:
        return None
    if known.dimension is Dimension.VOLUME:
        quantity = Quantity.UNCORRECTED_VOLUME if code.e == _M_BUS_UNCORRECTED else Quantity.VOLUME
    elif known.dimension in {Dimension.ENERGY, Dimension.HEAT}:
        quantity = Quantity.ENERGY
    else:
        return None
    return Meaning(Origin.M_BUS, code.b, quantity, Kind.READING, tariff=code.e, historic=code.f)


def _abstract(code: Code, unit: str | None) -> Meaning | None:
    """Return the meaning of a code of the meter itself."""
    if code.b > _MAX_CHANNEL:
        return None
    group = (code.c, code.d, code.e)
    if group == _LIMITER:
        known = unit_of(unit)
        quantity = None if known is None else _LIMITED.get(known.dimension)
        kind = Kind.LIMIT
    else:
        quantity = None if unit else _FAILURES.get(group)
        kind = Kind.COUNT
    if quantity is None:
        return None
    return Meaning(Origin.ABSTRACT, code.b, quantity, kind, historic=code.f)
