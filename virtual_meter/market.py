"""A day-ahead market of quarter-hours, made up: cheap or below zero at sunny noons, dear on evenings and in winter."""

from datetime import datetime
import math
from typing import Final
from zoneinfo import ZoneInfo

from .curves import noise
from .weather import sun_on_roof

QUARTER: Final = 900
_LOCAL: Final = ZoneInfo("Europe/Brussels")
_DAY: Final = 86_400
_SATURDAY: Final = 5
# In EUR per MWh; all of them are assumptions, of about the size that Belgian prices of 2025 had.
_BASE: Final = 82.0
_WINTER: Final = 16.0
_MORNING: Final = 28.0
_EVENING: Final = 62.0
_WEEKEND: Final = -14.0
_SUN: Final = -0.14
"""For each W/m² of a clear sky, where the country has sun."""
_WANDERS: Final = 45.0
_FLICKERS: Final = 12.0


class Market:
    """The prices of a zone, decided by the seed and the time alone."""

    def __init__(self, seed: int) -> None:
        """Prepare the prices of this seed."""
        self._demand = noise(seed, "market demand", 2 * _DAY)
        self._sunny = noise(seed, "market sun", _DAY)
        self._quarters = noise(seed, "market quarters", QUARTER)

    def spot(self, t: int) -> float:
        """Return the price of the quarter that a time (seconds since the epoch) is in, in EUR per MWh."""
        t -= t % QUARTER
        local = datetime.fromtimestamp(t, _LOCAL)
        hour = local.hour + local.minute / 60
        winter = math.cos(math.tau * (local.timetuple().tm_yday - 15) / 365.25)
        price = _BASE + _WINTER * winter
        price += _MORNING * _bump(hour, 8.0, 1.5) + _EVENING * _bump(hour, 19.25, 1.8)
        price += _WEEKEND if local.weekday() >= _SATURDAY else 0.0
        price += _SUN * sun_on_roof(t) * (0.3 + 0.7 * self._sunny.at(t))
        price += _WANDERS * (self._demand.at(t) - 0.5) + _FLICKERS * (self._quarters.at(t) - 0.5)
        return round(price, 2)


def _bump(hour: float, middle: float, width: float) -> float:
    """Return 1 in the middle of a bell curve, and less around it."""
    return math.exp(-(((hour - middle) / width) ** 2))
