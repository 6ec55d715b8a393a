"""The capacity tariff as one insight: telegrams in, everything that is shown of quarter, peaks and cost out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple, Self

from ..port import Telegram
from .alarm import Alarm
from .demand import ClosedQuarter, Demand, QuarterDemand
from .peaks import FLOOR, MonthPeak, PeakAverage, PeakLedger, month_begin, months_before, next_month
from .tariff import MONTHS, Area, CapPeriod, Cost, Tariff, cost_of, tariff_of

# The running month's energy is projected to its end from this share of it on.
_PROJECTED_FROM: Final = Decimal("0.1")
_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacitySettings:
    """What the user sets."""

    peak_target: Decimal = FLOOR
    """kW that the user wants no quarter to pass; below the floor or the month's peak nothing is saved."""
    warning_share: Decimal = Decimal("0.9")
    area: Area | None = None
    own_rate: Decimal | None = None
    """EUR a kW and year without VAT, in place of the area's."""
    vat: Decimal = Decimal("0.06")
    cap_period: CapPeriod = CapPeriod.MONTH


class CapacityState(NamedTuple):
    """What is known at one moment. Powers in kW."""

    demand: Demand
    effective_target: Decimal
    """The highest of the floor, the month's peak and the user's target: below it a quarter costs nothing more."""
    alarm: bool
    warning: bool
    closed: ClosedQuarter | None
    """The quarter that the latest telegram ended."""
    new_peak: MonthPeak | None
    """The running month's peak, where the latest telegram made it a higher one."""

    @property
    def budget(self) -> Decimal:
        """Return the power that may be drawn until the quarter ends so that it meets the target."""
        return self.demand.budget(self.effective_target)


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


class Capacity:
    """Follows quarter, peaks and cost of one meter. Survives a restart by `save` and `restore`."""

    def __init__(self, settings: CapacitySettings) -> None:
        """Start with nothing known."""
        self.settings = settings
        self.quarter = QuarterDemand()
        self.ledger = PeakLedger()
        self.state: CapacityState | None = None
        self._alarm = Alarm()
        self._warning = Alarm()

    def feed(self, telegram: Telegram) -> CapacityState | None:
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
            effective_target=target,
            alarm=self._alarm.feed(demand, target),
            warning=self._warning.feed(demand, target * self.settings.warning_share),
            closed=closed,
            new_peak=new_peak,
        )
        return self.state

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

    def save(self) -> dict[str, Any]:
        """Return what a restart needs, as JSON has it."""
        return {"quarter": self.quarter.save(), "ledger": self.ledger.save()}

    @classmethod
    def restore(cls, settings: CapacitySettings, saved: Mapping[str, Any]) -> Self:
        """Return what was saved."""
        capacity = cls(settings)
        capacity.quarter = QuarterDemand.restore(saved["quarter"])
        capacity.ledger = PeakLedger.restore(saved["ledger"])
        return capacity
