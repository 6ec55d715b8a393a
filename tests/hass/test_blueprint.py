"""The blueprint that sheds and restores loads, with a meter whose household obeys it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
import shutil
from typing import Any

from homeassistant.components.persistent_notification import Notification, UpdateType, async_register_callback
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, State, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.emucs.const import DOMAIN
from tests.support import BRUSSELS, entry_data, eventually
from virtual_meter import TcpServer, VirtualMeter

PATH = "emucs/peak_shedding.yaml"
BLUEPRINT = Path(__file__).parents[2] / "blueprints" / "automation" / PATH

# A second here is a minute and a half of the meter. The times of the blueprint are those of Home Assistant.
SPEED = 90
# The first quarters of a year: no month peak above the floor of 2.5 kW stands in the way of a target.
NEW_YEAR = datetime(2026, 1, 1, 9, 0, tzinfo=BRUSSELS)
EVENING = datetime(2026, 1, 1, 21, 30, tzinfo=BRUSSELS)

EV = "input_boolean.ev_charger"
HEAT_PUMP = "input_boolean.heat_pump"
HOME = "input_boolean.home"
MEMORY = "text.capacity_tariff_off_for_the_peak"
ALARM = "binary_sensor.capacity_tariff_peak_alarm"
BUDGET = "sensor.capacity_tariff_available_power"
TARGET = "number.capacity_tariff_peak_target"
PEAK = "event.capacity_tariff_peak"
AUTOMATION = "automation.peak_shedding"

CAR = {"entity": EV, "power": 11.1}
WARMTH = {"entity": HEAT_PUMP, "power": 1.5}


def evening_meter() -> VirtualMeter:
    """Return the meter of a house in which a car waits to charge with 11 kW, and a heat pump takes 0.8 kW."""
    meter = VirtualMeter(seed=4, start=NEW_YEAR, gas=False, water=False, pv=False)
    meter.household.ev.limit_w = 0
    meter.advance(int((EVENING - NEW_YEAR).total_seconds()), step=60)
    assert meter.household.ev.plugged_in
    assert meter.household.heat_pump.power
    assert meter.truth.month_peak.value < 2.5
    return meter


class House:
    """A house whose switches are those of the car and of the heat pump, and what happened to them."""

    def __init__(self, hass: HomeAssistant, meter: VirtualMeter) -> None:
        self.hass = hass
        self.meter = meter
        self.switched: list[tuple[str, str]] = []

    @callback
    def obey(self, event: Event[EventStateChangedData]) -> None:
        entity, state = event.data["entity_id"], event.data["new_state"].state
        load = {EV: self.meter.household.ev, HEAT_PUMP: self.meter.household.heat_pump}[entity]
        load.limit_w = None if state == "on" else 0
        if event.data["old_state"] is not None:
            self.switched.append((entity, state))

    def state(self, entity: str) -> State:
        state = self.hass.states.get(entity)
        assert state is not None
        return state

    def on(self, entity: str) -> bool:
        return self.state(entity).state == "on"

    @property
    def noted(self) -> str:
        return self.state(MEMORY).state

    async def switch(self, entity: str, *, on: bool) -> None:
        action = "turn_on" if on else "turn_off"
        await self.hass.services.async_call("input_boolean", action, {"entity_id": entity}, blocking=True)

    async def note(self, text: str) -> None:
        await self.hass.services.async_call("text", "set_value", {"entity_id": MEMORY, "value": text}, blocking=True)

    async def away(self) -> None:
        """End what reads the meter, as a restart does, while the automation goes on."""
        (entry,) = self.hass.config_entries.async_entries(DOMAIN)
        assert await self.hass.config_entries.async_unload(entry.entry_id)

    async def back(self) -> None:
        (entry,) = self.hass.config_entries.async_entries(DOMAIN)
        assert await self.hass.config_entries.async_setup(entry.entry_id)

    async def aim(self, target: float) -> None:
        await self.hass.services.async_call(
            "number", "set_value", {"entity_id": TARGET, "value": target}, blocking=True
        )


type Move = Callable[..., Awaitable[House]]


@pytest.fixture
async def move_in(hass: HomeAssistant, tmp_path: Path, socket_enabled: None) -> AsyncGenerator[Move]:
    """Return what sets up a house with its meter, its target and an automation made from the blueprint."""
    async with AsyncExitStack() as stack:

        async def move_in(
            loads: list[dict[str, Any]],
            *,
            target: float = 4,
            on: tuple[str, ...] = (EV, HEAT_PUMP),
            after: int = 0,
            speed: int = SPEED,
            **inputs: Any,
        ) -> House:
            hass.config.config_dir = str(tmp_path)
            installed = tmp_path / "blueprints" / "automation" / PATH
            installed.parent.mkdir(parents=True)
            shutil.copy(BLUEPRINT, installed)

            house = House(hass, evening_meter())
            house.meter.advance(after)
            stack.callback(async_track_state_change_event(hass, [EV, HEAT_PUMP], house.obey))
            names = {EV: "Car", HEAT_PUMP: "Heat pump", HOME: "At home"}
            switches = {key.partition(".")[2]: {"name": name, "initial": key in on} for key, name in names.items()}
            for domain, config in (
                ("homeassistant", {}),
                ("persistent_notification", {}),
                ("input_boolean", switches),
                ("power", {}),
            ):
                assert await async_setup_component(hass, domain, {domain: config})
            server = await stack.enter_async_context(TcpServer(house.meter, speed=10))
            entry = MockConfigEntry(
                domain=DOMAIN,
                unique_id=house.meter.meter_id,
                data=entry_data(server.url),
                # Every 18 seconds, by the meter's clock.
                options={"update_interval": 0.2, "capacity": {"peak_target": target}},
            )
            entry.add_to_hass(hass)
            assert await hass.config_entries.async_setup(entry.entry_id)
            stack.push_async_callback(hass.config_entries.async_unload, entry.entry_id)
            await hass.async_block_till_done()

            device = dr.async_get(hass).async_get_device_by_identifier(
                (DOMAIN, f"{house.meter.meter_id}_capacity"), entry.entry_id
            )
            assert device is not None
            settings = {
                "device": device.id,
                "loads": loads,
                "minimum_off": {"milliseconds": 500},
                "minimum_on": {"seconds": 0},
                "restore_after": {"milliseconds": 300},
                "settling": {"milliseconds": 600},
            }
            automation = {"id": "1", "use_blueprint": {"path": PATH, "input": settings | inputs}}
            assert await async_setup_component(
                hass, "automation", {"automation": [{"alias": "Peak shedding"} | automation]}
            )
            assert house.on(AUTOMATION)
            stack.push_async_callback(
                hass.services.async_call,
                "automation",
                "turn_off",
                {"entity_id": AUTOMATION, "stop_actions": True},
                blocking=True,
            )
            # Not before: how long it took to set all this up is not to matter.
            server.speed = speed
            return house

        yield move_in


async def test_sheds_no_more_than_is_needed(move_in: Move) -> None:
    # The alarm has to outlast the settling time, and the settling time what a busy machine takes to show a power.
    house = await move_in([CAR, WARMTH], speed=SPEED // 4, settling={"milliseconds": 1300})
    await eventually(lambda: not house.on(EV), seconds=30)
    assert house.noted == EV
    # The alarm goes on for a while after its cause has gone.
    assert house.on(ALARM)
    await eventually(lambda: not house.on(ALARM), seconds=30)
    await asyncio.sleep(0.5)
    assert house.switched == [(EV, "off")]


async def test_sheds_in_order_and_restores_in_reverse(move_in: Move) -> None:
    house = await move_in([WARMTH, CAR])
    await eventually(lambda: len(house.switched) == 2)
    assert house.switched == [(HEAT_PUMP, "off"), (EV, "off")]
    assert house.noted == f"{HEAT_PUMP},{EV}"
    await house.aim(20)
    await eventually(lambda: house.on(HEAT_PUMP))
    assert house.switched[2:] == [(EV, "on"), (HEAT_PUMP, "on")]
    await eventually(lambda: house.noted == "")


async def test_a_small_load_does_not_wait_for_a_large_one(move_in: Move) -> None:
    house = await move_in([WARMTH, CAR], margin=0.5)
    await eventually(lambda: len(house.switched) == 2)
    # There is room for 1.5 kW, and not yet for 11.
    await eventually(lambda: house.on(HEAT_PUMP))
    assert house.switched[2:] == [(HEAT_PUMP, "on")]
    await eventually(lambda: house.noted == EV)


async def test_restores_only_what_it_shed(move_in: Move, entity_registry: er.EntityRegistry) -> None:
    house = await move_in([CAR, WARMTH], on=(EV,))
    # The unit in which a user wants to see it makes no difference.
    entity_registry.async_update_entity_options(BUDGET, "sensor", {"unit_of_measurement": "W"})
    await eventually(lambda: not house.on(EV))
    assert float(house.state(BUDGET).state) > 1000
    await house.aim(20)
    await eventually(lambda: house.on(EV) and house.noted == "")
    await asyncio.sleep(1)
    assert house.switched == [(EV, "off"), (EV, "on")]


async def test_finds_entities_by_what_they_are(move_in: Move, entity_registry: er.EntityRegistry) -> None:
    house = await move_in([CAR])
    for entity in (ALARM, BUDGET, MEMORY, "sensor.electricity_meter_power"):
        entity_registry.async_update_entity(entity, new_entity_id=f"{entity.partition('.')[0]}.mine_{len(entity)}")
    await eventually(lambda: not house.on(EV))
    assert house.state(f"text.mine_{len(MEMORY)}").state == EV


async def test_does_nothing_without_values(move_in: Move) -> None:
    house = await move_in([CAR, WARMTH], target=20, on=(), restore_after={"seconds": 2})
    await house.note(EV)
    await house.away()
    await asyncio.sleep(2.5)
    assert house.switched == []
    await house.back()
    assert house.noted == EV
    await eventually(lambda: house.switched == [(EV, "on")])


async def test_minimum_times(move_in: Move) -> None:
    house = await move_in(
        [CAR],
        on=(HEAT_PUMP,),
        minimum_on={"milliseconds": 1200},
        minimum_off={"milliseconds": 1300},
        restore_after={"milliseconds": 500},
    )
    await asyncio.sleep(0.3)
    assert not house.on(ALARM)
    await house.switch(EV, on=True)
    switched_on = house.state(EV).last_changed
    await eventually(lambda: house.on(ALARM))
    assert house.on(EV)
    await eventually(lambda: not house.on(EV))
    switched_off = house.state(EV).last_changed
    assert 1.2 <= (switched_off - switched_on).total_seconds() < 1.9
    # From now on there is room. It comes back when it has been off for long enough, and there was room for a while.
    await house.aim(20)
    await eventually(lambda: house.on(EV))
    assert 1.8 <= (house.state(EV).last_changed - switched_off).total_seconds() < 2.8


async def test_what_is_switched_on_by_hand_is_left_alone(move_in: Move) -> None:
    house = await move_in([CAR])
    await eventually(lambda: not house.on(EV))
    await asyncio.sleep(0.2)
    await house.switch(EV, on=True)
    await eventually(lambda: house.noted == f"!{EV}")
    await asyncio.sleep(1.2)
    assert house.on(ALARM)
    assert house.on(EV)
    # What is then switched off by hand stays off, room or not.
    await house.switch(EV, on=False)
    await house.aim(20)
    await eventually(lambda: house.noted == "")
    await asyncio.sleep(1.2)
    assert house.switched == [(EV, "off"), (EV, "on"), (EV, "off")]


async def test_remembers_over_a_restart(move_in: Move) -> None:
    house = await move_in([CAR, WARMTH], on=(EV,))
    await eventually(lambda: not house.on(EV))
    await house.away()
    await house.back()
    assert house.noted == EV
    await house.aim(20)
    await eventually(lambda: house.noted == "")
    assert house.switched == [(EV, "off"), (EV, "on")]


async def test_conditions_and_actions(hass: HomeAssistant, move_in: Move) -> None:
    calls = async_capture_events(hass, "told")
    house = await move_in(
        [CAR],
        conditions=[{"condition": "state", "entity_id": HOME, "state": "on"}],
        actions=[{"event": "told", "event_data": {"what": "{{ name }} {{ load }} {{ change }}"}}],
    )
    await eventually(lambda: house.on(ALARM))
    await asyncio.sleep(1)
    assert house.on(EV)
    await house.switch(HOME, on=True)
    await eventually(lambda: not house.on(EV))
    # What is off comes back, home or not.
    await house.switch(HOME, on=False)
    await house.aim(20)
    await eventually(lambda: len(calls) == 2)
    assert [call.data["what"] for call in calls] == [f"Car {EV} shed", f"Car {EV} restored"]


@pytest.fixture
def notified(hass: HomeAssistant) -> dict[str, str]:
    """Return the messages that are shown to the user, by their id."""
    messages: dict[str, str] = {}

    @callback
    def note(update: UpdateType, notifications: dict[str, Notification]) -> None:
        messages.update((key, notification["message"]) for key, notification in notifications.items())

    async_register_callback(hass, note)
    return messages


async def test_more_than_can_be_noted(hass: HomeAssistant, move_in: Move, notified: dict[str, str]) -> None:
    others = [f"switch.{letter * 113}" for letter in "ab"]
    for other in others:
        hass.states.async_set(other, "unavailable")
    house = await move_in([CAR, WARMTH])
    await house.note(full := ",".join(others))
    await eventually(lambda: f"peak_shedding_{MEMORY}" in notified)
    assert house.switched == []
    assert house.noted == full


async def test_a_load_that_never_fits(move_in: Move, notified: dict[str, str]) -> None:
    # 60 kW for the minute that an alarm takes are the 4 kW of a whole quarter.
    house = await move_in([{"entity": EV, "power": 60}], after=600, restore_after={"seconds": 0})
    await eventually(lambda: not house.on(EV))
    await eventually(lambda: f"peak_shedding_{EV}" in notified)
    assert "Car was switched off" in notified[f"peak_shedding_{EV}"]
    # At the end of the quarter there is a budget for nearly everything.
    await eventually(lambda: house.state(PEAK).attributes.get("event_type") is not None)
    assert house.switched == [(EV, "off")]


async def test_the_quarter_ends_lower_than_without(hass: HomeAssistant, move_in: Move) -> None:
    alone = evening_meter()
    alone.advance(360)
    alone.household.ev.limit_w = None
    alone.advance(539)
    uncontrolled = float(alone.truth.demand)
    quarters = []

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        attributes = event.data["new_state"].attributes
        if attributes.get("event_type") == "quarter_closed":
            quarters.append(attributes["value"])

    house = await move_in([CAR, WARMTH], after=360)
    stop = async_track_state_change_event(hass, [PEAK], note)
    await eventually(lambda: bool(quarters), seconds=30)
    stop()
    # The car used what the quarter had to give: off, and on again towards its end.
    assert house.switched == [(EV, "off"), (EV, "on")]
    assert uncontrolled > 7.5
    assert 2.5 < quarters[0] <= 4
