"""History in the statistics of live entities, with a real recorder on a file."""

from collections.abc import AsyncGenerator, Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
)

from custom_components.emucs.const import DOMAIN
from custom_components.emucs.exports import ExportError
from custom_components.emucs.history import importer_of
from custom_components.emucs.history.importer import HistoryImporter
from custom_components.emucs.history.plan import Plan
from custom_components.emucs.history.record import Record
from custom_components.emucs.history.recorder_rows import Rows
from custom_components.emucs.insight.capacity import Capacity
from custom_components.emucs.insight.profile import Profile
from tests.exports.exports import BRUSSELS, House, lines, live, peak_rows, table
from tests.hass.history_database import recorder_db_url
from tests.support import entry_data, eventually, sending
from virtual_meter import VirtualMeter

__all__ = ["recorder_db_url"]

IMPORT = "sensor.electricity_meter_energy_import"
EXPORT = "sensor.electricity_meter_energy_export"
LIVE_FROM = datetime(2026, 1, 14, 18, 20, tzinfo=BRUSSELS)
HISTORY_FROM = date(2026, 1, 6)


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(recorder_mock: None, enable_custom_integrations: None) -> None:
    """Start the recorder before anything else."""


@pytest.fixture(scope="module")
def house() -> House:
    """Return the household up to and including the day on which the meter was connected."""
    return live(HISTORY_FROM, date(2026, 1, 16))


class Home:
    """A house whose meter Home Assistant reads, hour by hour."""

    def __init__(self, hass: HomeAssistant, entry: MockConfigEntry, house: House) -> None:
        """Begin with counters that are not at zero."""
        self.hass = hass
        self.entry = entry
        self.house = house
        self.counters = {IMPORT: 12345.678, EXPORT: 987.654}
        self.now = LIVE_FROM
        self.first = LIVE_FROM.astimezone(UTC)

    @property
    def importer(self) -> HistoryImporter:
        return importer_of(self.hass, self.entry)

    def show(self, time: datetime) -> None:
        """Set the states of the counters to their readings at a time."""
        for entity_id, value in self.counters.items():
            state = self.hass.states.get(entity_id)
            assert state is not None
            self.hass.states.async_set(
                entity_id, f"{value:.3f}", state.attributes, force_update=True, timestamp=time.timestamp()
            )

    async def live(self, until: datetime) -> None:
        """Let quarters pass, with the last five minutes of each compiled as the recorder does: it needs no others."""
        while self.now < until:
            begin = self.now.astimezone(UTC)
            quarter = int(begin.timestamp()) // 900 * 900
            used = self.house.quarters[quarter]
            # The meter may have been connected within this quarter.
            share = (quarter + 900 - begin.timestamp()) / 900
            self.show(begin + timedelta(seconds=1))
            self.counters[IMPORT] += share * (used["import_1"] + used["import_2"]) / 1000
            self.counters[EXPORT] += share * (used["export_1"] + used["export_2"]) / 1000
            end = datetime.fromtimestamp(quarter + 900, UTC)
            if begin == self.first:
                do_adhoc_statistics(self.hass, start=begin)
            self.show(end - timedelta(seconds=1))
            do_adhoc_statistics(self.hass, start=end - timedelta(minutes=5))
            self.now = end.astimezone(BRUSSELS)
        await async_wait_recording_done(self.hass)

    async def take(self, path: Path) -> Plan:
        """Import a file."""
        return await self.importer.async_import(await self.importer.async_read(nullcontext(path)))

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
        """Return all rows of both counters, to the mWh: what sums are written to."""
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
            found |= {
                f"{entity_id} {period}": [{**row, "sum": round(row["sum"] or 0, 6)} for row in each]
                for entity_id, each in rows.items()
            }
        return found


@pytest.fixture
async def home(hass: HomeAssistant, meter: VirtualMeter, socket_enabled: None, house: House) -> AsyncGenerator[Home]:
    """Return a house in which the meter was connected in the middle of an hour."""
    await hass.config.async_set_time_zone("Europe/Brussels")
    async with sending(meter.telegram()) as url:
        entry = MockConfigEntry(domain=DOMAIN, title="Meter", unique_id=meter.meter_id, data=entry_data(url))
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        yield Home(hass, entry, house)
        if hass.config_entries.async_get_entry(entry.entry_id):
            await hass.config_entries.async_unload(entry.entry_id)


def export(home: Home, folder: Path, until: datetime, *, since: datetime | None = None, name: str = "a.csv") -> Path:
    """Write an export of the household up to a moment, and optionally from another one."""
    begin = 0 if since is None else since.timestamp()
    meter = home.entry.unique_id
    assert meter is not None
    path = folder / name
    path.write_bytes(
        table(replace(each, meter=meter) for each in home.house.intervals() if begin <= each.start < until.timestamp())
    )
    return path


def assert_true(home: Home, changes: dict[int, float], hours: dict[int, int], first: int, last: int) -> None:
    """Assert that the dashboard shows the true consumption of every hour, without a gap or a spike."""
    assert list(changes) == list(range(first, last))
    for hour, change in changes.items():
        assert change == pytest.approx(hours[hour] / 1000, abs=0.0011), datetime.fromtimestamp(hour * 3600, UTC)


async def imports(home: Home) -> list[str]:
    """Return the imports that the entry has."""
    return [layer.id for layer in await home.importer.async_imports()]


async def test_history_runs_through_to_the_live_values(home: Home, tmp_path: Path) -> None:
    await home.live(LIVE_FROM + timedelta(hours=4, minutes=40))
    await home.take(export(home, tmp_path, LIVE_FROM + timedelta(hours=2)))
    await home.live(home.now + timedelta(hours=3))
    first = int(datetime(2026, 1, 6, tzinfo=BRUSSELS).timestamp()) // 3600
    last = int(home.now.timestamp()) // 3600
    for entity_id, direction in ((IMPORT, "import"), (EXPORT, "export")):
        hours = home.house.hours(f"{direction}_1", f"{direction}_2")
        assert_true(home, await home.changes(entity_id), hours, first, last)


async def test_an_export_teaches_what_the_house_does_and_an_undo_forgets_it(home: Home, tmp_path: Path) -> None:
    await home.live(LIVE_FROM + timedelta(minutes=10))
    until = datetime(2026, 1, 14, 17, tzinfo=BRUSSELS)
    await home.take(export(home, tmp_path, until))
    quarters = home.entry.runtime_data.insights[Profile].quarters
    days = (until.date() - HISTORY_FROM).days
    await eventually(lambda: quarters.known(0) == quarters.known(1) == days * 96 + 17 * 4)
    for start, used in home.house.quarters.items():
        if start < until.timestamp():
            for flow, direction in enumerate(("import", "export")):
                energy = used[f"{direction}_1"] + used[f"{direction}_2"]
                assert quarters.mean(flow, start // 900) == pytest.approx(energy * 4 / 1000)
                assert not quarters.is_hourly(flow, start // 900)
    assert await home.importer.async_undo() is not None
    await eventually(lambda: quarters.known(0) == quarters.known(1) == 0)


async def test_a_summary_says_what_is_there_twice_and_where_live_values_begin(home: Home, tmp_path: Path) -> None:
    await home.live(LIVE_FROM + timedelta(hours=4, minutes=40))
    read = await home.importer.async_read(nullcontext(export(home, tmp_path, LIVE_FROM + timedelta(hours=3))))
    before = await home.rows()
    plan = await home.importer.async_plan(read)
    assert await home.rows() == before
    summary = plan.summaries[IMPORT]
    assert (summary.new, summary.missing, summary.estimated, summary.repeated) == (8 * 24 + 18, 0, 0, 0)
    # From 19:00 to 21:00; the hour in which the meter was connected is completed instead.
    assert (summary.overlap.hours, summary.overlap.different) == (2, 0)
    assert summary.overlap.file == pytest.approx(summary.overlap.live, abs=0.003)
    hour = int(LIVE_FROM.timestamp()) // 3600
    assert summary.junction.live_since == hour * 3600
    whole = home.house.hours("import_1", "import_2")[hour] / 1000
    # The first state was seen one second into the five minutes.
    assert summary.junction.completed == pytest.approx(whole - before[f"{IMPORT} hour"][0]["sum"], abs=1e-6)
    assert summary.junction.missing_hours == 0


async def test_live_values_that_differ_are_told_and_stay(home: Home, tmp_path: Path) -> None:
    await home.live(LIVE_FROM + timedelta(hours=1, minutes=40))
    home.counters[IMPORT] += 5
    await home.live(LIVE_FROM + timedelta(hours=4, minutes=40))
    live = await home.changes()
    plan = await home.take(export(home, tmp_path, LIVE_FROM + timedelta(hours=4)))
    [(start, file, there)] = plan.summaries[IMPORT].overlap.examples
    assert start == (LIVE_FROM + timedelta(hours=1, minutes=40)).timestamp()
    assert there - file == pytest.approx(5, abs=0.01)
    after = await home.changes()
    assert all(after[hour] == pytest.approx(change) for hour, change in list(live.items())[1:])


async def test_an_undo_restores_everything(home: Home, tmp_path: Path) -> None:
    await home.live(LIVE_FROM + timedelta(hours=3))
    nothing = await home.rows()
    older = export(home, tmp_path, LIVE_FROM - timedelta(days=4), name="older.csv")
    newer = export(home, tmp_path, LIVE_FROM + timedelta(hours=1), since=LIVE_FROM - timedelta(days=5), name="new.csv")
    await home.take(newer)
    one = await home.rows()
    await home.take(older)
    both = await home.rows()
    assert both != one != nothing
    assert await home.importer.async_undo() is not None
    assert await home.rows() == one
    assert await home.importer.async_undo() is not None
    assert await home.rows() == nothing
    assert await home.importer.async_undo() is None


async def test_imports_in_any_order_and_again_give_the_same(home: Home, tmp_path: Path) -> None:
    await home.live(LIVE_FROM + timedelta(hours=3))
    until = LIVE_FROM + timedelta(hours=1)
    middle = LIVE_FROM - timedelta(days=3, minutes=35)
    whole = export(home, tmp_path, until, name="whole.csv")
    older = export(home, tmp_path, middle, name="older.csv")
    newer = export(home, tmp_path, until, since=middle, name="newer.csv")
    await home.take(whole)
    wanted = await home.changes()
    for path in (whole, older, newer):
        again = await home.take(path)
        assert not again.is_new
    assert len(await imports(home)) == 1
    await home.importer.async_undo()
    for order in ((older, newer), (newer, older, whole)):
        for path in order:
            await home.take(path)
        changes = await home.changes()
        assert changes.keys() == wanted.keys()
        assert all(changes[hour] == pytest.approx(wanted[hour], abs=1e-9) for hour in wanted)
        while await home.importer.async_undo():
            pass


async def test_an_import_that_is_not_the_last_can_be_taken_back(home: Home, tmp_path: Path) -> None:
    await home.live(LIVE_FROM + timedelta(hours=3))
    middle = LIVE_FROM - timedelta(days=3)
    older = await home.take(export(home, tmp_path, middle, name="older.csv"))
    await home.take(export(home, tmp_path, LIVE_FROM + timedelta(hours=1), since=middle, name="newer.csv"))
    await home.importer.async_undo(older.layer.id)
    changes = await home.changes()
    hours = home.house.hours("import_1", "import_2")
    first = int(middle.timestamp()) // 3600
    # The hour that the cut goes through lacks its first quarter and a part of the second.
    assert min(changes) == first
    assert all(
        change == pytest.approx(hours[hour] / 1000, abs=0.0011) for hour, change in changes.items() if hour > first
    )


async def test_history_of_a_counter_that_was_never_recorded(home: Home, tmp_path: Path) -> None:
    """The first live value after an import of a new entity is no fall to zero."""
    home.show(LIVE_FROM)
    plan = await home.take(export(home, tmp_path, LIVE_FROM - timedelta(hours=18, minutes=20)))
    assert plan.summaries[IMPORT].new == 8 * 24
    total = plan.summaries[IMPORT].energy
    rows = await home.rows()
    assert [row["sum"] for row in rows[f"{IMPORT} 5minute"]] == [pytest.approx(total)]
    assert rows[f"{IMPORT} hour"][-1]["sum"] == pytest.approx(total)
    # The recorder compiles these after the row that it goes on from: the clock of this test is the real one.
    home.now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    for _ in range(24):
        start = home.now
        home.counters[IMPORT] += 0.01
        home.show(start + timedelta(seconds=200))
        do_adhoc_statistics(home.hass, start=start)
        home.now += timedelta(minutes=5)
    await async_wait_recording_done(home.hass)
    changes = list((await home.changes()).values())
    assert min(changes) >= 0
    assert changes[-2:] == [pytest.approx(0.12, abs=1e-6)] * 2
    await home.importer.async_undo()
    after = await home.rows()
    assert len(after[f"{IMPORT} hour"]) == 2
    assert len(after[f"{IMPORT} 5minute"]) == 24


@pytest.mark.parametrize("written", [False, True], ids=["before the rows", "after the rows"])
async def test_a_stop_in_the_middle_leaves_the_old_state_or_the_new_one(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, written: bool
) -> None:
    """As in a power cut, nothing runs any more that would clear up."""
    await home.live(LIVE_FROM + timedelta(hours=2))
    before = await home.rows()
    path = export(home, tmp_path, LIVE_FROM)

    class PowerCutError(BaseException):
        """Stands for a power cut: nothing runs any more."""

    async def cut(*_: Any) -> None:
        raise PowerCutError

    def cut_in_thread(*_: Any) -> None:
        raise ValueError

    with monkeypatch.context() as cutting:
        if written:
            cutting.setattr(Record, "async_save", cut)
        else:
            cutting.setattr(Rows, "change", cut_in_thread)
            # What is written ahead stays as it is.
            cutting.setattr(Record, "async_load", _twice(Record.async_load))
        with pytest.raises((PowerCutError, ValueError)):
            await home.take(path)
    assert (await home.rows() == before) is not written
    # As after a start: what was about to happen is looked up in the database.
    assert len(await imports(home)) == written
    again = await home.take(path)
    assert again.is_new is not written
    await home.importer.async_undo()
    assert await home.rows() == before


def _twice(load: Callable[[Record], Any]) -> Callable[[Record], Any]:
    """Return a loader that works twice, and then fails."""
    calls = iter((True, True))

    async def loading(record: Record) -> Any:
        if next(calls, False):
            return await load(record)
        raise ExportError("unreadable")

    return loading


async def test_a_write_that_fails_leaves_the_old_state(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await home.live(LIVE_FROM + timedelta(hours=2))
    before = await home.rows()
    change = Rows.change
    count = 0

    def fail(*arguments: Any) -> None:
        nonlocal count
        count += 1
        # The second counter of a transaction fails.
        if count == 2:
            raise ValueError("disk full")
        change(*arguments)

    with monkeypatch.context() as failing:
        failing.setattr(Rows, "change", fail)
        with pytest.raises(ValueError, match="disk full"):
            await home.take(export(home, tmp_path, LIVE_FROM))
    assert count == 2
    assert await home.rows() == before
    assert await imports(home) == []


async def test_statistics_that_change_meanwhile_are_looked_at_again(home: Home, tmp_path: Path) -> None:
    await home.live(LIVE_FROM + timedelta(hours=2))
    before = await home.rows()
    read = await home.importer.async_read(nullcontext(export(home, tmp_path, LIVE_FROM + timedelta(hours=1))))
    looked_at = await home.importer.async_plan(read)
    start = LIVE_FROM.replace(minute=0).astimezone(UTC)
    get_instance(home.hass).async_adjust_statistics(IMPORT, start, -0.001, "kWh")
    written = await home.importer.async_import(read)
    completed = [plan.summaries[IMPORT].junction.completed for plan in (looked_at, written)]
    assert completed[1] - completed[0] == pytest.approx(0.001)
    await home.importer.async_undo()
    get_instance(home.hass).async_adjust_statistics(IMPORT, start, 0.001, "kWh")
    await async_wait_recording_done(home.hass)
    assert await home.rows() == before


async def test_imported_rows_that_something_else_changed_are_left_alone(home: Home, tmp_path: Path) -> None:
    await home.live(LIVE_FROM + timedelta(hours=2))
    await home.take(export(home, tmp_path, LIVE_FROM))
    start = (LIVE_FROM - timedelta(days=2)).replace(minute=0).astimezone(UTC)
    get_instance(home.hass).async_adjust_statistics(IMPORT, start, 1.0, "kWh")
    await async_wait_recording_done(home.hass)
    before = await home.rows()
    with pytest.raises(ExportError, match="changed_outside"):
        await home.importer.async_undo()
    assert await home.rows() == before


async def test_the_actions_import_and_take_back(home: Home, tmp_path: Path) -> None:
    await home.live(LIVE_FROM + timedelta(hours=2))
    before = await home.rows()
    path = export(home, tmp_path, LIVE_FROM)
    home.hass.config.allowlist_external_dirs = {str(tmp_path)}
    fields = {"config_entry_id": home.entry.entry_id, "path": str(path)}

    async def act(name: str, **more: Any) -> dict[str, Any]:
        answer = await home.hass.services.async_call(
            DOMAIN, name, {**fields, **more}, blocking=True, return_response=True
        )
        assert answer is not None
        return dict(answer)

    dry = await act("import_history")
    assert (dry["written"], dry["import_id"], await imports(home)) == (False, None, [])
    assert dry["series"][IMPORT]["new_rows"] == 8 * 24 + 18
    assert await home.rows() == before
    first = await act("import_history", dry_run=False)
    assert first["written"]
    assert await imports(home) == [first["import_id"]]
    assert (await act("import_history", dry_run=False))["written"] is False
    del fields["path"]
    await act("undo_import")
    assert (await home.rows(), await imports(home)) == (before, [])
    with pytest.raises(ServiceValidationError, match="no import"):
        await act("undo_import")
    with pytest.raises(ServiceValidationError, match="may read"):
        await act("import_history", path="/etc/passwd")
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ServiceValidationError, match="breaks off in line"):
        await act("import_history", path=str(path))


async def test_a_reload_leaves_imports_as_they_are(home: Home, tmp_path: Path) -> None:
    await home.live(LIVE_FROM + timedelta(hours=2))
    before = await home.rows()
    plan = await home.take(export(home, tmp_path, LIVE_FROM))
    after = await home.rows()
    assert await home.hass.config_entries.async_reload(home.entry.entry_id)
    await home.hass.async_block_till_done()
    assert await imports(home) == [plan.layer.id]
    for entity_id in (IMPORT, EXPORT):
        assert (await home.rows())[f"{entity_id} hour"] == after[f"{entity_id} hour"]
    await home.importer.async_undo(plan.layer.id)
    for entity_id in (IMPORT, EXPORT):
        assert (await home.rows())[f"{entity_id} hour"] == before[f"{entity_id} hour"]


async def test_month_peaks_fill_the_months_that_the_meter_does_not_know(home: Home, tmp_path: Path) -> None:
    meter = home.entry.unique_id
    assert meter is not None
    ledger = home.entry.runtime_data.insights[Capacity].ledger
    known = dict(ledger.peaks)
    oldest = min(known)
    path = tmp_path / "peaks.csv"
    path.write_bytes(lines(peak_rows({date(2023, 4, 1): 1713, oldest: 9999, date(2026, 1, 1): 9999}, meter=meter)))
    plan = await home.take(path)
    assert list(plan.peaks.new) == ["2023-04-01"]
    assert plan.peaks.different[oldest.isoformat()][0] == 9.999
    assert ledger.peaks[date(2023, 4, 1)].value == Decimal("1.713")
    assert ledger.peaks[date(2023, 4, 1)].source == "imported"
    await async_wait_recording_done(home.hass)
    statistic_id = f"emucs:{meter.lower()}_month_peak"

    async def months() -> int:
        rows = await get_instance(home.hass).async_add_executor_job(
            statistics_during_period,
            home.hass,
            datetime(2020, 1, 1, tzinfo=UTC),
            None,
            {statistic_id},
            "hour",
            None,
            {"max"},
        )
        return len(rows[statistic_id])

    assert await months() == len(known) + 1
    assert await home.importer.async_undo() is not None
    assert dict(ledger.peaks) == known
    assert await months() == len(known)


async def test_statistics_in_another_unit_keep_it(home: Home, tmp_path: Path) -> None:
    await home.live(LIVE_FROM + timedelta(hours=2))
    get_instance(home.hass).async_change_statistics_unit(
        IMPORT, new_unit_of_measurement="MWh", old_unit_of_measurement="kWh"
    )
    await async_wait_recording_done(home.hass)
    before = await home.rows()
    await home.take(export(home, tmp_path, LIVE_FROM + timedelta(hours=1)))
    hours = home.house.hours("import_1", "import_2")
    first = int(datetime(2026, 1, 6, tzinfo=BRUSSELS).timestamp()) // 3600
    assert_true(home, await home.changes(), hours, first, int(home.now.timestamp()) // 3600)
    await home.importer.async_undo()
    assert await home.rows() == before


async def test_days_stay_days_until_their_hours_come(home: Home, tmp_path: Path) -> None:
    await home.live(LIVE_FROM + timedelta(hours=2))
    before = await home.rows()
    path = tmp_path / "days.csv"
    meter = home.entry.unique_id
    assert meter is not None
    path.write_bytes(table(replace(each, meter=meter) for each in home.house.intervals(86400)))
    plan = await home.take(path)
    summary = plan.summaries[IMPORT]
    assert (summary.new, summary.days, summary.missing, summary.junction.missing_hours) == (8, 8, 0, 18)
    hours = home.house.hours("import_1", "import_2")
    first = int(datetime(2026, 1, 6, tzinfo=BRUSSELS).timestamp()) // 3600
    days = await home.changes(period="day")
    assert days[first + 24] == pytest.approx(sum(hours[first + hour] for hour in range(24, 48)) / 1000)
    await home.take(export(home, tmp_path, LIVE_FROM + timedelta(hours=1)))
    assert_true(home, await home.changes(), hours, first, int(home.now.timestamp()) // 3600)
    await home.importer.async_undo()
    await home.importer.async_undo()
    assert await home.rows() == before


async def test_the_wrong_meter_changes_nothing(home: Home, tmp_path: Path) -> None:
    await home.live(LIVE_FROM + timedelta(hours=1))
    before = await home.rows()
    path = tmp_path / "other.csv"
    path.write_bytes(table(home.house.intervals()))
    with pytest.raises(ExportError, match="wrong_meter"):
        await home.take(path)
    assert await home.rows() == before
