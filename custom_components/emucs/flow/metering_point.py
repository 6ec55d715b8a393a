"""Steps of the flow: a metering point without a port."""

from typing import Any, Final, override

from homeassistant.config_entries import ConfigEntryState, ConfigFlow, ConfigFlowResult
from homeassistant.const import CONF_NAME
from homeassistant.core import callback
from homeassistant.helpers.selector import TextSelector
from homeassistant.helpers.typing import DiscoveryInfoType
import probatio

from ..const import CONF_EAN
from ..coordinator import EmucsConfigEntry
from ..devices import METERING_POINT, async_default_name, async_title, mask
from ..exports import ExportError
from ..history.targets import live_meters
from ..kinds import CONF_KIND, EntryKind, async_entries_of
from ..metering_point import has_check_digit

_LENGTH: Final = 18
_NAME_ONLY: Final = probatio.Schema({probatio.Required(CONF_NAME): TextSelector()})
_FIELDS: Final = probatio.Schema(
    {probatio.Required(CONF_EAN): TextSelector(), probatio.Required(CONF_NAME): TextSelector()}
)


class MeteringPointSteps(ConfigFlow):
    """Adds a metering point of which only exports are known, or renames it."""

    _doubted: str | None = None
    """An EAN whose check digit is wrong, which was shown to the user."""
    _from_export: DiscoveryInfoType | None = None

    async def async_step_metering_point(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the EAN and a name."""
        errors: dict[str, str] = {}
        if user_input is not None:
            ean = "".join(user_input[CONF_EAN].split())
            if (error := self._error_of(ean)) is None:
                await self.async_set_unique_id(ean)
                self._abort_if_unique_id_configured()
                title = await async_title(self.hass, ean, user_input[CONF_NAME].strip())
                data = {CONF_KIND: EntryKind.METERING_POINT, CONF_EAN: ean, CONF_NAME: title}
                return self.async_create_entry(title=title, data=data)
            errors[CONF_EAN] = error
        shown = user_input or {
            CONF_NAME: await async_default_name(self.hass, METERING_POINT),
            **(self._from_export or {}),
        }
        return self.async_show_form(
            step_id="metering_point",
            data_schema=self.add_suggested_values_to_schema(_FIELDS, shown),
            errors=errors,
        )

    @override
    async def async_step_integration_discovery(self, discovery_info: DiscoveryInfoType) -> ConfigFlowResult:
        """Offer a metering point that an export has, and no entry."""
        await self.async_set_unique_id(discovery_info[CONF_EAN])
        self._abort_if_unique_id_configured()
        name = discovery_info[CONF_NAME] or await async_default_name(self.hass, METERING_POINT)
        self._from_export = {CONF_EAN: discovery_info[CONF_EAN], CONF_NAME: name}
        self.context["title_placeholders"] = {"name": name, "address": mask(discovery_info[CONF_EAN])}
        return await self.async_step_metering_point()

    async def async_step_rename(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Give a metering point another name; its EAN stays, as another one is another metering point."""
        entry = self._get_reconfigure_entry()
        if user_input is not None:
            title = user_input[CONF_NAME].strip() or entry.title
            data = {**entry.data, CONF_NAME: title}
            return self.async_update_reload_and_abort(entry, title=title, data=data, reason="renamed")
        return self.async_show_form(
            step_id="rename",
            data_schema=self.add_suggested_values_to_schema(_NAME_ONLY, {CONF_NAME: entry.title}),
        )

    @callback
    def _error_of(self, ean: str) -> str | None:
        """Return what is wrong with an EAN; one with a wrong check digit is taken when it is entered again."""
        if len(ean) != _LENGTH or not ean.isascii() or not ean.isdecimal():
            return "ean_digits"
        for entry in async_entries_of(self.hass, EntryKind.METER):
            if entry.state is ConfigEntryState.LOADED and ean in _eans_of(entry):
                return "ean_is_read"
        is_from_export = self._from_export is not None and ean == self._from_export[CONF_EAN]
        if not (has_check_digit(ean) or is_from_export or self._doubted == ean):
            self._doubted = ean
            return "ean_check_digit"
        return None


def _eans_of(entry: EmucsConfigEntry) -> set[str | None]:
    """Return the EANs that a meter sends, once it has sent a telegram."""
    try:
        return {meter.ean for meter in live_meters(entry.runtime_data)}
    except ExportError:
        return set()
