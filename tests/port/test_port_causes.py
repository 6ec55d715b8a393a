"""Why a port cannot be opened, as far as it tells."""

import asyncio
import errno
import fcntl
import os
from pathlib import Path
import pty
import socket

import pytest
from serialx.common import SerialException

from custom_components.emucs.port import CannotConnect, Link, LinkDown
from custom_components.emucs.port.errors import Cause
from tests.support import eventually
from virtual_meter import TcpServer, VirtualMeter


def unused_port() -> int:
    """Return a TCP port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def failure_of(url: str) -> CannotConnect:
    """Return why a port cannot be opened."""
    async with Link(url) as link:
        event = await anext(link)
        assert isinstance(event, LinkDown)
        assert isinstance(event.error, CannotConnect)
        assert link.failure is event.error
        return event.error


async def test_refused() -> None:
    assert (await failure_of(f"socket://127.0.0.1:{unused_port()}")).cause is Cause.REFUSED
    assert (await failure_of(f"rfc2217://127.0.0.1:{unused_port()}")).cause is Cause.REFUSED


@pytest.mark.parametrize("url", ["socket://127.0.0.1", "socket://127.0.0.1:70000", "bogus://somewhere"])
async def test_invalid(url: str) -> None:
    assert (await failure_of(url)).cause is Cause.INVALID


async def test_unknown_name() -> None:
    # RFC 6761 keeps this domain free for that.
    assert (await failure_of("socket://bridge.invalid:2001")).cause is Cause.UNKNOWN_NAME


async def test_devices(tmp_path: Path) -> None:
    assert (await failure_of(str(tmp_path / "ttyUSB7"))).cause is Cause.NO_DEVICE
    assert (await failure_of(str(tmp_path))).cause is Cause.NO_SERIAL_PORT
    assert (await failure_of("/dev/null")).cause is Cause.NO_SERIAL_PORT


async def test_in_use() -> None:
    meter, port = pty.openpty()
    try:
        fcntl.flock(port, fcntl.LOCK_EX)
        assert (await failure_of(os.ttyname(port))).cause is Cause.IN_USE
    finally:
        os.close(meter)
        os.close(port)


async def test_closed_and_then_refused() -> None:
    async with TcpServer(VirtualMeter(), speed=20) as server, Link(server.url) as link:
        for _ in range(3):
            await anext(link)
        await server.take_down()
        while not isinstance(event := await anext(link), LinkDown):
            pass
        assert isinstance(event.error, CannotConnect)
        assert event.error.cause is Cause.CLOSED
        # What the latest try was told is known too, without an event for each.
        following = asyncio.create_task(anext(link))
        await eventually(lambda: isinstance(link.failure, CannotConnect) and link.failure.cause is Cause.REFUSED)
        assert not following.done()
        following.cancel()
        await asyncio.wait([following])


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (OSError(errno.EHOSTUNREACH, "x"), Cause.NO_ROUTE),
        (OSError(errno.ENETUNREACH, "x"), Cause.NO_ROUTE),
        (PermissionError(errno.EACCES, "x"), Cause.NOT_ALLOWED),
        (TimeoutError(), Cause.NO_ANSWER),
        (OSError(errno.ETIMEDOUT, "x"), Cause.NO_ANSWER),
        (ConnectionResetError(errno.ECONNRESET, "x"), Cause.CLOSED),
        (OSError(errno.EIO, "x"), None),
        (OSError("x"), None),
        (SerialException("x"), None),
    ],
)
def test_errors_of_the_system(error: Exception, cause: Cause | None) -> None:
    failure = CannotConnect("x")
    failure.__cause__ = error
    assert failure.cause is cause
    assert failure.kind == type(error).__name__
