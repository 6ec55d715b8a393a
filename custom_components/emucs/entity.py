"""What all entities share."""

from abc import abstractmethod
from typing import override

from homeassistant.core import callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import DOMAIN
from .coordinator import MbusCoordinator, MeterCoordinator
from .devices import mbus_meter_device


class EmucsEntity[CoordinatorT: MeterCoordinator | MbusCoordinator](CoordinatorEntity[CoordinatorT]):
    """An entity of a meter that tells Home Assistant only what has changed."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: CoordinatorT, description: EntityDescription) -> None:
        """Take the first value."""
        super().__init__(coordinator)
        self.entity_description = description
        self._attr_unique_id = f"{coordinator.identifier}_{description.key}"
        self._attr_device_info = _device_info(coordinator)
        self._was_available = coordinator.last_update_success
        self._take_value()

    @abstractmethod
    def _take_value(self) -> bool:
        """Take the value from the coordinator; tell whether it changed."""

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write the state if it changed."""
        available = self.available
        if self._take_value() or available is not self._was_available:
            self._was_available = available
            self.async_write_ha_state()


class EmucsPortEntity(EmucsEntity[MeterCoordinator]):
    """An entity of the port itself: available also where the port does not work, as that is when it is looked at."""

    @property
    @override
    def available(self) -> bool:
        """Return that the answer is always known."""
        return True


def _device_info(coordinator: MeterCoordinator | MbusCoordinator) -> DeviceInfo:
    """Return the device of a coordinator; the electricity meter's is in the registry already."""
    if isinstance(coordinator, MeterCoordinator):
        return DeviceInfo(identifiers={(DOMAIN, coordinator.identifier)})
    entry = coordinator.config_entry
    via_device_id = dr.async_get_device_id_by_identifier(
        coordinator.hass, (DOMAIN, entry.runtime_data.identifier), config_entry_id=entry.entry_id
    )
    return mbus_meter_device(coordinator.medium, coordinator.identifier, coordinator.data.id, via_device_id)
