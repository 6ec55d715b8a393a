"""Exports as CSV: columns by name, rows in any order, errors by line."""

from collections.abc import Mapping
import csv
from operator import itemgetter
import re
from typing import TYPE_CHECKING, Final, TextIO

from .errors import ExportError
from .intervals import EMPTY, MICRO, ConflictError, Peak, Readings, Stream, StreamKey
from .vocabulary import COLUMNS, PEAK_REGISTERS, REGISTERS, UNITS, WATER, Column, Status, Unit, normalised, status_of
from .walltime import Day, Grain, Place, day_of, parse_date, parse_time, place

if TYPE_CHECKING:
    from _csv import Reader

MOST_ROWS: Final = 4_000_000
"""Rows of all files together: more than twenty years of quarter-hours."""
_MOST_NUMBERS: Final = 100_000
_NUMBER: Final = re.compile(r"(\d{1,9})(?:,(\d{1,9}))?")
_DIGITS: Final = 6
_LONGEST_ID: Final = 40
_REQUIRED: Final = (
    *(Column.FROM_DATE, Column.FROM_TIME, Column.UNTIL_DATE, Column.UNTIL_TIME),
    *(Column.REGISTER, Column.VOLUME, Column.UNIT),
)
_POWER: Final = frozenset({"kW", "kW "})
_OPTIONAL: Final = (Column.EAN, Column.METER, Column.METER_TYPE, Column.STATUS)


class _Field(Exception):
    """A field that says nothing that can be used."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


class _Numbers(dict[str, int]):
    """Volumes by their text, in millionths; most of them come again and again."""

    def __missing__(self, text: str) -> int:
        stripped = text.strip()
        if not stripped:
            value = EMPTY
        elif found := _NUMBER.fullmatch(stripped):
            fraction = (found[2] or "").ljust(_DIGITS, "0")
            value = int(found[1]) * MICRO + int(fraction[:_DIGITS]) + (fraction[_DIGITS : _DIGITS + 1] >= "5")
        else:
            raise _Field("mixed" if normalised(text) in COLUMNS else "bad_line", f"volume: {text}")
        if len(self) < _MOST_NUMBERS:
            self[text] = value
        return value


class _Places(dict[tuple[str, str], Place]):
    """Intervals within a kind of day, by the texts of their times."""

    def __init__(self, length: int, days: int) -> None:
        super().__init__()
        self._length = length
        self._days = days

    def __missing__(self, key: tuple[str, str]) -> Place:
        begin, end = map(parse_time, key)
        found = None if begin is None or end is None else place(self._length, begin, end, self._days)
        if found is None:
            raise _Field("bad_line", f"time: {key[0]} - {key[1]}")
        self[key] = found
        return found


class _Days(dict[tuple[str, str], tuple[Day, _Places]]):
    """Days, and the intervals that there are in them, by the texts of two dates."""

    def __init__(self) -> None:
        super().__init__()
        self._kinds: dict[tuple[int, int], _Places] = {}

    def __missing__(self, key: tuple[str, str]) -> tuple[Day, _Places]:
        begin, end = map(parse_date, key)
        if begin is None or end is None:
            mixed = any(normalised(text) in COLUMNS for text in key)
            raise _Field("mixed" if mixed else "bad_line", f"date: {key[0]} - {key[1]}")
        days = (end - begin).days
        if days not in (0, 1):
            raise _Field("bad_line", f"date: {key[0]} - {key[1]}")
        day = day_of(begin)
        kind = (day.length, days)
        found = self[key] = day, self._kinds.setdefault(kind, _Places(*kind))
        return found


class _Streams(dict[tuple[str, str, str, str, Grain], Stream | None]):
    """Streams by the texts of EAN, meter, register and unit; None is one that nothing is made of."""

    def __init__(self, readings: Readings, *, gas: bool) -> None:
        super().__init__()
        self._readings = readings
        self._gas = gas

    def __missing__(self, key: tuple[str, str, str, str, Grain]) -> Stream | None:
        ean, meter = clean_ean(key[0]), clean_id(key[1])
        register, unit = REGISTERS.get(normalised(key[2])), UNITS.get(normalised(key[3]))
        if self._gas:
            self._readings.gas.add(ean)
        stream = None
        if register is not None and unit in (Unit.ENERGY, Unit.VOLUME):
            stream = self._readings.stream(StreamKey(ean, meter, register, unit, key[4]))
        self[key] = stream
        return stream


def clean_ean(text: str) -> str:
    """Return an EAN without what makes Excel leave it alone, as in `="541448820000000000"`."""
    ean = text.strip().removeprefix("=").strip('" ')
    if ean and (len(ean) > _LONGEST_ID or not ean.isdecimal()):
        raise _Field("bad_line", f"EAN: {text}")
    return ean


def clean_id(text: str) -> str:
    """Return the number of a meter."""
    number = text.strip().removeprefix("=").strip('" ').upper()
    if len(number) > _LONGEST_ID:
        raise _Field("bad_line", f"meter: {text}")
    return number


class TableReader:
    """Reads one CSV into readings."""

    def __init__(self, readings: Readings, file: str) -> None:
        """Take the name that errors give."""
        self._readings = readings
        self._file = file
        self._grain: Grain | None = None
        self._states: dict[str, Status] = {}
        self._last_new_state: tuple[int, str] = (0, "")
        self._lines = 0

    def read(self, text: TextIO) -> None:
        """Read all of it; ExportError names the line of what is wrong."""
        reader = csv.reader(text, delimiter=";", strict=False)
        try:
            header = next(reader, [])
            self._rows(reader, _columns(header))
            self._readings.end_file()
        except _Field as field:
            raise ExportError(field.reason, field.detail, file=self._file, line=reader.line_num) from field
        except ConflictError as error:
            raise ExportError("conflict", file=self._file, line=reader.line_num) from error
        except UnicodeDecodeError as error:
            raise ExportError("not_text", file=self._file, line=reader.line_num + 1) from error
        except csv.Error as error:
            raise ExportError("not_an_export", str(error), file=self._file, line=reader.line_num) from error
        except ExportError as error:
            raise ExportError(error.reason, error.detail, file=self._file, line=reader.line_num) from error

    def _rows(self, reader: Reader, columns: Mapping[Column, int]) -> None:
        """Read the rows: the loop that takes all the time."""
        texts = itemgetter(*(columns.get(column, -1) for column in (*_REQUIRED, *_OPTIONAL)))
        numbers, days, states = _Numbers(), _Days(), self._states
        streams = _Streams(self._readings, gas=Column.CALORIFIC in columns)
        width = -1
        for row in reader:
            if len(row) != width:
                if not row:
                    continue
                width = self._width(row, width, max(columns.values()))
            # A column that is not there is the text added at the end.
            row.append("")
            begin, since, end, until, register, volume, unit, ean, meter, kind, state = texts(row)
            status = states.get(state) or self._state(state, reader.line_num)
            value = numbers[volume]
            self._lines += 1
            if unit in _POWER and value != EMPTY:
                self._peak((begin, since, end, until), register, value, (ean, meter), reader.line_num)
                continue
            day, places = days[begin, end]
            place = places[since, until]
            if place.grain is not self._grain:
                self._one_grain(place)
            key = ean, meter, register, unit, place.grain
            stream = streams.get(key) or self._stream(streams, key, kind, reader.line_num)
            if stream is not None:
                stream.put(day, place, value, estimated=status is Status.ESTIMATED)
        self._end(reader.line_num)

    def _width(self, row: list[str], width: int, needed: int) -> int:
        """Return the number of columns; a row that differs from the others is cut off, or of another file."""
        if width >= 0 and len(row) != width:
            raise _Field("truncated" if len(row) < width else "mixed", ";".join(row))
        if len(row) <= needed:
            raise _Field("truncated", ";".join(row))
        return len(row)

    def _state(self, text: str, line: int) -> Status:
        """Return a validation status that is seen for the first time."""
        status = self._states[text] = status_of(text)
        if status is Status.UNKNOWN and text.strip():
            self._last_new_state = (line, text)
        return status

    def _stream(self, streams: _Streams, key: tuple[str, str, str, str, Grain], kind: str, line: int) -> Stream | None:
        """Return a stream that is new, or count a row that nothing is made of."""
        is_new = key not in streams
        stream = streams[key]
        if is_new:
            ean, meter = clean_ean(key[0]), clean_id(key[1])
            self._readings.first_lines.setdefault((ean, meter), (self._file, line))
            if any(word in normalised(kind) for word in WATER):
                self._readings.water.add(ean)
        if stream is None:
            name = f"{key[2].strip()} ({key[3].strip()})"[:60]
            ignored = self._readings.ignored
            if name in ignored or len(ignored) < _LONGEST_ID:
                ignored[name] = ignored.get(name, 0) + 1
        return stream

    def _one_grain(self, place: Place) -> None:
        """Let a file have intervals of one length only: others are of another file."""
        if self._grain is not None:
            raise _Field("mixed", f"{self._grain.name.lower()} / {place.grain.name.lower()}")
        self._grain = place.grain

    def _peak(
        self, times: tuple[str, str, str, str], register: str, value: int, ids: tuple[str, str], line: int
    ) -> None:
        """Take a month peak."""
        begin, end = parse_date(times[0]), parse_date(times[2])
        midnight = parse_time(times[1]) == parse_time(times[3]) == 0
        month = begin is not None and end is not None and begin.day == end.day == 1 and 28 <= (end - begin).days <= 31  # noqa: PLR2004 -- days of a month
        if normalised(register) not in PEAK_REGISTERS or begin is None or not midnight or not month:
            raise _Field("bad_line", " ".join((*times, register)))
        owner = clean_ean(ids[0]), clean_id(ids[1])
        self._readings.first_lines.setdefault(owner, (self._file, line))
        peaks = self._readings.peaks.setdefault(owner, {})
        known = peaks.setdefault(begin.isoformat(), Peak(value, self._file, line))
        if known.value != value:
            raise ConflictError

    def _end(self, last_line: int) -> None:
        """Count what was read, and notice a last line that breaks off within a word."""
        readings = self._readings
        readings.rows += self._lines
        if not self._lines:
            raise _Field("empty", "")
        if readings.rows > MOST_ROWS:
            raise _Field("too_large", f"> {MOST_ROWS}")
        line, text = self._last_new_state
        if line == last_line and self._lines > 1:
            raise _Field("truncated", text)
        unknown = (state.strip()[:60] for state, status in self._states.items() if status is Status.UNKNOWN)
        readings.unknown_states.update(filter(None, unknown))


def _columns(header: list[str]) -> dict[Column, int]:
    """Return where the columns are, by their names."""
    found: dict[Column, int] = {}
    for index, name in enumerate(header):
        column = COLUMNS.get(normalised(name))
        if column is not None:
            found.setdefault(column, index)
    if missing := [column for column in _REQUIRED if column not in found]:
        raise _Field("not_an_export", f"{', '.join(missing)}: {';'.join(header)}")
    return found
