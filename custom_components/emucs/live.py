"""The live view: pushes each telegram to browsers that subscribe, without the state machine and the database.

The websocket command `emucs/live` with a `config_entry_id` subscribes. Each event has a `type`:

- `values`: what the latest telegram says, at once and then at most one a second. `time` is when the meter printed it,
  in ISO 8601. Powers are in kW: `power` and `power_l1` … `power_l3`, above 0 where they are imported; of the quarter
  `so_far`, `demand_forecast`, `demand_budget` and `target`, the one in effect. `estimated`, `peak_alarm` and
  `peak_warning` are true or false, and `seconds_left` is the rest of the quarter by the meter's clock. What is not
  known is null; what belongs to an entity that does not exist, is disabled, or may not be read by the user is left out.
- `down`: no telegrams arrive. The next `values` mean that they do again. `problem` and `placeholders` are the key of
  the text among the translated exceptions that says why, and what is filled in there.
- `ended`: the meter was unloaded, or the user may no longer read any of this. No event follows; subscribe again.

A user who may read none of these entities gets the error `unauthorized`. `not_found`: the entry is not loaded.
"""

from abc import ABC, abstractmethod
import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from math import inf
from typing import Any, Final, NamedTuple, override

from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.components import websocket_api
from homeassistant.components.websocket_api import ActiveConnection
from homeassistant.const import ATTR_CONFIG_ENTRY_ID, Platform
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.util.hass_dict import HassKey
from homeassistant.util.json import JsonValueType
import probatio

from .const import DOMAIN
from .coordinator import EmucsConfigEntry, MeterCoordinator
from .entities.rows import rounded
from .insight.capacity import Capacity, CapacityState
from .insight.electricity import net_power, phase_power
from .port import obis
from .services import async_until_set_up

COMMAND: Final = f"{DOMAIN}/live"
AT_MOST_EVERY: Final = 0.95
"""Seconds between two events. Telegrams are a second apart: the difference makes up for those that are late."""
DOWN: Final = {"type": "down"}
ENDED: Final = {"type": "ended"}
_FEEDS: Final[HassKey[dict[str, LiveFeed]]] = HassKey(f"{DOMAIN}_live")

type Values = Mapping[str, JsonValueType]


class _Source(NamedTuple):
    """An entity, and the values that go to users who may read it."""

    key: str
    platform: Platform
    values: Callable[[MeterCoordinator], Values]


def _of_state(**values: Callable[[CapacityState], JsonValueType]) -> Callable[[MeterCoordinator], Values]:
    """Return named values of the running quarter; each is null while that is unknown."""

    def named(meter: MeterCoordinator) -> Values:
        state = meter.insights[Capacity].state
        return {name: None if state is None else function(state) for name, function in values.items()}

    return named


def _power(meter: MeterCoordinator) -> Values:
    """Return the power of all phases."""
    return {"power": rounded(net_power(meter.telegram))}


def _of_phase(phase: str) -> _Source:
    """Return the power of a phase."""
    key = f"power_{phase}"
    return _Source(key, Platform.SENSOR, lambda meter: {key: rounded(phase_power(meter.telegram, phase))})


_SOURCES: Final = (
    _Source("power", Platform.SENSOR, _power),
    *map(_of_phase, obis.PHASE_GROUP),
    _Source(
        "demand_forecast",
        Platform.SENSOR,
        _of_state(
            so_far=lambda state: rounded(state.demand.so_far),
            demand_forecast=lambda state: rounded(state.demand.forecast),
            estimated=lambda state: state.demand.estimated,
            seconds_left=lambda state: int(state.demand.left),
        ),
    ),
    _Source(
        "demand_budget",
        Platform.SENSOR,
        _of_state(
            demand_budget=lambda state: rounded(state.budget),
            target=lambda state: rounded(state.effective_target),
        ),
    ),
    _Source("peak_alarm", Platform.BINARY_SENSOR, _of_state(peak_alarm=lambda state: state.alarm)),
    _Source("peak_warning", Platform.BINARY_SENSOR, _of_state(peak_warning=lambda state: state.warning)),
)


class Viewer:
    """One subscription of one browser."""

    def __init__(self, connection: ActiveConnection, message_id: int) -> None:
        """Register the subscription, so that the browser can cancel it before it is answered."""
        self._connection = connection
        self._id = message_id
        self.has_left = False
        self.on_leave: CALLBACK_TYPE | None = None
        connection.subscriptions[message_id] = self.leave

    @callback
    def leave(self) -> None:
        """End the subscription."""
        self.has_left = True
        if self.on_leave is not None:
            self.on_leave()

    @callback
    def refuse(self, code: str, reason: str) -> None:
        """Answer with an error."""
        self._connection.subscriptions.pop(self._id, None)
        self._connection.send_error(self._id, code, reason)

    @callback
    def accept(self) -> None:
        """Confirm the subscription."""
        self._connection.send_result(self._id)

    def may_read(self, entity_id: str) -> bool:
        """Tell whether the user may read an entity."""
        return self._connection.user.permissions.check_entity(entity_id, POLICY_READ)

    @callback
    def send(self, event: Mapping[str, Any]) -> None:
        """Send an event."""
        self._connection.send_event(self._id, event)


class Viewers(ABC):
    """The viewers of one thing."""

    def __init__(self) -> None:
        """Start without viewers."""
        self._viewers: list[Viewer] = []

    @callback
    def _async_include(self, viewer: Viewer) -> None:
        """Add a viewer until it leaves."""
        self._viewers.append(viewer)
        viewer.on_leave = partial(self._async_remove, viewer)

    @callback
    def _async_remove(self, viewer: Viewer) -> None:
        """Remove a viewer; the last one ends all work."""
        viewer.on_leave = None
        self._viewers.remove(viewer)
        if not self._viewers:
            self._async_rest()

    @abstractmethod
    def _async_rest(self) -> None:
        """End all work: nobody looks."""

    @callback
    def async_end(self) -> None:
        """Tell all viewers that no event follows."""
        for viewer in list(self._viewers):
            self._async_end_for(viewer)

    @callback
    def _async_end_for(self, viewer: Viewer) -> None:
        """Tell a viewer that no event follows. Its subscription stays registered, so that the browser can cancel it."""
        self._async_remove(viewer)
        viewer.send(ENDED)


class LiveFeed(Viewers):
    """Sends the values of one meter to its viewers. Without viewers it listens to nothing."""

    def __init__(self, meter: MeterCoordinator) -> None:
        """Start without viewers."""
        super().__init__()
        self._meter = meter
        self._stops: list[CALLBACK_TYPE] = []
        self._timer: asyncio.TimerHandle | None = None
        self._sent_at = -inf
        self._has_sent_down = False

    def sources(self) -> dict[str, _Source]:
        """Return the sources whose entities exist and are enabled, by entity id."""
        registry = er.async_get(self._meter.hass)
        found = {}
        for source in _SOURCES:
            unique_id = f"{self._meter.identifier}_{source.key}"
            entity_id = registry.async_get_entity_id(source.platform, DOMAIN, unique_id)
            if entity_id and (entity := registry.async_get(entity_id)) and not entity.disabled:
                found[entity_id] = source
        return found

    @callback
    def async_add(self, viewer: Viewer) -> None:
        """Send a viewer the current values, and from then on each telegram."""
        if not self._viewers:
            self._has_sent_down = self._is_down
            # Viewers learn of a lost link when entities do: one that returns at once goes unnoticed.
            self._stops = [
                self._meter.async_on_data(self._async_take),
                self._meter.async_add_listener(self._async_follow_link),
            ]
        self._async_include(viewer)
        self._async_send([viewer])

    @callback
    @override
    def _async_rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for stop in self._stops:
            stop()

    @property
    def _is_down(self) -> bool:
        """Return whether the entities are unavailable because no telegrams arrive."""
        return self._meter.data is None or (self._meter.down is not None and not self._meter.last_update_success)

    @callback
    def _async_follow_link(self) -> None:
        """Send an event if the link was lost or is back."""
        if self._is_down is not self._has_sent_down:
            self._async_take()

    @callback
    def _async_take(self) -> None:
        """Send an event now, or as soon as the last one is long enough ago."""
        if self._timer is not None:
            return
        loop = self._meter.hass.loop
        due = self._sent_at + AT_MOST_EVERY
        if due <= loop.time():
            self._async_send_all()
        else:
            self._timer = loop.call_at(due, self._async_send_all)

    @callback
    def _async_send_all(self) -> None:
        """Send an event to all viewers."""
        self._timer = None
        self._sent_at = self._meter.hass.loop.time()
        self._has_sent_down = self._is_down
        self._async_send(list(self._viewers))

    def _down(self) -> dict[str, JsonValueType]:
        """Return the event that no telegrams arrive, with the text that says why."""
        if (error := self._meter.down) is None:
            return dict(DOWN)
        problem, placeholders = self._meter.watch.problem_of(error)
        return {**DOWN, "problem": problem, "placeholders": dict(placeholders)}

    @callback
    def _async_send(self, viewers: list[Viewer]) -> None:
        """Send each viewer the values that its user may read."""
        values: dict[str, Values] = {}
        for entity_id, source in self.sources().items():
            values[entity_id] = {} if self._is_down else source.values(self._meter)
        for viewer in viewers:
            if not (readable := [each for entity_id, each in values.items() if viewer.may_read(entity_id)]):
                self._async_end_for(viewer)
            elif self._is_down:
                viewer.send(self._down())
            else:
                time = self._meter.telegram.time
                event: dict[str, JsonValueType] = {"type": "values", "time": time.isoformat() if time else None}
                for each in readable:
                    event |= each
                viewer.send(event)


@callback
def async_setup_live(hass: HomeAssistant) -> None:
    """Register the command."""
    websocket_api.async_register_command(hass, _async_handle)


@callback
def async_setup_live_feed(hass: HomeAssistant, entry: EmucsConfigEntry) -> None:
    """Offer the meter of an entry to viewers until it is unloaded."""
    feeds = hass.data.setdefault(_FEEDS, {})
    feed = feeds[entry.entry_id] = LiveFeed(entry.runtime_data)

    @callback
    def end() -> None:
        """End all subscriptions."""
        del feeds[entry.entry_id]
        feed.async_end()

    entry.async_on_unload(end)


async def async_viewer(hass: HomeAssistant, connection: ActiveConnection, message: dict[str, Any]) -> Viewer | None:
    """Return the browser that subscribes, once its meter is set up; None if it has left meanwhile."""
    viewer = Viewer(connection, message["id"])
    entry = hass.config_entries.async_get_entry(message[ATTR_CONFIG_ENTRY_ID])
    if entry is not None and entry.domain == DOMAIN:
        await async_until_set_up(entry)
    return None if viewer.has_left else viewer


@websocket_api.websocket_command(
    {probatio.Required("type"): COMMAND, probatio.Required(ATTR_CONFIG_ENTRY_ID): cv.string}
)
@websocket_api.async_response
async def _async_handle(hass: HomeAssistant, connection: ActiveConnection, message: dict[str, Any]) -> None:
    """Subscribe a browser to a meter; wait for one that is being set up or reloaded."""
    if (viewer := await async_viewer(hass, connection, message)) is None:
        return
    feed = hass.data.get(_FEEDS, {}).get(message[ATTR_CONFIG_ENTRY_ID])
    if feed is None or not (entity_ids := feed.sources()):
        viewer.refuse(websocket_api.ERR_NOT_FOUND, "There is no such meter now")
    elif not any(map(viewer.may_read, entity_ids)):
        viewer.refuse(websocket_api.ERR_UNAUTHORIZED, "Unauthorized")
    else:
        viewer.accept()
        feed.async_add(viewer)
