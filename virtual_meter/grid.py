"""From power on the branches of a house to what a meter measures on its phases."""

import cmath
from dataclasses import dataclass
from decimal import Decimal
import math
from typing import Final

from .curves import noise
from .profiles import Profile, Wiring
from .street import STREETS, UNDISTURBED, Feeder, behind

# A factory is supplied at 10 kV, and its meter scales by its voltage transformers.
_INDUSTRIAL_VOLTS: Final = 10_000 / math.sqrt(3) / 230
_HERTZ_SWING: Final = 0.06
# What other homes behind the same lost neutral draw, in watts: an assumption, and why their loads do not cancel out.
_NEIGHBOURS_W: Final = (6000, 4000, 3000)
_THIRDS: Final = tuple(cmath.rect(1, math.radians(angle)) for angle in (0, -120, 120))
# What each branch of 3x230 V is connected to: L1-L2, L2-L3, L3-L1.
_LINES: Final = ((0, 1), (1, 2), (2, 0))


@dataclass(frozen=True, slots=True)
class Phase:
    """What the meter measures on one phase, at the resolution that it prints (kW, kvar, V, A)."""

    power_import: Decimal
    power_export: Decimal
    voltage: Decimal
    current: Decimal
    reactive: Decimal
    """Positive where it is inductive."""


@dataclass(frozen=True, slots=True)
class Supply:
    """What comes to the house on every branch: line to neutral, or on 3x230 V L1-L2, L2-L3 and L3-L1; in volts."""

    feeder: tuple[float, ...]
    """The voltage that there would be if the house were switched off."""
    volts: tuple[float, ...]
    """The voltage that there is."""


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

    def __init__(self, seed: int, profile: Profile, street: str) -> None:
        """Connect the house to a kind of street."""
        self._wiring = profile.wiring
        self._measure = _star_point if profile.star_voltages else _aron
        self._scale = _INDUSTRIAL_VOLTS if profile.industrial else 1.0
        self._feeder = Feeder(seed, STREETS[street], 1 if profile.single_phase else 3)
        self._hertz = noise(seed, "hertz", 20)
        self.disturbance = UNDISTURBED

    def frequency(self, t: int) -> Decimal:
        """Return the frequency in Hz at `t`."""
        return Decimal(round((50 + _HERTZ_SWING * (self._hertz.at(t) - 0.5)) * 100)).scaleb(-2)

    @property
    def dead(self) -> tuple[int, ...]:
        """The branches that carry nothing, as a phase is missing. With one phase in all, its port would be dark too."""
        missing = self.disturbance.missing
        if missing is None or self._wiring is Wiring.SINGLE_PHASE:
            return ()
        if self._wiring is Wiring.DELTA:
            return tuple(number for number, lines in enumerate(_LINES) if missing in lines)
        return (missing,)

    def supply(self, t: int, branches: list[int], reactive: list[int]) -> Supply:
        """Return what comes to the house at `t`, given the power in mW and mvar on each branch."""
        feeder = [volts * self._scale for volts in self._feeder.volts(t, self.disturbance)]
        volts = [
            behind(voltage, self._feeder.ohms, milliwatts / 1000, var / 1000)
            for voltage, milliwatts, var in zip(feeder, branches, reactive, strict=True)
        ]
        if self.disturbance.neutral_lost and self._wiring is Wiring.THREE_PHASE:
            volts = _floating(volts, branches)
        for branch in self.dead:
            # Between two lines, what is left comes through the loads of the house, halved: an assumption.
            volts[branch] = volts[branch] / 2 if self._wiring is Wiring.DELTA else 0.0
        return Supply(tuple(feeder), tuple(volts))

    def phases(self, supply: Supply, branches: list[int], reactive: list[int]) -> tuple[Phase, ...]:
        """Return what the meter measures of it, given the power in mW and mvar on each branch."""
        powers = [complex(*each) for each in zip(branches, reactive, strict=True)]
        if self._wiring is Wiring.DELTA:
            return self._measure(powers, list(supply.volts))
        return tuple(
            _phase(power, volts, abs(power) / 1000 / volts if volts else 0.0)
            for power, volts in zip(powers, supply.volts, strict=True)
        )


def _floating(volts: list[float], branches: list[int]) -> list[float]:
    """Return the voltages to a star point that only loads hold (Millman's theorem), those that give power left out."""
    lines = [volt * third for volt, third in zip(volts, _THIRDS, strict=True)]
    conductances = [
        others + max(0, milliwatts) / 1000 for others, milliwatts in zip(_NEIGHBOURS_W, branches, strict=True)
    ]
    star = sum(line * each for line, each in zip(lines, conductances, strict=True)) / sum(conductances)
    return [abs(line - star) for line in lines]


def _currents(powers: list[complex], voltages: tuple[complex, complex, complex]) -> tuple[complex, complex, complex]:
    """Return the currents of the lines, given the power on the branches L1-L2, L2-L3 and L3-L1."""
    i12, i23, i31 = ((power / 1000 / voltage).conjugate() for power, voltage in zip(powers, voltages, strict=True))
    return i12 - i31, i23 - i12, i31 - i23


def _aron(powers: list[complex], volts: list[float]) -> tuple[Phase, ...]:
    """Measure a delta supply with two wattmeters, L2 being the reference (e-MUCS P1 1.7.1, table 4, notes 5 and 6).

    Branches are L1-L2, L2-L3 and L3-L1. What a wattmeter reads is not the use of its phase, and may well be
    negative while the house imports; only their sum is the power of the house.
    """
    u12, u23, u31 = (volt * third for volt, third in zip(volts, _THIRDS, strict=True))
    i1, i2, i3 = _currents(powers, (u12, u23, u31))
    first = u12 * i1.conjugate() * 1000
    first = complex(round(first.real), first.imag)
    return (
        _phase(first, volts[0], abs(i1)),
        _phase(0, 0.0, abs(i2)),
        _phase(sum(powers) - first, volts[1], abs(i3)),
    )


def _potentials(volts: list[float]) -> tuple[complex, complex, complex]:
    """Return the lines of a delta supply as points whose distances are the voltages between them."""
    u12, u23, u31 = volts
    # The triangle of three lengths; that of a missing line, which lies between the others, is flat.
    along = (u12 * u12 + u31 * u31 - u23 * u23) / (2 * u12)
    return 0j, complex(-u12, 0), complex(-along, math.sqrt(max(0.0, u31 * u31 - along * along)))


def _star_point(powers: list[complex], volts: list[float]) -> tuple[Phase, ...]:
    """Measure a delta supply against its star point, as Iskraemeco meters with new firmware print their voltages.

    That their powers are measured so too is an assumption; they add up to the power of the house.
    """
    points = _potentials(volts)
    centre = sum(points) / 3
    stars = [point - centre for point in points]
    currents = _currents(powers, (points[0] - points[1], points[1] - points[2], points[2] - points[0]))
    first, second, _ = (voltage * current.conjugate() * 1000 for voltage, current in zip(stars, currents, strict=True))
    # The third one makes up for what is lost by rounding.
    first, second = (complex(round(each.real), each.imag) for each in (first, second))
    return tuple(
        _phase(power, abs(voltage), abs(current))
        for power, voltage, current in zip((first, second, sum(powers) - first - second), stars, currents, strict=True)
    )
