"""What all entities share, and the one way in which they come to be."""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, override

from homeassistant.core import callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import DOMAIN
from .coordinator import EmucsConfigEntry, MeterCoordinator
from .devices import mbus_meter_device, service_device, with_name
from .entities import rows_of
from .entities.rows import Row
from .updates import PacedCoordinator


@callback
def async_add_when_present[RowT: Row](
    entry: EmucsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    kind: type[RowT],
    make: Callable[[MeterCoordinator, RowT], Entity],
) -> None:
    """Add an entity for each row of a kind as soon as it exists, now and later, each once."""
    coordinator = entry.runtime_data
    added: set[str] = set()

    def exists(row: RowT) -> bool:
        """Tell whether a row exists on this meter, or did once where one value is enough."""
        return row.exists(coordinator) or (row.needs_value and _was_registered(coordinator, row))

    @callback
    def add_new() -> None:
        """Add the entities that are not there yet."""
        if coordinator.data is None:
            return
        new = {
            unique_id: row
            for row in rows_of(coordinator, kind)
            if (unique_id := row.unique_id(coordinator)) not in added and exists(row)
        }
        added.update(new)
        if new:
            async_add_entities(make(coordinator, row) for row in new.values())

    entry.async_on_unload(coordinator.async_on_new(add_new))
    add_new()


def _was_registered(coordinator: MeterCoordinator, row: Row) -> bool:
    """Tell whether an entity of this row is in the registry."""
    unique_id = row.unique_id(coordinator)
    return er.async_get(coordinator.hass).async_get_entity_id(row.platform, DOMAIN, unique_id) is not None


class EmucsEntity[RowT: Row](CoordinatorEntity[PacedCoordinator[Any]]):
    """An entity of a row, that tells Home Assistant only what has changed.

    The coordinator is that of the port that its row is of, and tells the entity when to look; rows ask the meter.
    """

    _attr_has_entity_name = True
    entity_description: RowT

    def __init__(self, meter: MeterCoordinator, row: RowT) -> None:
        """Take the first value."""
        super().__init__(row.port(meter))
        self.meter = meter
        self.entity_description = row
        self._attr_unique_id = row.unique_id(meter)
        self._attr_device_info = _device_info(meter, row)
        self._was_available = self.available
        self._take_value()

    @abstractmethod
    def _take_value(self) -> bool:
        """Take the value from the coordinator; tell whether it changed."""

    def _take_worthwhile(self) -> bool:
        """Take the value if it is worth showing now; tell whether it is. Each change is, unless a row says more."""
        return self._take_value()

    @property
    @override
    def available(self) -> bool:
        """Return whether the value is one of now."""
        row = self.entity_description
        # Asked of each entity with each telegram.
        return row.is_always_available or (
            self.coordinator.last_update_success and (row.mbus is None or row.is_present(self.meter))
        )

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write the state if it changed."""
        available = self.available
        if available is not self._was_available:
            self._was_available = available
            self._take_value()
        elif not self._take_worthwhile():
            return
        self.async_write_ha_state()


def _device_info(coordinator: MeterCoordinator, row: Row) -> DeviceInfo:
    """Return the device of a row; the electricity meter's is in the registry already."""
    identifier, meter_identifier = row.device_identifier(coordinator), coordinator.identifier
    if identifier == meter_identifier:
        return DeviceInfo(identifiers={(DOMAIN, identifier)})
    via_device_id = dr.async_get_device_id_by_identifier(
        coordinator.hass, (DOMAIN, meter_identifier), config_entry_id=coordinator.config_entry.entry_id
    )
    if row.service is not None:
        device = service_device(meter_identifier, row.service, via_device_id)
    else:
        meter = coordinator.insights.mbus[identifier]
        device = mbus_meter_device(meter.medium, identifier, meter.channel.id, via_device_id)
    return with_name(coordinator.hass, coordinator.config_entry, device)
