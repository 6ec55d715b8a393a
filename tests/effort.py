"""Measures effort by counting calls, which does not depend on the load of the machine."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
import sys
from types import FrameType
from typing import Final

START: Final = datetime(2026, 1, 14, 17, 7, tzinfo=UTC)
"""When meters start of which work is counted: what a second changes is another matter at noon than at night."""


def calls[T](work: Callable[[T], object], items: Iterable[T]) -> int:
    """Return how many functions are called for some items, including those written in C."""
    count = 0

    def note(_: FrameType, event: str, __: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(note)
    try:
        for item in items:
            work(item)
    finally:
        sys.setprofile(None)
    return count
