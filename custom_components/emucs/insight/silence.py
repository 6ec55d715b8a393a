"""The longest time without a telegram today: how reliably the port delivers."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, NamedTuple, Self, override

from ..port import Telegram
from .base import Insight
from .quarters import LOCAL


class Silence(NamedTuple):
    """The longest gap between two telegrams of a day, by the meter's clock; it counts for the day in which it ends."""

    day: date
    longest: timedelta


class LongestSilence(Insight[None, Silence]):
    """Follows the gaps between telegrams, those in which Home Assistant did not run among them."""

    name: ClassVar = "silence"

    def __init__(self, settings: None = None) -> None:
        """Start with nothing known."""
        super().__init__(settings)
        self._last: datetime | None = None

    @override
    @staticmethod
    def settings_of(options: Mapping[str, Any]) -> None:
        """Return nothing: there is nothing to set."""

    @override
    def feed(self, telegram: Telegram, *, counter_is_doubted: bool = False) -> Silence | None:
        """Take a telegram; return the longest gap of its day. A clock that was set back makes no gap."""
        time, last = telegram.time, self._last
        if time is None:
            return self.state
        self._last = time
        day = time.astimezone(LOCAL).date()
        gap = max(time - last, timedelta()) if last is not None else timedelta()
        if self.state is None or day != self.state.day or gap > self.state.longest:
            self.state = Silence(day, gap)
        return self.state

    @override
    def save(self) -> dict[str, Any]:
        """Return the latest telegram's time and the longest gap of its day in seconds."""
        if self.state is None or self._last is None:
            return {}
        return {"last": self._last.isoformat(), "longest": self.state.longest.total_seconds()}

    @override
    @classmethod
    def restore(cls, settings: None, saved: Mapping[str, Any]) -> Self:
        """Return what was saved."""
        silence = cls(settings)
        if saved:
            silence._last = datetime.fromisoformat(saved["last"])
            longest = timedelta(seconds=float(saved["longest"]))
            silence.state = Silence(silence._last.astimezone(LOCAL).date(), longest)
        return silence
