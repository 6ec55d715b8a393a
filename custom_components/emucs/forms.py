"""The fields that forms have in common."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
import probatio

from .const import CONF_ADD_TO_SIDEBAR, DOMAIN
from .insight.user_port import UserPort


def integer(minimum: int, maximum: int, unit: str | None = None) -> probatio.All[Any]:
    """Return the schema of a whole number."""
    config = NumberSelectorConfig(min=minimum, max=maximum, step=1, mode=NumberSelectorMode.BOX)
    if unit is not None:
        config["unit_of_measurement"] = unit
    return probatio.All(NumberSelector(config), probatio.Coerce(int))


def decimal(minimum: float, maximum: float, unit: str) -> NumberSelector:
    """Return the schema of a number."""
    return NumberSelector(
        NumberSelectorConfig(
            min=minimum, max=maximum, step="any", mode=NumberSelectorMode.BOX, unit_of_measurement=unit
        )
    )


def form_section(
    name: str,
    schema: probatio.Schema,
    values: Mapping[str, Any],
    *,
    collapsed: bool,
    suggested: Mapping[str, Any] | None = None,
) -> dict[probatio.Marker, section]:
    """Return a section of a form that may be left out; it shows its values, or its defaults.

    The frontend takes a section's own default before those of its fields: so that has to be all of them. What is
    `suggested`, even if nothing, is shown as long as there are no values, and kept only if the user submits it.
    """
    filled_in = schema(values.get(name, {}))
    marker: probatio.Marker = probatio.Required(name, default=lambda: filled_in)
    if suggested is not None and name not in values:
        marker = probatio.Optional(name, description={"suggested_value": {**filled_in, **suggested}})
    return {marker: section(schema, {"collapsed": collapsed})}


def sidebar_marker(hass: HomeAssistant) -> probatio.Optional:
    """Return the field that asks for the dashboard, ticked for the first meter: the dashboard shows all meters."""
    is_first = not hass.config_entries.async_entries(DOMAIN, include_ignore=False)
    return probatio.Optional(CONF_ADD_TO_SIDEBAR, description={"suggested_value": is_first})


USER_PORT_SELECTOR: Final = SelectSelector(
    SelectSelectorConfig(options=list(UserPort), mode=SelectSelectorMode.LIST, translation_key="user_port")
)
