"""What was measured, as a table for the terminal and as the tables of docs/performance.md."""

from collections.abc import Iterable, Sequence
from datetime import date
from importlib.metadata import version
import os
from pathlib import Path
import platform
import re
from typing import Final

from .measure import Row, number

_ROOT: Final = Path(__file__).parents[1]
PAGE: Final = _ROOT / "docs" / "performance.md"
PLOT: Final = _ROOT / "docs" / "images" / "benchmark.svg"
_BEGIN: Final = "<!-- scripts/bench writes from here -->"
_END: Final = "<!-- scripts/bench writes to here -->"
_HEAD: Final = ("What", "This project", "Peer", "Peer / this", "Goal")
_PEERS: Final = {"parser": "dsmr_parser", "garbage": "dsmr_parser", "Home Assistant": "core dsmr"}


def _cells(row: Row) -> tuple[str, ...]:
    """Return a row as text."""
    verdict = "" if row.met is None else " ✓" if row.met else " ✗ missed"
    ratio = "" if row.ratio is None else f"{number(row.ratio)}×"  # noqa: RUF001 -- a ratio is written so
    return row.what, f"{number(row.ours)} {row.unit}".strip(), number(row.peer), ratio, row.goal + verdict


def table(rows: Iterable[Row]) -> str:
    """Return all rows as a table of plain text."""
    lines = [_HEAD, *map(_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)


def machine() -> str:
    """Return the processor and the number of its cores, and no name of the machine."""
    return f"{_processor()}, {os.cpu_count()} cores, Python {platform.python_version()}"


def _processor() -> str:
    """Return the model of the processor, as far as the system tells it."""
    information = Path("/proc/cpuinfo")
    if information.exists() and (
        match := re.search(r"^(?:model name|Model)\s*: (.+)$", information.read_text(), re.MULTILINE)
    ):
        return re.sub(r"\s+", " ", match[1])
    return platform.processor() or platform.machine()


def section(rows: Sequence[Row], today: date) -> str:
    """Return the tables of the page, in Markdown."""
    peers = f"dsmr_parser {version('dsmr-parser')}, Home Assistant {version('homeassistant')}"
    lines = [f"Run on {today:%-d %B %Y}: {machine()}; {peers}.", ""]
    for group in dict.fromkeys(row.group for row in rows):
        peer = _PEERS.get(group)
        head = (group.capitalize() if group.islower() else group, "This project", peer or "", "Ratio", "Goal")
        lines += [f"| {' | '.join(head)} |", "|---|---:|---:|---:|---|"]
        lines += [f"| {' | '.join(_cells(row))} |" for row in rows if row.group == group]
        lines.append("")
    return "\n".join(lines)


def write(rows: Sequence[Row], today: date) -> None:
    """Bring the page up to date; raises ValueError if it has no place for the tables."""
    write_between(PAGE, _BEGIN, _END, section(rows, today))


def write_between(page: Path, begin: str, end: str, text: str) -> None:
    """Replace what a page has between two lines; raises ValueError if it has no such lines."""
    before, found, rest = page.read_text().partition(begin)
    _, ended, after = rest.partition(end)
    if not (found and ended):
        raise ValueError(f"{page.name} has no lines {begin} and {end}.")
    page.write_text(f"{before}{begin}\n\n{text}\n{end}{after}")
