"""Binary sensors: whether the port works."""

from typing import Final, override

from homeassistant.components.binary_sensor import BinarySensorEntity, BinarySensorEntityDescription
from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import EmucsConfigEntry, MeterCoordinator
from .entity import EmucsEntity

PARALLEL_UPDATES = 0

LINK: Final = BinarySensorEntityDescription(
    key="link",
    translation_key="link",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
)


async def async_setup_entry(
    hass: HomeAssistant, entry: EmucsConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the binary sensors of a meter."""
    async_add_entities([LinkSensor(entry.runtime_data, LINK)])


class LinkSensor(EmucsEntity[MeterCoordinator], BinarySensorEntity):
    """Whether the port delivers valid telegrams: available also where it does not."""

    @property
    @override
    def available(self) -> bool:
        """Return that the answer is always known."""
        return True

    @override
    def _take_value(self) -> bool:
        """Take whether the latest telegram is a recent one."""
        before, self._attr_is_on = self._attr_is_on, self.coordinator.last_update_success
        return before is not self._attr_is_on
