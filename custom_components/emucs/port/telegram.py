"""What a telegram says, typed and immutable."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from itertools import compress, count
from operator import ne
import re
from types import MappingProxyType
from typing import Final, NamedTuple

from . import obis, unset
from .channels import CHANNEL_CODES, Channel, channels_of, first_text
from .line_ends import CODE
from .lines import LINES, Register
from .memo import Memo
from .plain import LONGEST_NAME, plain
from .times import Clock, is_local, just_been, parse_time, time_of_digits
from .units import convert

MAX_LINES: Final = 512
"""Lines of a telegram that are read, blank ones too; the longest telegram known has 60."""

_NO_TIME: Final = Register(None)
_KNOWN_IDENTIFICATIONS: Final = 128
_TRIPLE: Final = re.compile(r"\((\d{12}[SWsw]?)\)\((\d{12}[SWsw]?)\)\((\d{1,9}(?:\.\d{1,9})?)\*(\w{1,8})\)", re.ASCII)
_METER_IDS: Final = (obis.EQUIPMENT_ID, obis.DEVICE_NAME, obis.FABRICATION_NUMBER, obis.SERIAL_NUMBER)
_METADATA: Final = {obis.VERSION, obis.DSMR_VERSION, *_METER_IDS, obis.DEMAND_HISTORY, *CHANNEL_CODES}
_REGISTER: Final = re.compile(CODE + rb"\(")
# DSMR 2.2 and 3.0 print the value of a profile on a line of its own.
_PROFILE: Final = b":24.3.0("
_HEXADECIMAL: Final = re.compile(rb"[0-9A-Fa-f]*\)?")
_BLANKS: Final = b" \t"


class MonthDemand(NamedTuple):
    """The highest quarter-hour demand of a closed month in kW, with the end of the month and its own time."""

    period_end: datetime
    time: datetime
    value: Decimal


class Telegram(NamedTuple):
    """A telegram. Times carry the meter's own offset; `time` and `meter_id` are None where none is printed.

    The keys of `registers` are OBIS codes as `obis.canonical` writes them, those of `channels` the numbers of M-Bus
    channels. Of what did not change since the telegram before, telegrams of one reader have the same objects: each
    register whose line is the same, all of `channels`, all of `demand_history`. So `is` tells at no cost that nothing
    changed; that objects differ tells nothing.
    """

    identification: str
    version: str | None
    meter_id: str | None
    time: datetime | None
    registers: Mapping[str, Register]
    channels: Mapping[int, Channel]
    demand_history: tuple[MonthDemand, ...]
    frame: bytes = b""
    """The telegram as the meter printed it, from the `/` to the checksum."""

    @property
    def is_whole(self) -> bool:
        """Return whether it tells all that is counted: a sum of several meters may lack one of them."""
        return True


class _Lines:
    """What the lines of a telegram say: mostly those of the one before, some of them with another value."""

    def __init__(self) -> None:
        """Start with none."""
        self.first = b""
        """The one with the identification."""
        self.metadata_unchanged = False
        """Whether all registers that `_MeterMetadata` is derived from are as before."""
        self.malformed = 0
        """How many lines of the telegram are no register, or too many."""
        self._lines: list[bytes] = []
        self._understood: list[tuple[str, Register] | None] = []  # with the values of the first telegram of its kind
        self._registers: dict[str, Register] = {}

    def read(self, frame: bytes) -> dict[str, Register]:
        """Return the registers of a telegram by their codes."""
        lines = frame.splitlines()
        self.first = lines.pop(0)
        # A telegram of one line has none before its checksum.
        del lines[-1:]
        registers = self._changed(lines)
        if registers is None:
            registers = self._understand(lines)
            if self.malformed:
                printed = [*filter(None, lines)]
                if len(joined := _join(printed)) < len(printed):
                    registers = self._understand(joined)
        self._registers = registers
        return registers

    def _changed(self, lines: list[bytes]) -> dict[str, Register] | None:
        """Return the registers where these are the lines of the last telegram, parsing those with another value."""
        if len(lines) != len(self._lines):
            return None
        registers = self._registers.copy()
        self.metadata_unchanged = True
        for index in compress(count(), map(ne, lines, self._lines, strict=True)):
            understood, before = LINES[lines[index]], self._understood[index]
            if understood is None or before is None or understood[0] != before[0]:
                return None
            code, registers[code] = understood
            if code in _METADATA:
                self.metadata_unchanged = False
        self._lines = lines
        return registers

    def _understand(self, lines: list[bytes]) -> dict[str, Register]:
        """Return the registers of any lines; blank ones are no fault."""
        understood = [LINES[line] if line else None for line in lines[:MAX_LINES]]
        found = [*filter(None, understood)]
        registers = dict(found)
        self.metadata_unchanged = False
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
        self._metadata = _MeterMetadata()
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
            if is_local(printed):
                registers = self._settle_times(registers, time)
        metadata = self._metadata
        if not self._lines.metadata_unchanged:
            metadata.look(registers)
        return Telegram(
            _IDENTIFICATIONS[self._lines.first],
            metadata.version,
            metadata.meter_id,
            time,
            MappingProxyType(registers),
            metadata.channels,
            metadata.demand_history,
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


class _MeterMetadata:
    """Derived metadata, recomputed only when its registers change."""

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


def _join(lines: list[bytes]) -> list[bytes]:
    """Return lines in which a value that goes on behind the end of its line is on one.

    Those are the values of profiles, and messages; a line that never gets its closing bracket stays as it is.
    """
    joined: list[bytes] = []
    begun = -1  # where a register stands whose bracket is open
    for line in lines:
        if _REGISTER.match(line):
            begun = -1 if line.rstrip(_BLANKS).endswith(b")") else len(joined)
            joined.append(line)
        elif begun < 0 and line.startswith(b"(") and joined and _PROFILE in joined[-1]:
            joined[-1] = joined[-1].rstrip(_BLANKS) + line
        else:
            joined.append(line)
            if begun >= 0 and line.rstrip(_BLANKS).endswith(b")"):
                digits = all(map(_HEXADECIMAL.fullmatch, joined[begun + 1 :]))
                joined[begun:] = [(b"" if digits else b" ").join(joined[begun:])]
                begun = -1
    return joined


def _read_identification(line: bytes) -> str:
    """Return what the first line of a telegram says."""
    return plain(line[1:].decode("latin-1"), LONGEST_NAME)


_IDENTIFICATIONS: Final = Memo(_read_identification, most=_KNOWN_IDENTIFICATIONS, longest=LONGEST_NAME)


def _parse_history(content: str) -> tuple[MonthDemand, ...]:
    """Return the month peaks of `0-0:98.1.0`, by month; entries of months without a measurement are left out."""
    months = {}
    for end_text, time_text, number, unit in _TRIPLE.findall(content):
        end, time, value = parse_time(end_text), time_of_digits(time_text), convert(Decimal(number), unit, "kW")
        if end is None or time is None or value is None or unset.is_reading(time_text, value):
            continue
        if not unset.is_month_peak(value, time):
            months[end] = MonthDemand(end, time, value)
    return tuple(months[end] for end in sorted(months))
