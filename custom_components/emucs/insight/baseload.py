"""What the house draws all night, and whether that has risen for good: something may have been left on, or be broken.

The base load of a night is the least mean of a quarter-hour from 1 to 5 o'clock, local time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from statistics import median
from typing import Any, ClassVar, Final, override

from ..port import Telegram
from .base import Insight
from .profile import Closed, Profile
from .quarters import DAYS, EXPORT, IMPORT, LOCAL, Quarters, local_begin, slot_of

_BEGIN: Final = time(1)
_END: Final = time(5)
_JUDGED: Final = 3
"""Nights in a row that have to be above the limit."""
_LEAST_RISE: Final = 100
"""W; and so many times the spread of the nights before:"""
_SPREADS: Final = 4
_SIGMA: Final = 1.4826
"""What makes a standard deviation of a median absolute deviation."""

# Assumptions: how much of a night has to be known, how many nights make a reference, and from which rise in W on that
# it takes to be told, the nights are too restless for an alarm: it would come late or never.
_LEAST_SHARE: Final = 0.75
_LEAST_NIGHTS: Final = 14
_MOST_RISE: Final = 400
_WATTS: Final = 1000  # in a kW


@dataclass(frozen=True, kw_only=True)
class BaseLoadState:
    """What is known after a night; powers in W."""

    base: int | None
    """Of the latest night."""
    usual: int | None
    """The median of the nights before the three latest ones."""
    limit: int | None
    """What the nights have to be above for the alarm."""
    is_quiet: bool | None
    """Whether the nights are so much alike that an alarm means something."""
    alarm: bool | None
    nights: int
    """Of how many nights the base load is known."""

    @property
    def trend(self) -> int | None:
        """Return by how much the latest night was above what is usual."""
        return None if self.base is None or self.usual is None else self.base - self.usual


class BaseLoad(Insight[None, BaseLoadState]):
    """Follows the nights of one meter. All of it follows from the quarters of the profile: it has nothing to keep."""

    name: ClassVar = "base_load"
    uses: ClassVar = (Profile,)

    def __init__(self, settings: None = None) -> None:
        """Start with nothing known."""
        super().__init__(settings)
        self._closed: Closed | None = None
        self._known: tuple[date, int] | None = None  # the latest night, and what was learned of the past by then

    @override
    @staticmethod
    def settings_of(options: Mapping[str, Any]) -> None:
        """Return nothing: there is nothing to set."""

    @override
    def feed(self, telegram: Telegram, *, counter_is_doubted: bool = False) -> BaseLoadState | None:
        """Take a telegram; return what is known, which changes at the end of a night."""
        closed = self.used(Profile).state
        if closed is None or (closed is self._closed and self.state is not None):
            return self.state
        self._closed = closed
        self.refresh()
        return self.state

    @override
    def refresh(self) -> None:
        """Look at the nights again, if another one is over or something was learned of the past."""
        if self._closed is None:
            return
        quarters, night = self.used(Profile).quarters, latest_night(self._closed.slot)
        known = night, quarters.filled
        if known == self._known and self.state is not None:
            return
        self._known = known
        self.state = judged([base_load(quarters, night - timedelta(days=back)) for back in range(DAYS)])

    @override
    def is_urgent(self, before: BaseLoadState) -> bool:
        """Tell whether the alarm went on or off."""
        return self.state is not None and self.state.alarm is not before.alarm


def latest_night(slot: int) -> date:
    """Return the day of the latest night that is over when a quarter has ended."""
    now = local_begin(slot + 1)
    return now.date() - timedelta(days=now.time() < _END)


def base_load(quarters: Quarters, night: date) -> int | None:
    """Return the base load of a night in W; None where too little is known, or something else fed the house as well.

    A house that exports, or imports nothing, has a battery or another source, behind which its load cannot be seen.
    """
    slots = range(*(slot_of(datetime.combine(night, each, LOCAL)) for each in (_BEGIN, _END)))
    means = [mean for slot in slots if (mean := quarters.mean(IMPORT, slot)) is not None]
    if len(means) < len(slots) * _LEAST_SHARE or any(quarters.mean(EXPORT, slot) for slot in slots):
        return None
    return round(min(means) * _WATTS) or None


def judged(nights: Sequence[int | None]) -> BaseLoadState:
    """Return what nights come to; the latest one is the first."""
    before = [base for base in nights[_JUDGED:] if base is not None]
    usual = limit = is_quiet = alarm = None
    if len(before) >= _LEAST_NIGHTS:
        middle = median(before)
        rise = max(_LEAST_RISE, _SPREADS * _SIGMA * median(abs(base - middle) for base in before))
        usual, limit, is_quiet = round(middle), round(middle + rise), rise <= _MOST_RISE
        if is_quiet:
            alarm = _all([None if base is None else base > limit for base in nights[:_JUDGED]])
    return BaseLoadState(
        base=nights[0],
        usual=usual,
        limit=limit,
        is_quiet=is_quiet,
        alarm=alarm,
        nights=sum(base is not None for base in nights),
    )


def _all(answers: Sequence[bool | None]) -> bool | None:
    """Tell whether all answers are yes; None where that depends on those that are not known."""
    return False if False in answers else None if None in answers else True
