"""`python -m demo.screenshot --out FILE`: what a browser shows of a running demo."""

import argparse
import asyncio
from pathlib import Path
import sys

from playwright.async_api import Error as BrowserError, Page, async_playwright

from .app import HTTP_PORT, STATE, USER
from .errors import DemoError
from .hass import LOOPBACK
from .state import State

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
PATIENCE = 60_000  # ms, for a page on a slow machine
SETTLE = 2_500  # ms: charts are drawn, and animated, after they are there


async def log_in(page: Page, url: str, password: str) -> None:
    """Log in as a person does; the page then is the one that was asked for."""
    await page.goto(url, wait_until="domcontentloaded")
    await page.locator("input[name=username]").fill(USER)
    await page.locator("input[name=password]").fill(password)
    await page.locator("input[name=password]").press("Enter")
    await page.locator("home-assistant-main").wait_for(state="attached", timeout=PATIENCE)


async def shoot(options: argparse.Namespace) -> None:
    """Open the page and save what it looks like."""
    state = State.load(options.state / "virtual")
    if state is None:
        raise DemoError("The demo has never run: start scripts/demo first.")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=options.chromium, headless=True, args=list(FLAGS))
        try:
            context = await browser.new_context(
                viewport={"width": options.width, "height": options.height},
                locale="en-GB",
                timezone_id="Europe/Brussels",
                color_scheme="dark" if options.dark else "light",
                # A page that a service worker kept is not the page that is there.
                service_workers="block",
            )
            page = await context.new_page()
            await log_in(page, options.url + options.path, state.password)
            if options.wait_for:
                await page.locator(options.wait_for).first.wait_for(timeout=PATIENCE)
            for _ in range(options.back):
                await page.get_by_label("Previous").first.click()
            await page.wait_for_timeout(SETTLE)
            await page.screenshot(path=options.out)
        finally:
            await browser.close()


def main() -> int:
    """Read the command line, and take one picture."""
    parser = argparse.ArgumentParser(prog="demo.screenshot", description="Save a picture of a running demo.")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    parser.add_argument("--url", default=f"http://{LOOPBACK}:{HTTP_PORT}")
    parser.add_argument("--path", default="/energy/electricity", help="which page (%(default)s)")
    parser.add_argument("--wait-for", default="ha-chart-base canvas", metavar="SELECTOR", help="'' for nothing")
    parser.add_argument("--back", type=int, default=0, metavar="N", help="so many days before today")
    parser.add_argument("--width", type=int, default=1400)
    parser.add_argument("--height", type=int, default=1000)
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--state", type=Path, default=STATE, metavar="DIR", help="that of the demo")
    parser.add_argument("--chromium", default=CHROMIUM, metavar="FILE")
    try:
        asyncio.run(shoot(parser.parse_args()))
    except (BrowserError, DemoError) as error:
        print(f"No picture: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
