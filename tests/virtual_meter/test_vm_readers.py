"""Readers of software, as their users and the network see them."""

import asyncio
from base64 import b64encode
from contextlib import suppress
from pathlib import Path
import signal
import socket
import sys

from aiohttp import ClientSession, WSCloseCode, WSMsgType
import pytest
from zeroconf import ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from tests.support import WINTER_EVENING, eventually
from virtual_meter import VirtualMeter
from virtual_meter.__main__ import main
from virtual_meter.readers import BRIDGES, Bridge, Habits, HomeWizard, HomeWizardV2, HomeyDongle, P1Dongle, announced

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture
def meter() -> VirtualMeter:
    return VirtualMeter(seed=7, start=WINTER_EVENING)


async def test_homewizard_gives_a_token_after_a_press_of_its_button(meter: VirtualMeter) -> None:
    async with HomeWizardV2(meter) as reader, ClientSession() as session:
        users = f"https://127.0.0.1:{reader.port}/api/user"

        async def ask(name: str = "local/test") -> tuple[int, dict[str, str]]:
            async with session.post(users, json={"name": name}, ssl=False) as response:
                return response.status, await response.json()

        assert await ask() == (403, {"error": "user:creation-not-enabled"})
        assert (await ask("test"))[0] == 400
        reader.press_button()
        status, answer = await ask()
        assert status == 200
        assert len(answer["token"]) == 32
        # The button counts once.
        assert (await ask())[0] == 403
        headers = {"Authorization": f"Bearer {answer['token']}"}
        async with session.get(f"https://127.0.0.1:{reader.port}/api", headers=headers, ssl=False) as response:
            assert (await response.json())["serial"] == reader.mac
        async with session.delete(users, json={"name": "local/test"}, headers=headers, ssl=False) as response:
            assert response.status == 204
        async with session.get(reader.url, headers=headers, ssl=False) as response:
            assert response.status == 401
        reader.press_button()
        reader.pairing_seconds = -1
        assert (await ask())[0] == 403


@pytest.mark.parametrize("kind", [HomeWizard, P1Dongle])
async def test_what_a_reader_says_it_is(kind: type[HomeWizard | P1Dongle], meter: VirtualMeter) -> None:
    async with kind(meter) as reader, ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{reader.port}/api") as response:
            device = await response.json()
        assert (device["product_type"], device["serial"]) == ("HWE-P1", reader.mac)
        await eventually(lambda: bool(reader.latest))
        async with session.get(reader.url) as response:
            body = await response.read()
            assert response.content_type == "text/plain"
        assert body.startswith(b"/")
        assert body.count(b"!") == 1
        assert not body.endswith(b"\r\n")


async def test_homey_turns_a_third_away(meter: VirtualMeter) -> None:
    async with HomeyDongle(meter, speed=10) as reader, ClientSession() as session:
        clients = [await session.ws_connect(reader.url) for _ in range(2)]
        await eventually(lambda: reader.clients == 2)
        third = await (await session.ws_connect(reader.url)).receive()
        assert (third.type, third.data, third.extra) == (
            WSMsgType.CLOSE,
            WSCloseCode.POLICY_VIOLATION,
            "Connection limit reached",
        )
        message = await clients[0].receive()
        assert message.type is WSMsgType.BINARY
        for client in clients:
            await client.close()


async def ended(reader: asyncio.StreamReader) -> None:
    """Wait until the other side closed the connection."""
    with suppress(ConnectionError):
        while await reader.read(4096):
            pass


async def read(bridge: Bridge, size: int = 1) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to a bridge, and wait for so many bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", bridge.port)
    await reader.readexactly(size)
    return reader, writer


async def test_espeasy_throws_the_older_client_out(meter: VirtualMeter) -> None:
    async with Bridge(BRIDGES["espeasy"], meter, speed=10) as bridge:
        first, first_writer = await read(bridge)
        _, second_writer = await read(bridge)
        await ended(first)
        assert bridge.clients == 1
        first_writer.close()
        second_writer.close()


async def test_a_bridge_that_serves_one_refuses_the_second(meter: VirtualMeter) -> None:
    async with Bridge(BRIDGES["ser2net"], meter, speed=10) as bridge:
        _, writer = await read(bridge)
        second, second_writer = await asyncio.open_connection("127.0.0.1", bridge.port)
        assert await second.read() == b""
        writer.close()
        second_writer.close()


async def test_telnet_greets_doubles_and_cuts(meter: VirtualMeter) -> None:
    habits = Habits("telnet", 23, greeting=b"\xff\xfb\x03", is_telnet=True, idle_s=0.5)
    async with Bridge(habits, meter, speed=10) as bridge:
        reader, writer = await asyncio.open_connection("127.0.0.1", bridge.port)
        assert await reader.readexactly(3) == b"\xff\xfb\x03"
        await ended(reader)
        writer.close()


async def test_readers_make_themselves_known(meter: VirtualMeter) -> None:
    found: dict[str, AsyncServiceInfo] = {}
    kinds = ["_hwenergy._tcp.local.", "_homewizard._tcp.local.", "_p1dongle._tcp.local.", "_energydongle._tcp.local."]
    dongle = P1Dongle(meter)
    dongle.imitates = True
    readers = [HomeWizard(meter), dongle, HomeyDongle(meter)]
    for port, reader in enumerate(readers, 8001):
        reader.port = port
    announcements = [announcement for reader in readers for announcement in reader.announcements()]
    async with AsyncZeroconf(interfaces=["127.0.0.1"]) as browser:

        def note(zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:
            """Note a service."""
            if state_change is ServiceStateChange.Added:
                found[name] = AsyncServiceInfo(service_type, name)

        listener = AsyncServiceBrowser(browser.zeroconf, kinds, handlers=[note])
        async with announced("127.0.0.1", *announcements):
            await eventually(lambda: len(found) >= len(announcements))
            for info in found.values():
                assert await info.async_request(browser.zeroconf, 3000)
        await listener.async_cancel()
    assert sorted(info.type for info in found.values()) == sorted(announcement.kind for announcement in announcements)
    [energy] = [info for info in found.values() if info.type == "_energydongle._tcp.local."]
    assert energy.decoded_properties == {"p": "/ws", "v": "1"}
    assert energy.port == 8003


def free_port() -> int:
    """Return a TCP port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_the_command_serves_a_reader() -> None:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "virtual_meter", "--reader", "p1-dongle", "--tcp", f"127.0.0.1:{port}", "--announce"),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    line = await process.stdout.readline()
    assert line.decode().startswith(f"http://127.0.0.1:{port}/api/v2/sm/telegram 1.7.1 ")
    headers = {"Authorization": f"Basic {b64encode(b'a:b').decode()}"}
    async with ClientSession() as session, session.get(line.decode().split()[0], headers=headers) as response:
        assert response.status == 200
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0


def test_the_command_needs_a_broker(capsys: pytest.CaptureFixture[str]) -> None:
    port = free_port()
    assert main(["--reader", "mqtt", "--tcp", f"127.0.0.1:{port}"]) == 2
    assert f"No broker answers at port {port} of 127.0.0.1" in capsys.readouterr().err


def test_the_command_knows_its_readers(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--reader", "youless"])
    assert "invalid choice" in capsys.readouterr().err
