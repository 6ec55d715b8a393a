"""The flow through an M-Bus meter, which sends volumes only."""

from datetime import datetime
from decimal import Decimal
from typing import Final

from ..port import Register

_OVERDUE_READINGS: Final = 3
_SECONDS_AN_HOUR: Final = Decimal(3600)


class FlowRate:
    """The mean flow between the two latest readings, while readings keep coming."""

    def __init__(self) -> None:
        """Start without a reading."""
        self.value: Decimal | None = None
        """The flow in the unit of the reading per hour, or None until there are two readings."""
        self._last: tuple[datetime, Decimal] | None = None
        self._valid_until: datetime | None = None

    def feed(self, reading: Register | None) -> None:
        """Take a reading, new or not."""
        if reading is None or reading.time is None or reading.number is None:
            return
        last, self._last = self._last, (reading.time, reading.number)
        if last is None or last == self._last:
            return
        interval = reading.time - last[0]
        volume = reading.number - last[1]
        if interval.total_seconds() <= 0 or volume < 0:
            # The meter's clock was set, or its register restarted.
            self.value = None
            return
        self.value = volume * _SECONDS_AN_HOUR / Decimal(str(interval.total_seconds()))
        self._valid_until = reading.time + _OVERDUE_READINGS * interval

    def expire(self, now: datetime | None) -> bool:
        """Forget the flow if readings have stopped coming; tell whether that changed it."""
        if self.value is None or now is None or self._valid_until is None or now <= self._valid_until:
            return False
        self.value = None
        return True
