"""What becomes of solar energy: self-consumption and self-sufficiency."""

from collections.abc import Callable
from typing import Any, Final

from homeassistant.const import UnitOfRatio

from ..coordinator import MeterCoordinator
from ..insight.allocation import Shares
from ..insight.sun import SelfConsumption, SunState
from .rows import Of, Row, SensorRow, of_state

SERVICE: Final = "household"


def _rounded(value: float | None) -> float | None:
    """Return a share or an amount as it is shown."""
    return None if value is None else round(value, 2)


def _prosumer(meter: MeterCoordinator) -> dict[str, Any]:
    """Return the last twelve months as the prosumer tariffs of Wallonia see them, where they concern the household."""
    insight = meter.insights[SelfConsumption]
    if insight.settings is None:
        return {}
    past = None if insight.state is None else insight.state.past
    return {
        "last_twelve_months": None if past is None else _rounded(past.shares.self_consumption),
        "capacity_prosumer_tariff": None if past is None else _rounded(past.tariffs.capacity),
        "proportional_prosumer_tariff": None if past is None else _rounded(past.tariffs.proportional),
        "rates_of": None if past is None else past.tariffs.rates_of,
    }


def _share_row(
    key: str, share_of: Callable[[Shares], float | None], more: Of[dict[str, Any]] = lambda _: {}
) -> SensorRow:
    """Return a share of today; its attributes have those of the month and the year, and more."""

    def share(shares: Shares | None) -> float | None:
        """Return a share in %."""
        return None if shares is None else _rounded(share_of(shares))

    def attributes(meter: MeterCoordinator) -> dict[str, Any]:
        """Return the shares of longer periods, and what is late."""
        state = meter.insights[SelfConsumption].state or SunState()
        shown = {"month": share(state.month), "year": share(state.year), "waiting_for": list(state.waiting_for)}
        return shown | more(meter)

    return SensorRow(
        key=key,
        translation_key=key,
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        suggested_display_precision=1,
        exists_fn=lambda meter: meter.insights[SelfConsumption].state is not None,
        value_fn=of_state(SelfConsumption, lambda state: share(state.today)),
        attributes_fn=attributes,
    )


ROWS: Final[tuple[Row, ...]] = (
    _share_row("self_consumption", lambda shares: shares.self_consumption, _prosumer),
    _share_row("self_sufficiency", lambda shares: shares.self_sufficiency),
)
