"""Steps of the load: what was switched on or off, by how much, and when. Says nothing of what it was."""

from collections import deque
from datetime import UTC, datetime
from math import sqrt
from statistics import fmean, pvariance
from typing import Final, NamedTuple

# Assumptions. A step is the difference of the means of a second before and after it, both as steady as noise allows.
_STEADY: Final = 5  # values of ten periods, a second
_LONGEST: Final = 15  # of them, three seconds: the inrush of a motor is over by then
_SMALLEST: Final = 40.0  # W
_SMALLEST_SHARE: Final = 0.02  # of the load before
# What may become a step is smaller than one: hysteresis, so that one of just the smallest size is seen from its start.
_SUSPECTED: Final = 0.6
# Values are steady if they spread by no more than this share of the step that they follow.
_SPREAD: Final = 0.1
# The difference of two means of noise stays below so many of its own standard deviations.
_SIGNIFICANT: Final = 5.0


class LoadStep(NamedTuple):
    """A load that was switched."""

    phase: str | None
    """None on 3x230 V, where a load lies between phases and power is that of all."""
    watts: float
    """By which the active power rose, negative where it fell."""
    vars: float
    """By which the reactive power rose."""
    time: datetime
    """When, in UTC, to the ten periods."""

    @property
    def is_on(self) -> bool:
        """Return whether consumption rose, or generation fell."""
        return self.watts > 0


class _Power(NamedTuple):
    """The power of ten periods."""

    watts: float
    vars: float


class LoadSteps:
    """Finds the steps of the load of one phase."""

    def __init__(self, phase: str | None) -> None:
        """Start with nothing known."""
        self._phase = phase
        self._before: deque[_Power] = deque(maxlen=_STEADY)
        self._after: list[_Power] = []  # since something began that may become a step
        self._began = 0.0

    def interrupt(self) -> None:
        """Take that something was not seen: what changed meanwhile cannot be told."""
        self._before.clear()
        self._after.clear()

    def feed(self, watts: float, vars: float, time: float) -> LoadStep | None:  # noqa: A002 -- the unit's name
        """Take the power of ten periods that began at a time, in seconds since 1970; return the step that it ends."""
        power = _Power(watts, vars)
        if not self._after:
            if len(self._before) < _STEADY or not self._is_suspect(watts):
                self._before.append(power)
                return None
            self._began = time
        self._after.append(power)
        latest = self._after[-_STEADY:]
        if len(latest) < _STEADY or (len(self._after) < _LONGEST and not self._is_steady(latest)):
            return None
        step = self._step(latest)
        self._before.extend(latest)
        self._after.clear()
        return step

    def _threshold(self) -> float:
        """Return the smallest step in W."""
        return max(_SMALLEST, _SMALLEST_SHARE * abs(fmean(each.watts for each in self._before)))

    def _is_suspect(self, watts: float) -> bool:
        """Tell whether a power may begin a step."""
        return abs(watts - fmean(each.watts for each in self._before)) > _SUSPECTED * self._threshold()

    def _is_steady(self, latest: list[_Power]) -> bool:
        """Tell whether the load has settled."""
        watts = [each.watts for each in latest]
        step = abs(fmean(watts) - fmean(each.watts for each in self._before))
        return max(watts) - min(watts) <= max(self._threshold(), _SPREAD * step)

    def _step(self, latest: list[_Power]) -> LoadStep | None:
        """Return the step from before to now, if it is one."""
        before, after = [each.watts for each in self._before], [each.watts for each in latest]
        watts = fmean(after) - fmean(before)
        noise = _SIGNIFICANT * sqrt((pvariance(before) + pvariance(after)) / _STEADY)
        if abs(watts) < max(self._threshold(), noise):
            return None
        reactive = fmean(each.vars for each in latest) - fmean(each.vars for each in self._before)
        return LoadStep(self._phase, watts, reactive, datetime.fromtimestamp(self._began, UTC))
