"""The flow that imports history, with Home Assistant's own upload."""

from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.emucs.history_flow import SUBENTRY_HISTORY
from tests.conftest import eventually
from tests.history.exports import table
from tests.test_history_import import IMPORT, LIVE_FROM, Home, export, home, house, settled, shown

__all__ = ["home", "house"]

pytestmark = pytest.mark.parametrize("persistent_database", [True])


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
        self.manager = home.hass.config_entries.subentries
        self.result: Any = None

    async def begin(self) -> Any:
        """Open it from the menu of the entry."""
        self.result = await self.manager.async_init(
            (self.home.entry.entry_id, SUBENTRY_HISTORY), context={"source": "user"}
        )
        return self.result

    async def submit(self, **answer: Any) -> Any:
        """Answer a step, and wait for the next one that asks."""
        self.result = await self.manager.async_configure(self.result["flow_id"], answer)
        while self.result["type"] in (FlowResultType.SHOW_PROGRESS, FlowResultType.SHOW_PROGRESS_DONE):
            await self.home.hass.async_block_till_done()
            self.result = await self.manager.async_configure(self.result["flow_id"])
        return self.result


async def test_a_file_is_chosen_looked_at_and_written(
    hass: HomeAssistant, home: Home, hass_client: ClientSessionGenerator, tmp_path: Path
) -> None:
    until = LIVE_FROM.replace(hour=20)
    await home.live(until)
    before = await home.rows()
    flow = Flow(home)
    assert (await flow.begin())["step_id"] == "user"
    path = export(home, tmp_path, LIVE_FROM.replace(hour=19))
    result = await flow.submit(file=await upload(hass_client, path))
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "summary")
    text = result["description_placeholders"]["summary"]
    assert "| Electricity meter Energy import | 210 | 2026-01-06" in text
    assert "is completed with" in text
    assert await home.rows() == before
    result = await flow.submit()
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "2026-01-06 - 2026-01-14"
    await settled(home)
    assert len(shown(home)) == 1
    assert len((await home.rows())[f"{IMPORT} hour"]) == len(before[f"{IMPORT} hour"]) + 210

    await flow.begin()
    result = await flow.submit(file=await upload(hass_client, path))
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "nothing_new")


async def test_what_is_wrong_is_said_and_another_file_can_be_chosen(
    hass: HomeAssistant, home: Home, hass_client: ClientSessionGenerator, tmp_path: Path
) -> None:
    home.show(LIVE_FROM)
    flow = Flow(home)
    await flow.begin()
    result = await flow.submit(file="01234567-0123-0123-0123-0123456789ab")
    assert result["errors"] == {"file": "unreadable"}
    path = tmp_path / "other.csv"
    path.write_bytes(table(home.house.intervals()))
    result = await flow.submit(file=await upload(hass_client, path))
    assert (result["step_id"], result["errors"]) == ("user", {"file": "wrong_meter"})
    assert result["description_placeholders"]["line"] == "2"
    assert result["description_placeholders"]["file"] == "other.csv"
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
    assert (await flow.submit(confirmed=False))["errors"] == {"confirmed": "unconfirmed"}
    assert (await flow.submit(confirmed=True))["type"] is FlowResultType.CREATE_ENTRY
    await eventually(lambda: len(shown(home)) == 1)


async def test_without_its_meter_nothing_is_imported(hass: HomeAssistant, home: Home) -> None:
    assert await hass.config_entries.async_unload(home.entry.entry_id)
    result = await Flow(home).begin()
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "entry_not_loaded")
    assert await hass.config_entries.async_setup(home.entry.entry_id)
