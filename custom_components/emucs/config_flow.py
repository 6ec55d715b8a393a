"""Config flow: find the meter behind a serial port or a network address."""

from collections.abc import Mapping
from typing import Any, Final, override
from urllib.parse import urlsplit

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigFlowResult,
    ConfigSubentryFlow,
    OptionsFlow,
)
from homeassistant.const import CONF_HOST, CONF_PORT, UnitOfTime
from homeassistant.core import callback
from homeassistant.helpers.selector import (
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    SerialPortSelector,
    TextSelector,
)
import probatio

from .const import (
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
from .flow.discovery import DiscoverySteps
from .flow.group import GroupSteps
from .flow.metering_point import MeteringPointSteps
from .flow.s1_port import S1PortFlow
from .forms import form_section, integer
from .group_options import GroupOptionsFlow
from .kinds import EntryKind, kind_of
from .options_flow import EmucsOptionsFlow
from .port import PortError
from .samples import S1_PORT
from .texts import async_language

SECTION_ADVANCED: Final = "advanced"
_SOCKET: Final = "socket://"
# The URLs of readers that are no serial ports.
_READERS: Final = ("http://", "https://", "ws://", "wss://", "mqtt:", "esphome-proxy:")


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
    advanced = {str(key): data[key] for key in _ADVANCED.schema if key in data}
    if not data[CONF_PORT].startswith(_SOCKET):
        return {CONF_PORT: data[CONF_PORT], SECTION_ADVANCED: advanced}
    address = urlsplit(data[CONF_PORT])
    return {CONF_HOST: address.hostname, CONF_PORT: address.port, SECTION_ADVANCED: advanced}


class EmucsConfigFlow(MeteringPointSteps, GroupSteps, DiscoverySteps, domain=DOMAIN):
    """Sets up a meter, a group or a metering point, or moves a meter to another port."""

    VERSION = ENTRY_VERSION
    MINOR_VERSION = ENTRY_MINOR_VERSION

    _asked: str
    """The step that asked for the port."""
    _shown: dict[str, Any]
    """The user's input there, or what is known of it."""

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        """Return the flow for the options."""
        return GroupOptionsFlow() if kind_of(config_entry) is EntryKind.GROUP else EmucsOptionsFlow()

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(cls, config_entry: ConfigEntry) -> dict[str, type[ConfigSubentryFlow]]:
        """Return what a meter can have beside its P1 port."""
        return {S1_PORT: S1PortFlow} if kind_of(config_entry) is EntryKind.METER else {}

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Let the user say how the meter is connected."""
        found = ["found"] if self._offers() else []
        # Without a recorder there is no history to import.
        imports = ["metering_point"] if "recorder" in self.hass.config.components else []
        return self.async_show_menu(
            step_id="user", menu_options=[*found, "serial", "reader", "network", "group", *imports]
        )

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Let the user say how the meter is connected now, who is in the group, or how the metering point is called."""
        kind = kind_of(self._get_reconfigure_entry())
        if kind is EntryKind.GROUP:
            return await self.async_step_group()
        if kind is EntryKind.METERING_POINT:
            return await self.async_step_rename()
        return self.async_show_menu(step_id="reconfigure", menu_options=["serial", "reader", "network"])

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
            self._shown = self._known_port() if self.source == SOURCE_RECONFIGURE else {}
            return await self._async_show_port(None)
        self._shown = user_input
        return await self._async_try([_entry_data(user_input)], self._async_show_port)

    def _known_port(self) -> dict[str, Any]:
        """Return what the form shows of the port of an entry."""
        shown = _filled_in(self._get_reconfigure_entry().data)
        if (CONF_HOST in shown) is not (self._asked == "network") or str(shown[CONF_PORT]).startswith(_READERS):
            # A device path is not an address, and vice versa; what is read otherwise is neither.
            del shown[CONF_PORT]
        return shown

    async def _async_show_port(self, error: PortError | None) -> ConfigFlowResult:
        """Show the form for a port, filled in."""
        fields = probatio.Schema(
            {**_FIELDS[self._asked], **form_section(SECTION_ADVANCED, _ADVANCED, self._shown, collapsed=True)}
        )
        return self.async_show_form(
            step_id=self._asked,
            data_schema=self.add_suggested_values_to_schema(fields, self._shown),
            errors={"base": error.reason} if error else {},
            description_placeholders={
                "detail": await self._async_detail(error),
                "example": "socket://192.168.1.20:8088",
            },
        )
