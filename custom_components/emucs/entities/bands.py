"""Time bands: which one holds by the clock, whatever the port does, and what was imported in each."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import UnitOfEnergy
from homeassistant.util import dt as dt_util

from ..coordinator import MeterCoordinator
from ..insight.band_energy import BandEnergy
from ..insight.bands import BandSet, band_sets
from ..insight.electricity import energy_import
from .rows import CalendarRow, Row, SensorRow, Span, of_state, rounded

SERVICE: Final = "household"
_BANDS: Final = tuple(dict.fromkeys(band for bands in band_sets().values() for band in bands.bands))


def _set_of(meter: MeterCoordinator) -> BandSet | None:
    """Return the set that the user has chosen."""
    return meter.insights[BandEnergy].settings


def _has_bands(meter: MeterCoordinator) -> bool:
    """Tell whether the user has chosen a set."""
    return _set_of(meter) is not None


def _bands(meter: MeterCoordinator) -> list[str]:
    """Return the bands of the set."""
    bands = _set_of(meter)
    return [] if bands is None else list(bands.bands)


def _now(meter: MeterCoordinator) -> str | None:
    """Return the band that holds now."""
    bands = _set_of(meter)
    return None if bands is None else bands.at(dt_util.utcnow())


def _next_change(meter: MeterCoordinator) -> datetime | None:
    """Return when the next band begins."""
    bands = _set_of(meter)
    return None if bands is None else bands.next_change(dt_util.utcnow())


def _attributes(meter: MeterCoordinator) -> dict[str, Any]:
    """Return when the next band begins, and the energy in kWh of which no band is known."""
    state, change = meter.insights[BandEnergy].state, _next_change(meter)
    return {
        "next_change": None if change is None else dt_util.as_local(change).isoformat(),
        "unassigned": rounded(None if state is None else state.unassigned),
    }


def _spans(meter: MeterCoordinator, begin: datetime, end: datetime) -> Iterable[Span]:
    """Return the bands between two times."""
    bands = _set_of(meter)
    return () if bands is None else (Span(*span) for span in bands.spans(begin, end))


def _energy_row(band: str) -> SensorRow:
    """Return what was imported in a band."""
    return SensorRow(
        key=f"energy_band_{band}",
        translation_key=f"energy_band_{band}",
        device_class=SensorDeviceClass.ENERGY,
        state_class=SensorStateClass.TOTAL_INCREASING,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=1,
        entity_registry_enabled_default=False,
        exists_fn=lambda meter: band in _bands(meter) and energy_import(meter.telegram) is not None,
        value_fn=of_state(BandEnergy, lambda state: state.energies.get(band)),
    )


ROWS: Final[tuple[Row, ...]] = (
    SensorRow(
        key="time_band",
        translation_key="time_band",
        device_class=SensorDeviceClass.ENUM,
        options=list(_BANDS),
        options_fn=_bands,
        is_always_available=True,
        exists_fn=_has_bands,
        value_fn=_now,
        attributes_fn=_attributes,
        changes_fn=_next_change,
    ),
    CalendarRow(
        key="time_bands",
        translation_key="time_bands",
        entity_registry_enabled_default=False,
        is_always_available=True,
        exists_fn=_has_bands,
        spans_fn=_spans,
        named_by="sensor.time_band",
    ),
    *map(_energy_row, _BANDS),
)
