"""How much work something is: counted, as no busy machine changes that."""

from collections.abc import Callable, Iterable
import sys
from types import FrameType


def calls[T](work: Callable[[T], object], items: Iterable[T]) -> int:
    """Return how many functions a work calls on some items, those written in C among them."""
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
