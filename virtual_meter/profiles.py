"""What a meter prints and how it is wired: every e-MUCS P1 version times every Belgian supply, and other dialects."""

from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType
from typing import Final

from .tariffs import BELGIAN, DUTCH, FIVE, INDUSTRIAL, TariffPlan

# Since which 0-0:96.1.4 a meter prints them.
_CURRENT_DECIMALS = 50214
_PHASE_POWER = 50215
_WATER = 50216
_DEMAND = 50217
_SECOND_GENERATION = 50221

_HOUR = 3600


class Wiring(Enum):
    """The three ways in which a Belgian house is supplied."""

    THREE_PHASE = "three-phase"
    SINGLE_PHASE = "single-phase"
    DELTA = "3x230v"


class Dialect(Enum):
    """Which registers are printed, and how."""

    EMUCS = auto()
    ISKRAEMECO_OLD = auto()
    ISKRAEMECO_NEW = auto()
    A1 = auto()
    DSMR_2 = auto()
    DSMR_4 = auto()
    DSMR_5 = auto()
    LUXEMBOURG = auto()
    SWEDEN = auto()
    FINLAND = auto()
    HUNGARY = auto()
    AUSTRIA = auto()
    SWITZERLAND = auto()
    ENCRYPTED = auto()
    HDLC = auto()


_FOUR_QUADRANTS: Final = {
    Dialect.A1,
    Dialect.LUXEMBOURG,
    Dialect.SWEDEN,
    Dialect.FINLAND,
    Dialect.HUNGARY,
    Dialect.AUSTRIA,
    Dialect.SWITZERLAND,
}


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
    """A dialect on a wiring; `version` where it is e-MUCS P1."""

    name: str
    wiring: Wiring
    dialect: Dialect
    identification: str
    """The first line of the telegram."""
    id_prefix: str | None
    """How the equipment identifier of such a meter starts; None where the meter prints none."""
    version: Version | None = None
    period: int = 1
    """Seconds from one telegram to the next."""
    tariffs: TariffPlan = BELGIAN
    gas: bool = False
    """Whether a gas meter is printed."""
    capture_period: int = 300
    """Seconds from one reading of an M-Bus meter to the next."""

    @property
    def single_phase(self) -> bool:
        """Tell whether there is one phase only."""
        return self.wiring is Wiring.SINGLE_PHASE

    @property
    def water(self) -> bool:
        """Tell whether a water meter is printed."""
        return self.version is not None and self.version.water

    @property
    def valves(self) -> bool:
        """Tell whether the valves of gas meters are printed; DSMR P1 5.0.2 has them no more."""
        return self.dialect is not Dialect.DSMR_5

    @property
    def star_voltages(self) -> bool:
        """Tell whether voltages without a neutral are those to the star point, not those between lines."""
        return self.wiring is Wiring.DELTA and self.dialect is Dialect.ISKRAEMECO_NEW

    @property
    def four_quadrants(self) -> bool:
        """Tell whether energy is counted over all tariffs, and reactive and apparent energy too."""
        return self.dialect in _FOUR_QUADRANTS

    @property
    def industrial(self) -> bool:
        """Tell whether the meter is that of a factory."""
        return self.dialect is Dialect.A1


_VERSIONS = (
    Version("1.3", 50213),
    Version("1.4", 50214),
    Version("1.5", 50215),
    Version("1.6", 50216),
    Version("1.7.1", 50217),
    Version("2.1.1", 50221),
)


def _named(name: str, wiring: Wiring) -> str:
    return name if wiring is Wiring.THREE_PHASE else f"{name}-{wiring.value}"


def _sagemcom(version: Version, wiring: Wiring) -> Profile:
    """Return the Sagemcom meter of this generation and wiring."""
    single, second = wiring is Wiring.SINGLE_PHASE, version.second_generation
    if second:
        identification = r"/FLU5\253972606_B" if single else r"/FLU5\253967035_D"
    else:
        identification = r"/FLU5\253770234_A" if single else r"/FLU5\253769484_A"
    return Profile(
        name=_named(version.name, wiring),
        wiring=wiring,
        dialect=Dialect.EMUCS,
        identification=identification,
        id_prefix=f"1SAG{1 if single else 3}{2 if second else 1}",
        version=version,
        gas=True,
    )


def _iskraemeco(name: str, dialect: Dialect, wiring: Wiring) -> Profile:
    new = dialect is Dialect.ISKRAEMECO_NEW
    return Profile(
        name=_named(name, wiring),
        wiring=wiring,
        dialect=dialect,
        identification=r"/ISk5\2MIE5E-200" if wiring is Wiring.SINGLE_PHASE else r"/ISk5\2MIE5T-200",
        id_prefix="1ISK00" if new else "",
        tariffs=FIVE if new else BELGIAN,
    )


_STAR = Wiring.THREE_PHASE
_ALL = [
    *(_sagemcom(version, wiring) for version in _VERSIONS for wiring in Wiring),
    *(
        _iskraemeco(name, dialect, wiring)
        for name, dialect in (("ie5-old", Dialect.ISKRAEMECO_OLD), ("ie5-new", Dialect.ISKRAEMECO_NEW))
        for wiring in Wiring
    ),
    # How it is identified is invented, as no A1 telegram was seen.
    Profile("a1", _STAR, Dialect.A1, r"/AMR5\VIRTUAL", "1AMR00", tariffs=INDUSTRIAL),
    # 9600 7E1 on a serial line.
    Profile(
        "nl-2.2",
        Wiring.SINGLE_PHASE,
        Dialect.DSMR_2,
        r"/ISk5\2ME382-1000",
        "E0000",
        None,
        10,
        DUTCH,
        gas=True,
        capture_period=_HOUR,
    ),
    Profile(
        "nl-4.2", _STAR, Dialect.DSMR_4, "/KFM5KAIFA-METER", "E0000", None, 10, DUTCH, gas=True, capture_period=_HOUR
    ),
    Profile("nl-5.0", _STAR, Dialect.DSMR_5, r"/ISK5\2M550T-1000", "E0000", None, 1, DUTCH, gas=True),
    Profile("lu", _STAR, Dialect.LUXEMBOURG, r"/Lux5\253000000_M", "SAG1000", None, 10, gas=True),
    Profile("se", _STAR, Dialect.SWEDEN, r"/ELL5\253000000_A", None, None, 10),
    Profile("fi", _STAR, Dialect.FINLAND, "/ADN9 0000", None, None, 10),
    Profile("hu", _STAR, Dialect.HUNGARY, "/SAG5SAG-METER", "SAG5000"),
    Profile("at", _STAR, Dialect.AUSTRIA, r"/EST5\253000000_A", None, None, 5),
    # Its identification is invented.
    Profile("ch", _STAR, Dialect.SWITZERLAND, r"/GRE5\253000000_A", None),
]
PROFILES: Final = MappingProxyType({profile.name: profile for profile in _ALL})
"""All whose telegrams are text."""
EMUCS_P1: Final = tuple(name for name, profile in PROFILES.items() if profile.dialect is Dialect.EMUCS)
"""The names of the profiles that follow the specification of Belgian P1 ports."""

_BINARY = [
    Profile("lu-encrypted", _STAR, Dialect.ENCRYPTED, "", None, None, 10),
    Profile("hdlc", _STAR, Dialect.HDLC, "", None, None, 10),
]
REFUSED: Final = MappingProxyType({profile.name: profile for profile in _BINARY})
"""Ports that send no text, as neighbouring countries have them."""
