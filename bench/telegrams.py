"""The telegrams that all are measured with: made by the virtual meter, never the same twice."""

from datetime import UTC, datetime, timedelta
from typing import Final

from virtual_meter import VirtualMeter

_EVENING: Final = datetime(2026, 1, 14, 17, 7, tzinfo=UTC)
_APART: Final = timedelta(hours=13, minutes=17, seconds=29)
_METERS_A_YEAR: Final = 600


def stream(count: int, profile: str, history_months: int) -> list[bytes]:
    """Return the telegrams of one meter in a household with a heat pump, a car and solar panels, second by second."""
    meter = VirtualMeter(profile, start=_EVENING, history_months=history_months)
    telegrams = []
    for _ in range(count):
        meter.advance(1)
        telegrams.append(meter.telegram())
    return telegrams


def strangers(count: int, profile: str, history_months: int) -> list[bytes]:
    """Return a telegram each of so many meters, at times all over a year."""
    return [
        VirtualMeter(
            profile,
            seed=seed,
            start=_EVENING + _APART * (seed % _METERS_A_YEAR),
            history_months=history_months,
        ).telegram()
        for seed in range(count)
    ]
