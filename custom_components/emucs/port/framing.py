"""Find telegrams in a stream of bytes: sans-I/O, bounded, and nothing passes whose checksum is wrong."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator
from enum import StrEnum
import re
from typing import Final

from fastcrc.crc16 import arc, ibm_sdlc

from .line_ends import CODE, END, Undo, looks_printed, restorations, unchanged, without_nul

MAX_TELEGRAM: Final = 16 * 1024
"""Bytes kept at most while the end of a telegram is awaited; the longest telegram known has 1.6 kB."""

# Behind the `!`: four digits are complete as they stand, fewer (a meter that omits leading zeros, or has no checksum)
# only with their line end. Anything else is no checksum.
_CHECKSUM: Final = re.compile(rb"([0-9A-Fa-f]{4}|[0-9A-Fa-f]{0,3}(?=\0?[\r\n]))|(?=.{5})", re.DOTALL)
# The end of a telegram, and of the chunk.
_END: Final = re.compile(rb"\n!([0-9A-Fa-f]{4})\r?\n")
_LINE_END: Final = re.compile(rb"[\r\n]")
_SAME_ENDS: Final = bytes.maketrans(b"\r", b"\n")
_LINE_AND_MARK: Final = re.compile(rb"\n\0?!")
# The end of a telegram on one line, of which a bridge took or replaced all line ends.
_END_OF_LINE: Final = re.compile(rb"\)[^()!]{0,8}!")
_LONGEST_SEPARATOR: Final = 8
# The rest of a line behind a slash, and a register on the next: a telegram may begin there, whatever it is called.
_HEADER: Final = re.compile(rb"/(?=[^/%b][^%b]{0,96}+([%b]{1,16}+)%b\()" % (END, END, END, CODE))
_MOST_HEADERS: Final = 16
# IEC 62056-21: three letters of the manufacturer, a character for the speed. Not all have it.
_USUAL_HEADER: Final = re.compile(rb"/[A-Za-z]{3}[0-9]")
_REGISTER: Final = re.compile(CODE + rb"\(")
# DSMR P1 5.0.2, 6.2: CRC-16/ARC. Holley meters in Hungary print CRC-16/X-25, which is as good.
_CHECKSUMS: Final = (arc, ibm_sdlc)
_USUAL_CHECKSUM: Final = (arc,)
# Whether bytes have a byte is told ten times as fast by its number.
_MARK: Final = ord("!")
_OPENING: Final = ord("(")
_NEWLINE: Final = ord("\n")


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

    Meters without a checksum pass until the port has printed one: from then on each telegram needs it. A telegram is
    known by its slash, its registers, its `!` and its checksum, never by how its maker identifies it.
    """

    def __init__(self) -> None:
        """Start without any input."""
        self.last_bad_frame: bytes | None = None
        """The latest telegram with a wrong checksum, for diagnostics."""
        self.restored = False
        """Whether line ends had to be restored for a checksum to be right."""
        self._dropped: Counter[Drop] = Counter()
        self._buffer = bytearray()
        self._started = False  # the buffer begins with a telegram
        self._searched = 1  # no end of the telegram begins before here
        self._has_lines = False  # a line of the telegram has ended
        self._room = 0  # what a telegram may still grow that has begun, and no end of it
        self._checksums: tuple[Callable[[bytes], int], ...] = _CHECKSUMS
        self._expects_checksum = False
        self._undo: Undo | None = None  # what the checksum of the latest good telegram needed

    @abstractmethod
    def _read(self, frame: bytes) -> T | None:
        """Return what a telegram says, from the `/` to the checksum; None where it says nothing."""

    def feed(self, data: bytes) -> list[T]:
        """Take bytes in chunks of any size; return the telegrams that they complete, oldest first.

        How the bytes are cut into chunks changes neither what is found nor what is dropped. Never raises.
        """
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
        self._cut(len(self._buffer), started=False)
        self._room = 0

    def _whole(self, data: bytes) -> bytes | None:
        """Return the telegram where a chunk is just that, as most are; the long way leads to the same one."""
        # Before that is known to be so, others may be as likely.
        mark = data.find(b"!") if self._undo is unchanged else -1
        end = _END.fullmatch(data, mark - 1) if 0 < mark < MAX_TELEGRAM else None
        if end is None or data[:1] != b"/" or data[1:2] == b"/" or arc(data[: mark + 1]) != int(end[1], 16):
            return None
        self._checksums = _USUAL_CHECKSUM
        return data[: end.end(1)]

    def _scan(self, frames: list[bytes]) -> None:
        """Cut all complete telegrams off the buffer."""
        buffer = self._buffer
        self._room = 0
        while self._started or self._find_start():
            end = self._find_mark()
            if end < 0:
                if len(buffer) >= MAX_TELEGRAM:
                    self._give_up()
                    continue
                self._room = MAX_TELEGRAM - len(buffer)
                return
            checksum = _CHECKSUM.match(buffer, end + 1)
            if checksum is None:
                self._searched = end
                return
            # Read before the buffer moves on: a match looks into it whenever it is asked.
            frame, printed = bytes(buffer[: checksum.end()]), checksum[1]
            self._cut(checksum.end(), started=False)
            if (good := self._check(frame, end + 1, printed)) is not None:
                frames.append(good)

    def _cut(self, length: int, *, started: bool) -> None:
        """Cut the beginning off the buffer."""
        del self._buffer[:length]
        self._started = started
        self._searched = 1
        self._has_lines = False

    def _find_start(self) -> bool:
        """Drop what is before the next telegram, which begins with the last of some slashes."""
        buffer = self._buffer
        position = buffer.find(b"/")
        if position < 0:
            position = len(buffer)
        elif buffer[position + 1 : position + 2] == b"/":
            position = len(buffer) - len(buffer[position:].lstrip(b"/")) - 1
        if position:
            self._drop_garbage(buffer[:position])
            self._cut(position, started=False)
        self._started = len(buffer) > 1
        return self._started

    def _find_mark(self) -> int:
        """Return where the `!` is that ends the telegram, or -1.

        It begins a line, as a bridge may end lines, or ends the only one.
        """
        buffer, begin = self._buffer, self._searched
        if _MARK not in buffer:
            return -1
        # Never beyond what a telegram may have, however much is here: chunks must not decide what is found.
        mark = buffer.find(b"!", begin, MAX_TELEGRAM)
        # Mostly the first mark is it.
        if mark < 0 or buffer[mark - 1] == _NEWLINE:
            return mark
        self._searched = len(buffer)
        if not self._has_lines:
            line_end = _LINE_END.search(buffer, begin, MAX_TELEGRAM)
            if end := _END_OF_LINE.search(
                buffer, max(1, begin - _LONGEST_SEPARATOR - 1), line_end.start() if line_end else MAX_TELEGRAM
            ):
                return end.end() - 1
            if line_end is None:
                return -1
            self._has_lines = True
            begin = line_end.end()
        # Two bytes more, which it may stand behind.
        begin -= 2
        end = _LINE_AND_MARK.search(buffer[begin:MAX_TELEGRAM].translate(_SAME_ENDS))
        return -1 if end is None else begin + end.end() - 1

    def _give_up(self) -> None:
        """Drop a telegram that has become too long, up to the last place where another one may begin."""
        buffer = self._buffer
        end = 1 + buffer.translate(_SAME_ENDS).rfind(b"\n/", 0, MAX_TELEGRAM)
        if not end:
            last = buffer.rfind(b"/", 1, MAX_TELEGRAM)
            end = last if last > 0 else MAX_TELEGRAM
        if _has_register(buffer, 0, end):
            self._dropped[Drop.OVERSIZE] += 1
        else:
            self._drop_garbage(buffer[:end])
        self._cut(end, started=False)

    def _drop_garbage(self, data: bytes | bytearray) -> None:
        """Count bytes that are of no telegram."""
        self._dropped[Drop.GARBAGE] += len(data.translate(None, END))

    def _skip(self, data: bytes) -> None:
        """Count what stands before the telegram in a frame: another one that was cut off, if it looks like one."""
        if _USUAL_HEADER.match(data) or _has_register(data, 0, len(data)):
            self._dropped[Drop.TRUNCATED] += 1
        else:
            self._drop_garbage(data)

    def _check(self, frame: bytes, end: int, printed: bytes | None) -> bytes | None:
        """Return the telegram in a frame whose `!` is the last of `end` bytes, or None where none is right."""
        if printed and (right := self._signed(frame[:end], int(printed, 16))) is not None:
            return right + printed
        if not _has_register(frame, 0, end):
            self._drop_garbage(frame)
            return None
        # Where nothing tells which one is right, a telegram that begins in the middle of a line is known by its form.
        begin = 0
        for header in _HEADER.finditer(frame, 1, end):
            if frame[header.start() - 1] in END or (printed == b"" and _is_usual(header)):
                begin = header.start()
        if begin:
            self._skip(frame[:begin])
        if printed == b"":
            if not self._expects_checksum:
                return without_nul(frame[begin:])
            self._dropped[Drop.NO_CHECKSUM] += 1
            return None
        self._dropped[Drop.CHECKSUM] += 1
        self.last_bad_frame = frame[begin:]
        return None

    def _signed(self, telegram: bytes, checksum: int) -> bytes | None:
        """Return the telegram with this checksum: the whole one, one that began inside it, or one as it was printed."""
        for begin, undo, restored in self._candidates(telegram):
            if len(restored) <= MAX_TELEGRAM and self._has(restored, checksum):
                is_changed = restored != telegram[begin:]
                self._undo = undo if is_changed else unchanged
                self.restored |= is_changed
                if begin:
                    self._skip(telegram[:begin])
                return restored
        return None

    def _candidates(self, telegram: bytes) -> Iterator[tuple[int, Undo, bytes]]:
        """Yield where the telegram may begin, what undoes a change of it, and what that leads to; likeliest first.

        Sooner or later a checksum is right by chance: what was right for the telegram before goes first.
        """
        if self._undo is not None:
            yield 0, self._undo, self._undo(telegram)
        if _OPENING not in telegram:
            yield 0, unchanged, telegram
            return
        headers = [header.start() for header in _HEADER.finditer(telegram, 1)][: -_MOST_HEADERS - 1 : -1]
        if self._undo is not None:
            for begin in headers:
                yield begin, self._undo, self._undo(telegram[begin:])
        if self._undo is not unchanged:
            for begin in (0, *headers):
                if looks_printed(inner := telegram[begin:]):
                    yield begin, unchanged, inner
        for begin in (0, *headers[:1]):
            for undo, restored in restorations(telegram[begin:]):
                yield begin, undo, restored

    def _has(self, telegram: bytes, checksum: int) -> bool:
        """Tell whether a telegram has this checksum, and know from then on that the port prints one.

        Where it was the usual one it always is.
        """
        for kind in self._checksums:
            if _is_right(telegram, checksum, kind):
                self._expects_checksum = True
                if kind is arc:
                    self._checksums = _USUAL_CHECKSUM
                return True
        return False


def _is_usual(header: re.Match[bytes]) -> bool:
    """Tell whether a telegram may begin in the middle of a line: a usual identification, and a blank line behind it."""
    ends = header[1]
    blank = max(ends.count(b"\n"), 0 if b"\n" in ends else ends.count(b"\r")) > 1
    return blank and _USUAL_HEADER.match(header.string, header.start()) is not None


def _has_register(data: bytes | bytearray, begin: int, end: int) -> bool:
    """Tell whether there is a register, without which nothing is a telegram."""
    return _OPENING in data and _REGISTER.search(data, begin, end) is not None


def _is_right(telegram: bytes, checksum: int, kind: Callable[[bytes], int]) -> bool:
    """Tell whether a telegram up to its `!` has this checksum."""
    return kind(telegram) == checksum
