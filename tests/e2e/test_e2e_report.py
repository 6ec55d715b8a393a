"""The voltage report: found on the dashboard, opened, printed and downloaded in a real browser."""

import csv
from datetime import UTC, datetime, timedelta
from io import StringIO
import json
from pathlib import Path
import re

from playwright.async_api import Locator, Page, expect
import pytest

from tests.e2e.e2e_browser import PHONE, Window
from tests.e2e.e2e_home import Home
from tests.e2e.test_e2e_first_load import PATH, installed
from tests.voltage_kept import history_until, series_of

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(150)]

LINKS = "emucs-report-links"
WEEKS = 5
PAPER = {"width": 980, "height": 1386}
PAGES = re.compile(rb"/Type\s*/Page\b")
# Chromium gives the languages of the window; the report is asked for in that of the user.
LANGUAGES = {"en": "Voltage report", "nl": "Spanningsrapport", "fr": "Rapport de tension", "de": "Spannungsbericht"}


async def remember_five_weeks(home: Home) -> None:
    """Let the meter have voltages of five weeks in its store, as if it had been read for as long."""
    async with home.api() as api:
        [entry] = await api.command("config_entries/get", domain="emucs")
        await api.command("config_entries/disable", entry_id=entry["entry_id"], disabled_by="user")
        store = home.hass.config / ".storage" / f"emucs.{entry['entry_id']}.series"
        content = json.loads(store.read_text())
        until = datetime.now(UTC) - timedelta(minutes=5)
        content["data"]["voltage"] = series_of(history_until(until), until)
        store.write_text(json.dumps(content))
        await api.command("config_entries/disable", entry_id=entry["entry_id"], disabled_by=None)
    await home.at_rest()


async def links(window: Window, page: Page) -> Locator:
    """Return the links to the report on the dashboard."""
    await window.go(page, f"/{PATH}/grid")
    found = page.locator(LINKS)
    await found.scroll_into_view_if_needed()
    return found


async def opened(window: Window, page: Page, button: Locator) -> Page:
    """Return the page that a button opens."""
    async with page.context.expect_page() as popup:
        await button.click()
    report = await popup.value
    window.problems.watch(report)
    await report.wait_for_load_state()
    return report


async def fits(report: Page) -> bool:
    """Tell whether nothing makes a page wider than the screen."""
    return bool(await report.evaluate("document.documentElement.scrollWidth <= innerWidth"))


async def test_the_report_is_opened_printed_and_downloaded(
    home: Home, window: Window, page: Page, tmp_path: Path
) -> None:
    async with installed(home):
        await remember_five_weeks(home)
        card = await links(window, page)
        report = await opened(window, page, card.get_by_role("button", name="Open report"))
        await expect(report.get_by_role("heading", name="Voltage report")).to_be_visible()
        for text in (home.meter.meter_id, "three-phase 3×400 V with neutral", "outside the limits"):
            await expect(report.get_by_text(text).first).to_be_visible()
        weeks = await report.locator("section:has(svg)").count()
        assert WEEKS - 1 <= weeks <= WEEKS + 1
        assert await fits(report)
        await report.set_viewport_size(PAPER)
        await window.picture(report, "voltage-report")
        # A page for each week, what comes before them, and how to read it.
        printed = await report.pdf(path=tmp_path / "voltage-report.pdf", prefer_css_page_size=True)
        assert weeks + 2 <= len(PAGES.findall(printed)) <= 2 * weeks + 2
        # It can be loaded again.
        await report.reload()
        await expect(report.locator("svg").first).to_be_visible()
        await report.close()

        async with page.expect_download() as download:
            await card.get_by_role("button", name="Download CSV").click()
        path = tmp_path / (await download.value).suggested_filename
        await (await download.value).save_as(path)
        assert re.fullmatch(r"voltage-report-\d{4}-\d\d-\d\d-\d{4}-\d\d-\d\d\.csv", path.name)
        rows = list(csv.DictReader(StringIO(path.read_text())))
        assert {row["meter"] for row in rows} == {home.meter.meter_id}
        assert any(float(row["l1_mean_v"]) > 253 and float(row["export_kw"]) > 0 for row in rows)

        for language, title in LANGUAGES.items():
            dark = language in ("nl", "de")
            async with window.open(size=PHONE, dark=dark, language=language) as phone:
                report = await opened(window, phone, (await links(window, phone)).get_by_role("button").first)
                await expect(report.get_by_role("heading", name=title)).to_be_visible()
                assert await fits(report)
                await report.screenshot(path=tmp_path / f"phone-{language}.png")
                await phone.screenshot(path=tmp_path / f"dashboard-{language}.png")
        await window.leave(page)
