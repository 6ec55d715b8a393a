"""Counters that the electricity meter reads over M-Bus, mostly every five minutes."""

from random import Random

CAPTURE_PERIOD = 300
_WHOLE = 1000


class Channel:
    """A counter in millilitres or joules, and what was last captured from it in thousandths of m³ or GJ."""

    def __init__(
        self, rng: Random, start: int, amount: float, *, period: int = CAPTURE_PERIOD, thousandth: int = _WHOLE
    ) -> None:
        """Begin with about this amount of m³ or GJ, and with a second of its own within every five minutes.

        `thousandth` is how much of what is counted makes a thousandth of what is shown.
        """
        self._period = period
        # Hourly readings are those of the full hour.
        self._offset = rng.randrange(1, CAPTURE_PERIOD) if period == CAPTURE_PERIOD else 0
        self._thousandth = thousandth
        self.volume = int(amount * rng.uniform(0.7, 1.3) * thousandth * _WHOLE)
        self.captured_volume = self.volume
        self.captured_at = start - (start - self._offset) % period

    @property
    def captured_thousandths(self) -> int:
        """Return what was captured, as printed with three decimals."""
        return self.captured_volume // self._thousandth

    @property
    def next_capture(self) -> int:
        """Return when the meter will be read next."""
        return self.captured_at + self._period

    def capture(self) -> None:
        """Read the meter: it is time."""
        self.captured_at = self.next_capture
        self.captured_volume = self.volume
