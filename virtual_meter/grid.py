"""From power on the branches of a house to what a meter measures on its phases."""

import cmath
from dataclasses import dataclass
from decimal import Decimal
import math

from .curves import noise
from .profiles import Wiring

# Volts that a kilowatt moves the voltage at the end of a Belgian street.
_DROP_V_PER_KW = 0.55
_LOWEST_V = 225.0
_HIGHEST_V = 246.0
# Electronics draw reactive power even when they rest.
_RESTING_VAR = 35.0
_VAR_PER_W = 0.12
_WORKING_MW = 1_000_000


@dataclass(frozen=True, slots=True)
class Phase:
    """What the meter measures on one phase, at the resolution that it prints (kW, V, A)."""

    power_import: Decimal
    power_export: Decimal
    voltage: Decimal
    current: Decimal


def kilowatts(milliwatts: int) -> Decimal:
    """Return power as printed: kW with three decimals."""
    return Decimal((milliwatts + 500) // 1000).scaleb(-3)


def _phase(milliwatts: int, volts: float, amperes: float) -> Phase:
    return Phase(
        power_import=kilowatts(max(0, milliwatts)),
        power_export=kilowatts(max(0, -milliwatts)),
        voltage=Decimal(round(volts * 10)).scaleb(-1),
        current=Decimal(round(amperes * 100)).scaleb(-2),
    )


def _apparent(milliwatts: int) -> complex:
    watts = milliwatts / 1000
    return complex(watts, _RESTING_VAR + _VAR_PER_W * abs(watts))


class Grid:
    """The supply of the house: three phases with a neutral, one, or three without (delta)."""

    def __init__(self, seed: int, wiring: Wiring) -> None:
        """Connect the house."""
        self._delta = wiring is Wiring.DELTA
        count = 1 if wiring is Wiring.SINGLE_PHASE else 3
        self._street = [noise(seed, f"street {n}", 700) for n in range(count)]
        self._ripple = [noise(seed, f"ripple {n}", 4) for n in range(count)]

    def phases(self, t: int, branches: list[int]) -> tuple[Phase, ...]:
        """Return what the meter measures at `t`, given the power in mW on each branch."""
        volts = [self._volts(t, n, milliwatts) for n, milliwatts in enumerate(branches)]
        if self._delta:
            return _aron(branches, volts)
        return tuple(
            _phase(milliwatts, voltage, abs(_apparent(milliwatts)) / voltage)
            for milliwatts, voltage in zip(branches, volts, strict=True)
        )

    def _volts(self, t: int, branch: int, milliwatts: int) -> float:
        idle = 229.5 + 11.0 * self._street[branch].at(t) + 0.8 * self._ripple[branch].at(t)
        return min(_HIGHEST_V, max(_LOWEST_V, idle - _DROP_V_PER_KW * milliwatts / _WORKING_MW))


def _aron(branches: list[int], volts: list[float]) -> tuple[Phase, ...]:
    """Measure a delta supply with two wattmeters, L2 being the reference (e-MUCS P1 1.7.1, table 4, notes 5 and 6).

    Branches are L1-L2, L2-L3 and L3-L1. What a wattmeter reads is not the use of its phase, and may well be
    negative while the house imports; only their sum is the power of the house.
    """
    mean = sum(volts) / 3
    u12, u23, u31 = (cmath.rect(mean, math.radians(angle)) for angle in (0, -120, 120))
    i12, i23, i31 = (
        (_apparent(milliwatts) / voltage).conjugate()
        for milliwatts, voltage in zip(branches, (u12, u23, u31), strict=True)
    )
    i1, i2, i3 = i12 - i31, i23 - i12, i31 - i23
    first = round((u12 * i1.conjugate()).real * 1000)
    third = sum(branches) - first
    return (
        _phase(first, volts[0], abs(i1)),
        _phase(0, 0.0, abs(i2)),
        _phase(third, volts[1], abs(i3)),
    )
