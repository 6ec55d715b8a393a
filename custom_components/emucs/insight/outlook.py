"""What a quarter will come to by the four weeks before it: a weighted mean, and the ranks of a band."""

from math import ceil
from typing import Final, NamedTuple

from .quarters import DAYS, QUARTERS_A_DAY, Quarters, local_begin, slot_before
from .score import DAYS as SCORED_DAYS, ScoreKeeper

# With fewer quarters alike nothing is said.
_FEWEST: Final = 3
_DAYS_A_WEEK: Final = 7
_SATURDAY: Final = 5
# An assumption, measured on three homes: how much a day says of another one, by its kind and its age.
_SAME_WEEKDAY: Final = 1.0
_SAME_KIND: Final = 0.7
_OTHER: Final = 0.5
_FRESH: Final = 0.9
_AGING: Final = 0.03
_OLD: Final = 0.1
# Ranks over four weeks promise more than they hold: those of 90 % hold some nine in ten quarters.
_LOW: Final = 0.05
_HIGH: Final = 0.95
# How much of the latest error is left after each quarter, and after how many it is gone.
_KEPT: Final = 0.7
NEAR: Final = 8


class Band(NamedTuple):
    """What a quarter will come to, in kW."""

    mean: float
    low: float
    """One quarter in twenty was lower."""
    high: float
    """One quarter in twenty was higher."""

    def shifted(self, by: float) -> Band:
        """Return it moved by so many kW; nothing flows less than not at all."""
        return Band(max(self.mean + by, 0.0), max(self.low + by, 0.0), max(self.high + by, 0.0))

    def contains(self, mean: float) -> bool:
        """Tell whether a mean is within it."""
        return self.low <= mean <= self.high


def _weights(weekday: int) -> tuple[float, ...]:
    """Return what the days before a day of the week count, by how many days before they were.

    Holidays are days like others: taken for Sundays, they were forecast worse in four real homes, and the days after
    them no better.
    """

    def weight(days: int) -> float:
        before = (weekday - days) % _DAYS_A_WEEK
        same_kind = (before >= _SATURDAY) is (weekday >= _SATURDAY)
        kind = _SAME_WEEKDAY if before == weekday else _SAME_KIND if same_kind else _OTHER
        return kind * max(_OLD, _FRESH - _AGING * (days - 1))

    return (0.0, *(weight(days) for days in range(1, DAYS + 1)))


_WEIGHTS: Final = tuple(_weights(weekday) for weekday in range(_DAYS_A_WEEK))


def band_of(quarters: Quarters, flow: int, slot: int) -> Band | None:
    """Return what a flow comes to in a quarter, by the 28 days before it; None where too little is known."""
    weights = _WEIGHTS[local_begin(slot).weekday()]
    total = weight = 0.0
    means = []
    for days, mean in quarters.alike(flow, slot):
        total += weights[days] * mean
        weight += weights[days]
        means.append(mean)
    if len(means) < _FEWEST:
        return None
    means.sort()
    return Band(total / weight, means[max(ceil(_LOW * len(means)), 1) - 1], means[ceil(_HIGH * len(means)) - 1])


class Outlook:
    """The bands of one flow, of today and of the next 24 hours, and the score of those that are over."""

    def __init__(self, flow: int) -> None:
        """Start with nothing known."""
        self.flow = flow
        self.keeper = ScoreKeeper()
        self._bands: dict[int, Band | None] = {}
        self._closed: tuple[int, float] | None = None  # the latest quarter that is known, and by how much it was off

    def band(self, quarters: Quarters, slot: int) -> Band | None:
        """Return the band of a quarter as a day before knew it."""
        if slot not in self._bands:
            self._bands[slot] = band_of(quarters, self.flow, slot)
        return self._bands[slot]

    def note(self, quarters: Quarters, slot: int) -> float | None:
        """Note by how many kW the band of a quarter that has ended was off, and return it; None where not known."""
        actual, band = quarters.mean(self.flow, slot), self.band(quarters, slot)
        if actual is None or band is None:
            return None
        self._closed = slot, actual - band.mean
        return actual - band.mean

    def close(self, quarters: Quarters, slot: int) -> None:
        """Judge the band of a quarter that has ended."""
        error, actual, band = self.note(quarters, slot), quarters.mean(self.flow, slot), self.band(quarters, slot)
        before = slot_before(slot, 1)
        yesterday = None if before is None else quarters.mean(self.flow, before)
        if error is None or actual is None or band is None or yesterday is None:
            return
        self.keeper.add(
            slot,
            error,
            actual - yesterday,
            is_inside=band.contains(actual),
            is_hourly=quarters.is_hourly(self.flow, slot),
        )

    def forget_before(self, slot: int) -> None:
        """Forget bands that are over."""
        for old in [each for each in self._bands if each < slot]:
            del self._bands[old]

    def near(self, quarters: Quarters, slot: int) -> Band | None:
        """Return the band of a quarter to come, moved by the latest error as far as that still says something."""
        band = self.band(quarters, slot)
        if band is None or self._closed is None:
            return band
        last, error = self._closed
        ahead = slot - last
        return band.shifted(error * _KEPT**ahead) if 0 < ahead <= NEAR else band

    @property
    def is_useful(self) -> bool:
        """Tell whether it has done better than a copy of yesterday."""
        score = self.keeper.score
        return score is not None and score.is_useful


def learned(quarters: Quarters, flow: int) -> Outlook:
    """Return an outlook that has judged the past two weeks, each quarter by what was known a day before. Takes long."""
    outlook = Outlook(flow)
    if (last := quarters.last) is not None:
        for slot in range(last - SCORED_DAYS * QUARTERS_A_DAY + 1, last + 1):
            outlook.close(quarters, slot)
    return outlook
