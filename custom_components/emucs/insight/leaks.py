"""The meters on the M-Bus: leaks of gas and water, and meters that do not count any more."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any, ClassVar, Final, Self, override

from ..port import Channel, Register, Telegram
from .base import Insight
from .bounded import Recent
from .electricity import in_unit
from .leak_watch import LIMITS, MeterVerdict, MeterWatch
from .mbus import Medium
from .mbus_readings import MOST_METERS

type Verdicts = Mapping[str, MeterVerdict]
"""What is known of each meter, by its identifier."""

# Without a new reading there is nothing to see but time that passes.
_INTERVAL: Final = timedelta(minutes=5)
_GONE_AFTER: Final = timedelta(days=1)
_NOTHING: Final[Verdicts] = MappingProxyType({})


class Leaks(Insight[None, Verdicts]):
    """Watches the meters on the M-Bus of one meter."""

    name: ClassVar = "leaks"

    def __init__(self, settings: None = None) -> None:
        """Start with nothing known."""
        super().__init__(settings)
        self._watches = Recent[MeterWatch](MOST_METERS)
        self._channels: Mapping[int, Channel] | None = None
        self._next: datetime | None = None
        self.known: Verdicts = _NOTHING
        """What is known, also while the clock is wrong."""
        self.before: Verdicts = _NOTHING
        """What was known before that."""

    @override
    @staticmethod
    def settings_of(options: Mapping[str, Any]) -> None:
        """Return nothing: there is nothing to set."""

    @override
    def feed(self, telegram: Telegram, *, counter_is_doubted: bool = False) -> Verdicts | None:
        """Take a telegram; return what is known, which changes at times."""
        time = telegram.time
        if time is None:
            return self.state
        if telegram.channels is self._channels and self._next is not None and time < self._next:
            self.state = self.known
            return self.state
        self._channels, self._next = telegram.channels, time + _INTERVAL
        self._look(time.astimezone(UTC))
        self.state = self.known
        return self.state

    def _look(self, now: datetime) -> None:
        """Take the latest reading of each meter."""
        present = {identifier: meter for identifier, meter in self.mbus.items() if meter.is_present}
        self._watches.note(present.keys())
        for identifier, meter in present.items():
            reading = meter.channel.reading
            if reading is None or (value := _value(meter.medium, reading)) is None:
                continue
            time = now if reading.time is None else min(reading.time.astimezone(UTC), now)
            watch = self._watches.get(identifier)
            if watch is None or watch.medium is not meter.medium:
                self._watches.add(identifier, MeterWatch.begin(meter.medium, time, value, now))
            else:
                watch.feed(time, value, now)
        for watch in self._watches.values():
            if now - watch.seen > _GONE_AFTER:
                watch.forget()
        verdicts = self._verdicts()
        if verdicts != self.known:
            self.before, self.known = self.known, verdicts

    def _verdicts(self) -> Verdicts:
        """Return what is known of each meter."""
        watches = self._watches.values()
        return MappingProxyType(
            {
                identifier: watch.verdict(
                    is_replaced=any(each.medium is watch.medium and each.known > watch.time for each in watches)
                )
                for identifier, watch in self._watches.items()
            }
        )

    @override
    def is_urgent(self, before: Verdicts) -> bool:
        """Tell that users have to see it: it changes seldom."""
        return True

    @override
    def save(self) -> dict[str, Any]:
        """Return what a restart needs, in types of JSON: some 500 bytes a meter."""
        return {identifier: watch.save() for identifier, watch in self._watches.items()}

    @override
    @classmethod
    def restore(cls, settings: None, saved: Mapping[str, Any]) -> Self:
        """Return what was saved."""
        leaks = cls(settings)
        watches = {identifier: MeterWatch.restore(watch) for identifier, watch in saved.items()}
        leaks._watches = Recent(MOST_METERS, watches)
        leaks.known = leaks.before = leaks._verdicts()
        return leaks


def _value(medium: Medium, reading: Register) -> Decimal | None:
    """Return a reading in m³, which is also assumed if no unit is printed; what is no volume as it is."""
    if medium in LIMITS and reading.unit is not None:
        return in_unit(reading, "m³")
    return reading.number
