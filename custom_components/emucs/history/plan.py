"""What an export is to the meters of an entry: whose it is, and what it changes in their statistics."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..coordinator import MeterCoordinator
from ..exports import (
    Counter,
    Direction,
    Existing,
    ExportError,
    Known,
    Layer,
    Ledger,
    LiveMeter,
    Match,
    Medium,
    Readings,
    Side,
    Snapshot,
    StatisticsChangedError,
    Summary,
    Unit,
    changes,
    first_live,
    lacking_of,
    match,
    read_export,
    snapshot_of,
    still_there,
    summary_of,
)
from ..insight import mbus
from ..port import obis

if TYPE_CHECKING:
    from .recorder_rows import Found, Job, Series

_EAN_LENGTH: Final = 18
_MEDIA: Final = {mbus.Medium.GAS: Medium.GAS, mbus.Medium.WATER: Medium.WATER}


@dataclass(slots=True)
class Plan:
    """What an import would do."""

    matches: list[Match]
    ledger: Ledger
    """What was imported before."""
    layer: Layer
    job: Job
    timing: Mapping[Unit, float]
    """Which share of an hour live values may be late by."""
    snapshots: list[Snapshot] = field(default_factory=list)
    summaries: dict[str, Summary] = field(default_factory=dict)
    """By entity id."""
    units: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    """Counters of the export without an entity that is enabled, and entities that were never read."""
    new_peaks: dict[str, int] = field(default_factory=dict)
    different_peaks: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Months with another peak than the one that is known: that of the export, and the known one."""

    @property
    def is_new(self) -> bool:
        """Tell whether there is anything to write."""
        return bool(self.new_peaks) or any(changed for _, changed, _ in self.job.series.values())


@dataclass(frozen=True, slots=True)
class Export:
    """What an export has of the meters of an entry."""

    files: tuple[str, ...]
    rows: int
    matches: tuple[Match, ...]
    others: tuple[str, ...]
    """EANs and meters that are no live meter's."""
    ignored: Mapping[str, int]
    unknown_states: tuple[str, ...]
    uncertain_hours: int

    @property
    def certain(self) -> bool:
        """Tell whether the export says itself that it is of these meters."""
        return all(each.certain for each in self.matches)

    def require_certain(self) -> None:
        """Raise ExportError where nothing says that the export is of these meters."""
        if not self.certain:
            raise ExportError("unconfirmed", file=self.files[0])


def live_meters(coordinator: MeterCoordinator) -> list[LiveMeter]:
    """Return the meters of an entry as far as exports can name them."""
    telegram = coordinator.telegram
    registers = telegram.registers

    def ean(code: str) -> str | None:
        """Return the EAN in a register; zeros are none."""
        register = registers.get(code)
        text = "" if register is None or register.value is None else str(register.value)
        return text if len(text) == _EAN_LENGTH and text.isdecimal() and text.strip("0") else None

    meters = [LiveMeter(coordinator.identifier, Medium.ELECTRICITY, telegram.meter_id, ean(obis.EAN))]
    for identifier, meter in coordinator.insights.mbus.items():
        if (medium := _MEDIA.get(meter.medium)) is not None:
            channels = (number for number, channel in telegram.channels.items() if channel.id == meter.channel.id)
            number = next(channels, 0)
            meters.append(LiveMeter(identifier, medium, meter.channel.id, ean(f"0-{number}:96.1.2")))
    return meters


def read_for(
    source: AbstractContextManager[Path],
    live: list[LiveMeter],
    eans: Mapping[str, str],
    progress: Callable[[float], None] | None,
) -> Export:
    """Read an export, and find whose it is; `progress` is told which share is done. Blocks."""
    with source as path:
        readings = _readings(path, progress)
    matches, others = match(readings, live, eans)
    return Export(
        tuple(readings.files),
        readings.rows,
        tuple(matches),
        tuple(others),
        dict(readings.ignored),
        tuple(sorted(readings.unknown_states)),
        sum(stream.uncertain for stream in readings.streams.values()),
    )


def _readings(path: Path, progress: Callable[[float], None] | None) -> Readings:
    """Read a file."""
    done = 0
    size = path.stat().st_size if path.exists() else 0

    def count(read: int) -> None:
        """Count what was read; what is packed is more than the file is large."""
        nonlocal done
        done += read
        if progress is not None and size:
            progress(min(1.0, done / size))

    return read_export(path, progress=count)


def key(medium: Medium, counter: Counter) -> str:
    """Return the key of the entity of a counter."""
    if medium is not Medium.ELECTRICITY:
        return str(medium) if not counter.tariff else f"{medium}_tariff_{counter.tariff}"
    return f"energy_{counter.direction}" + (f"_tariff_{counter.tariff}" if counter.tariff else "")


def counter_of(target: str) -> Counter:
    """Return the counter of an entity, as far as its unit goes."""
    energy = "_energy_" in target
    return Counter(Unit.ENERGY if energy else Unit.VOLUME, Direction.IMPORT)


def plan_rows(
    plan: Plan, wanted: Mapping[str, tuple[Series, Known]], found: Mapping[str, Found], compiled: int
) -> None:
    """Work out the rows of all counters. Blocks."""
    for target, (series, known) in wanted.items():
        there = found[series.statistic_id]
        existing, ledger = there.existing, plan.ledger
        old = _side(existing, Side(ledger.rows(target), ledger.lacking(target)))
        first = first_live(existing, old.rows)
        if first is None and not old.rows and existing.state is None:
            # The sum has nothing to go on from, and would begin at zero after the history.
            plan.left_out.append(series.statistic_id)
            continue
        limit = compiled if first is None else min(first, compiled)
        before = known.before(limit)
        all_known = ledger.known(target)
        different = all_known.take(before)
        lacking = ledger.lacking(target) or lacking_of(existing, old, known)
        new = Side(all_known.energies(), lacking)
        plan.layer.counters[target] = before
        if lacking and not ledger.lacking(target):
            plan.layer.lacking[target] = lacking
        snapshots = [each for each in ledger.snapshots if each.target == target]
        result = changes(existing, old, new, snapshots)
        if result:
            plan.snapshots.append(snapshot_of(target, existing, old, snapshots))
        plan.job.series[target] = series, result, there
        plan.summaries[series.statistic_id] = summary_of(
            existing, (old, new), known, different, plan.timing[series.unit]
        )


def undo_rows(
    job: Job, ledgers: tuple[Ledger, Ledger], wanted: Mapping[str, Series], found: Mapping[str, Found]
) -> None:
    """Work out what an undo does to the rows of all counters. Blocks."""
    before, after = ledgers
    for target, series in wanted.items():
        there = found[series.statistic_id]
        old = _side(there.existing, Side(before.rows(target), before.lacking(target)))
        new = Side(after.rows(target), after.lacking(target)) if old.rows else Side({})
        snapshots = [each for each in before.snapshots if each.target == target]
        job.series[target] = series, changes(there.existing, old, new, snapshots), there


def _side(existing: Existing, side: Side) -> Side:
    """Return what is there of what was imported."""
    try:
        return still_there(existing, side)
    except StatisticsChangedError as error:
        raise ExportError("changed_outside") from error


def probe(job: Job) -> list[Any] | None:
    """Return a row that tells whether a job was written: its statistic, its start, and its sum after it."""
    for series, result, found in job.series.values():
        for start, total in (*result.insert.items(), *result.update.items()):
            return [series.statistic_id, start, total]
        if result.delete:
            return [series.statistic_id, result.delete[0], None]
        hourly = found.existing.hourly
        if result.lift and result.lift_from in hourly:
            return [series.statistic_id, result.lift_from, hourly[result.lift_from] + result.lift]
    return None
