"""The contents of exports as numbers in their places: one stream for each meter, register, unit and grain."""

from array import array
from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import Final, NamedTuple

from .errors import ExportError
from .repeated_hour import Repeated, TimedRow
from .vocabulary import ExportUnit, Quantity, RegisterName, SeriesFlow, Status
from .walltime import Day, Grain, Place

MICRO: Final = 1_000_000
"""Energy and volume are counted in millionths of kWh and m³: integers, so that nothing drifts."""
ABSENT: Final = -1
EMPTY: Final = -2
"""An interval that is listed without a measurement, which is not zero."""
MOST_ROWS: Final = 4_000_000
"""Rows of all files together: more than twenty years of quarter-hours."""

_AUTUMN: Final = 100
_REPEATED: Final = range(8, 16)
_MOST_STREAMS: Final = 200
_MOST_METERS: Final = 200
_MOST_DAYS: Final = 60_000
_MOST_IGNORED: Final = 40
_MOST_REPEATED: Final = 1000
"""Rows of one register in one repeated hour: eight, times the files that were put together."""


_LIVE_FLOWS: Final = (SeriesFlow.IMPORT, SeriesFlow.EXPORT)
_LIVE_UNITS: Final = (ExportUnit.ENERGY, ExportUnit.VOLUME)


class Trust(IntEnum):
    """How final a value is: one of a higher rank takes the place of one of a lower rank."""

    ESTIMATED = 0
    PROVISIONAL = 1
    FINAL = 2


TRUST: Final = {
    Status.ESTIMATED: Trust.ESTIMATED,
    Status.PROVISIONAL: Trust.PROVISIONAL,
    Status.READ: Trust.FINAL,
    Status.UNKNOWN: Trust.FINAL,
}


class StreamKey(NamedTuple):
    """What a stream is of."""

    ean: str
    meter: str
    register: RegisterName
    unit: ExportUnit
    grain: Grain

    @property
    def is_live(self) -> bool:
        """Tell whether a meter at the port can count it: exchange with the grid, as energy or as volume."""
        register = self.register
        return register.quantity is Quantity.ACTIVE and register.flow in _LIVE_FLOWS and self.unit in _LIVE_UNITS


class Installation(NamedTuple):
    """What produces behind a metering point: its number at the regulator, and its kind, such as PV."""

    id: str
    kind: str


class ConflictError(Exception):
    """Two measured values of one interval; the text says of which EAN and register."""


class Stream:
    """The values of one register, in cells by day and by place in the day."""

    def __init__(self, key: StreamKey, name: str, count_day: Callable[[], None]) -> None:
        """Start empty; `name` is for the user, `count_day` is called for each new day."""
        self.key = key
        self.name = name
        self.grain = key.grain
        self.days: dict[int, array[int]] = {}
        """By the first quarter of a day: a cell for each quarter, hour or day."""
        self.lengths: dict[int, int] = {}
        self.rows = 0
        self.uncertain = 0
        """Repeated hours that cannot be told apart."""
        self._count_day = count_day
        self._trust: dict[Trust, dict[int, int]] = {Trust.ESTIMATED: {}, Trust.PROVISIONAL: {}}
        """By the first quarter of a day: a bit for each cell that is an estimate, or provisional."""
        self._repeated: dict[int, Repeated] = {}
        self._seen_in_file = False

    def put(self, day: Day, place: Place, value: int, trust: Trust = Trust.FINAL) -> None:
        """Take a value, or EMPTY; ConflictError where another one of the same trust is known."""
        offset = place.offsets[0]
        self.rows += 1
        if day.length == _AUTUMN and self.grain is Grain.QUARTER and offset in _REPEATED:
            repeated = self._repeated.get(day.begin)
            if repeated is None:
                repeated = self._repeated[day.begin] = Repeated(begins_file=not self._seen_in_file)
            if len(repeated.rows) >= _MOST_REPEATED:
                raise ExportError("too_large", f"> {_MOST_REPEATED} rows in an hour")
            repeated.rows.append(TimedRow(place.offsets, value, trust))
            self.lengths[day.begin] = day.length
        else:
            self._set(day.begin, day.length, offset, value, trust)
        self._seen_in_file = True

    def _set(self, begin: int, length: int, offset: int, value: int, trust: int) -> None:
        """Fill a cell; an estimate gives way to a measurement, and a provisional value to a final one."""
        cells = self.days.get(begin)
        if cells is None:
            self._count_day()
            cells = self.days[begin] = array("q", [ABSENT]) * (-(-length // self.grain))
            self.lengths[begin] = length
        index = offset // self.grain
        known = cells[index]
        if known < 0:
            cells[index] = max(known, value) if value < 0 else value
            if trust < Trust.FINAL and value >= 0:
                self._mark(begin, index, trust)
        elif value >= 0 and (value != known or trust < Trust.FINAL or begin in self._trust[Trust.PROVISIONAL]):
            own = self._trust_at(begin, index)
            if value != known and trust == own:
                raise ConflictError(f"{self.key.ean} {self.name}".strip())
            if trust > own and (value != known or own is Trust.PROVISIONAL):
                cells[index] = value
                self._trust[own][begin] ^= 1 << index
                if trust < Trust.FINAL:
                    self._mark(begin, index, trust)

    def _mark(self, begin: int, index: int, trust: int) -> None:
        """Note that a cell is not final."""
        days = self._trust[Trust(trust)]
        days[begin] = days.get(begin, 0) | 1 << index

    def _trust_at(self, begin: int, index: int) -> Trust:
        """Return how final a cell is."""
        marked = (trust for trust, days in self._trust.items() if days.get(begin, 0) >> index & 1)
        return next(marked, Trust.FINAL)

    def end_file(self) -> None:
        """Place the quarters of repeated hours, now that all rows of a file are known."""
        for begin, repeated in self._repeated.items():
            placed, certain = repeated.placed()
            self.uncertain += not certain
            for offset, value, trust in placed:
                self._set(begin, self.lengths[begin], offset, value, trust)
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

    @property
    def last(self) -> int | None:
        """Return the last quarter, or the first one of the last interval, with a value."""
        for begin in sorted(self.days, reverse=True):
            if indexes := [index for index, value in enumerate(self.days[begin]) if value >= 0]:
                return begin + indexes[-1] * self.grain
        return None

    def marked(self, trust: Trust) -> Iterator[int]:
        """Return the first quarters of intervals whose value is an estimate, or provisional."""
        for begin, bits in self._trust[trust].items():
            for index in range(bits.bit_length()):
                if bits >> index & 1:
                    yield begin + index * self.grain

    def cells_of(self, begin: int, until: int | None = None) -> Iterator[tuple[int, int]]:
        """Return index and value of the cells of a day that have one, before a quarter."""
        for index, value in enumerate(self.days.get(begin, ())):
            if value >= 0 and (until is None or begin + index * self.grain < until):
                yield index, value


class Peak(NamedTuple):
    """The peak of a month, in millionths of its unit."""

    value: int
    file: str
    line: int
    unit: ExportUnit = ExportUnit.POWER


class PeakKey(NamedTuple):
    """Whose month peaks: of an EAN and a meter, and of what flows there."""

    ean: str
    meter: str
    flow: SeriesFlow = SeriesFlow.IMPORT


class Readings:
    """The contents of one or more files, within bounds that no house reaches."""

    def __init__(self) -> None:
        """Start empty."""
        self.streams: dict[StreamKey, Stream] = {}
        self.peaks: dict[PeakKey, dict[str, Peak]] = {}
        """The month peaks by month, as `2024-05-01`."""
        self.gas: set[str] = set()
        """The EANs that are certainly of gas."""
        self.water: set[str] = set()
        self.descriptions: dict[str, str] = {}
        """By EAN: what the operator calls the metering point."""
        self.parents: dict[str, str] = {}
        """By the EAN of a submeter: the EAN of the access point that it lies behind."""
        self.installations: dict[str, Installation] = {}
        """By EAN: what produces there."""
        self.unread: dict[str, int] = {}
        """Registers and units that are in no series at all, and the number of their rows."""
        self.behind: dict[str, int] = {}
        """Kinds of submeters, and how many there are."""
        self.unknown_states: set[str] = set()
        self.first_lines: dict[tuple[str, str], tuple[str, int]] = {}
        """File and line of the first row of an EAN and meter."""
        self.nothing_in: list[tuple[str, int]] = []
        """Files without rows, and the number of their lines."""
        self.rows = 0
        self.files: list[str] = []
        self._days = 0

    @property
    def rows_left(self) -> int:
        """Return how many rows may follow."""
        return MOST_ROWS - self.rows

    def stream(self, key: StreamKey, name: str) -> Stream:
        """Return a stream, made where it is new; ExportError where there are too many for one house."""
        if (stream := self.streams.get(key)) is None:
            if len(self.streams) >= _MOST_STREAMS:
                raise ExportError("too_large", f"> {_MOST_STREAMS} registers")
            stream = self.streams[key] = Stream(key, name, self._count_day)
        return stream

    def meet(self, owner: tuple[str, str], file: str, line: int) -> None:
        """Note where an EAN and meter are seen first; ExportError where there are too many for one house."""
        if owner not in self.first_lines:
            if len(self.first_lines) >= _MOST_METERS:
                raise ExportError("too_large", f"> {_MOST_METERS} meters")
            self.first_lines[owner] = file, line

    def ignore(self, name: str) -> None:
        """Count a row of a register or unit that is in no series."""
        _count(self.unread, name)

    @property
    def ignored(self) -> dict[str, int]:
        """Return the registers and units that no meter at the port counts, and the number of their rows."""
        ignored = dict(self.unread)
        for name, number in self.behind.items():
            _count(ignored, name, number)
        for key, stream in self.streams.items():
            if not key.is_live and key.unit is not ExportUnit.CALORIFIC and key.ean not in self.parents:
                _count(ignored, stream.name, stream.rows)
        return ignored

    def end_file(self) -> None:
        """Finish what only a whole file tells."""
        for stream in self.streams.values():
            stream.end_file()

    def require_values(self) -> None:
        """Refuse files without a single value for a meter: ExportError says what is in them instead."""
        if self.peaks or any(stream.first is not None for stream in self.streams.values()):
            return
        lines = [*self.first_lines.values(), *self.nothing_in]
        file, line = lines[0] if lines else (self.files[0], 0)
        if self.unread and not self.streams:
            raise ExportError("nothing_counted", ", ".join(self.unread), file=file, line=line)
        raise ExportError("empty", file=file, line=line)

    def _count_day(self) -> None:
        """Bound the days of all registers, each of which takes memory."""
        self._days += 1
        if self._days > _MOST_DAYS:
            raise ExportError("too_large", f"> {_MOST_DAYS} days of registers")


def _count(names: dict[str, int], name: str, number: int = 1) -> None:
    """Add to the number of a name; beyond so many names, new ones are not kept."""
    if name in names or len(names) < _MOST_IGNORED:
        names[name] = names.get(name, 0) + number
