"""Follows the state of a port across set-up attempts, and reports repair issues once a failure lasts."""

from collections.abc import Callable
from typing import Final

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_PORT
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed, ConfigEntryNotReady
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from . import issues
from .const import DOMAIN
from .devices import identifier_of, is_of, mask
from .insight.clock import MeterClock
from .insight.guard import is_counter
from .port import (
    BinaryProtocol,
    CannotConnect,
    LinkDown,
    NoData,
    NoTelegram,
    PortError,
    Telegram,
    Unauthorized,
    obis,
)
from .port.errors import MembersSilent
from .port.health import UP, LinkHealth
from .sources import TelegramSource
from .texts import async_system_exception_text, problem_of

SILENT_AFTER: Final = 3600.0
"""Seconds of silence, longer than any restart of a bridge: the port may not be activated."""
WRONG_SPEED_AFTER: Final = 600.0
UNREACHABLE_AFTER: Final = 600.0
"""Seconds, longer than a router, a bridge or a computer takes to restart."""
LAPSED_AFTER: Final = 600.0
NUMBER_WITHIN: Final = 10.0
"""Seconds for which telegrams without the meter's number are not judged: it may still be starting."""

# The issues that failures of the port become when they last.
_FAILURES: Final = (issues.PORT_SILENT, issues.PORT_UNREACHABLE, issues.WRONG_SPEED)
_VOLTAGES: Final = tuple(map(obis.voltage, obis.PHASE_GROUP))
_DEMANDS: Final = (obis.DEMAND, obis.MONTH_PEAK)


class WrongMeter(PortError):
    """Another meter is connected to the port."""

    reason = "wrong_meter"

    def __init__(self, found: str) -> None:
        """Keep the identifier of the meter that was found."""
        super().__init__()
        self.found = found


def is_lapsed(telegram: Telegram) -> bool:
    """Tell whether a telegram has voltages but neither energy nor demand: the permission may have expired."""
    registers = telegram.registers
    return (
        any(code in registers for code in _VOLTAGES)
        and not any(code in registers for code in _DEMANDS)
        and not any(is_counter(code, register.unit) for code, register in registers.items())
    )


class PortWatch:
    """Follows one entry for as long as it exists, across all attempts to set it up."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, clock: Callable[[], float] | None = None) -> None:
        """Start with nothing known; `clock` returns monotonic seconds, by default those of the event loop."""
        self._hass = hass
        self._entry = entry
        self._clock = clock or hass.loop.time
        self.health = LinkHealth()
        self._error: PortError | None = None
        self._failure: str | None = None  # the issue that the current failure becomes when it lasts
        self._since = 0.0
        self._lapsed_since: float | None = None
        self._numberless_since: float | None = None
        self.async_remove = entry.async_on_state_change(self._async_state_changed)

    @property
    def _port(self) -> str:
        """Return the port as the user entered it."""
        port: str = self._entry.data.get(CONF_PORT, "")
        return port

    def problem_of(self, error: PortError) -> tuple[str, dict[str, str]]:
        """Return the key and the placeholders of the text that says why no telegrams come, and what to do."""
        key, placeholders = problem_of(error, self._port)
        if isinstance(error, WrongMeter):
            placeholders |= {"expected": mask(self._entry.unique_id or ""), "found": mask(error.found)}
        return key, placeholders

    async def async_first_event(self, link: TelegramSource) -> Telegram | LinkDown:
        """Return the first event that tells which meter sends, or why no telegrams come."""
        self._numberless_since = None
        while True:
            event = await anext(link)
            if isinstance(event, LinkDown) or self.async_is_ours(event) is not None:
                return event

    @callback
    def async_is_ours(self, telegram: Telegram) -> bool | None:
        """Tell whether a telegram is of this meter; None while its number is missing but may still come."""
        is_ours = is_of(telegram, self._entry.unique_id or "")
        if is_ours or telegram.meter_id is not None:
            self._numberless_since = None
            return is_ours
        now = self._clock()
        if self._numberless_since is None:
            self._numberless_since = now
        return None if now - self._numberless_since < NUMBER_WITHIN else False

    @callback
    def async_first_telegram(self, event: Telegram | LinkDown) -> Telegram:
        """Return a telegram of this meter, or raise with the reason why there is none: another token, or time."""
        expected = self._entry.unique_id or ""
        if isinstance(event, Telegram) and is_of(event, expected):
            return event
        error = event.error if isinstance(event, LinkDown) else WrongMeter(identifier_of(event))
        self.async_failed(error)
        key, placeholders = self.problem_of(error)
        raise (ConfigEntryAuthFailed if isinstance(error, Unauthorized) else ConfigEntryNotReady)(
            translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
        ) from error

    @callback
    def async_failed(self, error: PortError) -> None:
        """Note a failure of the port, and start timing it if it is of a new kind."""
        self.health.note(error.reason, dt_util.utcnow())
        if isinstance(error, WrongMeter):
            issues.async_report_wrong_meter(self._hass, self._entry, self._port, error.found)
        if isinstance(error, Unauthorized) and self._entry.state is ConfigEntryState.LOADED:
            self._entry.async_start_reauth_if_available(self._hass)
        self._error = error
        if (failure := _issue_of(error)) != self._failure:
            self._failure, self._since = failure, self._clock()
            issues.async_end(self._hass, self._entry, *_FAILURES)
        self._async_check_failure()

    @callback
    def async_recovered(self) -> None:
        """End the issues of the port, as telegrams of the right meter arrive."""
        self.health.note(UP, dt_util.utcnow())
        self._failure = None
        issues.async_end(self._hass, self._entry, *_FAILURES, issues.WRONG_METER)

    @callback
    def async_check(self, link: TelegramSource, latest: Telegram | None, clock: MeterClock) -> None:
        """Report or end lasting conditions, given the latest telegram where telegrams come."""
        if link.is_taken_away:
            issues.async_report_shared_port(self._hass, self._entry, self._port)
        else:
            issues.async_end(self._hass, self._entry, issues.PORT_SHARED)
        if latest is not None:
            self._async_check_rights(latest)
            self._async_check_clock(latest, clock)
            return
        self._error = link.failure or self._error
        self._async_check_failure()

    @callback
    def _async_check_failure(self) -> None:
        """Report the current failure once it has lasted long enough."""
        lasted = self._clock() - self._since
        if self._failure == issues.PORT_SILENT and lasted >= SILENT_AFTER:
            issues.async_report_silence(self._hass, self._entry, self._port)
        elif self._failure == issues.PORT_UNREACHABLE and self._error is not None and lasted >= UNREACHABLE_AFTER:
            detail = async_system_exception_text(self._hass, *problem_of(self._error, self._port))
            issues.async_report_unreachable_port(self._hass, self._entry, self._port, detail)
        elif self._failure == issues.WRONG_SPEED and lasted >= WRONG_SPEED_AFTER:
            issues.async_report_wrong_speed(self._hass, self._entry, self._port)

    @callback
    def _async_check_rights(self, telegram: Telegram) -> None:
        """Report that the meter no longer sends what needs a permission."""
        if not is_lapsed(telegram):
            self._lapsed_since = None
            issues.async_end(self._hass, self._entry, issues.RIGHTS_LAPSED)
            return
        now = self._clock()
        if self._lapsed_since is None:
            self._lapsed_since = now
        if now - self._lapsed_since >= LAPSED_AFTER:
            issues.async_report_lapsed_rights(self._hass, self._entry)

    @callback
    def _async_check_clock(self, telegram: Telegram, clock: MeterClock) -> None:
        """Report that the clocks of the meter and the host differ."""
        host = dt_util.utcnow()
        if clock.off_since is None:
            issues.async_end(self._hass, self._entry, issues.CLOCK_OFF)
        elif clock.is_off(host) and telegram.time is not None:
            shown = [f"{dt_util.as_local(time):%Y-%m-%d %H:%M}" for time in (telegram.time, host)]
            issues.async_report_clock(self._hass, self._entry, *shown)

    @callback
    def _async_state_changed(self) -> None:
        """End all issues of an entry that is no longer loaded: disabled, removed, or about to be set up again."""
        if self._entry.state is ConfigEntryState.NOT_LOADED:
            self._failure = self._lapsed_since = None
            issues.async_end(self._hass, self._entry, *issues.ISSUES)


def _issue_of(error: PortError) -> str | None:
    """Return the issue that a failure becomes when it lasts, if any."""
    if isinstance(error, (Unauthorized, MembersSilent)):
        # Home Assistant asks for it; and of members their own entries tell.
        return None
    if isinstance(error, NoData):
        return issues.PORT_SILENT
    if isinstance(error, CannotConnect):
        return issues.PORT_UNREACHABLE
    if isinstance(error, NoTelegram) and not isinstance(error, BinaryProtocol):
        return issues.WRONG_SPEED
    return None


_WATCHES: Final[HassKey[dict[str, PortWatch]]] = HassKey(f"{DOMAIN}_watches")


@callback
def async_watch_of(hass: HomeAssistant, entry: ConfigEntry, clock: Callable[[], float] | None = None) -> PortWatch:
    """Return the watch of an entry; the first caller may choose its clock."""
    watches = hass.data.setdefault(_WATCHES, {})
    if entry.entry_id not in watches:
        watches[entry.entry_id] = PortWatch(hass, entry, clock)
    return watches[entry.entry_id]


@callback
def async_forget_watch(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Drop the watch of a removed entry."""
    if (watch := hass.data.get(_WATCHES, {}).pop(entry.entry_id, None)) is not None:
        watch.async_remove()
