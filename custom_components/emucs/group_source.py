"""What a group is read from: its members, added up into telegrams like those of a meter."""

import asyncio
from collections import deque
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from .group_members import Member, async_follow, async_is_gone, async_members_of
from .groups.family import Tie, parents_on
from .groups.members import MemberReading
from .groups.sums import Sum, Summing
from .groups.telegrams import GroupTelegram
from .insight.group import Group
from .port import LinkDown, PortError, Reader
from .port.errors import MembersSilent

if TYPE_CHECKING:
    from .coordinator import EmucsConfigEntry

CONF_FAMILY: Final = "family"
"""The ties in the data of a group's entry."""
_EACH_SECOND: Final = timedelta(seconds=1)
# Telegrams that nobody has taken yet; those beyond are lost, the oldest first.
_MOST_WAITING: Final = 1024


@callback
def async_ties_of(entry: ConfigEntry) -> list[Tie]:
    """Return whose child each member of a group is, from when on."""
    return [Tie.of(tie) for tie in entry.data.get(CONF_FAMILY, ())]


@callback
def async_sharing(entry: ConfigEntry) -> dict[str, Member]:
    """Return the members of a group that share energy, by id: no children, as their parents have theirs."""
    children = parents_on(async_ties_of(entry), dt_util.now().date())
    return {key: member for key, member in async_members_of(entry).items() if key not in children}


class GroupSource:
    """An endless async iterator of the telegrams of a group, and `LinkDown` while all its members are silent."""

    def __init__(self, hass: HomeAssistant, entry: EmucsConfigEntry) -> None:
        """Set up without following anybody; it begins when it is read, with what the entry's insights know then."""
        self.url = ""
        self.reader = Reader()
        self.connections = 0
        self.failure: PortError | None = None
        self.is_taken_away = False
        self._hass = hass
        self._entry = entry
        self._events: deque[GroupTelegram | LinkDown] = deque(maxlen=_MOST_WAITING)
        self._has_events = asyncio.Event()
        self._ends: list[CALLBACK_TYPE] = []
        self._day: date | None = None
        self._parents: dict[str, str] = {}
        self._total: Summing | None = None
        self._families: dict[str, Summing] = {}
        self._latest: Sum | None = None
        self._rests: dict[str, Sum] = {}

    def __aiter__(self) -> GroupSource:
        """Return the iterator of events."""
        return self

    async def __anext__(self) -> GroupTelegram | LinkDown:
        """Return the next event."""
        if self._total is None:
            self._begin()
        while not self._events:
            self._has_events.clear()
            await self._has_events.wait()
        return self._events.popleft()

    async def close(self) -> None:
        """Follow nobody any more."""
        while self._ends:
            self._ends.pop()()

    @property
    def clocks_off(self) -> dict[str, float]:
        """Return by how many seconds the clocks of members are ahead that cannot be aligned, by id."""
        return {} if self._total is None else dict(self._total.alignment.off)

    def _begin(self) -> None:
        """Go on from what is known, and follow the members."""
        group = self._entry.runtime_data.insights[Group]
        self._latest, self._rests = group.total, dict(group.rests)
        self._sum_up(dt_util.now().date())
        for member_id, member in async_members_of(self._entry).items():
            self._ends.append(self._follow(member_id, member))
        self._ends.append(async_track_time_interval(self._hass, self._async_tick, _EACH_SECOND))
        self.connections += 1

    def _follow(self, member_id: str, member: Member) -> CALLBACK_TYPE:
        """Follow a member."""
        return async_follow(self._hass, member, lambda reading: self._async_take(member_id, reading))

    def _sum_up(self, day: date) -> None:
        """Sum up as families are on a day; counters go on from where they were."""
        members = async_members_of(self._entry)
        now, self._day = self._hass.loop.time(), day
        self._parents = {
            child: parent
            for child, parent in parents_on(async_ties_of(self._entry), day).items()
            if child in members and parent in members
        }
        self._total = Summing({each: 1 for each in members if each not in self._parents}, now, self._latest)
        self._families = {
            parent: Summing(
                {parent: 1} | {child: -1 for child, of in self._parents.items() if of == parent}, now, known
            )
            for parent in sorted(set(self._parents.values()))
            for known in (self._rests.get(parent),)
        }
        self._rests = {parent: rest for parent, rest in self._rests.items() if parent in self._families}

    @callback
    def _async_take(self, member: str, reading: MemberReading) -> None:
        """Take a reading; add up once all members have reached the same moment."""
        now, host = self._hass.loop.time(), dt_util.utcnow()
        for family in {member, self._parents.get(member)}:
            if family in self._families:
                self._families[family].alignment.feed(member, reading, now, host)
        total = self._total
        if total is not None and member not in self._parents and total.alignment.feed(member, reading, now, host):
            self._async_add_up(now)

    @callback
    def _async_tick(self, _: datetime) -> None:
        """Look who is silent, and whether a family is another one today."""
        today = dt_util.now().date()
        if today != self._day:
            if parents_on(async_ties_of(self._entry), today) != self._parents:
                self._sum_up(today)
            self._day = today
        self._async_add_up(self._hass.loop.time())

    @callback
    def _async_add_up(self, now: float) -> None:
        """Add up what is known, and tell that nothing is."""
        assert self._total is not None  # noqa: S101 -- it begins before
        for parent, family in self._families.items():
            for rest in family.take(now):
                self._rests = {**self._rests, parent: rest}
        for total in self._total.take(now):
            self._latest, self.failure = total, None
            self._put(GroupTelegram(self._entry.unique_id or "", total, self._rests))
        alignment = self._total.alignment
        if self.failure is None and (len(alignment.silent) == len(alignment.tracks) or self._are_all_gone()):
            self.failure = MembersSilent()
            self._put(LinkDown(self.failure))

    def _are_all_gone(self) -> bool:
        """Tell whether no entry of a member is there any more."""
        return all(async_is_gone(self._hass, member) for member in async_members_of(self._entry).values())

    def _put(self, event: GroupTelegram | LinkDown) -> None:
        """Let an event be read."""
        self._events.append(event)
        self._has_events.set()
