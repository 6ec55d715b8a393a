"""The ends of lines, where a terminal or a bridge on the way made something else of them than CRLF."""

from collections.abc import Iterator
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
_LAST_RUN: Final = re.compile(rb"(?<![%b])[%b]+(?=!\Z)" % (END, END))
_LAST_SEPARATOR: Final = re.compile(rb"(?<=\))[^()!]{0,8}(?=!\Z)")
_FULL_CODE: Final = rb"\d{1,3}-\d{1,3}:\d{1,3}\.\d{1,3}\.\d{1,3}(?:\*\d{1,3})?\("
_FIRST_CODE: Final = re.compile(_FULL_CODE)
_JOINED: Final = re.compile(rb"(?<=\))[ \t]*(?=%b)" % _FULL_CODE)
_LONGEST_GROUP: Final = 3


def restorations(telegram: bytes) -> Iterator[bytes]:
    """Yield what a telegram up to its `!` may have been at the meter, likeliest first; at most seven.

    The checksum tells which one it was. Whatever every CRLF became is undone, if it became the same everywhere.
    """
    if b"\r" not in telegram and b"\n" not in telegram:
        yield from _broken_anew(telegram)
        return
    if not _has_only_crlf(telegram):
        yield _LINE_FEED.sub(_CRLF, telegram)
        if (last := _LAST_RUN.search(telegram)) is not None:
            yield telegram.replace(last[0], _CRLF)
    elif telegram.count(_CRLF * 2) == 1 and telegram.find(_CRLF * 2) == telegram.find(_CRLF):
        # As a meter prints it.
        return
    # The only blank line that meters print is the one behind the identification, and not all of them do.
    lines = _RUN.sub(_CRLF, telegram)
    yield lines.replace(_CRLF, _CRLF * 2, 1)
    yield lines


def without_nul(telegram: bytes) -> bytes:
    """Return a telegram without a checksum as lines, where telnet put NULs behind the ends of its lines."""
    return _RUN.sub(_CRLF, telegram) if b"\0" in telegram else telegram


def look_changed(telegram: bytes) -> bool:
    """Tell whether the line ends are none that a meter prints: most of them are another, or registers share a line."""
    runs = _RUN.findall(telegram)
    others = [run for run in runs if run not in (_CRLF, _CRLF * 2)]
    return len(others) * 2 > len(runs) or _JOINED.search(telegram) is not None


def _has_only_crlf(telegram: bytes) -> bool:
    """Tell whether all lines end in CRLF."""
    pairs = telegram.count(_CRLF)
    return pairs == telegram.count(b"\r") == telegram.count(b"\n") and b"\0" not in telegram


def _broken_anew(telegram: bytes) -> Iterator[bytes]:
    """Yield the lines of a telegram without a line end: others stand for them, or none."""
    separator = _LAST_SEPARATOR.search(telegram)
    if separator is not None and separator[0]:
        yield telegram.replace(separator[0], _CRLF)
    first = _FIRST_CODE.search(telegram)
    if first is None:
        return
    # The identification may end in digits, which then look like those of the first code.
    for begin in range(first.start(), min(first.start() + _LONGEST_GROUP, telegram.find(b"-", first.start()))):
        header, registers = telegram[:begin].rstrip(), _JOINED.sub(_CRLF, telegram[begin:-1].rstrip())
        for blank in (_CRLF * 2, _CRLF):
            yield header + blank + registers + _CRLF + telegram[-1:]
