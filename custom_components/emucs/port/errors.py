"""What can be wrong with a port, as exceptions."""

from enum import StrEnum
import errno
import os
import socket
from typing import ClassVar, Final, override

from serialx.common import UnknownUriScheme


class Cause(StrEnum):
    """Why a port cannot be opened, as far as users can make something of it."""

    CLOSED = "closed"
    """By the other side."""
    IN_USE = "in_use"
    INVALID = "invalid"
    """What was filled in is no address, or no setting of the port."""
    NO_ANSWER = "no_answer"
    NO_DEVICE = "no_device"
    NO_ROUTE = "no_route"
    NO_SERIAL_PORT = "no_serial_port"
    NOT_ALLOWED = "not_allowed"
    REFUSED = "refused"
    UNKNOWN_NAME = "unknown_name"


_CAUSES: Final = {
    errno.EACCES: Cause.NOT_ALLOWED,
    errno.EBUSY: Cause.IN_USE,
    errno.ECONNABORTED: Cause.CLOSED,
    errno.ECONNREFUSED: Cause.REFUSED,
    errno.ECONNRESET: Cause.CLOSED,
    errno.EHOSTDOWN: Cause.NO_ROUTE,
    errno.EHOSTUNREACH: Cause.NO_ROUTE,
    errno.EISDIR: Cause.NO_SERIAL_PORT,
    errno.ENETDOWN: Cause.NO_ROUTE,
    errno.ENETUNREACH: Cause.NO_ROUTE,
    errno.ENODEV: Cause.NO_DEVICE,
    errno.ENOENT: Cause.NO_DEVICE,
    errno.ENOTTY: Cause.NO_SERIAL_PORT,
    errno.ENXIO: Cause.NO_DEVICE,
    errno.EPERM: Cause.NOT_ALLOWED,
    errno.EPIPE: Cause.CLOSED,
    errno.ETIMEDOUT: Cause.NO_ANSWER,
}


class PortError(Exception):
    """A port that gives no telegrams; `reason` is its name in translations."""

    reason: ClassVar[str]

    @property
    def problem(self) -> str:
        """Return the name of the text that says what is wrong and what to do: the reason, or what is more precise."""
        return self.reason

    @property
    def kind(self) -> str:
        """Return what programmers call the error behind it."""
        return type(self.__cause__ or self).__name__

    @override
    def __str__(self) -> str:
        """Return the detail, or at least the reason."""
        return super().__str__() or self.reason


class CannotConnect(PortError):
    """The port cannot be opened, or was closed by the other side."""

    reason = "cannot_connect"

    @property
    def cause(self) -> Cause | None:
        """Return why, where that is known."""
        error = self.__cause__
        if error is None:
            return Cause.CLOSED
        if isinstance(error, socket.gaierror):
            return Cause.UNKNOWN_NAME
        if isinstance(error, TimeoutError):
            return Cause.NO_ANSWER
        if isinstance(error, OSError):
            return _CAUSES.get(error.errno or 0)
        return Cause.INVALID if isinstance(error, (ValueError, UnknownUriScheme)) else None

    @property
    @override
    def problem(self) -> str:
        """Return the name of a text for each cause that is known."""
        return f"{self.reason}_{self.cause}" if self.cause else self.reason


class Refusal(CannotConnect):
    """A reader, or what leads to it, says why it cannot be read."""

    text: ClassVar[str] = CannotConnect.reason
    """The name of the text that says what is wrong and what to do."""

    @property
    @override
    def cause(self) -> None:
        """Return none: the text says it."""
        return None

    @property
    @override
    def problem(self) -> str:
        """Return the name of the text."""
        return self.text

    @override
    def __str__(self) -> str:
        """Return the detail, or at least the name of the text."""
        return Exception.__str__(self) or self.text


class HttpStatus(Refusal):
    """A reader answers with a status that is not that of success, which is the detail."""

    @property
    @override
    def kind(self) -> str:
        """Return the status."""
        return str(self)


class NotFound(HttpStatus):
    """Nothing is at this address of a reader: the path is wrong, or it is another device."""

    text = "not_found"


class Unauthorized(Refusal):
    """The reader wants a token or a password, or does not take this one any more."""

    text = "unauthorized"


class LocalApiOff(Refusal):
    """The owner has to allow programs in the house to read the reader, in its app."""

    text = "local_api_off"


class TooManyClients(Refusal):
    """The reader serves as many programs as it can."""

    text = "too_many_clients"


class Untrusted(Refusal):
    """What answers has not the certificate of the reader."""

    text = "untrusted"


class MqttNotReady(Refusal):
    """Home Assistant has no connection to a broker of MQTT."""

    text = "mqtt_not_ready"


class ProxyAbsent(Refusal):
    """Home Assistant knows no such port of an ESPHome device now."""

    text = "proxy_absent"


class TakenAway(Refusal):
    """Telegrams come, but the reader closes again and again: mostly because another program connects."""

    text = "taken_away"


class MembersSilent(Refusal):
    """No member of a group shows anything."""

    text = "members_silent"


class NoData(PortError):
    """The port is open, and silent."""

    reason = "no_data"


class NoTelegram(PortError):
    """Bytes come, but no telegram."""

    reason = "no_telegram"


class WrongSpeed(NoTelegram):
    """Bytes come that are no text, as a serial port with other settings gives them."""

    @property
    @override
    def problem(self) -> str:
        """Return the name of a text of its own."""
        return "wrong_speed"


class BinaryProtocol(NoTelegram):
    """HDLC frames come: a port that speaks DLMS, as Norwegian ones do."""

    @property
    @override
    def problem(self) -> str:
        """Return the name of a text of its own."""
        return "binary_protocol"


class WebPage(NoTelegram):
    """A page for a browser comes, or the answer of a web server to what it does not understand."""

    @property
    @override
    def problem(self) -> str:
        """Return the name of a text of its own."""
        return "web_page"


class ValuesOnly(NoTelegram):
    """Values come as JSON, as readers give them beside the telegram, or instead."""

    @property
    @override
    def problem(self) -> str:
        """Return the name of a text of its own."""
        return "values_only"


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
