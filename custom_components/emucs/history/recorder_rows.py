"""Imported statistics in the recorder's database: read beside it, written in one transaction by its own thread.

The recorder's own import is made for a few rows: it looks each one up before it writes it, cannot take rows away,
and commits each counter by itself. History is a hundred thousand rows that have to come all together or not at all,
also where the power fails: so they are written here, in the recorder's thread, between two of its own tasks.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import batched
import time
from typing import TYPE_CHECKING, Any, Final, override

from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.db_schema import Statistics, StatisticsMeta, StatisticsRuns, StatisticsShortTerm
from homeassistant.components.recorder.models import StatisticMeanType, StatisticMetaData, process_timestamp
from homeassistant.components.recorder.statistics import (
    cache_latest_short_term_statistic_id_for_metadata_id,
    get_short_term_statistics_run_cache,
)
from homeassistant.components.recorder.tasks import RecorderTask
from homeassistant.helpers.recorder import session_scope
from homeassistant.util.unit_conversion import EnergyConverter, VolumeConverter
from sqlalchemy import Table, bindparam, func, select, update
from sqlalchemy.orm import Session

from ..exports.merge import SECONDS, Changes, Existing
from ..exports.vocabulary import Unit

if TYPE_CHECKING:
    from sqlalchemy.sql.selectable import Select

_BATCH: Final = 1000
_FIVE_MINUTES: Final = 300
_CONVERTERS: Final = {Unit.ENERGY: EnergyConverter, Unit.VOLUME: VolumeConverter}


@dataclass(frozen=True, slots=True)
class Series:
    """The statistics of an entity: their id, what they count, and where the counter stands now."""

    statistic_id: str
    unit: Unit
    shown_unit: str
    state: float | None
    """In the unit that is shown."""


@dataclass(slots=True)
class Found:
    """What the database has of a series, and a fingerprint of it."""

    existing: Existing
    fingerprint: tuple[Any, ...]


@dataclass(slots=True)
class Job:
    """All that is written in one transaction."""

    series: dict[str, tuple[Series, Changes, Found]] = field(default_factory=dict)
    forgotten: tuple[str, list[int]] | None = None
    """Rows of a statistic of our own that go: its id, and their starts."""
    seeds: dict[str, int] = field(default_factory=dict)
    """Five-minute rows that a former job has made, and this one takes away."""


class OutdatedError(Exception):
    """The statistics have changed since they were looked at."""


def read(instance: Recorder, series: Sequence[Series]) -> tuple[dict[str, Found], int]:
    """Return the rows of series by statistic id, and until when the recorder has compiled. Blocks."""
    with session_scope(session=instance.get_session(), read_only=True) as session:
        found = {each.statistic_id: _find(session, each) for each in series}
        return found, _compiled_until(session)


def sum_at(instance: Recorder, statistic_id: str, start: int) -> float | None:
    """Return the sum of an hourly row, None where there is no row. Blocks."""
    with session_scope(session=instance.get_session(), read_only=True) as session:
        metadata = _metadata(session, statistic_id)
        if metadata is None:
            return None
        statement = select(Statistics.sum).where(
            Statistics.metadata_id == metadata[0], Statistics.start_ts == float(start)
        )
        return session.execute(statement).scalar()


async def async_write(instance: Recorder, job: Job) -> dict[str, int]:
    """Write all of a job or nothing; return the starts of the five-minute rows that it made, by statistic id.

    OutdatedError where the statistics are not as they were read.
    """
    future: asyncio.Future[dict[str, int]] = instance.hass.loop.create_future()
    instance.queue_task(_WriteTask(job, future))
    return await future


@dataclass(slots=True)
class _WriteTask(RecorderTask):
    """A job in the recorder's queue."""

    job: Job
    future: asyncio.Future[dict[str, int]]

    @override
    def run(self, instance: Recorder) -> None:
        """Write, in the recorder's thread."""
        outcome: dict[str, int] | Exception
        try:
            with session_scope(session=instance.get_session()) as session:
                try:
                    outcome = _write(instance, session, self.job)
                except OutdatedError as error:
                    session.rollback()
                    outcome = error
        except Exception as error:  # noqa: BLE001 -- it is raised where it is waited for
            outcome = error
        if isinstance(outcome, Exception):
            self._tell(instance, partial(self.future.set_exception, outcome))
        else:
            self._tell(instance, partial(self.future.set_result, outcome))

    def _tell(self, instance: Recorder, tell: Callable[[], None]) -> None:
        """Tell who waits, if somebody still does."""

        def tell_in_loop() -> None:
            """Tell."""
            if not self.future.done():
                tell()

        instance.hass.loop.call_soon_threadsafe(tell_in_loop)


def _metadata(session: Session, statistic_id: str) -> tuple[int, str | None] | None:
    """Return the id of a statistic's metadata, and its unit."""
    statement = select(StatisticsMeta.id, StatisticsMeta.unit_of_measurement).where(
        StatisticsMeta.statistic_id == statistic_id
    )
    row = session.execute(statement).first()
    return None if row is None else (row[0], row[1])


def _find(session: Session, series: Series) -> Found:
    """Return the rows of a series."""
    metadata = _metadata(session, series.statistic_id)
    if metadata is None:
        return Found(Existing(factor=_factor(series, series.shown_unit), state=series.state), (None,))
    metadata_id, unit = metadata
    hourly = _sums(session, Statistics, metadata_id)
    newest = max(hourly, default=0)
    factor, short_term = _factor(series, unit), _sums(session, StatisticsShortTerm, metadata_id)
    state = None if series.state is None else series.state * factor / _factor(series, series.shown_unit)
    existing = Existing(hourly, short_term, factor, state)
    return Found(existing, _fingerprint(session, metadata_id, newest, has_short_term=bool(short_term)))


def _factor(series: Series, unit: str | None) -> float:
    """Return how much of the unit of the statistics a kWh or m³ is."""
    return _CONVERTERS[series.unit].convert(1.0, series.unit, unit)


def _sums(session: Session, table: type[Statistics | StatisticsShortTerm], metadata_id: int) -> dict[int, float]:
    """Return the sums of a table by start."""
    # In pieces: the database's driver, which is C, holds all threads while it fetches.
    rows = session.execute(
        select(table.start_ts, table.sum).where(table.metadata_id == metadata_id),
        execution_options={"yield_per": _BATCH // 2},
    )
    return {int(start): total or 0.0 for start, total in rows if start is not None}


def _fingerprint(session: Session, metadata_id: int, newest: int, *, has_short_term: bool) -> tuple[Any, ...]:
    """Return what changes with any change of the rows that were there; rows that come after them do not matter."""
    hourly: Select[Any] = select(
        func.count(), func.min(Statistics.start_ts), func.min(Statistics.sum), func.max(Statistics.sum)
    ).where(Statistics.metadata_id == metadata_id, Statistics.start_ts <= newest)
    row = session.execute(hourly).one()
    return metadata_id, newest, has_short_term, *row


def _has_short_term(session: Session, metadata_id: int) -> bool:
    """Tell whether a statistic has five-minute rows."""
    statement = select(StatisticsShortTerm.id).where(StatisticsShortTerm.metadata_id == metadata_id).limit(1)
    return session.execute(statement).first() is not None


def _compiled_until(session: Session) -> int:
    """Return the end of the last five minutes that the recorder has compiled, or will not compile any more."""
    newest = session.execute(select(func.max(StatisticsRuns.start))).scalar()
    now = int(time.time()) // _FIVE_MINUTES * _FIVE_MINUTES
    if newest is None:
        return now - _FIVE_MINUTES
    return min(int(process_timestamp(newest).timestamp()) + _FIVE_MINUTES, now)


def _write(instance: Recorder, session: Session, job: Job) -> dict[str, int]:
    """Write a job in a transaction."""
    seeds: dict[str, int] = {}
    compiled_until = _compiled_until(session)
    for series, changes, found in job.series.values():
        metadata_id = _own_metadata(instance, session, series, found)
        start = job.seeds.get(series.statistic_id)
        if start is not None:
            _delete(session, StatisticsShortTerm, metadata_id, [start], _FIVE_MINUTES)
        _change(session, metadata_id, changes)
        if changes.insert and not _has_short_term(session, metadata_id):
            seed = compiled_until - _FIVE_MINUTES
            if _seed(session, metadata_id, seed, changes, found):
                seeds[series.statistic_id] = seed
        session.flush()
        cache = get_short_term_statistics_run_cache(instance.hass)
        cache_latest_short_term_statistic_id_for_metadata_id(cache, session, metadata_id)
    if job.forgotten is not None and (metadata := _metadata(session, job.forgotten[0])) is not None:
        _delete(session, Statistics, metadata[0], job.forgotten[1], SECONDS)
    return seeds


def _own_metadata(instance: Recorder, session: Session, series: Series, found: Found) -> int:
    """Return the metadata's id, made where there is none; OutdatedError where the rows are others by now."""
    metadata = _metadata(session, series.statistic_id)
    if metadata is None:
        if found.fingerprint != (None,):
            raise OutdatedError
        manager = instance.statistics_meta_manager
        _, metadata_id = manager.update_or_add(session, _new_metadata(series), {})
        session.flush()
        return metadata_id
    metadata_id = metadata[0]
    if found.fingerprint == (None,):
        raise OutdatedError
    newest = found.fingerprint[1]
    has_short_term = _has_short_term(session, metadata_id)
    if _fingerprint(session, metadata_id, newest, has_short_term=has_short_term) != found.fingerprint:
        raise OutdatedError
    return metadata_id


def _new_metadata(series: Series) -> StatisticMetaData:
    """Return the metadata that the recorder would make."""
    return {
        "mean_type": StatisticMeanType.NONE,
        "has_sum": True,
        "name": None,
        "source": "recorder",
        "statistic_id": series.statistic_id,
        "unit_class": _CONVERTERS[series.unit].UNIT_CLASS,
        "unit_of_measurement": series.shown_unit,
    }


def _change(session: Session, metadata_id: int, changes: Changes) -> None:
    """Change the rows of a series."""
    _delete(session, Statistics, metadata_id, changes.delete, SECONDS)
    hourly, short_term = (_table(each) for each in (Statistics, StatisticsShortTerm))
    if changes.lift and changes.lift_from is not None:
        for table in (hourly, short_term):
            lifted = (
                update(table)
                .where(table.c.metadata_id == metadata_id, table.c.start_ts >= changes.lift_from)
                .values(sum=table.c.sum + changes.lift)
            )
            session.execute(lifted)
    created = time.time()
    for rows in batched(changes.insert.items(), _BATCH, strict=False):
        values = [
            {"created_ts": created, "metadata_id": metadata_id, "start_ts": float(start), "sum": total}
            for start, total in rows
        ]
        session.execute(hourly.insert(), values)
    _set_sums(session, hourly, metadata_id, changes.update)
    for table, restored in zip((hourly, short_term), changes.restore, strict=True):
        _set_sums(session, table, metadata_id, restored)


def _table(model: type[Statistics | StatisticsShortTerm]) -> Table:
    """Return the table of a model."""
    table = model.__table__
    assert isinstance(table, Table)  # noqa: S101 -- what a mapped class has
    return table


def _set_sums(session: Session, table: Table, metadata_id: int, rows: dict[int, float]) -> None:
    """Set the sums of rows that are there."""
    statement = (
        update(table)
        .where(table.c.metadata_id == metadata_id, table.c.start_ts == bindparam("row_start"))
        .values(sum=bindparam("row_sum"))
    )
    for some in batched(rows.items(), _BATCH, strict=False):
        session.execute(statement, [{"row_start": float(start), "row_sum": total} for start, total in some])


def _delete(
    session: Session, model: type[Statistics | StatisticsShortTerm], metadata_id: int, starts: Iterable[int], step: int
) -> None:
    """Delete rows by their starts; those that follow each other, in steps of so many seconds, at once."""
    table = _table(model)
    runs: list[list[int]] = []
    for start in sorted(starts):
        if runs and start == runs[-1][1] + step:
            runs[-1][1] = start
        else:
            runs.append([start, start])
    for first, last in runs:
        session.execute(table.delete().where(table.c.metadata_id == metadata_id, table.c.start_ts.between(first, last)))


def _seed(session: Session, metadata_id: int, start: int, changes: Changes, found: Found) -> bool:
    """Make the five-minute row that the recorder goes on from: without one it would begin again at zero.

    The counter stands there as it stood in the last live hour, or, where there never was one, as it stands now.
    """
    newest = (
        select(Statistics.state, Statistics.sum)
        .where(Statistics.metadata_id == metadata_id, Statistics.state.is_not(None))
        .order_by(Statistics.start_ts.desc())
        .limit(1)
    )
    row = session.execute(newest).first()
    state, total = (found.existing.state, changes.total) if row is None else (row[0], row[1])
    if state is None:
        return False
    session.execute(
        _table(StatisticsShortTerm).insert(),
        [
            {
                "created_ts": time.time(),
                "metadata_id": metadata_id,
                "start_ts": float(start),
                "state": state,
                "sum": total,
            }
        ],
    )
    return True
