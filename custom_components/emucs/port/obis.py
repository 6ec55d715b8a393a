"""OBIS codes of user ports: which there are, and how their values are printed."""

from enum import Enum, auto
from functools import lru_cache
import re
from typing import Final, NamedTuple

# [A-B:]C.D[.E][*F]: industrial meters may print the reduced form (IEC 62056-6-1). There, letters stand for service
# entries (C.1.0), errors (F.F), lists and profiles: such codes are kept as they are printed.
CODE: Final = re.compile(
    r"(?:\d{1,3}-\d{1,3}:)?(?:\d{1,3}|[CFLP])\.(?:\d{1,3}|F)(?:\.\d{1,3})?(?:[*&]\d{1,3})?", re.ASCII
)
_GROUPS: Final = re.compile(
    r"(?:(\d{1,3})-(\d{1,3}):)?(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?(?:[*&](\d{1,3}))?", re.ASCII
)
_LETTERED: Final = re.compile(r"(?:\d{1,3}-\d{1,3}:)?([CFLP]\.(?:\d{1,3}|F)(?:\.\d{1,3})?)(?:[*&](\d{1,3}))?", re.ASCII)
_CACHED_CODES: Final = 1024

VERSION: Final = "0-0:96.1.4"
DSMR_VERSION: Final = "1-3:0.2.8"
METER_TIME: Final = "0-0:1.0.0"
EQUIPMENT_ID: Final = "0-0:96.1.1"
DEVICE_NAME: Final = "0-0:42.0.0"
FABRICATION_NUMBER: Final = "0-0:96.1.0"
EAN: Final = "0-0:96.1.2"
SERIAL_NUMBER: Final = "C.1.0"
ELECTRICITY_IDS: Final = (
    *(f"{medium}:0.0.{number}" for number in range(10) for medium in ("1-0", "1-1")),
    "1-0:96.1.0",
    "1-0:96.1.1",
)
"""Identifiers 1 to 10 of the metering, and of the metering point."""
ERROR: Final = "F.F"
ERROR_OBJECT: Final = "0-0:97.97.0"

IMPORT_ENERGY: Final = "1-0:1.8.0"
EXPORT_ENERGY: Final = "1-0:2.8.0"
ACTIVE_TARIFF: Final = "0-0:96.14.0"
IMPORT_POWER: Final = "1-0:1.7.0"
EXPORT_POWER: Final = "1-0:2.7.0"
NET_POWER: Final = "1-0:16.7.0"
DEMAND: Final = "1-0:1.4.0"
LAST_DEMAND: Final = "1-0:1.5.0"
MONTH_PEAK: Final = "1-0:1.6.0"
DEMAND_HISTORY: Final = "0-0:98.1.0"
GRID: Final = "1-0:94.32.1"
BREAKER: Final = "0-0:96.3.10"
LIMITER_THRESHOLD: Final = "0-0:17.0.0"
FUSE_THRESHOLD: Final = "1-0:31.4.0"
TEXT_MESSAGE: Final = "0-0:96.13.0"

PHASE_GROUP: Final = {"l1": 20, "l2": 40, "l3": 60}
"""What a phase adds to the C group of a quantity: 1.7.0 is 21.7.0, 41.7.0 and 61.7.0 on L1, L2 and L3."""


def import_energy(tariff: int) -> str:
    """Return the code of the import energy of a tariff."""
    return f"1-0:1.8.{tariff}"


def export_energy(tariff: int) -> str:
    """Return the code of the export energy of a tariff."""
    return f"1-0:2.8.{tariff}"


def import_power(phase: str) -> str:
    """Return the code of the import power of a phase."""
    return f"1-0:{PHASE_GROUP[phase] + 1}.7.0"


def export_power(phase: str) -> str:
    """Return the code of the export power of a phase."""
    return f"1-0:{PHASE_GROUP[phase] + 2}.7.0"


def voltage(phase: str) -> str:
    """Return the code of the voltage of a phase."""
    return f"1-0:{PHASE_GROUP[phase] + 12}.7.0"


def current(phase: str) -> str:
    """Return the code of the current of a phase."""
    return f"1-0:{PHASE_GROUP[phase] + 11}.7.0"


def reactive_energy(group: int, tariff: int = 0) -> str:
    """Return the code of a reactive energy: value group C is 3 or 4 for a direction, 5 to 8 for a quadrant."""
    return f"1-0:{group}.8.{tariff}"


def relay(number: int) -> str:
    """Return the code of the state of a relay, 1 to 4."""
    return f"0-{number}:96.3.10"


def uncorrected_volume(channel: int) -> str:
    """Return the code of the volume that the M-Bus meter of a channel did not correct by temperature."""
    return f"0-{channel}:24.2.3"


class Code(NamedTuple):
    """The value groups of a code (IEC 62056-6-1); those that a reduced form leaves out are filled in."""

    a: int
    """The medium: 0 is none, 1 electricity."""
    b: int
    """The channel."""
    c: int
    """The quantity."""
    d: int
    """How it is processed."""
    e: int
    """The tariff; 0 is the total."""
    f: int | None = None
    """The number of a historic value; None for the running one."""


_RUNNING: Final = "255"
_ELECTRICITY: Final = range(1, 96)
_ELECTRICITY_ID: Final = ("0", "0")
# Not electricity, though C would say so: what 0-0 has there, 1-0 has not.
_ABSTRACT: Final = {"1.0.0", "17.0.0", "42.0.0"}


@lru_cache(maxsize=_CACHED_CODES)
def parse_code(text: str) -> Code | None:
    """Return the groups of a code, or None if it is none."""
    if (match := _GROUPS.fullmatch(canonical(text))) is None:
        return None
    a, b, c, d, e, f = match.groups()
    return Code(int(a), int(b), int(c), int(d), int(e or 0), None if f is None else int(f))


def canonical(text: str) -> str:
    """Return the key that a code has among the registers: reduced ones in full, historic ones with `*F`.

    A code that is printed in full stays as it is; only `*255`, the running value, says what others leave out. Of a code
    with a letter the letter says it all.
    """
    match = _GROUPS.fullmatch(text)
    if match is None:
        return _lettered(text)
    a, b, c, d, e, f = match.groups()
    group = f"{c}.{d}" if a and e is None else f"{c}.{d}.{e or 0}"
    if a is None:
        is_electricity = int(c) in _ELECTRICITY or (c, d) == _ELECTRICITY_ID
        a, b = ("1", "0") if is_electricity and group not in _ABSTRACT else ("0", "0")
    return f"{a}-{b}:{group}" if f in {None, _RUNNING} else f"{a}-{b}:{group}*{f}"


def _lettered(text: str) -> str:
    """Return the key of a code with a letter: without A-B, and the error register as most meters print it."""
    match = _LETTERED.fullmatch(text)
    if match is None:
        return text
    code = ERROR if match[1] == f"{ERROR}.0" else match[1]
    return code if match[2] in {None, _RUNNING} else f"{code}*{match[2]}"


class Form(Enum):
    """How the value of a code is printed."""

    PLAIN = auto()
    """A number where it reads as one, else text."""
    TEXT = auto()
    """Text, also where it is made of digits."""
    IDENTIFIER = auto()
    """Text of which each character is printed as two hexadecimal digits; some meters print it as it is."""
    MESSAGE = auto()
    """Text for the consumer, printed as two hexadecimal digits a character."""
    TIME = auto()
    """A time without a value."""
    TIMED = auto()
    """A value with the time that it holds for, in either order."""
    PEAK = auto()
    """A value that may have its time, in either order, or other values behind it."""
    PROFILE = auto()
    """The latest value of a profile, behind its time and what the profile is made of."""
    THRESHOLD = auto()
    """A limit: nothing but nines means that there is none."""
    HISTORY = auto()
    """The month peaks."""


# By C, D and E, in the order in which they are looked up: all, then C and D.
_FORMS: Final[dict[tuple[int, ...], Form]] = {
    (1, 0, 0): Form.TIME,
    (1, 6, 0): Form.TIMED,
    (2, 6, 0): Form.TIMED,
    (24, 2): Form.TIMED,
    (24, 3, 0): Form.PROFILE,
    (98, 1, 0): Form.HISTORY,
    (17, 0, 0): Form.THRESHOLD,
    (31, 4, 0): Form.THRESHOLD,
    (51, 4, 0): Form.THRESHOLD,
    (71, 4, 0): Form.THRESHOLD,
    (96, 1): Form.IDENTIFIER,
    (96, 13): Form.MESSAGE,
    (42, 0, 0): Form.IDENTIFIER,
    (97, 97): Form.TEXT,
    (0, 0): Form.TEXT,
    (0, 2, 8): Form.TEXT,
    (0, 9, 1): Form.TEXT,
    (0, 9, 2): Form.TEXT,
}
_LETTERED_FORMS: Final = {"C.": Form.IDENTIFIER, "F.": Form.TEXT}
_DEMANDS: Final = {5, 6}


def form(text: str) -> Form:
    """Return how the value of a code is printed (e-MUCS P1 1.7.1, tables 3 to 6; IEC 62056-6-1 for demands)."""
    code = parse_code(text)
    if code is None:
        return _LETTERED_FORMS.get(canonical(text)[:2], Form.PLAIN)
    known = _FORMS.get((code.c, code.d, code.e)) or _FORMS.get((code.c, code.d))
    if known is None and code.a == 1 and code.c in _ELECTRICITY and code.d in _DEMANDS:
        return Form.PEAK
    return known or Form.PLAIN
