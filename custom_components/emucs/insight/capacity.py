"""The capacity tariff: takes telegrams, and knows quarter, peaks and cost."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Final, NamedTuple, Self, override

from ..groups.telegrams import GroupTelegram
from ..port import Telegram
from .alarm import Alarm
from .base import Insight
from .demand import ClosedQuarter, Demand, QuarterDemand
from .grid import Grid, breaker_of, connection_limit, grid_of
from .peaks import FLOOR, MonthPeak, PeakAverage, PeakLedger, month_begin, months_before, next_month
from .tariff import MONTHS, Area, CapPeriod, Cost, Tariff, cost_of, tariff_of
from .user_port import CONF_USER_PORT, LARGEST_HOME, UserPort

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
    """kW that the user wants no quarter to pass; below the floor or the month's peak nothing is saved."""
    warning_share: Decimal = Decimal("0.9")
    area: Area | None = None
    own_rate: Decimal | None = None
    """EUR per kW per year without VAT, instead of the area's."""
    vat: Decimal = Decimal("0.06")
    cap_period: CapPeriod = CapPeriod.MONTH
    user_port: UserPort = UserPort.P1
    breaker: Decimal | None = None
    """The rating of the main breaker in A, where the user has said it."""


class CapacityState(NamedTuple):
    """What is known at one moment. Powers in kW."""

    demand: Demand
    effective_target: Decimal
    """The highest of the floor, the month's peak and the user's target: below it a quarter costs nothing more."""
    limit: Decimal
    """What the connection carries."""
    alarm: bool
    warning: bool
    closed: ClosedQuarter | None
    """The quarter that the latest telegram ended."""
    new_peak: MonthPeak | None
    """The running month's peak, if the latest telegram raised it."""

    @property
    def budget(self) -> Decimal:
        """Return the power that may be drawn until the quarter ends so that it meets the target.

        Below zero it cannot meet it but by export. It is never more than the connection carries, either way.
        """
        return min(max(self.demand.budget(self.effective_target), -self.limit), self.limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityReport:
    """What is billed: averages in kW, and their cost; None if not known or not billed."""

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
        self._grid: Grid | None = None
        self._limit: Decimal | None = None  # what the connection carries, by the latest quarter
        self._own_rate: tuple[Decimal, int] | None = None  # the user's own rate, and the last year for which it holds
        self._noted: CapacitySettings | None = None
        self._alarm = Alarm()
        self._warning = Alarm()
        self.billed = self.report()
        """What is billed, as of the latest update of the entities."""
        self.off_for_peak = ""
        """What an automation noted as switched off for the peak."""

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
            user_port=UserPort(options.get(CONF_USER_PORT, UserPort.P1)),
            breaker=breaker_of(options),
        )

    @override
    def feed(self, telegram: Telegram, *, counter_is_doubted: bool = False) -> CapacityState | None:
        """Take a telegram; return what is known now, or None if the meter prints no time or power."""
        closed = self.quarter.feed(telegram, counter_is_doubted=counter_is_doubted)
        demand = self.quarter.demand
        if demand is None or telegram.time is None or demand.time != telegram.time:
            return self.state
        new_peak = self.ledger.feed(telegram, closed)
        if self._noted is not self.settings:
            self._note_settings()
        peak = self.ledger.running
        target = max(FLOOR, self.settings.peak_target, peak.value if peak else FLOOR)
        if closed is not None or self._limit is None:
            self._limit = self._limit_of(telegram)
        self.state = CapacityState(
            demand=demand,
            effective_target=target,
            limit=self._limit,
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

    def _limit_of(self, telegram: Telegram) -> Decimal:
        """Return what the connection carries in kW: by its breaker, else no less than its highest month peak.

        Of an industrial meter nothing else says that. It is meant to carry the target, and is larger than any with a
        residential meter.
        """
        self._grid = grid_of(telegram, self._grid)
        if (breaker := self.settings.breaker) is not None:
            return connection_limit(telegram, self._grid, breaker)
        if isinstance(telegram, GroupTelegram):
            # An assumption: the connections of a group carry no more than as many of the largest homes.
            known = [LARGEST_HOME * (len(telegram.members) + len(telegram.silent)), self.settings.peak_target]
            return max([*known, *[peak.value for peak in self.ledger.peaks.values()]])
        is_home = self.settings.user_port is UserPort.P1
        known = [connection_limit(telegram, self._grid)] if is_home else [LARGEST_HOME, self.settings.peak_target]
        return max([*known, *[peak.value for peak in self.ledger.peaks.values()]])

    def _note_settings(self) -> None:
        """Note until which year an own rate holds: a later year's is not known by it. The breaker may be another one.

        It holds for the year in which it is new, and in December, when the rates of the next year appear, for that too.
        """
        self._noted, rate = self.settings, self.settings.own_rate
        self._limit = None
        if rate is None:
            self._own_rate = None
        elif self.ledger.month is not None and (self._own_rate is None or self._own_rate[0] != rate):
            self._own_rate = rate, next_month(self.ledger.month).year

    @override
    def forget_counter(self) -> None:
        """Take no energy from the former counter: it was reset, or belongs to another meter."""
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
        area, rate, month = self.settings.area, self.settings.own_rate, self.ledger.month
        if rate is None:
            return None if area is None or month is None else tariff_of(area, month.year)
        if area is not None and not area.bills_peaks:
            return None
        year = min(self._own_rate[1], month.year) if self._own_rate and month else 0
        table = None if area is None else tariff_of(area, year)
        if table is None or table.year != year:
            # What a kWh costs, and all together at most, is not known of that year.
            return Tariff(year=year, capacity=rate)
        return replace(table, capacity=rate)

    @property
    def missing_year(self) -> int | None:
        """Return the year whose rates are not known, while another year's are used: the table's, or an own rate's."""
        month, tariff = self.ledger.month, self.tariff
        return None if month is None or tariff is None or tariff.year == month.year else month.year

    def _cost(self, tariff: Tariff, average: PeakAverage) -> Cost:
        """Return what an average costs."""
        by_month = self.settings.cap_period is CapPeriod.MONTH
        month, running = self.ledger.month, self.ledger.running
        return cost_of(
            tariff,
            average.value,
            self.settings.vat,
            self._month_energy() if by_month else self._year_energy(),
            self.settings.cap_period,
            # The months to come are taken to import as much as those of the year before.
            later=[self.ledger.imported(each) for each in reversed(months_before(month, MONTHS - 1))] if month else (),
            peak=running.value if running else Decimal(),
        )

    def _month_energy(self) -> Decimal | None:
        """Return the projected import of the running month in kWh; None early in the month."""
        month = self.ledger.month
        imported = self.ledger.imported(month) if month else None
        if month is None or imported is None or self.state is None:
            return None
        begin, end = month_begin(month).astimezone(UTC), month_begin(next_month(month)).astimezone(UTC)
        share = Decimal((self.state.demand.time - begin) // _HOUR) / ((end - begin) // _HOUR)
        return imported / share if share >= _PROJECTED_FROM else None

    def _year_energy(self) -> Decimal | None:
        """Return the import of the twelve latest closed months in kWh, or None if one is not known."""
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
        own_rate = self._own_rate and [str(self._own_rate[0]), self._own_rate[1]]
        return {
            "quarter": self.quarter.save(),
            "ledger": self.ledger.save(),
            "own_rate": own_rate,
            "off_for_peak": self.off_for_peak,
        }

    @override
    @classmethod
    def restore(cls, settings: CapacitySettings, saved: Mapping[str, Any]) -> Self:
        """Return what was saved."""
        capacity = cls(settings)
        capacity.quarter = QuarterDemand.restore(saved["quarter"])
        capacity.ledger = PeakLedger.restore(saved["ledger"])
        if (own_rate := saved.get("own_rate")) is not None:
            rate, year = own_rate
            capacity._own_rate = Decimal(rate), int(year)
        capacity.off_for_peak = str(saved.get("off_for_peak", ""))
        return capacity
