"""Runs the demo: starts the meter and Home Assistant, sets up the integration, imports the past, shows the values."""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import fcntl
from pathlib import Path
import re
from typing import IO, TYPE_CHECKING

import aiohttp

from harness.api import Api, onboard
from harness.energy import check_dashboard
from harness.entities import Entities, read_entities
from harness.entry import ensure_entry
from harness.errors import HarnessError
from harness.hass import COMPONENT, LOOPBACK, RESTART_EXIT_CODE, HomeAssistant, free_port, is_free
from harness.household import SOLAR
from harness.past import fill_gap, import_counter, import_past, import_rates
from virtual_meter import TcpServer

from . import solar
from .day import begin_sum, tell_the_day
from .life import HouseholdChangedError, Life
from .live import first_values, show, table
from .progress import say, step
from .scene import DASHBOARD, OPTIONS, add_dashboard, set_options, what_to_look_at
from .state import State

if TYPE_CHECKING:
    from .memory import Memory

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
    language: str | None = None


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
        self._state.language = options.language or self._state.language
        self._life: Life | None = None
        self._memory: asyncio.Future[Memory] | None = None

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
        async with step("Catching up with the household" if again else "Living the household's last 30 days"):
            life = self._life = await self._catch_up()
        if life.telegrams:
            # While Home Assistant starts, which is another process.
            self._memory = asyncio.ensure_future(asyncio.to_thread(_remember, life))
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
            self._state = State.begin(self._state.folder, self._state.language)
            life = Life(self._state)
            await life.catch_up()
        return life

    async def _serve(self, url: str) -> bool:
        """Run Home Assistant; return True if it has to be started again."""
        port = self._options.http_port or free_port(HTTP_PORT)
        if not is_free(port):
            raise HarnessError(f"Port {port} is in use: choose another one with --http-port.")
        hass = HomeAssistant(self._state.config, port)
        language = self._state.language
        hass.prepare(language=language, more=solar.configuration(language) if self._life else "")
        async with AsyncExitStack() as stack:
            async with step("Starting Home Assistant"):
                await stack.enter_async_context(hass)
            session = await stack.enter_async_context(aiohttp.ClientSession())
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
        async with step("Waiting until it has set everything up"):
            await api.until_running()
        return api

    async def _stay(self, hass: HomeAssistant, api: Api, url: str) -> None:
        """Set up what is missing, then show the values for as long as the demo runs."""
        async with step("Setting up the meter"):
            await self._set_up(api, url)
        memory = await self._hand_over_memory(hass, api)
        entities = await read_entities(api)
        if self._life:
            await self._tell_the_past(hass, api, entities, self._life, memory)
        values = await first_values(api, entities)
        say(f"\n  the meter        {hass.url}/{DASHBOARD}\n  its energy       {hass.url}/energy")
        say(f"  login            {USER} / {self._state.password}\n")
        if not self._options.once:
            say("Ctrl-C stops everything.\n")
        hint = ["", what_to_look_at(self._life.happenings.noon, values.get("month_peak"))] if self._life else []
        say("\n".join([*table(values), *hint]))
        if not self._options.once:
            await show(api, entities, len(values), hint, self._go_on)

    async def _set_up(self, api: Api, url: str) -> None:
        """Add the meter if it is missing, with everything that a household has set up."""
        if not await ensure_entry(api, url, COMPONENT):
            return
        await check_dashboard(api, await read_entities(api))
        await add_dashboard(api, self._state.language)
        if self._life:
            await set_options(api)
            await solar.add_to_energy(api)

    async def _hand_over_memory(self, hass: HomeAssistant, api: Api) -> Memory | None:
        """Let the integration know the last two weeks, once; return what charts show of them."""
        remembering, self._memory = self._memory, None
        if remembering is None:
            return None
        async with step("Going through the last two weeks"):
            memory = await remembering
            await memory.hand_over(api, hass.config)
        return memory

    async def _go_on(self, api: Api) -> None:
        """Note how far the household has lived, and show what its inverter says."""
        if self._life:
            self._life.note_the_time()
            await solar.tell(api, self._life.household.logger)

    async def _tell_the_past(
        self, hass: HomeAssistant, api: Api, entities: Entities, life: Life, memory: Memory | None
    ) -> None:
        """Import what Home Assistant does not have: the hours, and the minutes of the last day."""
        made = await solar.tell(api, life.household.logger)
        if life.hours and life.is_new:
            async with step("Importing the last 30 days"):
                await import_past(api, entities, life.household, life.hours, hass.exports)
            await import_rates(api, solar.ENTITIES, life.hours)
            key = SOLAR, solar.ENERGY.key
            zero = life.household.zero[key]
            await import_counter(api, solar.ENERGY.entity_id, key, life.hours, zero)
            await begin_sum(hass.config, solar.ENERGY.entity_id, made, made - zero)
            say(f"Imported {len(life.hours)} hours of history.")
        elif life.hours:
            await fill_gap(api, Entities((*entities.all, *solar.ENTITIES.all)), life.hours)
        if life.minutes:
            voltages = memory.voltages if memory else {}
            await tell_the_day(hass.config, Entities((*entities.all, *solar.ENTITIES.all)), life.minutes, voltages)
        life.told()


def _remember(life: Life) -> Memory:
    """Return what the integration would know of a household. Takes seconds: it loads parts of Home Assistant."""
    from .memory import Memory  # noqa: PLC0415 -- see above

    memory = Memory(life.meter.meter_id, OPTIONS)
    memory.learn(life.telegrams)
    return memory


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
