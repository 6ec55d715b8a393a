"""How often a meter sends, by when its telegrams came."""

from collections import deque
from typing import Final

# Telegrams closer to each other than this came together, however many reads they took.
_TOGETHER: Final = 0.005
_KEPT: Final = 12
_ENOUGH: Final = 3


class Period:
    """The period of a meter's telegrams, in seconds on the clock of the host.

    It is the longest gap but one of the latest ones: neither one late telegram nor many that came in a heap make it
    shorter or longer. A gap in which the port was opened anew only ever makes it longer, so that a link that gives up
    too early does not learn to give up even earlier.
    """

    def __init__(self) -> None:
        """Start with nothing known."""
        self.last: float | None = None
        """When the latest telegram came."""
        self._gaps: deque[float] = deque(maxlen=_KEPT)

    @property
    def seconds(self) -> float | None:
        """Return the period, or None while no gap is known."""
        if not self._gaps:
            return None
        longest = sorted(self._gaps)
        return longest[-2 if len(longest) >= _ENOUGH else -1]

    @property
    def is_certain(self) -> bool:
        """Tell whether enough gaps are known to leave one out."""
        return len(self._gaps) >= _ENOUGH

    def feed(self, now: float, *, is_first: bool) -> None:
        """Take when a telegram came; `is_first` says that it was the first one since the port was opened."""
        gap, self.last = None if self.last is None else now - self.last, now
        if gap is None or gap < _TOGETHER:
            return
        known = self.seconds
        if not is_first or known is None or gap > known:
            self._gaps.append(gap)
