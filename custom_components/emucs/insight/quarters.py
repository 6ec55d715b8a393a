"""Four weeks of quarter-hours: what was imported and exported in each, and which quarters are alike."""

from array import array
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from functools import lru_cache
from struct import calcsize, pack, unpack
from typing import Any, Final, Self
from zoneinfo import ZoneInfo

from .demand import QUARTER

DAYS: Final = 28
QUARTERS_A_DAY: Final = 96
# In autumn four weeks have an hour more.
SLOTS: Final = DAYS * QUARTERS_A_DAY + 4
"""How many quarters are kept."""
IMPORT: Final = 0
EXPORT: Final = 1
FLOWS: Final = (IMPORT, EXPORT)

LOCAL: Final = ZoneInfo("Europe/Brussels")
_SECONDS: Final = QUARTER // timedelta(seconds=1)
_UNKNOWN: Final = -1
_MOST: Final = 2**31 - 1
_WATTS: Final = 1000  # in a kW
_CACHED_HOURS: Final = 2048
# As a forecast needs them.
_LEAST_DAYS: Final = 5
_LAST: Final = 2**23  # in 2209
_FORM: Final = f"<{SLOTS}i"
_NAMES: Final = ("imported", "exported")


class Basis(IntEnum):
    """What the mean of a quarter is known from; the best comes first."""

    MEASURED = 0
    EXPORTED = 1
    """An export of the grid operator."""
    HOUR = 2
    """The mean of its hour, of which nothing more is known."""


def slot_of(time: datetime) -> int:
    """Return the number of the quarter, in UTC and from 1970 on, that a time is in."""
    return int(time.timestamp()) // _SECONDS


def slot_begin(slot: int) -> datetime:
    """Return when a quarter begins, in UTC."""
    return datetime.fromtimestamp(slot * _SECONDS, UTC)


def local_begin(slot: int) -> datetime:
    """Return when a quarter begins, in local time."""
    return datetime.fromtimestamp(slot * _SECONDS, LOCAL)


def slots_of_day(slot: int) -> range:
    """Return the quarters of the local day that a quarter is in: 96, and 92 or 100 where the clock changes."""
    midnight = local_begin(slot).replace(hour=0, minute=0)
    return range(slot_of(midnight), slot_of(midnight + timedelta(days=1)))


@lru_cache(maxsize=_CACHED_HOURS)
def _offset(hour: int) -> int:
    """Return how many quarters local time is ahead of UTC in an hour since 1970."""
    offset = datetime.fromtimestamp(hour * 3600, LOCAL).utcoffset()
    return 0 if offset is None else offset // QUARTER


def local_place(slot: int) -> tuple[int, int]:
    """Return the local day, counted from 1970 on, and the time of day in quarters, that a quarter is at."""
    return divmod(slot + _offset(slot // 4), QUARTERS_A_DAY)


def slot_before(slot: int, days: int) -> int | None:
    """Return the quarter of the same local time so many days before; None where the clock skipped it."""
    offset, same = _offset(slot // 4), slot - days * QUARTERS_A_DAY
    there = _offset(same // 4)
    for _ in range(2):
        before = same + offset - there
        if (actual := _offset(before // 4)) == there:
            return before
        there = actual
    return None


class Quarters:
    """The means of the latest quarters, by their number; a quarter of which nothing is known is None."""

    def __init__(self) -> None:
        """Start with nothing known."""
        self.last: int | None = None
        """The latest quarter that has ended."""
        self._watts = tuple(array("i", [_UNKNOWN]) * SLOTS for _ in FLOWS)  # a ring each
        self._bases = tuple(bytearray(SLOTS) for _ in FLOWS)
        self.filled = 0
        """How often something was learned of the past, other than by measuring."""

    def mean(self, flow: int, slot: int) -> float | None:
        """Return the mean of IMPORT or EXPORT in a quarter, in kW."""
        last = self.last
        if last is None or not last - SLOTS < slot <= last:
            return None
        watts = self._watts[flow][slot % SLOTS]
        return None if watts == _UNKNOWN else watts / _WATTS

    def day(self, slot: int) -> Iterator[tuple[int, float | None, float | None]]:
        """Yield the quarters that have ended of the local day that one is in: number, mean import and export in kW."""
        if self.last is not None:
            for each in slots_of_day(slot):
                if each <= self.last:
                    yield each, self.mean(IMPORT, each), self.mean(EXPORT, each)

    def is_hourly(self, flow: int, slot: int) -> bool:
        """Tell whether nothing is known of a quarter but the mean of its hour."""
        return self._bases[flow][slot % SLOTS] == Basis.HOUR

    def put(self, slot: int, imported: float | None, exported: float | None) -> None:
        """Take the means of a quarter that has ended, in kW; what is too old, or no quantity, is left out."""
        self.end(slot)
        if self._is_kept(slot):
            for flow, mean in zip(FLOWS, (imported, exported), strict=True):
                self._watts[flow][slot % SLOTS] = _watts(mean)
                self._bases[flow][slot % SLOTS] = Basis.MEASURED

    def fill(self, slot: int, flow: int, mean: float, basis: Basis) -> None:
        """Take a mean of the past, in kW, unless something as good or better is known."""
        watts, place = _watts(mean), slot % SLOTS
        if not self._is_kept(slot) or watts == _UNKNOWN:
            return
        if self._watts[flow][place] == _UNKNOWN or basis < self._bases[flow][place]:
            self._watts[flow][place] = watts
            self._bases[flow][place] = basis
            self.filled += 1

    def forget_filled(self) -> None:
        """Keep only what was measured here."""
        self.filled += 1
        for watts, bases in zip(self._watts, self._bases, strict=True):
            for place, basis in enumerate(bases):
                if basis != Basis.MEASURED:
                    watts[place], bases[place] = _UNKNOWN, Basis.MEASURED

    def _is_kept(self, slot: int) -> bool:
        """Tell whether a quarter is one of those that are kept."""
        return self.last is not None and self.last - SLOTS < slot <= self.last

    def end(self, slot: int) -> None:
        """Note that a quarter has ended; those since the one before stay unknown until something is known of them."""
        if self.last is None or slot > self.last:
            first = slot - SLOTS + 1 if self.last is None else max(self.last + 1, slot - SLOTS + 1)
            self._forget(range(first, slot + 1))
            self.last = slot

    def set_back(self, slot: int) -> None:
        """Forget quarters after one: the clock that dated them was wrong."""
        if self.last is not None and slot < self.last:
            self._forget(range(max(slot + 1, self.last - SLOTS + 1), self.last + 1))
            self.last = slot

    def _forget(self, slots: range) -> None:
        """Make quarters unknown."""
        for slot in slots:
            for flow in FLOWS:
                self._watts[flow][slot % SLOTS] = _UNKNOWN
                self._bases[flow][slot % SLOTS] = Basis.MEASURED

    def known(self, flow: int) -> int:
        """Return of how many quarters something is known."""
        return SLOTS - self._watts[flow].count(_UNKNOWN)

    def usual(self, flow: int) -> float | None:
        """Return the mean of all that is known in kW; None of less than some days."""
        known = [watts for watts in self._watts[flow] if watts != _UNKNOWN]
        return sum(known) / len(known) / _WATTS if len(known) >= _LEAST_DAYS * QUARTERS_A_DAY else None

    def alike(self, flow: int, slot: int) -> Iterator[tuple[int, float]]:
        """Yield the known means of a local time of day in the 28 days before a quarter: days before, and kW."""
        for days in range(1, DAYS + 1):
            before = slot_before(slot, days)
            if before is not None and (mean := self.mean(flow, before)) is not None:
                yield days, mean

    def copy(self) -> Quarters:
        """Return what is known now, for another thread."""
        copied = Quarters()
        copied.last = self.last
        copied._watts = tuple(array("i", watts) for watts in self._watts)
        copied._bases = tuple(bytearray(bases) for bases in self._bases)
        copied.filled = self.filled
        return copied

    def save(self) -> dict[str, Any]:
        """Return all of it, in types of JSON: some 36 kB."""
        if self.last is None:
            return {}
        turn = (self.last + 1) % SLOTS  # the place of the oldest
        saved: dict[str, Any] = {"last": self.last}
        for flow, name in zip(FLOWS, _NAMES, strict=True):
            watts, bases = self._watts[flow], self._bases[flow]
            saved[name] = _text(pack(_FORM, *watts[turn:], *watts[:turn]))
            saved[f"{name}_basis"] = _text(bytes(bases[turn:] + bases[:turn]))
        return saved

    @classmethod
    def restore(cls, saved: Mapping[str, Any]) -> Self:
        """Return what was saved. What is wrong with it raises one of Python's own errors."""
        quarters = cls()
        if not saved:
            return quarters
        last = saved["last"]
        if not isinstance(last, int) or not 0 <= last <= _LAST:
            raise ValueError(last)
        turn = SLOTS - (last + 1) % SLOTS
        watts, bases = [], []
        for name in _NAMES:
            values = unpack(_FORM, _data(saved[name], calcsize(_FORM)))
            marks = _data(saved[f"{name}_basis"], SLOTS)
            if min(values) < _UNKNOWN or max(marks) > max(Basis):
                raise ValueError(name)
            watts.append(array("i", values[turn:] + values[:turn]))
            bases.append(bytearray(marks[turn:] + marks[:turn]))
        quarters.last, quarters._watts, quarters._bases = last, tuple(watts), tuple(bases)
        return quarters


def _watts(mean: float | None) -> int:
    """Return a mean as it is kept."""
    return round(mean * _WATTS) if mean is not None and 0 <= mean <= _MOST / _WATTS else _UNKNOWN


def _text(data: bytes) -> str:
    """Return bytes as JSON can have them."""
    return b64encode(data).decode()


def _data(text: str, length: int) -> bytes:
    """Return the bytes in a text; ValueError where they are others than so many."""
    data = b64decode(text, validate=True)
    if len(data) != length:
        raise ValueError(length)
    return data
