"""Curves over time that a seed decides, the same on every run and whatever the steps taken along them."""

from collections.abc import Callable
from hashlib import sha256

_MASK = 0xFFFF_FFFF_FFFF_FFFF


def stream_key(seed: int, name: str) -> int:
    """Return a 64-bit key for one named random stream; not built on `hash()`, which differs from run to run."""
    return int.from_bytes(sha256(f"{seed}/{name}".encode()).digest()[:8])


def unit_hash(key: int, number: int) -> float:
    """Return a number in [0, 1) that belongs to this key and number (splitmix64)."""
    z = (key + number * 0x9E37_79B9_7F4A_7C15) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB) & _MASK
    return (z ^ (z >> 31)) / 2**64


class Curve:
    """A function known at every multiple of `period` seconds, straight in between."""

    __slots__ = ("_function", "_knot", "_period", "_slope", "_start", "_value")

    def __init__(self, function: Callable[[int], float], period: int) -> None:
        """Take the function of the knot's number: knot n stands at n * period seconds."""
        self._function = function
        self._period = period
        self._knot: int | None = None
        self._start = 0
        self._value = 0.0
        self._slope = 0.0

    def at(self, t: int) -> float:
        """Return the value at `t` (seconds since the epoch)."""
        knot = t // self._period
        if knot != self._knot:
            self._knot = knot
            self._start = knot * self._period
            self._value = self._function(knot)
            self._slope = (self._function(knot + 1) - self._value) / self._period
        return self._value + self._slope * (t - self._start)


def noise(seed: int, name: str, period: int) -> Curve:
    """Return a curve that wanders within [0, 1), with a new direction every `period` seconds."""
    key = stream_key(seed, name)
    return Curve(lambda knot: unit_hash(key, knot), period)
