"""A voltage report as CSV (RFC 4180): a line for each slot. Columns have the same names in all languages."""

from collections.abc import Iterator
import csv
from io import StringIO
from typing import Final

from ..insight.voltage_history import VoltageSlot
from .voltage import VoltageReport
from .wording import local

_OF_A_PHASE: Final = ("mean_v", "min_v", "max_v", "above_s", "below_s", "coverage")


def voltage_csv(report: VoltageReport) -> str:
    """Return a report as CSV; a slot of which no phase was seen has no line."""
    text = StringIO()
    writer = csv.writer(text)
    columns = [f"{phase}_{name}" for phase in report.slots for name in _OF_A_PHASE]
    writer.writerow(["start_utc", "start_local", "minutes", *columns, "export_kw", "meter"])
    writer.writerows(_rows(report))
    return text.getvalue()


def _rows(report: VoltageReport) -> Iterator[list[str]]:
    """Yield a line for each slot."""
    phases = [{slot.start: slot for slot in slots} for slots in report.slots.values()]
    meter = _harmless(report.meter)
    for start in sorted({start for slots in phases for start in slots}):
        export = report.export.get(start)
        yield [
            f"{start:%Y-%m-%dT%H:%M:%SZ}",
            local(start).isoformat(),
            str(report.minutes),
            *(value for slots in phases for value in _of_a_phase(slots.get(start), report)),
            "" if export is None else f"{export:.3f}",
            meter,
        ]


def _of_a_phase(slot: VoltageSlot | None, report: VoltageReport) -> list[str]:
    """Return what there is to say of a phase, in the order of its columns."""
    if slot is None:
        return [""] * len(_OF_A_PHASE)
    coverage = slot.seconds / report.length.total_seconds()
    return [
        f"{slot.mean:.2f}",
        f"{slot.minimum:.1f}",
        f"{slot.maximum:.1f}",
        str(slot.above),
        str(slot.below),
        f"{coverage:.3f}",
    ]


def _harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula, whatever the port prints."""
    return text if text[:1].isalnum() else f"'{text}"
