"""Self-consumption and self-sufficiency: of today, of the month and of the year, up to the last complete hour."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final, NamedTuple, override

from ..port import Telegram
from .allocation import Shares
from .base import Insight
from .prosumer import Prosumer, ProsumerTariffs, prosumer_of

HOUR: Final = 3600
DAYS_UNTIL_ENDED: Final = 7
"""Days without a value after which a meter counts as removed, and no longer as late. An assumption: nothing says it."""


class PastYear(NamedTuple):
    """The twelve months before the present one."""

    shares: Shares
    tariffs: ProsumerTariffs


class SunState(NamedTuple):
    """What is known, where the energy dashboard has solar panels and this meter."""

    hour: float | None = None
    """The begin of the last hour that it knows; None while a meter is late, and nothing else is known."""
    today: Shares | None = None
    month: Shares | None = None
    year: Shares | None = None
    past: PastYear | None = None
    """Where the tariffs of Wallonia concern the household, and statistics reach that far."""
    waiting_for: tuple[str, ...] = ()
    """The statistics that are late."""


class SelfConsumption(Insight[Prosumer | None, SunState]):
    """Holds what follows from statistics, and from no telegram; None where the dashboard has no such house."""

    name: ClassVar = "sun"
    needs_clock: ClassVar = False

    @override
    @staticmethod
    def settings_of(options: Mapping[str, Any]) -> Prosumer | None:
        """Return the prosumer in the options of a config entry."""
        return prosumer_of(options)

    @override
    def feed(self, telegram: Telegram, *, counter_is_doubted: bool = False) -> SunState | None:
        """Return what is known."""
        return self.state

    def take(self, state: SunState | None) -> None:
        """Take what statistics say."""
        self.state = state


def late(last: Mapping[str, float], pausing: Sequence[str], is_missed: Callable[[float], bool]) -> tuple[str, ...]:
    """Return the statistics that lack hours at the end which others have.

    `last`: the begin of the last hour of each. `pausing`: those that may have no value while the sun is down, as many
    inverters are off then: to them a missing hour means no energy, unless it `is_missed`.
    """
    newest = max(last.values(), default=0.0)

    def is_late(statistic: str, hour: float) -> bool:
        """Tell whether a statistic lacks an hour that matters."""
        missing = range(int(hour) + HOUR, int(newest) + HOUR, HOUR)
        return any(statistic not in pausing or is_missed(each) for each in missing)

    return tuple(sorted(statistic for statistic, hour in last.items() if is_late(statistic, hour)))
