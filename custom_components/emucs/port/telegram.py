"""What a telegram says, typed and immutable."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from itertools import compress, count
from operator import ne
import re
from types import MappingProxyType
from typing import Final, NamedTuple

from . import obis
from .channels import CHANNEL_CODES, Channel, channels_of, first_text
from .lines import LINES, Register
from .memo import Memo
from .plain import LONGEST_NAME, plain
from .times import Clock, is_unset, just_been, parse_time, time_of_digits

MAX_LINES: Final = 512
"""Lines of a telegram that are read, blank ones too; the longest telegram known has 60."""

_NO_TIME: Final = Register(None)
_KNOWN_IDENTIFICATIONS: Final = 128
_TRIPLE: Final = re.compile(r"\((\d{12}[SWsw]?)\)\((\d{12}[SWsw]?)\)\((\d{1,9}(?:\.\d{1,9})?)\*k[Ww]\)", re.ASCII)
_METER_IDS: Final = (obis.EQUIPMENT_ID, obis.DEVICE_NAME, obis.FABRICATION_NUMBER, obis.SERIAL_NUMBER)
_STANDING: Final = {obis.VERSION, obis.DSMR_VERSION, *_METER_IDS, obis.DEMAND_HISTORY, *CHANNEL_CODES}
# DSMR 2.2 and 3.0 print the value of a profile on a line of its own.
_PROFILE: Final = b":24.3.0("
_CONTINUED: Final = re.compile(rb"([\r\n][0-9-]{3,7}:24\.3\.0\([^\r\n]*\)) *[\r\n]+(?=\()")


class MonthDemand(NamedTuple):
    """The highest quarter-hour demand of a closed month in kW, with the end of the month and its own time."""

    period_end: datetime
    time: datetime
    value: Decimal


class Telegram(NamedTuple):
    """A telegram. Times carry the meter's own offset; `time` and `meter_id` are None where none is printed."""

    identification: str
    version: str | None
    meter_id: str | None
    time: datetime | None
    registers: Mapping[str, Register]
    channels: Mapping[int, Channel]
    demand_history: tuple[MonthDemand, ...]
    frame: bytes = b""
    """The telegram as it came, from the `/` to the checksum."""


class _Lines:
    """What the lines of a telegram say: mostly those of the one before, some of them with another value."""

    def __init__(self) -> None:
        """Start with none."""
        self.first = b""
        """The one with the identification."""
        self.stands = False
        """Whether this telegram says the same as the one before of what is no quantity."""
        self.malformed = 0
        """How many lines of the telegram are no register, or too many."""
        self._lines: list[bytes] = []
        self._understood: list[tuple[str, Register] | None] = []  # with the values of the first telegram of its kind
        self._registers: dict[str, Register] = {}

    def read(self, frame: bytes) -> dict[str, Register]:
        """Return the registers of a telegram by their codes."""
        lines = frame.splitlines()
        self.first = lines.pop(0)
        del lines[-1]
        registers = self._changed(lines)
        if registers is None:
            registers = self._understand(lines)
            if self.malformed and _PROFILE in frame:
                _, *lines, _ = _CONTINUED.sub(rb"\1", frame).splitlines()
                registers = self._understand(lines)
        self._registers = registers
        return registers

    def _changed(self, lines: list[bytes]) -> dict[str, Register] | None:
        """Return the registers where these are the lines of the last telegram, parsing those with another value."""
        if len(lines) != len(self._lines):
            return None
        registers = self._registers.copy()
        self.stands = True
        for index in compress(count(), map(ne, lines, self._lines, strict=True)):
            understood, before = LINES[lines[index]], self._understood[index]
            if understood is None or before is None or understood[0] != before[0]:
                return None
            code, registers[code] = understood
            if code in _STANDING:
                self.stands = False
        self._lines = lines
        return registers

    def _understand(self, lines: list[bytes]) -> dict[str, Register]:
        """Return the registers of any lines; blank ones are no fault."""
        understood = [LINES[line] if line else None for line in lines[:MAX_LINES]]
        found = [*filter(None, understood)]
        registers = dict(found)
        self.stands = False
        self._understood = understood
        self.malformed = len(lines) - lines.count(b"") - len(found)
        # Of lines with one code the last one counts, wherever it is that something changes.
        self._lines = lines if len(registers) == len(found) and len(lines) <= MAX_LINES else []
        return registers


class TelegramParser:
    """Parses telegrams of one meter. Most lines of a telegram repeat the last one's, and are parsed only once."""

    def __init__(self) -> None:
        """Start with nothing known."""
        self.malformed_lines = 0
        self._lines = _Lines()
        self._clock = Clock()
        self._standing = _Standing()
        self._settled: dict[str, tuple[Register, Register]] = {}

    def parse(self, frame: bytes) -> Telegram | None:
        """Return the telegram in a frame from the `/` to the checksum, or None if it has no register."""
        registers = self._lines.read(frame)
        if not registers:
            return None
        self.malformed_lines += self._lines.malformed
        time = None
        printed, _, clock = registers.get(obis.METER_TIME, _NO_TIME)
        if clock is not None and isinstance(printed, str):
            time = self._clock.follow(printed, clock)
            # Without a flag.
            if printed.isdigit():
                registers = self._settle_times(registers, time)
        standing = self._standing
        if not self._lines.stands:
            standing.look(registers)
        return Telegram(
            _IDENTIFICATIONS[self._lines.first],
            standing.version,
            standing.meter_id,
            time,
            MappingProxyType(registers),
            standing.channels,
            standing.demand_history,
            frame,
        )

    def _settle_times(self, registers: dict[str, Register], now: datetime) -> dict[str, Register]:
        """Tell two equal hours apart in the times of peaks and readings, by when they were printed first."""
        settled_registers = {obis.METER_TIME: registers[obis.METER_TIME]._replace(time=now)}
        for code, register in registers.items():
            if register.time is None or code == obis.METER_TIME:
                continue
            before, settled = self._settled.get(code, (register, register))
            if register != before:
                settled = register._replace(time=just_been(register.time, now))
            self._settled[code] = register, settled
            settled_registers[code] = settled
        return registers | settled_registers


class _Standing:
    """What telegrams say of meters rather than of quantities: worked out anew only when they say something else."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.version: str | None = None
        self.meter_id: str | None = None
        self.channels: Mapping[int, Channel] = MappingProxyType({})
        self.demand_history: tuple[MonthDemand, ...] = ()
        self._history: Register | None = None

    def look(self, registers: Mapping[str, Register]) -> None:
        """Look at the registers of a telegram."""
        self.version = first_text(registers, obis.VERSION, obis.DSMR_VERSION)
        self.meter_id = first_text(registers, *_METER_IDS)
        # Where it says the same it stays the same object, by which others see that.
        if (channels := channels_of(registers)) != self.channels:
            self.channels = MappingProxyType(channels)
        history = registers.get(obis.DEMAND_HISTORY)
        if history != self._history:
            self._history = history
            self.demand_history = _parse_history(history.text or "") if history else ()


def _read_identification(line: bytes) -> str:
    """Return what the first line of a telegram says."""
    return plain(line[1:].decode("latin-1"), LONGEST_NAME)


_IDENTIFICATIONS: Final = Memo(_read_identification, most=_KNOWN_IDENTIFICATIONS, longest=LONGEST_NAME)


def _parse_history(content: str) -> tuple[MonthDemand, ...]:
    """Return the month peaks of `0-0:98.1.0`, by month; entries of months without a measurement are left out."""
    months = {}
    for end_text, time_text, value in _TRIPLE.findall(content):
        end, time = parse_time(end_text), time_of_digits(time_text)
        if end is None or time is None or is_unset(time_text):
            continue
        demand = MonthDemand(end, time, Decimal(value))
        # Before its first full month a meter prints zero at the start of a month.
        if demand.value or (time.day, time.hour, time.minute) != (1, 0, 0):
            months[end] = demand
    return tuple(months[end] for end in sorted(months))
