"""Which meter of an export is which live meter."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .counters import Counter, Known, counters_of
from .errors import ExportError
from .intervals import Peak, Readings
from .vocabulary import Unit

_SHORTEST_NUMBER: Final = 6


class Medium(StrEnum):
    """What is measured."""

    ELECTRICITY = "electricity"
    GAS = "gas"
    WATER = "water"


@dataclass(frozen=True, slots=True)
class LiveMeter:
    """A meter as the port shows it: its identifier, its equipment identifier and its EAN where it prints them."""

    identifier: str
    medium: Medium
    number: str | None = None
    ean: str | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """What an export has of a live meter."""

    meter: LiveMeter
    ean: str
    meters: tuple[str, ...]
    """The numbers of the meters, the first one first."""
    counters: Mapping[Counter, Known]
    peaks: Mapping[str, Peak]
    certain: bool
    """Whether a number or an EAN says that it is this meter."""


def match(
    readings: Readings, live: Iterable[LiveMeter], known_eans: Mapping[str, str]
) -> tuple[list[Match], list[str]]:
    """Return what belongs to live meters, and the EANs and meters that belong to none.

    `known_eans` gives for identifiers of live meters the EANs that earlier imports were certain of. ExportError where
    nothing belongs to a live meter.
    """
    lives = tuple(live)
    matches: list[Match] = []
    others: list[str] = []
    for ean in sorted({ean for ean, _ in readings.first_lines}):
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
    doubles = {each.meter.identifier for each in matches}
    if not matches or len(doubles) < len(matches):
        _refuse(readings, lives)
    return matches, others


def _refuse(readings: Readings, lives: tuple[LiveMeter, ...]) -> None:
    """Say that the export is of another meter, and where it says so."""
    if not readings.first_lines:
        raise ExportError("empty")
    (ean, meter), (file, line) = next(iter(readings.first_lines.items()))
    here = ", ".join(each.number or each.identifier for each in lives)
    raise ExportError("wrong_meter", f"{ean} {meter} ≠ {here}".strip(), file=file, line=line)


def _match_ean(
    readings: Readings, ean: str, lives: tuple[LiveMeter, ...], known_eans: Mapping[str, str]
) -> Match | None:
    """Return the live meter that an EAN belongs to."""
    medium = _medium(readings, ean)
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
    """Tell whether two numbers are of one meter; one may leave out the manufacturer in front."""
    if not number or not other:
        return False
    short, long = sorted((number.upper(), other.upper()), key=len)
    return len(short) >= _SHORTEST_NUMBER and long.endswith(short)


def _medium(readings: Readings, ean: str) -> Medium:
    """Return what an EAN measures: gas comes in m³ and in kWh, electricity in kWh alone."""
    if ean in readings.water:
        return Medium.WATER
    in_volume = any(key.ean == ean and key.unit is Unit.VOLUME for key in readings.streams)
    return Medium.GAS if in_volume or ean in readings.gas else Medium.ELECTRICITY


def _matched(readings: Readings, ean: str, own: str | None, meter: LiveMeter, *, certain: bool) -> Match:
    """Return what the meters of an EAN counted, up to the live one."""
    unit = Unit.ENERGY if meter.medium is Medium.ELECTRICITY else Unit.VOLUME
    firsts: dict[str, int] = {}
    for key, stream in readings.streams.items():
        if key.ean == ean and key.unit is unit and (first := stream.first) is not None:
            firsts[key.meter] = min(first, firsts.get(key.meter, first))
    order = sorted(firsts, key=lambda number: firsts[number])
    if own in order:
        # A meter that came after the live one is no predecessor of it.
        order = order[: order.index(own) + 1]
    successors = [firsts[number] for number in order[1:]]
    until = dict(zip(order, [*successors, None], strict=True)) if order else {}
    counters = counters_of(readings, ean, until)
    peaks: dict[str, Peak] = {}
    for (owner, _), months in readings.peaks.items():
        if owner == ean and meter.medium is Medium.ELECTRICITY:
            peaks.update({month: max(peak, peaks.get(month, peak)) for month, peak in months.items()})
    numbers = tuple(order) or tuple(number for each, number in readings.first_lines if each == ean)
    return Match(
        meter,
        ean,
        numbers,
        {counter: known for counter, known in counters.items() if counter.unit is unit},
        peaks,
        certain,
    )
