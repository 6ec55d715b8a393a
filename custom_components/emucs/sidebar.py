"""Has a browser of an administrator add the dashboard to the sidebar, once, if the user asked for it at set-up.

Home Assistant offers integrations no way to store a dashboard. Its own settings do it by commands for administrators,
and `www/sidebar.js` sends the same ones:

- `emucs/sidebar/subscribe` sends an event when the dashboard is to be added: at once, or when a meter was added.
- `emucs/sidebar/take` returns whether this browser is to add it. The others are not, unless it fails to within a while.
- `emucs/sidebar/done` ends it: the dashboard was added, or was there. If the user removes it, it stays away.
"""

from typing import Any, Final

from homeassistant.components import websocket_api
from homeassistant.components.websocket_api import ActiveConnection
from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.util.hass_dict import HassKey
import probatio

from .const import CONF_ADD_TO_SIDEBAR, DOMAIN

SUBSCRIBE: Final = f"{DOMAIN}/sidebar/subscribe"
TAKE: Final = f"{DOMAIN}/sidebar/take"
DONE: Final = f"{DOMAIN}/sidebar/done"
LEASE: Final = 30.0
"""Seconds that a browser has to add the dashboard."""
_TAKEN_UNTIL: Final[HassKey[float]] = HassKey(f"{DOMAIN}_sidebar")


def sidebar_marker(hass: HomeAssistant) -> probatio.Optional:
    """Return the field that asks for the dashboard, ticked for the first meter: the dashboard shows all meters."""
    is_first = not hass.config_entries.async_entries(DOMAIN)
    return probatio.Optional(CONF_ADD_TO_SIDEBAR, description={"suggested_value": is_first})


@callback
def async_setup_sidebar(hass: HomeAssistant) -> None:
    """Register the commands."""
    for command in (_handle_subscribe, _handle_take, _handle_done):
        websocket_api.async_register_command(hass, command)


def _asking(hass: HomeAssistant) -> list[ConfigEntry]:
    """Return the entries whose user asked for the dashboard."""
    return [each for each in hass.config_entries.async_entries(DOMAIN) if each.options.get(CONF_ADD_TO_SIDEBAR)]


@callback
@websocket_api.websocket_command({probatio.Required("type"): SUBSCRIBE})
def _handle_subscribe(hass: HomeAssistant, connection: ActiveConnection, message: dict[str, Any]) -> None:
    """Tell a browser when the dashboard is to be added; one that may not do it is told nothing."""

    @callback
    def tell(_change: ConfigEntryChange | None = None, entry: ConfigEntry | None = None) -> None:
        """Send the event if the dashboard is to be added."""
        if connection.user.is_admin and (entry is None or entry.domain == DOMAIN) and _asking(hass):
            connection.send_event(message["id"])

    connection.subscriptions[message["id"]] = async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, tell)
    connection.send_result(message["id"])
    tell()


@callback
@websocket_api.require_admin
@websocket_api.websocket_command({probatio.Required("type"): TAKE})
def _handle_take(hass: HomeAssistant, connection: ActiveConnection, message: dict[str, Any]) -> None:
    """Let the first browser that asks add the dashboard, and no other one meanwhile."""
    now = hass.loop.time()
    is_free = bool(_asking(hass)) and hass.data.get(_TAKEN_UNTIL, now) <= now
    if is_free:
        hass.data[_TAKEN_UNTIL] = now + LEASE
    connection.send_result(message["id"], is_free)


@callback
@websocket_api.require_admin
@websocket_api.websocket_command({probatio.Required("type"): DONE})
def _handle_done(hass: HomeAssistant, connection: ActiveConnection, message: dict[str, Any]) -> None:
    """Remember that it was done."""
    hass.data.pop(_TAKEN_UNTIL, None)
    for entry in _asking(hass):
        options = {key: value for key, value in entry.options.items() if key != CONF_ADD_TO_SIDEBAR}
        hass.config_entries.async_update_entry(entry, options=options)
    connection.send_result(message["id"])
