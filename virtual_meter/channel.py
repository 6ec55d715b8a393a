"""Gas and water meters that the electricity meter reads every five minutes over M-Bus."""

from random import Random

CAPTURE_PERIOD = 300


class Channel:
    """A meter that counts in millilitres, and what was last captured from it."""

    def __init__(self, rng: Random, start: int, cubic_metres: float) -> None:
        """Begin with about this volume, and with a second of its own within every five minutes."""
        self._offset = rng.randrange(1, CAPTURE_PERIOD)
        self.volume = int(cubic_metres * rng.uniform(0.7, 1.3) * 1_000_000)
        self.captured_volume = self.volume
        self.captured_at = start - (start - self._offset) % CAPTURE_PERIOD

    @property
    def next_capture(self) -> int:
        """Return when the meter will be read next."""
        return self.captured_at + CAPTURE_PERIOD

    def capture(self) -> None:
        """Read the meter: it is time."""
        self.captured_at = self.next_capture
        self.captured_volume = self.volume
