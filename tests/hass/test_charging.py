"""The recipes of docs/charging.md: they are valid, and safe without values.

What evcc does with its part was read in its source of 8 August 2026 (github.com/evcc-io/evcc, commit b29b49e30):
`core/circuit/circuit.go` takes `getMaxPower` beside `maxPower`, falls back to the latter where the former fails, takes
0 as no limit, and compares with the power of the meter of the circuit; a value of `plugin/mqtt.go` fails once it is
older than `timeout`. docs.evcc.io describes it under load management.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
import re
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.mqtt import MQTT_PUBLISH_SCHEMA
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    async_mock_service,
)
import yaml

PAGE = (Path(__file__).parents[2] / "docs" / "charging.md").read_text()
BLOCKS: list[dict[str, Any]] = [
    yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
]
RECIPES = {block["alias"]: block for block in BLOCKS if "alias" in block}
CHARGER, EVCC, BATTERY, BOILER = RECIPES
CURRENT = "sensor.grid_connection_available_current"
POWER = "sensor.capacity_tariff_available_power"
TARGET = "sensor.capacity_tariff_effective_target"
NOON = datetime(2026, 6, 1, 10, tzinfo=UTC)


@asynccontextmanager
async def automating(hass: HomeAssistant, alias: str) -> AsyncGenerator[None]:
    """Run a recipe."""
    assert await async_setup_component(hass, "automation", {"automation": [RECIPES[alias]]})
    await hass.async_block_till_done()
    [state] = hass.states.async_all("automation")
    assert state.state == "on"
    yield
    await hass.services.async_call("automation", "turn_off", {"entity_id": state.entity_id}, blocking=True)


@pytest.fixture
def passes(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> Callable[[int], Any]:
    """Return what lets so many seconds pass, ten by ten."""
    freezer.move_to(NOON)

    async def passing(seconds: int) -> None:
        for _ in range(seconds // 10):
            freezer.tick(timedelta(seconds=10))
            async_fire_time_changed(hass)
            await hass.async_block_till_done()

    return passing


async def test_their_entities_are_those_of_a_meter_with_a_known_breaker(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(entry, options={**entry.options, "connection": {"breaker": "25"}})
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    ours = {entity.entity_id for entity in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)}
    used = set(re.findall(r"\bsensor\.(?:grid_connection|capacity_tariff)_\w+", PAGE))
    assert used == {CURRENT, f"{CURRENT}_l1", POWER, TARGET}
    assert used <= ours
    # As the recipes reckon with them.
    units = {
        entity_id: hass.states.get(entity_id).attributes["unit_of_measurement"]
        for entity_id in used - {f"{CURRENT}_l1"}
    }
    assert units == {CURRENT: "A", POWER: "kW", TARGET: "kW"}
    await hass.config_entries.async_unload(entry.entry_id)
    assert hass.states.get(CURRENT).state == "unavailable"


class Charger:
    """A charger in Home Assistant: a number, a switch, and a sensor of what the car takes."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Install it, switched off at 10 A."""
        self._hass = hass
        self.said: list[str] = []
        for domain, service in (("number", "set_value"), ("switch", "turn_on"), ("switch", "turn_off")):
            hass.services.async_register(domain, service, self._act)
        hass.states.async_set("number.charger_current", "10")
        hass.states.async_set("switch.charger", "off")
        self.takes(0)

    async def _act(self, call: ServiceCall) -> None:
        entities = call.data["entity_id"]
        assert entities in (["number.charger_current"], ["switch.charger"], "number.charger_current", "switch.charger")
        if call.service == "set_value":
            self.said.append(f"{call.data['value']} A")
            self._hass.states.async_set("number.charger_current", str(float(call.data["value"])))
        else:
            self.said.append(call.service)
            self._hass.states.async_set("switch.charger", call.service.removeprefix("turn_"))

    def takes(self, amperes: float) -> None:
        """Let the car take a current."""
        self._hass.states.async_set("sensor.charger_current", str(amperes))

    def told(self) -> list[str]:
        """Return what it was told since this was asked last."""
        said, self.said = self.said, []
        return said


def available(hass: HomeAssistant, amperes: float | str) -> None:
    hass.states.async_set(CURRENT, str(amperes), {"unit_of_measurement": "A"})


async def test_a_charger_follows(hass: HomeAssistant, passes: Callable[[int], Any]) -> None:
    charger = Charger(hass)
    available(hass, 8.7)
    async with automating(hass, CHARGER):
        await passes(300)
        assert charger.told() == []  # nobody knows how long it has been off
        await passes(10)
        assert charger.told() == ["8 A", "turn_on"]
        charger.takes(8)
        available(hass, 3.2)
        await passes(20)
        assert charger.told() == []  # until the car has followed
        await passes(10)
        assert charger.told() == ["11 A", "turn_on"]
        # The oven: at once, though the charger has not yet said that the car takes more.
        available(hass, -4.5)
        charger.takes(11)
        await passes(10)
        assert charger.told() == ["6 A", "turn_on"]
        available(hass, -0.2)
        charger.takes(6)
        await passes(10)
        assert charger.told() == ["turn_off"]
        charger.takes(0)
        available(hass, 30)
        await passes(300)
        assert charger.told() == []
        await passes(10)
        assert charger.told() == ["16 A", "turn_on"]


@pytest.mark.parametrize("dead", ["unavailable", "unknown"])
async def test_a_charger_without_values_goes_on_with_six_amperes(
    hass: HomeAssistant, passes: Callable[[int], Any], dead: str
) -> None:
    charger = Charger(hass)
    available(hass, 20)
    async with automating(hass, CHARGER):
        await passes(310)
        assert charger.told() == ["16 A", "turn_on"]
        charger.takes(16)
        available(hass, dead)
        await passes(10)
        assert charger.told() == ["6 A", "turn_on"]
        charger.takes(6)
        await passes(600)
        assert charger.told() == []
        hass.states.async_remove(CURRENT)
        await passes(60)
        assert charger.told() == []


async def test_a_charger_without_values_may_be_switched_off_instead(
    hass: HomeAssistant, passes: Callable[[int], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RECIPES[CHARGER]["variables"], "fallback", 0)
    charger = Charger(hass)
    available(hass, 20)
    async with automating(hass, CHARGER):
        await passes(310)
        available(hass, "unavailable")
        charger.told()
        await passes(10)
        assert charger.told() == ["turn_off"]


async def test_a_car_that_takes_less_than_it_may_does_not_keep_the_right_to_more(
    hass: HomeAssistant, passes: Callable[[int], Any]
) -> None:
    charger = Charger(hass)
    available(hass, 20)
    async with automating(hass, CHARGER):
        await passes(310)
        charger.takes(8)
        available(hass, 3)
        charger.told()
        await passes(30)
        assert charger.told() == ["11 A", "turn_on"]


async def test_evcc_is_told_what_the_house_may_draw(hass: HomeAssistant, passes: Callable[[int], Any]) -> None:
    published = async_mock_service(hass, "mqtt", "publish", MQTT_PUBLISH_SCHEMA)
    async with automating(hass, EVCC):
        for power, target in (("3.2", "4.0"), ("17.25", "4.0"), ("0.0", "4.0"), ("-2.5", "4.0")):
            hass.states.async_set(POWER, power)
            hass.states.async_set(TARGET, target)
            await passes(10)
        # Never 0, which evcc takes as no limit.
        assert [call.data["payload"] for call in published] == ["3200", "4000", "1", "1"]
        assert {call.data["topic"] for call in published} == {"emucs/max_power"}
        hass.states.async_set(POWER, "unavailable")
        await passes(60)
        hass.states.async_set(POWER, "3.2")
        hass.states.async_set(TARGET, "unknown")
        await passes(60)
        assert len(published) == 4


def test_evcc_listens_to_it_and_falls_back() -> None:
    [evcc] = [block for block in BLOCKS if "circuits" in block]
    [circuit] = evcc["circuits"]
    topic = RECIPES[EVCC]["actions"][0]["data"]["topic"]
    assert circuit["getMaxPower"] == {"source": "mqtt", "topic": topic, "timeout": "30s"}
    # Above 0, as that would be no limit, and too little for a car on three phases.
    assert 0 < circuit["maxPower"] < 6 * 230 * 3
    assert circuit["meter"] == "grid"
    assert {loadpoint["circuit"] for loadpoint in evcc["loadpoints"]} == {circuit["name"]}


async def test_a_battery_charges_within_the_quarter(hass: HomeAssistant, passes: Callable[[int], Any]) -> None:
    told = async_mock_service(hass, "number", "set_value")
    hass.states.async_set("number.battery_grid_setpoint", "0")
    async with automating(hass, BATTERY):
        for wanted, power in (
            ("2000", "3.5"),
            ("2000", "1.234"),
            ("2000", "-0.8"),
            ("0", "3.5"),
            ("2000", "unavailable"),
            ("-500", "unavailable"),
            ("unknown", "3.5"),
        ):
            hass.states.async_set("input_number.battery_grid_setpoint", wanted)
            hass.states.async_set(POWER, power)
            # What it was told last is what it has.
            if told:
                hass.states.async_set("number.battery_grid_setpoint", told[-1].data["value"])
            await passes(10)
    assert [call.data["value"] for call in told] == [2000, 1230, -800, 0, -500, 0]


async def test_a_boiler_waits_for_room(hass: HomeAssistant, passes: Callable[[int], Any]) -> None:
    told = [async_mock_service(hass, "switch", service) for service in ("turn_on", "turn_off")]

    def counts() -> list[int]:
        return [len(calls) for calls in told]

    available(hass, 5)
    async with automating(hass, BOILER):
        available(hass, 12)
        await passes(50)
        assert counts() == [0, 0]
        await passes(10)
        assert counts() == [1, 0]
        available(hass, 2)
        await passes(60)
        assert counts() == [1, 0]
        available(hass, -0.1)
        await passes(10)
        assert counts() == [1, 1]
        available(hass, 3)
        available(hass, "unavailable")
        await passes(10)
        assert counts() == [1, 2]
    assert {tuple(call.data["entity_id"]) for calls in told for call in calls} == {("switch.boiler",)}
