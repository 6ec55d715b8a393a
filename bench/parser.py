"""Rows on the parser: bytes to telegram, beside dsmr_parser."""

from collections.abc import Callable, Iterator
import gc
from itertools import batched
from statistics import median
from typing import Final, NamedTuple

from dsmr_parser import telegram_specifications
from dsmr_parser.parsers import TelegramParser

from custom_components.emucs.port import Reader

from .measure import MICROSECONDS, Row, cpu_seconds, times_row
from .telegrams import strangers, stream

GROUP: Final = "parser"
STREAM_GOAL: Final = 40
COLD_GOAL: Final = 20
_FLAT: Final = 2
_PEER_SHARE: Final = 5


class _Telegrams(NamedTuple):
    """What is printed, and how many bytes that are about."""

    name: str
    profile: str
    history_months: int


_KINDS: Final = (
    _Telegrams("three-phase, gas, water", "1.7.1", 3),
    _Telegrams("13 months of peaks", "1.7.1", 13),
    _Telegrams("second generation", "2.1.1", 3),
    _Telegrams("single-phase", "1.7.1-single-phase", 3),
)
_CHUNKS: Final = (1, 16, 256, 0)


def rows(*, quick: bool) -> Iterator[Row]:
    """Measure streams, then telegrams that have nothing to do with the one before."""
    runs, count = (5, 100) if quick else (15, 200)
    for kind in _KINDS:
        telegrams = stream(runs * count, kind.profile, kind.history_months)
        yield _compare(kind.name, telegrams, count, _stream_reader, STREAM_GOAL)
    for kind in _KINDS:
        telegrams = strangers(runs * count, kind.profile, kind.history_months)
        yield _compare(f"{kind.name}, cold", telegrams, count, _stranger_reader, COLD_GOAL)
    yield from _chunk_rows(runs, count)


type _Feed = Callable[[bytes], object]


def _stream_reader() -> _Feed:
    """Return what reads the telegrams of one meter."""
    return Reader().feed


def _stranger_reader() -> _Feed:
    """Return what reads each telegram as the first one of its port."""
    return lambda telegram: Reader().feed(telegram)


def _compare(name: str, telegrams: list[bytes], count: int, reader: Callable[[], _Feed], goal: float) -> Row:
    """Measure both in turns, on the same telegrams; each is parsed once, as nothing else is fair to neither.

    The peer gets text of which the beginning and the end are known, this project bytes.
    """
    feed, parse = reader(), TelegramParser(telegram_specifications.BELGIUM_FLUVIUS).parse
    ours, peer = [], []
    for batch in batched(telegrams, count, strict=True):
        gc.collect()
        ours.append(cpu_seconds(feed, batch) / count)
        texts = [telegram.decode() for telegram in batch[: count // _PEER_SHARE]]
        peer.append(cpu_seconds(parse, texts) / len(texts))
    size = round(sum(map(len, telegrams)) / len(telegrams), -1)
    return times_row(GROUP, f"{name} ({size:.0f} bytes)", ours, peer, goal)


def _chunk_rows(runs: int, count: int) -> Iterator[Row]:
    """Measure how much it costs that telegrams come in pieces."""
    telegrams = stream(runs * count * len(_CHUNKS), "1.7.1", 3)
    taken: dict[int, list[float]] = {size: [] for size in _CHUNKS}
    readers = {size: Reader() for size in _CHUNKS}
    for batch in batched(telegrams, count * len(_CHUNKS), strict=True):
        for index, size in enumerate(_CHUNKS):
            chunks = [chunk for telegram in batch[index :: len(_CHUNKS)] for chunk in _chunks(telegram, size)]
            taken[size].append(cpu_seconds(readers[size].feed, chunks) / count)
    whole = median(taken[0])
    for size in _CHUNKS:
        bounded = size > 1
        yield Row(
            group=GROUP,
            what=f"in chunks of {size} byte{'s' if size > 1 else ''}" if size else "in one chunk",
            unit="µs",
            ours=median(taken[size]) * MICROSECONDS,
            goal=f"≤ {_FLAT} times one chunk" if bounded else "",
            met=median(taken[size]) <= _FLAT * whole if bounded else None,
        )


def _chunks(telegram: bytes, size: int) -> list[bytes]:
    """Return a telegram in pieces; 0 is all of it."""
    length = size or len(telegram)
    return [telegram[begin : begin + length] for begin in range(0, len(telegram), length)]
