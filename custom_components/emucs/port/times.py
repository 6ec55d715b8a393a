"""Times as meters print them."""

from datetime import datetime, timedelta, timezone
from functools import lru_cache
import re
from typing import Final
from zoneinfo import ZoneInfo

_TIME: Final = re.compile(r"[0-9]{12}[SWsw]?")
_FLAGGED_TIME: Final = re.compile(r"[0-9]{12}[SWsw]")
_FLAG: Final = 12
# An octet string that was never written, as DLMS prints it, and the epoch that some meters start from.
_UNSET_TIME: Final = re.compile(r"6325\d{8}|700101\d{6}|0{12}")
_UNSET_STARTS: Final = ("6325", "7001", "0000")
_LOCAL: Final = ZoneInfo("Europe/Brussels")
_OFFSETS: Final = {"S": "+02:00", "W": "+01:00", "s": "+02:00", "w": "+01:00", "": ""}
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


def is_unset(text: str) -> bool:
    """Tell whether a time is one that was never written."""
    return text.startswith(_UNSET_STARTS) and _UNSET_TIME.match(text) is not None


# The ends of months stand in each history, and all meters print the same second.
@lru_cache(maxsize=_CACHED_TIMES)
def parse_time(text: str) -> datetime | None:
    """Return a time `YYMMDDhhmmss` with its flag S (summer) or W (winter), or None if it is none.

    Without a flag it is Belgian local time, and the hour that occurs twice is taken as the first one.
    """
    return time_of_digits(text) if looks_like_time(text) else None


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
        if last is not None and _CORRECTION < last - time <= _STEP_BACK and not has_flag(text):
            # The same offset as before, where this hour occurs but once.
            time = _fixed(time.replace(tzinfo=_LOCAL, fold=1))
        self._last = time
        return time
