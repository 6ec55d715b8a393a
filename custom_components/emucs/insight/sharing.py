"""What the members of a group share by its key: each quarter as soon as it is known, added up over the month."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, ClassVar, Final, NamedTuple, Self, override

from ..groups.quarters import GroupQuarter
from ..groups.telegrams import GroupTelegram
from ..port import Telegram
from .base import Insight
from .demand import QUARTER
from .group import Group
from .peaks import month_of
from .sharing_keys import SharingKey, share

SECTION_SHARING: Final = "sharing"
CONF_SHARING_KEY: Final = "sharing_key"
CONF_WEIGHTS: Final = "weights"

_NOTHING: Final = Decimal()
_PERCENT: Final = 100
# More than any group has over a month, in which members may be exchanged.
_MOST_MEMBERS: Final = 200


class SharingSettings(NamedTuple):
    """How a group shares."""

    key: SharingKey
    weights: Mapping[str, Decimal]
    """Of each member, by id; empty where all have the same."""


class MemberShare(NamedTuple):
    """What a member received of others and gave to others, and what of its export flowed back to it, in kWh."""

    received: Decimal = _NOTHING
    given: Decimal = _NOTHING
    returned: Decimal = _NOTHING

    def plus(self, other: MemberShare) -> MemberShare:
        """Return both together."""
        return MemberShare(*(own + more for own, more in zip(self, other, strict=True)))


def _shared(members: Mapping[str, MemberShare]) -> Decimal:
    """Return what members received together."""
    return sum((each.received for each in members.values()), _NOTHING)


class SharedQuarter(NamedTuple):
    """The latest quarter that was shared: when it began, and the shares of the members by id."""

    start: datetime
    members: Mapping[str, MemberShare]

    @property
    def shared(self) -> Decimal:
        """Return what was shared, in kWh."""
        return _shared(self.members)


class SharingState(NamedTuple):
    """What is known now. All of it is indicative: the grid operator settles what is shared."""

    surplus: Decimal
    """What members export now, in kW."""
    shareable: Decimal
    """What others can use of it now, in kW."""
    month: date | None
    """The month that the sums are of."""
    members: Mapping[str, MemberShare]
    """What was shared in the month, by the ids of members."""
    imported: Decimal
    """What all have imported in the quarters of the month that were shared, in kWh."""
    unsettled: int
    """How many of these quarters lacked a member, or have an estimate in them."""
    quarter: SharedQuarter | None

    @property
    def shared(self) -> Decimal:
        """Return what was shared in the month, in kWh."""
        return _shared(self.members)

    @property
    def autonomy(self) -> Decimal | None:
        """Return which share of what members imported in the month came from other members, in percent."""
        return self.shared / self.imported * _PERCENT if self.imported else None


_START: Final = SharingState(_NOTHING, _NOTHING, None, MappingProxyType({}), _NOTHING, 0, None)


class Sharing(Insight[SharingSettings | None, SharingState]):
    """Shares the energy of a group that has a key; of a meter it knows nothing."""

    name: ClassVar = "sharing"
    uses: ClassVar = (Group,)

    def __init__(self, settings: SharingSettings | None) -> None:
        """Start with nothing shared."""
        super().__init__(settings)
        self._sums = _START

    @override
    @staticmethod
    def settings_of(options: Mapping[str, Any]) -> SharingSettings | None:
        """Return how the group shares, None where no key is chosen."""
        section = options.get(SECTION_SHARING, {})
        if (key := section.get(CONF_SHARING_KEY)) is None:
            return None
        weights = {member: Decimal(str(weight)) for member, weight in section.get(CONF_WEIGHTS, {}).items()}
        return SharingSettings(SharingKey(key), weights if any(weights.values()) else {})

    @override
    def feed(self, telegram: Telegram, *, counter_is_doubted: bool = False) -> SharingState | None:
        """Take the telegram of a group; return what is known now, or None without a key."""
        if self.settings is None or not isinstance(telegram, GroupTelegram):
            self.state = None
            return None
        for quarter in () if (group := self.used(Group).state) is None else group.closed:
            self._take(self.settings, quarter)
        powers = [power for reading in telegram.members.values() if (power := reading.net_power) is not None]
        surplus = -sum((power for power in powers if power < 0), _NOTHING)
        demand = sum((power for power in powers if power > 0), _NOTHING)
        state = self._sums._replace(surplus=surplus, shareable=min(surplus, demand))
        if state != self.state:
            self.state = state
        return self.state

    @override
    def pause(self) -> None:
        """Go on: the clock is that of the members."""

    def _take(self, settings: SharingSettings, quarter: GroupQuarter) -> None:
        """Share a quarter, and add it to those of its month."""
        sums, month = self._sums, month_of(quarter.start + QUARTER)
        if sums.month is None or month > sums.month:
            sums = _START._replace(month=month)
        exchanges = {
            member: (max(each.imported, _NOTHING), max(each.exported, _NOTHING))
            for member, each in quarter.exchanges.items()
        }
        weights = settings.weights or dict.fromkeys(exchanges, Decimal(1))
        allocation = share(settings.key, weights, exchanges)
        shares = {
            member: MemberShare(received, allocation.given[member], allocation.returned[member])
            for member, received in allocation.received.items()
        }
        members = dict(sums.members)
        for member, each in shares.items():
            if member in members or len(members) < _MOST_MEMBERS:
                members[member] = members.get(member, MemberShare()).plus(each)
        self._sums = sums._replace(
            members=MappingProxyType(members),
            imported=sums.imported + sum((imported for imported, _ in exchanges.values()), _NOTHING),
            unsettled=sums.unsettled + (not quarter.is_whole),
            quarter=SharedQuarter(quarter.start, MappingProxyType(shares)),
        )

    @override
    def save(self) -> dict[str, Any]:
        """Return the sums of the month."""
        sums = self._sums
        if sums.month is None:
            return {}
        return {
            "month": sums.month.isoformat(),
            "members": {member: [str(each) for each in shares] for member, shares in sums.members.items()},
            "imported": str(sums.imported),
            "unsettled": sums.unsettled,
        }

    @override
    @classmethod
    def restore(cls, settings: SharingSettings | None, saved: Mapping[str, Any]) -> Self:
        """Return what was saved."""
        sharing = cls(settings)
        if saved:
            sharing._sums = _START._replace(
                month=date.fromisoformat(saved["month"]),
                members=MappingProxyType(
                    {str(member): MemberShare(*map(Decimal, shares)) for member, shares in saved["members"].items()}
                ),
                imported=Decimal(saved["imported"]),
                unsettled=int(saved["unsettled"]),
            )
        return sharing
