"""The user port of Sagemcom T210-D-r in Austria, once it is decrypted: integers in Wh, W, varh and var."""

from collections.abc import Iterator
from decimal import Decimal

from ..printing import Source, flagged, ways


def lines(source: Source) -> Iterator[str]:
    """Yield the registers: totals, and the active energy of two tariffs."""
    truth, total = source.truth, source.total
    inductive, capacitive = ways(total.reactive)
    yield "1-3:0.2.8(50)"
    yield f"0-0:1.0.0({flagged(truth.time)})"
    yield _integer("1.8.0", total.energy_import, "Wh")
    yield from (_integer(f"1.8.{tariff}", value, "Wh") for tariff, value in truth.imported.items())
    yield _integer("1.7.0", truth.power_import, "W")
    yield _integer("2.8.0", total.energy_export, "Wh")
    yield from (_integer(f"2.8.{tariff}", value, "Wh") for tariff, value in truth.exported.items())
    yield _integer("2.7.0", truth.power_export, "W")
    yield _integer("3.8.0", total.reactive_import, "varh")
    yield _integer("3.7.0", inductive, "var")
    yield _integer("4.8.0", total.reactive_export, "varh")
    yield _integer("4.7.0", capacitive, "var")


def _integer(code: str, thousands: Decimal, unit: str) -> str:
    return f"1-0:{code}({int(thousands * 1000):09d}*{unit})"
