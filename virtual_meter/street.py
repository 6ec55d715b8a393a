"""The street in front of the house: which voltage it brings to every branch, and through how much resistance."""

from collections.abc import Mapping
from dataclasses import dataclass
import math
from types import MappingProxyType
from typing import Final

from .curves import Curve, noise
from .weather import Weather

_HOUR: Final = 3600
_KNOT: Final = 900
# In UTC: when Belgium cooks.
_EVENING: Final = 17.5
_EVENING_HOURS: Final = 1.8
_FULL_SUN: Final = 1000


@dataclass(frozen=True, slots=True)
class Street:
    """A kind of street, in volts of a supply of 230 V; all figures are assumptions.

    `ohms` is the resistance of the way to the transformer and back, for each branch. That branches have none of it in
    common is a simplification: on 3x400 V they share a neutral.
    """

    text: str
    ohms: float
    idle: float
    """At night, when nobody uses much."""
    sun: float
    """How much the panels of the neighbours raise it in full sun."""
    evening: float
    """How much their kitchens lower it."""
    wander: float = 6.0
    ripple: float = 0.8


ORDINARY: Final = "ordinary"
WEAK: Final = "weak"
STREETS: Final[Mapping[str, Street]] = MappingProxyType(
    {
        ORDINARY: Street("a voltage that stays within its limits", 0.127, 234.5, 3.0, 2.0),
        WEAK: Street("the end of a long cable, above 253 V on sunny noons", 0.5, 235.0, 14.0, 2.5, wander=3.0),
    }
)
"""Every kind of street, by the name that `--street` has for it."""


@dataclass(frozen=True, slots=True)
class Disturbance:
    """What is wrong with the grid."""

    volts: float | None = None
    """What the street brings instead of its own voltage, in volts of a supply of 230 V."""
    missing: int | None = None
    """The number of the phase that is gone, from 0 on."""
    neutral_lost: bool = False
    """Whether nothing holds the star point of 3x400 V any more; other grids have no neutral that matters here."""


UNDISTURBED: Final = Disturbance()


class Feeder:
    """The voltage that a street brings, decided by the seed and the time, before the house draws anything."""

    def __init__(self, seed: int, street: Street, branches: int) -> None:
        """Begin with so many branches."""
        self.ohms = street.ohms
        self._street = street
        self._weather = Weather(seed)
        self._evening = Curve(_evening, _KNOT)
        self._wander = [noise(seed, f"street {n}", 700) for n in range(branches)]
        self._ripple = [noise(seed, f"ripple {n}", 4) for n in range(branches)]

    def volts(self, t: int, disturbance: Disturbance) -> list[float]:
        """Return the voltage of every branch at `t`."""
        street = self._street
        common = disturbance.volts
        wander = 0.0 if common is not None else street.wander
        if common is None:
            common = street.idle + street.sun * self._weather.irradiance(t) / _FULL_SUN
            common -= street.evening * self._evening.at(t)
        return [
            common + wander * (slow.at(t) - 0.5) + street.ripple * (fast.at(t) - 0.5)
            for slow, fast in zip(self._wander, self._ripple, strict=True)
        ]


def _evening(knot: int) -> float:
    """Return how much of an evening it is, up to 1."""
    hour = (knot * _KNOT / _HOUR) % 24
    return math.exp(-(((hour - _EVENING) / _EVENING_HOURS) ** 2))


def behind(volts: float, ohms: float, watts: float, var: float) -> float:
    """Return the voltage behind a resistance, where so much power is taken or given.

    It solves U⁴ + (2RP - E²)U² + R²S² = 0. Where no voltage carries that power, half of it is what a cable gives.
    """
    half = volts * volts / 2 - ohms * watts
    root = half * half - (ohms * ohms) * (watts * watts + var * var)
    return math.sqrt(half + math.sqrt(root)) if half > 0 and root > 0 else volts / 2
