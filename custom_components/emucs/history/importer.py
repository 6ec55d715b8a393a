"""History of a meter from exports: looked at, written, and taken back."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import date
from decimal import Decimal
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import get_instance
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey
from homeassistant.util.ulid import ulid_now

from ..const import CONF_UPDATE_INTERVAL, DEFAULT_UPDATE_INTERVAL, DOMAIN
from ..coordinator import EmucsConfigEntry, MeterCoordinator
from ..exports import MICRO, SECONDS, Counter, ExportError, Known, Layer, Ledger, Unit
from ..insight.capacity import Capacity
from ..insight.peaks import Source
from ..peak_statistics import row_start, statistic_id as peaks_statistic_id
from .plan import Export, Plan, counter_of, key, live_meters, plan_rows, probe, read_for, undo_rows

if TYPE_CHECKING:
    from .recorder_rows import Job, Series

_LOGGER: Final = logging.getLogger(__name__)
_STORE_VERSION: Final = 1
_TRIES: Final = 3
_TINY: Final = 1e-6
# Seconds: what is not looked at closer, and how often the electricity meter reads gas and water.
_CALM: Final = 36.0
_CAPTURE: Final = 300.0
_IMPORTERS: HassKey[dict[str, HistoryImporter]] = HassKey(f"{DOMAIN}_history")


def store_of(hass: HomeAssistant, entry: ConfigEntry) -> Store[dict[str, Any]]:
    """Return where the imports of an entry are kept."""
    return Store(
        hass,
        _STORE_VERSION,
        f"{DOMAIN}.{entry.entry_id}.history",
        private=True,
        atomic_writes=True,
        serialize_in_event_loop=False,
    )


def importer_of(hass: HomeAssistant, entry: EmucsConfigEntry) -> HistoryImporter:
    """Return the importer of an entry: one, so that nothing is imported twice at a time."""
    importers = hass.data.setdefault(_IMPORTERS, {})
    if entry.entry_id not in importers:
        importers[entry.entry_id] = HistoryImporter(hass, entry)
    return importers[entry.entry_id]


async def forget(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Forget what was imported for an entry that is removed."""
    hass.data.get(_IMPORTERS, {}).pop(entry.entry_id, None)
    await store_of(hass, entry).async_remove()


class HistoryImporter:
    """Imports history into the statistics of the entities of an entry."""

    def __init__(self, hass: HomeAssistant, entry: EmucsConfigEntry) -> None:
        """Start without anything in memory: imports are large, and rarely looked at."""
        self._hass = hass
        self._entry = entry
        self._store = store_of(hass, entry)
        self._lock = asyncio.Lock()

    async def async_read(
        self, source: AbstractContextManager[Path], *, progress: Callable[[float], None] | None = None
    ) -> Export:
        """Read an export, in a thread. ExportError says what is wrong with it."""
        self._require_recorder()
        async with self._lock:
            eans = (await self._async_load()).eans
        return await self._hass.async_add_executor_job(read_for, source, live_meters(self._coordinator), eans, progress)

    async def async_plan(self, export: Export) -> Plan:
        """Return what an import would do; nothing is written."""
        self._require_recorder()
        async with self._lock:
            return await self._async_plan(export, await self._async_load())

    async def async_import(self, export: Export) -> Plan:
        """Write an export; all of it, or nothing where it fails."""
        self._require_recorder()
        async with self._lock:
            for _ in range(_TRIES):
                plan = await self._async_plan(export, await self._async_load())
                if not plan.is_new:
                    return plan
                after = await self._hass.async_add_executor_job(plan.ledger.with_layer, plan.layer, plan.snapshots)
                if await self._async_write(plan.job, plan.ledger, after, plan.layer):
                    return plan
        raise ExportError("busy")

    async def async_undo(self, layer_id: str | None = None) -> Layer | None:
        """Take back an import, the last one if none is named; return it, or None where there is none."""
        self._require_recorder()
        async with self._lock:
            for _ in range(_TRIES):
                ledger = await self._async_load()
                layer = ledger.layers[-1] if layer_id is None and ledger.layers else ledger.layer(layer_id or "")
                if layer is None:
                    return None
                after = ledger.without(layer.id)
                job = await self._async_job(ledger, after, layer)
                if await self._async_write(job, ledger, after, None):
                    return layer
        raise ExportError("busy")

    async def async_reconcile(self) -> list[Layer] | None:
        """Finish what a stop has cut off, and return all imports; None where nothing is recorded now."""
        if "recorder" not in self._hass.config.components:
            return None
        async with self._lock:
            ledger = await self._async_load()
            self._set_peaks(ledger)
            return ledger.layers

    async def async_link(self, layer_ids: set[str]) -> None:
        """Note that Home Assistant shows these imports now."""
        async with self._lock:
            ledger = await self._async_load()
            new = [layer for layer in ledger.layers if layer.id in layer_ids and not layer.linked]
            for layer in new:
                layer.linked = True
            if new:
                await self._async_save(ledger)

    @property
    def _coordinator(self) -> MeterCoordinator:
        """Return the coordinator of the entry."""
        return self._entry.runtime_data

    @property
    def _timing(self) -> dict[Unit, float]:
        """Return which share of an hour live values may be late by, at both of its ends together."""
        interval = max(_CALM, float(self._entry.options.get(CONF_UPDATE_INTERVAL, DEFAULT_UPDATE_INTERVAL)))
        return {Unit.ENERGY: 2 * interval / SECONDS, Unit.VOLUME: 2 * max(interval, _CAPTURE) / SECONDS}

    def _require_recorder(self) -> None:
        """Refuse where nothing is recorded."""
        if "recorder" not in self._hass.config.components:
            raise ExportError("no_recorder")

    async def _async_load(self) -> Ledger:
        """Return what was imported; of a change that a stop has cut off, what the database has."""
        saved = await self._store.async_load()
        if saved is None:
            return Ledger()
        pending = saved.get("pending")
        chosen = saved["ledger"]
        if pending is not None and await self._async_is_written(pending["probe"]):
            chosen = pending["ledger"]
        try:
            ledger = await self._hass.async_add_executor_job(Ledger.restore, chosen)
        except (KeyError, TypeError, ValueError) as error:
            _LOGGER.warning("%s: the imports kept so far cannot be read (%r)", self._entry.title, error)
            return Ledger()
        if pending is not None:
            await self._async_save(ledger)
        return ledger

    async def _async_is_written(self, row: list[Any] | None) -> bool:
        """Tell whether the database has a change: it has all of it or nothing."""
        from .recorder_rows import sum_at  # noqa: PLC0415 -- loaded, where it is

        if row is None:
            return True
        instance = get_instance(self._hass)
        statistic_id, start, after = row
        found = await instance.async_add_executor_job(sum_at, instance, statistic_id, start)
        return found is None if after is None else found is not None and abs(found - after) < _TINY

    async def _async_save(self, ledger: Ledger, pending: Mapping[str, Any] | None = None) -> None:
        """Keep what was imported, and what is about to be; on the disk when it returns."""
        data = await self._hass.async_add_executor_job(ledger.save)
        await self._store.async_save({"ledger": data, "pending": pending})

    async def _async_write(self, job: Job, before: Ledger, after: Ledger, layer: Layer | None) -> bool:
        """Write a job; the ledger first says what is about to happen, so that a stop in between is understood."""
        from .recorder_rows import OutdatedError, async_write  # noqa: PLC0415 -- loaded, where it is

        pending = {"ledger": await self._hass.async_add_executor_job(after.save), "probe": probe(job)}
        await self._async_save(before, pending)
        try:
            seeds = await async_write(get_instance(self._hass), job)
        except OutdatedError:
            await self._async_save(before)
            return False
        except Exception:
            await self._async_save(before)
            raise
        if layer is not None:
            targets = {series.statistic_id: target for target, (series, _, _) in job.series.items()}
            layer.seeds = {targets[statistic_id]: start for statistic_id, start in seeds.items()}
        await self._async_save(after)
        self._set_peaks(after)
        return True

    def _set_peaks(self, ledger: Ledger) -> None:
        """Let the capacity tariff know of month peaks."""
        before = self._peaks.months()
        self._peaks.ledger.set_imported(
            {date.fromisoformat(month): Decimal(value) / MICRO for month, value in ledger.peaks.items()}
        )
        if self._peaks.months() != before:
            self._coordinator.async_changed()

    @property
    def _peaks(self) -> Capacity:
        """Return what is known of month peaks."""
        return self._coordinator.insights[Capacity]

    def _series(self, target: str, counter: Counter) -> Series | None:
        """Return the statistics of an entity, or None where there is none that is enabled."""
        from .recorder_rows import Series  # noqa: PLC0415 -- loaded, where it is

        registry = er.async_get(self._hass)
        entity_id = registry.async_get_entity_id(Platform.SENSOR, DOMAIN, target)
        if entity_id is None or (entity := registry.async_get(entity_id)) is None or entity.disabled:
            return None
        state = self._hass.states.get(entity_id)
        unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT) if state else None
        try:
            value = None if state is None else float(state.state)
        except ValueError:
            value = None
        return Series(entity_id, counter.unit, unit or entity.unit_of_measurement or counter.unit, value)

    async def _async_plan(self, export: Export, ledger: Ledger) -> Plan:
        """Return what an import would do."""
        from .recorder_rows import Job, read  # noqa: PLC0415 -- loaded, where it is

        layer = Layer(ulid_now(), dt_util.utcnow().isoformat(timespec="seconds"), list(export.files), {})
        plan = Plan(list(export.matches), ledger, layer, Job(), self._timing)
        wanted: dict[str, tuple[Series, Known]] = {}
        for each in export.matches:
            if each.certain and each.ean:
                layer.eans[each.meter.identifier] = each.ean
            for counter, known in each.counters.items():
                target = f"{each.meter.identifier}_{key(each.meter.medium, counter)}"
                if series := self._series(target, counter):
                    wanted[target] = series, known
                    plan.units[series.statistic_id] = counter.unit
                else:
                    plan.left_out.append(key(each.meter.medium, counter))
        self._plan_peaks(plan)
        instance = get_instance(self._hass)
        found, until = await instance.async_add_executor_job(read, instance, [series for series, _ in wanted.values()])
        await self._hass.async_add_executor_job(plan_rows, plan, wanted, found, until // SECONDS)
        return plan

    def _plan_peaks(self, plan: Plan) -> None:
        """Take the month peaks of months that nothing is known of."""
        ledger = self._peaks.ledger
        known = ledger.peaks
        for each in plan.matches:
            for month, peak in each.peaks.items():
                begin = date.fromisoformat(month)
                own = known.get(begin)
                if own is not None and not ledger.takes_import(begin):
                    value = float(own.value)
                    if abs(value - peak.value / MICRO) > _TINY:
                        plan.different_peaks[month] = peak.value / MICRO, value
                elif ledger.month is None or begin < ledger.month:
                    plan.new_peaks[month] = peak.value
        plan.layer.peaks = dict(plan.new_peaks)

    async def _async_job(self, before: Ledger, after: Ledger, layer: Layer) -> Job:
        """Return what leads from one ledger back to another."""
        from .recorder_rows import Job, read  # noqa: PLC0415 -- loaded, where it is

        job = Job()
        gone = before.peaks.keys() - after.peaks.keys()
        own = self._peaks.ledger.peaks
        months = [month for month, peak in own.items() if peak.source is Source.IMPORTED and month.isoformat() in gone]
        job.forgotten = (
            peaks_statistic_id(self._entry),
            [int(row_start(month).timestamp()) for month in months],
        )
        wanted = {target: series for target in layer.counters if (series := self._series(target, counter_of(target)))}
        job.seeds = {wanted[target].statistic_id: start for target, start in layer.seeds.items() if target in wanted}
        instance = get_instance(self._hass)
        found, _ = await instance.async_add_executor_job(read, instance, list(wanted.values()))
        await self._hass.async_add_executor_job(undo_rows, job, (before, after), wanted, found)
        return job
