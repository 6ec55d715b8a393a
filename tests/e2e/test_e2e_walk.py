"""The demo in a browser: what somebody who has never seen it finds, in four languages, and the pictures of the docs."""

import signal

from playwright.async_api import Locator, Page, expect
import pytest

from demo.scene import DASHBOARD
from harness.hass import ROOT
from tests.e2e.e2e_axe import axe, inspect
from tests.e2e.e2e_browser import PHONE, number_beyond
from tests.e2e.e2e_demo import LANGUAGES, Demo, texts

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(150)]

CARD = "emucs-quarter-card"
DESKTOP = (1500, 1250)
SILENT = 60_000  # ms
PICTURES = {
    "en": ("dashboard-light", DESKTOP, False),
    "nl": ("dashboard-dark", DESKTOP, True),
    "fr": ("dashboard-phone-light", PHONE, False),
    "de": ("dashboard-phone-dark", PHONE, True),
}
# Where what a report needs is found: the page of the docs, and the words of Home Assistant.
SUPPORT = {
    "en": ("diagnostics.md", "Download diagnostics", "Actions"),
    "nl": ("nl.md", "Download diagnostieken", "Acties"),
    "fr": ("fr.md", "Télécharger les diagnostics", "Actions"),
    "de": ("de.md", "Diagnosedaten herunterladen", "Aktionen"),
}


def part(page: Page, name: str) -> Locator:
    """Return an element of the quarter card."""
    return page.locator(f"{CARD} [data-part={name}]")


async def open_dashboard(demo: Demo, page: Page) -> None:
    """Open the peaks on the dashboard of the meter, and wait until they are drawn."""
    await demo.window.go(page, f"/{DASHBOARD}/peak")
    await expect(page.locator(f"{CARD} [data-part=peaks] .bar")).to_have_count(13)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_what_a_household_asks_is_answered(demo: Demo, language: str) -> None:
    await demo.speak(language)
    named = texts(language)
    sensors = named["entity"]["sensor"]
    name, size, dark = PICTURES[language]
    async with demo.window.open(size=size, dark=dark, language=language) as page:
        await open_dashboard(demo, page)
        # The peak of the month so far, without scrolling.
        peak = page.locator(f"{CARD} [data-part=peaks] .detail")
        await expect(peak).to_be_in_viewport()
        await expect(peak).to_contain_text("kW")
        # What may still be drawn.
        await expect(part(page, "budget")).to_be_in_viewport()
        await expect(part(page, "budget")).to_contain_text("kW")
        await demo.window.picture(page, name)
        # What it costs.
        costs = page.locator("hui-entities-card", has_text=sensors["capacity_cost"]["name"])
        await costs.scroll_into_view_if_needed()
        await expect(costs).to_contain_text("€")
        # How to send what the meter sends, where the docs say that it is.
        guide, diagnostics, actions = SUPPORT[language]
        written = " ".join((ROOT / "docs" / guide).read_text().split())
        record = named["services"]["record_telegrams"]["name"]
        assert all(text in written for text in (diagnostics, actions, record))
        await demo.window.go(page, "/config/integrations/integration/emucs")
        await page.locator("ha-config-entry-row ha-dropdown").first.locator("ha-icon-button").first.click()
        await expect(page.get_by_role("menuitem", name=diagnostics)).to_be_visible()
        await page.keyboard.press("Escape")
        await demo.window.go(page, "/config/developer-tools/action")
        await expect(page.get_by_text(actions, exact=True).first).to_be_visible()
        await page.locator("ha-service-picker").first.click()
        await page.locator("ha-picker-combo-box input").fill(record)
        await expect(page.get_by_text("emucs.record_telegrams")).to_be_visible()
        await page.keyboard.press("Escape")


async def test_the_energy_dashboard_shows_a_day(demo: Demo) -> None:
    await demo.speak("en")
    async with demo.window.open(size=DESKTOP) as page:
        await demo.window.go(page, "/energy/electricity")
        await page.locator("ha-chart-base canvas").first.wait_for()
        # Yesterday is a whole day.
        await page.get_by_label("Previous").first.click()
        table = page.locator("hui-energy-sources-table-card")
        for source in ("Energy import", "Energy export", "Solar energy"):
            await number_beyond(0, table.locator("tr", has_text=source).locator("td").last)
        await demo.window.picture(page, "energy-dashboard")


async def test_why_there_is_no_value_is_said(demo: Demo) -> None:
    # The meter falls silent: the process that plays it is stopped, and Home Assistant is another one.
    demo.process.send_signal(signal.SIGSTOP)
    script = axe()
    try:
        said = set()
        for language in LANGUAGES:
            async with demo.window.open(language=language) as page:
                await open_dashboard(demo, page)
                await expect(page.locator(f"{CARD} [data-level=unavailable]").first).to_be_visible(timeout=SILENT)
                said.add(await part(page, "status").inner_text())
                if script:
                    elements, violations = await inspect(page, script)
                    assert not violations, "\n".join(violations)
                    assert "emucs-banner" in elements
        assert len(said) == len(LANGUAGES)
    finally:
        demo.process.send_signal(signal.SIGCONT)
