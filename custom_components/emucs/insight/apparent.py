"""The apparent power of a connection: what flows, and the highest quarter and minute of a month."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from math import sqrt
from typing import Any, Final, NamedTuple, Self

from .demand import COUNTED_COVERAGE
from .grid import Grid
from .thermal import LONGEST_STEP

_COVERAGE: Final = float(COUNTED_COVERAGE)
_KILO: Final = 1000.0
_QUARTER: Final = 900.0
_MINUTE: Final = 60.0
_SQUARE_ROOT_OF_3: Final = sqrt(3)
# Seconds that a telegram may come later than the one before it did, or than this, without anything being lost.
_IRREGULAR: Final = 1.5
_USUAL_STEP: Final = 10.0


def apparent_power(grid: Grid | None, volts: Sequence[float | None], currents: Sequence[float | None]) -> float | None:
    """Return the apparent power in kVA, import and export alike; None where a voltage is not known.

    `volts` and `currents` are those of L1, L2 and L3. Without a neutral, where L2 has no voltage, the others' are
    between lines, and what flows in L2 is taken to be the mean of the others where it is not measured.
    """
    known = [current for current in currents if current is not None]
    if not known:
        return None
    if grid is Grid.THREE_PHASE_230V and not volts[1]:
        between = [volt for volt in (volts[0], volts[2]) if volt]
        if not between:
            return None
        return _SQUARE_ROOT_OF_3 * sum(between) / len(between) * sum(known) / len(known) / _KILO
    total = 0.0
    for volt, current in zip(volts, currents, strict=True):
        if current is not None:
            if volt is None:
                return None
            total += volt * current
    return total / _KILO


class ApparentPeak(NamedTuple):
    """The highest apparent power of a month in kVA, and when its quarter or minute ended, in UTC."""

    value: float
    time: datetime


class _Slot:
    """The mean of a time that begins at a multiple of its length, which is in seconds."""

    def __init__(self, length: float) -> None:
        """Start without one."""
        self._length = length
        self._start: float | None = None  # seconds since the epoch
        self._sum = 0.0
        self._seen = 0.0  # seconds

    def feed(self, begin: float, end: float, value: float | None) -> ApparentPeak | None:
        """Take what a value was for a time, None if not known; return the mean of the slot that has ended with it."""
        start, before, closed = end - end % self._length, self._start, None
        if start != before:
            if before is not None:
                if value is not None and start == before + self._length:
                    self._add(value, start - max(begin, before))
                if self._seen >= self._length * _COVERAGE:
                    time = datetime.fromtimestamp(before + self._length, UTC)
                    closed = ApparentPeak(self._sum / self._seen, time)
            self._start, self._sum, self._seen = start, 0.0, 0.0
            begin = max(begin, start)
        if value is not None:
            self._add(value, end - begin)
        return closed

    def _add(self, value: float, seconds: float) -> None:
        """Take what was seen."""
        self._sum += value * seconds
        self._seen += seconds

    def save(self) -> list[float | None]:
        """Return what a restart within the slot needs."""
        return [self._start, self._sum, self._seen]

    def restore(self, saved: Sequence[float | None]) -> None:
        """Take what was saved."""
        start, total, seen = saved
        self._start = None if start is None else float(start)
        self._sum, self._seen = float(total or 0), float(seen or 0)


class ApparentPeaks:
    """Follows the highest quarter and the highest minute of the running month."""

    def __init__(self) -> None:
        """Start with nothing known."""
        self.quarter: ApparentPeak | None = None
        self.minute: ApparentPeak | None = None
        self.month: date | None = None
        self._quarter, self._minute = _Slot(_QUARTER), _Slot(_MINUTE)
        self._latest: tuple[float, float | None] | None = None  # when it was seen, and kVA
        self._step = 0.0

    def feed(self, time: float, value: float | None, month: date | None) -> None:
        """Take an apparent power in kVA, the meter's time in seconds since the epoch, and the month that it is in."""
        if self._latest is None:
            self._latest = time, value
        begin, before = self._latest
        passed = time - begin
        is_seen = 0 < passed <= max(_USUAL_STEP, min(self._step * _IRREGULAR, LONGEST_STEP))
        mean = (before + value) / 2 if is_seen and before is not None and value is not None else None
        quarter, minute = self._quarter.feed(begin, time, mean), self._minute.feed(begin, time, mean)
        self._latest, self._step = (time, value), passed
        if month != self.month:
            # What ends with a month belongs to it.
            self.month, self.quarter, self.minute = month, None, None
            return
        self.quarter = _higher(self.quarter, quarter)
        self.minute = _higher(self.minute, minute)

    def save(self) -> dict[str, Any]:
        """Return what a restart needs, in types of JSON."""
        return {
            "month": self.month and self.month.isoformat(),
            "peaks": [peak and [peak.value, peak.time.isoformat()] for peak in (self.quarter, self.minute)],
            "slots": [self._quarter.save(), self._minute.save()],
            "latest": self._latest,
        }

    @classmethod
    def restore(cls, saved: Mapping[str, Any]) -> Self:
        """Return what was saved."""
        peaks = cls()
        peaks.month = date.fromisoformat(saved["month"]) if saved["month"] else None
        peaks.quarter, peaks.minute = (
            None if peak is None else ApparentPeak(float(peak[0]), datetime.fromisoformat(peak[1]))
            for peak in saved["peaks"]
        )
        for slot, state in zip((peaks._quarter, peaks._minute), saved["slots"], strict=True):
            slot.restore(state)
        if saved["latest"] is not None:
            time, value = saved["latest"]
            peaks._latest = float(time), None if value is None else float(value)
        return peaks


def _higher(before: ApparentPeak | None, new: ApparentPeak | None) -> ApparentPeak | None:
    """Return the higher one; of two alike the first."""
    if before is None or new is None:
        return before or new
    return new if new.value > before.value else before
