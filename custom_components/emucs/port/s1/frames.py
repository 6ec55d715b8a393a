"""Frames of the S1 port (e-MUCS H 1.3, chapter 4): one sample of all voltages and currents each."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

LENGTH: Final = 45
"""Bytes of a frame, both flags included. There is no transparency: a flag may stand anywhere inside."""
HEADER: Final = bytes((0x7E, 0x80, 0x2B, 0xFF, 0x03))
"""Flag, frame format with the length without flags, address of all stations, control of an unnumbered frame."""
FLAG: Final = HEADER[0]
KEY_LENGTH: Final = 16
"""The meter id, a byte of bits, and the number of samples. It stays the same, but for one of the bits."""
CONFIGURATION: Final = 14
"""The offset of the bits in the key."""

_VOLT_STEP: Final = 0.025
_AMPERE_STEP: Final = 0.001
FRAME: Final = np.dtype(
    {
        "names": ["key", "bits", "frequency", "sequence", "u1", "u2", "u3", "i1", "i2", "i3", "i4"],
        # A current has three bytes: it is read with the byte before it, which is shifted out.
        "formats": [f"V{KEY_LENGTH}", "u1", ">u2", "u1", *[">i2"] * 3, *[">i4"] * 4],
        "offsets": [5, 19, 21, 23, 24, 29, 34, 25, 30, 35, 38],
        "itemsize": LENGTH,
    }
)

_POLYPHASE: Final = 1 << 0
_PER_PERIOD: Final = 1 << 1
_FOUR_WIRES: Final = 1 << 2
RIGHT: Final = 1 << 3
_NEUTRAL_MEASURED: Final = 1 << 4
_VERSION: Final = 0b111 << 5

# Bounds of what is believed. Meters take 2 to 4 kHz; less than twice a harmonic a period shows nothing of it.
_SAMPLES_A_PERIOD: Final = range(8, 80)
_HUNDREDS_A_SECOND: Final = range(10, 81)
_LOWEST_FREQUENCY: Final = 40_000  # mHz
_HIGHEST_FREQUENCY: Final = 70_000


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a frame says of the samples, and many after it say likewise."""

    meter_id: str
    is_polyphase: bool
    has_neutral: bool
    is_neutral_measured: bool
    per_period: int | None
    per_second: int | None

    @classmethod
    def of(cls, key: bytes) -> Self | None:
        """Return what the `key` of a frame says, or None where no meter says so."""
        meter, bits, rate = key[:CONFIGURATION].strip(b"\0 "), key[CONFIGURATION], key[CONFIGURATION + 1]
        is_polyphase, has_neutral = bool(bits & _POLYPHASE), bool(bits & _FOUR_WIRES)
        if bits & _VERSION or (has_neutral and not is_polyphase) or (meter and not meter.isalnum()):
            return None
        if rate not in (_SAMPLES_A_PERIOD if bits & _PER_PERIOD else _HUNDREDS_A_SECOND):
            return None
        per_period, per_second = (rate, None) if bits & _PER_PERIOD else (None, rate * 100)
        is_measured = bool(bits & _NEUTRAL_MEASURED)
        return cls(meter.decode("ascii"), is_polyphase, has_neutral, is_measured, per_period, per_second)


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Samples without a gap, oldest first, and what their meter says of them."""

    meter_id: str
    """As P1 prints it (DIN 43863-5); empty where the meter leaves it blank."""
    is_polyphase: bool
    has_neutral: bool
    """Whether three phases have a neutral, four wires in all: voltages are to it. Otherwise they are to L2."""
    per_period: int | None
    """Samples a period where that number is fixed; None where the number a second is."""
    rate: float
    """Samples a second."""
    frequency: float
    """Of the grid, in Hz, as the newest frame prints it; where it prints none of a grid, as one before did."""
    position: int
    """Of the first sample, counted since the start, lost ones included as far as the sequence numbers tell."""
    is_continuous: bool
    """Whether nothing is missing between these and the samples before them."""
    voltage: NDArray[np.float64]
    """(n, 3), in V: L1, L2, L3. 0 where there is no such phase, and of L2 on 3x230 V."""
    current: NDArray[np.float64]
    """(n, 4), in A: L1, L2, L3, N. 0 where there is no such phase, and where N is not measured."""
    good: NDArray[np.bool_]
    """(n,) Whether the meter takes a sample to be right."""
    is_neutral_measured: bool = False
    """Whether the current of N is one."""


def frequency_of(frames: NDArray[np.void]) -> float | None:
    """Return the frequency in Hz that the newest of some frames prints, if it is one of a grid."""
    printed = int(frames["frequency"][-1])
    return printed / 1000 if _LOWEST_FREQUENCY <= printed <= _HIGHEST_FREQUENCY else None


def samples_of(
    frames: NDArray[np.void], configuration: Configuration, frequency: float, position: int, *, is_continuous: bool
) -> Samples:
    """Return the samples of frames that say this, at a frequency in Hz."""
    per_period, per_second = configuration.per_period, configuration.per_second
    volts = np.stack([frames[name] for name in ("u1", "u2", "u3")], axis=1)
    amperes = np.stack([frames[name] for name in ("i1", "i2", "i3", "i4")], axis=1).astype(np.int32)
    return Samples(
        meter_id=configuration.meter_id,
        is_polyphase=configuration.is_polyphase,
        has_neutral=configuration.has_neutral,
        per_period=per_period,
        rate=float(per_second) if per_period is None and per_second else frequency * (per_period or 0),
        frequency=frequency,
        position=position,
        is_continuous=is_continuous,
        voltage=volts.astype(np.float64) * _VOLT_STEP,
        current=(amperes << 8 >> 8).astype(np.float64) * _AMPERE_STEP,
        good=(frames["bits"] & RIGHT) != 0,
        is_neutral_measured=configuration.is_neutral_measured,
    )
