"""How much current a charger may take in addition to what already flows: within the breaker, and within the target."""

from enum import StrEnum
from math import sqrt
from typing import Final

REACTION: Final = 30.0
"""Seconds. What is left of a quarter is spread over so much more than its rest, so that a load that comes in its last
seconds, which a charger is too slow for, still fits in."""
_QUARTER: Final = 900.0

# Seconds. A hob or an oven switches on and off within a minute, and a charger takes some ten seconds to follow.
_STEADY: Final = 60.0
# A. What a charger changes its current by: less room than that is none.
_STEP: Final = 1.0
# A per second; from 0 to the 6 A at which charging starts in half a minute.
_RISE: Final = 0.2
# Seconds between two telegrams beyond which a rise begins anew.
_LONGEST_STEP: Final = 60.0


class Charger(StrEnum):
    """How a charger is connected."""

    ONE_PHASE = "one_phase"
    THREE_PHASES = "three_phases"


class Bound(StrEnum):
    """What allows a charger no more."""

    BREAKER = "breaker"
    TARGET = "target"


def room_of_phase(rating: float, current: float, active: float | None) -> float:
    """Return the current in A that may be added to a phase; below zero: that has to go.

    `active`: the part of the current that is active, positive where it is imported, which is what a charger adds to;
    the rest is at a right angle to it. None: not known, so that all of it is taken to be like the charger's.
    """
    if active is None:
        return rating - current
    reactive = current * current - active * active
    left = rating * rating - max(reactive, 0.0)
    return rating - current if left < 0 else sqrt(left) - active


def room_of_quarter(so_far: float, left: float, target: float, power: float) -> float:
    """Return the power in kW that may be added until a quarter ends, in so many seconds, so that it meets a target.

    `so_far`: its demand if nothing more is imported. `power`: what is imported now, below zero where power is exported,
    which a charger may take first.
    """
    return (target - so_far) * _QUARTER / (left + REACTION) - power


class Grant:
    """Follows how much may be added: falls at once, and rises slowly once there has been more for a minute.

    What has to go is not held back in either direction, so that a charger that has reduced is not asked to do so again.
    """

    def __init__(self) -> None:
        """Start with nothing granted."""
        self.value = 0.0
        self._steady = 0.0  # seconds for which there has been more

    def feed(self, room: float, passed: float) -> float:
        """Take how much may be added, in A, and the seconds since it was taken before; return what is granted."""
        if passed > _LONGEST_STEP:
            self.value, self._steady = min(self.value, 0.0), 0.0
        granted = max(self.value, 0.0)
        if room <= granted:
            self._steady, self.value = 0.0, room
            return room
        passed = max(passed, 0.0)
        is_rising = self._steady >= _STEADY
        self._steady = self._steady + passed if is_rising or room >= granted + _STEP else 0.0
        self.value = min(room, granted + _RISE * passed) if is_rising else granted
        return self.value
