"""Decides what change of a value is worth a state of its own: each is a row of the database, and work for all of it."""

from decimal import Decimal
from math import inf
from typing import Final, NamedTuple

from .pace import EARLY, LAST_AFTER, Allowance

BURST: Final = 8
"""States of one entity that may follow each other each second, as when a kettle is switched on."""
ONE_EVERY: Final = 5.0
"""Seconds after which there may be one more: a load that cycles writes no more than with an interval of that."""

# Samples come after this share of the time between them, or up to as much later; their steps fill that evenly.
_SHORTEST: Final = 0.4
_GOLDEN: Final = 0.618
_ALWAYS: Final = Decimal("Infinity")


class Step(NamedTuple):
    """How much a value has to change to be shown at once: a share of what is shown, within limits."""

    least: Decimal
    """In the unit of the value."""
    share: Decimal = Decimal()
    most: Decimal = _ALWAYS
    """In the unit of the value."""


class Gate:
    """Follows the states of one entity. All times are seconds of one clock that never goes back.

    Where changes use up the allowance, the value is sampled: if the first change after each wait were shown, a load
    that is on for a second in ten would seem to be on for half of the time. Samples come irregularly, as a load that
    cycles in five seconds would else seem to be always on, or never.
    """

    def __init__(self, step: Step | None, pace: float, burst: int = BURST) -> None:
        """Take what change is shown at once, if any, and how old the state of a value that changed less may be."""
        self.value: object = None
        """What was shown last."""
        self._step = step
        self._pace = pace
        self._shown = self._due = -inf
        self._low, self._high = _ALWAYS, -_ALWAYS
        self._allowance = Allowance(burst, ONE_EVERY)
        self._sample_at: float | None = None
        self._phase = 0.0
        self._is_restless = False  # since the last sample

    def is_due(self, now: float) -> bool:
        """Tell whether any change is shown by now."""
        return now >= self._due

    def lets_pass(self, value: object, now: float, *, every_change: bool = False) -> bool:
        """Take a value; tell whether it is to be shown now, and note that it is."""
        differs = value != self.value
        wanted = differs and (every_change or now >= self._due or self._is_step(value))
        if self._sample_at is not None and not isinstance(value, str):
            self._is_restless |= wanted
            if not self._is_sample(now) or not differs:
                return False
        elif not wanted or not (isinstance(value, str) or self.has_room(now)):
            return False
        self.note(value, now)
        return True

    def lets_close(self, value: object, now: float) -> bool:
        """Take the last value of a period; tell whether it is to be shown now, and note that it is."""
        if value == self.value or now < self._shown + LAST_AFTER:
            return False
        self.note(value, now)
        return True

    def has_room(self, now: float) -> bool:
        """Tell whether there may be a state more, and count it; if not, samples are taken from now on."""
        if wait := self._allowance.take(now):
            self._sample_at, self._is_restless = now + wait, True
        return not wait

    def note(self, value: object, now: float) -> None:
        """Note that a value is shown."""
        self.value, self._shown, self._due = value, now, now + self._pace
        if self._step is not None and isinstance(value, Decimal | int):
            step, number = self._step, Decimal(value)
            width = min(max(step.least, step.share * abs(number)), step.most)
            self._low, self._high = number - width, number + width

    def _is_sample(self, now: float) -> bool:
        """Tell whether the value of now is a sample; the last one is that after which nothing has changed."""
        if self._sample_at is None or now < self._sample_at:
            return False
        self._allowance.use(now)
        self._phase = (self._phase + _GOLDEN) % 1
        wait = ONE_EVERY * (_SHORTEST + 2 * (1 - _SHORTEST) * self._phase)
        self._sample_at = now + wait - EARLY if self._is_restless else None
        self._is_restless = False
        return True

    def _is_step(self, value: object) -> bool:
        """Tell whether a value is another one, and not only a little more or less."""
        if isinstance(value, str) or value is None or self.value is None:
            return True
        return self._step is not None and isinstance(value, Decimal | int) and not self._low < value < self._high
