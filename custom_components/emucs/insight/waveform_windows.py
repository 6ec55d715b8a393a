"""Cuts samples into windows of ten periods, and knows the frequency where the samples alone show it."""

from dataclasses import dataclass
from math import floor
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..port.s1 import Samples
from .grid import Grid

PERIODS: Final = 10
"""Periods of a window: 200 ms at 50 Hz (IEC 61000-4-30)."""
NOMINAL: Final = 230.0
"""V, from a phase to the neutral, and between the lines of 3x230 V."""
PRESENT: Final = 0.1
"""The share of the nominal voltage below which there is none."""

_LOWEST_FREQUENCY: Final = 40.0
_HIGHEST_FREQUENCY: Final = 70.0

type Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Wave:
    """Samples, as they are looked at: three voltages, and currents that belong to them."""

    voltage: Floats
    """(n, 3), in V: L1, L2, L3 to the neutral. On 3x230 V from L1 to L2, from L3 to L1, from L3 to L2."""
    current: Floats
    """(n, 4), in A: L1, L2, L3, N."""
    good: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Ten periods without a gap or a corrupt sample."""

    voltage: Floats
    current: Floats
    length: float
    """In samples. The samples cover no less, and at most two more."""
    frequency: float
    """In Hz."""
    begin: float
    """In seconds since 1970."""
    end: float

    @property
    def is_whole(self) -> bool:
        """Return whether ten periods are a whole number of samples."""
        return len(self.voltage) == self.length


def grid_of(samples: Samples) -> Grid:
    """Return the grid that samples are of.

    Three phases without a neutral are taken to be 3x230 V: Belgian homes have no other grid of three wires.
    """
    if not samples.is_polyphase:
        return Grid.SINGLE_PHASE
    return Grid.THREE_PHASE_400V if samples.has_neutral else Grid.THREE_PHASE_230V


def wave_of(samples: Samples, grid: Grid) -> Wave:
    """Return samples as they are looked at.

    On 3x230 V voltages are taken to be those from L1 and from L3 to L2, as P1 prints them (e-MUCS P1 1.7.1, table 4,
    note 5): their difference is the third. Where no current of L2 is measured it is what flows back from the others.
    """
    voltage, current = samples.voltage, samples.current
    if grid is Grid.THREE_PHASE_230V:
        voltage = voltage.copy()
        voltage[:, 1] = voltage[:, 2] - voltage[:, 0]
        if not current[:, 1].any():
            current = current.copy()
            current[:, 1] = -current[:, 0] - current[:, 2]
    return Wave(voltage, current, samples.good)


def weights(length: float) -> Floats:
    """Return by which to weigh samples for their mean over a length that need not be a whole number of them.

    Samples are joined by straight lines. Over whole periods of a sine of 52 samples each that is right to 0.01 %.
    """
    whole = floor(length)
    part = length - whole
    shares = np.ones(whole + 2)
    shares[0] = shares[whole] = 0.5
    shares[whole] += part * (1 - part / 2)
    shares[whole + 1] = part * part / 2
    return shares / length


def joined(before: Wave | None, wave: Wave) -> Wave:
    """Return samples behind those before them."""
    if before is None:
        return wave
    return Wave(
        np.concatenate((before.voltage, wave.voltage)),
        np.concatenate((before.current, wave.current)),
        np.concatenate((before.good, wave.good)),
    )


def rest(wave: Wave, begin: int) -> Wave:
    """Return samples from one on, which keep nothing else in memory."""
    return Wave(wave.voltage[begin:].copy(), wave.current[begin:].copy(), wave.good[begin:].copy())


class Windows:
    """Cuts the samples of one meter into windows."""

    def __init__(self) -> None:
        """Start without any samples."""
        self.corrupt = 0
        """Windows that were dropped, as the meter calls a sample in them corrupt."""
        self._pending: Wave | None = None
        self._measured: float | None = None  # Hz

    def feed(self, samples: Samples, wave: Wave, time: float) -> list[Window | None]:
        """Take samples, of which the last was taken at a time in seconds since 1970; None stands for a dropped window.

        What is not continuous begins a window anew.
        """
        wave = joined(self._pending if samples.is_continuous else None, wave)
        windows: list[Window | None] = []
        begin, count = 0, len(wave.good)
        while True:
            length, size, step = self._next(samples)
            if begin + size > count:
                break
            if wave.good[begin : begin + size].all():
                voltage, current = wave.voltage[begin : begin + size], wave.current[begin : begin + size]
                frequency = samples.frequency if samples.per_period else self._measure(voltage, samples)
                starts = time - (count - 1 - begin) / samples.rate
                windows.append(Window(voltage, current, length, frequency, starts, starts + length / samples.rate))
            else:
                self.corrupt += 1
                windows.append(None)
            begin += step
        self._pending = rest(wave, begin)
        return windows

    def _next(self, samples: Samples) -> tuple[float, int, int]:
        """Return the length of the next window, how many samples it takes, and where the one after it begins."""
        if samples.per_period is not None:
            whole = PERIODS * samples.per_period
            return whole, whole, whole
        length = PERIODS * samples.rate / (self._measured or samples.frequency)
        return length, floor(length) + 2, round(length)

    def _measure(self, voltage: Floats, samples: Samples) -> float:
        """Return the frequency in Hz that samples at a fixed rate show, and know it for the next window."""
        squares = np.square(voltage).mean(axis=0)
        strongest = int(squares.argmax())
        if squares[strongest] < (PRESENT * NOMINAL) ** 2:
            self._measured = None
            return samples.frequency
        frequency = frequency_of(voltage[:, strongest], samples.rate, self._measured or samples.frequency)
        self._measured = frequency if _LOWEST_FREQUENCY <= frequency <= _HIGHEST_FREQUENCY else None
        return self._measured or samples.frequency


def frequency_of(voltage: Floats, rate: float, near: float) -> float:
    """Return the frequency in Hz of samples at a rate, near one that is known: by how its phase advances."""
    half = len(voltage) // 2
    turn = -2j * np.pi * near / rate
    kernel = np.hanning(half) * np.exp(turn * np.arange(half))
    first, second = kernel @ voltage[:half], kernel @ voltage[half : 2 * half]
    advance = float(np.angle(second * np.conj(first) * np.exp(turn * half)))
    return near + advance * rate / (2 * np.pi * half)
