"""Future prices of electricity, from an entity of another integration: Home Assistant has no interface for them."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from itertools import pairwise
from math import isfinite
from typing import Any, Final, NamedTuple

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .insight.slots import Prices

_NORD_POOL: Final = "nordpool"
_GET_PRICES: Final = "get_prices_for_date"
_KILOWATT_HOURS: Final = 1000
_QUARTER: Final = 900
# The length of the intervals of day-ahead prices, in quarters.
_LENGTHS: Final = (1, 2, 4)


class _Shape(NamedTuple):
    """How an integration shows its prices: the attributes that hold lists, and the names of what is in a list."""

    attributes: tuple[str, ...]
    start: str
    price: str


_SHAPES: Final = (
    # Nord Pool of HACS, and those that do as it does.
    _Shape(("raw_today", "raw_tomorrow"), "start", "value"),
    # Belgian Electricity Prices.
    _Shape(("today", "tomorrow"), "start", "all_in"),
    # ENTSO-e Transparency Platform.
    _Shape(("prices",), "time", "price"),
    _Shape(("prices_today", "prices_tomorrow"), "time", "price"),
    # Frank Energie.
    _Shape(("prices",), "from", "price"),
    # EPEX Spot.
    _Shape(("data",), "start_time", "price_per_kwh"),
)


async def async_prices(hass: HomeAssistant, context: Context, entity_id: str, first: date, last: date) -> Prices:
    """Return the prices that an entity knows from one local day to another; ServiceValidationError where none."""
    entity = er.async_get(hass).async_get(entity_id)
    prices: Prices = {}
    if entity is not None and entity.platform == _NORD_POOL and hass.services.has_service(_NORD_POOL, _GET_PRICES):
        prices = await _async_nord_pool(hass, context, entity, first, last)
    if not prices and (state := hass.states.get(entity_id)) is not None:
        prices = prices_in(state.attributes)
    if not prices:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="no_prices", translation_placeholders={"entity": entity_id}
        )
    return prices


def prices_in(attributes: Mapping[str, Any]) -> Prices:
    """Return the prices of quarters that attributes hold, in the unit of the entity; none where none are certain."""
    for shape in _SHAPES:
        lists = [attributes.get(name) for name in shape.attributes]
        rows = [row for each in lists if isinstance(each, list) for row in each]
        if prices := dict(_by_quarter(_told(rows, shape.start, shape.price))):
            return prices
    return {}


def _told(rows: Iterable[Any], start: str, price: str) -> Iterator[tuple[datetime, float]]:
    """Yield the intervals in rows: when each begins, and its price; a row with anything else ends it."""
    for row in rows:
        if not isinstance(row, Mapping):
            return
        begin, value = row.get(start), row.get(price)
        if isinstance(begin, str):
            begin = dt_util.parse_datetime(begin)
        # Tomorrow's may stand there as None before they are known.
        if value is None:
            continue
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)
        if not isinstance(begin, datetime) or begin.tzinfo is None or not is_number:
            return
        yield begin, float(value)


def _by_quarter(told: Iterable[tuple[datetime, float]]) -> Iterator[tuple[int, float]]:
    """Yield the price of each quarter; nothing where intervals are no whole quarters, or of unknown length."""
    prices = {begin.timestamp(): price for begin, price in told}
    begins = sorted(prices)
    steps = [after - before for before, after in pairwise(begins)]
    length = min(steps, default=0.0) / _QUARTER
    if length not in _LENGTHS or any(begin % _QUARTER for begin in begins):
        return
    for begin in begins:
        for ahead in range(int(length)):
            yield int(begin) // _QUARTER + ahead, prices[begin]


async def _async_nord_pool(
    hass: HomeAssistant, context: Context, entity: er.RegistryEntry, first: date, last: date
) -> Prices:
    """Return the prices of Home Assistant's own Nord Pool, whose entities know but the one of now."""
    prices: dict[int, float] = {}
    for ahead in range((last - first).days + 1):
        asked = {"config_entry": entity.config_entry_id, "date": (first + timedelta(days=ahead)).isoformat()}
        answer = await hass.services.async_call(
            _NORD_POOL, _GET_PRICES, asked, blocking=True, context=context, return_response=True
        )
        for area, rows in (answer or {}).items():
            if entity.unique_id.startswith(f"{area}-") and isinstance(rows, list):
                prices.update(_by_quarter(_told(rows, "start", "price")))
    # Its action gives them per MWh, its entities per kWh.
    return {slot: price / _KILOWATT_HOURS for slot, price in prices.items()}
