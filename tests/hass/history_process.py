"""A whole Home Assistant that imports history, to be killed or run out of room: `python -m tests.hass.history_process`.

Does one thing after the other, and says each on a line of JSON; its folder can be taken up again.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
from random import randrange
import sys
from typing import Any

from homeassistant import bootstrap
from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.models import StatisticMeanType
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.core import HomeAssistant
from homeassistant.runner import RuntimeConfig

from custom_components.emucs.const import DOMAIN
from custom_components.emucs.exports import ExportError, ExportUnit
from custom_components.emucs.history import importer_of
from custom_components.emucs.history.plan import Series
from custom_components.emucs.history.recorder_rows import read
from harness import small_disk
from harness.hass import HomeAssistant as Harness, free_port
from tests.exports.exports import BRUSSELS, live, table
from virtual_meter import TcpServer, VirtualMeter

IMPORT = "sensor.electricity_meter_energy_import"
CONFIGURATION = "homeassistant:\n  time_zone: Europe/Brussels\n  country: BE\nrecorder:\n  db_url: sqlite:///{}\n"
DAYS = 20
PORTS = (20_000, 25_000), (25_000, 30_000)


@asynccontextmanager
async def home_assistant(folder: Path) -> AsyncGenerator[HomeAssistant]:
    """Start in a folder, the first time with a new meter; its database lies elsewhere."""
    ports = folder / "ports"
    if is_new := not ports.exists():
        # By chance: tests that run side by side look for one at the same moment.
        ports.write_text(" ".join(str(free_port(randrange(*each))) for each in PORTS))  # noqa: S311 -- no secret
    http_port, meter_port = map(int, ports.read_text().split())
    home = Harness(folder / "config", http_port)
    home.prepare()
    (home.config / "configuration.yaml").write_text(CONFIGURATION.format(folder / "home.db"))
    meter = VirtualMeter("1.7.1", 7, datetime.now(UTC) - timedelta(minutes=1))
    async with TcpServer(meter, port=meter_port):
        hass = await bootstrap.async_setup_hass(RuntimeConfig(config_dir=str(home.config), skip_pip=True))
        assert hass is not None
        await hass.async_start()
        if is_new:
            flow = hass.config_entries.flow
            step = await flow.async_init(DOMAIN, context={"source": "user"})
            await flow.async_configure(step["flow_id"], {"next_step_id": "network"})
            await flow.async_configure(step["flow_id"], {"host": "127.0.0.1", "port": meter_port, "advanced": {}})
            await flow.async_configure(step["flow_id"], {"add_to_energy": False})
        await hass.async_block_till_done()
        yield hass
        await hass.async_stop(force=True)


class Steps:
    """What can be done."""

    def __init__(self, hass: HomeAssistant, folder: Path) -> None:
        self.hass = hass
        self.folder = folder
        self.storage = folder / "config" / ".storage"
        [self.entry] = hass.config_entries.async_entries(DOMAIN)
        self.importer = importer_of(hass, self.entry)

    async def live(self) -> None:
        """Let the recorder have a few hours, with states."""
        now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        async_import_statistics(
            self.hass,
            {
                "mean_type": StatisticMeanType.NONE,
                "has_sum": True,
                "name": None,
                "source": "recorder",
                "statistic_id": IMPORT,
                "unit_class": "energy",
                "unit_of_measurement": "kWh",
            },
            [{"start": now - timedelta(hours=4 - hour), "state": 100 + hour, "sum": hour} for hour in range(4)],
        )
        await get_instance(self.hass).async_block_till_done()

    async def take(self) -> str:
        """Import twenty days up to now; return why that is not done, or `written`."""
        path = self.folder / "export.csv"
        if not path.exists():
            today = datetime.now(BRUSSELS).date()
            meter = self.entry.unique_id or ""
            intervals = live(today - timedelta(days=DAYS), today).intervals()
            path.write_bytes(table(replace(each, meter=meter) for each in intervals))
        try:
            plan = await self.importer.async_import(await self.importer.async_read(nullcontext(path)))
        except ExportError as error:
            return error.reason
        return "written" if plan.is_new else "nothing_new"

    async def undo(self) -> bool:
        """Undo the last import."""
        return await self.importer.async_undo() is not None

    async def undo_refused(self) -> str:
        """Return why an import cannot be undone."""
        try:
            await self.importer.async_undo()
        except ExportError as error:
            return error.reason
        return "undone"

    async def show(self) -> dict[str, Any]:
        """Return what the record and what the database have."""
        imports = [layer.id for layer in await self.importer.async_imports()]
        series = Series(IMPORT, ExportUnit.ENERGY, "kWh")
        instance = get_instance(self.hass)
        found = await instance.async_add_executor_job(read, instance, lambda rows: rows.find(series))
        return {
            "imports": imports,
            "imported": len(found.existing.imported),
            "live": [found.existing.live[start] for start in sorted(found.existing.live)],
        }

    async def fill(self) -> None:
        """Fill the disk that the record is on."""
        small_disk.fill(self.storage)

    async def free(self) -> None:
        """Make room again."""
        small_disk.free(self.storage)

    async def lock(self) -> None:
        """Make the disk that the record is on read-only."""
        await self._remount("ro")

    async def unlock(self) -> None:
        """Make it writable again."""
        await self._remount("rw")

    async def _remount(self, how: str) -> None:
        """Remount that disk with other options."""
        process = await asyncio.create_subprocess_exec("mount", "-o", f"remount,{how}", str(self.storage))
        assert await process.wait() == 0


async def main(folder: Path, *steps: str) -> None:
    """Take the steps, and wait to be killed if the last one is `wait`."""
    async with home_assistant(folder) as hass:
        todo = Steps(hass, folder)
        for step in steps:
            if step == "wait":
                await asyncio.sleep(600)
            result = await getattr(todo, step)()
            sys.stdout.write(json.dumps({step: result}) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), *sys.argv[2:]))
