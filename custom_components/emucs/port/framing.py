"""Find telegrams in a stream of bytes: sans-I/O, bounded, and nothing passes whose checksum is wrong."""

from abc import ABC, abstractmethod
from collections import Counter
from enum import StrEnum
import re
from typing import Final

from fastcrc.crc16 import arc

MAX_TELEGRAM: Final = 16 * 1024
"""Bytes kept at most while the end of a telegram is awaited; the longest telegram known has 1.6 kB."""

# IEC 62056-21: a slash, three letters of the manufacturer, a character for the speed; here with all letters and all
# digits made the same, as a plain search is as fast on garbage as on telegrams.
_START: Final = b"/AAA0"
_LINE_START: Final = b"\n" + _START
_SAME: Final = bytes.maketrans(b"BCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz123456789", b"A" * 51 + b"0" * 9)
# The whole identification, and the empty line behind it: no value looks like that.
_HEADER: Final = re.compile(rb"/[A-Za-z]{3}[0-9][^\r\n]{0,64}\r*\n\r*\n")
# Behind the `!`: four digits are complete as they stand, fewer (a meter that omits leading zeros, or has no checksum)
# only with their line end. Anything else is no checksum.
_CHECKSUM: Final = re.compile(rb"([0-9A-Fa-f]{4}|[0-9A-Fa-f]{0,3}(?=\0?[\r\n]))|(?=.{5})", re.DOTALL)
# Looks behind, lest each of a thousand carriage returns is tried as the first one.
_LINE_END: Final = re.compile(rb"(?<!\r)\r*\n")
_NEWLINE: Final = ord("\n")
# Whether bytes have a byte is told ten times as fast by its number.
_MARK: Final = ord("!")
# The end of a telegram, and of the chunk.
_END: Final = re.compile(rb"\n!([0-9A-Fa-f]{4})\r?\n")
_FILLING: Final = b"\r\n\0"


class Drop(StrEnum):
    """Why input was dropped; what a count of it counts."""

    GARBAGE = "garbage"
    """Bytes outside telegrams."""
    TRUNCATED = "truncated"
    """Telegrams in which another one began."""
    OVERSIZE = "oversize"
    """Telegrams without an end within `MAX_TELEGRAM` bytes."""
    CHECKSUM = "checksum"
    """Telegrams whose checksum is wrong."""
    NO_CHECKSUM = "no_checksum"
    """Telegrams without a checksum, on a port that printed one before."""
    EMPTY = "empty"
    """Telegrams without a register."""
    LINE = "line"
    """Lines that are no register, in telegrams that are kept."""


class Framer[T](ABC):
    """Turns chunks of bytes into telegrams with a right checksum (DSMR P1 5.0.2, 6.2; e-MUCS P1 1.7.1, 3).

    Meters without a checksum pass until the port has printed one: from then on each telegram needs it.
    """

    def __init__(self) -> None:
        """Start without any input."""
        self.last_bad_frame: bytes | None = None
        """The latest telegram with a wrong checksum, for diagnostics."""
        self._dropped: Counter[Drop] = Counter()
        self._buffer = bytearray()
        self._started = False  # the buffer begins with a telegram
        self._searched = 0  # no end of the telegram begins before here
        self._room = 0  # what a telegram may still grow that has begun, and no end of it
        self._expects_checksum = False

    @abstractmethod
    def _read(self, frame: bytes) -> T | None:
        """Return what a telegram says, from the `/` to the checksum; None where it says nothing."""

    def feed(self, data: bytes) -> list[T]:
        """Take bytes in chunks of any size; return the telegrams that they complete."""
        room = self._room - len(data)
        if room > 0 and _MARK not in data:
            # One of many small chunks.
            self._room = room
            self._buffer += data
            return []
        frames: list[bytes] = []
        if not self._buffer and (whole := self._whole(data)) is not None:
            frames.append(whole)
        else:
            # A chunk has any size, the buffer has not.
            for offset in range(0, len(data), MAX_TELEGRAM):
                self._buffer += data[offset : offset + MAX_TELEGRAM]
                self._scan(frames)
        return [read for frame in frames if (read := self._read(frame)) is not None]

    def reset(self) -> None:
        """Forget a telegram that has begun, as its rest will not come; counts stay."""
        self._buffer.clear()
        self._started = False
        self._room = 0
        self._searched = 0

    def _whole(self, data: bytes) -> bytes | None:
        """Return the telegram where a chunk is just that, as most are; the long way leads to the same one."""
        mark = data.find(b"!")
        end = _END.fullmatch(data, mark - 1) if 0 < mark < MAX_TELEGRAM else None
        if end is None or data.find(b"/", 1) > 0 or data[: len(_START)].translate(_SAME) != _START:
            return None
        if arc(data[: mark + 1]) != int(end[1], 16):
            return None
        self._expects_checksum = True
        return data[: end.end(1)]

    def _scan(self, frames: list[bytes]) -> None:
        """Cut all complete telegrams off the buffer."""
        buffer = self._buffer
        self._room = 0
        while self._started or self._find_start():
            end = _find_end(buffer, self._searched)
            if end < 0:
                if len(buffer) >= MAX_TELEGRAM:
                    self._give_up()
                    continue
                self._searched = len(buffer) - 1
                self._room = MAX_TELEGRAM - len(buffer)
                return
            mark = _CHECKSUM.match(buffer, end + 2)
            if mark is None:
                self._searched = end
                return
            # Read before the buffer moves on: a match looks into it whenever it is asked.
            frame, printed = bytes(buffer[: mark.end()]), mark[1]
            del buffer[: mark.end()]
            self._started = False
            self._searched = 0
            if (good := self._check(frame, end + 2, printed)) is not None:
                frames.append(good)

    def _find_start(self) -> bool:
        """Drop what is before the next telegram."""
        buffer = self._buffer
        position = _find_start(buffer)
        self._started = position >= 0
        self._searched = 0
        if position < 0:
            # The start of a telegram may be cut by the end of the chunk; a line end alone is nothing to keep.
            slash = buffer.find(b"/", max(0, len(buffer) - len(_START) + 1))
            position = slash if slash >= 0 else len(buffer)
        if position:
            self._dropped[Drop.GARBAGE] += len(buffer[:position].translate(None, _FILLING))
            del buffer[:position]
        return self._started

    def _give_up(self) -> None:
        """Drop a telegram that has become too long, up to the last place where another one may begin."""
        self._dropped[Drop.OVERSIZE] += 1
        last = self._buffer.translate(_SAME).rfind(_START, 1, MAX_TELEGRAM)
        del self._buffer[: last if last > 0 else MAX_TELEGRAM - len(_START) + 1]
        self._started = last > 0
        self._searched = 0

    def _check(self, frame: bytes, end: int, printed: bytes | None) -> bytes | None:
        """Return the telegram in a frame whose `!` is the last of `end` bytes, or None where none is right."""
        begin = 1 + frame.translate(_SAME).rfind(_LINE_START, 0, end) if frame.find(b"/", 1) > 0 else 0
        if begin:
            self._dropped[Drop.TRUNCATED] += 1
        if printed == b"":
            if self._expects_checksum:
                self._dropped[Drop.NO_CHECKSUM] += 1
                return None
            # Nothing but its form tells a telegram that begins in the middle of a line, of one that was cut off there.
            if (inner := _last(_HEADER, frame, begin + 1, end)) > 0:
                self._dropped[Drop.TRUNCATED] += 1
                begin = inner
            return frame[begin:]
        if printed is not None:
            checksum = int(printed, 16)
            if _is_right(frame[begin:end], checksum):
                self._expects_checksum = True
                return frame[begin:]
            # Bytes were lost at the end of a line, so that the next telegram does not stand at the start of one.
            inner = frame.translate(_SAME).rfind(_START, begin + 1, end)
            if inner > 0 and _is_right(frame[inner:end], checksum):
                self._expects_checksum = True
                self._dropped[Drop.TRUNCATED] += 1
                return frame[inner:]
        self._dropped[Drop.CHECKSUM] += 1
        self.last_bad_frame = frame[begin:]
        return None


def _find_start(data: bytearray) -> int:
    """Return where the first telegram begins, or -1."""
    position = data.find(b"/")
    # Mostly the first slash is it.
    if position < 0 or data[position : position + len(_START)].translate(_SAME) == _START:
        return position
    return data.translate(_SAME).find(_START, position)


def _find_end(data: bytearray, begin: int) -> int:
    """Return where a line ends behind which the next one begins with `!`, or -1."""
    # Never beyond what a telegram may have, however much is here: chunks must not decide what is found.
    mark = data.find(b"!", begin + 1, MAX_TELEGRAM)
    if mark < 0:
        return -1
    # Mostly the first mark is it.
    return mark - 1 if data[mark - 1] == _NEWLINE else data.find(b"\n!", begin, MAX_TELEGRAM)


def _last(pattern: re.Pattern[bytes], data: bytes, begin: int, end: int) -> int:
    """Return where the last match begins, or -1."""
    position = -1
    for match in pattern.finditer(data, begin, end):
        position = match.start()
    return position


def _is_right(telegram: bytes, checksum: int) -> bool:
    """Tell whether a telegram up to its `!` has this CRC-16/ARC."""
    # Some gateways change the ends of lines, which the meter's checksum covers.
    return arc(telegram) == checksum or arc(_LINE_END.sub(b"\r\n", telegram)) == checksum
