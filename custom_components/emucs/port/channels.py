"""The M-Bus meters of a user port, which it numbers by their channel."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, NamedTuple

from .lines import Register

MAX_CHANNELS: Final = 8


class Channel(NamedTuple):
    """An M-Bus meter: its device type (EN 13757-3), equipment identifier, valve state and latest reading."""

    device_type: int | None = None
    id: str | None = None
    valve: int | None = None
    reading: Register | None = None


class _ChannelCodes(NamedTuple):
    """The codes of a channel; a meter has its reading on one of several, of which the first one counts."""

    device_type: str
    ids: tuple[str, ...]
    valve: str
    readings: tuple[str, ...]


_CODES: Final = {
    number: _ChannelCodes(
        f"0-{number}:24.1.0",
        (f"0-{number}:96.1.1", f"0-{number}:96.1.0"),
        f"0-{number}:24.4.0",
        # Belgium bills 24.2.3, which is not corrected by temperature; heat and cold may be on 24.2.0 or 24.2.2.
        tuple(f"0-{number}:24.2.{value}" for value in (3, 1, 0, 2)),
    )
    for number in range(1, MAX_CHANNELS + 1)
}

CHANNEL_CODES: Final = {
    code: number
    for number, codes in _CODES.items()
    for code in (codes.device_type, *codes.ids, codes.valve, *codes.readings)
}
"""Whatever an M-Bus meter is known by, with its channel."""

_NO_CHANNELS: Final = (Channel(), Channel(reading=Register(None)))


def channels_of(registers: Mapping[str, Register]) -> dict[int, Channel]:
    """Return the M-Bus meters among the registers, by number of their channel (e-MUCS P1 1.7.1, tables 5 and 6)."""
    channels = {}
    for number in sorted({CHANNEL_CODES[code] for code in registers if code in CHANNEL_CODES}):
        codes = _CODES[number]
        channel = Channel(
            _integer(registers.get(codes.device_type)),
            first_text(registers, *codes.ids),
            _integer(registers.get(codes.valve)),
            _first(registers, codes.readings),
        )
        # A channel without a meter has its lines as well.
        if channel not in _NO_CHANNELS:
            channels[number] = channel
    return channels


def first_text(registers: Mapping[str, Register], *codes: str) -> str | None:
    """Return the first text among some registers."""
    for code in codes:
        if code in registers and (text := registers[code].text):
            return text
    return None


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
