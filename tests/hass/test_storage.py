"""What a restart needs is kept; what cannot be read is set aside, and never overwritten."""

import json
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.emucs.const import DOMAIN, ENTRY_MINOR_VERSION
from custom_components.emucs.insight.base import Insight
from custom_components.emucs.insight.capacity import Capacity
from custom_components.emucs.insight.meter import INSIGHTS
from custom_components.emucs.repairs import async_create_fix_flow
from tests.support import entry_data

VALID = {"version": 1, "minor_version": 2, "key": "emucs.x", "data": {}}
PARTS = VALID | {"data": {"guard": 7, "capacity": "x", "voltage": "x", "profile": {"last": 7}}}


@pytest.fixture
def hass_config_dir(tmp_path: Path) -> str:
    """Give Home Assistant a folder of its own, with real files."""
    return str(tmp_path)


@pytest.fixture
def hass_storage() -> dict[str, Any]:
    """Mock no storage."""
    return {}


def folder(hass: HomeAssistant) -> Path:
    """Return the folder of the stores."""
    return Path(hass.config.path(".storage"))


@pytest.mark.parametrize("suffix", ["", ".series"])
@pytest.mark.parametrize(
    "content",
    [
        pytest.param([], id="list"),
        pytest.param(None, id="null"),
        pytest.param({"data": {}}, id="no version"),
        pytest.param(VALID | {"version": 99}, id="of the future"),
        pytest.param(VALID | {"version": "one"}, id="version in words"),
        pytest.param(VALID | {"data": [1, 2]}, id="data of another kind"),
        pytest.param(PARTS, id="parts of another kind"),
    ],
)
async def test_a_store_with_a_wrong_envelope_is_set_aside(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    issue_registry: ir.IssueRegistry,
    content: Any,
    suffix: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = folder(hass) / f"emucs.{entry.entry_id}{suffix}"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content))
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert "starting anew" in caplog.text
    [aside] = path.parent.glob(f"{path.name}.unreadable.*")
    assert json.loads(aside.read_text()) == content
    issue = issue_registry.async_get_issue(DOMAIN, f"unreadable_store_{entry.entry_id}")
    assert issue.translation_placeholders["file"] == aside.name
    assert issue.is_persistent
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert json.loads(aside.read_text()) == content
    # The user is told until that was read, and of nothing but that.
    assert issue_registry.async_get_issue(DOMAIN, issue.issue_id) is not None
    flow = await async_create_fix_flow(hass, issue.issue_id, issue.data)
    flow.hass, flow.issue_id, flow.data = hass, issue.issue_id, issue.data
    assert (await flow.async_step_confirm({}))["type"] == "create_entry"


async def test_a_file_that_cannot_be_moved_is_not_overwritten(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder(hass) / f"emucs.{entry.entry_id}"
    path.parent.mkdir(exist_ok=True)
    path.write_text("[]")
    with monkeypatch.context() as refusing:
        refusing.setattr("custom_components.emucs.storage._set_aside", lambda _: None)
        assert await hass.config_entries.async_setup(entry.entry_id)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert path.read_text() == "[]"


async def test_a_store_of_the_version_before_is_taken_up(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    month = {"peaks": {"2024-06-01": ["4.321", "2024-06-03T18:00:00+00:00", "history"]}, "counters": {}}
    path = folder(hass) / f"emucs.{entry.entry_id}"
    path.parent.mkdir(exist_ok=True)
    before = {"quarter": {}, "ledger": month}
    fresh = Capacity(Capacity.settings_of({})).save()
    before["quarter"] = fresh["quarter"]
    path.write_text(json.dumps({"version": 1, "minor_version": 1, "key": path.name, "data": before}))
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert any(float(peak.value) == 4.321 for peak in entry.runtime_data.insights[Capacity].months().values())
    assert await hass.config_entries.async_unload(entry.entry_id)
    saved = json.loads(path.read_text())
    assert (saved["version"], saved["minor_version"]) == (1, 2)
    assert saved["data"].keys() >= {"guard", "capacity"}


@pytest.mark.parametrize("has_bulk", [False, True])
async def test_a_meter_that_is_removed_leaves_no_file(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch, *, has_bulk: bool
) -> None:
    for kind in INSIGHTS if not has_bulk else ():
        monkeypatch.setattr(kind, "save_series", Insight.save_series)
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert await hass.config_entries.async_unload(entry.entry_id)
    names = {path.name for path in folder(hass).glob(f"emucs.{entry.entry_id}*")}
    assert names == {f"emucs.{entry.entry_id}{suffix}" for suffix in (("", ".series") if has_bulk else ("",))}
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_stop(force=True)
    assert list(folder(hass).glob(f"emucs.{entry.entry_id}*")) == []


async def test_an_entry_of_the_version_before_is_taken_up(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    options = {"update_interval": 1, "capacity": {"goal": 4.5, "area": "west"}}
    hass.config_entries.async_update_entry(entry, options=options, version=1, minor_version=1)
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert (entry.version, entry.minor_version) == (1, ENTRY_MINOR_VERSION)
    assert entry.options["capacity"] == {"peak_target": 4.5, "area": "west"}
    assert float(entry.runtime_data.insights[Capacity].settings.peak_target) == 4.5
    assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("T211 1SAG3100000782", "T211"),
        ("1SAG3100000782", "Elektriciteitsmeter"),
        ("Home (1SAG3100000782)", "Home"),
        ("Home", "Home"),
    ],
)
@pytest.mark.usefixtures("socket_enabled")
async def test_the_number_goes_from_the_title_of_an_entry_of_the_version_before(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture, before: str, after: str
) -> None:
    hass.config.language = "nl"
    entry = MockConfigEntry(
        domain=DOMAIN,
        title=before,
        unique_id="1SAG3100000782",
        data=entry_data("socket://127.0.0.1:1"),
        version=1,
        minor_version=2,
    )
    entry.add_to_hass(hass)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert (entry.title, entry.version, entry.minor_version) == (after, 1, ENTRY_MINOR_VERSION)
    assert "1SAG3100000782" not in "".join(record.getMessage() for record in caplog.records)


@pytest.mark.usefixtures("socket_enabled")
async def test_two_meters_of_one_model_are_told_apart(hass: HomeAssistant) -> None:
    entries = [
        MockConfigEntry(
            domain=DOMAIN,
            title=f"T211 {identifier}",
            unique_id=identifier,
            data=entry_data("socket://127.0.0.1:1"),
            minor_version=2,
        )
        for identifier in ("1SAG3100000782", "1SAG3100000783")
    ]
    for entry in entries:
        entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entries[0].entry_id)
    await hass.async_block_till_done()
    assert [entry.title for entry in entries] == ["T211 …782", "T211 …783"]


@pytest.mark.parametrize(("before", "after"), [(5, {}), (1, {"update_interval": 1}), (30, {"update_interval": 30})])
async def test_the_interval_that_was_the_default_becomes_the_default_of_now(
    hass: HomeAssistant, entry: MockConfigEntry, before: int, after: dict[str, int]
) -> None:
    hass.config_entries.async_update_entry(
        entry, options={"update_interval": before, "user_port": "p1"}, minor_version=3
    )
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert entry.options == {**after, "user_port": "p1"}
    assert entry.runtime_data.is_adaptive is not bool(after)
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_five_seconds_that_are_chosen_now_stay(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    hass.config_entries.async_update_entry(entry, options={"update_interval": 5})
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert entry.options == {"update_interval": 5}
    assert not entry.runtime_data.is_adaptive
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_an_entry_of_a_later_version_is_refused(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    hass.config_entries.async_update_entry(entry, version=2)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.MIGRATION_ERROR


async def test_a_stop_writes_what_is_known_and_logs_no_error(
    hass: HomeAssistant, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    path = folder(hass) / f"emucs.{entry.entry_id}"
    assert not path.exists()
    await hass.async_stop(force=True)
    assert json.loads(path.read_text())["data"]["guard"]["meter"] == entry.unique_id
    assert "Unable to remove unknown job listener" not in caplog.text
    assert not [record for record in caplog.records if record.levelname == "ERROR" and "emucs" in record.getMessage()]
