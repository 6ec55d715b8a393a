"""What the energy of today and of this month costs, and what the month's bill will come to."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass

from ..coordinator import MeterCoordinator
from ..insight.bill import Bill
from ..insight.cost import EnergyCost
from ..insight.electricity import energy_import
from ..insight.price import EURO
from ..insight.quarters import EXPORT, IMPORT
from ..insight.tally import CostSums
from .rows import Of, Row, SensorRow, Value, of_state, rounded

SERVICE: Final = "household"


def _exists(meter: MeterCoordinator) -> bool:
    """Tell whether import has a price, and the meter prints when it counted what."""
    return (
        meter.insights[EnergyCost].settings.imported.is_set
        and meter.telegram.time is not None
        and energy_import(meter.telegram) is not None
    )


def _money(amount: Decimal | None) -> float | None:
    """Return an amount in EUR; sums of rounded amounts are right to the cent."""
    return None if amount is None else float(round(amount, 4))


def _parts(meter: MeterCoordinator, tally: CostSums) -> dict[str, Any]:
    """Return what a sum is made of, and what is not in it; what export earns is below zero."""
    earns = meter.insights[EnergyCost].settings.exported.is_set
    return {
        "import": _money(tally.bought),
        "export": _money(-tally.sold) if earns else None,
        "import_energy": rounded(tally.imported),
        "export_energy": rounded(tally.exported) if earns else None,
        "unpriced_energy": rounded(tally.unpriced),
        "reason": tally.reason,
    }


def _today(meter: MeterCoordinator) -> Value:
    """Return what the quarters of today that have ended cost."""
    state = meter.insights[EnergyCost].state
    return None if state is None or not state.day.is_known else _money(state.day.total)


def _today_attributes(meter: MeterCoordinator) -> dict[str, Any]:
    """Return the parts of today, and the prices of now."""
    cost = meter.insights[EnergyCost]
    prices = {"price": cost.price_now(IMPORT), "export_price": cost.price_now(EXPORT)}
    shown = {name: None if price is None else float(round(price, 5)) for name, price in prices.items()}
    return shown | ({} if cost.state is None else _parts(meter, cost.state.day))


def _of_bill(function: Callable[[Bill], Decimal | None]) -> Of[Value]:
    """Return an amount of the month's bill."""

    def value(meter: MeterCoordinator) -> Value:
        bill = meter.insights[EnergyCost].bill
        return None if bill is None else _money(function(bill))

    return value


def _month_attributes(meter: MeterCoordinator) -> dict[str, Any]:
    """Return the parts of this month."""
    cost = meter.insights[EnergyCost]
    if cost.state is None or cost.bill is None:
        return {}
    return {"capacity_tariff": _money(cost.bill.capacity)} | _parts(meter, cost.state.month)


def _forecast_attributes(meter: MeterCoordinator) -> dict[str, Any]:
    """Return the parts of the forecast."""
    cost = meter.insights[EnergyCost]
    if (bill := cost.bill) is None:
        return {}
    sold = bill.forecast_sold if cost.settings.exported.is_set else None
    return {
        "capacity_tariff": _money(bill.capacity),
        "import": _money(bill.forecast_bought),
        "export": None if sold is None else _money(-sold),
    }


def _row(key: str, value: Of[Value], attributes: Of[dict[str, Any]], since: Of[datetime | None]) -> SensorRow:
    """Return an amount of money of a period."""
    return SensorRow(
        key=key,
        translation_key=key,
        device_class=SensorDeviceClass.MONETARY,
        state_class=SensorStateClass.TOTAL,
        native_unit_of_measurement=EURO,
        suggested_display_precision=2,
        exists_fn=_exists,
        value_fn=value,
        attributes_fn=attributes,
        last_reset_fn=since,
    )


_month_since: Final = of_state(EnergyCost, lambda state: state.month.since)
ROWS: Final[tuple[Row, ...]] = (
    _row("cost_today", _today, _today_attributes, of_state(EnergyCost, lambda state: state.day.since)),
    _row("cost_month", _of_bill(lambda bill: bill.total), _month_attributes, _month_since),
    _row("cost_month_forecast", _of_bill(lambda bill: bill.forecast), _forecast_attributes, _month_since),
)
