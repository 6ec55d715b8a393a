"""Follows the entities that show prices, for the costs."""

from collections.abc import Collection, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, State, callback
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.util import dt as dt_util

from .coordinator import EmucsConfigEntry
from .insight.cost import EnergyCost
from .insight.price import (
    CONF_EXPORT_PRICE,
    CONF_EXPORT_PRICE_ENTITY,
    CONF_FIXED_PRICE,
    CONF_PRICE_ENTITY,
    Price,
    Reason,
    factor_of,
)


@callback
def async_follow_prices(hass: HomeAssistant, entry: EmucsConfigEntry) -> None:
    """Tell the costs what the entities show, now and whenever that changes."""
    cost = entry.runtime_data.insights[EnergyCost]
    flows = {flow: entity_id for flow, entity_id in enumerate(cost.settings.entities) if entity_id is not None}

    @callback
    def changed(event: Event[EventStateChangedData]) -> None:
        """Take what an entity shows from now on; the same one may be for import and export."""
        for flow, entity_id in flows.items():
            if entity_id == event.data["entity_id"]:
                cost.note_price(flow, event.time_fired, price_of(event.data["new_state"]))

    for flow, entity_id in flows.items():
        state = hass.states.get(entity_id)
        cost.note_price(flow, dt_util.utcnow() if state is None else state.last_changed, price_of(state))
    entry.async_on_unload(async_track_state_change_event(hass, list(flows.values()), changed))


def price_of(state: State | None) -> Price:
    """Return the price that a state shows, or why it shows none."""
    try:
        number = Decimal("nan" if state is None else state.state)
    except InvalidOperation:
        return Reason.NO_PRICE
    if state is None or not number.is_finite():
        return Reason.NO_PRICE
    factor = factor_of(state.attributes.get(ATTR_UNIT_OF_MEASUREMENT))
    return Reason.UNIT if factor is None else number * factor


@callback
def price_errors(hass: HomeAssistant, filled_in: Mapping[str, Any], bands: Collection[str] = ()) -> dict[str, str]:
    """Return what is wrong with the prices in a form, by field; `bands` are the fields of time bands."""
    errors = {}
    by_band = filled_in.keys() & bands
    if 0 < len(by_band) < len(bands):
        errors[next(iter(bands))] = "all_bands"
    if sum((CONF_PRICE_ENTITY in filled_in, CONF_FIXED_PRICE in filled_in, bool(by_band))) > 1:
        errors[CONF_PRICE_ENTITY] = "one_price"
    if CONF_EXPORT_PRICE_ENTITY in filled_in and CONF_EXPORT_PRICE in filled_in:
        errors[CONF_EXPORT_PRICE_ENTITY] = "one_price"
    for entity in (CONF_PRICE_ENTITY, CONF_EXPORT_PRICE_ENTITY):
        if entity in filled_in and price_of(hass.states.get(filled_in[entity])) is Reason.UNIT:
            errors[entity] = "price_unit"
    return errors
