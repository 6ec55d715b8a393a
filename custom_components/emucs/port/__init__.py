"""The user port of a digital meter: bytes in, telegrams out. Knows nothing of Home Assistant."""

from .errors import (
    BinaryProtocol,
    CannotConnect,
    Encrypted,
    InvalidChecksum,
    NoData,
    NoTelegram,
    PortError,
    WrongSpeed,
)
from .framing import Drop
from .link import Link, LinkDown
from .privacy import anonymise, is_private
from .reader import Reader
from .telegram import Channel, MonthDemand, Register, Telegram

__all__ = [
    "BinaryProtocol",
    "CannotConnect",
    "Channel",
    "Drop",
    "Encrypted",
    "InvalidChecksum",
    "Link",
    "LinkDown",
    "MonthDemand",
    "NoData",
    "NoTelegram",
    "PortError",
    "Reader",
    "Register",
    "Telegram",
    "WrongSpeed",
    "anonymise",
    "is_private",
]
