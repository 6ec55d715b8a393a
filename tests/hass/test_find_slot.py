"""When a machine fits, in Home Assistant: the action, and the next start of a dishwasher."""

from datetime import datetime, timedelta
from typing import Any

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.emucs.const import DOMAIN
from tests.hass.history_database import recorder_db_url
from tests.hass.test_household import LOAD, auto_enable_custom_integrations, meter, running, write_past
from tests.support import eventually

__all__ = ["auto_enable_custom_integrations", "meter", "recorder_db_url"]

NEXT = "sensor.household_next_start_for_a_dishwasher"
PRICE = "sensor.price"
DISHES = {"energy": 1, "power": 1.5, "duration": {"hours": 2}}


async def find(
    hass: HomeAssistant, entry: MockConfigEntry, context: Context | None = None, **fields: Any
) -> dict[str, Any]:
    """Ask when a machine fits."""
    data = {"config_entry_id": entry.entry_id, **fields}
    answer = await hass.services.async_call(
        DOMAIN, "find_slot", data, blocking=True, return_response=True, context=context
    )
    assert isinstance(answer, dict)
    return answer


async def know(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Give a house four weeks in which it cooks at seven in the evening, and exports at noon."""
    async with running(hass, entry):
        pass
    await write_past(hass)


async def test_a_new_house_says_that_it_knows_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, entity_registry_enabled_by_default: None
) -> None:
    async with running(hass, entry):
        answer = await find(hass, entry, **DISHES)
        assert answer == {
            "start": None,
            "end": None,
            "reason": None,
            "refusal": "no_forecast",
            "nearest": None,
            "alternatives": [],
        }
        assert hass.states.get(NEXT).state == "unknown"
        assert hass.states.get(NEXT).attributes["room"] is None


async def test_a_house_that_is_known(
    hass: HomeAssistant, entry: MockConfigEntry, entity_registry_enabled_by_default: None
) -> None:
    await know(hass, entry)
    async with running(hass, entry):
        await eventually(lambda: hass.states.get(LOAD).state != "unknown")
        answer = await find(hass, entry, **DISHES)
        start, end = (datetime.fromisoformat(answer[name]) for name in ("start", "end"))
        assert (answer["refusal"], answer["reason"]) == (None, "export")
        # At noon there is export for it.
        assert 10 <= start.astimezone().hour <= 12
        assert end - start == timedelta(hours=2)
        assert start.minute % 15 == 0
        assert answer["room"] >= 1.5
        assert 0.4 < answer["from_export"] <= 1
        assert answer["price"] is answer["cost"] is None
        assert 1 <= len(answer["alternatives"]) <= 3
        assert all(each["room"] >= 1.5 for each in answer["alternatives"])
        # The telegram after the one that taught the forecast.
        await eventually(lambda: hass.states.get(NEXT).state != "unknown")
        state = hass.states.get(NEXT)
        assert datetime.fromisoformat(state.state) > dt_util.utcnow() - timedelta(minutes=15)
        assert state.attributes["room"] >= state.attributes["machine_power"] == 2
        assert state.attributes["machine_energy"] == 1
        assert state.attributes["machine_hours"] == 2
        await no_start_is_found_where_nothing_fits(hass, entry)
        await prices_decide(hass, entry)
        slots = await hass.services.async_call(
            DOMAIN, "get_forecast", {"config_entry_id": entry.entry_id}, blocking=True, return_response=True
        )
        rooms = {datetime.fromisoformat(each["begin"]).astimezone().hour: each["room"] for each in slots["slots"]}
        # The month has a peak of its own, so that more than the target fits.
        assert 1.2 < rooms[4] - rooms[19] < 1.9
        assert 0.8 < rooms[12] - rooms[4] < 1.5


async def no_start_is_found_where_nothing_fits(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    answer = await find(hass, entry, power=40, duration="01:00:00")
    assert (answer["start"], answer["refusal"]) == (None, "no_room")
    assert answer["nearest"]["room"] < 40
    begin = dt_util.utcnow() + timedelta(days=2)
    answer = await find(
        hass, entry, energy=1, duration=3600, earliest_start=begin, latest_end=begin + timedelta(days=1)
    )
    assert (answer["refusal"], answer["nearest"]) == ("no_time", None)


async def prices_decide(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    hour = dt_util.utcnow().replace(minute=0, second=0, microsecond=0)
    cheap = hour + timedelta(hours=9)
    rows = [
        {"start": (begin := hour + timedelta(hours=ahead)).isoformat(), "value": -0.2 if begin == cheap else 0.3}
        for ahead in range(26)
    ]
    hass.states.async_set(PRICE, "0.3", {"raw_today": rows, "unit_of_measurement": "EUR/kWh"})
    answer = await find(hass, entry, power=0.2, duration={"hours": 1}, price_entity=PRICE)
    assert datetime.fromisoformat(answer["start"]) == cheap
    assert answer["price"] == -0.2
    assert answer["cost"] <= 0


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"duration": 3600}, "energy or the power"),
        ({"duration": 3600, "power": 1, "energy": 1.2}, "this much energy"),
        ({"duration": 7200, "power": 1, "latest_end": "2020-01-01 00:00:00"}, "longer than the time"),
        ({"duration": 3600, "power": 1, "price_entity": "sensor.missing"}, r"sensor\.missing"),
    ],
)
async def test_what_makes_no_sense(
    hass: HomeAssistant, entry: MockConfigEntry, fields: dict[str, Any], message: str
) -> None:
    async with running(hass, entry):
        with pytest.raises(ServiceValidationError, match=message):
            await find(hass, entry, **fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"power": 1},
        {"power": 0, "duration": 3600},
        {"power": 1e9, "duration": 3600},
        {"power": float("nan"), "duration": 3600},
        {"energy": -1, "duration": 3600},
        {"power": 1, "duration": 0},
        {"power": 1, "duration": {"hours": 25}},
        {"power": 1, "duration": 3600, "latest_end": "soon"},
        {"power": 1, "duration": 3600, "latest_end": "9999-12-31 23:59:59"},
        {"power": 1, "duration": 3600, "earliest_start": "0001-01-01 00:00:00"},
        {"power": 1, "duration": 3600, "price_entity": "price"},
    ],
)
async def test_fields_have_bounds(hass: HomeAssistant, entry: MockConfigEntry, fields: dict[str, Any]) -> None:
    async with running(hass, entry):
        with pytest.raises(probatio.Invalid):
            await find(hass, entry, **fields)


async def test_prices_need_the_right_to_read_them(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    async with running(hass, entry):
        user = MockUser().add_to_hass(hass)
        meters = {state.entity_id: True for state in hass.states.async_all() if state.entity_id != PRICE}
        registered = {
            entity.entity_id: True for entity in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        }
        user.mock_policy({"entities": {"entity_ids": meters | registered}})
        context = Context(user_id=user.id)
        assert (await find(hass, entry, context, **DISHES))["refusal"] == "no_forecast"
        with pytest.raises(Unauthorized):
            await find(hass, entry, context, **DISHES, price_entity=PRICE)
