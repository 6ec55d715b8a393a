"""Rows on what a port gives that is no telegram: how fast it is dropped, and how much of it is kept."""

import asyncio
from collections.abc import Callable, Iterator
import logging
import tracemalloc
from typing import Final

from dsmr_parser.clients.protocol import create_dsmr_protocol

from custom_components.emucs.port import Reader

from .measure import Row, cpu_seconds

GROUP: Final = "garbage"
_CHUNK: Final = 1024
_MEGABYTE: Final = 1_000_000
_SIZE: Final = 10 * _MEGABYTE
_FASTEST_GOAL: Final = 50
_KEPT_GOAL: Final = 16 * 1024
# What a reader is made of, beside what it keeps.
_OWN: Final = 4096
_KINDS: Final = {
    "no line end": b"0123456789ABCDEF",
    "only !": b"!",
    "only /": b"/",
    "only 0xFF": b"\xff",
    "starts of telegrams": b"/AAA5",
}


def rows(*, quick: bool) -> Iterator[Row]:
    """Measure all kinds; the peer, whose time grows with the square of the size, gets less of it."""
    logging.getLogger("dsmr_parser").setLevel(logging.CRITICAL)
    size = _MEGABYTE if quick else _SIZE
    peer_size = min(size, 2 * _MEGABYTE)
    for name, pattern in _KINDS.items():
        garbage = pattern * (size // len(pattern))
        speed = size / cpu_seconds(Reader().feed, _chunks(garbage)) / _MEGABYTE
        peer = peer_size / cpu_seconds(_peer_feed(), _chunks(garbage[:peer_size])) / _MEGABYTE
        yield Row(
            group=GROUP,
            what=name,
            unit="MB/s",
            ours=speed,
            peer=peer,
            ratio=speed / peer,
            goal=f"> {_FASTEST_GOAL} MB/s",
            met=speed > _FASTEST_GOAL,
        )
        kept = _kept(Reader, garbage)
        yield Row(
            group=GROUP,
            what=f"{name}: memory kept",
            unit="KiB",
            ours=kept / 1024,
            goal=f"≤ {_KEPT_GOAL // 1024} KiB",
            met=kept <= _KEPT_GOAL + _OWN,
        )
    yield _linear(_KINDS["only /"] * size)


def _linear(garbage: bytes) -> Row:
    """Measure whether ten times as much takes ten times as long."""
    tenth = garbage[: len(garbage) // 10]
    small = min(cpu_seconds(Reader().feed, _chunks(tenth)) for _ in range(5))
    large = min(cpu_seconds(Reader().feed, _chunks(garbage)) for _ in range(3))
    return Row(
        group=GROUP,
        what="ten times as much takes",
        unit="times as long",
        ours=large / small,
        goal="linear",
        met=large / small < 15,  # noqa: PLR2004 -- halfway, on a logarithmic scale, between 10 and 20
    )


def _kept(reader: Callable[[], Reader], garbage: bytes) -> int:
    """Return how many bytes a reader keeps of what it was given."""
    chunks = _chunks(garbage[:_MEGABYTE])
    tracemalloc.start()
    one = reader()
    for chunk in chunks:
        one.feed(chunk)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return kept


def _chunks(data: bytes) -> list[bytes]:
    """Return pieces as a port gives them."""
    return [data[begin : begin + _CHUNK] for begin in range(0, len(data), _CHUNK)]


def _peer_feed() -> Callable[[bytes], None]:
    """Return what takes bytes at the peer, as its connection calls it."""
    loop = asyncio.new_event_loop()
    protocol, _ = create_dsmr_protocol("5B", lambda _: None, loop=loop)
    feed: Callable[[bytes], None] = protocol().data_received
    loop.close()
    return feed
