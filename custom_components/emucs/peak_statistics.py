"""Long-term statistics that are no entity's: the month peaks, one row a month."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import UnitOfPower
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util, slugify
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .insight.peaks import MonthPeak

if TYPE_CHECKING:
    from homeassistant.components.recorder.models import StatisticData, StatisticMetaData

# No time zone is further ahead of UTC.
_FURTHEST_AHEAD: Final = timedelta(hours=14)


@dataclass(slots=True)
class _Written:
    """What was written last, and in which time zone rows were dated."""

    time_zone: str
    peaks: dict[date, float]


_WRITTEN: Final[HassKey[dict[str, _Written]]] = HassKey(f"{DOMAIN}_month_peaks")


def statistic_id(entry: ConfigEntry) -> str:
    """Return the id of the month peaks of a meter."""
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
def async_write_month_peaks(hass: HomeAssistant, entry: ConfigEntry, peaks: Mapping[date, MonthPeak]) -> None:
    """Write all known month peaks; what is there already is replaced, so that nothing doubles."""
    if "recorder" not in hass.config.components or not peaks:
        return
    values = {month: float(peak.value) for month, peak in peaks.items()}
    written = hass.data.setdefault(_WRITTEN, {})
    before = written.get(statistic_id(entry))
    written[statistic_id(entry)] = _Written(hass.config.time_zone, values)
    _async_write(hass, entry, values)
    if before is None or before.time_zone != hass.config.time_zone:
        entry.async_create_task(hass, _async_date_anew(hass, entry), "month peaks")


@callback
def _async_write(hass: HomeAssistant, entry: ConfigEntry, peaks: Mapping[date, float]) -> None:
    """Write month peaks in kW."""
    from homeassistant.components.recorder.models import StatisticMeanType  # noqa: PLC0415 -- recorder may be absent
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
        {"start": row_start(month), "mean": peak, "min": peak, "max": peak} for month, peak in peaks.items()
    ]
    async_add_external_statistics(hass, metadata, rows)


async def _async_date_anew(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Move rows that were dated in another time zone, so that no month has two."""
    from homeassistant.helpers.recorder import get_instance  # noqa: PLC0415

    rows = await get_instance(hass).async_add_executor_job(_read, hass, statistic_id(entry))
    months = {start: _month_of_row(start) for start in rows}
    if all(start == row_start(month) for start, month in months.items()):
        return
    # Rows cannot be deleted one by one. Those in their place count, and what was written since.
    moved = {month: rows[start] for start, month in months.items()}
    kept = {month: rows[start] for start, month in months.items() if start == row_start(month)}
    get_instance(hass).async_clear_statistics([statistic_id(entry)])
    _async_write(hass, entry, moved | kept | hass.data[_WRITTEN][statistic_id(entry)].peaks)


def _read(hass: HomeAssistant, statistic: str) -> dict[datetime, float]:
    """Return the rows of a statistic: when they start, and their peaks in kW."""
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
