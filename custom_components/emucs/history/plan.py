"""Plans an import: whose an export is, and what it would change in the statistics. Writes nothing."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Final

from ..coordinator import MeterCoordinator
from ..exports import (
    GONE,
    MICRO,
    Changes,
    CounterKey,
    Existing,
    ExportError,
    ExportUnit,
    Known,
    Layer,
    Ledger,
    LiveMeter,
    Location,
    Match,
    Readings,
    Side,
    StatisticsChangedError,
    Summary,
    before_connection_of,
    changes,
    first_live,
    match,
    read_export,
    recovered,
    still_there,
    summary_of,
)
from ..insight.mbus import Medium
from ..port import obis

_EAN_LENGTH: Final = 18
_MEDIA: Final = (Medium.GAS, Medium.WATER)
_TINY: Final = 1e-6
# Imports found only in the database are identified by their entry and their first hour.
_FOUND: Final = "found"


@dataclass(frozen=True, slots=True)
class Series:
    """The statistics of an entity: id, quantity, and current counter reading."""

    statistic_id: str
    unit: ExportUnit
    shown_unit: str
    state: float | None = None
    """Current reading, in the unit that is shown."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the database has of a series; its metadata id is GONE if there is nothing."""

    metadata_id: int
    existing: Existing


@dataclass(frozen=True, slots=True)
class Export:
    """What an export has of the meters of an entry."""

    files: tuple[str, ...]
    rows: int
    matches: tuple[Match, ...]
    others: tuple[str, ...]
    """EANs and numbers of other meters."""
    ignored: Mapping[str, int]
    unknown_states: tuple[str, ...]
    uncertain_hours: int

    @property
    def certain(self) -> bool:
        """Tell whether the export itself identifies these meters."""
        return all(each.certain for each in self.matches)

    def require_certain(self) -> None:
        """Raise ExportError if nothing in the export identifies these meters."""
        if not self.certain:
            raise ExportError("unconfirmed", file=self.files[0])


@dataclass(frozen=True, slots=True)
class Peaks:
    """Month peaks of an export: new ones, and those that differ from known ones."""

    new: Mapping[str, int] = field(default_factory=dict)
    """In millionths of kW, by the first day of the month."""
    different: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """In kW: that of the export, and the known one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to import: the export, and the state of the entities that it is for."""

    export: Export
    layer: Layer
    """The import, so far only with what identifies it."""
    wanted: Mapping[str, tuple[Series, Known]]
    """By the unique id of an entity."""
    series: Mapping[str, Series]
    """Of all entities of the entry that could have history, by unique id."""
    left_out: tuple[str, ...]
    peaks: Peaks
    timing: Mapping[ExportUnit, float]
    """Share of an hour by which live values may be late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an import would do."""

    ledger: Ledger
    """All earlier imports."""
    layer: Layer
    """The import, without the locations that it gets when written."""
    changes: Mapping[str, tuple[Series, Found, Changes]]
    """By the unique id of an entity."""
    summaries: Mapping[str, Summary]
    """By entity id."""
    units: Mapping[str, str]
    left_out: tuple[str, ...]
    """Counters without an enabled entity, and entities that were never read."""
    peaks: Peaks

    @property
    def is_new(self) -> bool:
        """Tell whether there is anything to write."""
        return bool(self.peaks.new) or any(changed for _, _, changed in self.changes.values())


def live_meters(coordinator: MeterCoordinator) -> list[LiveMeter]:
    """Return the meters of an entry that exports can name; ExportError before the first telegram."""
    if coordinator.data is None:
        raise ExportError("not_read")
    telegram = coordinator.telegram
    registers = telegram.registers

    def ean(code: str) -> str | None:
        """Return the EAN in a register."""
        register = registers.get(code)
        text = "" if register is None or register.value is None else str(register.value)
        return text if len(text) == _EAN_LENGTH and text.isdecimal() else None

    meters = [LiveMeter(coordinator.identifier, Medium.ELECTRICITY, telegram.meter_id, ean(obis.EAN))]
    for identifier, meter in coordinator.insights.mbus.items():
        if meter.medium in _MEDIA:
            channels = (number for number, channel in telegram.channels.items() if channel.id == meter.channel.id)
            number = next(channels, 0)
            meters.append(LiveMeter(identifier, meter.medium, meter.channel.id, ean(f"0-{number}:96.1.2")))
    return meters


def read_for(
    source: AbstractContextManager[Path],
    live: list[LiveMeter],
    eans: Mapping[str, str],
    progress: Callable[[float], None] | None,
) -> Export:
    """Read an export, and find whose it is; `progress` is called with the share done. Blocks."""
    with source as path:
        readings = _readings(path, progress)
    matches, others = match(readings, live, eans)
    return Export(
        tuple(readings.files),
        readings.rows,
        tuple(matches),
        tuple(others),
        dict(readings.ignored),
        tuple(sorted(readings.unknown_states)),
        sum(stream.uncertain for stream in readings.streams.values()),
    )


def _readings(path: Path, progress: Callable[[float], None] | None) -> Readings:
    """Read a file."""
    done = 0
    size = path.stat().st_size if path.exists() else 0

    def count(read: int) -> None:
        """Count the bytes read; unpacked they are more than the size of the file."""
        nonlocal done
        done += read
        if progress is not None and size:
            progress(min(1.0, done / size))

    return read_export(path, progress=count)


def key(medium: Medium, counter: CounterKey) -> str:
    """Return the key of the entity of a counter."""
    base = f"energy_{counter.direction}" if medium is Medium.ELECTRICITY else str(medium)
    return f"{base}_tariff_{counter.tariff}" if counter.tariff else base


def peaks_for(matches: tuple[Match, ...], known: Mapping[date, float], current: date | None) -> Peaks:
    """Return the month peaks before the current month that are new, and those that differ from known ones."""
    new: dict[str, int] = {}
    different: dict[str, tuple[float, float]] = {}
    for each in matches:
        for month, peak in each.peaks.items():
            begin = date.fromisoformat(month)
            if (own := known.get(begin)) is None:
                if current is None or begin < current:
                    new[month] = peak.value
            elif abs(own - peak.value / MICRO) > _TINY:
                different[month] = peak.value / MICRO, own
    return Peaks(new, different)


def with_recovered(ledger: Ledger, layer: Layer, found: Mapping[str, tuple[Series, Found]]) -> Ledger:
    """Return the ledger with imported rows that it does not know, as one import before all others.

    `layer` tells the entry; `found` has the counters with such rows, by unique id.
    """
    counters: dict[str, Known] = {}
    locations: dict[str, Location] = {}
    for target, (series, there) in found.items():
        if known := recovered(there.existing):
            counters[target] = known
            locations[target] = Location(series.statistic_id, there.metadata_id, series.unit)
    if not counters:
        return ledger
    first = min(begin for known in counters.values() if (begin := known.first) is not None)
    lost = Layer(
        id=f"{_FOUND}_{layer.entry_id}_{first}",
        created="",
        entry_id=layer.entry_id,
        meter=layer.meter,
        counters=counters,
        locations=locations,
    )
    return Ledger((lost, *ledger.layers))


def plan_of(request: Request, ledger: Ledger, found: Mapping[str, Found], compiled: int) -> Plan:
    """Return what an import would do.

    `found` is what the database has, by unique id; `compiled` is the hour up to which the recorder has compiled.
    """
    wanted, counters, before_connection = {}, {}, {}
    summaries: dict[str, Summary] = {}
    left_out = list(request.left_out)
    for target, (series, known) in request.wanted.items():
        there = found[target]
        existing = there.existing
        old = side_of(existing, ledger, there.metadata_id)
        first = first_live(existing)
        if first is None and not old.rows and existing.state is None:
            # Without a row to continue from, the sum would restart at zero after the history.
            left_out.append(series.statistic_id)
            continue
        counters[target] = before = known.before(compiled if first is None else min(first, compiled))
        together = ledger.known(there.metadata_id)
        different = together.take(before)
        completed = old.before_connection or before_connection_of(existing, old, known)
        if completed != old.before_connection:
            before_connection[target] = completed
        new = Side(together.energies(), completed)
        wanted[target] = series, there, changes(existing, old, new)
        summaries[series.statistic_id] = summary_of(existing, (old, new), known, different, request.timing[series.unit])
    layer = replace(
        request.layer, counters=counters, before_connection=before_connection, peaks=dict(request.peaks.new)
    )
    return Plan(
        ledger=ledger,
        layer=layer,
        changes=wanted,
        summaries=summaries,
        units={series.statistic_id: series.unit for series, _, _ in wanted.values()},
        left_out=tuple(left_out),
        peaks=request.peaks,
    )


def undone(ledger: Ledger, layer: Layer, found: Found) -> Changes:
    """Return what undoing an import changes in the rows of one of its counters."""
    if found.metadata_id == GONE:
        return Changes()
    old = side_of(found.existing, ledger, found.metadata_id)
    new = Side.of(ledger.without(layer.id), found.metadata_id) if old.rows else old
    return changes(found.existing, old, new)


def side_of(existing: Existing, ledger: Ledger, metadata_id: int) -> Side:
    """Return the imported rows as they are now; ExportError if something else has changed them."""
    try:
        return still_there(existing, Side.of(ledger, metadata_id))
    except StatisticsChangedError as error:
        raise ExportError("changed_outside") from error
