"""Steps of the flow: listen where a meter may be, show what was found, and add it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Final, override

from homeassistant.config_entries import (
    DISCOVERY_SOURCES,
    SOURCE_IGNORE,
    SOURCE_RECONFIGURE,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
)
from homeassistant.const import CONF_NAME, CONF_PORT
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.selector import BooleanSelector, TextSelector
import probatio

from ..const import ASKED_AT_SET_UP, CONF_ADD_TO_ENERGY, CONF_ADD_TO_SIDEBAR, CONF_READER, CONF_WAIT, DOMAIN
from ..devices import async_title, identifier_of, is_of, model_of, port_version_of
from ..forms import AREA_SELECTOR, BREAKER_SELECTOR, PRICE_SELECTOR, USER_PORT_SELECTOR, suggested_breaker, take_breaker
from ..insight.capacity import CONF_AREA, SECTION_CAPACITY
from ..insight.grid import CONF_BREAKER, SECTION_CONNECTION, grid_of
from ..insight.mbus import mbus_meters
from ..insight.price import CONF_PRICE_ENTITY, SECTION_PRICE
from ..insight.user_port import CONF_USER_PORT, Evidence, PortGuess, UserPort, detect_user_port
from ..kinds import EntryKind, async_entries_of
from ..options_flow import CAPACITY, CONNECTION
from ..port import CannotConnect, LinkDown, PortError, Telegram
from ..port_watch import NUMBER_WITHIN
from ..price_watch import price_errors
from ..sources import link_of
from ..texts import async_exception_text, async_words, problem_of

# Seconds for which a form may wait for an answer; beyond that, progress is shown.
_LONGEST_FORM: Final = 30
# Seconds for which a meter is waited for where another way is left.
_FIRST_WAY: Final = 4

# What leaves no doubt which user port it is.
_CERTAIN: Final = (Evidence.VERSION, Evidence.MBUS)

type Data = dict[str, Any]
"""The data of a config entry."""
type Ask = Callable[[PortError | None], Awaitable[ConfigFlowResult]]
"""Shows the form that asked where the meter is, with what is wrong there."""


async def _async_listen(hass: HomeAssistant, data: Mapping[str, Any]) -> Telegram | PortError:
    """Return the first telegram that has the meter's number, or why there is none.

    A meter that prints no number is accepted after a while. The port is closed on return.
    """
    async with link_of(hass, data) as link:
        event = await anext(link)
        if isinstance(event, LinkDown):
            return event.error
        telegram = event
        with suppress(TimeoutError):
            async with asyncio.timeout(NUMBER_WITHIN):
                while telegram.meter_id is None and isinstance(event := await anext(link), Telegram):
                    telegram = event
    return telegram


def _options_of(user_input: Mapping[str, Any], port: UserPort) -> dict[str, Any]:
    """Return the options that follow from what was filled in when the meter was found."""
    options: dict[str, Any] = {key: True for key in ASKED_AT_SET_UP if user_input.get(key)}
    if port is not UserPort.P1:
        options[CONF_USER_PORT] = str(port)
    if CONF_AREA in user_input:
        options[SECTION_CAPACITY] = CAPACITY({CONF_AREA: user_input[CONF_AREA]})
    if CONF_BREAKER in user_input:
        options[SECTION_CONNECTION] = CONNECTION({CONF_BREAKER: user_input[CONF_BREAKER]})
    if CONF_PRICE_ENTITY in user_input:
        options[SECTION_PRICE] = {CONF_PRICE_ENTITY: user_input[CONF_PRICE_ENTITY]}
    return options


def _fields(guess: PortGuess, *, has_others: bool) -> probatio.Schema:
    """Return the fields for what a meter cannot say."""
    fields: dict[probatio.Marker, Any] = {}
    if has_others:
        # Devices of several meters need names to tell them apart.
        fields[probatio.Optional(CONF_NAME)] = TextSelector()
    if guess.evidence not in _CERTAIN:
        fields[probatio.Required(CONF_USER_PORT, default=str(guess.port))] = USER_PORT_SELECTOR
    return probatio.Schema(
        fields
        | {
            probatio.Optional(CONF_AREA): AREA_SELECTOR,
            probatio.Optional(CONF_BREAKER): BREAKER_SELECTOR,
            probatio.Optional(CONF_PRICE_ENTITY): PRICE_SELECTOR,
            probatio.Required(CONF_ADD_TO_ENERGY, default=True): BooleanSelector(),
            probatio.Optional(CONF_ADD_TO_SIDEBAR): BooleanSelector(),
        }
    )


class ListeningSteps(ConfigFlow):
    """Finds the meter that sends somewhere."""

    _language: str
    _data: Data
    """Where the meter is, or was looked for last."""
    _ways: list[Data]
    _ask: Ask
    _telegram: Telegram
    _listening: asyncio.Task[Telegram | PortError] | None = None

    async def _async_try(self, ways: list[Data], ask: Ask) -> ConfigFlowResult:
        """Listen where a meter may be, at one place after the other; `ask` again if there is none."""
        self._ways, self._data, self._ask = ways, ways[0], ask
        if self.source != SOURCE_RECONFIGURE:
            for way in ways:
                self._async_abort_entries_match({CONF_PORT: way[CONF_PORT]})
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
        return await self._ask(heard)

    async def _async_heard(self, telegram: Telegram) -> ConfigFlowResult:
        """Continue with the meter that was found."""
        if self.source == SOURCE_RECONFIGURE:
            entry = self._get_reconfigure_entry()
            if not is_of(telegram, entry.unique_id or ""):
                await self.hass.config_entries.async_setup(entry.entry_id)
                return self.async_abort(reason="wrong_meter")
            kept = {CONF_NAME: name} if (name := entry.data.get(CONF_NAME)) else {}
            return self.async_update_reload_and_abort(entry, data={**self._data, **kept})
        self._telegram = telegram
        if self.source not in DISCOVERY_SOURCES:
            # Another flow for this meter, perhaps in another window, is aborted when one of them finishes.
            await self.async_set_unique_id(identifier_of(telegram), raise_on_progress=False)
        # What was discovered keeps the id of its reader, by which it can be ignored, until it is added.
        known = self.hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, identifier_of(telegram))
        if known is not None and known.source != SOURCE_IGNORE:
            return self.async_abort(reason="already_configured")
        return await self.async_step_confirm()

    async def async_step_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the meter that was found, and ask for what it cannot say."""
        errors = {} if user_input is None else self._errors_of(user_input)
        if user_input is None or errors:
            return await self._async_show_found(user_input, errors)
        telegram = self._telegram
        await self.async_set_unique_id(identifier_of(telegram), raise_on_progress=False)
        self._abort_if_unique_id_configured()
        self._async_end_offers()
        options = _options_of(user_input, UserPort(user_input.get(CONF_USER_PORT, detect_user_port(telegram).port)))
        name = user_input.get(CONF_NAME, "").strip()
        title = name or await self._async_title()
        data = {**self._data, CONF_NAME: name} if name else self._data
        return self.async_create_entry(title=title, data=data, options=options)

    async def _async_show_found(self, user_input: dict[str, Any] | None, errors: dict[str, str]) -> ConfigFlowResult:
        """Show the form with the meter that was found."""
        telegram = self._telegram
        manufacturer, model = model_of(telegram)
        guess, grid = detect_user_port(telegram), grid_of(telegram)
        others = async_entries_of(self.hass, EntryKind.METER)
        # Once is enough: the dashboard shows all meters.
        suggested: dict[str, Any] = {CONF_ADD_TO_SIDEBAR: not others, **suggested_breaker(telegram, grid)}
        if others:
            suggested[CONF_NAME] = await self._async_title()
        fields = self.add_suggested_values_to_schema(_fields(guess, has_others=bool(others)), user_input or suggested)
        meters = mbus_meters(telegram, identifier_of(telegram)).values()
        words = await async_words(self.hass, "found", self._language)
        return self.async_show_form(
            step_id="confirm",
            # Nobody has to answer what is certain; who answers it all the same, by the API, may.
            data_schema=probatio.Schema(fields.schema, extra=probatio.ALLOW_EXTRA),
            errors=errors,
            description_placeholders={
                "model": " ".join(filter(None, (manufacturer, model))) or words["unknown"],
                "id": identifier_of(telegram),
                "version": port_version_of(telegram, guess.port),
                "why": (await async_words(self.hass, "evidence", self._language))[guess.evidence],
                "grid": words[grid or "unknown"],
                "mbus": ", ".join(f"{words[meter.medium]} ({meter.identifier})" for meter in meters) or words["none"],
            },
        )

    async def _async_title(self) -> str:
        """Return the title of the meter that was found, where the user gives it no name."""
        return await async_title(self.hass, identifier_of(self._telegram), model_of(self._telegram)[1])

    def _errors_of(self, user_input: dict[str, Any]) -> dict[str, str]:
        """Return what is wrong with the fields; put the number of a rating in the place of what was typed."""
        errors = price_errors(self.hass, user_input)
        return errors if take_breaker(user_input) else {**errors, CONF_BREAKER: "breaker"}

    @callback
    def _async_end_offers(self) -> None:
        """Withdraw what else offers the reader that is set up now."""
        if (reader := self._data.get(CONF_READER)) is None:
            return
        for flow in self._async_in_progress(include_uninitialized=True, match_context={"unique_id": reader}):
            self.hass.config_entries.flow.async_abort(flow["flow_id"])

    async def _async_listen(self) -> Telegram | PortError:
        """Listen to the port; unload the entry meanwhile, as many ports serve one client at a time."""
        if self.source != SOURCE_RECONFIGURE:
            return await self._async_listen_each()
        entry = self._get_reconfigure_entry()
        aside = entry.state in (
            ConfigEntryState.LOADED,
            ConfigEntryState.SETUP_RETRY,
        ) and await self.hass.config_entries.async_unload(entry.entry_id)
        heard: Telegram | PortError | None = None
        try:
            heard = await self._async_listen_each()
        finally:
            if aside and not isinstance(heard, Telegram):
                await self.hass.config_entries.async_setup(entry.entry_id)
        return heard

    async def _async_listen_each(self) -> Telegram | PortError:
        """Listen at one place after the other; of what is wrong with them, what says most is returned."""
        failures: list[tuple[Data, PortError]] = []
        for way in self._ways:
            heard = await _async_listen(self.hass, way if way is self._ways[-1] else {CONF_WAIT: _FIRST_WAY, **way})
            if isinstance(heard, Telegram):
                self._data = way
                return heard
            failures.append((way, heard))
        self._data, failure = next(
            (each for each in reversed(failures) if type(each[1]) is not CannotConnect), failures[-1]
        )
        return failure

    async def _async_detail(self, error: PortError | None) -> str:
        """Return what is wrong with the port, and what to do about it."""
        if error is None:
            return ""
        key, placeholders = problem_of(error, self._data[CONF_PORT])
        return await async_exception_text(self.hass, key, placeholders, self._language)
