"""Which tariff counts when: how many there are and how they are numbered differs from country to country."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from .clock import LOW_TARIFF, NORMAL_TARIFF, local, tariff_at

_SATURDAY = 5
_BAND_HOURS = 5


@dataclass(frozen=True, slots=True)
class TariffPlan:
    """The numbers of the normal and the low tariff, of all others, and the one that runs from a time on."""

    normal: int
    low: int
    others: tuple[int, ...]
    at: Callable[[int], int]

    @property
    def numbers(self) -> tuple[int, ...]:
        """Return the numbers of all tariffs."""
        return tuple(sorted((self.normal, self.low, *self.others)))


def _low_first(t: int) -> int:
    return NORMAL_TARIFF + LOW_TARIFF - tariff_at(t)


def _week_and_weekend(t: int) -> int:
    return tariff_at(t) if local(t).weekday() < _SATURDAY else 3 + (not 7 <= local(t).hour < 22)  # noqa: PLR2004  hours


def _five_bands(t: int) -> int:
    return local(t).hour // _BAND_HOURS + 1


BELGIAN: Final = TariffPlan(NORMAL_TARIFF, LOW_TARIFF, (), tariff_at)
"""1 is normal, 2 low."""
DUTCH: Final = TariffPlan(LOW_TARIFF, NORMAL_TARIFF, (), _low_first)
"""1 is low, 2 normal."""
INDUSTRIAL: Final = TariffPlan(NORMAL_TARIFF, LOW_TARIFF, (3, 4), _week_and_weekend)
"""1 and 2 by day and night, 3 and 4 the same in weekends. An assumption, so that each of four counts."""
FIVE: Final = TariffPlan(NORMAL_TARIFF, LOW_TARIFF, (3, 4, 5), _five_bands)
"""Five bands of the day. An assumption, so that each of the five that Iskraemeco meters print counts."""
