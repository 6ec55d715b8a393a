"""The voltages of five weeks, in slots of 10 or 15 minutes, and the verdict of each week since the start."""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from itertools import groupby
from math import sqrt
from struct import Struct
from typing import Any, Final, Literal, NamedTuple, Self
import zlib

GRAIN: Final = 300
"""Seconds of the slots that are kept: those of 10 and of 15 minutes are made of them."""
KNOWN_SHARE: Final = 0.9
"""Share of a slot that must have been seen for its mean to be known."""
VOLT: Final = 10
"""Voltages are kept in tenths of a volt, which is what meters print."""

_DAY: Final = 86400
_GRAINS_A_DAY: Final = _DAY // GRAIN
_GRAINS_A_SLOT: Final = 2
_DAYS_A_WEEK: Final = 7
_MINUTE: Final = 60
_DAYS_KEPT: Final = 37  # five weeks and the running day, by the days of UTC

_EXPORT: Final = "export"
_PHASES: Final = ("l1", "l2", "l3")
_SERIES: Final = (*_PHASES, _EXPORT)
# A meter's whole life; a clock that jumps again and again may not fill the store.
_MOST_WEEKS: Final = 20 * 53 * len(_PHASES)
_RECORD: Final = Struct("<HIHHHH")
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class VoltageBand:
    """What means of ten minutes are judged by, in V: 95 % of a week's within low to high, all within lowest to high.

    That is 10 % above and below the nominal voltage, and 15 % below (EN 50160, low voltage).
    """

    nominal: float
    low: float
    high: float
    lowest: float


OF_230_V: Final = VoltageBand(nominal=230.0, low=207.0, high=253.0, lowest=195.5)
"""From a phase to the neutral, and between the lines of 3x230 V."""
TO_STAR_POINT: Final = VoltageBand(*(volts / sqrt(3) for volts in (230.0, 207.0, 253.0, 195.5)))
"""From a line of 3x230 V to the star point, as Iskraemeco meters print it."""


class VoltageGrain(NamedTuple):
    """What was seen of a phase in some time. Voltages in tenths of a volt."""

    seconds: int
    squares: int
    """The sum of squares of the voltage, in V²s: to the unit, which moves no mean by 0.0001 V, and adds up."""
    minimum: int
    maximum: int
    above: int
    below: int


@dataclass(frozen=True, slots=True)
class VoltageSlot:
    """One clock-aligned slot of one phase."""

    start: datetime
    """In UTC."""
    seconds: int
    """Of it that were seen."""
    mean: float
    """The root of the mean of squares, in V."""
    minimum: float
    maximum: float
    above: int
    """Seconds above the band's `high`."""
    below: int
    """Seconds below the band's `low`."""

    def is_known(self, minutes: int) -> bool:
        """Tell whether enough of a slot of so many minutes was seen."""
        return self.seconds >= KNOWN_SHARE * minutes * _MINUTE


class VoltageVerdict(StrEnum):
    """What a week comes to. Always indicative: a user port is no class A instrument."""

    WITHIN = "within"
    OUTSIDE = "outside"
    UNKNOWN_YET = "unknown_yet"


@dataclass(frozen=True, slots=True)
class WeekVerdict:
    """What a calendar week of Belgium came to, from Monday 00:00 local time, by the means of ten minutes of a phase."""

    begin: date
    phase: str
    verdict: VoltageVerdict
    known: int
    """How many slots were seen for long enough."""
    slots: int
    """How many the week has: 1008, or 6 less or more where the clock changes."""
    within: float
    """Share of the known slots inside low to high."""
    lowest: float
    """The lowest known mean, in V; 0 where none is known."""
    highest: float


def mean_of(seconds: int, squares: int) -> float:
    """Return the mean voltage in V by the sum of its squares over so many seconds, in V²s."""
    return sqrt(squares / seconds)


class VoltageHistory:
    """The slots of five weeks and the verdicts of all weeks."""

    def __init__(self) -> None:
        """Start with nothing known."""
        self.band: VoltageBand | None = None
        """What voltages are judged by; None while the grid is not known."""
        self.phases: tuple[str, ...] = ()
        """Those with a voltage: `l1`, `l2`, `l3`."""
        self._days: dict[int, dict[str, bytearray]] = {}  # grains by UTC day since 1970 and phase
        self._packed: dict[int, dict[str, str]] = {}  # days as they are saved, until something is added
        self._weeks: list[WeekVerdict] = []
        self._end = 0  # the number of the grain after the latest one

    @property
    def weeks(self) -> Sequence[WeekVerdict]:
        """Return the verdicts of all closed weeks, the oldest first."""
        return tuple(self._weeks)

    def slots(self, phase: str, begin: datetime, end: datetime, minutes: Literal[10, 15]) -> list[VoltageSlot]:
        """Return the slots of a phase that start from `begin` and are over by `end`; gaps are missing."""
        found = []
        for start, (seconds, squares, *others) in self._sums(phase, begin, end, minutes):
            minimum, maximum, above, below = others
            mean = mean_of(seconds, squares)
            found.append(VoltageSlot(start, seconds, mean, minimum / VOLT, maximum / VOLT, above, below))
        return found

    def export(self, begin: datetime, end: datetime, minutes: Literal[10, 15]) -> dict[datetime, float]:
        """Return the mean export power in kW of what was seen of each slot, by its start in UTC."""
        sums = self._sums(_EXPORT, begin, end, minutes)
        return {start: total.squares / total.seconds / 1000 for start, total in sums}

    def _sums(
        self, series: str, begin: datetime, end: datetime, minutes: int
    ) -> Iterator[tuple[datetime, VoltageGrain]]:
        """Yield the start of each slot that is over, and what was seen in it."""
        grains_a_slot = minutes * _MINUTE // GRAIN
        first = -(-int(begin.timestamp()) // (minutes * _MINUTE)) * grains_a_slot
        last = min(int(end.timestamp()) // (minutes * _MINUTE), self._end // grains_a_slot) * grains_a_slot
        grains = self._grains(series, first, last)
        for slot, parts in groupby(grains, lambda part: part[0] // grains_a_slot):
            total = join([grain for _, grain in parts])
            yield datetime.fromtimestamp(slot * minutes * _MINUTE, UTC), total

    def _grains(self, series: str, first: int, last: int) -> Iterator[tuple[int, VoltageGrain]]:
        """Yield the grains of a series of which something was seen, with their numbers since 1970, before `last`."""
        for day in range(first // _GRAINS_A_DAY, -(-last // _GRAINS_A_DAY)):
            if (records := self._days.get(day, {}).get(series)) is None:
                continue
            for place, fields in enumerate(_RECORD.iter_unpack(records), day * _GRAINS_A_DAY):
                if fields[0] and first <= place < last:
                    yield place, VoltageGrain._make(fields)

    def add(self, number: int, phase: str, grain: VoltageGrain) -> None:
        """Keep a grain of a phase that is over, by its number since 1970; a new day drives the oldest one out.

        Days are counted, not dated: a clock that was years ahead for an hour drives out no more than one.
        """
        day, place = divmod(number, _GRAINS_A_DAY)
        if day not in self._days:
            for old in sorted(self._days)[: 1 - _DAYS_KEPT]:
                del self._days[old]
                self._packed.pop(old, None)
        records = self._days.setdefault(day, {}).setdefault(phase, bytearray(_GRAINS_A_DAY * _RECORD.size))
        _RECORD.pack_into(records, place * _RECORD.size, *grain)
        self._packed.pop(day, None)
        self._end = max(self._end, number + 1)

    def set_mean(self, minute: int, phase: str, mean: float) -> None:
        """Give the slot of ten minutes that begins with a minute since 1970 a mean in V; what else is seen stays."""
        first = minute * _MINUTE // GRAIN
        known = dict(self._grains(phase, first, first + _GRAINS_A_SLOT))
        unseen = VoltageGrain(GRAIN, 0, round(mean * VOLT), round(mean * VOLT), 0, 0)
        for number in range(first, first + _GRAINS_A_SLOT):
            grain = known.get(number, unseen)
            self.add(number, phase, grain._replace(seconds=GRAIN, squares=round(mean * mean * GRAIN)))

    def add_export(self, number: int, seconds: int, watts: int) -> None:
        """Keep the export power of a grain: in W, times seconds."""
        self.add(number, _EXPORT, VoltageGrain(seconds, watts, 0, 0, 0, 0))

    def add_weeks(self, weeks: Iterable[WeekVerdict]) -> None:
        """Keep the verdicts of a week that is over."""
        verdicts = {(week.begin, week.phase): week for week in (*self._weeks, *weeks)}
        self._weeks = [verdicts[key] for key in sorted(verdicts)][-_MOST_WEEKS:]

    def truncate(self, number: int) -> None:
        """Forget grains from a number on, and weeks that were not over by then: a wrong clock dated them."""
        self._end = min(self._end, number)
        day, place = divmod(number, _GRAINS_A_DAY)
        for later in [each for each in self._days if each >= day]:
            self._packed.pop(later, None)
            if later > day:
                del self._days[later]
        for records in self._days.get(day, {}).values():
            records[place * _RECORD.size :] = bytes((_GRAINS_A_DAY - place) * _RECORD.size)
        today = date.fromordinal(_EPOCH_DAY + day)
        self._weeks = [week for week in self._weeks if (today - week.begin).days >= _DAYS_A_WEEK]

    def clear(self) -> None:
        """Forget all grains: they were judged by another band."""
        self._end = 0
        self._days.clear()
        self._packed.clear()

    def save(self) -> dict[str, Any]:
        """Return all of it in types of JSON."""
        for day, series in self._days.items():
            if day not in self._packed:
                self._packed[day] = {key: _pack(records) for key, records in series.items()}
        return {
            "nominal": self.band and self.band.nominal,
            "phases": list(self.phases),
            "end": self._end,
            "days": {date.fromordinal(_EPOCH_DAY + day).isoformat(): packed for day, packed in self._packed.items()},
            "weeks": [[week.begin.isoformat(), *astuple(week)[1:]] for week in self._weeks],
        }

    @classmethod
    def restore(cls, saved: Mapping[str, Any]) -> Self:
        """Return what was saved."""
        history = cls()
        if (nominal := saved["nominal"]) is not None:
            history.band = OF_230_V if float(nominal) == OF_230_V.nominal else TO_STAR_POINT
        history.phases = tuple(phase for phase in _PHASES if phase in saved["phases"])
        days = {date.fromisoformat(day).toordinal() - _EPOCH_DAY: packed for day, packed in saved["days"].items()}
        for day in sorted(days)[-_DAYS_KEPT:]:
            history._days[day] = {key: _unpack(days[day][key]) for key in _SERIES if key in days[day]}
            history._packed[day] = dict(days[day])
        history._end = int(saved["end"])
        for begin, phase, verdict, known, slots, within, lowest, highest in saved["weeks"][-_MOST_WEEKS:]:
            numbers = float(within), float(lowest), float(highest)
            week = WeekVerdict(
                date.fromisoformat(begin), str(phase), VoltageVerdict(verdict), int(known), int(slots), *numbers
            )
            history._weeks.append(week)
        return history


def join(grains: Sequence[VoltageGrain]) -> VoltageGrain:
    """Return what was seen in all of some grains."""
    seconds, squares, minimums, maximums, above, below = zip(*grains, strict=True)
    return VoltageGrain(sum(seconds), sum(squares), min(minimums), max(maximums), sum(above), sum(below))


def _pack(records: bytearray) -> str:
    """Return the grains of a day as text."""
    # First bytes first, then second ones: so like stands beside like, which makes it a quarter shorter.
    columns = b"".join(records[place :: _RECORD.size] for place in range(_RECORD.size))
    return b64encode(zlib.compress(columns)).decode()


def _unpack(packed: str) -> bytearray:
    """Return the grains of a day; ValueError where these are none, however long they would be."""
    size = _GRAINS_A_DAY * _RECORD.size
    try:
        columns = zlib.decompressobj().decompress(b64decode(packed, validate=True), size + 1)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if len(columns) != size:
        raise ValueError(len(columns))
    records = bytearray(size)
    for place in range(_RECORD.size):
        records[place :: _RECORD.size] = columns[place * _GRAINS_A_DAY : (place + 1) * _GRAINS_A_DAY]
    return records
