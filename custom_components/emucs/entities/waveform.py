"""What the samples of the S1 port show of the grid: its frequency and harmonics, disturbances, steps of the load."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import EntityCategory, UnitOfFrequency, UnitOfRatio
from homeassistant.util import dt as dt_util

from ..coordinator import MeterCoordinator
from ..port import obis
from ..samples import samples_of
from ..significance import Step
from .rows import EventRow, Happening, Of, Row, SensorRow, Value

if TYPE_CHECKING:
    from ..insight.waveform import WaveformState
    from ..samples_worker import Measured

SERVICE: Final = "connection"
# As `waveform_events.DisturbanceType` and `waveform.Rotation` have them, which only those with samples load.
DISTURBANCES: Final = ["dip", "swell", "interruption"]
ROTATIONS: Final = ["clockwise", "counterclockwise"]
LOAD_STEPS: Final = ["on", "off"]
_FREQUENCY: Final = "1-0:14.7.0"
_SHARE_STEP: Final = Step(Decimal("0.5"))
_PACE: Final = 300.0


def _has_samples(meter: MeterCoordinator) -> bool:
    """Tell whether the meter's S1 port is read."""
    return samples_of(meter) is not None


def _measured(meter: MeterCoordinator) -> Measured | None:
    """Return what the latest samples came to."""
    return None if (samples := samples_of(meter)) is None else samples.data


def _of_state(function: Callable[[WaveformState], Value]) -> Of[Value]:
    """Return what a function makes of the latest ten periods."""

    def value(meter: MeterCoordinator) -> Value:
        measured = _measured(meter)
        return None if measured is None or measured.state is None else function(measured.state)

    return value


def _rounded(value: float | None, digits: int) -> float | None:
    """Return a number with the digits that mean something."""
    return None if value is None else round(value, digits)


def _distortion(phase: str, state: WaveformState) -> Value:
    """Return the distortion of the voltage of a phase."""
    found = state.phases.get(phase)
    return None if found is None else _rounded(found.voltage_thd, 2)


def _share_row(key: str, value: Of[Value], **fields: Any) -> SensorRow:
    """Return a share that is looked at when something is wrong."""
    return SensorRow(
        key=key,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        suggested_display_precision=1,
        entity_registry_enabled_default=False,
        exists_fn=_has_samples,
        needs_value=True,
        is_of_samples=True,
        step=_SHARE_STEP,
        pace=_PACE,
        value_fn=value,
        **fields,
    )


def _distortion_row(phase: str) -> SensorRow:
    """Return the distortion of the voltage of a phase."""
    return _share_row(
        f"thd_voltage_{phase}",
        _of_state(partial(_distortion, phase)),
        translation_key="thd_voltage_phase",
        translation_placeholders={"phase": phase.upper()},
    )


def _disturbances(meter: MeterCoordinator) -> Iterator[Happening]:
    """Yield what happened to the voltage."""
    measured = _measured(meter)
    for each in measured.disturbances if measured is not None else ():
        yield Happening(
            str(each.type),
            {
                "phase": ", ".join(phase.upper() for phase in each.phases),
                "value": round(each.value, 1),
                "deviation": round(each.deviation, 1),
                "duration": round(each.duration, 3),
                "time": dt_util.as_local(each.begin).isoformat(),
                "over": each.is_over,
            },
        )


def _load_steps(meter: MeterCoordinator) -> Iterator[Happening]:
    """Yield what was switched."""
    measured = _measured(meter)
    for each in measured.load_steps if measured is not None else ():
        yield Happening(
            "on" if each.is_on else "off",
            {
                "phase": each.phase and each.phase.upper(),
                "watts": round(each.watts),
                "vars": round(each.vars),
                "time": dt_util.as_local(each.time).isoformat(),
            },
        )


def _event_row(key: str, types: list[str], events: Of[Iterator[Happening]], **fields: Any) -> EventRow:
    """Return what happens in the samples."""
    return EventRow(
        key=key,
        translation_key=key,
        event_types=types,
        exists_fn=_has_samples,
        is_of_samples=True,
        events_fn=events,
        **fields,
    )


ROWS: Final[tuple[Row, ...]] = (
    SensorRow(
        key="frequency",
        translation_key="frequency",
        translation_placeholders={"where": ""},
        device_class=SensorDeviceClass.FREQUENCY,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfFrequency.HERTZ,
        suggested_display_precision=2,
        # A meter that prints it too has an entity of that.
        exists_fn=lambda meter: _has_samples(meter) and _FREQUENCY not in meter.telegram.registers,
        needs_value=True,
        is_of_samples=True,
        value_fn=_of_state(lambda state: round(state.frequency, 3)),
    ),
    *map(_distortion_row, obis.PHASE_GROUP),
    _share_row("unbalance", _of_state(lambda state: _rounded(state.unbalance, 2)), translation_key="unbalance"),
    SensorRow(
        key="rotation",
        translation_key="rotation",
        device_class=SensorDeviceClass.ENUM,
        options=ROTATIONS,
        entity_registry_enabled_default=False,
        exists_fn=_has_samples,
        needs_value=True,
        is_of_samples=True,
        value_fn=_of_state(lambda state: state.rotation),
    ),
    SensorRow(
        key="samples_lost",
        translation_key="samples_lost",
        state_class=SensorStateClass.TOTAL_INCREASING,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        exists_fn=_has_samples,
        is_of_samples=True,
        value_fn=lambda meter: None if (measured := _measured(meter)) is None else measured.lost,
    ),
    _event_row("waveform", DISTURBANCES, _disturbances),
    _event_row("load_step", LOAD_STEPS, _load_steps, entity_registry_enabled_default=False),
)
