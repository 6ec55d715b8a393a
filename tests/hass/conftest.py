"""Fixtures of the tests within Home Assistant."""

from collections.abc import AsyncGenerator, Generator
import logging
from pathlib import Path
from unittest.mock import PropertyMock, patch

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from syrupy.assertion import SnapshotAssertion

# The plugin has a custom_components of its own; ours has to be imported first.
import custom_components.emucs
from custom_components.emucs.const import DOMAIN, ENTRY_MINOR_VERSION
from tests.support import WINTER_EVENING, entry_data
from virtual_meter import TcpServer, VirtualMeter

assert custom_components.emucs

# The plugin logs every statement of the recorder, which takes time and clutters the results.
logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(request: pytest.FixtureRequest) -> None:
    """Let Home Assistant load the integration, in the tests that have one."""
    if "hass" in request.fixturenames:
        request.getfixturevalue("enable_custom_integrations")


@pytest.fixture(autouse=True)
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test its own upload folder: Home Assistant has one per machine, which it deletes."""
    monkeypatch.setattr("homeassistant.components.file_upload.TEMP_DIR_NAME", str(tmp_path / "uploads"))


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Return snapshots that serialise Home Assistant's types."""
    return snapshot.use_extension(HomeAssistantSnapshotExtension)


@pytest.fixture
def meter() -> VirtualMeter:
    """Return a meter with three phases, gas and water."""
    return VirtualMeter(profile="1.7.1", seed=7, start=WINTER_EVENING)


@pytest.fixture
async def server(meter: VirtualMeter, socket_enabled: None) -> AsyncGenerator[TcpServer]:
    """Serve the meter on a TCP port, at ten times real time."""
    async with TcpServer(meter, speed=10) as server:
        yield server


@pytest.fixture
def entry(hass: HomeAssistant, meter: VirtualMeter, server: TcpServer) -> MockConfigEntry:
    """Return the entry of the meter, not set up yet."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="T211",
        minor_version=ENTRY_MINOR_VERSION,
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
    """Enable all entities, also those that are off by default."""
    with patch("homeassistant.helpers.entity.Entity.entity_registry_enabled_default", PropertyMock(return_value=True)):
        yield


@pytest.fixture
def fast_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Consider a port silent after a second, in tests that wait for that."""
    for name in ("SILENCE", "FIRST_SILENCE"):
        monkeypatch.setattr(f"custom_components.emucs.port.link.{name}", 1.0)
