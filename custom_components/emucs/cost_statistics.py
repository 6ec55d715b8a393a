"""External long-term statistics: what import cost and export earned, exact by quarter-hours, in rows of an hour."""

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util, slugify

from .const import DOMAIN
from .coordinator import EmucsConfigEntry
from .insight.cost import EnergyCost
from .insight.price import EURO
from .insight.quarters import EXPORT, IMPORT

if TYPE_CHECKING:
    from homeassistant.components.recorder.models import StatisticData, StatisticMetaData

_SECONDS_AN_HOUR: Final = 3600
_NAMES: Final = {IMPORT: "cost", EXPORT: "compensation"}


def statistic_id(entry: ConfigEntry, flow: int) -> str:
    """Return the statistic id of what IMPORT of a meter costs, or EXPORT earns."""
    return f"{DOMAIN}:{slugify(entry.unique_id)}_{_NAMES[flow]}"


@callback
def async_setup_cost_statistics(hass: HomeAssistant, entry: EmucsConfigEntry) -> None:
    """Write the costs whenever a quarter ends."""
    settings = entry.runtime_data.insights[EnergyCost].settings
    if "recorder" not in hass.config.components or not settings.imported.is_set:
        return
    flows = (IMPORT, EXPORT) if settings.exported.is_set else (IMPORT,)
    entry.async_create_background_task(hass, _Writer(hass, entry, flows).async_start(), f"{DOMAIN} cost statistics")


class _Writer:
    """Keeps the statistics of an entry in step with its sums."""

    def __init__(self, hass: HomeAssistant, entry: EmucsConfigEntry, flows: tuple[int, ...]) -> None:
        """Start with nothing written."""
        self._hass = hass
        self._entry = entry
        self._flows = flows
        self._written: Mapping[int, tuple[Decimal, Decimal]] = {}

    async def async_start(self) -> None:
        """Go on from the sums that are there, and let the energy dashboard find the statistics from the beginning."""
        from homeassistant.helpers.recorder import get_instance  # noqa: PLC0415 -- the recorder may be absent

        hours = self._entry.runtime_data.insights[EnergyCost].hours
        if not hours.goes_on:
            ids = [statistic_id(self._entry, flow) for flow in (IMPORT, EXPORT)]
            sums = await get_instance(self._hass).async_add_executor_job(_read, self._hass, ids)
            hours.go_on(*sums)
        for flow in self._flows:
            self._async_write(flow, {})
        self._entry.async_on_unload(self._entry.runtime_data.async_add_listener(self.async_update))
        self.async_update()

    @callback
    def async_update(self) -> None:
        """Write the hours whose sums have changed; that of the running hour is replaced with each quarter."""
        sums = self._entry.runtime_data.insights[EnergyCost].hours.sums
        if not sums or sums == self._written:
            return
        new = {hour: both for hour, both in sums.items() if self._written.get(hour) != both}
        self._written = dict(sums)
        for flow in self._flows:
            self._async_write(flow, {hour: both[flow] for hour, both in new.items()})

    @callback
    def _async_write(self, flow: int, sums: Mapping[int, Decimal]) -> None:
        """Write sums in EUR, by the hours since 1970."""
        from homeassistant.components.recorder.models import StatisticMeanType  # noqa: PLC0415 -- may be absent
        from homeassistant.components.recorder.statistics import async_add_external_statistics  # noqa: PLC0415

        metadata: StatisticMetaData = {
            "has_sum": True,
            "mean_type": StatisticMeanType.NONE,
            "name": f"{self._entry.title} {_NAMES[flow]}",
            "source": DOMAIN,
            "statistic_id": statistic_id(self._entry, flow),
            "unit_class": None,
            "unit_of_measurement": EURO,
        }
        rows: list[StatisticData] = [
            {"start": dt_util.utc_from_timestamp(hour * _SECONDS_AN_HOUR), "state": float(total), "sum": float(total)}
            for hour, total in sums.items()
        ]
        async_add_external_statistics(self._hass, metadata, rows)


def _read(hass: HomeAssistant, ids: list[str]) -> tuple[Decimal, Decimal]:
    """Return the latest sums of both statistics in EUR. Blocks."""
    from homeassistant.components.recorder.statistics import get_last_statistics  # noqa: PLC0415

    def last(statistic: str) -> Decimal:
        """Return the latest sum of a statistic."""
        rows = get_last_statistics(hass, 1, statistic, convert_units=False, types={"sum"}).get(statistic, [])
        return Decimal(str((rows[0].get("sum") if rows else None) or 0))

    return last(ids[IMPORT]), last(ids[EXPORT])
