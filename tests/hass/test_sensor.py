"""Sensors of each kind of meter."""

from fastcrc.crc16 import arc
from homeassistant.components.sensor import DOMAIN as SENSOR
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.emucs.const import DOMAIN
from custom_components.emucs.entities import ROWS
from custom_components.emucs.port import Reader
from tests.support import WINTER_EVENING, entry_data, eventually
from virtual_meter import TcpServer, VirtualMeter

PORT = {"telegrams_per_minute", "checksum_errors", "reconnects", "dropped_bytes", "last_failure", "longest_silence"}


def keys(entity_registry: er.EntityRegistry, identifier: str) -> set[str]:
    """Return the keys of the sensors of a device."""
    return {
        entry.unique_id.removeprefix(f"{identifier}_")
        for entry in entity_registry.entities.values()
        if entry.domain == SENSOR and entry.unique_id.startswith(f"{identifier}_")
    }


async def test_keys_of_a_three_phase_meter(
    loaded: MockConfigEntry, meter: VirtualMeter, entity_registry: er.EntityRegistry
) -> None:
    phases = [
        f"{key}_{phase}"
        for phase in ("l1", "l2", "l3")
        for key in ("power", "power_import", "power_export", "voltage", "current")
    ]
    assert keys(entity_registry, meter.meter_id) == {
        *("energy_import", "energy_export", "power", "power_import", "power_export"),
        *("energy_import_tariff_1", "energy_import_tariff_2", "energy_export_tariff_1", "energy_export_tariff_2"),
        *phases,
        *("active_tariff", "demand", "month_peak", "month_peak_time", "breaker", "grid_type", "last_telegram"),
        *("demand_forecast", "demand_budget", "effective_target", "peak_average", "peak_average_forecast"),
        *("apparent_peak", "load_forecast", "energy_forecast_today", "base_load", "recurring_peak", "next_slot"),
        "meter_plausibility",
        *(f"voltage_10min_{phase}" for phase in ("l1", "l2", "l3")),
        *("voltage_quality", "overvoltage_time", "undervoltage_time"),
        *PORT,
    }
    assert keys(entity_registry, meter.gas_id) == {"gas", "flow", "valve", "reading_time"}
    assert keys(entity_registry, meter.water_id) == {"water", "flow", "reading_time"}
    off = {
        entry.unique_id.partition("_")[2]
        for entry in entity_registry.entities.values()
        if entry.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    }
    assert off == {
        *(f"power_{way}_{phase}" for way in ("import", "export") for phase in ("l1", "l2", "l3")),
        *("last_telegram", "reading_time", "neutral_suspected", "next_slot", "meter_plausibility"),
        *PORT,
    }


async def test_values_are_those_of_the_meter(hass: HomeAssistant, socket_enabled: None) -> None:
    meter = VirtualMeter(seed=7, start=WINTER_EVENING)
    meter.advance(3600)
    first, truth = meter.telegram(), meter.truth
    async with TcpServer(meter, speed=10, transform=lambda _: first) as server:
        entry = MockConfigEntry(domain=DOMAIN, unique_id=meter.meter_id, data=entry_data(server.url))
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()

        def state(name: str, device: str = "electricity_meter") -> float:
            return float(hass.states.get(f"sensor.{device}_{name}").state)

        assert state("energy_import") == pytest.approx(float(truth.import_1 + truth.import_2), abs=0.002)
        assert state("energy_export") == pytest.approx(float(truth.export_1 + truth.export_2), abs=0.002)
        assert state("power") == pytest.approx(1000 * float(truth.power_import - truth.power_export), abs=1)
        assert state("demand_this_quarter_hour", "capacity_tariff") == pytest.approx(float(truth.demand), abs=0.001)
        assert state("monthly_peak", "capacity_tariff") == pytest.approx(float(truth.month_peak.value), abs=0.001)
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_registers_that_come_later(hass: HomeAssistant, socket_enabled: None) -> None:
    # A meter whose firmware is renewed prints demand from one telegram to the next.
    old, new = (VirtualMeter(profile=profile, seed=7, start=WINTER_EVENING).telegram() for profile in ("1.6", "1.7.1"))
    now = old
    meter = VirtualMeter(seed=7, start=WINTER_EVENING)
    async with TcpServer(meter, speed=10, transform=lambda _: now) as server:
        entry = MockConfigEntry(domain=DOMAIN, unique_id=meter.meter_id, data=entry_data(server.url))
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        assert hass.states.get("sensor.capacity_tariff_monthly_peak") is None
        now = new
        await eventually(lambda: hass.states.get("sensor.capacity_tariff_monthly_peak") is not None)
        assert await hass.config_entries.async_unload(entry.entry_id)


def heat_meter(reading: bytes) -> bytes:
    """Return the lines of a heat meter on channel 3."""
    serial = b"6KAM0000000001".hex().upper().encode()
    return b"0-3:24.1.0(004)\r\n0-3:96.1.1(" + serial + b")\r\n0-3:24.2.1" + reading + b"\r\n"


async def test_heat_meter_shows_its_unit_once_it_is_read(hass: HomeAssistant, socket_enabled: None) -> None:
    meter = VirtualMeter(seed=7, start=WINTER_EVENING)
    plain = meter.telegram()
    reading = b"(632525252525W)(00000.000)"

    def with_heat(_: bytes) -> bytes:
        head = plain[: plain.index(b"!")] + heat_meter(reading) + b"!"
        return head + f"{arc(head):04X}\r\n".encode()

    async with TcpServer(meter, speed=10, transform=with_heat) as server:
        entry = MockConfigEntry(domain=DOMAIN, unique_id=meter.meter_id, data=entry_data(server.url))
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        assert hass.states.get("sensor.heat_meter_heat") is None
        reading = b"(260114180500W)(00012.345*GJ)"
        await eventually(lambda: hass.states.get("sensor.heat_meter_heat") is not None)
        state = hass.states.get("sensor.heat_meter_heat")
        assert (state.state, state.attributes["unit_of_measurement"]) == ("12.345", "GJ")
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_volume_in_another_unit(hass: HomeAssistant, socket_enabled: None) -> None:
    meter = VirtualMeter(seed=7, start=WINTER_EVENING)
    head = meter.telegram().replace(b"*m3)", b"*dm3)")
    head = head[: head.index(b"!") + 1]
    litres = head + f"{arc(head):04X}\r\n".encode()
    async with TcpServer(meter, speed=10, transform=lambda _: litres) as server:
        entry = MockConfigEntry(domain=DOMAIN, unique_id=meter.meter_id, data=entry_data(server.url))
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        printed = Reader().feed(litres)[0].channels[1].reading
        assert printed.unit == "dm3"
        assert float(hass.states.get("sensor.gas_meter_gas").state) == pytest.approx(float(printed.value) / 1000)
        assert await hass.config_entries.async_unload(entry.entry_id)


def test_keys_are_unique() -> None:
    keys = [row.key for row in ROWS]
    assert len(keys) > 50
    assert len(keys) == len(set(keys))
