"""The voltage report in Home Assistant: an action, and an address from which browsers open or download it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Literal, NamedTuple

from aiohttp import hdrs
from aiohttp.web import HTTPBadRequest, HTTPForbidden, HTTPNotFound, HTTPServiceUnavailable, Request, Response
from homeassistant.components.http import KEY_HASS, KEY_HASS_USER, HomeAssistantView
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
import probatio

from .const import DOMAIN
from .coordinator import EmucsConfigEntry
from .devices import model_of
from .insight.power_quality import PowerQuality
from .insight.voltage import Voltage
from .insight.voltage_history import OF_230_V, VoltageHistory
from .kinds import EntryKind, kind_of
from .reports.voltage import Minutes, VoltageReport
from .reports.voltage_csv import voltage_csv
from .reports.voltage_page import security_policy, voltage_page
from .reports.voltage_response import voltage_response
from .reports.wording import LANGUAGES, Wording, local, midnight, monday
from .services import async_entry_of, async_require_read, async_unreadable, async_until_set_up, time_of_field
from .texts import async_language, async_words

SERVICE_GET_VOLTAGE_REPORT: Final = "get_voltage_report"
ATTR_BEGIN: Final = "begin"
ATTR_END: Final = "end"
ATTR_RESOLUTION: Final = "resolution"
ATTR_FORMAT: Final = "format"
ATTR_LANGUAGE: Final = "language"
# What a report has if nobody says what: the whole weeks of which all means are kept, and the verdicts of a year.
_MEANS: Final = timedelta(weeks=5)
_VERDICTS: Final = timedelta(weeks=52)
_COMPRESSED_APART: Final = 32768


_PERIOD: Final = {
    probatio.Optional(ATTR_BEGIN): time_of_field,
    probatio.Optional(ATTR_END): time_of_field,
    probatio.Optional(ATTR_RESOLUTION, default=10): probatio.All(probatio.Coerce(int), probatio.In([10, 15])),
}
_ACTION: Final = probatio.Schema({probatio.Required(ATTR_CONFIG_ENTRY_ID): cv.string, **_PERIOD})
_QUERY: Final = probatio.Schema(
    {
        **_PERIOD,
        probatio.Optional(ATTR_FORMAT, default="html"): probatio.In(["csv", "html"]),
        probatio.Optional(ATTR_LANGUAGE): cv.string,
    },
    # The signature among it.
    extra=probatio.REMOVE_EXTRA,
)


@callback
def async_setup_voltage_report(hass: HomeAssistant) -> None:
    """Register the action and the address."""
    hass.services.async_register(
        DOMAIN,
        SERVICE_GET_VOLTAGE_REPORT,
        _async_get_voltage_report,
        schema=_ACTION,
        supports_response=SupportsResponse.ONLY,
    )
    hass.http.register_view(VoltageReportView())


class _Asked(NamedTuple):
    """What is asked for, in UTC."""

    begin: datetime
    end: datetime
    verdicts_since: datetime
    minutes: Minutes


def _asked(fields: Mapping[str, Any]) -> _Asked:
    """Return what fields ask for, in whole slots; ServiceValidationError where that is nothing."""
    minutes, now = fields[ATTR_RESOLUTION], dt_util.utcnow()
    end = _slot_of(min(fields.get(ATTR_END, now), now), minutes)
    if ATTR_BEGIN not in fields:
        return _Asked(_first_whole_week(end), end, end - _VERDICTS, minutes)
    if (begin := _slot_of(fields[ATTR_BEGIN], minutes)) >= end:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="empty_period")
    return _Asked(begin, end, begin, minutes)


def _slot_of(moment: datetime, minutes: int) -> datetime:
    """Return when the slot begins that a moment is in."""
    return moment - timedelta(seconds=moment.timestamp() % (60 * minutes))


def _first_whole_week(end: datetime) -> datetime:
    """Return the beginning of the first local week of which all means are kept."""
    kept = end - _MEANS
    return midnight(monday(kept - timedelta(microseconds=1)) + timedelta(days=7))


@callback
def _async_reading(entry: EmucsConfigEntry, asked: _Asked) -> _Reading:
    """Return what a report is made of, which is not read yet."""
    coordinator = entry.runtime_data
    telegram = None if coordinator.data is None else coordinator.telegram
    model = () if telegram is None else filter(None, model_of(telegram))
    return _Reading(
        coordinator.identifier,
        " ".join(model) or None,
        coordinator.insights.grid,
        coordinator.insights[Voltage].history,
        coordinator.insights[PowerQuality],
        asked,
    )


class _Reading(NamedTuple):
    """A meter, and what is asked of its history."""

    meter: str
    model: str | None
    grid: str | None
    history: VoltageHistory
    quality: PowerQuality
    asked: _Asked

    def report(self) -> VoltageReport:
        """Read the history and return the report. Takes tenths of a second: not for the event loop.

        The history may grow meanwhile: it only replaces what it has, and what it adds is later than this report.
        """
        begin, end, since, minutes = self.asked
        first = local(since).date()
        disturbances, distortion = self.quality.disturbances(begin, end), self.quality.distortion(begin, end)
        return VoltageReport(
            meter=self.meter,
            model=self.model,
            grid=self.grid,
            # Without a band there are no phases either.
            band=self.history.band or OF_230_V,
            minutes=minutes,
            begin=begin,
            end=end,
            slots={phase: self.history.slots(phase, begin, end, minutes) for phase in self.history.phases},
            export=self.history.export(begin, end, minutes),
            verdicts=[
                week
                for week in self.history.weeks
                if week.begin > first - timedelta(days=7) and midnight(week.begin) < end
            ],
            disturbances=disturbances,
            distortion=distortion,
        )


async def _async_get_voltage_report(call: ServiceCall) -> ServiceResponse:
    """Return the voltages of a meter, the verdicts of its weeks, and what was outside the limits."""
    entry = await async_entry_of(call, EntryKind.METER)
    await async_require_read(call, entry)
    reading = _async_reading(entry, _asked(call.data))
    return await call.hass.async_add_executor_job(lambda: voltage_response(reading.report()))


class VoltageReportView(HomeAssistantView):
    """The report as a page that browsers open, or as a CSV file that they download."""

    url = f"/api/{DOMAIN}/voltage_report/{{entry_id}}"
    name = f"api:{DOMAIN}:voltage_report"

    async def get(self, request: Request, entry_id: str) -> Response:
        """Return the report to who may read all entities of the meter, as its number stands in it."""
        hass = request.app[KEY_HASS]
        query = _QUERY(dict(request.query))
        entry: EmucsConfigEntry | None = hass.config_entries.async_get_entry(entry_id)
        if entry is None or entry.domain != DOMAIN or kind_of(entry) is EntryKind.METERING_POINT:
            raise HTTPNotFound
        if async_unreadable(hass, request[KEY_HASS_USER], entry) is not None:
            raise HTTPForbidden
        await async_until_set_up(entry)
        if entry.state is not ConfigEntryState.LOADED:
            raise HTTPServiceUnavailable
        try:
            reading = _async_reading(entry, _asked(query))
        except ServiceValidationError as error:
            raise HTTPBadRequest from error
        wording = await _async_wording(hass, query.get(ATTR_LANGUAGE))
        return await hass.async_add_executor_job(_response, reading, query[ATTR_FORMAT], wording)


async def _async_wording(hass: HomeAssistant, asked: str | None) -> Wording:
    """Return the words of the language that is asked for, else of the user's; English where there are none."""
    language = (asked or await async_language(hass)).lower().partition("-")[0]
    if language not in LANGUAGES:
        language = "en"
    words = await async_words(hass, "found", language) | await async_words(hass, "voltage_report", language)
    return Wording(language, words)


def _response(reading: _Reading, form: Literal["csv", "html"], wording: Wording) -> Response:
    """Return a report as it is sent. Not for the event loop."""
    report = reading.report()
    name = f"voltage-report-{local(report.begin):%Y-%m-%d}-{local(report.end):%Y-%m-%d}.{form}"
    headers: dict[str, str] = {hdrs.CACHE_CONTROL: "no-store"}
    if form == "csv":
        text = voltage_csv(report)
        headers[hdrs.CONTENT_DISPOSITION] = f'attachment; filename="{name}"'
    else:
        text = voltage_page(report, wording)
        headers[hdrs.CONTENT_DISPOSITION] = f'inline; filename="{name}"'
        headers[hdrs.CONTENT_LANGUAGE] = wording.language
        headers["Content-Security-Policy"] = security_policy()
    response = Response(text=text, content_type=f"text/{form}", headers=headers, zlib_executor_size=_COMPRESSED_APART)
    response.enable_compression()
    return response
