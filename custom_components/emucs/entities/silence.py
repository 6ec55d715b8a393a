"""How reliably the port delivers."""

from typing import Final

from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.const import UnitOfTime

from ..coordinator import MeterCoordinator
from ..insight.silence import LongestSilence
from .rows import Row, Value, diagnostic_row


def _longest(meter: MeterCoordinator) -> Value:
    """Return the longest gap of today in seconds."""
    silence = meter.insights[LongestSilence].state
    return None if silence is None else int(silence.longest.total_seconds())


ROWS: Final[tuple[Row, ...]] = (
    diagnostic_row(
        "longest_silence",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        entity_registry_enabled_default=False,
        exists_fn=lambda meter: meter.telegram.time is not None,
        value_fn=_longest,
    ),
)
