"""A reader that announces itself, from its announcement to the dashboard, in a real browser."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
import re
import shutil
import socket

from playwright.async_api import Page, async_playwright, expect
import pytest
import pytest_asyncio
from zeroconf.asyncio import AsyncZeroconf

from harness.hass import LOOPBACK
from tests.e2e.e2e_browser import PHONE, Window, browser
from tests.e2e.e2e_home import PASSWORD, USER, Home
from virtual_meter import VirtualMeter
from virtual_meter.readers import Authority, DsmrLogger, HomeWizardV2, P1Dongle, WebReader

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(150)]

INTEGRATIONS = "/config/integrations/dashboard"
PATH = "found-reader"
CUT_OFF = "all => all.filter((each) => each.scrollWidth > each.clientWidth + 1).map((each) => each.innerText)"
SLOW = 60_000  # ms
CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", re.DOTALL)


@pytest.fixture(scope="module")
def authority() -> Authority:
    """Return what signs the certificates of readers here."""
    return Authority()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def home(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> AsyncGenerator[Home]:
    """Run a Home Assistant that listens to what is announced, and trusts the readers here."""
    folder = tmp_path_factory.mktemp("found")
    home = Home(folder, more="zeroconf:\n")
    tls = home.hass.config / "custom_components" / "emucs" / "port" / "tls.py"
    tls.write_text(CERTIFICATE.sub(authority.pem, tls.read_text()))
    async with home.running():
        yield home
    shutil.rmtree(folder, ignore_errors=True)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def window(home: Home, pictures: Path) -> AsyncGenerator[Window]:
    """Run a browser."""
    async with async_playwright() as playwright, browser(playwright) as chromium:
        yield Window(chromium, home.url, pictures)


@pytest_asyncio.fixture(loop_scope="session")
async def page(home: Home, window: Window) -> AsyncGenerator[Page]:
    """Return a new page on a phone, logged in."""
    async with window.open(size=PHONE) as page:
        if window.logged_in is None:
            await window.log_in(page, USER, PASSWORD)
        yield page


def a_meter() -> VirtualMeter:
    """Return a meter that runs now."""
    return VirtualMeter(seed=7, start=datetime.now(UTC))


@asynccontextmanager
async def announced(reader: WebReader) -> AsyncGenerator[None]:
    """Announce a reader over multicast DNS, on this machine alone: what is sent does not outlive it."""
    zeroconf = AsyncZeroconf()
    await zeroconf.zeroconf.async_wait_for_start()
    for sender in zeroconf.zeroconf.engine.senders:
        out = sender.transport.get_extra_info("socket")
        if out.family == socket.AF_INET:
            out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 0)
        else:
            out.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 0)
    try:
        for announcement in reader.announcements():
            await (await zeroconf.async_register_service(announcement.service(LOOPBACK)))
        yield
    finally:
        await zeroconf.async_unregister_all_services()
        await zeroconf.async_close()


async def nothing_is_cut_off(page: Page) -> None:
    """Check that the titles and the items of a dialog have the room that they need."""
    texts = page.locator("dialog-data-entry-flow :is([slot=headerTitle], ha-list-item span)")
    assert await texts.evaluate_all(CUT_OFF) == []


async def finish(page: Page, meter: VirtualMeter) -> None:
    """Add the meter that was found."""
    await expect(page.get_by_text(meter.meter_id).first).to_be_visible(timeout=SLOW)
    await page.get_by_role("button", name="Submit").click()
    await page.get_by_role("button", name="Skip and finish").click()


async def remove(home: Home) -> None:
    """Remove the meter."""
    async with home.api() as api:
        [entry] = await api.command("config_entries/get", domain="emucs")
        await api.request("DELETE", f"config/config_entries/entry/{entry['entry_id']}")


async def test_a_reader_that_announces_itself_needs_two_clicks(home: Home, window: Window, page: Page) -> None:
    meter = a_meter()
    async with P1Dongle(meter, LOOPBACK) as reader, announced(reader):
        await window.go(page, INTEGRATIONS)
        await expect(page.get_by_text("P1-Dongle", exact=True).first).to_be_visible(timeout=SLOW)
        await window.picture(page, "reader-found")
        await page.get_by_role("button", name="Add", exact=True).click()
        await expect(page.get_by_text("Do you want to read your meter with P1-Dongle").first).to_be_visible()
        await nothing_is_cut_off(page)
        await page.get_by_role("button", name="Submit").click()
        await finish(page, meter)
        async with home.api() as api:
            [entry] = await api.command("config_entries/get", domain="emucs")
            assert entry["state"] == "loaded"
            assert await api.command("config_entries/flow/progress") == []
            board = await api.command("lovelace/dashboards/create", url_path=PATH, title="Found")
            await api.command("lovelace/config/save", url_path=PATH, config={"strategy": {"type": "custom:emucs"}})
        await window.go(page, f"/{PATH}/peak")
        await expect(page.locator("emucs-quarter-card [data-part=peaks] .bar")).to_have_count(13, timeout=SLOW)
        # The page is left before what it shows is gone.
        await window.leave(page)
        async with home.api() as api:
            await api.command("lovelace/dashboards/delete", dashboard_id=board["id"])
        await remove(home)


async def choose_make(window: Window, page: Page, make: str) -> None:
    """Go to the form of a make."""
    await window.go(page, f"{INTEGRATIONS}/add?domain=emucs")
    await page.locator("dialog-box").get_by_role("button", name="OK").click()
    await page.get_by_text("Network reader", exact=True).first.click()
    await expect(page.get_by_text("Which reader is plugged into the meter?").first).to_be_visible()
    await nothing_is_cut_off(page)
    await page.get_by_text(make, exact=True).first.click()
    await expect(page.locator("step-flow-form ha-form").get_by_role("textbox")).to_have_count(1)
    await nothing_is_cut_off(page)


async def test_a_reader_that_does_not_needs_its_address(home: Home, window: Window, page: Page) -> None:
    meter = a_meter()
    async with DsmrLogger(meter, LOOPBACK) as reader:
        await choose_make(window, page, "DSMRloggerAPI")
        # One fact, and that one is filled in with what it is in most homes.
        address = page.locator("step-flow-form ha-form").get_by_role("textbox")
        await expect(address).to_have_value("dsmr-api.local")
        await address.fill(f"{LOOPBACK}:{reader.port}")
        await page.get_by_role("button", name="Submit").click()
        await finish(page, meter)
        await remove(home)


async def test_a_button_is_pressed(home: Home, window: Window, page: Page, authority: Authority) -> None:
    meter = a_meter()
    async with HomeWizardV2(meter, LOOPBACK, authority=authority) as reader:
        await choose_make(window, page, "HomeWizard P1")
        await page.locator("step-flow-form ha-form").get_by_role("textbox").fill(f"{LOOPBACK}:{reader.port}")
        await page.get_by_role("button", name="Submit").click()
        await expect(page.get_by_text("Press the button on the reader once, briefly.").first).to_be_visible()
        await nothing_is_cut_off(page)
        await window.picture(page, "reader-button")
        reader.press_button()
        # What goes on by itself, without a click.
        await finish(page, meter)
        await remove(home)
