"""Looks at a page by machine, and keeps its pictures on one sheet for people."""

from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Final

from playwright.async_api import Page

from tests.e2e.e2e_browser import Window

_SCALE: Final = 0.4
_WIDTH: Final = 2400  # px
# What is cut off: texts that are longer than their place, and texts and frames of ours outside of what clips them. What
# is for screen readers alone is clipped on purpose.
_CUT_OFF: Final = """() => {
    const found = [], isText = (each) => [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const clips = (each) => getComputedStyle(each).overflowX !== "visible";
    const outside = (one, other) => one.left < other.left - 1 || one.right > other.right + 1
        || one.top < other.top - 1 || one.bottom > other.bottom + 1;
    const told = (each, card) => `${card}: ${each.outerHTML.slice(0, 160)}`;
    const look = (root, card) => root.querySelectorAll("*").forEach((each) => {
        const within = /^(emucs|hui)-.*-card$|^emucs-/.test(each.localName) ? each.localName : card;
        if (each.shadowRoot) look(each.shadowRoot, within);
        if (!card || each.closest(".unseen") || !each.getClientRects().length || each.closest("svg")) return;
        if (isText(each) && clips(each) && each.scrollWidth > each.clientWidth + 1) found.push(told(each, card));
        const isDrawn = isText(each) || parseFloat(getComputedStyle(each).borderTopWidth);
        if (!card.startsWith("emucs-") || !isDrawn) return;
        const box = each.getBoundingClientRect();
        for (let up = each.parentElement; up; up = up.parentElement) {
            if (clips(up) && outside(box, up.getBoundingClientRect())) found.push(told(each, card));
        }
    });
    look(document, "");
    return [...new Set(found)];
}"""
_BROKEN: Final = "hui-error-card, hui-warning, hui-warning-element, hui-card[error]"
_TOO_WIDE: Final = "document.documentElement.scrollWidth > innerWidth"


async def faults(page: Page) -> list[str]:
    """Return what is cut off, too wide or broken on a page."""
    found: list[str] = await page.evaluate(_CUT_OFF)
    if await page.evaluate(_TOO_WIDE):
        found.append("The page is wider than the screen.")
    return found + await page.locator(_BROKEN).all_inner_texts()


@dataclass
class Sheet:
    """Pictures on one page, in the order in which they were taken."""

    folder: Path
    taken: list[tuple[str, int]] = field(default_factory=list)
    """Names, and the widths of the pages."""

    async def add(self, page: Page, name: str) -> None:
        """Take a picture of a whole page, as far down as it goes."""
        await page.screenshot(path=self.folder / f"{name}.png", full_page=True)
        self.taken.append((name, await page.evaluate("innerWidth")))

    async def write(self, window: Window) -> Path:
        """Write the sheet as a page of its own, have a picture taken of it, and return the picture."""
        figures = "".join(
            f'<figure><a href="{escape(name)}.png"><img src="{escape(name)}.png" width="{width * _SCALE:.0f}"></a>'
            f"<figcaption>{escape(name)}</figcaption></figure>\n"
            for name, width in sorted(self.taken, key=lambda each: each[1])
        )
        html, picture = self.folder / "sheet.html", self.folder / "sheet.png"
        style = "body { display: flex; flex-wrap: wrap; align-items: start; font: 13px sans-serif; background: #999; }"
        html.write_text(
            f"<!doctype html><title>All views</title><style>{style} figure {{ margin: 4px; }}</style>{figures}"
        )
        async with window.open(size=(_WIDTH, 1000)) as page:
            await page.goto(html.as_uri())
            await page.screenshot(path=picture, full_page=True)
        return picture
