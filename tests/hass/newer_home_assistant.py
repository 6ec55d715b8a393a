"""Adapts the pytest plugin to a Home Assistant that is newer; `-p` loads this before the plugin."""

# From 2026.11 on, importing this has to come before anything imports httpx, which the plugin does.
from typing import Any

from homeassistant.components import logger
from homeassistant.components.logger import helpers
from homeassistant.helpers import entity_registry as er, restore_state

# The plugin imports this from where it was until 2026.11.
MOVED = "_clear_logger_overwrites"
setattr(logger, MOVED, getattr(helpers, MOVED))


def take(data: Any, states: dict[str, Any]) -> None:
    """Set states to restore as Home Assistant does at its start: entities registered later find theirs."""
    data.last_states_by_entity_id = states
    data.hass.bus.async_listen(
        er.EVENT_ENTITY_REGISTRY_UPDATED,
        getattr(data, "_async_entity_registry_entry_created"),  # noqa: B009 -- named as the plugin would
        event_filter=getattr(restore_state, "_entity_registry_entry_created_filter"),  # noqa: B009
    )


# The plugin restores states by the name that they had until 2026.11.
if hasattr(restore_state.RestoreStateData, "async_get_stored_state"):
    states_by_entity_id = property(lambda data: data.last_states_by_entity_id, take)
    setattr(restore_state.RestoreStateData, "last_states", states_by_entity_id)  # noqa: B010 -- it has none
