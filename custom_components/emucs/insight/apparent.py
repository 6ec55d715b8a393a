"""The highest apparent power of a month, by quarters and by minutes."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final, NamedTuple, Self

from .demand import COUNTED_COVERAGE
from .thermal import LONGEST_STEP

_COVERAGE: Final = float(COUNTED_COVERAGE)
_QUARTER: Final = 900.0
_MINUTE: Final = 60.0
# Seconds that a telegram may come later than the one before it did, or than this, without anything being lost.
_IRREGULAR: Final = 1.5
_USUAL_STEP: Final = 10.0


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
        self._time: float | None = None
        self._step = 0.0

    def feed(self, time: float, value: float | None, month: date | None) -> None:
        """Take the mean apparent power in kVA since the time before, in seconds since the epoch, and the month."""
        begin = time if self._time is None else self._time
        passed, before = time - begin, self._step
        self._time, self._step = time, passed
        is_seen = 0 < passed <= max(_USUAL_STEP, min(before * _IRREGULAR, LONGEST_STEP))
        mean = value if is_seen else None
        quarter, minute = self._quarter.feed(begin, time, mean), self._minute.feed(begin, time, mean)
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
            "time": self._time,
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
        peaks._time = None if saved["time"] is None else float(saved["time"])
        return peaks


def _higher(before: ApparentPeak | None, new: ApparentPeak | None) -> ApparentPeak | None:
    """Return the higher one; of two alike the first."""
    if before is None or new is None:
        return before or new
    return new if new.value > before.value else before
