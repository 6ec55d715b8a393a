"""The factors of the transformers that an industrial meter is behind."""

from typing import Final

from ..insight.industrial import CONF_CURRENT_FACTOR, CONF_VOLTAGE_FACTOR, NO_TRANSFORMERS
from .rows import Row, diagnostic_row

ROWS: Final[tuple[Row, ...]] = (
    diagnostic_row(
        "transformer_factor",
        exists_fn=lambda meter: meter.insights.factors != NO_TRANSFORMERS,
        value_fn=lambda meter: meter.insights.factors.power,
        attributes_fn=lambda meter: {
            CONF_CURRENT_FACTOR: float(meter.insights.factors.current),
            CONF_VOLTAGE_FACTOR: float(meter.insights.factors.voltage),
        },
        is_always_available=True,
    ),
)
