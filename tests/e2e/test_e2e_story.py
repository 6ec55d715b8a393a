"""A meter in Home Assistant, from installation to removal: each test goes on where the one before it ended."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import datetime, timedelta
import json
from pathlib import Path
import re
import shutil
from typing import cast

from playwright.async_api import Locator, Page, expect
import pytest
import pytest_asyncio

from harness.api import Flow
from harness.energy import check_dashboard
from harness.entities import read_entities
from harness.hass import LOOPBACK, RESTART_EXIT_CODE
from tests.e2e.e2e_browser import AWAY, PHONE, Window, number_beyond
from tests.e2e.e2e_home import STOP, Home, connect
from tests.exports.exports import BRUSSELS, live as history, table
from virtual_meter import TcpServer, VirtualMeter

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(150)]

INTEGRATION = "/config/integrations/integration/emucs"
DASHBOARD = "/dashboard-meter"
PEAK = f"{DASHBOARD}/peak"
VIEWS = {
    "Today": ("Now", "Today", "Gas and water", "Gas meter", "Water meter"),
    "Peak": ("Quarter-hour peak", "This month"),
    "Grid": ("Grid connection", "Phases", "Voltage"),
    "House": ("Forecast",),
    "Meter": ("Energy", "Meter", "Gas and water"),
}
CARD = "emucs-quarter-card"
LIVE_CARD = "emucs-live-card"
HEATMAP_CARD = "emucs-heatmap-card"
DAY_CARD = "emucs-day-card"
MONTHS = f"{CARD} [data-part=peaks]"
QUARTERS = f"{CARD} [data-part=today]"
SLOW = 60_000  # ms: for what the meter has to do first
CUT_OFF = "all => all.filter((each) => each.scrollWidth > each.clientWidth + 1).map((each) => each.outerHTML)"
# More than the house ever draws by itself: at the beginning of a month any quarter would be a new peak.
TARGET = 8  # kW
# Closer to the end of a quarter more may be drawn, once the alarm is on, than the card says a number of.
TOO_LATE = 200  # seconds
BELIEVABLE = re.compile(r"^(8|9|1[0-4])\.\d\d\skW$")
ALARMING = 180  # seconds until the target is passed: the alarm then waits for some forty
RELOADS = 5
# How often a card asks while all is as it was, when all states have gone, and when they are back.
ASKED_WITHOUT_STATES = """async (card) => {
    const hass = card.hass, asked = {};
    for (const [name, states] of [["there", hass.states], ["away", {}], ["back", hass.states]]) {
        asked[name] = 0;
        card.hass = {...hass, states, callWS: (message) => (asked[name]++, hass.callWS(message))};
    }
    return asked;
}"""
FOLLOWED = ":is([data-level=within], [data-level=warning], [data-level=alarm])"


def part(page: Page, name: str) -> Locator:
    """Return an element of the first quarter card."""
    return page.locator(CARD).first.locator(f"[data-part={name}]")


def level(page: Page, name: str) -> Locator:
    """Return the quarter card, where it is in some state."""
    return page.locator(f"{CARD} [data-level={name}]").first


async def followed(page: Page) -> None:
    """Wait until the quarter is shown."""
    await expect(page.locator(f"{CARD} {FOLLOWED}").first).to_be_visible(timeout=SLOW)


async def open_integration(home: Home, window: Window, page: Page) -> None:
    """Open the integration's page."""
    await home.at_rest()
    await window.go(page, INTEGRATION)


async def choose(page: Page, item: str) -> None:
    """Choose from the menu of the meter's entry."""
    await page.locator("ha-config-entry-row ha-dropdown").first.locator("ha-icon-button").first.click()
    await page.get_by_role("menuitem", name=item).first.click()


async def configure(page: Page, choice: str) -> None:
    """Choose from the menu behind *Configure*."""
    await page.get_by_role("button", name="Configure").first.click()
    await page.locator("dialog-data-entry-flow").get_by_text(choice, exact=True).first.click()


async def fill_address(page: Page, port: int) -> None:
    """Fill in the form for a meter on the network."""
    await page.get_by_role("textbox", name="Host").fill(LOOPBACK)
    await page.get_by_role("spinbutton", name="Port*").fill(str(port))
    await page.get_by_role("button", name="Submit").click()


async def options(home: Home) -> dict[str, object]:
    """Return the options of the meter's entry, as the diagnostics tell them."""
    async with home.api() as api:
        entries = await api.command("config_entries/get", domain="emucs")
        [entry] = [each for each in entries if each["title"] == "T211"]
        told = await api.request("GET", f"diagnostics/config_entry/{entry['entry_id']}")
    return cast("dict[str, object]", told["data"]["entry"]["options"])


async def test_the_meter_is_added_by_clicking(home: Home, window: Window, page: Page) -> None:
    await window.go(page, "/config/integrations/dashboard")
    await page.get_by_role("button", name="Add integration").click()
    await page.get_by_placeholder("Search for a brand name").fill("Belgian")
    await page.get_by_text("Belgian Digital Meter").click()
    await page.get_by_text("Other address", exact=True).first.click()
    # Nobody listens there: the form says so, and stays.
    await fill_address(page, 1)
    await expect(page.get_by_text(" refused the connection. ").first).to_be_visible()
    await fill_address(page, home.server.port)
    for text in (home.meter.meter_id, home.meter.gas_id, "three-phase 3×400 V with neutral"):
        await expect(page.get_by_text(text).first).to_be_visible()
    await window.picture(page, "setup-found")
    await page.get_by_role("button", name="Submit").click()
    await page.get_by_role("button", name="Skip and finish").click()


async def test_devices_are_seen(home: Home, window: Window, page: Page) -> None:
    await open_integration(home, window, page)
    for device in ("Electricity meter", "Capacity tariff", "Gas meter", "Water meter"):
        await expect(page.get_by_text(device, exact=True).first).to_be_visible()
    await page.get_by_text("Electricity meter", exact=True).first.click()
    await expect(page.get_by_text("Sagemcom").first).to_be_visible()
    await expect(page.get_by_text("Energy import", exact=True).first).to_be_visible()
    await open_integration(home, window, page)
    await page.get_by_text("Capacity tariff", exact=True).first.click()
    await expect(page.get_by_text("Demand forecast", exact=True).first).to_be_visible()
    await expect(page.get_by_text("Peak target", exact=True).first).to_be_visible()


async def test_the_energy_dashboard_has_values(home: Home, window: Window, page: Page) -> None:
    await home.tell_the_past()
    async with home.api() as api:
        # The integration has put its meters there by itself.
        await check_dashboard(api, await read_entities(api))
    await window.go(page, "/energy/electricity")
    await page.locator("ha-chart-base canvas").first.wait_for()
    # Yesterday is a whole day.
    await page.get_by_label("Previous").first.click()
    table = page.locator("hui-energy-sources-table-card")
    await expect(table).to_contain_text("Energy import")
    imported = await number_beyond(1, table.locator("tr", has_text="Energy import").locator("td").last)
    assert "kWh" in imported


def write_export(home: Home, folder: Path) -> Path:
    """Write an export of twenty days, that ends twenty days before the meter was connected."""
    first = datetime.now(BRUSSELS).date() - timedelta(days=70)
    meter, ean = home.meter.meter_id, home.meter.identity.meter_ean
    path = folder / "export.csv"
    rows = history(first, first + timedelta(days=20)).intervals()
    path.write_bytes(table(replace(each, meter=meter, ean=ean) for each in rows))
    return path


async def test_history_is_imported_and_taken_back(home: Home, window: Window, page: Page, tmp_path: Path) -> None:
    await open_integration(home, window, page)
    await configure(page, "Import history")
    await page.locator("input[type=file]").set_input_files(write_export(home, tmp_path))
    await expect(page.locator("ha-file-upload").get_by_text("export.csv")).to_be_visible(timeout=SLOW)
    await page.get_by_role("button", name="Submit").click()
    await expect(page.get_by_text("Nothing has been written yet")).to_be_visible(timeout=SLOW)
    await expect(page.get_by_text("Energy import", exact=False).first).to_be_visible()
    await expect(page.get_by_text("are missing: download them too").first).to_be_visible()
    await window.picture(page, "history-summary")
    await page.get_by_role("button", name="Submit").click()
    await expect(page.get_by_text("History was imported").first).to_be_visible(timeout=SLOW)
    await page.get_by_role("link", name="See it in the energy dashboard").click()
    await expect(page).to_have_url(re.compile(f"{home.url}/energy"))
    await open_integration(home, window, page)
    await configure(page, "Undo an import")
    await expect(page.get_by_text("export.csv").first).to_be_visible()
    await page.get_by_role("button", name="Submit").click()
    await expect(page.get_by_text("The import was undone.").first).to_be_visible(timeout=SLOW)
    await page.get_by_role("button", name="Close").last.click()


async def test_the_meter_dashboard_is_two_clicks_away(home: Home, window: Window, page: Page) -> None:
    await window.go(page, "/config/lovelace/dashboards")
    await page.get_by_role("button", name="Add dashboard").click()
    await page.get_by_role("button", name="Belgian Digital Meter").click()
    await page.get_by_role("textbox", name="Title").fill("Meter")
    await page.get_by_role("button", name="Create").click()
    await page.locator("ha-sidebar").get_by_text("Meter", exact=True).click()
    await expect(page).to_have_url(f"{home.url}{DASHBOARD}/today")
    for view, headings in VIEWS.items():
        await page.get_by_role("tab", name=view).click()
        for heading in headings:
            await expect(page.locator("hui-heading-card").get_by_text(heading, exact=True)).to_be_visible()
        assert await page.locator("hui-error-card, hui-warning").count() == 0
    await page.get_by_role("tab", name="Peak").click()
    await expect(page.locator(f"{MONTHS} .bar")).to_have_count(13)


async def test_a_target_is_set(home: Home, page: Page) -> None:
    async with home.api() as api:
        aim = {"entity_id": "number.capacity_tariff_peak_target", "value": TARGET}
        await api.request("POST", "services/number/set_value", aim)
    await expect(part(page, "target")).to_have_text(f"{TARGET}.00 kW")


async def test_the_quarter_card_moves(home: Home, page: Page) -> None:
    before = {name: await part(page, name).inner_text() for name in ("time_left", "forecast", "so_far")}
    home.appliance.watts = 1000
    for name, text in before.items():
        await expect(part(page, name)).not_to_have_text(text, timeout=SLOW)
    await expect(level(page, "within")).to_be_visible()


async def test_each_telegram_moves_the_needle(home: Home, window: Window, page: Page) -> None:
    await page.get_by_role("tab", name="Today").click()
    power, needle = (page.locator(f"{LIVE_CARD} [data-part={name}]") for name in ("power", "needle"))
    shown = set()
    # No state is written as often, nor for so little.
    for watts in range(1500, 1542, 7):
        home.appliance.watts = watts
        await page.wait_for_timeout(1000)
        shown.add((await power.inner_text(), await needle.get_attribute("style")))
    assert len(shown) >= 4
    home.appliance.watts = 3000
    # What was before the page was opened is drawn as well.
    assert "H" in (await page.locator(f"{LIVE_CARD} [data-part=trace_line]").get_attribute("d") or "")
    await expect(page.locator(f"{LIVE_CARD} [data-part=range]")).to_contain_text("Last 5 minutes")
    await expect(page.locator(f"{LIVE_CARD} [data-part=status]")).to_be_hidden()
    await window.picture(page, "live-card", LIVE_CARD)
    home.appliance.watts = 1000
    await page.get_by_role("tab", name="Peak").click()
    await followed(page)


async def test_the_bars_are_reached_by_keyboard(window: Window, page: Page) -> None:
    bars = page.locator(f"{MONTHS} .bar")
    detail = page.locator(f"{MONTHS} .detail")
    latest = await detail.inner_text()
    await bars.last.focus()
    await page.keyboard.press("ArrowLeft")
    await expect(bars.nth(11)).to_be_focused()
    assert await detail.inner_text() != latest
    assert await bars.nth(11).get_attribute("aria-label") == await detail.inner_text()
    await page.keyboard.press("Home")
    await expect(bars.first).to_be_focused()
    await page.keyboard.press("End")
    await expect(detail).to_have_text(latest)
    # After them are today's quarters, if there were any: not just after midnight.
    quarters, quarter = page.locator(f"{QUARTERS} .bar"), page.locator(f"{QUARTERS} .detail")
    if await quarters.count():
        await page.keyboard.press("Tab")
        await expect(quarters.last).to_be_focused()
        await page.keyboard.press("Home")
        await expect(quarters.first).to_be_focused()
        assert await quarters.first.get_attribute("aria-label") == await quarter.inner_text()
        await page.keyboard.press("Shift+Tab")
    await expect(bars.last).to_be_focused()
    # Before them are the target, and the gauge, which opens what Home Assistant knows of the forecast.
    for name in ("aim_more", "aim_field", "aim_less", "gauge"):
        await page.keyboard.press("Shift+Tab")
        await expect(part(page, name)).to_be_focused()
    assert "Forecast" in (await part(page, "gauge").get_attribute("aria-label") or "")
    await page.keyboard.press("Enter")
    await expect(page.locator("ha-more-info-dialog").get_by_text("Demand forecast").first).to_be_visible()
    await page.keyboard.press("Escape")


async def test_the_day_is_walked_through_by_keyboard(window: Window, page: Page) -> None:
    await page.get_by_role("tab", name="Today").click()
    chart, detail = (page.locator(f"{DAY_CARD} [data-part={name}]") for name in ("chart", "detail"))
    # The import of the household's past has taught the forecast.
    await expect(detail).to_contain_text("forecast")
    await chart.focus()
    await page.keyboard.press("Home")
    await expect(chart).to_have_attribute("aria-valuenow", "0")
    await expect(detail).not_to_contain_text("forecast")
    await page.keyboard.press("End")
    await expect(chart).to_have_attribute("aria-valuenow", await chart.get_attribute("aria-valuemax") or "")
    await expect(detail).to_contain_text("forecast")
    assert await chart.get_attribute("aria-valuetext") == await detail.inner_text()
    await chart.blur()
    await expect(chart).not_to_have_attribute("aria-valuenow", await chart.get_attribute("aria-valuemax") or "")
    await window.picture(page, "day-card", DAY_CARD)


async def test_the_hours_of_the_week_are_reached_by_keyboard(window: Window, page: Page) -> None:
    await page.get_by_role("tab", name="House").click()
    cells, detail = (page.locator(f"{HEATMAP_CARD} {name}") for name in (".cell", ".detail"))
    await expect(cells).to_have_count(7 * 24)
    # The import of the household's past has taught it.
    assert await page.locator(f"{HEATMAP_CARD} .cell:not(.unknown)").count() == 7 * 24
    await cells.nth(24 + 18).click()
    await page.keyboard.press("ArrowRight")
    await expect(cells.nth(24 + 19)).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await expect(detail).to_have_text(re.compile(r"Wednesday, .*on average"))
    assert await cells.nth(2 * 24 + 19).get_attribute("aria-label") == await detail.inner_text()
    await page.keyboard.press("Control+Home")
    await expect(cells.first).to_be_focused()
    await window.picture(page, "heatmap-card", HEATMAP_CARD)


async def test_options_are_taken(home: Home, window: Window, page: Page) -> None:
    await open_integration(home, window, page)
    await configure(page, "Settings")
    await page.get_by_role("spinbutton", name="Update interval").fill("1")
    await page.get_by_role("button", name="Submit").click()
    await expect(page.get_by_text("Options successfully saved.")).to_be_visible()
    await page.get_by_role("button", name="Finish").click()
    assert (await options(home))["update_interval"] == 1


async def test_diagnostics_are_downloaded(home: Home, window: Window, page: Page, tmp_path: Path) -> None:
    await open_integration(home, window, page)
    async with page.expect_download() as download:
        await choose(page, "Download diagnostics")
    path = tmp_path / "diagnostics.json"
    await (await download.value).save_as(path)
    told = json.loads(path.read_text())["data"]
    assert told["link"]["up"] is True
    assert told["link"]["telegrams"] > 0
    for secret in (home.meter.meter_id, home.meter.gas_id, home.meter.water_id, LOOPBACK):
        assert secret not in path.read_text()


@pytest.mark.parametrize(
    ("name", "size", "language", "title"),
    [
        ("dashboard-light", (1500, 1250), "en", "Quarter-hour peak"),
        ("dashboard-dark", (1500, 1250), "nl", "Kwartierpiek"),
        ("dashboard-phone-light", PHONE, "fr", "Pointe quart-horaire"),
        ("dashboard-phone-dark", PHONE, "de", "Viertelstundenspitze"),
    ],
)
async def test_the_dashboard_fits_every_screen_and_language(
    window: Window, page: Page, name: str, size: tuple[int, int], language: str, title: str
) -> None:
    async with window.open(size=size, dark=name.endswith("dark"), language=language) as other:
        await window.go(other, PEAK)
        await expect(other.locator(f"{MONTHS} .bar")).to_have_count(13)
        heading = other.locator("hui-heading-card").get_by_text(title, exact=True)
        await heading.scroll_into_view_if_needed()
        await expect(heading).to_be_visible()
        if size == PHONE:
            # Below the bar at the top.
            await heading.evaluate("each => { each.style.scrollMarginTop = '72px'; each.scrollIntoView(); }")
        # Nothing is cut off, and nothing makes the page wider than the screen.
        texts = other.locator(
            f":is({CARD}, {LIVE_CARD}, {HEATMAP_CARD}, {DAY_CARD}) :is(dt, dd, p, h3, li, .big, .day)"
        )
        assert await texts.evaluate_all(CUT_OFF) == []
        assert await other.evaluate("document.documentElement.scrollWidth <= innerWidth")


# The next quarter may have to be waited for.
@pytest.mark.timeout(150 + TOO_LATE)
async def test_an_alarm_is_seen(home: Home, window: Window, page: Page) -> None:
    await window.go(page, PEAK)
    await followed(page)
    while (left := await seconds_left(page)) < TOO_LATE:
        await page.wait_for_timeout(1000)
    target = float((await part(page, "target").inner_text()).split()[0])
    so_far = float((await part(page, "so_far").inner_text()).split()[0])
    # Enough to pass the target by a quarter of it, and soon enough for the alarm not to wait for long.
    home.appliance.watts = int(max((1.25 * target - so_far) * 900 / left, (target - so_far) * 900 / ALARMING) * 1000)
    await expect(level(page, "alarm")).to_be_visible(timeout=SLOW)
    await expect(part(page, "status")).to_contain_text(re.compile(r"Switch off \d"))
    # A screen reader is told once, by itself.
    await expect(part(page, "announcement")).to_contain_text("Switch off")
    # The picture shows what a household may have, not what raises the alarm within a minute.
    so_far = float((await part(page, "so_far").inner_text()).split()[0])
    home.appliance.watts = int((1.25 * target - so_far) * 900 / await seconds_left(page) * 1000)
    await expect(part(page, "forecast")).to_have_text(BELIEVABLE, timeout=SLOW)
    await expect(level(page, "alarm")).to_be_visible()
    await window.picture(page, "quarter-card", CARD)
    home.appliance.watts = 0


async def seconds_left(page: Page) -> int:
    """Return what the card says of the rest of the quarter."""
    minutes, seconds = (await part(page, "time_left").inner_text()).split(":")
    return int(minutes) * 60 + int(seconds)


async def test_unplugged_and_plugged_in_again_is_seen(home: Home, page: Page) -> None:
    await home.server.stop()
    await expect(level(page, "unavailable")).to_be_visible(timeout=SLOW)
    await expect(part(page, "status")).to_contain_text("No telegrams come from the meter")
    await expect(part(page, "forecast")).to_have_text("–")
    # What is known of past months is still known.
    await expect(page.locator(f"{MONTHS} .bar")).to_have_count(13)
    await home.server.start()
    await followed(page)


async def test_a_reload_while_the_dashboard_is_open(home: Home, page: Page) -> None:
    async with home.api() as api:
        entries = await api.command("config_entries/get", domain="emucs")
        for _ in range(RELOADS):
            await api.request("POST", f"config/config_entries/entry/{entries[0]['entry_id']}/reload")
            await followed(page)
    await expect(page.locator(f"{MONTHS} .bar")).to_have_count(13)


async def test_nothing_is_asked_of_a_meter_that_is_not_there(page: Page) -> None:
    # Before Home Assistant has started there are no states, and the page of before is still open.
    asked = await page.locator(CARD).first.evaluate(ASKED_WITHOUT_STATES)
    assert asked == {"there": 0, "away": 0, "back": 2}
    await expect(page.locator(f"{MONTHS} .bar")).to_have_count(13)


async def test_the_meter_moves_to_another_port(home: Home, window: Window, page: Page) -> None:
    before = home.server
    await before.stop()
    home.server = TcpServer(home.meter, LOOPBACK)
    await home.server.start()
    assert home.server.port != before.port
    await open_integration(home, window, page)
    await choose(page, "Reconfigure")
    await page.get_by_text("Other address", exact=True).first.click()
    await expect(page.get_by_role("spinbutton", name="Port*")).to_have_value(str(before.port))
    await fill_address(page, home.server.port)
    await expect(page.get_by_text("successful").first).to_be_visible()
    await page.get_by_role("button", name="Close").last.click()
    await window.go(page, PEAK)
    await followed(page)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def second() -> AsyncGenerator[TcpServer]:
    """Serve a single-phase meter without history, whose firmware knows no demand."""
    meter = VirtualMeter("1.4-single-phase", seed=5, gas=False, water=False, history_months=0)
    # A battery, so that nothing that a family does of an evening passes the target before the page is there.
    connect(meter).watts = -15_000
    async with TcpServer(meter, LOOPBACK) as server:
        yield server


async def test_a_second_meter_shares_the_views(home: Home, window: Window, page: Page, second: TcpServer) -> None:
    async with home.api() as api:
        flow = await Flow.begin(api, "emucs")
        await flow.choose("network")
        await flow.submit({"host": LOOPBACK, "port": second.port, "advanced": {}})
        result = await flow.submit({"user_port": "p1", "add_to_energy": False})
        assert result["type"] == "create_entry"
    await window.go(page, PEAK)
    card = page.locator(CARD).nth(1)
    await expect(card.locator(FOLLOWED)).to_be_visible(timeout=SLOW)
    await expect(card.locator("[data-part=estimated]")).to_have_text("estimated")
    await expect(card.locator("[data-part=peaks]")).to_contain_text("No monthly peak is known yet.")
    await expect(page.locator(f"{MONTHS} .bar")).to_have_count(13)
    await page.get_by_role("tab", name="Today").click()
    await expect(page.locator("hui-heading-card").get_by_text("Gas and water")).to_have_count(1)
    assert await page.locator("hui-error-card, hui-warning").count() == 0


async def test_a_card_stands_on_any_dashboard(home: Home, window: Window, page: Page, second: TcpServer) -> None:
    cards = [
        {"type": f"custom:{CARD}"},
        {"type": f"custom:{CARD}", "device_id": "gone"},
        {"type": f"custom:{CARD}", "title": "Mine", "show_peaks": False},
    ]
    async with home.api() as api:
        await api.command("lovelace/dashboards/create", url_path="own-cards", title="Own", mode="storage")
        await api.command("lovelace/config/save", url_path="own-cards", config={"views": [{"cards": cards}]})
    await window.go(page, "/own-cards")
    titles = page.locator(f"{CARD} [data-part=title]")
    # With more than one meter a card says whose quarter it is.
    await expect(titles.first).to_have_text("Quarter-hour peak · Electricity meter")
    await expect(titles.last).to_have_text("Mine")
    await expect(page.locator(f"{CARD} [data-level=no_meter]")).to_contain_text("No digital meter found.")
    await expect(page.locator(CARD).last.locator("[data-part=peaks]")).to_be_hidden()


async def test_the_card_is_in_the_card_picker(window: Window, page: Page) -> None:
    await window.go(page, "/own-cards/0?edit=1")
    await page.get_by_role("button", name="Add card").first.click()
    await page.get_by_text("By card", exact=True).click()
    await page.get_by_placeholder("Search cards").fill("Quarter-hour")
    await page.locator("hui-card-picker .card", has_text="Quarter-hour peak").first.click()
    dialog = page.locator("hui-dialog-edit-card")
    await expect(dialog.get_by_text("Show the bars of today and of the months").first).to_be_visible()
    await expect(dialog.locator("ha-selector-device")).to_contain_text("Electricity meter")
    await expect(dialog.locator(f"{MONTHS} .bar")).to_have_count(13)
    await dialog.get_by_role("button", name="Save").click()
    await expect(page.locator(f"hui-view {CARD}")).to_have_count(4)


async def test_a_restart_is_survived(home: Home, window: Window, page: Page, second: TcpServer) -> None:
    window.problems.allow(AWAY)
    await window.go(page, PEAK)
    await followed(page)
    async with home.api() as api:
        await api.request("POST", "services/homeassistant/restart", {})
    assert await home.hass.end(STOP) == RESTART_EXIT_CODE
    await home.restart()
    # The page connects again by itself.
    await expect(page.get_by_text("Connection lost")).to_have_count(0, timeout=SLOW)
    before = await part(page, "time_left").inner_text()
    await followed(page)
    await expect(part(page, "time_left")).not_to_have_text(before)
    await expect(page.locator(f"{MONTHS} .bar")).to_have_count(13)
    assert (await options(home))["update_interval"] == 1


async def test_the_meter_is_removed_by_clicking(home: Home, window: Window, page: Page, second: TcpServer) -> None:
    await open_integration(home, window, page)
    rows = page.locator("ha-config-entry-row")
    await expect(rows).to_have_count(2)
    for count in (1, 0):
        await choose(page, "Delete")
        await page.locator("dialog-box").get_by_role("button", name="Delete").click()
        await expect(rows).to_have_count(count)
    async with home.api() as api:
        assert await api.command("config_entries/get", domain="emucs") == []
        entities = await api.command("config/entity_registry/list")
        assert [each for each in entities if each["platform"] == "emucs"] == []
    # The household's past was imported, and is there: its record stays, so that it can be taken back with the meter.
    assert [path.name for path in (home.hass.config / ".storage").glob("emucs.*")] == ["emucs.history"]


async def test_nothing_is_left_behind(home: Home, window: Window, page: Page) -> None:
    window.problems.allow(AWAY)
    shutil.rmtree(home.hass.config / "custom_components" / "emucs")
    await window.leave(page)
    await home.hass.stop()
    await home.restart()
    await window.go(page, "/config/integrations/dashboard")
    await expect(page.get_by_text("Backup", exact=True).first).to_be_visible()
    assert await page.evaluate(f"customElements.get('{CARD}') === undefined")
