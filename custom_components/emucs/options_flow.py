"""Options flow: the settings of a meter, and its history."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.const import CURRENCY_EURO, UnitOfElectricCurrent, UnitOfPower, UnitOfRatio, UnitOfTime
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
import probatio

from .const import ASKED_AT_SET_UP, CONF_UPDATE_INTERVAL
from .coordinator import MeterCoordinator
from .forms import USER_PORT_SELECTOR, decimal, form_section, integer
from .history import has_history
from .history.flow import HistorySteps
from .insight.band_energy import CONF_BAND_SET, SECTION_BANDS
from .insight.bands import band_sets
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
from .insight.charging import Charger
from .insight.connection import CONF_CHARGER, CONF_MARGIN, DEFAULT_MARGIN
from .insight.grid import BREAKERS, CONF_BREAKER, SECTION_CONNECTION, breaker_in, rated_current
from .insight.peaks import FLOOR
from .insight.prosumer import (
    CONF_CERTIFIED,
    CONF_DEVELOPABLE_POWER,
    CONF_GRID_OPERATOR,
    SECTION_PRICE,
    WalloonOperator,
    is_in_wallonia,
)
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
_CONNECTION: Final = probatio.Schema(
    {
        probatio.Optional(CONF_BREAKER): probatio.All(
            probatio.Coerce(str),
            SelectSelector(
                SelectSelectorConfig(
                    options=[SelectOptionDict(value=str(rating), label=f"{rating} A") for rating in BREAKERS],
                    custom_value=True,
                    mode=SelectSelectorMode.DROPDOWN,
                )
            ),
        ),
        probatio.Required(CONF_CHARGER, default=Charger.THREE_PHASES): SelectSelector(
            SelectSelectorConfig(options=list(Charger), mode=SelectSelectorMode.DROPDOWN, translation_key="charger")
        ),
        probatio.Required(CONF_MARGIN, default=DEFAULT_MARGIN): decimal(0, 100, UnitOfElectricCurrent.AMPERE),
    }
)
_BAND_SETS: Final = band_sets()
_BANDS: Final = probatio.Schema(
    {
        probatio.Optional(CONF_BAND_SET): SelectSelector(
            SelectSelectorConfig(options=list(_BAND_SETS), mode=SelectSelectorMode.DROPDOWN, translation_key="band_set")
        ),
    }
)
# What a home of a region has unless it chose otherwise. The grid tariff of Flanders has no bands.
_USUAL_BANDS: Final = {Area.BRUSSELS: "brussels", Area.WALLONIA: "wallonia_bihourly"}
# The tariff is for installations up to this power, in kWe.
_LARGEST_PROSUMER: Final = 10
_PROSUMER: Final = {
    probatio.Required(CONF_CERTIFIED, default=False): BooleanSelector(),
    probatio.Optional(CONF_DEVELOPABLE_POWER): decimal(0, _LARGEST_PROSUMER, "kWe"),
    probatio.Optional(CONF_GRID_OPERATOR): SelectSelector(
        SelectSelectorConfig(
            options=[SelectOptionDict(value=each, label=each.upper()) for each in WalloonOperator],
            mode=SelectSelectorMode.DROPDOWN,
        )
    ),
}
_OPTIONS: Final = {
    probatio.Optional(CONF_UPDATE_INTERVAL): integer(1, 300, UnitOfTime.SECONDS),
    probatio.Optional(CONF_USER_PORT): USER_PORT_SELECTOR,
}


class EmucsOptionsFlow(HistorySteps):
    """Changes how a meter is shown, and imports its history."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the menu; without a recorder there are only settings."""
        if not has_history(self.hass):
            return await self.async_step_settings()
        return self.async_show_menu(step_id="init", menu_options=["settings", "import_history", "undo_import"])

    async def async_step_settings(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the options."""
        if user_input is not None:
            known = self.config_entry.options
            user_input |= {key: known[key] for key in ASKED_AT_SET_UP if key in known}
        errors = {}
        if user_input is not None:
            if _take_breaker(user_input.get(SECTION_CONNECTION, {})):
                return self.async_create_entry(data=user_input)
            # Whether the form is shown from its top or where it was left differs: one of both is in view.
            errors = dict.fromkeys(("base", SECTION_CONNECTION), "breaker")
        options = user_input or self.config_entry.options
        fields = probatio.Schema(
            {
                **_OPTIONS,
                **form_section(SECTION_CAPACITY, _CAPACITY, options, collapsed=False),
                **form_section(
                    SECTION_CONNECTION, _CONNECTION, options, collapsed=False, suggested=self._suggested_connection()
                ),
                **form_section(SECTION_BANDS, _BANDS, options, collapsed=False, suggested=_suggested_bands(options)),
                **_price_section(options),
            }
        )
        shown = {CONF_USER_PORT: str(UserPort.P1), **options}
        return self.async_show_form(
            step_id="settings", data_schema=self.add_suggested_values_to_schema(fields, shown), errors=errors
        )

    def _suggested_connection(self) -> dict[str, str]:
        """Return the rating that the meter limits or supervises."""
        entry = self.config_entry
        if entry.state is not ConfigEntryState.LOADED:
            return {}
        meter: MeterCoordinator = entry.runtime_data
        rating = None if meter.data is None else rated_current(meter.telegram, meter.insights.grid)
        return {} if rating is None else {CONF_BREAKER: f"{round(rating, 1).normalize():f}"}


def _suggested_bands(options: Mapping[str, Any]) -> dict[str, str]:
    """Return the bands of the region that is set."""
    usual = _USUAL_BANDS.get(options.get(SECTION_CAPACITY, {}).get(CONF_AREA))
    return {} if usual is None else {CONF_BAND_SET: usual}


def _price_section(options: Mapping[str, Any]) -> dict[probatio.Marker, section]:
    """Return the section of prices: in Wallonia it asks for the prosumer."""
    fields = probatio.Schema(_PROSUMER)
    return form_section(SECTION_PRICE, fields, options, collapsed=False) if is_in_wallonia(options) else {}


def _take_breaker(connection: dict[str, Any]) -> bool:
    """Take the number of a rating that a user has typed; tell whether it is one."""
    typed = connection.pop(CONF_BREAKER, "")
    if not typed.strip():
        return True
    if (rating := breaker_in(typed)) is None:
        connection[CONF_BREAKER] = typed
        return False
    connection[CONF_BREAKER] = f"{rating:f}"
    return True
