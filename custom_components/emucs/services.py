"""Actions."""

import asyncio
from contextlib import suppress
from datetime import datetime
from itertools import zip_longest
from typing import Any, Final

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized, UnknownUser
from homeassistant.helpers import config_validation as cv, entity_registry as er, service
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonArrayType, JsonObjectType
import probatio

from .const import DOMAIN
from .coordinator import EmucsConfigEntry, MeterCoordinator
from .insight.band_energy import BandEnergy
from .insight.bands import BandSet
from .insight.capacity import Capacity, CapacityReport
from .insight.forecast import Forecast
from .insight.peaks import FLOOR, PeakAverage
from .insight.profile import Profile
from .insight.quarters import LOCAL, local_begin, slot_of, slots_of_day
from .insight.score import shown_score
from .insight.slots import Slots
from .kinds import EntryKind, kind_of
from .port import Telegram, anonymise

SERVICE_GET_PEAKS: Final = "get_peaks"
SERVICE_GET_FORECAST: Final = "get_forecast"
SERVICE_RECORD_TELEGRAMS: Final = "record_telegrams"
ATTR_COUNT: Final = "count"
ATTR_SECONDS: Final = "seconds"
ATTR_KEEP_IDS: Final = "keep_ids"
_MOST_TELEGRAMS: Final = 100
# Two telegrams of a port that sends one each quarter.
_MOST_SECONDS: Final = 1800
# No digital meter is older, and none will be read for as long.
_FIRST_YEAR: Final = 2000
_LAST_YEAR: Final = 2999

# The kinds of entries that have values of now.
_READING: Final = (EntryKind.METER, EntryKind.GROUP)
_OF_ENTRY: Final = probatio.Schema({probatio.Required(ATTR_CONFIG_ENTRY_ID): cv.string})
_RECORD_TELEGRAMS: Final = probatio.Schema(
    {
        probatio.Required(ATTR_CONFIG_ENTRY_ID): cv.string,
        probatio.Optional(ATTR_COUNT, default=10): probatio.All(
            probatio.Coerce(int), probatio.Range(min=1, max=_MOST_TELEGRAMS)
        ),
        probatio.Optional(ATTR_SECONDS, default=30): probatio.All(
            probatio.Coerce(float), probatio.Range(min=1, max=_MOST_SECONDS)
        ),
        probatio.Optional(ATTR_KEEP_IDS, default=False): cv.boolean,
    }
)


def time_of_field(value: Any) -> datetime:
    """Return a time as UTC; one without an offset is of Home Assistant's time zone."""
    time = cv.datetime(value)
    if not _FIRST_YEAR <= time.year <= _LAST_YEAR:
        raise probatio.Invalid(f"not from {_FIRST_YEAR} to {_LAST_YEAR}: {value}")
    return dt_util.as_utc(time)


class NotAllowed(Unauthorized):
    """The user has no right to what an action does; says why, which Home Assistant's own error does not."""

    def __init__(
        self, call: ServiceCall, *, translation_domain: str, translation_key: str, entity_id: str | None = None
    ) -> None:
        """Take the action, its text, and the entity that the user may not read."""
        super().__init__(call.context, entity_id=entity_id)
        self.translation_domain, self.translation_key = translation_domain, translation_key
        self.generate_message = True


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    hass.services.async_register(
        DOMAIN, SERVICE_GET_PEAKS, _async_get_peaks, schema=_OF_ENTRY, supports_response=SupportsResponse.ONLY
    )
    hass.services.async_register(
        DOMAIN, SERVICE_GET_FORECAST, _async_get_forecast, schema=_OF_ENTRY, supports_response=SupportsResponse.ONLY
    )
    hass.services.async_register(
        DOMAIN,
        SERVICE_RECORD_TELEGRAMS,
        _async_record_telegrams,
        schema=_RECORD_TELEGRAMS,
        supports_response=SupportsResponse.ONLY,
    )


async def async_entry_of(call: ServiceCall, *kinds: EntryKind) -> EmucsConfigEntry:
    """Return the entry that is asked about, by default one that reads; one that is about to be set up is waited for."""
    entry_id = call.data[ATTR_CONFIG_ENTRY_ID]
    if entry := call.hass.config_entries.async_get_entry(entry_id):
        await async_until_set_up(entry)
    found: EmucsConfigEntry = service.async_get_config_entry(call.hass, DOMAIN, entry_id)
    if (kind := kind_of(found)) not in (kinds or _READING):
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key=f"not_for_{kind}",
            translation_placeholders={"name": found.title},
        )
    return found


async def async_until_set_up(entry: ConfigEntry) -> None:
    """Wait while an entry is set up: its entities have states before, and an open dashboard asks as soon as they do."""
    async with entry.setup_lock:
        pass


async def async_require_admin(call: ServiceCall) -> None:
    """Raise NotAllowed unless an administrator calls, or nobody: what automations do was allowed with them."""
    if (user := await _async_user_of(call)) is not None and not user.is_admin:
        raise NotAllowed(call, translation_domain=DOMAIN, translation_key="admin_only")


async def async_require_read(call: ServiceCall, entry: EmucsConfigEntry) -> None:
    """Raise NotAllowed unless the user may read all entities of an entry, or nobody calls."""
    user = await _async_user_of(call)
    if user is not None and (entity_id := async_unreadable(call.hass, user, entry)) is not None:
        raise NotAllowed(call, translation_domain=DOMAIN, translation_key="not_readable", entity_id=entity_id)


async def async_require_read_of(call: ServiceCall, entity_id: str) -> None:
    """Raise NotAllowed unless the user may read an entity, or nobody calls."""
    user = await _async_user_of(call)
    if user is not None and not user.permissions.check_entity(entity_id, POLICY_READ):
        raise NotAllowed(call, translation_domain=DOMAIN, translation_key="not_readable", entity_id=entity_id)


@callback
def async_unreadable(hass: HomeAssistant, user: User, entry: EmucsConfigEntry) -> str | None:
    """Return an entity of an entry that a user may not read, or None where he may read all of them."""
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    ids = (entity.entity_id for entity in entities)
    return next((each for each in ids if not user.permissions.check_entity(each, POLICY_READ)), None)


async def _async_user_of(call: ServiceCall) -> User | None:
    """Return the user who calls an action; None if it is none. Raises UnknownUser where he is not there any more."""
    if call.context.user_id is None:
        return None
    if (user := await call.hass.auth.async_get_user(call.context.user_id)) is None:
        raise UnknownUser(call.context)
    return user


async def _async_get_peaks(call: ServiceCall) -> ServiceResponse:
    """Return the month peaks of a meter, what is billed for them, and what that costs."""
    entry = await async_entry_of(call)
    await async_require_read(call, entry)
    capacity = entry.runtime_data.insights[Capacity]
    report = capacity.billed
    return {
        "months": [
            {
                "month": month.strftime("%Y-%m"),
                "peak": float(peak.value),
                "billed": float(max(peak.value, FLOOR)),
                "time": peak.time.isoformat() if peak.time else None,
                "source": str(peak.source),
            }
            for month, peak in capacity.months().items()
        ],
        "floor": float(FLOOR),
        "average": _average(report.average),
        "average_as_it_stands": _average(report.average_as_it_stands),
        "average_forecast": _average(report.average_forecast),
        "cost": _cost(report),
    }


async def _async_get_forecast(call: ServiceCall) -> ServiceResponse:
    """Return what a meter has imported and exported today, will in the next 24 hours, and the bands of both."""
    entry = await async_entry_of(call)
    await async_require_read(call, entry)
    insights = entry.runtime_data.insights
    state = insights[Forecast].state
    rooms = [round(room.power, 3) for room in insights[Slots].rooms()]
    today = slot_of(dt_util.utcnow())
    return {
        "today": [
            {"begin": local_begin(slot).isoformat(), "import": imported, "export": exported}
            for slot, imported, exported in insights[Profile].quarters.day(today)
        ],
        "slots": []
        if state is None
        else [slot.shown() | {"room": room} for slot, room in zip_longest(state.slots, rooms)],
        "score": {
            "import": shown_score(None if state is None else state.imported),
            "export": shown_score(None if state is None else state.exported),
        },
        "bands": _bands(insights[BandEnergy].settings, today),
    }


def _bands(bands: BandSet | None, slot: int) -> JsonArrayType:
    """Return the time bands of the local day that a quarter is in, and of the next one; the first has begun before."""
    if bands is None:
        return []
    today = slots_of_day(slot)
    tomorrow = slots_of_day(today.stop)
    return [
        {"begin": begin.astimezone(LOCAL).isoformat(), "end": end.astimezone(LOCAL).isoformat(), "band": band}
        for begin, end, band in bands.spans(local_begin(today.start), local_begin(tomorrow.stop))
    ]


async def _async_record_telegrams(call: ServiceCall) -> ServiceResponse:
    """Return telegrams as they come, with invented identifiers unless an administrator wants his own."""
    if call.data[ATTR_KEEP_IDS]:
        await async_require_admin(call)
    entry = await async_entry_of(call, EntryKind.METER)
    await async_require_read(call, entry)
    frames = await _async_frames(entry.runtime_data, call.data[ATTR_COUNT], call.data[ATTR_SECONDS])
    if not frames:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="no_telegrams",
            translation_placeholders={"seconds": f"{call.data[ATTR_SECONDS]:.0f}"},
        )
    shown = frames if call.data[ATTR_KEEP_IDS] else map(anonymise, frames)
    return {"telegrams": [frame.decode("latin-1") for frame in shown]}


async def _async_frames(coordinator: MeterCoordinator, count: int, seconds: float) -> list[bytes]:
    """Return telegrams as they come: so many, or what comes in so many seconds."""
    frames: list[bytes] = []
    complete = asyncio.Event()

    def take(telegram: Telegram) -> None:
        """Take a telegram."""
        frames.append(telegram.frame)
        if len(frames) >= count:
            complete.set()

    stop = coordinator.async_on_telegram(take)
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await complete.wait()
    finally:
        stop()
    return frames[:count]


def _cost(report: CapacityReport) -> JsonObjectType | None:
    """Return what is billed, in EUR with VAT."""
    if report.cost is None or report.tariff is None:
        return None
    return {
        "year": float(round(report.cost.year, 2)),
        "month": float(round(report.cost.month, 2)),
        "peak_kw": float(round(report.cost.peak_kw, 2)),
        "maximum_tariff_applies": report.cost.maximum_applies,
        "tariff_year": report.tariff.year,
    }


def _average(average: PeakAverage | None) -> JsonObjectType | None:
    """Return a mean in kW and how many months it is known from."""
    return None if average is None else {"value": float(round(average.value, 3)), "known_months": average.months}
