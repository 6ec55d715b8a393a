"""What a meter prints and how it is wired: every e-MUCS P1 version times every Belgian supply."""

from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

# Since which 0-0:96.1.4 a meter prints them.
_CURRENT_DECIMALS = 50214
_PHASE_POWER = 50215
_WATER = 50216
_DEMAND = 50217
_SECOND_GENERATION = 50221


class Wiring(Enum):
    """The three ways in which a Belgian house is supplied."""

    THREE_PHASE = "three-phase"
    SINGLE_PHASE = "single-phase"
    DELTA = "3x230v"


@dataclass(frozen=True, slots=True)
class Version:
    """What one edition of e-MUCS P1 prints (e-MUCS P1 1.7.1, page 2 and table 4)."""

    name: str
    number: int  # as 0-0:96.1.4 prints it: 502 for DSMR 5.0.2, then the edition's first two digits

    @property
    def current_decimals(self) -> bool:
        """Tell whether currents are F5(2,2), no longer F3(0,0)."""
        return self.number >= _CURRENT_DECIMALS

    @property
    def phase_power(self) -> bool:
        """Tell whether power is printed per phase and direction."""
        return self.number >= _PHASE_POWER

    @property
    def water(self) -> bool:
        """Tell whether a water meter is printed."""
        return self.number >= _WATER

    @property
    def demand(self) -> bool:
        """Tell whether demand, month peak and the peaks of past months are printed."""
        return self.number >= _DEMAND

    @property
    def second_generation(self) -> bool:
        """Tell whether the meter is an XS212 or XT211, with EANs, relays and finer thresholds."""
        return self.number >= _SECOND_GENERATION


@dataclass(frozen=True, slots=True)
class Profile:
    """A version on a wiring."""

    name: str
    version: Version
    wiring: Wiring

    @property
    def single_phase(self) -> bool:
        """Tell whether there is one phase only."""
        return self.wiring is Wiring.SINGLE_PHASE

    @property
    def identification(self) -> str:
        """Return the first line of the telegram, that of the Sagemcom meter of this generation and wiring."""
        if self.version.second_generation:
            return r"/FLU5\253972606_B" if self.single_phase else r"/FLU5\253967035_D"
        return r"/FLU5\253770234_A" if self.single_phase else r"/FLU5\253769484_A"

    @property
    def id_prefix(self) -> str:
        """Return how the equipment identifier of such a meter starts."""
        return f"1SAG{1 if self.single_phase else 3}{2 if self.version.second_generation else 1}"


_VERSIONS = (
    Version("1.3", 50213),
    Version("1.4", 50214),
    Version("1.5", 50215),
    Version("1.6", 50216),
    Version("1.7.1", 50217),
    Version("2.1.1", 50221),
)


def _profile(version: Version, wiring: Wiring) -> Profile:
    suffix = "" if wiring is Wiring.THREE_PHASE else f"-{wiring.value}"
    return Profile(version.name + suffix, version, wiring)


_ALL = [_profile(version, wiring) for version in _VERSIONS for wiring in Wiring]
PROFILES: Final = MappingProxyType({profile.name: profile for profile in _ALL})
