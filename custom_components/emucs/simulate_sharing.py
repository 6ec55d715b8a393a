"""The action that tells what members would have shared in past months, by each key."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
import probatio

from .const import DOMAIN
from .exports import SECONDS, ExportError
from .history.services import export_error
from .insight.quarters import LOCAL
from .insight.sharing_keys import SharingKey
from .insight.sharing_months import PriceOfHour, SharingPrices, Simulation
from .services import async_require_admin
from .sharing_members import ATTR_MEMBERS, MOST_MEMBERS, PAIR, async_members, async_require_read_statistic
from .sharing_past import (
    SharingMember,
    UnknownStatisticError,
    past_of,
    read_hours,
    read_prices,
    read_quarters,
    require_statistics,
)
from .sharing_response import response_of

SERVICE_SIMULATE_SHARING: Final = "simulate_sharing"
ATTR_KEYS: Final = "keys"
ATTR_KEY: Final = "key"
ATTR_START: Final = "start"
ATTR_END: Final = "end"
ATTR_PATH: Final = "path"
PRICES: Final = ("price_shared", "price_import", "price_export")
MOST_MONTHS: Final = 36
_MOST_WEIGHT: Final = 1_000_000
_MOST_PRICE: Final = 100
_MONTHS_A_YEAR: Final = 12
_FIRST_YEAR: Final = 2000
_LAST_YEAR: Final = 2999
_ALL: Final = tuple(SharingKey)


def _month(value: Any) -> date:
    """Return the first day of a month that is given as `2026-10`, or by one of its days."""
    text = str(value)
    day = cv.date(f"{text}-01" if text.count("-") == 1 else text)
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise probatio.Invalid(f"not from {_FIRST_YEAR} to {_LAST_YEAR}: {value}")
    return day.replace(day=1)


def _number(least: float, most: float) -> Callable[[Any], Any]:
    """Return what takes a finite number."""
    return probatio.All(probatio.Coerce(float), probatio.Range(min=least, max=most))


_PRICE: Final = probatio.Any(_number(-_MOST_PRICE, _MOST_PRICE), cv.string)
_SIMULATE_SHARING: Final = probatio.Schema(
    {
        probatio.Optional(ATTR_CONFIG_ENTRY_ID): cv.string,
        probatio.Optional(ATTR_MEMBERS): probatio.All(
            cv.ensure_list, probatio.Length(max=MOST_MEMBERS), [probatio.Any(PAIR, cv.string)]
        ),
        probatio.Optional(ATTR_KEYS): probatio.All(
            cv.ensure_list, probatio.Length(max=MOST_MEMBERS), [_number(0, _MOST_WEIGHT)]
        ),
        probatio.Optional(ATTR_KEY, default=list(_ALL)): probatio.All(
            cv.ensure_list, probatio.Length(min=1), [probatio.Coerce(SharingKey)]
        ),
        probatio.Optional(ATTR_START): _month,
        probatio.Optional(ATTR_END): _month,
        probatio.Optional(ATTR_PATH): cv.string,
        **dict.fromkeys(map(probatio.Optional, PRICES), _PRICE),
    }
)


@callback
def async_setup_simulate_sharing(hass: HomeAssistant) -> None:
    """Register the action."""
    hass.services.async_register(
        DOMAIN,
        SERVICE_SIMULATE_SHARING,
        _async_simulate_sharing,
        schema=_SIMULATE_SHARING,
        supports_response=SupportsResponse.ONLY,
    )


class _Asked(NamedTuple):
    """What is asked for: who shares, in which months, with which export, and at which prices."""

    members: tuple[SharingMember, ...]
    months: tuple[date, ...]
    export: Path | None
    prices: tuple[Decimal | str, ...] | None
    """What is shared, imported and exported costs: in EUR/kWh, or a statistic."""


async def _async_simulate_sharing(call: ServiceCall) -> ServiceResponse:
    """Return what members would have shared, month by month, and what that would have been worth."""
    export = await _async_export(call)
    members, own_weights = await async_members(call)
    weights = _weights(call, members, own_weights)
    asked = _Asked(members, tuple(_months(call)), export, await _async_prices(call))
    simulation = Simulation(dict.fromkeys(call.data[ATTR_KEY]), weights)
    try:
        await _async_feed(call.hass, asked, simulation)
    except ExportError as error:
        raise export_error(error) from error
    except UnknownStatisticError as error:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="unknown_statistic",
            translation_placeholders={"statistic": str(error)},
        ) from error
    return response_of(simulation, members, weights, has_prices=asked.prices is not None)


async def _async_feed(hass: HomeAssistant, asked: _Asked, simulation: Simulation) -> None:
    """Let the months be shared one after the other, in other threads; so no more than a month is held in memory."""
    members, prices = asked.members, asked.prices or ()
    statistics = {each for member in members for each in member.statistics}
    entities = {price for price in prices if isinstance(price, str)}
    quarters = await hass.async_add_executor_job(read_quarters, members, asked.export)
    has_recorder = "recorder" in hass.config.components
    factors: dict[str, Decimal] = {}
    if has_recorder:
        pairs = {each for member in members if member.meter is None for each in member.statistics}
        factors = await _async_query(hass, require_statistics, hass, pairs, entities)
    elif entities or any(member.meter is None for member in members):
        raise UnknownStatisticError(min(entities or statistics))
    for month in asked.months:
        hours, known, costs = _hours(month), {}, {}
        if has_recorder:
            known = await _async_query(hass, read_hours, hass, members, hours)
            costs = await _async_query(hass, read_prices, hass, factors, hours)
        pasts = {member.id: past_of(member, quarters, known) for member in members}
        of_hours = None if asked.prices is None else SharingPrices(*(_price(each, costs) for each in prices))
        await hass.async_add_executor_job(simulation.feed, pasts, hours, of_hours)


async def _async_query[**P, T](hass: HomeAssistant, target: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what a function reads from the recorder, in a thread that may."""
    from homeassistant.helpers.recorder import get_instance  # noqa: PLC0415 -- the recorder may be absent

    return await get_instance(hass).async_add_executor_job(partial(target, *args, **kwargs))


def _weights(call: ServiceCall, members: tuple[SharingMember, ...], own: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Return the key of each member: as it is given, else that of the group's options, else the same for all."""
    given: list[float] | None = call.data.get(ATTR_KEYS)
    if given is None:
        known = {member.id: own.get(member.id, Decimal(0)) for member in members}
        return known if any(known.values()) else dict.fromkeys(known, Decimal(1))
    if len(given) != len(members) or not any(given):
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="sharing_keys")
    return {member.id: Decimal(str(weight)) for member, weight in zip(members, given, strict=True)}


def _months(call: ServiceCall) -> Iterator[date]:
    """Yield the months that are asked for: that of now and the one before, if nothing is said."""
    current = dt_util.now(LOCAL).date().replace(day=1)
    end: date = min(call.data.get(ATTR_END, current), current)
    month: date = call.data.get(ATTR_START, _month_after(end, -1))
    if not month <= end < _month_after(month, MOST_MONTHS):
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="sharing_months",
            translation_placeholders={"months": str(MOST_MONTHS)},
        )
    while month <= end:
        yield month
        month = _month_after(month, 1)


def _month_after(month: date, months: int) -> date:
    """Return the month so many months later."""
    years, index = divmod(month.month - 1 + months, _MONTHS_A_YEAR)
    return month.replace(year=month.year + years, month=index + 1)


def _hours(month: date) -> range:
    """Return the hours since 1970 of a local month, as far as they have ended."""
    begin, end = (
        int(datetime.combine(each, time.min, LOCAL).timestamp()) // SECONDS for each in (month, _month_after(month, 1))
    )
    return range(begin, max(begin, min(end, int(dt_util.utcnow().timestamp()) // SECONDS)))


async def _async_export(call: ServiceCall) -> Path | None:
    """Return the path of the export, if there is one; only an administrator may name a file."""
    if (text := call.data.get(ATTR_PATH)) is None:
        return None
    await async_require_admin(call)
    if not await call.hass.async_add_executor_job(call.hass.config.is_allowed_path, text):
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="path_not_allowed", translation_placeholders={"path": text}
        )
    return Path(text)


async def _async_prices(call: ServiceCall) -> tuple[Decimal | str, ...] | None:
    """Return the prices, what is shared for nothing unless they say otherwise; None if they are not given."""
    given = [call.data.get(name) for name in PRICES]
    if given == [None] * len(given):
        return None
    shared, imported, exported = given
    if imported is None or exported is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="sharing_prices")
    prices = (0 if shared is None else shared, imported, exported)
    for price in prices:
        if isinstance(price, str):
            await async_require_read_statistic(call, price)
    return tuple(price if isinstance(price, str) else Decimal(str(price)) for price in prices)


def _price(price: Decimal | str, costs: Mapping[str, Mapping[int, Decimal]]) -> PriceOfHour:
    """Return what tells a price by the hour."""
    return costs.get(price, {}).get if isinstance(price, str) else lambda _: price
