"""Which values mean that there is none: decided here, for whatever reads them."""

from datetime import datetime
from decimal import Decimal
import re
from typing import Final

# An octet string that was never written, as DLMS prints it, and the epoch that some meters start from.
_UNSET_TIME: Final = re.compile(r"6325\d{8}|700101\d{6}|0{12}|[Ff]{4}[0-9A-Fa-f]{20}")
# The epoch of others, whose clocks may well run from there: with a value of zero nothing was ever read.
_EPOCH_DAY: Final = "000101"
SUSPICIOUS_TIMES: Final = ("6325", "7001", "0000", "0001", "FFFF", "ffff")
"""What times begin with of which `is_time` or `is_reading` may say that they are unset."""
_NINES: Final = re.compile(r"9+(?:\.9+)?(?:\*.*)?")
_NO_IDENTIFIER: Final = "-0 "
_UNWRITTEN: Final = b"\xff"


def is_time(text: str) -> bool:
    """Tell whether a printed time is one that was never written."""
    return text.startswith(SUSPICIOUS_TIMES) and _UNSET_TIME.match(text) is not None


def is_reading(time: str, value: Decimal | str | None) -> bool:
    """Tell whether a value with its printed time was never read: nothing at an epoch, or anything without a time."""
    return not time or is_time(time) or (time.startswith(_EPOCH_DAY) and (value is None or not value))


def is_untimed_reading(value: Decimal | str | None, unit: str | None) -> bool:
    """Tell whether a reading without a time was never made: zero of nothing."""
    return unit is None and not value


def is_limit(text: str) -> bool:
    """Tell whether a printed limit is none: nothing but nines (e-MUCS P1 1.7.1, table 4: 999.9 kW, 999 A)."""
    return text.startswith("9") and _NINES.fullmatch(text) is not None


def is_identifier(text: str) -> bool:
    """Tell whether an identifier or an EAN was never set: zeros, dashes or blanks."""
    return not text.strip(_NO_IDENTIFIER)


def is_message(octets: bytes) -> bool:
    """Tell whether a message was never written."""
    return not octets.strip(_UNWRITTEN)


def is_month_peak(value: Decimal, time: datetime) -> bool:
    """Tell whether a month peak stands for none: zero at the very start of a month, where no quarter has ended yet."""
    return not value and (time.day, time.hour, time.minute) == (1, 0, 0)
