"""Everything that exports say of metering points: each EAN with its series, whether or not a live meter is of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from ..insight.mbus import Medium
from .counters import Known, known_of
from .intervals import Installation, Peak, Readings, Stream
from .vocabulary import ExportUnit, SeriesFlow, SeriesQuantity
from .walltime import HOUR

_GAS: Final = {ExportUnit.ENERGY: SeriesQuantity.GAS_ENERGY, ExportUnit.VOLUME: SeriesQuantity.GAS_VOLUME}
_QUANTITIES: Final = {
    Medium.ELECTRICITY: {ExportUnit.ENERGY: SeriesQuantity.ACTIVE},
    Medium.GAS: _GAS,
    Medium.WATER: {ExportUnit.VOLUME: SeriesQuantity.WATER},
}
_TOTAL, _DAY, _NIGHT = range(3)


@dataclass(frozen=True, order=True, slots=True)
class SeriesKey:
    """What a series of a metering point is of; tariff 0 is the sum of all tariffs."""

    quantity: SeriesQuantity
    flow: SeriesFlow
    tariff: int = 0
    unit: ExportUnit = ExportUnit.ENERGY


@dataclass(frozen=True, slots=True)
class MeteringPoint:
    """What exports say of one EAN."""

    ean: str
    numbers: tuple[str, ...]
    """The numbers of its meters, in the order in which they began to count."""
    medium: Medium
    description: str | None
    """What the operator calls it."""
    installation: Installation | None
    series: Mapping[SeriesKey, Known]
    peaks: Mapping[SeriesFlow, Mapping[str, Peak]]
    """Month peaks by month, as `2024-05-01`."""
    parent: str | None
    """The EAN of the access point that it lies behind."""
    calorific: Known | None
    """Of gas: the calorific value of hours and days, in millionths, where the file has it."""


def metering_points(readings: Readings) -> list[MeteringPoint]:
    """Return every EAN that has a value, in the order of the files."""
    eans = dict.fromkeys(ean for ean, _ in readings.first_lines)
    return [point for ean in eans if (point := _point(readings, ean)).series or point.peaks]


def medium_of(readings: Readings, ean: str) -> Medium:
    """Return what is measured under an EAN: gas comes in m³ and kWh, electricity in kWh only."""
    if ean in readings.water:
        return Medium.WATER
    in_volume = any(key.ean == ean and key.unit is ExportUnit.VOLUME for key in readings.streams)
    return Medium.GAS if in_volume or ean in readings.gas else Medium.ELECTRICITY


def _point(readings: Readings, ean: str) -> MeteringPoint:
    """Return what is said of an EAN."""
    medium = medium_of(readings, ean)
    streams = [stream for key, stream in readings.streams.items() if key.ean == ean and stream.first is not None]
    lives = _lives(streams)
    numbers = [number for number in lives if number]
    numbers += [number for each, number in readings.first_lines if each == ean and number not in ("", *numbers)]
    peaks: dict[SeriesFlow, dict[str, Peak]] = {}
    for key, months in readings.peaks.items():
        if key.ean == ean:
            known = peaks.setdefault(key.flow, {})
            known.update({month: max(peak, known.get(month, peak)) for month, peak in months.items()})
    calorific = [stream for stream in streams if stream.key.unit is ExportUnit.CALORIFIC]
    return MeteringPoint(
        ean,
        tuple(numbers),
        medium,
        readings.descriptions.get(ean),
        readings.installations.get(ean),
        _series(streams, medium, lives),
        peaks,
        readings.parents.get(ean),
        known_of([[stream] for stream in calorific], dict.fromkeys(stream.key.meter for stream in calorific))
        if calorific
        else None,
    )


def _lives(streams: Iterable[Stream]) -> dict[str, int | None]:
    """Return the meters of an EAN by when they began, each with the quarter in which the next one replaced it.

    A meter that begins with the next one, or goes on beside it, was not replaced: both count.
    """
    firsts: dict[str, int] = {}
    lasts: dict[str, int] = {}
    for stream in streams:
        number, first, last = stream.key.meter, stream.first, stream.last
        if first is not None and last is not None and stream.key.unit is not ExportUnit.CALORIFIC:
            firsts[number] = min(first, firsts.get(number, first))
            lasts[number] = max(last, lasts.get(number, last))
    order = sorted(firsts, key=lambda number: (firsts[number], number))
    named = [number for number in order if number]
    lives: dict[str, int | None] = dict.fromkeys(order)
    for number, following in pairwise(named):
        if firsts[number] < firsts[following] and lasts[number] < firsts[following] + HOUR:
            lives[number] = firsts[following]
    return lives


def _series(streams: Iterable[Stream], medium: Medium, lives: Mapping[str, int | None]) -> dict[SeriesKey, Known]:
    """Return the series in streams of one EAN."""
    quantities = _QUANTITIES[medium]
    groups: dict[SeriesKey, dict[int, list[Stream]]] = {}
    for stream in streams:
        register, unit = stream.key.register, stream.key.unit
        quantity = quantities.get(unit) if register.quantity is SeriesQuantity.ACTIVE else register.quantity
        if quantity is not None:
            key = SeriesKey(quantity, register.flow, 0, unit)
            groups.setdefault(key, {}).setdefault(register.tariff, []).append(stream)
    series: dict[SeriesKey, Known] = {}
    for key, tariffs in sorted(groups.items()):
        day, night = tariffs.get(_DAY, []), tariffs.get(_NIGHT, [])
        both = [*day, *night]
        series[key] = known_of(_alternatives(tariffs.get(_TOTAL, []), both), lives)
        for tariff, own in ((_DAY, day), (_NIGHT, night)):
            if both:
                # Only the register that counts is listed: the other one stood still.
                of_tariff = SeriesKey(key.quantity, key.flow, tariff, key.unit)
                series[of_tariff] = known_of(_alternatives(own), lives, both)
    return {key: known for key, known in series.items() if known}


def _alternatives(*groups: Sequence[Stream]) -> list[list[Stream]]:
    """Return streams in the order in which they are believed.

    What the access point as a whole has counted is the sum of its meters: it is never added to them.
    """
    return [
        [stream for stream in group if bool(stream.key.meter) is of_meters]
        for of_meters in (False, True)
        for group in groups
    ]
