"""Serve a meter on a serial line made of software."""

import asyncio
from collections.abc import Iterable
import os
from pathlib import Path
import select
import termios
import tty
from typing import override

from .fault import Fault
from .meter import VirtualMeter
from .server import MeterServer, Transform


class PtyServer(MeterServer):
    """A serial line made of software: a pseudo terminal, raw, that never waits for a reader."""

    transport = "pty"

    def __init__(
        self,
        meter: VirtualMeter,
        path: Path | None = None,
        speed: float = 1.0,
        transform: Transform | None = None,
        *,
        faults: Iterable[Fault] = (),
    ) -> None:
        """Make a terminal; when `path` is given, a symbolic link there leads to it while the server runs."""
        super().__init__(meter, speed, transform, faults=faults)
        self.path = path
        self._fd: int | None = None
        self._terminal = ""
        self._rest = b""
        self._stale = False
        self._place_holder: int | None = None

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

    @property
    @override
    def is_open(self) -> bool:
        return self._fd is not None

    @override
    def mute(self) -> None:
        """Do nothing: a serial line has no connection that could outlive its other end."""

    @override
    def serve_one(self) -> None:
        """Do nothing: a serial line has one reader anyhow."""

    @override
    async def take_down(self) -> None:
        """Pull the line out; the terminal that comes next is another one."""
        if self.is_open:
            # As long as somebody has it open, no new one gets its name.
            self._place_holder = os.open(self._terminal, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        await super().take_down()

    @override
    async def bring_up(self) -> None:
        await super().bring_up()
        self._let_go()

    @override
    async def stop(self) -> None:
        try:
            await super().stop()
        finally:
            self._let_go()

    def _let_go(self) -> None:
        if self._place_holder is not None:
            os.close(self._place_holder)
            self._place_holder = None

    @override
    async def disconnect(self) -> None:
        """Pull the line out and plug it in again: readers see it hang up, and without `path` the URL is new."""
        if self._fd is None:
            return
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
                if self.path.is_symlink() and self.path.readlink().parent == Path(self._terminal).parent:
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
        if self.path and self.path.is_symlink() and self.path.readlink() == Path(self._terminal):
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
