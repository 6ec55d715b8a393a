"""The dashboard is in the sidebar from set-up on, until the user removes it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Locator, Page, expect
import pytest

from harness.api import Api, Flow
from harness.hass import LOOPBACK
from tests.e2e.e2e_browser import Window
from tests.e2e.e2e_home import PASSWORD, Home
from tests.e2e.test_e2e_story import SLOW, fill_address

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(150)]

PATH = "belgian-digital-meter"
TITLE = "Belgian Digital Meter"
OURS = {"strategy": {"type": "custom:emucs"}}
RESIDENT = "resident"
INTEGRATIONS = "/config/integrations/dashboard"
# For what is not going to happen.
QUIET = 3_000  # ms


async def boards(api: Api) -> list[dict[str, Any]]:
    """Return the dashboards of this test."""
    listed: list[dict[str, Any]] = await api.command("lovelace/dashboards/list")
    return [each for each in listed if each["url_path"] == PATH]


async def add(api: Api, home: Home, **answers: bool) -> None:
    """Add the meter, as another program would."""
    flow = await Flow.begin(api, "emucs")
    await flow.choose("network")
    await flow.submit({"host": LOOPBACK, "port": home.server.port, "advanced": {}})
    result = await flow.submit({"add_to_energy": False, **answers})
    assert result["type"] == "create_entry", result


async def delete(api: Api) -> None:
    """Remove the dashboard."""
    [board] = await boards(api)
    await api.command("lovelace/dashboards/delete", dashboard_id=board["id"])


async def remove(api: Api) -> None:
    """Remove the meter."""
    [entry] = await api.command("config_entries/get", domain="emucs")
    await api.request("DELETE", f"config/config_entries/entry/{entry['entry_id']}")


async def asked(api: Api) -> bool:
    """Return whether the dashboard is still to be added."""
    [entry] = await api.command("config_entries/get", domain="emucs")
    told = await api.request("GET", f"diagnostics/config_entry/{entry['entry_id']}")
    return "add_to_sidebar" in told["data"]["entry"]["options"]


async def click_through(home: Home, window: Window, page: Page) -> None:
    """Add the meter as a person does who leaves everything as it is."""
    await window.go(page, INTEGRATIONS)
    await page.get_by_role("button", name="Add integration").click()
    await page.get_by_placeholder("Search for a brand name").fill("Belgian")
    await page.get_by_text(TITLE).click()
    await page.get_by_text("Other address", exact=True).first.click()
    await fill_address(page, home.server.port)
    await expect(page.get_by_text(home.meter.meter_id).first).to_be_visible()
    await page.get_by_role("button", name="Submit").click()
    await page.get_by_role("button", name="Skip and finish").click()


@asynccontextmanager
async def resident(window: Window, api: Api) -> AsyncGenerator[Page]:
    """Open a page of somebody who is no administrator."""
    user = (await api.command("config/auth/create", name=RESIDENT, group_ids=["system-users"]))["user"]
    login = {"user_id": user["id"], "username": RESIDENT, "password": PASSWORD}
    await api.command("config/auth_provider/homeassistant/create", **login)
    other = window.at(window.url)
    async with other.open() as page:
        await other.log_in(page, RESIDENT, PASSWORD)
        yield page
    assert other.problems.take() == []


def entry_of(page: Page, title: str = TITLE) -> Locator:
    """Return what the sidebar has of the dashboard."""
    return page.locator("ha-sidebar").get_by_text(title, exact=True)


async def shown(home: Home, page: Page) -> None:
    """Wait until the page shows the dashboard."""
    await expect(page).to_have_url(f"{home.url}/{PATH}/today", timeout=SLOW)
    await expect(page.locator("emucs-live-card [data-part=power]").first).to_contain_text("W", timeout=SLOW)


async def test_the_dashboard_is_in_the_sidebar_after_set_up(home: Home, window: Window, page: Page) -> None:
    # A second browser of the same administrator, such as a tablet on the wall.
    async with window.open() as tablet:
        await window.go(tablet, "/energy")
        await click_through(home, window, page)
        # Also on pages that were opened before the integration was there.
        for each in (page, tablet):
            await expect(entry_of(each)).to_have_count(1)
        await entry_of(page).click()
        await shown(home, page)
        for each in (page, tablet):
            await expect(entry_of(each)).to_have_count(1)
        await entry_of(tablet).click()
        await shown(home, tablet)
        await window.leave(tablet)
    async with home.api() as api:
        assert len(await boards(api)) == 1
        assert not await asked(api)
        assert await api.command("lovelace/config", url_path=PATH) == OURS


async def test_a_dashboard_that_was_removed_stays_away(home: Home, window: Window, page: Page) -> None:
    await window.go(page, "/energy")
    async with home.api() as api:
        await delete(api)
        [entry] = await api.command("config_entries/get", domain="emucs")
        await api.request("POST", f"config/config_entries/entry/{entry['entry_id']}/reload")
        await home.at_rest()
        await window.go(page, "/energy")
        await page.wait_for_timeout(QUIET)
        await expect(entry_of(page)).to_have_count(0)
        await remove(api)


async def test_who_does_not_ask_gets_none(home: Home, window: Window, page: Page) -> None:
    async with home.api() as api:
        await add(api, home)
        await home.at_rest()
        await page.wait_for_timeout(QUIET)
        await expect(entry_of(page)).to_have_count(0)
        await remove(api)


async def test_only_an_administrator_adds_it(home: Home, window: Window, page: Page) -> None:
    async with home.api() as api, resident(window, api) as other:
        await add(api, home, add_to_sidebar=True)
        await expect(entry_of(page)).to_have_count(1)
        await window.go(other, "/energy")
        await other.wait_for_timeout(QUIET)
        await expect(entry_of(other)).to_have_count(0)
        await entry_of(page).click()
        await shown(home, page)
        # From then on everybody has it.
        await entry_of(other).click()
        await shown(home, other)
        for each in (page, other):
            await window.leave(each)
        await remove(api)


async def test_what_is_there_is_not_overwritten(home: Home, window: Window, page: Page) -> None:
    own = {"views": [{"title": "Mine", "path": "today", "cards": []}]}
    async with home.api() as api:
        [board] = await boards(api)
        await api.command("lovelace/config/save", url_path=PATH, config=own)
        await window.go(page, "/energy")
        await add(api, home, add_to_sidebar=True)
        await expect(entry_of(page)).to_have_count(2)
        await window.go(page, "/emucs")
        await expect(page).to_have_url(f"{home.url}/{PATH}/today")
        assert await api.command("lovelace/config", url_path=PATH) == own
        assert await boards(api) == [board]
        assert not await asked(api)
        await window.leave(page)
        await remove(api)
        await delete(api)


async def test_one_that_was_made_by_hand_is_taken(home: Home, window: Window, page: Page) -> None:
    async with home.api() as api:
        board = await api.command("lovelace/dashboards/create", url_path="by-hand", title="By hand")
        await api.command("lovelace/config/save", url_path="by-hand", config=OURS)
        await add(api, home, add_to_sidebar=True)
        await window.go(page, "/emucs")
        await expect(page).to_have_url(f"{home.url}/by-hand/today", timeout=SLOW)
        assert await boards(api) == []
        await window.leave(page)
        await remove(api)
        await api.command("lovelace/dashboards/delete", dashboard_id=board["id"])


async def test_the_title_is_in_the_language_of_the_administrator(home: Home, window: Window, page: Page) -> None:
    async with home.api() as api, window.open(language="nl") as dutch:
        await window.go(dutch, "/energy")
        await add(api, home, add_to_sidebar=True)
        await entry_of(dutch).click()
        await shown(home, dutch)
        await expect(entry_of(dutch, "Belgische digitale meter")).to_have_count(1)
        await window.leave(dutch)
        await remove(api)
        await delete(api)
        users = await api.command("config/auth/list")
        [created] = [each for each in users if each["name"] == RESIDENT]
        await api.command("config/auth/delete", user_id=created["id"])
