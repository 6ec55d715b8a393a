"""Options flow: the settings of a meter, and its history."""

from typing import Any, Final

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import CURRENCY_EURO, UnitOfPower, UnitOfRatio, UnitOfTime
from homeassistant.helpers.selector import SelectSelector, SelectSelectorConfig, SelectSelectorMode
import probatio

from .const import CONF_UPDATE_INTERVAL
from .forms import USER_PORT_SELECTOR, decimal, form_section, integer
from .history import has_history
from .history.flow import HistorySteps
from .insight.capacity import (
    CONF_AREA,
    CONF_CAP_PERIOD,
    CONF_OWN_RATE,
    CONF_PEAK_TARGET,
    CONF_VAT,
    CONF_WARNING_SHARE,
    DEFAULT_VAT,
    DEFAULT_WARNING_SHARE,
    SECTION_CAPACITY,
)
from .insight.peaks import FLOOR
from .insight.tariff import Area, CapPeriod
from .insight.user_port import CONF_USER_PORT, UserPort

_CAPACITY: Final = probatio.Schema(
    {
        probatio.Optional(CONF_AREA): SelectSelector(
            SelectSelectorConfig(options=list(Area), mode=SelectSelectorMode.DROPDOWN, translation_key="area")
        ),
        probatio.Optional(CONF_OWN_RATE): decimal(0, 1000, f"{CURRENCY_EURO}/{UnitOfPower.KILO_WATT}"),
        probatio.Required(CONF_VAT, default=DEFAULT_VAT): decimal(0, 100, UnitOfRatio.PERCENTAGE),
        probatio.Required(CONF_PEAK_TARGET, default=float(FLOOR)): decimal(0, 10000, UnitOfPower.KILO_WATT),
        probatio.Required(CONF_WARNING_SHARE, default=DEFAULT_WARNING_SHARE): integer(10, 100, UnitOfRatio.PERCENTAGE),
        probatio.Required(CONF_CAP_PERIOD, default=CapPeriod.MONTH): SelectSelector(
            SelectSelectorConfig(
                options=list(CapPeriod), mode=SelectSelectorMode.DROPDOWN, translation_key="cap_period"
            )
        ),
    }
)
_OPTIONS: Final = {
    probatio.Optional(CONF_UPDATE_INTERVAL): integer(1, 300, UnitOfTime.SECONDS),
    probatio.Optional(CONF_USER_PORT): USER_PORT_SELECTOR,
}


class EmucsOptionsFlow(HistorySteps):
    """Changes how a meter is shown, and imports its history."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Let the user choose; without a recorder there are settings alone."""
        if not has_history(self.hass):
            return await self.async_step_settings()
        return self.async_show_menu(step_id="init", menu_options=["settings", "import_history", "undo_import"])

    async def async_step_settings(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the options."""
        if user_input is not None:
            return self.async_create_entry(data=user_input)
        options = self.config_entry.options
        fields = probatio.Schema({**_OPTIONS, **form_section(SECTION_CAPACITY, _CAPACITY, options, collapsed=False)})
        shown = {CONF_USER_PORT: str(UserPort.P1), **options}
        return self.async_show_form(step_id="settings", data_schema=self.add_suggested_values_to_schema(fields, shown))
