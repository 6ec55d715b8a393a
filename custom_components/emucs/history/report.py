"""What an import would do or has done: as response data of an action, and as text of a form."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Final

from homeassistant.const import ATTR_FRIENDLY_NAME
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType

from ..exports import MICRO, SECONDS, Summary
from .plan import Export, Plan

_SHOWN: Final = 5


def time_of(start: int | None) -> str | None:
    """Return the local time of a row."""
    return None if start is None else dt_util.as_local(datetime.fromtimestamp(start, UTC)).isoformat()


def title_of(plan: Plan) -> str:
    """Return what an import is called: the days that it has."""
    firsts = [summary.first for summary in plan.summaries.values() if summary.first is not None]
    lasts = [summary.last for summary in plan.summaries.values() if summary.last is not None]
    if not firsts:
        months = sorted(plan.new_peaks)
        return f"{months[0][:7]} - {months[-1][:7]}" if months else ", ".join(plan.layer.files)
    first, last = (dt_util.as_local(datetime.fromtimestamp(each, UTC)) for each in (min(firsts), max(lasts)))
    return f"{first:%Y-%m-%d} - {last:%Y-%m-%d}"


def response_of(export: Export, plan: Plan, *, written: bool) -> JsonObjectType:
    """Return all that is known of an import."""
    return {
        "written": written,
        "import_id": plan.layer.id if written else None,
        "files": list(export.files),
        "rows": export.rows,
        "meter_certain": export.certain,
        "series": {entity_id: _series(summary) for entity_id, summary in plan.summaries.items()},
        "month_peaks": {
            "new": {month[:7]: value / MICRO for month, value in sorted(plan.new_peaks.items())},
            "different": {
                month[:7]: {"file": file, "known": known} for month, (file, known) in plan.different_peaks.items()
            },
        },
        "left_out": list(plan.left_out),
        "other_meters": list(export.others),
        "ignored": dict(export.ignored),
        "unknown_states": list(export.unknown_states),
        "uncertain_hours": export.uncertain_hours,
    }


def _series(summary: Summary) -> JsonObjectType:
    """Return what an import is to one entity."""
    overlap, junction = summary.overlap, summary.junction
    return {
        "first": time_of(summary.first),
        "last": time_of(summary.last),
        "new_rows": summary.new,
        "days": summary.days,
        "energy": round(summary.energy, 6),
        "repeated_hours": summary.repeated,
        "different_from_former_imports": summary.different,
        "incomplete_hours": summary.incomplete,
        "estimated_rows": summary.estimated,
        "estimated_share": round(summary.estimated / summary.new, 4) if summary.new else 0,
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


def text_of(hass: HomeAssistant, export: Export, plan: Plan, words: Mapping[str, str]) -> str:
    """Return the summary that a user reads before anything is written; words are templates."""
    names = {entity_id: _name(hass, entity_id) for entity_id in plan.summaries}
    table = [words["columns"], "|---|---|---|---|---|"]
    said: dict[str, list[str]] = {}
    for entity_id, summary in plan.summaries.items():
        unit = plan.units[entity_id]
        first, last = _minute(summary.first), _minute(summary.last, SECONDS)
        table.append(f"| {names[entity_id]} | {summary.new} | {first} | {last} | {summary.energy:.3f} {unit} |")
        for line in _lines(summary, unit, words):
            said.setdefault(line, []).append(names[entity_id])
    lines = [line if len(of) == len(names) else f"**{', '.join(of)}:** {line}" for line, of in said.items()]
    lines.extend(_notes(export, plan, words))
    return "\n".join([*(table if names else ()), "", *(f"- {line}" for line in lines)])


def _name(hass: HomeAssistant, entity_id: str) -> str:
    """Return what an entity is called."""
    state = hass.states.get(entity_id)
    return str(state.attributes.get(ATTR_FRIENDLY_NAME, entity_id)) if state else entity_id


def _minute(start: int | None, seconds: int = 0) -> str:
    """Return the local time at which a row begins, or so many seconds later, for people."""
    return "" if start is None else f"{dt_util.as_local(datetime.fromtimestamp(start + seconds, UTC)):%Y-%m-%d %H:%M}"


def _lines(summary: Summary, unit: str, words: Mapping[str, str]) -> Iterator[str]:
    """Return what there is to say of one entity."""
    if summary.days:
        yield words["days"].format(days=summary.days)
    if summary.estimated:
        yield words["estimated"].format(rows=summary.estimated, share=f"{summary.estimated / summary.new:.1%}")
    if summary.missing:
        start, hours = summary.gaps[0]
        yield words["gaps"].format(hours=summary.missing, longest=hours, first=_minute(start))
    if summary.incomplete:
        yield words["incomplete"].format(hours=summary.incomplete)
    if summary.repeated:
        yield words["repeated"].format(hours=summary.repeated, different=summary.different)
    overlap, junction = summary.overlap, summary.junction
    if overlap.hours:
        yield words["overlap"].format(
            hours=overlap.hours,
            different=overlap.different,
            file=f"{overlap.file:.3f}",
            live=f"{overlap.live:.3f} {unit}",
            largest=f"{overlap.largest:.3f} {unit}",
        )
    if junction.live_since is not None:
        yield words["junction"].format(since=_minute(junction.live_since), missing=max(0, junction.missing_hours))
    if junction.completed:
        yield words["completed"].format(completed=f"{junction.completed:.3f} {unit}")


def _notes(export: Export, plan: Plan, words: Mapping[str, str]) -> Iterator[str]:
    """Return what there is to say of the export as a whole."""
    if plan.new_peaks:
        yield words["peaks"].format(months=len(plan.new_peaks))
    if plan.different_peaks:
        yield words["different_peaks"].format(months=", ".join(month[:7] for month in sorted(plan.different_peaks)))
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
