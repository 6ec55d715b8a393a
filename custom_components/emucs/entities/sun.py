"""What becomes of solar energy: self-consumption and self-sufficiency."""

from collections.abc import Callable
from typing import Any, Final

from homeassistant.const import UnitOfRatio

from ..coordinator import MeterCoordinator
from ..insight.allocation import Shares
from ..insight.sun import SelfConsumption, SunState
from .rows import Row, SensorRow, of_state

SERVICE: Final = "household"


def _share_row(key: str, share_of: Callable[[Shares], float | None]) -> SensorRow:
    """Return a share of today; its attributes have those of the month and the year."""

    def share(shares: Shares | None) -> float | None:
        """Return a share in %."""
        value = None if shares is None else share_of(shares)
        return None if value is None else round(value, 2)

    def attributes(meter: MeterCoordinator) -> dict[str, Any]:
        """Return the shares of longer periods, and what is late."""
        state = meter.insights[SelfConsumption].state or SunState()
        return {"month": share(state.month), "year": share(state.year), "waiting_for": list(state.waiting_for)}

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
    _share_row("self_consumption", lambda shares: shares.self_consumption),
    _share_row("self_sufficiency", lambda shares: shares.self_sufficiency),
)
