"""Exports as CSV: columns by name, rows in any order, errors by line."""

from collections.abc import Callable, Iterable
from contextlib import suppress
import csv
from datetime import timedelta
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from .csv_errors import errors_by_line
from .errors import ExportError
from .fields import (
    Days,
    Streams,
    StreamTexts,
    Units,
    Volumes,
    clean_ean,
    clean_id,
    is_blank,
    is_column_name,
    name_of,
    unquoted,
)
from .intervals import EMPTY, TRUST, ConflictError, Peak, PeakKey, Readings, Stream
from .vocabulary import (
    COLUMNS,
    GAS_WORD,
    PEAK_REGISTERS,
    REGISTERS,
    STATUS_WORDS,
    UNVALIDATED,
    WATER,
    Column,
    ExportUnit,
    Status,
    normalised,
    status_of,
)
from .walltime import DAY_QUARTERS, Day, Grain, Place, parse_date, parse_time

if TYPE_CHECKING:
    from _csv import Reader

_MOST_BLANK: Final = 1000
"""Blank rows beyond one for each interval: some programs write one after each line."""
_MOST_PEAKS: Final = 10_000
"""Rows of month peaks in a file."""
_MOST_ABOVE: Final = 10
"""Rows before the header: blank ones, and what tells a spreadsheet program how columns are separated."""
_MOST_STATES: Final = 100
_LONGEST_STATE: Final = 60
_REQUIRED: Final = (
    *(Column.FROM_DATE, Column.FROM_TIME, Column.UNTIL_DATE, Column.UNTIL_TIME),
    *(Column.REGISTER, Column.VOLUME, Column.UNIT),
)
_OPTIONAL: Final = (
    *(Column.EAN, Column.METER, Column.METER_TYPE, Column.STATUS),
    *(Column.DESCRIPTION, Column.CALORIFIC),
)
_TIMES: Final = frozenset({Column.FROM_TIME, Column.UNTIL_TIME})
_SHORTENABLE: Final = frozenset({Column.REGISTER, Column.VOLUME, Column.UNIT, Column.EAN, Column.METER})
"""Columns whose text still means something when its end is lost: something else."""

type _Fields = tuple[str, str, str, str, str, str, str, str, str, str, str, str, str]
"""The texts of a row, in the order of _REQUIRED and _OPTIONAL."""


class TableReader:
    """Reads one CSV into readings."""

    def __init__(self, readings: Readings, file: str, ends_line: Callable[[], bool], *, gas: bool = False) -> None:
        """Take the name that errors give, what tells whether the file ends where a line does, and if it is of gas."""
        self._gas = gas
        self._readings = readings
        self._file = file
        self._ends_line = ends_line
        self._grain: Grain | None = None
        self._states: dict[str, Status] = {}
        self._columns: dict[Column, int] = {}
        self._lines = 0
        self._peaks = 0
        self._passed = 0
        self._last_passed = 0

    def read(self, text: Iterable[str]) -> None:
        """Read all of it; ExportError names the line of what is wrong."""
        # A quote is an ordinary character here: free text may begin with one, and it must not swallow the rows below.
        reader = csv.reader(text, delimiter=";", quoting=csv.QUOTE_NONE)
        with errors_by_line(reader, self._file):
            header = _header(reader)
            self._columns = _columns(header)
            self._rows(reader, len(header))
            self._readings.end_file()

    def _rows(self, reader: Reader, header_width: int) -> None:
        """Read the rows: the loop that takes all the time."""
        texts = itemgetter(*(self._columns.get(column, -1) for column in (*_REQUIRED, *_OPTIONAL)))
        volumes, units, days, states = Volumes(), Units(), Days(), self._states
        streams = Streams(self._readings, gas=self._gas or Column.CALORIFIC in self._columns)
        width = -1
        row: list[str] = []
        for row in islice(reader, self._readings.rows_left):
            if len(row) != width:
                if is_blank(row):
                    self._pass_over(reader.line_num)
                    continue
                row[:] = self._whole_row(row, width, header_width)
                width = len(row)
            # A column that is not there is the text added at the end.
            row.append("")
            fields: _Fields = texts(row)
            begin, since, end, until, register, volume, unit, ean, meter, _, state, _, calorific = fields
            try:
                value = volumes[volume]
                if units[unit] is ExportUnit.POWER and self._peak(fields, value, reader.line_num):
                    self._lines += 1
                    continue
                day, places = days[begin, end]
                place = places[since, until]
            except ExportError as error:
                self._odd_row(row, fields, reader.line_num, error)
                continue
            if place.grain is not self._grain:
                self._one_grain(place)
            status = states.get(state) or self._state(state)
            self._lines += 1
            key = ean, meter, register, unit, place.grain
            stream = streams.get(key) or self._stream(streams, key, fields, reader.line_num)
            if stream is not None:
                stream.put(day, place, value, TRUST[status])
                if calorific:
                    self._calorific(stream, (day, place), volumes[calorific], status)
        self._end(reader, row, header_width)

    def _pass_over(self, line: int) -> None:
        """Count a row without an interval; an export does not have more of them than rows."""
        self._last_passed = line
        self._passed += 1
        if self._passed > self._lines + _MOST_BLANK:
            raise ExportError("too_large", f"> {_MOST_BLANK} blank lines")

    def _whole_row(self, row: list[str], width: int, header_width: int) -> list[str]:
        """Return a row with as many columns as the others; one that differs is cut off, or of another file."""
        is_first = width < 0
        wanted = header_width if is_first else width
        if len(row) > wanted:
            # A separator within quotes separates nothing.
            [quoted] = csv.reader([";".join(row)], delimiter=";")
            if len(quoted) == wanted:
                return quoted
        if is_first and len(row) > max(self._columns.values()):
            return row
        raise ExportError("truncated" if is_first or len(row) < wanted else "mixed", ";".join(row))

    def _odd_row(self, row: list[str], fields: _Fields, line: int, error: ExportError) -> None:
        """Pass over a row that is no interval, and say of others what they are."""
        begin, since, end, until, register, volume, unit, *_ = fields
        word = normalised(register)
        dates = parse_date(unquoted(begin)), parse_date(unquoted(end))
        if is_blank(row):
            self._pass_over(line)
        elif not any(letter.isdecimal() for letter in begin + since + end + until):
            # The sum below a table has no time; what has a register has lost its time.
            if word in REGISTERS or word in PEAK_REGISTERS or any(map(is_column_name, fields)):
                raise error
            self._readings.ignore(name_of(register, unit) or unquoted(begin))
            self._pass_over(line)
        elif word in PEAK_REGISTERS:
            in_energy = Units()[unit] is ExportUnit.ENERGY
            if not in_energy and not is_blank([volume, unit]):
                raise error
            self._lines += self._peak(fields, Volumes()[volume], line)
        elif dates[0] and dates[1] and (dates[1] - dates[0]).days > 1 and _at_midnight(since, until):
            raise ExportError("month_totals", f"{unquoted(register)}, {unquoted(begin)} - {unquoted(end)}") from error
        else:
            raise error

    def _state(self, text: str) -> Status:
        """Return a validation status that is seen for the first time."""
        status = status_of(text[:_LONGEST_STATE])
        if len(self._states) < _MOST_STATES:
            self._states[text] = status
        return status

    def _calorific(self, stream: Stream, at: tuple[Day, Place], value: int, status: Status) -> None:
        """Keep the calorific value of an interval; the volume and the energy of one interval may both have it."""
        if value >= 0 and stream.grain is not Grain.QUARTER and stream.key.unit is not ExportUnit.REACTIVE:
            key = stream.key._replace(unit=ExportUnit.CALORIFIC)
            with suppress(ConflictError):
                self._readings.stream(key, stream.name).put(*at, value, TRUST[status])

    def _stream(self, streams: Streams, key: StreamTexts, fields: _Fields, line: int) -> Stream | None:
        """Return a stream that is new, or count a row of a register that is in no series."""
        is_new = key not in streams
        stream = streams[key]
        if is_new:
            ean = clean_ean(key[0])
            self._readings.meet((ean, clean_id(key[1])), self._file, line)
            kind, description = normalised(fields[9][:_LONGEST_STATE]), unquoted(fields[11])
            if any(word in kind for word in WATER):
                self._readings.water.add(ean)
            if GAS_WORD in kind:
                self._readings.gas.add(ean)
            if description:
                self._readings.descriptions.setdefault(ean, description[:_LONGEST_STATE])
        if stream is None:
            self._readings.ignore(name_of(key[2], key[3]))
        return stream

    def _one_grain(self, place: Place) -> None:
        """Let a file have intervals of one length only: others are of another file."""
        if self._grain is not None:
            raise ExportError("mixed", f"{self._grain.name.lower()} / {place.grain.name.lower()}")
        self._grain = place.grain

    def _peak(self, fields: _Fields, value: int, line: int) -> bool:
        """Take the peak of a month; tell whether the row is one.

        The first month begins when the contract does. A month that has not ended can still get a higher peak.
        """
        begin, since, end, until, register, _, unit, ean, meter, *_ = fields
        if normalised(register) not in PEAK_REGISTERS:
            return False
        self._peaks += 1
        if self._peaks > _MOST_PEAKS:
            raise ExportError("too_large", f"> {_MOST_PEAKS} months")
        first, last = parse_date(unquoted(begin)), parse_date(unquoted(end))
        start, stop = parse_time(unquoted(since)), parse_time(unquoted(until), is_end=True)
        wrong = ExportError("bad_line", " ".join(map(unquoted, (*fields[:4], register))))
        if first is None or last is None or start is None or stop is None:
            raise wrong
        last, stop = last + timedelta(stop // DAY_QUARTERS), stop % DAY_QUARTERS
        month = first.replace(day=1)
        following = month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)
        if not (first, start) < (last, stop) <= (following, 0):
            raise wrong
        owner = clean_ean(ean), clean_id(meter)
        self._readings.meet(owner, self._file, line)
        if value == EMPTY:
            return True
        if last != following:
            self._readings.ignore(f"{name_of(register, unit)} {month:%m-%Y}")
            return True
        peaks = self._readings.peaks.setdefault(PeakKey(*owner, PEAK_REGISTERS[normalised(register)]), {})
        kind = Units()[unit] or ExportUnit.POWER
        known = peaks.setdefault(month.isoformat(), Peak(value, self._file, line, kind))
        if (known.value, known.unit) != (value, kind):
            raise ConflictError(f"{owner[0]} {unquoted(register)}".strip())
        return True

    def _end(self, reader: Reader, last: list[str], header_width: int) -> None:
        """Count what was read, and notice a file that breaks off."""
        readings = self._readings
        if next(reader, None) is not None:
            raise ExportError("too_large", f"> {readings.rows + readings.rows_left} rows")
        readings.rows += self._lines
        if not self._lines:
            readings.nothing_in.append((self._file, reader.line_num))
        if last and self._last_passed != reader.line_num and not self._ends_line():
            self._require_whole(last[:-1], header_width)
        unknown = (
            unquoted(text)[:_LONGEST_STATE]
            for text, status in self._states.items()
            if status is Status.UNKNOWN or normalised(text) in UNVALIDATED
        )
        readings.unknown_states.update(filter(None, unknown))

    def _require_whole(self, row: list[str], header_width: int) -> None:
        """Refuse a last row without line end, where its last field may have lost a part that matters."""
        column = next((column for column, index in self._columns.items() if index == len(row) - 1), None)
        text = row[-1]
        torn = column in _SHORTENABLE or (self._lines == 1 and len(row) < header_width)
        if torn or (column is Column.STATUS and self._is_beginning(normalised(text))):
            raise ExportError("truncated", text)

    def _is_beginning(self, word: str) -> bool:
        """Tell whether a status has lost its end: it is the beginning of another one, and unknown itself."""
        words = set(map(normalised, self._states)) | (STATUS_WORDS if word else set())
        return word not in STATUS_WORDS and any(each != word and each.startswith(word) for each in words)


def _at_midnight(since: str, until: str) -> bool:
    """Tell whether an interval begins and ends with days."""
    return parse_time(unquoted(since)) == 0 and parse_time(unquoted(until), is_end=True) in (0, DAY_QUARTERS)


def _header(reader: Reader) -> list[str]:
    """Return the names of the columns: the first row that is written for people."""
    for row in islice(reader, _MOST_ABOVE):
        if not is_blank(row) and unquoted(row[0]).casefold() != "sep=":
            return row
    return []


def _columns(header: list[str]) -> dict[Column, int]:
    """Return where the columns are, by their names."""
    found: dict[Column, int] = {}
    for index, name in enumerate(header):
        column = COLUMNS.get(normalised(name[:_LONGEST_STATE]))
        if column is not None:
            found.setdefault(column, index)
    missing = [column for column in _REQUIRED if column not in found]
    if missing and _TIMES.issuperset(missing):
        raise ExportError("dates_only", ";".join(header))
    if missing:
        raise ExportError("not_an_export", f"{', '.join(missing)}: {';'.join(header)}")
    return found
