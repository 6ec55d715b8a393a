"""What the house will import, in Home Assistant: entities, the action, and what is learned from a real recorder."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.models import StatisticMeanType
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done

from custom_components.emucs.const import DOMAIN
from custom_components.emucs.insight.forecast import Forecast
from custom_components.emucs.insight.profile import Profile
from custom_components.emucs.insight.quarters import (
    EXPORT,
    IMPORT,
    QUARTERS_A_DAY,
    SLOTS,
    local_begin,
    slot_of,
    slots_of_day,
)
from tests.hass.history_database import recorder_db_url
from tests.support import eventually
from virtual_meter import VirtualMeter

__all__ = ["recorder_db_url"]

LOAD = "sensor.household_power_import_forecast"
TODAY = "sensor.household_energy_import_forecast_today"
COUNTERS = {IMPORT: "sensor.electricity_meter_energy_import", EXPORT: "sensor.electricity_meter_energy_export"}


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(recorder_mock: None, enable_custom_integrations: None) -> None:
    """Start the recorder before anything else."""


@pytest.fixture
def meter() -> VirtualMeter:
    """Return a meter that begins now, as statistics do not know the clock of another one."""
    return VirtualMeter(profile="1.7.1", seed=7, start=datetime.now(UTC).astimezone().replace(microsecond=0))


@asynccontextmanager
async def running(hass: HomeAssistant, entry: MockConfigEntry) -> AsyncGenerator[MockConfigEntry]:
    """Let an entry run."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    yield entry
    assert await hass.config_entries.async_unload(entry.entry_id)


def usual(hour: datetime, random: Random) -> tuple[float, float]:
    """Return what the house imports and exports in an hour, in kWh."""
    time = hour.astimezone()
    return 0.3 + random.random() / 5 + (time.hour == 19) * 1.5, (time.hour == 12) * (1 + random.random())


async def write_past(hass: HomeAssistant, *, days: int = 29, left_out: frozenset[int] = frozenset()) -> datetime:
    """Write hourly statistics up to the last full hour, but some of the hours before; return that hour."""
    random, sums = Random(2), [1000.0, 500.0]  # noqa: S311 -- an invented house
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    rows: dict[int, list[dict[str, Any]]] = {IMPORT: [], EXPORT: []}
    for back in range(days * 24, 0, -1):
        hour = end - timedelta(hours=back)
        for flow, energy in enumerate(usual(hour, random)):
            sums[flow] += energy
            if back not in left_out:
                rows[flow].append({"start": hour, "state": sums[flow], "sum": sums[flow]})
    for flow, statistic in COUNTERS.items():
        metadata = {
            "has_sum": True,
            "mean_type": StatisticMeanType.NONE,
            "name": None,
            "source": "recorder",
            "statistic_id": statistic,
            "unit_class": "energy",
            "unit_of_measurement": "kWh",
        }
        async_import_statistics(hass, metadata, rows[flow])
    await async_wait_recording_done(hass)
    return end


def known(entry: MockConfigEntry, flow: int = IMPORT) -> int:
    """Return how many quarters are known."""
    return entry.runtime_data.insights[Profile].quarters.known(flow)


async def test_a_new_house_has_no_forecast_and_says_so(
    hass: HomeAssistant, entry: MockConfigEntry, meter: VirtualMeter, device_registry: dr.DeviceRegistry
) -> None:
    async with running(hass, entry):
        for entity_id in (LOAD, TODAY):
            assert hass.states.get(entity_id).state == "unknown"
        attributes = hass.states.get(LOAD).attributes
        assert attributes["forecast"] == []
        assert attributes["mean_error"] is None
        assert attributes["compared_days"] == 0
        device = device_registry.async_get_device_by_identifier((DOMAIN, f"{meter.meter_id}_household"), entry.entry_id)
        assert (device.name, device.entry_type) == ("Household", dr.DeviceEntryType.SERVICE)


async def test_a_house_with_statistics_has_one_on_the_first_day(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    # The entities have to be there before, with the statistics of their past.
    async with running(hass, entry):
        pass
    end = await write_past(hass)
    async with running(hass, entry):
        await eventually(lambda: hass.states.get(LOAD).state != "unknown")
        quarters = entry.runtime_data.insights[Profile].quarters
        last = slot_of(end) - 1
        assert known(entry) > SLOTS - 8
        assert known(entry, EXPORT) > SLOTS - 8
        # Each hour of the evening is four equal quarters.
        evening = next(slot for slot in range(last, last - 200, -1) if local_begin(slot).astimezone().hour == 19)
        hour = [quarters.mean(IMPORT, evening // 4 * 4 + quarter) for quarter in range(4)]
        assert len(set(hour)) == 1
        assert 1.8 <= (hour[0] or 0) <= 2
        assert quarters.is_hourly(IMPORT, evening)
        state = hass.states.get(LOAD)
        assert 0.3 <= float(state.state) <= 2
        assert len(state.attributes["forecast"]) == QUARTERS_A_DAY
        assert state.attributes["mean_error"] < state.attributes["mean_error_of_yesterday"]
        assert state.attributes["estimated"]
        # Thirteen days of UTC, and what there is of the running one.
        assert 13 <= state.attributes["compared_days"] <= 14
        assert 8 < float(hass.states.get(TODAY).state) < 12
        answer = await hass.services.async_call(
            DOMAIN, "get_forecast", {"config_entry_id": entry.entry_id}, blocking=True, return_response=True
        )
        assert len(answer["slots"]) == QUARTERS_A_DAY
        assert answer["slots"][0].keys() == {"begin", "import", "export", "room"}
        assert answer["slots"][0]["import"].keys() == {"mean", "low", "high"}
        # Today's quarters go on into the forecast, each of them as it is kept.
        today = [slot_of(datetime.fromisoformat(each["begin"])) for each in answer["today"]]
        # The first quarter of a day ends as the day has begun.
        closed = quarters.last or 0
        assert today == [slot for slot in slots_of_day(closed + 1) if slot <= closed]
        assert [(each["import"], each["export"]) for each in answer["today"]] == [
            (quarters.mean(IMPORT, slot), quarters.mean(EXPORT, slot)) for slot in today
        ]
        assert answer["bands"] == []
        at_noon = [
            each["export"]["mean"]
            for each in answer["slots"]
            if datetime.fromisoformat(each["begin"]).astimezone().hour == 12
        ]
        assert all(1 < mean < 2 for mean in at_noon)
        assert answer["score"]["export"]["compared_days"] >= 13
    # What was learned outlives a restart, and is not asked for again.
    async with running(hass, entry):
        assert hass.states.get(LOAD).state != "unknown"


async def test_an_hour_after_a_gap_is_not_taken(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    async with running(hass, entry):
        pass
    end = await write_past(hass, left_out=frozenset(range(30, 36)))
    async with running(hass, entry):
        await eventually(lambda: known(entry) > SLOTS - 40)
        quarters, last = entry.runtime_data.insights[Profile].quarters, slot_of(end)
        # Six hours are missing, and the one after them has the energy of all seven.
        unknown = [back for back in range(4, 48) if quarters.mean(IMPORT, last - back * 4) is None]
        assert unknown == list(range(29, 36))


async def test_a_house_with_a_short_past(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    async with running(hass, entry):
        pass
    await write_past(hass, days=3)
    async with running(hass, entry):
        await eventually(lambda: known(entry) > 200)
        assert hass.states.get(LOAD).state == "unknown"


async def test_slots_are_not_recorded(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    async with running(hass, entry):
        pass
    await write_past(hass)
    async with running(hass, entry):
        await eventually(lambda: hass.states.get(LOAD).state != "unknown")
        await async_wait_recording_done(hass)

        def shared() -> list[str]:
            from homeassistant.components.recorder.db_schema import StateAttributes  # noqa: PLC0415
            from homeassistant.helpers.recorder import session_scope  # noqa: PLC0415

            with session_scope(hass=hass, read_only=True) as session:
                return [row.shared_attrs for row in session.query(StateAttributes.shared_attrs)]

        texts = await get_instance(hass).async_add_executor_job(shared)
        assert [text for text in texts if "mean_error" in text]
        assert hass.states.get("sensor.household_recurring_peak").attributes["week"]
        assert not [text for text in texts if any(f'"{name}"' in text for name in ("forecast", "peaks", "week"))]


async def test_the_series_is_small(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    async with running(hass, entry):
        pass
    await write_past(hass)
    async with running(hass, entry):
        await eventually(lambda: hass.states.get(LOAD).state != "unknown")
        insights = entry.runtime_data.insights
        series = {kind.name: insights[kind].save_series() for kind in (Profile, Forecast)}
        assert len(str(series)) < 50_000
