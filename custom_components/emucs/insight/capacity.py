"""The capacity tariff as one insight: telegrams in, everything that is shown of quarter, peaks and cost out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Final, NamedTuple, Self, override

from ..port import Telegram
from .alarm import Alarm
from .base import Insight
from .demand import ClosedQuarter, Demand, QuarterDemand
from .grid import Grid
from .peaks import FLOOR, MonthPeak, PeakAverage, PeakLedger, month_begin, months_before, next_month
from .tariff import MONTHS, Area, CapPeriod, Cost, Tariff, cost_of, tariff_of
from .user_port import CONF_USER_PORT, UserPort

SECTION_CAPACITY: Final = "capacity"
CONF_AREA: Final = "area"
CONF_CAP_PERIOD: Final = "cap_period"
CONF_PEAK_TARGET: Final = "peak_target"
CONF_OWN_RATE: Final = "own_rate"
CONF_VAT: Final = "vat"
CONF_WARNING_SHARE: Final = "warning_share"

DEFAULT_VAT: Final = 6
DEFAULT_WARNING_SHARE: Final = 90
"""In per cent."""

# The running month's energy is projected to its end from this share of it on.
_PROJECTED_FROM: Final = Decimal("0.1")
_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacitySettings:
    """What the user sets."""

    peak_target: Decimal = FLOOR
    """kW that a quarter shall not pass; below the floor or the month's peak there is nothing to win."""
    warning_share: Decimal = Decimal("0.9")
    area: Area | None = None
    own_rate: Decimal | None = None
    """EUR a kW and year without VAT, in place of the area's."""
    vat: Decimal = Decimal("0.06")
    cap_period: CapPeriod = CapPeriod.MONTH


class CapacityState(NamedTuple):
    """What is known at one moment. Powers in kW."""

    demand: Demand
    target: Decimal
    """The highest of the floor, the month's peak and the goal: below it a quarter costs nothing more."""
    alarm: bool
    warning: bool
    closed: ClosedQuarter | None
    """The quarter that the latest telegram ended."""
    new_peak: MonthPeak | None
    """The running month's peak, where the latest telegram made it a higher one."""

    @property
    def budget(self) -> Decimal:
        """Return the power that may be drawn until the quarter ends so that it meets the target."""
        return self.demand.budget(self.target)


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityReport:
    """What is billed: means in kW, and their cost; None where it is not known or not billed."""

    average: PeakAverage | None
    """Over the twelve latest closed months."""
    average_as_it_stands: PeakAverage | None
    """If the running month closes with the peak that it has."""
    average_forecast: PeakAverage | None
    """If the running quarter closes as forecast."""
    cost: Cost | None
    """Of the average as it stands."""
    tariff: Tariff | None


class Capacity(Insight[CapacitySettings, CapacityState]):
    """Follows quarter, peaks and cost of one meter."""

    name: ClassVar = "capacity"

    def __init__(self, settings: CapacitySettings) -> None:
        """Start with nothing known."""
        super().__init__(settings)
        self.quarter = QuarterDemand()
        self.ledger = PeakLedger()
        self.billed = self.report()
        """What is billed, as of the latest update of the entities."""
        self._alarm = Alarm()
        self._warning = Alarm()

    @override
    @staticmethod
    def settings_of(options: Mapping[str, Any]) -> CapacitySettings:
        """Return what the options of an entry say of the capacity tariff."""
        section = options.get(SECTION_CAPACITY, {})
        own_rate = section.get(CONF_OWN_RATE)
        # The table has the rates of homes and small companies, which no industrial meter is billed by.
        area = None if options.get(CONF_USER_PORT) == UserPort.A1 else section.get(CONF_AREA)
        return CapacitySettings(
            peak_target=Decimal(str(section.get(CONF_PEAK_TARGET, FLOOR))),
            warning_share=Decimal(str(section.get(CONF_WARNING_SHARE, DEFAULT_WARNING_SHARE))) / 100,
            area=Area(area) if area else None,
            own_rate=Decimal(str(own_rate)) if own_rate else None,
            vat=Decimal(str(section.get(CONF_VAT, DEFAULT_VAT))) / 100,
            cap_period=CapPeriod(section.get(CONF_CAP_PERIOD, CapPeriod.MONTH)),
        )

    @override
    def feed(self, telegram: Telegram, grid: Grid | None = None) -> CapacityState | None:
        """Take a telegram; return what is known now, or None where the meter prints no time or power."""
        closed = self.quarter.feed(telegram)
        demand = self.quarter.demand
        if demand is None or telegram.time is None or demand.time != telegram.time:
            return self.state
        new_peak = self.ledger.feed(telegram, closed)
        peak = self.ledger.running
        target = max(FLOOR, self.settings.peak_target, peak.value if peak else FLOOR)
        self.state = CapacityState(
            demand=demand,
            target=target,
            alarm=self._alarm.feed(demand, target),
            warning=self._warning.feed(demand, target * self.settings.warning_share),
            closed=closed,
            new_peak=new_peak,
        )
        return self.state

    @override
    def is_urgent(self, before: CapacityState) -> bool:
        """Tell whether a quarter, a peak, an alarm or a warning came or went."""
        state = self.state
        return state is not None and (
            state.closed is not None
            or state.new_peak is not None
            or state.alarm is not before.alarm
            or state.warning is not before.warning
        )

    @override
    def refresh(self) -> None:
        """Work out what is billed."""
        self.billed = self.report()

    @override
    def forget_counter(self) -> None:
        """Take no energy from the counter of before: it was set, or the meter is another one."""
        self.quarter.forget_counter()
        self.ledger.forget_counter()

    def report(self) -> CapacityReport:
        """Return what is billed as things are now."""
        running = self.ledger.running
        peak = running.value if running else None
        forecast = self.state.demand.forecast if self.state else None
        known = [value for value in (peak, forecast) if value is not None]
        as_it_stands = self.ledger.average_with(peak)
        tariff = self.tariff
        return CapacityReport(
            average=self.ledger.average(),
            average_as_it_stands=as_it_stands,
            average_forecast=self.ledger.average_with(max(known, default=None)),
            cost=self._cost(tariff, as_it_stands) if tariff and as_it_stands else None,
            tariff=tariff,
        )

    @property
    def tariff(self) -> Tariff | None:
        """Return the rates that hold, or None where no month peak is billed or no area is set."""
        area, month = self.settings.area, self.ledger.month
        table = tariff_of(area, month.year) if area is not None and month is not None else None
        if self.settings.own_rate is None:
            return table
        if area is not None and not area.bills_peaks:
            return None
        return Tariff(
            year=month.year if month else 0,
            capacity=self.settings.own_rate,
            kwh=table.kwh if table else None,
            maximum=table.maximum if table else None,
        )

    @property
    def missing_year(self) -> int | None:
        """Return the year whose rates are not in the table, while an older year's are used instead."""
        month, tariff = self.ledger.month, self.tariff
        # An own rate is one of this year.
        return None if month is None or tariff is None or tariff.year == month.year else month.year

    def _cost(self, tariff: Tariff, average: PeakAverage) -> Cost:
        """Return what an average costs."""
        energy = self._month_energy() if self.settings.cap_period is CapPeriod.MONTH else self._year_energy()
        return cost_of(tariff, average.value, self.settings.vat, energy, self.settings.cap_period)

    def _month_energy(self) -> Decimal | None:
        """Return what the running month will have imported at its end in kWh, if it goes on as so far."""
        month = self.ledger.month
        imported = self.ledger.imported(month) if month else None
        if month is None or imported is None or self.state is None:
            return None
        begin, end = month_begin(month).astimezone(UTC), month_begin(next_month(month)).astimezone(UTC)
        share = Decimal((self.state.demand.time - begin) // _HOUR) / ((end - begin) // _HOUR)
        return imported / share if share >= _PROJECTED_FROM else None

    def _year_energy(self) -> Decimal | None:
        """Return what the twelve latest closed months have imported in kWh, or None where one is not known."""
        month = self.ledger.month
        energies = map(self.ledger.imported, months_before(month, MONTHS) if month else [])
        known = [energy for energy in energies if energy is not None]
        return sum(known, Decimal()) if len(known) == MONTHS else None

    def months(self) -> Mapping[date, MonthPeak]:
        """Return all known month peaks, the oldest first."""
        return dict(sorted(self.ledger.peaks.items()))

    @override
    def save(self) -> dict[str, Any]:
        """Return what a restart needs, as JSON has it."""
        return {"quarter": self.quarter.save(), "ledger": self.ledger.save()}

    @override
    @classmethod
    def restore(cls, settings: CapacitySettings, saved: Mapping[str, Any]) -> Self:
        """Return what was saved."""
        capacity = cls(settings)
        capacity.quarter = QuarterDemand.restore(saved["quarter"])
        capacity.ledger = PeakLedger.restore(saved["ledger"])
        return capacity
