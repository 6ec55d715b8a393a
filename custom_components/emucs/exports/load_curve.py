"""The second format of AMR meters: a line for each day with 96 values. What is known of it, and what is assumed.

Known: `;` between columns, four lines above the values, the start in column 0 (`ddmmyyyy HH:MM`), the unit in column 7
(`KWT`), and from column 10 on values with a decimal comma: that at place i ends at start + (i + 1) quarters.

Assumed, here alone:
- `KWT` is the code of the kilowatt (UN/ECE Recommendation 20): a value is the mean power of its quarter.
- Values follow each other as time passes. So a day on which the clock changes has 92 or 100 of them, from column 10 on;
  a day with another number is left out, and named.
- The direction stands in words beside the values, above them, or in the name of the file; the EAN is the number of 18
  digits beside or above them.
"""

from collections.abc import Iterable, Sequence
import csv
from itertools import islice
import re
from typing import TYPE_CHECKING, Final

from .csv_errors import errors_by_line
from .errors import ExportError
from .fields import Volumes, unquoted
from .intervals import EMPTY, Readings, StreamKey
from .vocabulary import FLOW_WORDS, ExportUnit, RegisterName, SeriesFlow, normalised
from .walltime import DAY_QUARTERS, HOUR, Grain, Place, day_of, parse_date, parse_time

if TYPE_CHECKING:
    from _csv import Reader

ABOVE: Final = 4
"""Lines above the values."""
_START: Final = re.compile(r'"?(\d{2})(\d{2})(\d{4}) (\d{1,2}:\d{2})"?')
_UNIT, _VALUES = 7, 10
_KILOWATT: Final = "KWT"
_FEWEST: Final = _VALUES + DAY_QUARTERS
_MOST_BLANK: Final = 1000
_EAN: Final = re.compile(r"(?<!\d)\d{18}(?!\d)")
_WORDS: Final = re.compile(r"[^\W\d_]+")
_LONGEST: Final = 60


def is_load_curve(start: str) -> bool:
    """Tell whether a file begins like this format."""
    lines = start.splitlines()
    if len(lines) <= ABOVE:
        return False
    first = lines[ABOVE].split(";")
    return len(first) > _UNIT and _START.fullmatch(first[0].strip()) is not None


class LoadCurveReader:
    """Reads one file of this format into readings."""

    def __init__(self, readings: Readings, file: str) -> None:
        """Take the name that errors give, and in which the direction may be told."""
        self._readings = readings
        self._file = file
        self._powers = Volumes()
        self._above = ""

    def read(self, text: Iterable[str]) -> None:
        """Read all of it; ExportError names the line of what is wrong."""
        reader = csv.reader(text, delimiter=";", quoting=csv.QUOTE_NONE)
        before = self._readings.rows
        with errors_by_line(reader, self._file):
            self._above = ";".join(";".join(row) for row in islice(reader, ABOVE))
            self._rows(reader)
            self._readings.end_file()
        if self._readings.rows == before:
            self._readings.nothing_in.append((self._file, reader.line_num))

    def _rows(self, reader: Reader) -> None:
        """Read the lines with values."""
        blank = 0
        for row in reader:
            if not any(map(unquoted, row)):
                blank += 1
                if blank > _MOST_BLANK:
                    raise ExportError("too_large", f"> {_MOST_BLANK} blank lines")
                continue
            if len(row) < _FEWEST:
                raise ExportError("truncated", ";".join(row[:_VALUES]))
            if self._readings.rows_left < DAY_QUARTERS:
                raise ExportError("too_large", f"> {self._readings.rows + self._readings.rows_left} rows")
            self._readings.rows += DAY_QUARTERS
            unit = unquoted(row[_UNIT])
            if unit.upper() == _KILOWATT:
                self._day(row, reader.line_num)
            else:
                self._readings.ignore(f"({unit})"[:_LONGEST])

    def _day(self, row: Sequence[str], line: int) -> None:
        """Take the values of a line."""
        found = _START.fullmatch(unquoted(row[0]))
        local = parse_date("-".join(found.groups()[:3])) if found else None
        offset = parse_time(found[4]) if found else None
        if local is None or offset != 0:
            raise ExportError("bad_line", f"date: {row[0]}")
        day = day_of(local)
        values = [self._powers[text] for text in row[_VALUES : _VALUES + max(day.length, DAY_QUARTERS)]]
        beyond = any(map(unquoted, row[_VALUES + day.length :]))
        if len(values) < day.length or beyond:
            self._readings.ignore(f"{local:%d-%m-%Y}: {len(values)} ≠ {day.length}")
            return
        beside = ";".join(row[1:_VALUES])
        ean = self._ean(beside)
        key = StreamKey(ean, "", RegisterName(self._flow(beside), 0), ExportUnit.ENERGY, Grain.QUARTER)
        self._readings.meet(key[:2], self._file, line)
        stream = self._readings.stream(key, f"{key.register.flow} ({_KILOWATT})")
        for index, value in enumerate(values[: day.length]):
            # A quarter of an hour at a mean power.
            energy = value if value == EMPTY else (value + HOUR // 2) // HOUR
            stream.put(day, Place(Grain.QUARTER, (index,)), energy)

    def _ean(self, beside: str) -> str:
        """Return the EAN that stands beside the values, or above them."""
        found = _EAN.search(beside) or _EAN.search(self._above)
        return found[0] if found else ""

    def _flow(self, beside: str) -> SeriesFlow:
        """Return the direction: where words name several, nobody can tell which it is."""
        for text in (beside, self._above, self._file):
            flows = {FLOW_WORDS[word] for word in map(normalised, _WORDS.findall(text)) if word in FLOW_WORDS}
            if len(flows) == 1:
                return flows.pop()
        raise ExportError("no_direction", self._file)
