"""Faults of the line and of bridges: bytes that come changed, in pieces or not at all."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import override

from .fault import Fault
from .meter import VirtualMeter
from .wire import sign

_P1_BAUD = 115_200
_FRAME_BITS = 10
_LAST_DATA_BIT = 8


@dataclass(eq=False)
class _Random(Fault, ABC):
    """A fault that strikes some telegrams, the same ones each time."""

    share: float = 1.0
    _random: Random = field(default_factory=lambda: Random(1), init=False, repr=False)

    @override
    def change(self, telegram: bytes, meter: VirtualMeter) -> bytes:
        return self.strike(telegram) if telegram and self._random.random() < self.share else telegram

    @abstractmethod
    def strike(self, telegram: bytes) -> bytes:
        """Return what comes out for a telegram that is struck."""


@dataclass(eq=False)
class BadChecksum(_Random):
    """The checksum is wrong, of all telegrams or a share of them."""

    @override
    def strike(self, telegram: bytes) -> bytes:
        body, mark, checksum = telegram.rpartition(b"!")
        wrong = int(checksum, 16) ^ 0x5A5A if checksum.strip() else 0x5A5A
        return body + mark + b"%04X\r\n" % wrong


@dataclass(eq=False)
class Corrupt(_Random):
    """One bit is wrong in a share of the telegrams."""

    share: float = 0.1

    @override
    def strike(self, telegram: bytes) -> bytes:
        changed = bytearray(telegram)
        # The line end behind the checksum is nobody's loss.
        changed[self._random.randrange(len(telegram) - 2)] ^= 1 << self._random.randrange(8)
        return bytes(changed)


@dataclass(eq=False)
class Garbage(_Random):
    """Noise of the same length comes instead of all telegrams, or of a share of them."""

    @override
    def strike(self, telegram: bytes) -> bytes:
        return self._random.randbytes(len(telegram))


@dataclass(eq=False)
class WrongSpeed(Fault):
    """What a reader gets that is set to another speed."""

    baud: int = 9600

    @override
    def change(self, telegram: bytes, meter: VirtualMeter) -> bytes:
        return bytes(_misread(telegram, _P1_BAUD / self.baud))


def _misread(sent: bytes, ratio: float) -> Iterator[int]:
    """Yield what a UART makes of bytes (8N1) when one of its bits lasts `ratio` of theirs."""
    # A start bit, eight of data from the lowest, a stop bit; the line rests high.
    bits = [bit for byte in sent for bit in (0, *(byte >> place & 1 for place in range(8)), 1)]
    at = 0
    while at < len(bits):
        if bits[at]:
            at += 1
            continue
        samples = [at + int((place + 0.5) * ratio) for place in range(1, _LAST_DATA_BIT + 1)]
        yield sum((bits[sample] if sample < len(bits) else 1) << place for place, sample in enumerate(samples))
        at += max(1, int(_FRAME_BITS * ratio))


@dataclass(eq=False)
class HighBytes(Fault):
    """Bytes above 0x7F come around telegrams, and inside under a right checksum."""

    @override
    def change(self, telegram: bytes, meter: VirtualMeter) -> bytes:
        body, mark, checksum = telegram.rpartition(b"!")
        changed = body.replace(b"0-0:96.13.0()", b"0-0:96.13.0(caf\xe9 \xff)") + mark
        return b"\xff\x80" + sign(changed, checksum=bool(checksum.strip())) + b"\xff"


@dataclass(eq=False)
class LfOnly(Fault):
    """A bridge turns each CR LF into LF; the checksum stays that of the meter."""

    @override
    def change(self, telegram: bytes, meter: VirtualMeter) -> bytes:
        return telegram.replace(b"\r\n", b"\n")


@dataclass(eq=False)
class Split(Fault):
    """Telegrams come in pieces of so many bytes."""

    size: int = 64

    @override
    def pieces(self, pieces: Iterable[bytes]) -> Iterable[bytes]:
        return _cut(pieces, self.size)


@dataclass(eq=False)
class OneByte(Fault):
    """Telegrams come byte by byte."""

    @override
    def pieces(self, pieces: Iterable[bytes]) -> Iterable[bytes]:
        return _cut(pieces, 1)


def _cut(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    for piece in pieces:
        for at in range(0, len(piece), size):
            yield piece[at : at + size]


@dataclass(eq=False)
class Merge(Fault):
    """So many telegrams come at once, each late but the last."""

    telegrams: int = 2
    _held: list[bytes] = field(default_factory=list, init=False, repr=False)

    @override
    def pieces(self, pieces: Iterable[bytes]) -> Iterable[bytes]:
        self._held.append(b"".join(pieces))
        if len(self._held) >= self.telegrams:
            held, self._held = self._held, []
            yield b"".join(held)
