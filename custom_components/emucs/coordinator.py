"""From the port to Home Assistant: reads the link, and feeds the insights."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
import logging
from typing import TYPE_CHECKING, Any, Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from .const import CONF_UPDATE_INTERVAL
from .devices import async_register_meter, async_rename_mbus_meters, identifier_of, names_of
from .insight.meter import MeterInsights, MeterUpdate
from .insight.user_port import CONF_USER_PORT, UserPort
from .port import LinkDown, PortError, Telegram
from .port_watch import WrongMeter, async_watch_of
from .sources import may_be_late, source_of
from .storage import SERIES, SERIES_INTERVAL, SOON, STATE, STATE_INTERVAL, MeterStorage
from .updates import PacedCoordinator, add_listener, may_reload

if TYPE_CHECKING:
    from .entities.rows import SensorRow

_LOGGER: Final = logging.getLogger(__name__)

# Home Assistant's start does not wait longer than this, in seconds, for a port that sends less often than others.
_LONGEST_START: Final = 10.0
MINUTE: Final = timedelta(minutes=1)
"""How often lasting conditions are checked and port diagnostics refreshed."""

type EmucsConfigEntry = ConfigEntry[MeterCoordinator]


class MeterCoordinator(PacedCoordinator[MeterUpdate]):
    """An electricity meter and the link to its port. `data` is None until its first telegram."""

    config_entry: EmucsConfigEntry
    insights: MeterInsights

    def __init__(self, hass: HomeAssistant, entry: EmucsConfigEntry) -> None:
        """Set up without opening the port."""
        super().__init__(hass, entry, entry.options.get(CONF_UPDATE_INTERVAL))
        self.link = source_of(hass, entry)
        self.watch = async_watch_of(hass, entry)
        self.register_rows: dict[str, SensorRow] = {}
        """The rows of registers that have none in a table, by code: each as its register showed up first."""
        self._storage = MeterStorage(hass, entry)
        self._telegram_listeners: list[Callable[[Telegram], None]] = []
        self._has_logged_failure = False
        self.has_platforms = False
        self._has_renamed = False  # M-Bus meters, whose entities do not know it yet
        self._task: asyncio.Task[Any] | None = None

    @property
    def identifier(self) -> str:
        """Return the meter's identifier."""
        assert self.config_entry.unique_id is not None  # noqa: S101 -- the flow sets it
        return self.config_entry.unique_id

    @property
    def user_port(self) -> UserPort:
        """Return which port of the meter is read."""
        return UserPort(self.config_entry.options.get(CONF_USER_PORT, UserPort.P1))

    @property
    def telegram(self) -> Telegram:
        """Return the latest telegram. No entity exists before the first one."""
        assert self.data is not None  # noqa: S101 -- see above
        return self.data.telegram

    async def async_start(self) -> None:
        """Wait for the first telegram; once the platforms are set up, `async_go_on` takes those that follow.

        A port that the user knows to send less often is not waited for. Raises ConfigEntryNotReady with the reason if
        no telegram comes.
        """
        await self._async_load()
        first = self._task = self.config_entry.async_create_background_task(
            self.hass, self.watch.async_first_event(self.link), f"{self.name}, first telegram"
        )
        try:
            await asyncio.wait([first], timeout=_LONGEST_START if may_be_late(self.config_entry) else None)
            if first.done():
                self._async_received(self.watch.async_first_telegram(first.result()))
        except BaseException:
            await self._async_end(first)
            raise

    @callback
    def async_go_on(self, *, has_platforms: bool) -> None:
        """Take telegrams in the background: no event is lost that an entity would tell."""
        self.has_platforms = has_platforms
        if (first := self._task) is not None:
            self._task = self.config_entry.async_create_background_task(self.hass, self._async_run(first), self.name)
        self.config_entry.async_on_unload(async_track_time_interval(self.hass, self._async_tick, MINUTE))
        if self.is_adaptive:
            self.async_follow_marks()
        self.config_entry.async_on_unload(self.async_stop_timers)

    async def _async_load(self) -> None:
        """Take up what was known before a restart."""
        options = self.config_entry.options
        saved = await self._storage.async_load(
            STATE, lambda state: MeterInsights.restore(self.identifier, options, state)
        )
        self.insights = saved or MeterInsights(self.identifier, options)
        await self._storage.async_load(SERIES, self.insights.restore_series)

    async def async_stop(self) -> None:
        """Stop reading, wait until the port is free, and keep what is known."""
        if self._task is not None:
            await self._async_end(self._task)
        if self.data is not None:
            await self._storage.async_save(STATE, self.insights.save())
            if self.insights.has_series:
                await self._storage.async_save(SERIES, self.insights.save_series())

    async def _async_end(self, reading: asyncio.Future[Any]) -> None:
        """End what reads the port, and close it."""
        reading.cancel()
        await asyncio.wait([reading])
        await self.link.close()

    @callback
    def async_on_telegram(self, listener: Callable[[Telegram], None]) -> CALLBACK_TYPE:
        """Call a listener with each telegram as the meter printed it; return how to end that."""
        return add_listener(self._telegram_listeners, listener)

    async def _async_run(self, first: asyncio.Task[Any]) -> None:
        """Handle link events until cancelled; a failing handler does not stop the reading."""
        try:
            event = await first if self.data is None else await anext(self.link)
            while True:
                try:
                    self._async_take(event)
                except Exception:
                    if not self._has_logged_failure:
                        _LOGGER.exception("%s: a telegram could not be shown", self.name)
                    self._has_logged_failure = True
                event = await anext(self.link)
        finally:
            await self.link.close()

    @callback
    def _async_take(self, event: Telegram | LinkDown) -> None:
        """Handle a link event; telegrams of another meter count only once they last."""
        if isinstance(event, LinkDown):
            self._async_lost(event.error)
            return
        if (is_ours := self.watch.async_is_ours(event)) is None:
            return
        is_another = self.pace.is_another_meter(self.hass.loop.time(), is_right=is_ours)
        if is_ours:
            self._async_received(event)
        elif is_another and not isinstance(self.down, WrongMeter):
            self._async_lost(WrongMeter(identifier_of(event)))

    @callback
    def _async_lost(self, error: PortError) -> None:
        """Take why there are no telegrams."""
        self.watch.async_failed(error)
        self.async_take_failure(error)

    @callback
    def _async_received(self, telegram: Telegram) -> None:
        """Take a telegram of this meter."""
        is_first, was_down = self.data is None, self.down is not None
        if is_first:
            async_register_meter(self.hass, self.config_entry, telegram, self.user_port)
            self.watch.health.begin(self.link.reader.telegrams)
        if is_first or was_down:
            self.watch.async_recovered()
        for take in self._telegram_listeners:
            take(telegram)
        update = self.insights.feed(telegram, dt_util.utcnow())
        self._async_follow_counters(update)
        self._async_save_later(update)
        self.async_take_data(update, is_new=update.is_new, is_urgent=update.is_urgent)

    @callback
    @override
    def refresh(self) -> None:
        """Work out what is not needed with each telegram."""
        self.insights.refresh()

    @callback
    def _async_follow_counters(self, update: MeterUpdate) -> None:
        """Log counters that were set, and rename M-Bus meters that print their identifier from now on."""
        guarded = update.guarded
        if guarded.withheld and self.pace.may_log("withheld", self.hass.loop.time()):
            _LOGGER.debug("Not believed yet: %s", ", ".join(names_of(guarded.withheld)))
        if guarded.restarted and self.pace.may_log("restarted", self.hass.loop.time()):
            _LOGGER.info("%s: a counter was set: %s", self.name, ", ".join(names_of(guarded.restarted)))
        if async_rename_mbus_meters(self.hass, self.config_entry, guarded.renamed):
            self._has_renamed = self.has_platforms
            self._async_reload_renamed()

    @callback
    def _async_reload_renamed(self) -> None:
        """Make entities anew that have their identifiers from before; no meter is renamed twice in a short time."""
        if self._has_renamed and may_reload(self.hass, self.config_entry):
            self._has_renamed = False
            self.hass.config_entries.async_schedule_reload(self.config_entry.entry_id)

    @callback
    def _async_save_later(self, update: MeterUpdate) -> None:
        """Keep what is known: soon where that changes what users see, else now and then."""
        delay = SOON if update.is_urgent or update.is_new else STATE_INTERVAL
        self._storage.async_save_within(STATE, delay, self.insights.save)
        if self.insights.has_series:
            self._storage.async_save_within(SERIES, SERIES_INTERVAL, self.insights.save_series)

    @callback
    def async_set_option(self, section: str, key: str, value: float) -> None:
        """Keep an option that the user sets by an entity; unlike others it takes effect without a reload."""
        before = self.config_entry.options
        options = {**before, section: {**before.get(section, {}), key: value}}
        self.hass.config_entries.async_update_entry(self.config_entry, options=options)
        self.insights.set_options(options)

    @callback
    def async_changed(self) -> None:
        """Update the entities, and keep what changed, where something else than a telegram changed what is known."""
        self.insights.refresh()
        self._storage.async_save_within(STATE, SOON, self.insights.save)
        self.async_update_listeners()

    @callback
    def _async_tick(self, _: datetime) -> None:
        """Check what lasts; look for entities whose register has a value by now; refresh port sensors while down."""
        self.watch.health.end_minute(self.link.reader.telegrams)
        is_up = self.data is not None and self.down is None
        self.watch.async_check(self.link, self.telegram if is_up else None, self.insights.clock)
        self.async_log_link()
        self._async_reload_renamed()
        self.async_find_entities() if is_up else self.async_update_listeners()
