"""The home that `bench.chaos` breaks: a real Home Assistant in a folder, a virtual meter, and exports of its past."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import aiohttp

from harness import small_disk
from harness.api import Api, onboard
from harness.entities import DOMAIN, read_entities
from harness.entry import ensure_entry
from harness.hass import COMPONENT, LOOPBACK, HomeAssistant, free_port
from harness.household import Hour, Household, hour_of
from harness.log import errors
from harness.past import export_lines
from virtual_meter import TcpServer
from virtual_meter.clock import BRUSSELS

from . import ledger_rows

DISK: Final = "8M"
_FILES: Final = 5
_DAYS: Final = 40
_LIVE_HOURS: Final = 3
_FIRST_PORT: Final = 18600
_REQUEST: Final = 120.0


class Home:
    """A Home Assistant that knows its meter for three hours, and could import five files of what was before."""

    def __init__(self, folder: Path) -> None:
        """Live until now."""
        self.hass = HomeAssistant(folder / "config", free_port(_FIRST_PORT))
        now = datetime.now(UTC)
        self._household = Household(hour_of(now) - timedelta(days=_FILES * _DAYS + 2), ev=False)
        self._hours = self._household.live_until(now)
        self._server = TcpServer(self._household.meter, LOOPBACK)
        self._token = ""
        self._session: aiohttp.ClientSession
        self._ids: Mapping[tuple[str, str], str] = {}
        self.api: Api
        self.entry_id = ""
        self.peaks: Mapping[str, Any] = {}
        """The month peaks that are known, as `get_peaks` gives them."""
        self.truth: dict[str, dict[int, float]] = {}
        """What each hour counted, by the entity id of the counter."""
        self.exports: dict[str, set[int]] = {}
        """The starts of the hours of each file."""
        self.bare: ledger_rows.Disk

    @asynccontextmanager
    async def living(self, *, with_small_disk: bool) -> AsyncGenerator[None]:
        """Start for the first time, with what Home Assistant has of the three hours; stop everything in the end."""
        self.hass.prepare()
        if with_small_disk:
            small_disk.mount(self.storage, DISK)
        async with self._server, aiohttp.ClientSession() as self._session:
            try:
                await self.hass.start()
                self._token = await onboard(self._session, self.hass.url, "chaos", "not a secret")
                await self._open()
                await self._tell()
                await self.stop()
                ledger_rows.seed_short_term(self.hass.config / "home-assistant_v2.db")
                self.bare = await self.start()
                yield
            finally:
                await self.stop()

    @property
    def storage(self) -> Path:
        """Where Home Assistant keeps what is no statistic."""
        return self.hass.config / ".storage"

    async def start(self) -> ledger_rows.Disk:
        """Start, and return what is on the disk once the integration has taken up its imports."""
        await self.hass.start()
        await self._open()
        # Waits for what the start itself has begun.
        await self.call(self.api, "import_history", path=str(self.hass.exports / next(iter(self.exports))))
        self.peaks = {each["month"]: each for each in (await self.call(self.api, "get_peaks"))["months"]}
        return await asyncio.to_thread(ledger_rows.read, self.hass.config, self.truth)

    async def stop(self) -> None:
        """Stop as a service manager does."""
        if hasattr(self, "api"):
            await self.api.__aexit__()
        await self.hass.stop()

    async def connect(self) -> Api:
        """Open one more connection."""
        return await Api(self._session, self.hass.url, self._token).open()

    async def call(self, api: Api, action: str, **data: Any) -> dict[str, Any]:
        """Call an action of the integration on the meter; CommandError where it refuses."""
        async with asyncio.timeout(_REQUEST):
            result = await api.command(
                "call_service",
                domain=DOMAIN,
                service=action,
                service_data={"config_entry_id": self.entry_id, **data},
                return_response=True,
            )
        response: dict[str, Any] = result["response"]
        return response

    async def reload(self) -> None:
        """Reload the entry of the meter."""
        await self.api.request("POST", f"config/config_entries/entry/{self.entry_id}/reload")

    async def replace(self) -> None:
        """Remove the meter, and add it again."""
        await self.api.request("DELETE", f"config/config_entries/entry/{self.entry_id}")
        await self._set_up()

    def errors(self) -> list[str]:
        """Return what the integration has logged as an error since the last start."""
        return list(errors(self.hass.log.read_text(errors="replace")))

    async def _open(self) -> None:
        """Connect, and wait until the meter is there."""
        self.api = await self.connect()
        await self.api.until_running()
        await self._set_up()

    async def _set_up(self) -> None:
        """Wait for the meter, added if need be."""
        await ensure_entry(self.api, self._server.url, COMPONENT)
        [entry] = await self.api.command("config_entries/get", domain=DOMAIN)
        self.entry_id = entry["entry_id"]

    async def _tell(self) -> None:
        """Let the recorder have the last three hours, and write what was before into files."""
        entities = await read_entities(self.api)
        self._ids = {key: found for key in self._hours[0].counters if (found := entities.find(key[1], key[0]))}
        live = self._hours[-_LIVE_HOURS:]
        for key, entity_id in self._ids.items():
            await self._tell_counter(entity_id, [hour.counters[key] for hour in live], live)
            self.truth[entity_id] = {
                int(hour.start.timestamp()): round(hour.counters[key] - before.counters[key], 6)
                for before, hour in pairwise(self._hours)
            }
        self._write_exports(live[0].start)

    async def _tell_counter(self, entity_id: str, values: list[float], hours: list[Hour]) -> None:
        """Let the recorder have some hours of a counter."""
        is_volume = ("gas" in entity_id) or ("water" in entity_id)
        metadata = {
            "statistic_id": entity_id,
            "source": "recorder",
            "name": None,
            "unit_of_measurement": "m³" if is_volume else "kWh",
            "unit_class": "volume" if is_volume else "energy",
            "mean_type": 0,
            "has_sum": True,
        }
        stats = [
            {"start": hour.start.isoformat(), "state": value, "sum": round(value - values[0], 6)}
            for hour, value in zip(hours, values, strict=True)
        ]
        await self.api.command("recorder/import_statistics", metadata=metadata, stats=stats)

    def _write_exports(self, live_since: datetime) -> None:
        """Write the files: whole days, each with days of its own."""
        header, *lines, _ = export_lines(self._household, self._hours)
        last = live_since.astimezone(BRUSSELS).date()
        for number in range(_FILES):
            days = {last - timedelta(days=number * _DAYS + 1 + day) for day in range(_DAYS)}
            printed = {f"{day:%d-%m-%Y}" for day in days}
            name = f"part-{number + 1}.csv"
            text = "\r\n".join([header, *(line for line in lines if line[:10] in printed), ""])
            (self.hass.exports / name).write_text(text, "utf-8-sig", newline="")
            self.exports[name] = {
                int(hour.start.timestamp()) for hour in self._hours if hour.start.astimezone(BRUSSELS).date() in days
            }
