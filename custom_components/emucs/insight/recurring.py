"""Peaks that recur, and the word a quarter-hour before one of them is expected."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, NamedTuple, Self, override

from ..port import Telegram
from .base import Insight
from .habits import Habits, RecurringPeak, Week
from .profile import Closed, Profile
from .quarters import local_begin, local_place


class Expected(NamedTuple):
    """A peak that is expected soon, and when, in local time."""

    peak: RecurringPeak
    begin: datetime
    end: datetime


class RecurringState(NamedTuple):
    """What recurs."""

    peaks: tuple[RecurringPeak, ...] | None
    """The highest first; None while too little is known."""
    week: Week
    expected: Expected | None
    """What the latest telegram has brought near."""


class Recurring(Insight[None, RecurringState]):
    """Finds the recurring peaks of a meter anew each day, and says when one is near, once a day."""

    name: ClassVar = "recurring"
    uses: ClassVar = (Profile,)

    def __init__(self, settings: None = None) -> None:
        """Start with nothing known."""
        super().__init__(settings)
        self._closed: Closed | None = None
        self._found: tuple[int, int] | None = None  # the local day, and how much was learned of the past by then
        self._told = -1, -1  # the local day of the latest peak that was told, and its last quarter

    @override
    @staticmethod
    def settings_of(options: Mapping[str, Any]) -> None:
        """Return nothing: there is nothing to set."""

    @override
    def feed(self, telegram: Telegram, *, counter_is_doubted: bool = False) -> RecurringState | None:
        """Take a telegram; return what is known."""
        closed, state = self.used(Profile).state, self.state
        if closed is None:
            return state
        if closed is self._closed and state is not None:
            if state.expected is not None:
                self.state = state._replace(expected=None)
            return self.state
        self._closed = closed
        peaks, week = self._known(closed.slot + 1)
        self.state = RecurringState(peaks, week, self._next(peaks or (), closed.slot + 1))
        return self.state

    def _known(self, slot: int) -> tuple[tuple[RecurringPeak, ...] | None, Week]:
        """Return what recurs, worked out anew where a day began or more of the past is known."""
        quarters = self.used(Profile).quarters
        found = local_place(slot)[0], quarters.filled
        if self.state is not None and found == self._found:
            return self.state.peaks, self.state.week
        self._found = found
        habits = Habits(quarters)
        return habits.peaks() if habits.is_enough else None, habits.week()

    def _next(self, peaks: tuple[RecurringPeak, ...], slot: int) -> Expected | None:
        """Return the peak that begins when a quarter ends, unless one is under way or it was told."""
        day, index = local_place(slot + 1)
        peak = next((each for each in peaks if each.covers(day, index)), None)
        told_on, told_until = self._told
        if peak is None or (day == told_on and peak.first <= told_until):
            return None
        if any(each.covers(*local_place(slot)) for each in peaks):
            return None
        self._told = day, peak.last
        end = slot + 2
        while (place := local_place(end))[0] == day and peak.covers(*place):
            end += 1
        return Expected(peak, local_begin(slot + 1), local_begin(end))

    @override
    def is_urgent(self, before: RecurringState) -> bool:
        """Tell whether a peak has come near."""
        return self.state is not None and self.state.expected is not None

    @override
    def refresh(self) -> None:
        """Take what was learned of the past since the quarter began."""
        if self.state is not None and self._closed is not None:
            peaks, week = self._known(self._closed.slot + 1)
            if week is not self.state.week:
                self.state = self.state._replace(peaks=peaks, week=week)

    @override
    def save(self) -> dict[str, Any]:
        """Return what was told last, in types of JSON."""
        return {"told": list(self._told)}

    @override
    @classmethod
    def restore(cls, settings: None, saved: Mapping[str, Any]) -> Self:
        """Return what was saved."""
        recurring = cls(settings)
        day, last = saved["told"]
        recurring._told = int(day), int(last)
        return recurring
