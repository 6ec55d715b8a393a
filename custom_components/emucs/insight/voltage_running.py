"""The running voltage of a phase: its minute, its five minutes, and the mean of the ten minutes before now."""

from collections import deque
from collections.abc import Mapping
from math import sqrt
from typing import Any, Final

from ..port import Register
from .voltage_history import GRAIN, KNOWN_SHARE, OF_230_V, VOLT, VoltageBand, VoltageGrain, mean_of

MINUTE: Final = 60
SLOT_MINUTES: Final = 10
_SLOT: Final = SLOT_MINUTES * MINUTE
GRAIN_MINUTES: Final = GRAIN // MINUTE

# IEC 61000-4-30 calls less than a tenth of the nominal voltage an interruption, which is no variation of it.
_INTERRUPTED: Final = 0.1
# No phase of a home can have more: with a lost neutral it is 1.73 times the nominal voltage.
_HIGHEST: Final = 2.0
# A mean that was outside is inside again once it is so by this share of the nominal voltage: half a volt.
_RELEASE: Final = 0.002

# A voltage is taken to hold for as long as telegrams are apart, and for no longer than this (an assumption).
_LONGEST_PERIOD: Final = 60
_IRREGULAR: Final = 1.5
_GAPS: Final = 9
_LARGEST: Final = round(OF_230_V.nominal * _HIGHEST * VOLT)


class Coverage:
    """For how long a telegram stands: until the next one, or for a usual period where some are missing.

    The usual period is the median of the latest gaps, by the meter's own clock.
    """

    def __init__(self, gaps: list[int] | None = None) -> None:
        """Start with the latest gaps in seconds."""
        self._gaps = deque(gaps or (), maxlen=_GAPS)
        self._period = self._median()

    def _median(self) -> int:
        """Return the usual period, 0 where none is known."""
        return sorted(self._gaps)[(len(self._gaps) - 1) // 2] if self._gaps else 0

    def of(self, gap: int) -> int:
        """Return how many seconds of a gap the telegram before it stands for."""
        if gap > _LONGEST_PERIOD:
            return self._period
        self._gaps.append(gap)
        if gap != self._period:
            self._period = self._median()
        return gap if gap <= self._period * _IRREGULAR else self._period

    def save(self) -> list[int]:
        """Return the latest gaps."""
        return list(self._gaps)


class Tally:
    """What is seen of a phase so far, in a minute or a grain; voltages in tenths of a volt."""

    __slots__ = VoltageGrain._fields

    def __init__(self, *grain: int) -> None:
        """Start with nothing, or with what was seen before."""
        fields = VoltageGrain(*map(int, grain)) if grain else VoltageGrain(0, 0, 0, 0, 0, 0)
        seconds, squares, _, maximum, above, below = fields
        most = fields.seconds * fields.maximum**2
        if min(fields) < 0 or max(seconds, above, below) > GRAIN or maximum > _LARGEST or squares > most:
            raise ValueError(fields)
        self.seconds, self.squares, self.minimum, self.maximum, self.above, self.below = fields

    @property
    def grain(self) -> VoltageGrain:
        """Return what was seen."""
        return VoltageGrain(self.seconds, self.squares, self.minimum, self.maximum, self.above, self.below)

    def merge(self, minute: Tally) -> None:
        """Add a minute of which something was seen; `squares` is in V²s here, as in grains."""
        self.minimum = min(self.minimum, minute.minimum) if self.seconds else minute.minimum
        self.maximum = max(self.maximum, minute.maximum)
        self.seconds += minute.seconds
        self.squares += round(minute.squares / VOLT**2)
        self.above += minute.above
        self.below += minute.below


class RunningVoltage:
    """The running voltage of a phase. Minutes are numbered since 1970."""

    def __init__(self, band: VoltageBand) -> None:
        """Start with nothing seen."""
        self.band = band
        self.low, self.high = band.low * VOLT, band.high * VOLT
        self.printed: int | None = None
        """What the latest telegram prints in tenths of a volt, 0 among them; None where that can be no voltage."""
        self.volts: int | None = None
        """The same, None also while the phase is interrupted."""
        self.is_outside = False
        """Whether `printed` is above or below the band."""
        self.problem: bool | None = None
        """Whether the mean of ten minutes is outside the band, or will be when the slot ends; None if not known."""
        self.mean: float | None = None
        """Of the latest slot that is over, in V; None where too little of it was seen."""
        self.minute = Tally()  # its `squares` in the square of tenths of a volt, exact
        self._grain = Tally()
        self._minutes: deque[tuple[int, int, int]] = deque(maxlen=SLOT_MINUTES)  # number, seconds, squares
        self._register: Register | None = None

    def read(self, register: Register | None) -> None:
        """Take the register of a telegram; one that did not change is the same object."""
        if register is self._register:
            return
        self._register = register
        number = None if register is None else register.number_in("V")
        # Tenths as integers add up exactly in any order; a float has far more digits than a voltage.
        self._take(None if number is None else round(float(number) * VOLT))

    def _take(self, volts: int | None) -> None:
        """Take what a telegram prints, in tenths of a volt."""
        nominal = self.band.nominal * VOLT
        self.printed = volts if volts is not None and 0 <= volts <= nominal * _HIGHEST else None
        self.volts = None if self.printed is None or self.printed < nominal * _INTERRUPTED else self.printed
        self.is_outside = self.printed is not None and not self.low <= self.printed <= self.high

    def forget(self) -> None:
        """Know no voltage until the next telegram."""
        self._register = self.printed = self.volts = None
        self.is_outside = False

    def count(self, seconds: int) -> None:
        """Add the voltage of now, which holds for some seconds."""
        if (volts := self.volts) is None:
            return
        minute = self.minute
        if volts < minute.minimum or not minute.seconds:
            minute.minimum = volts
        if volts > minute.maximum:  # noqa: PLR1730 -- no calls where each second passes
            minute.maximum = volts
        minute.seconds += seconds
        minute.squares += volts * volts * seconds
        if self.is_outside:
            if volts > self.high:
                minute.above += seconds
            else:
                minute.below += seconds

    def end_minute(self, number: int, now: int) -> None:
        """End a minute; `now` is the number of the one that runs after it, which may be a later one."""
        minute, self.minute = self.minute, Tally()
        if minute.seconds:
            self._minutes.append((number, minute.seconds, round(minute.squares / VOLT**2)))
            self._grain.merge(minute)
        self._judge(now)

    def end_grain(self) -> VoltageGrain | None:
        """Return what was seen in five minutes that are over; None if nothing was."""
        grain, self._grain = self._grain.grain, Tally()
        return grain if grain.seconds else None

    def end_slot(self, number: int, now: int) -> float | None:
        """Return the mean of the slot that a minute is in, and keep it if it is the latest that is over."""
        slot = number // SLOT_MINUTES
        mean = self._known_mean(slot * SLOT_MINUTES)
        self.mean = mean if now // SLOT_MINUTES == slot + 1 else None
        return mean

    def _sums(self, first: int) -> tuple[int, int]:
        """Return seconds and squares of ten minutes."""
        parts = [part for part in self._minutes if first <= part[0] < first + SLOT_MINUTES]
        return sum(part[1] for part in parts), sum(part[2] for part in parts)

    def _known_mean(self, first: int) -> float | None:
        """Return the mean of ten minutes in V; None where too little of them was seen."""
        seconds, squares = self._sums(first)
        return mean_of(seconds, squares) if seconds >= KNOWN_SHARE * _SLOT else None

    def _judge(self, now: int) -> None:
        """See whether the mean of the ten minutes before now is outside the band, or that of the slot will be."""
        band, mean = self.band, self._known_mean(now - SLOT_MINUTES)
        margin = band.nominal * _RELEASE
        if self._is_early(now) or (mean is not None and not band.low <= mean <= band.high):
            self.problem = True
        elif mean is None:
            self.problem = None
        elif band.low + margin <= mean <= band.high - margin or self.problem is None:
            self.problem = False

    def _is_early(self, now: int) -> bool:
        """Tell whether the slot ends outside even with the nominal voltage from now on."""
        slot = now // SLOT_MINUTES * SLOT_MINUTES
        elapsed = (now - slot) * MINUTE
        seconds, squares = self._sums(slot)
        if not seconds or seconds < KNOWN_SHARE * elapsed:
            return False
        band = self.band
        so_far = mean_of(seconds, squares) ** 2 * elapsed
        mean = sqrt((so_far + band.nominal**2 * (_SLOT - elapsed)) / _SLOT)
        return not band.low <= mean <= band.high

    def save(self) -> dict[str, Any]:
        """Return what a restart needs, in types of JSON."""
        return {
            "minute": list(self.minute.grain),
            "grain": list(self._grain.grain),
            "minutes": [list(part) for part in self._minutes],
            "printed": self.printed,
            "mean": self.mean,
            "problem": self.problem,
        }

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Take what was saved."""
        self.minute, self._grain = Tally(*saved["minute"]), Tally(*saved["grain"])
        parts = [(int(number), int(seconds), int(squares)) for number, seconds, squares in saved["minutes"]]
        self._minutes.extend(parts)
        self._take(None if saved["printed"] is None else int(saved["printed"]))
        self.mean = None if saved["mean"] is None else float(saved["mean"])
        self.problem = None if saved["problem"] is None else bool(saved["problem"])
