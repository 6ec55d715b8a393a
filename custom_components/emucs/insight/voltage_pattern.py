"""What the voltages of all phases at one moment look like: a missing phase, a lost neutral. Experimental."""

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Final

# Assumptions, as nobody publishes thresholds. Shares of the nominal voltage.
_MISSING: Final = 0.5
"""A phase with less is missing, if the others have a voltage as they may always have."""
_PRESENT: Final = 0.85
_TOO_HIGH: Final = 1.1
"""With a lost neutral one phase is above this and another one below the next."""
_TOO_LOW: Final = 0.9
_LINES_KEPT: Final = 0.05
"""A lost neutral leaves the voltages between lines as they are, up to this share."""

_THREE: Final = 3


def missing_phases(volts: Mapping[str, int | None], nominal: float) -> tuple[str, ...]:
    """Return the phases without voltage while others have theirs; in the unit of the nominal voltage.

    A dip of all phases is no missing phase, and one whose voltage is not printed is not judged.
    """
    known = {phase: each for phase, each in volts.items() if each is not None}
    missing = tuple(phase for phase, each in known.items() if each < _MISSING * nominal)
    others = [each for phase, each in known.items() if phase not in missing]
    return missing if others and min(others) >= _PRESENT * nominal else ()


def is_neutral_lost(volts: Sequence[int | None], nominal: float) -> bool:
    """Tell whether three voltages to the neutral look as if that had drifted between lines that are as ever."""
    known = [each for each in volts if each is not None]
    if len(known) < _THREE or max(known) <= _TOO_HIGH * nominal or min(known) >= _TOO_LOW * nominal:
        return False
    between_lines = line_voltage(known)
    return abs(between_lines / (nominal * sqrt(3)) - 1) <= _LINES_KEPT


def line_voltage(volts: Sequence[float]) -> float:
    """Return the voltage between lines of a symmetrical supply, by three voltages to any one point; 0 if there is none.

    A point has distances a, b, c to the corners of a triangle with equal sides s where
    3(a⁴ + b⁴ + c⁴ + s⁴) = (a² + b² + c² + s²)².
    """
    squares = sum(each**2 for each in volts)
    fourths = sum(each**4 for each in volts)
    inner = 3 * squares**2 - 6 * fourths
    return sqrt((squares + sqrt(inner)) / 2) if inner >= 0 else 0.0


def largest_deviation(means: Sequence[float]) -> float:
    """Return by which share of their mean one of three voltages deviates most. It is not the unbalance of EN 50160."""
    mean = sum(means) / len(means)
    return max(abs(each - mean) for each in means) / mean
