"""External long-term statistics: the month peaks, one row per month."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import UnitOfPower
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util, slugify

from .const import DOMAIN
from .coordinator import EmucsConfigEntry
from .insight.capacity import Capacity
from .insight.peaks import MonthPeak

if TYPE_CHECKING:
    from homeassistant.components.recorder.models import StatisticData, StatisticMetaData

# No time zone is further ahead of UTC.
_FURTHEST_AHEAD: Final = timedelta(hours=14)


def statistic_id(entry: ConfigEntry) -> str:
    """Return the statistic id of the month peaks of a meter."""
    return f"{DOMAIN}:{slugify(entry.unique_id)}_month_peak"


def row_start(month: date) -> datetime:
    """Return when the row of a month starts: its first full hour where Home Assistant is, as that draws its months."""
    begin = dt_util.as_utc(datetime(month.year, month.month, 1, tzinfo=dt_util.get_default_time_zone()))
    # Rows start at full hours, months at half ones in some time zones.
    return begin + timedelta(minutes=-begin.minute % 60)


def _month_of_row(start: datetime) -> date:
    """Return the month whose row starts at a time, in whichever time zone that was the begin of a month."""
    time = start.astimezone(UTC) + _FURTHEST_AHEAD
    return date(time.year, time.month, 1)


@callback
def async_setup_peak_statistics(hass: HomeAssistant, entry: EmucsConfigEntry) -> None:
    """Write the month peaks whenever one of them changes, or Home Assistant's time zone."""
    if "recorder" not in hass.config.components:
        return
    writer = _Writer(hass, entry)
    entry.async_on_unload(entry.runtime_data.async_add_listener(writer.async_update))
    writer.async_update()


class _Writer:
    """Keeps the statistic of an entry in step with its ledger of peaks."""

    def __init__(self, hass: HomeAssistant, entry: EmucsConfigEntry) -> None:
        """Start with nothing written."""
        self._hass = hass
        self._entry = entry
        self._peaks: Mapping[date, MonthPeak] = {}
        self._time_zone = ""

    @callback
    def async_update(self) -> None:
        """Write all known month peaks if they have changed; existing rows are replaced."""
        peaks = self._entry.runtime_data.insights[Capacity].months()
        time_zone = self._hass.config.time_zone
        if not peaks or (peaks == self._peaks and time_zone == self._time_zone):
            return
        is_dated_anew = time_zone != self._time_zone
        self._peaks, self._time_zone = peaks, time_zone
        self._async_write(self._values)
        if is_dated_anew:
            self._entry.async_create_task(self._hass, self._async_date_anew(), "month peaks")

    @property
    def _values(self) -> dict[date, float]:
        """Return the month peaks in kW."""
        return {month: float(peak.value) for month, peak in self._peaks.items()}

    @callback
    def _async_write(self, values: Mapping[date, float]) -> None:
        """Write month peaks in kW."""
        from homeassistant.components.recorder.models import StatisticMeanType  # noqa: PLC0415 -- may be absent
        from homeassistant.components.recorder.statistics import async_add_external_statistics  # noqa: PLC0415

        metadata: StatisticMetaData = {
            "has_sum": False,
            "mean_type": StatisticMeanType.ARITHMETIC,
            "name": f"{self._entry.title} month peak",
            "source": DOMAIN,
            "statistic_id": statistic_id(self._entry),
            "unit_class": "power",
            "unit_of_measurement": UnitOfPower.KILO_WATT,
        }
        rows: list[StatisticData] = [
            {"start": row_start(month), "mean": peak, "min": peak, "max": peak} for month, peak in values.items()
        ]
        async_add_external_statistics(self._hass, metadata, rows)

    async def _async_date_anew(self) -> None:
        """Move rows that were dated in another time zone, so that no month has two rows."""
        from homeassistant.helpers.recorder import get_instance  # noqa: PLC0415

        statistic, recorder = statistic_id(self._entry), get_instance(self._hass)
        rows = await recorder.async_add_executor_job(_read, self._hass, statistic)
        months = {start: _month_of_row(start) for start in rows}
        if all(start == row_start(month) for start, month in months.items()):
            return
        # Rows cannot be deleted one by one. Those in their place count, and what was written since.
        moved = {month: rows[start] for start, month in months.items()}
        kept = {month: rows[start] for start, month in months.items() if start == row_start(month)}
        recorder.async_clear_statistics([statistic])
        self._async_write(moved | kept | self._values)


def _read(hass: HomeAssistant, statistic: str) -> dict[datetime, float]:
    """Return the rows of a statistic: starts and peaks in kW."""
    from homeassistant.components.recorder.statistics import statistics_during_period  # noqa: PLC0415

    found = statistics_during_period(
        hass,
        dt_util.utc_from_timestamp(0),
        None,
        {statistic},
        "hour",
        {"power": UnitOfPower.KILO_WATT},
        {"max"},
    )
    return {
        dt_util.utc_from_timestamp(row["start"]): peak
        for row in found.get(statistic, [])
        if (peak := row.get("max")) is not None
    }
