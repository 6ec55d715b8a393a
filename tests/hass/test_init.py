"""Setting up, unloading, and what happens in between."""

import asyncio
from collections.abc import Callable
from itertools import pairwise
import logging

from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.emucs import async_remove_config_entry_device
from custom_components.emucs.const import DOMAIN
from custom_components.emucs.devices import mask
from tests.support import FIELD_TELEGRAMS, WINTER_EVENING, entry_data, eventually, sending
from virtual_meter import TcpServer, VirtualMeter
from virtual_meter.wire import sign

POWER = "sensor.electricity_meter_power"


async def test_load_and_unload(hass: HomeAssistant, loaded: MockConfigEntry, server: TcpServer) -> None:
    assert loaded.state is ConfigEntryState.LOADED
    assert server.clients == 1
    assert await hass.config_entries.async_unload(loaded.entry_id)
    assert loaded.state is ConfigEntryState.NOT_LOADED
    assert hass.states.get(POWER).state == STATE_UNAVAILABLE
    await eventually(lambda: server.clients == 0)


async def test_reload(hass: HomeAssistant, loaded: MockConfigEntry, server: TcpServer) -> None:
    for _ in range(3):
        assert await hass.config_entries.async_reload(loaded.entry_id)
        assert loaded.state is ConfigEntryState.LOADED
    await eventually(lambda: server.clients == 1)


async def test_port_is_free_when_set_up_fails_half_way(
    hass: HomeAssistant, entry: MockConfigEntry, server: TcpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("a platform is broken")

    monkeypatch.setattr(hass.config_entries, "async_forward_entry_setups", fail)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    await eventually(lambda: server.clients == 0)


async def test_disabled_while_it_is_set_up(
    hass: HomeAssistant, meter: VirtualMeter, socket_enabled: None, caplog: pytest.LogCaptureFixture
) -> None:
    async with sending(meter.telegram(), after=0.5) as url:
        entry = MockConfigEntry(domain=DOMAIN, unique_id=meter.meter_id, data=entry_data(url))
        entry.add_to_hass(hass)
        setting_up = hass.async_create_task(hass.config_entries.async_setup(entry.entry_id))
        await eventually(lambda: entry.state is ConfigEntryState.SETUP_IN_PROGRESS)
        await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
        await setting_up
        await hass.async_block_till_done()
        assert entry.state is ConfigEntryState.NOT_LOADED
    assert not [record.getMessage() for record in caplog.records if "Ignored unload request" in record.getMessage()]


async def test_home_assistant_stops(hass: HomeAssistant, loaded: MockConfigEntry, server: TcpServer) -> None:
    await hass.async_stop(force=True)
    await eventually(lambda: server.clients == 0)


async def test_nothing_listens(hass: HomeAssistant, meter: VirtualMeter, socket_enabled: None) -> None:
    async with TcpServer(meter) as server:
        url = server.url
    entry = MockConfigEntry(domain=DOMAIN, unique_id=meter.meter_id, data=entry_data(url))
    entry.add_to_hass(hass)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "cannot_connect_refused"
    assert entry.reason.startswith(f"{url.removeprefix('socket://')} refused the connection.")


async def test_silent_port(hass: HomeAssistant, entry: MockConfigEntry, server: TcpServer, fast_silence: None) -> None:
    server.pause()
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "no_data_network"
    await eventually(lambda: server.clients == 0)


async def test_another_meter_at_setup(hass: HomeAssistant, server: TcpServer, meter: VirtualMeter) -> None:
    entry = MockConfigEntry(domain=DOMAIN, unique_id="1SAG3199999999", data=entry_data(server.url))
    entry.add_to_hass(hass)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "wrong_meter"
    # Reasons are logged: they say as much of a number as its owner knows it by.
    assert meter.meter_id not in entry.reason
    assert mask(meter.meter_id) in entry.reason


async def test_another_meter_on_the_running_port(
    hass: HomeAssistant, entry: MockConfigEntry, meter: VirtualMeter, socket_enabled: None
) -> None:
    other = VirtualMeter(seed=8, start=WINTER_EVENING)
    swapped = False
    async with TcpServer(meter, speed=10, transform=lambda own: other.telegram() if swapped else own) as server:
        hass.config_entries.async_update_entry(entry, data=entry_data(server.url))
        assert await hass.config_entries.async_setup(entry.entry_id)
        before = hass.states.get("sensor.electricity_meter_energy_import").state
        swapped = True
        await eventually(lambda: hass.states.get(POWER).state == STATE_UNAVAILABLE)
        assert hass.states.get("binary_sensor.electricity_meter_connection").state == "off"
        swapped = False
        await eventually(lambda: hass.states.get(POWER).state != STATE_UNAVAILABLE)
        assert float(hass.states.get("sensor.electricity_meter_energy_import").state) >= float(before)
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_silence_and_return(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    server: TcpServer,
    fast_silence: None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "custom_components.emucs")
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert hass.states.get("binary_sensor.electricity_meter_connection").state == "on"

    server.pause()
    await eventually(lambda: hass.states.get(POWER).state == STATE_UNAVAILABLE, seconds=5)
    assert hass.states.get("sensor.gas_meter_gas").state == STATE_UNAVAILABLE
    assert hass.states.get("sensor.water_meter_water").state == STATE_UNAVAILABLE
    assert hass.states.get("binary_sensor.electricity_meter_connection").state == "off"
    # Several tries later it is still one line in the log.
    await asyncio.sleep(3)

    server.resume()
    await eventually(lambda: hass.states.get(POWER).state != STATE_UNAVAILABLE, seconds=2)
    assert hass.states.get("sensor.gas_meter_gas").state != STATE_UNAVAILABLE
    assert hass.states.get("binary_sensor.electricity_meter_connection").state == "on"
    lines = [record for record in caplog.records if record.name.startswith("custom_components.emucs")]
    lines = [record.getMessage() for record in lines if record.levelno >= logging.INFO]
    assert lines == ["T211: no telegrams any more (no_data)", "T211: telegrams come again"]
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_the_real_silence_is_noticed_within_ten_seconds(
    hass: HomeAssistant, loaded: MockConfigEntry, server: TcpServer
) -> None:
    server.pause()
    await eventually(lambda: hass.states.get(POWER).state == STATE_UNAVAILABLE, seconds=10)
    server.resume()
    await eventually(lambda: hass.states.get(POWER).state != STATE_UNAVAILABLE, seconds=2)


async def test_server_goes_and_comes_back(
    hass: HomeAssistant, entry: MockConfigEntry, meter: VirtualMeter, socket_enabled: None
) -> None:
    async with TcpServer(meter, speed=10) as server:
        port = int(server.url.rpartition(":")[2])
        hass.config_entries.async_update_entry(entry, data=entry_data(server.url))
        assert await hass.config_entries.async_setup(entry.entry_id)
    await eventually(lambda: hass.states.get(POWER).state == STATE_UNAVAILABLE, seconds=10)
    await asyncio.sleep(4)
    async with TcpServer(meter, port=port, speed=10):
        await eventually(lambda: hass.states.get(POWER).state != STATE_UNAVAILABLE, seconds=2)
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_corrupt_telegrams_never_reach_a_state(
    hass: HomeAssistant, entry: MockConfigEntry, meter: VirtualMeter, socket_enabled: None
) -> None:
    def corrupt(telegram: bytes) -> bytes:
        """Make every second telegram claim a voltage that there never was."""
        nonlocal count
        count += 1
        return telegram.replace(b"1-0:32.7.0(2", b"1-0:32.7.0(9") if count % 2 else telegram

    count = 1
    seen = set()
    async with TcpServer(meter, speed=20, transform=corrupt) as server:
        hass.config_entries.async_update_entry(entry, data=entry_data(server.url))
        assert await hass.config_entries.async_setup(entry.entry_id)
        for _ in range(30):
            await asyncio.sleep(0.1)
            seen.add(float(hass.states.get("sensor.electricity_meter_voltage_l1").state))
        assert entry.runtime_data.link.reader.dropped["checksum"] > 10
        assert await hass.config_entries.async_unload(entry.entry_id)
    assert len(seen) > 1
    assert max(seen) < 300


async def test_reading_goes_on_whatever_a_telegram_does(
    hass: HomeAssistant, loaded: MockConfigEntry, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0

    def fail(*_: object) -> bool:
        nonlocal calls
        calls += 1
        raise ValueError("a bug")

    with monkeypatch.context() as broken:
        broken.setattr(loaded.runtime_data.insights, "feed", fail)
        await eventually(lambda: calls > 2)
    before = hass.states.get(POWER).last_reported
    await eventually(lambda: hass.states.get(POWER).last_reported > before)
    # Said once, not every second.
    assert caplog.text.count("a telegram could not be shown") == 1


async def test_devices(
    hass: HomeAssistant, loaded: MockConfigEntry, meter: VirtualMeter, device_registry: dr.DeviceRegistry
) -> None:
    electricity = device_registry.async_get_device_by_identifier((DOMAIN, meter.meter_id), loaded.entry_id)
    assert electricity.name == "Electricity meter"
    assert (electricity.manufacturer, electricity.model) == ("Sagemcom", "T211")
    assert electricity.serial_number == meter.meter_id
    assert electricity.sw_version == "e-MUCS P1 1.7"
    for identifier, name in ((meter.gas_id, "Gas meter"), (meter.water_id, "Water meter")):
        device = device_registry.async_get_device_by_identifier((DOMAIN, identifier), loaded.entry_id)
        assert device.name == name
        assert device.serial_number == identifier
        assert device.via_device_id == electricity.id
        assert device.entry_type is None


def channels(telegram: bytes, change: Callable[[bytes], bytes | None]) -> bytes:
    """Return a telegram with M-Bus lines changed or left out, and a correct checksum."""
    head = telegram[: telegram.index(b"!") + 1]
    lines = [change(line) if line[:2] == b"0-" and line[2:3] != b"0" else line for line in head.split(b"\r\n")]
    return sign(b"\r\n".join(line for line in lines if line is not None))


async def serve_channels(
    hass: HomeAssistant, entry: MockConfigEntry, meter: VirtualMeter, change: Callable[[bytes], bytes | None]
) -> TcpServer:
    """Set up an entry whose meter sends changed M-Bus channels."""
    server = TcpServer(meter, speed=10, transform=lambda telegram: channels(telegram, change))
    await server.__aenter__()
    hass.config_entries.async_update_entry(entry, data=entry_data(server.url))
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return server


async def test_water_meter_that_appears_later(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    meter: VirtualMeter,
    socket_enabled: None,
) -> None:
    water = False
    server = await serve_channels(
        hass, entry, meter, lambda line: line if water or not line.startswith(b"0-2:") else None
    )
    assert hass.states.get("sensor.gas_meter_gas")
    assert hass.states.get("sensor.water_meter_water") is None
    water = True
    await eventually(lambda: hass.states.get("sensor.water_meter_water") is not None)
    assert float(hass.states.get("sensor.water_meter_water").state) > 0
    assert await hass.config_entries.async_unload(entry.entry_id)
    await server.__aexit__(None, None, None)


async def test_channels_that_swap(
    hass: HomeAssistant, entry: MockConfigEntry, meter: VirtualMeter, socket_enabled: None
) -> None:
    swapped = False

    def swap(line: bytes) -> bytes:
        return b"0-" + {b"1": b"2", b"2": b"1"}[line[2:3]] + line[3:] if swapped else line

    server = await serve_channels(hass, entry, meter, swap)
    gas = float(hass.states.get("sensor.gas_meter_gas").state)
    water = float(hass.states.get("sensor.water_meter_water").state)
    assert abs(gas - water) > 100
    swapped = True
    await asyncio.sleep(1)
    assert float(hass.states.get("sensor.gas_meter_gas").state) == pytest.approx(gas, abs=5)
    assert float(hass.states.get("sensor.water_meter_water").state) == pytest.approx(water, abs=5)
    assert len(entry.runtime_data.insights.mbus) == 2
    assert await hass.config_entries.async_unload(entry.entry_id)
    await server.__aexit__(None, None, None)


async def test_gas_meter_that_is_replaced(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    meter: VirtualMeter,
    socket_enabled: None,
    device_registry: dr.DeviceRegistry,
) -> None:
    new_id = "7FLO9900000001"
    replaced = False

    def replace(line: bytes) -> bytes:
        if replaced and line.startswith(b"0-1:96.1.1"):
            return b"0-1:96.1.1(" + new_id.encode().hex().upper().encode() + b")"
        return line

    server = await serve_channels(hass, entry, meter, replace)
    old = hass.states.get("sensor.gas_meter_gas").state
    replaced = True
    await eventually(lambda: hass.states.get("sensor.gas_meter_gas_2") is not None)
    await hass.async_block_till_done()
    # The old meter's history ends; nothing is written into it, and it stays until the user removes it.
    assert hass.states.get("sensor.gas_meter_gas").state == STATE_UNAVAILABLE
    assert hass.states.get("sensor.gas_meter_gas_2").state not in (STATE_UNAVAILABLE, "unknown")
    assert float(old) > 0
    devices = {
        identifier: device_registry.async_get_device_by_identifier((DOMAIN, identifier), entry.entry_id)
        for identifier in (meter.meter_id, meter.gas_id, new_id)
    }
    removable = {key: await async_remove_config_entry_device(hass, entry, device) for key, device in devices.items()}
    assert removable == {meter.meter_id: False, meter.gas_id: True, new_id: False}
    assert await hass.config_entries.async_unload(entry.entry_id)
    await server.__aexit__(None, None, None)


async def test_field_telegram_shows_within_two_seconds(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, socket_enabled: None
) -> None:
    path = FIELD_TELEGRAMS / "p1-1.6-three-phase-gas-water.txt"
    if not path.exists():
        pytest.skip("the field telegrams are not here")
    raw = path.read_bytes()

    async with sending(raw) as url:
        entry = MockConfigEntry(domain=DOMAIN, unique_id="1SAG5405879302", data=entry_data(url))
        entry.add_to_hass(hass)
        started = hass.loop.time()
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        assert hass.loop.time() - started < 2

        def state(identifier: str, key: str) -> str:
            entity_id = entity_registry.async_get_entity_id("sensor", DOMAIN, f"{identifier}_{key}")
            return hass.states.get(entity_id).state

        assert state("1SAG5405879302", "energy_import") == "18.518"
        assert state("1SAG5405879302", "energy_import_tariff_1") == "12.755"
        assert state("1SAG5405879302", "energy_export") == "0.159"
        # A true zero is a value.
        assert state("1SAG5405879302", "energy_export_tariff_2") == "0.000"
        assert state("1SAG5405879302", "power") == "123.0"
        assert state("1SAG5405879302", "power_l3") == "107.0"
        assert state("1SAG5405879302", "voltage_l2") == "231.5"
        assert state("1SAG5405879302", "current_l3") == "0.82"
        assert state("1SAG5405879302", "active_tariff") == "tariff_1"
        assert state("1SAG5405879302", "breaker") == "connected"
        # Nothing is limited: there is no entity until something is.
        assert entity_registry.async_get_entity_id("sensor", DOMAIN, "1SAG5405879302_limiter_threshold") is None
        assert state("1SAG5405879302", "grid_type") == "three_phase_400v"
        assert state("7FLO5204100575", "gas") == "1.326"
        assert state("8SET2240919410", "water") == "0.302"
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_update_interval(
    hass: HomeAssistant, entry: MockConfigEntry, meter: VirtualMeter, server: TcpServer
) -> None:
    hass.config_entries.async_update_entry(entry, options={"update_interval": 2})
    assert await hass.config_entries.async_setup(entry.entry_id)
    changes = []
    hass.bus.async_listen("state_changed", lambda event: changes.append((hass.loop.time(), event.data["entity_id"])))
    await asyncio.sleep(6.5)
    times = sorted({round(time, 1) for time, entity_id in changes if entity_id == POWER})
    # Sixty-five telegrams, and at most one change of a state in two seconds.
    assert 2 <= len(times) <= 4
    assert all(later - earlier > 1.7 for earlier, later in pairwise(times))
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_breaker_is_shown_at_once(
    hass: HomeAssistant, entry: MockConfigEntry, meter: VirtualMeter, socket_enabled: None
) -> None:
    opened = False

    def open_breaker(telegram: bytes) -> bytes:
        if not opened:
            return telegram
        return channels(telegram.replace(b"0-0:96.3.10(1)", b"0-0:96.3.10(0)"), lambda line: line)

    async with TcpServer(meter, speed=10, transform=open_breaker) as server:
        hass.config_entries.async_update_entry(entry, data=entry_data(server.url), options={"update_interval": 300})
        assert await hass.config_entries.async_setup(entry.entry_id)
        assert hass.states.get("sensor.electricity_meter_breaker").state == "connected"
        opened = True
        await eventually(lambda: hass.states.get("sensor.electricity_meter_breaker").state == "disconnected", seconds=1)
        assert await hass.config_entries.async_unload(entry.entry_id)
