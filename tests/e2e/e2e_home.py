"""A home: Home Assistant in a process of its own, and a house whose meter it reads."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
import random
import re
from typing import override

import aiohttp

from harness.api import Api, onboard
from harness.entities import read_entities
from harness.hass import LOOPBACK, HomeAssistant, free_port
from harness.household import PAST, Hour, Household, hour_of
from harness.log import OURS, entries
from harness.past import import_past
from virtual_meter import TcpServer, VirtualMeter
from virtual_meter.loads import Load

USER = "demo"
PASSWORD = "not a secret"  # noqa: S105 -- of a user that lives for a minute
PORTS = (20_000, 30_000)  # not those that anybody else takes, also not while Home Assistant restarts
STOP = 60.0  # seconds
AT_REST = 30.0  # seconds
# A page was left while Home Assistant was still sending it something.
LEFT_EARLY = re.compile(r"ClientConnectionResetError exception in shielded future")


class Appliance(Load):
    """Something large that is switched on and off by hand."""

    def __init__(self) -> None:
        """Connect it, switched off."""
        super().__init__(0)
        self.watts = 0

    @override
    def run(self, t: int, seconds: int) -> None:
        self.power = self.watts * 1000


def connect(meter: VirtualMeter) -> Appliance:
    """Connect an appliance to a meter's house, and stop its solar panels and its car, so that the power is known."""
    appliance = Appliance()
    meter.household._loads.append(appliance)  # noqa: SLF001 -- a house is not extended from outside but for this
    for load in (meter.household.pv, meter.household.ev):
        if load:
            load.limit_w = 0
    return appliance


class Home:
    """What the tests control outside the browser."""

    def __init__(self, folder: Path, more: str = "") -> None:
        """Place the integration into a new configuration folder, as HACS does; `more` is YAML that it has besides."""
        self.hass = HomeAssistant(folder / "config", free_port(random.randint(*PORTS)))  # noqa: S311 -- no secret
        self.hass.prepare(copy=True, more=more)
        self.household = Household(hour_of(datetime.now(UTC)) - PAST)
        self.hours: list[Hour] = []
        self.server = TcpServer(self.household.meter, LOOPBACK)
        self.token = ""
        self._read = 0
        self._held: list[str] = []

    @property
    def url(self) -> str:
        """Return the address of Home Assistant."""
        return self.hass.url

    @property
    def meter(self) -> VirtualMeter:
        """Return the meter of the house."""
        return self.household.meter

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Simulate the last 30 days while Home Assistant starts; stop everything at the end."""
        try:
            _, appliance = await asyncio.gather(self._begin(), self._live())
            self.appliance = appliance
            yield
        finally:
            await self.server.stop()
            await self.hass.stop()

    async def _begin(self) -> None:
        await self.hass.start()
        async with aiohttp.ClientSession() as session:
            self.token = await onboard(session, self.url, USER, PASSWORD)
        async with self.api():
            pass

    async def _live(self) -> Appliance:
        self.hours = await asyncio.to_thread(self.household.live_until, datetime.now(UTC))
        appliance = connect(self.meter)
        await self.server.start()
        return appliance

    @asynccontextmanager
    async def api(self) -> AsyncGenerator[Api]:
        """Connect to Home Assistant as its owner, and wait until it runs."""
        async with aiohttp.ClientSession() as session, Api(session, self.url, self.token) as api:
            await api.until_running()
            yield api

    async def at_rest(self) -> None:
        """Wait until no entry of the integration is being set up or reloaded.

        A page of Home Assistant that is opened meanwhile may show no entries at all, until it is opened again: what
        changes is told before its frontend has worked through what there was.
        """
        async with self.api() as api, asyncio.timeout(AT_REST):
            while True:
                entries = await api.command("config_entries/get", domain="emucs")
                if all(each["state"] == "loaded" for each in entries):
                    return
                await asyncio.sleep(0.1)

    async def tell_the_past(self) -> None:
        """Give Home Assistant the statistics of the last 30 days."""
        async with self.api() as api:
            entities = await read_entities(api)
            await import_past(api, entities, self.household, self.hours, self.hass.exports)

    def complaints(self) -> list[str]:
        """Return the errors that were logged since the last time, and the integration's own warnings."""
        text = self.hass.log.read_text(errors="replace")
        new, self._read = text[self._read :], len(text)
        found, self._held = self._held, []
        for match, entry in entries(new):
            is_ours = match["level"] == "WARNING" and match["logger"].startswith(OURS)
            if (match["level"] in ("ERROR", "CRITICAL") or is_ours) and not LEFT_EARLY.search(match.string):
                found.append(entry)
        return found

    async def restart(self) -> None:
        """Start Home Assistant again, which stops or has stopped."""
        await self.hass.end(STOP)
        # A start begins its log anew.
        self._held, self._read = self.complaints(), 0
        await self.hass.start()
        async with self.api():
            pass
