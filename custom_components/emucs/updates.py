"""A coordinator that tells its entities as often as they may be told, however fast a port brings news."""

import asyncio
from datetime import datetime, timedelta
import logging
from math import inf
import time
from typing import Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .pace import AT_MOST_EVERY, BEFORE_MARK, MARK, TOGETHER, Pace, may_be_last, until_mark
from .port import PortError
from .port.period import Period

_LOGGER: Final = logging.getLogger(__name__)

RELOAD_AT_MOST_EVERY: Final = 600.0
"""Seconds between two reloads of an entry that its port is the reason for."""
REFRESH_EVERY: Final = 30.0
"""Seconds between two times at which is worked out what is not needed with each telegram."""
_RELOADED: Final[HassKey[dict[str, float]]] = HassKey(f"{DOMAIN}_reloaded")


class PacedCoordinator[DataT](DataUpdateCoordinator[DataT | None]):
    """Tells entities what its data are, or that there are none now. `data` may be newer than what they were told."""

    config_entry: ConfigEntry

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, interval: float | None) -> None:
        """Take the seconds between two updates that can wait; without, each entity knows what is worth showing."""
        super().__init__(hass, _LOGGER, config_entry=entry, name=entry.title, update_interval=None)
        self.down: PortError | None = None
        """Why there are no data now; entities are told once that lasts."""
        self.is_adaptive = interval is None
        """Whether entities are told all data, and decide which of them they show."""
        self.shows_every_change = True
        """Whether they show all that changed, as now something did that cannot wait."""
        self.told_at = -inf
        """When they were told, by the loop's clock."""
        self.pace = Pace(AT_MOST_EVERY if interval is None else interval)
        self._period = Period()
        self._refresh_due = -inf
        self._timer: asyncio.TimerHandle | None = None  # runs while entities have to be told, and may not yet
        self._has_new = self._is_urgent = False  # since entities were told data last
        self._is_up_in_log = True
        self._new_listeners: list[CALLBACK_TYPE] = []
        self._data_listeners: list[CALLBACK_TYPE] = []
        self._mark_listeners: list[CALLBACK_TYPE] = []
        self._stop_marks: CALLBACK_TYPE | None = None
        self._end: asyncio.TimerHandle | None = None  # runs where the latest data may be the last of a period

    @callback
    def async_on_new(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call a listener whenever entities may exist that did not before; return how to end that."""
        return add_listener(self._new_listeners, listener)

    @callback
    def async_on_data(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call a listener whenever there are data, however fast they come; return how to end that."""
        return add_listener(self._data_listeners, listener)

    @callback
    def async_on_mark(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call a listener with what may be the last data of a period of statistics; return how to end that."""
        return add_listener(self._mark_listeners, listener)

    @callback
    def async_take_data(self, data: DataT, *, is_new: bool, is_urgent: bool) -> None:
        """Take data; update the entities if it is time to, or soon if that cannot wait or entities may be new."""
        now = self.hass.loop.time()
        self._period.feed(now, is_first=self.data is None or self.down is not None)
        if self.down is not None:
            self.async_stop_timer()
        self.data, self.down = data, None
        self._has_new |= is_new
        self._is_urgent |= is_new or is_urgent or not self.last_update_success
        if (due := self.pace.of_data(now, is_urgent=self._is_urgent or self.is_adaptive)) is not None:
            self._async_tell_at(due)
        if self._mark_listeners and self._end is None and may_be_last(host_time := time.time(), self._period.seconds):
            self._end = self.hass.loop.call_later(min(TOGETHER, until_mark(host_time) / 2), self._async_end_period)
        for listener in list(self._data_listeners):
            listener()

    @callback
    def async_take_failure(self, error: PortError) -> None:
        """Take why there are no data; make all entities unavailable, unless they just were and this passes."""
        self.down = error
        self._async_tell_at(self.pace.of_failure(self.hass.loop.time()))

    @callback
    def refresh(self) -> None:
        """Work out what is not needed with each telegram, but when entities show every change, and now and then."""

    @callback
    def _async_tell_at(self, due: float) -> None:
        """Tell the entities what is known by then: now, or at a time of the loop's clock that is to come."""
        self.async_stop_timer()
        if due <= self.hass.loop.time():
            self._async_tell()
        else:
            self._timer = self.hass.loop.call_at(due, self._async_tell)

    @callback
    def async_stop_timer(self) -> None:
        """Tell the entities nothing until something comes."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    @callback
    def _async_tell(self) -> None:
        """Update the entities."""
        self._timer = None
        now = self.hass.loop.time()
        self.pace.tell(now, is_up=self.down is None)
        self.last_update_success, self.last_exception = self.down is None, self.down
        has_new = False
        if self.down is None:
            self.shows_every_change = self._is_urgent or not self.is_adaptive
            has_new, self._has_new, self._is_urgent = self._has_new, False, False
            if self.shows_every_change or now >= self._refresh_due:
                self._refresh_due = now + REFRESH_EVERY
                self.refresh()
        self.async_update_listeners()
        self.shows_every_change = True
        self.async_log_link()
        if has_new:
            self.async_find_entities()

    @callback
    @override
    def async_update_listeners(self) -> None:
        """Update the entities, and note when."""
        self.told_at = self.hass.loop.time()
        super().async_update_listeners()

    @callback
    def _async_end_period(self) -> None:
        """Let counters be shown as they stand before a period of statistics ends."""
        self._end = None
        if self.down is None:
            self.told_at = self.hass.loop.time()
            for listener in list(self._mark_listeners):
                listener()

    @callback
    def async_follow_marks(self, now: datetime | None = None) -> None:
        """Show counters just before each period of statistics ends, however irregularly telegrams come."""
        if now is not None:
            self._async_end_period()
        host_time = dt_util.utcnow()
        wait = (until_mark(host_time.timestamp()) - BEFORE_MARK) % MARK or MARK
        self._stop_marks = async_track_point_in_utc_time(
            self.hass, self.async_follow_marks, host_time + timedelta(seconds=wait)
        )

    @callback
    def async_stop_timers(self) -> None:
        """Tell the entities nothing by itself any more."""
        self.async_stop_timer()
        if self._end is not None:
            self._end.cancel()
        if self._stop_marks is not None:
            self._stop_marks()

    @callback
    def async_find_entities(self) -> None:
        """Let the platforms look for entities that exist now."""
        for listener in list(self._new_listeners):
            listener()

    @callback
    def async_log_link(self) -> None:
        """Log whether telegrams come, where the log says otherwise; a port that comes and goes fills no log."""
        is_up = self.last_update_success
        if is_up is self._is_up_in_log or not self.pace.may_log(f"up: {is_up}", self.hass.loop.time()):
            return
        self._is_up_in_log = is_up
        if is_up:
            _LOGGER.info("%s: telegrams come again", self.name)
        elif isinstance(error := self.last_exception, PortError):
            _LOGGER.info("%s: no telegrams any more (%s)", self.name, error.reason)


@callback
def may_reload(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    """Tell whether an entry may be reloaded because of what its port sends, and note that it is."""
    reloaded, now = hass.data.setdefault(_RELOADED, {}), hass.loop.time()
    if now < reloaded.get(entry.entry_id, -inf) + RELOAD_AT_MOST_EVERY:
        return False
    reloaded[entry.entry_id] = now
    return True


def add_listener[ListenerT](listeners: list[ListenerT], listener: ListenerT) -> CALLBACK_TYPE:
    """Add a listener; return what removes it."""
    listeners.append(listener)
    return lambda: listeners.remove(listener)
