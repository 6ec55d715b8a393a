"""Binary sensors: whether the port works, and whether a new peak is coming."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.binary_sensor import BinarySensorEntity, BinarySensorEntityDescription
from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import EmucsConfigEntry, MeterCoordinator
from .entity import EmucsEntity, EmucsPortEntity
from .insight.capacity import CapacityState
from .insight.demand import has_quarters

PARALLEL_UPDATES = 0

LINK: Final = BinarySensorEntityDescription(
    key="link",
    translation_key="link",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
)


@dataclass(frozen=True, kw_only=True)
class PeakSensorDescription(BinarySensorEntityDescription):
    """Whether a quarter is about to become too high."""

    is_on: Callable[[CapacityState], bool]


PEAK_SENSORS: Final = (
    PeakSensorDescription(
        key="peak_alarm",
        translation_key="peak_alarm",
        device_class=BinarySensorDeviceClass.PROBLEM,
        is_on=lambda state: state.alarm,
    ),
    PeakSensorDescription(
        key="peak_warning",
        translation_key="peak_warning",
        device_class=BinarySensorDeviceClass.PROBLEM,
        is_on=lambda state: state.warning,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: EmucsConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the binary sensors of a meter."""
    coordinator = entry.runtime_data
    entities: list[BinarySensorEntity] = [LinkSensor(coordinator, LINK)]
    if has_quarters(coordinator.data):
        entities += [PeakSensor(coordinator, description) for description in PEAK_SENSORS]
    async_add_entities(entities)


class LinkSensor(EmucsPortEntity, BinarySensorEntity):
    """Whether the port delivers valid telegrams."""

    @override
    def _take_value(self) -> bool:
        """Take whether the latest telegram is a recent one."""
        before, self._attr_is_on = self._attr_is_on, self.coordinator.last_update_success
        return before is not self._attr_is_on


class PeakSensor(EmucsEntity[MeterCoordinator], BinarySensorEntity):
    """Whether the forecast of the running quarter passes the target, or comes near it."""

    entity_description: PeakSensorDescription

    @override
    def _take_value(self) -> bool:
        """Take whether the alarm is on."""
        state = self.coordinator.capacity.state
        before, self._attr_is_on = self._attr_is_on, None if state is None else self.entity_description.is_on(state)
        return before is not self._attr_is_on
