"""An import into a real Home Assistant, as the frontend does it; what its energy dashboard then shows."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
import re
import subprocess
import sys
from typing import Any

import aiohttp
import pytest

from demo.state import State
from harness.api import Api
from tests.exports.exports import BRUSSELS, House, archive, gas_layout, live, table
from virtual_meter import VirtualMeter

ROOT = Path(__file__).parents[2]
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
        """Walk through the flow of an import; return the steps that asked, and the end."""
        path = "config/config_entries/subentries/flow"
        step = await self.api.request("POST", path, {"handler": [entry_id, "history"]})
        steps = [step]
        for answer in answers:
            step = await self.api.request("POST", f"{path}/{step['flow_id']}", dict(answer))
            while step["type"] in ("progress", "progress_done"):
                await asyncio.sleep(0.2)
                step = await self.api.request("GET", f"{path}/{step['flow_id']}")
            steps.append(step)
        return steps

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
    meter = VirtualMeter("1.7.1", 1, state.born)
    assert meter.gas_id is not None
    electricity = table(replace(each, meter=meter.meter_id) for each in house.intervals())
    gas = table((replace(each, meter=meter.gas_id) for each in house.intervals(3600, gas=True)), gas_layout())
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
        chosen = {"file": await browser.upload(content, "history.zip")}
        *_, summary, end = await browser.flow(entry["entry_id"], chosen, {})
        assert summary["step_id"] == "summary"
        assert "Electricity meter Energy import" in summary["description_placeholders"]["summary"]
        assert end["type"] == "create_entry"
        for entity_id, hours in wanted.items():
            changes = await browser.changes(entity_id, since)
            assert {hour: round(changes[hour] * 1000) for hour in hours} == hours
            # The live hours are what they were, the first one too: nothing jumps where the two meet.
            assert all(changes[hour] == pytest.approx(change, abs=1e-6) for hour, change in before[entity_id].items())
            assert len(changes) == len(hours) + len(before[entity_id])
        [shown] = await api.command("config_entries/subentries/list", entry_id=entry["entry_id"])
        await api.command(
            "config_entries/subentries/delete", entry_id=entry["entry_id"], subentry_id=shown["subentry_id"]
        )
        async with asyncio.timeout(30):
            while await browser.changes("sensor.gas_meter_gas", since) != before["sensor.gas_meter_gas"]:  # noqa: ASYNC110 -- another process
                await asyncio.sleep(0.2)
        assert {entity_id: await browser.changes(entity_id, since) for entity_id in wanted} == before


def test_history_is_imported_and_taken_back_in_a_real_home_assistant(tmp_path: Path, socket_enabled: None) -> None:
    command = [sys.executable, "-u", "-m", "demo", "--state", str(tmp_path / "state")]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # noqa: S603
    try:
        assert process.stdout is not None
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line)
            if line.strip().startswith("breaker"):
                break
        url = re.search(r"http://127\.0\.0\.1:\d+", "".join(lines))
        assert url, lines
        asyncio.run(imports_and_takes_back(url[0], tmp_path / "state" / "virtual"))
    finally:
        process.terminate()
        process.wait(120)
