"""The user port of E.ON Hungary: quadrants, power factors, and a list of what the last month closed with."""

from collections.abc import Iterator
from decimal import Decimal

from ..printing import (
    Source,
    currents,
    energy,
    flagged,
    hexadecimal,
    numbered,
    phase_powers,
    power,
    totals,
    voltages,
)

_TARIFFS = range(1, 5)


def lines(source: Source) -> Iterator[str]:
    """Yield the registers."""
    truth, total, identity = source.truth, source.total, source.identity
    yield f"0-0:1.0.0({flagged(truth.time)})"
    yield f"0-0:42.0.0({hexadecimal(identity.meter_id)})"
    yield f"0-0:96.1.0({hexadecimal(identity.meter_id[-8:])})"
    yield f"0-0:96.14.0({truth.tariff:04d})"
    yield "0-0:96.50.68(ON)"
    yield "0-0:17.0.0(90.000*kW)"
    for way, whole, counters in (
        (1, total.energy_import, truth.imported),
        (2, total.energy_export, truth.exported),
    ):
        yield energy(f"{way}.8.0", whole)
        yield from (energy(f"{way}.8.{tariff}", counters.get(tariff, Decimal())) for tariff in _TARIFFS)
    yield energy("3.8.0", total.reactive_import, "kvarh")
    yield energy("4.8.0", total.reactive_export, "kvarh")
    for quadrant, value in enumerate(total.quadrants, 1):
        yield energy(f"{quadrant + 4}.8.0", value, "kvarh")
    yield energy("15.8.0", total.energy_import + total.energy_export)
    yield from voltages(truth)
    yield from currents(truth, "03.0f")
    yield f"1-0:13.7.0({total.power_factor:05.3f})"
    yield from (
        f"1-0:{group + 13}.7.0({_factor(phase.power_import + phase.power_export, phase.reactive):05.3f})"
        for group, phase in numbered(truth)
    )
    yield f"1-0:14.7.0({truth.frequency:05.2f}*Hz)"
    yield from totals(truth)
    yield from phase_powers(truth)
    for quadrant in range(1, 5):
        flowing = abs(total.reactive) if total.quadrant == quadrant else Decimal()
        yield power(f"{quadrant + 4}.7.0", flowing, "kvar")
    yield from (f"1-0:{group + 11}.4.0(200*A)" for group, _ in numbered(truth))
    yield f"0-0:98.1.0({flagged(truth.history[-1].end) if truth.history else ''})(000663.924*kWh)(12.212*kW)"
    yield "0-0:96.13.0()"


def _factor(active: Decimal, reactive: Decimal) -> Decimal:
    apparent = (active * active + reactive * reactive).sqrt()
    return active / apparent if apparent else Decimal(1)
