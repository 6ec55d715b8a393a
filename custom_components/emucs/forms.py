"""The fields that forms have in common."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    EntitySelector,
    EntitySelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
import probatio

from .insight.grid import BREAKERS, CONF_BREAKER, Grid, breaker_in, rated_current
from .insight.tariff import Area
from .insight.user_port import UserPort
from .port import Telegram


def integer(minimum: int, maximum: int, unit: str | None = None) -> probatio.All[Any]:
    """Return the schema of a whole number."""
    config = NumberSelectorConfig(min=minimum, max=maximum, step=1, mode=NumberSelectorMode.BOX)
    if unit is not None:
        config["unit_of_measurement"] = unit
    return probatio.All(NumberSelector(config), probatio.Coerce(int))


def decimal(minimum: float, maximum: float, unit: str | None = None) -> NumberSelector:
    """Return the schema of a number."""
    config = NumberSelectorConfig(min=minimum, max=maximum, step="any", mode=NumberSelectorMode.BOX)
    if unit is not None:
        config["unit_of_measurement"] = unit
    return NumberSelector(config)


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


USER_PORT_SELECTOR: Final = SelectSelector(
    SelectSelectorConfig(options=list(UserPort), mode=SelectSelectorMode.LIST, translation_key="user_port")
)
AREA_SELECTOR: Final = SelectSelector(
    SelectSelectorConfig(options=list(Area), mode=SelectSelectorMode.DROPDOWN, translation_key="area")
)
BREAKER_SELECTOR: Final = probatio.All(
    probatio.Coerce(str),
    SelectSelector(
        SelectSelectorConfig(
            options=[SelectOptionDict(value=str(rating), label=f"{rating} A") for rating in BREAKERS],
            custom_value=True,
            mode=SelectSelectorMode.DROPDOWN,
        )
    ),
)
PRICE_SELECTOR: Final = EntitySelector(EntitySelectorConfig(domain=["sensor", "input_number", "number"]))


def take_breaker(connection: dict[str, Any]) -> bool:
    """Take the number of a rating that a user has typed; tell whether it is one."""
    typed = connection.pop(CONF_BREAKER, "")
    if not typed.strip():
        return True
    if (rating := breaker_in(typed)) is None:
        connection[CONF_BREAKER] = typed
        return False
    connection[CONF_BREAKER] = f"{rating:f}"
    return True


def suggested_breaker(telegram: Telegram, grid: Grid | None) -> dict[str, str]:
    """Return the rating that the meter limits or supervises, as the field of the main breaker has it; else nothing."""
    rating = rated_current(telegram, grid)
    return {} if rating is None else {CONF_BREAKER: f"{round(rating, 1).normalize():f}"}
