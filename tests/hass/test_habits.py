"""What recurs in a house and what does not, in Home Assistant: states and events from real telegrams."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.emucs.insight.anomaly import Anomaly
from custom_components.emucs.insight.quarters import IMPORT, SLOTS, Basis, Quarters, local_begin, slot_of
from custom_components.emucs.insight.recurring import Recurring
from tests.support import eventually
from virtual_meter import VirtualMeter

# A Monday, seconds before a quarter ends.
EVENING = datetime.fromisoformat("2026-01-12T17:59:45+01:00")
MIDNIGHT = datetime.fromisoformat("2026-01-12T23:59:45+01:00")
PEAK = "sensor.household_recurring_peak"
AHEAD = "event.household_recurring_peak_ahead"
UNUSUAL = "event.household_unusual_day"


@pytest.fixture
def meter(request: pytest.FixtureRequest) -> VirtualMeter:
    """Return a meter that begins at a time."""
    # Without a car, whose peaks of more than 10 kW are those that matter then.
    return VirtualMeter(profile="1.7.1", seed=7, start=getattr(request, "param", EVENING), ev=False)


def remember(
    hass_storage: dict[str, Any], entry: MockConfigEntry, now: datetime, load: Callable[[datetime], float]
) -> None:
    """Let an entry know the four weeks before: what was imported in each quarter, in kW."""
    quarters, slot = Quarters(), slot_of(now)
    quarters.end(slot - 1)
    for each in range(slot - SLOTS, slot):
        quarters.fill(each, IMPORT, load(local_begin(each)), Basis.EXPORTED)
    key = f"emucs.{entry.entry_id}.series"
    hass_storage[key] = {"version": 1, "minor_version": 2, "key": key, "data": {"profile": quarters.save()}}


def cooking(time: datetime) -> float:
    """Return a house that needs much on the evenings of eleven of twenty weekdays, from 18:15 to 19:00."""
    is_weekday = time.weekday() < 5 and time.day not in {15, 16, 17, 18, 19, 22, 23, 24, 25}
    return 3.9 if is_weekday and time.hour == 18 and time.minute >= 15 else 0.3


async def test_a_recurring_peak_is_shown_and_told_a_quarter_before(
    hass: HomeAssistant, entry: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    remember(hass_storage, entry, EVENING, cooking)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    state = hass.states.get(PEAK)
    assert state is not None
    assert state.state == "Weekdays 18:15\u201319:00, 11 of 20 days, 3.9\u00a0kW"
    peak = {"kind": "weekdays", "begin": "18:15", "end": "19:00", "power": 3.9, "days": 11, "known_days": 20}
    assert state.attributes["peaks"] == [peak]
    week = state.attributes["week"]
    assert [len(day) for day in week] == [24] * 7
    # Of four Fridays three had a peak.
    assert week[5][18] == 0.3
    assert 0.3 < week[4][18] < 3.9
    await eventually(lambda: hass.states.get(AHEAD).state != "unknown")
    ahead = hass.states.get(AHEAD)
    told = {key: ahead.attributes[key] for key in ("event_type", *peak)}
    assert told == peak | {
        "event_type": "about_to_recur",
        "begin": "2026-01-12T18:15:00+01:00",
        "end": "2026-01-12T19:00:00+01:00",
    }
    first = ahead.state
    # It is told once, also after a reload.
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    insight = entry.runtime_data.insights[Recurring]
    await eventually(lambda: insight.state is not None and insight.state.peaks)
    assert hass.states.get(AHEAD).state == first
    assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    ("language", "shown", "none"),
    [
        ("nl", "Weekdagen 18:15\u201319:00, 11 van 20 dagen, 3,9\u00a0kW", "Geen piek keert terug"),
        ("fr", "En semaine 18:15\u201319:00, 11 jours sur 20, 3,9\u00a0kW", "Aucune pointe ne revient"),
        ("de", "Werktage 18:15\u201319:00, 11 von 20 Tagen, 3,9\u00a0kW", "Keine Spitze kehrt wieder"),
        ("en-GB", "Weekdays 18:15\u201319:00, 11 of 20 days, 3.9\u00a0kW", "No peak recurs"),
    ],
)
async def test_it_is_told_in_the_language_of_the_system(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    hass_storage: dict[str, Any],
    language: str,
    shown: str,
    none: str,
) -> None:
    hass.config.language = language
    remember(hass_storage, entry, EVENING, cooking)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    [entity_id] = [
        each for each in hass.states.async_entity_ids("sensor") if "peaks" in hass.states.get(each).attributes
    ]
    assert hass.states.get(entity_id).state == shown
    assert await hass.config_entries.async_unload(entry.entry_id)
    remember(hass_storage, entry, EVENING, lambda _: 0.3)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert hass.states.get(entity_id).state == none
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_new_house_knows_nothing_of_it(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    state = hass.states.get(PEAK)
    assert state.state == "unknown"
    assert state.attributes["peaks"] == []
    assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("meter", [MIDNIGHT], indirect=True)
async def test_an_unusual_day_is_told_once_it_is_over(
    hass: HomeAssistant, entry: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    remember(
        hass_storage, entry, MIDNIGHT, lambda time: 2.0 if time.date() == MIDNIGHT.date() and time.hour < 6 else 0.3
    )
    events = async_capture_events(hass, "state_changed")
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    await eventually(lambda: hass.states.get(UNUSUAL).state != "unknown")
    attributes = hass.states.get(UNUSUAL).attributes
    assert attributes["event_type"] == "more_than_usual"
    assert attributes["date"] == "2026-01-12"
    assert attributes["differs"] == ["night"]
    assert attributes["energy"] == pytest.approx(17.4, abs=0.2)
    assert attributes["usual_low"] == attributes["usual_high"] == pytest.approx(7.2, abs=0.01)
    insight = entry.runtime_data.insights[Anomaly]
    await eventually(lambda: insight.state is not None and insight.state.unusual is None)
    told = {each.data["new_state"].state for each in events if each.data["entity_id"] == UNUSUAL}
    assert len(told - {"unknown"}) == 1
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_store_that_holds_something_else_does_not_stop_the_meter(
    hass: HomeAssistant, entry: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    key = f"emucs.{entry.entry_id}"
    hass_storage[key] = {
        "version": 1,
        "minor_version": 2,
        "key": key,
        "data": {"recurring": {"told": 7}, "anomaly": []},
    }
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert hass.states.get(PEAK).state == "unknown"
    assert await hass.config_entries.async_unload(entry.entry_id)
