"""What a telegram says, typed and immutable."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
import re
from types import MappingProxyType
from typing import Final, NamedTuple

from . import obis
from .lines import Register, parse_line
from .plain import LONGEST_NAME, plain
from .times import Clock, has_flag, is_unset, just_been, parse_time

MAX_CHANNELS: Final = 8

MAX_LINES: Final = 512
"""Lines of a telegram that are read; the longest telegram known has 60."""

_CACHED_LINES: Final = 512
_CACHED_BYTES: Final = 64 * 1024
"""Of long lines; the others are bounded by their number."""
_LONG_LINE: Final = 80
_TRIPLE: Final = re.compile(r"\((\d{12}[SWsw]?)\)\((\d{12}[SWsw]?)\)\((\d{1,9}(?:\.\d{1,9})?)\*k[Ww]\)", re.ASCII)
_METER_IDS: Final = (obis.EQUIPMENT_ID, obis.DEVICE_NAME, obis.FABRICATION_NUMBER, obis.SERIAL_NUMBER)
# DSMR 2.2 and 3.0 print the value of a profile on a line of its own.
_PROFILE: Final = b":24.3.0("
_CONTINUED: Final = re.compile(rb"([\r\n][0-9-]{3,7}:24\.3\.0\([^\r\n]*\)) *[\r\n]+(?=\()")


class MonthDemand(NamedTuple):
    """The highest quarter-hour demand of a closed month in kW, with the end of the month and its own time."""

    period_end: datetime
    time: datetime
    value: Decimal


class Channel(NamedTuple):
    """An M-Bus meter: its device type (EN 13757-3), equipment identifier, valve state and latest reading."""

    device_type: int | None = None
    id: str | None = None
    valve: int | None = None
    reading: Register | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Telegram:
    """A telegram. Times carry the meter's own offset; `time` and `meter_id` are None where none is printed."""

    identification: str
    version: str | None
    meter_id: str | None
    time: datetime | None
    registers: Mapping[str, Register]
    channels: Mapping[int, Channel]
    demand_history: tuple[MonthDemand, ...]
    frame: bytes = field(default=b"", repr=False, compare=False)
    """The telegram as it came, from the `/` to the checksum."""


class _Lines(dict[bytes, tuple[str, Register] | None]):
    """Lines understood, as code and register; None for malformed ones."""

    def __init__(self) -> None:
        """Start with none."""
        super().__init__()
        self._bytes = 0

    def __missing__(self, line: bytes) -> tuple[str, Register] | None:
        """Understand a line that is new."""
        if (length := len(line)) > _LONG_LINE:
            self._bytes += length
        if len(self) >= _CACHED_LINES or self._bytes > _CACHED_BYTES:
            self.clear()
            self._bytes = 0
        understood = self[line] = parse_line(line)
        return understood


class TelegramParser:
    """Parses telegrams of one meter. Most lines of a telegram repeat the last one's, and are parsed only once."""

    def __init__(self) -> None:
        """Start with nothing known."""
        self.malformed_lines = 0
        self._lines = _Lines()
        self._clock = Clock()
        self._channels = _Channels()
        self._settled: dict[str, tuple[Register, Register]] = {}
        self._history_line: Register | None = None
        self._history: tuple[MonthDemand, ...] = ()

    def parse(self, frame: bytes) -> Telegram | None:
        """Return the telegram in a frame from the `/` to the checksum, or None if it has no register."""
        identification, *lines, _ = frame.splitlines()
        understood, malformed = self._understand(lines)
        if malformed and _PROFILE in frame:
            _, *lines, _ = _CONTINUED.sub(rb"\1", frame).splitlines()
            understood, malformed = self._understand(lines)
        if not understood:
            return None
        self.malformed_lines += malformed
        registers = dict(understood)
        return Telegram(
            identification=plain(identification[1:].decode("latin-1"), LONGEST_NAME),
            version=_first_text(registers, obis.VERSION, obis.DSMR_VERSION),
            meter_id=_first_text(registers, *_METER_IDS),
            time=self._settle_time(registers),
            registers=MappingProxyType(registers),
            channels=self._channels.of(registers),
            demand_history=self._demand_history(registers.get(obis.DEMAND_HISTORY)),
            frame=frame,
        )

    def _understand(self, lines: list[bytes]) -> tuple[list[tuple[str, Register]], int]:
        """Return the codes and registers of lines, and how many are malformed or too many; blank ones do not count."""
        printed = [*filter(None, lines)]
        understood = [*filter(None, map(self._lines.__getitem__, printed[:MAX_LINES]))]
        return understood, len(printed) - len(understood)

    def _settle_time(self, registers: dict[str, Register]) -> datetime | None:
        """Return the time of a telegram, which its register may owe to the telegram before."""
        register = registers.get(obis.METER_TIME)
        if register is None or register.time is None or register.text is None:
            return None
        time = self._clock.follow(register.text, register.time)
        if time is not register.time:
            registers[obis.METER_TIME] = register._replace(time=time)
        if not has_flag(register.text):
            self._settle_other_times(registers, time)
        return time

    def _settle_other_times(self, registers: dict[str, Register], now: datetime) -> None:
        """Tell two equal hours apart in the times of peaks and readings, by when they were printed first."""
        for code, register in registers.items():
            if register.time is None or code == obis.METER_TIME:
                continue
            before, settled = self._settled.get(code, (register, register))
            if register != before:
                settled = register._replace(time=just_been(register.time, now))
            self._settled[code] = register, settled
            registers[code] = settled

    def _demand_history(self, line: Register | None) -> tuple[MonthDemand, ...]:
        """Return the month peaks of `0-0:98.1.0`, which change once a month."""
        if line is not self._history_line:
            self._history_line = line
            self._history = () if line is None else _parse_history(line.text or "")
        return self._history


def _first_text(registers: Mapping[str, Register], *codes: str) -> str | None:
    """Return the first text among some registers."""
    for code in codes:
        if code in registers and (text := registers[code].text):
            return text
    return None


class _ChannelCodes(NamedTuple):
    """The codes of a channel; a meter has its reading on one of several, of which the first one counts."""

    device_type: str
    ids: tuple[str, ...]
    valve: str
    readings: tuple[str, ...]


_CHANNEL_CODES: Final = {
    number: _ChannelCodes(
        f"0-{number}:24.1.0",
        (f"0-{number}:96.1.1", f"0-{number}:96.1.0"),
        f"0-{number}:24.4.0",
        # Belgium bills 24.2.3, which is not corrected by temperature; heat and cold may be on 24.2.0 or 24.2.2.
        tuple(f"0-{number}:24.2.{value}" for value in (3, 1, 0, 2)),
    )
    for number in range(1, MAX_CHANNELS + 1)
}


_CHANNEL_OF: Final = {
    code: number
    for number, codes in _CHANNEL_CODES.items()
    for code in (codes.device_type, *codes.ids, codes.valve, *codes.readings)
}


class _Channels:
    """The M-Bus meters of a port, which are looked at anew only when they say something else."""

    def __init__(self) -> None:
        """Start without any."""
        self._printed: tuple[str, ...] = ()
        self._codes: list[str] = []
        self._said: list[Register] = []
        self._channels: Mapping[int, Channel] = MappingProxyType({})

    def of(self, registers: Mapping[str, Register]) -> Mapping[int, Channel]:
        """Return the M-Bus meters among the registers, by number of their channel."""
        printed = tuple(registers)
        if printed != self._printed:
            self._printed = printed
            self._codes = [code for code in printed if code in _CHANNEL_OF]
            self._said, self._channels = [], MappingProxyType({})
        said = [registers[code] for code in self._codes]
        if said != self._said:
            self._said = said
            self._channels = MappingProxyType(_channels(registers, self._codes))
        return self._channels


def _channels(registers: Mapping[str, Register], printed: list[str]) -> dict[int, Channel]:
    """Return the M-Bus meters among the registers, by number of their channel (e-MUCS P1 1.7.1, tables 5 and 6)."""
    channels = {}
    for number in sorted({_CHANNEL_OF[code] for code in printed}):
        codes = _CHANNEL_CODES[number]
        channel = Channel(
            _integer(registers.get(codes.device_type)),
            _first_text(registers, *codes.ids),
            _integer(registers.get(codes.valve)),
            _first(registers, codes.readings),
        )
        if channel != _NO_CHANNEL:
            channels[number] = channel
    return channels


_NO_CHANNEL: Final = Channel()


def _first(registers: Mapping[str, Register], codes: tuple[str, ...]) -> Register | None:
    """Return the register of the first code that there is."""
    for code in codes:
        if code in registers:
            return registers[code]
    return None


def _integer(register: Register | None) -> int | None:
    """Return a register's number as an integer."""
    value = None if register is None else register.value
    return int(value) if isinstance(value, Decimal) else None


def _parse_history(content: str) -> tuple[MonthDemand, ...]:
    """Return the month peaks of `0-0:98.1.0`, by month; entries of months without a measurement are left out."""
    months = {}
    for end_text, time_text, value in _TRIPLE.findall(content):
        end, time = parse_time(end_text), parse_time(time_text)
        if end is None or time is None or is_unset(time_text):
            continue
        demand = MonthDemand(end, time, Decimal(value))
        # Before its first full month a meter prints zero at the start of a month.
        if demand.value or (time.day, time.hour, time.minute) != (1, 0, 0):
            months[end] = demand
    return tuple(months[end] for end in sorted(months))
