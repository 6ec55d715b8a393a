"""From power on the branches of a house to what a meter measures on its phases."""

import cmath
from dataclasses import dataclass
from decimal import Decimal
import math

from .curves import noise
from .profiles import Profile, Wiring

# Volts that a kilowatt moves the voltage at the end of a Belgian street.
_DROP_V_PER_KW = 0.55
_LOWEST_V = 225.0
_HIGHEST_V = 246.0
_WORKING_MW = 1_000_000
# A factory is supplied at 10 kV, and its meter scales by its voltage transformers.
_INDUSTRIAL_VOLTS = 10_000 / math.sqrt(3) / 230
_HERTZ_SWING = 0.06


@dataclass(frozen=True, slots=True)
class Phase:
    """What the meter measures on one phase, at the resolution that it prints (kW, kvar, V, A)."""

    power_import: Decimal
    power_export: Decimal
    voltage: Decimal
    current: Decimal
    reactive: Decimal
    """Positive where it is inductive."""


def kilowatts(milliwatts: int) -> Decimal:
    """Return power as printed: kW with three decimals."""
    return Decimal((milliwatts + 500) // 1000).scaleb(-3)


def _phase(power: complex, volts: float, amperes: float) -> Phase:
    """Return a phase with this power in mW and mvar."""
    milliwatts = round(power.real)
    return Phase(
        power_import=kilowatts(max(0, milliwatts)),
        power_export=kilowatts(max(0, -milliwatts)),
        voltage=Decimal(round(volts * 10)).scaleb(-1),
        current=Decimal(round(amperes * 100)).scaleb(-2),
        reactive=kilowatts(round(power.imag)),
    )


class Grid:
    """The supply of the house: three phases with a neutral, one, or three without (delta)."""

    def __init__(self, seed: int, profile: Profile) -> None:
        """Connect the house."""
        self._delta = profile.wiring is Wiring.DELTA
        self._measure = _star_point if profile.star_voltages else _aron
        self._scale = _INDUSTRIAL_VOLTS if profile.industrial else 1.0
        count = 1 if profile.single_phase else 3
        self._street = [noise(seed, f"street {n}", 700) for n in range(count)]
        self._ripple = [noise(seed, f"ripple {n}", 4) for n in range(count)]
        self._hertz = noise(seed, "hertz", 20)

    def frequency(self, t: int) -> Decimal:
        """Return the frequency in Hz at `t`."""
        return Decimal(round((50 + _HERTZ_SWING * (self._hertz.at(t) - 0.5)) * 100)).scaleb(-2)

    def phases(self, t: int, branches: list[int], reactive: list[int]) -> tuple[Phase, ...]:
        """Return what the meter measures at `t`, given the power in mW and mvar on each branch."""
        powers = [complex(*each) for each in zip(branches, reactive, strict=True)]
        volts = [self._volts(t, n, milliwatts) for n, milliwatts in enumerate(branches)]
        if self._delta:
            return self._measure(powers, volts)
        return tuple(
            _phase(power, voltage, abs(power) / 1000 / voltage) for power, voltage in zip(powers, volts, strict=True)
        )

    def _volts(self, t: int, branch: int, milliwatts: int) -> float:
        idle = 229.5 + 11.0 * self._street[branch].at(t) + 0.8 * self._ripple[branch].at(t)
        # What is wired for so many volts more is wired for as many amperes more.
        drop = _DROP_V_PER_KW * milliwatts / _WORKING_MW / self._scale**2
        return min(_HIGHEST_V, max(_LOWEST_V, idle - drop)) * self._scale


def _currents(powers: list[complex], voltages: tuple[complex, complex, complex]) -> tuple[complex, complex, complex]:
    """Return the currents of the lines, given the power on the branches L1-L2, L2-L3 and L3-L1."""
    i12, i23, i31 = ((power / 1000 / voltage).conjugate() for power, voltage in zip(powers, voltages, strict=True))
    return i12 - i31, i23 - i12, i31 - i23


def _aron(powers: list[complex], volts: list[float]) -> tuple[Phase, ...]:
    """Measure a delta supply with two wattmeters, L2 being the reference (e-MUCS P1 1.7.1, table 4, notes 5 and 6).

    Branches are L1-L2, L2-L3 and L3-L1. What a wattmeter reads is not the use of its phase, and may well be
    negative while the house imports; only their sum is the power of the house.
    """
    mean = sum(volts) / 3
    u12, u23, u31 = (cmath.rect(mean, math.radians(angle)) for angle in (0, -120, 120))
    i1, i2, i3 = _currents(powers, (u12, u23, u31))
    first = u12 * i1.conjugate() * 1000
    first = complex(round(first.real), first.imag)
    return (
        _phase(first, volts[0], abs(i1)),
        _phase(0, 0.0, abs(i2)),
        _phase(sum(powers) - first, volts[1], abs(i3)),
    )


def _star_point(powers: list[complex], volts: list[float]) -> tuple[Phase, ...]:
    """Measure a delta supply against its star point, as Iskraemeco meters with new firmware print their voltages.

    That their powers are measured so too is an assumption; they add up to the power of the house.
    """
    u12 = cmath.rect(volts[0], 0)
    u23 = cmath.rect(volts[1], math.radians(-120))
    lines = (u12, u23, -u12 - u23)
    currents = _currents(powers, lines)
    stars = ((u12 - lines[2]) / 3, (u23 - u12) / 3, (lines[2] - u23) / 3)
    first, second, _ = (voltage * current.conjugate() * 1000 for voltage, current in zip(stars, currents, strict=True))
    # The third one makes up for what is lost by rounding.
    first, second = (complex(round(each.real), each.imag) for each in (first, second))
    return tuple(
        _phase(power, abs(voltage), abs(current))
        for power, voltage, current in zip((first, second, sum(powers) - first - second), stars, currents, strict=True)
    )
