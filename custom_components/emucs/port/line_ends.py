"""The ends of lines, where a terminal or a bridge on the way made something else of them than CRLF."""

from collections.abc import Callable, Iterator
from functools import partial
import re
from typing import Final

CODE: Final = rb"(?:\d{1,3}-\d{1,3}:)?(?:\d{1,3}|[CFLP])\.(?:\d{1,3}|F)(?:\.\d{1,3})?(?:[*&]\d{1,3})?"
"""An OBIS code, reduced or in full (as `obis.CODE`)."""
END: Final = b"\r\n\0"
"""What lines end in: telnet puts a NUL behind a carriage return."""

_CRLF: Final = b"\r\n"
_RUN: Final = re.compile(rb"[%b]+" % END)
# Looks behind, lest each of a thousand carriage returns is tried as the first one.
_LINE_FEED: Final = re.compile(rb"(?<!\r)\r*\n")
_LAST_SEPARATOR: Final = re.compile(rb"(?<=\))[^()!]{0,8}(?=!\Z)")
_FULL_CODE: Final = rb"\d{1,3}-\d{1,3}:\d{1,3}\.\d{1,3}\.\d{1,3}(?:\*\d{1,3})?\("
_FIRST_CODE: Final = re.compile(_FULL_CODE)
_JOINED: Final = re.compile(rb"(?<=\))[ \t]*(?=%b)" % _FULL_CODE)
_LONGEST_GROUP: Final = 3
_HALF: Final = 0.5

type Undo = Callable[[bytes], bytes]
"""What makes a telegram of what a bridge made of it; the same one for all telegrams of a bridge."""


def unchanged(telegram: bytes) -> bytes:
    """Return a telegram as it came."""
    return telegram


def restorations(telegram: bytes) -> Iterator[tuple[Undo, bytes]]:
    """Yield what a telegram up to its `!` may have been at the meter, and what makes that of it; at most eight.

    The checksum tells which one it was, but one of 16 bits is right by chance now and then: those come first that look
    as meters print. Whatever every CRLF became is undone, if it became the same everywhere.
    """
    unlikely = []
    for undo in (unchanged, *_undoings(telegram)):
        restored = undo(telegram)
        if looks_printed(restored):
            yield undo, restored
        else:
            unlikely.append((undo, restored))
    yield from unlikely


def _undoings(telegram: bytes) -> Iterator[Undo]:
    """Yield what may undo a change of the line ends, likeliest first."""
    if b"\r" not in telegram and b"\n" not in telegram:
        yield from _breaks(telegram)
        return
    if _CRLF * 2 in telegram and looks_printed(telegram):
        return
    if not _has_only_crlf(telegram) and _share_of_others(telegram) <= _HALF:
        # What changes line ends changes all of them: here bytes are wrong.
        return
    if not _has_only_crlf(telegram):
        yield _end_at_feeds
    lines = telegram[:-1]
    if (last := lines[len(lines.rstrip(END)) :]) not in (b"", _CRLF):
        yield partial(_replace, last)
    # The only blank line that meters print is the one behind the identification, and not all of them do.
    yield partial(_break_runs, _CRLF * 2)
    yield partial(_break_runs, _CRLF)


def without_nul(telegram: bytes) -> bytes:
    """Return a telegram without a checksum as lines, where telnet put NULs behind the ends of its lines."""
    return _RUN.sub(_CRLF, telegram) if b"\0" in telegram else telegram


def look_changed(telegram: bytes) -> bool:
    """Tell whether the line ends are none that a meter prints: most of them are another, or registers share a line."""
    return _share_of_others(telegram) > _HALF or _JOINED.search(telegram) is not None


def _share_of_others(telegram: bytes) -> float:
    """Return the share of line ends, 0 to 1, that are neither CRLF nor the blank line of a meter."""
    runs = _RUN.findall(telegram)
    return sum(run not in (_CRLF, _CRLF * 2) for run in runs) / len(runs) if runs else 0.0


def looks_printed(telegram: bytes) -> bool:
    """Tell whether all lines end as meters end them, and none is blank but the one behind the identification."""
    if not _has_only_crlf(telegram):
        return False
    blank = telegram.find(_CRLF * 2)
    return blank < 0 or (blank == telegram.find(_CRLF) and telegram.find(_CRLF * 2, blank + len(_CRLF)) < 0)


def _has_only_crlf(telegram: bytes) -> bool:
    """Tell whether all lines end in CRLF."""
    pairs = telegram.count(_CRLF)
    return 0 < pairs == telegram.count(b"\r") == telegram.count(b"\n") and b"\0" not in telegram


def _end_at_feeds(telegram: bytes) -> bytes:
    """Return a telegram with CRLF for each line feed, whatever carriage returns stand before it."""
    return _LINE_FEED.sub(_CRLF, telegram) if b"\r" in telegram else telegram.replace(b"\n", _CRLF)


def _replace(end: bytes, telegram: bytes) -> bytes:
    """Return a telegram with CRLF for what stands for it."""
    return telegram.replace(end, _CRLF)


def _break_runs(first: bytes, telegram: bytes) -> bytes:
    """Return a telegram with CRLF behind each line, but what is first behind the identification."""
    return _RUN.sub(_CRLF, telegram).replace(_CRLF, first, 1)


def _break_registers(header: int, first: bytes, telegram: bytes) -> bytes:
    """Return a telegram with a line for each register and for the identification, which has so many bytes at most."""
    registers = _JOINED.sub(_CRLF, telegram[header:-1].rstrip())
    return telegram[:header].rstrip() + first + registers + _CRLF + telegram[-1:]


def _breaks(telegram: bytes) -> Iterator[Undo]:
    """Yield what may break a telegram without a line end into its lines: others stand for them, or none."""
    separator = _LAST_SEPARATOR.search(telegram)
    if separator is not None and separator[0]:
        yield partial(_replace, separator[0])
    first = _FIRST_CODE.search(telegram)
    if first is None:
        return
    begin, dash = first.start(), telegram.find(b"-", first.start())
    # The identification may end in digits, which then look like those of the first code. Mostly that has one alone.
    for header in range(min(begin + _LONGEST_GROUP, dash) - 1, begin - 1, -1):
        for blank in (_CRLF * 2, _CRLF):
            yield partial(_break_registers, header, blank)
