"""Time bands in Home Assistant: the one that holds, the calendar, and what was imported in each."""

from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Any

from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.emucs.const import DOMAIN
from tests.hass.test_connection import running
from tests.support import BRUSSELS, eventually
from virtual_meter import TcpServer, VirtualMeter

pytestmark = pytest.mark.usefixtures("socket_enabled")

BAND = "sensor.household_time_band"
CALENDAR = "calendar.household_time_bands"
ECO = "sensor.household_energy_import_eco"
MEDIUM = "sensor.household_energy_import_medium"
PIC = "sensor.household_energy_import_pic"
IMPACT = {"bands": {"band_set": "wallonia_impact"}}
# A Wednesday, ten minutes before PIC begins.
AFTERNOON = datetime(2026, 1, 14, 16, 50, tzinfo=BRUSSELS)


@pytest.fixture
def meter() -> VirtualMeter:
    """Return a meter whose PIC begins in ten minutes."""
    return VirtualMeter(profile="1.7.1", seed=7, start=AFTERNOON)


@pytest.fixture
def clock() -> Generator[FrozenDateTimeFactory]:
    """Return the host's clock, which tests set and which goes on."""
    with freeze_time(AFTERNOON, tick=True, real_asyncio=True) as frozen:
        yield frozen


async def move(hass: HomeAssistant, clock: FrozenDateTimeFactory, time: datetime) -> None:
    """Let the host's clock show a time."""
    clock.move_to(time)
    async_fire_time_changed(hass, time)
    await hass.async_block_till_done()


async def test_without_a_set_there_are_no_bands(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert not [each for each in hass.states.async_entity_ids() if "band" in each]
    assert "calendar" not in hass.config.components, "its panel is of no use"
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_band_follows_the_clock_also_without_telegrams(
    hass: HomeAssistant, meter: VirtualMeter, clock: FrozenDateTimeFactory, fast_silence: None
) -> None:
    await move(hass, clock, AFTERNOON)
    async with TcpServer(meter) as server, running(hass, server.url, meter.meter_id, **IMPACT):
        state = hass.states.get(BAND)
        assert state.state == "eco"
        assert state.attributes["options"] == ["eco", "medium", "pic"]
        assert datetime.fromisoformat(state.attributes["next_change"]) == AFTERNOON.replace(hour=17, minute=0)
        await server.stop()
        power = "sensor.electricity_meter_power_import"
        await eventually(lambda: hass.states.get(power).state == "unavailable")
        await move(hass, clock, AFTERNOON.replace(hour=16, minute=59, second=59))
        assert hass.states.get(BAND).state == "eco"
        await move(hass, clock, AFTERNOON.replace(hour=17, minute=0))
        state = hass.states.get(BAND)
        assert state.state == "pic"
        assert datetime.fromisoformat(state.attributes["next_change"]) == AFTERNOON.replace(hour=22, minute=0)
        # And so on, each change by itself.
        for hour, band in ((22, "medium"), (25, "eco"), (31, "medium"), (35, "eco"), (41, "pic")):
            await move(hass, clock, AFTERNOON.replace(hour=0, minute=0) + timedelta(hours=hour))
            assert hass.states.get(BAND).state == band
        assert hass.states.get(power).state == "unavailable"


async def test_a_set_that_ends_is_unknown_from_then_on(
    hass: HomeAssistant, meter: VirtualMeter, clock: FrozenDateTimeFactory
) -> None:
    await move(hass, clock, datetime(2029, 12, 31, 23, 30, tzinfo=BRUSSELS))
    async with TcpServer(meter) as server, running(hass, server.url, meter.meter_id, **IMPACT):
        assert hass.states.get(BAND).state == "medium"
        await move(hass, clock, datetime(2030, 1, 1, tzinfo=BRUSSELS))
        state = hass.states.get(BAND)
        assert (state.state, state.attributes["next_change"]) == ("unknown", None)


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_energy_goes_to_the_band_in_which_it_is_imported(hass: HomeAssistant, meter: VirtualMeter) -> None:
    async with (
        TcpServer(meter, speed=100) as server,
        running(hass, server.url, meter.meter_id, **IMPACT) as entry,
    ):
        total = "sensor.electricity_meter_energy_import"
        await eventually(lambda: float(hass.states.get(PIC).state) > 0, seconds=60)
        eco = float(hass.states.get(ECO).state)
        assert eco > 0
        await eventually(lambda: float(hass.states.get(PIC).state) > 0.05, seconds=60)
        assert float(hass.states.get(ECO).state) == eco
        assert float(hass.states.get(MEDIUM).state) == 0
        attributes = hass.states.get(PIC).attributes
        assert (attributes["state_class"], attributes["unit_of_measurement"]) == ("total_increasing", "kWh")
        before = float(hass.states.get(PIC).state)
        # What was counted outlives a reload, and nothing is lost by it.
        counter = float(hass.states.get(total).state)
        assert await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
        await eventually(lambda: float(hass.states.get(PIC).state) > before)
        assert float(hass.states.get(ECO).state) == eco
        grown = float(hass.states.get(total).state) - counter
        assert float(hass.states.get(PIC).state) - before == pytest.approx(grown, abs=0.05)


async def test_energies_and_calendar_are_off_by_default(hass: HomeAssistant, meter: VirtualMeter) -> None:
    async with TcpServer(meter) as server, running(hass, server.url, meter.meter_id, **IMPACT) as entry:
        household = dr.async_get(hass).async_get_device_by_identifier(
            (DOMAIN, f"{meter.meter_id}_household"), entry.entry_id
        )
        entities = er.async_get(hass)
        for entity_id in (CALENDAR, ECO, MEDIUM, PIC, BAND):
            found = entities.async_get(entity_id)
            assert found.device_id == household.id
            assert (found.disabled_by is None) is (entity_id == BAND)
        assert entities.async_get(CALENDAR).unique_id == f"{meter.meter_id}_time_bands"


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
@pytest.mark.parametrize(("language", "name"), [("en", "Peak hours"), ("nl", "Piekuren"), ("fr", "Heures pleines")])
async def test_calendar_has_an_event_for_each_band(
    hass: HomeAssistant, meter: VirtualMeter, clock: FrozenDateTimeFactory, language: str, name: str
) -> None:
    hass.config.language = language
    await move(hass, clock, datetime(2026, 12, 24, 21, 59, tzinfo=BRUSSELS))
    async with (
        TcpServer(meter) as server,
        running(hass, server.url, meter.meter_id, bands={"band_set": "brussels"}),
    ):
        [calendar] = hass.states.async_entity_ids("calendar")
        state = hass.states.get(calendar)
        assert (state.state, state.attributes["message"]) == ("on", name)
        begins = []
        for start, end in (((24, 8), (24, 9)), ((24, 8), (30, 8))):
            answer = await hass.services.async_call(
                "calendar",
                "get_events",
                {
                    "entity_id": calendar,
                    "start_date_time": datetime(2026, 12, *start, tzinfo=BRUSSELS),
                    "end_date_time": datetime(2026, 12, *end, tzinfo=BRUSSELS),
                },
                blocking=True,
                return_response=True,
            )
            begins.append([datetime.fromisoformat(each["start"]) for each in answer[calendar]["events"]])
        # Christmas is a Friday: the cheaper hours go on until Monday.
        hours = ((24, 7), (24, 22), (28, 7), (28, 22), (29, 7), (29, 22), (30, 7))
        assert begins[0] == [datetime(2026, 12, 24, 7, tzinfo=BRUSSELS)]
        assert begins[1] == [datetime(2026, 12, *each, tzinfo=BRUSSELS) for each in hours]
        # Home Assistant itself goes on to the next one.
        await move(hass, clock, datetime(2026, 12, 24, 22, 0, 1, tzinfo=BRUSSELS))
        state = hass.states.get(calendar)
        assert state.attributes["message"] != name
        monday = dt_util.as_local(datetime(2026, 12, 28, 7, tzinfo=BRUSSELS))
        assert state.attributes["end_time"] == f"{monday:%Y-%m-%d %H:%M:%S}"


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_calendar_answers_for_a_century_with_its_beginning(hass: HomeAssistant, meter: VirtualMeter) -> None:
    async with TcpServer(meter) as server, running(hass, server.url, meter.meter_id, **IMPACT):
        answer = await hass.services.async_call(
            "calendar",
            "get_events",
            {
                "entity_id": CALENDAR,
                "start_date_time": datetime(2026, 12, 1, tzinfo=UTC),
                "end_date_time": datetime(2126, 12, 1, tzinfo=UTC),
            },
            blocking=True,
            return_response=True,
        )
        assert 400 < len(answer[CALENDAR]["events"]) < 500


async def test_the_forecast_comes_with_the_bands_of_today_and_tomorrow(
    hass: HomeAssistant, meter: VirtualMeter, clock: FrozenDateTimeFactory
) -> None:
    async with TcpServer(meter) as server, running(hass, server.url, meter.meter_id, **IMPACT) as entry:
        answer = await hass.services.async_call(
            DOMAIN, "get_forecast", {"config_entry_id": entry.entry_id}, blocking=True, return_response=True
        )
        bands = answer["bands"]
        midnight = AFTERNOON.replace(hour=0, minute=0)
        first, last = datetime.fromisoformat(bands[0]["begin"]), datetime.fromisoformat(bands[-1]["end"])
        assert first <= midnight
        assert last >= midnight + timedelta(days=2)
        assert [each["end"] for each in bands[:-1]] == [each["begin"] for each in bands[1:]]
        pic = [each for each in bands if each["band"] == "pic"]
        assert {"begin": "2026-01-14T17:00:00+01:00", "end": "2026-01-14T22:00:00+01:00", "band": "pic"} in pic
        assert {each["band"] for each in bands} == {"eco", "medium", "pic"}


async def submitted(hass: HomeAssistant, entry: MockConfigEntry, **options: Any) -> dict[str, Any]:
    """Submit the settings; return the fields of the form with what they suggest of bands."""
    result = await hass.config_entries.options.async_init(entry.entry_id)
    if result["type"] is FlowResultType.MENU:
        result = await hass.config_entries.options.async_configure(result["flow_id"], {"next_step_id": "settings"})
    marker = next(each for each in result["data_schema"].schema if each == "bands")
    suggested = (marker.description or {}).get("suggested_value", {})
    result = await hass.config_entries.options.async_configure(result["flow_id"], options)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    return suggested


async def test_a_set_is_chosen_and_left_by_the_options(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    assert await submitted(hass, loaded, capacity={"area": "wallonia"}) == {}
    assert hass.states.get(BAND) is None
    usual = await submitted(hass, loaded, capacity={"area": "brussels"})
    assert usual == {"band_set": "wallonia_bihourly"}
    assert hass.states.get(BAND) is None, "a suggestion that is not submitted is not taken"
    assert await submitted(hass, loaded, bands={"band_set": "wallonia_impact"}) == {"band_set": "brussels"}
    assert set(hass.states.get(BAND).attributes["options"]) == {"eco", "medium", "pic"}
    await submitted(hass, loaded, bands={"band_set": "flanders"})
    assert hass.states.get(BAND).attributes["options"] == ["day", "night"]
    assert loaded.options["bands"] == {"band_set": "flanders"}
    await submitted(hass, loaded, bands={})
    assert hass.states.get(BAND).state == "unavailable"
    assert hass.states.get(BAND).attributes["restored"]
