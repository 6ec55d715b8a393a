"""Numbers: the peak that the user does not want to pass."""

from typing import Final, override

from homeassistant.components.number import NumberEntity, NumberEntityDescription, NumberMode
from homeassistant.components.number.const import NumberDeviceClass
from homeassistant.const import EntityCategory, UnitOfPower
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import EmucsConfigEntry, MeterCoordinator
from .entity import EmucsEntity
from .insight.demand import has_quarters

PARALLEL_UPDATES = 0

PEAK_TARGET: Final = NumberEntityDescription(
    key="peak_target",
    translation_key="peak_target",
    device_class=NumberDeviceClass.POWER,
    entity_category=EntityCategory.CONFIG,
    native_unit_of_measurement=UnitOfPower.KILO_WATT,
    native_min_value=0,
    native_max_value=10000,
    native_step=0.1,
    mode=NumberMode.BOX,
)


async def async_setup_entry(
    hass: HomeAssistant, entry: EmucsConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the target where quarters can be followed."""
    if has_quarters(entry.runtime_data.data):
        async_add_entities([PeakTarget(entry.runtime_data, PEAK_TARGET)])


class PeakTarget(EmucsEntity[MeterCoordinator], NumberEntity):
    """The user's own goal, and the target that follows from it, the floor and the month's peak."""

    @override
    def _take_value(self) -> bool:
        """Take the goal, and what it comes to."""
        before = (self._attr_native_value, getattr(self, "_attr_extra_state_attributes", None))
        capacity = self.coordinator.capacity
        self._attr_native_value = float(capacity.insight.settings.peak_target)
        target = None if capacity.state is None else float(round(capacity.state.effective_target, 3))
        self._attr_extra_state_attributes = {"effective_target": target}
        return before != (self._attr_native_value, self._attr_extra_state_attributes)

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Take a new goal; it holds from the next telegram on."""
        self.coordinator.capacity.async_set_goal(value)
        self._take_value()
        self.async_write_ha_state()
