"""A link to a user port: opens it, watches it, and opens it again, for as long as it is read."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass
import errno
import os
import random
import re
import socket
from typing import Any, Final, Literal, Self

from serialx import create_serial_connection
from serialx.common import BaseSerialTransport

from .address import Address
from .errors import (
    BinaryProtocol,
    CannotConnect,
    Encrypted,
    InvalidChecksum,
    NoData,
    NoTelegram,
    PortError,
    WrongSpeed,
    text_of,
)
from .framing import Drop
from .incoming import Incoming
from .reader import Reader
from .telegram import Telegram

SILENCE: Final = 8.0
"""Seconds without a valid telegram after which a port is down, where the meter sends one each second."""
SILENT_PERIODS: Final = 5
"""How many telegrams of a slower meter have to be missed."""
FIRST_SILENCE: Final = 12.0
"""Seconds that the first telegram is waited for: Dutch meters before DSMR 5 send one every ten."""
OPEN_TIMEOUT: Final = 10.0
SHORT_OPEN_TIMEOUT: Final = 2.0
"""Seconds for a port on the network that was open before: a new try is noticed sooner than an old one goes on."""
SLOWER_THAN_EVER: Final = 3
"""How many times as long as before such a port may take."""
CLOSE_TIMEOUT: Final = 5.0
GRACE: Final = 0.2
"""Seconds for what is here already when the silence is over: this program may have been held up, and not the meter."""

FIRST_DELAY: Final = 0.5
"""Seconds before the port is opened again; each further time twice as many, until a telegram came."""
LONGEST_DELAY: Final = 30.0
LONGEST_DELAY_WHERE_CHEAP: Final = 1.5
"""Seconds from one try to the next where it costs next to nothing: then its return shows within a moment."""
_CHEAP: Final = {errno.ECONNREFUSED, errno.ENOENT}
_JITTER: Final = 0.2

# DLMS general-glo-ciphering: tag, length and system title, then a length in two bytes and the security byte.
_ENCRYPTED: Final = re.compile(rb"\xdb\x08.{8}\x82..\x30", re.DOTALL)
# HDLC, as DLMS uses it: a flag, then in eleven bits the length of what stands before the next flag.
_HDLC: Final = re.compile(rb"(?=\x7e([\xa0-\xa7].))", re.DOTALL)
_HDLC_FLAG: Final = 0x7E
_HDLC_LENGTH: Final = 0x7FF
_FILLING: Final = b"\r\n\0"
_TEXT_BYTES: Final = bytes({*range(0x20, 0x7F), *b"\r\n\t\0"})
_TEXT_SHARE: Final = 0.9


@dataclass(frozen=True, slots=True)
class LinkDown:
    """The port gives no telegrams; a telegram says that it does again."""

    error: PortError


class Link:
    """An endless async iterator of telegrams and, when the port fails or fails otherwise, `LinkDown`.

    The URL is a device path, `socket://host:port`, `rfc2217://host:port`, `esphome://…`: all that serialx opens.
    Use it as an async context manager, or close it.
    """

    def __init__(
        self,
        url: str,
        *,
        baudrate: int = 115200,
        bytesize: Literal[7, 8] = 8,
        parity: Literal["N", "E", "O"] = "N",
        stopbits: Literal[1, 2] = 1,
        silence: float | None = None,
        wait: float | None = None,
    ) -> None:
        """Set up without opening; serial settings as in e-MUCS P1 1.7.1, table 2.

        `silence` in seconds is fixed, `wait` is how long telegrams are waited for before their period is known.
        """
        self.url = url
        self.reader = Reader()
        self.connections = 0
        """How often the port was opened."""
        # As serialx takes them from many a caller, and types them for one.
        self._settings: dict[str, Any] = {
            "baudrate": baudrate,
            "byte_size": bytesize,
            "parity": parity,
            "stopbits": stopbits,
        }
        self._fixed_silence = silence
        self._wait = wait
        self._last_telegram: float | None = None
        self._intervals: deque[float] = deque(maxlen=4)
        self._sends_each_second = False
        self._delay = FIRST_DELAY
        self._address = Address(url)
        self._began = 0.0
        self._opening_took: float | None = None
        self._bad_telegrams = 0
        self._events = self._run()

    def __aiter__(self) -> Self:
        """Return the iterator of events."""
        return self

    async def __anext__(self) -> Telegram | LinkDown:
        """Return the next event."""
        return await anext(self._events)

    async def __aenter__(self) -> Self:
        """Return the link; it opens when it is read."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the port."""
        await self.close()

    async def close(self) -> None:
        """Close the port and wait until it is free for others."""
        await self._events.aclose()

    async def _run(self) -> AsyncGenerator[Telegram | LinkDown]:
        """Yield what happens, over as many connections as it takes."""
        down: type[PortError] | None = None
        while True:
            failure: PortError
            try:
                transport, incoming = await self._open()
                try:
                    while True:
                        for telegram in await self._receive(incoming):
                            down = None
                            self._delay = FIRST_DELAY
                            yield telegram
                finally:
                    await _close(transport, incoming)
            except PortError as error:
                failure = error
            if type(failure) is not down:
                down = type(failure)
                yield LinkDown(failure)
            await self._back_off(failure)

    async def _open(self) -> tuple[BaseSerialTransport, Incoming]:
        """Open the port."""
        self._began = asyncio.get_running_loop().time()
        try:
            opened = await self._open_first(await self._address.urls(self._open_timeout))
        except TimeoutError as error:
            raise CannotConnect(f"no answer within {self._open_timeout:.0f} s") from error
        except Exception as error:  # what else a backend of serialx raises must not end the link
            raise CannotConnect(text_of(error)) from error
        self._opening_took = asyncio.get_running_loop().time() - self._began
        self.connections += 1
        self.reader.reset()
        self._note_errors()
        return opened

    async def _open_first(self, urls: list[str]) -> tuple[BaseSerialTransport, Incoming]:
        """Open the first of some addresses that answers; raise what the last one raised."""
        for url in urls:
            try:
                async with asyncio.timeout(self._open_timeout):
                    opened = await self._connect(url)
            except OSError:
                if url == urls[-1]:
                    raise
            else:
                self._address.worked(url)
                return opened
        raise OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))

    async def _connect(self, url: str) -> tuple[BaseSerialTransport, Incoming]:
        """Open an address."""
        incoming = Incoming(self.reader)
        transport, _ = await create_serial_connection(
            loop=asyncio.get_running_loop(), protocol_factory=lambda: incoming, url=url, **self._settings
        )
        return transport, incoming

    @property
    def _open_timeout(self) -> float:
        """Return the seconds that opening may take."""
        if self._opening_took is None or not self._address.is_network:
            return OPEN_TIMEOUT
        return min(OPEN_TIMEOUT, max(SHORT_OPEN_TIMEOUT, SLOWER_THAN_EVER * self._opening_took))

    async def _receive(self, incoming: Incoming) -> list[Telegram]:
        """Return the next telegrams, at least one."""
        for seconds in (self.silence, GRACE):
            if telegrams := await incoming.take(seconds):
                self._learn_period(telegrams)
                self._note_errors()
                return telegrams
        raise self._diagnose(incoming.sample)

    @property
    def silence(self) -> float:
        """Return the seconds without a valid telegram after which the port is down, by the period of the meter."""
        if self._fixed_silence is not None:
            return self._fixed_silence
        if self._intervals:
            return max(SILENCE, SILENT_PERIODS * min(self._intervals))
        if self._wait is not None:
            return self._wait
        return SILENCE if self._sends_each_second else FIRST_SILENCE

    def _learn_period(self, telegrams: list[Telegram]) -> None:
        """Note how long telegrams took to come."""
        now = asyncio.get_running_loop().time()
        if self._last_telegram is not None:
            self._intervals.append((now - self._last_telegram) / len(telegrams))
        # DSMR P1 5, on which e-MUCS P1 stands.
        self._sends_each_second = (telegrams[0].version or "").startswith("5")
        self._last_telegram = now

    def _note_errors(self) -> None:
        """Note how many telegrams were bad before what is received from now on."""
        self._bad_telegrams = self.reader.dropped[Drop.CHECKSUM]

    def _diagnose(self, sample: bytes) -> PortError:
        """Return why no telegram came, where this did."""
        # The end of the latest telegram's last line may have come by itself.
        sample = sample.strip(_FILLING)
        if not sample:
            return NoData()
        if self.reader.dropped[Drop.CHECKSUM] > self._bad_telegrams:
            return InvalidChecksum()
        if _ENCRYPTED.search(sample):
            return Encrypted()
        if _has_hdlc(sample):
            return BinaryProtocol()
        if len(sample.translate(None, _TEXT_BYTES)) > (1 - _TEXT_SHARE) * len(sample):
            return WrongSpeed()
        return NoTelegram()

    async def _back_off(self, failure: PortError) -> None:
        """Wait before the next try, each time longer; where it costs next to nothing never long."""
        if not isinstance(failure, CannotConnect):
            # The port can be opened: what it then says is waited for long enough.
            self._delay = FIRST_DELAY
        cheap = self._is_cheap(failure)
        longest = LONGEST_DELAY_WHERE_CHEAP if cheap else LONGEST_DELAY
        delay = min(self._delay, longest)
        self._delay = min(self._delay * 2, longest)
        if cheap:
            took = asyncio.get_running_loop().time() - self._began
            delay = min(delay, max(FIRST_DELAY, longest - took))
        await asyncio.sleep(delay * random.uniform(1 - _JITTER, 1))  # noqa: S311 -- spreads load, no secret

    def _is_cheap(self, failure: PortError) -> bool:
        """Tell whether the next try costs no more than a packet, or a look at a device file."""
        cause = failure.__cause__
        if isinstance(cause, OSError) and cause.errno in _CHEAP:
            return True
        if cause is not None and not isinstance(cause, OSError):
            # An address that is none, a setting that the port does not take: only the user can change it.
            return False
        return self._address.is_local or (self._address.is_network and not isinstance(cause, socket.gaierror))


def _has_hdlc(sample: bytes) -> bool:
    """Tell whether there is a frame of HDLC: noise often has its beginning, and hardly ever its end."""
    for match in _HDLC.finditer(sample):
        end = match.start() + 1 + (int.from_bytes(match[1]) & _HDLC_LENGTH)
        if end < len(sample) and sample[end] == _HDLC_FLAG:
            return True
    return False


async def _close(transport: BaseSerialTransport, incoming: Incoming) -> None:
    """Close a port and wait until it is free."""
    transport.close()
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_TIMEOUT):
            await incoming.closed
