"""The energy dashboard, and history on it."""

from pathlib import Path

from homeassistant.components.energy.data import async_get_manager
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.emucs.const import DOMAIN
from tests.support import WINTER_EVENING, entry_data, eventually, sending
from virtual_meter import TcpServer, VirtualMeter


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(recorder_mock: None, enable_custom_integrations: None) -> None:
    """Start the recorder, which the energy dashboard needs, before anything else."""


async def sources(hass: HomeAssistant) -> list[dict[str, object]]:
    """Return the sources of the energy dashboard."""
    manager = await async_get_manager(hass)
    return manager.data["energy_sources"] if manager.data else []


async def set_up(hass: HomeAssistant, entry: MockConfigEntry, *, energy: bool = True) -> None:
    """Set up an entry whose user ticked the box, with the energy dashboard or without."""
    if energy:
        assert await async_setup_component(hass, "energy", {})
    hass.config_entries.async_update_entry(entry, options={"update_interval": 1, "add_to_energy": True})
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    # Once only: what the user removes later stays away.
    assert entry.options == {"update_interval": 1}


async def test_adds_grid_gas_and_water(hass: HomeAssistant, entry: MockConfigEntry, meter: VirtualMeter) -> None:
    await set_up(hass, entry)
    grid, gas, water = await sources(hass)
    assert grid["type"] == "grid"
    assert grid["stat_energy_from"] == "sensor.electricity_meter_energy_import"
    assert grid["stat_energy_to"] == "sensor.electricity_meter_energy_export"
    assert grid["stat_rate"] == "sensor.electricity_meter_power"
    assert (gas["type"], gas["stat_energy_from"], gas["stat_rate"]) == (
        "gas",
        "sensor.gas_meter_gas",
        "sensor.gas_meter_flow",
    )
    assert (water["type"], water["stat_energy_from"], water["stat_rate"]) == (
        "water",
        "sensor.water_meter_water",
        "sensor.water_meter_flow",
    )
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_leaves_existing_sources_alone_and_adds_none_twice(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    await set_up(hass, entry)
    first = await sources(hass)
    manager = await async_get_manager(hass)
    solar = {"type": "solar", "stat_energy_from": "sensor.pv", "config_entry_solar_forecast": None}
    renamed = [{**first[0], "name": "Home"}, solar, first[1]]
    await manager.async_update({"energy_sources": renamed})

    assert await hass.config_entries.async_unload(entry.entry_id)
    await set_up(hass, entry)
    assert await sources(hass) == [*renamed, first[2]]
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_not_wanted(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    assert await async_setup_component(hass, "energy", {})
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert await sources(hass) == []
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_without_energy_dashboard(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    await set_up(hass, entry, energy=False)
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_only_what_the_meter_has(hass: HomeAssistant, socket_enabled: None) -> None:
    meter = VirtualMeter(seed=7, start=WINTER_EVENING, gas=False, water=False)
    async with TcpServer(meter, speed=10) as server:
        entry = MockConfigEntry(domain=DOMAIN, unique_id=meter.meter_id, data=entry_data(server.url))
        entry.add_to_hass(hass)
        await set_up(hass, entry)
        assert [source["type"] for source in await sources(hass)] == ["grid"]
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_port_without_counters_adds_nothing(hass: HomeAssistant, socket_enabled: None) -> None:
    async with sending(b"/XXX5\\1\r\n\r\n1-0:1.7.0(1*kW)\r\n!\r\n") as url:
        entry = MockConfigEntry(domain=DOMAIN, unique_id="XXX5\\1", data=entry_data(url))
        entry.add_to_hass(hass)
        await set_up(hass, entry)
        assert await sources(hass) == []
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_port_that_sends_seldom_is_added_with_its_first_telegrams(
    hass: HomeAssistant, socket_enabled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.emucs.coordinator._LONGEST_START", 0.2)
    meter = VirtualMeter(seed=7, start=WINTER_EVENING)
    assert await async_setup_component(hass, "energy", {})
    async with sending(meter.telegram(), after=1) as url:
        entry = MockConfigEntry(
            domain=DOMAIN,
            unique_id=meter.meter_id,
            data=entry_data(url, wait=900),
            options={"update_interval": 1, "add_to_energy": True},
        )
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        assert await sources(hass) == []
        await eventually(lambda: "add_to_energy" not in entry.options)
        await hass.async_block_till_done()
        assert [source["type"] for source in await sources(hass)] == ["grid", "gas", "water"]
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_nothing_is_imported_before_the_first_telegram(
    hass: HomeAssistant, socket_enabled: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("custom_components.emucs.coordinator._LONGEST_START", 0.2)
    monkeypatch.setattr(hass.config, "allowlist_external_dirs", {str(tmp_path)})
    path = tmp_path / "export.csv"
    path.write_text("Van (datum);Van (tijdstip)\n")
    meter = VirtualMeter(seed=7, start=WINTER_EVENING)
    async with sending(meter.telegram(), after=60) as url:
        entry = MockConfigEntry(domain=DOMAIN, unique_id=meter.meter_id, data=entry_data(url, wait=900))
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        with pytest.raises(HomeAssistantError) as raised:
            await hass.services.async_call(
                DOMAIN,
                "import_history",
                {"config_entry_id": entry.entry_id, "path": str(path)},
                blocking=True,
                return_response=True,
            )
        assert raised.value.translation_key == "export_not_read"
        assert await hass.config_entries.async_unload(entry.entry_id)
