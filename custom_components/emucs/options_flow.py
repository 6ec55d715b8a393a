"""Options flow: the settings of a meter, and its history."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.const import CURRENCY_EURO, UnitOfElectricCurrent, UnitOfEnergy, UnitOfPower, UnitOfRatio, UnitOfTime
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
from .exports import ExportError
from .forms import (
    AREA_SELECTOR,
    BREAKER_SELECTOR,
    PRICE_SELECTOR,
    USER_PORT_SELECTOR,
    decimal,
    form_section,
    integer,
    suggested_breaker,
    take_breaker,
)
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
from .insight.grid import CONF_BREAKER, SECTION_CONNECTION
from .insight.industrial import CONF_CURRENT_FACTOR, CONF_VOLTAGE_FACTOR, SECTION_TRANSFORMERS
from .insight.peaks import FLOOR
from .insight.power_factor import CONF_FREE_REACTIVE_SHARE, counters_of
from .insight.price import (
    CONF_COST_TO_ENERGY,
    CONF_EXPORT_PRICE,
    CONF_EXPORT_PRICE_ENTITY,
    CONF_FIXED_PRICE,
    CONF_PRICE_ENTITY,
    SECTION_PRICE,
    band_key,
)
from .insight.prosumer import (
    CONF_CERTIFIED,
    CONF_DEVELOPABLE_POWER,
    CONF_GRID_OPERATOR,
    WalloonOperator,
    is_in_wallonia,
)
from .insight.tariff import Area, CapPeriod
from .insight.user_port import CONF_USER_PORT, UserPort
from .kinds import EntryKind, kind_of
from .price_watch import price_errors

CAPACITY: Final = probatio.Schema(
    {
        probatio.Optional(CONF_AREA): AREA_SELECTOR,
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
CONNECTION: Final = probatio.Schema(
    {
        probatio.Optional(CONF_BREAKER): BREAKER_SELECTOR,
        probatio.Required(CONF_CHARGER, default=Charger.THREE_PHASES): SelectSelector(
            SelectSelectorConfig(options=list(Charger), mode=SelectSelectorMode.DROPDOWN, translation_key="charger")
        ),
        probatio.Required(CONF_MARGIN, default=DEFAULT_MARGIN): decimal(0, 100, UnitOfElectricCurrent.AMPERE),
    }
)
_REACTIVE: Final = {probatio.Optional(CONF_FREE_REACTIVE_SHARE): decimal(0, 1000, UnitOfRatio.PERCENTAGE)}
_FACTOR: Final = decimal(0.001, 100000)
_TRANSFORMERS: Final = probatio.Schema(
    {
        probatio.Required(CONF_CURRENT_FACTOR, default=1): _FACTOR,
        probatio.Required(CONF_VOLTAGE_FACTOR, default=1): _FACTOR,
    }
)
_PRICE_UNIT: Final = f"{CURRENCY_EURO}/{UnitOfEnergy.KILO_WATT_HOUR}"
_EUROS: Final = decimal(-10, 10, _PRICE_UNIT)
_PRICE: Final = {
    probatio.Optional(CONF_PRICE_ENTITY): PRICE_SELECTOR,
    probatio.Optional(CONF_FIXED_PRICE): _EUROS,
}
_EXPORT_PRICE: Final = {
    probatio.Optional(CONF_EXPORT_PRICE_ENTITY): PRICE_SELECTOR,
    probatio.Optional(CONF_EXPORT_PRICE): _EUROS,
    probatio.Required(CONF_COST_TO_ENERGY, default=False): BooleanSelector(),
}
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
_OPTIONS: Final = {
    probatio.Optional(CONF_UPDATE_INTERVAL): integer(1, 300, UnitOfTime.SECONDS),
    probatio.Optional(CONF_USER_PORT): USER_PORT_SELECTOR,
}


class EmucsOptionsFlow(HistorySteps):
    """Changes how a meter is shown, and imports its history."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the menu; without a recorder there are only settings, and of a metering point nothing."""
        is_point = kind_of(self.config_entry) is EntryKind.METERING_POINT
        if not has_history(self.hass):
            return await (self._async_refuse(ExportError("no_recorder")) if is_point else self.async_step_settings())
        settings = [] if is_point else ["settings"]
        return self.async_show_menu(step_id="init", menu_options=[*settings, "import_history", "undo_import"])

    async def async_step_settings(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the options."""
        if user_input is not None:
            known = self.config_entry.options
            user_input |= {key: known[key] for key in ASKED_AT_SET_UP if key in known}
        errors = {}
        if user_input is not None:
            # Whether the form is shown from its top or where it was left differs: one of both is in view.
            if not take_breaker(user_input.get(SECTION_CONNECTION, {})):
                errors = dict.fromkeys(("base", SECTION_CONNECTION), "breaker")
            elif error := self._price_error(user_input.get(SECTION_PRICE, {})):
                errors = dict.fromkeys(("base", SECTION_PRICE), error)
            else:
                return self.async_create_entry(data=_without_nothing(user_input))
        options = user_input or self.config_entry.options
        fields = probatio.Schema(
            {
                **_OPTIONS,
                **form_section(SECTION_CAPACITY, CAPACITY, options, collapsed=False),
                **form_section(
                    SECTION_CONNECTION,
                    self._connection_schema(),
                    options,
                    collapsed=False,
                    suggested=self._suggested_connection(),
                ),
                **self._transformers_section(options),
                **form_section(SECTION_PRICE, _price_schema(options), _known(options), collapsed=False),
                **form_section(SECTION_BANDS, _BANDS, options, collapsed=False, suggested=_suggested_bands(options)),
            }
        )
        shown = {CONF_USER_PORT: str(UserPort.P1), **_known(options)}
        return self.async_show_form(
            step_id="settings", data_schema=self.add_suggested_values_to_schema(fields, shown), errors=errors
        )

    def _price_error(self, price: dict[str, Any]) -> str | None:
        """Return what is wrong with prices."""
        fields = [band_key(band) for band in _bands(self.config_entry.options)]
        return next(iter(price_errors(self.hass, price, fields).values()), None)

    def _connection_schema(self) -> probatio.Schema:
        """Return the fields for the connection: one for reactive energy where the meter counts that."""
        entry = self.config_entry
        meter: MeterCoordinator | None = entry.runtime_data if entry.state is ConfigEntryState.LOADED else None
        is_set = CONF_FREE_REACTIVE_SHARE in entry.options.get(SECTION_CONNECTION, {})
        counts = meter is not None and meter.data is not None and counters_of(meter.telegram) is not None
        return probatio.Schema({**CONNECTION.schema, **_REACTIVE}) if is_set or counts else CONNECTION

    def _transformers_section(self, options: Mapping[str, Any]) -> dict[probatio.Marker, Any]:
        """Return the fields for transformers, which an industrial meter may be behind."""
        if self.config_entry.options.get(CONF_USER_PORT) != UserPort.A1:
            return {}
        return dict(form_section(SECTION_TRANSFORMERS, _TRANSFORMERS, options, collapsed=False))

    def _suggested_connection(self) -> dict[str, str]:
        """Return the rating that the meter limits or supervises."""
        entry = self.config_entry
        if entry.state is not ConfigEntryState.LOADED:
            return {}
        meter: MeterCoordinator = entry.runtime_data
        return {} if meter.data is None else suggested_breaker(meter.telegram, meter.insights.grid)


def _bands(options: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the bands of the set that was chosen."""
    chosen = band_sets().get(options.get(SECTION_BANDS, {}).get(CONF_BAND_SET))
    return () if chosen is None else chosen.bands


def _price_schema(options: Mapping[str, Any]) -> probatio.Schema:
    """Return the fields for prices: one for each band of the set that was chosen, and in Wallonia the prosumer's."""
    by_band = {probatio.Optional(band_key(band)): _EUROS for band in _bands(options)}
    prosumer = _PROSUMER if is_in_wallonia(options) else {}
    return probatio.Schema({**_PRICE, **by_band, **_EXPORT_PRICE, **prosumer})


def _known(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options without prices that the form has no field for, such as those of bands of another set."""
    known = _price_schema(options).schema
    price = {key: value for key, value in options.get(SECTION_PRICE, {}).items() if key in known}
    return {**options, SECTION_PRICE: price} if SECTION_PRICE in options else dict(options)


def _without_nothing(options: dict[str, Any]) -> dict[str, Any]:
    """Return options without a wish that there is not, and without a section that has nothing in it."""
    price = {key: value for key, value in options.get(SECTION_PRICE, {}).items() if value is not False}
    rest = {key: value for key, value in options.items() if key != SECTION_PRICE}
    if all(factor == 1 for factor in rest.get(SECTION_TRANSFORMERS, {}).values()):
        rest.pop(SECTION_TRANSFORMERS, None)
    return {**rest, SECTION_PRICE: price} if price else rest


def _suggested_bands(options: Mapping[str, Any]) -> dict[str, str]:
    """Return the bands of the region that is set."""
    usual = _USUAL_BANDS.get(options.get(SECTION_CAPACITY, {}).get(CONF_AREA))
    return {} if usual is None else {CONF_BAND_SET: usual}
