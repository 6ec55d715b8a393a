"""The connection to the grid in Home Assistant, with a meter whose time goes faster."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import config_validation as cv, device_registry as dr, entity_registry as er
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.emucs.const import DOMAIN
from custom_components.emucs.entities.connection import ROWS
from tests.support import WINTER_EVENING, entry_data, eventually, sending
from virtual_meter import TcpServer, VirtualMeter
from virtual_meter.wire import change_lines

pytestmark = pytest.mark.usefixtures("socket_enabled")

HEADROOM = "sensor.grid_connection_headroom"
LOAD = "sensor.grid_connection_connection_load"
AVAILABLE = "sensor.grid_connection_available_current"
PEAK = "sensor.grid_connection_apparent_power_peak"
WARNING = "binary_sensor.grid_connection_overload_warning"
ALARM = "binary_sensor.grid_connection_overload_alarm"
NEEDS_A_RATING = {HEADROOM, LOAD, AVAILABLE, WARNING, ALARM}


@asynccontextmanager
async def running(hass: HomeAssistant, url: str, meter_id: str, **options: Any) -> AsyncGenerator[MockConfigEntry]:
    """Run an entry of a meter."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Home",
        unique_id=meter_id,
        data=entry_data(url),
        options={"update_interval": 1, **options},
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    try:
        yield entry
    finally:
        if entry.state is ConfigEntryState.LOADED:
            await hass.config_entries.async_unload(entry.entry_id)


def number(hass: HomeAssistant, entity_id: str) -> float:
    """Return a state as a number."""
    return float(hass.states.get(entity_id).state)


def of_connection(hass: HomeAssistant, entry: MockConfigEntry) -> set[str]:
    """Return the entities of the device but those of its voltages."""
    device = dr.async_get(hass).async_get_device_by_identifier(
        (DOMAIN, f"{entry.unique_id}_connection"), entry.entry_id
    )
    keys = {f"{entry.unique_id}_{row.key}" for row in ROWS}
    entities = er.async_entries_for_device(er.async_get(hass), device.id)
    return {each.entity_id for each in entities if each.unique_id in keys}


async def test_all_of_a_breaker(hass: HomeAssistant, meter: VirtualMeter) -> None:
    async with TcpServer(meter, speed=10) as server:
        options = {"connection": {"breaker": "40"}, "capacity": {"peak_target": 50}}
        async with running(hass, server.url, meter.meter_id, **options) as entry:
            assert of_connection(hass, entry) == {*NEEDS_A_RATING, PEAK}
            currents = [number(hass, f"sensor.electricity_meter_current_l{phase}") for phase in (1, 2, 3)]
            assert number(hass, HEADROOM) == pytest.approx(40 - max(currents), abs=1)
            assert number(hass, LOAD) == pytest.approx(max(currents) / 0.4, abs=2)
            assert hass.states.get(ALARM).state == "off"
            # It begins at 0, and rises once there has been room for a minute.
            assert number(hass, AVAILABLE) <= 0
            await eventually(lambda: number(hass, AVAILABLE) > 5, seconds=30)
            assert hass.states.get(AVAILABLE).attributes["limited_by"] == "breaker"
            assert hass.states.get(PEAK).attributes["connection_power"] == 27.7
            device = dr.async_get(hass).async_get_device_by_identifier(
                (DOMAIN, f"{meter.meter_id}_connection"), entry.entry_id
            )
            assert (device.name, device.entry_type) == ("Grid connection", dr.DeviceEntryType.SERVICE)
            assert number(hass, "sensor.capacity_tariff_effective_target") == 50


async def test_an_overload(hass: HomeAssistant) -> None:
    """A breaker that is far too small for what this household cooks with."""
    meter = VirtualMeter(profile="1.7.1", seed=5, start=WINTER_EVENING + timedelta(minutes=6))
    async with TcpServer(meter, speed=20) as server:
        options = {"connection": {"breaker": "2"}}
        async with running(hass, server.url, meter.meter_id, **options):
            await eventually(lambda: hass.states.get(ALARM).state == "on", seconds=30)
            assert hass.states.get(WARNING).state == "on"
            assert number(hass, HEADROOM) < 0
            assert number(hass, LOAD) > 145
            assert number(hass, AVAILABLE) < 0


async def test_nothing_is_guessed(hass: HomeAssistant, meter: VirtualMeter) -> None:
    async with TcpServer(meter, speed=10) as server, running(hass, server.url, meter.meter_id) as entry:
        assert of_connection(hass, entry) == {PEAK}
        assert hass.states.get(PEAK).attributes["connection_power"] is None


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_one_phase_is_shown_once(hass: HomeAssistant) -> None:
    meter = VirtualMeter(profile="1.7.1-single-phase", start=WINTER_EVENING)
    async with (
        TcpServer(meter, speed=10) as server,
        running(hass, server.url, meter.meter_id, connection={"breaker": "40"}) as entry,
    ):
        assert of_connection(hass, entry) == {*NEEDS_A_RATING, PEAK}


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_each_of_three_phases(hass: HomeAssistant, meter: VirtualMeter) -> None:
    async with (
        TcpServer(meter, speed=10) as server,
        running(hass, server.url, meter.meter_id, connection={"breaker": "40"}) as entry,
    ):
        phases = {f"{name}_l{phase}" for name in (HEADROOM, AVAILABLE) for phase in (1, 2, 3)}
        assert of_connection(hass, entry) == {*NEEDS_A_RATING, PEAK, *phases}
        assert number(hass, HEADROOM) == min(number(hass, f"{HEADROOM}_l{phase}") for phase in (1, 2, 3))


def limited(meter: VirtualMeter, kilowatts: str) -> bytes:
    """Return a telegram of a meter that limits."""
    return change_lines(meter.telegram(), lambda code, rest: f"({kilowatts}*kW)" if code == "0-0:17.0.0" else rest)


async def test_a_meter_that_limits(hass: HomeAssistant) -> None:
    """A limit counts without a breaker, and before one; the form suggests it and stores nothing."""
    meter = VirtualMeter(profile="1.7.1-single-phase", start=WINTER_EVENING)
    async with sending(limited(meter, "002.3")) as url, running(hass, url, meter.meter_id) as entry:
        assert of_connection(hass, entry) == {*NEEDS_A_RATING, PEAK}
        assert number(hass, HEADROOM) == pytest.approx(10 - number(hass, "sensor.electricity_meter_current_l1"))
        assert hass.states.get(PEAK).attributes["connection_power"] == 2.3
        form = await settings(hass, entry)
        assert suggested(form) == {"breaker": "10", "charger": "three_phases", "margin": 1}
        # What a program does not send is not stored.
        await hass.config_entries.options.async_configure(form["flow_id"], {"update_interval": 30})
        await hass.async_block_till_done()
        assert "connection" not in entry.options


async def settings(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, Any]:
    """Open the settings."""
    form = await hass.config_entries.options.async_init(entry.entry_id)
    if form["type"] is FlowResultType.MENU:
        form = await hass.config_entries.options.async_configure(form["flow_id"], {"next_step_id": "settings"})
    return form


def suggested(form: dict[str, Any]) -> dict[str, Any]:
    """Return what the frontend fills the section of the connection with: what is suggested, else its default."""
    (field,) = [
        field
        for field in probatio.to_field_list(form["data_schema"], custom_serializer=cv.custom_serializer)
        if field["name"] == "connection"
    ]
    return (field.get("description") or {}).get("suggested_value") or field["default"]


class TestOptions:
    """The main breaker, from the list or typed."""

    async def test_nothing_is_suggested_without_a_limit(self, hass: HomeAssistant, loaded: MockConfigEntry) -> None:
        form = await settings(hass, loaded)
        assert suggested(form) == {"charger": "three_phases", "margin": 1}
        # As a browser submits a form that nothing was filled in of.
        section = suggested(form)
        await hass.config_entries.options.async_configure(
            form["flow_id"], {"update_interval": 5, "connection": section}
        )
        await hass.async_block_till_done()
        assert loaded.options["connection"] == section

    @pytest.mark.parametrize(
        ("typed", "stored"),
        [("40", "40"), ("12,5", "12.5"), (" 80 A ", "80"), ("63a", "63"), (25, "25"), (16.0, "16.0"), ("", None)],
    )
    async def test_rating(
        self, hass: HomeAssistant, loaded: MockConfigEntry, typed: object, stored: str | None
    ) -> None:
        form = await settings(hass, loaded)
        chosen = {"breaker": typed, "charger": "one_phase", "margin": 2}
        result = await hass.config_entries.options.async_configure(
            form["flow_id"], {"update_interval": 5, "connection": chosen}
        )
        assert result["type"] is FlowResultType.CREATE_ENTRY
        await hass.async_block_till_done()
        assert loaded.options["connection"].get("breaker") == stored
        # They are shown again, and kept by who does not send them.
        form = await settings(hass, loaded)
        assert suggested(form) == loaded.options["connection"]
        kept = dict(loaded.options["connection"])
        await hass.config_entries.options.async_configure(form["flow_id"], {"update_interval": 6})
        await hass.async_block_till_done()
        assert loaded.options["connection"] == kept

    @pytest.mark.parametrize("typed", ["large", "0", "-40", "99999", "40 kVA", "1e2", "4 0"])
    async def test_no_rating(self, hass: HomeAssistant, loaded: MockConfigEntry, typed: str) -> None:
        form = await settings(hass, loaded)
        chosen = {"breaker": typed, "charger": "one_phase", "margin": 2}
        result = await hass.config_entries.options.async_configure(
            form["flow_id"], {"update_interval": 5, "connection": chosen}
        )
        assert result["errors"] == {"base": "breaker"}
        assert suggested(result) == chosen
        result = await hass.config_entries.options.async_configure(
            form["flow_id"], {"update_interval": 5, "connection": {**chosen, "breaker": "40"}}
        )
        assert result["type"] is FlowResultType.CREATE_ENTRY
        await hass.async_block_till_done()

    async def test_takes_effect(self, hass: HomeAssistant, loaded: MockConfigEntry) -> None:
        assert hass.states.get(HEADROOM) is None
        form = await settings(hass, loaded)
        await hass.config_entries.options.async_configure(
            form["flow_id"], {"update_interval": 5, "connection": {"breaker": "63"}}
        )
        await hass.async_block_till_done()
        assert number(hass, HEADROOM) > 0
