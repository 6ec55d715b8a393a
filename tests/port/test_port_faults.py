"""A link and everything that the virtual meter can let go wrong, over TCP and a serial line."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
import socket
import time
from typing import Any

import pytest

from custom_components.emucs.port import (
    CannotConnect,
    Drop,
    InvalidChecksum,
    Link,
    LinkDown,
    NoData,
    NoTelegram,
    PortError,
    Telegram,
    WrongSpeed,
    link as link_module,
    opening,
)
from custom_components.emucs.port.address import Address
from tests.port.clocks import FastClock
from virtual_meter import MeterServer, PtyServer, Said, TcpServer, VirtualMeter, deaf_listener, make_fault

pytestmark = pytest.mark.usefixtures("socket_enabled")

START = datetime(2026, 1, 14, 17, tzinfo=UTC)
WITHIN = 8.0
"""Seconds after its return within which a port gives its first telegram here: a busy machine takes longer than the
three that `bench.outages` measures, and a link that backs off further than it should takes up to thirty."""

TIMES = 4
FAST = FastClock(TIMES)


def meter_server(transport: str, path: Path, *faults: str, speed: float = 20) -> MeterServer:
    meter, made = VirtualMeter(start=START), [make_fault(fault) for fault in faults]
    if transport == "tcp":
        return TcpServer(meter, speed=speed, faults=made)
    return PtyServer(meter, path / "port", speed, faults=made)


def quick(url: str) -> Link:
    return Link(url, silence=0.5)


async def next_down(link: Link) -> PortError:
    async with asyncio.timeout(10):
        while isinstance(event := await anext(link), Telegram):
            pass
    return event.error


async def next_telegram(link: Link, seconds: float = 10) -> Telegram:
    async with asyncio.timeout(seconds):
        while isinstance(event := await anext(link), LinkDown):
            pass
    return event


@asynccontextmanager
async def reading(link: Link) -> AsyncIterator[list[Telegram | LinkDown]]:
    """Read a link in the background, into a list."""
    events: list[Telegram | LinkDown] = []

    async def read() -> None:
        async for event in link:
            events.append(event)  # noqa: PERF401 -- a list that is looked at while it grows

    task = asyncio.create_task(read())
    try:
        yield events
    finally:
        task.cancel()
        await asyncio.wait([task])


async def until(condition: Callable[[], Any], seconds: float = 10) -> float:
    """Wait until something holds; return how long it took."""
    began = asyncio.get_running_loop().time()
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 -- conditions of all kinds
            await asyncio.sleep(0.01)
    return asyncio.get_running_loop().time() - began


def is_up(events: list[Telegram | LinkDown]) -> bool:
    return bool(events) and isinstance(events[-1], Telegram)


def terminal(server: MeterServer) -> Path | None:
    """Return where the link of a serial line leads to."""
    path = Path(server.url)
    return path.readlink() if path.is_symlink() else None


TRANSPORTS = pytest.mark.parametrize("transport", ["tcp", "pty"])


# What is no fault of the telegrams


@TRANSPORTS
@pytest.mark.parametrize(
    "faults",
    [
        ("high_bytes",),
        ("lf_only",),
        ("split",),
        ("split:7", "lf_only"),
        ("one_byte",),
        ("merge",),
        ("merge:3", "split"),
    ],
    ids="+".join,
)
async def test_no_telegram_is_lost(transport: str, faults: tuple[str, ...], tmp_path: Path) -> None:
    said: list[Said] = []
    async with meter_server(transport, tmp_path, *faults, speed=10) as server, Link(server.url) as link:
        server.witness = said.append
        telegrams = [await next_telegram(link) for _ in range(12)]
        assert link.connections == 1
        assert not link.reader.dropped[Drop.CHECKSUM]
    times = [each.truth.time for each in said]
    first = times.index(telegrams[0].time)
    assert [telegram.time for telegram in telegrams] == times[first : first + len(telegrams)]
    assert [telegram.registers["1-0:1.8.1"].value for telegram in telegrams] == [
        each.truth.import_1 for each in said[first : first + len(telegrams)]
    ]


@TRANSPORTS
async def test_a_corrupt_telegram_among_good_ones_is_dropped_and_counted(transport: str, tmp_path: Path) -> None:
    said: dict[datetime, Said] = {}
    async with meter_server(transport, tmp_path, "corrupt:0.4", speed=30) as server, quick(server.url) as link:
        server.witness = lambda each: said.update({each.truth.time: each})
        for _ in range(40):
            telegram = await next_telegram(link)
            each = said[telegram.time]
            assert telegram.registers["1-0:1.7.0"].value == each.truth.power_import
            assert telegram.frame == each.printed[:-2]
        assert link.connections == 1
        dropped = link.reader.dropped
        # A wrong bit in the `/` or the `!` makes no telegram at all, or one within another.
        assert dropped[Drop.CHECKSUM] + dropped[Drop.TRUNCATED] + bool(dropped[Drop.GARBAGE]) > 5


# What is wrong, and over


@TRANSPORTS
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("silent", NoData),
        ("bad_checksum", InvalidChecksum),
        ("garbage", WrongSpeed),
        ("wrong_speed", WrongSpeed),
        ("wrong_speed:57600", WrongSpeed),
        ("wrong_speed:230400", NoTelegram),
    ],
)
async def test_what_is_wrong_is_said_and_over_when_it_is_over(
    transport: str, fault: str, kind: type[PortError], tmp_path: Path
) -> None:
    broken = make_fault(fault)
    async with meter_server(transport, tmp_path) as server, quick(server.url) as link:
        await next_telegram(link)
        await server.inject(broken)
        assert isinstance(await next_down(link), kind)
        await server.heal(broken)
        await next_telegram(link, WITHIN)


async def test_a_peer_that_is_gone_without_a_word(tmp_path: Path) -> None:
    # Once in the time of this test: the new connection must not be one that dies before its first telegram.
    async with meter_server("tcp", tmp_path, "half_open:3") as server, quick(server.url) as link:
        await next_telegram(link)
        assert isinstance(await next_down(link), NoData)
        # The old connection is closed, and the new one works.
        await next_telegram(link, WITHIN)
        assert link.connections == 2


@TRANSPORTS
async def test_a_port_that_closes_and_comes_back_again_and_again(transport: str, tmp_path: Path) -> None:
    async with meter_server(transport, tmp_path, "close:0.4,0.4") as server, quick(server.url) as link:
        for _ in range(3):
            await next_telegram(link, WITHIN)
            assert isinstance(await next_down(link), CannotConnect)
        assert link.connections == 3


async def test_a_cable_that_is_pulled_and_comes_back_as_another_device(tmp_path: Path) -> None:
    async with meter_server("pty", tmp_path) as server, quick(server.url) as link:
        await next_telegram(link)
        before = terminal(server)
        await server.take_down()
        assert isinstance(await next_down(link), CannotConnect)
        assert before is not None
        assert terminal(server) is None
        await server.bring_up()
        await next_telegram(link, WITHIN)
        assert terminal(server) not in {None, before}


@TRANSPORTS
async def test_no_telegram_is_made_of_two_connections(transport: str, tmp_path: Path) -> None:
    printed: set[bytes] = set()
    async with meter_server(transport, tmp_path, "split:40", "close:0.3,0.02", speed=40) as server:
        server.witness = lambda said: printed.add(said.printed[:-2])
        async with quick(server.url) as link, reading(link) as events:
            await until(lambda: link.connections >= 5 and link.reader.telegrams > 3, 60)
    frames = [event.frame for event in events if isinstance(event, Telegram)]
    assert frames
    assert set(frames) <= printed


async def test_a_program_that_is_held_up_does_not_take_the_meter_for_silent() -> None:
    telegram = VirtualMeter(start=START).telegram()
    connections: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: connections.append(writer), "127.0.0.1", 0)
    url = f"socket://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        try:
            async with quick(url) as link, reading(link) as events:
                await until(lambda: connections)
                connections[0].write(telegram)
                await until(lambda: len(events) == 1)
                for count in range(2, 5):
                    # It is sent and has arrived, but nobody can look.
                    connections[0].write(telegram)
                    time.sleep(0.8)  # noqa: ASYNC251 -- the loop is held up: that is the case
                    await until(lambda count=count: len(events) == count)
                assert all(isinstance(event, Telegram) for event in events)
                assert link.connections == 1
        finally:
            for connection in connections:
                connection.close()


# How soon it is back


@pytest.mark.parametrize("away", [1, 6])
@TRANSPORTS
async def test_back_within_a_moment_of_its_return(transport: str, away: float, tmp_path: Path) -> None:
    async with (
        meter_server(transport, tmp_path) as server,
        Link(server.url, clock=FAST) as link,
        reading(link) as events,
    ):
        await until(lambda: is_up(events))
        await server.take_down()
        await until(lambda: not is_up(events))
        await asyncio.sleep(away / TIMES)
        await server.bring_up()
        assert await until(lambda: is_up(events)) * TIMES < WITHIN
    assert sum(isinstance(event, LinkDown) for event in events) == 1


async def test_a_bridge_that_serves_another_client_is_there_as_soon_as_that_one_leaves(tmp_path: Path) -> None:
    async with meter_server("tcp", tmp_path, "single_client") as server, quick(server.url) as other:
        await next_telegram(other)
        async with Link(server.url, clock=FAST) as link, reading(link) as events:
            await asyncio.sleep(5 / TIMES)
            assert [type(event) for event in events] == [LinkDown]
            assert link.connections >= 4
            await other.close()
            assert await until(lambda: is_up(events)) * TIMES < WITHIN


async def test_a_bridge_without_power_is_back_within_a_moment_of_its_return(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "SHORT_OPEN_TIMEOUT", link_module.SHORT_OPEN_TIMEOUT / TIMES)
    server = meter_server("tcp", tmp_path)
    async with server, Link(server.url, clock=FAST) as link, reading(link) as events:
        await until(lambda: is_up(events))
        await server.take_down()
        deaf = deaf_listener(int(server.url.rpartition(":")[2]))
        await asyncio.sleep(7 / TIMES)
        assert [type(event) for event in events if isinstance(event, LinkDown)] == [LinkDown]
        for each in deaf:
            each.close()
        await server.bring_up()
        assert await until(lambda: is_up(events)) * TIMES < WITHIN


async def test_a_bridge_whose_name_is_lost_is_found_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lookups = 0

    def unknown(*_: object, **__: object) -> None:
        nonlocal lookups
        lookups += 1
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async with meter_server("tcp", tmp_path) as server:
        url = f"socket://localhost:{server.url.rpartition(':')[2]}"
        async with Link(url, clock=FAST) as link, reading(link) as events:
            await until(lambda: is_up(events))
            monkeypatch.setattr("socket.getaddrinfo", unknown)
            monkeypatch.setattr("custom_components.emucs.port.address.LOOKUP_INTERVAL", 0.5)
            await server.take_down()
            await until(lambda: lookups > 1)
            await server.bring_up()
            assert await until(lambda: is_up(events)) * TIMES < WITHIN


async def test_a_name_that_was_never_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", unknown)
    async with quick("socket://no-such-bridge.example:2323") as link:
        error = await next_down(link)
    assert type(error) is CannotConnect
    assert str(error) == "Name or service not known"
    assert "no-such-bridge" not in str(error)


async def test_a_name_is_looked_up_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [["192.0.2.1", "2001:db8::1"], ["2001:db8::1", "192.0.2.1"], ["192.0.2.9"]]

    async def look_up(*_: object, **__: object) -> list[tuple[Any, ...]]:
        return [(0, 0, 0, "", (host, 2001)) for host in answers.pop(0)]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", look_up)
    address = Address("socket://p1.example:2001")
    assert await address.urls(1) == ["socket://192.0.2.1:2001", "socket://[2001:db8::1]:2001"]
    assert len(answers) == 2
    # Where it was reached comes first, also after the next lookup.
    address.worked("socket://[2001:db8::1]:2001")
    address.worked("socket://192.0.2.77:2001")
    assert (await address.urls(1))[0] == "socket://[2001:db8::1]:2001"
    assert len(answers) == 2
    monkeypatch.setattr("custom_components.emucs.port.address.LOOKUP_INTERVAL", 0)
    assert await address.urls(1) == ["socket://[2001:db8::1]:2001", "socket://192.0.2.1:2001"]
    assert await address.urls(1) == ["socket://192.0.2.9:2001"]


@pytest.mark.parametrize(
    "url", ["socket://192.0.2.1:2001", "socket://[2001:db8::1%eth0]:2001", "/dev/ttyUSB0", "x://y:1"]
)
async def test_what_is_no_name_is_not_looked_up(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.getaddrinfo", None)
    assert await Address(url).urls(1) == [url]


async def test_a_slow_port_gets_more_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    opened = opening.create_serial_connection

    async def slowly(**settings: Any) -> Any:
        await asyncio.sleep(1)
        return await opened(**settings)

    monkeypatch.setattr("custom_components.emucs.port.opening.create_serial_connection", slowly)
    monkeypatch.setattr("custom_components.emucs.port.link.SHORT_OPEN_TIMEOUT", 0.2)
    async with meter_server("tcp", tmp_path) as server, quick(server.url) as link:
        await next_telegram(link)
        await server.take_down()
        await next_down(link)
        await server.bring_up()
        await next_telegram(link)


async def test_a_backend_that_raises_what_it_likes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class BackendError(Exception):
        """What no library of this one knows."""

    opened = opening.create_serial_connection
    failures = [BackendError("a proxy says no"), BackendError("still no")]

    async def open_or_fail(**settings: Any) -> Any:
        if failures:
            raise failures.pop()
        return await opened(**settings)

    monkeypatch.setattr("custom_components.emucs.port.opening.create_serial_connection", open_or_fail)
    async with meter_server("tcp", tmp_path) as server, quick(server.url) as link:
        error = await next_down(link)
        assert type(error) is CannotConnect
        assert str(error) == "still no"
        await next_telegram(link)


async def test_a_device_that_may_not_be_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # The tests may run as root, for whom every device can be read.
    opened, allowed = opening.create_serial_connection, False

    async def guarded(**settings: Any) -> Any:
        if not allowed:
            raise PermissionError(13, "Permission denied", settings["url"])
        return await opened(**settings)

    monkeypatch.setattr("custom_components.emucs.port.opening.create_serial_connection", guarded)
    async with meter_server("pty", tmp_path) as server, Link(server.url, clock=FAST) as link, reading(link) as events:
        await asyncio.sleep(4 / TIMES)
        assert [str(event.error) for event in events] == ["Permission denied"]
        allowed = True
        assert await until(lambda: is_up(events)) * TIMES < WITHIN


async def test_a_device_that_another_program_has(tmp_path: Path) -> None:
    async with meter_server("pty", tmp_path) as server, quick(server.url) as other:
        await next_telegram(other)
        async with Link(server.url, clock=FAST) as link, reading(link) as events:
            await asyncio.sleep(4 / TIMES)
            assert [str(event.error) for event in events] == ["Device or resource busy"]
            await other.close()
            assert await until(lambda: is_up(events)) * TIMES < WITHIN
