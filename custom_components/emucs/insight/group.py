"""What the members of a group exchange in each quarter, and what each had in the group's highest one."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, ClassVar, Final, NamedTuple, Self, override

from ..groups.quarters import Exchange, GroupQuarter, MemberQuarters
from ..groups.saved import restore_sum, save_sum
from ..groups.sums import Sum
from ..groups.telegrams import GroupTelegram
from ..port import Telegram
from .base import Insight
from .capacity import Capacity
from .demand import QUARTER, QUARTERS_AN_HOUR
from .peaks import month_of

__all__ = ["Exchange", "Group", "GroupQuarter", "GroupState"]

type _Powers = Mapping[str, Decimal]

_NONE: Final[_Powers] = MappingProxyType({})


class GroupState(NamedTuple):
    """What is known at one moment."""

    closed: tuple[GroupQuarter, ...]
    """The quarters that the latest telegram made known, the oldest first: mostly none, or one."""
    latest: GroupQuarter | None
    """The latest of all that were since the start."""
    peaks: _Powers
    """The highest import of each member in a quarter of the running month, in kW, by id."""
    peak_shares: _Powers
    """What each member drew in the month's highest quarter of the group, in kW: less than nothing where it exported."""
    peak_time: datetime | None
    """When that quarter ended."""
    silent: frozenset[str]
    """The ids of the members that are not known now."""


class Group(Insight[None, GroupState]):
    """Follows the members of a group; of a meter it knows nothing."""

    name: ClassVar = "group"
    uses: ClassVar = (Capacity,)

    def __init__(self, settings: None = None) -> None:
        """Start with nothing known."""
        super().__init__(settings)
        self.total: Sum | None = None
        """The latest sum, or that from before a restart."""
        self.rests: Mapping[str, Sum] = {}
        """The same of each parent without its children, by its id."""
        self._quarters = MemberQuarters()
        self._latest: GroupQuarter | None = None
        self._month: date | None = None
        self._peaks: _Powers = _NONE
        self._shares: _Powers = _NONE
        self._peak_time: datetime | None = None

    @override
    @staticmethod
    def settings_of(options: Mapping[str, Any]) -> None:
        """Return nothing: there is nothing to set."""

    @override
    def feed(self, telegram: Telegram, *, counter_is_doubted: bool = False) -> GroupState | None:
        """Take a telegram; return what is known now, or None of a meter."""
        if not isinstance(telegram, GroupTelegram):
            return None
        self.total, self.rests = telegram.total, telegram.rests
        closed = self._quarters.feed(telegram.total)
        for quarter in closed:
            self._take_peaks(quarter)
        before = self.state
        if before is None or closed or before.closed or before.silent != telegram.silent:
            self.state = GroupState(closed, self._latest, self._peaks, self._shares, self._peak_time, telegram.silent)
        return self.state

    @override
    def is_urgent(self, before: GroupState) -> bool:
        """Tell whether members came or went, or a quarter became known."""
        return self.state is not None and (bool(self.state.closed) or self.state.silent != before.silent)

    @override
    def pause(self) -> None:
        """Go on: the clock is that of the members."""

    def _take_peaks(self, quarter: GroupQuarter) -> None:
        """Take the members' imports in a quarter, and their shares where it is the group's highest of the month."""
        self._latest = quarter
        end = quarter.start + QUARTER
        month = month_of(end)
        if self._month is None or month > self._month:
            self._month, self._peaks, self._shares, self._peak_time = month, _NONE, _NONE, None
        if month != self._month:
            return
        peaks = dict(self._peaks)
        for member, exchange in quarter.exchanges.items():
            if not exchange.is_estimated:
                peaks[member] = max(peaks.get(member, Decimal()), exchange.imported * QUARTERS_AN_HOUR)
        self._peaks = MappingProxyType(peaks)
        running = self.used(Capacity).ledger.running
        if running is not None and running.time == end:
            self._peak_time = end
            self._shares = MappingProxyType(
                {member: each.net * QUARTERS_AN_HOUR for member, each in quarter.exchanges.items()}
            )

    @override
    def save(self) -> dict[str, Any]:
        """Return what a restart needs."""
        if self.total is None:
            return {}
        return {
            "total": save_sum(self.total),
            "rests": {parent: save_sum(rest) for parent, rest in self.rests.items()},
            "quarters": self._quarters.save(),
            "month": self._month and self._month.isoformat(),
            "peaks": {member: str(peak) for member, peak in self._peaks.items()},
            "shares": {member: str(share) for member, share in self._shares.items()},
            "peak_time": self._peak_time and self._peak_time.isoformat(),
        }

    @override
    @classmethod
    def restore(cls, settings: None, saved: Mapping[str, Any]) -> Self:
        """Return what was saved."""
        group = cls(settings)
        if not saved:
            return group
        group.total = restore_sum(saved["total"])
        group.rests = {str(parent): restore_sum(rest) for parent, rest in saved["rests"].items()}
        group._quarters = MemberQuarters.restore(saved["quarters"])
        group._month = date.fromisoformat(saved["month"]) if saved["month"] else None
        group._peaks = {str(member): Decimal(peak) for member, peak in saved["peaks"].items()}
        group._shares = {str(member): Decimal(share) for member, share in saved["shares"].items()}
        group._peak_time = datetime.fromisoformat(saved["peak_time"]) if saved["peak_time"] else None
        return group
