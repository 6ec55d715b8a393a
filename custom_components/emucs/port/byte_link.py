"""A link to a port whose bytes are taken as they come, as those of samples are: opened again as often as it takes."""

import asyncio
from collections.abc import AsyncGenerator
import random
from typing import Final, Self, override

from .address import Address
from .errors import CannotConnect, NoData, PortError, text_of
from .incoming import Incoming
from .link import FIRST_DELAY, JITTER, LONGEST_DELAY, OPEN_TIMEOUT, LinkDown, close_port, open_first
from .reader import Reader
from .source import Opener, OpenPort

SILENCE: Final = 5.0
"""Seconds without a byte after which a port is down that sends all the time."""
MOST_WAITING: Final = 1 << 20
"""Bytes that nobody has taken yet, beyond which the port is not listened to for a while: nine seconds of samples."""


class IncomingBytes(Incoming):
    """The receiving end of such a port."""

    def __init__(self) -> None:
        """Start with a port that is being opened."""
        super().__init__(Reader())
        self._pieces: list[bytes] = []
        self._waiting = 0

    @override
    def data_received(self, data: bytes) -> None:
        if self._waiting > 2 * MOST_WAITING:
            # The port cannot be held up: what comes meanwhile is lost, as its sequence shows.
            return
        self._pieces.append(data)
        self._waiting += len(data)
        self._wake()
        if self._waiting > MOST_WAITING and not self._is_paused:
            self._pause()

    async def take_bytes(self, seconds: float) -> bytes:
        """Return all that came, or that comes first within some seconds, perhaps nothing.

        Raises why, as a PortError, when there is nothing and the port is closed.
        """
        if not self._pieces:
            await self.take(seconds)
        data, self._pieces, self._waiting = b"".join(self._pieces), [], 0
        self._resume()
        return data


class ByteLink:
    """An endless async iterator of bytes, and `LinkDown` when the port fails, or fails for a different reason."""

    def __init__(self, url: str, open_with: Opener) -> None:
        """Set up without opening."""
        self.url = url
        self._address = Address(url)
        self._open_with = open_with
        self._events = self._run()

    def __aiter__(self) -> Self:
        """Return the iterator of events."""
        return self

    async def __anext__(self) -> bytes | LinkDown:
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

    async def _run(self) -> AsyncGenerator[bytes | LinkDown]:
        """Yield what happens, over as many connections as it takes."""
        down: type[PortError] | None = None
        delay = FIRST_DELAY
        while True:
            failure: PortError = NoData()
            try:
                transport, incoming = await self._open()
                try:
                    while data := await incoming.take_bytes(SILENCE):
                        down, delay = None, FIRST_DELAY
                        yield data
                finally:
                    await close_port(transport, incoming)
            except PortError as error:
                failure = error
            if type(failure) is not down:
                down = type(failure)
                yield LinkDown(failure)
            await asyncio.sleep(delay * random.uniform(1 - JITTER, 1))  # noqa: S311 -- spreads load, no secret
            delay = min(delay * 2, LONGEST_DELAY)

    async def _open(self) -> tuple[OpenPort, IncomingBytes]:
        """Open the port; raises a PortError."""
        try:
            return await open_first(self._address, OPEN_TIMEOUT, self._connect)
        except TimeoutError as error:
            raise CannotConnect(f"no answer within {OPEN_TIMEOUT:.0f} s") from error
        except PortError:
            raise
        except Exception as error:  # what else a backend of serialx raises must not end the link
            raise CannotConnect(text_of(error)) from error

    async def _connect(self, url: str) -> tuple[OpenPort, IncomingBytes]:
        """Open an address."""
        incoming = IncomingBytes()
        return await self._open_with(url, incoming), incoming
