"""Exports of the grid operator become hours of the live meter's counters. Knows nothing of Home Assistant."""

from .counters import CounterKey, Known, quarters_of
from .errors import REASONS, ExportError
from .files import read_export
from .intervals import MICRO, Installation, Peak, Readings
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
from .series import MeteringPoint, SeriesKey, metering_points
from .vocabulary import ExportUnit, FlowDirection, SeriesFlow, SeriesQuantity

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
    "Installation",
    "Junction",
    "Known",
    "Layer",
    "Ledger",
    "LiveMeter",
    "Location",
    "Match",
    "MeteringPoint",
    "Overlap",
    "Peak",
    "Readings",
    "Revision",
    "SeriesFlow",
    "SeriesKey",
    "SeriesQuantity",
    "Side",
    "StatisticsChangedError",
    "Summary",
    "before_connection_of",
    "changes",
    "first_live",
    "match",
    "metering_points",
    "peaks_of",
    "quarters_of",
    "read_export",
    "recovered",
    "revision_of",
    "still_there",
    "summary_of",
]
