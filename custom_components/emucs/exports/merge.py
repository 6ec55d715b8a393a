"""What an import changes in the statistics of one counter, and how that meets what is there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from math import floor, log10
from typing import Final

from .counters import Known
from .intervals import MICRO
from .ledger import Ledger, Rows

SECONDS: Final = 3600
_DIGITS: Final = 6
_TINY: Final = 1e-6
_SHOWN: Final = 10
_LEAST: Final = 0.02
# A day of 23 to 25 hours, as the clock changes.
_DAY: Final = range(23, 26)


class StatisticsChangedError(Exception):
    """The statistics are not as they were left."""


@dataclass(frozen=True, slots=True)
class Existing:
    """The statistics of a counter as the recorder has them, in their own unit; rows by start in seconds."""

    imported: Mapping[int, float] = field(default_factory=dict)
    """The sums of hourly rows without a state: the recorder writes none such."""
    live: Mapping[int, float] = field(default_factory=dict)
    """The sums of hourly rows that the recorder wrote."""
    short_term: frozenset[int] = frozenset()
    """The hours since the epoch that have five-minute rows."""
    factor: float = 1.0
    """From kWh or m³ to their unit."""
    state: float | None = None
    """Where the counter stands now."""
    is_mean: bool = False
    """Whether each row has a value of its own, such as the peak of a month, and not the sum of a counter."""

    @property
    def digits(self) -> int:
        """Return to how many decimals sums are written: to the mWh, or to the cm³."""
        return _DIGITS - floor(log10(self.factor))


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Hours that the export and the live meter both have, in kWh or m³."""

    hours: int = 0
    different: int = 0
    """Hours that differ by more than rounding and timing explain."""
    file: float = 0.0
    live: float = 0.0
    largest: float = 0.0
    examples: tuple[tuple[int, float, float], ...] = ()
    """Start in seconds, value of the export and of the live meter: the first that differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Junction:
    """Where history meets the live rows."""

    live_since: int | None = None
    """The start of the first live hour, in seconds."""
    missing_hours: int = 0
    """Hours between the last hour of the export and that one."""
    completed: float = 0.0
    """What the first live hour lacked: in it the meter was connected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """Where the export has other values than earlier imports, in kWh, kvarh, m³ or kW."""

    hours: int = 0
    more: float = 0.0
    less: float = 0.0
    largest: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What an import is to one counter: starts in seconds, energy in kWh or volume in m³."""

    first: int | None
    last: int | None
    new: int
    """Rows that are written."""
    days: int
    """Of these, days that are known as a whole only."""
    repeated: int
    """Hours that were imported before."""
    different: int
    """Of these, hours with another value now, which is not taken unless the import replaces them."""
    revision: Revision
    incomplete: int
    estimated: int
    provisional: int
    """Rows that the grid operator may still revise."""
    energy: float
    gaps: tuple[tuple[int, int], ...]
    """Starts of hours that are missing in between, and how many: the longest."""
    missing: int
    overlap: Overlap
    junction: Junction


@dataclass(frozen=True, slots=True)
class Changes:
    """What is done to the rows of one counter; sums in the unit of the statistics."""

    delete: tuple[int, ...] = ()
    insert: Mapping[int, float] = field(default_factory=dict)
    update: Mapping[int, float] = field(default_factory=dict)
    lift: float = 0.0
    """What is added to all live rows, hourly and of five minutes."""
    total: float = 0.0
    """The sum that live rows go on from."""
    digits: int = _DIGITS
    is_mean: bool = False
    """Whether rows have values of their own instead of sums."""
    probe: tuple[int, float | None] | None = None
    """A row that tells whether it was done: its start, and its sum afterwards, None where there is no row then."""

    def __bool__(self) -> bool:
        """Tell whether there is anything to do."""
        return bool(self.delete or self.insert or self.update or self.lift)


@dataclass(frozen=True, slots=True)
class Side:
    """What a ledger gives for a counter: what hours add, and what the first live hour lacks."""

    rows: Rows
    before_connection: int = 0

    @classmethod
    def of(cls, ledger: Ledger, metadata_id: int) -> Side:
        """Return what a ledger gives for the counter at a location."""
        return cls(ledger.known(metadata_id).energies(), ledger.before_connection(metadata_id))

    def total(self, existing: Existing) -> float:
        """Return by how much live rows are lifted."""
        if existing.is_mean:
            return 0.0
        total = sum(self.rows.values()) + self.before_connection
        return round(total * existing.factor / MICRO, existing.digits)

    def sums(self, existing: Existing) -> dict[int, float]:
        """Return the sums of the rows, by start in seconds."""
        factor, digits = existing.factor / MICRO, existing.digits
        sums = self.rows.values() if existing.is_mean else accumulate(self.rows.values())
        return {hour * SECONDS: round(total * factor, digits) for hour, total in zip(self.rows, sums, strict=True)}


def first_live(existing: Existing) -> int | None:
    """Return the first hour since the epoch that is not for imports, as the live meter has counted in it."""
    hours = {start // SECONDS for start in existing.live}
    hours.update(hour for hour in existing.short_term if hour * SECONDS not in existing.imported)
    return min(hours, default=None)


def still_there(existing: Existing, side: Side) -> Side:
    """Return what is there of what was imported: all of it, or nothing where the user deleted the statistics.

    StatisticsChangedError where a part is gone or its sums are others.
    """
    sums = side.sums(existing)
    there = existing.imported
    if not there:
        return Side({})
    tolerance = max(_TINY, 10**-existing.digits)
    if there.keys() != sums.keys() or any(abs(total - sums[start]) > tolerance for start, total in there.items()):
        raise StatisticsChangedError
    return side


def recovered(existing: Existing) -> Known | None:
    """Return what imported rows say that no ledger knows of, None where there are none, or sums that fall.

    Rows a day apart were known as days. What the first live hour lacked is lost: it stays completed.
    """
    if existing.is_mean:
        values = {
            start // SECONDS: round(value * MICRO / existing.factor) for start, value in existing.imported.items()
        }
        return Known(values) if values else None
    known = Known()
    before, last = 0, None
    rows = sorted(existing.imported.items())
    for index, (start, total) in enumerate(rows):
        hour, micros = start // SECONDS, round(total * MICRO / existing.factor)
        if micros < before:
            return None
        nearest = last if last is not None else -(rows[index + 1][0] // SECONDS) + 2 * hour if rows[1:] else hour
        if (length := hour - nearest) in _DAY:
            known.days[hour - length + 1] = length, micros - before
        else:
            known.hours[hour] = micros - before
        before, last = micros, hour
    return known if rows else None


def changes(existing: Existing, old: Side, new: Side) -> Changes:
    """Return how the statistics go from one ledger to another."""
    before, after = old.sums(existing), new.sums(existing)
    delete = tuple(start for start in before if start not in after)
    changed = {start: total for start, total in after.items() if total != before.get(start)}
    lift = round(new.total(existing) - old.total(existing), existing.digits)
    lifted = {start: round(total + lift, existing.digits) for start, total in existing.live.items() if lift}
    probes = (*changed.items(), *((start, None) for start in delete), *lifted.items())
    return Changes(
        delete=delete,
        insert={start: total for start, total in changed.items() if start not in before},
        update={start: total for start, total in changed.items() if start in before},
        lift=lift,
        total=new.total(existing),
        digits=existing.digits,
        is_mean=existing.is_mean,
        probe=probes[0] if probes else None,
    )


def before_connection_of(existing: Existing, old: Side, known: Known) -> int:
    """Return what the first live hour had counted before the meter was connected, in millionths.

    A counter's sum begins in the middle of that hour. Where the export has less, nothing is known.
    """
    first = first_live(existing)
    if first is None or first * SECONDS not in existing.live or first not in known.hours:
        return 0
    counted = round((existing.live[first * SECONDS] - old.total(existing)) * MICRO / existing.factor)
    return known.hours[first] - counted if 0 <= counted < known.hours[first] else 0


def overlap_of(existing: Existing, known: Known, timing: float) -> Overlap:
    """Compare hour by hour what the live meter and the export both have; the first live hour is not whole.

    A live row ends with the last state of its hour: `timing` is which share of an hour may stand in the next one.
    """
    pairs: list[tuple[int, float, float]] = []
    for (before, begin), (start, end) in pairwise(sorted(existing.live.items())):
        hour = start // SECONDS
        if start - before == SECONDS and hour in known.hours:
            pairs.append((start, known.hours[hour] / MICRO, (end - begin) / existing.factor))
    differences = [abs(file - live) for _, file, live in pairs]
    different = [pair for pair in pairs if abs(pair[1] - pair[2]) > max(_LEAST, timing * max(pair[1:]))]
    return Overlap(
        hours=len(pairs),
        different=len(different),
        file=sum(pair[1] for pair in pairs),
        live=sum(pair[2] for pair in pairs),
        largest=max(differences, default=0.0),
        examples=tuple(different[:_SHOWN]),
    )


def revision_of(kept: Rows, revised: Rows) -> Revision:
    """Return how rows change where the values of an export replace those of earlier imports."""
    differences = [value - kept[hour] for hour, value in revised.items() if kept.get(hour, value) != value]
    return Revision(
        hours=len(differences),
        more=sum(each for each in differences if each > 0) / MICRO,
        less=-sum(each for each in differences if each < 0) / MICRO,
        largest=max(map(abs, differences), default=0) / MICRO,
    )


def summary_of(
    existing: Existing, sides: tuple[Side, Side], known: Known, revised: tuple[int, Revision], timing: float
) -> Summary:
    """Return what an import is to a counter, before and after it; `known` is what the export says of it.

    `revised` tells how many hours it has with other values, and how these change the rows.
    """
    old, new = sides
    different, revision = revised
    first = first_live(existing)
    added = [hour for hour in new.rows if hour not in old.rows]
    hours = list(new.rows)
    days = {begin + length - 1: range(begin, begin + length) for begin, (length, _) in known.days.items()}
    gaps = [] if existing.is_mean else _gaps(hours, known, days)
    return Summary(
        first=added[0] * SECONDS if added else None,
        last=added[-1] * SECONDS if added else None,
        new=len(added),
        days=sum(hour in days and hour not in known.hours and hour not in known.parts for hour in added),
        repeated=sum(hour in old.rows for hour in known.hours),
        different=different,
        revision=revision,
        incomplete=sum(hour in new.rows for hour in known.parts),
        estimated=sum(hour in known.estimated or _day_of(hour, days) in known.estimated for hour in added),
        provisional=sum(hour in known.provisional or _day_of(hour, days) in known.provisional for hour in added),
        energy=(max if existing.is_mean and added else sum)(new.rows[hour] for hour in added) / MICRO,
        gaps=tuple(sorted(gaps, key=lambda gap: -gap[1])[:_SHOWN]),
        missing=sum(count for _, count in gaps),
        overlap=overlap_of(existing, known, timing),
        junction=Junction(
            live_since=None if first is None else first * SECONDS,
            missing_hours=first - hours[-1] - 1 if first is not None and hours else 0,
            completed=(new.before_connection - old.before_connection) / MICRO,
        ),
    )


def _gaps(hours: list[int], known: Known, days: Mapping[int, range]) -> list[tuple[int, int]]:
    """Return where hours are missing between rows: starts in seconds, and how many. A day known as a whole has all."""
    covered = set(hours)
    for hour in hours:
        if hour in days and hour not in known.hours:
            covered.update(days[hour])
    return [
        ((before + 1) * SECONDS, after - before - 1)
        for before, after in pairwise(sorted(covered))
        if after > before + 1
    ]


def _day_of(hour: int, days: Mapping[int, range]) -> int | None:
    """Return the first hour of the day that an hour stands for."""
    return days[hour].start if hour in days else None
