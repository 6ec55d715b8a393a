"""The flow of the S1 port of a meter, which is a subentry of that."""

from typing import Any, Final

from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigEntryState, ConfigSubentryFlow, SubentryFlowResult
from homeassistant.const import CONF_PORT
from homeassistant.helpers.selector import SerialPortSelector
import probatio

from ..const import CONF_BAUDRATE
from ..forms import integer
from ..port import PortError
from ..port.address import url_of
from ..samples import AnotherMeter, async_meter_at, s1_port_of
from ..texts import async_exception_text, async_language, name_of, problem_of
from .reading import BadAddressError

# e-MUCS H 1.3, chapter 4: all meters send at this speed, in baud.
DEFAULT_SPEED: Final = 2_000_000
_TITLE: Final = "S1"
_FIELDS: Final = probatio.Schema(
    {
        probatio.Required(CONF_PORT): SerialPortSelector(),
        probatio.Required(CONF_BAUDRATE, default=DEFAULT_SPEED): integer(300, 4_000_000),
    }
)


class S1PortFlow(ConfigSubentryFlow):
    """Finds the samples of a meter, or moves them to another port."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask where the S1 port is."""
        if s1_port_of(self._get_entry()) is not None:
            return self.async_abort(reason="already_configured")
        return await self.async_step_port(user_input)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask where it is now."""
        return await self.async_step_port(user_input)

    async def async_step_port(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for a port, and listen to it."""
        error: PortError | None = None
        if user_input is not None:
            try:
                data = {**user_input, CONF_PORT: url_of(user_input[CONF_PORT])}
            except ValueError:
                error = BadAddressError()
            else:
                if (error := await self._async_listen(data)) is None:
                    return self._finish(data)
        shown = user_input
        if shown is None and self.source == SOURCE_RECONFIGURE:
            shown = dict(self._get_reconfigure_subentry().data)
        return self.async_show_form(
            step_id="port",
            data_schema=self.add_suggested_values_to_schema(_FIELDS, shown),
            errors={"base": error.reason} if error else {},
            description_placeholders={
                "detail": await self._async_detail(error, (user_input or {}).get(CONF_PORT, "")),
                "example": "socket://192.168.1.20:8089",
            },
        )

    def _finish(self, data: dict[str, Any]) -> SubentryFlowResult:
        """Add the port, or put it in the place of the one before; the entry follows by itself."""
        title = f"{_TITLE} ({name_of(data[CONF_PORT])})"
        if self.source == SOURCE_RECONFIGURE:
            return self.async_update_and_abort(
                self._get_entry(), self._get_reconfigure_subentry(), title=title, data=data
            )
        return self.async_create_entry(title=title, data=data)

    async def _async_listen(self, data: dict[str, Any]) -> PortError | None:
        """Return what is wrong with a port; unload the entry meanwhile where it reads that port itself."""
        entry = self._get_entry()
        port = s1_port_of(entry)
        aside = (
            port is not None
            and entry.state is ConfigEntryState.LOADED
            and await self.hass.config_entries.async_unload(entry.entry_id)
        )
        try:
            heard = await async_meter_at(self.hass, data)
        finally:
            if aside:
                await self.hass.config_entries.async_setup(entry.entry_id)
        if isinstance(heard, PortError):
            return heard
        return None if heard == entry.unique_id else AnotherMeter(heard)

    async def _async_detail(self, error: PortError | None, port: str) -> str:
        """Return what is wrong with the port, and what to do about it."""
        if error is None:
            return ""
        key, placeholders = problem_of(error, port)
        return await async_exception_text(self.hass, key, placeholders, await async_language(self.hass))
