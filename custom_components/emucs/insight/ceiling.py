"""How much a counter can count at most: by what a home takes, and by the power that a larger site has shown."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, override

_HOUR: Final = timedelta(hours=1)
LEAST_POWER: Final = Decimal(100_000)
"""W, var or VA: more than a home's connection carries. Three phases of 125 A at 400 V are 87 kVA. An assumption."""
_BELIEVED: Final = Decimal(25_000)
"""Wh that may be counted beyond that for each second for which a power lasted. An assumption: 2.5 MW that lasted for
an hour excuse an outage of a day, and two damaged telegrams no more than a quarter-hour of `LEAST_POWER`."""
_LOWEST: Final = Decimal(50_000)  # W; each level begins at twice the one before
_MOST_LEVELS: Final = 20
_HIGHEST: Final = _LOWEST * 2 ** (_MOST_LEVELS - 1)
_SPARE: Final = 4  # a meter may count at twice the power of a level, which is below twice its lowest
# What passes from one telegram to the next: at most, of a meter without a clock, and of one whose clock does not go on.
_LONGEST_STEP: Final = 60.0
_WITHOUT_CLOCK: Final = 10.0
_STOPPED_CLOCK: Final = 1.0


class Ceiling:
    """What can be counted, in base units."""

    def __init__(self, rate: Decimal) -> None:
        """Take how much it is in an hour."""
        self.rate = rate
        """What can always be counted in an hour."""

    def most(self, passed: timedelta) -> Decimal:
        """Return what can be counted in some time."""
        return self.rate * _hours(passed)


class ShownPower(Ceiling):
    """What can be counted of energy, by the power that telegrams in a row have shown: one alone may be wrong itself."""

    def __init__(self, lasted: Iterable[float] = ()) -> None:
        """Start with for how many seconds each level of power has lasted, as `lasted` has them."""
        super().__init__(LEAST_POWER)
        self.lasted = [float(seconds) for seconds in lasted][:_MOST_LEVELS]
        """For how many seconds on end each level of power has lasted at most, the lowest first."""
        self._lasting: list[float] = []  # until now
        self._level = 0  # of the telegram before, counted from one
        self._time: datetime | None = None

    @override
    def most(self, passed: timedelta) -> Decimal:
        hours = _hours(passed)
        least = self.rate * hours
        return max(
            [
                least,
                *(
                    min(_SPARE * _LOWEST * (1 << level) * hours, least + _BELIEVED * Decimal(str(seconds)))
                    for level, seconds in enumerate(self.lasted)
                ),
            ]
        )

    def feed(self, power: Decimal, time: datetime | None) -> None:
        """Take the power that a telegram shows, in W, and its time."""
        # No site takes the power of the last level, and dividing one of any number of digits would fail.
        level = 0 if power < _LOWEST else int(min(power, _HIGHEST) // _LOWEST).bit_length()
        shown = min(level, self._level)
        if shown or self._lasting:
            self._last(shown, _passed(self._time, time))
        self._level, self._time = level, time

    def _last(self, shown: int, passed: float) -> None:
        """Note that the lowest levels have lasted for longer, and no others."""
        lasting = [seconds + passed for seconds in self._lasting[:shown]]
        self._lasting = lasting + [passed] * (shown - len(lasting))
        longest = [max(each) for each in zip(self.lasted, self._lasting, strict=False)]
        self.lasted = longest + (self.lasted[len(longest) :] or self._lasting[len(longest) :])


def _hours(passed: timedelta) -> Decimal:
    """Return a time in hours."""
    return Decimal(str(passed / _HOUR))


def _passed(before: datetime | None, time: datetime | None) -> float:
    """Return how many seconds two telegrams in a row have shown."""
    if before is None or time is None:
        return _WITHOUT_CLOCK
    seconds = (time - before).total_seconds()
    return min(seconds, _LONGEST_STEP) if seconds > 0 else _STOPPED_CLOCK
