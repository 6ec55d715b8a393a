"""Exports of the grid operator become hours of the live meter's counters. Knows nothing of Home Assistant."""

from .counters import Counter, Known
from .errors import REASONS, ExportError
from .files import read_export
from .intervals import MICRO, Readings
from .ledger import Layer, Ledger, Snapshot
from .matching import LiveMeter, Match, Medium, match
from .merge import (
    SECONDS,
    Changes,
    Existing,
    Junction,
    Overlap,
    Side,
    StatisticsChangedError,
    Summary,
    changes,
    first_live,
    lacking_of,
    snapshot_of,
    still_there,
    summary_of,
)
from .vocabulary import Direction, Unit

__all__ = [
    "MICRO",
    "REASONS",
    "SECONDS",
    "Changes",
    "Counter",
    "Direction",
    "Existing",
    "ExportError",
    "Junction",
    "Known",
    "Layer",
    "Ledger",
    "LiveMeter",
    "Match",
    "Medium",
    "Overlap",
    "Readings",
    "Side",
    "Snapshot",
    "StatisticsChangedError",
    "Summary",
    "Unit",
    "changes",
    "first_live",
    "lacking_of",
    "match",
    "read_export",
    "snapshot_of",
    "still_there",
    "summary_of",
]
