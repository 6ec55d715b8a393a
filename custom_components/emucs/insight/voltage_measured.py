"""Means of ten minutes that something measures better than telegrams: they count instead, also when they come later."""

from collections.abc import Mapping
from typing import Final

from .voltage_history import VoltageHistory
from .voltage_running import SLOT_MINUTES, RunningVoltage
from .voltage_week import Week

_MOST_AHEAD: Final = 1
"""Slots by which the clock of what measures may be ahead of the meter's."""

type Means = Mapping[str, float]


class MeasuredMeans:
    """Puts measured means in the place of those of telegrams, and holds those of a slot back until they are there."""

    def __init__(self) -> None:
        """Start without any."""
        self._waiting: dict[int, Means] = {}  # by the number of a slot since 1970 that is not over yet
        self._held: dict[str, float | None] = {}  # means of the slot that ended last, which the week has not got yet
        self._latest: int | None = None

    def is_of(self, slot: int) -> bool:
        """Tell whether the means of a slot are measured."""
        return self._latest == slot

    def take(self, slot: int, means: Means, running: int) -> None:
        """Take the means in V of a slot by phase, while another one runs."""
        if running - 1 <= slot <= running + _MOST_AHEAD:
            self._waiting[slot] = means

    def hold(self, slot: int, means: Mapping[str, float | None], week: Week | None) -> None:
        """Take the means that telegrams come to of a slot that is over."""
        self.release(week)
        self._held = dict(means)
        if self._latest is None or slot - self._latest > 1:
            # Nothing better is to be expected.
            self.release(week)

    def release(self, week: Week | None) -> None:
        """Give the week what was held back for it."""
        held, self._held = self._held, {}
        for phase, mean in held.items():
            if week is not None:
                week.add(phase, mean)

    def apply(self, history: VoltageHistory, voltages: Mapping[str, RunningVoltage], running: int) -> bool:
        """Put what is measured of slots that are over in its place; tell whether there was any."""
        over = {slot: means for slot, means in self._waiting.items() if slot < running}
        self._waiting = {slot: means for slot, means in self._waiting.items() if slot >= running}
        for slot, means in over.items():
            for phase, voltage in voltages.items():
                if (mean := means.get(phase)) is None:
                    continue
                history.set_mean(slot * SLOT_MINUTES, phase, mean)
                if slot == running - 1:
                    voltage.mean = mean
                    if phase in self._held:
                        self._held[phase] = mean
            self._latest = slot
        return bool(over)
