"""An import into a real Home Assistant, as the frontend does it; what its energy dashboard then shows."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
import re
from typing import Any

import aiohttp
import pytest

from demo.state import State
from harness.api import Api
from harness.energy import check_dashboard
from harness.entities import read_entities
from harness.errors import HarnessError
from harness.household import PROFILE, SEED, Household
from harness.past import fill_gap
from tests.demo.demo_process import read_until, running
from tests.exports.exports import BRUSSELS, House, archive, gas_layout, live, table
from virtual_meter import VirtualMeter

DAYS = 40

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


class Browser:
    """What the frontend sends."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str, api: Api) -> None:
        self.session = session
        self.url = url
        self.headers = {"Authorization": f"Bearer {token}"}
        self.api = api

    async def upload(self, content: bytes, name: str) -> str:
        form = aiohttp.FormData()
        form.add_field("file", content, filename=name)
        async with self.session.post(f"{self.url}/api/file_upload", data=form, headers=self.headers) as answer:
            assert answer.status == 200
            file_id: str = (await answer.json())["file_id"]
            return file_id

    async def flow(self, entry_id: str, *answers: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Walk through *Configure*; return the steps that asked, and the end."""
        path = "config/config_entries/options/flow"
        step = await self.api.request("POST", path, {"handler": entry_id})
        steps = [step]
        for answer in answers:
            step = await self.api.request("POST", f"{path}/{step['flow_id']}", dict(answer))
            while step["type"] in ("progress", "progress_done"):
                await asyncio.sleep(0.2)
                step = await self.api.request("GET", f"{path}/{step['flow_id']}")
            steps.append(step)
        return steps

    async def imports(self, entry_id: str) -> list[str]:
        """Return what can be taken back."""
        *_, step = await self.flow(entry_id, {"next_step_id": "undo_import"})
        [field] = step["data_schema"]
        return [option["value"] for option in field["selector"]["select"]["options"]]

    async def changes(self, entity_id: str, since: datetime) -> dict[int, float]:
        """Return what the energy dashboard asks for: the change of each hour."""
        found = await self.api.command(
            "recorder/statistics_during_period",
            start_time=since.isoformat(),
            statistic_ids=[entity_id],
            period="hour",
            types=["change"],
        )
        return {row["start"] // 3_600_000: row["change"] for row in found.get(entity_id, [])}


def household(state: State) -> tuple[House, bytes]:
    """Return what a household did before the demo was born, and its exports."""
    assert state.born is not None
    born = state.born.astimezone(BRUSSELS).date()
    house = live(born - timedelta(days=DAYS), born)
    meter = VirtualMeter(PROFILE, SEED, state.born)
    ids = meter.identity
    electricity = table(replace(each, meter=ids.meter_id, ean=ids.meter_ean) for each in house.intervals())
    hours = house.intervals(3600, gas=True)
    gas = table((replace(each, meter=ids.gas_id, ean=ids.gas_ean) for each in hours), gas_layout())
    return house, archive({"kwartiertotalen.csv": electricity, "uurtotalen.csv": gas})


async def imports_and_takes_back(url: str, folder: Path) -> None:
    state = State.load(folder)
    assert state is not None
    house, content = household(state)
    async with aiohttp.ClientSession() as session, Api(session, url, state.token) as api:
        browser = Browser(session, url, state.token, api)
        [entry] = await api.command("config_entries/get", domain="emucs")
        since = datetime.fromtimestamp(min(house.quarters), UTC) - timedelta(days=1)
        wanted = {
            "sensor.electricity_meter_energy_import": house.hours("import_1", "import_2"),
            "sensor.electricity_meter_energy_export": house.hours("export_1", "export_2"),
            "sensor.electricity_meter_energy_import_tariff_2": house.hours("import_2"),
            "sensor.gas_meter_gas": house.hours("gas"),
        }
        before = {entity_id: await browser.changes(entity_id, since) for entity_id in wanted}
        # The demo has imported the hours that came after these.
        [own] = await browser.imports(entry["entry_id"])
        chosen = {"file": await browser.upload(content, "history.zip")}
        *_, summary, end = await browser.flow(entry["entry_id"], {"next_step_id": "import_history"}, chosen, {})
        assert summary["step_id"] == "summary"
        assert "Electricity meter Energy import" in summary["description_placeholders"]["summary"]
        assert (end["type"], end["reason"]) == ("abort", "imported")
        for entity_id, hours in wanted.items():
            changes = await browser.changes(entity_id, since)
            assert {hour: round(changes[hour] * 1000) for hour in hours} == hours
            # The live hours are what they were, the first one too: nothing jumps where the two meet.
            assert all(changes[hour] == pytest.approx(change, abs=1e-6) for hour, change in before[entity_id].items())
            assert len(changes) == len(hours) + len(before[entity_id])
        [new] = [each for each in await browser.imports(entry["entry_id"]) if each != own]
        *_, end = await browser.flow(entry["entry_id"], {"next_step_id": "undo_import"}, {"import": new})
        assert (end["type"], end["reason"]) == ("abort", "undone")
        async with asyncio.timeout(30):
            while await browser.changes("sensor.gas_meter_gas", since) != before["sensor.gas_meter_gas"]:  # noqa: ASYNC110 -- another process
                await asyncio.sleep(0.2)
        assert {entity_id: await browser.changes(entity_id, since) for entity_id in wanted} == before


async def misses_meters_on_the_dashboard(url: str, folder: Path) -> None:
    state = State.load(folder)
    assert state is not None
    async with aiohttp.ClientSession() as session, Api(session, url, state.token) as api:
        entities = await read_entities(api)
        await check_dashboard(api, entities)
        await api.command("energy/save_prefs", energy_sources=[])
        with pytest.raises(HarnessError, match="grid, gas, water"):
            await check_dashboard(api, entities, patience=0.5)


async def fills_hours_in_which_home_assistant_was_off(url: str, folder: Path) -> None:
    state = State.load(folder)
    assert state is not None
    assert state.born is not None
    since = state.born - timedelta(days=DAYS + 1)
    household = Household(since)
    hours = household.live_until(since + timedelta(hours=6))
    async with aiohttp.ClientSession() as session, Api(session, url, state.token) as api:
        browser = Browser(session, url, state.token, api)
        await fill_gap(api, await read_entities(api), hours)
        for entity_id, key in (
            ("sensor.electricity_meter_energy_import", (household.meter.meter_id, "energy_import")),
            ("sensor.water_meter_water", (household.meter.water_id, "water")),
        ):
            wanted = {
                int(hour.start.timestamp()) // 3600: hour.counters[key] - before.counters[key]
                for before, hour in pairwise(hours)
            }
            async with asyncio.timeout(30):
                while not wanted.keys() <= (changes := await browser.changes(entity_id, since)).keys():  # noqa: ASYNC110 -- another process
                    await asyncio.sleep(0.2)
            assert {hour: changes[hour] for hour in wanted} == pytest.approx(wanted, abs=1e-5)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Run the demo; return the address of its Home Assistant, and its folder."""
    state = tmp_path_factory.mktemp("demo")
    with running(state) as process:
        output = read_until(process, "breaker")
        url = re.search(r"http://127\.0\.0\.1:\d+", output)
        assert url, output
        yield url[0], state / "virtual"


def test_history_is_imported_and_taken_back_in_a_real_home_assistant(demo: tuple[str, Path]) -> None:
    asyncio.run(imports_and_takes_back(*demo))


def test_meters_that_are_not_on_the_energy_dashboard_are_missed(demo: tuple[str, Path]) -> None:
    asyncio.run(misses_meters_on_the_dashboard(*demo))


def test_hours_in_which_home_assistant_was_off_are_filled(demo: tuple[str, Path]) -> None:
    asyncio.run(fills_hours_in_which_home_assistant_was_off(*demo))
