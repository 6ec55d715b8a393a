"""Config flow: find the meter behind a serial port or a network address."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final, override
from urllib.parse import urlsplit

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
)
from homeassistant.const import CONF_HOST, CONF_PORT, UnitOfTime
from homeassistant.core import callback
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    SerialPortSelector,
    TextSelector,
)
import probatio

from .const import (
    CONF_ADD_TO_ENERGY,
    CONF_ADD_TO_SIDEBAR,
    CONF_BAUDRATE,
    CONF_BYTESIZE,
    CONF_PARITY,
    CONF_STOPBITS,
    CONF_WAIT,
    DEFAULT_WAIT,
    DOMAIN,
    ENTRY_MINOR_VERSION,
    ENTRY_VERSION,
)
from .devices import async_title, identifier_of, is_of, model_of, port_version_of
from .forms import USER_PORT_SELECTOR, form_section, integer, sidebar_marker
from .insight.grid import grid_of
from .insight.mbus import mbus_meters
from .insight.user_port import CONF_USER_PORT, UserPort, detect_user_port
from .options_flow import EmucsOptionsFlow
from .port import LinkDown, PortError, Telegram
from .port_watch import NUMBER_WITHIN, link_of
from .texts import async_exception_text, async_language, async_words, problem_of

SECTION_ADVANCED: Final = "advanced"
# Seconds for which a form may wait for an answer; beyond that, progress is shown.
_LONGEST_FORM: Final = 30
_SOCKET: Final = "socket://"


# e-MUCS P1 1.7.1, table 2: the settings of all Belgian meters.
_ADVANCED: Final = probatio.Schema(
    {
        probatio.Required(CONF_BAUDRATE, default=115200): integer(300, 4_000_000),
        probatio.Required(CONF_BYTESIZE, default=8): integer(7, 8),
        probatio.Required(CONF_PARITY, default="N"): SelectSelector(
            SelectSelectorConfig(options=["N", "E", "O"], mode=SelectSelectorMode.DROPDOWN)
        ),
        probatio.Required(CONF_STOPBITS, default=1): integer(1, 2),
        probatio.Required(CONF_WAIT, default=DEFAULT_WAIT): integer(5, 1000, UnitOfTime.SECONDS),
    }
)
_FIELDS: Final[Mapping[str, Mapping[probatio.Marker, object]]] = {
    "serial": {probatio.Required(CONF_PORT): SerialPortSelector()},
    "network": {probatio.Required(CONF_HOST): TextSelector(), probatio.Required(CONF_PORT): integer(1, 65535)},
}


def _entry_data(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data of a config entry from the user's input."""
    port = user_input[CONF_PORT]
    if CONF_HOST in user_input:
        host = user_input[CONF_HOST].strip().lower()
        port = f"{_SOCKET}[{host}]:{port}" if ":" in host else f"{_SOCKET}{host}:{port}"
    data = {CONF_PORT: port, **user_input[SECTION_ADVANCED]}
    if data.get(CONF_WAIT) == DEFAULT_WAIT:
        # The default: the period of the telegrams is learned.
        del data[CONF_WAIT]
    return data


def _filled_in(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the user input that corresponds to the data of a config entry."""
    advanced = {key: value for key, value in data.items() if key != CONF_PORT}
    if not data[CONF_PORT].startswith(_SOCKET):
        return {CONF_PORT: data[CONF_PORT], SECTION_ADVANCED: advanced}
    address = urlsplit(data[CONF_PORT])
    return {CONF_HOST: address.hostname, CONF_PORT: address.port, SECTION_ADVANCED: advanced}


async def _async_listen(data: Mapping[str, Any]) -> Telegram | PortError:
    """Return the first telegram that has the meter's number, or why there is none.

    A meter that prints no number is accepted after a while. The port is closed on return.
    """
    async with link_of(data) as link:
        event = await anext(link)
        if isinstance(event, LinkDown):
            return event.error
        telegram = event
        with suppress(TimeoutError):
            async with asyncio.timeout(NUMBER_WITHIN):
                while telegram.meter_id is None and isinstance(event := await anext(link), Telegram):
                    telegram = event
    return telegram


class EmucsConfigFlow(ConfigFlow, domain=DOMAIN):
    """Sets up a meter, or moves it to another port."""

    VERSION = ENTRY_VERSION
    MINOR_VERSION = ENTRY_MINOR_VERSION

    _data: dict[str, Any]
    _language: str
    _asked: str
    """The step that asked for the port."""
    _filled_in: dict[str, Any]
    """The user's input there."""
    _telegram: Telegram
    _listening: asyncio.Task[Telegram | PortError] | None = None

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> EmucsOptionsFlow:
        """Return the flow for the options."""
        return EmucsOptionsFlow()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Let the user say how the meter is connected."""
        return self.async_show_menu(step_id="user", menu_options=["serial", "network"])

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Let the user say how the meter is connected now."""
        return self.async_show_menu(step_id="reconfigure", menu_options=["serial", "network"])

    async def async_step_serial(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for a serial port."""
        return await self._async_step_port("serial", user_input)

    async def async_step_network(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for a network address."""
        return await self._async_step_port("network", user_input)

    async def _async_step_port(self, step_id: str, user_input: dict[str, Any] | None) -> ConfigFlowResult:
        """Ask for a port, and listen to it."""
        self._asked = step_id
        self._language = await async_language(self.hass)
        if user_input is None:
            shown = _filled_in(self._get_reconfigure_entry().data) if self.source == SOURCE_RECONFIGURE else {}
            if shown and (CONF_HOST in shown) is not (step_id == "network"):
                # A device path is not an address, and vice versa.
                del shown[CONF_PORT]
            return await self._async_show_port(shown)
        self._filled_in = user_input
        self._data = _entry_data(user_input)
        if self.source != SOURCE_RECONFIGURE:
            self._async_abort_entries_match({CONF_PORT: self._data[CONF_PORT]})
        if self._data.get(CONF_WAIT, 0) > _LONGEST_FORM:
            self._listening = self.hass.async_create_task(self._async_listen(), f"{DOMAIN} flow")
            return await self.async_step_listen()
        return await self._async_answer(await self._async_listen())

    async def async_step_listen(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show progress while the port is listened to, for as long as the user said."""
        assert self._listening is not None  # noqa: S101 -- the step before starts it
        if not self._listening.done():
            return self.async_show_progress(
                step_id="listen",
                progress_action="listen",
                progress_task=self._listening,
                description_placeholders={"wait": str(self._data[CONF_WAIT])},
            )
        return self.async_show_progress_done(next_step_id="answer")

    async def async_step_answer(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Continue with what was received meanwhile."""
        assert self._listening is not None  # noqa: S101 -- the step before waited for it
        listening, self._listening = self._listening, None
        return await self._async_answer(listening.result())

    @callback
    @override
    def async_remove(self) -> None:
        """Stop listening when the user leaves."""
        if self._listening is not None:
            self._listening.cancel()

    async def _async_answer(self, heard: Telegram | PortError) -> ConfigFlowResult:
        """Continue with the meter that was found, or show what is wrong."""
        if isinstance(heard, Telegram):
            return await self._async_heard(heard)
        return await self._async_show_port(self._filled_in, heard)

    async def _async_show_port(self, shown: dict[str, Any], error: PortError | None = None) -> ConfigFlowResult:
        """Show the form for a port, filled in."""
        fields = probatio.Schema(
            {**_FIELDS[self._asked], **form_section(SECTION_ADVANCED, _ADVANCED, shown, collapsed=True)}
        )
        return self.async_show_form(
            step_id=self._asked,
            data_schema=self.add_suggested_values_to_schema(fields, shown),
            errors={"base": error.reason} if error else {},
            description_placeholders={
                "detail": await self._async_detail(error) if error else "",
                "example": "socket://192.168.1.20:8088",
            },
        )

    async def _async_heard(self, telegram: Telegram) -> ConfigFlowResult:
        """Continue with the meter that was found."""
        if self.source == SOURCE_RECONFIGURE:
            entry = self._get_reconfigure_entry()
            if not is_of(telegram, entry.unique_id or ""):
                await self.hass.config_entries.async_setup(entry.entry_id)
                return self.async_abort(reason="wrong_meter")
            return self.async_update_reload_and_abort(entry, data_updates=self._data)
        # Another flow for this meter, perhaps in another window, is aborted when one of them finishes.
        await self.async_set_unique_id(identifier_of(telegram), raise_on_progress=False)
        self._abort_if_unique_id_configured()
        self._telegram = telegram
        return await self.async_step_confirm()

    async def async_step_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the meter that was found, and which user port it seems to be."""
        telegram = self._telegram
        manufacturer, model = model_of(telegram)
        if user_input is not None:
            self._abort_if_unique_id_configured()
            options = {CONF_ADD_TO_ENERGY: True} if user_input[CONF_ADD_TO_ENERGY] else {}
            if user_input.get(CONF_ADD_TO_SIDEBAR):
                options[CONF_ADD_TO_SIDEBAR] = True
            if user_input[CONF_USER_PORT] != UserPort.P1:
                options[CONF_USER_PORT] = user_input[CONF_USER_PORT]
            title = await async_title(self.hass, identifier_of(telegram), model)
            return self.async_create_entry(title=title, data=self._data, options=options)
        words = await async_words(self.hass, "found", self._language)
        guess = detect_user_port(telegram)
        grid = grid_of(telegram)
        meters = mbus_meters(telegram, identifier_of(telegram)).values()
        return self.async_show_form(
            step_id="confirm",
            data_schema=probatio.Schema(
                {
                    probatio.Required(CONF_USER_PORT, default=str(guess.port)): USER_PORT_SELECTOR,
                    probatio.Required(CONF_ADD_TO_ENERGY, default=True): BooleanSelector(),
                    sidebar_marker(self.hass): BooleanSelector(),
                }
            ),
            description_placeholders={
                "model": " ".join(filter(None, (manufacturer, model))) or words["unknown"],
                "id": identifier_of(telegram),
                "version": port_version_of(telegram, guess.port),
                "why": (await async_words(self.hass, "evidence", self._language))[guess.evidence],
                "grid": words[grid or "unknown"],
                "mbus": ", ".join(f"{words[meter.medium]} ({meter.identifier})" for meter in meters) or words["none"],
            },
        )

    async def _async_listen(self) -> Telegram | PortError:
        """Listen to the port; unload the entry meanwhile, as many ports serve one client at a time."""
        if self.source != SOURCE_RECONFIGURE:
            return await _async_listen(self._data)
        entry = self._get_reconfigure_entry()
        aside = entry.state in (
            ConfigEntryState.LOADED,
            ConfigEntryState.SETUP_RETRY,
        ) and await self.hass.config_entries.async_unload(entry.entry_id)
        heard: Telegram | PortError | None = None
        try:
            heard = await _async_listen(self._data)
        finally:
            if aside and not isinstance(heard, Telegram):
                await self.hass.config_entries.async_setup(entry.entry_id)
        return heard

    async def _async_detail(self, error: PortError) -> str:
        """Return what is wrong with the port, and what to do about it."""
        key, placeholders = problem_of(error, self._data[CONF_PORT])
        return await async_exception_text(self.hass, key, placeholders, self._language)
