"""The action that finds when a machine fits."""

from datetime import timedelta
from typing import Final

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType
import probatio

from .const import DOMAIN
from .insight.slots import FoundSlots, Machine, Prices, Room, Slots, Start, find
from .prices import async_prices
from .services import async_entry_of, async_require_read, async_require_read_of, time_of_field

SERVICE_FIND_SLOT: Final = "find_slot"
ATTR_ENERGY: Final = "energy"
ATTR_POWER: Final = "power"
ATTR_DURATION: Final = "duration"
ATTR_EARLIEST_START: Final = "earliest_start"
ATTR_LATEST_END: Final = "latest_end"
ATTR_PRICE_ENTITY: Final = "price_entity"
_HORIZON: Final = timedelta(days=1)
_SHORTEST: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)
_MOST: Final = 1000
"""kW and kWh: more than any connection of a home carries."""
# Half of what a machine takes, and a rounding error.
_MOSTLY: Final = 0.5
_ROUNDING: Final = 1e-6

_AMOUNT: Final = probatio.All(probatio.Coerce(float), probatio.Range(min=0.001, max=_MOST))
_FIND_SLOT: Final = probatio.Schema(
    {
        probatio.Required(ATTR_CONFIG_ENTRY_ID): cv.string,
        probatio.Optional(ATTR_ENERGY): _AMOUNT,
        probatio.Optional(ATTR_POWER): _AMOUNT,
        probatio.Required(ATTR_DURATION): probatio.All(cv.time_period, probatio.Range(min=_SHORTEST, max=_HORIZON)),
        probatio.Optional(ATTR_EARLIEST_START): time_of_field,
        probatio.Optional(ATTR_LATEST_END): time_of_field,
        probatio.Optional(ATTR_PRICE_ENTITY): cv.entity_id,
    }
)


@callback
def async_setup_find_slot(hass: HomeAssistant) -> None:
    """Register the action."""
    hass.services.async_register(
        DOMAIN, SERVICE_FIND_SLOT, _async_find_slot, schema=_FIND_SLOT, supports_response=SupportsResponse.ONLY
    )


async def _async_find_slot(call: ServiceCall) -> ServiceResponse:
    """Return when a machine fits best, why, and when else; or why it does not fit at all."""
    entry = await async_entry_of(call)
    await async_require_read(call, entry)
    machine, fields = _machine_of(call), call.data
    coordinator = entry.runtime_data
    # By the meter's clock, as the quarters are.
    now = dt_util.as_utc(coordinator.telegram.time or dt_util.utcnow())
    earliest = max(now, fields.get(ATTR_EARLIEST_START, now))
    latest = fields.get(ATTR_LATEST_END, now + _HORIZON)
    if earliest + machine.duration > latest:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="slot_too_short")
    prices: Prices | None = None
    if (entity_id := fields.get(ATTR_PRICE_ENTITY)) is not None:
        await async_require_read_of(call, entity_id)
        days = (dt_util.as_local(min(each, now + _HORIZON)).date() for each in (earliest, latest))
        prices = await async_prices(call.hass, call.context, entity_id, *days)
    rooms = coordinator.insights[Slots].rooms()
    return _answer(rooms, machine, find(rooms, machine, earliest, latest, prices))


def _machine_of(call: ServiceCall) -> Machine:
    """Return what is to be run; ServiceValidationError where that is nothing that can be."""
    duration: timedelta = call.data[ATTR_DURATION]
    power: float | None = call.data.get(ATTR_POWER)
    energy: float | None = call.data.get(ATTR_ENERGY)
    hours = duration / _HOUR
    if power is None:
        if energy is None:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_machine")
        return Machine(energy / hours, energy, duration)
    most = power * hours
    if energy is not None and energy > most + _ROUNDING:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="too_much_energy")
    return Machine(power, most if energy is None else energy, duration)


def _answer(rooms: tuple[Room, ...], machine: Machine, found: FoundSlots) -> JsonObjectType:
    """Return what came of it, in types of JSON and local time."""
    if found.starts:
        best, *others = found.starts
        return {
            **_shown(best),
            "reason": _reason(best, machine),
            "refusal": None,
            "alternatives": [_shown(start) for start in others],
        }
    refusal = "no_forecast" if not rooms else "no_time" if found.most is None else "no_room"
    nearest = None if found.most is None else _shown(found.most)
    return {"start": None, "end": None, "reason": None, "refusal": refusal, "nearest": nearest, "alternatives": []}


def _reason(start: Start, machine: Machine) -> str:
    """Return what makes a start the best one."""
    if start.exported >= machine.energy * _MOSTLY:
        return "export"
    return "room" if start.price is None else "price"


def _shown(start: Start) -> JsonObjectType:
    """Return a start in types of JSON and local time."""
    return {
        "start": dt_util.as_local(start.begin).isoformat(),
        "end": dt_util.as_local(start.end).isoformat(),
        "room": round(start.room, 3),
        "from_export": round(start.exported, 3),
        "price": None if start.price is None else round(start.price, 5),
        "cost": None if start.cost is None else round(start.cost, 5),
    }
