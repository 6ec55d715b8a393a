"""From telegrams to what Home Assistant is told: one coordinator for the meter, one for each M-Bus meter."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Set as AbstractSet
from contextlib import suppress
from datetime import datetime, timedelta
import logging
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_PORT
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryNotReady
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from .capacity import CapacityKeeper
from .const import (
    CONF_BAUDRATE,
    CONF_BYTESIZE,
    CONF_PARITY,
    CONF_STOPBITS,
    CONF_UPDATE_INTERVAL,
    CONF_USER_PORT,
    CONF_WAIT,
    DEFAULT_UPDATE_INTERVAL,
    DOMAIN,
)
from .devices import electricity_meter_device, identifier_of, mask, masked_title
from .guarding import GuardKeeper
from .insight.flow import FlowRate
from .insight.grid import Grid, grid_of
from .insight.guard import Guarded
from .insight.mbus import MbusMeter
from .insight.user_port import UserPort
from .port import Channel, Link, LinkDown, PortError, Telegram, obis
from .port_watch import WrongMeter, async_watch_of

_LOGGER: Final = logging.getLogger(__name__)

# Telegrams do not come to the millisecond; one that is a little early is not left for the next.
_EARLY: Final = 0.2
# Home Assistant's start does not wait longer than this, in seconds, for a port that sends less often than others.
_LONGEST_START: Final = 10.0
# However many a port prints over time: a hostile one could go on for ever.
_MOST_CODES: Final = 1024
_MOST_MBUS_METERS: Final = 16
MINUTE: Final = timedelta(minutes=1)
"""How often is looked what lasts, and how often diagnostics change that nothing else changes."""
# Worth a state change at once.
_URGENT: Final = (obis.BREAKER, *(obis.relay(number) for number in range(1, 5)))

type EmucsConfigEntry = ConfigEntry[MeterCoordinator]


def link_of(data: Mapping[str, Any]) -> Link:
    """Return the link that the data of a config entry describe."""
    return Link(
        data[CONF_PORT],
        baudrate=data[CONF_BAUDRATE],
        bytesize=data[CONF_BYTESIZE],
        parity=data[CONF_PARITY],
        stopbits=data[CONF_STOPBITS],
        wait=data.get(CONF_WAIT),
    )


class MbusCoordinator(DataUpdateCoordinator[Channel]):
    """One M-Bus meter, woken when its reading or its valve changes."""

    config_entry: EmucsConfigEntry

    def __init__(self, hass: HomeAssistant, entry: EmucsConfigEntry, meter: MbusMeter) -> None:
        """Start with what the first telegram shows."""
        super().__init__(hass, _LOGGER, config_entry=entry, name=f"{DOMAIN} {meter.medium}", update_interval=None)
        self.identifier = meter.identifier
        self.medium = meter.medium
        self.data = meter.channel
        self.flow = FlowRate()
        self.flow.feed(meter.channel.reading)

    @property
    def is_read(self) -> bool:
        """Return whether the meter was ever read."""
        return self.data.reading is not None and self.data.reading.value is not None

    @callback
    def async_feed(self, meter: MbusMeter | None, telegram: Telegram, *, is_restart: bool = False) -> None:
        """Take what a telegram shows of this meter, which is mostly nothing new; where its counter was set say so."""
        if meter is None:
            self.async_set_unavailable()
            return
        if is_restart:
            # What lies between two readings has not flowed.
            self.flow = FlowRate()
        expired = self.flow.expire(telegram.time)
        if meter.channel == self.data and self.last_update_success and not expired:
            return
        self.flow.feed(meter.channel.reading)
        self.async_set_updated_data(meter.channel)

    @callback
    def async_set_unavailable(self) -> None:
        """Say that nothing is known of the meter now; why is said once, by the electricity meter."""
        if self.last_update_success:
            self.last_update_success = False
            self.async_update_listeners()


class MeterCoordinator(DataUpdateCoordinator[Telegram]):
    """The electricity meter and the link to its port."""

    config_entry: EmucsConfigEntry

    def __init__(self, hass: HomeAssistant, entry: EmucsConfigEntry) -> None:
        """Set up without opening the port."""
        super().__init__(hass, _LOGGER, config_entry=entry, name=DOMAIN, update_interval=None)
        self.link = link_of(entry.data)
        self.user_port = UserPort(entry.options.get(CONF_USER_PORT, UserPort.P1))
        self.heard = False
        """Whether a telegram came: there is no `data` before."""
        self.shown = False
        """Whether there are entities."""
        self.mbus: dict[str, MbusCoordinator] = {}
        """All M-Bus meters seen since set-up, by identifier."""
        self.present: AbstractSet[str] = frozenset()
        """The identifiers of the M-Bus meters in the latest telegram."""
        self.grid: Grid | None = None
        self.capacity = CapacityKeeper(hass, entry)
        self.guard = GuardKeeper(hass, entry, self.identifier)
        self.watch = async_watch_of(hass, entry)
        self.down: PortError | None = None
        self._interval = float(entry.options.get(CONF_UPDATE_INTERVAL, DEFAULT_UPDATE_INTERVAL))
        self._due = 0.0
        self._codes: set[str] = set()
        self._latest_codes: frozenset[str] = frozenset()
        self._listeners_for_new: list[CALLBACK_TYPE] = []
        self._recorders: list[Callable[[Telegram], None]] = []
        self._faulty = False
        self._task: asyncio.Task[None] | None = None

    @property
    def identifier(self) -> str:
        """Return the meter's identifier."""
        assert self.config_entry.unique_id is not None  # noqa: S101 -- the flow sets it
        return self.config_entry.unique_id

    async def async_start(self, show: Callable[[], Awaitable[None]]) -> None:
        """Wait for the first telegram and show what it has, then go on in the background.

        A port that the user knows to send less often is not waited for: what it has is shown when it does.
        Raises ConfigEntryNotReady with the reason if no telegram comes.
        """
        await self.capacity.async_load()
        await self.guard.async_load()
        if self.guard.insight.is_other_meter:
            self.capacity.insight.forget_counter()
        first = self.config_entry.async_create_background_task(
            self.hass, anext(self.link), f"{DOMAIN} {masked_title(self.config_entry)}, first telegram"
        )
        try:
            await asyncio.wait([first], timeout=_LONGEST_START if CONF_WAIT in self.config_entry.data else None)
            if first.done():
                self._async_hear(self._own_telegram(first.result()))
                await show()
        except BaseException:
            await self._async_end(first)
            raise
        self._task = self.config_entry.async_create_background_task(
            self.hass, self._async_run(first, show), f"{DOMAIN} {masked_title(self.config_entry)}"
        )
        self.config_entry.async_on_unload(async_track_time_interval(self.hass, self._async_tick, MINUTE))

    @callback
    def _async_hear(self, telegram: Telegram) -> None:
        """Take the first telegram."""
        dr.async_get(self.hass).async_get_or_create(
            config_entry_id=self.config_entry.entry_id,
            **electricity_meter_device(telegram, self.identifier, self.user_port),
        )
        self.watch.async_recovered()
        self.watch.health.begin(self.link.reader.telegrams)
        self.data = telegram
        self.heard = True
        self._async_received(telegram)

    def _own_telegram(self, event: Telegram | LinkDown) -> Telegram:
        """Return a telegram of this meter, or raise why there is none."""
        if isinstance(event, LinkDown):
            self.watch.async_failed(event.error)
            raise ConfigEntryNotReady(
                translation_domain=DOMAIN,
                translation_key=event.error.reason,
                translation_placeholders={"port": self.link.url, "detail": str(event.error)},
            ) from event.error
        if (found := identifier_of(event)) != self.identifier:
            self.watch.async_failed(WrongMeter(found))
            raise ConfigEntryNotReady(
                translation_domain=DOMAIN,
                translation_key="wrong_meter",
                translation_placeholders={
                    "port": self.link.url,
                    "expected": mask(self.identifier),
                    "found": mask(found),
                },
            )
        return event

    async def async_stop(self) -> None:
        """Stop reading, and wait until the port is free."""
        if self._task is not None:
            await self._async_end(self._task)
        await self.capacity.async_save()
        await self.guard.async_save()

    async def _async_end(self, reading: asyncio.Future[Any]) -> None:
        """End what reads the port, and close it."""
        reading.cancel()
        await asyncio.wait([reading])
        await self.link.close()

    @callback
    def async_on_new(self, listener: CALLBACK_TYPE) -> Callable[[], None]:
        """Call a listener whenever registers or M-Bus meters show up that were not there before."""
        self._listeners_for_new.append(listener)
        return lambda: self._listeners_for_new.remove(listener)

    async def async_record(self, count: int, seconds: float) -> list[bytes]:
        """Return telegrams as they come: so many, or what comes in so many seconds."""
        frames: list[bytes] = []
        complete = asyncio.Event()

        def take(telegram: Telegram) -> None:
            """Take a telegram."""
            frames.append(telegram.frame)
            if len(frames) >= count:
                complete.set()

        self._recorders.append(take)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await complete.wait()
        finally:
            self._recorders.remove(take)
        return frames[:count]

    async def _async_run(self, first: asyncio.Task[Telegram | LinkDown], show: Callable[[], Awaitable[None]]) -> None:
        """Take what the link says, until cancelled; go on reading whatever is made of it."""
        try:
            event = await first if not self.heard else await anext(self.link)
            while True:
                try:
                    self._async_take(event)
                    if self.heard and not self.shown:
                        await show()
                except Exception:
                    if not self._faulty:
                        _LOGGER.exception("%s: a telegram could not be shown", masked_title(self.config_entry))
                    self._faulty = True
                event = await anext(self.link)
        finally:
            await self.link.close()

    @callback
    def _async_take(self, event: Telegram | LinkDown) -> None:
        """Take what the link says; what another meter says is nobody's here."""
        if isinstance(event, LinkDown):
            self._async_lost(event.error)
        elif identifier_of(event) == self.identifier:
            if self.heard:
                self._async_received(event)
            else:
                self._async_hear(event)
        elif not isinstance(self.down, WrongMeter):
            self._async_lost(WrongMeter(identifier_of(event)))

    @callback
    def _async_lost(self, error: PortError) -> None:
        """Make all entities unavailable."""
        if self.down is None:
            _LOGGER.info("%s: no telegrams any more (%s)", masked_title(self.config_entry), error.reason)
        self.watch.async_failed(error)
        self.down = error
        self.last_update_success = False
        self.last_exception = error
        for meter in self.mbus.values():
            meter.async_set_unavailable()
        self.async_update_listeners()

    @callback
    def _async_received(self, telegram: Telegram) -> None:
        """Take a telegram; tell the entities if it is time to, or if it cannot wait."""
        was_down, self.down = self.down, None
        if was_down is not None:
            _LOGGER.info("%s: telegrams come again", masked_title(self.config_entry))
            self.watch.async_recovered()
        for take in self._recorders:
            take(telegram)
        before = self.data
        guarded = self.guard.async_feed(telegram)
        telegram = guarded.telegram
        if guarded.renamed:
            self._async_rename(guarded)
        new = self._async_find_new(guarded)
        now = self.hass.loop.time()
        if guarded.import_restarted:
            self.capacity.insight.forget_counter()
        had_quarter = self.capacity.state is not None
        is_dated = self.watch.clock.feed(telegram.time, dt_util.utcnow())
        urgent = self.capacity.async_feed(telegram) if is_dated else self.capacity.async_pause()
        new |= not had_quarter and self.capacity.state is not None
        urgent |= [*map(telegram.registers.get, _URGENT)] != [*map(before.registers.get, _URGENT)]
        if new or was_down is not None or urgent or now >= self._due - _EARLY:
            self._due = max(self._due + self._interval, now + self._interval - _EARLY)
            self.capacity.async_report()
            self.async_set_updated_data(telegram)
        if new:
            for listener in list(self._listeners_for_new):
                listener()

    @callback
    def _async_rename(self, guarded: Guarded) -> None:
        """Let M-Bus meters whose identifier is known now go on under it."""
        if self.guard.async_rename(guarded) and self._task is not None:
            # Entities have their identifiers from when they were made.
            self.hass.config_entries.async_schedule_reload(self.config_entry.entry_id)
        for before, identifier in guarded.renamed.items():
            if before in self.mbus:
                self.mbus[identifier] = self.mbus.pop(before)

    @callback
    def _async_find_new(self, guarded: Guarded) -> bool:
        """Feed the M-Bus meters; tell whether the telegram shows registers or meters for the first time."""
        new = False
        telegram = guarded.telegram
        # An A1 port leaves gas and water to others.
        found = {} if self.user_port is UserPort.A1 else guarded.meters
        self.present = found.keys()
        for identifier, coordinator in self.mbus.items():
            unread = not coordinator.is_read
            coordinator.async_feed(found.get(identifier), telegram, is_restart=identifier in guarded.restarted)
            # The unit of its register is known now.
            new |= unread and coordinator.is_read
        for identifier, meter in found.items():
            if identifier not in self.mbus and len(self.mbus) < _MOST_MBUS_METERS:
                self.mbus[identifier] = MbusCoordinator(self.hass, self.config_entry, meter)
                new = True
        grid = grid_of(telegram, self.grid)
        if guarded.codes is not self._latest_codes:
            self._latest_codes = guarded.codes
            if len(self._codes) < _MOST_CODES and not guarded.codes <= self._codes:
                self._codes.update(guarded.codes)
                new = True
        if grid is not self.grid:
            self.grid = grid
            new = True
        return new

    @callback
    def _async_tick(self, _: datetime) -> None:
        """See what lasts, and show what changes although nothing comes."""
        self.watch.health.end_minute(self.link.reader.telegrams)
        self.watch.async_check(self.data if self.down is None else None)
        if self.down is not None:
            self.async_update_listeners()
