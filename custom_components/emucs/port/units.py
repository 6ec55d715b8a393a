"""Units that user ports print beside a value: what they measure, and how they are spelled."""

from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

_CACHED_UNITS: Final = 256


class Dimension(StrEnum):
    """What a unit measures."""

    ENERGY = "energy"
    """In Wh."""
    HEAT = "heat"
    """In J."""
    POWER = "power"
    """In W."""
    REACTIVE_ENERGY = "reactive_energy"
    """In varh."""
    REACTIVE_POWER = "reactive_power"
    """In var."""
    APPARENT_ENERGY = "apparent_energy"
    """In VAh."""
    APPARENT_POWER = "apparent_power"
    """In VA."""
    VOLTAGE = "voltage"
    """In V."""
    CURRENT = "current"
    """In A."""
    FREQUENCY = "frequency"
    """In Hz."""
    VOLUME = "volume"
    """In m³."""


class Unit(NamedTuple):
    """A unit: what it measures, and how many base units it is."""

    dimension: Dimension
    scale: Decimal


_PREFIXES: Final = {"": 0, "k": 3, "M": 6, "G": 9}
_ELECTRICAL: Final = {
    "Wh": (Dimension.ENERGY, "kMG"),
    "J": (Dimension.HEAT, "kMG"),
    "W": (Dimension.POWER, "kM"),
    "varh": (Dimension.REACTIVE_ENERGY, "kM"),
    "var": (Dimension.REACTIVE_POWER, "kM"),
    "VAh": (Dimension.APPARENT_ENERGY, "kM"),
    "VA": (Dimension.APPARENT_POWER, "kM"),
    "V": (Dimension.VOLTAGE, "k"),
    "A": (Dimension.CURRENT, "k"),
    "Hz": (Dimension.FREQUENCY, ""),
}
_CUBIC_METRE: Final = Unit(Dimension.VOLUME, Decimal(1))
_LITRE: Final = Unit(Dimension.VOLUME, Decimal("0.001"))

_UNITS: Final = {
    f"{prefix}{symbol}": Unit(dimension, Decimal(10) ** _PREFIXES[prefix])
    for symbol, (dimension, prefixes) in _ELECTRICAL.items()
    for prefix in ("", *prefixes)
} | {
    "mA": Unit(Dimension.CURRENT, Decimal("0.001")),
    "m3": _CUBIC_METRE,
    "M3": _CUBIC_METRE,
    "m³": _CUBIC_METRE,
    # The same in UTF-8, where lines are read as Latin-1.
    "mÂ³": _CUBIC_METRE,
    "dm3": _LITRE,
    "dm³": _LITRE,
    "l": _LITRE,
}


def _folded(text: str) -> str:
    """Return a unit without its case, save that of the first letter where it tells milli from mega."""
    return text[0] + text[1:].casefold() if text[0] in "mM" else text.casefold()


# Meters print kVAr, kVArh, KW, kwh as well.
_BY_FOLDED: Final = {_folded(text): unit for text, unit in _UNITS.items()}


@lru_cache(maxsize=_CACHED_UNITS)
def unit_of(text: str | None) -> Unit | None:
    """Return the unit that is printed, or None where there is none or it is unknown."""
    return _BY_FOLDED.get(_folded(text)) if text else None


def convert(number: Decimal, printed: str | None, wanted: str | None) -> Decimal | None:
    """Return a number in the wanted unit; None where the unit printed beside it is unknown, or of something else.

    A number without a unit has none in any unit.
    """
    if printed == wanted:
        return number
    known, target = unit_of(printed), unit_of(wanted)
    if known is None or target is None or known.dimension is not target.dimension:
        return None
    # The quotient first: it is a power of ten, so that no digit that the meter prints is lost.
    return number if known.scale == target.scale else number * (known.scale / target.scale)
