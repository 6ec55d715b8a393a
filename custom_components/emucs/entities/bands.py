"""Time bands: which one holds, and what was imported in each. They follow the clock, whatever the port does."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import UnitOfEnergy
from homeassistant.util import dt as dt_util

from ..coordinator import MeterCoordinator
from ..insight.band_energy import BandEnergy
from ..insight.bands import BandSet
from ..insight.electricity import energy_import
from .rows import CalendarRow, Row, SensorRow, Span, of_state, rounded

SERVICE: Final = "household"


def rows_of(meter: MeterCoordinator, _listed: Mapping[str, str | None]) -> Iterator[Row]:
    """Yield the rows of the set that the user has chosen."""
    if (bands := meter.insights[BandEnergy].settings) is None:
        return
    yield _time_band(bands)
    yield _calendar(bands)
    yield from (_energy(band) for band in bands.bands)


def _time_band(bands: BandSet) -> SensorRow:
    """Return which band holds now."""

    def attributes(meter: MeterCoordinator) -> dict[str, Any]:
        """Return when the next one begins, and the energy in kWh of which no band is known."""
        state, change = meter.insights[BandEnergy].state, bands.next_change(dt_util.utcnow())
        return {
            "next_change": None if change is None else dt_util.as_local(change).isoformat(),
            "unassigned": rounded(None if state is None else state.unassigned),
        }

    return SensorRow(
        key="time_band",
        translation_key="time_band",
        device_class=SensorDeviceClass.ENUM,
        options=list(bands.bands),
        is_always_available=True,
        value_fn=lambda _: bands.at(dt_util.utcnow()),
        attributes_fn=attributes,
        changes_fn=lambda _: bands.next_change(dt_util.utcnow()),
    )


def _calendar(bands: BandSet) -> CalendarRow:
    """Return the calendar of the bands."""

    def spans(_: MeterCoordinator, begin: datetime, end: datetime) -> Iterable[Span]:
        """Yield the bands between two times."""
        return (Span(*span) for span in bands.spans(begin, end))

    return CalendarRow(
        key="time_bands",
        translation_key="time_bands",
        entity_registry_enabled_default=False,
        is_always_available=True,
        spans_fn=spans,
        named_by="sensor.time_band",
    )


def _energy(band: str) -> SensorRow:
    """Return what was imported in a band."""
    return SensorRow(
        key=f"energy_band_{band}",
        translation_key=f"energy_band_{band}",
        device_class=SensorDeviceClass.ENERGY,
        state_class=SensorStateClass.TOTAL_INCREASING,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=1,
        entity_registry_enabled_default=False,
        exists_fn=lambda meter: energy_import(meter.telegram) is not None,
        value_fn=of_state(BandEnergy, lambda state: state.energies.get(band)),
    )
