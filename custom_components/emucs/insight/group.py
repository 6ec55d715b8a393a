"""What the members of a group exchange in each quarter, and what each had in the group's highest one."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple, override

from ..groups.telegrams import GroupTelegram
from ..port import Telegram
from .base import Insight
from .capacity import Capacity


class Exchange(NamedTuple):
    """What a member imported and exported in a quarter, in kWh, by its own counters."""

    imported: Decimal
    exported: Decimal
    is_estimated: bool = False
    """Whether it was counted over a silence that was longer than the quarter, and spread evenly over it."""


class GroupQuarter(NamedTuple):
    """A quarter that has ended. Each is given once, in order, as soon as all members are known to its end."""

    start: datetime
    exchanges: Mapping[str, Exchange]
    """Of each member that is known, by id."""
    is_whole: bool
    """Whether all members are in it, and none is estimated."""


class GroupState(NamedTuple):
    """What is known at one moment."""

    closed: tuple[GroupQuarter, ...] = ()
    """The quarters that the latest telegram made known, the oldest first: mostly none, or one."""
    latest: GroupQuarter | None = None
    """The latest of all that were."""


class Group(Insight[None, GroupState]):
    """Follows the members of a group; of a meter it knows nothing."""

    name: ClassVar = "group"
    uses: ClassVar = (Capacity,)

    @override
    @staticmethod
    def settings_of(options: Mapping[str, Any]) -> None:
        """Return nothing: there is nothing to set."""

    @override
    def feed(self, telegram: Telegram, *, counter_is_doubted: bool = False) -> GroupState | None:
        """Take a telegram."""
        if isinstance(telegram, GroupTelegram):
            pass
        return self.state
