"""What the samples of the S1 port say: values of ten periods, what happens to the voltages, steps of the load."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from math import cos, sin, sqrt
from typing import Final, NamedTuple

import numpy as np

from ..port.s1 import Samples
from .grid import Grid
from .load_steps import LoadStep, LoadSteps, Power
from .waveform_events import Disturbance, Disturbances, HalfPeriods
from .waveform_means import TenMinuteMeans, TenMinutes
from .waveform_spectrum import Phasors, WindowValues, measure
from .waveform_windows import NOMINAL, PRESENT, Floats, Window, Windows, grid_of, wave_of

type WaveformEvent = Disturbance | LoadStep | TenMinutes

_PHASES: Final = ("l1", "l2", "l3")
# A current of less, in A, is mostly noise of its own steps of 1 mA: what shape it has says nothing (an assumption).
_SHAPELESS: Final = 0.05
# Sequences that are so near to each other have no direction: a phase is missing, or two are connected (an assumption).
_UNDIRECTED: Final = 0.5
_POINTS: Final = 52  # of the period of a snapshot


class Rotation(StrEnum):
    """In which order the phases follow each other."""

    CLOCKWISE = "clockwise"
    COUNTERCLOCKWISE = "counterclockwise"


@dataclass(frozen=True, slots=True)
class PhaseWaveform:
    """One phase over ten periods. Shares are in % of the fundamental."""

    voltage: float
    """RMS in V, to the neutral. On 3x230 V from L1 to L2, in the place of L2 from L3 to L1, and from L3 to L2."""
    current: float
    """RMS in A."""
    active: float | None
    """In W, the mean of voltage times current; positive where current flows as the meter counts it positive.

    None on 3x230 V, where a load lies between phases; so are the four below.
    """
    reactive: float | None
    """In var, of the fundamental; positive where the current lags, as with a coil."""
    apparent: float | None
    """In VA."""
    power_factor: float | None
    """Active by apparent power, with its sign; None without current."""
    voltage_thd: float | None
    """Over the orders 2 to 25, in %; None without voltage."""
    current_thd: float | None
    """Likewise; None where there is hardly any current."""
    voltage_harmonics: tuple[float, ...]
    """In %, from the order 2 on up to 25, or to what the rate shows; empty without voltage."""
    current_harmonics: tuple[float, ...]
    """Likewise; empty where there is hardly any current."""


@dataclass(frozen=True, slots=True)
class WaveformState:
    """What the latest ten periods say."""

    time: datetime
    """When they ended, in UTC."""
    grid: Grid
    frequency: float
    """In Hz: measured at a fixed rate, printed by the meter where the number of samples a period is fixed."""
    phases: Mapping[str, PhaseWaveform]
    neutral: float | None
    """The RMS current of the neutral in A, where it is measured."""
    active: float
    """In W, of all phases. On 3x230 V by two wattmeters."""
    reactive: float
    """In var, likewise."""
    apparent: float
    """In VA: the sum of the phases; on 3x230 V with the voltages to the point as far from each line."""
    power_factor: float | None
    rotation: Rotation | None
    """None with a single phase, and where the voltages show none."""
    unbalance: float | None
    """The negative by the positive sequence of the voltages, in %; None where there is no rotation."""


class Snapshot(NamedTuple):
    """One period to look at, from where the fundamental of the first voltage rises through zero."""

    voltage: Floats
    """(52, 3), in V, as in `PhaseWaveform.voltage`."""
    current: Floats
    """(52, 4), in A: L1, L2, L3, N."""
    state: WaveformState
    """Of the same ten periods; its phases have the spectrum."""


class _Latest(NamedTuple):
    """The latest ten periods."""

    window: Window
    measured: WindowValues
    state: WaveformState


class Waveform:
    """Follows the samples of one meter. Another meter, or another way in which it takes samples, begins anew."""

    def __init__(self) -> None:
        """Start with nothing known."""
        self._latest: _Latest | None = None
        self._kind: tuple[object, ...] = ()
        self._grid = Grid.SINGLE_PHASE
        self._begin((), Grid.SINGLE_PHASE)

    def _begin(self, kind: tuple[object, ...], grid: Grid) -> None:
        """Begin anew with what samples are of."""
        self._kind, self._grid, self._latest = kind, grid, None
        self._phases = _PHASES[:1] if grid is Grid.SINGLE_PHASE else _PHASES
        self._windows, self._halves = Windows(), HalfPeriods()
        self._disturbances, self._means = Disturbances(self._phases), TenMinuteMeans()
        loads = (None,) if grid is Grid.THREE_PHASE_230V else self._phases
        self._loads = tuple(LoadSteps(phase) for phase in loads)

    @property
    def state(self) -> WaveformState | None:
        """Return what the latest ten periods say; None before there were any."""
        return None if self._latest is None else self._latest.state

    @property
    def corrupt(self) -> int:
        """Return how many windows of ten periods were dropped, as the meter called a sample in them corrupt."""
        return self._windows.corrupt

    @property
    def is_disturbed(self) -> bool:
        """Return whether a dip, a swell or an interruption goes on."""
        return not self._disturbances.is_quiet

    def feed(self, samples: Samples, time: float) -> list[WaveformEvent]:
        """Take samples, the last of them taken at a time in seconds since 1970; return what happened, by its kind."""
        grid = grid_of(samples)
        kind = (samples.meter_id, grid, samples.per_period, samples.per_period is None and samples.rate)
        if kind != self._kind:
            self._begin(kind, grid)
        wave = wave_of(samples, grid)
        events: list[WaveformEvent] = [*self._disturbances.feed(*self._halves.feed(samples, wave, time))]
        if not samples.is_continuous:
            self._interrupt()
        latest: tuple[Window, WindowValues] | None = None
        for window in self._windows.feed(samples, wave, time):
            if window is None:
                self._interrupt()
                continue
            measured = measure(window, grid)
            latest = window, measured
            events += self._happened(window, measured)
        if latest is not None:
            self._latest = _Latest(*latest, _state(*latest, grid, is_neutral_measured=samples.is_neutral_measured))
        return events

    def snapshot(self) -> Snapshot | None:
        """Return one period to look at; None before there were any."""
        if self._latest is None:
            return None
        window, measured, state = self._latest
        fundamental = measured.voltages[0]
        # A cosine of this angle rises through zero a quarter of a period before its angle is 0.
        first = np.argmax(np.abs(fundamental) >= PRESENT * NOMINAL)
        turns = (-np.angle(fundamental[first]) / (2 * np.pi) - 0.25) % 1
        period = window.length / 10
        places = period * (turns + np.arange(_POINTS) / _POINTS)
        waves = np.concatenate((window.voltage, window.current), axis=1)
        points = np.stack([np.interp(places, np.arange(len(waves)), column) for column in waves.T], axis=1)
        return Snapshot(points[:, :3], points[:, 3:], state)

    def _interrupt(self) -> None:
        """Take that something was not seen."""
        for load in self._loads:
            load.interrupt()

    def _happened(self, window: Window, measured: WindowValues) -> list[WaveformEvent]:
        """Return what ten periods bring to an end."""
        volts = zip(self._phases, measured.voltage.tolist(), strict=False)
        over = self._means.feed(window.end, window.end - window.begin, volts)
        powers = zip(measured.active.tolist(), measured.reactive.tolist(), measured.voltage.tolist(), strict=False)
        steps = [load.feed(Power(*each), window.begin) for load, each in zip(self._loads, powers, strict=False)]
        return [event for event in (over, *steps) if event is not None]


def _state(window: Window, measured: WindowValues, grid: Grid, *, is_neutral_measured: bool) -> WaveformState:
    """Return what ten periods say."""
    names = _PHASES[:1] if grid is Grid.SINGLE_PHASE else _PHASES
    count = len(names)
    active, reactive, apparent = (
        float(part[:count].sum()) for part in (measured.active, measured.reactive, measured.apparent)
    )
    rotation, unbalance = _sequences(measured.voltages[0], grid)
    return WaveformState(
        time=datetime.fromtimestamp(window.end, UTC),
        grid=grid,
        frequency=window.frequency,
        phases={name: _phase(measured, index, grid) for index, name in enumerate(names)},
        neutral=float(measured.current[3]) if is_neutral_measured else None,
        active=active,
        reactive=reactive,
        apparent=apparent,
        power_factor=active / apparent if apparent else None,
        rotation=rotation,
        unbalance=unbalance,
    )


def _phase(measured: WindowValues, index: int, grid: Grid) -> PhaseWaveform:
    """Return what ten periods say of one phase."""
    powers: tuple[float | None, ...] = (None, None, None)
    if grid is not Grid.THREE_PHASE_230V:
        powers = tuple(float(part[index]) for part in (measured.active, measured.reactive, measured.apparent))
    active, reactive, apparent = powers
    voltages = _harmonics(measured.voltages[:, index], PRESENT * NOMINAL)
    currents = _harmonics(measured.currents[:, index], _SHAPELESS)
    return PhaseWaveform(
        voltage=float(measured.voltage[index]),
        current=float(measured.current[index]),
        active=active,
        reactive=reactive,
        apparent=apparent,
        power_factor=active / apparent if active is not None and apparent else None,
        voltage_thd=_distortion(voltages),
        current_thd=_distortion(currents),
        voltage_harmonics=voltages,
        current_harmonics=currents,
    )


def _harmonics(phasors: Phasors, least: float) -> tuple[float, ...]:
    """Return the harmonics in % of the fundamental, if that is no less than this."""
    sizes = np.abs(phasors)
    return tuple((sizes[1:] / sizes[0] * 100).tolist()) if sizes[0] >= least else ()


def _distortion(harmonics: tuple[float, ...]) -> float | None:
    """Return the total harmonic distortion in %."""
    return sqrt(sum(each * each for each in harmonics)) if harmonics else None


def _sequences(fundamental: Phasors, grid: Grid) -> tuple[Rotation | None, float | None]:
    """Return in which order three voltages follow each other, and their unbalance in %."""
    if grid is Grid.SINGLE_PHASE:
        return None, None
    first, second, third = (complex(each) for each in fundamental)
    if grid is Grid.THREE_PHASE_230V:
        # From L1 to L2, from L2 to L3, from L3 to L1: their unbalance is that of any voltages of the three phases.
        second, third = -third, second
    turn = complex(cos(2 * np.pi / 3), sin(2 * np.pi / 3))
    forward = abs(first + turn * second + turn * turn * third) / 3
    backward = abs(first + turn * turn * second + turn * third) / 3
    stronger, weaker = max(forward, backward), min(forward, backward)
    if stronger < PRESENT * NOMINAL or weaker > _UNDIRECTED * stronger:
        return None, None
    rotation = Rotation.CLOCKWISE if forward > backward else Rotation.COUNTERCLOCKWISE
    return rotation, weaker / stronger * 100
