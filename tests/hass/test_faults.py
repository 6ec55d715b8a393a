"""What users see of a port that fails: each case over a real socket or a real pseudo terminal."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
import fcntl
import logging
import os
from pathlib import Path
import socket

from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.emucs.const import DOMAIN
from tests.support import WINTER_EVENING, address, entry_data, eventually
from virtual_meter import MeterServer, PtyServer, TcpServer, VirtualMeter, deaf_listener, make_fault

pytestmark = pytest.mark.usefixtures("socket_enabled")

POWER = "sensor.electricity_meter_power"
LINK = "binary_sensor.electricity_meter_connection"
FASTER = 100
"""How much faster the link's clock goes where minutes have to pass."""


@pytest.fixture
def meter() -> VirtualMeter:
    return VirtualMeter(profile="1.7.1", seed=7, start=WINTER_EVENING, history_months=0)


@pytest.fixture(params=["tcp", "pty"])
async def port(request: pytest.FixtureRequest, meter: VirtualMeter, tmp_path: Path) -> AsyncGenerator[MeterServer]:
    """Serve the meter on a TCP port and on a serial line."""
    server = TcpServer(meter, speed=10) if request.param == "tcp" else PtyServer(meter, tmp_path / "by-id", speed=10)
    async with server:
        yield server


@asynccontextmanager
async def running(hass: HomeAssistant, server: MeterServer, url: str | None = None) -> AsyncGenerator[MockConfigEntry]:
    """Set an entry up, and unload it in the end."""
    entry = an_entry(hass, server, url)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    yield entry
    assert await hass.config_entries.async_unload(entry.entry_id)


def an_entry(hass: HomeAssistant, server: MeterServer, url: str | None = None) -> MockConfigEntry:
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Meter",
        unique_id=server.meter.meter_id,
        data=entry_data(url or server.url),
        options={"update_interval": 1},
    )
    entry.add_to_hass(hass)
    return entry


def is_shown(hass: HomeAssistant) -> bool:
    states = {hass.states.get(LINK).state == "on", hass.states.get(POWER).state != STATE_UNAVAILABLE}
    assert len(states) == 1
    return states.pop()


def said(caplog: pytest.LogCaptureFixture) -> list[tuple[int, str]]:
    """Return what the integration logged, except for debug messages."""
    return [
        (record.levelno, record.getMessage())
        for record in caplog.records
        if record.name.startswith("custom_components.emucs") and record.levelno > logging.DEBUG
    ]


@pytest.fixture
def faster(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the waits of the link, without changing what it does."""
    for name in ("FIRST_DELAY", "LONGEST_DELAY", "LONGEST_DELAY_WHERE_CHEAP"):
        path = f"custom_components.emucs.port.link.{name}"
        value = {"FIRST_DELAY": 0.5, "LONGEST_DELAY": 30.0, "LONGEST_DELAY_WHERE_CHEAP": 1.5}[name]
        monkeypatch.setattr(path, value / FASTER)


@pytest.mark.usefixtures("faster")
@pytest.mark.parametrize("away", [1, 60, 600])
async def test_a_port_that_goes_and_returns(
    hass: HomeAssistant, port: MeterServer, away: float, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "custom_components.emucs")
    async with running(hass, port) as entry:
        opened = entry.runtime_data.link.connections
        await port.take_down()
        await eventually(lambda: not is_shown(hass), seconds=10)
        await asyncio.sleep(away / FASTER)
        assert not is_shown(hass)
        await port.bring_up()
        # Three seconds of the meter at ten times its pace, and those of the link at a hundred times are over sooner.
        await eventually(lambda: is_shown(hass), seconds=3)
        assert entry.runtime_data.link.connections == opened + 1
    assert said(caplog) == [
        (logging.INFO, "Meter: no telegrams any more (cannot_connect)"),
        (logging.INFO, "Meter: telegrams come again"),
    ]


async def test_an_hour_of_failures_is_two_lines_in_the_log(
    hass: HomeAssistant, port: MeterServer, faster: None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "custom_components.emucs")
    async with running(hass, port):
        caplog.clear()
        await port.take_down()
        await asyncio.sleep(2)
        await port.bring_up()
        await eventually(lambda: is_shown(hass))
        # Not even the debug log has one for each of the tries.
        assert len([record for record in caplog.records if "telegrams" in record.getMessage()]) == 2
        assert len([record for record in caplog.records if record.name.startswith("custom_components.emucs")]) < 40


@pytest.mark.usefixtures("fast_silence")
@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("silent", "no_data"),
        ("bad_checksum", "invalid_checksum"),
        ("garbage", "no_telegram"),
        ("wrong_speed", "no_telegram"),
    ],
)
async def test_bytes_without_telegrams_are_silence_with_a_reason(
    hass: HomeAssistant, port: MeterServer, fault: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "custom_components.emucs")
    broken = make_fault(fault)
    async with running(hass, port) as entry:
        await port.inject(broken)
        await eventually(lambda: not is_shown(hass), seconds=5)
        assert entry.runtime_data.down.reason == reason
        await port.heal(broken)
        await eventually(lambda: is_shown(hass), seconds=3)
    assert said(caplog) == [
        (logging.INFO, f"Meter: no telegrams any more ({reason})"),
        (logging.INFO, "Meter: telegrams come again"),
    ]


@pytest.mark.usefixtures("fast_silence")
async def test_a_bridge_that_loses_its_power(hass: HomeAssistant, meter: VirtualMeter) -> None:
    async with TcpServer(meter, speed=10) as server, running(hass, server) as entry:
        server.mute()
        await eventually(lambda: not is_shown(hass), seconds=5)
        await eventually(lambda: is_shown(hass), seconds=3)
        assert entry.runtime_data.link.connections == 2


async def test_a_cable_that_is_pulled_and_put_back(hass: HomeAssistant, meter: VirtualMeter, tmp_path: Path) -> None:
    path = tmp_path / "usb-P1_Converter-if00-port0"

    def device() -> Path:
        return path.readlink()

    async with PtyServer(meter, path, speed=10) as server, running(hass, server):
        before = device()
        await server.take_down()
        await eventually(lambda: not is_shown(hass), seconds=10)
        await asyncio.sleep(2)
        await server.bring_up()
        assert device() != before
        await eventually(lambda: is_shown(hass), seconds=3)


async def test_gateways_that_change_what_they_pass_on(hass: HomeAssistant, port: MeterServer) -> None:
    async with running(hass, port) as entry:
        shown = entry.runtime_data.link.reader.telegrams
        for name in ("high_bytes", "lf_only", "split:7", "merge"):
            fault = make_fault(name)
            await port.inject(fault)
            await asyncio.sleep(0.5)
            await port.heal(fault)
        link = entry.runtime_data.link
        assert link.connections == 1
        assert link.reader.telegrams > shown + 10
        assert not link.reader.dropped["checksum"]
        assert is_shown(hass)


# At set-up


def nobody_listens(_: Path) -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"socket://127.0.0.1:{probe.getsockname()[1]}"


def missing_device(path: Path) -> str:
    return str(path / "ttyUSB7")


def no_serial_port(_: Path) -> str:
    return "/dev/null"


def not_there(_: Path) -> str:
    return "socket://no-such-bridge.example:2001"


@pytest.mark.parametrize(
    ("where", "cause", "told", "systems_own"),
    [
        (nobody_listens, "refused", "{port} refused the connection.", "Connection refused"),
        (missing_device, "no_device", "{port} does not exist.", "No such file or directory"),
        (no_serial_port, "no_serial_port", "{port} is not a serial port.", "Inappropriate ioctl for device"),
        (not_there, "unknown_name", "The name in {port} is not known on the network.", "Name or service not known"),
    ],
)
async def test_a_port_that_cannot_be_opened_at_set_up_is_tried_again(
    hass: HomeAssistant,
    meter: VirtualMeter,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    where: object,
    cause: str,
    told: str,
    systems_own: str,
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async with TcpServer(meter, speed=10) as server:
        url = where(tmp_path)
        entry = an_entry(hass, server, url)
        with monkeypatch.context() as without_names:
            without_names.setattr("socket.getaddrinfo", unknown)
            assert not await hass.config_entries.async_setup(entry.entry_id)
        assert entry.state is ConfigEntryState.SETUP_RETRY
        assert entry.error_reason_translation_key == f"cannot_connect_{cause}"
        assert entry.reason.startswith(told.format(port=url.removeprefix("socket://")))
        assert systems_own not in entry.reason
        assert url.removeprefix("socket://") in entry.reason
        # The user has not to do anything here once the port is there.
        hass.config_entries.async_update_entry(entry, data=entry_data(server.url))
        async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=5))
        await eventually(lambda: entry.state is ConfigEntryState.LOADED)
        await hass.async_block_till_done()
        assert is_shown(hass)
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_device_that_another_program_has_at_set_up(
    hass: HomeAssistant, meter: VirtualMeter, tmp_path: Path
) -> None:
    async with PtyServer(meter, tmp_path / "port", speed=10) as server:
        entry = an_entry(hass, server)
        # A lock belongs to whoever opened the file, not to the process.
        other = os.open(server.url, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        fcntl.flock(other, fcntl.LOCK_EX)
        assert not await hass.config_entries.async_setup(entry.entry_id)
        assert entry.error_reason_translation_key == "cannot_connect_in_use"
        assert "Another program is using" in entry.reason
        os.close(other)
        async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=5))
        await eventually(lambda: entry.state is ConfigEntryState.LOADED)
        assert await hass.config_entries.async_unload(entry.entry_id)


# A bridge that serves one client


async def test_a_flow_to_the_same_bridge_by_another_name_does_not_disturb_the_entry(
    hass: HomeAssistant, meter: VirtualMeter
) -> None:
    async with TcpServer(meter, speed=10, single_client=True) as server, running(hass, server) as entry:
        flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
        await hass.config_entries.flow.async_configure(flow["flow_id"], {"next_step_id": "network"})
        result = await hass.config_entries.flow.async_configure(
            flow["flow_id"], {"host": "localhost", "port": address(server)["port"]}
        )
        assert result["errors"] == {"base": "cannot_connect"}
        hass.config_entries.flow.async_abort(flow["flow_id"])
        assert is_shown(hass)
        assert entry.runtime_data.link.connections == 1


async def test_reloads_of_an_entry_on_a_bridge_that_serves_one_client(hass: HomeAssistant, meter: VirtualMeter) -> None:
    async with TcpServer(meter, speed=10, single_client=True) as server, running(hass, server) as entry:
        for _ in range(5):
            assert await hass.config_entries.async_reload(entry.entry_id)
            assert entry.state is ConfigEntryState.LOADED


# Letting go in any state


@asynccontextmanager
async def reading(server: TcpServer) -> AsyncGenerator[None]:
    yield


@asynccontextmanager
async def silent(server: TcpServer) -> AsyncGenerator[None]:
    server.pause()
    yield


@asynccontextmanager
async def waiting_to_try_again(server: TcpServer) -> AsyncGenerator[None]:
    await server.take_down()
    yield


@asynccontextmanager
async def opening(server: TcpServer) -> AsyncGenerator[None]:
    await server.take_down()
    sockets = deaf_listener(server.port)
    yield
    for each in sockets:
        each.close()


@pytest.mark.usefixtures("fast_silence")
@pytest.mark.parametrize("how", ["unload", "reload", "stop", "remove"])
@pytest.mark.parametrize("state", [reading, silent, waiting_to_try_again, opening])
async def test_letting_go(
    hass: HomeAssistant, meter: VirtualMeter, state: type[AbstractAsyncContextManager[None]], how: str
) -> None:
    async with TcpServer(meter, speed=10) as server:
        entry = an_entry(hass, server)
        before = asyncio.all_tasks()
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        link = entry.runtime_data.link
        async with state(server):
            await asyncio.sleep(1.3)
            if how == "unload":
                assert await hass.config_entries.async_unload(entry.entry_id)
            elif how == "reload":
                await hass.config_entries.async_reload(entry.entry_id)
                await hass.config_entries.async_unload(entry.entry_id)
            elif how == "remove":
                await hass.config_entries.async_remove(entry.entry_id)
            else:
                await hass.async_stop(force=True)
            with pytest.raises(StopAsyncIteration):
                await anext(link)
            await eventually(lambda: server.clients == 0)
            left = {task.get_name() for task in asyncio.all_tasks() - before if not task.done()}
            assert not {name for name in left if "emucs" in name or "Link" in name}


@pytest.mark.parametrize("moment", [0, 0.02, 0.1])
async def test_home_assistant_stops_while_it_sets_up(hass: HomeAssistant, meter: VirtualMeter, moment: float) -> None:
    async with TcpServer(meter, speed=10) as server:
        server.pause()
        entry = an_entry(hass, server)
        setting_up = asyncio.create_task(hass.config_entries.async_setup(entry.entry_id))
        await asyncio.sleep(moment)
        setting_up.cancel()
        await asyncio.wait([setting_up])
        await eventually(lambda: server.clients == 0)
        await hass.async_stop(force=True)
