"""Reports what an import would do or has done, as response data of an action and as text of a form."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Final

from homeassistant.const import ATTR_FRIENDLY_NAME
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType

from ..exports import MICRO, SECONDS, Layer, Summary
from .parts import Export
from .plan import Plan

type _Words = Mapping[str, str]
_SHOWN: Final = 5
_HOURS: Final = 24
_THIN_SPACE: Final = "\u202f"


def time_of(start: int | None) -> str | None:
    """Return the local time of a row."""
    return None if start is None else _local(start).isoformat()


def title_of(layer: Layer, words: _Words) -> str:
    """Return the title of an import: its days or months, and its files."""
    files = f" ({', '.join(layer.files)})" if layer.files else ""
    if layer.span is not None:
        first, last = (_date(hour * SECONDS, words) for hour in layer.span)
        return f"{first} - {last}{files}"
    months = sorted(layer.peaks)
    return (f"{months[0][:7]} - {months[-1][:7]}" if months else layer.created) + files


def response_of(export: Export, plan: Plan, *, written: bool) -> JsonObjectType:
    """Return the response data of an import."""
    return {
        "written": written,
        "import_id": plan.layer.id if written else None,
        "files": list(export.files),
        "rows": export.rows,
        "meter_certain": export.certain,
        "series": {entity_id: _series(summary) for entity_id, summary in plan.summaries.items()},
        "month_peaks": {
            "new": {month[:7]: value / MICRO for month, value in sorted(plan.peaks.new.items())},
            "different": {
                month[:7]: {"file": file, "known": known} for month, (file, known) in plan.peaks.different.items()
            },
        },
        "left_out": list(plan.left_out),
        "other_meters": list(export.others),
        "ignored": dict(export.ignored),
        "unknown_states": list(export.unknown_states),
        "uncertain_hours": export.uncertain_hours,
        "unknown_metering_points": [
            {"ean": ean, "description": description} for ean, description in export.unknown.items()
        ],
    }


def _series(summary: Summary) -> JsonObjectType:
    """Return the response data of one entity."""
    overlap, junction = summary.overlap, summary.junction
    return {
        "first": time_of(summary.first),
        "last": time_of(summary.last),
        "new_rows": summary.new,
        "days": summary.days,
        "energy": round(summary.energy, 6),
        "repeated_hours": summary.repeated,
        "different_from_former_imports": summary.different,
        "revision": {name: round(value, 6) for name, value in asdict(summary.revision).items()},
        "incomplete_hours": summary.incomplete,
        "estimated_rows": summary.estimated,
        "estimated_share": round(summary.estimated / summary.new, 4) if summary.new else 0,
        "provisional_rows": summary.provisional,
        "missing_hours": summary.missing,
        "gaps": [{"from": time_of(start), "hours": hours} for start, hours in summary.gaps],
        "overlap": {
            **{name: value for name, value in asdict(overlap).items() if name != "examples"},
            "examples": [
                {"hour": time_of(start), "file": round(file, 6), "live": round(live, 6)}
                for start, file, live in overlap.examples
            ],
        },
        "junction": {
            "live_since": time_of(junction.live_since),
            "missing_hours": junction.missing_hours,
            "completed": round(junction.completed, 6),
        },
    }


def totals_of(hass: HomeAssistant, plan: Plan) -> str:
    """Return what was written for each counter, as a list."""
    return "\n".join(
        f"- {_name(hass, plan, entity_id)}: {_quantity(summary.energy, plan.units[entity_id])}"
        for entity_id, summary in plan.summaries.items()
        if summary.new
    )


def text_of(hass: HomeAssistant, export: Export, plan: Plan, words: _Words) -> str:
    """Return the summary that the user sees before anything is written; `words` are templates."""
    shown = {entity_id: summary for entity_id, summary in plan.summaries.items() if summary.new}
    names = {entity_id: _name(hass, plan, entity_id) for entity_id in plan.summaries}
    said: dict[str, list[str]] = {}
    for entity_id, summary in plan.summaries.items():
        for line in _lines(summary, plan.units[entity_id], words):
            said.setdefault(line, []).append(names[entity_id])
    lines = [line if len(of) == len(names) else f"**{', '.join(of)}:** {line}" for line, of in said.items()]
    lines.extend(_notes(export, plan, words))
    return "\n".join([*_table(shown, names, plan.units, words), "", *(f"- {line}" for line in lines)])


def _table(
    summaries: Mapping[str, Summary], names: Mapping[str, str], units: Mapping[str, str], words: _Words
) -> Iterator[str]:
    """Return a table of counters, with the days above it if they are the same for all."""
    spans = {
        entity_id: (_date(summary.first or 0, words), _date(summary.last or 0, words))
        for entity_id, summary in summaries.items()
    }
    if not spans:
        return
    is_one = len(set(spans.values())) == 1
    if is_one:
        first, last = next(iter(spans.values()))
        yield words["span"].format(first=first, last=last)
        yield ""
    yield words["columns"] if is_one else words["columns_with_days"]
    yield "|---|---:|" if is_one else "|---|---|---|---:|"
    for entity_id, summary in summaries.items():
        days = "" if is_one else " | ".join(("", *spans[entity_id]))
        yield f"| {names[entity_id]}{days} | {_quantity(summary.energy, units[entity_id])} |"


def _name(hass: HomeAssistant, plan: Plan, entity_id: str) -> str:
    """Return the name of an entity, or of a statistic that no entity has."""
    if (name := plan.names.get(entity_id)) is not None:
        return name
    state = hass.states.get(entity_id)
    return str(state.attributes.get(ATTR_FRIENDLY_NAME, entity_id)) if state else entity_id


def _local(start: int) -> datetime:
    """Return the local time of a start in seconds."""
    return dt_util.as_local(datetime.fromtimestamp(start, UTC))


def _date(start: int, words: _Words) -> str:
    """Return the local day of a row."""
    day = _local(start)
    return words["date"].format(day=day.day, month=words["months"].split()[day.month - 1], year=day.year)


def _quantity(value: float, unit: str) -> str:
    """Return a quantity in whole units, in a form that all languages share."""
    return f"{value:,.0f} {unit}".replace(",", _THIN_SPACE)


def _gap(start: int, hours: int, words: _Words) -> str:
    """Return a gap, in days if it is that long."""
    days = round(hours / _HOURS)
    template = words["missing_days"] if days > 1 else words["missing_day"] if days else words["missing_hours"]
    return template.format(days=days, hours=hours, first=_date(start, words))


def _lines(summary: Summary, unit: str, words: _Words) -> Iterator[str]:
    """Return the notes on one entity."""
    overlap, junction = summary.overlap, summary.junction
    for start, hours in summary.gaps[:_SHOWN]:
        yield _gap(start, hours, words)
    if junction.live_since is not None and junction.missing_hours > 0:
        yield _gap(junction.live_since - junction.missing_hours * SECONDS, junction.missing_hours, words)
    if summary.days:
        yield words["days"].format(days=summary.days)
    if summary.estimated:
        yield words["estimated"].format(share=f"{summary.estimated / summary.new:.1%}")
    if summary.provisional:
        yield words["provisional"].format(share=f"{summary.provisional / summary.new:.1%}")
    if summary.incomplete:
        yield words["incomplete"].format(hours=summary.incomplete)
    yield from _revision(summary, unit, words)
    if overlap.different:
        yield words["overlap"].format(hours=overlap.different, largest=f"{overlap.largest:.3f} {unit}")
    if junction.completed:
        yield words["completed"].format(completed=f"{junction.completed:.3f} {unit}")


def _revision(summary: Summary, unit: str, words: _Words) -> Iterator[str]:
    """Return where an export differs from earlier imports."""
    if summary.different:
        yield words["different"].format(hours=summary.different)
    if (revision := summary.revision).hours:
        yield words["revised"].format(
            more=f"{revision.more:.3f} {unit}",
            less=f"{revision.less:.3f} {unit}",
            largest=f"{revision.largest:.3f} {unit}",
        )


def _notes(export: Export, plan: Plan, words: _Words) -> Iterator[str]:
    """Return the notes on the export as a whole."""
    if plan.peaks.new:
        yield words["peaks"].format(months=len(plan.peaks.new))
    if plan.peaks.different:
        yield words["different_peaks"].format(months=", ".join(month[:7] for month in sorted(plan.peaks.different)))
    lists = {
        "left_out": plan.left_out,
        "others": export.others,
        "ignored": list(export.ignored),
        "unknown_states": export.unknown_states,
    }
    for name, items in lists.items():
        if items:
            yield words[name].format(items=", ".join(items[:_SHOWN]))
    if export.uncertain_hours:
        yield words["uncertain"].format(hours=export.uncertain_hours)
