"""The oscilloscope: a period as it is sampled goes to those who look, and nothing is worked out otherwise."""

import math

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.emucs.samples import SampleCoordinator
from custom_components.emucs.scope import COMMAND
from tests.hass.test_live import event, event_of, reader_of, unsubscribe
from tests.hass.test_samples import FREQUENCY, of, running, shows
from tests.support import eventually
from virtual_meter import TcpServer, VirtualMeter
from virtual_meter.s1_server import S1TcpServer


async def test_who_looks_sees_a_period_of_each_phase(
    hass: HomeAssistant, socket_enabled: None, hass_ws_client: WebSocketGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked_out = []
    snapshot = SampleCoordinator.async_snapshot

    async def counted(self: SampleCoordinator) -> object:
        worked_out.append(1)
        return await snapshot(self)

    monkeypatch.setattr(SampleCoordinator, "async_snapshot", counted)
    meter = VirtualMeter("1.7.1", 7)
    async with (
        TcpServer(meter) as server,
        S1TcpServer(meter) as samples,
        running(hass, of(meter, server, samples)) as entry,
    ):
        await eventually(lambda: shows(hass, FREQUENCY))
        assert worked_out == []
        client = await hass_ws_client(hass)
        await client.send_json_auto_id({"type": COMMAND, "config_entry_id": entry.entry_id})
        answer = await client.receive_json()
        assert answer["success"]
        shown = await event_of(client, "values")
        assert list(shown["phases"]) == ["l1", "l2", "l3"]
        for name, phase in shown["phases"].items():
            assert len(phase["voltage"]) == len(phase["current"]) == 52, name
            rms = math.sqrt(sum(volts**2 for volts in phase["voltage"]) / 52)
            assert rms == pytest.approx(phase["voltage_rms"], rel=0.005)
            # What the street of the virtual meter brings.
            assert phase["voltage_thd"] == pytest.approx(2.68, abs=0.1)
            assert len(phase["voltage_harmonics"]) == 24
        assert len(shown["neutral"]) == 52
        assert shown["frequency"] == pytest.approx(50, abs=0.1)
        await samples.take_down()
        await event_of(client, "down")
        await samples.bring_up()
        await event_of(client, "values")
        assert (await unsubscribe(client, answer))["success"]
        looked = len(worked_out)
        await eventually(lambda: shows(hass, FREQUENCY))
        await hass.async_block_till_done()
        assert len(worked_out) <= looked + 1
        await client.send_json_auto_id({"type": COMMAND, "config_entry_id": entry.entry_id})
        await client.receive_json()
        await hass.config_entries.async_unload(entry.entry_id)
        while (await event(client))["type"] != "ended":
            pass


async def test_who_may_not_look_is_refused(
    hass: HomeAssistant, loaded: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    client = await hass_ws_client(hass)
    for entry_id in (loaded.entry_id, "none"):
        await client.send_json_auto_id({"type": COMMAND, "config_entry_id": entry_id})
        assert (await client.receive_json())["error"]["code"] == "not_found"
    meter = VirtualMeter("1.7.1", 9)
    async with (
        TcpServer(meter) as server,
        S1TcpServer(meter) as samples,
        running(hass, of(meter, server, samples)) as entry,
    ):
        registry = er.async_get(hass)
        other = registry.async_get_or_create("sensor", "test", "other")
        key = ("sensor", "emucs", f"{meter.meter_id}_frequency")
        await eventually(lambda: registry.async_get_entity_id(*key) is not None)
        of_port = registry.async_get_entity_id(*key)
        assert of_port is not None
        for entity_id, is_allowed in ((other.entity_id, False), (of_port, True)):
            client = await hass_ws_client(hass, await reader_of(hass, entity_id))
            await client.send_json_auto_id({"type": COMMAND, "config_entry_id": entry.entry_id})
            answer = await client.receive_json()
            assert answer["success"] is is_allowed
            if not is_allowed:
                assert answer["error"]["code"] == "unauthorized"
