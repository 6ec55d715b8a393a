"""The voltage of a phase in a week as a drawing: the band of the limits, the means, and from lowest to highest."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final, Self

from ..insight.voltage_history import VoltageBand, VoltageSlot
from .markup import Markup, markup
from .voltage import ReportedWeek, VoltageReport
from .wording import Wording, local, midnight

# The drawing in units of its own, which becomes as wide as the page; what is outside is marked above the curve.
_WIDTH: Final = 1000
_HEIGHT: Final = 200
_LEFT: Final = 60
_TOP: Final = 22
_BOTTOM: Final = 24
_MARK: Final = 8
_NARROWEST: Final = 2
_LABEL: Final = 5
# V beyond the limits and beyond what was seen.
_MARGIN: Final = 2.0
_DAYS: Final = 8


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where a moment and a voltage are in the drawing."""

    begin: datetime
    seconds: float
    low: float
    high: float

    @classmethod
    def of(cls, week: ReportedWeek, slots: Sequence[VoltageSlot], band: VoltageBand) -> Self:
        """Return a scale that has the limits and all values; but what no grid has flattens nothing."""
        low = min((slot.minimum for slot in slots), default=band.low)
        high = max((slot.maximum for slot in slots), default=band.high)
        return cls(
            week.begin,
            (week.end - week.begin).total_seconds(),
            max(0.0, min(low, band.low) - _MARGIN),
            min(2 * band.nominal, max(high, band.high) + _MARGIN),
        )

    def x(self, moment: datetime) -> float:
        """Return how far to the right a moment is."""
        return round(_LEFT + (_WIDTH - _LEFT) * (moment - self.begin).total_seconds() / self.seconds, 1)

    def y(self, volts: float) -> float:
        """Return how far down a voltage is; what is off the scale is at its edge."""
        share = (min(max(volts, self.low), self.high) - self.low) / (self.high - self.low)
        return round(_HEIGHT - _BOTTOM - (_HEIGHT - _BOTTOM - _TOP) * share, 1)


def voltage_chart(report: VoltageReport, week: ReportedWeek, phase: str, wording: Wording) -> Markup:
    """Return the drawing of a phase in a week, as SVG; what it shows stands in it as a text, too."""
    slots = week.phases[phase].known
    scale = _Scale.of(week, slots, report.band)
    name = f"{phase}-{week.monday}"
    return markup(
        t'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-labelledby="title-{name} desc-{name}">'
        t'<title id="title-{name}">{phase.upper()}</title>'
        t'<desc id="desc-{name}">{_description(report, week, phase, wording)}</desc>'
        t"{_band(report.band, scale, wording)}{_days(week, scale)}"
        t"{_curves(report, slots, scale)}{_marks(report, slots, scale)}</svg>"
    )


def _description(report: VoltageReport, week: ReportedWeek, phase: str, wording: Wording) -> str:
    """Return what the drawing shows, for those who do not see it."""
    seen = week.phases[phase]
    return wording.say(
        "chart",
        low=wording.volts(seen.lowest),
        high=wording.volts(seen.highest),
        outside=str(sum(report.is_outside(slot) for slot in seen.known)),
        received=wording.share(seen.coverage),
    )


def _band(band: VoltageBand, scale: _Scale, wording: Wording) -> Markup:
    """Return the band, its limits and their labels."""
    top, bottom = scale.y(band.high), scale.y(band.low)
    lines = (
        markup(
            t'<line class="{kind}" x1="{_LEFT}" x2="{_WIDTH}" y1="{scale.y(volts)}" y2="{scale.y(volts)}"/>'
            t'<text class="volts" x="{_LEFT - _LABEL}" y="{scale.y(volts) + _LABEL}">{wording.number(volts)}</text>'
        )
        for kind, volts in (("limit", band.high), ("nominal", band.nominal), ("limit", band.low))
    )
    return markup(
        t'<rect class="band" x="{_LEFT}" y="{top}" width="{_WIDTH - _LEFT}" height="{round(bottom - top, 1)}"/>{lines}'
    )


def _days(week: ReportedWeek, scale: _Scale) -> Markup:
    """Return where days begin; one of them has an hour more or less than the others."""
    days = [midnight(week.monday + timedelta(days=day)) for day in range(_DAYS)]
    lines = (
        markup(t'<line class="day" x1="{scale.x(day)}" x2="{scale.x(day)}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}"/>')
        for day in days
    )
    names = (
        markup(
            t'<text class="date" x="{(scale.x(day) + scale.x(following)) / 2:.1f}" y="{_HEIGHT - _LABEL}">'
            t"{local(day):%m-%d}</text>"
        )
        for day, following in pairwise(days)
    )
    return markup(t"{lines}{names}")


def _curves(report: VoltageReport, slots: Sequence[VoltageSlot], scale: _Scale) -> Markup:
    """Return the means as lines, upon areas from the lowest to the highest value; nothing where nothing was seen."""
    areas, lines = [], []
    for run in _runs(slots, report.length):
        middles = [scale.x(slot.start + report.length / 2) for slot in run]
        upper = [f"{x} {scale.y(slot.maximum)}" for x, slot in zip(middles, run, strict=True)]
        lower = [f"{x} {scale.y(slot.minimum)}" for x, slot in zip(middles, run, strict=True)]
        means = [f"{x} {scale.y(slot.mean)}" for x, slot in zip(middles, run, strict=True)]
        areas.append(f"M{' '.join(upper)} {' '.join(reversed(lower))}Z")
        # A line from a point to itself is a dot.
        lines.append(f"M{' '.join(means if len(run) > 1 else means * 2)}")
    return markup(t'<path class="range" d="{"".join(areas)}"/><path class="mean" d="{"".join(lines)}"/>')


def _marks(report: VoltageReport, slots: Sequence[VoltageSlot], scale: _Scale) -> Markup:
    """Return marks above the curve for what was outside the limits: seen also in black and white."""
    marks = (
        (scale.x(each.begin), max(_NARROWEST, scale.x(each.end) - scale.x(each.begin)))
        for each in report.outside("", slots)
    )
    return markup(
        t"{
            (
                markup(t'<rect class="outside" x="{x}" y="{_MARK}" width="{width:.1f}" height="{_MARK}"/>')
                for x, width in marks
            )
        }"
    )


def _runs(slots: Sequence[VoltageSlot], length: timedelta) -> Iterator[list[VoltageSlot]]:
    """Yield slots that follow each other without a gap."""
    run: list[VoltageSlot] = []
    for slot in slots:
        if run and slot.start - run[-1].start != length:
            yield run
            run = []
        run.append(slot)
    if run:
        yield run
