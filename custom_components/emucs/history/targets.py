"""What the imports of an entry are written to: statistics of its entities, and external ones for all else."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final, override

from homeassistant.components.sensor import DOMAIN as SENSOR
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util, slugify

from ..const import CONF_EAN, CONF_UPDATE_INTERVAL, DOMAIN
from ..coordinator import EmucsConfigEntry, MeterCoordinator
from ..exports import (
    SECONDS,
    CounterKey,
    ExportError,
    ExportUnit,
    FlowDirection,
    Known,
    Layer,
    Ledger,
    LiveMeter,
    Match,
    peaks_of,
)
from ..household_seed import async_seed_household
from ..insight.mbus import Medium
from ..kinds import EntryKind, kind_of
from ..metering_point import PointConfigEntry, times_of
from ..peak_statistics import statistic_id as peaks_statistic_id
from ..port import obis
from .external import What, async_series, external_key, known_of
from .month_peaks import async_imported_months, async_peaks_for, async_set_imported
from .parts import Export, Owner
from .plan import Peaks, Series

type Wanted = dict[str, tuple[Series, Known]]
"""What to import, by target."""
_EAN_LENGTH: Final = 18
# As much of the id of an entry as tells metering points apart.
_ID_LENGTH: Final = 8
_MEDIA: Final = (Medium.GAS, Medium.WATER)
# Seconds: the shortest update interval considered, and how often the electricity meter reads gas and water.
_CALM: Final = 36.0
_CAPTURE: Final = 300.0
_READ: Final = frozenset({ConfigEntryState.LOADED, ConfigEntryState.SETUP_IN_PROGRESS})


def key(medium: Medium, counter: CounterKey) -> str:
    """Return the key of the entity of a counter."""
    base = f"energy_{counter.direction}" if medium is Medium.ELECTRICITY else str(medium)
    return f"{base}_tariff_{counter.tariff}" if counter.tariff else base


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
"""All counters that entities can have, by their key, in display order."""
_ORDER: Final = list(_COUNTERS)


class Targets(ABC):
    """What the imports of an entry are written to, each target by a key that stays: a unique id."""

    @property
    @abstractmethod
    def timing(self) -> Mapping[ExportUnit, float]:
        """Return the share of an hour by which live values may be late."""

    @abstractmethod
    def owner(self, layers: Iterable[Layer]) -> Owner:
        """Return what the entry is known by in exports; ExportError while that is not known."""

    @abstractmethod
    def series(self, ledger: Ledger) -> dict[str, Series]:
        """Return the statistics of all targets that could have history."""

    @abstractmethod
    def wanted(self, export: Export, ledger: Ledger) -> tuple[Wanted, list[str]]:
        """Return what to import, and the keys of counters without an enabled entity."""

    def peaks(self, matches: tuple[Match, ...]) -> Peaks:
        """Return the month peaks of an export that are kept beside statistics."""
        return Peaks()

    def imported_months(self) -> Mapping[str, int]:
        """Return the month peaks that were imported, with the starts of their rows in `peaks_statistic`."""
        return {}

    @property
    def peaks_statistic(self) -> str | None:
        """Return the id of a statistic with the month peaks of live and imported months."""
        return None

    @abstractmethod
    async def async_take(self, layers: list[Layer]) -> None:
        """Show what the imports of the entry are now."""

    @abstractmethod
    def learn(self, matches: tuple[Match, ...] = (), *, anew: bool = False) -> None:
        """Learn from an export, or anew, as an import was undone."""


class MeterTargets(Targets):
    """Those of a meter that is read: its entities, and external statistics for what these do not have."""

    def __init__(self, hass: HomeAssistant, entry: EmucsConfigEntry) -> None:
        """Keep the entry."""
        self._hass = hass
        self._entry = entry

    @property
    @override
    def timing(self) -> Mapping[ExportUnit, float]:
        """Return how late live values may be, as entities do not show each of them."""
        interval = max(_CALM, float(self._entry.options.get(CONF_UPDATE_INTERVAL, 0)))
        return {
            ExportUnit.ENERGY: 2 * interval / SECONDS,
            ExportUnit.VOLUME: 2 * max(interval, _CAPTURE) / SECONDS,
        }

    @override
    def owner(self, layers: Iterable[Layer]) -> Owner:
        """Return the numbers and EANs of the meters; ExportError before the first telegram."""
        return Owner(
            entry_id=self._entry.entry_id,
            identifier=self._entry.unique_id or "",
            live=tuple(live_meters(self._entry.runtime_data)),
            eans={meter: ean for layer in layers for meter, ean in layer.eans.items()},
        )

    @override
    def series(self, ledger: Ledger) -> dict[str, Series]:
        """Return the statistics of all counters, and those of what no entity has."""
        entities = er.async_entries_for_config_entry(er.async_get(self._hass), self._entry.entry_id)
        found: dict[str, Series] = {}
        identifiers: set[str] = set()
        for entity in entities:
            names = (name for name in _COUNTERS if entity.domain == SENSOR and entity.unique_id.endswith(f"_{name}"))
            if name := max(names, key=len, default=None):
                found[entity.unique_id] = self._series(entity, _COUNTERS[name])
                identifiers.add(entity.unique_id.removesuffix(f"_{name}"))
        for identifier in identifiers:
            external = self._external(identifier)
            found = {f"{identifier}_{external_key(what)}": series for what, series in external.items()} | found
        return found

    @override
    def wanted(self, export: Export, ledger: Ledger) -> tuple[Wanted, list[str]]:
        """Return the counters that have an enabled entity, and all else that the export has of the meters."""
        registry = er.async_get(self._hass)
        wanted: Wanted = {}
        left_out: list[str] = []
        counters = (
            (key(each.meter.medium, counter), each, counter) for each in export.matches for counter in each.counters
        )
        for name, each, counter in sorted(counters, key=lambda counter: _ORDER.index(counter[0])):
            target = f"{each.meter.identifier}_{name}"
            entity_id = registry.async_get_entity_id(SENSOR, DOMAIN, target)
            entity = registry.async_get(entity_id) if entity_id else None
            if entity is None or entity.disabled:
                left_out.append(name)
            else:
                wanted[target] = self._series(entity, counter), each.counters[counter]
        for identifier, point in export.points.items():
            wanted |= _external(self._external(identifier), identifier, known_of(point, point.medium, dt_util.utcnow()))
        return wanted, left_out

    @override
    def peaks(self, matches: tuple[Match, ...]) -> Peaks:
        """Return the month peaks for the capacity tariff."""
        return async_peaks_for(self._entry.runtime_data, matches)

    @override
    def imported_months(self) -> Mapping[str, int]:
        """Return the imported months of the capacity tariff."""
        return async_imported_months(self._entry.runtime_data)

    @property
    @override
    def peaks_statistic(self) -> str | None:
        """Return the id of the statistic of the capacity tariff."""
        return peaks_statistic_id(self._entry)

    @override
    async def async_take(self, layers: list[Layer]) -> None:
        """Give imported month peaks to the capacity tariff; one not restored yet asks for them later."""
        coordinator: MeterCoordinator | None = getattr(self._entry, "runtime_data", None)
        if self._entry.state in _READ and coordinator is not None and hasattr(coordinator, "insights"):
            async_set_imported(coordinator, peaks_of(layers))

    @override
    def learn(self, matches: tuple[Match, ...] = (), *, anew: bool = False) -> None:
        """Let the forecast learn from the quarter-hours of an export."""
        async_seed_household(self._hass, self._entry, matches, anew=anew)

    def _external(self, identifier: str) -> dict[What, Series]:
        """Return the external statistics of a meter."""
        return async_series(self._hass, f"{DOMAIN}:{slugify(identifier)}", self._entry.title)

    def _series(self, entity: er.RegistryEntry, counter: CounterKey) -> Series:
        """Return the statistics of an entity."""
        state = self._hass.states.get(entity.entity_id)
        unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT) if state else None
        value = None
        with suppress(ValueError):
            value = None if state is None else float(state.state)
        return Series(entity.entity_id, counter.unit, unit or entity.unit_of_measurement or counter.unit, value)


class PointTargets(Targets):
    """Those of a metering point without a port: external statistics alone."""

    timing: Mapping[ExportUnit, float] = {}

    def __init__(self, hass: HomeAssistant, entry: PointConfigEntry) -> None:
        """Keep the entry."""
        self._hass = hass
        self._entry = entry

    @override
    def owner(self, layers: Iterable[Layer]) -> Owner:
        """Return the EAN."""
        return Owner(entry_id=self._entry.entry_id, identifier=self._identifier, ean=self._entry.data[CONF_EAN])

    @override
    def series(self, ledger: Ledger) -> dict[str, Series]:
        """Return all statistics that exports can have."""
        return {f"{self._identifier}_{external_key(what)}": each for what, each in self._external(ledger).items()}

    @override
    def wanted(self, export: Export, ledger: Ledger) -> tuple[Wanted, list[str]]:
        """Return all that the export has of the metering point."""
        known = known_of(export.points[self._identifier], None, dt_util.utcnow())
        return _external(self._external(ledger), self._identifier, known), []

    @override
    async def async_take(self, layers: list[Layer]) -> None:
        """Show until when there are imports."""
        if self._entry.state in _READ:
            imports = self._entry.runtime_data
            imports.async_take(*await self._hass.async_add_executor_job(times_of, layers))

    @override
    def learn(self, matches: tuple[Match, ...] = (), *, anew: bool = False) -> None:
        """Learn nothing: there is no forecast."""

    @property
    def _identifier(self) -> str:
        """Return what the metering point is known by."""
        identifier: str = self._entry.unique_id or self._entry.entry_id
        return identifier

    def _external(self, ledger: Ledger) -> dict[What, Series]:
        """Return the statistics, with the ids that they had when the metering point was set up before."""
        ids = {
            target: location.statistic_id
            for layer in ledger.of(self._entry.entry_id, self._identifier)
            for target, location in layer.locations.items()
        }
        prefix = f"{DOMAIN}:point_{self._entry.entry_id[-_ID_LENGTH:].lower()}"
        series = async_series(self._hass, prefix, self._entry.title)
        return {
            what: replace(each, statistic_id=ids.get(f"{self._identifier}_{external_key(what)}", each.statistic_id))
            for what, each in series.items()
        }


def targets_of(hass: HomeAssistant, entry: ConfigEntry[Any]) -> Targets:
    """Return what the imports of an entry are written to."""
    is_point = kind_of(entry) is EntryKind.METERING_POINT
    return PointTargets(hass, entry) if is_point else MeterTargets(hass, entry)


def _external(series: Mapping[What, Series], identifier: str, known: Mapping[What, Known]) -> Wanted:
    """Return what to import into external statistics."""
    return {f"{identifier}_{external_key(what)}": (series[what], each) for what, each in known.items()}


def live_meters(coordinator: MeterCoordinator) -> list[LiveMeter]:
    """Return the meters of an entry that exports can name; ExportError before the first telegram."""
    if coordinator.data is None:
        raise ExportError("not_read")
    telegram = coordinator.telegram
    registers = telegram.registers

    def ean(code: str) -> str | None:
        """Return the EAN in a register."""
        register = registers.get(code)
        text = "" if register is None or register.value is None else str(register.value)
        return text if len(text) == _EAN_LENGTH and text.isdecimal() else None

    meters = [LiveMeter(coordinator.identifier, Medium.ELECTRICITY, telegram.meter_id, ean(obis.EAN))]
    for identifier, meter in coordinator.insights.mbus.items():
        if meter.medium in _MEDIA:
            channels = (number for number, channel in telegram.channels.items() if channel.id == meter.channel.id)
            number = next(channels, 0)
            meters.append(LiveMeter(identifier, meter.medium, meter.channel.id, ean(f"0-{number}:96.1.2")))
    return meters
