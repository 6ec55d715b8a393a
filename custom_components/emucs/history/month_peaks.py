"""Month peaks of imports, and those that the capacity tariff knows."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from homeassistant.core import callback

from ..coordinator import MeterCoordinator
from ..exports import MICRO, Match
from ..insight.capacity import Capacity
from ..insight.peaks import Source
from ..peak_statistics import row_start
from .plan import Peaks, peaks_for


@callback
def async_peaks_for(coordinator: MeterCoordinator, matches: tuple[Match, ...]) -> Peaks:
    """Return the month peaks of an export that are new, and those that differ from known ones."""
    ledger = coordinator.insights[Capacity].ledger
    known = {month: float(peak.value) for month, peak in ledger.peaks.items() if not ledger.takes_import(month)}
    return peaks_for(matches, known, ledger.month, async_imported_months(coordinator))


@callback
def async_imported_months(coordinator: MeterCoordinator) -> dict[str, int]:
    """Return the imported months, with the starts of their rows."""
    peaks = coordinator.insights[Capacity].ledger.peaks
    return {
        month.isoformat(): int(row_start(month).timestamp())
        for month, peak in peaks.items()
        if peak.source is Source.IMPORTED
    }


@callback
def async_set_imported(coordinator: MeterCoordinator, peaks: Mapping[str, int]) -> None:
    """Replace the imported month peaks of the capacity tariff, in millionths of a kW."""
    capacity = coordinator.insights[Capacity]
    before = capacity.months()
    capacity.ledger.set_imported({date.fromisoformat(month): Decimal(value) / MICRO for month, value in peaks.items()})
    if capacity.months() != before:
        coordinator.async_changed()
