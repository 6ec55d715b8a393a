"""Several households in one street, whose meters keep one time, and what all of them together came to."""

from datetime import UTC, datetime
from random import Random
from typing import Any, Final, override

from .clock import epoch
from .meter import VirtualMeter
from .sums import Sums

_HOUR: Final = 3600
# How likely a household of a street has each of these; assumptions, for a street in which each way of living occurs.
_SHARES: Final = {"pv": 0.5, "ev": 0.4, "heat_pump": 0.35}
# From families that get up early to those that do so late, in seconds.
_EARLIEST: Final = -2 * _HOUR
_LATEST: Final = 3 * _HOUR


class NeighbourMeter(VirtualMeter):
    """The meter of one household of a street, which has each step counted there."""

    _sums: Sums | None = None
    _number = 0

    def join(self, sums: Sums, number: int) -> None:
        """Have each step from now on counted, as those of the household of this number."""
        self._sums, self._number = sums, number

    @override
    def _live(self, t: int, passed: int) -> None:
        super()._live(t, passed)
        if self._sums is not None:
            self._sums.count(self._number, t, self.net_milliwatts)


class Neighbourhood:
    """Households of different families, whose meters begin at the same time.

    Whoever makes their time pass, all at once by `advance` or each by a server of its own: `sums` has the truth of
    every quarter-hour that all of them have reached the end of.
    """

    def __init__(self, count: int, seed: int = 1, start: datetime | None = None, **options: Any) -> None:
        """Build so many households, the first of which has this seed, and the next ones those after it.

        `options` are those of every `VirtualMeter`. What is False there, no household has; what is not, some have.
        ValueError for less than one household, and for what a meter refuses.
        """
        if count < 1:
            msg = f"a street of {count} households is none"
            raise ValueError(msg)
        began = start or datetime.now(UTC)
        self.meters = tuple(_neighbour(number, seed, began, options) for number in range(seed, seed + count))
        self.sums = Sums([meter.meter_id for meter in self.meters], epoch(began))
        for number, meter in enumerate(self.meters):
            meter.join(self.sums, number)

    @property
    def time(self) -> datetime:
        """The time of the meters, aware, in UTC; where servers make it pass, that of the slowest."""
        return min(meter.time for meter in self.meters)

    def advance(self, seconds: int, step: int = 1) -> None:
        """Let `seconds` pass everywhere, with power the same for `step` seconds at a time."""
        while seconds > 0:
            passed = min(step, seconds)
            for meter in self.meters:
                meter.advance(passed, passed)
            seconds -= passed


def _neighbour(seed: int, sky: int, start: datetime, options: dict[str, Any]) -> NeighbourMeter:
    """Build the household of this seed."""
    rng = Random(f"{seed}/neighbour")
    has = {name: rng.random() < share and options.get(name, True) for name, share in _SHARES.items()}
    later = rng.randrange(_EARLIEST, _LATEST)
    return NeighbourMeter(seed=seed, start=start, **{**options, **has, "later": later, "sky": sky})
