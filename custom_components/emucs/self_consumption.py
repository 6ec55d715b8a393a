"""Reads the statistics of the meters that the energy dashboard names, whenever another hour is complete."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from homeassistant.const import Platform, UnitOfEnergy
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_connect, async_dispatcher_send
from homeassistant.helpers.sun import is_up
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .coordinator import EmucsConfigEntry
from .entities.sun import ROWS
from .insight.allocation import Changes, Route, shares_of, total, used_in
from .insight.prosumer import prosumer_tariffs
from .insight.sun import DAYS_UNTIL_ENDED, HOUR, PastYear, SelfConsumption, SunState, late
from .insight.tariff import MONTHS

if TYPE_CHECKING:
    from homeassistant.components.energy.data import EnergyManager, SourceType

_CHANGED: Final = f"{DOMAIN}_energy_preferences"
_MANAGER: Final[HassKey[EnergyManager]] = HassKey(f"{DOMAIN}_energy_manager")
# The dashboard's own ends of days and months lie just before the next one.
_JUST_BEFORE: Final = timedelta(milliseconds=1)
_GRID: Final = (Route.FROM_GRID, Route.TO_GRID)
_WEEK: Final = timedelta(days=DAYS_UNTIL_ENDED)

type Energy = dict[str, dict[float, float]]
"""kWh by begin of a period in seconds, of each statistic."""
type Routes = dict[Route, list[str]]
"""The statistics of each route, in the order of the energy preferences."""


async def async_follow_self_consumption(hass: HomeAssistant, entry: EmucsConfigEntry) -> None:
    """Keep the shares of an entry up to date; without energy dashboard or recorder there are none."""
    if not {"energy", "recorder"} <= hass.config.components:
        return
    from homeassistant.components.recorder import (  # noqa: PLC0415 -- the recorder may be absent
        EVENT_RECORDER_5MIN_STATISTICS_GENERATED,
        EVENT_RECORDER_HOURLY_STATISTICS_GENERATED,
    )

    follower = _Follower(hass, entry, await _async_manager(hass))
    for unsubscribe in (
        async_dispatcher_connect(hass, _CHANGED, follower.async_update),
        hass.bus.async_listen(EVENT_RECORDER_HOURLY_STATISTICS_GENERATED, follower.async_update),
        hass.bus.async_listen(EVENT_RECORDER_5MIN_STATISTICS_GENERATED, follower.async_update_if_waiting),
    ):
        entry.async_on_unload(unsubscribe)
    follower.async_update()


async def _async_manager(hass: HomeAssistant) -> EnergyManager:
    """Return the keeper of the energy preferences, whose changes are dispatched: it forgets no listener."""
    if _MANAGER not in hass.data:
        from homeassistant.components.energy.data import async_get_manager  # noqa: PLC0415 -- energy may be absent

        manager = hass.data[_MANAGER] = await async_get_manager(hass)

        async def changed() -> None:
            """Tell all entries."""
            async_dispatcher_send(hass, _CHANGED)

        manager.async_listen_updates(changed)
    return hass.data[_MANAGER]


class Calendar(NamedTuple):
    """The day that has the last complete hour, its month and its year, where Home Assistant is."""

    day: date

    @classmethod
    def now(cls) -> Calendar:
        """Return today, but yesterday until the first hour of today is over: the dashboard shows the same."""
        return cls(dt_util.as_local(dt_util.utcnow() - timedelta(hours=1)).date())

    @property
    def month(self) -> date:
        """Return the first of the month."""
        return self.day.replace(day=1)

    @property
    def year(self) -> date:
        """Return the first of January."""
        return self.day.replace(month=1, day=1)

    @property
    def year_before(self) -> date:
        """Return the first of the month twelve months before."""
        return self.month.replace(year=self.day.year - 1)

    @property
    def end(self) -> date:
        """Return the day after."""
        return self.day + timedelta(days=1)


class Periods(NamedTuple):
    """The energy of more than a week in hours, of the month in days, and of it and the twelve before in months."""

    hours: Energy
    days: Energy
    months: Energy


class EnergyReader:
    """Reads the energy of meters as the dashboard does: hours of the day, days of the month, months of the year."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Start with nothing read."""
        self._hass = hass
        self._months: tuple[tuple[Calendar, frozenset[str]], Energy] | None = None

    def read(self, calendar: Calendar, statistics: frozenset[str]) -> Periods:
        """Return what the meters have counted. Blocks.

        The months that are over change by corrections and imports alone: they are read again once a day.
        """
        hours = self._energy(statistics, "hour", _begin(calendar.day) - _WEEK, calendar.end)
        days = self._energy(statistics, "day", _begin(calendar.month), calendar.end)
        month = self._energy(statistics, "month", _begin(calendar.month), calendar.end)
        if self._months is None or self._months[0] != (calendar, statistics):
            over = self._energy(statistics, "month", _begin(calendar.year_before), calendar.month)
            self._months = (calendar, statistics), over
        over = self._months[1]
        months = {statistic: over.get(statistic, {}) | month.get(statistic, {}) for statistic in statistics}
        return Periods(hours, days, months)

    def _energy(
        self, statistics: frozenset[str], period: Literal["hour", "day", "month"], begin: datetime, end: date
    ) -> Energy:
        """Return the energy of each period from a time until the begin of a day."""
        from homeassistant.components.recorder.statistics import statistics_during_period  # noqa: PLC0415

        if (until := _begin(end) - _JUST_BEFORE) < begin:
            return {}
        units: dict[str, str] = {"energy": UnitOfEnergy.KILO_WATT_HOUR}
        found = statistics_during_period(self._hass, begin, until, set(statistics), period, units, {"change"})
        return {
            statistic: {row["start"]: change for row in rows if (change := row.get("change")) is not None}
            for statistic, rows in found.items()
        }


def _begin(day: date) -> datetime:
    """Return when a day begins where Home Assistant is."""
    return dt_util.start_of_local_day(day)


class _Follower:
    """Keeps the shares of an entry in step with statistics and energy preferences."""

    def __init__(self, hass: HomeAssistant, entry: EmucsConfigEntry, manager: EnergyManager) -> None:
        """Start with nothing known."""
        self._hass = hass
        self._entry = entry
        self._coordinator = entry.runtime_data
        self._insight = entry.runtime_data.insights[SelfConsumption]
        self._manager = manager
        self._reader = EnergyReader(hass)
        self._lock = asyncio.Lock()
        self._is_due = False  # an update that has not begun yet
        self._is_waiting = False  # for a meter that is late, or for any

    @callback
    def async_update(self, _: Event | None = None) -> None:
        """Work the shares out anew, once for all that is new by then."""
        if not self._is_due:
            self._is_due = True
            self._entry.async_create_background_task(self._hass, self._async_update(), f"{DOMAIN} self-consumption")

    @callback
    def async_update_if_waiting(self, _: Event) -> None:
        """Look whether what was late has come."""
        if self._is_waiting:
            self.async_update()

    async def _async_update(self) -> None:
        """Work the shares out."""
        async with self._lock:
            self._is_due = False
            if routes := self._routes():
                await self._async_take(routes)
            else:
                self._async_remove()

    def _routes(self) -> Routes:
        """Return the meters of the house; none without solar panels, or if this meter is not on its grid."""
        data = self._manager.data
        routes = routes_of([] if data is None else data["energy_sources"])
        is_ours = any(self._is_ours(statistic) for statistic in routes.get(Route.FROM_GRID, ()))
        return routes if is_ours and Route.SOLAR in routes else {}

    def _is_ours(self, statistic: str) -> bool:
        """Tell whether a statistic is that of an import register of the meter."""
        entity = er.async_get(self._hass).async_get(statistic)
        prefix = f"{self._coordinator.identifier}_energy_import"
        return (
            entity is not None
            and entity.config_entry_id == self._entry.entry_id
            and entity.unique_id.startswith(prefix)
        )

    async def _async_take(self, routes: Routes) -> None:
        """Read what the meters say, and show it."""
        from homeassistant.components.recorder.tasks import SynchronizeTask  # noqa: PLC0415 -- as above
        from homeassistant.helpers.recorder import get_instance  # noqa: PLC0415

        recorder = get_instance(self._hass)
        # The recorder tells of statistics before they are written.
        written = self._hass.loop.create_future()
        recorder.queue_task(SynchronizeTask(written))
        await written
        calendar = Calendar.now()
        statistics = frozenset(statistic for meters in routes.values() for statistic in meters)
        periods = await recorder.async_add_executor_job(self._reader.read, calendar, statistics)
        before = self._insight.state
        state = self._state(routes, calendar, periods, before)
        if state == before:
            return
        self._insight.take(state)
        self._coordinator.async_changed()
        if before is None:
            self._coordinator.async_find_entities()

    def _state(self, routes: Routes, calendar: Calendar, periods: Periods, before: SunState | None) -> SunState:
        """Return the shares; those of before while a meter is late by one hour, none while it is by more."""
        last = {statistic: max(energy) for statistic, energy in periods.hours.items() if energy}
        newest = max(last.values(), default=None)
        pausing = [each for route, meters in routes.items() if route not in _GRID for each in meters]
        hours = _changes(routes, periods.hours)
        waiting = late(last, pausing, lambda hour: self._is_day(hour) or used_in(hours, hour) < 0)
        self._is_waiting = bool(waiting) or newest is None
        if newest is None or waiting:
            is_fresh = before is not None and newest is not None and newest - (before.hour or 0) <= HOUR
            return before if before is not None and is_fresh else SunState(waiting_for=waiting)
        today = _within(periods.hours, calendar.day, calendar.end)
        year = _within(periods.months, calendar.year, calendar.end)
        day, month, year_to_date = (shares_of(_changes(routes, each)) for each in (today, periods.days, year))
        return SunState(newest, day, month, year_to_date, self._past(routes, calendar, periods.months))

    def _past(self, routes: Routes, calendar: Calendar, months: Energy) -> PastYear | None:
        """Return the past twelve months, if the tariffs of Wallonia concern the household and all are known."""
        if (prosumer := self._insight.settings) is None:
            return None
        changes = _changes(routes, _within(months, calendar.year_before, calendar.month))
        known = {month for meter in changes[Route.FROM_GRID] for month in meter}
        if len(known) < MONTHS:
            return None
        imported, exported = (total(changes, route) for route in _GRID)
        return PastYear(shares_of(changes), prosumer_tariffs(prosumer, imported, exported, calendar.day.year))

    def _is_day(self, hour: float) -> bool:
        """Tell whether the sun is up from the begin of an hour to its end, where Home Assistant is."""
        return all(is_up(self._hass, dt_util.utc_from_timestamp(time)) for time in (hour, hour + HOUR))

    @callback
    def _async_remove(self) -> None:
        """Remove the entities, as the dashboard no longer has such a house; after a reload they can come back."""
        registry = er.async_get(self._hass)
        for row in ROWS:
            entity_id = registry.async_get_entity_id(Platform.SENSOR, DOMAIN, row.unique_id(self._coordinator))
            if entity_id is not None:
                registry.async_remove(entity_id)
        if self._insight.state is not None:
            self._insight.take(None)
            self._hass.config_entries.async_schedule_reload(self._entry.entry_id)


def routes_of(sources: Sequence[SourceType]) -> Routes:
    """Return the meters that energy preferences name; those of gas and water are none."""
    routes: defaultdict[Route, list[str]] = defaultdict(list)
    for source in sources:
        if source["type"] == "solar":
            routes[Route.SOLAR].append(source["stat_energy_from"])
        elif source["type"] == "battery":
            routes[Route.TO_BATTERY].append(source["stat_energy_to"])
            routes[Route.FROM_BATTERY].append(source["stat_energy_from"])
        elif source["type"] == "grid":
            if source["stat_energy_from"]:
                routes[Route.FROM_GRID].append(source["stat_energy_from"])
            if source["stat_energy_to"]:
                routes[Route.TO_GRID].append(source["stat_energy_to"])
    return dict(routes)


def _within(energy: Energy, begin: date, end: date) -> Energy:
    """Return the energy of the periods that begin on days from one to before another."""
    first, after = _begin(begin).timestamp(), _begin(end).timestamp()
    return {
        statistic: {start: each for start, each in periods.items() if first <= start < after}
        for statistic, periods in energy.items()
    }


def _changes(routes: Routes, rows: Energy) -> Changes:
    """Return the energy of the meters of each route."""
    return {route: [rows.get(statistic, {}) for statistic in meters] for route, meters in routes.items()}
