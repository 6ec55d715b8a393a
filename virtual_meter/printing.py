"""How numbers, times and identifiers are printed, in most dialects."""

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Final, NamedTuple

from .clock import epoch, stamp
from .grid import Phase
from .identity import Identity
from .profiles import Profile
from .truth import Capture, Measured, Truth

UNSET: Final = "(632525252525W)(00000.000)"
"""An M-Bus meter that was never read: a date of octets that were never written, and no unit."""
_NORMAL_TIME: Final = timezone(timedelta(hours=1))


class Source(NamedTuple):
    """All that a telegram is printed from."""

    profile: Profile
    identity: Identity
    truth: Truth
    variants: frozenset[str] = frozenset()

    @property
    def total(self) -> Measured:
        """What a four-quadrant meter measures, all phases together."""
        assert self.truth.total is not None  # noqa: S101  all profiles that print it count it
        return self.truth.total


def hexadecimal(text: str) -> str:
    """Return each character as two hexadecimal digits."""
    return text.encode("ascii").hex().upper()


def flagged(when: datetime) -> str:
    """Return Belgian local time with S in summer and W in winter."""
    return stamp(epoch(when))


def flagless(when: datetime) -> str:
    """Return Belgian local time, without saying which of two equal hours it is."""
    return flagged(when)[:-1]


def normal_time(when: datetime) -> str:
    """Return winter time, all the year."""
    return f"{when.astimezone(_NORMAL_TIME):%y%m%d%H%M%S}W"


def energy(code: str, value: Decimal, unit: str = "kWh") -> str:
    """Return a counter, F9(3,3)."""
    return f"1-0:{code}({value:010.3f}*{unit})"


def power(code: str, value: Decimal, unit: str = "kW") -> str:
    """Return power, F5(3,3)."""
    return f"1-0:{code}({value:06.3f}*{unit})"


def tariffs(truth: Truth) -> Iterator[str]:
    """Yield the counters of each tariff, then the tariff that counts."""
    for tariff, value in sorted(truth.imported.items()):
        yield energy(f"1.8.{tariff}", value)
    for tariff, value in sorted(truth.exported.items()):
        yield energy(f"2.8.{tariff}", value)
    yield f"0-0:96.14.0({truth.tariff:04d})"


def numbered(truth: Truth) -> list[tuple[int, Phase]]:
    """Return what each phase adds to value group C, and the phase."""
    return list(zip((20, 40, 60), truth.phases, strict=False))


def totals(truth: Truth) -> Iterator[str]:
    """Yield the power of all phases together."""
    yield power("1.7.0", truth.power_import)
    yield power("2.7.0", truth.power_export)


def phase_powers(truth: Truth) -> Iterator[str]:
    """Yield the power of each phase."""
    for group, phase in numbered(truth):
        yield power(f"{group + 1}.7.0", phase.power_import)
    for group, phase in numbered(truth):
        yield power(f"{group + 2}.7.0", phase.power_export)


def voltages(truth: Truth) -> Iterator[str]:
    """Yield the voltage of each phase, F4(1,1)."""
    for group, phase in numbered(truth):
        yield f"1-0:{group + 12}.7.0({phase.voltage:05.1f}*V)"


def currents(truth: Truth, width: str = "06.2f") -> Iterator[str]:
    """Yield the current of each phase."""
    for group, phase in numbered(truth):
        yield f"1-0:{group + 11}.7.0({phase.current:{width}}*A)"


def reading(capture: Capture | None, unit: str = "m3") -> str:
    """Return an M-Bus reading behind its time."""
    return UNSET if capture is None else f"({flagged(capture.time)})({capture.value:09.3f}*{unit})"


def ways(value: Decimal) -> tuple[Decimal, Decimal]:
    """Return what is above zero, and what is below it."""
    return max(value, Decimal()), max(-value, Decimal())
