"""The blueprint that starts a machine when it fits, with a real meter and a forecast of it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
import shutil
from typing import Any
from unittest.mock import patch

from homeassistant.core import Event, HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_fire_time_changed,
)

from tests.hass.history_database import recorder_db_url
from tests.hass.test_household import LOAD, auto_enable_custom_integrations, meter, running, write_past
from tests.support import eventually

__all__ = ["auto_enable_custom_integrations", "meter", "recorder_db_url"]

PATH = "emucs/quiet_start.yaml"
BLUEPRINT = Path(__file__).parents[2] / "blueprints" / "automation" / PATH
AUTOMATION = "automation.dishes"
MACHINE = "input_boolean.dishwasher"
type Plan = Callable[..., Awaitable[list[Event[dict[str, Any]]]]]


@pytest.fixture
async def plan(hass: HomeAssistant, entry: MockConfigEntry, tmp_path: Path) -> AsyncGenerator[Plan]:
    """Return what sets the automation up, lets it plan, and returns what it tells."""

    async def plan(**inputs: Any) -> list[Event[dict[str, Any]]]:
        hass.config.config_dir = str(tmp_path)
        installed = tmp_path / "blueprints" / "automation" / PATH
        installed.parent.mkdir(parents=True)
        shutil.copy(BLUEPRINT, installed)
        told: list[Event[dict[str, Any]]] = async_capture_events(hass, "planned")
        settings = {
            "meter": entry.entry_id,
            "machine": MACHINE,
            "actions": [{"event": "planned", "event_data": {"start": "{{ start }}", "refusal": "{{ found.refusal }}"}}],
        }
        automation = {"alias": "Dishes", "use_blueprint": {"path": PATH, "input": settings | inputs}}
        for domain, config in (
            ("homeassistant", {}),
            ("input_boolean", {"dishwasher": {}}),
            ("automation", [automation]),
        ):
            assert await async_setup_component(hass, domain, {domain: config})
        await hass.async_block_till_done()
        await hass.services.async_call("automation", "trigger", {"entity_id": AUTOMATION, "skip_condition": False})
        return told

    yield plan
    if hass.services.has_service("automation", "turn_off"):
        await hass.services.async_call(
            "automation", "turn_off", {"entity_id": AUTOMATION, "stop_actions": True}, blocking=True
        )


def is_on(hass: HomeAssistant) -> bool:
    """Tell whether the machine runs."""
    state = hass.states.get(MACHINE)
    assert state is not None
    return state.state == "on"


async def test_starts_at_the_time_that_was_found(hass: HomeAssistant, entry: MockConfigEntry, plan: Plan) -> None:
    async with running(hass, entry):
        pass
    await write_past(hass)
    async with running(hass, entry):
        await eventually(lambda: hass.states.get(LOAD).state != "unknown")
        in_a_day = (dt_util.now() - timedelta(minutes=1)).strftime("%H:%M:%S")
        # It would plan anew at the end of that.
        told = await plan(planned_at=in_a_day, done_by=in_a_day)
        await eventually(lambda: len(told) == 1)
        start = datetime.fromisoformat(told[0].data["start"])
        assert told[0].data["refusal"] in (None, "None")
        assert dt_util.utcnow() < start < dt_util.utcnow() + timedelta(days=1)
        # The quarter-hour with export at noon, if the day has one left.
        assert 9 <= start.astimezone().hour <= 12
        with patch("homeassistant.util.dt.now", return_value=dt_util.as_local(start - timedelta(minutes=1))):
            async_fire_time_changed(hass, start - timedelta(minutes=1))
            await asyncio.sleep(0.2)
        assert not is_on(hass)
        with patch("homeassistant.util.dt.now", return_value=dt_util.as_local(start)):
            async_fire_time_changed(hass, start)
            await eventually(lambda: is_on(hass))


async def test_starts_as_late_as_it_can_while_nothing_is_known(
    hass: HomeAssistant, entry: MockConfigEntry, plan: Plan
) -> None:
    async with running(hass, entry):
        end = dt_util.now().replace(microsecond=0) + timedelta(hours=5)
        told = await plan(done_by=end.strftime("%H:%M:%S"))
        await eventually(lambda: len(told) == 1)
        assert told[0].data["refusal"] == "no_forecast"
        assert datetime.fromisoformat(told[0].data["start"]) == end - timedelta(hours=2)
        assert not is_on(hass)


async def test_does_nothing_if_it_is_not_to(hass: HomeAssistant, entry: MockConfigEntry, plan: Plan) -> None:
    async with running(hass, entry):
        told = await plan(anyway=False)
        await eventually(lambda: hass.states.get(AUTOMATION).attributes["current"] == 0)
        await hass.async_block_till_done()
        assert told == []
        assert not is_on(hass)


async def test_plans_only_under_its_conditions(hass: HomeAssistant, entry: MockConfigEntry, plan: Plan) -> None:
    hass.states.async_set("binary_sensor.door", "on")
    async with running(hass, entry):
        closed = {"condition": "state", "entity_id": "binary_sensor.door", "state": "off"}
        told = await plan(conditions=[closed])
        await hass.async_block_till_done()
        assert told == []
        hass.states.async_set("binary_sensor.door", "off")
        await hass.services.async_call("automation", "trigger", {"entity_id": AUTOMATION, "skip_condition": False})
        await eventually(lambda: len(told) == 1)
