"""Times as meters print them."""

from datetime import datetime, timedelta, timezone
from functools import lru_cache
import re
from typing import Final
from zoneinfo import ZoneInfo

from .written import stamp_of

_TIME: Final = re.compile(r"[0-9]{12}[SWsw]?")
_FLAGGED_TIME: Final = re.compile(r"[0-9]{12}[SWsw]")
_FLAG: Final = 12
# Date and time of COSEM in twelve octets (IEC 62056-6-2, 4.1.6.1): year, month, day, day of the week, hour, minute,
# second, hundredths, minutes from local time to UTC, status.
_OCTETS: Final = re.compile(r"[0-9A-Fa-f]{24}")
_NO_DEVIATION: Final = -0x8000
_LOCAL: Final = ZoneInfo("Europe/Brussels")
_OFFSETS: Final = {"S": "+02:00", "W": "+01:00", "s": "+02:00", "w": "+01:00", "Z": "+00:00", "": ""}
_CACHED_TIMES: Final = 256
_HOUR: Final = timedelta(hours=1)
# Meters put their clocks right by seconds.
_CORRECTION: Final = timedelta(minutes=5)
_STEP_BACK: Final = _HOUR + _CORRECTION


def looks_like_time(text: str) -> bool:
    """Tell whether a text has the form of a time, with or without a flag."""
    return _TIME.fullmatch(text) is not None


def has_flag(text: str) -> bool:
    """Tell whether a text has the form of a time with a flag."""
    return _FLAGGED_TIME.fullmatch(text) is not None


def is_local(text: str) -> bool:
    """Tell whether a text has the form of a time without a flag, of which the hour may be either of two."""
    if has_flag(text):
        return False
    digits = text if looks_like_time(text) else stamp_of(text)
    return digits is not None and len(digits) == _FLAG


# The ends of months stand in each history, and all meters print the same second.
@lru_cache(maxsize=_CACHED_TIMES)
def parse_time(text: str) -> datetime | None:
    """Return a time `YYMMDDhhmmss` with its flag S (summer) or W (winter), or None if it is none.

    Without a flag it is Belgian local time, and the hour that occurs twice is taken as the first one. Some meters print
    the octets that COSEM has for a time instead, others a time in other words.
    """
    if looks_like_time(text):
        return time_of_digits(text)
    if _OCTETS.fullmatch(text):
        return _time_of_octets(bytes.fromhex(text))
    digits = stamp_of(text)
    return None if digits is None else time_of_digits(digits)


def _time_of_octets(octets: bytes) -> datetime | None:
    """Return the time in a date-time of COSEM, or None where there is no such day or hour."""
    deviation = int.from_bytes(octets[9:11], signed=True)
    try:
        time = datetime(int.from_bytes(octets[:2]), *octets[2:4], *octets[5:8])  # noqa: DTZ001 -- aware just below
        if deviation == _NO_DEVIATION:
            return _fixed(time.replace(tzinfo=_LOCAL))
        return time.replace(tzinfo=timezone(timedelta(minutes=-deviation)))
    except ValueError:
        return None


def time_of_digits(text: str) -> datetime | None:
    """Return the time in a text that is known to look like one, or None where there is no such day or hour."""
    offset = _OFFSETS[text[_FLAG:]]
    try:
        time = datetime.fromisoformat(f"20{text[:6]}T{text[6:12]}{offset}")
    except ValueError:
        return None
    return time if offset else _fixed(time.replace(tzinfo=_LOCAL))


def _fixed(local: datetime) -> datetime:
    """Return a local time with its offset alone: times of one zone subtract as wall clocks do."""
    return local.replace(tzinfo=timezone(local.utcoffset() or timedelta()), fold=0)


def just_been(time: datetime, now: datetime) -> datetime:
    """Return a time without a flag that was not there before: the later of two equal hours, unless that is to come."""
    later = _fixed(time.replace(tzinfo=_LOCAL, fold=1))
    return later if time < later <= now + _CORRECTION else time


class Clock:
    """Follows a meter's clock, as without flags just the order of telegrams tells two equal hours apart."""

    def __init__(self) -> None:
        """Start with no time known."""
        self._last: datetime | None = None

    def follow(self, text: str, time: datetime) -> datetime:
        """Return the time of a telegram, printed as a text: an hour later where it would else step back by one."""
        last = self._last
        if last is not None and _CORRECTION < last - time <= _STEP_BACK and is_local(text):
            # The same offset as before, where this hour occurs but once.
            time = _fixed(time.replace(tzinfo=_LOCAL, fold=1))
        self._last = time
        return time
