"""The meters on the M-Bus over time: their latest reading, their flow, and whether they are still there."""

from collections.abc import Mapping, Set as AbstractSet
from decimal import Decimal
from typing import Final, NamedTuple

from ..port import Channel, Telegram
from .flow import FlowRate
from .mbus import MbusMeter, Medium

MOST_METERS: Final = 16
"""However many a port prints over time: a hostile one could go on for ever."""


class MbusReading(NamedTuple):
    """What is known of an M-Bus meter."""

    medium: Medium
    channel: Channel
    """As in the latest telegram that has it."""
    flow: Decimal | None
    """In the reading's unit per hour."""
    is_present: bool
    """Whether the latest telegram has it."""

    @property
    def is_read(self) -> bool:
        """Return whether the meter was ever read."""
        return self.channel.reading is not None and self.channel.reading.value is not None


class MbusReadings(dict[str, MbusReading]):
    """All M-Bus meters that were seen, by identifier; at most `MOST_METERS`."""

    def __init__(self) -> None:
        """Start with no meter seen."""
        super().__init__()
        self._flows: dict[str, FlowRate] = {}

    def feed(self, found: Mapping[str, MbusMeter], telegram: Telegram, restarted: AbstractSet[str]) -> bool:
        """Take the meters in a telegram, and those whose counter was set; tell whether one came, went or switched."""
        is_urgent = False
        for identifier, meter in found.items():
            if identifier not in self and len(self) < MOST_METERS:
                self._flows[identifier] = FlowRate()
                self[identifier] = MbusReading(meter.medium, meter.channel, None, is_present=False)
        for identifier, before in self.items():
            after = self._follow(identifier, before, found.get(identifier), telegram, restarted)
            if after is not before:
                self[identifier] = after
                is_urgent |= (after.is_present, after.channel.valve) != (before.is_present, before.channel.valve)
        return is_urgent

    def _follow(
        self,
        identifier: str,
        before: MbusReading,
        meter: MbusMeter | None,
        telegram: Telegram,
        restarted: AbstractSet[str],
    ) -> MbusReading:
        """Return what is known of a meter after a telegram."""
        if meter is None:
            return before._replace(is_present=False) if before.is_present else before
        if identifier in restarted:
            # What lies between two readings has not flowed.
            self._flows[identifier] = FlowRate()
        flow = self._flows[identifier]
        expired = flow.expire(telegram.time)
        if meter.channel == before.channel and before.is_present and not expired:
            return before
        flow.feed(meter.channel.reading)
        return MbusReading(meter.medium, meter.channel, flow.value, is_present=True)

    def rename(self, renamed: Mapping[str, str]) -> None:
        """Let meters that were known by their channel go on under the identifier that they print now."""
        for before, identifier in renamed.items():
            if before in self and identifier not in self:
                self[identifier] = self.pop(before)
                self._flows[identifier] = self._flows.pop(before)
