"""The demo as a process, and its dashboard in a browser."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
import json
from pathlib import Path
import re
import subprocess
from typing import Any, Final, cast

import aiohttp

from demo.state import State
from harness.api import Api
from harness.entry import until_loaded
from harness.hass import COMPONENT
from tests.demo.demo_process import read_until, running
from tests.e2e.e2e_browser import Window

LANGUAGES: Final = ("en", "nl", "fr", "de")
STARTED: Final = "breaker"  # the last value that the demo prints


@dataclass(frozen=True)
class Demo:
    """A demo that runs."""

    window: Window
    process: subprocess.Popen[str]
    state: State

    @asynccontextmanager
    async def api(self) -> AsyncGenerator[Api]:
        """Connect to its Home Assistant as its user."""
        async with aiohttp.ClientSession() as session, Api(session, self.window.url, self.state.token) as api:
            yield api

    async def speak(self, language: str) -> None:
        """Set the language of Home Assistant, in which entities are named."""
        async with self.api() as api:
            await api.command("config/core/update", language=language)
            [entry] = await api.command("config_entries/get", domain="emucs")
            await api.request("POST", f"config/config_entries/entry/{entry['entry_id']}/reload")
            await until_loaded(api)


def texts(language: str) -> dict[str, Any]:
    """Return the texts of a language."""
    return cast("dict[str, Any]", json.loads((COMPONENT / "translations" / f"{language}.json").read_text()))


@asynccontextmanager
async def demo_in(folder: Path, window: Window) -> AsyncGenerator[Demo]:
    """Run the demo, and log in as its user."""
    with running(folder) as process:
        output = await asyncio.to_thread(read_until, process, STARTED)
        url = re.search(r"http://127\.0\.0\.1:\d+", output)
        state = State.load(folder / "virtual")
        assert url, output
        assert state is not None
        own = window.at(url[0])
        async with own.open() as page:
            await own.log_in(page, "demo", state.password)
        yield Demo(own, process, state)
        await asyncio.to_thread(process.terminate)
        await asyncio.to_thread(process.wait, 120)
