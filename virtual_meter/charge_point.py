"""A charge point with a car that is never full, and that takes the current it is asked to take."""

from collections import deque
from typing import Final, override

from .curves import stream_key, unit_hash
from .loads import Load

LEAST_AMPERES: Final = 6
"""A charge point cannot offer less (IEC 61851-1)."""
# How long it takes until a car follows, and how long a charge point stays off, in seconds: assumptions.
_SOONEST: Final = 5
_LATEST: Final = 10
_PAUSE: Final = 300


class ChargePoint(Load):
    """Takes whole amperes on each of its branches, 5 to 10 s after it was asked, and nothing below 6 A."""

    __slots__ = ("_asked", "_key", "_most", "_next", "_off_since", "amperes", "changes", "starts", "volts")

    def __init__(self, seed: int, *branches: int, most: int) -> None:
        """Connect it to these branches, for `most` amperes on each; it begins switched off."""
        super().__init__(*branches)
        self._key = stream_key(seed, "charge point")
        self._most = most
        self._asked: deque[tuple[int, int]] = deque()  # when it follows, and which current
        self._next = 0
        self._off_since: int | None = None
        self.volts = 230.0
        """What its branches have: a car takes a current, and power follows."""
        self.amperes = 0
        """What flows on each branch."""
        self.changes = 0
        self.starts = 0

    def ask(self, t: int, amperes: int) -> None:
        """Ask at `t` for a current from then on; below 6 A that is none."""
        wanted = 0 if amperes < LEAST_AMPERES else min(amperes, self._most)
        if wanted == (self._asked[-1][1] if self._asked else self._next):
            return
        delay = _SOONEST + int((_LATEST - _SOONEST + 1) * unit_hash(self._key, t))
        follows = max(t + delay, self._asked[-1][0] if self._asked else 0)
        self._asked.append((follows, wanted))

    @override
    def run(self, t: int, seconds: int) -> None:
        while self._asked and self._asked[0][0] <= t:
            self._next = self._asked.popleft()[1]
        if self._next != self.amperes and (self._next == 0 or self.amperes or self._may_start(t)):
            self.changes += 1
            self.starts += self.amperes == 0
            self._off_since = t if self._next == 0 else None
            self.amperes = self._next
        self.power = int(self._allowed(self.amperes * self.volts * len(self.branches)) * 1000)

    def _may_start(self, t: int) -> bool:
        return self._off_since is None or t - self._off_since >= _PAUSE
