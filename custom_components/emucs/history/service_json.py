"""Exports of the grid operator's energy data service: JSON, in UTC."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
import json
import re
from typing import Any, Final

from .errors import ExportError
from .intervals import MICRO, ConflictError, Readings, StreamKey
from .walltime import HOUR, QUARTER, Day, Grain, Place, day_at
from .words import UNITS, Direction, Register, Status, Unit, normalised, status_of

_DIRECTIONS: Final = {"offtake": Direction.IMPORT, "injection": Direction.EXPORT}
_TARIFFS: Final = {"total": 0, "active": 0, "day": 1, "night": 2}
_GRAINS: Final = {"quarterHourlyEnergy": Grain.QUARTER, "hourlyEnergy": Grain.HOUR, "dailyEnergy": Grain.DAY}
# The portal gives units as codes (an observation of one program that reads it).
_UNIT_CODES: Final = {"3": Unit.ENERGY, "5": Unit.VOLUME}
_GAS: Final = ("g", "gas")
_DEEPEST: Final = 20
_LARGEST: Final = 10**9

type _Json = dict[str, Any]


class _Wrong(Exception):
    """A part that is not as the service gives it."""


def read_json(text: str, readings: Readings, file: str) -> None:
    """Read what the service answered, or several answers in a list; ExportError where that is not what it is."""
    try:
        content = json.loads(text, parse_float=str, parse_int=str, object_hook=_as_it_is)
    except (ValueError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else 0
        raise ExportError("not_an_export", str(error), file=file, line=line) from error
    before = readings.rows
    try:
        for answer in content if isinstance(content, list) else [content]:
            data = _part(answer, dict).get("data", answer)
            for headpoint in data if isinstance(data, list) else [data]:
                _headpoint(_part(headpoint, dict).get("headpoint"), readings, file, 0)
        readings.end_file()
    except _Wrong as error:
        raise ExportError("not_an_export", str(error), file=file) from error
    except ConflictError as error:
        raise ExportError("conflict", file=file) from error
    if readings.rows == before:
        raise ExportError("empty", file=file)


def _as_it_is(part: _Json) -> _Json:
    """Return a part: only Python code lets other threads run while the rest, in C, decodes for seconds."""
    return part


def _part[T: (dict[str, Any], list[Any], str)](value: object, kind: type[T]) -> T:
    """Return a value of a kind; _Wrong where it is another."""
    if not isinstance(value, kind):
        raise _Wrong(f"{kind.__name__}: {str(value)[:60]}")
    return value


def _headpoint(value: object, readings: Readings, file: str, depth: int) -> None:
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
        _energies(meter, readings, ean, number)
    # Where there is no meter of its own, the energy is the access point's.
    _energies(headpoint, readings, ean, "")
    for below in _part(headpoint.get("subHeadpoints") or [], list):
        _headpoint(below, readings, file, depth + 1)


def _energies(owner: Mapping[str, Any], readings: Readings, ean: str, meter: str) -> None:
    """Take the intervals of a meter."""
    for name, grain in _GRAINS.items():
        for value in _part(owner.get(name) or [], list):
            interval: _Json = _part(value, dict)
            day, place = _interval(interval, grain)
            readings.rows += 1
            for measurement in _part(interval.get("measurements") or [], list):
                for register, energy in _values(_part(measurement, dict), readings):
                    unit = _unit(energy)
                    if unit is None:
                        readings.ignored[str(energy.get("unit"))[:60]] = 1
                        continue
                    stream = readings.stream(StreamKey(ean, meter, register, unit, grain))
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
