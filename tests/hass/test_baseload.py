"""The base load of the night in Home Assistant, with a real house that lives faster."""

from datetime import datetime
from typing import override

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.emucs.const import DOMAIN
from tests.hass.fast import FastServer
from tests.support import BRUSSELS, entry_data, eventually
from virtual_meter import VirtualMeter
from virtual_meter.loads import Load

BASE = "sensor.household_base_load"
ALARM = "binary_sensor.household_base_load_alarm"
NOON = datetime(2026, 6, 3, 12, 0, tzinfo=BRUSSELS)
DAY = 86_400


class Forgotten(Load):
    """Something that was left on."""

    @override
    def run(self, t: int, seconds: int) -> None:
        self.power = 250_000


@pytest.mark.usefixtures("socket_enabled")
async def test_a_load_that_was_left_on(hass: HomeAssistant, device_registry: dr.DeviceRegistry) -> None:
    meter = VirtualMeter(
        "1.7.1-single-phase", 7, NOON, ev=False, pv=False, heat_pump=False, gas=False, water=False, history_months=0
    )
    async with FastServer(meter) as server:
        entry = MockConfigEntry(domain=DOMAIN, unique_id=meter.meter_id, data=entry_data(server.url))
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        assert hass.states.get(BASE).state == hass.states.get(ALARM).state == "unknown"
        assert hass.states.get(BASE).attributes["known_nights"] == 0
        device = device_registry.async_get_device_by_identifier((DOMAIN, f"{meter.meter_id}_household"), entry.entry_id)
        assert device is not None

        await server.live(DAY, step=900, pace=60)
        await eventually(lambda: hass.states.get(BASE).attributes["known_nights"] == 1)
        before = int(hass.states.get(BASE).state)
        assert 50 < before < 300
        assert hass.states.get(BASE).attributes["unit_of_measurement"] == "W"
        await server.live(17 * DAY, step=900, pace=60)
        await eventually(lambda: hass.states.get(BASE).attributes["known_nights"] == 18)
        assert hass.states.get(ALARM).state == "off"
        attributes = hass.states.get(BASE).attributes
        assert attributes["quiet"] is True
        assert attributes["usual"] == pytest.approx(before, abs=60)

        meter.household.connect(Forgotten(0))
        await server.live(3 * DAY, step=900, pace=60)
        await eventually(lambda: hass.states.get(ALARM).state == "on")
        attributes = hass.states.get(BASE).attributes
        assert attributes["trend"] == pytest.approx(250, abs=60)
        assert int(hass.states.get(BASE).state) > attributes["alarm_above"]
        assert await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
        assert hass.states.get(ALARM).state == "on"
        assert await hass.config_entries.async_unload(entry.entry_id)
