"""The flow that imports history, with Home Assistant's own upload."""

from contextlib import nullcontext
from dataclasses import replace
from datetime import date, timedelta
import json
from pathlib import Path
import re
from typing import Any

from homeassistant.components.frontend.storage import async_user_store
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockUser
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

import custom_components.emucs
from custom_components.emucs.history.report import response_of, text_of, title_of
from tests.exports.exports import archive, lines, midnight, peak_rows, row, table
from tests.hass.history_database import recorder_db_url
from tests.hass.test_history_import import IMPORT, LIVE_FROM, Home, export, home, house, imports

__all__ = ["home", "house", "recorder_db_url"]

ENGLISH = json.loads((Path(custom_components.emucs.__file__).parent / "translations" / "en.json").read_text())


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(recorder_mock: None, enable_custom_integrations: None) -> None:
    """Start the recorder before anything else."""


async def upload(client: ClientSessionGenerator, path: Path) -> str:
    """Upload a file as the frontend does."""
    with path.open("rb") as file:
        answer = await (await client()).post("/api/file_upload", data={"file": file})
    assert answer.status == 200
    file_id: str = (await answer.json())["file_id"]
    return file_id


class Flow:
    """The flow, step by step."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.manager = home.hass.config_entries.options
        self.result: Any = None

    async def begin(self, step: str = "import_history") -> Any:
        """Choose from the menu behind *Configure*."""
        self.result = await self.manager.async_init(self.home.entry.entry_id)
        assert self.result["type"] is FlowResultType.MENU
        assert self.result["menu_options"] == ["settings", "import_history", "undo_import"]
        return await self.submit(next_step_id=step)

    async def submit(self, **answer: Any) -> Any:
        """Answer a step, and wait for the next one that asks."""
        self.result = await self.manager.async_configure(self.result["flow_id"], answer)
        while self.result["type"] in (FlowResultType.SHOW_PROGRESS, FlowResultType.SHOW_PROGRESS_DONE):
            await self.home.hass.async_block_till_done()
            self.result = await self.manager.async_configure(self.result["flow_id"])
        return self.result


def refusal(result: Any, field: str | None = None) -> str:
    """Return the reason whose text a step shows, beside a field or because it ends the flow."""
    shown = {field: "detail"} if field else "detail"
    assert result["errors" if field else "reason"] == shown
    detail = result["description_placeholders"]["detail"]
    [reason] = [
        key.removeprefix("export_")
        for key, text in ENGLISH["exceptions"].items()
        if re.fullmatch(re.sub(r"\\{\w+\\}", ".*", re.escape(text["message"])), detail)
    ]
    return reason


async def test_a_file_is_chosen_looked_at_and_written(
    hass: HomeAssistant, home: Home, hass_client: ClientSessionGenerator, tmp_path: Path
) -> None:
    until = LIVE_FROM.replace(hour=20)
    await home.live(until)
    before = await home.rows()
    flow = Flow(home)
    coordinator, options = home.entry.runtime_data, dict(home.entry.options)
    assert (await flow.begin())["step_id"] == "import_history"
    path = export(home, tmp_path, LIVE_FROM.replace(hour=19))
    result = await flow.submit(file=await upload(hass_client, path))
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "summary")
    text = result["description_placeholders"]["summary"]
    assert "From 6 January 2026 to 14 January 2026:" in text
    lines_of_counters = [line for line in text.splitlines() if line.startswith("| Electricity meter")]
    assert [line.split(" | ")[0] for line in lines_of_counters] == [
        f"| Electricity meter Energy {direction}{tariff}"
        for direction in ("import", "export")
        for tariff in ("", " tariff 1", " tariff 2")
    ]
    assert lines_of_counters[0].endswith("kWh |")
    assert "." not in lines_of_counters[0]
    assert "is completed with" in text
    assert await home.rows() == before
    result = await flow.submit()
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "imported")
    assert result["description_placeholders"]["title"] == "6 January 2026 - 14 January 2026 (a.csv)"
    assert result["description_placeholders"]["energy"] == "/energy"
    assert len(await imports(home)) == 1
    assert len((await home.rows())[f"{IMPORT} hour"]) == len(before[f"{IMPORT} hour"]) + 210
    # Neither was the meter set up anew, nor did its options change.
    assert (home.entry.runtime_data, dict(home.entry.options)) == (coordinator, options)

    await flow.begin()
    result = await flow.submit(file=await upload(hass_client, path))
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "nothing_new")

    result = await flow.begin("undo_import")
    assert result["step_id"] == "undo_import"
    [choice] = result["data_schema"].schema["import"].config["options"]
    assert choice["label"] == "6 January 2026 - 14 January 2026 (a.csv)"
    result = await flow.submit(**{"import": choice["value"]})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "undone")
    assert await home.rows() == before
    result = await flow.begin("undo_import")
    assert (result["type"], refusal(result)) == (FlowResultType.ABORT, "nothing_to_undo")
    assert home.entry.runtime_data is coordinator


async def test_settings_are_one_of_the_choices(hass: HomeAssistant, home: Home) -> None:
    flow = Flow(home)
    coordinator = home.entry.runtime_data
    result = await flow.begin("settings")
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "settings")
    result = await flow.submit(update_interval=30)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert home.entry.options["update_interval"] == 30
    assert home.entry.runtime_data is not coordinator


async def test_what_is_missing_is_told_in_days(
    hass: HomeAssistant, home: Home, hass_client: ClientSessionGenerator, tmp_path: Path
) -> None:
    await home.live(LIVE_FROM.replace(hour=20))
    first = export(home, tmp_path, LIVE_FROM - timedelta(days=6), name="first.csv")
    last = export(home, tmp_path, LIVE_FROM - timedelta(days=2), since=LIVE_FROM - timedelta(days=3), name="last.csv")
    await home.take(first)
    flow = Flow(home)
    await flow.begin()
    result = await flow.submit(file=await upload(hass_client, last))
    text = result["description_placeholders"]["summary"]
    assert "- The 3 days from 8 January 2026 are missing: download them too." in text
    assert "The 2 days from 12 January 2026 are missing: download them too." in text


@pytest.mark.parametrize(
    ("chosen", "first_line"), [("nl", "Van 6 januari 2026 tot en met"), ("de", "Vom 6. Januar 2026")]
)
async def test_the_summary_is_in_the_language_of_the_user(
    hass: HomeAssistant,
    home: Home,
    hass_client: ClientSessionGenerator,
    hass_admin_user: MockUser,
    tmp_path: Path,
    chosen: str,
    first_line: str,
) -> None:
    await home.live(LIVE_FROM.replace(hour=20))
    hass.config.components.add("frontend")
    store = await async_user_store(hass, hass_admin_user.id)
    await store.async_set_item("language", {"language": chosen, "number_format": "language"})
    assert await async_setup_component(hass, "config", {})
    client = await hass_client()
    api = "/api/config/config_entries/options/flow"
    flow = await (await client.post(api, json={"handler": home.entry.entry_id})).json()
    api = f"{api}/{flow['flow_id']}"
    await client.post(api, json={"next_step_id": "import_history"})
    file = await upload(hass_client, export(home, tmp_path, LIVE_FROM))
    step = await (await client.post(api, json={"file": file})).json()
    while step["type"] == "progress":
        await hass.async_block_till_done()
        step = await (await client.get(api)).json()
    assert step["step_id"] == "summary"
    assert step["description_placeholders"]["summary"].startswith(first_line)


async def test_what_is_wrong_is_said_and_another_file_can_be_chosen(
    hass: HomeAssistant, home: Home, hass_client: ClientSessionGenerator, tmp_path: Path
) -> None:
    home.show(LIVE_FROM)
    flow = Flow(home)
    await flow.begin()
    result = await flow.submit(file="01234567-0123-0123-0123-0123456789ab")
    assert refusal(result, "file") == "unreadable"
    path = tmp_path / "other.csv"
    path.write_bytes(table(home.house.intervals()))
    result = await flow.submit(file=await upload(hass_client, path))
    assert (result["step_id"], refusal(result, "file")) == ("import_history", "wrong_meter")
    assert "(line 2 of other.csv)" in result["description_placeholders"]["detail"]
    result = await flow.submit(file=await upload(hass_client, export(home, tmp_path, LIVE_FROM)))
    assert (result["step_id"], result["errors"]) == ("summary", {})


async def test_an_export_that_names_no_meter_has_to_be_confirmed(
    hass: HomeAssistant, home: Home, hass_client: ClientSessionGenerator, tmp_path: Path
) -> None:
    home.show(LIVE_FROM)
    path = export(home, tmp_path, LIVE_FROM)
    assert home.entry.unique_id is not None
    path.write_bytes(path.read_bytes().replace(home.entry.unique_id.encode(), b""))
    flow = Flow(home)
    await flow.begin()
    result = await flow.submit(file=await upload(hass_client, path))
    assert list(result["data_schema"].schema) == ["confirmed"]
    assert refusal(await flow.submit(confirmed=False), "confirmed") == "unconfirmed"
    assert (await flow.submit(confirmed=True))["reason"] == "imported"
    assert len(await imports(home)) == 1


async def test_without_its_meter_nothing_is_imported(hass: HomeAssistant, home: Home) -> None:
    assert await hass.config_entries.async_unload(home.entry.entry_id)
    result = await Flow(home).begin()
    assert (result["type"], refusal(result)) == (FlowResultType.ABORT, "entry_not_loaded")
    assert await hass.config_entries.async_setup(home.entry.entry_id)


async def test_the_summary_tells_all_that_is_to_be_known(hass: HomeAssistant, home: Home, tmp_path: Path) -> None:
    await home.live(LIVE_FROM.replace(hour=20))
    meter = home.entry.unique_id
    assert meter is not None
    begin = midnight(date(2026, 1, 8))
    rows = [replace(each, meter=meter) for each in home.house.intervals() if each.start < LIVE_FROM.timestamp() + 3600]
    rows = [each for each in rows if not begin <= each.start < begin + 7200]
    rows = [replace(each, estimated=each.start < begin) for each in rows if each.start != begin + 10800]
    strange = row(replace(rows[-1], register="Afname Inductief", unit="kVArh"))
    other = row(replace(rows[-1], ean="541400000000000097", meter="1SAG1100000009"))
    unknown = [row(each).replace("Uitgelezen", "Nieuw") for each in rows[-2:]]
    content = lines([*map(row, rows[:-2]), *unknown, strange, other])
    peaks = lines(peak_rows({date(2023, 4, 1): 1713, date(2025, 12, 1): 9999}, meter=meter))
    path = tmp_path / "all.zip"
    path.write_bytes(archive({"a.csv": content, "b.csv": peaks}))
    registry = er.async_get(hass)
    registry.async_update_entity(f"{IMPORT}_tariff_2", disabled_by=er.RegistryEntryDisabler.USER)
    await home.importer.async_import(await home.importer.async_read(nullcontext(path)))
    middle = export(home, tmp_path, LIVE_FROM, name="again.csv")
    read = await home.importer.async_read(nullcontext(path))
    first = await home.importer.async_plan(read)
    again = await home.importer.async_plan(await home.importer.async_read(nullcontext(middle)))
    words = ENGLISH["selector"]["history"]["options"]
    await home.importer.async_undo()
    plan = await home.importer.async_plan(read)
    text = text_of(hass, read, plan, words)
    for said in (
        "Estimated by the grid operator: 23.1% of the hours",
        "On 8 January 2026 some hours are missing: 2.",
        "Hours in which a quarter-hour is missing, to be completed by a later import: 1.",
        "Monthly peaks for the capacity tariff: 1.",
        "already known; the known ones stay: 2025-12",
        "has never been read: energy_import_tariff_2",
        "other meters: 541400000000000097 1SAG1100000009",
        "no entity shows it: Afname Inductief (kVArh)",
        "taken as measured: Nieuw",
    ):
        assert said in text, (said, text)
    assert not first.is_new
    assert again.summaries[IMPORT].new == 2
    answer = response_of(read, plan, written=False)
    assert answer["other_meters"] == ["541400000000000097 1SAG1100000009"]
    assert answer["month_peaks"]["new"] == {"2023-04": 1.713}
    assert title_of(plan.layer, words) == "6 January 2026 - 14 January 2026 (a.csv, b.csv)"
    json.dumps(answer)
