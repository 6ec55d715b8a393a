"""An alarm that neither misses a peak nor flaps with every kettle."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

# A forecast over the limit has to last: longer where there is time to act, not at all in the last minute.
_LONGEST_HOLD: Final = Decimal(60)
_LAST_CALL: Final = Decimal(60)
_HOLD_SHARE: Final = Decimal("0.1")
_RELEASE_SHARE: Final = Decimal("0.95")
_RELEASE_AFTER: Final = timedelta(seconds=30)


class Alarm:
    """On while a forecast passes a limit: with a time that it has to last, and a distance and a time to go off."""

    def __init__(self) -> None:
        """Start off."""
        self.on = False
        self._over_since: datetime | None = None
        self._under_since: datetime | None = None

    def feed(self, time: datetime, forecast: Decimal, limit: Decimal, left: Decimal) -> bool:
        """Take a forecast in kW and the seconds left in its quarter; return whether the alarm is on."""
        if forecast > limit:
            self._under_since = None
            self._over_since = min(self._over_since or time, time)
            hold = min(_LONGEST_HOLD, max(Decimal(), (left - _LAST_CALL) * _HOLD_SHARE))
            self.on |= Decimal(str((time - self._over_since).total_seconds())) >= hold
        else:
            self._over_since = None
            if forecast > limit * _RELEASE_SHARE:
                self._under_since = None
            else:
                self._under_since = min(self._under_since or time, time)
                self.on &= time - self._under_since < _RELEASE_AFTER
        return self.on
