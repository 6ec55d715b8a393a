"""The dashboard is there at the first load: on slow computers, and on pages from before the installation."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from playwright.async_api import Page, Route, expect
import pytest

from harness.api import Flow
from harness.hass import LOOPBACK
from tests.e2e.e2e_browser import Window
from tests.e2e.e2e_home import PASSWORD, USER, Home

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(150)]

PATH = "first-load"
MODULE = "/emucs/"
SLOWER = 6  # times
# Home Assistant's own first module, and by how much it comes after ours.
FRONTEND = "**/frontend_latest/app.*.js"
LATE = 2  # seconds
PATIENCE = 60_000  # ms


@asynccontextmanager
async def installed(home: Home) -> AsyncGenerator[None]:
    """Add the meter and its dashboard, and leave nothing behind."""
    async with home.api() as api:
        flow = await Flow.begin(api, "emucs")
        await flow.choose("network")
        await flow.submit({"host": LOOPBACK, "port": home.server.port, "advanced": {}})
        result = await flow.submit({"user_port": "p1", "add_to_energy": False})
        assert result["type"] == "create_entry", result
        board = await api.command("lovelace/dashboards/create", url_path=PATH, title="First load", show_in_sidebar=True)
        await api.command("lovelace/config/save", url_path=PATH, config={"strategy": {"type": "custom:emucs"}})
        assert len(await api.command("lovelace/resources")) == 1
        yield
        await api.command("lovelace/dashboards/delete", dashboard_id=board["id"])
        [entry] = await api.command("config_entries/get", domain="emucs")
        await api.request("DELETE", f"config/config_entries/entry/{entry['entry_id']}")
        assert await api.command("lovelace/resources") == []


async def shown(page: Page) -> None:
    """Wait until the dashboard is there; Home Assistant shows an error in its place when it gives up."""
    error = page.get_by_text("Error loading the dashboard strategy")
    power = page.locator("emucs-live-card [data-part=power]")
    await power.first.or_(error.first).first.wait_for(timeout=PATIENCE)
    await expect(error).to_have_count(0)
    await expect(power).to_contain_text("W")


async def come_late(route: Route) -> None:
    """Let others come first."""
    await asyncio.sleep(LATE)
    await route.continue_()


async def test_the_dashboard_is_shown_at_the_first_load(home: Home, window: Window) -> None:
    # Without encryption, service workers keep pages of this address only.
    older = window.at(home.url.replace(LOOPBACK, "localhost"))
    async with older.open(keeps_pages=True) as opened:
        await older.log_in(opened, USER, PASSWORD)
        await opened.evaluate("navigator.serviceWorker.ready.then(() => true)")
        for _ in range(2):
            await older.go(opened, "/energy")
        await opened.wait_for_function("navigator.serviceWorker.controller !== null")
        async with installed(home):
            await opened.locator("ha-sidebar").get_by_text("First load", exact=True).click()
            await shown(opened)
            kept = await opened.context.new_page()
            await older.go(kept, "/energy")
            assert MODULE not in await kept.content()
            await kept.locator("ha-sidebar").get_by_text("First load", exact=True).click()
            await shown(kept)
            await kept.close()
            async with window.open() as slow:
                debugger = await slow.context.new_cdp_session(slow)
                await debugger.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
                await window.go(slow, f"/{PATH}")
                await shown(slow)
            async with window.open() as late:
                await late.route(FRONTEND, come_late)
                await window.go(late, f"/{PATH}")
                await shown(late)
            # The page is left before what it shows is gone.
            await older.leave(opened)
    assert older.problems.take() == []
