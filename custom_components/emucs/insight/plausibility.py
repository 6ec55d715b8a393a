"""Whether what a meter prints agrees with itself: its import counter with its power, and its phases with their total.

It is judged over the latest hour that was seen, each quarter of an hour anew. What cannot be judged in an hour, such as
a counter while nothing is imported, stays as it was found before.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from math import sqrt
from typing import Any, ClassVar, Final, NamedTuple, override

from ..port import Telegram
from .base import Insight
from .electricity import energy_export, energy_import, import_power, net_power, phase_power
from .grid import Grid, grid_of
from .user_port import CONF_USER_PORT, UserPort

# Seconds between telegrams beyond which power says nothing of what was between them.
_LONGEST_STEP: Final = 15.0
_SPAN: Final = 900.0
_SPANS: Final = 4
_HOUR: Final = 3600.0
# Phases are added up each so many seconds: they are printed of the same moment, so that a few of them tell as much.
_EVERY: Final = 10.0
# How far counter and power, or phases and total, may be apart. Meters of homes are of class B (EN 50470): 1 % each.
_SHARE: Final = 0.03
# Below this, in kWh an hour, the last digits decide.
_LEAST: Final = 0.1
# By how many last digits of a counter an hour may be off: its begin and its end, of two tariffs.
_DIGITS: Final = 4
# An assumption: a load switches at any moment between two telegrams alike. So many standard deviations of what then is
# not known of its energy are no fault.
_DEVIATIONS: Final = 4.0
_UNIFORM: Final = 12.0
# kW by which phases and total may be apart in the mean whatever flows, beside their last digits.
_PHASES_APART: Final = 0.01
_FEWEST_READINGS: Final = 100
# A phase is reversed where it exports more than this, in kW, in so many of its readings, and the house has never
# exported as much as this, in kWh: what meters are tested with before they are installed.
_REVERSED: Final = -0.02
_REVERSED_SHARE: Final = 0.95
_NEVER_EXPORTED: Final = Decimal(1)


class Finding(StrEnum):
    """What is found of a meter, the clearest first."""

    COUNTER_STANDS = "counter_stands"
    """Power is imported, and the import counter does not count it."""
    COUNTER_APART = "counter_apart"
    """The import counter counts more or less than the power comes to."""
    PHASES_APART = "phases_apart"
    """The powers of the phases do not add up to the total."""
    PHASE_REVERSED = "phase_reversed"
    """A phase exports all the time in a house that has never exported."""
    PLAUSIBLE = "plausible"


class PlausibilityState(NamedTuple):
    """What was found over the latest hour that was seen."""

    finding: Finding
    counted: float | None
    """What the import counter went on by, in kWh; None where it is not known."""
    measured: float
    """What the imported power came to, in kWh."""
    reversed_phases: tuple[str, ...]


@dataclass(slots=True)
class _Span:
    """What was seen of a quarter of an hour, or a bit more; gaps are not in it."""

    seconds: float = 0.0
    measured: float = 0.0
    """kWs."""
    variance: float = 0.0
    """Of what is not known of that, in (kWs)²."""
    counted: Decimal | None = Decimal()
    readings: int = 0
    """Of the phases, with what follows summed up over them, in kW."""
    total: float = 0.0
    flow: float = 0.0
    apart: float = 0.0
    reversed: list[int] = field(default_factory=lambda: [0, 0, 0])


class Plausibility(Insight[bool, PlausibilityState]):
    """Judges one meter. Its setting is whether that is a residential one: how soon others count is not public."""

    name: ClassVar = "plausibility"

    def __init__(self, settings: bool) -> None:  # noqa: FBT001 -- the one setting that an insight has
        """Start with nothing known."""
        super().__init__(settings)
        self._before: Telegram | None = None
        self._power = 0.0  # kW, of then
        self._begin: Decimal | None = None  # what the counter was when this was seen without a gap for the first time
        self._looked: datetime | None = None  # when the phases were added up
        self._grid: Grid | None = None
        self._span = _Span()
        self._spans: deque[_Span] = deque(maxlen=_SPANS)
        self._counter: Finding | None = None
        self._phases: Finding | None = None

    @override
    @staticmethod
    def settings_of(options: Mapping[str, Any]) -> bool:
        """Return whether it is a residential meter."""
        return bool(options.get(CONF_USER_PORT) != UserPort.A1)

    @override
    def feed(self, telegram: Telegram, *, counter_is_doubted: bool = False) -> PlausibilityState | None:
        """Take a telegram; return what is known, which changes with a quarter of an hour."""
        power, before, time = import_power(telegram), self._before, telegram.time
        if not self.settings or power is None or time is None:
            return self.state
        if counter_is_doubted:
            self._forget()
            return self.state
        now = float(power)
        passed = 0.0 if before is None or before.time is None else (time - before.time).total_seconds()
        if before is None or not 0 <= passed <= _LONGEST_STEP:
            self._break()
            self._begin = energy_import(telegram)
            self._grid = grid_of(telegram, self._grid)
        elif passed:
            span, step = self._span, (now - self._power) * passed
            span.seconds += passed
            span.measured += (now + self._power) * passed / 2
            span.variance += step * step / _UNIFORM
            if self._looked is None or (time - self._looked).total_seconds() >= _EVERY:
                self._looked = time
                self._add_phases(telegram)
        self._before, self._power = telegram, now
        if self._span.seconds >= _SPAN:
            self._end(telegram)
        return self.state

    @override
    def pause(self) -> None:
        """Know nothing while the meter's clock is wrong."""
        self.state = None
        self._forget()

    @override
    def forget_counter(self) -> None:
        """Judge nothing by the counter of before, nor what was found of it."""
        self._forget()
        self._counter = self._phases = self.state = None

    def _forget(self) -> None:
        """Begin an hour anew."""
        self._before = self._begin = self._looked = None
        self._span = _Span()
        self._spans.clear()

    def _break(self) -> None:
        """Count up to a gap; what is counted in it belongs to no power."""
        span, before = self._span, self._before
        if before is not None:
            begin, end = self._begin, energy_import(before)
            span.counted = None if begin is None or end is None or span.counted is None else span.counted + end - begin
        self._looked = None

    def _add_phases(self, telegram: Telegram) -> None:
        """Add the powers of the phases up, where all that the grid has are printed."""
        names, total, span = self._names, net_power(telegram), self._span
        powers = [phase_power(telegram, name) for name in names]
        known = [power for power in powers if power is not None]
        if total is None or not known or len(known) < len(names):
            return
        span.readings += 1
        span.flow += abs(float(total))
        span.apart += float(sum(known, Decimal()) - total)
        for number, power in enumerate(known):
            span.reversed[number] += power <= _REVERSED

    @property
    def _names(self) -> tuple[str, ...]:
        """Return the phases whose powers make the total; none without a neutral, where a line has none of its own."""
        return _PHASES_OF.get(self._grid, ())

    def _end(self, telegram: Telegram) -> None:
        """End a span, and judge the latest hour."""
        self._break()
        self._begin = energy_import(telegram)
        self._spans.append(self._span)
        self._span = _Span()
        grid, self._grid = self._grid, grid_of(telegram, self._grid)
        if self._grid is not grid:
            self._spans.clear()
        if len(self._spans) == _SPANS:
            self._judge(telegram)

    def _judge(self, telegram: Telegram) -> None:
        """Judge the latest hour."""
        measured = sum(span.measured for span in self._spans) / _HOUR
        counts = [span.counted for span in self._spans if span.counted is not None]
        counted = float(sum(counts, Decimal())) if len(counts) == _SPANS else None
        if counted is not None and max(counted, measured) >= _LEAST:
            self._counter = self._judge_counter(telegram, counted, measured)
        reversed_phases: tuple[str, ...] = ()
        if (readings := sum(span.readings for span in self._spans)) >= _FEWEST_READINGS:
            reversed_phases = self._reversed(telegram, readings)
            self._phases = self._judge_phases(telegram, readings, is_reversed=bool(reversed_phases))
        found = [finding for finding in (self._counter, self._phases) if finding is not None]
        finding = next((each for each in Finding if each in found), None)
        self.state = None if finding is None else PlausibilityState(finding, counted, measured, reversed_phases)

    def _judge_counter(self, telegram: Telegram, counted: float, measured: float) -> Finding:
        """Judge the import counter by the power."""
        unknown = sqrt(sum(span.variance for span in self._spans)) / _HOUR * _DEVIATIONS
        hours = sum(span.seconds for span in self._spans) / _HOUR
        digits = _digit(energy_import(telegram)) * _DIGITS + _digit(import_power(telegram)) * hours
        if abs(counted - measured) <= max(counted, measured) * _SHARE + unknown + digits:
            return Finding.PLAUSIBLE
        return Finding.COUNTER_APART if counted else Finding.COUNTER_STANDS

    def _judge_phases(self, telegram: Telegram, readings: int, *, is_reversed: bool) -> Finding:
        """Judge the powers of the phases by the total."""
        digits = sum(_digit(phase_power(telegram, phase)) for phase in self._names) + _digit(net_power(telegram))
        apart = abs(sum(span.apart for span in self._spans)) / readings
        flow = sum(span.flow for span in self._spans) / readings
        if apart > flow * _SHARE + digits + _PHASES_APART:
            return Finding.PHASES_APART
        return Finding.PHASE_REVERSED if is_reversed else Finding.PLAUSIBLE

    def _reversed(self, telegram: Telegram, readings: int) -> tuple[str, ...]:
        """Return the phases that export all the time in a house that has never exported."""
        exported, names = energy_export(telegram), self._names
        if exported is None or exported >= _NEVER_EXPORTED or len(names) == 1:
            return ()
        return tuple(
            name
            for number, name in enumerate(names)
            if sum(span.reversed[number] for span in self._spans) >= readings * _REVERSED_SHARE
        )


_PHASES_OF: Final[Mapping[Grid | None, tuple[str, ...]]] = {
    Grid.SINGLE_PHASE: ("l1",),
    Grid.THREE_PHASE_400V: ("l1", "l2", "l3"),
}


def _digit(number: Decimal | None) -> float:
    """Return what the last digit of a number is worth."""
    exponent = None if number is None else number.as_tuple().exponent
    return 10.0**exponent if isinstance(exponent, int) else 0.0
