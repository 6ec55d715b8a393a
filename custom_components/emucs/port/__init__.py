"""The user port of a digital meter: bytes in, telegrams out. Knows nothing of Home Assistant."""

from .channels import Channel
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
from .lines import Register
from .link import Link, LinkDown
from .meanings import Direction, Kind, Meaning, Medium, Phase, Quantity, meaning
from .obis import Code, parse_code
from .privacy import anonymise, is_private
from .reader import Reader
from .telegram import MonthDemand, Telegram
from .units import Dimension, Unit, unit_of

__all__ = [
    "BinaryProtocol",
    "CannotConnect",
    "Channel",
    "Code",
    "Dimension",
    "Direction",
    "Drop",
    "Encrypted",
    "InvalidChecksum",
    "Kind",
    "Link",
    "LinkDown",
    "Meaning",
    "Medium",
    "MonthDemand",
    "NoData",
    "NoTelegram",
    "Phase",
    "PortError",
    "Quantity",
    "Reader",
    "Register",
    "Telegram",
    "Unit",
    "WrongSpeed",
    "anonymise",
    "is_private",
    "meaning",
    "parse_code",
    "unit_of",
]
