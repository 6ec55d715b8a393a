"""Short ways to read exports in tests."""

from collections.abc import Iterable
from pathlib import Path

from custom_components.emucs.exports import (
    CounterKey,
    ExportUnit,
    FlowDirection,
    Known,
    LiveMeter,
    Match,
    match,
    read_export,
)
from custom_components.emucs.exports.intervals import Readings
from custom_components.emucs.insight.mbus import Medium
from tests.exports.exports import EAN, GAS_METER, METER

HERE = (LiveMeter(METER, Medium.ELECTRICITY, METER), LiveMeter(GAS_METER, Medium.GAS, GAS_METER))
IMPORT, EXPORT = (CounterKey(ExportUnit.ENERGY, direction) for direction in FlowDirection)
IMPORT_DAY, IMPORT_NIGHT = (CounterKey(ExportUnit.ENERGY, FlowDirection.IMPORT, tariff) for tariff in (1, 2))
GAS = CounterKey(ExportUnit.VOLUME, FlowDirection.IMPORT)


def read(folder: Path, content: bytes, name: str = "export.csv") -> Readings:
    """Read a file."""
    path = folder / name
    path.write_bytes(content)
    return read_export(path)


def matches(readings: Readings, live: Iterable[LiveMeter] = HERE) -> list[Match]:
    """Return what belongs to the meters of the house."""
    return match(readings, live, {})[0]


def known(folder: Path, content: bytes, counter: CounterKey = IMPORT, name: str = "export.csv") -> Known:
    """Read a file, and return what it says of a counter."""
    [found] = [each for each in matches(read(folder, content, name)) if counter in each.counters]
    return found.counters[counter]


def thousandths(hours: dict[int, int]) -> dict[int, int]:
    """Return values in Wh or litres."""
    assert all(value % 1000 == 0 for value in hours.values())
    return {hour: value // 1000 for hour, value in hours.items()}


__all__ = [
    "EAN",
    "EXPORT",
    "GAS",
    "HERE",
    "IMPORT",
    "IMPORT_DAY",
    "IMPORT_NIGHT",
    "known",
    "matches",
    "read",
    "thousandths",
]
