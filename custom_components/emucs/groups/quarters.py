"""What each member of a group exchanges in a quarter, by its own counters."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Self

from .members import MemberReading, quarter_of, restore_readings, save_readings
from .sums import Sum

_QUARTER: Final = timedelta(minutes=15)
_MICROSECOND: Final = timedelta(microseconds=1)
# What was counted between two readings further apart is spread; of a quarter that was begun later, nothing is known.
_SILENCE: Final = timedelta(seconds=60)
_DIGITS: Final = Decimal("0.000001")
_LONGEST_WAIT: Final = timedelta(days=1)
"""For how long a quarter waits for a member that is silent, so that what it counted is in it."""


class Exchange(NamedTuple):
    """What a member imported and exported in a quarter, in kWh, by its own counters."""

    imported: Decimal
    exported: Decimal
    is_estimated: bool = False
    """Whether it was counted over a silence that was longer than the quarter, and spread evenly over it."""

    @property
    def net(self) -> Decimal:
        """Return what was imported beyond what was exported."""
        return self.imported - self.exported


class GroupQuarter(NamedTuple):
    """A quarter that has ended. Each is given once, in order, as soon as all members are known to its end.

    For a silent member it waits for a day, and is given without it then.
    """

    start: datetime
    exchanges: Mapping[str, Exchange]
    """Of each member that is known, by id."""
    is_whole: bool
    """Whether all members are in it, and none is estimated."""


class MemberQuarters:
    """Follows what members exchange in quarters. It survives a restart by `save` and `restore`."""

    def __init__(self) -> None:
        """Start with nothing known."""
        self._standing: dict[str, MemberReading] = {}
        self._since: dict[str, datetime] = {}  # when each was read first
        self._running: dict[datetime, dict[str, Exchange]] = {}
        self._given: datetime | None = None  # the start of the latest quarter that was given

    def feed(self, total: Sum) -> tuple[GroupQuarter, ...]:
        """Take a sum; return the quarters that are known by it, the oldest first."""
        for member, reading in total.members.items():
            before = self._standing.get(member)
            if before is None:
                self._since[member] = reading.time
            elif before.time < reading.time:
                self._spread(member, before, reading)
            self._standing[member] = reading
        start = quarter_of(total.time)
        if self._given is not None and self._given - start > _LONGEST_WAIT:
            # A clock that was ahead by more than a day dated it.
            self._given = None
            self._running.clear()
        if self._given is None or start > self._given:
            self._running.setdefault(start, {})
        return self._close(total) if self._running and min(self._running) + _QUARTER <= total.time else ()

    def _spread(self, member: str, before: MemberReading, after: MemberReading) -> None:
        """Put what was counted between two readings into its quarters, evenly."""
        imported, exported = after.imported - before.imported, after.exported - before.exported
        passed = after.time - before.time
        first = quarter_of(before.time)
        if after.time <= first + _QUARTER:
            self._add(first, member, Exchange(imported, exported))
            return
        is_estimated = passed > _SILENCE
        start = max(first, quarter_of(after.time - _LONGEST_WAIT))
        while start < after.time:
            inside = min(after.time, start + _QUARTER) - max(before.time, start)
            share = Decimal(inside // _MICROSECOND) / (passed // _MICROSECOND)
            part = Exchange((imported * share).quantize(_DIGITS), (exported * share).quantize(_DIGITS), is_estimated)
            self._add(start, member, part)
            start += _QUARTER

    def _add(self, start: datetime, member: str, part: Exchange) -> None:
        """Add to what a member exchanged in a quarter, unless that was given already."""
        if self._given is not None and start <= self._given:
            return
        known = self._running.setdefault(start, {})
        if (so_far := known.get(member)) is not None:
            part = Exchange(
                so_far.imported + part.imported,
                so_far.exported + part.exported,
                so_far.is_estimated or part.is_estimated,
            )
        known[member] = part

    def _close(self, total: Sum) -> tuple[GroupQuarter, ...]:
        """Give the quarters that nobody is waited for any more."""
        members = total.members.keys() | total.silent
        closed = []
        for start in sorted(self._running):
            end = start + _QUARTER
            awaited = any(self._standing[each].time < end for each in members if each in self._standing)
            if end > total.time or (awaited and total.time - end < _LONGEST_WAIT):
                break
            exchanges = {
                member: exchange
                for member, exchange in self._running.pop(start).items()
                if member in members and self._since.get(member, start) <= start + _SILENCE
            }
            is_whole = exchanges.keys() == members and not any(each.is_estimated for each in exchanges.values())
            closed.append(GroupQuarter(start, MappingProxyType(exchanges), is_whole))
            self._given = start
        return tuple(closed)

    def save(self) -> dict[str, Any]:
        """Return what a restart needs, as JSON has it."""
        return {
            "standing": save_readings(self._standing),
            "since": {member: time.isoformat() for member, time in self._since.items()},
            "running": {
                start.isoformat(): {
                    member: [str(each.imported), str(each.exported), each.is_estimated]
                    for member, each in known.items()
                }
                for start, known in self._running.items()
            },
            "given": self._given and self._given.isoformat(),
        }

    @classmethod
    def restore(cls, saved: Mapping[str, Any]) -> Self:
        """Return what was saved."""
        quarters = cls()
        quarters._standing = restore_readings(saved["standing"])
        quarters._since = {member: datetime.fromisoformat(time) for member, time in saved["since"].items()}
        for start, known in saved["running"].items():
            quarters._running[datetime.fromisoformat(start)] = {
                member: Exchange(Decimal(imported), Decimal(exported), bool(is_estimated))
                for member, (imported, exported, is_estimated) in known.items()
            }
        quarters._given = datetime.fromisoformat(saved["given"]) if saved["given"] else None
        return quarters
