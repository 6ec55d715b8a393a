"""The quarter-hours before the first telegram: from Home Assistant's long-term statistics, and from exports."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .coordinator import EmucsConfigEntry
from .exports import MICRO, Match
from .hourly_energy import COUNTERS, energy_entities, increases, read_sums
from .insight.demand import QUARTERS_AN_HOUR
from .insight.forecast import Forecast
from .insight.mbus import Medium
from .insight.profile import Profile
from .insight.quarters import DAYS, FLOWS, IMPORT, QUARTERS_A_DAY, Basis
from .services import async_until_set_up

# The day is that before the first one that is kept: of its last hour the counter is needed.
_SINCE: Final = timedelta(days=DAYS + 1)


@callback
def async_seed_household(
    hass: HomeAssistant, entry: EmucsConfigEntry, matches: tuple[Match, ...] = (), *, anew: bool = False
) -> None:
    """Learn the past where it is not known, in the background, once the entry is set up.

    `matches`: what an export has of the meters of the entry. `anew`: what was learned otherwise may be wrong.
    """
    entry.async_create_background_task(hass, _async_seed(hass, entry, matches, anew=anew), f"{DOMAIN} household")


async def _async_seed(hass: HomeAssistant, entry: EmucsConfigEntry, matches: tuple[Match, ...], *, anew: bool) -> None:
    """Fill the profile, and let the forecast learn from that."""
    # An import may have been written while the entry was reloaded.
    await async_until_set_up(entry)
    if entry.state is not ConfigEntryState.LOADED:
        return
    coordinator = entry.runtime_data
    profile, forecast = coordinator.insights[Profile], coordinator.insights[Forecast]
    quarters = profile.quarters
    before = quarters.filled
    if anew:
        quarters.forget_filled()
    for flow in FLOWS:
        for match in matches:
            if match.meter.medium is Medium.ELECTRICITY and COUNTERS[flow] in match.counters:
                recent = match.counters[COUNTERS[flow]].recent
                means = {slot: value * QUARTERS_AN_HOUR / MICRO for slot, value in recent.items()}
                profile.fill(flow, means, Basis.EXPORTED)
    if "recorder" in hass.config.components and quarters.known(IMPORT) < DAYS * QUARTERS_A_DAY:
        for flow, means in (await _async_hours(hass, coordinator.identifier)).items():
            profile.fill(flow, means, Basis.HOUR)
    if quarters.filled == before:
        return
    copied = quarters.copy()
    outlooks = await hass.async_add_executor_job(forecast.learned, copied)
    forecast.take(copied, outlooks)
    coordinator.async_changed()


async def _async_hours(hass: HomeAssistant, meter: str) -> dict[int, dict[int, float]]:
    """Return the means in kW of the quarters that hourly statistics know of, by flow."""
    from homeassistant.helpers.recorder import get_instance  # noqa: PLC0415 -- the recorder may be absent

    ids = energy_entities(hass, meter)
    since = dt_util.utcnow().replace(minute=0, second=0, microsecond=0) - _SINCE
    sums = await get_instance(hass).async_add_executor_job(read_sums, hass, since, set(ids.values()))
    return {flow: _means(sums.get(entity_id, {})) for flow, entity_id in ids.items()}


def _means(sums: Mapping[int, float]) -> dict[int, float]:
    """Return the means in kW of the quarters of hours, which are those of their hours."""
    return {
        hour * QUARTERS_AN_HOUR + quarter: energy
        for hour, energy in increases(sums).items()
        for quarter in range(QUARTERS_AN_HOUR)
    }
