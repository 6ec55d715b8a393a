"""An alarm that neither misses a peak nor flaps with every kettle."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from .demand import QUARTER, Demand

_SECOND: Final = timedelta(seconds=1)
_QUARTER_SECONDS: Final = Decimal(QUARTER // _SECOND)
# With less time left, in seconds, it does not wait: a minute to act, and ten seconds between telegrams.
_LAST_CALL: Final = Decimal(70)
_HOLD_SHARE: Final = 3
_RELEASE_SHARE: Final = Decimal("0.95")
_RELEASE_AFTER: Final = timedelta(seconds=60)


class Alarm:
    """On while a forecast passes a limit.

    The forecast must pass the limit for a third of the time that remains until the quarter itself reaches it. A kettle,
    which would need the whole quarter, has boiled by then; a car, which needs three minutes, raises the alarm within
    one. The alarm goes off once the forecast has stayed clearly below the limit for a minute.
    """

    def __init__(self) -> None:
        """Start off."""
        self.on = False
        self._over_since: datetime | None = None
        self._under_since: datetime | None = None

    def feed(self, demand: Demand, limit: Decimal) -> bool:
        """Take the running quarter and a limit in kW; return whether the alarm is on."""
        time, forecast = demand.time, demand.forecast
        if forecast > limit:
            self._under_since = None
            self._over_since = min(self._over_since or time, time)
            if not self.on:
                lasted = Decimal((time - self._over_since) // _SECOND)
                self.on = lasted * _HOLD_SHARE >= _seconds_until(demand, limit) - _LAST_CALL
        else:
            self._over_since = None
            if forecast > limit * _RELEASE_SHARE:
                self._under_since = None
            elif self.on:
                self._under_since = min(self._under_since or time, time)
                self.on = time - self._under_since < _RELEASE_AFTER
        return self.on


def _seconds_until(demand: Demand, limit: Decimal) -> Decimal:
    """Return the seconds until a quarter whose forecast passes a limit reaches it."""
    room = limit - demand.so_far
    return room * _QUARTER_SECONDS / demand.power if room > 0 else Decimal()
