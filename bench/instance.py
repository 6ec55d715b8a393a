"""`python -m bench.instance`: one real Home Assistant with meters, watched for a while; a job in, a result out.

It has the core, the recorder on SQLite as it is set up by default, and what the integration itself needs: no frontend,
nothing else. Job and result are JSON, on standard input and output.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
import gc
import json
import logging
from pathlib import Path
import sqlite3
import sys
import tempfile
import time
from types import MappingProxyType
from typing import Any, Final, override
from unittest.mock import patch
from urllib.parse import urlsplit

from homeassistant import bootstrap, config_entries, loader
from homeassistant.config_entries import ConfigEntries, ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_NAME, EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.core_config import async_process_ha_core_config
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import async_initialize_recorder, get_instance
from homeassistant.setup import async_setup_component

from custom_components import emucs
from custom_components.emucs.const import ENTRY_MINOR_VERSION
from custom_components.emucs.coordinator import MeterCoordinator
from custom_components.emucs.group_members import CONF_ENTRY, CONF_ID, CONF_MEMBERS
from custom_components.emucs.group_source import CONF_FAMILY
from custom_components.emucs.kinds import CONF_KIND, EntryKind
from custom_components.emucs.port import Telegram
from harness.hass import HomeAssistant as Configuration, free_port

_FIRST_PORT: Final = 18200
_SET_UP_SECONDS: Final = 120
_PROBE_SECONDS: Final = 0.05
_SHARE_SECONDS: Final = 10
_RELOAD_DELAY: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to set up, and for how long to watch it."""

    integration: str
    """`emucs`, `dsmr`, or nothing at all."""
    meters: dict[str, str]
    """The URLs of the meters by their identifiers."""
    interval: float | None = None
    """Seconds between updates; None for what the integration does by itself."""
    only: list[str] | None = None
    """The keys of the entities that are enabled; None for what the integration enables, `[]` for all."""
    settle: float = 10
    seconds: float = 60
    watch: str | None = None
    """The key of the entity whose values are noted with their time."""
    group: bool = False
    """Whether there is a group over all meters."""
    probe: bool = True
    """Whether to look how late the event loop is, which takes more CPU than a meter does."""


@dataclass(slots=True, kw_only=True)
class Result:
    """What was seen. Times in seconds, sizes in bytes."""

    cpu: float = 0
    """Of the whole process, while it was watched."""
    shares: list[float] = field(default_factory=list)
    """How much of a core the process took, for each ten seconds; empty where the event loop was looked at."""
    recorder_shares: list[float] = field(default_factory=list)
    """Of that, the recorder's thread."""
    watched: float = 0
    entities: int = 0
    writes: int = 0
    """State changes."""
    rows: int = 0
    """In the recorder's table of states."""
    database: int = 0
    """By how much the database grew."""
    memory: int = 0
    """Of the whole process, at the end."""
    set_up: list[float] = field(default_factory=list)
    """From the set-up of an entry to its first state."""
    lags: list[float] = field(default_factory=list)
    """By how much the event loop was late."""
    telegrams: list[float] = field(default_factory=list)
    """How long each telegram of this project took from its parsed form to what is to be shown, those of groups too."""
    noted: list[tuple[str, float]] = field(default_factory=list)
    """The values of the watched entity, and when each was there by the monotonic clock."""


async def start(hass: HomeAssistant, folder: Path) -> None:
    """Start a Home Assistant with its recorder, in a folder."""
    Configuration(folder, free_port(_FIRST_PORT)).prepare()
    loader.async_setup(hass)
    hass.config.skip_pip = True
    # An entry of which entities are enabled is reloaded by Home Assistant: soon, and not while it is watched.
    config_entries.RELOAD_AFTER_UPDATE_DELAY = _RELOAD_DELAY
    hass.config_entries = ConfigEntries(hass, {})
    async_initialize_recorder(hass)
    await bootstrap.async_load_base_functionality(hass)
    await async_process_ha_core_config(hass, {"time_zone": "Europe/Brussels", "unit_system": "metric"})
    for domain in ("homeassistant", "recorder", "usb"):
        if not await async_setup_component(hass, domain, {}):
            raise RuntimeError(f"{domain} could not be set up.")
    await hass.async_start()


class Instance:
    """A Home Assistant in a folder of its own."""

    def __init__(self, job: Job, folder: Path) -> None:
        """Only remember."""
        self.job = job
        self.result = Result()
        self._folder = folder
        self._hass = HomeAssistant(str(folder))
        self._watched: set[str] = set()

    async def run(self) -> Result:
        """Start, watch and stop."""
        hass = self._hass
        await start(hass, self._folder)
        try:
            with patch.object(emucs, MeterCoordinator.__name__, _timed(self.result.telegrams)):
                for meter, url in self.job.meters.items():
                    await self._add(entry_of(self.job, meter, url))
                if self.job.group:
                    await self._add(group_of(hass.config_entries.async_entries(self.job.integration)))
                self._enable()
                await asyncio.sleep(self.job.settle)
                await self._watch()
        finally:
            await hass.async_stop(force=True)
        return self.result

    async def _add(self, entry: ConfigEntry) -> None:
        """Set up a meter, or a group of those that there are, and wait for its first state."""
        hass, begin = self._hass, time.monotonic()
        first = asyncio.Event()
        remove = hass.bus.async_listen(EVENT_STATE_CHANGED, callback(lambda _: first.set()))
        await hass.config_entries.async_add(entry)
        if entry.state is not ConfigEntryState.LOADED:
            raise RuntimeError(f"{self.job.integration} could not be set up: {entry.reason}")
        async with asyncio.timeout(_SET_UP_SECONDS):
            await first.wait()
        remove()
        self.result.set_up.append(time.monotonic() - begin)

    def _enable(self) -> None:
        """Enable the entities that are asked for, and no others."""
        registry = er.async_get(self._hass)
        for entity in list(registry.entities.values()):
            key = _key(entity)
            wanted = self.job.only is None or not self.job.only or key in self.job.only
            if self.job.only is not None and wanted is not (entity.disabled_by is None):
                by = None if wanted else er.RegistryEntryDisabler.USER
                registry.async_update_entity(entity.entity_id, disabled_by=by)
            if key == self.job.watch:
                self._watched.add(entity.entity_id)

    async def _watch(self) -> None:
        """Count and measure."""
        hass, result = self._hass, self.result
        await get_instance(hass).async_block_till_done()
        rows, size = await hass.async_add_executor_job(self._database)
        result.entities = len(hass.states.async_all())
        remove = hass.bus.async_listen(EVENT_STATE_CHANGED, self._changed)
        gc.collect()
        result.telegrams.clear()
        begin, cpu = time.monotonic(), time.process_time()
        await (self._probe() if self.job.probe else self._share())
        result.cpu, result.watched = time.process_time() - cpu, time.monotonic() - begin
        remove()
        await get_instance(hass).async_block_till_done()
        rows_after, size_after = await hass.async_add_executor_job(self._database)
        result.rows, result.database = rows_after - rows, size_after - size
        gc.collect()
        result.memory = _memory()

    async def _probe(self) -> None:
        """Note again and again by how much the event loop is late."""
        end = time.monotonic() + self.job.seconds
        while (now := time.monotonic()) < end:
            await asyncio.sleep(_PROBE_SECONDS)
            self.result.lags.append(time.monotonic() - now - _PROBE_SECONDS)

    async def _share(self) -> None:
        """Note the CPU of each ten seconds, in which the recorder commits twice."""
        end = time.monotonic() + self.job.seconds
        while (begin := time.monotonic()) < end:
            cpu, recorder = time.process_time(), self._recorder_time()
            await asyncio.sleep(_SHARE_SECONDS)
            taken = time.monotonic() - begin
            self.result.shares.append((time.process_time() - cpu) / taken)
            self.result.recorder_shares.append((self._recorder_time() - recorder) / taken)

    def _recorder_time(self) -> float:
        """Return the CPU that the recorder's thread has taken."""
        thread = get_instance(self._hass).ident
        return 0 if thread is None else time.clock_gettime(time.pthread_getcpuclockid(thread))

    @callback
    def _changed(self, event: Event[EventStateChangedData]) -> None:
        """Count a state change."""
        self.result.writes += 1
        if event.data["entity_id"] in self._watched and (state := event.data["new_state"]) is not None:
            self.result.noted.append((state.state, time.monotonic()))

    def _database(self) -> tuple[int, int]:
        """Return how many states are in the database, and how many bytes of its pages are used."""
        path = self._folder / "home-assistant_v2.db"
        with closing(sqlite3.connect(path)) as database:
            # What is in the log beside the database is a part of it.
            database.execute("PRAGMA wal_checkpoint(PASSIVE)")
            (rows,) = database.execute("SELECT count(*) FROM states").fetchone()
            # Whole pages would be too coarse for what a minute brings.
            (size,) = database.execute("SELECT sum(pgsize - unused) FROM dbstat").fetchone()
        return rows, size


def _timed(taken: list[float]) -> type[MeterCoordinator]:
    """Return a coordinator that notes how long it takes for each telegram."""

    class TimedCoordinator(MeterCoordinator):
        @override
        @callback
        def _async_received(self, telegram: Telegram) -> None:
            begin = time.perf_counter()
            super()._async_received(telegram)
            taken.append(time.perf_counter() - begin)

    return TimedCoordinator


def group_of(members: Sequence[ConfigEntry]) -> ConfigEntry:
    """Return the entry of a group, as the flow makes it."""
    data = {
        CONF_KIND: str(EntryKind.GROUP),
        CONF_NAME: "All",
        CONF_MEMBERS: [{CONF_ID: entry.entry_id, CONF_ENTRY: entry.entry_id} for entry in members],
        CONF_FAMILY: [],
    }
    return _entry("emucs", data, {}, "All", None, ENTRY_MINOR_VERSION)


def entry_of(job: Job, meter: str, url: str) -> ConfigEntry:
    """Return a config entry as the flow of the integration makes it."""
    serial = {"baudrate": 115200, "bytesize": 8, "parity": "N", "stopbits": 1}
    hexadecimal = meter.encode().hex().upper()
    kinds: dict[str, tuple[dict[str, Any], str, str, int]] = {
        "emucs": ({"port": url, **serial}, "update_interval", meter, ENTRY_MINOR_VERSION),
        "dsmr": (
            {
                "port": urlsplit(url).geturl(),
                "dsmr_version": "5B",
                "protocol": "dsmr_protocol",
                "serial_id": hexadecimal,
                # Tells only that there is gas; its meter is known by the telegram.
                "serial_id_gas": "",
            },
            "time_between_update",
            hexadecimal,
            1,
        ),
    }
    data, option, unique_id, minor_version = kinds[job.integration]
    options = {} if job.interval is None else {option: job.interval}
    return _entry(job.integration, data, options, meter, unique_id, minor_version)


def _entry(
    domain: str,
    data: Mapping[str, Any],
    options: Mapping[str, Any],
    title: str,
    unique_id: str | None,
    minor_version: int,
) -> ConfigEntry:
    """Return an entry that a user has made."""
    return ConfigEntry(
        data=data,
        discovery_keys=MappingProxyType({}),
        domain=domain,
        minor_version=minor_version,
        options=options,
        source="user",
        subentries_data=(),
        title=title,
        unique_id=unique_id,
        version=1,
    )


def _key(entity: er.RegistryEntry) -> str:
    """Return the key of an entity of this project, which stands at the end of its unique id."""
    return entity.unique_id.partition("_")[2]


def _memory() -> int:
    """Return the resident memory of this process in bytes."""
    status = Path("/proc/self/statm")
    if not status.exists():
        return 0
    # Resident pages; 4 KiB is what all platforms with this file use that Home Assistant runs on.
    return int(status.read_text().split()[1]) * 4096


def main() -> None:
    """Do a job."""
    job = Job(**json.load(sys.stdin))
    logging.basicConfig(level=logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="emucs-bench-") as folder:

        async def work() -> Result:
            return await Instance(job, Path(folder)).run()

        result = asyncio.run(work())
    json.dump(asdict(result), sys.stdout)


if __name__ == "__main__":
    main()
