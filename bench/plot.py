"""The plot: what a telegram takes, here and at the peer, on scales on which both can be seen."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from matplotlib import rcParams
from matplotlib.figure import Figure

from . import hass, parser, scale
from .measure import Row, number

# In the middle between black and white: read on light pages and on dark ones.
_TEXT: Final = "#808890"
_OURS: Final = "#1f9d8b"
_PEER: Final = "#c8763a"
_BAR: Final = 0.38


def draw(rows: Sequence[Row], path: Path) -> None:
    """Write the plot as SVG, without a background and with text as text."""
    rcParams.update(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": "emucs",
            "font.family": "sans-serif",
            "font.sans-serif": ["Helvetica", "Arial", "DejaVu Sans"],
            "text.color": _TEXT,
            "axes.labelcolor": _TEXT,
            "axes.edgecolor": _TEXT,
            "xtick.color": _TEXT,
            "ytick.color": _TEXT,
        }
    )
    parsed = [row for row in rows if row.group == parser.GROUP and row.peer]
    shown = [row for row in rows if row.group == hass.GROUP and row.what.endswith("CPU per telegram")]
    many = [row for row in rows if row.group == scale.GROUP and row.what.endswith(": CPU")]
    panels = [panel for panel in (parsed, shown, many) if panel]
    figure = Figure(figsize=(8.4, 0.8 + sum(0.9 + 0.42 * len(panel) for panel in panels)), layout="constrained")
    axes: Any = figure.subplots(len(panels), 1, height_ratios=[2 + len(panel) for panel in panels], squeeze=False)
    for axis, panel in zip(axes[:, 0], panels, strict=True):
        _bars(axis, panel)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    # matplotlib ends lines with blanks.
    path.write_text("\n".join(line.rstrip() for line in path.read_text().splitlines()) + "\n")


def _bars(axis: Any, rows: Sequence[Row]) -> None:
    """Draw one panel: a bar for each row, and one for the peer below it."""
    titles = {
        parser.GROUP: ("Bytes to telegram, µs", "dsmr_parser"),
        hass.GROUP: ("CPU of Home Assistant, µs a telegram", "core dsmr"),
        scale.GROUP: ("Many meters in one Home Assistant, % of a core", ""),
    }
    title, peer = titles[rows[0].group]
    places = range(len(rows))
    compared = any(row.peer for row in rows)
    ours = axis.barh([place - (_BAR / 2 if compared else 0) for place in places], [r.ours for r in rows], _BAR)
    for bar in ours:
        bar.set_color(_OURS)
    axis.bar_label(ours, labels=[number(row.ours) for row in rows], padding=3, color=_TEXT, fontsize=8)
    ours.set_label("this project")
    if compared:
        theirs = axis.barh([place + _BAR / 2 for place in places], [row.peer or 0 for row in rows], _BAR)
        for bar in theirs:
            bar.set_color(_PEER)
        axis.bar_label(theirs, labels=[number(row.peer) for row in rows], padding=3, color=_TEXT, fontsize=8)
        theirs.set_label(peer)
        axis.legend(frameon=False, fontsize=8, loc="lower right", bbox_to_anchor=(1, 1), ncols=2, labelcolor=_TEXT)
    axis.set_title(title, loc="left", fontsize=10)
    axis.set_yticks(places, [row.what.removesuffix(": CPU").removesuffix(": CPU per telegram") for row in rows])
    axis.tick_params(labelsize=8, length=0)
    axis.invert_yaxis()
    axis.margins(x=0.12)
    axis.spines[["top", "right", "bottom"]].set_visible(False)
    axis.xaxis.set_visible(False)
