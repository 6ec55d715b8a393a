"""Everything that exports say, as numbers in their places: one stream for each meter, register and unit."""

from array import array
from collections.abc import Iterator
from typing import Final, NamedTuple

from .errors import ExportError
from .repeated_hour import Repeated, Row
from .vocabulary import Register, Unit
from .walltime import Day, Grain, Place

MICRO: Final = 1_000_000
"""Energy and volume are counted in millionths of kWh and m³: integers, so that nothing drifts."""
ABSENT: Final = -1
EMPTY: Final = -2
"""An interval that is listed without a measurement: which is no zero."""

_AUTUMN: Final = 100
_REPEATED: Final = range(8, 16)
_MOST_STREAMS: Final = 200
_MOST_DAYS: Final = 60_000


class StreamKey(NamedTuple):
    """What a stream is of."""

    ean: str
    meter: str
    register: Register
    unit: Unit
    grain: Grain


class ConflictError(Exception):
    """Two measured values of one interval."""


class Stream:
    """The values of one register, in cells by day and by place in the day."""

    def __init__(self, key: StreamKey) -> None:
        """Start empty."""
        self.key = key
        self.grain = key.grain
        self.days: dict[int, array[int]] = {}
        """By the quarter that a day begins with: a cell for each quarter, hour or day."""
        self.lengths: dict[int, int] = {}
        self.estimated: set[int] = set()
        """The first quarters of intervals with an estimate."""
        self.uncertain = 0
        """Repeated hours that cannot be told apart."""
        self._repeated: dict[int, Repeated] = {}
        self._seen_in_file = False

    def put(self, day: Day, place: Place, value: int, *, estimated: bool) -> None:
        """Take a value, or EMPTY; ConflictError where another one was measured."""
        offset = place.offsets[0]
        if day.length == _AUTUMN and self.grain is Grain.QUARTER and offset in _REPEATED:
            repeated = self._repeated.get(day.begin)
            if repeated is None:
                repeated = self._repeated[day.begin] = Repeated(begins_file=not self._seen_in_file)
            repeated.rows.append(Row(place.offsets, value, estimated))
            self.lengths[day.begin] = day.length
        else:
            self._set(day.begin, day.length, offset, value, estimated=estimated)
        self._seen_in_file = True

    def _set(self, begin: int, length: int, offset: int, value: int, *, estimated: bool) -> None:
        """Fill a cell; an estimate gives way to what was measured."""
        cells = self.days.get(begin)
        if cells is None:
            cells = self.days[begin] = array("q", [ABSENT]) * (-(-length // self.grain))
            self.lengths[begin] = length
        index = offset // self.grain
        known = cells[index]
        quarter = begin + offset
        if known < 0:
            cells[index] = max(known, value) if value < 0 else value
            if estimated and value >= 0:
                self.estimated.add(quarter)
        elif value >= 0 and value != known:
            was_estimated = quarter in self.estimated
            if estimated is was_estimated:
                raise ConflictError
            if was_estimated:
                cells[index] = value
                self.estimated.discard(quarter)

    def end_file(self) -> None:
        """Place the quarters of repeated hours, now that all rows of a file are known."""
        for begin, repeated in self._repeated.items():
            placed, certain = repeated.placed()
            self.uncertain += not certain
            for offset, value, estimated in placed:
                self._set(begin, self.lengths[begin], offset, value, estimated=estimated)
        self._repeated.clear()
        self._seen_in_file = False

    @property
    def first(self) -> int | None:
        """Return the first quarter with a value."""
        for begin in sorted(self.days):
            for index, value in enumerate(self.days[begin]):
                if value >= 0:
                    return begin + index * self.grain
        return None

    def cells_of(self, begin: int, until: int | None = None) -> Iterator[tuple[int, int]]:
        """Return index and value of the cells of a day that have one, before a quarter."""
        for index, value in enumerate(self.days.get(begin, ())):
            if value >= 0 and (until is None or begin + index * self.grain < until):
                yield index, value


class Peak(NamedTuple):
    """The highest quarter of a month, in millionths of kW."""

    value: int
    file: str
    line: int


class Readings:
    """All that was read from one or more files."""

    def __init__(self) -> None:
        """Start empty."""
        self.streams: dict[StreamKey, Stream] = {}
        self.peaks: dict[tuple[str, str], dict[str, Peak]] = {}
        """By EAN and meter: the month peaks by month, as `2024-05-01`."""
        self.gas: set[str] = set()
        """The EANs that are certain to be of gas."""
        self.water: set[str] = set()
        self.ignored: dict[str, int] = {}
        """Registers and units that nothing is made of, and in how many rows they are."""
        self.unknown_states: set[str] = set()
        self.first_lines: dict[tuple[str, str], tuple[str, int]] = {}
        """Where an EAN and meter are seen first: file and line."""
        self.rows = 0
        self.files: list[str] = []

    def stream(self, key: StreamKey) -> Stream:
        """Return a stream, made where it is new; ExportError where there are too many to be one house."""
        if (stream := self.streams.get(key)) is None:
            if len(self.streams) >= _MOST_STREAMS:
                raise ExportError("too_large", f"> {_MOST_STREAMS} registers")
            stream = self.streams[key] = Stream(key)
        return stream

    def end_file(self) -> None:
        """Finish what only a whole file tells; ExportError where too much was read."""
        for stream in self.streams.values():
            stream.end_file()
        if sum(len(stream.days) for stream in self.streams.values()) > _MOST_DAYS:
            raise ExportError("too_large", f"> {_MOST_DAYS} days of registers")
