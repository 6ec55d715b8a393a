"""Samples as an S1 port gives them, of waves in closed form."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import pi, sqrt, tau

import numpy as np
from numpy.typing import NDArray

from custom_components.emucs.insight.grid import Grid
from custom_components.emucs.port.s1 import Samples

START = 1_768_410_420.0  # in seconds since 1970: some seconds into ten minutes
THIRD = tau / 3
SINGLE, WITH_NEUTRAL, WITHOUT_NEUTRAL = Grid.SINGLE_PHASE, Grid.THREE_PHASE_400V, Grid.THREE_PHASE_230V

type Wave = NDArray[np.float64]
type Harmonics = Mapping[int, tuple[float, float]]
"""By order: RMS, and the angle of its cosine."""


def wave(harmonics: Harmonics, angle: Wave) -> Wave:
    """Return a wave at angles of the fundamental."""
    return sum((sqrt(2) * rms * np.cos(order * angle + at) for order, (rms, at) in harmonics.items()), 0 * angle)


@dataclass
class Source:
    """Makes samples, second after second, of a connection."""

    grid: Grid = SINGLE
    per_period: int | None = 52
    rate: float = 2600.0
    frequency: float = 50.0
    volts: Sequence[Harmonics] = ({1: (230, 0)},) * 3
    """By phase; each phase lags the one before by a third of a period."""
    amperes: Sequence[Harmonics] = ({1: (10, 0)},) * 3
    envelope: Callable[[Wave], Wave] | None = None
    """By which to multiply each voltage, (n, 3), by the time in seconds since the start."""
    load: Callable[[Wave], Wave] | None = None
    """By which to multiply each current likewise."""
    position: int = 0
    is_continuous: bool = False

    def __post_init__(self) -> None:
        if self.per_period is not None:
            self.rate = self.per_period * self.frequency

    def at(self, places: Wave) -> tuple[Wave, Wave]:
        """Return voltages to the neutral and currents, at samples of these numbers."""
        seconds = places / self.rate
        count = 1 if self.grid is SINGLE else 3
        voltage, current = np.zeros((len(places), 3)), np.zeros((len(places), 4))
        for phase in range(count):
            angle = tau * self.frequency * seconds - phase * THIRD
            voltage[:, phase] = wave(self.volts[phase], angle)
            current[:, phase] = wave(self.amperes[phase], angle)
        if self.envelope is not None:
            voltage *= self.envelope(seconds)
        if self.load is not None:
            current[:, :3] *= self.load(seconds)
        current[:, 3] = -current[:, :3].sum(axis=1)
        return voltage, current

    def take(self, count: int) -> Samples:
        """Return the next samples."""
        voltage, current = self.at(np.arange(self.position, self.position + count, dtype=np.float64))
        if self.grid is WITHOUT_NEUTRAL:
            voltage = voltage - voltage[:, 1:2]
            current[:, 3] = 0
        samples = Samples(
            meter_id="1SAG0000000011",
            is_polyphase=self.grid is not SINGLE,
            has_neutral=self.grid is WITH_NEUTRAL,
            per_period=self.per_period,
            rate=self.rate,
            frequency=self.frequency,
            position=self.position,
            is_continuous=self.is_continuous,
            voltage=voltage,
            current=current,
            good=np.ones(count, np.bool_),
            is_neutral_measured=self.grid is WITH_NEUTRAL,
        )
        self.position += count
        self.is_continuous = True
        return samples

    @property
    def time(self) -> float:
        """Return when the latest sample was taken, in seconds since 1970."""
        return START + (self.position - 1) / self.rate

    def seconds(self, seconds: float, chunk: float = 0.1) -> Iterator[tuple[Samples, float]]:
        """Yield the samples of some seconds in chunks, and the time of the last of each."""
        size = round(chunk * self.rate)
        for _ in range(round(seconds / chunk)):
            samples = self.take(size)
            yield samples, self.time


def spoilt(samples: Samples, places: slice) -> Samples:
    """Return samples of which the meter calls some corrupt."""
    good = samples.good.copy()
    good[places] = False
    return replace(samples, good=good)


def steps(*parts: tuple[float, float, Sequence[float]]) -> Callable[[Wave], Wave]:
    """Return factors of three phases that are others from a second to another one."""

    def factors(seconds: Wave) -> Wave:
        result = np.ones((len(seconds), 3))
        for begin, end, phases in parts:
            result[(seconds >= begin - 1e-9) & (seconds < end - 1e-9)] = phases
        return result

    return factors


HALF_TURN = pi
