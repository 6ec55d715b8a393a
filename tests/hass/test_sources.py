"""Sources of telegrams that Home Assistant leads to: web readers, topics of MQTT, ports of ESPHome devices."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from datetime import timedelta
import json
import logging
from pathlib import Path
import shutil
import socket

from homeassistant.components.usb import SerialDevice, async_register_serial_port_scanner
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.emucs import sources
from custom_components.emucs.const import DOMAIN, ENTRY_MINOR_VERSION
from custom_components.emucs.diagnostics import async_get_config_entry_diagnostics
from custom_components.emucs.port import Link, LinkDown, MqttNotReady, NoData, ProxyAbsent, Telegram, tls
from custom_components.emucs.port_watch import UNREACHABLE_AFTER, async_watch_of
from custom_components.emucs.sources import link_of
from custom_components.emucs.system_health import async_system_health_info
from tests.support import WINTER_EVENING, eventually
from virtual_meter import TcpServer, VirtualMeter
from virtual_meter.readers import BRIDGES, Bridge, HomeWizard, HomeWizardV2, MqttPublisher, P1Dongle

pytestmark = pytest.mark.usefixtures("socket_enabled")

MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
PROXY = {"port": "esphome-proxy:020000000001-p1"}


def free_port() -> int:
    """Return a TCP port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Broker:
    """A real broker of MQTT, which can be stopped."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._configuration = folder / "mosquitto.conf"
        self._configuration.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\n")
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start, and wait until it answers."""
        assert MOSQUITTO is not None
        self._process = await asyncio.create_subprocess_exec(
            MOSQUITTO, "-c", self._configuration, stderr=asyncio.subprocess.DEVNULL
        )
        async with asyncio.timeout(10):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                except ConnectionError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    return

    async def stop(self) -> None:
        """Stop."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            await process.wait()


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncGenerator[Broker]:
    if MOSQUITTO is None:
        pytest.skip("mosquitto is not installed")
    broker = Broker(tmp_path)
    await broker.start()
    yield broker
    await broker.stop()


@pytest.fixture
async def mqtt(hass: HomeAssistant, broker: Broker, tmp_path: Path) -> AsyncGenerator[MockConfigEntry]:
    """Return Home Assistant's own MQTT, connected to the broker."""
    entry = mqtt_entry(hass, broker.port, tmp_path)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)


def mqtt_entry(hass: HomeAssistant, port: int, folder: Path) -> MockConfigEntry:
    """Return an entry of Home Assistant's own MQTT, not set up yet."""
    # It reads its configuration, though all of it is in the entry.
    hass.config.config_dir = str(folder)
    (folder / "configuration.yaml").touch()
    entry = MockConfigEntry(
        domain="mqtt",
        data={"broker": "127.0.0.1", "port": port},
        options={"birth_message": {}},
        version=1,
        minor_version=2,
    )
    entry.add_to_hass(hass)
    return entry


def entry_of(hass: HomeAssistant, meter: VirtualMeter, **data: object) -> MockConfigEntry:
    """Return an entry of the meter, not set up yet."""
    entry = MockConfigEntry(
        domain=DOMAIN, title="T211", minor_version=ENTRY_MINOR_VERSION, unique_id=meter.meter_id, data=data
    )
    entry.add_to_hass(hass)
    return entry


async def next_failure(link: Link) -> LinkDown:
    """Return the next failure of a link."""
    while isinstance(event := await anext(link), Telegram):
        pass
    return event


async def test_a_topic_of_a_real_broker(
    hass: HomeAssistant, meter: VirtualMeter, mqtt: MockConfigEntry, broker: Broker
) -> None:
    async with MqttPublisher(meter, port=broker.port, speed=10) as publisher:
        entry = entry_of(hass, meter, port=publisher.url)
        assert await hass.config_entries.async_setup(entry.entry_id)
        assert entry.runtime_data.telegram.meter_id == meter.meter_id
        before = entry.runtime_data.link.reader.telegrams
        await eventually(lambda: entry.runtime_data.link.reader.telegrams > before + 2)
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_broker_that_is_gone_for_a_while(
    hass: HomeAssistant, meter: VirtualMeter, mqtt: MockConfigEntry, broker: Broker
) -> None:
    publisher = MqttPublisher(meter, port=broker.port, speed=10)
    async with publisher, link_of(hass, {"port": publisher.url}) as link:
        assert isinstance(await anext(link), Telegram)
        await broker.stop()
        assert isinstance((await next_failure(link)).error, MqttNotReady)
        await broker.start()
        async with asyncio.timeout(60):
            assert isinstance(await anext(link), Telegram)


async def test_a_topic_that_is_silent(hass: HomeAssistant, mqtt: MockConfigEntry) -> None:
    link = link_of(hass, {"port": "mqtt:nobody/here", "wait": 1})
    async with link:
        assert isinstance((await next_failure(link)).error, NoData)


async def test_a_telegram_that_the_broker_kept_is_old(
    hass: HomeAssistant, meter: VirtualMeter, mqtt: MockConfigEntry, broker: Broker
) -> None:
    await hass.services.async_call(
        "mqtt",
        "publish",
        {"topic": "dsmr/raw", "payload": meter.telegram().decode(), "retain": True},
        blocking=True,
    )
    link = link_of(hass, {"port": "mqtt:dsmr/raw", "wait": 1})
    async with link:
        assert isinstance((await next_failure(link)).error, NoData)


@pytest.mark.parametrize("topic", ["", "dsmr/#", "dsmr/+/raw"])
async def test_a_topic_is_one(hass: HomeAssistant, topic: str) -> None:
    async with link_of(hass, {"port": f"mqtt:{topic}"}) as link:
        assert (await next_failure(link)).error.problem == "cannot_connect_invalid"


async def test_without_mqtt(hass: HomeAssistant) -> None:
    async with link_of(hass, {"port": "mqtt:dsmr/raw"}) as link:
        assert isinstance((await next_failure(link)).error, MqttNotReady)


async def test_with_mqtt_whose_broker_does_not_answer(
    hass: HomeAssistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "_MQTT_TIMEOUT", 0.5)
    entry = mqtt_entry(hass, free_port(), tmp_path)
    await hass.config_entries.async_setup(entry.entry_id)
    async with link_of(hass, {"port": "mqtt:dsmr/raw"}) as link:
        assert isinstance((await next_failure(link)).error, MqttNotReady)
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.fixture
async def scanned(hass: HomeAssistant) -> Callable[..., None]:
    """Return what says which serial ports Home Assistant knows, as ESPHome does."""
    assert await async_setup_component(hass, "usb", {})
    devices: list[SerialDevice] = []

    def know(*urls: str) -> None:
        """Know a port at each URL."""
        devices[:] = [
            SerialDevice(
                device=url, serial_number=PROXY["port"].partition(":")[2], manufacturer="ESPHome", description="P1"
            )
            for url in urls
        ]

    async_register_serial_port_scanner(hass, lambda _: devices)
    return know


async def test_a_port_of_esphome_is_found_by_its_number(
    hass: HomeAssistant, server: TcpServer, scanned: Callable[..., None]
) -> None:
    async with link_of(hass, PROXY) as link:
        failure = await next_failure(link)
        assert isinstance(failure.error, ProxyAbsent)
        assert failure.error.reason == "cannot_connect"
        scanned(server.url)
        assert isinstance(await anext(link), Telegram)


async def test_a_port_of_esphome_that_has_another_address_now(
    hass: HomeAssistant, meter: VirtualMeter, server: TcpServer, scanned: Callable[..., None]
) -> None:
    scanned(server.url)
    async with link_of(hass, PROXY) as link, TcpServer(VirtualMeter(seed=7, start=WINTER_EVENING), speed=10) as other:
        for _ in range(3):
            assert isinstance(await anext(link), Telegram)
        scanned(other.url)
        await server.take_down()
        await next_failure(link)
        assert isinstance(await anext(link), Telegram)


async def test_a_port_of_esphome_before_esphome_is_loaded(hass: HomeAssistant, scanned: Callable[..., None]) -> None:
    scanned("esphome-hass://esphome/0123456789?port_name=P1")
    async with link_of(hass, PROXY) as link:
        assert isinstance((await next_failure(link)).error, ProxyAbsent)


async def test_a_web_reader_is_set_up(hass: HomeAssistant, meter: VirtualMeter) -> None:
    async with HomeWizard(meter, speed=10) as reader:
        entry = entry_of(hass, meter, port=reader.url)
        assert await hass.config_entries.async_setup(entry.entry_id)
        assert entry.runtime_data.telegram.meter_id == meter.meter_id
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_reader_that_is_asked_seldom_is_not_silent(hass: HomeAssistant) -> None:
    assert link_of(hass, {"port": "http://reader/", "interval": 60}).silence == 180
    assert link_of(hass, {"port": "http://reader/"}).silence == 12


async def test_a_token_that_is_withdrawn(
    hass: HomeAssistant, meter: VirtualMeter, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    started: list[str] = []
    monkeypatch.setattr(
        MockConfigEntry, "async_start_reauth_if_available", lambda entry, *_, **__: started.append(entry.entry_id)
    )
    async with HomeWizardV2(meter, speed=10) as reader:
        monkeypatch.setattr(tls, "HOMEWIZARD_CA", reader.authority.pem)
        token = reader.issue_token("local/test")
        entry = entry_of(hass, meter, port=reader.url, token=token, serial=reader.mac)
        assert await hass.config_entries.async_setup(entry.entry_id)
        reader.issue_token("local/test")
        await eventually(lambda: started == [entry.entry_id])
        assert await hass.config_entries.async_unload(entry.entry_id)
        started.clear()
        assert not await hass.config_entries.async_setup(entry.entry_id)
        assert entry.state is ConfigEntryState.SETUP_ERROR
        assert started == [entry.entry_id]
    assert token not in caplog.text


SECRETS = {"token": "SECRET-TOKEN", "username": "SECRET-USER", "password": "SECRET-WORD", "serial": "SECRET-SERIAL"}


async def test_no_secret_leaves_home_assistant(
    hass: HomeAssistant, meter: VirtualMeter, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with P1Dongle(meter, speed=10) as reader:
        url = reader.url.replace("//", "//SECRET-USER:SECRET-WORD@") + "?key=SECRET-KEY"
        entry = entry_of(hass, meter, port=url, reader="SECRET-READER", **SECRETS)
        assert await hass.config_entries.async_setup(entry.entry_id)
        told = await async_get_config_entry_diagnostics(hass, entry)
        assert told["entry"]["scheme"] == "http"
        health = await async_system_health_info(hass)
        await reader.take_down()
        await eventually(lambda: entry.runtime_data.down is not None, seconds=30)
        watch = async_watch_of(hass, entry)
        watch._since -= UNREACHABLE_AFTER  # noqa: SLF001 -- ten minutes ago
        watch.async_check(entry.runtime_data.link, None, entry.runtime_data.insights.clock)
        issues = [issue.translation_placeholders for issue in ir.async_get(hass).issues.values()]
        assert await hass.config_entries.async_unload(entry.entry_id)
        assert not await hass.config_entries.async_setup(entry.entry_id)
    assert any("127.0.0.1" in str(issue) for issue in issues)
    # Home Assistant itself logs the entries that it stores, at no level of ours.
    own = "\n".join(record.getMessage() for record in caplog.records if "emucs" in record.name)
    assert "SECRET" not in json.dumps([told, health, issues, entry.reason, own], default=str)


async def test_what_takes_the_port_away_is_told(
    hass: HomeAssistant, meter: VirtualMeter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.emucs.coordinator.MINUTE", timedelta(seconds=0.1))
    issues = ir.async_get(hass)
    async with Bridge(BRIDGES["espeasy"], meter, speed=20) as bridge:
        entry = entry_of(hass, meter, port=bridge.url)
        assert await hass.config_entries.async_setup(entry.entry_id)
        link = entry.runtime_data.link
        key = f"port_shared_{entry.entry_id}"
        while not link.is_taken_away:
            before = link.reader.telegrams
            await eventually(lambda: link.reader.telegrams > before + 3)  # noqa: B023 -- at once
            _, writer = await asyncio.open_connection("127.0.0.1", bridge.port)
            connections = link.connections
            await eventually(lambda: link.connections > connections)  # noqa: B023 -- at once
            writer.close()
        await eventually(lambda: issues.async_get_issue(DOMAIN, key) is not None)
        # Minutes later.
        link._closings.clear()  # noqa: SLF001
        await eventually(lambda: issues.async_get_issue(DOMAIN, key) is None)
        assert await hass.config_entries.async_unload(entry.entry_id)
