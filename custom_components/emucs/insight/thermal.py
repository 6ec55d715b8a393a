"""How warm a main breaker is: a warning and an alarm before it trips, and none for what passes.

A breaker of curve B or C (EN 60898-1) carries 1.13 times its rating for an hour, trips within an hour at 1.45 times,
and within a minute (two above 32 A) at 2.55 times. Two bodies of first order keep to that: one that warms up in
minutes, and a small one for loads that are far too high.
"""

from collections.abc import Mapping, Sequence
from math import exp
from typing import Any, Final, Self

LONGEST_STEP: Final = 60.0
"""Seconds between two telegrams beyond which it is not known what flowed meanwhile."""

# Assumptions, as no breaker is like another one: how fast the two bodies warm up, in seconds. From cold, 1.45 times the
# rating raises the alarm within 15 minutes, and 2.55 times within half a minute.
_SLOW: Final = 900.0
_FAST: Final = 60.0
# Heat is a square of current, in that of the rating: of the rating itself, and of 1.13 and 1.45 times the rating.
_WARNS_FROM: Final = 1.0
_SLOW_ALARMS_FROM: Final = 1.28
_FAST_ALARMS_FROM: Final = 1.45**2
# Neither ends before the heat is clearly below.
_RELEASE_SHARE: Final = 0.9
_PHASES: Final = 3


class Thermal:
    """Follows the heat in each pole of a breaker; import and export warm it alike."""

    def __init__(self) -> None:
        """Start without having seen anything."""
        self.warning = False
        """Whether a pole is warmer than its rating would ever make it."""
        self.alarm = False
        """Whether a pole is so warm that the breaker may trip."""
        self._slow: list[float] | None = None  # heat in A², by phase
        self._fast = [0.0] * _PHASES
        self._loads = [0.0] * _PHASES  # A², by the latest telegram
        self._step = 0.0
        self._kept = (1.0, 1.0)  # what is left of the heat of the two bodies after such a step

    def feed(self, currents: Sequence[float | None], passed: float, rating: float) -> None:
        """Take the mean currents of the phases since the time before, how many seconds that is, and the rating, in A.

        A phase that is not known is taken to go on as before.
        """
        before, rated = self._loads, rating * rating
        self._loads = loads = [
            before[phase] if current is None else current * current for phase, current in enumerate(currents)
        ]
        if self._slow is None:
            # Whatever flowed before, it raises no warning by itself.
            self._slow = [min(load, _WARNS_FROM * _RELEASE_SHARE * rated) for load in loads]
            self._fast = list(self._slow)
        elif passed > LONGEST_STEP:
            # It is not known what flowed: as much as before, but no more than is rated.
            self._warm_up([min(load, rated) for load in before], passed)
        elif passed > 0:
            self._warm_up(loads, passed)
        slow, fast = max(self._slow) / rated, max(self._fast) / rated
        self.alarm = _is_on(slow, _SLOW_ALARMS_FROM, was_on=self.alarm) or _is_on(
            fast, _FAST_ALARMS_FROM, was_on=self.alarm
        )
        self.warning = self.alarm or _is_on(slow, _WARNS_FROM, was_on=self.warning)

    def _warm_up(self, loads: list[float], passed: float) -> None:
        """Let time pass at loads in A²."""
        if passed != self._step:
            self._step, self._kept = passed, (exp(-passed / _SLOW), exp(-passed / _FAST))
        slow_kept, fast_kept = self._kept
        self._slow = [load + (heat - load) * slow_kept for load, heat in zip(loads, self._slow or loads, strict=True)]
        self._fast = [load + (heat - load) * fast_kept for load, heat in zip(loads, self._fast, strict=True)]

    def save(self) -> dict[str, Any]:
        """Return what a restart needs, in types of JSON."""
        return {
            "slow": self._slow,
            "fast": self._fast,
            "loads": self._loads,
            "warning": self.warning,
            "alarm": self.alarm,
        }

    @classmethod
    def restore(cls, saved: Mapping[str, Any]) -> Self:
        """Return what was saved."""
        thermal = cls()
        if saved["slow"] is not None:
            thermal._slow, thermal._fast, thermal._loads = (
                [float(heat) for heat, _ in zip(saved[name], range(_PHASES), strict=True)]
                for name in ("slow", "fast", "loads")
            )
        thermal.warning, thermal.alarm = bool(saved["warning"]), bool(saved["alarm"])
        return thermal


def _is_on(heat: float, limit: float, *, was_on: bool) -> bool:
    """Tell whether a heat passes a limit, or has not come clearly below it since."""
    return heat > (limit * _RELEASE_SHARE if was_on else limit)
