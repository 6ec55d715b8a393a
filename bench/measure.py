"""How things are measured here, and what a measurement is."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
import time
from typing import Final

MICROSECONDS: Final = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table."""

    group: str
    what: str
    unit: str
    ours: float
    peer: float | None = None
    ratio: float | None = None
    """How many times the peer takes what this project takes."""
    goal: str = ""
    met: bool | None = None
    """None where there is no goal."""


def cpu_seconds[T](work: Callable[[T], object], items: Iterable[T]) -> float:
    """Return the CPU time that a work takes on some items: what else the machine does is not in it."""
    begin = time.process_time()
    for item in items:
        work(item)
    return time.process_time() - begin


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of all values does not pass."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def times_row(group: str, what: str, ours: Sequence[float], peer: Sequence[float], goal: float) -> Row:
    """Return the medians in µs of what took these seconds; the goal is how many times faster."""
    # Each run of one has its neighbour of the other: what slows the machine for a while slows both.
    ratio = median(theirs / our for our, theirs in zip(ours, peer, strict=True))
    return Row(
        group=group,
        what=what,
        unit="µs",
        ours=median(ours) * MICROSECONDS,
        peer=median(peer) * MICROSECONDS,
        ratio=ratio,
        goal=f"≥ {goal:.0f} times",
        met=ratio >= goal,
    )


def number(value: float | None) -> str:
    """Return a number with the digits that mean something."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004 -- three digits
