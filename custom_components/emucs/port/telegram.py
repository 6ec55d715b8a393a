"""What a telegram says, typed and immutable. Here alone is decided which value means that there is none."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import Decimal
import re
from types import MappingProxyType
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from . import obis
from .obis import Form

MAX_CHANNELS: Final = 8

_CACHED_LINES: Final = 512
_LINE: Final = re.compile(rf"({obis.CODE.pattern})\((.*)\)\s*")
_NUMBER: Final = re.compile(r"[+-]?\d{1,18}(?:\.\d{1,9})?")
_TIME: Final = re.compile(r"\d{12}[SWsw]?")
_FLAGGED_TIME: Final = re.compile(r"\d{12}[SWsw]")
# An octet string that was never written, as DLMS prints it, and the epoch that some meters start from.
_UNSET_TIME: Final = re.compile(r"6325\d{8}|700101\d{6}|0{12}")
_NINES: Final = re.compile(r"9+(?:\.9+)?")
_NO_ID: Final = re.compile(r"[-0 ]*")
_PAIR: Final = 2
_TRIPLE: Final = re.compile(r"\((\d{12}[SWsw]?)\)\((\d{12}[SWsw]?)\)\((\d{1,9}(?:\.\d{1,9})?)\*k[Ww]\)")
_LOCAL: Final = ZoneInfo("Europe/Brussels")
_OFFSETS: Final = {"S": "+02:00", "W": "+01:00"}


class Register(NamedTuple):
    """One register: a number or text, or None where it is unset; its unit as printed; the time that it holds for."""

    value: Decimal | str | None
    unit: str | None = None
    time: datetime | None = None

    @property
    def number(self) -> Decimal | None:
        """Return the value if it is a number."""
        return self.value if isinstance(self.value, Decimal) else None

    @property
    def text(self) -> str | None:
        """Return the value if it is text."""
        return self.value if isinstance(self.value, str) else None


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

    def __missing__(self, line: bytes) -> tuple[str, Register] | None:
        """Understand a line that is new."""
        if len(self) >= _CACHED_LINES:
            self.clear()
        understood = self[line] = _parse_line(line.decode("latin-1"))
        return understood


class TelegramParser:
    """Parses telegrams of one meter. Most lines of a telegram repeat the last one's, and are parsed only once."""

    def __init__(self) -> None:
        """Start with nothing known."""
        self.malformed_lines = 0
        self._lines = _Lines()
        self._history_line: Register | None = None
        self._history: tuple[MonthDemand, ...] = ()

    def parse(self, frame: bytes) -> Telegram | None:
        """Return the telegram in a frame from the `/` to the checksum, or None if it has no register."""
        identification, *lines = frame.splitlines()
        known = self._lines
        understood = [known[line] for line in lines[:-1] if line]
        registers = dict(filter(None, understood))
        if not registers:
            return None
        self.malformed_lines += understood.count(None)
        return Telegram(
            identification=identification[1:].decode("latin-1").strip(),
            version=_first_text(registers, obis.VERSION, obis.DSMR_VERSION),
            meter_id=_first_text(registers, obis.EQUIPMENT_ID, obis.DEVICE_NAME, obis.FABRICATION_NUMBER),
            time=registers[obis.METER_TIME].time if obis.METER_TIME in registers else None,
            registers=MappingProxyType(registers),
            channels=MappingProxyType(_channels(registers)),
            demand_history=self._demand_history(registers.get(obis.DEMAND_HISTORY)),
            frame=frame,
        )

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
    """The codes of a channel; a meter has its volume on 24.2.1 or, where not corrected by temperature, 24.2.3."""

    device_type: str
    ids: tuple[str, ...]
    valve: str
    corrected: str
    uncorrected: str


_CHANNEL_CODES: Final = {
    number: _ChannelCodes(
        f"0-{number}:24.1.0",
        (f"0-{number}:96.1.1", f"0-{number}:96.1.0"),
        f"0-{number}:24.4.0",
        f"0-{number}:24.2.1",
        f"0-{number}:24.2.3",
    )
    for number in range(1, MAX_CHANNELS + 1)
}


def _channels(registers: Mapping[str, Register]) -> dict[int, Channel]:
    """Return the M-Bus meters among the registers, by number of their channel (e-MUCS P1 1.7.1, tables 5 and 6)."""
    channels = {}
    for number, codes in _CHANNEL_CODES.items():
        channel = Channel(
            device_type=_integer(registers.get(codes.device_type)),
            id=_first_text(registers, *codes.ids),
            valve=_integer(registers.get(codes.valve)),
            # Belgium bills the uncorrected volume.
            reading=registers.get(codes.uncorrected) or registers.get(codes.corrected),
        )
        if channel != _NO_CHANNEL:
            channels[number] = channel
    return channels


_NO_CHANNEL: Final = Channel()


def _integer(register: Register | None) -> int | None:
    """Return a register's number as an integer."""
    return None if register is None or register.number is None else int(register.number)


def _parse_line(text: str) -> tuple[str, Register] | None:
    """Return the code and the register of a line, or None if it is malformed."""
    match = _LINE.fullmatch(text)
    if match is None:
        return None
    code, content = match.groups()
    code = code.removesuffix("*255")  # IEC 62056-6-1: the current value, which others do not print
    form = obis.form(code)
    if form is Form.HISTORY:
        return code, Register(f"({content})")
    values = content.split(")(")
    if form is Form.TIME:
        register = _parse_time_register(values)
    elif len(values) == _PAIR and (form is Form.TIMED or _FLAGGED_TIME.fullmatch(values[0])):
        register = _parse_timed(*values)
    elif form is Form.TIMED:
        # An empty or single bracket: a reading that was never made.
        register = _parse_value(content) if len(values) == 1 else None
    else:
        read = _READ.get(form, _parse_value)
        register = read(content) if len(values) == 1 else _parse_several(values, read)
    return None if register is None else (code, register)


def _parse_several(values: list[str], read: Callable[[str], Register | None]) -> Register:
    """Return the first value of a line with several, where that is a quantity; else all as they are printed."""
    first = read(values[0])
    return first if first is not None and first.unit else Register(f"({')('.join(values)})")


def _parse_value(text: str) -> Register | None:
    """Return a number with or without unit, text, or nothing; None if there is a unit to no number."""
    value, star, unit = text.partition("*")
    if _NUMBER.fullmatch(value):
        return Register(Decimal(value), unit or None)
    if star and unit:
        return None
    return Register(text or None)


def _parse_threshold(text: str) -> Register | None:
    """Return a limit, or nothing where it is deactivated (e-MUCS P1 1.7.1, table 4: 999.9 kW, 999 A)."""
    register = _parse_value(text)
    if register is not None and _NINES.fullmatch(text.partition("*")[0]):
        return register._replace(value=None)
    return register


def _parse_identifier(text: str) -> Register:
    """Return an identifier, or nothing where it is not set."""
    # Short ones are printed plainly: a version such as 50217, the number of an Iskraemeco meter.
    decoded = text if len(text) < _SHORTEST_OCTETS else _decode_octets(text)
    return Register(None if _NO_ID.fullmatch(decoded) else decoded.strip())


def _decode_octets(text: str) -> str:
    """Return the text that hexadecimal digits stand for, or the text itself where they stand for none."""
    if len(text) % 2 or not _HEXADECIMAL.fullmatch(text):
        return text
    decoded = bytes.fromhex(text).decode("latin-1")
    return decoded if decoded.isprintable() else text


_HEXADECIMAL: Final = re.compile(r"[0-9A-Fa-f]+")
_SHORTEST_OCTETS: Final = 10

_READ: Final[Mapping[Form, Callable[[str], Register | None]]] = {
    Form.TEXT: lambda text: Register(text or None),
    Form.IDENTIFIER: _parse_identifier,
    Form.MESSAGE: lambda text: Register(_decode_octets(text).strip() or None),
    Form.THRESHOLD: _parse_threshold,
}


def _parse_time_register(values: list[str]) -> Register | None:
    """Return a register that is a time."""
    if values == [""] or _UNSET_TIME.match(values[0]):
        return Register(None)
    time = parse_time(values[0])
    return None if time is None else Register(values[0], time=time)


def _parse_timed(first: str, second: str) -> Register | None:
    """Return a value with its time, in either order; a value whose time is unset was never read."""
    time_text, value_text = (first, second) if "*" not in first else (second, first)
    register = _parse_value(value_text)
    if register is None:
        return None
    if not time_text or _UNSET_TIME.match(time_text):
        return register._replace(value=None)
    time = parse_time(time_text)
    return None if time is None else register._replace(time=time)


def parse_time(text: str) -> datetime | None:
    """Return a time `YYMMDDhhmmss` with its flag S (summer) or W (winter), or None if it is none.

    Without a flag it is Belgian local time, and the hour that occurs twice is taken as the first one.
    """
    if not _TIME.fullmatch(text):
        return None
    offset = _OFFSETS.get(text[12:].upper(), "")
    try:
        time = datetime.fromisoformat(f"20{text[:6]}T{text[6:12]}{offset}")
    except ValueError:
        return None
    if offset:
        return time
    # Times of one zone subtract as wall clocks do; a fixed offset keeps durations right.
    local = time.replace(tzinfo=_LOCAL)
    return local.replace(tzinfo=timezone(local.utcoffset() or timedelta()))


def _parse_history(content: str) -> tuple[MonthDemand, ...]:
    """Return the month peaks of `0-0:98.1.0`, by month; entries of months without a measurement are left out."""
    months = {}
    for end_text, time_text, value in _TRIPLE.findall(content):
        end, time = parse_time(end_text), parse_time(time_text)
        if end is None or time is None or _UNSET_TIME.match(time_text):
            continue
        demand = MonthDemand(end, time, Decimal(value))
        # Before its first full month a meter prints zero at the start of a month.
        if demand.value or (time.day, time.hour, time.minute) != (1, 0, 0):
            months[end] = demand
    return tuple(months[end] for end in sorted(months))
