"""From bytes of the S1 port to samples: frames by their length and checksum, loss by their sequence number."""

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from fastcrc.crc16 import ibm_sdlc
import numpy as np
from numpy.typing import NDArray

from .frames import (
    CONFIGURATION,
    FLAG,
    FRAME,
    HEADER,
    KEY_LENGTH,
    LENGTH,
    RIGHT,
    Configuration,
    Samples,
    frequency_of,
    samples_of,
)

_MOST_BYTES: Final = 1 << 16
# CRC-16/X-25 over bytes and their own checksum, low byte first (ISO/IEC 13239).
_RIGHT_CHECKSUM: Final = 0x0F47
_SEQUENCE: Final = 256
_NOMINAL_FREQUENCY: Final = 50.0
_BYTES: Final = np.arange(LENGTH)
_HEADER: Final = np.frombuffer(HEADER, np.uint8)
_WITHOUT_RIGHT: Final = 0xFF & ~RIGHT


class FrameFault(StrEnum):
    """Why input was dropped; what a count of it counts."""

    GARBAGE = "garbage"
    """Bytes outside frames."""
    CHECKSUM = "checksum"
    """Frames whose checksum is wrong, or that are cut."""
    IMPLAUSIBLE = "implausible"
    """Frames with a right checksum that say what no meter does."""


class S1Reader:
    """Turns chunks of bytes into samples. Keeps no more than the beginning of one frame."""

    def __init__(self) -> None:
        """Start without any input."""
        self.frames = 0
        """Frames whose samples were returned."""
        self.lost = 0
        """Samples that are missing in the sequence, those of dropped frames included."""
        self._dropped: Counter[FrameFault] = Counter()
        self._buffer = b""
        self._offset = 0  # of the buffer in the stream
        self._known_until = 0  # where in the stream the last byte ended that a frame or a count has
        self._end = 0  # where in the stream the latest right frame ended
        self._sequence: int | None = None  # of that frame
        self._position = -1  # of its sample
        self._key = b""  # of that frame
        self._configuration: Configuration | None = None
        self._frequency = _NOMINAL_FREQUENCY

    @property
    def dropped(self) -> Mapping[FrameFault, int]:
        """Return what was dropped so far, and why."""
        return MappingProxyType(self._dropped)

    def feed(self, data: bytes) -> list[Samples]:
        """Take bytes in chunks of any size; return the samples in them, oldest first. Never raises.

        How the bytes are cut into chunks changes neither the samples nor what is dropped.
        """
        samples: list[Samples] = []
        for begin in range(0, len(data), _MOST_BYTES):
            self._buffer += data[begin : begin + _MOST_BYTES]
            self._scan(samples)
        return samples

    def reset(self) -> None:
        """Forget a frame that has begun, and what is expected next: the connection was lost. Counts stay."""
        self._known_until = max(self._known_until, self._offset + len(self._buffer))
        self._cut(len(self._buffer))
        self._sequence = None

    def _scan(self, samples: list[Samples]) -> None:
        """Take all whole frames from the buffer."""
        buffer, offset = self._buffer, self._offset
        if len(buffer) < LENGTH and buffer.startswith(HEADER):
            # One of many small chunks.
            return
        count = len(buffer) // LENGTH
        frames = np.frombuffer(buffer, FRAME, count)
        starts = offset + LENGTH * np.arange(count)
        if _are_right(buffer, frames):
            self._known_until = max(self._known_until, offset + LENGTH * count)
            self._search(LENGTH * count)
        else:
            starts = np.array(self._search(0), np.int64)
            places = (starts - offset)[:, np.newaxis] + _BYTES
            frames = np.frombuffer(buffer, np.uint8)[places].view(FRAME)[:, 0]
        if len(frames):
            self._take(frames, starts, samples)

    def _search(self, begin: int) -> list[int]:
        """Return where in the stream right frames begin, and cut off the buffer what is done with."""
        buffer, offset, found, end = self._buffer, self._offset, [], begin
        while (begin := buffer.find(HEADER, begin)) >= 0 and begin + LENGTH <= len(buffer):
            self._skip_to(offset + begin)
            self._known_until = max(self._known_until, offset + begin + LENGTH)
            if _is_right(buffer, begin):
                found.append(offset + begin)
                begin = end = begin + LENGTH
            else:
                self._dropped[FrameFault.CHECKSUM] += 1
                begin += 1
        # Where no header is one may have begun.
        self._cut(begin if begin >= 0 else max(end, len(buffer) - len(HEADER) + 1))
        return found

    def _skip_to(self, place: int) -> None:
        """Count what is before a place in the stream and nothing else."""
        if place > self._known_until:
            self._dropped[FrameFault.GARBAGE] += place - self._known_until
            self._known_until = place

    def _cut(self, length: int) -> None:
        """Cut the beginning off the buffer."""
        self._buffer = self._buffer[length:]
        self._offset += length
        self._skip_to(self._offset)

    def _take(self, frames: NDArray[np.void], starts: NDArray[np.int64], samples: list[Samples]) -> None:
        """Take right frames with where they begin in the stream; add their samples."""
        keys = np.frombuffer(frames["key"].tobytes(), np.uint8).reshape(-1, KEY_LENGTH).copy()
        keys[:, CONFIGURATION] &= _WITHOUT_RIGHT
        is_other = np.append(keys[0].tobytes() != self._key, (keys[1:] != keys[:-1]).any(axis=1))
        missing = np.where(is_other, 0, self._missing(frames, starts))
        positions = self._position + np.cumsum(missing + 1)
        is_begin = is_other | (missing > 0)
        is_begin[0] |= self._sequence is None
        self.lost += int(missing.sum())
        for begin, end in pairwise([0, *(1 + np.flatnonzero(is_begin[1:])).tolist(), len(frames)]):
            if is_other[begin]:
                self._configuration = Configuration.of(keys[begin].tobytes())
            if (configuration := self._configuration) is None:
                self._dropped[FrameFault.IMPLAUSIBLE] += end - begin
                continue
            self.frames += end - begin
            part, position, is_continuous = frames[begin:end], int(positions[begin]), not is_begin[begin]
            self._frequency = frequency_of(part) or self._frequency
            samples.append(samples_of(part, configuration, self._frequency, position, is_continuous=is_continuous))
        self._key, self._sequence = keys[-1].tobytes(), int(frames["sequence"][-1])
        self._position, self._end = int(positions[-1]), int(starts[-1]) + LENGTH

    def _missing(self, frames: NDArray[np.void], starts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how many samples are missing before each frame.

        The sequence tells it but for whole rounds; of those it is as many as fit best to the bytes that were skipped.
        """
        sequence = frames["sequence"].astype(np.int64)
        before = sequence[0] - 1 if self._sequence is None else self._sequence
        missing = (sequence - np.append(before, sequence[:-1]) - 1) % _SEQUENCE
        skipped = (starts - np.append(self._end, starts[:-1] + LENGTH)) / LENGTH
        rounds = np.rint((skipped - missing) / _SEQUENCE).astype(np.int64)
        is_first = np.append(self._sequence is None, np.zeros(len(frames) - 1, np.bool_))
        return np.where(is_first, 0, missing + _SEQUENCE * np.maximum(rounds, 0))


def _are_right(buffer: bytes, frames: NDArray[np.void]) -> bool:
    """Tell whether a buffer begins with these frames, one behind the other, and all are right."""
    raw = frames.view(np.uint8).reshape(-1, LENGTH)
    return bool((raw[:, : len(HEADER)] == _HEADER).all()) and all(
        _is_right(buffer, begin) for begin in range(0, LENGTH * len(frames), LENGTH)
    )


def _is_right(buffer: bytes, begin: int) -> bool:
    """Tell whether a frame that begins with a header ends with a flag, and has the right checksum."""
    end = begin + LENGTH - 1
    return buffer[end] == FLAG and ibm_sdlc(buffer[begin + 1 : end]) == _RIGHT_CHECKSUM
