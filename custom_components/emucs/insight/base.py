"""What every insight has in common: one subject, made of telegrams, kept over restarts."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Final, Self, cast

from ..port import Telegram
from .mbus_readings import MbusReading

_NO_METERS: Final[Mapping[str, MbusReading]] = MappingProxyType({})


class Insight[SettingsT, StateT](ABC):
    """What one subject makes of the telegrams of a meter. Register a subclass in `insight.meter.INSIGHTS`."""

    name: ClassVar[str]
    """The key of its part of both stores."""
    needs_clock: ClassVar[bool] = True
    """Whether it is fed only while the meter's clock can date quarters and months."""

    follows_all_counters: ClassVar[bool] = False
    """Whether it has to forget them when any counter of the electricity meter was set, not just that of import."""
    uses: ClassVar[tuple[type[Insight[Any, Any]], ...]] = ()
    """The insights that it reads; telegrams reach them before it."""

    def __init__(self, settings: SettingsT) -> None:
        """Start with nothing known."""
        self.settings = settings
        self._used: Mapping[type[Insight[Any, Any]], Insight[Any, Any]] = {}
        self.mbus = _NO_METERS
        """The meters on the M-Bus, which have taken the telegram that it is fed."""
        self.state: StateT | None = None
        """What is known now: immutable, and another object whenever it changes. None while nothing is known."""

    def hand_over(
        self,
        insights: Mapping[type[Insight[Any, Any]], Insight[Any, Any]],
        mbus: Mapping[str, MbusReading] = _NO_METERS,
    ) -> None:
        """Take those of a meter's insights that it uses, and the meters on its M-Bus, before the first telegram."""
        self._used = {kind: insights[kind] for kind in self.uses}
        self.mbus = mbus

    def used[UsedT: Insight[Any, Any]](self, kind: type[UsedT]) -> UsedT:
        """Return an insight that it uses, which has taken the telegram that it is fed."""
        return cast("UsedT", self._used[kind])

    @staticmethod
    @abstractmethod
    def settings_of(options: Mapping[str, Any]) -> SettingsT:
        """Return the settings in the options of a config entry."""

    @abstractmethod
    def feed(self, telegram: Telegram, *, counter_is_doubted: bool = False) -> StateT | None:
        """Take a telegram; return `state`.

        `counter_is_doubted`: an older reading stands in for an import counter that cannot be believed.
        """

    def pause(self) -> None:
        """Know nothing while the meter's clock is wrong."""
        self.state = None

    def is_urgent(self, before: StateT) -> bool:
        """Tell whether users have to see at once what changed since a former state; both are known."""
        return False

    def refresh(self) -> None:  # noqa: B027 -- most need none
        """Work out what is not needed with each telegram, but now and then, and when something urgent happens."""

    def forget_counter(self) -> None:  # noqa: B027 -- most know of none
        """Draw no conclusion from the import counter of before: it was set, or is another meter's."""

    def save(self) -> dict[str, Any]:
        """Return what a restart needs, in types of JSON: small, as it is written soon after each change."""
        return {}

    def save_series(self) -> dict[str, Any]:
        """Return the bulk of what a restart needs, in types of JSON: written once an hour."""
        return {}

    @classmethod
    def restore(cls, settings: SettingsT, saved: Mapping[str, Any]) -> Self:  # noqa: ARG003 -- for those that save
        """Return the insight that has saved this. What is wrong with it raises one of Python's own errors."""
        return cls(settings)

    def restore_series(self, saved: Mapping[str, Any]) -> None:  # noqa: B027 -- most have none
        """Take the bulk that was saved. What is wrong with it raises one of Python's own errors."""
