"""What may be particular about a port, whatever its profile."""

from collections.abc import Callable, Collection
from types import MappingProxyType
from typing import Final, NamedTuple

from .profiles import PROFILES, Dialect, Profile

TWO_GAS = "two-gas"
WATER_FIRST = "water-first"
UNREAD = "unread"
DEAD_CHANNEL = "dead-channel"
EMPTY_ID = "empty-id"
REPLACED_GAS = "replaced-gas"
LATE_ID = "late-id"
HEAT = "heat"
COOLING = "cooling"
VALVE_CLOSED = "valve-closed"
VALVE_READY = "valve-ready"
EMPTY_EAN = "empty-ean"
DASHED_EAN = "dashed-ean"
BLANK_LINE = "blank-line"
NO_BLANK_LINE = "no-blank-line"
NO_CHECKSUM = "no-checksum"
REDUCED_CODES = "reduced-codes"
HISTORIC = "historic"
FULL_CODES = "full-codes"
SERVICE_CODES = "service-codes"
SPLIT_CLOCK = "split-clock"
SEPARATORS = "separators"
SEASON_DIGIT = "season-digit"
SECONDARY = "secondary"


class Variant(NamedTuple):
    """What it is, and on which profiles it can be."""

    text: str
    suits: Callable[[Profile], bool]


def _has_channels(profile: Profile) -> bool:
    return profile.dialect is Dialect.EMUCS


def _second_generation(profile: Profile) -> bool:
    return profile.version is not None and profile.version.second_generation


def _is_text(profile: Profile) -> bool:
    return profile.name in PROFILES


def _is_a1(profile: Profile) -> bool:
    return profile.dialect is Dialect.A1


VARIANTS: Final = MappingProxyType(
    {
        TWO_GAS: Variant("a gas meter that is read no more on channel 1, the one that replaced it last", _has_channels),
        WATER_FIRST: Variant("water on channel 1, gas behind it", _has_channels),
        UNREAD: Variant("a gas meter that was never read, without a unit", _has_channels),
        DEAD_CHANNEL: Variant("a channel that nothing is connected to", _has_channels),
        EMPTY_ID: Variant("M-Bus meters without identifiers", _has_channels),
        REPLACED_GAS: Variant("the gas meter is replaced ten minutes after the start", _has_channels),
        LATE_ID: Variant("the gas meter's identifier shows ten minutes after the start", _has_channels),
        HEAT: Variant("a heat meter (004, GJ)", _has_channels),
        COOLING: Variant("a cooling meter (010, GJ)", _has_channels),
        VALVE_CLOSED: Variant("the gas valve is closed (0)", _has_channels),
        VALVE_READY: Variant("the gas valve is ready for reconnection (2)", _has_channels),
        EMPTY_EAN: Variant("EANs are empty", _second_generation),
        DASHED_EAN: Variant("EANs are dashes", _second_generation),
        BLANK_LINE: Variant(
            "a blank line behind the identification, as some of the second generation", _second_generation
        ),
        NO_BLANK_LINE: Variant("no blank line behind the identification", _is_text),
        NO_CHECKSUM: Variant("no checksum behind the !", _is_text),
        REDUCED_CODES: Variant("codes without A-B", _is_a1),
        HISTORIC: Variant("values of past months behind *F and &F", _is_a1),
        FULL_CODES: Variant("codes with *255", _is_a1),
        SERVICE_CODES: Variant("number and error as C.1.0 and F.F", _is_a1),
        SPLIT_CLOCK: Variant("local time in two registers, 0.9.1 and 0.9.2", _is_a1),
        SEPARATORS: Variant("the same as hh:mm:ss and yy-mm-dd", _is_a1),
        SEASON_DIGIT: Variant("the same behind a digit for the season", _is_a1),
        SECONDARY: Variant("values as they are behind current transformers of 1000/5 A", _is_a1),
    }
)


def check(profile: Profile, variants: Collection[str]) -> frozenset[str]:
    """Return the variants; ValueError for one that is unknown, or cannot be on this profile."""
    for name in variants:
        if name not in VARIANTS:
            msg = f"there is no variant {name}; choose from {', '.join(VARIANTS)}"
            raise ValueError(msg)
        if not VARIANTS[name].suits(profile):
            msg = f"profile {profile.name} has no variant {name}"
            raise ValueError(msg)
    return frozenset(variants)
