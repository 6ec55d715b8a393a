"""axe-core, which finds what is wrong with a page for people who cannot see it, or cannot see it well."""

import os
from pathlib import Path
import shutil
import subprocess
from typing import Any, Final, cast

from playwright.async_api import Page

_PINNED: Final = Path(__file__).with_name("axe")
_SCRIPT: Final = Path("node_modules/axe-core/axe.min.js")
# All elements of ours, wherever they are. What axe finds is told in short: the rule, why, and on which elements.
_RUN: Final = """async () => {
    const ours = [];
    const look = (root) => root.querySelectorAll("*").forEach((each) => {
        if (each.localName.startsWith("emucs-") && each.getClientRects().length) ours.push(each);
        if (each.shadowRoot) look(each.shadowRoot);
    });
    look(document);
    if (!ours.length) return {ours, found: []};
    const {violations} = await axe.run({include: ours}, {resultTypes: ["violations"]});
    const found = violations.flatMap(({id, nodes}) =>
        nodes.map(({target, failureSummary}) => `${id}: ${target.flat().at(-1)}: ${failureSummary}`));
    return {ours: [...new Set(ours.map((each) => each.localName))], found};
}"""


def axe() -> Path | None:
    """Return the script of axe-core, from npm and kept beside other caches; None if npm is missing."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "emucs" / "axe"
    locked = (_PINNED / "package-lock.json").read_text()
    kept = cache / "package-lock.json"
    if (cache / _SCRIPT).exists() and kept.read_text() == locked:
        return cache / _SCRIPT
    npm = shutil.which("npm")
    if npm is None:
        return None
    shutil.copytree(_PINNED, cache, dirs_exist_ok=True)
    subprocess.run(  # noqa: S603 -- what package-lock.json names, by its checksum
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=cache, check=True, timeout=120
    )
    return cache / _SCRIPT


async def inspect(page: Page, script: Path) -> tuple[set[str], list[str]]:
    """Return which elements of ours a page has, and what axe finds wrong in them."""
    if not await page.evaluate("'axe' in window"):
        await page.add_script_tag(path=script)
    result = cast("dict[str, Any]", await page.evaluate(_RUN))
    return set(result["ours"]), result["found"]
