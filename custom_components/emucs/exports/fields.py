"""The fields of a CSV row: what their texts mean. Texts repeat from row to row, so their meanings are remembered."""

import re
from typing import Final

from .errors import ExportError
from .intervals import EMPTY, MICRO, Readings, Stream, StreamKey
from .vocabulary import COLUMNS, REGISTERS, UNITS, ExportUnit, is_counted, normalised
from .walltime import Day, Grain, Place, day_of, parse_date, parse_time, place

MOST_REMEMBERED: Final = 100_000
"""The number of texts of one kind that are remembered; others are understood anew each time."""
_MOST_KINDS: Final = 1000
_LONGEST_ID: Final = 40
_LONGEST_WORD: Final = 60
_DIGITS: Final = 6
_AROUND: Final = ' \t\r\n\v\f\xa0\u202f"\ufeff'
_NUMBER: Final = re.compile(r"(\d{1,9})(?:,(\d{1,9}))?")

type StreamTexts = tuple[str, str, str, str, Grain]
"""EAN, meter, register and unit as a row writes them, and the grain of its interval."""


class Volumes(dict[str, int]):
    """Volumes in millionths, by their text."""

    def __missing__(self, text: str) -> int:
        """Return a volume; EMPTY where there is none."""
        stripped = unquoted(text)
        if not stripped:
            value = EMPTY
        elif found := _NUMBER.fullmatch(stripped):
            fraction = (found[2] or "").ljust(_DIGITS, "0")
            value = int(found[1]) * MICRO + int(fraction[:_DIGITS]) + (fraction[_DIGITS : _DIGITS + 1] >= "5")
        else:
            raise ExportError("mixed" if is_column_name(text) else "bad_line", f"volume: {text}")
        if len(self) < MOST_REMEMBERED:
            self[text] = value
        return value


class Units(dict[str, ExportUnit | None]):
    """Units, by their text; None is an unknown one."""

    def __missing__(self, text: str) -> ExportUnit | None:
        """Return a unit."""
        unit = UNITS.get(normalised(text[:_LONGEST_WORD]))
        if len(self) < _MOST_KINDS:
            self[text] = unit
        return unit


class Places(dict[tuple[str, str], Place]):
    """Intervals within one kind of day, by the texts of their start and end."""

    def __init__(self, length: int, days: int) -> None:
        """Take the quarters of the day, and how many days later the interval ends."""
        super().__init__()
        self._length = length
        self._days = days

    def __missing__(self, key: tuple[str, str]) -> Place:
        """Return where an interval stands in its day."""
        begin, end = parse_time(unquoted(key[0])), parse_time(unquoted(key[1]), is_end=True)
        found = None if begin is None or end is None else place(self._length, begin, end, self._days)
        if found is None:
            raise ExportError("bad_line", f"time: {key[0]} - {key[1]}")
        if len(self) < MOST_REMEMBERED:
            self[key] = found
        return found


class Days(dict[tuple[str, str], tuple[Day, Places]]):
    """Days, and the intervals in them, by the texts of the dates of start and end."""

    def __init__(self) -> None:
        """Start empty."""
        super().__init__()
        self._kinds: dict[tuple[int, int], Places] = {}

    def __missing__(self, key: tuple[str, str]) -> tuple[Day, Places]:
        """Return a day and its intervals."""
        begin, end = (parse_date(unquoted(text)) for text in key)
        days = -1 if begin is None or end is None else (end - begin).days
        if begin is None or days not in (0, 1):
            raise ExportError("mixed" if any(map(is_column_name, key)) else "bad_line", f"date: {key[0]} - {key[1]}")
        day = day_of(begin)
        kind = (day.length, days)
        found = day, self._kinds.setdefault(kind, Places(*kind))
        if len(self) < MOST_REMEMBERED:
            self[key] = found
        return found


class Streams(dict[StreamTexts, Stream | None]):
    """Streams by the texts that name them; None is one that no meter here counts."""

    def __init__(self, readings: Readings, *, gas: bool) -> None:
        """Take where streams are kept, and whether the file is one of gas."""
        super().__init__()
        self._readings = readings
        self._gas = gas

    def __missing__(self, key: StreamTexts) -> Stream | None:
        """Return a stream that is new in this file."""
        if len(self) >= _MOST_KINDS:
            raise ExportError("too_large", f"> {_MOST_KINDS} registers")
        ean, meter = clean_ean(key[0]), clean_id(key[1])
        register, unit = REGISTERS.get(normalised(key[2][:_LONGEST_WORD])), UNITS.get(normalised(key[3]))
        if self._gas:
            self._readings.gas.add(ean)
        stream = None
        if register is not None and unit is not None and is_counted(register, unit):
            stream = self._readings.stream(StreamKey(ean, meter, register, unit, key[4]), name_of(key[2], key[3]))
        self[key] = stream
        return stream


def name_of(register: str, unit: str) -> str:
    """Return how the user is told of a register, as the file writes it."""
    unit = unquoted(unit)
    return (unquoted(register) + (f" ({unit})" if unit else ""))[:_LONGEST_WORD]


def unquoted(text: str) -> str:
    """Return a text without the blanks, quotes and byte order marks around it."""
    return text.strip(_AROUND)


def is_blank(texts: list[str]) -> bool:
    """Tell whether nothing is written in a row, or in some fields of it."""
    return not any(map(unquoted, texts))


def is_column_name(text: str) -> bool:
    """Tell whether a text is the heading of a column."""
    return normalised(text[:_LONGEST_WORD]) in COLUMNS


def clean_ean(text: str) -> str:
    """Return an EAN without what keeps Excel from rounding it, as in `="541448820000000000"`."""
    ean = unquoted(unquoted(text).removeprefix("="))
    if ean and (len(ean) > _LONGEST_ID or not ean.isdecimal()):
        raise ExportError("bad_line", f"EAN: {text}")
    return ean


def clean_id(text: str) -> str:
    """Return the number of a meter, in capitals."""
    number = unquoted(unquoted(text).removeprefix("=")).upper()
    if len(number) > _LONGEST_ID:
        raise ExportError("bad_line", f"meter: {text}")
    return number
