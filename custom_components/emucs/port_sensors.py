"""The table of sensors that show how the port does: diagnostic, and off until somebody looks for a fault."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from homeassistant.components.sensor import SensorDeviceClass, SensorEntityDescription, SensorStateClass
from homeassistant.const import EntityCategory, UnitOfInformation

from .coordinator import MeterCoordinator
from .port import Drop, PortError


@dataclass(frozen=True, kw_only=True)
class PortSensorDescription(SensorEntityDescription):
    """A sensor of the port, which there always is."""

    value: Callable[[MeterCoordinator], int | str | None]


def _reasons(error: type[PortError]) -> Iterator[str]:
    """Yield the reasons why a port can fail."""
    if "reason" in vars(error):
        yield error.reason
    for derived in error.__subclasses__():
        yield from _reasons(derived)


def _count(key: str, value: Callable[[MeterCoordinator], int], unit: str | None = None) -> PortSensorDescription:
    """Return a count since the entry was loaded."""
    return PortSensorDescription(
        key=key,
        translation_key=key,
        state_class=SensorStateClass.TOTAL_INCREASING,
        native_unit_of_measurement=unit,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=value,
    )


PORT_SENSORS: Final = (
    PortSensorDescription(
        key="telegrams_per_minute",
        translation_key="telegrams_per_minute",
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda meter: meter.watch.health.telegrams_per_minute,
    ),
    _count("checksum_errors", lambda meter: meter.link.reader.dropped[Drop.CHECKSUM]),
    _count("reconnects", lambda meter: max(0, meter.link.connections - 1)),
    _count("dropped_bytes", lambda meter: meter.link.reader.dropped[Drop.GARBAGE], UnitOfInformation.BYTES),
    PortSensorDescription(
        key="last_failure",
        translation_key="last_failure",
        device_class=SensorDeviceClass.ENUM,
        options=sorted(set(_reasons(PortError))),
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda meter: meter.watch.health.last_failure,
    ),
)
