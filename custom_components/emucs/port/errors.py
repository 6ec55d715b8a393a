"""What can be wrong with a port, as exceptions."""

import os
from typing import ClassVar, override


class PortError(Exception):
    """A port that gives no telegrams; `reason` is its name in translations."""

    reason: ClassVar[str]

    @override
    def __str__(self) -> str:
        """Return the detail, or at least the reason."""
        return super().__str__() or self.reason


class CannotConnect(PortError):
    """The port cannot be opened, or was closed by the other side."""

    reason = "cannot_connect"


class NoData(PortError):
    """The port is open, and silent."""

    reason = "no_data"


class NoTelegram(PortError):
    """Bytes come, but no telegram."""

    reason = "no_telegram"


class WrongSpeed(NoTelegram):
    """Bytes come that are no text, as a serial port with other settings gives them."""


class BinaryProtocol(NoTelegram):
    """HDLC frames come: a port that speaks DLMS, as Norwegian ones do."""


class Encrypted(PortError):
    """Encrypted telegrams come, as from meters in Luxembourg and Austria."""

    reason = "encrypted"


class NoEnd(PortError):
    """Telegrams come whose end is not marked by a `!`: what was cut off looks like a whole one."""

    reason = "no_end"


class LineEnds(PortError):
    """Telegrams come whose line ends were changed on the way, beyond repair."""

    reason = "line_ends"


class InvalidChecksum(PortError):
    """Telegrams come, but not one with a right checksum."""

    reason = "invalid_checksum"


def text_of(error: Exception) -> str:
    """Return what an error says to people, without numbers and addresses where the system has words for it."""
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno) if error.errno > 0 else error.strerror or str(error)
    return str(error)
