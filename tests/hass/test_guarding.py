"""Impossible readings do not reach a state, a statistic or a peak."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
import logging
from typing import Any

from homeassistant.const import EVENT_STATE_CHANGED, STATE_UNAVAILABLE
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.emucs.const import DOMAIN
from custom_components.emucs.insight.capacity import Capacity
from custom_components.emucs.updates import RELOAD_AT_MOST_EVERY
from tests.hass.rewrite import Wire, rewrite, running, with_value, without
from tests.support import BRUSSELS, WINTER_EVENING, eventually
from virtual_meter import VirtualMeter

IMPORT = "sensor.electricity_meter_energy_import"
TARIFF_1 = "sensor.electricity_meter_energy_import_tariff_1"
POWER = "sensor.electricity_meter_power"
FORECAST = "sensor.capacity_tariff_demand_forecast"
GAS = "sensor.gas_meter_gas"
WATER = "sensor.water_meter_water"
FLOW = "sensor.gas_meter_flow"


def states(hass: HomeAssistant, *entity_ids: str) -> list[tuple[str, str]]:
    """Return a list that collects the states of some entities, or of all."""
    seen: list[tuple[str, str]] = []

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        """Note a state."""
        entity_id, state = event.data["entity_id"], event.data["new_state"]
        if state is not None and (entity_id in entity_ids or not entity_ids):
            seen.append((entity_id, state.state))

    hass.bus.async_listen(EVENT_STATE_CHANGED, note)
    return seen


def number(hass: HomeAssistant, entity_id: str) -> float:
    return float(hass.states.get(entity_id).state)


@pytest.mark.parametrize("value", ["(999999.999*kWh)", "(000000.000*kWh)"])
async def test_one_false_telegram_reaches_no_state(
    hass: HomeAssistant, meter: VirtualMeter, socket_enabled: None, value: str
) -> None:
    wire = Wire()
    async with running(hass, meter, wire) as entry:
        seen = states(hass, IMPORT, TARIFF_1, FORECAST)
        before = number(hass, IMPORT)
        # Every second one, so that some are the ones that would be shown.
        wire.change = lambda telegram: with_value(telegram, r"1-0:[12]\.8\.\d", value) if wire.sent % 2 else telegram
        await asyncio.sleep(6)
        wire.change = None
        await eventually(lambda: number(hass, IMPORT) > before)
        assert entry.runtime_data.insights.withheld >= 3
    values = [float(state) for entity_id, state in seen if entity_id == IMPORT and state != STATE_UNAVAILABLE]
    assert values == sorted(values)
    assert values[-1] - before < 1
    assert max(float(state) for entity_id, state in seen if entity_id == FORECAST and state != STATE_UNAVAILABLE) < 50


async def test_a_counter_that_was_set_is_shown_and_makes_no_peak(hass: HomeAssistant, socket_enabled: None) -> None:
    # A meter that prints no demand: its quarters follow from the counters.
    meter = VirtualMeter(profile="1.6", seed=7, start=WINTER_EVENING)
    wire = Wire()
    async with running(hass, meter, wire) as entry:
        wire.change = lambda telegram: with_value(telegram, r"1-0:1\.8\.1", "(900000.000*kWh)")
        await eventually(lambda: number(hass, TARIFF_1) == 900000)
        await asyncio.sleep(1)
        assert number(hass, FORECAST) < 50
        assert number(hass, IMPORT) > 900000
        assert not entry.runtime_data.data.guarded.withheld


async def test_a_restart_forgets_no_reading(
    hass: HomeAssistant, meter: VirtualMeter, hass_storage: dict[str, Any], socket_enabled: None
) -> None:
    wire = Wire()
    async with running(hass, meter, wire) as entry:
        before = number(hass, IMPORT)
        wire.change = lambda telegram: with_value(telegram, r"1-0:1\.8\.\d", f"({wire.sent:06}.000*kWh)")
        seen = states(hass, IMPORT)
        assert await hass.config_entries.async_reload(entry.entry_id)
        # What was good before the restart stands in for what the first telegram says.
        shown = [float(state) for _, state in seen if state not in (STATE_UNAVAILABLE, "unknown")]
        assert shown[0] == pytest.approx(before, abs=0.2)
        key = f"emucs.{entry.entry_id}"
        wire.change = None
        assert await hass.config_entries.async_unload(entry.entry_id)
        assert hass_storage[key]["data"]["guard"]["meter"] == meter.meter_id
        assert await hass.config_entries.async_remove(entry.entry_id)
        assert key not in hass_storage


async def test_broken_readings_start_anew(
    hass: HomeAssistant, entry: MockConfigEntry, hass_storage: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    damaged = {"guard": {"meters": {"x": [7]}, "media": 3}}
    hass_storage[f"emucs.{entry.entry_id}"] = {"version": 1, "minor_version": 2, "data": damaged}
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert "starting anew" in caplog.text
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_gas_that_reads_zero_for_a_while(hass: HomeAssistant, meter: VirtualMeter, socket_enabled: None) -> None:
    wire = Wire()
    async with running(hass, meter, wire, speed=60) as entry:
        seen = states(hass, GAS, FLOW)
        before = number(hass, GAS)
        # One reading, which some thirty telegrams repeat.
        captured = meter.time + timedelta(minutes=1)
        stamp = captured.astimezone(BRUSSELS).strftime("%y%m%d%H%M%SW")
        await wire.once(lambda telegram: with_value(telegram, r"0-1:24\.2\.\d", f"({stamp})(00000.000*m3)"), 30)
        assert entry.runtime_data.insights.withheld >= 30
        mbus = entry.runtime_data.insights.mbus
        await eventually(lambda: mbus[meter.gas_id].channel.reading.time > captured, seconds=30)
        await hass.async_block_till_done()
        assert number(hass, GAS) >= before
    readings = [float(state) for entity_id, state in seen if entity_id == GAS and state != STATE_UNAVAILABLE]
    assert all(reading >= before for reading in readings)
    flows = [state for entity_id, state in seen if entity_id == FLOW and state not in (STATE_UNAVAILABLE, "unknown")]
    assert all(float(flow) < 20 for flow in flows)


@pytest.mark.usefixtures("socket_enabled")
class TestAMeterWithoutAnIdentifier:
    """A gas meter that prints its identifier only later."""

    @staticmethod
    def nameless(telegram: bytes) -> bytes:
        return rewrite(telegram, lambda line: b"0-1:96.1.1()" if line.startswith(b"0-1:96.1.1(") else line)

    @staticmethod
    def assert_history_is_kept(
        hass: HomeAssistant, entry: MockConfigEntry, meter: VirtualMeter, gas: er.RegistryEntry
    ) -> None:
        """Check that entity and device are the same as before, under the new identifier."""
        entities, devices = er.async_get(hass), dr.async_get(hass)
        assert entities.async_get_entity_id("sensor", DOMAIN, f"{meter.gas_id}_gas") == GAS
        assert entities.async_get(GAS).id == gas.id
        device = devices.async_get_device_by_identifier((DOMAIN, meter.gas_id), entry.entry_id)
        assert device.id == gas.device_id
        assert device.serial_number == meter.gas_id
        assert devices.async_get_device_by_identifier((DOMAIN, f"{meter.meter_id}_ch1"), entry.entry_id) is None
        assert hass.states.get("sensor.gas_meter_gas_2") is None

    async def test_keeps_its_history(
        self, hass: HomeAssistant, meter: VirtualMeter, caplog: pytest.LogCaptureFixture
    ) -> None:
        wire = Wire()
        wire.change = self.nameless
        async with running(hass, meter, wire) as entry:
            gas = er.async_get(hass).async_get(GAS)
            assert gas.unique_id == f"{meter.meter_id}_ch1_gas"
            before = number(hass, GAS)
            wire.change = None
            await eventually(lambda: er.async_get(hass).async_get(GAS).unique_id == f"{meter.gas_id}_gas")
            await hass.async_block_till_done()
            await eventually(lambda: hass.states.get(GAS).state not in (STATE_UNAVAILABLE, "unknown"))
            assert number(hass, GAS) >= before
            self.assert_history_is_kept(hass, entry, meter, gas)
        assert "does not generate unique IDs" not in caplog.text

    async def test_makes_entities_anew_every_ten_minutes_at_most(
        self, hass: HomeAssistant, meter: VirtualMeter, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        entities, wire, clock, skipped = er.async_get(hass), Wire(), hass.loop.time, 0.0
        monkeypatch.setattr(hass.loop, "time", lambda: clock() + skipped)

        def nameless(*begins: bytes) -> Callable[[bytes], bytes]:
            """Return what takes the identifiers of M-Bus meters out of telegrams."""
            return lambda telegram: rewrite(
                telegram, lambda line: line[: line.index(b"(")] + b"()" if line.startswith(begins) else line
            )

        def is_renamed(entity_id: str, identifier: str | None) -> bool:
            """Tell whether an entity goes by the identifier of its meter."""
            return entities.async_get(entity_id).unique_id.startswith(str(identifier))

        def is_shown(entity_id: str) -> bool:
            """Tell whether an entity has a value."""
            state = hass.states.get(entity_id)
            return state is not None and state.state not in (STATE_UNAVAILABLE, "unknown")

        wire.change = nameless(b"0-1:96.1.1(", b"0-2:96.1.1(")
        async with running(hass, meter, wire) as entry:
            before = entry.runtime_data
            wire.change = nameless(b"0-2:96.1.1(")
            await eventually(lambda: entry.runtime_data is not before and is_shown(GAS))
            assert is_renamed(GAS, meter.gas_id)
            assert not is_renamed(WATER, meter.water_id)
            before = entry.runtime_data
            wire.change = None
            await eventually(lambda: is_renamed(WATER, meter.water_id))
            for skipped in (0.0, 300.0, RELOAD_AT_MOST_EVERY - 60):  # noqa: B007 -- the loop's clock goes by it
                await asyncio.sleep(0.5)
                assert entry.runtime_data is before
            skipped = RELOAD_AT_MOST_EVERY + 60
            await eventually(lambda: entry.runtime_data is not before and is_shown(WATER))
            assert is_renamed(WATER, meter.water_id)

    async def test_also_where_it_does_so_while_home_assistant_is_down(
        self, hass: HomeAssistant, meter: VirtualMeter
    ) -> None:
        wire = Wire()
        wire.change = self.nameless
        async with running(hass, meter, wire) as entry:
            gas = er.async_get(hass).async_get(GAS)
            assert await hass.config_entries.async_unload(entry.entry_id)
            wire.change = None
            assert await hass.config_entries.async_setup(entry.entry_id)
            self.assert_history_is_kept(hass, entry, meter, gas)


@pytest.mark.parametrize(
    "time",
    [
        pytest.param(lambda now: datetime(2000, 1, 1, 0, now.minute, now.second, tzinfo=BRUSSELS), id="year 2000"),
        pytest.param(lambda now: now + timedelta(days=60), id="a jump over months"),
    ],
)
async def test_a_wrong_clock_makes_no_month(
    hass: HomeAssistant, socket_enabled: None, time: Callable[[datetime], datetime]
) -> None:
    # It was right before: a clock that goes by a time of its own is one of a simulation.
    meter = VirtualMeter(seed=7, start=datetime.now(BRUSSELS))
    wire = Wire()
    seen = states(hass)

    def misdated(telegram: bytes) -> bytes:
        stamp = time(meter.time.astimezone(BRUSSELS)).strftime("%y%m%d%H%M%S")
        return with_value(telegram, r"0-0:1\.0\.0", f"({stamp}W)")

    async with running(hass, meter, wire) as entry:
        ledger = entry.runtime_data.insights[Capacity].ledger
        months, month = set(ledger.peaks), ledger.month
        seen.clear()
        wire.change = misdated
        await eventually(lambda: hass.states.get(FORECAST).state == "unknown")
        assert hass.states.get("binary_sensor.capacity_tariff_peak_alarm").state == "unknown"
        assert hass.states.get("number.capacity_tariff_peak_target").state not in (STATE_UNAVAILABLE, "unknown")
        # Everything else goes on.
        await eventually(lambda: sum(entity_id == POWER for entity_id, _ in seen) >= 2)
        assert hass.states.get("binary_sensor.electricity_meter_connection").state == "on"
        assert (set(ledger.peaks), ledger.month) == (months, month)
        assert not [state for entity_id, state in seen if entity_id == "event.capacity_tariff_peak"]
        wire.change = None
        await eventually(lambda: hass.states.get(FORECAST).state != "unknown")
        assert (set(ledger.peaks), ledger.month) == (months, month)


async def test_a_clock_that_is_wrong_from_the_start(
    hass: HomeAssistant, meter: VirtualMeter, socket_enabled: None
) -> None:
    wire = Wire()
    wire.change = lambda telegram: with_value(telegram, r"0-0:1\.0\.0", "(000101000000W)")
    async with running(hass, meter, wire, capacity={"area": "west"}) as entry:
        assert hass.states.get(FORECAST).state == "unknown"
        assert float(hass.states.get(POWER).state) > 0
        assert not entry.runtime_data.insights[Capacity].ledger.peaks
        wire.change = None
        await eventually(lambda: hass.states.get(FORECAST).state not in ("unknown", STATE_UNAVAILABLE))
        # What could not be known before is there, without a reload.
        await eventually(lambda: hass.states.get("sensor.capacity_tariff_cost_per_year") is not None)


async def test_logs_do_not_say_whose_meter_it_is(
    hass: HomeAssistant, meter: VirtualMeter, socket_enabled: None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "custom_components.emucs")
    other = VirtualMeter(seed=8, start=WINTER_EVENING)
    wire = Wire()
    async with running(hass, meter, wire):
        await wire.once(lambda telegram: with_value(telegram, r"1-0:1\.8\.\d", "(999999.000*kWh)"))
        await wire.once(lambda telegram: with_value(telegram, r"0-1:24\.2\.\d", "(260114180900W)(00000.000*m3)"))
        await wire.once(lambda telegram: without(telegram, r"0-2:"))
        await wire.once(lambda _: other.telegram(), 5)
        wire.change = lambda telegram: with_value(telegram, r"1-0:1\.8\.1", "(900001.000*kWh)")
        await eventually(lambda: number(hass, TARIFF_1) == 900001)
    own = [record.getMessage() for record in caplog.records if record.name.startswith("custom_components.emucs")]
    assert any("a counter was set" in line for line in own)
    assert any("Not believed" in line for line in own)
    secrets = {meter.meter_id, meter.gas_id, meter.water_id, other.meter_id}
    assert not [line for line in own if any(secret in line for secret in secrets)]
