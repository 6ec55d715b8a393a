"""From intervals to the hours that a counter of the live meter would have counted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from .intervals import ABSENT, Readings, Stream, Trust
from .vocabulary import ExportUnit, FlowDirection
from .walltime import DAY_QUARTERS, HOUR, Grain

_UNKNOWN: Final = (ABSENT,) * HOUR
# In quarters; the day on which the clock changes included.
_RECENT: Final = 29 * DAY_QUARTERS


@dataclass(frozen=True, order=True, slots=True)
class CounterKey:
    """A counter of the live meter, of energy in kWh or of volume in m³; tariff 0 is the sum of all tariffs."""

    unit: ExportUnit
    direction: FlowDirection
    tariff: int = 0


@dataclass(slots=True)
class Known:
    """The known history of one counter, in millionths of its unit."""

    hours: dict[int, int] = field(default_factory=dict)
    """Complete hours, by the hour since the epoch."""
    parts: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """Hours with a missing quarter: their four quarters, ABSENT where unknown."""
    days: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Days that are known only as a whole, by their first hour: the number of their hours, and the value."""
    estimated: set[int] = field(default_factory=set)
    """Hours, and first hours of days, that contain an estimate."""
    provisional: set[int] = field(default_factory=set)
    """Hours, and first hours of days, with a value that the operator may still revise."""
    recent: dict[int, int] = field(default_factory=dict)
    """The quarters of the last four weeks of the export that are known, by the quarter since the epoch."""

    def __bool__(self) -> bool:
        """Tell whether anything is known."""
        return bool(self.hours or self.parts or self.days)

    @property
    def first(self) -> int | None:
        """Return the first hour that gets a row, None where nothing is known."""
        firsts = (min(hours) for hours in (self.hours, self.parts, self._ends) if hours)
        return min(firsts, default=None)

    @property
    def last(self) -> int | None:
        """Return the last hour that gets a row, None where nothing is known."""
        lasts = (max(hours) for hours in (self.hours, self.parts, self._ends) if hours)
        return max(lasts, default=None)

    @property
    def _ends(self) -> list[int]:
        """Return the last hours of days that are known as a whole."""
        return [begin + length - 1 for begin, (length, _) in self.days.items()]

    def energies(self) -> dict[int, int]:
        """Return the increase in each hour, in order; a day that is known as a whole increases in its last hour.

        So the counter is right at the end of the day. Known hours take precedence over their day.
        """
        energies = dict(self.hours)
        for hour, quarters in self.parts.items():
            energies[hour] = sum(value for value in quarters if value >= 0)
        for begin, (length, value) in self.days.items():
            if not any(hour in energies for hour in range(begin, begin + length)):
                energies[begin + length - 1] = value
        return dict(sorted(energies.items()))

    def replace(self, other: Known) -> None:
        """Take what another knows instead of what is known; a measurement is replaced by no estimate."""
        worse = other.estimated - self.estimated
        for hour, value in other.hours.items():
            if hour in worse and (hour in self.hours or hour in self.parts):
                continue
            self.parts.pop(hour, None)
            self.hours[hour] = value
        for hour, quarters in other.parts.items():
            if hour not in self.hours:
                self._put(hour, _first_of(quarters, self.parts.get(hour, _UNKNOWN)))
        self.days |= {begin: day for begin, day in other.days.items() if begin not in worse or begin not in self.days}
        measured = (other.hours.keys() | other.days.keys()) - other.estimated
        self.estimated = (self.estimated - measured) | other.estimated

    def take(self, other: Known) -> int:
        """Add what another knows, without changing what is known; return how many hours and days differ."""
        different = 0
        for hour, value in other.hours.items():
            if (own := self.hours.get(hour)) is None:
                known = self.parts.pop(hour, _UNKNOWN)
                # The known quarters are a part of the hour.
                different += sum(part for part in known if part >= 0) > value
                self.hours[hour] = value
            else:
                different += own != value
        for hour, quarters in other.parts.items():
            if hour not in self.hours:
                different += self._take_part(hour, quarters)
        for begin, day in other.days.items():
            different += self.days.setdefault(begin, day) != day
        self.estimated |= other.estimated
        self.provisional |= other.provisional
        return different

    def _take_part(self, hour: int, quarters: Sequence[int]) -> bool:
        """Add the quarters of an hour; tell whether one is already known with another value."""
        own = self.parts.get(hour, _UNKNOWN)
        self._put(hour, _first_of(own, quarters))
        return any(mine >= 0 and theirs >= 0 and mine != theirs for mine, theirs in zip(own, quarters, strict=True))

    def _put(self, hour: int, quarters: tuple[int, ...]) -> None:
        """Know the quarters of an hour: as a whole, where they are complete."""
        if min(quarters) >= 0:
            self.parts.pop(hour, None)
            self.hours[hour] = sum(quarters)
        else:
            self.parts[hour] = quarters

    def before(self, hour: int) -> Known:
        """Return the part before an hour."""
        return Known(
            {each: value for each, value in self.hours.items() if each < hour},
            {each: value for each, value in self.parts.items() if each < hour},
            {begin: day for begin, day in self.days.items() if begin + day[0] <= hour},
            {each for each in self.estimated if each < hour},
            {each for each in self.provisional if each < hour},
        )


def _first_of(quarters: Sequence[int], others: Sequence[int]) -> tuple[int, ...]:
    """Return quarters, with others where they are unknown."""
    return tuple(one if one >= 0 else other for one, other in zip(quarters, others, strict=True))


def counters_of(readings: Readings, ean: str, meters: Mapping[str, int | None]) -> dict[CounterKey, Known]:
    """Return the counters of an EAN over its successive meters.

    `meters` gives the quarter in which the next meter replaced each one, None for the last.
    """
    streams: dict[tuple[ExportUnit, FlowDirection, int], list[Stream]] = {}
    for key, stream in readings.streams.items():
        if key.ean == ean and key.meter in meters and key.is_live:
            direction = FlowDirection(key.register.flow)
            streams.setdefault((key.unit, direction, key.register.tariff), []).append(stream)
    counters: dict[CounterKey, Known] = {}
    for unit, direction in sorted({group[:2] for group in streams}):
        total, day, night = (streams.get((unit, direction, tariff), []) for tariff in range(3))
        counters[CounterKey(unit, direction)] = known_of([total, [*day, *night]], meters)
        if day or night:
            # Only the register that counts is listed: the other one stood still.
            beside = [*day, *night]
            counters[CounterKey(unit, direction, 1)] = known_of([day], meters, beside)
            counters[CounterKey(unit, direction, 2)] = known_of([night], meters, beside)
    return {counter: known for counter, known in counters.items() if known}


def quarters_of(readings: Readings, ean: str, meters: Iterable[str]) -> dict[FlowDirection, dict[int, int]]:
    """Return the energy of all quarters that the meters of an EAN know, in millionths of a kWh, by direction."""
    groups: dict[FlowDirection, tuple[list[Stream], list[Stream]]] = {}
    lives = dict.fromkeys(meters)
    for key, stream in readings.streams.items():
        is_quarters = key.unit is ExportUnit.ENERGY and key.grain is Grain.QUARTER
        if is_quarters and key.ean == ean and key.meter in lives and key.is_live:
            totals, tariffs = groups.setdefault(FlowDirection(key.register.flow), ([], []))
            (tariffs if key.register.tariff else totals).append(stream)
    found: dict[FlowDirection, dict[int, int]] = {}
    for direction, streams in groups.items():
        days = {begin: length for group in streams for stream in group for begin, length in stream.lengths.items()}
        found[direction] = {
            begin + index: value
            for begin, length in days.items()
            for index, value in enumerate(_merged(streams, (), Grain.QUARTER, (begin, length), lives))
            if value >= 0
        }
    return found


def known_of(
    alternatives: Sequence[list[Stream]], meters: Mapping[str, int | None], beside: Iterable[Stream] = ()
) -> Known:
    """Return what streams know together; of several alternatives, the first that knows a quarter counts."""
    known = Known()
    every = [*(stream for streams in alternatives for stream in streams), *beside]
    for grain in Grain:
        days = {begin: length for stream in every if stream.grain is grain for begin, length in stream.lengths.items()}
        latest = max(days, default=0)
        for begin, length in sorted(days.items()):
            cells = _merged(alternatives, beside, grain, (begin, length), meters)
            if grain is Grain.QUARTER and begin > latest - _RECENT:
                known.recent |= {begin + index: value for index, value in enumerate(cells) if value >= 0}
            _take_day(known, grain, (begin, length), cells)
    for stream in every:
        known.estimated.update(quarter // HOUR for quarter in stream.marked(Trust.ESTIMATED))
        known.provisional.update(quarter // HOUR for quarter in stream.marked(Trust.PROVISIONAL))
    return known


def _merged(
    alternatives: Sequence[list[Stream]],
    beside: Iterable[Stream],
    grain: Grain,
    day: tuple[int, int],
    meters: Mapping[str, int | None],
) -> list[int]:
    """Return the cells of a day, added up over streams."""
    begin, length = day
    cells = [ABSENT] * -(-length // grain)
    for stream in beside:
        if stream.grain is grain:
            for index, _ in stream.cells_of(begin, meters[stream.key.meter]):
                cells[index] = 0
    for streams in reversed(alternatives):
        added: dict[int, int] = {}
        for stream in streams:
            if stream.grain is grain:
                for index, value in stream.cells_of(begin, meters[stream.key.meter]):
                    added[index] = added.get(index, 0) + value
        for index, value in added.items():
            cells[index] = value
    return cells


def _take_day(known: Known, grain: Grain, day: tuple[int, int], cells: list[int]) -> None:
    """Take the cells of a day: of quarters, hours, or the day."""
    begin, length = day
    hour = begin // HOUR
    if grain is Grain.DAY:
        if cells[0] >= 0:
            known.days[hour] = length // HOUR, cells[0]
        return
    for index in range(length // HOUR):
        if grain is Grain.HOUR:
            if cells[index] >= 0 and known.hours.setdefault(hour + index, cells[index]) == cells[index]:
                known.parts.pop(hour + index, None)
            continue
        quarters = cells[index * HOUR : index * HOUR + HOUR]
        if min(quarters) >= 0:
            known.hours[hour + index] = sum(quarters)
        elif max(quarters) >= 0:
            known.parts[hour + index] = tuple(max(value, ABSENT) for value in quarters)
