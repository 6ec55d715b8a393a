"""What an import changes in the statistics of one counter, and how that meets what is there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import Final

from .counters import Known
from .intervals import MICRO
from .ledger import Rows, Snapshot

SECONDS: Final = 3600
_TINY: Final = 1e-6
_SHOWN: Final = 10
_LEAST: Final = 0.02


class StatisticsChangedError(Exception):
    """The statistics are not as they were left."""


@dataclass(slots=True)
class Existing:
    """The statistics of a counter as the recorder has them, in their own unit; rows by start in seconds."""

    hourly: dict[int, float] = field(default_factory=dict)
    short_term: dict[int, float] = field(default_factory=dict)
    factor: float = 1.0
    """From kWh or m³ to their unit."""
    state: float | None = None
    """Where the counter stands now."""


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
    """Of these, hours with another value now, which is not taken."""
    incomplete: int
    estimated: int
    energy: float
    gaps: tuple[tuple[int, int], ...]
    """Starts of hours that are missing in between, and how many: the longest."""
    missing: int
    overlap: Overlap
    junction: Junction


@dataclass(slots=True)
class Changes:
    """What is done to the rows of one counter; sums in the unit of the statistics."""

    delete: list[int] = field(default_factory=list)
    insert: dict[int, float] = field(default_factory=dict)
    update: dict[int, float] = field(default_factory=dict)
    lift: float = 0.0
    """What is added to all live rows."""
    lift_from: int | None = None
    restore: tuple[dict[int, float], dict[int, float]] = field(default_factory=lambda: ({}, {}))
    """Hourly and five-minute rows whose sums are kept, and what these become; not just lifted, as that rounds."""
    total: float = 0.0
    """The sum that live rows go on from."""

    def __bool__(self) -> bool:
        """Tell whether there is anything to do."""
        return bool(self.delete or self.insert or self.update or self.lift)


@dataclass(frozen=True, slots=True)
class Side:
    """What a ledger gives for a counter: what hours add, and what the first live hour lacks."""

    rows: Rows
    lacking: int = 0

    def total(self, factor: float) -> float:
        """Return by how much live rows are lifted."""
        return (sum(self.rows.values()) + self.lacking) * factor / MICRO

    def sums(self, factor: float) -> dict[int, float]:
        """Return the sums of the rows, by start in seconds."""
        sums = accumulate(self.rows.values())
        return {hour * SECONDS: total * factor / MICRO for hour, total in zip(self.rows, sums, strict=True)}


def live_hours(existing: Existing, ours: Rows) -> dict[int, float]:
    """Return the hourly rows that are not imported, in order."""
    return {start: total for start, total in sorted(existing.hourly.items()) if start // SECONDS not in ours}


def first_live(existing: Existing, ours: Rows) -> int | None:
    """Return the first hour since the epoch that is not for imports, as the live meter has counted in it."""
    hours = {start // SECONDS for start in live_hours(existing, ours)}
    hours.update(hour for start in existing.short_term if (hour := start // SECONDS) not in ours)
    return min(hours, default=None)


def still_there(existing: Existing, side: Side) -> Side:
    """Return what is there of what was imported: all of it, or nothing where the user deleted the statistics.

    StatisticsChangedError where a part is gone or its sums are others.
    """
    sums = side.sums(existing.factor)
    there = [start for start in sums if start in existing.hourly]
    if not there:
        return Side({})
    if len(there) != len(sums) or any(abs(existing.hourly[start] - sums[start]) > _TINY for start in there):
        raise StatisticsChangedError
    return side


def changes(existing: Existing, old: Side, new: Side, snapshots: list[Snapshot]) -> Changes:
    """Return how the statistics go from one ledger to another."""
    factor = existing.factor
    before, after = old.sums(factor), new.sums(factor)
    old_lift, new_lift = old.total(factor), new.total(factor)
    first = first_live(existing, old.rows)
    result = Changes(
        delete=[start for start in before if start not in after],
        insert={start: total for start, total in after.items() if start not in before},
        update={start: total for start, total in after.items() if start in before and total != before[start]},
        lift=new_lift - old_lift,
        lift_from=None if first is None else first * SECONDS,
        total=new_lift,
    )
    if result.lift:
        for snapshot in snapshots:
            lifts = old_lift - snapshot.lift, new_lift - snapshot.lift
            result.restore[0].update(_lifted(snapshot.hourly, existing.hourly, *lifts))
            result.restore[1].update(_lifted(snapshot.short_term, existing.short_term, *lifts))
    return result


def _lifted(kept: Mapping[int, float], rows: Mapping[int, float], old: float, new: float) -> dict[int, float]:
    """Return what rows become whose sums are kept: to the last bit the same, whatever they have been in between.

    Rows that something else has changed since are not among them, and rows that the recorder has purged.
    """
    return {
        start: total + new for start, total in kept.items() if start in rows and abs(rows[start] - total - old) < _TINY
    }


def snapshot_of(target: str, existing: Existing, old: Side, snapshots: list[Snapshot]) -> Snapshot:
    """Return the sums that live rows have now, but for those that are kept already."""
    kept = [each for each in snapshots if each.target == target]
    first = first_live(existing, old.rows)
    begin = float("inf") if first is None else first * SECONDS
    hourly = {
        start: total
        for start, total in existing.hourly.items()
        if start >= begin and not any(start in each.hourly for each in kept)
    }
    short_term = {
        start: total
        for start, total in existing.short_term.items()
        if start >= begin and not any(start in each.short_term for each in kept)
    }
    return Snapshot(target, old.total(existing.factor), hourly, short_term)


def lacking_of(existing: Existing, old: Side, known: Known) -> int:
    """Return what the first live hour had counted before the meter was connected, in millionths.

    A counter's sum begins in the middle of that hour. Where the export has less, nothing is known.
    """
    first = first_live(existing, old.rows)
    if first is None or first * SECONDS not in existing.hourly or first not in known.hours:
        return 0
    counted = round((existing.hourly[first * SECONDS] - old.total(existing.factor)) * MICRO / existing.factor)
    return known.hours[first] - counted if 0 <= counted < known.hours[first] else 0


def overlap_of(existing: Existing, old: Side, known: Known, timing: float) -> Overlap:
    """Compare hour by hour what the live meter and the export both have; the first live hour is not whole.

    A live row ends with the last state of its hour: `timing` is which share of an hour may stand in the next one.
    """
    rows = list(live_hours(existing, old.rows).items())
    pairs: list[tuple[int, float, float]] = []
    for (before, begin), (start, end) in pairwise(rows):
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


def summary_of(existing: Existing, sides: tuple[Side, Side], known: Known, different: int, timing: float) -> Summary:
    """Return what an import is to a counter, before and after it; `known` is what the export says of it."""
    old, new = sides
    first = first_live(existing, old.rows)
    added = [hour for hour in new.rows if hour not in old.rows]
    hours = list(new.rows)
    days = {begin + length - 1: range(begin, begin + length) for begin, (length, _) in known.days.items()}
    covered = set(hours)
    for hour in hours:
        if hour in days and hour not in known.hours:
            covered.update(days[hour])
    order = sorted(covered)
    gaps = [((before + 1) * SECONDS, after - before - 1) for before, after in pairwise(order) if after > before + 1]
    return Summary(
        first=added[0] * SECONDS if added else None,
        last=added[-1] * SECONDS if added else None,
        new=len(added),
        days=sum(hour in days and hour not in known.hours and hour not in known.parts for hour in added),
        repeated=sum(hour in old.rows for hour in known.hours),
        different=different,
        incomplete=sum(hour in new.rows for hour in known.parts),
        estimated=sum(hour in known.estimated or _day_of(hour, days) in known.estimated for hour in added),
        energy=sum(new.rows[hour] for hour in added) / MICRO,
        gaps=tuple(sorted(gaps, key=lambda gap: -gap[1])[:_SHOWN]),
        missing=sum(count for _, count in gaps),
        overlap=overlap_of(existing, old, known, timing),
        junction=Junction(
            live_since=None if first is None else first * SECONDS,
            missing_hours=first - hours[-1] - 1 if first is not None and hours else 0,
            completed=(new.lacking - old.lacking) / MICRO,
        ),
    )


def _day_of(hour: int, days: Mapping[int, range]) -> int | None:
    """Return the first hour of the day that an hour stands for."""
    return days[hour].start if hour in days else None
