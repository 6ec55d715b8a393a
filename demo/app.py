"""The order of things: the meter lives, Home Assistant starts, gets to know the meter and its past, and shows it."""

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

from virtual_meter import TcpServer

from .api import Api, onboard
from .energy import ensure_dashboard
from .entities import Entities, read_entities
from .entry import ensure_entry
from .errors import DemoError
from .hass import LOOPBACK, RESTART_EXIT_CODE, HomeAssistant, free_port, is_free
from .history import write_history
from .household import Household, HouseholdChangedError
from .live import first_values, show, table
from .state import State

COMPONENT = Path(__file__).parent.parent / "custom_components" / "emucs"
STATE = Path(__file__).parent / ".state"
HTTP_PORT, METER_PORT = 8123, 8430
USER = "demo"
FORGOTTEN = timedelta(days=30)
FAREWELL = 15.0  # seconds between the last word of Home Assistant and its end
HOUR_ENDS, HOUR_BEGUN = 3600 - 45, 20  # seconds into the hour


@dataclass(frozen=True)
class Options:
    """The command line."""

    state: Path
    port: str | None = None
    http_port: int | None = None
    fresh: bool = False
    once: bool = False


def say(text: str) -> None:
    """Tell the user, also when the output is not a terminal."""
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
        self._household: Household | None = None

    async def run(self) -> None:
        """Run until stopped; a restart that was asked for in Home Assistant is one."""
        async with AsyncExitStack() as stack:
            url = self._options.port or await self._start_household(stack)
            if self._household:
                stack.callback(self._household.note_the_time)
            while await self._serve(url):
                say("Home Assistant restarts…")

    async def _start_household(self, stack: AsyncExitStack) -> str:
        """Let the household live until now, and start its meter's port."""
        if (port := self._state.meter_port) and not is_free(port):
            raise DemoError(
                f"Port {port} of the virtual meter is in use: end what listens on it, or start with --fresh."
            )
        await _let_the_hour_turn()
        again = bool(self._state.looked)
        say("Catching up with the household…" if again else "Living the household's last 30 days…")
        household = self._household = await self._catch_up()
        # Home Assistant keeps the address, so the port stays the same from start to start.
        state = self._state
        state.meter_port = state.meter_port or free_port(METER_PORT)
        state.save()
        server = await stack.enter_async_context(TcpServer(household.meter, LOOPBACK, state.meter_port))
        return server.url

    async def _catch_up(self) -> Household:
        """Live until now; a household that is not what it was begins anew, and so does Home Assistant."""
        household = Household(self._state)
        try:
            await household.catch_up()
        except HouseholdChangedError:
            say("The simulation has changed since the last start: starting anew.")
            self._state = State.begin(self._state.folder)
            household = Household(self._state)
            await household.catch_up()
        return household

    async def _serve(self, url: str) -> bool:
        """Start Home Assistant and stay with it; True when it wants to be started again."""
        hass = HomeAssistant(self._state.config, self._options.http_port or free_port(HTTP_PORT))
        hass.prepare(COMPONENT)
        say("Starting Home Assistant…")
        async with hass, aiohttp.ClientSession() as session:
            try:
                async with await _uninterrupted(self._log_in(session, hass)) as api:
                    await self._stay(hass, api, url)
            except BrokenPipeError:
                # Nobody reads any more what the demo prints.
                return False
            except (ConnectionError, aiohttp.ClientConnectionError) as error:
                code = await hass.end(FAREWELL)
                if code is None:
                    raise DemoError(f"Home Assistant hung up: {error}") from error
                if code == RESTART_EXIT_CODE:
                    return True
                hass.check()
        return False

    async def _log_in(self, session: aiohttp.ClientSession, hass: HomeAssistant) -> Api:
        """Make the user at the first start, connect, and wait until everything is set up."""
        if not self._state.token:
            self._state.token = await onboard(session, hass.url, USER, self._state.password)
            self._state.save()
        api = await Api(session, hass.url, self._state.token).open()
        await api.until_running()
        return api

    async def _stay(self, hass: HomeAssistant, api: Api, url: str) -> None:
        """Set up what is not there yet, then show the values for as long as the demo runs."""
        await ensure_entry(api, url, COMPONENT)
        entities = await read_entities(api)
        added = await ensure_dashboard(api, entities)
        if added:
            say(f"Put on the energy dashboard by the demo: {', '.join(added)}.")
        if self._household:
            await self._tell_the_past(api, entities, self._household)
        say(f"\n  Home Assistant   {hass.url}/energy\n  login            {USER} / {self._state.password}\n")
        lines = table(await first_values(api, entities))
        if self._options.once:
            say("\n".join(lines))
            return
        say("\n".join(["Ctrl-C stops everything.", "", *lines]))
        await show(api, entities, len(lines), self._household.note_the_time if self._household else lambda: None)

    async def _tell_the_past(self, api: Api, entities: Entities, household: Household) -> None:
        """Write the statistics of the hours that Home Assistant has not seen."""
        database = self._state.config / "home-assistant_v2.db"
        count = await write_history(api, entities, household.zero, household.hours, database)
        if count:
            say(f"Wrote {len(household.hours)} hours of history for {count} sensors.")
        household.told()


def _lock(folder: Path) -> IO[bytes]:
    """Keep a state folder to oneself for as long as the file stays open."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Beside the folder, which may be made anew.
    lock = folder.with_suffix(".lock").open("wb")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise DemoError("This demo runs already: stop it first, or use another folder with --state.") from None
    return lock


async def _let_the_hour_turn() -> None:
    """Keep away from the full hour: the recorder then writes the very rows that the demo would write."""
    now = datetime.now(UTC)
    second = now.minute * 60 + now.second
    if second >= HOUR_ENDS or second < HOUR_BEGUN:
        say("Waiting for the hour to turn…")
        await asyncio.sleep((HOUR_BEGUN - second) % 3600)


async def _uninterrupted[T](work: Coroutine[None, None, T]) -> T:
    """Let work end before a stop: Home Assistant takes a minute to stop when it has not quite started."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
