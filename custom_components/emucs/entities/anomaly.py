"""The event of a day on which the household imported more or less than usual."""

from collections.abc import Iterator
from typing import Final

from ..coordinator import MeterCoordinator
from ..insight.anomaly import Anomaly
from ..insight.demand import has_quarters
from .rows import EventRow, Happening, Row

SERVICE: Final = "household"
MORE_THAN_USUAL: Final = "more_than_usual"
LESS_THAN_USUAL: Final = "less_than_usual"


def _events(meter: MeterCoordinator) -> Iterator[Happening]:
    """Yield the unusual day that the latest telegram has ended; its energies in kWh."""
    state = meter.insights[Anomaly].state
    if state is not None and (day := state.unusual) is not None:
        yield Happening(
            MORE_THAN_USUAL if day.is_more else LESS_THAN_USUAL,
            {
                "date": day.date.isoformat(),
                "energy": round(day.energy, 2),
                "usual_low": round(day.low, 2),
                "usual_high": round(day.high, 2),
                "differs": [str(part) for part in day.differs],
            },
        )


ROWS: Final[tuple[Row, ...]] = (
    EventRow(
        key="anomaly",
        translation_key="anomaly",
        event_types=[LESS_THAN_USUAL, MORE_THAN_USUAL],
        exists_fn=lambda meter: has_quarters(meter.telegram),
        events_fn=_events,
    ),
)
