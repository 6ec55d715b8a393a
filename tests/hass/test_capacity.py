"""The capacity tariff in Home Assistant, with a meter whose time goes faster."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import Event, HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done

from custom_components.emucs.const import DOMAIN
from custom_components.emucs.insight.capacity import Capacity
from tests.hass.fast import FastServer
from tests.support import BRUSSELS, WINTER_EVENING, entry_data, eventually
from virtual_meter import TcpServer, VirtualMeter

MONTHS = 13
FORECAST = "sensor.capacity_tariff_demand_forecast"
BUDGET = "sensor.capacity_tariff_available_power"
ALARM = "binary_sensor.capacity_tariff_peak_alarm"
TARGET = "number.capacity_tariff_peak_target"
PEAK = "event.capacity_tariff_peak"


@asynccontextmanager
async def running(
    hass: HomeAssistant, meter: VirtualMeter, *, by: TcpServer | None = None, **options: Any
) -> AsyncGenerator[MockConfigEntry]:
    """Run an entry with a meter whose time goes ten times as fast, or as its own server lets it."""
    async with by or TcpServer(meter, speed=10) as server:
        entry = MockConfigEntry(
            domain=DOMAIN,
            title="Home",
            unique_id=meter.meter_id,
            data=entry_data(server.url),
            options={"update_interval": 1, "capacity": options},
        )
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        yield entry
        assert await hass.config_entries.async_unload(entry.entry_id)


def number(hass: HomeAssistant, entity_id: str) -> float:
    """Return a state as a number."""
    return float(hass.states.get(entity_id).state)


def record_events(hass: HomeAssistant) -> list[tuple[str, dict[str, Any]]]:
    """Return a list that the events of the meter are added to as they come."""
    events: list[tuple[str, dict[str, Any]]] = []

    def changed(event: Event) -> None:
        state = event.data["new_state"]
        if event.data["entity_id"] == PEAK and state is not None and state.state not in ("unknown", "unavailable"):
            events.append((state.attributes["event_type"], dict(state.attributes)))

    hass.bus.async_listen("state_changed", changed)
    return events


async def test_from_the_first_telegram_on(hass: HomeAssistant, meter: VirtualMeter, socket_enabled: None) -> None:
    truth = meter.truth
    peaks = [max(float(month.peak.value), 2.5) for month in truth.history[-12:]]
    average = sum(peaks) / 12
    async with running(hass, meter, area="imewo"):
        assert number(hass, "sensor.capacity_tariff_average_monthly_peak") == pytest.approx(average, abs=0.001)
        assert hass.states.get("sensor.capacity_tariff_average_monthly_peak").attributes["known_months"] == 12
        running_peak = max(float(truth.month_peak.value), 2.5)
        standing = (sum(peaks[1:]) + running_peak) / 12
        forecast = hass.states.get("sensor.capacity_tariff_average_monthly_peak_forecast")
        assert forecast.attributes["as_it_stands"] == pytest.approx(standing, abs=0.002)
        # 54.2009816 EUR a kW and year without VAT in 2026.
        assert number(hass, "sensor.capacity_tariff_cost_per_year") == pytest.approx(
            standing * 54.2009816 * 1.06, abs=0.1
        )
        assert number(hass, "sensor.capacity_tariff_cost_this_month") == pytest.approx(
            standing * 54.2009816 * 1.06 / 12, abs=0.02
        )
        # With one more kW it is still below the 2.5 kW that are billed anyway.
        assert float(truth.month_peak.value) < 1.5
        assert number(hass, "sensor.capacity_tariff_price_of_one_more_kw") == 0
        target = max(2.5, float(truth.month_peak.value))
        assert hass.states.get(BUDGET).attributes["target"] == pytest.approx(target, abs=0.001)
        assert hass.states.get(FORECAST).attributes == {
            **hass.states.get(FORECAST).attributes,
            "estimated": False,
            "unit_of_measurement": "kW",
            "device_class": "power",
        }


@pytest.mark.parametrize("area", ["brussels", "wallonia", None])
async def test_no_costs_where_no_peak_is_billed(
    hass: HomeAssistant, meter: VirtualMeter, socket_enabled: None, area: str | None
) -> None:
    async with running(hass, meter, **({"area": area} if area else {})):
        assert hass.states.get(FORECAST)
        assert hass.states.get("sensor.capacity_tariff_average_monthly_peak")
        for name in ("cost_per_year", "cost_this_month", "price_of_one_more_kw"):
            assert hass.states.get(f"sensor.capacity_tariff_{name}") is None


async def test_price_of_one_more_kw(hass: HomeAssistant, socket_enabled: None) -> None:
    meter = VirtualMeter(seed=4, start=WINTER_EVENING)
    async with running(hass, meter, area="imewo"):
        assert number(hass, "sensor.capacity_tariff_price_of_one_more_kw") == pytest.approx(4.79, abs=0.005)


async def test_own_rate(hass: HomeAssistant, socket_enabled: None) -> None:
    meter = VirtualMeter(seed=4, start=WINTER_EVENING)
    async with running(hass, meter, own_rate=120, vat=21):
        assert number(hass, "sensor.capacity_tariff_price_of_one_more_kw") == pytest.approx(12.1)


@pytest.mark.parametrize("profile", ["1.3", "1.6-single-phase"])
async def test_meter_without_demand_registers(hass: HomeAssistant, socket_enabled: None, profile: str) -> None:
    meter = VirtualMeter(profile=profile, seed=7, start=WINTER_EVENING)
    async with running(hass, meter, area="west"):
        assert hass.states.get(FORECAST).attributes["estimated"] is True
        assert hass.states.get(FORECAST).attributes["coverage"] < 0.9
        assert hass.states.get("sensor.capacity_tariff_average_monthly_peak").state == "unknown"
        assert hass.states.get("sensor.capacity_tariff_cost_per_year").state == "unknown"


async def test_quarters_and_a_new_peak_are_told_at_once(hass: HomeAssistant, socket_enabled: None) -> None:
    # The first of a month, so that each higher quarter is a new month peak.
    meter = VirtualMeter(seed=7, start=datetime(2026, 2, 1, 0, 10, tzinfo=BRUSSELS))
    events = record_events(hass)
    async with FastServer(meter) as server:
        entry = MockConfigEntry(
            domain=DOMAIN,
            unique_id=meter.meter_id,
            data=entry_data(server.url),
            # Events do not wait for it.
            options={"update_interval": 300},
        )
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        await server.live(4000)
        await eventually(lambda: sum(kind == "quarter_closed" for kind, _ in events) >= 4)
        assert await hass.config_entries.async_unload(entry.entry_id)
    closed = [attributes for kind, attributes in events if kind == "quarter_closed"]
    times = [datetime.fromisoformat(attributes["time"]) for attributes in closed]
    assert all((later - earlier).total_seconds() == 900 for earlier, later in pairwise(times))
    assert all(time.minute % 15 == 0 and time.second == 0 for time in times)
    assert all(1 <= attributes["rank"] <= MONTHS for attributes in closed)
    peaks = [attributes for kind, attributes in events if kind == "new_month_peak"]
    values = [peak["value"] for peak in peaks]
    assert values == sorted(set(values))
    by_time = {attributes["time"]: attributes["value"] for attributes in closed}
    matching = [peak for peak in peaks if peak["time"] in by_time]
    assert matching
    for peak in matching:
        assert peak["value"] == pytest.approx(by_time[peak["time"]], abs=0.05)


async def test_alarm_comes_at_once_and_goes_when_the_load_does(hass: HomeAssistant, socket_enabled: None) -> None:
    # The first charging of a month, before it has made a peak.
    meter = VirtualMeter(seed=7, start=datetime(2026, 2, 1, 0, 0, tzinfo=BRUSSELS))
    while meter.truth.power_import < 9:
        meter.advance(60, step=60)
    assert meter.truth.month_peak.value < 5
    async with TcpServer(meter, speed=60) as server:
        entry = MockConfigEntry(
            domain=DOMAIN,
            unique_id=meter.meter_id,
            data=entry_data(server.url),
            options={"update_interval": 300, "capacity": {"peak_target": 2.5}},
        )
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        await eventually(lambda: hass.states.get(ALARM).state == "on", seconds=5)
        assert float(hass.states.get(BUDGET).state) < 9
        meter.household.ev.limit_w = 0
        meter.household.heat_pump.limit_w = 0
        await eventually(lambda: hass.states.get(ALARM).state == "off", seconds=20)
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_target_of_the_user(hass: HomeAssistant, meter: VirtualMeter, socket_enabled: None) -> None:
    async with running(hass, meter, peak_target=4) as entry:
        assert number(hass, TARGET) == 4
        await hass.services.async_call("number", "set_value", {"entity_id": TARGET, "value": 99}, blocking=True)
        assert number(hass, TARGET) == 99
        await eventually(lambda: hass.states.get(BUDGET).attributes["target"] == 99)
        assert number(hass, "sensor.capacity_tariff_effective_target") == 99
        # Kept, and nothing was reloaded for it.
        assert entry.options["capacity"]["peak_target"] == 99
        assert hass.states.get(FORECAST).state not in ("unavailable", "unknown")


@pytest.mark.usefixtures("rates_until_2026")
async def test_year_that_the_table_does_not_have(
    hass: HomeAssistant, socket_enabled: None, issue_registry: ir.IssueRegistry
) -> None:
    meter = VirtualMeter(seed=7, start=datetime(2027, 1, 5, 12, 0, tzinfo=BRUSSELS))
    async with running(hass, meter, area="west") as entry:
        issue = issue_registry.async_get_issue(DOMAIN, f"tariff_year_{entry.entry_id}")
        assert issue.translation_key == "tariff_year"
        assert issue.translation_placeholders == {"year": "2027", "used": "2026"}
        assert hass.states.get("sensor.capacity_tariff_cost_per_year").attributes["tariff_year"] == 2026
        section = {"area": "west", "own_rate": 61.5}
        hass.config_entries.async_update_entry(entry, options={"update_interval": 1, "capacity": section})
        assert await hass.config_entries.async_reload(entry.entry_id)
        assert issue_registry.async_get_issue(DOMAIN, f"tariff_year_{entry.entry_id}") is None


async def test_peaks_survive_a_restart(hass: HomeAssistant, socket_enabled: None, hass_storage: dict[str, Any]) -> None:
    # A meter that keeps no peaks: what is known is what was seen.
    meter = VirtualMeter(profile="1.6", seed=7, start=datetime(2026, 1, 14, 18, 14, 50, tzinfo=BRUSSELS))
    events = record_events(hass)
    async with FastServer(meter) as server:
        entry = MockConfigEntry(domain=DOMAIN, unique_id=meter.meter_id, data=entry_data(server.url))
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        await server.live(1200)
        await eventually(lambda: sum(kind == "new_month_peak" for kind, _ in events) >= 1)
        before = entry.runtime_data.insights[Capacity].ledger.running
        assert await hass.config_entries.async_reload(entry.entry_id)
        after = entry.runtime_data.insights[Capacity]
        assert after.ledger.running == before
        # The quarter goes on where it was.
        assert after.state.demand.coverage > 0
        assert await hass.config_entries.async_unload(entry.entry_id)
    key = f"emucs.{entry.entry_id}"
    assert hass_storage[key]["data"]["capacity"]["ledger"]["peaks"]
    assert await hass.config_entries.async_remove(entry.entry_id)
    assert key not in hass_storage


async def test_broken_storage_starts_anew(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    hass_storage: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    hass_storage[f"emucs.{entry.entry_id}"] = {"version": 1, "data": {"quarter": {}, "ledger": {"peaks": 7}}}
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert "starting anew" in caplog.text
    assert hass.states.get("sensor.capacity_tariff_average_monthly_peak").attributes["known_months"] == 12
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_get_peaks(hass: HomeAssistant, meter: VirtualMeter, socket_enabled: None) -> None:
    truth = meter.truth
    async with running(hass, meter, area="antwerpen") as entry:
        answer = await hass.services.async_call(
            DOMAIN, "get_peaks", {"config_entry_id": entry.entry_id}, blocking=True, return_response=True
        )
        months = answer["months"]
        assert len(months) == MONTHS + 1
        assert [month["peak"] for month in months[:-1]] == [float(month.peak.value) for month in truth.history]
        assert months[-1]["month"] == "2026-01"
        assert months[-1]["source"] == "meter"
        assert answer["floor"] == 2.5
        assert all(month["billed"] >= answer["floor"] for month in months)
        assert answer["average"]["known_months"] == 12
        assert answer["cost"]["tariff_year"] == 2026
        assert answer["cost"]["year"] == pytest.approx(
            answer["average_as_it_stands"]["value"] * 49.4036563 * 1.06, abs=0.1
        )
    with pytest.raises(ServiceValidationError):
        await hass.services.async_call(
            DOMAIN, "get_peaks", {"config_entry_id": entry.entry_id}, blocking=True, return_response=True
        )


async def test_get_peaks_waits_for_a_reload(hass: HomeAssistant, meter: VirtualMeter, socket_enabled: None) -> None:
    async with running(hass, meter) as entry:
        hass.config_entries.async_schedule_reload(entry.entry_id)
        assert entry.state is not ConfigEntryState.LOADED
        # What the card does, that has just seen values go or come.
        answer = await hass.services.async_call(
            DOMAIN, "get_peaks", {"config_entry_id": entry.entry_id}, blocking=True, return_response=True
        )
        assert len(answer["months"]) == MONTHS + 1


async def test_get_peaks_without_costs(hass: HomeAssistant, meter: VirtualMeter, socket_enabled: None) -> None:
    async with running(hass, meter) as entry:
        answer = await hass.services.async_call(
            DOMAIN, "get_peaks", {"config_entry_id": entry.entry_id}, blocking=True, return_response=True
        )
        assert answer["cost"] is None


@pytest.mark.parametrize(
    ("start", "quarters"),
    [
        pytest.param(datetime(2026, 3, 28, 23, 50, tzinfo=BRUSSELS), 92, id="march"),
        pytest.param(datetime(2026, 10, 24, 23, 50, tzinfo=BRUSSELS), 100, id="october"),
    ],
)
async def test_clock_changes(hass: HomeAssistant, socket_enabled: None, start: datetime, quarters: int) -> None:
    meter = VirtualMeter(seed=7, start=start)
    events = record_events(hass)
    day = start.date().replace(day=start.day + 1)

    def of_day() -> list[datetime]:
        ends = [datetime.fromisoformat(attributes["time"]) for kind, attributes in events if kind == "quarter_closed"]
        return [end for end in ends if datetime.fromtimestamp(end.timestamp() - 1, tz=BRUSSELS).date() == day]

    async def live(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Send a telegram each half minute of two days, as fast as they are read: none is left out."""
        with suppress(ConnectionError):
            for _ in range(2 * 24 * 120):
                meter.advance(30)
                writer.write(meter.telegram())
                await writer.drain()
            # Until the other side leaves.
            await reader.read()
        writer.close()

    server = await asyncio.start_server(live, "127.0.0.1", 0)
    url = f"socket://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    entry = MockConfigEntry(domain=DOMAIN, unique_id=meter.meter_id, data=entry_data(url))
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await eventually(lambda: len(of_day()) >= quarters, seconds=100)
    await eventually(lambda: meter.time.astimezone(BRUSSELS).date() > day, seconds=100)
    assert await hass.config_entries.async_unload(entry.entry_id)
    server.close()
    ends = of_day()
    assert len(ends) == len(set(ends)) == quarters


async def test_a_quarter_that_ends_during_a_reload_is_told(hass: HomeAssistant, socket_enabled: None) -> None:
    meter = VirtualMeter(seed=4, start=datetime(2026, 11, 10, 12, 0, tzinfo=BRUSSELS))
    events = record_events(hass)

    async def live(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Send a telegram, and before the quarter ends one each ten seconds until there."""
        writer.write(meter.telegram())
        while meter.time < datetime(2026, 11, 10, 12, 14, 50, tzinfo=BRUSSELS):
            meter.advance(10)
            writer.write(meter.telegram())
        with suppress(ConnectionError):
            await writer.drain()
            await reader.read()
        writer.close()

    server = await asyncio.start_server(live, "127.0.0.1", 0)
    url = f"socket://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    entry = MockConfigEntry(domain=DOMAIN, unique_id=meter.meter_id, data=entry_data(url))
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await eventually(lambda: entry.runtime_data.telegram.time.minute == 14)
    assert not events
    assert await hass.config_entries.async_unload(entry.entry_id)
    meter.advance(20)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await eventually(lambda: any(kind == "quarter_closed" for kind, _ in events))
    assert await hass.config_entries.async_unload(entry.entry_id)
    server.close()
    ends = [attributes["time"] for kind, attributes in events if kind == "quarter_closed"]
    assert [datetime.fromisoformat(end).astimezone(BRUSSELS).minute for end in ends] == [15]


async def test_values_are_no_longer_than_they_mean_something(
    hass: HomeAssistant, loaded: MockConfigEntry, entity_registry: er.EntityRegistry
) -> None:
    for registered in er.async_entries_for_config_entry(entity_registry, loaded.entry_id):
        state = hass.states.get(registered.entity_id)
        if state is not None and "." in state.state and registered.domain == "sensor":
            assert len(state.state.partition(".")[2]) <= 3, registered.entity_id


class TestStatistics:
    """The month peaks as long-term statistics."""

    @pytest.fixture(autouse=True)
    def auto_enable_custom_integrations(self, recorder_mock: None, enable_custom_integrations: None) -> None:
        """Start the recorder before anything else."""

    async def rows(self, hass: HomeAssistant, meter: VirtualMeter) -> list[dict[str, Any]]:
        """Return what is recorded."""
        await async_wait_recording_done(hass)
        statistic_id = f"emucs:{meter.meter_id.lower()}_month_peak"
        found = await get_instance(hass).async_add_executor_job(
            statistics_during_period,
            hass,
            datetime(2024, 1, 1, tzinfo=UTC),
            None,
            {statistic_id},
            "hour",
            None,
            {"max", "mean"},
        )
        return found.get(statistic_id, [])

    @pytest.mark.usefixtures("socket_enabled")
    async def test_one_row_a_month_and_none_twice(self, hass: HomeAssistant, meter: VirtualMeter) -> None:
        truth = meter.truth
        async with running(hass, meter) as entry:
            for _ in range(2):
                rows = await self.rows(hass, meter)
                assert len(rows) == MONTHS + 1
                assert [row["max"] for row in rows[:-1]] == [float(month.peak.value) for month in truth.history]
                begins = [dt_util.as_local(dt_util.utc_from_timestamp(row["start"])) for row in rows]
                assert {(begin.day, begin.hour) for begin in begins} == {(1, 0)}
                assert await hass.config_entries.async_reload(entry.entry_id)

    # Where a month begins at midnight of Home Assistant's own clock, or at half past in the hours of UTC.
    @pytest.mark.parametrize(
        ("time_zone", "begin"),
        [("UTC", (1, 0, 0)), ("Europe/Brussels", (1, 0, 0)), ("Asia/Kolkata", (1, 0, 30)), ("Pacific/Apia", (1, 0, 0))],
    )
    @pytest.mark.usefixtures("socket_enabled")
    async def test_each_row_is_drawn_in_its_month(
        self, hass: HomeAssistant, meter: VirtualMeter, time_zone: str, begin: tuple[int, int, int]
    ) -> None:
        history = meter.truth.history
        async with running(hass, meter):
            # As if it had been moved, or written by a version that dated rows otherwise.
            assert len(await self.rows(hass, meter)) == MONTHS + 1
        await hass.config.async_set_time_zone(time_zone)
        async with running(hass, meter):
            await self.rows(hass, meter)
            rows = await self.rows(hass, meter)
        starts = [dt_util.as_local(dt_util.utc_from_timestamp(row["start"])) for row in rows]
        assert {(start.day, start.hour, start.minute) for start in starts} == {begin}
        months = [each.end.astimezone(BRUSSELS) - timedelta(days=1) for each in history]
        assert [(start.year, start.month) for start in starts[:-1]] == [(month.year, month.month) for month in months]
        assert [row["max"] for row in rows[:-1]] == [float(month.peak.value) for month in history]

    @pytest.mark.usefixtures("socket_enabled")
    async def test_month_turn(self, hass: HomeAssistant) -> None:
        meter = VirtualMeter(seed=7, start=datetime(2026, 2, 28, 23, 40, tzinfo=BRUSSELS))
        february = float(meter.truth.month_peak.value)
        server = FastServer(meter)
        async with running(hass, meter, by=server):
            assert number(hass, "sensor.capacity_tariff_monthly_peak") == pytest.approx(february)
            before = number(hass, "sensor.capacity_tariff_average_monthly_peak")
            await server.live(4800)
            assert meter.time.astimezone(BRUSSELS).hour == 1
            # Shown with the next update.
            await asyncio.sleep(1.5)
            months = [each.peak.value for each in meter.truth.history]
            assert float(months[-1]) >= february
            expected = sum(max(float(peak), 2.5) for peak in months[-12:]) / 12
            assert number(hass, "sensor.capacity_tariff_average_monthly_peak") == pytest.approx(expected, abs=0.001)
            assert before != pytest.approx(expected, abs=0.0005)
            # The target of the new month begins at the floor again, not at February's peak.
            assert hass.states.get(BUDGET).attributes["target"] < february
            rows = await self.rows(hass, meter)
        assert len(rows) == MONTHS + 2
        assert rows[-2]["max"] == pytest.approx(float(months[-1]))
