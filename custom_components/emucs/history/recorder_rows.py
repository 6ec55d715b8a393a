"""The recorder's tables: the only module that touches them, and only in schemas that it was tested with.

The recorder's own import is made for a few rows: it looks up each one before writing it, cannot delete rows, and
commits each counter separately. History is a hundred thousand rows that have to be written all or nothing, even if the
power fails: so they are written here, in the recorder's thread, between two of its own tasks.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import batched
import time
from typing import Final, override

from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.db_schema import Statistics, StatisticsMeta, StatisticsRuns, StatisticsShortTerm
from homeassistant.components.recorder.models import StatisticMeanType, StatisticMetaData, process_timestamp
from homeassistant.components.recorder.statistics import (
    cache_latest_short_term_statistic_id_for_metadata_id,
    get_short_term_statistics_run_cache,
)
from homeassistant.components.recorder.tasks import RecorderTask
from homeassistant.helpers.recorder import session_scope
from homeassistant.util.unit_conversion import (
    BaseUnitConverter,
    EnergyConverter,
    PowerConverter,
    ReactiveEnergyConverter,
    VolumeConverter,
)
from sqlalchemy import Numeric, Table, bindparam, cast, func, select, update
from sqlalchemy.orm import Session

from ..const import DOMAIN
from ..exports import GONE, SECONDS, Changes, Existing, ExportError, ExportUnit, Location
from .plan import Found, Series

TESTED_SCHEMAS: Final = frozenset({53})
"""The versions of the recorder's schema that this was tested with: that of Home Assistant 2026.10 and 2026.11."""

_BATCH: Final = 1000
FIVE_MINUTES: Final = 300
_DAY: Final = 86400
_CONVERTERS: Final[Mapping[ExportUnit, type[BaseUnitConverter]]] = {
    ExportUnit.ENERGY: EnergyConverter,
    ExportUnit.VOLUME: VolumeConverter,
    ExportUnit.REACTIVE: ReactiveEnergyConverter,
    ExportUnit.POWER: PowerConverter,
}
_MEANS: Final = frozenset({ExportUnit.POWER})
"""The units of what has a value in each row instead of a sum."""
type _Model = type[Statistics | StatisticsShortTerm]


def read[T](instance: Recorder, work: Callable[[Rows], T]) -> T:
    """Run work that reads rows, in one consistent snapshot. Blocks."""
    require_tested(instance)
    with session_scope(session=instance.get_session(), read_only=True) as session:
        return work(Rows(instance, session))


def write[T](instance: Recorder, work: Callable[[Rows], T]) -> Future[T]:
    """Run work that reads and writes rows in the recorder's thread: all is written, or nothing if it raises.

    It can be cancelled until it begins; then it runs to its end, even if nobody waits any more.
    """
    require_tested(instance)
    future: Future[T] = Future()
    instance.queue_task(_WriteTask(work, future))
    return future


def require_tested(instance: Recorder) -> None:
    """Refuse an untested schema; while Home Assistant migrates its database, the schema is the earlier one."""
    if instance.schema_version not in TESTED_SCHEMAS:
        raise ExportError("unknown_recorder", str(instance.schema_version))


@dataclass(slots=True)
class _WriteTask[T](RecorderTask):
    """Work in the recorder's queue."""

    work: Callable[[Rows], T]
    future: Future[T]

    @override
    def run(self, instance: Recorder) -> None:
        """Do the work, in the recorder's thread."""
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            with session_scope(session=instance.get_session()) as session:
                rows = Rows(instance, session)
                try:
                    result = self.work(rows)
                except ExportError as error:
                    # Not a fault of the database, as which session_scope would log it.
                    session.rollback()
                    self.future.set_exception(error)
                    return
            with session_scope(session=instance.get_session(), read_only=True) as session:
                for metadata_id in rows.changed:
                    # The recorder continues from a five-minute row that it remembers, which may be gone.
                    cache = get_short_term_statistics_run_cache(instance.hass)
                    cache_latest_short_term_statistic_id_for_metadata_id(cache, session, metadata_id)
        except Exception as error:  # noqa: BLE001 -- it is raised where it is waited for
            self.future.set_exception(error)
        else:
            self.future.set_result(result)


class Rows:
    """The rows of statistics, within one transaction."""

    def __init__(self, instance: Recorder, session: Session) -> None:
        """Work within a session."""
        self._instance = instance
        self._session = session
        self.changed: set[int] = set()
        """The metadata ids of what was written to."""

    def find(self, series: Series) -> Found:
        """Return the rows of a series."""
        row = self._session.execute(
            select(StatisticsMeta.id, StatisticsMeta.unit_of_measurement).where(
                StatisticsMeta.statistic_id == series.statistic_id
            )
        ).first()
        shown = _factor(series.unit, series.shown_unit)
        if row is None:
            return Found(GONE, Existing(factor=shown, state=series.state, is_mean=series.unit in _MEANS))
        factor = _factor(series.unit, row[1])
        state = None if series.state is None else series.state * factor / shown
        return Found(row[0], self._existing(row[0], series.unit, factor, state))

    def at(self, location: Location) -> Found:
        """Return the rows at a location."""
        unit = self._session.execute(
            select(StatisticsMeta.unit_of_measurement).where(StatisticsMeta.id == location.metadata_id)
        ).first()
        if unit is None:
            return Found(GONE, Existing())
        factor = _factor(location.unit, unit[0])
        return Found(location.metadata_id, self._existing(location.metadata_id, location.unit, factor))

    def external_ids(self) -> set[str]:
        """Return the ids of all external statistics of this integration."""
        statement = select(StatisticsMeta.statistic_id).where(StatisticsMeta.source == DOMAIN)
        return {row[0] for row in self._session.execute(statement)}

    def has_imports_beside(self, metadata_ids: Collection[int], series: Series) -> bool:
        """Tell whether a series has imported rows and is not among these metadata ids."""
        statement = (
            select(StatisticsMeta.id)
            .join(Statistics, Statistics.metadata_id == StatisticsMeta.id)
            .where(StatisticsMeta.statistic_id == series.statistic_id, Statistics.state.is_(None))
            .limit(1)
        )
        row = self._session.execute(statement).first()
        return row is not None and row[0] not in metadata_ids

    def locate(self, locations: Mapping[Location, int | None]) -> dict[Location, Location]:
        """Return the current locations of rows, which are recognised by their first hour.

        A renamed entity keeps its metadata id; a database filled from this one keeps the statistic id.
        """
        return {location: self._locate(location, hour) for location, hour in locations.items()}

    def _locate(self, location: Location, hour: int | None) -> Location:
        """Return the current location of rows, with GONE for the metadata id if they no longer exist."""
        candidates = self._session.execute(
            select(StatisticsMeta.id, StatisticsMeta.statistic_id).where(
                (StatisticsMeta.id == location.metadata_id) | (StatisticsMeta.statistic_id == location.statistic_id)
            )
        ).all()
        for metadata_id, statistic_id in sorted(candidates, key=lambda each: each[0] != location.metadata_id):
            if hour is None or self._is_imported(metadata_id, hour * SECONDS):
                return Location(statistic_id, metadata_id, location.unit)
        return Location(location.statistic_id, GONE, location.unit)

    def _is_imported(self, metadata_id: int, start: int) -> bool:
        """Tell whether an hour was imported."""
        statement = select(Statistics.id).where(
            Statistics.metadata_id == metadata_id, Statistics.start_ts == float(start), Statistics.state.is_(None)
        )
        return self._session.execute(statement).first() is not None

    def has(self, metadata_id: int, start: int, total: float | None) -> bool:
        """Tell whether an hourly row has this sum, or value; with None, whether there is no such row."""
        statement = select(func.coalesce(Statistics.sum, Statistics.mean)).where(
            Statistics.metadata_id == metadata_id, Statistics.start_ts == float(start)
        )
        row = self._session.execute(statement).first()
        if row is None or total is None:
            return row is None and total is None
        return row[0] is not None and abs(row[0] - total) <= abs(total) * 1e-12

    def compiled_until(self) -> int:
        """Return the end of the last five minutes that the recorder has compiled, or has skipped for good."""
        newest = self._session.execute(select(func.max(StatisticsRuns.start))).scalar()
        now = int(time.time()) // FIVE_MINUTES * FIVE_MINUTES
        if newest is None:
            return now - FIVE_MINUTES
        # SQLite and MariaDB return it without a time zone, but in UTC.
        return min(int(process_timestamp(newest).timestamp()) + FIVE_MINUTES, now)

    def ensure(self, series: Series) -> int:
        """Return the metadata id of a series, created if missing; one that exists gets its present name."""
        is_mean = series.unit in _MEANS
        metadata: StatisticMetaData = {
            "mean_type": StatisticMeanType.ARITHMETIC if is_mean else StatisticMeanType.NONE,
            "has_sum": not is_mean,
            "name": series.name,
            "source": DOMAIN if series.is_external else "recorder",
            "statistic_id": series.statistic_id,
            "unit_class": _CONVERTERS[series.unit].UNIT_CLASS,
            "unit_of_measurement": series.shown_unit,
        }
        manager = self._instance.statistics_meta_manager
        known = manager.get_many(self._session, statistic_ids={series.statistic_id})
        _, metadata_id = manager.update_or_add(self._session, metadata, known)
        self._session.flush()
        return metadata_id

    def change(self, metadata_id: int, changes: Changes) -> None:
        """Change the rows of a series."""
        self.changed.add(metadata_id)
        hourly, short_term = _table(Statistics), _table(StatisticsShortTerm)
        self._delete(hourly, metadata_id, changes.delete, SECONDS)
        if changes.lift:
            for table in (hourly, short_term):
                # PostgreSQL cannot round floating-point numbers to decimals.
                total = func.round(cast(table.c.sum + changes.lift, Numeric(30, 12)), changes.digits)
                live = (table.c.metadata_id == metadata_id, table.c.state.is_not(None))
                self._session.execute(update(table).where(*live).values(sum=total))
        created, columns = time.time(), ("mean", "min", "max") if changes.is_mean else ("sum",)
        for rows in batched(changes.insert.items(), _BATCH, strict=False):
            values = [
                {"created_ts": created, "metadata_id": metadata_id, "start_ts": float(start)}
                | dict.fromkeys(columns, total)
                for start, total in rows
            ]
            self._session.execute(hourly.insert(), values)
        statement = (
            update(hourly)
            .where(hourly.c.metadata_id == metadata_id, hourly.c.start_ts == bindparam("row_start"))
            .values(dict.fromkeys(columns, bindparam("row_sum")))
        )
        for some in batched(changes.update.items(), _BATCH, strict=False):
            self._session.execute(statement, [{"row_start": float(start), "row_sum": total} for start, total in some])

    def seed(self, metadata_id: int, start: int, state: float | None, total: float) -> None:
        """Insert the five-minute row from which the recorder continues; without one it would restart at zero.

        Its reading is that of the last live hour, or the current one if there never was a live hour.
        """
        row = self._newest(Statistics, metadata_id)
        self._insert_short_term(metadata_id, start, *((state, total) if row is None else (row[1], row[2])))

    def unseed(self, metadata_id: int, start: int) -> None:
        """Delete such a row."""
        self._delete(_table(StatisticsShortTerm), metadata_id, [start], FIVE_MINUTES)

    def keep_going(self, metadata_id: int) -> None:
        """Repeat the newest five-minute row of a counter that is not read, before the recorder purges it."""
        newest = self._newest(StatisticsShortTerm, metadata_id)
        start = self.compiled_until() - FIVE_MINUTES
        if newest is not None and newest[0] > min(
            start - FIVE_MINUTES, time.time() - self._instance.keep_days * _DAY / 2
        ):
            return
        if (row := newest or self._newest(Statistics, metadata_id)) is not None and row[0] < start:
            self._insert_short_term(metadata_id, start, row[1], row[2])

    def delete_hours(self, statistic_id: str, starts: Iterable[int]) -> None:
        """Delete hourly rows of an external statistic."""
        row = self._session.execute(
            select(StatisticsMeta.id).where(StatisticsMeta.statistic_id == statistic_id)
        ).first()
        if row is not None:
            self._delete(_table(Statistics), row[0], starts, SECONDS)

    def _existing(self, metadata_id: int, unit: ExportUnit, factor: float, state: float | None = None) -> Existing:
        """Return the rows of a statistic."""
        is_mean = unit in _MEANS
        imported: dict[int, float] = {}
        live: dict[int, float] = {}
        # In pieces: the database driver, which is C, blocks all threads while it fetches.
        rows = self._session.execute(
            select(
                Statistics.start_ts, Statistics.mean if is_mean else Statistics.sum, Statistics.state.is_(None)
            ).where(Statistics.metadata_id == metadata_id),
            execution_options={"yield_per": _BATCH // 2},
        )
        for start, total, is_imported in rows:
            (imported if is_imported else live)[int(start)] = total or 0.0
        five_minutes = self._session.execute(
            select(StatisticsShortTerm.start_ts).where(StatisticsShortTerm.metadata_id == metadata_id)
        )
        hours = frozenset(int(start) // SECONDS for (start,) in five_minutes)
        return Existing(imported, live, hours, factor, state, is_mean)

    def _newest(self, model: _Model, metadata_id: int) -> tuple[int, float, float] | None:
        """Return the start, the state and the sum of the newest row that has a state."""
        row = self._session.execute(
            select(model.start_ts, model.state, model.sum)
            .where(model.metadata_id == metadata_id, model.state.is_not(None))
            .order_by(model.start_ts.desc())
            .limit(1)
        ).first()
        return None if row is None else (int(row[0]), row[1], row[2] or 0.0)

    def _insert_short_term(self, metadata_id: int, start: int, state: float | None, total: float) -> None:
        """Insert a five-minute row."""
        row = {
            "created_ts": time.time(),
            "metadata_id": metadata_id,
            "start_ts": float(start),
            "state": state,
            "sum": total,
        }
        self._session.execute(_table(StatisticsShortTerm).insert(), [row])
        self.changed.add(metadata_id)

    def _delete(self, table: Table, metadata_id: int, starts: Iterable[int], step: int) -> None:
        """Delete rows by their starts; those that follow each other, in steps of so many seconds, at once."""
        runs: list[list[int]] = []
        for start in sorted(starts):
            if runs and start == runs[-1][1] + step:
                runs[-1][1] = start
            else:
                runs.append([start, start])
        for first, last in runs:
            self._session.execute(
                table.delete().where(table.c.metadata_id == metadata_id, table.c.start_ts.between(first, last))
            )


def _factor(unit: ExportUnit, shown: str | None) -> float:
    """Return the factor from kWh or m³ to the unit of the statistics."""
    return _CONVERTERS[unit].convert(1.0, unit, shown)


def _table(model: _Model) -> Table:
    """Return the table of a model."""
    table = model.__table__
    assert isinstance(table, Table)  # noqa: S101 -- what a mapped class has
    return table
