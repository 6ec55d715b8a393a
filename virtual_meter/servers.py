"""Put a meter where a reader can open it: behind a TCP bridge, or on a serial line made of software."""

import asyncio
from collections.abc import Callable
import os
from pathlib import Path
import select
import termios
import tty
from types import TracebackType
from typing import Self, cast, override

from .meter import VirtualMeter

# Behind by more than this, telegrams are left out, as by a meter whose line was busy: never sent late in a burst.
# (A fast meter needs some patience: timers fire a little late, and together.)
_LATE_SECONDS = 0.1
_LATE_TELEGRAMS = 20
# Catching up on more simulated seconds than this is done coarsely, to keep the event loop free.
_LONG_GAP = 600
_COARSE_STEP = 60
# A client with this much unread (some 50 telegrams) misses telegrams; when it stays so for long, it is dropped.
_UNREAD_LIMIT = 64 * 1024
_STALLED_SECONDS = 5.0

type Transform = Callable[[bytes], bytes]


class MeterServer:
    """Let a meter live at the pace of the clock, and send what it prints once per simulated second.

    Simulated time passes only while the server runs, and goes on while it is paused. `transform` gets every
    telegram before it is sent; what it returns goes out instead, nothing if that is empty.
    """

    def __init__(self, meter: VirtualMeter, speed: float = 1.0, transform: Transform | None = None) -> None:
        """Serve `meter`, `speed` simulated seconds per second; ValueError unless that is above zero."""
        self.meter = meter
        self.transform = transform
        self.telegrams_sent = 0
        self.paused = False
        self._task: asyncio.Task[None] | None = None
        self._speed = 1.0
        self._began = 0.0
        self._lived = 0
        self.speed = speed

    @property
    def speed(self) -> float:
        """Simulated seconds per second; may be changed while the server runs."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        if speed <= 0:
            msg = f"speed is {speed}; it must be above 0"
            raise ValueError(msg)
        self._speed = speed
        if self._task:
            self._restart_clock()

    @property
    def url(self) -> str:
        """What a reader opens."""
        raise NotImplementedError

    @property
    def clients(self) -> int:
        """How many readers there are."""
        raise NotImplementedError

    async def disconnect(self) -> None:
        """Drop every reader; they may come back."""
        raise NotImplementedError

    async def _open(self) -> None:
        raise NotImplementedError

    async def _close(self) -> None:
        raise NotImplementedError

    def _send(self, telegram: bytes) -> bool:
        """Send to every reader, and tell whether any was sent it."""
        raise NotImplementedError

    async def start(self) -> None:
        """Open and begin to send; OSError when the address cannot be had. Does nothing when it runs already."""
        if self._task:
            return
        await self._open()
        self._restart_clock()
        self._task = asyncio.create_task(self._live(), name=f"virtual meter {self.meter.meter_id}")

    async def stop(self) -> None:
        """Drop every reader and close; it can be started again."""
        task, self._task = self._task, None
        if not task:
            return
        task.cancel()
        try:
            await asyncio.wait([task])
        finally:
            await self._close()
        if not task.cancelled():
            # It ended by itself: what `transform` raised should not pass unseen.
            task.result()

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        await self.stop()

    def pause(self) -> None:
        """Fall silent, connections staying open; the meter lives on."""
        self.paused = True

    def resume(self) -> None:
        """Send again."""
        self.paused = False

    def _restart_clock(self) -> None:
        self._began = asyncio.get_running_loop().time()
        self._lived = 0

    async def _live(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = self._began + (self._lived + 1) / self._speed
            # Sleeping for 0 still lets everything else run once between two telegrams.
            await asyncio.sleep(max(0.0, due - loop.time()))
            behind = int((loop.time() - self._began) * self._speed) - self._lived
            if behind > max(1.0, min(_LATE_TELEGRAMS, _LATE_SECONDS * self._speed)):
                self.meter.advance(behind, _COARSE_STEP if behind > _LONG_GAP else 1)
                self._lived += behind
            elif behind >= 1:
                self.meter.advance(1)
                self._lived += 1
            else:
                continue
            if not self.paused and self.clients:
                self._print()

    def _print(self) -> None:
        telegram = self.meter.telegram()
        if self.transform:
            telegram = self.transform(telegram)
        if telegram and self._send(telegram):
            self.telegrams_sent += 1


class _Client(asyncio.Protocol):
    """One TCP connection to the server; what it sends is ignored, as by a meter that only talks."""

    def __init__(self, server: TcpServer) -> None:
        self._server = server
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._stalled_since: float | None = None
        self.closed = self._loop.create_future()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if not self._server.admit(self):
            self._transport.close()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._server.forget(self)
        if not self.closed.done():
            self.closed.set_result(None)

    def send(self, telegram: bytes) -> bool:
        """Send a telegram, or leave it out, and in the end drop a client that does not read."""
        if self._transport is None or self._transport.is_closing():
            return False
        if self._transport.get_write_buffer_size() <= _UNREAD_LIMIT:
            self._stalled_since = None
            self._transport.write(telegram)
            return True
        if self._stalled_since is None:
            self._stalled_since = self._loop.time()
        elif self._loop.time() - self._stalled_since > _STALLED_SECONDS:
            self._transport.abort()
        return False

    def drop(self) -> None:
        """Cut the connection."""
        if self._transport:
            self._transport.abort()


class TcpServer(MeterServer):
    """A bridge from the user port to the network, for any number of clients, or one at a time."""

    def __init__(
        self,
        meter: VirtualMeter,
        host: str = "127.0.0.1",
        port: int = 0,
        speed: float = 1.0,
        transform: Transform | None = None,
        *,
        single_client: bool = False,
    ) -> None:
        """Listen on `host`; port 0 is any free one, kept for the next start."""
        super().__init__(meter, speed, transform)
        self.host = host
        self.port = port
        self.single_client = single_client
        self._clients: set[_Client] = set()
        self._server: asyncio.Server | None = None

    @property
    @override
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"socket://{host}:{self.port}"

    @property
    @override
    def clients(self) -> int:
        return len(self._clients)

    def admit(self, client: _Client) -> bool:
        """Take a client in, unless there is one and one is the most."""
        if self.single_client and self._clients:
            return False
        self._clients.add(client)
        return True

    def forget(self, client: _Client) -> None:
        """Let go of a client that left."""
        self._clients.discard(client)

    @override
    async def disconnect(self) -> None:
        clients = list(self._clients)
        for client in clients:
            client.drop()
        await asyncio.gather(*(client.closed for client in clients))

    @override
    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        # A bridge comes back on its own port at once, even when connections of before still linger.
        self._server = await loop.create_server(lambda: _Client(self), self.host, self.port, reuse_address=True)
        self.port = self._server.sockets[0].getsockname()[1]

    @override
    async def _close(self) -> None:
        server, self._server = self._server, None
        if server:
            server.close()
            server.abort_clients()
            await self.disconnect()
            await server.wait_closed()

    @override
    def _send(self, telegram: bytes) -> bool:
        reached = [client.send(telegram) for client in self._clients]
        return any(reached)


class PtyServer(MeterServer):
    """A serial line made of software: a pseudo terminal, raw, that never waits for a reader."""

    def __init__(
        self,
        meter: VirtualMeter,
        path: Path | None = None,
        speed: float = 1.0,
        transform: Transform | None = None,
    ) -> None:
        """Make a terminal; when `path` is given, a symbolic link there leads to it while the server runs."""
        super().__init__(meter, speed, transform)
        self.path = path
        self._fd: int | None = None
        self._terminal = ""
        self._rest = b""
        self._stale = False

    @property
    @override
    def url(self) -> str:
        return str(self.path) if self.path else self._terminal

    @property
    @override
    def clients(self) -> int:
        """1 while a reader has the line open, otherwise 0."""
        if self._fd is None:
            return 0
        poll = select.poll()
        poll.register(self._fd, 0)
        hung_up = any(event & select.POLLHUP for _, event in poll.poll(0))
        if hung_up and self._stale:
            self._flush()
        return 0 if hung_up else 1

    @override
    async def disconnect(self) -> None:
        """Pull the line out and plug it in again: readers see it hang up, and without `path` the URL is new."""
        await self._close()
        await self._open()

    @override
    async def _open(self) -> None:
        fd, reader_fd = os.openpty()
        try:
            tty.setraw(reader_fd)
            self._terminal = os.ttyname(reader_fd)
            os.set_blocking(fd, False)
            if self.path:
                # One left over by a run that was killed would be in the way.
                if self.path.is_symlink():
                    self.path.unlink()
                self.path.symlink_to(self._terminal)
        except OSError:
            os.close(fd)
            raise
        finally:
            # Only readers keep their side open, so that their coming and going shows.
            os.close(reader_fd)
        self._fd = fd

    @override
    async def _close(self) -> None:
        fd, self._fd = self._fd, None
        if fd is None:
            return
        self._forget_rest(fd)
        os.close(fd)
        if self.path and self.path.is_symlink():
            self.path.unlink()

    @override
    def _send(self, telegram: bytes) -> bool:
        # A telegram that has not gone out whole holds up those after it, which are lost, as on a real line.
        if self._fd is None or self._rest:
            return False
        self._rest = telegram
        self._stale = True
        self._write(self._fd)
        if self._rest == telegram:
            self._rest = b""
            return False
        if self._rest:
            asyncio.get_running_loop().add_writer(self._fd, self._write, self._fd)
        return True

    def _write(self, fd: int) -> None:
        try:
            written = os.write(fd, self._rest)
        except BlockingIOError:
            return
        self._rest = self._rest[written:]
        if not self._rest:
            asyncio.get_running_loop().remove_writer(fd)

    def _forget_rest(self, fd: int) -> None:
        asyncio.get_running_loop().remove_writer(fd)
        self._rest = b""

    def _flush(self) -> None:
        """Discard what a reader left behind, lest the next one read the past."""
        self._stale = False
        if self._fd is None:
            return
        self._forget_rest(self._fd)
        reader_fd = os.open(self._terminal, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            termios.tcflush(reader_fd, termios.TCIFLUSH)
        finally:
            os.close(reader_fd)
