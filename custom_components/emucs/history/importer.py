"""Reads exports, and writes them to the statistics of a meter, or undoes that."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from functools import partial
import logging
from pathlib import Path
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util
from homeassistant.util.ulid import ulid_now

from ..exports import GONE, SECONDS, ExportError, Layer, Ledger, Location, peaks_of
from ..issues import HISTORY_UNREADABLE, async_end, async_report_unreadable_history
from ..kinds import WITH_IMPORTS, async_entries_of
from .parts import Export, Owner, read_for
from .plan import Plan, Request, Series, plan_of, undone, with_recovered
from .record import Pending, Record
from .recorder_rows import FIVE_MINUTES, Rows, read, require_tested, write
from .targets import targets_of
from .unattended import async_to_the_end

_LOGGER: Final = logging.getLogger(__name__)


class HistoryImporter:
    """Imports history into the statistics of an entry."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any], record: Record) -> None:
        """Keep the record, which all entries share."""
        self._hass = hass
        self._entry = entry
        self._targets = targets_of(hass, entry)
        self._record = record

    def require_known_recorder(self) -> None:
        """Raise ExportError if the schema of the recorder was not tested."""
        require_tested(get_instance(self._hass))

    async def async_start(self) -> None:
        """Load earlier imports after a start, and settle one that was cut off."""
        with suppress(ExportError):
            async with self._record.lock:
                ledger = await self._async_load()
                await self._targets.async_take(self._layers(ledger))
        self.async_keep_going()

    async def async_read(
        self, source: AbstractContextManager[Path], *, progress: Callable[[float], None] | None = None
    ) -> Export:
        """Read an export, in a thread. ExportError tells what is wrong with it."""
        await self._async_ready()
        async with self._record.lock:
            ledger = await self._async_load()
        owner, others = self._targets.owner(self._layers(ledger)), self._others(ledger)
        return await self._hass.async_add_executor_job(read_for, source, owner, others, progress)

    async def async_plan(self, export: Export, *, replace_earlier: bool = False) -> Plan:
        """Return what an import would do; nothing is written."""
        await self._async_ready()
        async with self._record.lock:
            ledger = await self._async_load()
            request = self._request(export, ledger, replace_earlier=replace_earlier)
            return await self._async_query(lambda rows: _look(rows, request, ledger))

    async def async_import(self, export: Export, *, replace_earlier: bool = False) -> Plan:
        """Write an export, all or nothing. The work goes on if the caller is cancelled."""
        work = self._async_import(export, replace_earlier=replace_earlier)
        return await async_to_the_end(self._hass, self._entry.title, work)

    async def async_imports(self) -> list[Layer]:
        """Return all imports of the entry; first those that only the database knows of."""
        async with self._record.lock:
            ledger, layer = await self._async_load(), self._new_layer()
            series = self._targets.series(ledger)
            return self._layers(await self._async_query(lambda rows: _complete(rows, ledger, layer, series)))

    async def async_imports_found(self) -> list[Layer]:
        """Return the imports found in the database, for when the ledger cannot be read."""
        async with self._record.lock:
            layer, series = self._new_layer(), self._targets.series(Ledger())
            return self._layers(await self._async_query(lambda rows: _complete(rows, Ledger(), layer, series)))

    async def async_undo(self, layer_id: str | None = None) -> Layer | None:
        """Undo an import, by default the last one; return it, or None if there is none."""
        return await async_to_the_end(self._hass, self._entry.title, self._async_undo(layer_id))

    async def async_start_anew(self) -> None:
        """Go on with what the database has, after the ledger could not be read."""
        async with self._record.lock:
            await self._record.async_start_anew()
            async_end(self._hass, self._entry, HISTORY_UNREADABLE)

    async def async_forget(self) -> None:
        """Prepare the removal of the entry: cancel a job that has not begun, and wait for one that has.

        The ledger stays, as the rows do: if the meter is added again, the imports can still be undone.
        """
        record, entry_id = self._record, self._entry.entry_id
        record.removed.add(entry_id)
        if record.writing is not None and record.writing[0] == entry_id:
            record.writing[1].cancel()
        async with record.lock:
            record.removed.discard(entry_id)

    def async_keep_going(self) -> None:
        """Keep the sums of counters that are not read for days, so that they do not restart at zero."""
        if not (locations := dict(self._record.locations)):
            return

        def keep_going(rows: Rows) -> None:
            """Repeat the last five-minute row, in the recorder's thread."""
            for location in rows.locate(locations).values():
                if location.metadata_id != GONE:
                    rows.keep_going(location.metadata_id)

        with suppress(ExportError):
            write(get_instance(self._hass), keep_going)

    async def _async_import(self, export: Export, *, replace_earlier: bool) -> Plan:
        """Write an export."""
        await self._async_ready()
        async with self._record.lock:
            ledger = await self._async_load()
            request = self._request(export, ledger, replace_earlier=replace_earlier)

            def work(rows: Rows) -> tuple[Plan, Ledger | None]:
                """Plan again, as the rows may have changed, and write."""
                plan = _look(rows, request, ledger)
                return (plan, self._write_import(rows, plan)) if plan.is_new else (plan, None)

            plan, after = await self._async_write(work)
            await self._async_written(after)
        self._targets.learn(export.matches)
        return plan

    def _write_import(self, rows: Rows, plan: Plan) -> Ledger:
        """Write a plan, in the recorder's thread; return the ledger after it."""
        locations: dict[str, Location] = {}
        seeds: dict[str, int] = {}
        probe = None
        seed = rows.compiled_until() - FIVE_MINUTES
        for target, (series, found, changes) in plan.changes.items():
            is_there = found.metadata_id != GONE and not series.is_external
            metadata_id = found.metadata_id if is_there else rows.ensure(series)
            locations[target] = Location(series.statistic_id, metadata_id, series.unit)
            if changes.insert and not found.existing.short_term and not series.is_external:
                seeds[target] = seed
            if probe is None and changes.probe is not None:
                probe = (metadata_id, *changes.probe)
        layer = replace(plan.layer, locations=locations, seeds=seeds)
        pending = Pending(add=layer, probe=probe)
        self._record.write_ahead(plan.ledger, pending)
        for target, (_, found, changes) in plan.changes.items():
            metadata_id = locations[target].metadata_id
            rows.change(metadata_id, changes)
            if target in seeds:
                rows.seed(metadata_id, seed, found.existing.state, changes.total)
        return pending.applied(plan.ledger)

    async def _async_undo(self, layer_id: str | None) -> Layer | None:
        """Undo an import."""
        await self._async_ready()
        async with self._record.lock:
            ledger, new = await self._async_load(), self._new_layer()
            series, months = self._targets.series(ledger), self._targets.imported_months()

            def work(rows: Rows) -> tuple[Layer | None, Ledger | None]:
                """Find the import, and undo it."""
                known = _complete(rows, ledger, new, series)
                layers = self._layers(known)
                layer = known.layer(layer_id) if layer_id else next(reversed(layers), None)
                if layer is None:
                    return None, None
                gone = peaks_of(layers).keys() - peaks_of(each for each in layers if each.id != layer.id).keys()
                starts = [start for month, start in months.items() if month in gone]
                return layer, self._write_undo(rows, known, layer, starts)

            layer, after = await self._async_write(work)
            await self._async_written(after)
        self._targets.learn(anew=True)
        return layer

    def _write_undo(self, rows: Rows, ledger: Ledger, layer: Layer, peaks: Iterable[int]) -> Ledger:
        """Undo an import, whatever became of its entities; return the ledger after it."""
        jobs = []
        probe = None
        for target, location in layer.locations.items():
            found = rows.at(location)
            if found.metadata_id != GONE:
                changes = undone(ledger, layer, found)
                jobs.append((location.metadata_id, changes, layer.seeds.get(target)))
                if probe is None and changes.probe is not None:
                    probe = (location.metadata_id, *changes.probe)
        pending = Pending(remove=layer.id, probe=probe)
        self._record.write_ahead(ledger, pending)
        for metadata_id, changes, seed in jobs:
            if seed is not None:
                rows.unseed(metadata_id, seed)
            rows.change(metadata_id, changes)
        if (statistic := self._targets.peaks_statistic) is not None:
            rows.delete_hours(statistic, peaks)
        return pending.applied(ledger)

    async def _async_ready(self) -> None:
        """Wait for a reload that is under way, as a later one does no harm; ExportError if the entry is not loaded.

        Not to be called while the record is locked: a removal locks the entry first, then the record.
        """
        async with self._entry.setup_lock:
            if self._entry.state is not ConfigEntryState.LOADED:
                raise ExportError("entry_not_loaded")

    def _others(self, ledger: Ledger) -> list[Owner]:
        """Return the other entries whose history an export may have, as far as they are known by now."""
        owners: list[Owner] = []
        for entry in async_entries_of(self._hass, *WITH_IMPORTS):
            if entry.entry_id != self._entry.entry_id and entry.state is ConfigEntryState.LOADED:
                with suppress(ExportError):
                    owners.append(targets_of(self._hass, entry).owner(_layers_of(ledger, entry)))
        return owners

    async def _async_load(self) -> Ledger:
        """Return the ledger; report a repair issue if it cannot be read."""
        try:
            ledger = await self._record.async_load()
        except ExportError as error:
            if error.reason == "record_unreadable":
                async_report_unreadable_history(self._hass, self._entry, error.file)
            raise
        async_end(self._hass, self._entry, HISTORY_UNREADABLE)
        return ledger

    async def _async_query[T](self, work: Callable[[Rows], T]) -> T:
        """Run work that reads the database, outside the recorder's thread."""
        instance = get_instance(self._hass)
        return await instance.async_add_executor_job(read, instance, work)

    async def _async_write[T](self, work: Callable[[Rows], T]) -> T:
        """Run work that writes to the database; if it fails, nothing is written, and the ledger agrees."""
        if self._entry.entry_id in self._record.removed:
            raise ExportError("removed")
        future: Future[T] = write(get_instance(self._hass), work)
        self._record.writing = self._entry.entry_id, future
        try:
            return await asyncio.wrap_future(future)
        except BaseException as error:
            if future.done():
                with suppress(ExportError):
                    await self._record.async_load()
            if future.cancelled() and self._entry.entry_id in self._record.removed:
                raise ExportError("removed") from error
            raise
        finally:
            if future.done():
                self._record.writing = None

    async def _async_written(self, ledger: Ledger | None) -> None:
        """Save the ledger after a change; if that fails, what was written ahead says the same."""
        if ledger is None:
            return
        try:
            await self._record.async_save(ledger)
        except ExportError as error:
            _LOGGER.warning(
                "%s: the record of imports could not be written, and will be completed later (%s)",
                self._entry.title,
                error.detail,
            )
        await self._targets.async_take(self._layers(ledger))

    def _layers(self, ledger: Ledger) -> list[Layer]:
        """Return the imports of the entry."""
        return _layers_of(ledger, self._entry)

    def _new_layer(self, files: tuple[str, ...] = ()) -> Layer:
        """Return a new, empty import."""
        return Layer(
            id=ulid_now(),
            created=dt_util.utcnow().isoformat(timespec="seconds"),
            entry_id=self._entry.entry_id,
            meter=self._entry.unique_id or "",
            files=files,
        )

    def _request(self, export: Export, ledger: Ledger, *, replace_earlier: bool) -> Request:
        """Return what to import, with the state of the statistics that it is for."""
        wanted, left_out = self._targets.wanted(export, ledger)
        eans = {each.meter.identifier: each.ean for each in export.matches if each.certain and each.ean}
        return Request(
            layer=replace(self._new_layer(export.files), eans=eans),
            wanted=wanted,
            series=self._targets.series(ledger),
            left_out=tuple(left_out),
            peaks=self._targets.peaks(export.matches),
            timing=self._targets.timing,
            replace=replace_earlier,
        )


def _layers_of(ledger: Ledger, entry: ConfigEntry[Any]) -> list[Layer]:
    """Return the imports of an entry."""
    return ledger.of(entry.entry_id, entry.unique_id or "")


def _complete(rows: Rows, ledger: Ledger, layer: Layer, series: Mapping[str, Series]) -> Ledger:
    """Return the ledger with current locations, and with imports that only the database knows."""
    ledger = ledger.moved(rows.locate(ledger.locations()))
    at = {location.metadata_id for location in ledger.locations()}
    external = rows.external_ids()
    unknown = {
        target: each
        for target, each in series.items()
        if (not each.is_external or each.statistic_id in external) and rows.has_imports_beside(at, each)
    }
    return with_recovered(ledger, layer, {target: (each, rows.find(each)) for target, each in unknown.items()})


def _look(rows: Rows, request: Request, ledger: Ledger) -> Plan:
    """Return what an import would do to the rows that are there."""
    known = _complete(rows, ledger, request.layer, request.series)
    found = {target: rows.find(series) for target, (series, _) in request.wanted.items()}
    return plan_of(request, known, found, rows.compiled_until() // SECONDS)


def importers(hass: HomeAssistant) -> Callable[[ConfigEntry[Any]], HistoryImporter]:
    """Return a factory of importers that share one record."""
    return partial(_importer, hass, Record(hass))


def _importer(hass: HomeAssistant, record: Record, entry: ConfigEntry[Any]) -> HistoryImporter:
    """Return the importer of an entry."""
    return HistoryImporter(hass, entry, record)
