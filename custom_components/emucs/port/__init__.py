"""The user port of a digital meter: bytes in, telegrams out. Knows nothing of Home Assistant."""

from .channels import Channel
from .errors import (
    BinaryProtocol,
    CannotConnect,
    Encrypted,
    InvalidChecksum,
    LineEnds,
    LocalApiOff,
    MqttNotReady,
    NoData,
    NoEnd,
    NoTelegram,
    NotFound,
    PortError,
    ProxyAbsent,
    TakenAway,
    TooManyClients,
    Unauthorized,
    Untrusted,
    WrongSpeed,
)
from .framing import Drop
from .lines import Register
from .link import Link, LinkDown
from .meanings import Direction, Kind, Meaning, Origin, Phase, Quantity, meaning
from .obis import Code, parse_code
from .privacy import anonymise, is_private, is_public, is_public_identification, redact
from .reader import Reader
from .states import switch_state_of, tariff_of
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
    "LineEnds",
    "Link",
    "LinkDown",
    "LocalApiOff",
    "Meaning",
    "MonthDemand",
    "MqttNotReady",
    "NoData",
    "NoEnd",
    "NoTelegram",
    "NotFound",
    "Origin",
    "Phase",
    "PortError",
    "ProxyAbsent",
    "Quantity",
    "Reader",
    "Register",
    "TakenAway",
    "Telegram",
    "TooManyClients",
    "Unauthorized",
    "Unit",
    "Untrusted",
    "WrongSpeed",
    "anonymise",
    "is_private",
    "is_public",
    "is_public_identification",
    "meaning",
    "parse_code",
    "redact",
    "switch_state_of",
    "tariff_of",
    "unit_of",
]
