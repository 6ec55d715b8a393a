"""The connection to the grid: what is left of it, and what a charger may take."""

from collections.abc import Callable, Iterator
from functools import partial
from math import floor
from typing import Any, Final

from homeassistant.components.binary_sensor import BinarySensorDeviceClass
from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import UnitOfApparentPower, UnitOfElectricCurrent, UnitOfRatio
from homeassistant.util import dt as dt_util

from ..coordinator import MeterCoordinator
from ..insight.apparent import ApparentPeak
from ..insight.connection import Connection, ConnectionState
from ..insight.demand import has_quarters
from ..port import obis
from .rows import BinarySensorRow, Of, Row, SensorRow, Value, of_state

SERVICE: Final = "connection"
_PHASES: Final = tuple(obis.PHASE_GROUP)


def _state(meter: MeterCoordinator) -> ConnectionState | None:
    """Return what is known of the connection."""
    return meter.insights[Connection].state


def _is_rated(meter: MeterCoordinator) -> bool:
    """Tell whether currents can be compared with what the connection may carry, which is never guessed."""
    state = _state(meter)
    return state is not None and state.rating is not None


def _is_timed(meter: MeterCoordinator) -> bool:
    """Tell whether it can be followed over time, too."""
    return _is_rated(meter) and has_quarters(meter.telegram)


def _is_phase_of(exists: Of[bool], phase: int, meter: MeterCoordinator) -> bool:
    """Tell whether a phase is one of several with a current."""
    state = _state(meter)
    currents = [] if state is None else [current is not None for current in state.currents]
    return exists(meter) and sum(currents) > 1 and currents[phase]


def _has_apparent_power(meter: MeterCoordinator) -> bool:
    """Tell whether apparent power can be followed: the meter prints currents and voltages, and its time."""
    registers = meter.telegram.registers
    return has_quarters(meter.telegram) and obis.current("l1") in registers and obis.voltage("l1") in registers


def _rounded(value: float | None) -> float | None:
    """Return a current with the digits that meters print."""
    return None if value is None else round(value, 2)


def _allowed(value: float | None) -> float | None:
    """Return a current with one digit, and no more than it is."""
    return None if value is None else floor(value * 10) / 10


def _headroom_of_phase(phase: int) -> Of[Value]:
    """Return what is left of a phase."""

    def headroom(state: ConnectionState) -> float | None:
        current = state.currents[phase]
        return None if current is None or state.rating is None else _rounded(state.rating - current)

    return of_state(Connection, headroom)


def _current_row(key: str, exists: Of[bool], value: Of[Value], phase: int | None = None, **fields: Any) -> SensorRow:
    """Return a current that is left, of all phases or of one."""
    name = None if phase is None else _PHASES[phase]
    return SensorRow(
        key=key if name is None else f"{key}_{name}",
        translation_key=key if name is None else f"{key}_phase",
        translation_placeholders=None if name is None else {"phase": name.upper()},
        device_class=SensorDeviceClass.CURRENT,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfElectricCurrent.AMPERE,
        suggested_display_precision=1,
        entity_registry_enabled_default=phase is None,
        exists_fn=exists if phase is None else partial(_is_phase_of, exists, phase),
        value_fn=value,
        **fields,
    )


def _rows_of_phase(phase: int) -> Iterator[Row]:
    """Yield what is left of a phase."""
    yield _current_row("headroom", _is_rated, _headroom_of_phase(phase), phase)
    yield _current_row(
        "available_current", _is_timed, of_state(Connection, lambda state: _allowed(state.available[phase])), phase
    )


_bound: Final = of_state(Connection, lambda state: state.bound)


def _alarm_row(key: str, is_on: Callable[[ConnectionState], bool | None]) -> BinarySensorRow:
    """Return whether the main breaker is too warm."""
    return BinarySensorRow(
        key=key,
        translation_key=key,
        device_class=BinarySensorDeviceClass.PROBLEM,
        exists_fn=_is_timed,
        is_on_fn=of_state(Connection, is_on),
    )


def _peak_attributes(meter: MeterCoordinator) -> dict[str, Any]:
    """Return when the quarter was, the highest minute, and what the connection carries, which it compares with."""
    state = _state(meter)
    quarter, minute, power = (None, None, None) if state is None else (state.peak, state.minute_peak, state.power)
    return {
        "time": _time(quarter),
        "minute_peak": None if minute is None else round(minute.value, 2),
        "minute_peak_time": _time(minute),
        "connection_power": None if power is None else round(power, 1),
    }


def _time(peak: ApparentPeak | None) -> str | None:
    """Return when a peak was, in local time."""
    return None if peak is None else dt_util.as_local(peak.time).isoformat()


ROWS: Final[tuple[Row, ...]] = (
    _current_row("headroom", _is_rated, of_state(Connection, lambda state: _rounded(state.headroom))),
    SensorRow(
        key="connection_load",
        translation_key="connection_load",
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        suggested_display_precision=0,
        exists_fn=_is_rated,
        value_fn=of_state(Connection, lambda state: None if state.load is None else round(state.load, 1)),
    ),
    _current_row(
        "available_current",
        _is_timed,
        of_state(Connection, lambda state: _allowed(state.available_current)),
        attributes_fn=lambda meter: {"limited_by": _bound(meter)},
    ),
    *(row for phase in range(len(_PHASES)) for row in _rows_of_phase(phase)),
    SensorRow(
        key="apparent_peak",
        translation_key="apparent_peak",
        device_class=SensorDeviceClass.APPARENT_POWER,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfApparentPower.KILO_VOLT_AMPERE,
        suggested_display_precision=2,
        exists_fn=_has_apparent_power,
        value_fn=of_state(Connection, lambda state: None if state.peak is None else round(state.peak.value, 2)),
        attributes_fn=_peak_attributes,
    ),
    _alarm_row("overload_warning", lambda state: state.warning),
    _alarm_row("overload_alarm", lambda state: state.alarm),
)
