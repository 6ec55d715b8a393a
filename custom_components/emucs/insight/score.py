"""How good a forecast has been: its error and its band over the latest two weeks, beside a copy of yesterday."""

from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Self

from .quarters import QUARTERS_A_DAY

DAYS: Final = 14
# A forecast is judged from a whole day on.
_FEWEST: Final = QUARTERS_A_DAY
_PERCENT: Final = 100


class Score(NamedTuple):
    """What came of a forecast of a day before. Errors in kW."""

    quarters: int
    """Over how many it was compared."""
    mae: float
    """Its mean absolute error."""
    yesterday_mae: float
    """That of a copy of yesterday."""
    inside: float
    """In how many per cent of the quarters the mean was within the band."""
    hourly: int
    """How many of the quarters are known by the mean of their hour alone, of which the error is too small."""

    @property
    def is_useful(self) -> bool:
        """Tell whether it has done better than a copy of yesterday; where nothing ever flows, both are right."""
        return self.quarters >= _FEWEST and (self.mae < self.yesterday_mae or self.mae == 0)


@dataclass(slots=True)
class _Day:
    """The sums of a day."""

    quarters: int = 0
    error: float = 0.0
    yesterday: float = 0.0
    inside: int = 0
    hourly: int = 0


class ScoreKeeper:
    """Keeps the score of one flow, by days in UTC."""

    def __init__(self) -> None:
        """Start with nothing compared."""
        self._days: dict[int, _Day] = {}

    def add(self, slot: int, error: float, yesterday: float, *, is_inside: bool, is_hourly: bool) -> None:
        """Compare a quarter: the errors in kW of the forecast and of a copy of yesterday."""
        number = slot // QUARTERS_A_DAY
        day = self._days.get(number)
        if day is None:
            # Neither the past nor what a wrong clock took for the future is kept.
            self._days = {each: sums for each, sums in self._days.items() if number - DAYS < each < number}
            day = self._days[number] = _Day()
        day.quarters += 1
        day.error += abs(error)
        day.yesterday += abs(yesterday)
        day.inside += is_inside
        day.hourly += is_hourly

    @property
    def score(self) -> Score | None:
        """Return what came of it; None where nothing was compared."""
        days = self._days.values()
        if not (quarters := sum(day.quarters for day in days)):
            return None
        return Score(
            quarters=quarters,
            mae=sum(day.error for day in days) / quarters,
            yesterday_mae=sum(day.yesterday for day in days) / quarters,
            inside=sum(day.inside for day in days) * _PERCENT / quarters,
            hourly=sum(day.hourly for day in days),
        )

    def save(self) -> list[list[float]]:
        """Return the sums of each day, in types of JSON."""
        return [
            [number, day.quarters, round(day.error, 3), round(day.yesterday, 3), day.inside, day.hourly]
            for number, day in self._days.items()
        ]

    @classmethod
    def restore(cls, saved: Any) -> Self:
        """Return what was saved. What is wrong with it raises one of Python's own errors."""
        keeper = cls()
        for number, quarters, error, yesterday, inside, hourly in saved[-DAYS:]:
            keeper._days[int(number)] = _Day(int(quarters), float(error), float(yesterday), int(inside), int(hourly))
        return keeper


def shown_score(score: Score | None) -> dict[str, Any]:
    """Return a score in types of JSON: errors in kW, and the share of quarters within the band in per cent."""
    return {
        "mean_error": None if score is None else round(score.mae, 3),
        "mean_error_of_yesterday": None if score is None else round(score.yesterday_mae, 3),
        "share_within_band": None if score is None else round(score.inside),
        "compared_days": 0 if score is None else round(score.quarters / QUARTERS_A_DAY, 1),
        "estimated": score is not None and score.hourly > 0,
    }
