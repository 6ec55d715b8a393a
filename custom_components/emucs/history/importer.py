"""Reads exports, and writes them to the statistics of a meter, or undoes that."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from functools import partial
import logging
from pathlib import Path
from typing import Final

from homeassistant.components.sensor import DOMAIN as SENSOR
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util
from homeassistant.util.ulid import ulid_now

from ..const import CONF_UPDATE_INTERVAL, DOMAIN
from ..coordinator import EmucsConfigEntry, MeterCoordinator
from ..exports import (
    GONE,
    SECONDS,
    CounterKey,
    ExportError,
    ExportUnit,
    FlowDirection,
    Known,
    Layer,
    Ledger,
    Location,
    peaks_of,
)
from ..household_seed import async_seed_household
from ..insight.mbus import Medium
from ..issues import HISTORY_UNREADABLE, async_end, async_report_unreadable_history
from ..peak_statistics import statistic_id as peaks_statistic_id
from .month_peaks import async_imported_months, async_peaks_for, async_set_imported
from .plan import Export, Plan, Request, Series, key, live_meters, plan_of, read_for, undone, with_recovered
from .record import Pending, Record
from .recorder_rows import FIVE_MINUTES, Rows, read, require_tested, write
from .unattended import async_to_the_end

_LOGGER: Final = logging.getLogger(__name__)
# Seconds: the shortest update interval considered, and how often the electricity meter reads gas and water.
_CALM: Final = 36.0
_CAPTURE: Final = 300.0
_READ: Final = frozenset({ConfigEntryState.LOADED, ConfigEntryState.SETUP_IN_PROGRESS})
_COUNTERS: Final = {
    key(medium, counter): counter
    for medium, unit, directions in (
        (Medium.ELECTRICITY, ExportUnit.ENERGY, FlowDirection),
        (Medium.GAS, ExportUnit.VOLUME, (FlowDirection.IMPORT,)),
        (Medium.WATER, ExportUnit.VOLUME, (FlowDirection.IMPORT,)),
    )
    for direction in directions
    for counter in (CounterKey(unit, direction, tariff) for tariff in range(3))
}
"""All counters that an export can have, by the key of their entity, in display order."""
_ORDER: Final = list(_COUNTERS)


class HistoryImporter:
    """Imports history into the statistics of the entities of an entry."""

    def __init__(self, hass: HomeAssistant, entry: EmucsConfigEntry, record: Record) -> None:
        """Keep the record, which all entries share."""
        self._hass = hass
        self._entry = entry
        self._record = record

    def require_known_recorder(self) -> None:
        """Raise ExportError if the schema of the recorder was not tested."""
        require_tested(get_instance(self._hass))

    async def async_start(self) -> None:
        """Load earlier imports after a start, and settle one that was cut off."""
        with suppress(ExportError):
            async with self._record.lock:
                ledger = await self._async_load()
                self._set_peaks(ledger)
        self.async_keep_going()

    async def async_read(
        self, source: AbstractContextManager[Path], *, progress: Callable[[float], None] | None = None
    ) -> Export:
        """Read an export, in a thread. ExportError tells what is wrong with it."""
        coordinator = await self._async_coordinator()
        async with self._record.lock:
            layers = self._layers(await self._async_load())
        eans = {meter: ean for layer in layers for meter, ean in layer.eans.items()}
        live = live_meters(coordinator)
        return await self._hass.async_add_executor_job(read_for, source, live, eans, progress)

    async def async_plan(self, export: Export) -> Plan:
        """Return what an import would do; nothing is written."""
        coordinator = await self._async_coordinator()
        async with self._record.lock:
            ledger, request = await self._async_load(), self._request(export, coordinator)
            return await self._async_query(lambda rows: _look(rows, request, ledger))

    async def async_import(self, export: Export) -> Plan:
        """Write an export, all or nothing. The work goes on if the caller is cancelled."""
        return await async_to_the_end(self._hass, self._entry.title, self._async_import(export))

    async def async_imports(self) -> list[Layer]:
        """Return all imports of the entry; first those that only the database knows of."""
        async with self._record.lock:
            ledger, layer, series = await self._async_load(), self._new_layer(), self._all_series()
            return self._layers(await self._async_query(lambda rows: _complete(rows, ledger, layer, series)))

    async def async_imports_found(self) -> list[Layer]:
        """Return the imports found in the database, for when the ledger cannot be read."""
        async with self._record.lock:
            layer, series = self._new_layer(), self._all_series()
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

    async def _async_import(self, export: Export) -> Plan:
        """Write an export."""
        coordinator = await self._async_coordinator()
        async with self._record.lock:
            ledger, request = await self._async_load(), self._request(export, coordinator)

            def work(rows: Rows) -> tuple[Plan, Ledger | None]:
                """Plan again, as the rows may have changed, and write."""
                plan = _look(rows, request, ledger)
                return (plan, self._write_import(rows, plan)) if plan.is_new else (plan, None)

            plan, after = await self._async_write(work)
            await self._async_written(after)
        async_seed_household(self._hass, self._entry, export.matches)
        return plan

    def _write_import(self, rows: Rows, plan: Plan) -> Ledger:
        """Write a plan, in the recorder's thread; return the ledger after it."""
        locations: dict[str, Location] = {}
        seeds: dict[str, int] = {}
        probe = None
        seed = rows.compiled_until() - FIVE_MINUTES
        for target, (series, found, changes) in plan.changes.items():
            metadata_id = found.metadata_id if found.metadata_id != GONE else rows.ensure(series)
            locations[target] = Location(series.statistic_id, metadata_id, series.unit)
            if changes.insert and not found.existing.short_term:
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
        coordinator = await self._async_coordinator()
        async with self._record.lock:
            ledger, new, series = await self._async_load(), self._new_layer(), self._all_series()
            months = async_imported_months(coordinator)

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
        async_seed_household(self._hass, self._entry, anew=True)
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
        rows.delete_hours(peaks_statistic_id(self._entry), peaks)
        return pending.applied(ledger)

    async def _async_coordinator(self) -> MeterCoordinator:
        """Return the coordinator, after a reload that is under way; a later one does no harm.

        Not to be called while the record is locked: a removal locks the entry first, then the record.
        """
        async with self._entry.setup_lock:
            if self._entry.state is not ConfigEntryState.LOADED:
                raise ExportError("entry_not_loaded")
            return self._entry.runtime_data

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
        self._set_peaks(ledger)

    def _set_peaks(self, ledger: Ledger) -> None:
        """Give imported month peaks to the capacity tariff; one not restored yet asks for them later."""
        coordinator: MeterCoordinator | None = getattr(self._entry, "runtime_data", None)
        if self._entry.state in _READ and coordinator is not None and hasattr(coordinator, "insights"):
            async_set_imported(coordinator, peaks_of(self._layers(ledger)))

    def _layers(self, ledger: Ledger) -> list[Layer]:
        """Return the imports of the entry."""
        return ledger.of(self._entry.entry_id, self._entry.unique_id or "")

    def _new_layer(self, files: tuple[str, ...] = ()) -> Layer:
        """Return a new, empty import."""
        return Layer(
            id=ulid_now(),
            created=dt_util.utcnow().isoformat(timespec="seconds"),
            entry_id=self._entry.entry_id,
            meter=self._entry.unique_id or "",
            files=files,
        )

    def _series(self, entity: er.RegistryEntry, counter: CounterKey) -> Series:
        """Return the statistics of an entity."""
        state = self._hass.states.get(entity.entity_id)
        unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT) if state else None
        value = None
        with suppress(ValueError):
            value = None if state is None else float(state.state)
        return Series(entity.entity_id, counter.unit, unit or entity.unit_of_measurement or counter.unit, value)

    def _all_series(self) -> dict[str, Series]:
        """Return the statistics of all entities that could have history, by unique id."""
        entities = er.async_entries_for_config_entry(er.async_get(self._hass), self._entry.entry_id)
        found: dict[str, Series] = {}
        for entity in entities:
            names = (name for name in _COUNTERS if entity.domain == SENSOR and entity.unique_id.endswith(f"_{name}"))
            if name := max(names, key=len, default=None):
                found[entity.unique_id] = self._series(entity, _COUNTERS[name])
        return found

    def _request(self, export: Export, coordinator: MeterCoordinator) -> Request:
        """Return what to import, with the state of the entities that it is for."""
        registry = er.async_get(self._hass)
        wanted: dict[str, tuple[Series, Known]] = {}
        left_out: list[str] = []
        names: dict[str, str] = {}
        for each in export.matches:
            for counter, known in each.counters.items():
                name = key(each.meter.medium, counter)
                target = f"{each.meter.identifier}_{name}"
                entity_id = registry.async_get_entity_id(SENSOR, DOMAIN, target)
                entity = registry.async_get(entity_id) if entity_id else None
                if entity is None or entity.disabled:
                    left_out.append(name)
                else:
                    wanted[target] = self._series(entity, counter), known
                    names[target] = name
        interval = max(_CALM, float(self._entry.options.get(CONF_UPDATE_INTERVAL, 0)))
        eans = {each.meter.identifier: each.ean for each in export.matches if each.certain and each.ean}
        return Request(
            export=export,
            layer=replace(self._new_layer(export.files), eans=eans),
            wanted={target: wanted[target] for target in sorted(wanted, key=lambda each: _ORDER.index(names[each]))},
            series=self._all_series(),
            left_out=tuple(left_out),
            peaks=async_peaks_for(coordinator, export.matches),
            timing={
                ExportUnit.ENERGY: 2 * interval / SECONDS,
                ExportUnit.VOLUME: 2 * max(interval, _CAPTURE) / SECONDS,
            },
        )


def _complete(rows: Rows, ledger: Ledger, layer: Layer, series: Mapping[str, Series]) -> Ledger:
    """Return the ledger with current locations, and with imports that only the database knows."""
    ledger = ledger.moved(rows.locate(ledger.locations()))
    at = {location.metadata_id for location in ledger.locations()}
    unknown = {target: each for target, each in series.items() if rows.has_imports_beside(at, each)}
    return with_recovered(ledger, layer, {target: (each, rows.find(each)) for target, each in unknown.items()})


def _look(rows: Rows, request: Request, ledger: Ledger) -> Plan:
    """Return what an import would do to the rows that are there."""
    known = _complete(rows, ledger, request.layer, request.series)
    found = {target: rows.find(series) for target, (series, _) in request.wanted.items()}
    return plan_of(request, known, found, rows.compiled_until() // SECONDS)


def importers(hass: HomeAssistant) -> Callable[[EmucsConfigEntry], HistoryImporter]:
    """Return a factory of importers that share one record."""
    return partial(_importer, hass, Record(hass))


def _importer(hass: HomeAssistant, record: Record, entry: EmucsConfigEntry) -> HistoryImporter:
    """Return the importer of an entry."""
    return HistoryImporter(hass, entry, record)
