"""Imports can be undone, whatever happened since, and are never undone by themselves."""

import asyncio
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import gc
import logging
from pathlib import Path
import threading
import time
from typing import Any, override

from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.components.recorder.db_schema import StatisticsRuns, StatisticsShortTerm
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.components.recorder.tasks import RecorderTask
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.helpers.recorder import session_scope
from homeassistant.util.json import json_loads
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
)
from sqlalchemy import update

from custom_components.emucs.const import DOMAIN
from custom_components.emucs.coordinator import MeterCoordinator
from custom_components.emucs.exports import ExportError, Layer
from custom_components.emucs.history.record import LedgerStore
from custom_components.emucs.history.recorder_rows import Rows, read
from tests.exports.exports import BRUSSELS
from tests.hass.history_database import recorder_db_url
from tests.hass.test_history_flow import refusal
from tests.hass.test_history_import import EXPORT, IMPORT, LIVE_FROM, Home, export, home, house, imports
from tests.support import eventually

__all__ = ["home", "house", "recorder_db_url"]
KEY = "emucs.history"


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(recorder_mock: None, enable_custom_integrations: None) -> None:
    """Start the recorder before anything else."""


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """Give each test its own folder."""
    return hass_tmp_config_dir


@dataclass(slots=True)
class Busy(RecorderTask):
    """Keeps the recorder busy until it is released."""

    begun: threading.Event
    go: threading.Event

    @override
    def run(self, instance: Recorder) -> None:
        """Wait."""
        self.begun.set()
        self.go.wait(30)


async def busy(home: Home) -> threading.Event:
    """Keep the recorder busy until the returned event is set."""
    task = Busy(threading.Event(), threading.Event())
    get_instance(home.hass).queue_task(task)
    await home.hass.async_add_executor_job(task.begun.wait, 10)
    return task.go


async def hourly(home: Home) -> list[list[dict[str, Any]]]:
    """Return the hourly rows of both counters."""
    rows = await home.rows()
    return [rows.get(f"{entity_id} hour", []) for entity_id in (IMPORT, EXPORT)]


async def importing(home: Home, path: Path) -> asyncio.Task[Any]:
    """Begin an import while the recorder is busy, and wait until it is queued."""
    read_ = await home.importer.async_read(nullcontext(path))
    task = home.hass.async_create_task(home.importer.async_import(read_))
    async with asyncio.timeout(10):
        while home.importer._record.writing is None:  # noqa: ASYNC110, SLF001 -- what waits for the recorder
            await asyncio.sleep(0.01)
    return task


async def test_an_import_whose_caller_is_gone_is_known(home: Home, tmp_path: Path) -> None:
    await home.live(LIVE_FROM + timedelta(hours=2))
    before = await home.rows()
    path = export(home, tmp_path, LIVE_FROM)
    go = await busy(home)
    task = await importing(home, path)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go.set()
    await home.hass.async_block_till_done()
    assert len(await imports(home)) == 1
    assert await home.rows() != before
    await home.importer.async_undo()
    assert await home.rows() == before


async def test_an_import_that_fails_when_its_caller_is_gone_is_one_warning(
    home: Home, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await home.live(LIVE_FROM + timedelta(hours=2))
    go = await busy(home)
    task = await importing(home, export(home, tmp_path, LIVE_FROM))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await home.hass.config_entries.async_remove(home.entry.entry_id)
    go.set()
    await async_wait_recording_done(home.hass)
    await home.hass.async_block_till_done()
    assert [record for record in caplog.records if record.levelno > logging.WARNING] == []
    [told] = [record for record in caplog.records if record.name == "custom_components.emucs.history.unattended"]
    assert told.getMessage().endswith("has failed: removed")


async def reloading(home: Home, monkeypatch: pytest.MonkeyPatch) -> tuple[asyncio.Event, asyncio.Task[bool]]:
    """Reload the entry, which waits in reading its stores until the returned event is set."""
    load, go = MeterCoordinator._async_load, asyncio.Event()  # noqa: SLF001 -- what takes time on a slow disk

    async def slow(coordinator: MeterCoordinator) -> None:
        await go.wait()
        await load(coordinator)

    monkeypatch.setattr(MeterCoordinator, "_async_load", slow)
    before = home.entry.runtime_data
    task = home.hass.async_create_task(home.hass.config_entries.async_reload(home.entry.entry_id))
    await eventually(lambda: getattr(home.entry, "runtime_data", before) is not before)
    return go, task


async def test_an_import_that_is_written_during_a_reload_is_answered(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await home.live(LIVE_FROM + timedelta(hours=2))
    before = await hourly(home)
    go = await busy(home)
    task = await importing(home, export(home, tmp_path, LIVE_FROM))
    loaded, reload = await reloading(home, monkeypatch)
    go.set()
    plan = await task
    assert plan.is_new
    loaded.set()
    assert await reload
    assert await imports(home) == [plan.layer.id]
    # The forecast learns from it once the meter is there again.
    await asyncio.sleep(0.3)
    gc.collect()
    assert "Task exception was never retrieved" not in caplog.text
    await home.importer.async_undo()
    assert await hourly(home) == before


async def test_an_import_waits_for_a_reload(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await home.live(LIVE_FROM + timedelta(hours=2))
    path = export(home, tmp_path, LIVE_FROM)
    loaded, reload = await reloading(home, monkeypatch)
    task = home.hass.async_create_task(home.take(path))
    await asyncio.sleep(0.1)
    assert not task.done()
    loaded.set()
    assert await reload
    assert (await task).is_new
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    with pytest.raises(ExportError, match="entry_not_loaded"):
        await home.importer.async_undo()


async def test_a_meter_that_is_removed_before_the_import_begins_has_none(home: Home, tmp_path: Path) -> None:
    await home.live(LIVE_FROM + timedelta(hours=2))
    before = await home.rows()
    importer, path = home.importer, export(home, tmp_path, LIVE_FROM)
    go = await busy(home)
    task = await importing(home, path)
    async with asyncio.timeout(10):
        # The recorder is not waited for.
        await home.hass.config_entries.async_remove(home.entry.entry_id)
    with pytest.raises(ExportError, match="removed"):
        await task
    go.set()
    await async_wait_recording_done(home.hass)
    assert await home.rows() == before
    assert await importer.async_imports() == []


async def test_a_meter_that_is_removed_waits_for_an_import_that_has_begun(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await home.live(LIVE_FROM + timedelta(hours=2))
    before = await home.rows()
    begun, go = threading.Event(), threading.Event()
    change = Rows.change

    def slow(*arguments: Any) -> None:
        begun.set()
        go.wait(30)
        change(*arguments)

    monkeypatch.setattr(Rows, "change", slow)
    importer = home.importer
    task = await importing(home, export(home, tmp_path, LIVE_FROM))
    await home.hass.async_add_executor_job(begun.wait, 10)
    removal = home.hass.async_create_task(home.hass.config_entries.async_remove(home.entry.entry_id))
    await asyncio.sleep(0.1)
    assert not removal.done()
    go.set()
    await removal
    await task
    assert len(await importer.async_imports()) == 1
    assert await home.rows() != before


async def test_a_job_that_has_begun_is_waited_for_when_nobody_else_does(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As at a stop, which cancels what still runs."""
    await home.live(LIVE_FROM + timedelta(hours=2))
    begun, go = threading.Event(), threading.Event()
    change = Rows.change

    def slow(*arguments: Any) -> None:
        begun.set()
        go.wait(30)
        change(*arguments)

    monkeypatch.setattr(Rows, "change", slow)
    await importing(home, export(home, tmp_path, LIVE_FROM))
    await home.hass.async_add_executor_job(begun.wait, 10)
    for task in asyncio.all_tasks():
        if task.get_name() == f"{DOMAIN} history":
            task.cancel()
    shown = home.hass.async_create_task(imports(home))
    await asyncio.sleep(0.1)
    assert not shown.done()
    go.set()
    assert len(await shown) == 1


async def test_imports_of_a_meter_that_was_removed_and_added_again_can_be_taken_back(
    hass: HomeAssistant, home: Home, tmp_path: Path, hass_storage: dict[str, Any]
) -> None:
    await home.live(LIVE_FROM + timedelta(hours=2))
    before = await hourly(home)
    path = export(home, tmp_path, LIVE_FROM + timedelta(hours=1))
    plan = await home.take(path)
    after = await home.rows()
    await hass.config_entries.async_remove(home.entry.entry_id)
    await async_wait_recording_done(hass)
    assert await home.rows() == after
    # Nothing of the meter is kept but the record of what was imported.
    assert [key for key in hass_storage if key.startswith("emucs.")] == [KEY]
    again = MockConfigEntry(domain=DOMAIN, title="Meter", unique_id=home.entry.unique_id, data=dict(home.entry.data))
    again.add_to_hass(hass)
    assert await hass.config_entries.async_setup(again.entry_id)
    await hass.async_block_till_done()
    home.entry = again
    assert await imports(home) == [plan.layer.id]
    assert not (await home.take(path)).is_new
    assert await home.importer.async_undo() is not None
    assert await hourly(home) == before
    await hass.config_entries.async_unload(again.entry_id)


@pytest.mark.parametrize("fate", ["disabled", "removed", "renamed", "renamed and removed"])
async def test_an_import_is_taken_back_whatever_became_of_its_entity(
    hass: HomeAssistant, home: Home, tmp_path: Path, fate: str
) -> None:
    await home.live(LIVE_FROM + timedelta(hours=2))
    before = await hourly(home)
    await home.take(export(home, tmp_path, LIVE_FROM + timedelta(hours=1)))
    registry = er.async_get(hass)
    if "renamed" in fate:
        registry.async_update_entity(IMPORT, new_entity_id=f"{IMPORT}_of_ours")
    if fate == "disabled":
        registry.async_update_entity(IMPORT, disabled_by=er.RegistryEntryDisabler.USER)
    if "removed" in fate:
        registry.async_remove(f"{IMPORT}_of_ours" if "renamed" in fate else IMPORT)
    await async_wait_recording_done(hass)
    await hass.async_block_till_done()
    assert await home.importer.async_undo() is not None
    if "renamed" in fate:
        assert await _rows_of(home, f"{IMPORT}_of_ours") == before[0]
    else:
        assert (await hourly(home))[0] == before[0]
    assert (await hourly(home))[1] == before[1]


async def _rows_of(home: Home, entity_id: str) -> list[dict[str, Any]]:
    """Return the hourly rows of an entity."""
    rows = await get_instance(home.hass).async_add_executor_job(
        statistics_during_period,
        home.hass,
        datetime(2020, 1, 1, tzinfo=UTC),
        None,
        {entity_id},
        "hour",
        None,
        {"sum", "state"},
    )
    return [{**row, "sum": round(row["sum"] or 0, 6)} for row in rows[entity_id]]


async def test_statistics_that_the_user_deleted_are_no_obstacle(
    hass: HomeAssistant, home: Home, tmp_path: Path
) -> None:
    await home.live(LIVE_FROM + timedelta(hours=2))
    await home.take(export(home, tmp_path, LIVE_FROM))
    get_instance(hass).async_clear_statistics([IMPORT])
    await async_wait_recording_done(hass)
    assert await home.importer.async_undo() is not None
    assert await imports(home) == []
    assert all(row["state"] is not None for row in (await hourly(home))[1])


async def test_an_import_that_no_record_is_left_of_is_found_in_the_database(
    hass: HomeAssistant, home: Home, tmp_path: Path, hass_storage: dict[str, Any]
) -> None:
    """As after a restore from an older backup, beside a database of its own."""
    await home.live(LIVE_FROM + timedelta(hours=2))
    before = await hourly(home)
    path = export(home, tmp_path, LIVE_FROM)
    await home.take(path)
    del hass_storage[KEY]
    assert len(await imports(home)) == 1
    assert not (await home.take(path)).is_new
    assert await home.importer.async_undo() is not None
    assert await hourly(home) == before
    assert await imports(home) == []


UNREADABLE = {
    "no JSON": b'{"version": 1, "data": {"lay',
    "a list": b"[]",
    "null": b"null",
    "nothing": b"",
    "no version": b'{"data": {"layers": [], "pending": null}}',
    "no data": b'{"version": 1, "minor_version": 1, "key": "emucs.history"}',
    "a version of the future": b'{"version": 2, "minor_version": 1, "key": "emucs.history", "data": {"layers": []}}',
    "other data": b'{"version": 1, "minor_version": 1, "key": "emucs.history", "data": {"layers": {"a": 1}}}',
    "a broken layer": b'{"version": 1, "minor_version": 1, "data": {"layers": [{"id": 1}], "pending": null}}',
}


def written(hass: HomeAssistant, content: bytes) -> Path:
    """Write a record."""
    record = Path(hass.config.path(".storage", KEY))
    record.parent.mkdir(exist_ok=True)
    record.write_bytes(content)
    return record


def others(record: Path) -> list[Path]:
    """Return the files beside a record that no longer exists."""
    assert not record.exists()
    return list(record.parent.glob(f"{KEY}.unreadable.*"))


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE)
async def test_a_record_that_cannot_be_read_is_set_aside_and_nothing_takes_its_place(
    hass: HomeAssistant, home: Home, tmp_path: Path, hass_storage: dict[str, Any], content: bytes
) -> None:
    await home.live(LIVE_FROM + timedelta(hours=2))
    before = await hourly(home)
    path = export(home, tmp_path, LIVE_FROM)
    await home.take(path)
    after = await hourly(home)
    record = written(hass, content)
    if content.startswith(b'{"version"') and b'"data":' in content and b"lay" in content and content.endswith(b"}"):
        # What has an envelope is read by Home Assistant's own store.
        hass_storage[KEY] = json_loads(content)
    kept = hass_storage.get(KEY)
    assert await hass.config_entries.async_reload(home.entry.entry_id)
    issues, issue_id = ir.async_get(hass), f"history_unreadable_{home.entry.entry_id}"
    await eventually(lambda: issues.async_get_issue(DOMAIN, issue_id) is not None)
    issue = issues.async_get_issue(DOMAIN, issue_id)
    assert issue is not None
    [aside] = others(record)
    assert aside.read_bytes() == content
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["file"] == aside.name
    with pytest.raises(ExportError, match="record_unreadable"):
        await home.importer.async_undo()
    with pytest.raises(ExportError, match="record_unreadable"):
        await home.take(path)
    assert (await hourly(home), hass_storage.get(KEY)) == (after, kept)
    # What stands for the disk here has no other names.
    hass_storage.pop(KEY, None)
    # Somebody looks at it, and goes on with what the database has.
    flow = await hass.config_entries.options.async_init(home.entry.entry_id)
    step = await hass.config_entries.options.async_configure(flow["flow_id"], {"next_step_id": "undo_import"})
    assert step["step_id"] == "record_lost"
    assert "6 January 2026 - 14 January 2026" in step["description_placeholders"]["imports"]
    step = await hass.config_entries.options.async_configure(flow["flow_id"], {})
    assert step["step_id"] == "undo_import"
    assert issues.async_get_issue(DOMAIN, issue_id) is None
    assert await home.importer.async_undo() is not None
    assert await hourly(home) == before
    assert [each.read_bytes() for each in others(record)] == [content]


async def test_a_record_that_is_put_back_is_taken_up(
    hass: HomeAssistant, home: Home, tmp_path: Path, hass_storage: dict[str, Any]
) -> None:
    written(hass, b"[")
    with pytest.raises(ExportError, match="record_unreadable"):
        await home.importer.async_imports()
    written(hass, b'{"version": 1, "minor_version": 1, "key": "emucs.history", "data": {"layers": []}}')
    assert await imports(home) == []


async def test_a_later_minor_version_is_read(hass: HomeAssistant, hass_storage: dict[str, Any]) -> None:
    layer = Layer(id="1", created="2026-01-01", entry_id="2", meter="3").save() | {"later": True}
    data = {"layers": [layer], "pending": None, "later": []}
    hass_storage[KEY] = {"version": 1, "minor_version": 9, "key": KEY, "data": data}
    assert await LedgerStore(hass).async_load() == data
    assert Layer.restore(layer).id == "1"


async def test_a_database_of_another_schema_is_left_alone(
    hass: HomeAssistant, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await home.live(LIVE_FROM + timedelta(hours=2))
    path = export(home, tmp_path, LIVE_FROM)
    await home.take(path)
    after = await home.rows()
    monkeypatch.setattr(get_instance(hass), "schema_version", 54)
    assert await hass.config_entries.async_reload(home.entry.entry_id)
    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"recorder_unknown_{home.entry.entry_id}")
    assert issue is not None
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["version"] == "54"
    with pytest.raises(ServiceValidationError, match="not been tested"):
        await hass.services.async_call(
            DOMAIN, "undo_import", {"config_entry_id": home.entry.entry_id}, blocking=True, return_response=True
        )
    flow = await hass.config_entries.options.async_init(home.entry.entry_id)
    step = await hass.config_entries.options.async_configure(flow["flow_id"], {"next_step_id": "import_history"})
    assert (step["type"], refusal(step)) == ("abort", "unknown_recorder")
    monkeypatch.undo()
    assert {key: value for key, value in (await home.rows()).items() if "hour" in key} == {
        key: value for key, value in after.items() if "hour" in key
    }


async def test_a_counter_that_is_not_read_for_weeks_goes_on_where_it_ended(
    hass: HomeAssistant, home: Home, tmp_path: Path
) -> None:
    """The recorder purges rows of five minutes; without any, a sum begins at zero."""
    instance = get_instance(hass)
    await home.live(LIVE_FROM + timedelta(hours=2))
    await home.take(export(home, tmp_path, LIVE_FROM))
    total = (await home.rows())[f"{IMPORT} 5minute"][-1]["sum"]
    day = 86400

    def age(days: float) -> None:
        """Age the five-minute rows."""
        with session_scope(session=instance.get_session()) as session:
            session.execute(update(StatisticsShortTerm).values(start_ts=StatisticsShortTerm.start_ts - days * day))

    async def purge() -> None:
        """Purge as every night, while the recorder relies on its rows."""
        await hass.services.async_call("recorder", "purge", {"keep_days": 10}, blocking=True)
        await async_wait_recording_done(hass)

    do_adhoc_statistics(hass, start=datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=1))
    await async_wait_recording_done(hass)
    for turn in range(4):
        home.importer.async_keep_going()
        await async_wait_recording_done(hass)
        await hass.async_add_executor_job(age, 6 + turn / 100)
        home.importer.async_keep_going()
        await async_wait_recording_done(hass)
        await purge()
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    home.counters[IMPORT] += 0.5
    home.show(start + timedelta(seconds=60))
    do_adhoc_statistics(hass, start=start)
    await async_wait_recording_done(hass)
    newest = (await home.rows())[f"{IMPORT} 5minute"][-1]
    assert newest["sum"] == pytest.approx(total + 0.5, abs=1e-5)


async def test_what_was_compiled_last_is_in_utc(hass: HomeAssistant, home: Home) -> None:
    instance = get_instance(hass)
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=5)
    assert BRUSSELS.utcoffset(start)

    def run() -> None:
        """Let the recorder compile five minutes."""
        with session_scope(session=instance.get_session()) as session:
            session.query(StatisticsRuns).delete()
            session.add(StatisticsRuns(start=start))

    await hass.async_add_executor_job(run)
    compiled = await instance.async_add_executor_job(read, instance, lambda rows: rows.compiled_until())
    assert compiled == start.timestamp() + 300
    assert compiled < time.time()
