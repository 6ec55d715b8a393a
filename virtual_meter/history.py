"""Live fast through past hours, for whoever needs their statistics."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from .clock import epoch
from .grid import kilowatts
from .meter import VirtualMeter
from .truth import Truth

_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Spread:
    """How power was spread over an hour, in kW."""

    mean: Decimal
    minimum: Decimal
    maximum: Decimal


@dataclass(frozen=True, slots=True)
class HourOfHistory:
    """One clock hour: its start (UTC), the registers at its end, and the power within it."""

    start: datetime
    truth: Truth
    power_import: Spread
    power_export: Spread


def _spread(samples: list[int]) -> Spread:
    return Spread(kilowatts(sum(samples) // len(samples)), kilowatts(min(samples)), kilowatts(max(samples)))


def _nobody(_: VirtualMeter) -> None:
    """Look at nothing."""


def hourly_history(
    meter: VirtualMeter, until: datetime, step: int = 60, look: Callable[[VirtualMeter], None] = _nobody
) -> Iterator[HourOfHistory]:
    """Advance `meter` to `until` in steps of so many seconds, and yield every complete clock hour on the way.

    The meter ends exactly at `until` (aware) once the last hour has been taken, and can go on living from there.
    A first hour that the meter only knows in part is passed over. `step` must divide an hour, or ValueError.
    `look` is shown the meter after each step of the complete hours, and of what comes after them.
    """
    if step < 1 or _HOUR % step:
        msg = f"an hour cannot be cut in steps of {step} s"
        raise ValueError(msg)
    end = epoch(until)
    now = epoch(meter.time)
    meter.advance(max(0, min(-now % _HOUR, end - now)), step)
    while (now := epoch(meter.time)) + _HOUR <= end:
        samples = []
        for _ in range(_HOUR // step):
            meter.advance(step, step)
            look(meter)
            samples.append(meter.net_milliwatts)
        yield HourOfHistory(
            start=meter.time - timedelta(seconds=_HOUR),
            truth=meter.truth,
            power_import=_spread([max(0, sample) for sample in samples]),
            power_export=_spread([max(0, -sample) for sample in samples]),
        )
    while now < end:
        passed = min(step, end - now)
        meter.advance(passed, step)
        look(meter)
        now += passed
