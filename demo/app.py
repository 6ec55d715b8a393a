"""Runs the demo: starts the meter and Home Assistant, sets up the integration, imports the past, shows the values."""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import fcntl
from pathlib import Path
import re
from typing import IO

import aiohttp

from harness.api import Api, onboard
from harness.energy import check_dashboard
from harness.entities import Entities, read_entities
from harness.entry import ensure_entry
from harness.errors import HarnessError
from harness.hass import COMPONENT, LOOPBACK, RESTART_EXIT_CODE, HomeAssistant, free_port, is_free
from harness.past import fill_gap, import_past
from virtual_meter import TcpServer

from .life import HouseholdChangedError, Life
from .live import first_values, show, table
from .state import State

STATE = Path(__file__).parent / ".state"
HTTP_PORT = 8123
USER = "demo"
FORGOTTEN = timedelta(days=30)
FAREWELL = 15.0  # seconds from the last message of Home Assistant to its end
HOUR_ENDS, HOUR_BEGUN = 3600 - 90, 20  # seconds into the hour


@dataclass(frozen=True)
class Options:
    """The command line."""

    state: Path
    port: str | None = None
    http_port: int | None = None
    fresh: bool = False
    once: bool = False


def say(text: str) -> None:
    """Print for the user, flushed, as the output may not be a terminal."""
    print(text, flush=True)


class App:
    """One run of the demo."""

    def __init__(self, options: Options) -> None:
        """Open the state folder: one for the virtual household, and one for each real meter."""
        self._options = options
        name = re.sub(r"\W+", "-", options.port).strip("-") if options.port else "virtual"
        folder = options.state.resolve() / name
        self._lock = _lock(folder)
        self._state = (not options.fresh and State.load(folder)) or State.begin(folder)
        looked = self._state.looked
        if looked and datetime.now(UTC) - looked[-1][1] > FORGOTTEN:
            say("The last start is long ago: starting anew.")
            self._state = State.begin(folder)
        self._life: Life | None = None

    async def run(self) -> None:
        """Run until stopped; restart Home Assistant when its user asks for that."""
        async with AsyncExitStack() as stack:
            url = self._options.port or await self._start_household(stack)
            if self._life:
                stack.callback(self._life.note_the_time)
            while await self._serve(url):
                say("Home Assistant restarts…")

    async def _start_household(self, stack: AsyncExitStack) -> str:
        """Simulate the household up to now, and serve its meter's port."""
        if (port := self._state.meter_port) and not is_free(port):
            raise HarnessError(
                f"Port {port} of the virtual meter is in use: end what listens on it, or start with --fresh."
            )
        await _let_the_hour_turn()
        again = bool(self._state.looked)
        say("Catching up with the household…" if again else "Living the household's last 30 days…")
        life = self._life = await self._catch_up()
        server = await stack.enter_async_context(TcpServer(life.meter, LOOPBACK, self._state.meter_port))
        # Home Assistant keeps the address, so the port stays the same from start to start.
        self._state.meter_port = server.port
        self._state.save()
        return server.url

    async def _catch_up(self) -> Life:
        """Simulate up to now; if the simulation has changed, household and Home Assistant start afresh."""
        life = Life(self._state)
        try:
            await life.catch_up()
        except HouseholdChangedError:
            say("The simulation has changed since the last start: starting anew.")
            self._state = State.begin(self._state.folder)
            life = Life(self._state)
            await life.catch_up()
        return life

    async def _serve(self, url: str) -> bool:
        """Run Home Assistant; return True if it has to be started again."""
        port = self._options.http_port or free_port(HTTP_PORT)
        if not is_free(port):
            raise HarnessError(f"Port {port} is in use: choose another one with --http-port.")
        hass = HomeAssistant(self._state.config, port)
        hass.prepare()
        say("Starting Home Assistant…")
        async with hass, aiohttp.ClientSession() as session:
            try:
                async with await _uninterrupted(self._log_in(session, hass)) as api:
                    await self._stay(hass, api, url)
            except BrokenPipeError:
                # Nobody reads the output of the demo any more.
                return False
            except (ConnectionError, aiohttp.ClientConnectionError) as error:
                code = await hass.end(FAREWELL)
                if code is None:
                    raise HarnessError(f"Home Assistant hung up: {error}") from error
                if code == RESTART_EXIT_CODE:
                    return True
                hass.check()
        return False

    async def _log_in(self, session: aiohttp.ClientSession, hass: HomeAssistant) -> Api:
        """Create the user at the first start, connect, and wait until everything is set up."""
        try:
            if not self._state.token:
                self._state.token = await onboard(session, hass.url, USER, self._state.password)
                self._state.save()
            api = await Api(session, hass.url, self._state.token).open()
        except HarnessError as error:
            raise HarnessError(f"{error} Start anew with --fresh.") from error
        await api.until_running()
        return api

    async def _stay(self, hass: HomeAssistant, api: Api, url: str) -> None:
        """Set up what is missing, then show the values for as long as the demo runs."""
        is_new = await ensure_entry(api, url, COMPONENT)
        entities = await read_entities(api)
        if is_new:
            await check_dashboard(api, entities)
        values = table(await first_values(api, entities))
        if self._life:
            await self._tell_the_past(hass, api, entities, self._life)
        say(f"\n  Home Assistant   {hass.url}/energy\n  login            {USER} / {self._state.password}\n")
        if self._options.once:
            say("\n".join(values))
            return
        say("\n".join(["Ctrl-C stops everything.", "", *values]))
        await show(api, entities, len(values), self._life.note_the_time if self._life else lambda: None)

    async def _tell_the_past(self, hass: HomeAssistant, api: Api, entities: Entities, life: Life) -> None:
        """Import the hours that Home Assistant does not have."""
        if life.hours and life.is_new:
            await import_past(api, entities, life.household, life.hours, hass.exports)
            say(f"Imported {len(life.hours)} hours of history.")
        elif life.hours:
            await fill_gap(api, entities, life.hours)
        life.told()


def _lock(folder: Path) -> IO[bytes]:
    """Lock a state folder for as long as the file stays open."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Beside the folder, which may be replaced.
    lock = folder.with_suffix(".lock").open("wb")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise HarnessError("This demo runs already: stop it first, or use another folder with --state.") from None
    return lock


async def _let_the_hour_turn() -> None:
    """Wait past the full hour: an hour that ends between the export and the first telegram would be in neither."""
    now = datetime.now(UTC)
    second = now.minute * 60 + now.second
    if second >= HOUR_ENDS or second < HOUR_BEGUN:
        say("Waiting for the hour to turn…")
        await asyncio.sleep((HOUR_BEGUN - second) % 3600)


async def _uninterrupted[T](work: Coroutine[None, None, T]) -> T:
    """Finish work before a stop: Home Assistant takes a minute to stop while it is still starting."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
