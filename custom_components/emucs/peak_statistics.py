"""Long-term statistics that are no entity's: the month peaks, one row a month."""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import UnitOfPower
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util, slugify

from .const import DOMAIN
from .coordinator import EmucsConfigEntry
from .insight.capacity import Capacity
from .insight.peaks import MonthPeak, month_begin

if TYPE_CHECKING:
    from homeassistant.components.recorder.models import StatisticData, StatisticMetaData


def statistic_id(entry: ConfigEntry) -> str:
    """Return the id of the month peaks of a meter."""
    return f"{DOMAIN}:{slugify(entry.unique_id)}_month_peak"


@callback
def async_setup_peak_statistics(hass: HomeAssistant, entry: EmucsConfigEntry) -> None:
    """Write the month peaks whenever one of them changes."""
    coordinator = entry.runtime_data
    written: Mapping[date, MonthPeak] = {}

    @callback
    def write() -> None:
        """Write the month peaks if they are others than before."""
        nonlocal written
        if (months := coordinator.insights[Capacity].months()) != written:
            written = months
            _async_write(hass, entry, months)

    entry.async_on_unload(coordinator.async_add_listener(write))
    write()


@callback
def _async_write(hass: HomeAssistant, entry: ConfigEntry, peaks: Mapping[date, MonthPeak]) -> None:
    """Write all known month peaks; what is there already is replaced, so that nothing doubles."""
    if "recorder" not in hass.config.components or not peaks:
        return
    from homeassistant.components.recorder.models import StatisticMeanType  # noqa: PLC0415 -- loaded, where it is
    from homeassistant.components.recorder.statistics import async_add_external_statistics  # noqa: PLC0415

    metadata: StatisticMetaData = {
        "has_sum": False,
        "mean_type": StatisticMeanType.ARITHMETIC,
        "name": f"{entry.title} month peak",
        "source": DOMAIN,
        "statistic_id": statistic_id(entry),
        "unit_class": "power",
        "unit_of_measurement": UnitOfPower.KILO_WATT,
    }
    rows: list[StatisticData] = [
        {
            "start": dt_util.as_utc(month_begin(month)),
            "mean": float(peak.value),
            "min": float(peak.value),
            "max": float(peak.value),
        }
        for month, peak in peaks.items()
    ]
    async_add_external_statistics(hass, metadata, rows)
