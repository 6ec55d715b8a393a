"""What comes from an open port: telegrams are made of it as it comes, and somebody is woken by whole ones only."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Protocol, override

from .errors import CannotConnect, PortError, text_of
from .reader import Reader
from .telegram import Telegram
from .telnet import Telnet

_SAMPLE_SIZE: Final = 2048
# A port that sends more than anybody takes is not listened to for a while.
_MOST_WAITING: Final = 64


class Timer(Protocol):
    """A call that is to come."""

    def cancel(self) -> None:
        """Do without it."""


class HostClock(Protocol):
    """The clock of the host, by which silence is measured; an event loop is one."""

    def time(self) -> float:
        """Return the time in seconds, from whenever on."""

    def call_later(self, delay: float, callback: Callable[[], object], /) -> Timer:
        """Call something in so many seconds."""


async def sleep(clock: HostClock, seconds: float) -> None:
    """Wait for so many seconds of a clock."""
    over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def end() -> None:
        """End the wait."""
        if not over.done():
            over.set_result(None)

    timer = clock.call_later(seconds, end)
    try:
        await over
    finally:
        timer.cancel()


class Incoming(asyncio.Protocol):
    """The receiving end of a port: where a serial adapter brings a telegram in dozens of pieces, one wakes a task."""

    def __init__(self, reader: Reader, clock: HostClock | None = None, telnet: Telnet | None = None) -> None:
        """Start with a port that is being opened; the clock is the event loop's where none is given.

        `telnet` is there where its commands may stand among the bytes.
        """
        self._clock = clock
        self._telnet = telnet
        self.sample = b""
        """The beginning of what came since the latest telegram."""
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the port is free."""
        self._reader = reader
        self._telegrams: list[Telegram] = []
        self._transport: asyncio.BaseTransport | None = None
        self._is_paused = False
        self._failure: PortError | None = None
        self._waiter: asyncio.Future[None] | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        if self._telnet is not None:
            data = self._negotiate(self._telnet, data)
        if not (telegrams := self._reader.feed(data)):
            self.sample = (self.sample + data)[:_SAMPLE_SIZE]
            return
        self.sample = b""
        self._telegrams += telegrams
        self._wake()
        if len(self._telegrams) > _MOST_WAITING and not self._is_paused:
            self._pause()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if isinstance(exc, PortError):
            self._failure = exc
        else:
            self._failure = CannotConnect("closed by the other side" if exc is None else text_of(exc))
            self._failure.__cause__ = exc
        if not self.closed.done():
            self.closed.set_result(None)
        self._wake()

    def _pause(self) -> None:
        """Listen to nothing more for a while; ESPHome's connection cannot."""
        if isinstance(self._transport, asyncio.ReadTransport):
            with suppress(NotImplementedError):
                self._transport.pause_reading()
                self._is_paused = True

    def _negotiate(self, telnet: Telnet, data: bytes) -> bytes:
        """Return bytes without the commands of telnet, and answer those."""
        data = telnet.feed(data)
        if telnet.answer:
            if isinstance(self._transport, asyncio.WriteTransport):
                self._transport.write(telnet.answer)
            telnet.answer = b""
        return data

    def _wake(self) -> None:
        """Wake the waiting reader."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def take(self, seconds: float) -> list[Telegram]:
        """Return all telegrams that came, or that come first within some seconds, perhaps none.

        Raises why, as a PortError, when there are none and the port is closed.
        """
        if not self._telegrams and self._failure is None:
            await self._wait(seconds)
        telegrams, self._telegrams = self._telegrams, []
        if not telegrams and self._failure is not None:
            raise self._failure
        self._resume()
        return telegrams

    def _resume(self) -> None:
        """Listen again."""
        if self._is_paused and self._failure is None and isinstance(self._transport, asyncio.ReadTransport):
            self._is_paused = False
            self._transport.resume_reading()

    async def _wait(self, seconds: float) -> None:
        """Wait until something happens, or for so many seconds."""
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        timer = (self._clock or loop).call_later(seconds, self._wake)
        try:
            await self._waiter
        finally:
            timer.cancel()
            self._waiter = None
