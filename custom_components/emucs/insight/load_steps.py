"""Steps of the load: what was switched on or off, by how much, and when. Says nothing of what it was."""

from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime
from math import sqrt
from statistics import fmean
from typing import Final, NamedTuple

# Assumptions. A step is the difference of the means of a second before and after it; the second after it is steady.
_STEADY: Final = 5  # values of ten periods, a second
_LONGEST: Final = 15  # of them, three seconds: the inrush of a motor is over by then
_SMALLEST: Final = 40.0  # W
_SMALLEST_SHARE: Final = 0.02  # of the load before
# What may become a step is smaller than one: hysteresis, so that one of just the smallest size is seen from its start.
_SUSPECTED: Final = 0.6
_SUSPECTED_NOISE: Final = 2.0  # times the noise
# Values are steady if they spread by no more than this share of the step that they follow.
_SPREAD: Final = 0.1
# The difference of two means of a second stays below so many of its own standard deviations, as often as it is taken;
# so do the values of a second among themselves.
_SIGNIFICANT: Final = 6.0
# The noise is that of twenty seconds; before it is known for three nothing is told. A difference counts for no more
# than three times the noise, nor for less than some watts: it may be a step.
_MEMORY: Final = 100
_KNOWN: Final = 15
_OUTLIER: Final = 3.0
_SOME_WATTS: Final = 10.0


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


class Power(NamedTuple):
    """The power of ten periods, and the voltage at which it was taken."""

    watts: float
    vars: float
    volts: float


class LoadSteps:
    """Finds the steps of the load of one phase."""

    def __init__(self, phase: str | None) -> None:
        """Start with nothing known."""
        self._phase = phase
        self._before: deque[Power] = deque(maxlen=_STEADY)
        self._after: list[Power] = []  # since something began that may become a step
        self._began = 0.0
        self._variance = 0.0  # of the noise, in W²
        self._known = 0  # by so many differences
        self._latest: float | None = None  # W

    def interrupt(self) -> None:
        """Take that something was not seen: what changed meanwhile cannot be told."""
        self._latest = None
        self._before.clear()
        self._after.clear()

    def feed(self, power: Power, time: float) -> LoadStep | None:
        """Take the power of ten periods that began at a time, in seconds since 1970; return the step that it ends."""
        self._learn(power.watts)
        if not self._after:
            if len(self._before) < _STEADY or not self._is_suspect(power):
                self._before.append(power)
                return None
            self._began = time
        self._after.append(power)
        latest = self._after[-_STEADY:]
        is_settled = len(latest) == _STEADY and self._is_steady(latest, latest)
        if not is_settled and len(self._after) < _LONGEST:
            return None
        # What does not settle is no step, but how the load is from now on.
        is_told = is_settled and self._is_steady(self._before, latest) and self._known >= _KNOWN
        step = self._step(latest) if is_told else None
        self._before.extend(latest)
        self._after.clear()
        return step

    def _learn(self, watts: float) -> None:
        """Know the noise by how a power differs from the one before."""
        before, self._latest = self._latest, watts
        if before is not None:
            most = max(2 * _OUTLIER**2 * self._variance, _SOME_WATTS**2)
            self._known = min(self._known + 1, _MEMORY)
            self._variance += (min((watts - before) ** 2, most) / 2 - self._variance) / self._known

    def _threshold(self) -> float:
        """Return the smallest step in W."""
        noise = _SIGNIFICANT * sqrt(self._variance * 2 / _STEADY)
        return max(_SMALLEST, _SMALLEST_SHARE * abs(_mean_watts(self._before)), noise)

    def _is_suspect(self, power: Power) -> bool:
        """Tell whether a power may begin a step."""
        least = max(_SUSPECTED * self._threshold(), _SUSPECTED_NOISE * sqrt(self._variance))
        return abs(power.watts - _mean_watts(self._before)) > least

    def _is_steady(self, powers: Iterable[Power], latest: list[Power]) -> bool:
        """Tell whether powers before or after what may be a step are steady enough for it."""
        watts = [each.watts for each in powers]
        step = abs(_mean_watts(latest) - _mean_watts(self._before))
        noise = _SIGNIFICANT * sqrt(self._variance)
        return max(watts) - min(watts) <= max(self._threshold(), _SPREAD * step, noise)

    def _step(self, latest: list[Power]) -> LoadStep | None:
        """Return the step from before to now, if it is one."""
        before = _mean_watts(self._before)
        watts = _mean_watts(latest) - before
        # At a higher voltage the same load takes more: with the square of it, if it is a resistance.
        volts, volts_now = fmean(each.volts for each in self._before), fmean(each.volts for each in latest)
        explained = abs(before * ((volts_now / volts) ** 2 - 1)) if volts else 0
        if abs(watts) < self._threshold() + explained:
            return None
        reactive = fmean(each.vars for each in latest) - fmean(each.vars for each in self._before)
        return LoadStep(self._phase, watts, reactive, datetime.fromtimestamp(self._began, UTC))


def _mean_watts(powers: Iterable[Power]) -> float:
    """Return the mean active power in W."""
    return fmean(each.watts for each in powers)
