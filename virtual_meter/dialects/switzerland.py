"""The user port of Sagemcom XT211 at Groupe E in Switzerland: totals, two tariffs, and power with a sign."""

from collections.abc import Iterator

from ..printing import Source, energy, flagged


def lines(source: Source) -> Iterator[str]:
    """Yield the registers. How many digits they have is an assumption."""
    truth, total = source.truth, source.total
    yield "1-3:0.2.8(50)"
    yield f"0-0:1.0.0({flagged(truth.time)})"
    yield energy("1.8.0", total.energy_import)
    yield from (energy(f"1.8.{tariff}", value) for tariff, value in truth.imported.items())
    yield energy("2.8.0", total.energy_export)
    yield from (energy(f"2.8.{tariff}", value) for tariff, value in truth.exported.items())
    yield f"1-0:16.7.0({truth.power_import - truth.power_export:07.3f}*kW)"
