"""The capacity tariff: the running quarter-hour, the month peaks, and what they cost."""

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from homeassistant.components.binary_sensor import BinarySensorDeviceClass
from homeassistant.components.number import NumberMode
from homeassistant.components.number.const import NumberDeviceClass
from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import CURRENCY_EURO, EntityCategory, Platform, UnitOfPower
from homeassistant.util import dt as dt_util

from ..coordinator import MeterCoordinator
from ..insight.capacity import CONF_PEAK_TARGET, SECTION_CAPACITY, Capacity, CapacityState
from ..insight.demand import QUARTER, has_quarters
from ..insight.electricity import in_unit
from ..insight.peaks import PeakAverage
from ..insight.tariff import Cost
from ..kinds import EntryKind, kind_of
from ..port import obis
from .group import peak_shares
from .rows import (
    BinarySensorRow,
    EventRow,
    Happening,
    NumberRow,
    Of,
    Row,
    SensorRow,
    TextRow,
    Value,
    demand_row,
    entity_of,
    of_state,
    rounded,
)

KINDS: Final = (EntryKind.METER, EntryKind.GROUP)
SERVICE: Final = "capacity"
NEW_MONTH_PEAK: Final = "new_month_peak"
QUARTER_CLOSED: Final = "quarter_closed"


def _has_quarters(meter: MeterCoordinator) -> bool:
    """Tell whether quarters can be followed: the meter prints its time and what it imports."""
    return has_quarters(meter.telegram)


def _bills_peaks(meter: MeterCoordinator) -> bool:
    """Tell whether month peaks are billed where the meter is."""
    return has_quarters(meter.telegram) and meter.insights[Capacity].billed.tariff is not None


_effective_target: Final = of_state(Capacity, lambda state: state.effective_target)


def _quarter_row(key: str, value: Of[Decimal | None], attributes: Of[dict[str, Any]], **fields: Any) -> SensorRow:
    """Return a power that follows from quarters: in kW, as bills give it."""

    def to_the_watt(meter: MeterCoordinator) -> Decimal | None:
        number = value(meter)
        return None if number is None else round(number, 3)

    return demand_row(key, exists_fn=_has_quarters, value_fn=to_the_watt, attributes_fn=attributes, **fields)


def _forecast_attributes(state: CapacityState | None) -> dict[str, Any]:
    """Return what a forecast goes out from, until when it is, and how certain it is."""
    if state is None:
        return {}
    demand = state.demand
    return {
        "so_far": rounded(demand.so_far),
        "quarter_end": (demand.start + QUARTER).isoformat(),
        "estimated": demand.estimated,
        "coverage": float(round(demand.coverage, 2)),
    }


def _budget_attributes(meter: MeterCoordinator) -> dict[str, Any]:
    """Return the target in kW, and where automations find what belongs to it, whatever users named it."""
    return {
        "target": rounded(_effective_target(meter)),
        "alarm_entity": entity_of(meter, Platform.BINARY_SENSOR, "peak_alarm"),
        "power_entity": entity_of(meter, Platform.SENSOR, "power"),
    }


def _average(average: PeakAverage | None) -> Decimal | None:
    """Return the value of a mean."""
    return None if average is None else average.value


def _average_attributes(average: PeakAverage | None) -> dict[str, Any]:
    """Return from how many months a mean is known."""
    return {"known_months": 0 if average is None else average.months}


def _keeps(code: str) -> Of[bool]:
    """Tell whether the meter prints a register of quarters; a group has no meter that would."""
    return lambda meter: code in meter.telegram.registers or kind_of(meter.config_entry) is EntryKind.GROUP


def _demand(meter: MeterCoordinator) -> Value:
    """Return the demand so far as the meter prints it, or as it is of a group."""
    if kind_of(meter.config_entry) is not EntryKind.GROUP:
        register = meter.telegram.registers.get(obis.DEMAND)
        return None if register is None else in_unit(register, UnitOfPower.KILO_WATT)
    state = meter.insights[Capacity].state
    return None if state is None else round(state.demand.so_far, 3)


def _month_peak(meter: MeterCoordinator) -> Value:
    """Return the running month's peak; for a while after midnight of the 1st the meter still shows the last month's."""
    ledger = meter.insights[Capacity].ledger
    if ledger.month is None:
        # A meter that prints no time.
        return in_unit(meter.telegram.registers.get(obis.MONTH_PEAK), UnitOfPower.KILO_WATT)
    return ledger.running.value if ledger.running else None


def _month_peak_time(meter: MeterCoordinator) -> Value:
    """Return when the quarter of the running month's peak ended."""
    peak = meter.insights[Capacity].ledger.running
    return None if peak is None else peak.time


def _of_cost(function: Callable[[Cost], Decimal]) -> Of[Value]:
    """Return an amount of money, to the cent."""

    def value(meter: MeterCoordinator) -> Value:
        cost = meter.insights[Capacity].billed.cost
        return None if cost is None else round(function(cost), 2)

    return value


def _cost_attributes(meter: MeterCoordinator) -> dict[str, Any]:
    """Return which rates a cost rests on."""
    billed = meter.insights[Capacity].billed
    return {
        "tariff_year": billed.tariff.year if billed.tariff else None,
        "maximum_tariff_applies": billed.cost.maximum_applies if billed.cost else None,
    }


def _cost_row(key: str, function: Callable[[Cost], Decimal]) -> SensorRow:
    """Return a cost of the capacity tariff."""
    return SensorRow(
        key=key,
        translation_key=key,
        device_class=SensorDeviceClass.MONETARY,
        state_class=SensorStateClass.TOTAL,
        native_unit_of_measurement=CURRENCY_EURO,
        suggested_display_precision=2,
        exists_fn=_bills_peaks,
        value_fn=_of_cost(function),
        attributes_fn=_cost_attributes,
    )


def _alarm_row(key: str, is_on: Callable[[CapacityState], bool]) -> BinarySensorRow:
    """Return whether the forecast of the running quarter passes a limit."""
    return BinarySensorRow(
        key=key,
        translation_key=key,
        device_class=BinarySensorDeviceClass.PROBLEM,
        exists_fn=_has_quarters,
        is_on_fn=of_state(Capacity, is_on),
    )


def _events(meter: MeterCoordinator) -> Iterator[Happening]:
    """Yield the quarter that the latest telegram ended, and the month's peak where it is a new one."""
    capacity = meter.insights[Capacity]
    if (state := capacity.state) is None:
        return
    if (closed := state.closed) is not None:
        seen = {"coverage": float(round(closed.coverage, 2)), "estimated": closed.estimated}
        yield _happening(capacity, QUARTER_CLOSED, closed.value, closed.end, **seen)
    if (peak := state.new_peak) is not None and peak.time is not None:
        yield _happening(capacity, NEW_MONTH_PEAK, peak.value, peak.time)


def _happening(capacity: Capacity, event_type: str, value: Decimal, time: datetime, **more: Any) -> Happening:
    """Return an event of a quarter: its value in kW, when it ended, and its rank among the month peaks."""
    attributes = {
        "value": rounded(value),
        "time": dt_util.as_local(time).isoformat(),
        "rank": capacity.ledger.rank(value),
    }
    return Happening(event_type, attributes | more)


def _set_peak_target(meter: MeterCoordinator, target: float) -> None:
    """Take and keep the user's target in kW; everything else goes on."""
    meter.async_set_option(SECTION_CAPACITY, CONF_PEAK_TARGET, target)


def _note_off_for_peak(meter: MeterCoordinator, text: str) -> None:
    """Take and keep what is switched off for the peak."""
    meter.insights[Capacity].off_for_peak = text
    meter.async_changed()


ROWS: Final[tuple[Row, ...]] = (
    demand_row("demand", codes=(obis.DEMAND,), exists_fn=_keeps(obis.DEMAND), value_fn=_demand),
    demand_row(
        "month_peak",
        codes=(obis.MONTH_PEAK,),
        exists_fn=_keeps(obis.MONTH_PEAK),
        value_fn=_month_peak,
        attributes_fn=peak_shares,
    ),
    SensorRow(
        key="month_peak_time",
        translation_key="month_peak_time",
        device_class=SensorDeviceClass.TIMESTAMP,
        codes=(obis.MONTH_PEAK,),
        exists_fn=_keeps(obis.MONTH_PEAK),
        value_fn=_month_peak_time,
    ),
    _quarter_row(
        "demand_forecast",
        of_state(Capacity, lambda state: state.demand.forecast),
        lambda meter: _forecast_attributes(meter.insights[Capacity].state),
    ),
    _quarter_row(
        "demand_budget",
        of_state(Capacity, lambda state: state.budget),
        _budget_attributes,
        shows_attributes=True,
    ),
    demand_row("effective_target", exists_fn=_has_quarters, value_fn=_effective_target),
    _quarter_row(
        "peak_average",
        lambda meter: _average(meter.insights[Capacity].billed.average),
        lambda meter: _average_attributes(meter.insights[Capacity].billed.average),
    ),
    _quarter_row(
        "peak_average_forecast",
        lambda meter: _average(meter.insights[Capacity].billed.average_forecast),
        lambda meter: (
            _average_attributes(meter.insights[Capacity].billed.average_forecast)
            | {"as_it_stands": rounded(_average(meter.insights[Capacity].billed.average_as_it_stands))}
        ),
    ),
    _cost_row("capacity_cost", lambda cost: cost.year),
    _cost_row("capacity_cost_month", lambda cost: cost.month),
    SensorRow(
        key="peak_kw_price",
        translation_key="peak_kw_price",
        native_unit_of_measurement=f"{CURRENCY_EURO}/{UnitOfPower.KILO_WATT}",
        suggested_display_precision=2,
        exists_fn=_bills_peaks,
        value_fn=_of_cost(lambda cost: cost.peak_kw),
    ),
    _alarm_row("peak_alarm", lambda state: state.alarm),
    _alarm_row("peak_warning", lambda state: state.warning),
    NumberRow(
        key="peak_target",
        translation_key="peak_target",
        device_class=NumberDeviceClass.POWER,
        entity_category=EntityCategory.CONFIG,
        native_unit_of_measurement=UnitOfPower.KILO_WATT,
        native_min_value=0,
        native_max_value=10000,
        native_step=0.1,
        mode=NumberMode.BOX,
        exists_fn=_has_quarters,
        value_fn=lambda meter: meter.insights[Capacity].settings.peak_target,
        set_fn=_set_peak_target,
    ),
    # What an automation switched off for the peak: it has to know that after a restart too.
    TextRow(
        key="off_for_peak",
        translation_key="off_for_peak",
        entity_category=EntityCategory.CONFIG,
        exists_fn=_has_quarters,
        is_always_available=True,
        value_fn=lambda meter: meter.insights[Capacity].off_for_peak,
        set_fn=_note_off_for_peak,
    ),
    EventRow(
        key="peak",
        translation_key="peak",
        event_types=[NEW_MONTH_PEAK, QUARTER_CLOSED],
        exists_fn=_has_quarters,
        events_fn=_events,
    ),
)
