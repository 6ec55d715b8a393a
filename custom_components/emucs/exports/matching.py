"""Finds the live meters that an export is of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from ..insight.mbus import Medium
from .counters import CounterKey, Known, counters_of
from .errors import ExportError
from .intervals import Peak, Readings
from .series import medium_of
from .vocabulary import ExportUnit, SeriesFlow

_SHORTEST_NUMBER: Final = 6


@dataclass(frozen=True, slots=True)
class LiveMeter:
    """A meter at the port: its identifier, and its equipment identifier and EAN where it sends them."""

    identifier: str
    medium: Medium
    number: str | None = None
    ean: str | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """The contents of an export for one live meter."""

    meter: LiveMeter
    ean: str
    meters: tuple[str, ...]
    """The numbers of the meters in the order of time."""
    counters: Mapping[CounterKey, Known]
    peaks: Mapping[str, Peak]
    certain: bool
    """Whether a number or an EAN proves that it is this meter."""


def match(
    readings: Readings, live: Iterable[LiveMeter], known_eans: Mapping[str, str]
) -> tuple[list[Match], list[str]]:
    """Return the contents for each live meter, and the EANs and meters that are no live meter's.

    `known_eans` gives the EANs that earlier imports were certain of, by the identifiers of live meters. ExportError
    where there is nothing for a live meter.
    """
    lives = tuple(live)
    matches: list[Match] = []
    others: list[str] = []
    empty: set[str] = set()
    for ean in sorted({ean for ean, _ in readings.first_lines} - readings.parents.keys()):
        found = _match_ean(readings, ean, lives, known_eans)
        if found is None:
            others.extend(f"{ean} {meter}".strip() for each, meter in readings.first_lines if each == ean)
        elif found.counters or found.peaks:
            matches.append(found)
            others.extend(
                f"{ean} {meter}".strip()
                for each, meter in readings.first_lines
                if each == ean and meter not in found.meters
            )
        else:
            empty.add(ean)
    doubles = {each.meter.identifier for each in matches}
    if not matches or len(doubles) < len(matches):
        _refuse(readings, lives, empty)
    return matches, others


def _refuse(readings: Readings, lives: tuple[LiveMeter, ...], empty: set[str]) -> None:
    """Say that the export is of another meter, and where; or that it has nothing for the live meter that it is of.

    `empty` are the EANs of live meters for which there is nothing.
    """
    measured = {key[:2] for key, stream in readings.streams.items() if stream.first is not None} | {
        key[:2] for key in readings.peaks
    }
    others = [owner for owner in readings.first_lines if owner in measured and owner[0] not in empty]
    if not others:
        file, line = next(iter(readings.first_lines.values()), (readings.files[0], 0))
        names = (stream.name for stream in readings.streams.values() if stream.first is not None)
        raise ExportError(
            "nothing_counted", ", ".join(dict.fromkeys((*names, *readings.ignored))), file=file, line=line
        )
    file, line = readings.first_lines[others[0]]
    there = ", ".join(f"{ean} {meter}".strip() for ean, meter in others)
    here = ", ".join(each.number or each.identifier for each in lives)
    raise ExportError("wrong_meter", f"{there} ≠ {here}", file=file, line=line)


def _match_ean(
    readings: Readings, ean: str, lives: tuple[LiveMeter, ...], known_eans: Mapping[str, str]
) -> Match | None:
    """Return the contents of an EAN with its live meter, or None where it has none."""
    medium = medium_of(readings, ean)
    numbers = [meter for each, meter in readings.first_lines if each == ean]
    candidates = [meter for meter in lives if meter.medium is medium]
    for meter in candidates:
        own_ean = meter.ean or known_eans.get(meter.identifier)
        own = next((number for number in numbers if same_number(number, meter.number)), None)
        if ean and own_ean:
            if ean == own_ean:
                return _matched(readings, ean, own, meter, certain=True)
        elif own is not None:
            return _matched(readings, ean, own, meter, certain=True)
    comparable = any((meter.number and any(numbers)) or (ean and meter.ean) for meter in candidates)
    if len(candidates) == 1 and not comparable:
        return _matched(readings, ean, None, candidates[0], certain=False)
    return None


def same_number(number: str, other: str | None) -> bool:
    """Tell whether two numbers are of one meter; one of them may lack the manufacturer in front."""
    if not number or not other:
        return False
    short, long = sorted((number.upper(), other.upper()), key=len)
    return len(short) >= _SHORTEST_NUMBER and long.endswith(short)


def _matched(readings: Readings, ean: str, own: str | None, meter: LiveMeter, *, certain: bool) -> Match:
    """Return what the meters of an EAN have counted, up to the live one."""
    unit = ExportUnit.ENERGY if meter.medium is Medium.ELECTRICITY else ExportUnit.VOLUME
    firsts: dict[str, int] = {}
    for key, stream in readings.streams.items():
        if key.ean == ean and key.unit is unit and key.is_live and (first := stream.first) is not None:
            firsts[key.meter] = min(first, firsts.get(key.meter, first))
    order = sorted(firsts, key=lambda number: firsts[number])
    if own in order:
        # A meter that came after the live one is not its predecessor.
        order = order[: order.index(own) + 1]
    successors = [firsts[number] for number in order[1:]]
    until = dict(zip(order, [*successors, None], strict=True)) if order else {}
    counters = counters_of(readings, ean, until)
    peaks: dict[str, Peak] = {}
    for owner, months in readings.peaks.items():
        if owner.ean == ean and owner.flow is SeriesFlow.IMPORT and meter.medium is Medium.ELECTRICITY:
            powers = {month: peak for month, peak in months.items() if peak.unit is ExportUnit.POWER}
            peaks.update({month: max(peak, peaks.get(month, peak)) for month, peak in powers.items()})
    numbers = tuple(order) or tuple(number for each, number in readings.first_lines if each == ean)
    return Match(
        meter,
        ean,
        numbers,
        {counter: known for counter, known in counters.items() if counter.unit is unit},
        peaks,
        certain,
    )
