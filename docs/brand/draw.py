"""`python -m docs.brand.draw`: the PNGs of the brand, drawn by a browser from their SVG sources."""

import argparse
import asyncio
from pathlib import Path
import re
import sys
from typing import Final

from playwright.async_api import Browser, Error as BrowserError, async_playwright

from harness.browser import CHROMIUM, FLAGS
from harness.errors import HarnessError
from harness.hass import COMPONENT

SOURCES: Final = Path(__file__).parent
IMAGES: Final = COMPONENT / "brand"
# The heights that Home Assistant's brands ask for: 256 px for an icon, 128 to 256 px for a logo, and twice that.
HEIGHTS: Final = {"icon": 256, "logo": 256}
_VIEW_BOX: Final = re.compile(r'viewBox="0 0 (\d+) (\d+)"')


def sized(source: Path, height: int) -> tuple[str, int]:
    """Return a picture that is as high as this in px, and its width."""
    svg = source.read_text()
    if (box := _VIEW_BOX.search(svg)) is None:
        raise HarnessError(f"{source} has no viewBox from 0 0: give it one.")
    width = -(-height * int(box[1]) // int(box[2]))
    return svg.replace("<svg ", f'<svg width="{width}" height="{height}" style="display:block" ', 1), width


async def draw(browser: Browser, source: Path, image: Path, height: int) -> None:
    """Draw one picture on nothing."""
    svg, width = sized(source, height)
    page = await browser.new_page(viewport={"width": width, "height": height})
    await page.set_content(f'<body style="margin:0">{svg}</body>')
    await page.screenshot(path=image, omit_background=True)
    await page.close()


async def draw_all(options: argparse.Namespace) -> None:
    """Draw all pictures, each in its size and in twice that."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=options.chromium, headless=True, args=list(FLAGS))
        try:
            for source in sorted(SOURCES.glob("*.svg")):
                height = HEIGHTS[source.stem.removeprefix("dark_")]
                for scale, suffix in ((1, ""), (2, "@2x")):
                    await draw(browser, source, options.out / f"{source.stem}{suffix}.png", height * scale)
        finally:
            await browser.close()


def main() -> int:
    """Read the command line, and draw."""
    parser = argparse.ArgumentParser(
        prog="scripts/brand", description="Draw the PNGs of the brand from docs/brand/*.svg."
    )
    parser.add_argument("--out", type=Path, default=IMAGES, metavar="DIR", help="where to (%(default)s)")
    parser.add_argument("--chromium", default=CHROMIUM, metavar="FILE")
    try:
        asyncio.run(draw_all(parser.parse_args()))
    except (BrowserError, HarnessError) as error:
        print(f"No pictures: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
