"""Dips, swells and interruptions: by the RMS voltage of each period, every half period (IEC 61000-4-30, EN 50160)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from math import floor
from typing import Final, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ..port.s1 import Samples
from .waveform_windows import NOMINAL, Floats, Wave, joined, rest, weights

_DIP: Final = 0.90 * NOMINAL
_SWELL: Final = 1.10 * NOMINAL
_INTERRUPTION: Final = 0.05 * NOMINAL
_HYSTERESIS: Final = 0.02 * NOMINAL
# What lasts longer is no dip, swell or short interruption but how the supply is. It is told once, and a phase counts
# again once its voltage has been as it should be.
_LONGEST: Final = 60.0
# A gap of the samples in seconds after which nobody knows whether it is still the same (an assumption).
_LONGEST_GAP: Final = 1.0


class DisturbanceType(StrEnum):
    """What can happen to a voltage."""

    DIP = "dip"
    SWELL = "swell"
    INTERRUPTION = "interruption"


class Disturbance(NamedTuple):
    """Something that happened to the voltages of a connection."""

    type: DisturbanceType
    """An interruption is one of all phases, and no dip beside it."""
    phases: tuple[str, ...]
    value: float
    """The lowest RMS voltage of a period in V, of a swell the highest."""
    begin: datetime
    """In UTC."""
    duration: float
    """In seconds."""
    is_over: bool
    """Whether its end was seen. False where it has lasted for a minute, or the samples stopped."""

    @property
    def deviation(self) -> float:
        """Return by how much of the nominal voltage the voltage fell or rose, in %: the depth or height."""
        return abs(self.value - NOMINAL) / NOMINAL * 100


class HalfPeriods:
    """The RMS voltages of periods that begin each half period: Urms(1/2)."""

    def __init__(self) -> None:
        """Start without any samples."""
        self._pending: Wave | None = None
        self._begin = 0.0  # of the next period, in samples that are pending

    def feed(self, samples: Samples, wave: Wave, time: float) -> tuple[Floats, Floats]:
        """Take samples, the last of them of a time; return the middles of periods, and their (n, 3) RMS voltages in V.

        Periods with a corrupt sample are left out.
        """
        if not samples.is_continuous:
            self._pending, self._begin = None, 0.0
        wave = joined(self._pending, wave)
        count, length = len(wave.good), samples.per_period or samples.rate / samples.frequency
        shares = np.full(length, 1 / length) if isinstance(length, int) else weights(length)
        half, size = length / 2, len(shares)
        numbers = np.arange(max(0, floor((count - size - self._begin) / half) + 1), dtype=np.float64)
        places: Floats = self._begin + half * numbers
        begins = np.floor(places).astype(np.int64)
        good: NDArray[np.bool_] = np.empty(0, np.bool_)
        squares: Floats = np.empty((0, 3))
        if len(begins):
            good = np.logical_and.reduce(sliding_window_view(wave.good, size)[begins], axis=1)
            squares = sliding_window_view(np.square(wave.voltage), size, axis=0)[begins] @ shares
        begin = self._begin + half * len(begins)
        self._pending, self._begin = rest(wave, floor(begin)), begin - floor(begin)
        middles: Floats = time - (count - 1 - half - places) / samples.rate
        return middles[good], np.sqrt(squares[good])


@dataclass(slots=True)
class _Running:
    """What goes on."""

    begin: float
    value: float
    """The furthest so far."""
    phases: set[str]
    interrupted: float | None = None
    """Since when all phases are, or were."""
    restored: float | None = None
    """Since when one of them is no longer."""

    def told(self, event_type: DisturbanceType, end: float, *, is_over: bool) -> Disturbance:
        """Return what it was."""
        begin = self.begin
        if self.interrupted is not None:
            event_type, begin = DisturbanceType.INTERRUPTION, self.interrupted
            end = end if self.restored is None else self.restored
        phases = tuple(sorted(self.phases))
        return Disturbance(event_type, phases, self.value, datetime.fromtimestamp(begin, UTC), end - begin, is_over)


class Disturbances:
    """Finds what happens to the voltages of some phases."""

    def __init__(self, phases: tuple[str, ...]) -> None:
        """Start with no phase known to have a voltage."""
        self._phases = phases
        self._known: set[str] = set()  # those whose voltage was as it should be
        self._running: dict[DisturbanceType, _Running] = {}
        self._latest: float | None = None

    @property
    def is_quiet(self) -> bool:
        """Return whether nothing goes on."""
        return not self._running

    def feed(self, times: Floats, voltages: Floats) -> list[Disturbance]:
        """Take RMS voltages of periods in V, (n, 3), and their times in seconds since 1970; return what is over."""
        if not len(times):
            return []
        events = []
        if self._running and self._latest is not None and times[0] - self._latest > _LONGEST_GAP:
            events += self._end_all(self._latest)
        voltages = voltages[:, : len(self._phases)]
        is_calm = not self._running and len(self._known) == len(self._phases)
        if not is_calm or ((voltages < _DIP) | (voltages > _SWELL)).any():
            for time, row in zip(times.tolist(), voltages.tolist(), strict=True):
                events += self._take(time, dict(zip(self._phases, row, strict=True)))
        self._latest = float(times[-1])
        return events

    def _take(self, time: float, volts: dict[str, float]) -> list[Disturbance]:
        """Take the voltages of one period; return what is over."""
        self._known |= {phase for phase, value in volts.items() if _DIP <= value <= _SWELL}
        known = {phase: value for phase, value in volts.items() if phase in self._known}
        low = {phase: value for phase, value in known.items() if value < _DIP}
        high = {phase: value for phase, value in known.items() if value > _SWELL}
        self._go_on(DisturbanceType.DIP, time, low, min)
        self._go_on(DisturbanceType.SWELL, time, high, max)
        if (dip := self._running.get(DisturbanceType.DIP)) is not None:
            if all(value < _INTERRUPTION for value in known.values()):
                dip.interrupted, dip.restored = dip.interrupted or time, None
            elif dip.interrupted and not dip.restored and max(known.values()) >= _INTERRUPTION + _HYSTERESIS:
                dip.restored = time
        is_over = {
            DisturbanceType.DIP: min(known.values(), default=_DIP) >= _DIP + _HYSTERESIS,
            DisturbanceType.SWELL: max(known.values(), default=_SWELL) <= _SWELL - _HYSTERESIS,
        }
        return [
            self._end(kind, time, is_over=is_over[kind])
            for kind, running in [*self._running.items()]
            if is_over[kind] or time - running.begin >= _LONGEST
        ]

    def _go_on(
        self, kind: DisturbanceType, time: float, volts: dict[str, float], furthest: Callable[[Iterable[float]], float]
    ) -> None:
        """Take the voltages that are outside on one side."""
        if volts:
            running = self._running.setdefault(kind, _Running(time, furthest(volts.values()), set()))
            running.value = furthest((running.value, *volts.values()))
            running.phases |= volts.keys()

    def _end(self, kind: DisturbanceType, time: float, *, is_over: bool) -> Disturbance:
        """End what goes on."""
        running = self._running.pop(kind)
        if not is_over:
            self._known -= running.phases
        return running.told(kind, time, is_over=is_over)

    def _end_all(self, time: float) -> list[Disturbance]:
        """End all that goes on, as nobody saw how."""
        return [self._end(kind, time, is_over=False) for kind in [*self._running]]
