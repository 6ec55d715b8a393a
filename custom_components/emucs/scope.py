"""The oscilloscope: pushes a period as the S1 port samples it to browsers that subscribe, and works out none without.

The websocket command `emucs/waveform` with a `config_entry_id` subscribes. Each event has a `type`:

- `values`: some four a second. `frequency` in Hz; `phases`, by the names of those that there are; `neutral`, null where
  its current is not measured. Of each phase `voltage` and `current` are 52 points of one period in V and A, from where
  the strongest voltage rises through zero; `voltage_rms` and `current_rms`; `voltage_harmonics` and `current_harmonics`
  in per cent of the fundamental, from the second on; `voltage_thd` and `current_thd`, null where not known. On 3x230 V
  the voltages are those from L1 to L2, from L3 to L1, and from L3 to L2.
- `down`: no samples arrive. The next `values` mean that they do again.
- `ended`: the meter was unloaded, or the user may no longer read any of this. No event follows; subscribe again.

Users may look who may read one of the entities of samples; others get the error `unauthorized`. `not_found`: the entry
is not loaded, or has no S1 port.
"""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, override

from homeassistant.components import websocket_api
from homeassistant.components.websocket_api import ActiveConnection
from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.util.hass_dict import HassKey
from homeassistant.util.json import JsonValueType
import probatio

from .const import DOMAIN
from .coordinator import EmucsConfigEntry, MeterCoordinator
from .entities import ROWS
from .live import DOWN, Viewer, Viewers, async_viewer
from .samples import SampleCoordinator, samples_of

if TYPE_CHECKING:
    from .samples_worker import Snapshot

COMMAND: Final = f"{DOMAIN}/waveform"
PACE: Final = 0.25
"""Seconds from one event to the next."""
_FEEDS: Final[HassKey[dict[str, ScopeFeed]]] = HassKey(f"{DOMAIN}_scope")


class ScopeFeed(Viewers):
    """Sends what one S1 port samples to its viewers. Without viewers it does nothing."""

    def __init__(self, meter: MeterCoordinator, samples: SampleCoordinator) -> None:
        """Start without viewers."""
        super().__init__()
        self._meter = meter
        self._samples = samples
        self._task: asyncio.Task[None] | None = None

    def entity_ids(self) -> list[str]:
        """Return the enabled entities of the port."""
        registry = er.async_get(self._meter.hass)
        rows = (row for row in ROWS if row.is_of_samples)
        found = (registry.async_get_entity_id(row.platform, DOMAIN, row.unique_id(self._meter)) for row in rows)
        return [each for each in found if each and (entity := registry.async_get(each)) and not entity.disabled]

    def may_look(self, viewer: Viewer) -> bool:
        """Tell whether a user may read one of them."""
        return any(map(viewer.may_read, self.entity_ids()))

    @callback
    def async_add(self, viewer: Viewer) -> None:
        """Send a viewer what is sampled from now on."""
        self._async_include(viewer)
        if self._task is None:
            self._task = self._meter.config_entry.async_create_background_task(
                self._meter.hass, self._async_run(), f"{self._meter.name}, oscilloscope"
            )

    @callback
    @override
    def _async_rest(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _async_run(self) -> None:
        """Send a period a few times a second, until cancelled."""
        while True:
            snapshot = await self._samples.async_snapshot()
            event = dict(DOWN) if snapshot is None else event_of(snapshot)
            for viewer in list(self._viewers):
                if self.may_look(viewer):
                    viewer.send(event)
                else:
                    self._async_end_for(viewer)
            await asyncio.sleep(PACE)


def event_of(snapshot: Snapshot) -> dict[str, JsonValueType]:
    """Return a period as it is sent."""
    state = snapshot.state
    voltage, current = snapshot.voltage.T.tolist(), snapshot.current.T.tolist()
    phases: dict[str, JsonValueType] = {
        name: {
            "voltage": _rounded(voltage[number], 1),
            "current": _rounded(current[number], 2),
            "voltage_rms": round(phase.voltage, 1),
            "current_rms": round(phase.current, 2),
            "voltage_harmonics": _rounded(phase.voltage_harmonics, 2),
            "current_harmonics": _rounded(phase.current_harmonics, 1),
            "voltage_thd": None if phase.voltage_thd is None else round(phase.voltage_thd, 2),
            "current_thd": None if phase.current_thd is None else round(phase.current_thd, 1),
        }
        for number, (name, phase) in enumerate(state.phases.items())
    }
    neutral: JsonValueType = None if state.neutral is None else _rounded(current[3], 2)
    return {"type": "values", "frequency": round(state.frequency, 3), "phases": phases, "neutral": neutral}


def _rounded(values: Sequence[float], digits: int) -> list[JsonValueType]:
    """Return numbers with the digits that a drawing needs."""
    return [round(value, digits) for value in values]


@callback
def async_setup_scope(hass: HomeAssistant) -> None:
    """Register the command."""
    websocket_api.async_register_command(hass, _async_handle)


@callback
def async_setup_scope_feed(hass: HomeAssistant, entry: EmucsConfigEntry) -> None:
    """Offer the S1 port of an entry to viewers until it is unloaded."""
    if (samples := samples_of(entry.runtime_data)) is None:
        return
    feeds = hass.data.setdefault(_FEEDS, {})
    feed = feeds[entry.entry_id] = ScopeFeed(entry.runtime_data, samples)

    @callback
    def end() -> None:
        """End all subscriptions."""
        del feeds[entry.entry_id]
        feed.async_end()

    entry.async_on_unload(end)


@websocket_api.websocket_command(
    {probatio.Required("type"): COMMAND, probatio.Required(ATTR_CONFIG_ENTRY_ID): cv.string}
)
@websocket_api.async_response
async def _async_handle(hass: HomeAssistant, connection: ActiveConnection, message: dict[str, Any]) -> None:
    """Subscribe a browser to the samples of a meter; wait for one that is being set up or reloaded."""
    if (viewer := await async_viewer(hass, connection, message)) is None:
        return
    feed = hass.data.get(_FEEDS, {}).get(message[ATTR_CONFIG_ENTRY_ID])
    if feed is None:
        viewer.refuse(websocket_api.ERR_NOT_FOUND, "There is no such S1 port now")
    elif not feed.may_look(viewer):
        viewer.refuse(websocket_api.ERR_UNAUTHORIZED, "Unauthorized")
    else:
        viewer.accept()
        feed.async_add(viewer)
