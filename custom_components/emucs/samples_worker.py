"""What the thread of an S1 port does: from its bytes to what they say. Loads numpy, and is loaded only for S1."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Final, NamedTuple

from .insight.load_steps import LoadStep
from .insight.voltage_history import KNOWN_SHARE
from .insight.waveform import Snapshot, Waveform, WaveformState
from .insight.waveform_events import Disturbance
from .insight.waveform_means import TenMinutes
from .port.s1 import S1Reader, Samples

__all__ = ["Measured", "MeasuredSlot", "SampleWorker", "Snapshot"]

_SLOT: Final = 600  # seconds
# Bytes come when bridges and hosts find the time, up to so many seconds late; this share of it is believed each time.
_LATE: Final = 1.0
_DRIFT: Final = 0.01


class MeasuredSlot(NamedTuple):
    """Ten minutes of which enough was seen."""

    number: int
    """Since 1970."""
    means: Mapping[str, float]
    """By phase, in V."""
    thd: Mapping[str, float]
    """By phase: the root of the mean of squares of the distortion of the voltage, in %."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a piece of the stream came to."""

    meter_id: str | None
    """None where no frame was in it."""
    state: WaveformState | None
    disturbances: tuple[Disturbance, ...] = ()
    load_steps: tuple[LoadStep, ...] = ()
    slots: tuple[MeasuredSlot, ...] = ()
    frames: int = 0
    """All so far."""
    lost: int = 0
    """Samples that were missing so far."""
    corrupt: int = 0
    """Windows of ten periods that the meter called corrupt so far."""

    @property
    def happened(self) -> bool:
        """Tell whether something cannot wait."""
        return bool(self.disturbances or self.load_steps)


class SampleWorker:
    """Follows the stream of one port. All of it belongs to one thread at a time."""

    def __init__(self) -> None:
        """Start without any input."""
        self._reader = S1Reader()
        self._waveform = Waveform()
        self._last: tuple[float, int] | None = None  # when the latest sample was taken, and its place in the stream
        self._thd: dict[str, list[float]] = {}  # of the running slot: the sum of squares, and how many

    def work(self, data: bytes, time: float) -> Measured:
        """Return what bytes come to, the last of which came at a time in seconds since 1970."""
        meter_id: str | None = None
        disturbances: list[Disturbance] = []
        load_steps: list[LoadStep] = []
        slots: list[MeasuredSlot] = []
        batches = self._reader.feed(data)
        after = sum(len(samples.good) for samples in batches)
        for samples in batches:
            meter_id = samples.meter_id
            after -= len(samples.good)
            for event in self._waveform.feed(samples, self._time_of(samples, time - after / samples.rate)):
                match event:
                    case Disturbance():
                        disturbances.append(event)
                    case LoadStep():
                        load_steps.append(event)
                    case TenMinutes():
                        slots += self._slots(event)
        state = self._waveform.state
        if meter_id is not None and state is not None:
            self._add_distortion(state)
        return Measured(
            meter_id,
            state,
            tuple(disturbances),
            tuple(load_steps),
            tuple(slots),
            self._reader.frames,
            self._reader.lost,
            self._waveform.corrupt,
        )

    def _time_of(self, samples: Samples, time: float) -> float:
        """Return when the last of some samples was taken, which came at a time: samples themselves count it best."""
        end = samples.position + len(samples.good)
        if self._last is not None:
            before, position = self._last
            counted = before + (end - position) / samples.rate
            if abs(late := time - counted) < _LATE:
                time = counted + late * _DRIFT
        self._last = time, end
        return time

    def _add_distortion(self, state: WaveformState) -> None:
        """Add the distortion of now to the running ten minutes."""
        for name, phase in state.phases.items():
            if phase.voltage_thd is not None:
                sums = self._thd.setdefault(name, [0.0, 0.0])
                sums[0] += phase.voltage_thd**2
                sums[1] += 1

    def _slots(self, over: TenMinutes) -> list[MeasuredSlot]:
        """Return ten minutes of which enough was seen, and begin those that follow."""
        distortion, self._thd = self._thd, {}
        known = [phase for phase, share in over.coverage.items() if share >= KNOWN_SHARE]
        if not known:
            return []
        thd = {phase: sqrt(distortion[phase][0] / distortion[phase][1]) for phase in known if phase in distortion}
        means = {phase: over.means[phase] for phase in known}
        return [MeasuredSlot(int(over.begin.timestamp()) // _SLOT, means, thd)]

    def snapshot(self) -> Snapshot | None:
        """Return one period to look at."""
        return self._waveform.snapshot()
