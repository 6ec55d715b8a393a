"""Power factor and reactive energy at the connection to the grid, where the meter counts reactive energy."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import UnitOfReactiveEnergy

from ..coordinator import MeterCoordinator
from ..insight.peaks import month_at, month_begin
from ..insight.power_factor import Energies, PowerFactor, PowerFactorState, counters_of
from .rows import Row, SensorRow, Value, of_state, rounded

SERVICE: Final = "connection"
_DIGITS: Final = 3

type _Energies = Callable[[PowerFactorState], Energies | None]


def _counts(meter: MeterCoordinator) -> bool:
    """Tell whether a meter counts active and reactive energy, and says when."""
    return meter.telegram.time is not None and counters_of(meter.telegram) is not None


def _factor_row(key: str, energies: _Energies, **fields: Any) -> SensorRow:
    """Return the power factor of a time, with the energies that it follows from."""

    def value(state: PowerFactorState) -> Value:
        found = energies(state)
        factor = None if found is None else found.factor
        return None if factor is None else round(factor, _DIGITS)

    def attributes(meter: MeterCoordinator) -> dict[str, Any]:
        state = meter.insights[PowerFactor].state
        found = None if state is None else energies(state)
        return {
            "character": found and found.character,
            "active_energy": found and rounded(found.active),
            "inductive_energy": found and rounded(found.inductive),
            "capacitive_energy": found and rounded(found.capacitive),
        }

    return SensorRow(
        key=key,
        translation_key=key,
        device_class=SensorDeviceClass.POWER_FACTOR,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=_DIGITS,
        exists_fn=_counts,
        value_fn=of_state(PowerFactor, value),
        attributes_fn=attributes,
        **fields,
    )


def _beyond(meter: MeterCoordinator) -> tuple[Decimal, Decimal] | None:
    """Return the inductive and the capacitive energy of this month beyond the free share."""
    insight = meter.insights[PowerFactor]
    if insight.state is None or insight.settings is None:
        return None
    return insight.state.month.beyond(insight.settings)


def _excess(meter: MeterCoordinator) -> Value:
    """Return the inductive energy beyond the free share."""
    return None if (beyond := _beyond(meter)) is None else round(beyond[0], _DIGITS)


ROWS: Final[tuple[Row, ...]] = (
    _factor_row("power_factor_quarter", lambda state: state.quarter),
    _factor_row("power_factor_month", lambda state: state.month),
    SensorRow(
        key="reactive_excess",
        translation_key="reactive_excess",
        device_class=SensorDeviceClass.REACTIVE_ENERGY,
        state_class=SensorStateClass.TOTAL,
        native_unit_of_measurement=UnitOfReactiveEnergy.KILO_VOLT_AMPERE_REACTIVE_HOUR,
        suggested_display_precision=_DIGITS,
        exists_fn=lambda meter: meter.insights[PowerFactor].settings is not None and _counts(meter),
        value_fn=_excess,
        attributes_fn=lambda meter: {"capacitive": (beyond := _beyond(meter)) and rounded(beyond[1])},
        last_reset_fn=of_state(PowerFactor, lambda state: month_begin(month_at(state.since))),
    ),
)
