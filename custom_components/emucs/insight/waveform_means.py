"""The voltages of ten minutes by the clock: the root of the mean of squares (IEC 61000-4-30)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from math import sqrt
from typing import Final, NamedTuple

from .waveform_windows import NOMINAL, PRESENT

_SLOT: Final = 600  # seconds


class TenMinutes(NamedTuple):
    """Ten minutes that are over."""

    begin: datetime
    """In UTC."""
    means: Mapping[str, float]
    """By phase, in V, of what was seen. An interruption says nothing of how the voltage was."""
    coverage: Mapping[str, float]
    """By phase, the share of the ten minutes that was seen: 1 where all of it was."""


class TenMinuteMeans:
    """Gathers windows of ten periods, each of which counts where it ends."""

    def __init__(self) -> None:
        """Start with nothing seen."""
        self._slot: int | None = None
        self._squares: defaultdict[str, float] = defaultdict(float)  # V² times seconds
        self._seconds: defaultdict[str, float] = defaultdict(float)

    def feed(self, end: float, seconds: float, volts: Iterable[tuple[str, float]]) -> TenMinutes | None:
        """Take RMS voltages by phase of some seconds until a time in seconds since 1970; return ten minutes if over."""
        # A window that ends with the ten minutes belongs to them.
        slot = int((end - seconds / 2) // _SLOT)
        over = self._close() if self._slot is not None and slot != self._slot else None
        self._slot = slot
        for phase, value in volts:
            if value >= PRESENT * NOMINAL:
                self._squares[phase] += value * value * seconds
                self._seconds[phase] += seconds
        return over

    def _close(self) -> TenMinutes | None:
        """Return the running ten minutes, and begin anew."""
        means = {phase: sqrt(self._squares[phase] / seconds) for phase, seconds in self._seconds.items()}
        coverage = {phase: min(1.0, seconds / _SLOT) for phase, seconds in self._seconds.items()}
        self._squares.clear()
        self._seconds.clear()
        if self._slot is None or not means:
            return None
        return TenMinutes(datetime.fromtimestamp(self._slot * _SLOT, UTC), means, coverage)
