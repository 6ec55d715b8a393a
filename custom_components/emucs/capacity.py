"""The capacity tariff of a meter in Home Assistant: kept over restarts, reported, and repaired where rates are old."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from .const import (
    CONF_AREA,
    CONF_CAP_PERIOD,
    CONF_GOAL,
    CONF_OWN_RATE,
    CONF_USER_PORT,
    CONF_VAT,
    CONF_WARNING_SHARE,
    DEFAULT_GOAL,
    DEFAULT_VAT,
    DEFAULT_WARNING_SHARE,
    SECTION_CAPACITY,
)
from .insight.capacity import Capacity, CapacityReport, CapacitySettings, CapacityState
from .insight.tariff import Area, CapPeriod
from .insight.user_port import UserPort
from .issues import TARIFF_YEAR, async_end, async_report_tariff_year
from .peak_statistics import async_write_month_peaks
from .port import Telegram
from .storage import PEAKS, Keeper

_SAVE_DELAY: Final = 30.0


def settings_of(options: Mapping[str, Any]) -> CapacitySettings:
    """Return what the options of an entry say of the capacity tariff."""
    section = options.get(SECTION_CAPACITY, {})
    own_rate = section.get(CONF_OWN_RATE)
    # The table has the rates of homes and small companies, which no industrial meter is billed by.
    area = None if options.get(CONF_USER_PORT) == UserPort.A1 else section.get(CONF_AREA)
    return CapacitySettings(
        peak_target=Decimal(str(section.get(CONF_GOAL, DEFAULT_GOAL))),
        warning_share=Decimal(str(section.get(CONF_WARNING_SHARE, DEFAULT_WARNING_SHARE))) / 100,
        area=Area(area) if area else None,
        own_rate=Decimal(str(own_rate)) if own_rate else None,
        vat=Decimal(str(section.get(CONF_VAT, DEFAULT_VAT))) / 100,
        cap_period=CapPeriod(section.get(CONF_CAP_PERIOD, CapPeriod.MONTH)),
        user_port=UserPort(options.get(CONF_USER_PORT, UserPort.P1)),
    )


class CapacityKeeper(Keeper[Capacity]):
    """Feeds the insight, keeps it, and tells what cannot wait."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Start with nothing known."""
        super().__init__(hass, entry, PEAKS, Capacity(settings_of(entry.options)))
        self._written: object = None
        self.state: CapacityState | None = None
        """None also while the meter's clock is wrong."""
        self.report: CapacityReport = self.insight.report()

    @override
    def _restore(self, saved: dict[str, Any]) -> Capacity:
        """Return the insight with the settings of today."""
        return Capacity.restore(self.insight.settings, saved)

    @callback
    def async_pause(self) -> bool:
        """Know nothing of quarters while the meter's clock cannot date them; tell whether something was known."""
        before, self.state = self.state, None
        self.insight.state = None
        return before is not None

    @callback
    def async_feed(self, telegram: Telegram) -> bool:
        """Take a telegram; tell whether it changes what cannot wait: an alarm, a quarter or a peak."""
        before = self.state
        state = self.insight.feed(telegram)
        if state is None or state is before:
            return False
        self.state = state
        self._has_news = True
        if state.closed is not None:
            self.async_save_in(_SAVE_DELAY)
        if state.new_peak is not None or telegram.demand_history is not self._written:
            self._written = telegram.demand_history
            async_write_month_peaks(self._hass, self._entry, self.insight.months())
        return (
            before is None
            or state.closed is not None
            or state.new_peak is not None
            or state.alarm is not before.alarm
            or state.warning is not before.warning
        )

    @callback
    def async_set_imported(self, peaks: Mapping[date, Decimal]) -> None:
        """Know these month peaks from exports, and no others."""
        before = dict(self.insight.months())
        self.insight.ledger.set_imported(peaks)
        if self.insight.months() != before:
            async_write_month_peaks(self._hass, self._entry, self.insight.months())
            self.async_save_in(_SAVE_DELAY)

    @callback
    def async_report(self) -> None:
        """Work out what is billed, and say where that rests on the rates of an old year."""
        self.report = self.insight.report()
        if (year := self.insight.missing_year) is None or self.report.tariff is None:
            async_end(self._hass, self._entry, TARIFF_YEAR)
        else:
            async_report_tariff_year(self._hass, self._entry, year, self.report.tariff.year)

    @callback
    def async_set_goal(self, goal: float) -> None:
        """Take and keep the user's goal in kW; everything else goes on."""
        section = {**self._entry.options.get(SECTION_CAPACITY, {}), CONF_GOAL: goal}
        self._hass.config_entries.async_update_entry(
            self._entry, options={**self._entry.options, SECTION_CAPACITY: section}
        )
        self.insight.settings = replace(self.insight.settings, peak_target=Decimal(str(goal)))
