"""A voltage report as a page to be read, printed and sent: no scripts, nothing from elsewhere."""

from base64 import b64encode
from collections.abc import Iterable, Iterator
from functools import cache
from hashlib import sha256
from itertools import groupby
from math import sqrt
from pathlib import Path
from typing import Final

from ..insight.voltage_history import WeekVerdict
from .markup import Markup, markup
from .voltage import Outside, ReportedWeek, VoltageReport, not_exceeded
from .voltage_chart import voltage_chart
from .wording import NO_BREAK, NOTHING, Wording, clock, duration

MOST_ROWS: Final = 60
"""Of what was outside the limits in a week; the CSV has all."""
# EN 50160 judges the distortion, too, by 95 % of the means of ten minutes.
_MOST_OF_THEM: Final = 0.95
_STAR_POINT: Final = 230 / sqrt(3) + 1
_NOTES: Final = ("conditions", "method", "rule", "chart_why", "times")
_REGIONS: Final = ("flanders", "wallonia", "brussels", "compensation")


@cache
def style() -> Markup:
    """Return the style sheet. Reads a file."""
    return Markup((Path(__file__).parent / "page.css").read_text(encoding="utf-8"))


@cache
def security_policy() -> str:
    """Return the content security policy of the page: its own style, and nothing else. Reads a file."""
    digest = b64encode(sha256(style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )


def voltage_page(report: VoltageReport, wording: Wording) -> str:
    """Return a report as HTML, in the language of the wording."""
    title = wording.say("title")
    weeks = list(report.weeks())
    return markup(
        t'<!DOCTYPE html><html lang="{wording.language}"><head><meta charset="utf-8">'
        t'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>'
        t"<style>{style()}</style></head><body><main>"
        t"<header><h1>{title}</h1>"
        t"<p><strong>{wording.say('indicative')}</strong> {wording.say('indicative_why')}</p></header>"
        t"{_facts(report, wording)}{_verdicts(report, wording)}"
        t"{(_week(report, week, wording) for week in weeks) if weeks else _paragraph(wording.say('nothing'))}"
        t"{_sampled(report, wording)}{_notes(report, wording)}</main></body></html>\n"
    )


def _paragraph(text: str) -> Markup:
    return markup(t"<p>{text}</p>")


def _whole(text: str) -> Markup:
    """Return a text that stays on one line."""
    return markup(t'<span class="whole">{text}</span>')


def _limits(report: VoltageReport, wording: Wording) -> dict[str, str]:
    """Return the limits as texts fill them in."""
    band = report.band
    return {"low": wording.volts(band.low), "high": wording.volts(band.high), "lowest": wording.volts(band.lowest)}


def _facts(report: VoltageReport, wording: Wording) -> Markup:
    """Return whose voltages these are, and what was seen of them."""
    facts = {
        "meter_number": report.meter,
        "model": report.model,
        "grid": report.grid and wording.say(report.grid),
        "voltages": wording.say(_voltages(report)),
        "limits": wording.say("limits_of_a_week", **_limits(report, wording)),
        "period": markup(t"{_whole(clock(report.begin))} {NOTHING} {_whole(clock(report.end))}"),
        "readings_since": clock(since) if (since := report.seen_since()) > report.begin else None,
        "received": ", ".join(
            f"{phase.upper()}{NO_BREAK}{wording.share(report.coverage(phase))}" for phase in report.slots
        ),
    }
    rows = (
        markup(t'<tr><th scope="row">{wording.say(key)}</th><td>{text}</td></tr>')
        for key, text in facts.items()
        if text
    )
    by_hand = markup(t'<tr class="by-hand"><th scope="row">{wording.say("by_hand")}</th><td></td></tr>')
    return markup(t'<table class="facts"><caption>{wording.say("meter_and_period")}</caption>{rows}{by_hand}</table>')


def _voltages(report: VoltageReport) -> str:
    """Return between what the voltages are, as a key of the words."""
    if report.grid != "three_phase_230v":
        return "to_neutral"
    return "to_star_point" if report.band.nominal < _STAR_POINT else "between_lines"


def _verdicts(report: VoltageReport, wording: Wording) -> Markup | None:
    """Return the verdicts of weeks, a column for each phase."""
    if not report.verdicts:
        return None
    phases = list(report.slots)
    rows = (
        _row(f"{monday}", *(_verdict(by_phase.get(phase), wording) for phase in phases))
        for monday, by_phase in (
            (monday, {each.phase: each for each in verdicts})
            for monday, verdicts in groupby(report.verdicts, key=lambda verdict: verdict.begin)
        )
    )
    heads = (phase.upper() for phase in phases)
    return _table(wording.say("verdict_per_week"), (wording.say("week_from"), *heads), rows)


def _verdict(verdict: WeekVerdict | None, wording: Wording) -> Markup:
    """Return the verdict of a week and a phase, and from what it follows."""
    if verdict is None:
        return markup(t"{NOTHING}")
    share = wording.share(verdict.within) if verdict.known else None
    return markup(t'<span class="{verdict.verdict}">{wording.say(verdict.verdict)}</span> {share and f"({share})"}')


def _table(caption: str, heads: Iterable[str], rows: Iterable[Markup]) -> Markup:
    """Return a table that scrolls on a narrow screen."""
    cells = (markup(t'<th scope="col">{head}</th>') for head in heads)
    return markup(
        t'<div class="wide"><table><caption>{caption}</caption><thead><tr>{cells}</tr></thead>'
        t"<tbody>{rows}</tbody></table></div>"
    )


def _row(head: str, *cells: str) -> Markup:
    """Return a row of a table."""
    return markup(t'<tr><th scope="row">{head}</th>{(markup(t"<td>{cell}</td>") for cell in cells)}</tr>')


def _week(report: VoltageReport, week: ReportedWeek, wording: Wording) -> Markup:
    """Return all that there is of a week."""
    outside = sorted(
        (each for phase, seen in week.phases.items() for each in report.outside(phase, seen.slots)),
        key=lambda each: (each.begin, each.phase),
    )
    title = wording.say("week", first=f"{week.monday}", last=f"{week.last}")
    charts = (
        markup(
            t"<figure><figcaption>{phase.upper()}</figcaption>"
            t'<div class="wide">{voltage_chart(report, week, phase, wording)}</div></figure>'
        )
        for phase in week.phases
    )
    return markup(
        t"<section><h2>{title}</h2>{_phases(report, week, wording)}"
        t"{charts}{_outside(outside, report, wording)}</section>"
    )


def _phases(report: VoltageReport, week: ReportedWeek, wording: Wording) -> Markup:
    """Return a week's figures, a row for each phase."""
    columns = ("phase", "verdict", "known_means", "lowest_mean", "highest_mean", "time_above", "time_below", "received")
    heads = [wording.say(column, **_limits(report, wording)) for column in columns]
    rows = (
        _row(
            phase.upper(),
            wording.say("running") if week.end > report.end else _verdict(seen.verdict, wording),
            wording.say("of", known=str(len(seen.known)), all=str(week.means)),
            wording.volts(seen.lowest),
            wording.volts(seen.highest),
            duration(seen.above),
            duration(seen.below),
            wording.share(seen.coverage),
        )
        for phase, seen in week.phases.items()
    )
    return _table(wording.say("figures"), heads, rows)


def _outside(outside: list[Outside], report: VoltageReport, wording: Wording) -> Iterator[Markup]:
    """Yield what was outside the limits, and how much of that is not shown."""
    if not outside:
        yield _paragraph(wording.say("nothing_outside"))
        return
    columns = ("from", "until", "phase", "means", "furthest", "time_beyond", "export")
    rows = (
        _row(
            clock(each.begin),
            clock(each.end),
            each.phase.upper(),
            str(each.means),
            wording.volts(each.furthest),
            duration(each.seconds),
            wording.kilowatts(each.export),
        )
        for each in outside[:MOST_ROWS]
    )
    yield _table(wording.say("outside_the_limits"), map(wording.say, columns), rows)
    if len(outside) > MOST_ROWS:
        yield _paragraph(wording.say("more_outside", count=str(len(outside) - MOST_ROWS)))


def _sampled(report: VoltageReport, wording: Wording) -> Markup | None:
    """Return what samples have shown, where they are read."""
    if not report.distortion and not report.disturbances:
        return None
    return markup(
        t"<section><h2>{wording.say('sampled')}</h2>{_paragraph(wording.say('sampled_why'))}"
        t"{_disturbances(report, wording)}{_distortion(report, wording)}</section>"
    )


def _disturbances(report: VoltageReport, wording: Wording) -> Iterator[Markup]:
    """Yield dips, swells and interruptions, the latest of them where there are many."""
    if not report.disturbances:
        yield _paragraph(wording.say("no_disturbances"))
        return
    rows = (
        _row(
            clock(each.begin),
            wording.say(each.type),
            ", ".join(phase.upper() for phase in each.phases),
            wording.volts(each.value),
            wording.number(each.duration, 2, "s"),
        )
        for each in report.disturbances[-MOST_ROWS:]
    )
    heads = map(wording.say, ("from", "disturbance", "phase", "furthest_period", "lasted"))
    yield _table(wording.say("disturbances", count=str(len(report.disturbances))), heads, rows)


def _distortion(report: VoltageReport, wording: Wording) -> Markup | None:
    """Return the distortion of the voltage, a row for each phase."""
    if not report.distortion:
        return None
    rows = (
        _row(
            phase.upper(),
            str(len(values)),
            wording.number(not_exceeded(values, _MOST_OF_THEM), 1, "%"),
            wording.number(values[-1], 1, "%"),
        )
        for phase, values in report.distortion.items()
    )
    heads = map(wording.say, ("phase", "known_means", "distortion_95", "distortion_highest"))
    return _table(wording.say("distortion"), heads, rows)


def _notes(report: VoltageReport, wording: Wording) -> Markup:
    """Return how all that is to be read, and where it is sent to."""
    fill = {"minutes": str(report.minutes), **_limits(report, wording)}
    notes = (_paragraph(wording.say(key, **fill)) for key in _NOTES)
    regions = (markup(t"<li>{wording.say(region)}</li>") for region in _REGIONS)
    return markup(
        t"<section><h2>{wording.say('how_to_read')}</h2>{notes}"
        t"<h2>{wording.say('how_to_report')}</h2>{_paragraph(wording.say('send'))}<ul>{regions}</ul></section>"
    )
