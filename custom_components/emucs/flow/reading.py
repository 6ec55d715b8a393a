"""Steps of the flow: choose the make of a reader, and say the one thing that is not known of it."""

from typing import Any, Final

from homeassistant.components import usb
from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)
import probatio

from ..const import CONF_MAKE
from ..port import PortError
from ..texts import async_language
from .listening import Ask
from .makes import READERS, Make, MissingPortError, ReaderAddress, urls_of
from .pairing import PairingSteps

CONF_TOPIC: Final = "topic"
CONF_PROXY: Final = "proxy"
# What a serial port of an ESPHome device begins with, in Home Assistant's list of serial ports.
_PROXIES: Final = "esphome-hass://"
_MQTT: Final = "mqtt:"


class BadAddressError(PortError):
    """What the user typed is no address."""

    reason = "bad_address"


class NoPortError(PortError):
    """The address of a bridge lacks its TCP port."""

    reason = "missing_port"


class ReadingSteps(PairingSteps):
    """Sets up a reader of a known make."""

    _make: Make
    _typed: str | None = None

    async def async_step_reader(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Let the user choose the make."""
        self._language = await async_language(self.hass)
        makes = [make for make in Make if make is not Make.MQTT or "mqtt" in self.hass.config.components]
        return self.async_show_menu(step_id="reader", menu_options=[*makes, "without_raw"])

    async def async_step_without_raw(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Say what to do with readers that keep the telegrams to themselves."""
        return self.async_show_menu(step_id="without_raw", menu_options=["reader"])

    async def async_step_homewizard(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask where a HomeWizard reader is."""
        return await self._async_step_make(Make.HOMEWIZARD, user_input)

    async def async_step_p1_dongle(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask where a P1-Dongle is."""
        return await self._async_step_make(Make.P1_DONGLE, user_input)

    async def async_step_homey(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask where a Homey Energy Dongle is."""
        return await self._async_step_make(Make.HOMEY, user_input)

    async def async_step_smart_gateways(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask where a reader of Smart Gateways is."""
        return await self._async_step_make(Make.SMART_GATEWAYS, user_input)

    async def async_step_stream_server(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask where an ESPHome device with a stream server is."""
        return await self._async_step_make(Make.STREAM_SERVER, user_input)

    async def async_step_espeasy(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask where an ESPEasy device is."""
        return await self._async_step_make(Make.ESPEASY, user_input)

    async def async_step_esp_link(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask where an esp-link device is."""
        return await self._async_step_make(Make.ESP_LINK, user_input)

    async def async_step_dsmr_logger(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask where a DSMR logger is."""
        return await self._async_step_make(Make.DSMR_LOGGER, user_input)

    async def async_step_p1_monitor(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask where a P1 Monitor is."""
        return await self._async_step_make(Make.P1_MONITOR, user_input)

    async def async_step_ser2net(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask where a serial port is shared in the network."""
        return await self._async_step_make(Make.SER2NET, user_input)

    async def async_step_url(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the URL of telegrams."""
        return await self._async_step_make(Make.URL, user_input)

    async def _async_step_make(self, make: Make, user_input: dict[str, Any] | None) -> ConfigFlowResult:
        """Ask for the address of a reader, and read it."""
        self._make = make
        if user_input is not None:
            return await self._async_read(make, user_input[CONF_HOST], self._async_show_address)
        self._typed = self._known(make) or READERS[make].address
        return await self._async_show_address(None)

    async def _async_show_address(self, error: PortError | None) -> ConfigFlowResult:
        """Show the form for an address."""
        fields = probatio.Schema({probatio.Required(CONF_HOST): TextSelector()})
        return self.async_show_form(
            step_id=self._make,
            data_schema=self.add_suggested_values_to_schema(fields, {CONF_HOST: self._typed or None}),
            errors={"base": error.reason} if error else {},
            description_placeholders={"detail": await self._async_detail(error)},
        )

    async def async_step_mqtt_topic(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the topic of telegrams, and read it."""
        if user_input is not None:
            return await self._async_read(Make.MQTT, user_input[CONF_TOPIC], self._async_show_topic)
        self._typed = self._known(Make.MQTT) or READERS[Make.MQTT].address
        return await self._async_show_topic(None)

    async def _async_show_topic(self, error: PortError | None) -> ConfigFlowResult:
        """Show the form for a topic."""
        fields = probatio.Schema({probatio.Required(CONF_TOPIC): TextSelector()})
        return self.async_show_form(
            step_id="mqtt_topic",
            data_schema=self.add_suggested_values_to_schema(fields, {CONF_TOPIC: self._typed}),
            errors={"base": error.reason} if error else {},
            description_placeholders={"detail": await self._async_detail(error)},
        )

    async def async_step_esphome(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Let the user choose among the ports of ESPHome devices, and read it."""
        if user_input is not None:
            return await self._async_read(Make.ESPHOME, user_input[CONF_PROXY], self._async_show_proxies)
        return await self._async_show_proxies(None)

    async def _async_show_proxies(self, error: PortError | None) -> ConfigFlowResult:
        """Show which ESPHome devices pass a serial port on; without one, what to change there."""
        proxies = {
            port.serial_number: port.description or port.serial_number
            for port in await usb.async_scan_serial_ports(self.hass)
            if port.device.startswith(_PROXIES) and port.serial_number is not None
        }
        if not proxies:
            return await self.async_step_no_proxy()
        options = [SelectOptionDict(value=number, label=name) for number, name in proxies.items()]
        field = SelectSelector(SelectSelectorConfig(options=options, mode=SelectSelectorMode.LIST))
        first = probatio.Required(CONF_PROXY, default=self._typed or options[0]["value"])
        return self.async_show_form(
            step_id="esphome",
            data_schema=probatio.Schema({first: field}),
            errors={"base": error.reason} if error else {},
            description_placeholders={"detail": await self._async_detail(error)},
        )

    async def async_step_no_proxy(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Say what to change in an ESPHome device."""
        return self.async_show_menu(step_id="no_proxy", menu_options=["esphome", "reader"])

    async def _async_read(self, make: Make, typed: str, ask: Ask) -> ConfigFlowResult:
        """Read a reader at what the user has typed, or was announced."""
        self._typed, self._data = typed, {CONF_PORT: typed}
        try:
            if make is Make.HOMEWIZARD:
                return await self._async_read_homewizard(ReaderAddress.of(typed), "", ask)
            ways = [{CONF_PORT: url, CONF_MAKE: make} for url in urls_of(make, typed)]
        except MissingPortError:
            return await ask(NoPortError())
        except ValueError:
            return await ask(BadAddressError())
        return await self._async_try(ways, ask)

    def _known(self, make: Make) -> str:
        """Return where a reader of that make is as far as is known, for a meter that is moved."""
        data = self._get_reconfigure_entry().data if self.source == SOURCE_RECONFIGURE else {}
        if data.get(CONF_MAKE) != make:
            return ""
        url = data[CONF_PORT]
        if make is Make.URL or url.startswith(_MQTT):
            return str(url.removeprefix(_MQTT) if make is Make.MQTT else url)
        return str(url.partition("://")[2].partition("/")[0])
