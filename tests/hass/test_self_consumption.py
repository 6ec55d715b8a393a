"""Self-consumption and self-sufficiency, beside what the energy dashboard shows of the same real recorder."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, Final

from homeassistant.components.energy.data import EnergyManager, async_get_manager
from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.const import (
    EVENT_RECORDER_5MIN_STATISTICS_GENERATED,
    EVENT_RECORDER_HOURLY_STATISTICS_GENERATED,
)
from homeassistant.components.recorder.models import StatisticMeanType
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.emucs.const import DOMAIN
from custom_components.emucs.insight.prosumer import Prosumer, WalloonOperator, prosumer_of
from custom_components.emucs.insight.sun import SelfConsumption
from custom_components.emucs.self_consumption import Calendar, EnergyReader
from tests.frontend_energy import Gauges, View, gauges, needs_frontend
from tests.hass.history_database import recorder_db_url
from tests.support import eventually
from virtual_meter import VirtualMeter

__all__ = ["recorder_db_url"]

CONSUMPTION = "sensor.household_self_consumption"
SUFFICIENCY = "sensor.household_self_sufficiency"
IMPORT, EXPORT = "sensor.electricity_meter_energy_import", "sensor.electricity_meter_energy_export"
EAST, WEST = "sensor.inverter_east_energy", "sensor.inverter_west_energy"
CHARGE, DISCHARGE = "sensor.battery_charge", "sensor.battery_discharge"
GRID: Final = {"type": "grid", "stat_energy_from": IMPORT, "stat_energy_to": EXPORT}
SOLAR: Final = [{"type": "solar", "stat_energy_from": each} for each in (EAST, WEST)]
BATTERY: Final = {"type": "battery", "stat_energy_from": DISCHARGE, "stat_energy_to": CHARGE}
HOUR = timedelta(hours=1)
# A house whose days reach back to other months; the recorder takes its time for each row.
DAYS = 40

type Energies = Mapping[str, Callable[[datetime], float | None]]
"""What each statistic counts in an hour in kWh, by its begin; None where its meter is silent."""


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(recorder_mock: None, enable_custom_integrations: None) -> None:
    """Start the recorder before anything else."""


@pytest.fixture
def meter() -> VirtualMeter:
    """Return a meter that begins now, as statistics do not know the clock of another one."""
    return VirtualMeter(profile="1.7.1", seed=7, start=datetime.now(UTC).astimezone().replace(microsecond=0))


@pytest.fixture
async def manager(hass: HomeAssistant) -> EnergyManager:
    """Return the keeper of the energy preferences, where it is noon in Belgium's time zone."""
    await hass.config.async_update(time_zone="Europe/Brussels")
    await noon(hass)
    assert await async_setup_component(hass, "energy", {})
    return await async_get_manager(hass)


@pytest.fixture
async def loaded(
    hass: HomeAssistant, manager: EnergyManager, entry: MockConfigEntry
) -> AsyncGenerator[MockConfigEntry]:
    """Return the entry, set up after the energy dashboard."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    yield entry
    if entry.state.recoverable:
        assert await hass.config_entries.async_unload(entry.entry_id)


async def noon(hass: HomeAssistant, *, away: float = 0) -> None:
    """Move to where the sun is highest by now, or so many hours east of it."""
    time = datetime.now(UTC)
    longitude = (12 + away - time.hour - time.minute / 60) * 15
    await hass.config.async_update(latitude=0.0, longitude=(longitude + 180) % 360 - 180)


def last_hour() -> datetime:
    """Return when the last complete hour began."""
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - HOUR


async def write(
    hass: HomeAssistant, energies: Energies, *, begin: datetime, end: datetime | None = None, step: timedelta = HOUR
) -> None:
    """Write statistics of hours until the last complete one or another; inverters count in Wh."""
    end = last_hour() if end is None else end
    for statistic, energy in energies.items():
        scale = 1000 if statistic in (EAST, WEST) else 1
        rows, total, hour = [], 0.0, begin
        while hour <= end:
            if (counted := energy(hour)) is not None:
                total += counted * scale
                rows.append({"start": hour, "state": total, "sum": total})
            hour += step
        metadata = {
            "has_sum": True,
            "mean_type": StatisticMeanType.NONE,
            "name": None,
            "source": "recorder",
            "statistic_id": statistic,
            "unit_class": "energy",
            "unit_of_measurement": "kWh" if scale == 1 else "Wh",
        }
        async_import_statistics(hass, metadata, rows)
    await async_wait_recording_done(hass)


def energies(seed: int = 1) -> dict[str, Callable[[datetime], float | None]]:
    """Return an invented house: sun from 8 to 18, use and a battery all day; nothing agrees."""
    random = Random(seed)  # noqa: S311 -- invented

    def sun(time: datetime) -> float:
        return random.random() * 3 if 8 <= time.astimezone(dt_util.DEFAULT_TIME_ZONE).hour < 18 else 0.0

    return {
        IMPORT: lambda _: random.random(),
        EXPORT: lambda time: max(sun(time) - 0.5, 0.0),
        EAST: sun,
        # Silent at night, as many inverters are.
        WEST: lambda time: sun(time) or (None if time != last_hour() else 0.0),
        CHARGE: lambda _: random.random() * random.randrange(2),
        DISCHARGE: lambda _: random.random() * random.randrange(2),
    }


async def shown(
    hass_ws_client: WebSocketGenerator, hass: HomeAssistant, sources: Sequence[Mapping[str, Any]], calendar: Calendar
) -> list[Gauges]:
    """Return what the dashboard shows of a day, its month and its year: asked as it asks, by its own arithmetic."""
    client = await hass_ws_client(hass)
    views = []
    following_month = (calendar.month + timedelta(days=32)).replace(day=1)
    for period, begin, end in (
        ("hour", calendar.day, calendar.end),
        ("day", calendar.month, following_month),
        ("month", calendar.year, calendar.year.replace(year=calendar.year.year + 1)),
    ):
        await client.send_json_auto_id(
            {
                "type": "recorder/statistics_during_period",
                "start_time": dt_util.start_of_local_day(begin).isoformat(),
                "end_time": (dt_util.start_of_local_day(end) - timedelta(milliseconds=1)).isoformat(),
                "statistic_ids": [IMPORT, EXPORT, EAST, WEST, CHARGE, DISCHARGE],
                "period": period,
                "units": {"energy": "kWh"},
                "types": ["change"],
            }
        )
        answer = await client.receive_json()
        assert answer["success"]
        rows = {
            statistic: {row["start"] / 1000: row["change"] for row in found}
            for statistic, found in answer["result"].items()
        }
        views.append(View(sources, rows))
    return gauges(views)


def value(state: State | None) -> float | None:
    """Return the number of a state."""
    assert state is not None
    return None if state.state == "unknown" else float(state.state)


def rounded(number: float | None) -> float | None:
    """Return a share as it is shown."""
    return None if number is None else round(number, 2)


@needs_frontend
@pytest.mark.parametrize("sources", [[GRID, *SOLAR], [BATTERY, *SOLAR, GRID], [GRID, SOLAR[0]]])
async def test_shows_what_the_dashboard_shows(
    hass: HomeAssistant,
    manager: EnergyManager,
    loaded: MockConfigEntry,
    meter: VirtualMeter,
    device_registry: dr.DeviceRegistry,
    hass_ws_client: WebSocketGenerator,
    sources: list[dict[str, Any]],
) -> None:
    await write(hass, energies(), begin=last_hour() - timedelta(days=DAYS))
    assert hass.states.get(CONSUMPTION) is None
    await manager.async_update({"energy_sources": sources})
    await eventually(lambda: hass.states.get(CONSUMPTION) is not None and hass.states.get(SUFFICIENCY) is not None)

    day, month, year = await shown(hass_ws_client, hass, sources, Calendar.now())
    for index, entity_id in enumerate((CONSUMPTION, SUFFICIENCY)):
        state = hass.states.get(entity_id)
        assert state is not None
        assert value(state) == rounded(day[index])
        assert state.attributes["month"] == rounded(month[index])
        assert state.attributes["year"] == rounded(year[index])
        assert state.attributes["waiting_for"] == []
        assert state.attributes["month"] is not None
    device = device_registry.async_get_device_by_identifier((DOMAIN, f"{meter.meter_id}_household"), loaded.entry_id)
    assert device is not None
    assert er.async_get(hass).async_get(CONSUMPTION).device_id == device.id


@needs_frontend
@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25), date(2026, 11, 1), date(2026, 1, 1)])
async def test_days_on_which_clocks_change_and_months_begin_are_as_the_dashboard_has_them(
    hass: HomeAssistant, manager: EnergyManager, hass_ws_client: WebSocketGenerator, day: date
) -> None:
    calendar = Calendar(day)
    begin, end = (dt_util.start_of_local_day(each) for each in (day, calendar.end))
    await write(hass, energies(), begin=dt_util.as_utc(begin) - timedelta(days=9), end=dt_util.as_utc(end) - HOUR)
    sources = [GRID, BATTERY, *SOLAR]
    statistics = frozenset({IMPORT, EXPORT, EAST, WEST, CHARGE, DISCHARGE})
    reader = EnergyReader(hass)
    read = await get_instance(hass).async_add_executor_job(reader.read, calendar, statistics)
    hours, months = (
        {
            statistic: {start: each for start, each in rows.items() if start >= first.timestamp()}
            for statistic, rows in energy.items()
        }
        for energy, first in ((read.hours, begin), (read.months, dt_util.start_of_local_day(calendar.year)))
    )
    own = gauges([View(sources, each) for each in (hours, read.days, months)])
    assert own == await shown(hass_ws_client, hass, sources, calendar)
    assert None not in own[0]
    assert len(hours[EAST]) == {date(2026, 3, 29): 23, date(2026, 10, 25): 25}.get(day, 24)


async def test_months_that_are_over_are_read_once_a_day(hass: HomeAssistant, manager: EnergyManager) -> None:
    day = date(2026, 3, 10)
    begin, end = dt_util.start_of_local_day(date(2026, 2, 1)), dt_util.start_of_local_day(date(2026, 3, 12))
    reader, of_day = EnergyReader(hass), timedelta(days=1)

    async def months(calendar: Calendar) -> list[float]:
        """Return the energy of the months in kWh."""
        read = await get_instance(hass).async_add_executor_job(reader.read, calendar, frozenset({IMPORT}))
        return list(read.months[IMPORT].values())

    await write(hass, {IMPORT: lambda _: 1.0}, begin=begin, end=end, step=of_day)
    assert await months(Calendar(day)) == [28, 12]
    await write(hass, {IMPORT: lambda _: 2.0}, begin=begin, end=end, step=of_day)
    assert await months(Calendar(day)) == [28, 24]
    assert await months(Calendar(day + of_day)) == [56, 24]


async def follow(hass: HomeAssistant, manager: EnergyManager, sources: Sequence[Mapping[str, Any]]) -> None:
    """Let the energy dashboard have sources, and wait until the shares have been worked out."""
    await manager.async_update({"energy_sources": sources})
    await eventually(lambda: hass.states.get(CONSUMPTION) is not None)


async def hour_over(hass: HomeAssistant, *, minutes: int = 60) -> None:
    """Tell that statistics were made, as the recorder does each five minutes and each hour, and wait for the rest."""
    hass.bus.async_fire(EVENT_RECORDER_5MIN_STATISTICS_GENERATED)
    if minutes == 60:
        hass.bus.async_fire(EVENT_RECORDER_HOURLY_STATISTICS_GENERATED)
    await hass.async_block_till_done(wait_background_tasks=False)
    await async_wait_recording_done(hass)
    await hass.async_block_till_done()


def until(end: datetime, energy: float = 1.0) -> Callable[[datetime], float | None]:
    """Return a meter that counts the same each hour, and has said nothing since one."""
    return lambda hour: energy if hour <= end else None


async def test_a_late_inverter_makes_them_unknown_until_it_has_reported(
    hass: HomeAssistant, manager: EnergyManager, loaded: MockConfigEntry
) -> None:
    end, begin = last_hour(), last_hour() - timedelta(days=2)
    house = {IMPORT: until(end), EXPORT: until(end), EAST: until(end, 3), WEST: until(end - 3 * HOUR, 3)}
    await write(hass, house, begin=begin)
    await follow(hass, manager, [GRID, *SOLAR])
    for entity_id in (CONSUMPTION, SUFFICIENCY):
        state = hass.states.get(entity_id)
        assert state.state == "unknown"
        assert (state.attributes["month"], state.attributes["year"]) == (None, None)
        assert state.attributes["waiting_for"] == [WEST]
    # It is looked for again each five minutes.
    await write(hass, {WEST: until(end, 3)}, begin=begin)
    await hour_over(hass, minutes=5)
    await eventually(lambda: hass.states.get(CONSUMPTION).state != "unknown")
    assert value(hass.states.get(CONSUMPTION)) == rounded(5 / 6 * 100)
    assert hass.states.get(CONSUMPTION).attributes["waiting_for"] == []


async def test_an_inverter_that_is_an_hour_late_leaves_what_is_known(
    hass: HomeAssistant, manager: EnergyManager, loaded: MockConfigEntry
) -> None:
    end, begin = last_hour() - HOUR, last_hour() - timedelta(days=2)
    house = {IMPORT: until(end), EXPORT: until(end), EAST: until(end, 3)}
    await write(hass, house, begin=begin)
    await follow(hass, manager, [GRID, SOLAR[0]])
    before = hass.states.get(SUFFICIENCY).state
    assert before != "unknown"
    await write(hass, {IMPORT: until(last_hour(), 1), EXPORT: until(last_hour())}, begin=begin)
    await hour_over(hass)
    assert hass.states.get(SUFFICIENCY).state == before
    await write(hass, {EAST: until(last_hour(), 3)}, begin=begin)
    await hour_over(hass, minutes=5)
    await eventually(lambda: loaded.runtime_data.insights[SelfConsumption].state.hour == last_hour().timestamp())


async def test_an_inverter_that_is_off_at_night_is_not_late(
    hass: HomeAssistant, manager: EnergyManager, loaded: MockConfigEntry
) -> None:
    await noon(hass, away=12)
    end, begin = last_hour(), last_hour() - timedelta(days=2)
    house = {IMPORT: until(end), EXPORT: until(end, 0.5), EAST: until(end - 3 * HOUR, 3)}
    await write(hass, house, begin=begin)
    await follow(hass, manager, [GRID, SOLAR[0]])
    assert hass.states.get(SUFFICIENCY).attributes["waiting_for"] == []
    assert hass.states.get(SUFFICIENCY).attributes["month"] is not None


async def test_what_was_exported_at_dusk_was_produced(
    hass: HomeAssistant, manager: EnergyManager, loaded: MockConfigEntry
) -> None:
    await noon(hass, away=12)
    end, begin = last_hour(), last_hour() - timedelta(days=2)
    house = {IMPORT: until(end, 0.5), EXPORT: until(end), EAST: until(end - 3 * HOUR, 3)}
    await write(hass, house, begin=begin)
    await follow(hass, manager, [GRID, SOLAR[0]])
    assert hass.states.get(SUFFICIENCY).attributes["waiting_for"] == [EAST]


async def test_an_inverter_that_was_replaced_is_not_waited_for(
    hass: HomeAssistant, manager: EnergyManager, loaded: MockConfigEntry
) -> None:
    end, begin = last_hour(), last_hour() - timedelta(days=12)
    house = {IMPORT: until(end), EXPORT: until(end), EAST: until(end - timedelta(days=9), 3), WEST: until(end, 2)}
    await write(hass, house, begin=begin)
    await follow(hass, manager, [GRID, *SOLAR])
    assert value(hass.states.get(CONSUMPTION)) == 50
    assert value(hass.states.get(SUFFICIENCY)) == 50


async def test_a_new_house_has_shares_once_there_are_statistics(
    hass: HomeAssistant, manager: EnergyManager, loaded: MockConfigEntry
) -> None:
    await follow(hass, manager, [GRID, *SOLAR])
    assert hass.states.get(CONSUMPTION).state == "unknown"
    end = last_hour()
    await write(hass, {IMPORT: until(end), EXPORT: until(end), EAST: until(end, 2)}, begin=end - HOUR)
    await hour_over(hass, minutes=5)
    await eventually(lambda: hass.states.get(CONSUMPTION).state != "unknown")
    assert value(hass.states.get(CONSUMPTION)) == 50


@pytest.mark.parametrize(
    "sources",
    [
        pytest.param([GRID], id="no solar panels"),
        pytest.param([{**GRID, "stat_energy_from": "sensor.other_meter"}, *SOLAR], id="another meter"),
        pytest.param([*SOLAR, {**GRID, "stat_energy_from": None}], id="export alone"),
        pytest.param([], id="nothing"),
    ],
)
async def test_without_panels_behind_this_meter_there_are_no_entities(
    hass: HomeAssistant, manager: EnergyManager, loaded: MockConfigEntry, sources: list[dict[str, Any]]
) -> None:
    await manager.async_update({"energy_sources": sources})
    await hour_over(hass)
    assert hass.states.get(CONSUMPTION) is None
    # Once the dashboard has them they come, and go with them.
    await follow(hass, manager, [GRID, *SOLAR])
    await manager.async_update({"energy_sources": sources})
    registry = er.async_get(hass)
    await eventually(lambda: registry.async_get(CONSUMPTION) is None and registry.async_get(SUFFICIENCY) is None)
    await eventually(lambda: loaded.state is ConfigEntryState.LOADED)
    await hass.async_block_till_done()
    assert hass.states.get(CONSUMPTION) is None
    await follow(hass, manager, [GRID, *SOLAR])


async def test_registers_of_tariffs_are_this_meter_too(
    hass: HomeAssistant, manager: EnergyManager, loaded: MockConfigEntry, entity_registry: er.EntityRegistry
) -> None:
    for number in (1, 2):
        entity_id = f"sensor.electricity_meter_energy_import_tariff_{number}"
        assert entity_registry.async_get(entity_id) is not None
    sources = [{**GRID, "stat_energy_from": f"sensor.electricity_meter_energy_import_tariff_{each}"} for each in (1, 2)]
    await follow(hass, manager, [*sources, *SOLAR])


async def test_a_restart_works_them_out_again(
    hass: HomeAssistant, manager: EnergyManager, loaded: MockConfigEntry
) -> None:
    end = last_hour()
    await write(hass, {IMPORT: until(end), EXPORT: until(end), EAST: until(end, 2)}, begin=end - HOUR)
    await follow(hass, manager, [GRID, SOLAR[0]])
    assert await hass.config_entries.async_reload(loaded.entry_id)
    await eventually(lambda: hass.states.get(CONSUMPTION).state == "50.0")


PROSUMER = {"certified_before_2024": True, "net_developable_power": 5, "grid_operator": "ores"}


@pytest.mark.parametrize(("months", "is_known"), [(13, True), (8, False)])
async def test_compares_the_prosumer_tariffs_over_twelve_months(
    hass: HomeAssistant, manager: EnergyManager, loaded: MockConfigEntry, months: int, *, is_known: bool
) -> None:
    end, day = last_hour(), timedelta(days=1)
    begin = end - months * 31 * day
    house = {IMPORT: until(end, 10), EXPORT: until(end, 6), EAST: until(end, 12)}
    await write(hass, house, begin=begin, step=day)
    hass.config_entries.async_update_entry(
        loaded, options={"update_interval": 1, "capacity": {"area": "wallonia"}, "price": PROSUMER}
    )
    assert await hass.config_entries.async_reload(loaded.entry_id)
    await follow(hass, manager, [GRID, SOLAR[0]])
    attributes = hass.states.get(CONSUMPTION).attributes
    names = ("last_twelve_months", "capacity_prosumer_tariff", "proportional_prosumer_tariff", "rates_of")
    shown = tuple(attributes[name] for name in names)
    if not is_known:
        assert shown == (None,) * 4
        return
    month = Calendar.now().month
    days = (month - month.replace(year=month.year - 1)).days
    assert shown == (50.0, 429.2, pytest.approx(days * 6 * 0.1472, abs=0.01), 2026)
    assert not attributes.keys() & hass.states.get(SUFFICIENCY).attributes.keys() & {*names}


async def test_says_nothing_of_prosumers_elsewhere(
    hass: HomeAssistant, manager: EnergyManager, loaded: MockConfigEntry
) -> None:
    await follow(hass, manager, [GRID, SOLAR[0]])
    assert "capacity_prosumer_tariff" not in hass.states.get(CONSUMPTION).attributes


@pytest.mark.parametrize(("area", "is_asked"), [("wallonia", True), ("imewo", False), (None, False)])
async def test_asks_for_the_prosumer_in_wallonia_alone(
    hass: HomeAssistant, entry: MockConfigEntry, area: str | None, *, is_asked: bool
) -> None:
    capacity = {"vat": 6, "peak_target": 2.5, "warning_share": 90, "cap_period": "month"}
    options = {"capacity": capacity if area is None else {**capacity, "area": area}}
    hass.config_entries.async_update_entry(entry, options=options)
    form = await hass.config_entries.options.async_init(entry.entry_id)
    assert form["step_id"] == "settings"
    fields = {str(each): section for each, section in form["data_schema"].schema.items()}
    asked = {str(each) for each in fields["price"].schema.schema} if "price" in fields else set()
    assert (asked >= PROSUMER.keys()) is is_asked
    assert asked.isdisjoint(PROSUMER.keys()) is not is_asked
    if is_asked:
        user_input = {**options, "connection": {"charger": "three_phases", "margin": 2}, "price": PROSUMER}
        done = await hass.config_entries.options.async_configure(form["flow_id"], user_input)
        assert done["type"] == "create_entry"
        assert prosumer_of(entry.options) == Prosumer(WalloonOperator.ORES, 5.0)
        # New options load the entry.
        await hass.async_block_till_done()
        assert await hass.config_entries.async_unload(entry.entry_id)
