"""A browser, the errors of its pages, and the pictures that it takes."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
import re
from typing import Any

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Playwright,
    Request,
    Response,
    expect,
)

from harness.browser import CHROMIUM, FLAGS

PATIENCE = 30_000  # ms
expect.set_options(timeout=PATIENCE)
SETTLE = 1_500  # ms: charts are drawn, and animated, after they are there
DESKTOP, PHONE = (1400, 1000), (390, 844)

# What Home Assistant's own pages have at any time.
EXPECTED = (
    # A page that is left while it loads.
    re.compile(r"failed: .* net::ERR_ABORTED"),
    # Logos that Home Assistant would fetch from the internet.
    re.compile(r"/api/brands/integration/(?!emucs)"),
    # A long list that goes before it is laid out: this is how lit's virtualizer says so.
    re.compile(r"^page: disconnected$"),
    # Pictures on stock cards in the card picker, also from the internet.
    re.compile(r"failed: https://demo\.home-assistant\.io/stub_config/"),
)
# What they have while Home Assistant is away: the object is an answer that its frontend does not get, 1 and 3 are the
# codes by which its websocket says that it cannot connect, or is not connected any more.
AWAY = re.compile(
    r"ERR_(?:CONNECTION_REFUSED|EMPTY_RESPONSE|CONNECTION_RESET)|WebSocket connection to|^50\d: |^page: (?:Object|1|3)$"
)


class Problems:
    """Errors of pages that are not expected."""

    def __init__(self) -> None:
        """Start without any."""
        self._found: list[str] = []
        self._allowed: list[re.Pattern[str]] = list(EXPECTED)

    def watch(self, page: Page) -> None:
        """Listen to a page."""
        page.on("pageerror", lambda error: self._note(f"page: {error}"))
        page.on("console", self._on_console)
        page.on("response", self._on_response)
        page.on("requestfailed", self._on_failed)

    def _on_console(self, message: ConsoleMessage) -> None:
        # Which one failed is told by the request itself.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self._note(f"console: {message.text}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400:
            self._note(f"{response.status}: {response.url}")

    def _on_failed(self, request: Request) -> None:
        self._note(f"failed: {request.url} {request.failure}")

    def _note(self, text: str) -> None:
        if not any(pattern.search(text) for pattern in self._allowed):
            self._found.append(text)

    def allow(self, pattern: re.Pattern[str]) -> None:
        """Expect some more, for as long as the test lasts."""
        self._allowed.append(pattern)

    def take(self) -> list[str]:
        """Return what was found since the last time."""
        found, self._found = self._found, []
        self._allowed = list(EXPECTED)
        return found


class Window:
    """Pages of one Home Assistant, in one browser."""

    def __init__(self, browser: Browser, url: str, pictures: Path) -> None:
        """Open nothing yet."""
        self._browser = browser
        self.url = url
        self.pictures = pictures
        self.problems = Problems()
        self.logged_in: Any = None
        """What the browser keeps of a login."""

    def at(self, url: str) -> Window:
        """Return pages of the same Home Assistant, by another address."""
        return Window(self._browser, url, self.pictures)

    @asynccontextmanager
    async def open(
        self,
        *,
        size: tuple[int, int] = DESKTOP,
        dark: bool = False,
        language: str = "en",
        scale: float = 1,
        keeps_pages: bool = False,
    ) -> AsyncGenerator[Page]:
        """Open a page; it is logged in when another one was before."""
        context = await self._browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            device_scale_factor=scale,
            locale="en-GB",
            timezone_id="Europe/Brussels",
            color_scheme="dark" if dark else "light",
            storage_state=self.logged_in,
            accept_downloads=True,
            # A page that a service worker kept is not the page that is there.
            service_workers="allow" if keeps_pages else "block",
        )
        choice = f"localStorage.setItem('selectedLanguage', '\"{language}\"')"
        # A blank page stores nothing.
        await context.add_init_script(f"if (location.protocol === 'http:') {choice}")
        context.set_default_timeout(PATIENCE)
        page = await context.new_page()
        self.problems.watch(page)
        try:
            yield page
        finally:
            await context.close()

    async def log_in(self, page: Page, user: str, password: str) -> None:
        """Log in as a person does."""
        await page.goto(self.url, wait_until="domcontentloaded")
        await page.locator("input[name=username]").fill(user)
        await page.locator("input[name=password]").fill(password)
        await page.locator("input[name=password]").press("Enter")
        await page.locator("home-assistant-main").wait_for(state="attached")
        self.logged_in = await _context_of(page).storage_state()

    async def go(self, page: Page, path: str) -> None:
        """Open a path of Home Assistant."""
        await _dialogs_closed(page)
        await page.goto(f"{self.url}{path}", wait_until="domcontentloaded")
        await page.locator("home-assistant-main").wait_for(state="attached")

    async def leave(self, page: Page) -> None:
        """Leave Home Assistant."""
        await _dialogs_closed(page)
        await page.goto("about:blank")

    async def picture(self, page: Page, name: str, element: str | None = None) -> None:
        """Save what a page looks like, or one element of it."""
        await page.wait_for_timeout(SETTLE)
        path = self.pictures / f"{name}.png"
        if element:
            await page.locator(element).first.screenshot(path=path)
        else:
            await page.screenshot(path=path)


async def _dialogs_closed(page: Page) -> None:
    """Wait until no dialog is open: closing one takes the page back to where it was opened."""
    await page.wait_for_function("() => !history.state?.dialog")


def _context_of(page: Page) -> BrowserContext:
    return page.context


@asynccontextmanager
async def browser(playwright: Playwright) -> AsyncGenerator[Browser]:
    """Start Debian's browser; the one that playwright would download is not needed."""
    chromium = await playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=list(FLAGS))
    try:
        yield chromium
    finally:
        await chromium.close()


async def number_beyond(least: float, cell: Locator) -> str:
    """Return the text of a cell once the number that it begins with is beyond another, either way.

    Just after a click a table still shows the day before it, which at night is as good as nothing.
    """
    text = ""
    for _ in range(PATIENCE // 100):
        text = await cell.inner_text()
        if abs(float(text.split()[0])) > least:
            return text
        await asyncio.sleep(0.1)
    raise AssertionError(text)
