"""A coordinator that tells its entities as often as they may be told, however fast a port brings news."""

import asyncio
import logging
from math import inf
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .pace import Pace
from .port import PortError

_LOGGER: Final = logging.getLogger(__name__)

RELOAD_AT_MOST_EVERY: Final = 600.0
"""Seconds between two reloads of an entry that its port is the reason for."""
_RELOADED: Final[HassKey[dict[str, float]]] = HassKey(f"{DOMAIN}_reloaded")


class PacedCoordinator[DataT](DataUpdateCoordinator[DataT | None]):
    """Tells entities what its data are, or that there are none now. `data` may be newer than what they were told."""

    config_entry: ConfigEntry

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, interval: float) -> None:
        """Take the seconds between two updates that can wait."""
        super().__init__(hass, _LOGGER, config_entry=entry, name=entry.title, update_interval=None)
        self.down: PortError | None = None
        """Why there are no data now; entities are told once that lasts."""
        self.pace = Pace(interval)
        self._timer: asyncio.TimerHandle | None = None  # runs while entities have to be told, and may not yet
        self._has_new = self._is_urgent = False  # since entities were told data last
        self._is_up_in_log = True
        self._new_listeners: list[CALLBACK_TYPE] = []
        self._data_listeners: list[CALLBACK_TYPE] = []

    @callback
    def async_on_new(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call a listener whenever entities may exist that did not before; return how to end that."""
        return add_listener(self._new_listeners, listener)

    @callback
    def async_on_data(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call a listener whenever there are data, however fast they come; return how to end that."""
        return add_listener(self._data_listeners, listener)

    @callback
    def async_take_data(self, data: DataT, *, is_new: bool, is_urgent: bool) -> None:
        """Take data; update the entities if it is time to, or soon if that cannot wait or entities may be new."""
        if self.down is not None:
            self.async_stop_timer()
        self.data, self.down = data, None
        self._has_new |= is_new
        self._is_urgent |= is_new or is_urgent or not self.last_update_success
        if (due := self.pace.of_data(self.hass.loop.time(), is_urgent=self._is_urgent)) is not None:
            self._async_tell_at(due)
        for listener in list(self._data_listeners):
            listener()

    @callback
    def async_take_failure(self, error: PortError) -> None:
        """Take why there are no data; make all entities unavailable, unless they just were and this passes."""
        self.down = error
        self._async_tell_at(self.pace.of_failure(self.hass.loop.time()))

    @callback
    def refresh(self) -> None:
        """Work out what is needed only when entities are updated."""

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
        self.pace.tell(self.hass.loop.time(), is_up=self.down is None)
        self.last_update_success, self.last_exception = self.down is None, self.down
        has_new = False
        if self.down is None:
            has_new, self._has_new, self._is_urgent = self._has_new, False, False
            self.refresh()
        self.async_update_listeners()
        self.async_log_link()
        if has_new:
            self.async_find_entities()

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
