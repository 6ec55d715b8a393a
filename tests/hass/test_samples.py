"""The S1 port of a meter in Home Assistant, beside its P1 port: added, read, lost and removed."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
import sys
from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigSubentryData
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.emucs.const import DOMAIN, ENTRY_MINOR_VERSION
from custom_components.emucs.samples import S1_PORT, samples_of
from tests.support import entry_data, eventually, sending
from virtual_meter import TcpServer, VirtualMeter, make_fault
from virtual_meter.s1_server import S1TcpServer

SPEED = 2_000_000
FREQUENCY = "sensor.grid_connection_frequency"
WAVEFORM = "event.grid_connection_voltage_disturbance"
POWER = "sensor.electricity_meter_power"


def port_at(url: str) -> ConfigSubentryData:
    """Return the subentry of an S1 port."""
    data = {"port": url, "baudrate": SPEED}
    return ConfigSubentryData(data=data, subentry_type=S1_PORT, title="S1", unique_id=None)


def of(meter: VirtualMeter, server: TcpServer, *samples: S1TcpServer) -> MockConfigEntry:
    """Return the entry of a meter with its ports."""
    return MockConfigEntry(
        domain=DOMAIN,
        title="T211",
        minor_version=ENTRY_MINOR_VERSION,
        unique_id=meter.meter_id,
        data=entry_data(server.url),
        subentries_data=[port_at(each.url) for each in samples],
    )


@asynccontextmanager
async def running(hass: HomeAssistant, entry: MockConfigEntry) -> AsyncGenerator[MockConfigEntry]:
    """Set an entry up, and unload it in the end."""
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    try:
        yield entry
    finally:
        await hass.config_entries.async_unload(entry.entry_id)


def shows(hass: HomeAssistant, entity_id: str) -> bool:
    """Tell whether an entity has a value."""
    state = hass.states.get(entity_id)
    return state is not None and state.state not in {"unavailable", "unknown"}


async def asked(hass: HomeAssistant, entry: MockConfigEntry, url: str, **settings: Any) -> dict[str, Any]:
    """Add an S1 port as a user does; return the answer."""
    flow = await hass.config_entries.subentries.async_init((entry.entry_id, S1_PORT), context={"source": "user"})
    assert flow["type"] is FlowResultType.FORM
    filled_in = {"port": url, "baudrate": SPEED, **settings}
    return dict(await hass.config_entries.subentries.async_configure(flow["flow_id"], filled_in))


async def test_an_s1_port_is_added_read_and_removed(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    registry = er.async_get(hass)
    assert registry.async_get(FREQUENCY) is None
    async with S1TcpServer(VirtualMeter("1.7.1", 7)) as samples:
        answer = await asked(hass, loaded, samples.url)
        assert answer["type"] is FlowResultType.CREATE_ENTRY
        assert answer["title"] == f"S1 (127.0.0.1:{samples.port})"
        await eventually(lambda: shows(hass, FREQUENCY))
        shown = float(hass.states.get(FREQUENCY).state)  # type: ignore[union-attr]
        assert shown == pytest.approx(float(samples.meter.truth.frequency), abs=0.001)
        entity, power = registry.async_get(FREQUENCY), registry.async_get(POWER)
        assert entity is not None
        assert power is not None
        # It is on the device of the connection, which belongs to the entry and stays when the port goes.
        assert entity.config_subentry_id is None
        assert hass.states.get(WAVEFORM) is not None
        assert registry.async_get("sensor.grid_connection_unbalance").disabled_by is not None  # type: ignore[union-attr]
        [subentry] = loaded.get_subentries_of_type(S1_PORT)
        again = await hass.config_entries.subentries.async_init((loaded.entry_id, S1_PORT), context={"source": "user"})
        assert again["reason"] == "already_configured"
        hass.config_entries.async_remove_subentry(loaded, subentry.subentry_id)
        await eventually(lambda: registry.async_get(FREQUENCY) is None)
        await eventually(lambda: loaded.state is ConfigEntryState.LOADED)
        await hass.async_block_till_done()
        assert registry.async_get(WAVEFORM) is None
        assert shows(hass, POWER)
        assert samples_of(loaded.runtime_data) is None
