"""Short ways to hold the exports of an industrial site against what it did."""

from datetime import date
from pathlib import Path

from custom_components.emucs.exports import (
    ExportUnit,
    Known,
    MeteringPoint,
    SeriesFlow,
    SeriesKey,
    SeriesQuantity,
    metering_points,
)
from custom_components.emucs.insight.mbus import Medium
from tests.exports.exports import midnight
from tests.exports.reading import read, thousandths
from virtual_meter.amr_site import AmrSite, Channel, live_as_site

_FLOWS = {"offtake": SeriesFlow.IMPORT, "injection": SeriesFlow.EXPORT}


def site(first: date, last: date) -> AmrSite:
    """Let a site live from one local midnight to another."""
    return live_as_site(midnight(first), midnight(last))


def key_of(channel: Channel) -> SeriesKey:
    """Return the series that a channel becomes."""
    flow = _FLOWS.get(channel.flow) or SeriesFlow(channel.flow)
    if channel.kind == "volume":
        return SeriesKey(SeriesQuantity.GAS_VOLUME, flow, 0, ExportUnit.VOLUME)
    if channel.kind == "energy":
        return SeriesKey(SeriesQuantity.GAS_ENERGY, flow)
    unit = ExportUnit.ENERGY if channel.kind == "active" else ExportUnit.REACTIVE
    return SeriesKey(SeriesQuantity(channel.kind), flow, 0, unit)


def points(folder: Path, content: bytes, name: str = "export.csv") -> dict[str, MeteringPoint]:
    """Return the metering points of a file, by EAN."""
    return {point.ean: point for point in metering_points(read(folder, content, name))}


def series(found: dict[str, MeteringPoint], channel: Channel) -> Known:
    """Return what is known of a channel."""
    return found[channel.ean].series[key_of(channel)]


def require_truth(found: dict[str, MeteringPoint], truth: AmrSite, channels: tuple[Channel, ...]) -> None:
    """Require that metering points are those of the channels, to the Wh, varh and litre, and nothing else."""
    wanted: dict[str, set[SeriesKey]] = {}
    for channel in channels:
        wanted.setdefault(channel.ean, set()).add(key_of(channel))
        known = series(found, channel)
        assert thousandths(known.hours) == truth.hours(channel), channel
        assert not any((known.parts, known.days, known.estimated, known.provisional)), channel
    assert {ean: set(point.series) for ean, point in found.items()} == wanted
    assert {point.medium for point in found.values()} <= {Medium.ELECTRICITY, Medium.GAS}
