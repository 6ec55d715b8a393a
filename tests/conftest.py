"""Fixtures of all tests."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import PropertyMock, patch
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from syrupy.assertion import SnapshotAssertion

# The plugin has a custom_components of its own; ours has to be known before it.
import custom_components.emucs
from custom_components.emucs.const import DOMAIN
from virtual_meter import TcpServer, VirtualMeter

assert custom_components.emucs

BRUSSELS = ZoneInfo("Europe/Brussels")
WINTER_EVENING = datetime(2026, 1, 14, 18, 7, tzinfo=BRUSSELS)
FIELD_TELEGRAMS = Path(__file__).parents[2] / "shared" / "telegrams"


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(request: pytest.FixtureRequest) -> None:
    """Let Home Assistant load the integration, in the tests that have one."""
    if "hass" in request.fixturenames:
        request.getfixturevalue("enable_custom_integrations")


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Serialise Home Assistant's own types."""
    return snapshot.use_extension(HomeAssistantSnapshotExtension)


@pytest.fixture
def meter() -> VirtualMeter:
    """Return a meter with three phases, gas and water."""
    return VirtualMeter(profile="1.7.1", seed=7, start=WINTER_EVENING)


@pytest.fixture
async def server(meter: VirtualMeter, socket_enabled: None) -> AsyncGenerator[TcpServer]:
    """Serve the meter on a TCP port, ten times as fast as time goes."""
    async with TcpServer(meter, speed=10) as server:
        yield server


def entry_data(url: str, **settings: Any) -> dict[str, Any]:
    """Return the data of a config entry."""
    return {"port": url, "baudrate": 115200, "bytesize": 8, "parity": "N", "stopbits": 1, **settings}


@pytest.fixture
def entry(hass: HomeAssistant, meter: VirtualMeter, server: TcpServer) -> MockConfigEntry:
    """Return the entry of the meter, not set up yet."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title=f"T211 {meter.meter_id}",
        unique_id=meter.meter_id,
        data=entry_data(server.url),
        options={"update_interval": 1},
    )
    entry.add_to_hass(hass)
    return entry


@pytest.fixture
async def loaded(hass: HomeAssistant, entry: MockConfigEntry) -> AsyncGenerator[MockConfigEntry]:
    """Return the entry, set up."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    yield entry
    if entry.state.recoverable:
        await hass.config_entries.async_unload(entry.entry_id)


@pytest.fixture
def entity_registry_enabled_by_default() -> Generator[None]:
    """Enable all entities, also those that users enable."""
    with patch("homeassistant.helpers.entity.Entity.entity_registry_enabled_default", PropertyMock(return_value=True)):
        yield


@pytest.fixture
def fast_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take a port for silent after a second, where a test waits for that."""
    for name in ("SILENCE", "FIRST_SILENCE"):
        monkeypatch.setattr(f"custom_components.emucs.port.link.{name}", 1.0)


def address(server: TcpServer) -> dict[str, Any]:
    """Return what a user fills in for a server."""
    parts = urlsplit(server.url)
    return {"host": parts.hostname, "port": parts.port}


async def closed_within(reader: asyncio.StreamReader, seconds: float) -> bool:
    """Tell whether the other side closes in some time."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            return not await reader.read(1)
    return False


@asynccontextmanager
async def sending(telegram: bytes, *, seconds: float = 1, after: float = 0) -> AsyncGenerator[str]:
    """Send one telegram again and again to whoever connects, the first one after a while; the value is the URL."""

    async def send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            pause = after
            while not await closed_within(reader, pause):
                writer.write(telegram)
                await writer.drain()
                pause = seconds
        writer.close()

    server = await asyncio.start_server(send, "127.0.0.1", 0)
    try:
        yield f"socket://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()


async def eventually(condition: Callable[[], bool], *, seconds: float = 15) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 -- conditions of all kinds, most of them outside our reach
            await asyncio.sleep(0.02)
