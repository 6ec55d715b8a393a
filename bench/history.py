"""`python -m bench.history`: how long an import of years takes, what it needs, and how long it holds the event loop.

Starts a Home Assistant in this process, with its recorder on a file or on the server of EMUCS_DATABASE, and adds
a virtual meter to it as a user does; with `--site` a metering point without a port, whose export has nine series.
"""

import argparse
import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
import os
from pathlib import Path
import resource
import sys
import tempfile
import time
from typing import Final
from urllib.parse import SplitResult, urlsplit
from uuid import uuid4
from zipfile import ZIP_DEFLATED, ZipFile
from zoneinfo import ZoneInfo

from homeassistant import bootstrap
from homeassistant.core import HomeAssistant
from homeassistant.runner import RuntimeConfig
from sqlalchemy import create_engine, make_url, text

from custom_components.emucs.const import DOMAIN
from custom_components.emucs.history import importer_of
from custom_components.emucs.history.importer import HistoryImporter
from harness.hass import HomeAssistant as Harness, free_port
from virtual_meter import TcpServer, VirtualMeter

BRUSSELS: Final = ZoneInfo("Europe/Brussels")
HEADER: Final = (
    "Van (datum);Van (tijdstip);Tot (datum);Tot (tijdstip);EAN-code;Meter;Metertype;Register;Volume;Eenheid;"
    "Validatiestatus;Omschrijving"
)
CONFIGURATION: Final = "homeassistant:\n  time_zone: Europe/Brussels\n  country: BE\nrecorder:\n{}energy:\n"
SERVER: Final = os.environ.get("EMUCS_DATABASE")
QUARTER: Final = 900
TICK: Final = 0.005
LIMIT_SECONDS, LIMIT_SITE_SECONDS, LIMIT_HELD = 10.0, 20.0, 0.05
EAN: Final = "541400000000000011"
SITE_REGISTERS: Final = (
    *(f"Afname {kind}" for kind in ("Actief", "Inductief", "Capacitief")),
    *(f"Injectie {kind}" for kind in ("Actief", "Inductief", "Capacitief")),
    *("Productie Actief", "Productie Inductief", "Hulpverbruik Actief"),
)


@dataclass
class Measured:
    """What an import took."""

    rows: int = 0
    statistics: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    held: dict[str, float] = field(default_factory=dict)
    """The longest that the event loop was held, by phase, in seconds."""
    memory: float = 0.0
    """By how much the process grew at most, in MiB."""


def write_export(path: Path, meter: VirtualMeter, years: int) -> int:
    """Write quarter-hours of years, with all four registers in every quarter; return the number of rows."""
    ids = f'="{meter.identity.meter_ean}";{meter.meter_id}'
    rows = 0
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        file.write(f"{HEADER}\r\n")
        for start, times in _quarters(years):
            for number, register in enumerate(("Afname Dag", "Afname Nacht", "Injectie Dag", "Injectie Nacht")):
                watt_hours = (start // QUARTER * 7919 + number * 104729) % 1500
                file.write(f"{times};{ids};Digitale meter;{register};0,{watt_hours:04d};kWh;Uitgelezen;\r\n")
                rows += 1
    return rows


def _quarters(years: int) -> Iterator[tuple[int, str]]:
    """Return the quarters of years up to this month: their starts, and their times as exports have them."""
    today = datetime.now(BRUSSELS).date()
    begin, end = (
        int(datetime(day.year, day.month, 1, tzinfo=BRUSSELS).timestamp())
        for day in (date(today.year - years, today.month, 1), today)
    )
    for start in range(begin, end, QUARTER):
        since, until = (datetime.fromtimestamp(each, BRUSSELS) for each in (start, start + QUARTER))
        yield start, f"{since:%d-%m-%Y;%H:%M:%S};{until:%d-%m-%Y;%H:%M:%S}"


def write_site(path: Path, years: int) -> int:
    """Write quarter-hours of years of an industrial site, packed, with nine registers in every quarter."""
    rows = 0
    with ZipFile(path, "w", ZIP_DEFLATED, compresslevel=1) as archive, archive.open("site.csv", "w") as file:
        file.write(f"\ufeff{HEADER}\r\n".encode())
        for start, times in _quarters(years):
            for number, register in enumerate(SITE_REGISTERS):
                thousandths = (start // QUARTER * 7919 + number * 104729) % 15000
                unit = "kWh" if register.endswith("Actief") else "kVArh"
                value = f"{thousandths // 1000},{thousandths % 1000:03d}"
                line = f'{times};="{EAN}";;AMR-meter;{register};{value};{unit};Gevalideerd;\r\n'
                file.write(line.encode())
                rows += 1
    return rows


@contextmanager
def database() -> Iterator[str]:
    """Return the line of the configuration for a new database on the server, which is dropped afterwards."""
    if SERVER is None:
        yield ""
        return
    name = f"emucs_{uuid4().hex}"
    server = create_engine(SERVER, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield f"  db_url: {make_url(SERVER).set(database=name).render_as_string(hide_password=False)}\n"
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name}"))
    server.dispose()


@asynccontextmanager
async def started(folder: Path) -> AsyncGenerator[HomeAssistant]:
    """Start a Home Assistant in a folder."""
    Harness(folder, free_port(8300)).prepare()
    with database() as line:
        (folder / "configuration.yaml").write_text(CONFIGURATION.format(line))
        hass = await bootstrap.async_setup_hass(RuntimeConfig(config_dir=str(folder), skip_pip=True))
        if hass is None:
            sys.exit("Home Assistant does not start.")
        await hass.async_start()
        try:
            yield hass
            [entry] = hass.config_entries.async_entries(DOMAIN)
            await hass.config_entries.async_unload(entry.entry_id)
        finally:
            await hass.async_stop(force=True)


async def add_meter(hass: HomeAssistant, address: SplitResult) -> None:
    """Add a meter, as a user does."""
    flow = hass.config_entries.flow
    step = await flow.async_init(DOMAIN, context={"source": "user"})
    await flow.async_configure(step["flow_id"], {"next_step_id": "network"})
    await flow.async_configure(step["flow_id"], {"host": address.hostname, "port": address.port, "advanced": {}})
    await flow.async_configure(step["flow_id"], {"add_to_energy": True})
    await hass.async_block_till_done()


async def add_point(hass: HomeAssistant) -> None:
    """Add a metering point without a port, as a user does."""
    flow = hass.config_entries.flow
    step = await flow.async_init(DOMAIN, context={"source": "user"})
    await flow.async_configure(step["flow_id"], {"next_step_id": "metering_point"})
    await flow.async_configure(step["flow_id"], {"ean": EAN, "name": "Site"})
    await hass.async_block_till_done()


@asynccontextmanager
async def measured(result: Measured, phase: str) -> AsyncGenerator[None]:
    """Measure a phase: its time, and how late the loop comes to what is due."""
    longest = 0.0

    async def tick() -> None:
        """Be due every few milliseconds."""
        nonlocal longest
        while True:
            due = time.perf_counter() + TICK
            await asyncio.sleep(TICK)
            longest = max(longest, time.perf_counter() - due)

    ticking = asyncio.create_task(tick())
    begin = time.perf_counter()
    try:
        yield
    finally:
        result.seconds[phase] = time.perf_counter() - begin
        ticking.cancel()
        result.held[phase] = longest


async def run(years: int, *, is_site: bool) -> Measured:
    """Import years of quarter-hours, and take them back."""
    result = Measured()
    meter = VirtualMeter("2.1.1", 1, datetime.now(UTC) - timedelta(minutes=1))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / ("site.zip" if is_site else "export.csv")
        if is_site:
            write_site(path, years)
        else:
            write_export(path, meter, years)
        async with TcpServer(meter) as server, started(folder) as hass:
            await (add_point(hass) if is_site else add_meter(hass, urlsplit(server.url)))
            [entry] = hass.config_entries.async_entries(DOMAIN)
            await _import(importer_of(hass, entry), path, result)
    return result


async def _import(importer: HistoryImporter, path: Path, result: Measured) -> None:
    """Read, look at, write and take back an export."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with measured(result, "nothing"):
        await asyncio.sleep(2)
    async with measured(result, "read"):
        export = await importer.async_read(nullcontext(path))
    async with measured(result, "dry run"):
        await importer.async_plan(export)
    async with measured(result, "write"):
        plan = await importer.async_import(export)
    result.memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    result.rows = export.rows
    result.statistics = sum(summary.new for summary in plan.summaries.values())
    del plan
    async with measured(result, "undo"):
        await importer.async_undo()


def main() -> int:
    """Print what was measured; the exit code is 1 where a limit is passed."""
    parser = argparse.ArgumentParser(prog="bench.history", description=__doc__)
    parser.add_argument("--years", type=int, default=3)
    parser.add_argument("--site", action="store_true", help="nine series of an industrial site without a port")
    options = parser.parse_args()
    limit = LIMIT_SITE_SECONDS if options.site else LIMIT_SECONDS
    result = asyncio.run(run(options.years, is_site=options.site))
    total = sum(result.seconds[phase] for phase in ("read", "dry run", "write"))
    held = max(seconds for phase, seconds in result.held.items() if phase != "nothing")
    lines = [f"{result.rows} rows, {result.statistics} hours of statistics"]
    for phase, seconds in result.seconds.items():
        lines.append(f"  {phase:<8} {seconds:6.2f} s, event loop held {result.held[phase] * 1000:5.1f} ms at most")
    lines.append(f"  read, dry run and write: {total:.2f} s (limit {limit:.0f} s)")
    lines.append(f"  the process grew by {result.memory:.0f} MiB at most")
    sys.stdout.write("\n".join([*lines, ""]))
    return int(total > limit or held > LIMIT_HELD)


if __name__ == "__main__":
    sys.exit(main())
