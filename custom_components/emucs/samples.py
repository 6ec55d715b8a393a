"""The S1 port of a meter: its bytes go to one thread, and what they come to comes back a few times a second.

An S1 port is a subentry of the meter whose P1 port is read. Its entities belong to the entry all the same: a device has
one subentry, and that of *Grid connection* has none.
"""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
import logging
from typing import TYPE_CHECKING, Any, Final, override

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntryChange, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.importlib import async_import_module
from homeassistant.requirements import RequirementsNotFound, async_process_requirements
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .insight.power_quality import KeptDisturbance, PowerQuality
from .insight.voltage import Voltage
from .port import CannotConnect, LinkDown, NoData, NoTelegram, PortError
from .port_watch import WrongMeter
from .sources import byte_link_of
from .updates import PacedCoordinator

if TYPE_CHECKING:
    from .coordinator import EmucsConfigEntry, MeterCoordinator
    from .samples_worker import Measured, SampleWorker, Snapshot

_LOGGER: Final = logging.getLogger(__name__)

S1_PORT: Final = "s1_port"
"""The type of the subentry."""
AT_MOST_EVERY: Final = 0.2
"""Seconds from one piece that the thread gets to the next."""
NO_FRAMES_AFTER: Final = 5.0
"""Seconds of bytes without a frame after which they are not those of an S1 port."""
LISTEN: Final = 10.0
"""Seconds for which the flow waits for a frame."""
# A telegram comes up to so many seconds after its time: a clock that deviates by less is the same.
_SAME_CLOCK: Final = 3.0
# The one requirement of samples, which no other household loads. Home Assistant's constraints decide its version.
_REQUIREMENTS: Final = ["numpy"]
_PORTS: Final[HassKey[dict[str, SampleCoordinator]]] = HassKey(f"{DOMAIN}_samples")


class NoSamples(NoData):
    """The S1 port is open, and silent."""

    @property
    @override
    def problem(self) -> str:
        """Return the name of its text: another one than that of telegrams."""
        return "no_samples"


class NoFrames(NoTelegram):
    """Bytes come, but no samples."""

    @property
    @override
    def problem(self) -> str:
        """Return the name of its text."""
        return "no_frames"


class NoNumpy(CannotConnect):
    """Home Assistant cannot install what works out samples."""

    @property
    @override
    def problem(self) -> str:
        """Return the name of its text."""
        return "no_numpy"


class AnotherMeter(WrongMeter):
    """The samples are those of another meter than the telegrams."""

    def __init__(self, found: str = "") -> None:
        """Keep the identifier of the meter that was found."""
        super().__init__(found)

    @property
    @override
    def problem(self) -> str:
        """Return the name of its text."""
        return "another_meter"


def s1_port_of(entry: EmucsConfigEntry) -> ConfigSubentry | None:
    """Return the S1 port of a meter; there is one at most."""
    return next(iter(entry.get_subentries_of_type(S1_PORT)), None)


async def async_worker(hass: HomeAssistant) -> SampleWorker:
    """Return what works samples out; raises NoNumpy."""
    try:
        await async_process_requirements(hass, DOMAIN, _REQUIREMENTS, is_built_in=False)
        module = await async_import_module(hass, f"{__package__}.samples_worker")
    except (ImportError, RequirementsNotFound) as error:
        raise NoNumpy from error
    worker: SampleWorker = module.SampleWorker()
    return worker


async def async_meter_at(hass: HomeAssistant, data: Mapping[str, Any]) -> str | PortError:
    """Return the meter whose samples come from a port, or why none come. The port is closed on return."""
    try:
        worker = await async_worker(hass)
    except NoNumpy as error:
        return error
    failure: PortError = NoFrames()
    async with byte_link_of(hass, data) as link:
        with suppress(TimeoutError):
            async with asyncio.timeout(LISTEN):
                async for event in link:
                    if isinstance(event, LinkDown):
                        return NoSamples() if isinstance(event.error, NoData) else event.error
                    measured = await hass.async_add_executor_job(worker.work, event, 0.0)
                    if measured.meter_id is not None:
                        return measured.meter_id
    return failure


class SampleCoordinator(PacedCoordinator["Measured"]):
    """The S1 port of a meter. `data` is None until its first frames."""

    def __init__(self, meter: MeterCoordinator, port: ConfigSubentry) -> None:
        """Set up without opening the port."""
        super().__init__(meter.hass, meter.config_entry, None)
        self.name = f"{meter.name} (S1)"
        self._meter = meter
        self._port = port
        self._worker: SampleWorker | None = None
        self._thread = ThreadPoolExecutor(1, f"{DOMAIN} samples")
        self._has_logged_failure = False
        self._ahead = 0.0  # seconds by which the meter's clock is ahead of the host's
        self._framed_at: float | None = None  # by the loop's clock; None before anything comes

    @property
    def frames(self) -> int:
        """Return how many frames came so far."""
        return 0 if self.data is None else self.data.frames

    @callback
    def async_start(self) -> None:
        """Read the port in the background until the entry is unloaded."""
        entry = self._meter.config_entry
        entry.async_create_background_task(self.hass, self._async_run(), self.name)
        entry.async_on_unload(self.async_stop_timers)
        entry.async_on_unload(partial(self._thread.shutdown, wait=False, cancel_futures=True))

    async def _async_run(self) -> None:
        """Take what comes, until cancelled."""
        try:
            self._worker = await async_worker(self.hass)
        except NoNumpy as error:
            self.async_take_failure(error)
            return
        async with byte_link_of(self.hass, self._port.data) as link:
            async for event in link:
                if isinstance(event, LinkDown):
                    self._framed_at = None
                    self.async_take_failure(event.error)
                    continue
                try:
                    self._async_take(await self._async_work(partial(self._worker.work, event, self._time())))
                except Exception:
                    # As with telegrams: what cannot be shown does not stop the reading.
                    if not self._has_logged_failure:
                        _LOGGER.exception("%s: samples could not be shown", self.name)
                    self._has_logged_failure = True
                await asyncio.sleep(AT_MOST_EVERY)

    async def _async_work[T](self, work: Callable[[], T]) -> T:
        """Return what the thread makes of something."""
        return await self.hass.loop.run_in_executor(self._thread, work)

    def _time(self) -> float:
        """Return the time by the meter's clock, in seconds since 1970: samples have none, and telegrams are by that."""
        deviation = self._meter.insights.clock.deviation
        if deviation is not None and abs(deviation.total_seconds() - self._ahead) > _SAME_CLOCK:
            self._ahead = deviation.total_seconds()
        return dt_util.utcnow().timestamp() + self._ahead

    @callback
    def _async_take(self, measured: Measured) -> None:
        """Take what a piece came to."""
        now = self.hass.loop.time()
        if measured.meter_id is None:
            self._framed_at = self._framed_at or now
            if now - self._framed_at > NO_FRAMES_AFTER and not isinstance(self.down, NoFrames):
                self.async_take_failure(NoFrames())
            return
        self._framed_at = now
        if measured.meter_id != self._meter.identifier:
            if not isinstance(self.down, WrongMeter):
                self.async_take_failure(AnotherMeter(measured.meter_id))
            return
        quality = self._meter.insights[PowerQuality]
        for slot in measured.slots:
            self._meter.insights[Voltage].take_measured(slot.number, slot.means)
            quality.take_distortion(slot.number, slot.thd)
        for each in measured.disturbances:
            quality.take(
                KeptDisturbance(
                    str(each.type), each.phases, round(each.value, 2), each.begin, round(each.duration, 3), each.is_over
                )
            )
        is_new = self.data is None or (self.data.state is None and measured.state is not None)
        self.async_take_data(measured, is_new=is_new, is_urgent=measured.happened)
        if is_new:
            self._meter.async_find_entities()

    async def async_snapshot(self) -> Snapshot | None:
        """Return a period as it is sampled now; None where nothing comes."""
        if self._worker is None or self.down is not None or self.data is None:
            return None
        return await self._async_work(self._worker.snapshot)


@callback
def samples_of(meter: MeterCoordinator) -> SampleCoordinator | None:
    """Return the S1 port of a meter that is read."""
    return meter.hass.data.get(_PORTS, {}).get(meter.config_entry.entry_id)


@callback
def async_setup_samples(hass: HomeAssistant, entry: EmucsConfigEntry) -> None:
    """Read the S1 port of a meter, where it has one; begin anew when it is added, changed or removed."""
    port = s1_port_of(entry)
    known = None if port is None else dict(port.data)

    @callback
    def follow(change: ConfigEntryChange, changed: EmucsConfigEntry) -> None:
        """Reload when the port is another one, or none."""
        if changed is entry and change is ConfigEntryChange.UPDATED:
            now = s1_port_of(entry)
            if (None if now is None else dict(now.data)) != known:
                hass.config_entries.async_schedule_reload(entry.entry_id)

    entry.async_on_unload(async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, follow))
    if port is None:
        return
    ports = hass.data.setdefault(_PORTS, {})
    ports[entry.entry_id] = coordinator = SampleCoordinator(entry.runtime_data, port)

    @callback
    def forget() -> None:
        """Know the port no more."""
        del ports[entry.entry_id]

    entry.async_on_unload(forget)
    coordinator.async_start()


@callback
def async_forget_entities(hass: HomeAssistant, entry: EmucsConfigEntry, keys: Mapping[str, str]) -> None:
    """Remove entities that the meter no longer has, by their keys and platforms."""
    registry = er.async_get(hass)
    for key, platform in keys.items():
        if entity_id := registry.async_get_entity_id(platform, DOMAIN, f"{entry.unique_id}_{key}"):
            registry.async_remove(entity_id)
