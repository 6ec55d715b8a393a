"""History in the statistics of live entities, with a real recorder on a file."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
import logging
from pathlib import Path
from typing import Any

from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
)

from custom_components.emucs.const import DOMAIN
from custom_components.emucs.history_import import HistoryImporter, importer_of
from tests.conftest import entry_data, sending
from tests.history.exports import BRUSSELS, House, live, table
from virtual_meter import VirtualMeter

IMPORT = "sensor.electricity_meter_energy_import"
EXPORT = "sensor.electricity_meter_energy_export"
LIVE_FROM = datetime(2026, 1, 14, 18, 20, tzinfo=BRUSSELS)
HISTORY_FROM = date(2026, 1, 6)

pytestmark = pytest.mark.parametrize("persistent_database", [True])


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(recorder_mock: None, enable_custom_integrations: None) -> None:
    """Start the recorder before anything else; a log of its SQL takes longer than the SQL."""
    logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)


@pytest.fixture(scope="module")
def house() -> House:
    """Return what the household did up to the day on which the meter was connected, and on that day."""
    return live(HISTORY_FROM, date(2026, 1, 16))


class Home:
    """A house whose meter Home Assistant reads, hour by hour."""

    def __init__(self, hass: HomeAssistant, entry: MockConfigEntry, house: House) -> None:
        """Begin with counters that have counted for long."""
        self.hass = hass
        self.entry = entry
        self.house = house
        self.counters = {IMPORT: 12345.678, EXPORT: 987.654}
        self.now = LIVE_FROM

    @property
    def importer(self) -> HistoryImporter:
        return importer_of(self.hass, self.entry)

    def show(self, time: datetime) -> None:
        """Show the counters as they stand at a time."""
        for entity_id, value in self.counters.items():
            state = self.hass.states.get(entity_id)
            assert state is not None
            self.hass.states.async_set(
                entity_id, f"{value:.3f}", state.attributes, force_update=True, timestamp=time.timestamp()
            )

    async def live(self, until: datetime) -> None:
        """Let five-minute periods pass, as the recorder compiles them."""
        while self.now < until:
            start = self.now.astimezone(UTC)
            self.show(start + timedelta(seconds=1))
            used = self.house.quarters[int(start.timestamp()) // 900 * 900]
            self.counters[IMPORT] += (used["import_1"] + used["import_2"]) / 3000
            self.counters[EXPORT] += (used["export_1"] + used["export_2"]) / 3000
            self.show(start + timedelta(seconds=299))
            self.now += timedelta(minutes=5)
            do_adhoc_statistics(self.hass, start=start)
        await async_wait_recording_done(self.hass)

    async def changes(self, entity_id: str = IMPORT, period: str = "hour") -> dict[int, float]:
        """Return what the energy dashboard shows: the change of each hour, by the hour."""
        rows = await get_instance(self.hass).async_add_executor_job(
            statistics_during_period,
            self.hass,
            datetime(2020, 1, 1, tzinfo=UTC),
            None,
            {entity_id},
            period,
            None,
            {"change"},
        )
        return {int(row["start"]) // 3600: row["change"] for row in rows.get(entity_id, [])}

    async def rows(self) -> dict[str, list[dict[str, Any]]]:
        """Return all rows of both counters, to the last bit."""
        found: dict[str, list[dict[str, Any]]] = {}
        for period in ("hour", "5minute"):
            rows = await get_instance(self.hass).async_add_executor_job(
                statistics_during_period,
                self.hass,
                datetime(2020, 1, 1, tzinfo=UTC),
                None,
                {IMPORT, EXPORT},
                period,
                None,
                {"sum", "state"},
            )
            found |= {f"{entity_id} {period}": list(each) for entity_id, each in rows.items()}
        return found


@pytest.fixture
async def home(hass: HomeAssistant, meter: VirtualMeter, socket_enabled: None, house: House) -> AsyncGenerator[Home]:
    """Return a house in which the meter was connected in the middle of an hour."""
    async with sending(meter.telegram()) as url:
        entry = MockConfigEntry(domain=DOMAIN, title="Meter", unique_id=meter.meter_id, data=entry_data(url))
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        yield Home(hass, entry, house)
        await hass.config_entries.async_unload(entry.entry_id)


def export(home: Home, folder: Path, until: datetime, *, since: datetime | None = None, name: str = "a.csv") -> Path:
    """Write an export of what the household did before a moment, and perhaps from one on."""
    begin = 0 if since is None else since.timestamp()
    meter = home.entry.unique_id
    assert meter is not None
    path = folder / name
    path.write_bytes(
        table(replace(each, meter=meter) for each in home.house.intervals() if begin <= each.start < until.timestamp())
    )
    return path


def assert_true(home: Home, changes: dict[int, float], hours: dict[int, int], first: int, last: int) -> None:
    """Assert that the dashboard shows what the household really used, hour by hour, without a gap or a spike."""
    assert list(changes) == list(range(first, last))
    for hour, change in changes.items():
        assert change == pytest.approx(hours[hour] / 1000, abs=0.0011), datetime.fromtimestamp(hour * 3600, UTC)


async def test_history_runs_through_to_the_live_values(home: Home, tmp_path: Path) -> None:
    await home.live(LIVE_FROM + timedelta(hours=4, minutes=40))
    read = await home.importer.async_read(export(home, tmp_path, LIVE_FROM + timedelta(hours=2)))
    await home.importer.async_import(read)
    await home.live(home.now + timedelta(hours=3))
    first = int(datetime(2026, 1, 6, tzinfo=BRUSSELS).timestamp()) // 3600
    last = int(home.now.timestamp()) // 3600
    for entity_id, direction in ((IMPORT, "import"), (EXPORT, "export")):
        hours = home.house.hours(f"{direction}_1", f"{direction}_2")
        assert_true(home, await home.changes(entity_id), hours, first, last)
