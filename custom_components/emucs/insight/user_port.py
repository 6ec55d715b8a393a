"""Which user port a telegram comes from: P1 of a residential meter, or A1 of an industrial one."""

from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple

from ..port import Dimension, Kind, Quantity, Telegram, meaning, parse_code, unit_of

CONF_USER_PORT: Final = "user_port"
"""The option that corrects the guess."""


class UserPort(StrEnum):
    """The user ports that this integration reads."""

    P1 = "p1"
    A1 = "a1"


LARGEST_HOME: Final = Decimal(56)
"""kVA: above this a connection has an industrial meter."""


class Evidence(StrEnum):
    """What a guess of the user port rests on."""

    VERSION = "version"
    """It prints a version of DSMR P1 or e-MUCS P1."""
    MBUS = "mbus"
    """It prints M-Bus meters, which an A1 port leaves out."""
    SIZE = "size"
    """It prints quantities beyond a connection with a residential meter."""
    FOUR_QUADRANTS = "four_quadrants"
    """It prints reactive energy or power and demands, and no version of P1."""
    NONE = "none"
    """Nothing says that it is not the port that nearly everybody has."""


class PortGuess(NamedTuple):
    """The user port that a telegram probably comes from, and the evidence for it."""

    port: UserPort
    evidence: Evidence


# What A1 prints as its version is not public. P1 has had editions 1 and 2; AMR e-MUCS A1 is at edition 5, so that a
# version beyond the editions of P1 says nothing.
_P1_EDITIONS: Final = range(10, 30)
_E_MUCS_LENGTH: Final = 5
_E_MUCS_DSMR: Final = "502"
_DSMR_LENGTH: Final = 2
# Without a neutral 56 kVA are 141 A.
_MOST_AMPERE: Final = Decimal(141)
_MOST_VOLT: Final = Decimal(300)
_REACTIVE: Final = {
    Quantity.REACTIVE,
    Quantity.REACTIVE_Q1,
    Quantity.REACTIVE_Q2,
    Quantity.REACTIVE_Q3,
    Quantity.REACTIVE_Q4,
}
_DEMANDS: Final = {Kind.CURRENT_DEMAND, Kind.LAST_DEMAND, Kind.MAXIMUM_DEMAND}
_LARGEST: Final = {
    Dimension.POWER: LARGEST_HOME * 1000,
    Dimension.APPARENT_POWER: LARGEST_HOME * 1000,
    Dimension.CURRENT: _MOST_AMPERE,
    Dimension.VOLTAGE: _MOST_VOLT,
}


def detect_user_port(telegram: Telegram) -> PortGuess:
    """Return the user port that a telegram probably comes from; a guess, as the specification of A1 is not public."""
    if _is_version_of_p1(telegram.version):
        return PortGuess(UserPort.P1, Evidence.VERSION)
    if telegram.channels:
        return PortGuess(UserPort.P1, Evidence.MBUS)
    quantities: set[Quantity] = set()
    kinds: set[Kind] = set()
    for text, register in telegram.registers.items():
        code = parse_code(text)
        found = None if code is None else meaning(code, register.unit)
        if found is None or found.kind is Kind.LIMIT or register.number is None:
            continue
        quantities.add(found.quantity)
        kinds.add(found.kind)
        unit = unit_of(register.unit)
        if unit is not None and abs(register.number) * unit.scale > _LARGEST.get(unit.dimension, Decimal("Infinity")):
            return PortGuess(UserPort.A1, Evidence.SIZE)
    if quantities & _REACTIVE and kinds & _DEMANDS:
        return PortGuess(UserPort.A1, Evidence.FOUR_QUADRANTS)
    return PortGuess(UserPort.P1, Evidence.NONE)


def _is_version_of_p1(version: str | None) -> bool:
    """Tell whether a version is one of DSMR P1, such as 50, or of e-MUCS P1, such as 50217."""
    if version is None or not version.isdecimal():
        return False
    if len(version) == _E_MUCS_LENGTH and version.startswith(_E_MUCS_DSMR):
        return int(version[len(_E_MUCS_DSMR) :]) in _P1_EDITIONS
    return len(version) == _DSMR_LENGTH
