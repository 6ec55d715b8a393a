"""A meter behind a TCP bridge and on a serial line."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
import os
from pathlib import Path
import socket
import termios
import time

import pytest
from vm_reading import client, crc16, moment, values

from virtual_meter import PtyServer, TcpServer, VirtualMeter, tcp_server

START = datetime(2026, 1, 14, 17, tzinfo=UTC)


def a_meter() -> VirtualMeter:
    return VirtualMeter(start=START)


async def next_telegram(reader: asyncio.StreamReader) -> bytes:
    telegram = await asyncio.wait_for(reader.readuntil(b"!"), 5) + await reader.readexactly(6)
    assert telegram[-6:] == b"%04X\r\n" % crc16(telegram[:-6])
    return telegram


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  what the server does is looked at from outside
            await asyncio.sleep(0.005)


def time_of(telegram: bytes) -> datetime:
    return moment(values(telegram, "0-0:1.0.0")[0])


@pytest.mark.usefixtures("socket_enabled")
async def test_every_client_gets_the_same_telegrams() -> None:
    server = TcpServer(a_meter(), speed=50)
    server.pause()
    async with server, client(server) as one, client(server) as two:
        assert server.url == f"socket://127.0.0.1:{server.port}"
        await until(lambda: server.clients == 2)
        server.resume()
        first = [await next_telegram(one) for _ in range(5)]
        assert [await next_telegram(two) for _ in range(5)] == first
        assert server.telegrams_sent >= 5
        times = [time_of(telegram) for telegram in first]
        assert times == sorted(set(times))
    assert server.clients == 0


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("period", [10, 900])
async def test_a_slow_meter_sends_once_a_period(period: int) -> None:
    meter = VirtualMeter(start=START, period=period)
    async with TcpServer(meter, speed=10 * period) as server, client(server) as reader:
        times = [time_of(await next_telegram(reader)) for _ in range(4)]
    slots = [int(time.timestamp()) // period for time in times]
    assert slots == sorted(set(slots))
    assert server.telegrams_sent <= (meter.time - START).total_seconds() // period + 1


@pytest.mark.usefixtures("socket_enabled")
async def test_keeps_pace_with_the_clock() -> None:
    meter = a_meter()
    async with TcpServer(meter, speed=200) as server, client(server) as reader:
        began = time.monotonic()
        for _ in range(60):
            await next_telegram(reader)
        await asyncio.sleep(0)
        lived = (meter.time - START).total_seconds()
        assert lived == pytest.approx((time.monotonic() - began) * 200, abs=100)


@pytest.mark.usefixtures("socket_enabled")
async def test_a_delay_skips_telegrams_and_not_time() -> None:
    meter = a_meter()
    async with TcpServer(meter, speed=10) as server, client(server) as reader:
        before = time_of(await next_telegram(reader))
        time.sleep(0.55)  # noqa: ASYNC251  the loop is held up: that is the case
        after = time_of(await next_telegram(reader))
        assert (after - before).total_seconds() >= 5
        assert server.telegrams_sent <= 3


# A millisecond of the second one is eleven days, which no machine lives in that time.
@pytest.mark.parametrize("speed", [1e6, 1e9])
@pytest.mark.usefixtures("socket_enabled")
async def test_as_fast_as_the_loop_permits(speed: float) -> None:
    meter = a_meter()
    async with TcpServer(meter, speed=speed) as server, client(server) as reader:
        turns = 0
        for _ in range(20):
            await next_telegram(reader)
            # Others come to their turn in between.
            await asyncio.sleep(0.001)
            turns += 1
        assert turns == 20
        assert (meter.time - START).total_seconds() > 10_000
        server.speed = 1
        assert server.speed == 1


@pytest.mark.usefixtures("socket_enabled")
async def test_a_bridge_that_serves_one() -> None:
    async with TcpServer(a_meter(), speed=50, single_client=True) as server:
        async with client(server) as one:
            await next_telegram(one)
            async with client(server) as two:
                assert await asyncio.wait_for(two.read(), 5) == b""
            await next_telegram(one)
            assert server.clients == 1
        await until(lambda: server.clients == 0)
        async with client(server) as three:
            await next_telegram(three)


@pytest.mark.usefixtures("socket_enabled")
async def test_silence_while_paused() -> None:
    meter = a_meter()
    async with TcpServer(meter, speed=50) as server, client(server) as reader:
        await next_telegram(reader)
        server.pause()
        await asyncio.sleep(0)
        sent, then = server.telegrams_sent, meter.time
        await asyncio.sleep(0.1)
        assert server.telegrams_sent == sent
        assert meter.time > then
        assert server.clients == 1
        server.resume()
        await next_telegram(reader)


@pytest.mark.usefixtures("socket_enabled")
async def test_disconnected_clients_may_come_back() -> None:
    async with TcpServer(a_meter(), speed=50) as server:
        async with client(server) as reader:
            await next_telegram(reader)
            await server.disconnect()
            assert server.clients == 0
            await asyncio.wait_for(reader.read(), 5)
            assert reader.at_eof()
        async with client(server) as reader:
            await next_telegram(reader)


@pytest.mark.usefixtures("socket_enabled")
async def test_starts_again_on_the_same_port() -> None:
    server = TcpServer(a_meter(), speed=50)
    ports = set()
    for _ in range(2):
        async with server:
            ports.add(server.port)
            await server.start()
            async with client(server) as reader:
                await next_telegram(reader)
                await server.stop()
    await server.stop()
    assert len(ports) == 1


@pytest.mark.usefixtures("socket_enabled")
async def test_a_client_that_does_not_read_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp_server, "_UNREAD_LIMIT", 4096)
    monkeypatch.setattr(tcp_server, "_STALLED_SECONDS", 0.05)
    async with TcpServer(a_meter(), speed=500, transform=lambda telegram: telegram * 500) as server:
        loop = asyncio.get_running_loop()
        with socket.socket() as lazy:
            lazy.settimeout(0)
            lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            await loop.sock_connect(lazy, ("127.0.0.1", server.port))
            await until(lambda: server.clients == 1)
            await until(lambda: server.clients == 0)


@pytest.mark.usefixtures("socket_enabled")
async def test_transform_changes_what_is_sent() -> None:
    async with (
        TcpServer(a_meter(), speed=50, transform=lambda telegram: telegram.replace(b"FLU5", b"XXX5")) as server,
        client(server) as reader,
    ):
        assert b"/XXX5" in await asyncio.wait_for(reader.readuntil(b"!"), 5)
        server.transform = lambda _: b""
        await asyncio.sleep(0.05)
        sent = server.telegrams_sent
        await asyncio.sleep(0.1)
        assert server.telegrams_sent == sent


@pytest.mark.usefixtures("socket_enabled")
async def test_what_transform_raises_is_not_lost() -> None:
    def fail(_: bytes) -> bytes:
        raise RuntimeError("broken on purpose")

    server = TcpServer(a_meter(), speed=50, transform=fail)
    await server.start()
    async with client(server) as reader:
        await asyncio.sleep(0.1)
        with pytest.raises(RuntimeError, match="on purpose"):
            await server.stop()
        assert await reader.read() == b""


@pytest.mark.usefixtures("socket_enabled")
async def test_speed_may_change_while_it_runs() -> None:
    async with TcpServer(a_meter(), speed=0.01) as server, client(server) as reader:
        await until(lambda: server.clients == 1)
        await asyncio.sleep(0.05)
        server.speed = 50
        await next_telegram(reader)


def test_speed_must_be_above_zero() -> None:
    with pytest.raises(ValueError, match="above 0"):
        TcpServer(a_meter(), speed=0)


def read_some(fd: int) -> bytes:
    try:
        return os.read(fd, 65_536)
    except BlockingIOError:
        return b""


async def read_terminal(url: str, size: int) -> bytes:
    fd = os.open(url, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        os.write(fd, b"a meter does not listen\n")
        received = b""
        async with asyncio.timeout(5):
            while len(received) < size:
                await asyncio.sleep(0.01)
                received += read_some(fd)
        return received
    finally:
        os.close(fd)


async def test_a_serial_line(tmp_path: Path) -> None:
    path = tmp_path / "meter"
    async with PtyServer(a_meter(), path, speed=50) as server:
        assert server.url == str(path)
        assert server.clients == 0
        received = await read_terminal(server.url, 6000)
    assert not path.is_symlink()
    telegram, _, rest = received.partition(b"!")
    assert telegram.startswith(b"/FLU5")
    assert b"\r\r\n" not in received
    assert rest[:6] == b"%04X\r\n" % crc16(telegram + b"!")
    assert server.telegrams_sent >= 4


async def test_nobody_reads_the_line() -> None:
    meter = a_meter()
    async with PtyServer(meter, speed=500) as server:
        assert server.url.startswith("/dev/pts/")
        fd = os.open(server.url, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            assert server.clients == 1
            await until(lambda: (meter.time - START).total_seconds() > 150)
            # What was not read does not come in pieces: the line goes on with whole telegrams.
            assert server.telegrams_sent < 30
            late = b""
            while server.telegrams_sent < 40:
                late += read_some(fd)
                await asyncio.sleep(0.005)
        finally:
            os.close(fd)
        for telegram in late.split(b"/FLU5")[1:-1]:
            assert telegram[-6:] == b"%04X\r\n" % crc16(b"/FLU5" + telegram[:-6])
        await until(lambda: server.clients == 0)


async def test_a_new_reader_does_not_read_the_past() -> None:
    meter = a_meter()
    async with PtyServer(meter, speed=20) as server:
        fd = os.open(server.url, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        await until(lambda: server.telegrams_sent > 2)
        os.close(fd)
        await asyncio.sleep(0.2)
        then = meter.time
        received = await read_terminal(server.url, 1500)
    assert time_of(received.partition(b"!")[0]) >= then


async def test_a_line_that_is_full_finishes_its_telegram() -> None:
    async with PtyServer(a_meter(), speed=50, transform=lambda telegram: telegram * 30) as server:
        fd = os.open(server.url, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            await until(lambda: server.telegrams_sent == 1)
            received = b""
            async with asyncio.timeout(5):
                while server.telegrams_sent < 3:
                    received += read_some(fd)
                    await asyncio.sleep(0.001)
        finally:
            os.close(fd)
        for telegram in received.split(b"/FLU5")[1:-1]:
            assert telegram[-6:] == b"%04X\r\n" % crc16(b"/FLU5" + telegram[:-6])


async def test_a_line_that_is_not_there_cannot_be_pulled() -> None:
    server = PtyServer(a_meter())
    await server.disconnect()
    assert server.clients == 0


async def test_pulling_the_line_out(tmp_path: Path) -> None:
    path = tmp_path / "meter"
    async with PtyServer(a_meter(), path, speed=50) as server:
        fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            await until(lambda: server.telegrams_sent > 0)
            await server.disconnect()
            with pytest.raises((OSError, termios.error)):
                termios.tcgetattr(fd)
        finally:
            os.close(fd)
        assert b"!" in await read_terminal(str(path), 2000)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_a_line_needs_a_free_path(tmp_path: Path) -> None:
    path = tmp_path / "meter"
    path.write_text("somebody's")
    open_before = open_files()
    server = PtyServer(a_meter(), path)
    with pytest.raises(FileExistsError):
        await server.start()
    await server.stop()
    assert path.read_text() == "somebody's"
    assert open_files() == open_before


async def test_a_link_of_a_run_that_was_killed_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "meter"
    path.symlink_to("/dev/pts/9999")
    async with PtyServer(a_meter(), path):
        assert path.exists()
