"""The automations of the README are valid, and do what they are for."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
import re
from typing import Any

from homeassistant.components.persistent_notification import Notification, UpdateType, async_register_callback
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    async_mock_service,
)
import yaml

README = (Path(__file__).parents[2] / "README.md").read_text()
AUTOMATIONS: dict[str, dict[str, Any]] = {
    found["alias"]: found
    for block in re.findall(r"^```yaml\n(alias:.*?)^```$", README, re.MULTILINE | re.DOTALL)
    for found in [yaml.safe_load(block)]
}
POWER = "sensor.electricity_meter_power"
ALARM = "binary_sensor.capacity_tariff_peak_alarm"
KILOWATTS = {"unit_of_measurement": "kW"}


@asynccontextmanager
async def automating(hass: HomeAssistant, alias: str) -> AsyncGenerator[None]:
    """Run an automation of the README."""
    assert await async_setup_component(hass, "automation", {"automation": [AUTOMATIONS[alias]]})
    await hass.async_block_till_done()
    [state] = hass.states.async_all("automation")
    assert state.state == "on"
    yield
    await hass.services.async_call("automation", "turn_off", {"entity_id": state.entity_id}, blocking=True)


@pytest.mark.usefixtures("loaded")
async def test_their_entities_are_those_of_a_meter(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    entities = er.async_entries_for_config_entry(er.async_get(hass), loaded.entry_id)
    used = set(re.findall(r"\b(?:binary_sensor|sensor|number|event)\.\w+", README))
    assert len(AUTOMATIONS) == 2
    assert {ALARM, POWER} <= used
    assert used <= {entity.entity_id for entity in entities}


async def test_a_new_peak_is_told_of(hass: HomeAssistant) -> None:
    told: list[str] = []

    def take(update: UpdateType, notifications: dict[str, Notification]) -> None:
        told.extend(each["message"] for each in notifications.values() if update is UpdateType.ADDED)

    assert await async_setup_component(hass, "persistent_notification", {})
    async_register_callback(hass, take)
    hass.states.async_set(ALARM, "off")
    hass.states.async_set("sensor.capacity_tariff_demand_forecast", "5.123", KILOWATTS)
    hass.states.async_set("sensor.capacity_tariff_available_power", "2.1", KILOWATTS)
    hass.states.async_set(POWER, "7400", {"unit_of_measurement": "W"})
    async with automating(hass, "Warn of a new peak"):
        hass.states.async_set(ALARM, "on")
        await hass.async_block_till_done()
    [message] = told
    assert message == (
        "This quarter-hour will end at 5.123 kW. To stay within the target, draw no more than 2.1 kW; the house draws "
        "7400 W now."
    )


async def test_solar_power_that_lasts_heats_water(hass: HomeAssistant) -> None:
    switched = async_mock_service(hass, "switch", "turn_on")
    hass.states.async_set(POWER, "300")
    async with automating(hass, "Heat water with solar power"):
        hass.states.async_set(POWER, "-2100")
        await hass.async_block_till_done()
        async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=4))
        await hass.async_block_till_done()
        assert switched == []
        async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=6))
        await hass.async_block_till_done()
    assert [call.data["entity_id"] for call in switched] == [["switch.boiler"]]
