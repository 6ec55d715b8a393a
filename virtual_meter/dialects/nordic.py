"""The user ports of Sweden and Finland: no tariffs, no identifier, winter time all the year (SE H1 2.0)."""

from collections.abc import Iterator
from decimal import Decimal

from ..printing import Source, normal_time, numbered, voltages, ways


def swedish_lines(source: Source) -> Iterator[str]:
    """Yield the registers as Swedish meters print them."""
    return _lines(source, "kvar")


def finnish_lines(source: Source) -> Iterator[str]:
    """Yield the registers as Aidon meters print them.

    That they print the time of Sweden is an assumption: which time it is cannot be told from a telegram.
    """
    return _lines(source, "kVAr")


def _lines(source: Source, unit: str) -> Iterator[str]:
    truth, total = source.truth, source.total
    yield f"0-0:1.0.0({normal_time(truth.time)})"
    yield f"1-0:1.8.0({total.energy_import:012.3f}*kWh)"
    yield f"1-0:2.8.0({total.energy_export:012.3f}*kWh)"
    yield f"1-0:3.8.0({total.reactive_import:012.3f}*{unit}h)"
    yield f"1-0:4.8.0({total.reactive_export:012.3f}*{unit}h)"
    yield _power(1, truth.power_import)
    yield _power(2, truth.power_export)
    inductive, capacitive = ways(total.reactive)
    yield _power(3, inductive, unit)
    yield _power(4, capacitive, unit)
    for group, phase in numbered(truth):
        yield _power(group + 1, phase.power_import)
    for group, phase in numbered(truth):
        yield _power(group + 2, phase.power_export)
    for way in (0, 1):
        for group, phase in numbered(truth):
            yield _power(group + 3 + way, ways(phase.reactive)[way], unit)
    yield from voltages(truth)
    for group, phase in numbered(truth):
        yield f"1-0:{group + 11}.7.0({phase.current:05.1f}*A)"


def _power(group: int, value: Decimal, unit: str = "kW") -> str:
    return f"1-0:{group}.7.0({value:08.3f}*{unit})"
