"""The industrial port A1, and ports that send less often than every second.

No telegram of an A1 port is public: these are made of the codes of the standard.
"""

from typing import Any

from homeassistant.components.sensor import DOMAIN as SENSOR
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.emucs.const import DOMAIN
from custom_components.emucs.insight.capacity import Capacity
from tests.support import entry_data, eventually, sending
from virtual_meter.wire import sign

pytestmark = pytest.mark.usefixtures("socket_enabled", "fast_silence")

METER_ID = "1XXX0000000001"


def industrial(*more: str, checksum: bool = True) -> bytes:
    """Return a telegram of four quadrants."""
    lines = [
        "/XXX5\\INDUSTRY",
        "",
        f"0-0:96.1.1({METER_ID.encode().hex().upper()})",
        "0-0:1.0.0(260114120000W)",
        "1-0:1.8.0(0001234567*kWh)",
        "1-0:2.8.0(0000001234*kWh)",
        "1-0:3.8.0(0000012345*kvarh)",
        "1-0:5.8.0(0000012000*kvarh)",
        "1-0:1.7.0(0250.0*kW)",
        "1-0:2.7.0(0000.0*kW)",
        "1-0:9.7.0(0260.0*kVA)",
        "1-0:13.7.0(0.96)",
        "1-0:14.7.0(49.99*Hz)",
        "1-0:1.4.0(0120.0*kW)",
        "1-0:2.4.0(0000.0*kW)",
        "1-0:1.5.0(0245.5*kW)",
        "1-0:1.6.0(260108101500W)(0412.3*kW)",
        *more,
        "!",
    ]
    head = "\r\n".join(lines).encode()
    return sign(head, checksum=checksum)


async def listen(hass: HomeAssistant, url: str, **advanced: Any) -> dict[str, Any]:
    """Start a flow and name a port."""
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await hass.config_entries.flow.async_configure(result["flow_id"], {"next_step_id": "serial"})
    return await hass.config_entries.flow.async_configure(result["flow_id"], {"port": url, "advanced": advanced})


def default(form: dict[str, Any], field: str) -> Any:
    """Return what a form proposes."""
    return next(key.default() for key in form["data_schema"].schema if key == field)


@pytest.mark.parametrize("checksum", [True, False])
async def test_set_up(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, device_registry: dr.DeviceRegistry, *, checksum: bool
) -> None:
    async with sending(industrial(checksum=checksum), seconds=0.2) as url:
        form = await listen(hass, url)
        assert form["step_id"] == "confirm"
        assert default(form, "user_port") == "a1"
        assert form["description_placeholders"]["version"] == "A1"
        assert "more than a connection with a residential meter" in form["description_placeholders"]["why"]
        result = await hass.config_entries.flow.async_configure(
            form["flow_id"], {"user_port": "a1", "add_to_energy": False}
        )
        entry = result["result"]
        assert entry.data == entry_data(url)
        assert entry.options == {"user_port": "a1"}
        await hass.async_block_till_done()
        assert entry.state is ConfigEntryState.LOADED
        devices = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
        services = {each.name: each for each in devices if each.entry_type is not None}
        [device] = [each for each in devices if each.entry_type is None]
        assert device.sw_version == "A1"
        assert services.keys() == {"Capacity tariff", "Grid connection", "Household"}
        assert {service.via_device_id for service in services.values()} == {device.id}

        def value(key: str) -> str:
            """Return the state of a sensor that is enabled by default."""
            entity_id = entity_registry.async_get_entity_id(SENSOR, DOMAIN, f"{METER_ID}_{key}")
            assert entity_id is not None, key
            return hass.states.get(entity_id).state

        shown = {
            "energy_import": "1234567",
            "power": "250000.0",
            "reactive_energy_import": "12345",
            "reactive_quadrant_energy_q1": "12000",
            "apparent_power_import": "260.0",
            "power_factor": "0.96",
            "frequency": "49.99",
            "demand": "120.0",
            "active_demand_export": "0.0",
            "active_last_demand_import": "245.5",
            "month_peak": "412.3",
            "demand_forecast": "120.0",
        }
        assert {key: float(value(key)) for key in shown if key != "demand_forecast"} == {
            key: float(state) for key, state in shown.items() if key != "demand_forecast"
        }
        assert float(value("demand_forecast")) > 120
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_the_user_knows_better(hass: HomeAssistant) -> None:
    async with sending(industrial(), seconds=0.2) as url:
        form = await listen(hass, url)
        result = await hass.config_entries.flow.async_configure(
            form["flow_id"], {"user_port": "p1", "add_to_energy": False}
        )
        assert result["options"] == {}
        await hass.async_block_till_done()
        assert result["result"].runtime_data.user_port == "p1"
        # And may know better still, later.
        entry = result["result"]
        form = await hass.config_entries.options.async_init(entry.entry_id)
        [shown] = [key.description for key in form["data_schema"].schema if key == "user_port"]
        assert shown == {"suggested_value": "p1"}
        await hass.config_entries.options.async_configure(form["flow_id"], {"update_interval": 5, "user_port": "a1"})
        await hass.async_block_till_done()
        assert entry.runtime_data.user_port == "a1"
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_no_gas_or_water(hass: HomeAssistant, entity_registry: er.EntityRegistry) -> None:
    gas = ["0-1:24.1.0(003)", "0-1:96.1.1(37464C4F32313139303030303031)", "0-1:24.2.3(260114115500W)(00012.000*m3)"]
    async with sending(industrial(*gas), seconds=0.2) as url:
        entry = MockConfigEntry(domain=DOMAIN, unique_id=METER_ID, data=entry_data(url), options={"user_port": "a1"})
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        assert not entry.runtime_data.insights.mbus
        assert not [each for each in entity_registry.entities.values() if each.unique_id.endswith("_gas")]
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_rates_of_homes_are_not_those_of_industry(hass: HomeAssistant) -> None:
    async with sending(industrial(), seconds=0.2) as url:
        for user_port, known in (("p1", True), ("a1", False)):
            options = {"user_port": user_port, "capacity": {"area": "kempen"}}
            entry = MockConfigEntry(domain=DOMAIN, unique_id=METER_ID, data=entry_data(url), options=options)
            entry.add_to_hass(hass)
            assert await hass.config_entries.async_setup(entry.entry_id)
            assert (entry.runtime_data.insights[Capacity].billed.cost is not None) is known
            assert await hass.config_entries.async_unload(entry.entry_id)
            await hass.config_entries.async_remove(entry.entry_id)


async def test_a_port_that_sends_seldom_is_found(hass: HomeAssistant) -> None:
    async with sending(industrial(), after=2.5) as url:
        form = await listen(hass, url)
        assert form["errors"] == {"base": "no_data"}

        # The user raises the wait, and sees that there is progress.
        result = await hass.config_entries.flow.async_configure(
            form["flow_id"], {"port": url, "advanced": {"wait": 900}}
        )
        assert result["type"] is FlowResultType.SHOW_PROGRESS
        assert result["description_placeholders"] == {"wait": "900"}
        await hass.async_block_till_done()
        form = await hass.config_entries.flow.async_configure(form["flow_id"])
        assert form["step_id"] == "confirm"
        result = await hass.config_entries.flow.async_configure(
            form["flow_id"], {"user_port": "a1", "add_to_energy": False}
        )
        assert result["data"] == entry_data(url) | {"wait": 900}
        await hass.async_block_till_done()
        assert await hass.config_entries.async_unload(result["result"].entry_id)


async def test_waiting_that_ends_without_a_telegram(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("custom_components.emucs.flow.listening._LONGEST_FORM", 4)
    async with sending(industrial(), after=60) as url:
        result = await listen(hass, url, wait=5)
        assert result["type"] is FlowResultType.SHOW_PROGRESS
        await hass.async_block_till_done()
        form = await hass.config_entries.flow.async_configure(result["flow_id"])
        assert form["type"] is FlowResultType.FORM
        assert form["step_id"] == "serial"
        assert form["errors"] == {"base": "no_data"}
        hass.config_entries.flow.async_abort(form["flow_id"])


async def test_leaving_while_it_is_waited_for(hass: HomeAssistant) -> None:
    async with sending(industrial(), after=60) as url:
        result = await listen(hass, url, wait=900)
        hass.config_entries.flow.async_abort(result["flow_id"])
        # Nothing listens any more: a task left behind would keep this waiting.
        await hass.async_block_till_done()


async def test_home_assistant_does_not_wait_for_a_port_that_sends_seldom(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.emucs.coordinator._LONGEST_START", 0.2)
    async with sending(industrial(), after=2) as url:
        entry = MockConfigEntry(domain=DOMAIN, unique_id=METER_ID, data=entry_data(url) | {"wait": 900})
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        assert entry.state is ConfigEntryState.LOADED
        assert not entity_registry.entities
        await eventually(lambda: len(hass.states.async_all(SENSOR)) > 10)
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_unloading_before_the_first_telegram(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("custom_components.emucs.coordinator._LONGEST_START", 0.2)
    async with sending(industrial(), after=60) as url:
        entry = MockConfigEntry(domain=DOMAIN, unique_id=METER_ID, data=entry_data(url) | {"wait": 900})
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        assert await hass.config_entries.async_reload(entry.entry_id)
        assert await hass.config_entries.async_unload(entry.entry_id)
        assert entry.state is ConfigEntryState.NOT_LOADED


async def test_another_meter_on_a_port_that_sends_seldom(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("custom_components.emucs.coordinator._LONGEST_START", 0.2)
    async with sending(industrial(), after=1) as url:
        entry = MockConfigEntry(domain=DOMAIN, unique_id="1XXX0000000002", data=entry_data(url) | {"wait": 900})
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        coordinator = entry.runtime_data
        await eventually(lambda: coordinator.down is not None)
        assert coordinator.down.reason == "wrong_meter"
        assert coordinator.data is None
        assert await hass.config_entries.async_unload(entry.entry_id)
