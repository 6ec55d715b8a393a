"""The rows of all entities: each module but `rows` is a subject, with its rows on all platforms.

A subject has `ROWS`, which any meter may have, or `rows_of(meter, listed)`, which depend on what the meter has printed,
or both. With `SERVICE`, its rows belong to that service of the meter (`devices.SERVICES`). It is for
meters alone unless it has `KINDS`, the kinds of entries that it is for.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Final

from ..coordinator import MeterCoordinator
from ..kinds import EntryKind, kind_of
from .rows import Row, SensorRow

_SUBJECTS: Final = [
    import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__) if module.name != "rows"
]


def _of_service(subject: ModuleType, rows: Iterable[Row]) -> Iterable[Row]:
    """Return the rows of a subject, on its service if it has one."""
    service: str | None = getattr(subject, "SERVICE", None)
    return rows if service is None else (replace(row, service=service) for row in rows)


_OF_SUBJECTS: Final[Mapping[ModuleType, tuple[Row, ...]]] = {
    subject: tuple(_of_service(subject, getattr(subject, "ROWS", ()))) for subject in _SUBJECTS
}
ROWS: Final[tuple[Row, ...]] = tuple(row for rows in _OF_SUBJECTS.values() for row in rows)
LISTED: Final[Mapping[str, str | None]] = {
    code: row.register_unit for row in ROWS if isinstance(row, SensorRow) for code in row.codes
}
"""OBIS codes that have a row, with the unit that the row shows."""
_METERS: Final = (EntryKind.METER,)


def rows_of[RowT: Row](meter: MeterCoordinator, kind: type[RowT]) -> Iterator[RowT]:
    """Yield the rows of a kind that a meter, or what else the entry stands for, may have."""
    of = kind_of(meter.config_entry)
    for subject in _SUBJECTS:
        if of not in getattr(subject, "KINDS", _METERS):
            continue
        yield from (row for row in _OF_SUBJECTS[subject] if isinstance(row, kind))
        if (more := getattr(subject, "rows_of", None)) is not None:
            yield from (row for row in _of_service(subject, more(meter, LISTED)) if isinstance(row, kind))
