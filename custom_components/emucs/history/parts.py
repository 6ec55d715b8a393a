"""Reads an export, and divides it: what is of an entry, what is of the others, and what is of none."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..exports import (
    ExportError,
    LiveMeter,
    Match,
    MeteringPoint,
    Readings,
    match,
    metering_points,
    read_export,
)
from ..exports.matching import same_number


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """An entry whose history may be in an export."""

    entry_id: str
    identifier: str
    """Of its meter, or of its metering point."""
    live: tuple[LiveMeter, ...] = ()
    eans: Mapping[str, str] = field(default_factory=dict)
    """What earlier imports were certain of, by the identifiers of live meters."""
    ean: str | None = None
    """Of a metering point without a port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What an export has of an entry."""

    files: tuple[str, ...]
    rows: int
    matches: tuple[Match, ...]
    """Of the meters that are read."""
    points: Mapping[str, MeteringPoint]
    """All that it has, also what no meter here counts, by the identifier of the meter or the metering point."""
    certain: bool
    """Whether the export itself identifies them."""
    others: tuple[str, ...]
    """EANs and numbers that are of no entry."""
    ignored: Mapping[str, int]
    unknown_states: tuple[str, ...]
    uncertain_hours: int
    elsewhere: Mapping[str, Export] = field(default_factory=dict)
    """What it certainly has of other entries, by their ids."""
    unknown: Mapping[str, str] = field(default_factory=dict)
    """EANs with measurements that are of no entry, and what they are described as."""

    def require_certain(self) -> None:
        """Raise ExportError if nothing in the export identifies these meters."""
        if not self.certain:
            raise ExportError("unconfirmed", file=self.files[0])


def read_for(
    source: AbstractContextManager[Path],
    owner: Owner,
    others: Iterable[Owner],
    progress: Callable[[float], None] | None,
) -> Export:
    """Read an export, and find whose it is; `progress` is called with the share done. Blocks."""
    with source as path:
        readings = _readings(path, progress)
    points = {point.ean: point for point in metering_points(readings)}
    own = _part(readings, points, owner)
    elsewhere: dict[str, Export] = {}
    claimed: set[str] = set()
    for other in others:
        with suppress(ExportError):
            part = _part(readings, points, other)
            if not part.certain:
                part = _without(part, {each.ean for each in part.matches if not each.certain})
            if part.certain and part.points:
                elsewhere[other.entry_id] = replace(part, others=(), ignored={}, unknown_states=(), uncertain_hours=0)
                claimed |= _eans(part)
    # What may be of this entry, but is certainly of another one, is of that one.
    own = _without(own, claimed & {each.ean for each in own.matches if not each.certain})
    if not (own.matches or own.points):
        raise _wrong(readings, points, owner)
    doubled = _eans(own) & claimed
    taken = _eans(own) | claimed
    return replace(
        own,
        elsewhere={entry_id: part for entry_id, part in elsewhere.items() if not _eans(part) & doubled},
        others=tuple(each for each in own.others if each.partition(" ")[0] not in claimed),
        unknown={ean: point.description or "" for ean, point in points.items() if ean and ean not in taken},
    )


def _without(part: Export, eans: set[str]) -> Export:
    """Return a part without some EANs."""
    matches = tuple(each for each in part.matches if each.ean not in eans)
    return replace(
        part,
        matches=matches,
        points={identifier: point for identifier, point in part.points.items() if point.ean not in eans},
        certain=part.certain or bool(part.matches and all(each.certain for each in matches)),
    )


def _eans(part: Export) -> set[str]:
    """Return the EANs of a part."""
    return {point.ean for point in part.points.values()}


def _part(readings: Readings, points: Mapping[str, MeteringPoint], owner: Owner) -> Export:
    """Return what an export has of an entry; ExportError if that is nothing."""
    matches: list[Match] = []
    if owner.ean is not None:
        found, certain = _of_point(readings, points, owner)
        others = [f"{ean} {number}".strip() for ean, number in readings.first_lines]
    else:
        found, certain = _of_live(points, owner), True
        try:
            matches, others = match(readings, owner.live, owner.eans)
        except ExportError as error:
            if not found or error.reason != "nothing_counted":
                raise
            others = [f"{ean} {number}".strip() for ean, number in readings.first_lines]
        found |= {each.meter.identifier: points[each.ean] for each in matches if each.ean in points}
        certain = all(each.certain for each in matches)
    eans = {point.ean for point in found.values()} - {each.ean for each in matches}
    return Export(
        files=tuple(readings.files),
        rows=readings.rows,
        matches=tuple(matches),
        points=found,
        certain=certain,
        others=tuple(each for each in others if each.partition(" ")[0] not in eans),
        ignored=dict(readings.ignored),
        unknown_states=tuple(sorted(readings.unknown_states)),
        uncertain_hours=sum(stream.uncertain for stream in readings.streams.values()),
    )


def _of_live(points: Mapping[str, MeteringPoint], owner: Owner) -> dict[str, MeteringPoint]:
    """Return what is certainly of live meters, also where they count nothing of it, such as gas in kWh."""
    return {
        meter.identifier: point
        for meter in owner.live
        for point in points.values()
        if point.medium is meter.medium
        and (
            (point.ean and point.ean in (meter.ean, owner.eans.get(meter.identifier)))
            or any(same_number(number, meter.number) for number in point.numbers)
        )
    }


def _of_point(
    readings: Readings, points: Mapping[str, MeteringPoint], owner: Owner
) -> tuple[dict[str, MeteringPoint], bool]:
    """Return what an export has of a metering point, and whether it says so: one without any EAN may be of it."""
    if (point := points.get(owner.ean or "")) is not None:
        return {owner.identifier: point}, True
    if points.keys() == {""}:
        return {owner.identifier: points[""]}, False
    raise _wrong(readings, points, owner)


def _wrong(readings: Readings, points: Mapping[str, MeteringPoint], owner: Owner) -> ExportError:
    """Return the error for an export that is of others, and where these begin in it."""
    first = next(((each, line) for each, line in readings.first_lines.items() if each[0] in points), None)
    file, line = first[1] if first else (readings.files[0], 0)
    here = owner.ean or ", ".join(each.number or each.identifier for each in owner.live)
    return ExportError("wrong_meter", f"{', '.join(points) or '-'} ≠ {here}", file=file, line=line)


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
