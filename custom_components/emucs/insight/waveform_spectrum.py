"""What ten periods come to: mean squares, powers, and the phasors of the harmonics."""

from dataclasses import dataclass
from math import ceil
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .grid import Grid
from .waveform_windows import PERIODS, Floats, Window, weights

ORDERS: Final = 25
"""The highest harmonic: 52 samples a period show the 25th."""

_SQUARE_ROOT_OF_2: Final = 2**0.5
# A harmonic so near to half of the rate cannot be told from its mirror image.
_BELOW_HALF: Final = 0.5

type Phasors = NDArray[np.complex128]


@dataclass(frozen=True, slots=True, eq=False)
class WindowValues:
    """What a window comes to."""

    voltage: Floats
    """(3,), RMS in V."""
    current: Floats
    """(4,), RMS in A."""
    active: Floats
    """In W: (3,) by phase; on 3x230 V (1,), of all."""
    reactive: Floats
    """In var, of the fundamental, positive where the current lags: likewise."""
    apparent: Floats
    """In VA: likewise."""
    voltages: Phasors
    """(orders, 3), RMS, the fundamental first."""
    currents: Phasors
    """(orders, 4)."""


def measure(window: Window, grid: Grid) -> WindowValues:
    """Return what a window comes to."""
    size = len(window.voltage)
    waves = np.concatenate((window.voltage, window.current), axis=1)
    shares = np.full(size, 1 / size) if window.is_whole else weights(window.length)
    squares = shares @ np.square(waves)
    phasors = _whole_phasors(waves) if window.is_whole else _fitted_phasors(waves, window.length)
    voltage, current = np.sqrt(squares[:3]), np.sqrt(squares[3:])
    voltages, currents = phasors[:, :3], phasors[:, 3:]
    active = shares @ (window.voltage * window.current[:, :3])
    reactive = np.imag(voltages[0] * np.conj(currents[0, :3]))
    apparent = voltage * current[:3]
    if grid is Grid.THREE_PHASE_230V:
        # Two wattmeters: the lines L1 and L3 against L2.
        active, reactive = active[[0, 2]].sum(keepdims=True), reactive[[0, 2]].sum(keepdims=True)
        apparent = _to_star_point(window, shares) @ current[:3, np.newaxis]
    return WindowValues(voltage, current, active, reactive, apparent, voltages, currents)


def _to_star_point(window: Window, shares: Floats) -> Floats:
    """Return the RMS voltages in V of three lines to the point that is as far from each of them, from theirs to L2."""
    first, third = window.voltage[:, 0], window.voltage[:, 2]
    second = -(first + third) / 3
    squares: Floats = shares @ np.square(np.stack((first + second, second, third + second), axis=1))
    return np.sqrt(squares)


def _whole_phasors(waves: Floats) -> Phasors:
    """Return the harmonics of ten periods of a whole number of samples, by a discrete Fourier transform."""
    size = len(waves)
    lines = np.fft.rfft(waves, axis=0)[PERIODS::PERIODS][: _highest(size / PERIODS)]
    return lines * (_SQUARE_ROOT_OF_2 / size)


def _fitted_phasors(waves: Floats, length: float) -> Phasors:
    """Return the harmonics of ten periods of any length in samples, by least squares."""
    highest = _highest(length / PERIODS)
    angles = 2 * np.pi * PERIODS / length * np.outer(np.arange(len(waves)), np.arange(1, highest + 1))
    columns = np.concatenate((np.cos(angles), np.sin(angles), np.ones((len(waves), 1))), axis=1)
    parts = np.linalg.solve(columns.T @ columns, columns.T @ waves)
    return (parts[:highest] - 1j * parts[highest:-1]) / _SQUARE_ROOT_OF_2


def _highest(per_period: float) -> int:
    """Return the highest harmonic that so many samples a period show."""
    return min(ORDERS, ceil(per_period / 2 - _BELOW_HALF) - 1)
