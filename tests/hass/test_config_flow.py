"""The config flow, with a real meter at the other end of a socket or a pseudo terminal."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
import fcntl
from http import HTTPStatus
import os
from pathlib import Path
import pty
from typing import Any

from aiohttp.test_utils import TestClient
from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData, UnknownFlow
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.setup import async_setup_component
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.emucs.config_flow import _entry_data, _filled_in
from custom_components.emucs.const import DOMAIN
from tests.support import WINTER_EVENING, address, entry_data
from virtual_meter import PtyServer, TcpServer, VirtualMeter

pytestmark = pytest.mark.usefixtures("fast_silence")


async def start(hass: HomeAssistant, step: str, entry: MockConfigEntry | None = None) -> str:
    """Start a flow and choose from its menu; return its id."""
    context = (
        {"source": SOURCE_USER}
        if entry is None
        else {"source": SOURCE_RECONFIGURE, "entry_id": entry.entry_id, "unique_id": entry.unique_id}
    )
    result = await hass.config_entries.flow.async_init(DOMAIN, context=context)
    assert result["type"] is FlowResultType.MENU
    assert result["step_id"] == ("user" if entry is None else "reconfigure")
    assert result["menu_options"] == ["serial", "reader", "network", *(["group"] if entry is None else [])]
    result = await hass.config_entries.flow.async_configure(result["flow_id"], {"next_step_id": step})
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == step
    assert not result["errors"]
    return result["flow_id"]


async def submit(hass: HomeAssistant, flow_id: str, **user_input: Any) -> dict[str, Any]:
    """Fill in the form of a flow."""
    return await hass.config_entries.flow.async_configure(flow_id, user_input)


@asynccontextmanager
async def serving(answer: Callable[[asyncio.StreamWriter], None]) -> AsyncGenerator[dict[str, Any]]:
    """Serve something other than a meter on a TCP port."""
    writers = []

    def connected(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        answer(writer)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield {"host": "127.0.0.1", "port": server.sockets[0].getsockname()[1]}
    finally:
        server.close()
        for writer in writers:
            writer.close()
        await server.wait_closed()


def section_default(form: dict[str, Any], name: str) -> dict[str, Any]:
    """Return what the frontend fills a section with: the default of the section, if it has one."""
    (field,) = [
        field
        for field in probatio.to_field_list(form["data_schema"], custom_serializer=cv.custom_serializer)
        if field["name"] == name
    ]
    return field["default"]


async def test_network(hass: HomeAssistant, meter: VirtualMeter, server: TcpServer) -> None:
    flow_id = await start(hass, "network")
    result = await submit(hass, flow_id, **address(server))

    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "confirm"
    assert result["description_placeholders"] == {
        "model": "Sagemcom T211",
        "id": meter.meter_id,
        "version": "e-MUCS P1 1.7",
        "why": "it prints a version of P1",
        "grid": "three-phase 3×400 V with neutral",
        "mbus": f"gas ({meter.gas_id}), water ({meter.water_id})",
    }
    result = await submit(hass, flow_id, add_to_energy=False)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "T211"
    assert result["data"] == entry_data(server.url)
    assert result["options"] == {}
    entry = result["result"]
    assert entry.unique_id == meter.meter_id
    await hass.async_block_till_done()
    # The flow has closed the port, so that the entry did not have to try twice.
    assert entry.state is ConfigEntryState.LOADED
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_what_a_meter_cannot_say_is_asked(hass: HomeAssistant, server: TcpServer) -> None:
    flow_id = await start(hass, "network")
    form = await submit(hass, flow_id, **address(server))
    # That it is P1 is certain, and there is no other meter to tell it from.
    asked = ["area", "breaker", "price_entity", "add_to_energy", "add_to_sidebar"]
    assert [str(key) for key in form["data_schema"].schema] == asked
    form = await submit(hass, flow_id, area="imewo", breaker="much", add_to_energy=False)
    assert form["errors"] == {"breaker": "breaker"}
    result = await submit(hass, flow_id, area="imewo", breaker="32 A", add_to_energy=False)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["options"]["capacity"]["area"] == "imewo"
    assert result["options"]["connection"]["breaker"] == "32"
    await hass.async_block_till_done()
    assert hass.states.get("sensor.capacity_tariff_cost_per_year") is not None
    assert hass.states.get("sensor.grid_connection_headroom") is not None
    assert await hass.config_entries.async_unload(result["result"].entry_id)


async def test_an_answer_that_was_not_asked_for_is_taken(hass: HomeAssistant, server: TcpServer) -> None:
    flow_id = await start(hass, "network")
    await submit(hass, flow_id, **address(server))
    result = await submit(hass, flow_id, user_port="p1", add_to_energy=False)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["options"] == {}
    await hass.async_block_till_done()
    assert await hass.config_entries.async_unload(result["result"].entry_id)


async def test_a_second_meter_and_its_devices_have_a_name(
    hass: HomeAssistant, loaded: MockConfigEntry, socket_enabled: None
) -> None:
    async with TcpServer(VirtualMeter("1.4-single-phase", seed=5), "127.0.0.1", speed=10) as server:
        flow_id = await start(hass, "network")
        form = await submit(hass, flow_id, **address(server))
        [suggested] = [key.description["suggested_value"] for key in form["data_schema"].schema if key == "name"]
        assert suggested.startswith("S211")
        result = await submit(hass, flow_id, name=" Garage ", add_to_energy=False)
        assert result["title"] == "Garage"
        await hass.async_block_till_done()
        entry = result["result"]
        devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
        names = {device.name for device in devices}
        assert names >= {"Garage", "Garage · Gas meter", "Garage · Capacity tariff", "Garage · Household"}
        assert all(name.startswith("Garage") for name in names)
        assert hass.states.get("sensor.garage_power") is not None

        flow_id = await start(hass, "network", entry)
        result = await submit(hass, flow_id, **address(server))
        assert result["reason"] == "reconfigure_successful"
        await hass.async_block_till_done()
        assert entry.data["name"] == "Garage"
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_network_bridge_with_one_client(hass: HomeAssistant, meter: VirtualMeter, socket_enabled: None) -> None:
    async with TcpServer(meter, speed=10, single_client=True) as server:
        flow_id = await start(hass, "network")
        await submit(hass, flow_id, **address(server))
        result = await submit(hass, flow_id, add_to_energy=True)
        await hass.async_block_till_done()
        assert result["result"].state is ConfigEntryState.LOADED
        assert await hass.config_entries.async_unload(result["result"].entry_id)


async def test_serial(hass: HomeAssistant, meter: VirtualMeter, tmp_path: Path) -> None:
    async with PtyServer(meter, tmp_path / "ttyUSB0", speed=10) as server:
        flow_id = await start(hass, "serial")
        result = await submit(hass, flow_id, port=server.url, advanced={"baudrate": 9600, "bytesize": 8})
        assert result["step_id"] == "confirm"
        result = await submit(hass, flow_id, add_to_energy=True)
        assert result["type"] is FlowResultType.CREATE_ENTRY
        assert result["data"] == entry_data(server.url, baudrate=9600)
        await hass.async_block_till_done()
        assert result["result"].state is ConfigEntryState.LOADED
        assert await hass.config_entries.async_unload(result["result"].entry_id)


async def test_serial_takes_any_url(hass: HomeAssistant, server: TcpServer) -> None:
    flow_id = await start(hass, "serial")
    result = await submit(hass, flow_id, port=server.url)
    assert result["step_id"] == "confirm"
    hass.config_entries.flow.async_abort(flow_id)


@pytest.mark.parametrize(
    ("answer", "error", "detail"),
    [
        (lambda _: None, "no_data", "Is this the right TCP port"),
        (lambda writer: writer.close(), "cannot_connect", "Is another program connected"),
        (lambda writer: writer.write(bytes(range(128, 256)) * 4), "no_telegram", "Set the bridge to 115200 baud"),
        (lambda writer: writer.write(b"\x7e\xa0\x2b" + bytes(41) + b"\x7e"), "no_telegram", "DLMS"),
        (lambda writer: writer.write(b"Welcome to the bridge\r\n"), "no_telegram", "Is this the right TCP port"),
        (lambda writer: writer.write(b"\xdb\x08ABCDEFGH\x82\x01\x23\x30" + bytes(99)), "encrypted", "encrypted"),
        (
            lambda writer: writer.write(b"/FLU5\\X\r\n\r\n0-0:1.0.0()\r\n!0001\r\n"),
            "invalid_checksum",
            "cable between the meter and the bridge",
        ),
    ],
    ids=["silent", "closes", "noise", "binary", "text", "encrypted", "checksum"],
)
async def test_error_and_recovery(
    hass: HomeAssistant,
    server: TcpServer,
    answer: Callable[[asyncio.StreamWriter], None],
    error: str,
    detail: str,
) -> None:
    flow_id = await start(hass, "network")
    async with serving(answer) as place:
        result = await submit(hass, flow_id, **place)
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {"base": error}
    assert detail in result["description_placeholders"]["detail"]
    assert f"{place['host']}:{place['port']}" in result["description_placeholders"]["detail"]

    result = await submit(hass, flow_id, **address(server))
    assert result["step_id"] == "confirm"
    hass.config_entries.flow.async_abort(flow_id)


@pytest.mark.parametrize(
    ("sent", "error", "detail"),
    [
        (b"", "no_data", "plugged firmly into the meter"),
        (bytes(range(128, 256)) * 4, "no_telegram", "under Serial settings"),
        (b"Welcome to the terminal\r\n", "no_telegram", "Is this the port of a digital meter"),
        (b"/FLU5\\X\r\n\r\n0-0:1.0.0()\r\n!0001\r\n", "invalid_checksum", "another USB socket"),
    ],
    ids=["silent", "noise", "text", "checksum"],
)
async def test_a_cable_is_mended_otherwise_than_a_bridge(
    hass: HomeAssistant, meter: VirtualMeter, tmp_path: Path, sent: bytes, error: str, detail: str
) -> None:
    async with PtyServer(meter, tmp_path / "ttyUSB0", speed=10, transform=lambda _: sent) as server:
        flow_id = await start(hass, "serial")
        result = await submit(hass, flow_id, port=server.url)
    assert result["errors"] == {"base": error}
    told = result["description_placeholders"]["detail"]
    assert server.url in told
    assert detail in told
    assert "TCP" not in told
    assert "bridge" not in told
    hass.config_entries.flow.async_abort(flow_id)


async def test_a_cable_that_is_pulled_out_or_read_by_another_program(hass: HomeAssistant, tmp_path: Path) -> None:
    meter, terminal = pty.openpty()
    try:
        flow_id = await start(hass, "serial")
        fcntl.flock(terminal, fcntl.LOCK_EX)
        result = await submit(hass, flow_id, port=os.ttyname(terminal))
        assert result["errors"] == {"base": "cannot_connect"}
        assert "Another program is using" in result["description_placeholders"]["detail"]
        fcntl.flock(terminal, fcntl.LOCK_UN)
        hass.loop.call_later(0.2, os.close, meter)
        result = await submit(hass, flow_id, port=os.ttyname(terminal))
        assert result["errors"] == {"base": "cannot_connect"}
        assert "plugged in firmly" in result["description_placeholders"]["detail"]
    finally:
        os.close(terminal)
    result = await submit(hass, flow_id, port=str(tmp_path / "ttyUSB7"))
    assert "Is the cable plugged in?" in result["description_placeholders"]["detail"]
    hass.config_entries.flow.async_abort(flow_id)


@pytest.mark.parametrize(
    ("port", "detail"),
    [
        ("socket://127.0.0.1:1", "Is another program using the bridge?"),
        ("socket://127.0.0.1", "Correct the address"),
        ("bogus://somewhere", "Correct the address"),
        ("/dev/no-such-tty", "Is the cable plugged in?"),
        ("/dev/null", "Choose the port of the cable"),
    ],
)
async def test_cannot_connect_and_recovery(hass: HomeAssistant, server: TcpServer, port: str, detail: str) -> None:
    flow_id = await start(hass, "serial")
    result = await submit(hass, flow_id, port=port)
    assert result["errors"] == {"base": "cannot_connect"}
    assert detail in result["description_placeholders"]["detail"]

    result = await submit(hass, flow_id, port=server.url)
    assert result["step_id"] == "confirm"
    hass.config_entries.flow.async_abort(flow_id)


async def test_same_port_twice(hass: HomeAssistant, loaded: MockConfigEntry, server: TcpServer) -> None:
    flow_id = await start(hass, "network")
    result = await submit(hass, flow_id, **address(server))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    # The entry was not disturbed.
    assert server.clients == 1


async def test_same_meter_twice(
    hass: HomeAssistant, loaded: MockConfigEntry, meter: VirtualMeter, socket_enabled: None
) -> None:
    async with TcpServer(meter, speed=10) as other:
        flow_id = await start(hass, "network")
        result = await submit(hass, flow_id, **address(other))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


async def test_a_flow_that_was_left_open_is_in_nobodys_way(
    hass: HomeAssistant, meter: VirtualMeter, server: TcpServer
) -> None:
    left_open = await start(hass, "network")
    assert (await submit(hass, left_open, **address(server)))["step_id"] == "confirm"

    flow_id = await start(hass, "network")
    assert (await submit(hass, flow_id, **address(server)))["step_id"] == "confirm"
    result = await submit(hass, flow_id, add_to_energy=False)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    # The first one ends with it.
    assert hass.config_entries.flow.async_progress() == []
    with pytest.raises(UnknownFlow):
        await submit(hass, left_open, add_to_energy=False)
    [entry] = hass.config_entries.async_entries(DOMAIN)
    assert entry.unique_id == meter.meter_id
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_of_two_flows_the_older_one_can_be_finished_too(hass: HomeAssistant, server: TcpServer) -> None:
    older, newer = [await start(hass, "network") for _ in range(2)]
    for flow_id in (older, newer):
        assert (await submit(hass, flow_id, **address(server)))["step_id"] == "confirm"
    result = await submit(hass, older, add_to_energy=False)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert hass.config_entries.flow.async_progress() == []
    assert await hass.config_entries.async_unload(result["result"].entry_id)


async def test_a_meter_that_got_an_entry_while_the_flow_was_open(
    hass: HomeAssistant, meter: VirtualMeter, server: TcpServer
) -> None:
    flow_id = await start(hass, "network")
    assert (await submit(hass, flow_id, **address(server)))["step_id"] == "confirm"
    # As the repair of a replaced meter gives an entry another meter.
    entry = MockConfigEntry(domain=DOMAIN, unique_id=meter.meter_id, data=entry_data("socket://127.0.0.1:1"))
    entry.add_to_hass(hass)
    result = await submit(hass, flow_id, add_to_energy=False)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert hass.config_entries.async_entries(DOMAIN) == [entry]


async def test_a_reconfiguration_that_was_left_open_is_in_nobodys_way(
    hass: HomeAssistant, loaded: MockConfigEntry, server: TcpServer
) -> None:
    left_open = await start(hass, "serial", loaded)
    flow_id = await start(hass, "network", loaded)
    result = await submit(hass, flow_id, **address(server), advanced={"baudrate": 9600})
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert loaded.state is ConfigEntryState.LOADED
    hass.config_entries.flow.async_abort(left_open)


async def test_reconfigure_to_another_port(
    hass: HomeAssistant, loaded: MockConfigEntry, meter: VirtualMeter, tmp_path: Path
) -> None:
    async with PtyServer(meter, tmp_path / "ttyUSB0", speed=10) as other:
        flow_id = await start(hass, "serial", loaded)
        result = await submit(hass, flow_id, port=other.url)
        assert result["type"] is FlowResultType.ABORT
        assert result["reason"] == "reconfigure_successful"
        await hass.async_block_till_done()
        assert loaded.data == entry_data(other.url)
        assert loaded.state is ConfigEntryState.LOADED

        # Both ways of connecting show what is known; a device is no address.
        suggestions = {}
        for step in ("serial", "network"):
            flow_id = await start(hass, step, loaded)
            form = await hass.config_entries.flow.async_configure(flow_id)
            suggestions[step] = {
                str(key): (key.description or {}).get("suggested_value") for key in form["data_schema"].schema
            }
            hass.config_entries.flow.async_abort(flow_id)
        assert suggestions["serial"]["port"] == other.url
        assert suggestions["network"]["host"] is suggestions["network"]["port"] is None
        assert await hass.config_entries.async_unload(loaded.entry_id)


async def test_reconfigure_the_same_port(hass: HomeAssistant, meter: VirtualMeter, socket_enabled: None) -> None:
    async with TcpServer(meter, speed=10, single_client=True) as server:
        entry = MockConfigEntry(domain=DOMAIN, unique_id=meter.meter_id, data=entry_data(server.url))
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        flow_id = await start(hass, "network", entry)
        form = await hass.config_entries.flow.async_configure(flow_id)
        suggested = {str(key): (key.description or {}).get("suggested_value") for key in form["data_schema"].schema}
        assert suggested["host"] == "127.0.0.1"
        assert suggested["port"] == address(server)["port"]

        result = await submit(hass, flow_id, **address(server), advanced={"baudrate": 9600})
        assert result["reason"] == "reconfigure_successful"
        await hass.async_block_till_done()
        assert entry.data == entry_data(server.url, baudrate=9600)
        assert entry.state is ConfigEntryState.LOADED
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_reconfigure_that_fails_leaves_the_entry_running(
    hass: HomeAssistant, loaded: MockConfigEntry, server: TcpServer
) -> None:
    flow_id = await start(hass, "serial", loaded)
    result = await submit(hass, flow_id, port="socket://127.0.0.1:1")
    assert result["errors"] == {"base": "cannot_connect"}
    await hass.async_block_till_done()
    assert loaded.state is ConfigEntryState.LOADED
    assert loaded.data == entry_data(server.url)

    result = await submit(hass, flow_id, port=server.url)
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()


async def test_reconfigure_to_another_meter(
    hass: HomeAssistant, loaded: MockConfigEntry, server: TcpServer, socket_enabled: None
) -> None:
    async with TcpServer(VirtualMeter(seed=8, start=WINTER_EVENING), speed=10) as other:
        flow_id = await start(hass, "network", loaded)
        result = await submit(hass, flow_id, **address(other))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "wrong_meter"
    await hass.async_block_till_done()
    assert loaded.state is ConfigEntryState.LOADED
    assert loaded.data == entry_data(server.url)


async def test_reconfigure_an_entry_that_could_not_be_set_up(
    hass: HomeAssistant, meter: VirtualMeter, server: TcpServer
) -> None:
    entry = MockConfigEntry(domain=DOMAIN, unique_id=meter.meter_id, data=entry_data("socket://127.0.0.1:1"))
    entry.add_to_hass(hass)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    flow_id = await start(hass, "network", entry)
    result = await submit(hass, flow_id, **address(server))
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("192.0.2.7", "socket://192.0.2.7:2001"),
        (" P1.Local ", "socket://p1.local:2001"),
        ("2001:DB8::7", "socket://[2001:db8::7]:2001"),
    ],
)
def test_addresses(host: str, url: str) -> None:
    data = _entry_data({"host": host, "port": 2001, "advanced": {}})
    assert data == {"port": url}
    assert _filled_in(data) == {"host": host.strip().lower(), "port": 2001, "advanced": {}}


async def test_options(hass: HomeAssistant, loaded: MockConfigEntry, server: TcpServer) -> None:
    result = await hass.config_entries.options.async_init(loaded.entry_id)
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "settings"
    result = await hass.config_entries.options.async_configure(result["flow_id"], {"update_interval": 30})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert loaded.options["update_interval"] == 30
    await hass.async_block_till_done()
    assert loaded.state is ConfigEntryState.LOADED
    assert server.clients == 1


async def test_an_interval_that_is_emptied_makes_updates_adaptive(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    assert not loaded.runtime_data.is_adaptive
    result = await hass.config_entries.options.async_init(loaded.entry_id)
    [field] = [key for key in result["data_schema"].schema if key == "update_interval"]
    assert field.description == {"suggested_value": 1}
    await hass.config_entries.options.async_configure(result["flow_id"], {})
    await hass.async_block_till_done()
    assert "update_interval" not in loaded.options
    assert loaded.runtime_data.is_adaptive


async def test_options_of_the_capacity_tariff_are_shown_again(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    result = await hass.config_entries.options.async_init(loaded.entry_id)
    assert section_default(result, "capacity") == {
        "vat": 6,
        "peak_target": 2.5,
        "warning_share": 90,
        "cap_period": "month",
    }
    chosen = {"area": "kempen", "own_rate": 60, "vat": 21, "peak_target": 5, "warning_share": 80, "cap_period": "year"}
    await hass.config_entries.options.async_configure(result["flow_id"], {"update_interval": 10, "capacity": chosen})
    await hass.async_block_till_done()
    assert loaded.options == {"update_interval": 10, "capacity": chosen}
    result = await hass.config_entries.options.async_init(loaded.entry_id)
    assert section_default(result, "capacity") == chosen
    hass.config_entries.options.async_abort(result["flow_id"])


@pytest.mark.parametrize("step", ["serial", "network"])
async def test_collapsed_settings_need_not_be_opened(hass: HomeAssistant, step: str) -> None:
    flow_id = await start(hass, step)
    form = await hass.config_entries.flow.async_configure(flow_id)
    assert section_default(form, "advanced") == {
        "baudrate": 115200,
        "bytesize": 8,
        "parity": "N",
        "stopbits": 1,
        "wait": 12,
    }
    hass.config_entries.flow.async_abort(flow_id)


@pytest.mark.parametrize("interval", [0, 301])
async def test_options_out_of_range(hass: HomeAssistant, loaded: MockConfigEntry, interval: int) -> None:
    result = await hass.config_entries.options.async_init(loaded.entry_id)
    with pytest.raises(InvalidData):
        await hass.config_entries.options.async_configure(result["flow_id"], {"update_interval": interval})


class TestLanguage:
    """Placeholders are filled in the language of the user, not of the system."""

    @staticmethod
    async def found(client: TestClient, server: TcpServer, **headers: str) -> dict[str, str]:
        """Go through set-up as the frontend does; return the placeholders of all steps."""
        path = "/api/config/config_entries/flow"
        response = await client.post(path, json={"handler": DOMAIN}, headers=headers)
        flow = await response.json()
        for user_input in ({"next_step_id": "network"}, {"host": "127.0.0.1", "port": 1}, address(server)):
            response = await client.post(f"{path}/{flow['flow_id']}", json=user_input, headers=headers)
            assert response.status == HTTPStatus.OK, await response.text()
            flow.setdefault("seen", {}).update((await response.json()).get("description_placeholders") or {})
        await client.delete(f"{path}/{flow['flow_id']}")
        seen: dict[str, str] = flow["seen"]
        return seen

    @pytest.mark.parametrize(
        ("accepted", "why", "refused"),
        [
            ("fr-BE,fr;q=0.9,en;q=0.8", "il indique une version de P1", "a refusé la connexion"),
            ("nl", "ze vermeldt een versie van P1", "heeft de verbinding geweigerd"),
            ("en-GB,en;q=0.5", "it prints a version of P1", "refused the connection"),
            ("pt", "it prints a version of P1", "refused the connection"),
            ("*", "er meldet eine Version von P1", "hat die Verbindung abgelehnt"),
            ("../../secrets", "er meldet eine Version von P1", "hat die Verbindung abgelehnt"),
        ],
    )
    async def test_is_that_of_the_browser(
        self,
        hass: HomeAssistant,
        hass_client: ClientSessionGenerator,
        server: TcpServer,
        accepted: str,
        why: str,
        refused: str,
    ) -> None:
        hass.config.language = "de"
        assert await async_setup_component(hass, DOMAIN, {})
        assert await async_setup_component(hass, "config", {})
        seen = await self.found(await hass_client(), server, **{"Accept-Language": accepted})
        assert seen["why"] == why
        assert seen["detail"].startswith(f"127.0.0.1:1 {refused}.")

    async def test_is_what_the_user_has_chosen(
        self,
        hass: HomeAssistant,
        hass_client: ClientSessionGenerator,
        hass_admin_user: MockUser,
        hass_storage: dict[str, Any],
        server: TcpServer,
    ) -> None:
        hass.config.language = "de"
        assert await async_setup_component(hass, DOMAIN, {})
        hass_storage[f"frontend.user_data_{hass_admin_user.id}"] = {
            "version": 1,
            "data": {"language": {"language": "fr", "number_format": "language"}},
        }
        hass.config.components.add("frontend")
        assert await async_setup_component(hass, "config", {})
        seen = await self.found(await hass_client(), server, **{"Accept-Language": "nl"})
        assert seen["why"] == "il indique une version de P1"
        assert seen["detail"].startswith("127.0.0.1:1 a refusé la connexion.")
