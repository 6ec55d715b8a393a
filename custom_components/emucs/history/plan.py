"""Plans an import: whose an export is, and what it would change in the statistics. Writes nothing."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from ..exports import (
    GONE,
    MICRO,
    Changes,
    Existing,
    ExportError,
    ExportUnit,
    Known,
    Layer,
    Ledger,
    Location,
    Match,
    Side,
    StatisticsChangedError,
    Summary,
    before_connection_of,
    changes,
    first_live,
    recovered,
    revision_of,
    still_there,
    summary_of,
)

_TINY: Final = 1e-6
# Imports found only in the database are identified by their entry and their first hour.
_FOUND: Final = "found"


@dataclass(frozen=True, slots=True)
class Series:
    """Statistics: id, quantity, and the current counter reading where they are those of an entity."""

    statistic_id: str
    unit: ExportUnit
    shown_unit: str
    state: float | None = None
    """Current reading, in the unit that is shown."""
    name: str | None = None
    """Of a statistic that no entity has."""

    @property
    def is_external(self) -> bool:
        """Tell whether no entity has it, so that only imports write to it."""
        return self.name is not None


@dataclass(frozen=True, slots=True)
class Found:
    """What the database has of a series; its metadata id is GONE if there is nothing."""

    metadata_id: int
    existing: Existing


@dataclass(frozen=True, slots=True)
class Peaks:
    """Month peaks of an export: new ones, and those that differ from known ones."""

    new: Mapping[str, int] = field(default_factory=dict)
    """In millionths of kW, by the first day of the month."""
    different: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """In kW: that of the export, and the known one."""
    revised: frozenset[str] = frozenset()
    """Of the different ones, those that an earlier import wrote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to import, and the state of the entities that it is for."""

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
    replace: bool = False
    """Whether values that differ from those of earlier imports replace them."""


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
    names: Mapping[str, str]
    """Of statistics that no entity has."""
    left_out: tuple[str, ...]
    """Counters without an enabled entity, and entities that were never read."""
    peaks: Peaks

    @property
    def is_new(self) -> bool:
        """Tell whether there is anything to write."""
        return bool(self.peaks.new) or any(changed for _, _, changed in self.changes.values())

    @property
    def can_replace(self) -> bool:
        """Tell whether the export has other values than earlier imports."""
        return bool(self.peaks.revised) or any(summary.revision.hours for summary in self.summaries.values())


def peaks_for(
    matches: tuple[Match, ...], known: Mapping[date, float], current: date | None, imported: Collection[str]
) -> Peaks:
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
    return Peaks(new, different, frozenset(different.keys() & set(imported)))


def replaced(peaks: Peaks) -> Peaks:
    """Return month peaks of which the revised ones replace those of earlier imports."""
    revised = {month: round(peaks.different[month][0] * MICRO) for month in peaks.revised}
    return Peaks(
        {**peaks.new, **revised},
        {month: both for month, both in peaks.different.items() if month not in revised},
    )


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
        if first is None and not old.rows and existing.state is None and not series.is_external:
            # Without a row to continue from, the sum would restart at zero after the history.
            left_out.append(series.statistic_id)
            continue
        counters[target] = before = known.before(compiled if first is None else min(first, compiled))
        together, revised, different = _with(ledger, there.metadata_id, before)
        revision = revision_of(together.energies(), revised.energies())
        completed = old.before_connection or before_connection_of(existing, old, known)
        if completed != old.before_connection:
            before_connection[target] = completed
        new = Side((revised if request.replace else together).energies(), completed)
        wanted[target] = series, there, changes(existing, old, new)
        timing = request.timing.get(series.unit, 0.0)
        summaries[series.statistic_id] = summary_of(existing, (old, new), known, (different, revision), timing)
    peaks = replaced(request.peaks) if request.replace else request.peaks
    layer = replace(request.layer, counters=counters, before_connection=before_connection, replaces=request.replace)
    return Plan(
        ledger=ledger,
        layer=replace(layer, peaks=dict(peaks.new)),
        changes=wanted,
        summaries=summaries,
        units={series.statistic_id: series.unit for series, _, _ in wanted.values()},
        names={series.statistic_id: series.name for series, _, _ in wanted.values() if series.name is not None},
        left_out=tuple(left_out),
        peaks=peaks,
    )


def _with(ledger: Ledger, metadata_id: int, new: Known) -> tuple[Known, Known, int]:
    """Return what is known with a new import: where it adds, and where it replaces; and how many hours differ."""
    together = revised = ledger.known(metadata_id)
    if different := together.take(new):
        revised = ledger.known(metadata_id)
        revised.replace(new)
    return together, revised, different


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
