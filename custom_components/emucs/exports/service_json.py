"""Exports of the grid operator's energy data service: JSON, in UTC."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
import json
import re
from typing import Any, Final

from .errors import ExportError
from .intervals import MICRO, ConflictError, Readings, StreamKey
from .vocabulary import UNITS, Direction, Register, Status, Unit, normalised, status_of
from .walltime import HOUR, QUARTER, Day, Grain, Place, day_at

_DIRECTIONS: Final = {"offtake": Direction.IMPORT, "injection": Direction.EXPORT}
_TARIFFS: Final = {"total": 0, "active": 0, "day": 1, "night": 2}
_GRAINS: Final = {"quarterHourlyEnergy": Grain.QUARTER, "hourlyEnergy": Grain.HOUR, "dailyEnergy": Grain.DAY}
# The portal gives units as codes (an observation of one program that reads it).
_UNIT_CODES: Final = {"3": Unit.ENERGY, "5": Unit.VOLUME}
_GAS: Final = ("g", "gas")
_DEEPEST: Final = 20
_DECODER: Final = json.JSONDecoder(parse_float=str, parse_int=str)
_INTERVALS: Final = re.compile(rf'"(?:{"|".join(_GRAINS)})"\s*:\s*\[')
_SPACE: Final = re.compile(r"\s*")
_END: Final = re.compile(r"\s*\]")
_SEPARATOR: Final = re.compile(r"\s*([,\]])")
_LARGEST: Final = 10**9

type _Json = dict[str, Any]


class _Wrong(Exception):
    """A part that is not as the service gives it."""


class _Answer:
    """An answer whose intervals are decoded one by one: all at once would hold other threads for seconds."""

    def __init__(self, text: str) -> None:
        """Decode all but the intervals; ValueError where that is no JSON."""
        self._text = text
        self._begins: list[int] = []
        pieces: list[str] = []
        position = 0
        while found := _INTERVALS.search(text, position):
            # In place of its intervals, an array has the number by which they are found again.
            pieces.append(f"{text[position : found.end()]}{len(self._begins)}]")
            self._begins.append(found.end())
            position = found.end()
            for _, position in _elements(text, found.end()):  # noqa: B007 -- the last one counts
                pass
            if position == found.end():
                position = text.index("]", position) + 1
        pieces.append(text[position:])
        self.content = _DECODER.decode("".join(pieces))

    def intervals(self, numbers: list[Any]) -> Iterator[object]:
        """Return the intervals that an array stands for."""
        for number in numbers:
            yield from (element for element, _ in _elements(self._text, self._begins[int(number)]))


def _elements(text: str, position: int) -> Iterator[tuple[object, int]]:
    """Return the elements of an array, and the position behind each; ValueError where it is no JSON."""
    if _END.match(text, position):
        return
    separator = ","
    while separator == ",":
        element, position = _DECODER.raw_decode(text, _SPACE.match(text, position).end())  # type: ignore[union-attr]  # matches nothing too
        found = _SEPARATOR.match(text, position)
        if found is None:
            raise json.JSONDecodeError("Expecting ',' or ']'", text, position)
        separator, position = found[1], found.end()
        yield element, position


def read_json(text: str, readings: Readings, file: str) -> None:
    """Read what the service answered, or several answers in a list; ExportError where that is not what it is."""
    before = readings.rows
    try:
        answer = _Answer(text)
        content = answer.content
        for each in content if isinstance(content, list) else [content]:
            data = _part(each, dict).get("data", each)
            for headpoint in data if isinstance(data, list) else [data]:
                _headpoint(_part(headpoint, dict).get("headpoint"), answer, readings, file)
        readings.end_file()
    except (ValueError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else 0
        raise ExportError("not_an_export", str(error), file=file, line=line) from error
    except _Wrong as error:
        raise ExportError("not_an_export", str(error), file=file) from error
    except ConflictError as error:
        raise ExportError("conflict", file=file) from error
    if readings.rows == before:
        raise ExportError("empty", file=file)


def _part[T: (dict[str, Any], list[Any], str)](value: object, kind: type[T]) -> T:
    """Return a value of a kind; _Wrong where it is another."""
    if not isinstance(value, kind):
        raise _Wrong(f"{kind.__name__}: {str(value)[:60]}")
    return value


def _headpoint(value: object, answer: _Answer, readings: Readings, file: str, depth: int = 0) -> None:
    """Take an access point, and those behind it."""
    if depth > _DEEPEST:
        raise _Wrong("subHeadpoints")
    headpoint: _Json = _part(value, dict)
    ean = str(headpoint.get("ean", ""))
    if not re.fullmatch(r"\d{0,40}", ean):
        raise _Wrong(f"ean: {ean[:60]}")
    if str(headpoint.get("energyType", "")).casefold() in _GAS:
        readings.gas.add(ean)
    for physical in _part(headpoint.get("physicalMeters") or [], list):
        meter = _part(physical, dict)
        number = str(meter.get("meterID", ""))[:40].upper()
        readings.first_lines.setdefault((ean, number), (file, 0))
        _energies(meter, answer, readings, (ean, number))
    # Where there is no meter of its own, the energy is the access point's.
    _energies(headpoint, answer, readings, (ean, ""))
    for below in _part(headpoint.get("subHeadpoints") or [], list):
        _headpoint(below, answer, readings, file, depth + 1)


def _energies(owner: Mapping[str, Any], answer: _Answer, readings: Readings, ids: tuple[str, str]) -> None:
    """Take the intervals of a meter."""
    for name, grain in _GRAINS.items():
        for value in answer.intervals(_part(owner.get(name) or [], list)):
            interval: _Json = _part(value, dict)
            day, place = _interval(interval, grain)
            readings.rows += 1
            for measurement in _part(interval.get("measurements") or [], list):
                for register, energy in _values(_part(measurement, dict), readings):
                    unit = _unit(energy)
                    if unit is None:
                        readings.ignored[str(energy.get("unit"))[:60]] = 1
                        continue
                    stream = readings.stream(StreamKey(*ids, register, unit, grain))
                    estimated = status_of(str(energy.get("validationState", ""))) is Status.ESTIMATED
                    stream.put(day, place, _number(energy["value"]), estimated=estimated)


def _interval(interval: _Json, grain: Grain) -> tuple[Day, Place]:
    """Return the day of an interval, and its place there."""
    begin, end = _quarter(interval.get("start")), _quarter(interval.get("end"))
    day = day_at(begin)
    offset = begin - day.begin
    length = day.length if grain is Grain.DAY else int(grain)
    if end - begin != length or offset % (HOUR if grain is Grain.HOUR else 1) or (grain is Grain.DAY and offset):
        raise _Wrong(f"{interval.get('start')} - {interval.get('end')}")
    return day, Place(grain, (offset,))


def _quarter(value: object) -> int:
    """Return the quarter since the epoch that a time in UTC begins."""
    text = _part(value, str)
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise _Wrong(text[:60]) from error
    seconds = int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp())
    if seconds % QUARTER or not 946_684_800 <= seconds < 4_102_444_800:  # noqa: PLR2004 -- the years 2000 to 2099
        raise _Wrong(text[:60])
    return seconds // QUARTER


def _values(measurement: _Json, readings: Readings) -> Iterator[tuple[Register, _Json]]:
    """Return the registers of a measurement that are counted, with what they say."""
    for name, registers in measurement.items():
        if not isinstance(registers, dict):
            continue
        for kind, energy in registers.items():
            if name in _DIRECTIONS and kind in _TARIFFS and isinstance(energy, dict):
                if energy.get("value") is not None:
                    yield Register(_DIRECTIONS[name], _TARIFFS[kind]), energy
            else:
                ignored = f"{name} {kind}"[:60]
                readings.ignored[ignored] = readings.ignored.get(ignored, 0) + 1


def _unit(energy: _Json) -> Unit | None:
    """Return the unit of a value, where it is one that is counted."""
    text = str(energy.get("unit", ""))
    unit = UNITS.get(normalised(text)) or _UNIT_CODES.get(text)
    return unit if unit in (Unit.ENERGY, Unit.VOLUME) else None


def _number(value: object) -> int:
    """Return a volume in millionths."""
    try:
        number = float(str(value))
    except ValueError as error:
        raise _Wrong(str(value)[:60]) from error
    if not 0 <= number < _LARGEST:
        raise _Wrong(str(value)[:60])
    return round(number * MICRO)
