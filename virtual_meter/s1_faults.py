"""Faults of the S1 port: what happens within a period of the grid, and frames that are lost or changed."""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import ClassVar, Final, override

from .fault import Fault
from .meter import VirtualMeter

OF_S1: Final = "s1"
"""The port that these faults are of."""
_FRAME: Final = 45
_ALL_PHASES: Final = 0


@dataclass(eq=False)
class _OfS1(Fault):
    """A fault that an S1 port alone has."""

    transport: ClassVar[str | None] = OF_S1


@dataclass(eq=False)
class Dip(_OfS1):
    """The voltage falls, or rises, to a share of itself for some seconds, again and again; phase 0 is all of them."""

    level: float = 0.7
    for_s: float = 0.2
    every_s: float = 10
    of_phase: int = _ALL_PHASES

    @property
    def phase(self) -> int | None:
        """Return the number of the phase, from 0 on; None is all of them."""
        return None if self.of_phase == _ALL_PHASES else self.of_phase - 1

    def spans(self, begin: int, end: int, rate: int) -> Iterator[tuple[int, int]]:
        """Yield where it is within some samples, as begin and end; the first one comes after a whole wait."""
        every, lasts = max(1, round(self.every_s * rate)), round(self.for_s * rate)
        for number in range(max(1, (begin - lasts) // every), end // every + 1):
            first, last = max(begin, number * every), min(end, number * every + lasts)
            if first < last:
                yield first, last


@dataclass(eq=False)
class CorruptSamples(_OfS1):
    """The meter knows a share of its samples to be corrupt, and says so."""

    share: float = 0.01


@dataclass(eq=False)
class _OfFrames(_OfS1):
    """A fault that strikes a share of the frames."""

    share: float = 0.01
    _random: Random = field(default_factory=lambda: Random(1), init=False, repr=False)

    @override
    def change(self, telegram: bytes, meter: VirtualMeter) -> bytes:
        frames = (telegram[begin : begin + _FRAME] for begin in range(0, len(telegram), _FRAME))
        return b"".join(self.strike(frame) if self._random.random() < self.share else frame for frame in frames)

    @abstractmethod
    def strike(self, frame: bytes) -> bytes:
        """Return what comes out for a frame that is struck."""


@dataclass(eq=False)
class LostFrames(_OfFrames):
    """A share of the frames is lost."""

    @override
    def strike(self, frame: bytes) -> bytes:
        return b""


@dataclass(eq=False)
class CorruptFrames(_OfFrames):
    """One bit is wrong in a share of the frames."""

    @override
    def strike(self, frame: bytes) -> bytes:
        changed = bytearray(frame)
        # The flags at both ends are not what a checksum is for.
        changed[self._random.randrange(1, len(frame) - 1)] ^= 1 << self._random.randrange(8)
        return bytes(changed)


@dataclass(eq=False)
class GarbageFrames(_OfFrames):
    """Noise comes before a share of the frames."""

    @override
    def strike(self, frame: bytes) -> bytes:
        return self._random.randbytes(self._random.randrange(1, 2 * _FRAME)) + frame
