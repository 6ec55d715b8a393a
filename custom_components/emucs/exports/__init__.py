"""Exports of the grid operator become hours of the live meter's counters. Knows nothing of Home Assistant."""

from .counters import CounterKey, Known
from .errors import REASONS, ExportError
from .files import read_export
from .intervals import MICRO, Readings
from .ledger import GONE, Layer, Ledger, Location, peaks_of
from .matching import LiveMeter, Match, match
from .merge import (
    SECONDS,
    Changes,
    Existing,
    Junction,
    Overlap,
    Revision,
    Side,
    StatisticsChangedError,
    Summary,
    before_connection_of,
    changes,
    first_live,
    recovered,
    revision_of,
    still_there,
    summary_of,
)
from .vocabulary import ExportUnit, FlowDirection

__all__ = [
    "GONE",
    "MICRO",
    "REASONS",
    "SECONDS",
    "Changes",
    "CounterKey",
    "Existing",
    "ExportError",
    "ExportUnit",
    "FlowDirection",
    "Junction",
    "Known",
    "Layer",
    "Ledger",
    "LiveMeter",
    "Location",
    "Match",
    "Overlap",
    "Readings",
    "Revision",
    "Side",
    "StatisticsChangedError",
    "Summary",
    "before_connection_of",
    "changes",
    "first_live",
    "match",
    "peaks_of",
    "read_export",
    "recovered",
    "revision_of",
    "still_there",
    "summary_of",
]
