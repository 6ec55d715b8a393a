"""Steps of the flow: get leave to read a reader, by its button or by a login."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final, override

from homeassistant.config_entries import SOURCE_REAUTH, SOURCE_RECONFIGURE, ConfigFlowResult
from homeassistant.const import CONF_PASSWORD, CONF_PORT, CONF_TOKEN, CONF_USERNAME
from homeassistant.core import callback
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig, TextSelectorType
import probatio

from ..const import CONF_MAKE, CONF_READER, CONF_SERIAL, DOMAIN
from ..port import PortError, Telegram
from ..port.errors import Unauthorized, Untrusted
from ..texts import async_language, name_of
from .homewizard import HomeWizard, async_find, async_request_token, async_serial_of
from .listening import Ask, Data, ListeningSteps
from .makes import READERS, Make, ReaderAddress

# Seconds for which the button is waited for, and between two questions whether it was pressed: what it allows may last
# no longer than that.
_PATIENCE: Final = 120
_INTERVAL: Final = 1

_LOGIN: Final = probatio.Schema(
    {
        probatio.Required(CONF_USERNAME): TextSelector(TextSelectorConfig(autocomplete="username")),
        probatio.Required(CONF_PASSWORD): TextSelector(
            TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="current-password")
        ),
    }
)
_NOTHING_TO_FILL_IN: Final = probatio.Schema({})


class NotPressedError(PortError):
    """Nobody pressed the button of a reader."""

    reason = "not_pressed"


class PairingSteps(ListeningSteps):
    """Asks for a token or a login where a reader wants one."""

    _homewizard: HomeWizard
    _ask_anew: Ask
    _pairing: asyncio.Task[Telegram | PortError | None] | None = None

    async def _async_read_homewizard(self, address: ReaderAddress, serial: str, ask: Ask) -> ConfigFlowResult:
        """Read a HomeWizard reader; pair with it first if it asks for a token."""
        self._ask = self._ask_anew = ask
        found = self._homewizard = await async_find(self.hass, address, serial)
        if not found.has_tokens:
            return await self._async_try([self._with_make(found.data())], ask)
        known = self._get_reconfigure_entry().data if self.source == SOURCE_RECONFIGURE else {}
        if CONF_TOKEN not in known:
            return await self.async_step_button()
        # The same reader takes the same token at its new address.
        keys = (CONF_TOKEN, CONF_SERIAL, CONF_READER)
        way = found.data() | {key: known[key] for key in keys if key in known}
        return await self._async_try([self._with_make(way)], self._async_pair_or_ask)

    async def _async_pair_or_ask(self, error: PortError | None) -> ConfigFlowResult:
        """Pair with a reader that does not know the token of another one."""
        self._ask = self._ask_anew
        if isinstance(error, Unauthorized | Untrusted):
            return await self.async_step_button()
        return await self._ask(error)

    async def async_step_button(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show progress until the button of the reader is pressed, and a telegram came."""
        if self._pairing is None:
            self._data = self._homewizard.data()
            self._pairing = self.hass.async_create_task(self._async_pair(), f"{DOMAIN} pairing")
        if not self._pairing.done():
            return self.async_show_progress(step_id="button", progress_action="button", progress_task=self._pairing)
        return self.async_show_progress_done(next_step_id="pressed")

    async def async_step_pressed(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Continue with what the reader gave."""
        assert self._pairing is not None  # noqa: S101 -- the step before waited for it
        pairing, self._pairing = self._pairing, None
        if (heard := pairing.result()) is not None:
            return await self._async_answer(heard)
        return self.async_update_reload_and_abort(self._get_reauth_entry(), data_updates=self._data)

    async def _async_pair(self) -> Telegram | PortError | None:
        """Return what was heard once there is a token; nothing for an entry that only lacks one."""
        try:
            async with asyncio.timeout(_PATIENCE):
                while (token := await async_request_token(self.hass, self._homewizard)) is None:  # noqa: ASYNC110 -- it is in the reader
                    await asyncio.sleep(_INTERVAL)
            self._homewizard = await async_serial_of(self.hass, self._homewizard, token)
        except TimeoutError:
            return NotPressedError()
        except PortError as error:
            return error
        self._data = self._with_make(self._homewizard.data(token))
        self._ways = [self._data]
        return None if self.source == SOURCE_REAUTH else await self._async_listen()

    @callback
    @override
    def async_remove(self) -> None:
        """Stop asking when the user leaves."""
        super().async_remove()
        if self._pairing is not None:
            self._pairing.cancel()

    @override
    async def _async_answer(self, heard: Telegram | PortError) -> ConfigFlowResult:
        """Ask for a login where the reader wants one."""
        if isinstance(heard, Unauthorized) and self._data.keys().isdisjoint({CONF_TOKEN, CONF_USERNAME}):
            return await self.async_step_login()
        return await super()._async_answer(heard)

    async def async_step_login(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the login that protects the pages of a reader."""
        if user_input is None:
            return await self._async_show_login(None)
        if self.source == SOURCE_REAUTH:
            return self.async_update_reload_and_abort(self._get_reauth_entry(), data_updates=user_input)
        return await self._async_try([{**self._data, **user_input}], self._async_show_login)

    async def _async_show_login(self, error: PortError | None) -> ConfigFlowResult:
        """Show the form for a login."""
        return self.async_show_form(
            step_id="login",
            data_schema=_LOGIN,
            errors={"base": error.reason} if error else {},
            description_placeholders={
                "port": name_of(self._data[CONF_PORT]),
                "detail": await self._async_detail(error),
            },
        )

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Begin anew with a reader that refuses the token or the login that it once took."""
        self._language = await async_language(self.hass)
        self._data = dict(entry_data)
        return await (self.async_step_login() if CONF_TOKEN not in entry_data else self.async_step_reauth_confirm())

    async def async_step_reauth_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask the user to go to the reader."""
        if user_input is None:
            return await self._async_show_reauth(None)
        self._ask = self._async_show_reauth
        data = self._get_reauth_entry().data
        address = ReaderAddress.of(data[CONF_PORT].partition("://")[2].partition("/")[0])
        self._homewizard = HomeWizard(address, data.get(CONF_SERIAL, ""), has_tokens=True)
        return await self.async_step_button()

    async def _async_show_reauth(self, error: PortError | None) -> ConfigFlowResult:
        """Show what has to be done at the reader."""
        return self.async_show_form(
            step_id="reauth_confirm",
            data_schema=_NOTHING_TO_FILL_IN,
            errors={"base": error.reason} if error else {},
            description_placeholders={
                "reader": READERS[Make.HOMEWIZARD].name,
                "detail": await self._async_detail(error),
            },
        )

    @staticmethod
    def _with_make(data: Data) -> Data:
        """Return the data of an entry for a HomeWizard reader."""
        return {**data, CONF_MAKE: Make.HOMEWIZARD}
