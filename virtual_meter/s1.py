"""What the S1 port of a virtual meter sends: samples of its voltages and currents, 52 a period of the grid.

They hold together with the telegram of the same second: its voltages, its powers, and its currents, whose part that is
no active power is split between the fundamental and the harmonics of switching loads.
"""

from collections.abc import Sequence
from dataclasses import dataclass
import math
from random import Random
from typing import Final

from fastcrc import crc16
import numpy as np
from numpy.typing import NDArray

from .fault import Fault
from .meter import VirtualMeter
from .profiles import Dialect, Wiring
from .s1_faults import CorruptSamples, Dip

FRAME: Final = 45
"""Bytes of a frame, which is one sample of all channels."""
PER_PERIOD: Final = 52
NOMINAL_RATE: Final = 2600
"""Samples a second where the grid has 50 Hz."""
_ORDERS: Final = np.array([1, 3, 5, 7, 11, 13])
# Shares of the fundamental, and angles in degrees: what a street with many switching loads may bring. An assumption.
_VOLTAGE_SHARES: Final = np.array([1.0, 0.006, 0.022, 0.013, 0.006, 0.004])
_VOLTAGE_ANGLES: Final = np.radians([0.0, 170.0, 185.0, 20.0, 150.0, 60.0])
# How the distortion of a switching load is spread over its harmonics. An assumption, too.
_CURRENT_SHARES: Final = np.array([0.0, 0.80, 0.50, 0.28, 0.14, 0.10])
_CURRENT_ANGLES: Final = np.radians([0.0, 165.0, -30.0, 140.0, 100.0, -70.0])
# How much of what is no active power the harmonics are; the rest is the reactive power of the fundamental.
_DISTORTION: Final = 0.6
# Of the current of solar panels behind a passing cloud, and how many samples one swing of it takes.
_FLICKER: Final = 0.02
_FLICKER_SAMPLES: Final = 300
_THIRDS: Final = np.exp(-2j * np.pi / 3 * np.arange(3))
_VOLTAGE_BIT: Final = 0.025
_CURRENT_BIT: Final = 0.001
_NOISE: Final = (0.05, 0.003)  # V and A, as converters have it
_POLY_PHASE, _PER_PERIOD_BIT, _FOUR_WIRES, _IS_RIGHT, _HAS_NEUTRAL = 1, 2, 4, 8, 16
_HEAD: Final = bytes.fromhex("7E802BFF03")
_ID_LENGTH: Final = 14

type Samples = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Period:
    """One period of the grid as the meter samples it: voltages (52, 3) in V, and currents (52, 4) in A with N last."""

    voltage: Samples
    current: Samples


def has_s1(meter: VirtualMeter) -> bool:
    """Tell whether such a meter has an S1 port: Flemish ones of the first generation do."""
    version = meter.profile.version
    return meter.profile.dialect is Dialect.EMUCS and version is not None and not version.second_generation


class Sampler:
    """Samples what a meter measures; the meter lives by itself, or as its P1 port lets it."""

    def __init__(self, meter: VirtualMeter, faults: Sequence[Fault] = ()) -> None:
        """Sample from now on; ValueError for a meter that has no such port."""
        if not has_s1(meter):
            msg = f"profile {meter.profile.name} has no S1 port"
            raise ValueError(msg)
        self.meter = meter
        self.faults = faults
        """What is wrong with the samples; may be changed at any time."""
        self.position = 0
        """Of the next sample, since the start."""
        self._random = np.random.default_rng(1)
        self._struck = Random(1)
        self._known: object = None
        self._period: Period
        self._millihertz = 50_000
        self._flicker = 0.0

    @property
    def rate(self) -> float:
        """Return the samples a second of now."""
        self._look()
        return PER_PERIOD * self._millihertz / 1000

    def skip(self, count: int) -> None:
        """Lose so many samples."""
        self.position += count

    def frames(self, count: int) -> bytes:
        """Return the frames of the next samples."""
        self._look()
        positions = np.arange(self.position, self.position + count)
        voltage, current = self._sampled(positions)
        frames = np.zeros((count, FRAME), np.uint8)
        frames[:, :5] = np.frombuffer(_HEAD, np.uint8)
        frames[:, 5:19] = np.frombuffer(self.meter.meter_id.encode("ascii")[:_ID_LENGTH], np.uint8)
        frames[:, 19] = self._flags
        frames[:, 20] = PER_PERIOD
        frames[:, 21:23] = np.frombuffer(self._millihertz.to_bytes(2), np.uint8)
        frames[:, 23] = positions & 0xFF
        for phase in range(3):
            frames[:, 24 + 5 * phase : 26 + 5 * phase] = _big_endian(voltage[:, phase], _VOLTAGE_BIT, 2)
            frames[:, 26 + 5 * phase : 29 + 5 * phase] = _big_endian(current[:, phase], _CURRENT_BIT, 3)
        frames[:, 39:42] = _big_endian(current[:, 3], _CURRENT_BIT, 3)
        frames[:, 44] = _HEAD[0]
        for number in self._wrong(count):
            frames[number, 19] &= ~_IS_RIGHT & 0xFF
            frames[number, 24:42] = self._random.integers(0, 256, 18, np.uint8)
        sums = [crc16.ibm_sdlc(row[1:42].tobytes()) for row in frames]
        frames[:, 42:44] = np.array(sums, "<u2").view(np.uint8).reshape(count, 2)
        self.position += count
        return frames.tobytes()

    @property
    def _flags(self) -> int:
        """Return what each frame says of the meter."""
        wiring = self.meter.profile.wiring
        flags = _PER_PERIOD_BIT | _IS_RIGHT
        if wiring is not Wiring.SINGLE_PHASE:
            flags |= _POLY_PHASE
        if wiring is Wiring.THREE_PHASE:
            flags |= _FOUR_WIRES | _HAS_NEUTRAL
        return flags

    def _wrong(self, count: int) -> list[int]:
        """Return the numbers of the frames whose samples the meter knows to be corrupt."""
        share = max((fault.share for fault in self.faults if isinstance(fault, CorruptSamples)), default=0.0)
        return [number for number in range(count) if share and self._struck.random() < share]

    def _look(self) -> None:
        """See what the meter measures now."""
        meter = self.meter
        if (known := (meter.time, meter.disturbance)) == self._known:
            return
        self._known = known
        truth = meter.truth
        self._millihertz = int(truth.frequency * 1000)
        self._period = period_of(meter.profile.wiring, truth.supply.volts, meter.powers)
        makes = -meter.household.pv.power / 1e6 if meter.household.pv else 0.0
        self._flicker = _FLICKER * min(1.0, makes)

    def _sampled(self, positions: NDArray[np.int64]) -> tuple[Samples, Samples]:
        """Return voltages and currents of some samples."""
        phase = positions % PER_PERIOD
        voltage, current = self._period.voltage[phase], self._period.current[phase]
        swing = 1 + self._flicker * np.sin(2 * np.pi / _FLICKER_SAMPLES * positions)
        current = current * swing[:, np.newaxis]
        for dip in self.faults:
            if not isinstance(dip, Dip):
                continue
            for begin, end in dip.spans(int(positions[0]), int(positions[-1]) + 1, NOMINAL_RATE):
                part = slice(begin - int(positions[0]), end - int(positions[0]))
                chosen = slice(None) if dip.phase is None else slice(dip.phase, dip.phase + 1)
                voltage[part, chosen] *= dip.level
                current[part, chosen] *= dip.level
        used = np.any(self._period.voltage, axis=0)
        noise = self._random.normal(0, 1, (len(positions), 7))
        voltage = voltage + noise[:, :3] * _NOISE[0] * used
        wired = np.any(self._period.current, axis=0)
        return voltage, current + noise[:, 3:] * _NOISE[1] * wired


def period_of(wiring: Wiring, volts: Sequence[float], powers: Sequence[complex]) -> Period:
    """Return a period with this voltage and this power (W, var) on each branch.

    Without a neutral, the branches lie between lines, and all is measured against L2: U L1 is that of L1 to L2, U L3
    that of L3 to L2, and the samples of U L2 are 0.
    """
    angles = 2 * np.pi / PER_PERIOD * np.outer(np.arange(PER_PERIOD), _ORDERS)
    wave = np.sqrt(2) * np.exp(1j * angles)
    sources = [_voltage_of(volt, number, wiring) for number, volt in enumerate(volts)]
    if wiring is Wiring.DELTA:
        sources[2] = -(sources[0] + sources[1])
    flows = [_current_of(source, power) for source, power in zip(sources, powers, strict=True)]
    voltage, current = np.zeros((PER_PERIOD, 3)), np.zeros((PER_PERIOD, 4))
    if wiring is Wiring.DELTA:
        lines = (flows[0] - flows[2], flows[1] - flows[0], flows[2] - flows[1])
        sources, flows = [sources[0], np.zeros_like(sources[0]), -sources[1]], list(lines)
    for number, (source, flow) in enumerate(zip(sources, flows, strict=True)):
        voltage[:, number] = (wave @ source).real
        current[:, number] = (wave @ flow).real
    if wiring is Wiring.THREE_PHASE:
        current[:, 3] = -current.sum(axis=1)
    return Period(voltage, current)


def _voltage_of(volts: float, number: int, wiring: Wiring) -> NDArray[np.complex128]:
    """Return the voltage of a branch as a phasor for each order, with this root mean square in all."""
    shares = _VOLTAGE_SHARES.copy()
    if wiring is Wiring.DELTA:
        # Between lines there is none of what all three have in common.
        shares[1] = 0.0
    shares *= volts / math.sqrt(float(shares @ shares))
    return np.asarray(shares * np.exp(1j * _VOLTAGE_ANGLES) * _THIRDS[number] ** _ORDERS)


def _current_of(source: NDArray[np.complex128], power: complex) -> NDArray[np.complex128]:
    """Return the current of a branch as a phasor for each order, which carries this power.

    What is no active power is shared out between the reactive power of the fundamental and its distortion, so that the
    product of voltage and current is the apparent power.
    """
    volts = math.sqrt(float(np.sum(np.abs(source) ** 2)))
    if not volts:
        return np.zeros_like(source)
    rest = power.imag / volts
    shares = _CURRENT_SHARES / math.sqrt(float(_CURRENT_SHARES @ _CURRENT_SHARES))
    turned = source[0] / abs(source[0])
    flow = np.asarray(abs(rest) * _DISTORTION * shares * np.exp(1j * _CURRENT_ANGLES) * turned**_ORDERS)
    # The harmonics of both carry a little power; the fundamental makes up for it.
    active = power.real - float(np.sum(source * np.conj(flow)).real)
    reactive = rest * math.sqrt(1 - _DISTORTION**2) * volts
    flow[0] = np.conj(complex(active, reactive) / source[0])
    return flow


def _big_endian(values: Samples, bit: float, size: int) -> NDArray[np.uint8]:
    """Return values in so many bytes each, two's complement, as far as they go."""
    most = 1 << (8 * size - 1)
    whole = np.clip(np.rint(values / bit), -most, most - 1).astype(">i4")
    return whole.view(np.uint8).reshape(len(values), 4)[:, 4 - size :]
