"""The one pipeline from telegrams to insights: the guard, the meter's clock, then every insight."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple, Self, cast

from ..port import Telegram, obis
from .anomaly import Anomaly
from .band_energy import BandEnergy
from .base import Insight
from .baseload import BaseLoad
from .capacity import Capacity
from .clock import MeterClock
from .connection import Connection
from .cost import EnergyCost
from .forecast import Forecast
from .grid import Grid, grid_of
from .group import Group
from .guard import Guard, Guarded
from .industrial import Factors, IndustrialReading
from .leaks import Leaks
from .mbus_readings import MbusReadings
from .plausibility import Plausibility
from .power_factor import PowerFactor
from .power_quality import PowerQuality
from .profile import Profile
from .recurring import Recurring
from .sharing import Sharing
from .silence import LongestSilence
from .slots import Slots
from .sun import SelfConsumption
from .user_port import CONF_USER_PORT, UserPort
from .voltage import Voltage

INSIGHTS: Final[tuple[type[Insight[Any, Any]], ...]] = (
    Capacity,
    Connection,
    LongestSilence,
    Voltage,
    Profile,
    Forecast,
    BaseLoad,
    Leaks,
    Recurring,
    Anomaly,
    EnergyCost,
    BandEnergy,
    Slots,
    Plausibility,
    SelfConsumption,
    PowerFactor,
    Group,
    Sharing,
    PowerQuality,
)
"""Every insight there is, in the order in which telegrams reach them: those that others use come first."""

# However many codes a port prints over time: a hostile one could go on for ever.
_MOST_CODES: Final = 1024
_SWITCHES: Final = (obis.BREAKER, *(obis.relay(number) for number in range(1, 5)))
_GUARD: Final = "guard"
_FACTORS: Final = "factors"
# What does not follow from energy and power: it goes on where the meter turns out to be behind other transformers.
_WITHOUT_FACTOR: Final = (LongestSilence, Voltage)


class MeterUpdate(NamedTuple):
    """What a telegram brought."""

    telegram: Telegram
    """With the latest good reading wherever a counter says what it cannot."""
    guarded: Guarded
    """The same, with what the guard has to say of it."""
    is_new: bool
    """Whether something shows up for the first time: a register, an M-Bus meter or its unit, the grid, an insight."""
    is_urgent: bool
    """Whether users have to see it at once."""


class MeterInsights:
    """All that is known of a meter. Survives a restart by `save`, `save_series` and `restore`."""

    def __init__(self, meter_id: str, options: Mapping[str, Any]) -> None:
        """Start with nothing known of a meter; the options are those of its config entry."""
        self.guard = Guard(meter_id)
        self.clock = MeterClock()
        self.grid: Grid | None = None
        self.mbus = MbusReadings()
        self._codes: set[str] = set()  # of all registers since the start, at most so many
        self.has_series = any(kind.save_series is not Insight.save_series for kind in INSIGHTS)
        """Whether any insight has bulk to keep."""
        self.withheld = 0
        """How many readings were not believed since the start."""
        self._insights = {kind: kind(kind.settings_of(options)) for kind in INSIGHTS}
        self._has_mbus = options.get(CONF_USER_PORT) != UserPort.A1  # which leaves gas and water to others
        self._reading = IndustrialReading(options)
        self._has_other_factors = False  # than what was saved was measured with
        self._latest: Guarded | None = None
        self._hand_over()

    def _hand_over(self) -> None:
        """Give each insight those that it uses, and the M-Bus meters."""
        for insight in self._insights.values():
            insight.hand_over(self._insights, self.mbus)

    def __getitem__[InsightT: Insight[Any, Any]](self, kind: type[InsightT]) -> InsightT:
        """Return an insight by its class."""
        return cast("InsightT", self._insights[kind])

    def feed(self, telegram: Telegram, host_time: datetime) -> MeterUpdate:
        """Take a telegram, and the host's time in UTC; return what it brought."""
        before, guarded = self._latest, self.guard.feed(self._reading.apply(telegram))
        self._latest = guarded
        self.withheld += len(guarded.withheld)
        telegram = guarded.telegram
        self.mbus.rename(guarded.renamed)
        is_new, is_urgent = self._find_new(guarded, before)
        is_dated = self.clock.feed(telegram.time, host_time)
        for insight in self._insights.values():
            if guarded.import_restarted or (guarded.restarted and insight.follows_all_counters):
                insight.forget_counter()
            state = insight.state
            if is_dated or not insight.needs_clock:
                insight.feed(telegram, counter_is_doubted=guarded.import_withheld)
            else:
                insight.pause()
            if insight.state is not state:
                is_new |= state is None
                is_urgent |= state is None or insight.state is None or insight.is_urgent(state)
        return MeterUpdate(telegram, guarded, is_new, is_urgent)

    def _find_new(self, guarded: Guarded, before: Guarded | None) -> tuple[bool, bool]:
        """Follow registers, grid and M-Bus meters; tell whether something is new, and whether it cannot wait."""
        telegram, new, urgent = guarded.telegram, False, False
        if before is None or guarded.codes is not before.codes:
            new = len(self._codes) < _MOST_CODES and not guarded.codes <= self._codes
            if new:
                self._codes |= guarded.codes
        if before is not None:
            old, registers = before.telegram.registers, telegram.registers
            urgent = any(registers.get(code) != old.get(code) for code in _SWITCHES)
        grid, self.grid = self.grid, grid_of(telegram, self.grid)
        known = sum(meter.is_read for meter in self.mbus.values()), len(self.mbus)
        urgent |= self.mbus.feed(guarded.meters if self._has_mbus else {}, telegram, guarded.restarted)
        new |= grid is not self.grid or known != (sum(meter.is_read for meter in self.mbus.values()), len(self.mbus))
        return new, urgent

    @property
    def factors(self) -> Factors:
        """Return by what the values that the meter prints are multiplied."""
        return self._reading.factors

    def refresh(self) -> None:
        """Work out what is not needed with each telegram."""
        for insight in self._insights.values():
            insight.refresh()

    def set_options(self, options: Mapping[str, Any]) -> None:
        """Take the settings of changed options; everything else goes on."""
        for kind, insight in self._insights.items():
            insight.settings = kind.settings_of(options)

    def save(self) -> dict[str, Any]:
        """Return what a restart needs, in types of JSON."""
        saved = {_GUARD: self.guard.save(), _FACTORS: self._reading.factors.save()}
        return saved | {kind.name: insight.save() for kind, insight in self._insights.items()}

    def save_series(self) -> dict[str, Any]:
        """Return the bulk of what a restart needs, in types of JSON."""
        series = {kind.name: insight.save_series() for kind, insight in self._insights.items()}
        return {name: saved for name, saved in series.items() if saved}

    @classmethod
    def restore(cls, meter_id: str, options: Mapping[str, Any], saved: Mapping[str, Any]) -> Self:
        """Return what was saved; an insight that was not there then starts anew.

        What is wrong with it raises one of Python's own errors.
        """
        insights = cls(meter_id, options)
        is_other = insights._has_other_factors = insights.factors != Factors.restore(saved.get(_FACTORS))
        if _GUARD in saved and not is_other:
            insights.guard = Guard.restore(meter_id, saved[_GUARD])
        for kind in INSIGHTS:
            if kind.name in saved and insights._goes_on(kind):
                insights._insights[kind] = kind.restore(kind.settings_of(options), saved[kind.name])
            if insights.guard.is_other_meter:
                insights._insights[kind].forget_counter()
        if is_other and Capacity.name in saved:
            insights[Capacity].take_imported(saved[Capacity.name])
        insights._hand_over()
        return insights

    def restore_series(self, saved: Mapping[str, Any]) -> None:
        """Take the bulk that was saved. What is wrong with it raises one of Python's own errors."""
        for kind, insight in self._insights.items():
            if kind.name in saved and self._goes_on(kind):
                insight.restore_series(saved[kind.name])

    def _goes_on(self, kind: type[Insight[Any, Any]]) -> bool:
        """Tell whether an insight goes on from what was saved: else that was measured with other factors."""
        return not self._has_other_factors or kind in _WITHOUT_FACTOR
