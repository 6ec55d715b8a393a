"""The S1 port of a meter in Home Assistant, beside its P1 port: added, read, lost and removed."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
import subprocess
import sys
from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigSubentryData
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.emucs.const import DOMAIN, ENTRY_MINOR_VERSION
from custom_components.emucs.diagnostics import async_get_config_entry_diagnostics
from custom_components.emucs.samples import S1_PORT, SampleCoordinator, samples_of
from custom_components.emucs.samples_worker import Measured
from tests.support import entry_data, eventually
from virtual_meter import TcpServer, VirtualMeter, make_fault
from virtual_meter.s1_server import S1PtyServer, S1TcpServer

SPEED = 2_000_000
FREQUENCY = "sensor.grid_connection_frequency"
WAVEFORM = "event.grid_connection_voltage_disturbance"
POWER = "sensor.electricity_meter_power"


def port_at(url: str) -> ConfigSubentryData:
    """Return the subentry of an S1 port."""
    data = {"port": url, "baudrate": SPEED}
    return ConfigSubentryData(data=data, subentry_type=S1_PORT, title="S1", unique_id=None)


def of(meter: VirtualMeter, server: TcpServer, *samples: S1TcpServer | S1PtyServer) -> MockConfigEntry:
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


def number(hass: HomeAssistant, entity_id: str) -> float:
    """Return the value of an entity."""
    state = hass.states.get(entity_id)
    assert state is not None
    return float(state.state)


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
        assert number(hass, FREQUENCY) == pytest.approx(float(samples.meter.truth.frequency), abs=0.001)
        entity, power = registry.async_get(FREQUENCY), registry.async_get(POWER)
        assert entity is not None
        assert power is not None
        # It is on the device of the connection, which belongs to the entry and stays when the port goes.
        assert entity.config_subentry_id is None
        assert hass.states.get(WAVEFORM) is not None
        unbalance = registry.async_get("sensor.grid_connection_voltage_unbalance")
        assert unbalance is not None
        assert unbalance.disabled_by is er.RegistryEntryDisabler.INTEGRATION
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


async def test_what_is_wrong_with_a_port_is_said_in_the_form(
    hass: HomeAssistant, loaded: MockConfigEntry, server: TcpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.emucs.samples.LISTEN", 1.5)
    monkeypatch.setattr("custom_components.emucs.port.byte_link.SILENCE", 1.0)
    loaded_before = loaded.runtime_data
    async with S1TcpServer(VirtualMeter("1.7.1", 8)) as other, S1TcpServer(VirtualMeter("1.7.1", 7)) as silent:
        silent.pause()
        wrong = {
            "somewhere": ("bad_address", "is not an address"),
            "127.0.0.1:1": ("cannot_connect", "refused the connection"),
            silent.url: ("no_data", "no samples come from it"),
            server.url: ("no_telegram", "Is this the S1 port, and not P1?"),
            other.url: ("wrong_meter", "come from another meter"),
        }
        for url, (error, text) in wrong.items():
            answer = await asked(hass, loaded, url)
            assert answer["errors"] == {"base": error}
            assert text in answer["description_placeholders"]["detail"]
    # The meter was read all the time.
    assert loaded.runtime_data is loaded_before
    assert loaded.runtime_data.down is None


async def test_without_the_samples_telegrams_go_on(hass: HomeAssistant, meter: VirtualMeter, server: TcpServer) -> None:
    async with S1TcpServer(meter) as samples, running(hass, of(meter, server, samples)) as entry:
        await eventually(lambda: shows(hass, FREQUENCY))
        await samples.take_down()
        await eventually(lambda: not shows(hass, FREQUENCY))
        assert shows(hass, POWER)
        assert entry.state is ConfigEntryState.LOADED
        await samples.bring_up()
        await eventually(lambda: shows(hass, FREQUENCY))


async def test_without_telegrams_the_samples_go_on(hass: HomeAssistant, meter: VirtualMeter, server: TcpServer) -> None:
    async with S1TcpServer(meter) as samples, running(hass, of(meter, server, samples)):
        await eventually(lambda: shows(hass, FREQUENCY))
        await server.take_down()
        await eventually(lambda: not shows(hass, POWER))
        assert shows(hass, FREQUENCY)
        await server.bring_up()


async def test_samples_of_another_meter_are_not_shown(
    hass: HomeAssistant, meter: VirtualMeter, server: TcpServer
) -> None:
    async with S1TcpServer(VirtualMeter("1.7.1", 8)) as other, running(hass, of(meter, server, other)) as entry:
        await eventually(lambda: (samples := samples_of(entry.runtime_data)) is not None and samples.down is not None)
        assert not shows(hass, FREQUENCY)


async def test_what_cannot_be_shown_does_not_stop_the_reading(
    hass: HomeAssistant,
    meter: VirtualMeter,
    server: TcpServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    taken: list[object] = []
    take = SampleCoordinator.async_take_data

    def fail_at_first(self: SampleCoordinator, data: Measured, *, is_new: bool, is_urgent: bool) -> None:
        taken.append(data)
        if len(taken) <= 2:
            raise RuntimeError
        take(self, data, is_new=is_new, is_urgent=is_urgent)

    monkeypatch.setattr(SampleCoordinator, "async_take_data", fail_at_first)
    async with S1TcpServer(meter) as samples, running(hass, of(meter, server, samples)):
        await eventually(lambda: shows(hass, FREQUENCY))
    assert caplog.text.count("samples could not be shown") == 1


async def test_a_dip_is_an_event(hass: HomeAssistant, socket_enabled: None) -> None:
    meter, fault = VirtualMeter("1.7.1", 7), make_fault("dip:0.6,0.3,2,2")
    async with (
        TcpServer(meter) as server,
        S1TcpServer(meter, faults=[fault]) as samples,
        running(hass, of(meter, server, samples)),
    ):
        await eventually(lambda: shows(hass, WAVEFORM))
        state = hass.states.get(WAVEFORM)
        assert state is not None
        told = state.attributes
        assert (told["event_type"], told["phase"], told["over"]) == ("dip", "L2", True)
        assert told["duration"] == pytest.approx(0.3, abs=0.025)
        assert told["deviation"] == pytest.approx(40, abs=3)


async def test_the_port_moves_to_another_place(hass: HomeAssistant, meter: VirtualMeter, server: TcpServer) -> None:
    async with (
        S1TcpServer(meter) as first,
        S1TcpServer(meter) as second,
        running(hass, of(meter, server, first)) as entry,
    ):
        [subentry] = entry.get_subentries_of_type(S1_PORT)
        context = {"source": "reconfigure", "subentry_id": subentry.subentry_id}
        flow = await hass.config_entries.subentries.async_init((entry.entry_id, S1_PORT), context=context)
        assert flow["type"] is FlowResultType.FORM
        moved = {"port": second.url, "baudrate": SPEED}
        answer = await hass.config_entries.subentries.async_configure(flow["flow_id"], moved)
        assert answer["reason"] == "reconfigure_successful"
        await eventually(lambda: second.clients == 1 and first.clients == 0)
        await eventually(lambda: shows(hass, FREQUENCY))


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_on_a_serial_line_every_sample_arrives(hass: HomeAssistant, socket_enabled: None, tmp_path: Path) -> None:
    meter = VirtualMeter("1.7.1-single-phase", 7)
    async with (
        TcpServer(meter) as server,
        S1PtyServer(meter, tmp_path / "s1") as samples,
        running(hass, of(meter, server, samples)) as entry,
    ):
        await eventually(lambda: shows(hass, FREQUENCY))
        port = samples_of(entry.runtime_data)
        assert port is not None
        frames = port.frames
        await eventually(lambda: port.frames - frames > 3 * 2600)
        assert number(hass, "sensor.grid_connection_samples_lost") == 0
        diagnosed = (await async_get_config_entry_diagnostics(hass, entry))["samples"]
        assert (diagnosed["up"], diagnosed["reason"], diagnosed["lost"]) == (True, None, 0)
        # One phase has neither a rotation nor an unbalance.
        assert hass.states.get("sensor.grid_connection_phase_rotation") is None
        assert shows(hass, "sensor.grid_connection_voltage_distortion_l1")
        assert hass.states.get("sensor.grid_connection_voltage_distortion_l2") is None


def test_nobody_without_samples_loads_what_works_them_out() -> None:
    code = (
        "import sys, importlib, custom_components.emucs as c; names = ('config_flow', 'sensor', 'event', 'scope');"
        "[importlib.import_module(f'{c.__name__}.{each}') for each in names];"
        "assert not {'numpy', f'{c.__name__}.samples_worker'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])  # noqa: S603
