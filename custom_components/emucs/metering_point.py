"""A metering point without a port: what the grid operator's exports say of it is all that is known."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorEntityDescription
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EntityCategory
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .devices import metering_point_device, with_name
from .exports import SECONDS, Layer

type PointConfigEntry = ConfigEntry[MeteringPointImports]

_DIGITS: Final = 17


def has_check_digit(ean: str) -> bool:
    """Tell whether the last of 18 digits is the check digit of GS1: the others count three times and once in turn."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(ean[:_DIGITS]))
    return int(ean[_DIGITS]) == -total % 10


def times_of(layers: Iterable[Layer]) -> tuple[datetime | None, datetime | None]:
    """Return the end of the last hour of imports, and when the latest one was made. Not for the event loop."""
    known = list(layers)
    last = max((span[1] for layer in known if (span := layer.span) is not None), default=None)
    times = (dt_util.parse_datetime(layer.created) for layer in known)
    until = None if last is None else dt_util.utc_from_timestamp((last + 1) * SECONDS)
    return until, max((time for time in times if time is not None), default=None)


class MeteringPointImports:
    """What was imported of a metering point."""

    def __init__(self) -> None:
        """Know of no import until the record of imports is read."""
        self.until: datetime | None = None
        """The end of the last hour that was imported."""
        self.latest: datetime | None = None
        """When something was imported last."""
        self._listeners: set[Callable[[], None]] = set()

    @callback
    def async_take(self, until: datetime | None, latest: datetime | None) -> None:
        """Take what is imported now."""
        self.until, self.latest = until, latest
        for update in self._listeners:
            update()

    @callback
    def async_listen(self, update: Callable[[], None]) -> CALLBACK_TYPE:
        """Call a function after each import and each undoing; return how to stop that."""
        self._listeners.add(update)

        @callback
        def stop() -> None:
            """Stop calling it."""
            self._listeners.discard(update)

        return stop


@dataclass(frozen=True, kw_only=True)
class PointSensorDescription(SensorEntityDescription):
    """A time of the imports."""

    value_fn: Callable[[MeteringPointImports], datetime | None]


SENSORS: Final = (
    PointSensorDescription(
        key="imported_until",
        translation_key="imported_until",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=lambda imports: imports.until,
    ),
    PointSensorDescription(
        key="last_import",
        translation_key="last_import",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda imports: imports.latest,
    ),
)


class MeteringPointSensor(SensorEntity):
    """A time of the imports of a metering point."""

    _attr_has_entity_name = True
    _attr_should_poll = False
    entity_description: PointSensorDescription

    def __init__(self, entry: PointConfigEntry, description: PointSensorDescription) -> None:
        """Take the entry."""
        self.entity_description = description
        self._imports = entry.runtime_data
        self._attr_unique_id = f"{entry.unique_id}_{description.key}"
        self._attr_device_info = dr.DeviceInfo(identifiers={(DOMAIN, entry.unique_id or entry.entry_id)})

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the imports."""
        self.async_on_remove(self._imports.async_listen(self.async_write_ha_state))

    @property
    @override
    def native_value(self) -> datetime | None:
        """Return the time."""
        return self.entity_description.value_fn(self._imports)


@callback
def async_add_sensors(entry: ConfigEntry[Any], async_add_entities: AddConfigEntryEntitiesCallback) -> None:
    """Add the sensors of a metering point."""
    async_add_entities(MeteringPointSensor(entry, description) for description in SENSORS)


@callback
def async_set_up_point(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Put a metering point into the device registry."""
    entry.runtime_data = MeteringPointImports()
    device = with_name(hass, entry, metering_point_device(entry.unique_id or entry.entry_id))
    dr.async_get(hass).async_get_or_create(config_entry_id=entry.entry_id, **device)
