"""Offers the dashboard in the sidebar, if the user asked for it at set-up, until an administrator opens it there.

Home Assistant offers integrations no way to store a dashboard. Its own settings do it by commands for administrators,
and so does `www/sidebar.js`, the panel that stands in the sidebar until then. Its last command, `emucs/sidebar_done`,
removes the panel for good: a dashboard that the user removes stays away.
"""

from functools import partial
from typing import Any, Final

from homeassistant.components import websocket_api
from homeassistant.components.websocket_api import ActiveConnection
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
import probatio

from .const import CONF_ADD_TO_SIDEBAR, DOMAIN
from .frontend import module_url
from .texts import async_words

COMMAND: Final = f"{DOMAIN}/sidebar_done"
PANEL: Final = DOMAIN
"""The path of the panel. That of the dashboard differs, as it is made while the panel is open."""
_ELEMENT: Final = "emucs-sidebar-panel"
_MODULE: Final = "sidebar.js"
_ICON: Final = "mdi:meter-electric"


@callback
def async_setup_sidebar(hass: HomeAssistant) -> None:
    """Register the command."""
    websocket_api.async_register_command(hass, _handle_done)


async def async_offer_in_sidebar(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Show the panel to administrators while the entry is loaded, if its user asked for the dashboard."""
    url = module_url(hass, _MODULE)
    if url is None or not entry.options.get(CONF_ADD_TO_SIDEBAR):
        return
    from homeassistant.components import frontend, panel_custom  # noqa: PLC0415 -- the frontend may be absent

    words = await async_words(hass, "sidebar", hass.config.language)
    if frontend.async_panel_exists(hass, PANEL):
        # By another meter.
        return
    await panel_custom.async_register_panel(
        hass,
        frontend_url_path=PANEL,
        webcomponent_name=_ELEMENT,
        sidebar_title=words["title"],
        sidebar_icon=_ICON,
        module_url=url,
        require_admin=True,
    )
    entry.async_on_unload(partial(frontend.async_remove_panel, hass, PANEL, warn_if_unknown=False))


@callback
@websocket_api.require_admin
@websocket_api.websocket_command({probatio.Required("type"): COMMAND})
def _handle_done(hass: HomeAssistant, connection: ActiveConnection, message: dict[str, Any]) -> None:
    """Remove the panel, and remember that the dashboard was added."""
    from homeassistant.components.frontend import async_remove_panel  # noqa: PLC0415 -- it sent the command

    for entry in hass.config_entries.async_entries(DOMAIN):
        options = {key: value for key, value in entry.options.items() if key != CONF_ADD_TO_SIDEBAR}
        hass.config_entries.async_update_entry(entry, options=options)
    # Only when the page has left it: the frontend fails where the panel that it shows is removed.
    connection.subscriptions[message["id"]] = partial(async_remove_panel, hass, PANEL, warn_if_unknown=False)
    connection.send_result(message["id"])
