"""Exports of the grid operator's energy data service: JSON, in UTC."""

from collections.abc import Iterator, Set as AbstractSet
from datetime import UTC, datetime
from functools import lru_cache
import json
import re
from typing import Any, Final

from .errors import ExportError
from .intervals import EMPTY, MICRO, TRUST, ConflictError, Installation, Readings, StreamKey, Trust
from .vocabulary import (
    REACTIVE,
    UNITS,
    ExportUnit,
    Quantity,
    RegisterName,
    SeriesFlow,
    is_counted,
    normalised,
    status_of,
)
from .walltime import HOUR, QUARTER, Day, Grain, Place, day_at

MOST_JSON: Final = 16 * 1024 * 1024
"""Bytes of one answer, which is in memory as a whole: two years of quarter-hours both ways."""
_LEAST_PER_PART: Final = 6
"""Bytes for each part of an answer, at least: in memory a part takes more than that. Real answers have 14."""
_FLOWS: Final = {
    "offtake": SeriesFlow.IMPORT,
    "injection": SeriesFlow.EXPORT,
    "production": SeriesFlow.PRODUCTION,
    "auxiliary": SeriesFlow.AUXILIARY,
}
_REGISTERS: Final = {
    (name, kind): RegisterName(flow, tariff, quantity)
    for name, flow in _FLOWS.items()
    for kind, tariff, quantity in (
        *(("total", 0, Quantity.ACTIVE), ("active", 0, Quantity.ACTIVE)),
        *(("day", 1, Quantity.ACTIVE), ("night", 2, Quantity.ACTIVE)),
        *((str(quantity), 0, quantity) for quantity in sorted(REACTIVE)),
    )
}
_GRAINS: Final = {"quarterHourlyEnergy": Grain.QUARTER, "hourlyEnergy": Grain.HOUR, "dailyEnergy": Grain.DAY}
_PORTAL_KEYS: Final = frozenset({"d", "v"})
"""Keys of an interval as the portal's own pages load it: its start and its values."""
_GAS: Final = ("g", "gas")
_SUBMETER: Final = "submetering"
_PROVISIONAL_FACTOR: Final = "P"
"""With this conversion factor, the energy of gas is provisional."""
_KEYS: Final = ("value", "unit", "validationState", "gasConversionFactor")
_DEEPEST: Final = 20
_LONGEST: Final = 60
_LARGEST: Final = 10**9

type _Json = dict[str, Any]
type _Energy = tuple[str, str, str, str, str, str]
"""What a register counted, as it is written: direction, register, value, unit, state, and conversion factor of gas."""
type _Slice = tuple[str, str, tuple[_Energy, ...]]
"""An interval as it is written: start, end, and energies.

Plain tuples of texts, as an answer has a million parts: the garbage collector lets go of these, and would hold up all
threads for the others.
"""
type _Told = tuple[RegisterName, ExportUnit, Grain]


class _WrongPartError(Exception):
    """A part that is not as the service gives it."""


def _compact(part: _Json) -> _Json | _Slice:
    """Return an interval in a small form, and any other object as it is.

    The decoder calls this for each object; during the call other threads can run.
    """
    return _slice(part) if "measurements" in part else part


def _slice(part: _Json) -> _Slice:
    """Return an interval in its small form."""
    measurements = [_part(each, dict) for each in _part(part.get("measurements") or [], list)]
    energies = tuple(energy for each in measurements for energy in _energies_in(each))
    return _text(part.get("start")), _text(part.get("end")), energies


def _energies_in(measurement: _Json) -> Iterator[_Energy]:
    """Return the energies of a measurement, by direction and register."""
    for name, registers in measurement.items():
        if isinstance(registers, dict):
            # Without registers, the energy of a direction is all of it.
            for kind, energy in ({"total": registers} if "value" in registers else registers).items():
                if isinstance(energy, dict):
                    value, unit, state, factor = (_text(energy.get(key)) for key in _KEYS)
                    yield name[:_LONGEST], kind[:_LONGEST], value, unit, state, factor


def _text(value: object) -> str:
    """Return the beginning of a value as text."""
    return value[:_LONGEST] if isinstance(value, str) else "" if value is None else str(value)[:_LONGEST]


_DECODER: Final = json.JSONDecoder(object_hook=_compact, parse_float=str, parse_int=str)


def read_json(text: str, readings: Readings, file: str) -> None:
    """Read an answer of the service, or several in a list; ExportError where it is something else."""
    if sum(map(text.count, "[{,")) > len(text) // _LEAST_PER_PART + _LEAST_PER_PART:
        raise ExportError("not_an_export", text[:_LONGEST], file=file)
    before = readings.rows
    try:
        content = _DECODER.decode(text)
        if _is_of_portal(content):
            raise ExportError("portal_json", file=file)
        for answer in content if isinstance(content, list) else [content]:
            data = _part(answer, dict).get("data", answer)
            for each in data if isinstance(data, list) else [data]:
                _headpoint(_part(each, dict).get("headpoint"), readings, file)
        readings.end_file()
    except (ValueError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else 0
        raise ExportError("not_an_export", str(error), file=file, line=line) from error
    except _WrongPartError as error:
        raise ExportError("not_an_export", str(error), file=file) from error
    except ConflictError as error:
        raise ExportError("conflict", str(error), file=file) from error
    if readings.rows == before:
        readings.nothing_in.append((file, 0))
    if not readings.rows_left > 0:
        raise ExportError("too_large", f"> {readings.rows} rows", file=file)


def _is_of_portal(content: object) -> bool:
    """Tell whether it is what the portal's own pages load: a list of intervals, or one within an object."""
    lists = content.values() if isinstance(content, dict) else [content]
    return any(
        isinstance(each, list) and each and isinstance(each[0], dict) and each[0].keys() >= _PORTAL_KEYS
        for each in lists
    )


def _part[T: (dict[str, Any], list[Any], str)](value: object, kind: type[T]) -> T:
    """Return a value of a kind; _WrongPartError where it is another."""
    if not isinstance(value, kind):
        raise _WrongPartError(f"{kind.__name__}: {str(value)[:_LONGEST]}")
    return value


def _headpoint(value: object, readings: Readings, file: str, above: tuple[str, ...] = ()) -> None:
    """Take an access point and those behind it, whose EAN tells their energy from that of the main meter.

    `above` are the EANs that it lies behind.
    """
    if len(above) > _DEEPEST:
        raise _WrongPartError("subHeadpoints")
    headpoint: _Json = _part(value, dict)
    ean = str(headpoint.get("ean") or "")
    if not re.fullmatch(r"\d{0,40}", ean):
        raise _WrongPartError(f"ean: {ean[:_LONGEST]}")
    if not _is_read(headpoint, readings, ean, above):
        return
    if str(headpoint.get("energyType", "")).casefold() in _GAS:
        readings.gas.add(ean)
    meters = [_part(each, dict) for each in _part(headpoint.get("physicalMeters") or [], list)]
    told: set[_Told] = set()
    for meter in meters:
        told |= _energies(meter, readings, (ean, _number_of(meter)), file)
    # An access point may repeat the energy of its meters. What it alone has, its meter measured where it has just one.
    _energies(headpoint, readings, (ean, _number_of(meters[0]) if len(meters) == 1 else ""), file, told)
    for below in _part(headpoint.get("subHeadpoints") or [], list):
        _headpoint(below, readings, file, (*above, ean))


def _is_read(headpoint: _Json, readings: Readings, ean: str, above: tuple[str, ...]) -> bool:
    """Note what a submeter lies behind, and tell whether its energy can be told from that of the access point."""
    kind = str(headpoint.get("$type", ""))[:_LONGEST]
    if not above and not kind.casefold().startswith(_SUBMETER):
        return True
    if not ean or ean in above:
        readings.ignore(kind)
        return False
    if ean not in readings.parents:
        readings.behind[kind] = readings.behind.get(kind, 0) + 1
        readings.parents[ean] = above[-1] if above else ""
    number, source = (str(headpoint.get(key) or "")[:_LONGEST] for key in ("vregId", "type"))
    if number or source:
        readings.installations.setdefault(ean, Installation(number, source))
    return True


def _number_of(meter: _Json) -> str:
    """Return the number of a meter."""
    return str(meter.get("meterID") or "")[:40].upper()


def _energies(
    owner: _Json, readings: Readings, ids: tuple[str, str], file: str, told: AbstractSet[_Told] = frozenset()
) -> set[_Told]:
    """Take the intervals of a meter or an access point, less those of registers that were told; return which it has."""
    for name in owner:
        if name.endswith("Energy") and name not in _GRAINS:
            readings.ignore(name[:_LONGEST])
    found: set[_Told] = set()
    for name, grain in _GRAINS.items():
        intervals = _part(owner.get(name) or [], list)
        if intervals:
            readings.meet(ids, file, 0)
        for index, value in enumerate(intervals):
            each: _Slice = value if isinstance(value, tuple) else _slice(_part(value, dict))
            # What was taken is let go: all at once at the end, that would hold up other threads.
            intervals[index] = None
            taken = _measured(each, readings, (*ids, grain), told)
            found |= taken
            readings.rows += not told or bool(taken)
    return found


def _measured(
    interval: _Slice, readings: Readings, owner: tuple[str, str, Grain], told: AbstractSet[_Told]
) -> set[_Told]:
    """Take what an interval has of an EAN and a meter; return the registers of it."""
    found: set[_Told] = set()
    ean, meter, grain = owner
    start, end, energies = interval
    at = _place(start, end, grain)
    for direction, kind, value, written, state, factor in energies:
        register, unit, name = _register(direction, kind, written)
        if register is None or unit is None:
            readings.ignore(name)
        elif (key := (register, unit, grain)) not in told:
            found.add(key)
            stream = readings.stream(StreamKey(ean, meter, register, unit, grain), name)
            stream.put(*at, _volume(value), _trust(state, factor))
    return found


@lru_cache(maxsize=256)
def _register(name: str, kind: str, written: str) -> tuple[RegisterName | None, ExportUnit | None, str]:
    """Return a register and its unit, None where it is in no series, and how the user is told of it."""
    register, unit = _REGISTERS.get((name, kind)), UNITS.get(normalised(written))
    shown = f"{name} {kind} ({written})"[:_LONGEST]
    return (register, unit, shown) if register is not None and is_counted(register, unit) else (None, None, shown)


@lru_cache(maxsize=256)
def _trust(state: str, factor: str) -> Trust:
    """Return how final a value is."""
    trust = TRUST[status_of(state)]
    return min(trust, Trust.PROVISIONAL) if factor == _PROVISIONAL_FACTOR else trust


def _place(start: str, stop: str, grain: Grain) -> tuple[Day, Place]:
    """Return the day of an interval, and its place there."""
    begin, end = _quarter(start), _quarter(stop)
    day = day_at(begin)
    offset = begin - day.begin
    length = day.length if grain is Grain.DAY else int(grain)
    if end - begin != length or offset % (HOUR if grain is Grain.HOUR else 1) or (grain is Grain.DAY and offset):
        raise _WrongPartError(f"{start} - {stop}")
    return day, Place(grain, (offset,))


@lru_cache(maxsize=4096)
def _quarter(text: str) -> int:
    """Return the quarter since the epoch that begins at a time in UTC."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise _WrongPartError(text) from error
    seconds = int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp())
    if seconds % QUARTER or not 946_684_800 <= seconds < 4_102_444_800:  # noqa: PLR2004 -- the years 2000 to 2099
        raise _WrongPartError(text)
    return seconds // QUARTER


def _volume(value: str) -> int:
    """Return a volume in millionths, or EMPTY."""
    if not value:
        return EMPTY
    try:
        number = float(value)
    except ValueError as error:
        raise _WrongPartError(value) from error
    if not 0 <= number < _LARGEST:
        raise _WrongPartError(value)
    return round(number * MICRO)
