"""Rows of the port: its connection, and diagnostics that are off until somebody looks for a fault."""

from collections.abc import Iterator
from typing import Any, Final

from homeassistant.components.binary_sensor import BinarySensorDeviceClass
from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import EntityCategory, UnitOfInformation

from ..port import Drop, PortError
from .rows import BinarySensorRow, Of, Row, SensorRow, Value, diagnostic_row


def _reasons(error: type[PortError]) -> Iterator[str]:
    """Yield the reasons why a port can fail."""
    if "reason" in vars(error):
        yield error.reason
    for derived in error.__subclasses__():
        yield from _reasons(derived)


def _port(key: str, value_fn: Of[Value], **fields: Any) -> SensorRow:
    """Return the row of a diagnostic of the port."""
    return diagnostic_row(
        key,
        entity_registry_enabled_default=False,
        is_always_available=True,
        value_fn=value_fn,
        **fields,
    )


def _count(key: str, value_fn: Of[Value], unit: str | None = None) -> SensorRow:
    """Return the row of a count since the entry was loaded."""
    return _port(key, value_fn, state_class=SensorStateClass.TOTAL_INCREASING, native_unit_of_measurement=unit)


ROWS: Final[tuple[Row, ...]] = (
    BinarySensorRow(
        key="link",
        translation_key="link",
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        entity_category=EntityCategory.DIAGNOSTIC,
        is_always_available=True,
        is_on_fn=lambda meter: meter.last_update_success,
    ),
    _port(
        "telegrams_per_minute",
        lambda meter: meter.watch.health.telegrams_per_minute,
        state_class=SensorStateClass.MEASUREMENT,
    ),
    _count("checksum_errors", lambda meter: meter.link.reader.dropped[Drop.CHECKSUM]),
    _count("reconnects", lambda meter: max(0, meter.link.connections - 1)),
    _count("dropped_bytes", lambda meter: meter.link.reader.dropped[Drop.GARBAGE], UnitOfInformation.BYTES),
    _port(
        "last_failure",
        lambda meter: meter.watch.health.last_failure,
        device_class=SensorDeviceClass.ENUM,
        options=sorted(set(_reasons(PortError))),
    ),
)
