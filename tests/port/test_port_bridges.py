"""Websockets and TCP bridges, as software made from public descriptions, with their habits."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web
import pytest

from custom_components.emucs.port import (
    CannotConnect,
    Link,
    LinkDown,
    LocalApiOff,
    NotFound,
    TakenAway,
    Telegram,
    TooManyClients,
    websocket,
)
from custom_components.emucs.port.access import Access
from custom_components.emucs.port.address import service_of, shown
from custom_components.emucs.port.diagnosis import diagnose
from custom_components.emucs.port.errors import Cause
from tests.port.clocks import FastClock
from tests.port.reader_links import FAST, answering, failure_of, link_to, telegrams_of
from tests.support import WINTER_EVENING
from virtual_meter import VirtualMeter
from virtual_meter.readers import (
    BRIDGES,
    Bridge,
    Habits,
    HomeyDongle,
)

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture
def meter() -> VirtualMeter:
    return VirtualMeter(seed=7, start=WINTER_EVENING)


async def test_homey_serves_two(meter: VirtualMeter) -> None:
    async with HomeyDongle(meter, speed=FAST) as reader:
        async with link_to(reader.url) as one, link_to(reader.url) as two:
            assert isinstance(await anext(one), Telegram)
            assert isinstance(await anext(two), Telegram)
            assert isinstance(await failure_of(reader.url), TooManyClients)
        assert await telegrams_of(reader.url)


async def test_homey_whose_owner_did_not_allow_it(meter: VirtualMeter) -> None:
    async with HomeyDongle(meter) as reader:
        reader.is_api_on = False
        assert isinstance(await failure_of(reader.url), LocalApiOff)


async def test_homey_comes_back(meter: VirtualMeter) -> None:
    async with HomeyDongle(meter, speed=FAST) as reader, link_to(reader.url) as link:
        for _ in range(3):
            assert isinstance(await anext(link), Telegram)
        await reader.take_down()
        while isinstance(event := await anext(link), Telegram):
            pass
        assert isinstance(event.error, CannotConnect)
        assert event.error.cause is Cause.CLOSED
        await reader.bring_up()
        assert isinstance(await anext(link), Telegram)


async def test_a_websocket_that_is_none() -> None:
    async with answering(lambda: web.Response(status=404), path="/ws") as url:
        assert isinstance(await failure_of(url.replace("http:", "ws:")), NotFound)


async def test_telnet_is_refused_and_taken_out(meter: VirtualMeter) -> None:
    said = bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(bytes.fromhex("fffb03fffd2c") + b"Welcome\r\n")
        writer.write(meter.telegram())
        said.extend(await reader.readexactly(6))
        writer.write(meter.telegram())
        await writer.drain()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with Link(f"socket://127.0.0.1:{server.sockets[0].getsockname()[1]}") as link:
        assert isinstance(await anext(link), Telegram)
        assert isinstance(await anext(link), Telegram)
    server.close()
    await server.wait_closed()
    assert said == bytes.fromhex("fffe03fffc2c")


def test_secrets_are_not_printed() -> None:
    access = Access("SECRET", "SECRET", "SECRET", "SECRET")
    assert "SECRET" not in repr(access)


@pytest.mark.parametrize(
    ("sample", "problem"),
    [
        (b"<!DOCTYPE html>\n<html>", "web_page"),
        (b"\r\n <HTML lang='nl'>", "web_page"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "web_page"),
        (b"HTTP/1.0 408 Request Timeout\r\n", "web_page"),
        (b'{"active_power_w": 543}', "values_only"),
        (b'{\n  "wifi_ssid": "x"', "values_only"),
        (b'[{"name": 1}]', "values_only"),
        (b"hello", "no_telegram"),
        (b"{hello", "no_telegram"),
    ],
)
def test_what_comes_from_the_wrong_place_is_named(sample: bytes, problem: str) -> None:
    assert diagnose(sample).problem == problem


@pytest.mark.parametrize(
    ("url", "service"),
    [
        ("socket://192.0.2.1:80", "web"),
        ("socket://[2001:db8::1]:1883", "mqtt"),
        ("rfc2217://reader:6053", "esphome"),
        ("socket://reader:2001", None),
        ("socket://reader", None),
        ("http://reader:1883/telegram", "reader"),
        ("mqtt:dsmr/raw", "reader"),
        ("/dev/ttyUSB0", None),
    ],
)
def test_what_mostly_is_behind_a_silent_port(url: str, service: str | None) -> None:
    assert service_of(url) == service


def test_an_address_is_shown_without_secrets() -> None:
    assert shown("http://owner:word@reader:81/telegram?token=secret#part") == "http://reader:81/telegram"
    assert shown("socket://reader:82") == "reader:82"
    assert shown("mqtt:dsmr/raw") == "mqtt:dsmr/raw"


async def test_a_program_that_takes_the_port_away_is_noticed(meter: VirtualMeter) -> None:
    async with Bridge(BRIDGES["espeasy"], meter, speed=FAST) as bridge, link_to(bridge.url) as link:
        failures = set()
        for _ in range(4):
            for _ in range(3):
                while isinstance(event := await anext(link), LinkDown):
                    failures.add(type(event.error))
            assert not link.is_taken_away
            # Another program connects, and is thrown out in turn.
            _, writer = await asyncio.open_connection("127.0.0.1", bridge.port)
            while isinstance(event := await anext(link), Telegram):
                pass
            failures.add(type(event.error))
            writer.close()
        assert link.is_taken_away
        assert failures == {CannotConnect, TakenAway}


async def test_a_bridge_that_cuts_the_idle_is_no_outage(meter: VirtualMeter) -> None:
    habits = Habits("telnet", 23, is_telnet=True, greeting=b"\xff\xfb\x03", idle_s=3)
    clock = FastClock(20)
    async with Bridge(habits, meter, speed=20) as bridge, Link(bridge.url, clock=clock) as link:
        while link.connections < 3:
            assert isinstance(await anext(link), Telegram)
        assert not link.is_taken_away


@asynccontextmanager
async def talking(say: Callable[[web.WebSocketResponse], Awaitable[None]]) -> AsyncGenerator[str]:
    """Serve a websocket that says something to each client; the value is the URL."""

    async def handle(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        await say(socket)
        return socket

    application = web.Application()
    application.router.add_get("/ws", handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"ws://127.0.0.1:{runner.addresses[0][1]}/ws"
    finally:
        await runner.cleanup()


async def test_a_websocket_that_sends_text(meter: VirtualMeter) -> None:
    async def say(socket: web.WebSocketResponse) -> None:
        await socket.send_str(meter.telegram().decode())
        await asyncio.sleep(5)

    async with talking(say) as url:
        assert len(await telegrams_of(url, 1)) == 1


async def test_a_websocket_that_closes_for_a_reason_that_nobody_knows() -> None:
    async def say(socket: web.WebSocketResponse) -> None:
        await socket.close(code=1008, message=b"No")

    async with talking(say) as url:
        failure = await failure_of(url)
    assert isinstance(failure, CannotConnect)
    assert failure.cause is Cause.CLOSED


async def test_a_websocket_that_is_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "PING_INTERVAL", 0.2)

    async def say(socket: web.WebSocketResponse) -> None:
        # No ping is answered.
        await asyncio.sleep(5)

    async with talking(say) as url:
        failure = await failure_of(url)
    assert isinstance(failure, CannotConnect)


async def test_more_than_anybody_takes_is_left_at_the_reader(meter: VirtualMeter) -> None:
    telegrams = []
    for _ in range(200):
        meter.advance(1)
        telegrams.append(meter.telegram())

    async def say(socket: web.WebSocketResponse) -> None:
        for telegram in telegrams:
            await socket.send_bytes(telegram)
        await asyncio.sleep(5)

    async with talking(say) as url, link_to(url) as link:
        times = []
        for _ in telegrams:
            event = await anext(link)
            assert isinstance(event, Telegram)
            times.append(event.time)
            await asyncio.sleep(0.005)
        assert len(set(times)) == len(telegrams)


async def test_a_link_that_is_given_up_while_it_opens(meter: VirtualMeter) -> None:
    for url in ("http://127.0.0.1:{}/telegram", "ws://127.0.0.1:{}/ws"):
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        link = link_to(url.format(server.sockets[0].getsockname()[1]))
        opening = asyncio.ensure_future(anext(link))
        await asyncio.sleep(0.2)
        opening.cancel()
        await asyncio.wait([opening])
        await link.close()
        server.close()
        server.abort_clients()
