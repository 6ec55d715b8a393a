"""Month peaks: what the meter keeps, what was observed beside it, and what is billed for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Self
from zoneinfo import ZoneInfo

from ..port import Telegram, obis
from .clock import is_date
from .demand import ClosedQuarter
from .electricity import energy_import, in_unit, total

FLOOR: Final = Decimal("2.5")
"""kW: a month's peak is billed as at least this, before the mean is taken (Flemish capacity tariff)."""
BILLED_MONTHS: Final = 12

_LOCAL: Final = ZoneInfo("Europe/Brussels")
_KEPT_MONTHS: Final = 60
# A counter read so soon after a month began is what the month began with.
_MONTH_START: Final = timedelta(hours=1)


class Source(StrEnum):
    """Where a month's peak is known from."""

    HISTORY = "history"
    """The meter's list of closed months (98.1.0)."""
    METER = "meter"
    """The meter's peak of the running month (1.6.0), when it was that."""
    OBSERVED = "observed"
    """The quarters seen, by a meter that keeps no peaks."""
    IMPORTED = "imported"
    """An export of the grid operator, of a month that nothing else is known of."""


@dataclass(frozen=True, slots=True)
class MonthPeak:
    """The highest quarter of a month in kW, and when that quarter ended; exports do not say when."""

    value: Decimal
    time: datetime | None
    source: Source


@dataclass(frozen=True, slots=True)
class PeakAverage:
    """The mean that is billed, in kW, and from how many months it is known."""

    value: Decimal
    months: int


def month_of(end: datetime) -> date:
    """Return the first day of the month that a quarter belongs to: that of its start, so midnight is still the last."""
    local = (end - timedelta(seconds=1)).astimezone(_LOCAL)
    return date(local.year, local.month, 1)


def month_at(time: datetime) -> date:
    """Return the first day of the month that a moment is in."""
    local = time.astimezone(_LOCAL)
    return date(local.year, local.month, 1)


def month_begin(month: date) -> datetime:
    """Return the moment in which a month begins."""
    return datetime(month.year, month.month, 1, tzinfo=_LOCAL)


def months_before(month: date, count: int) -> list[date]:
    """Return the months before a month, the latest first."""
    index = month.year * 12 + month.month - 1
    return [date((index - back) // 12, (index - back) % 12 + 1, 1) for back in range(1, count + 1)]


def next_month(month: date) -> date:
    """Return the first day of the month after a month."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def billed_average(peaks: list[Decimal]) -> PeakAverage | None:
    """Return the mean of month peaks, each at least the floor; None where there is none.

    With fewer than twelve known months it is the mean of those: an assumption, as no public text has the rule.
    """
    if not peaks:
        return None
    return PeakAverage(sum((max(peak, FLOOR) for peak in peaks), Decimal()) / len(peaks), len(peaks))


class PeakLedger:
    """Keeps the month peaks of a meter: its own as soon as it prints them, observed ones where it does not."""

    def __init__(self) -> None:
        """Start empty."""
        self.month: date | None = None
        """The month of the latest telegram."""
        self._peaks: dict[date, MonthPeak] = {}
        self._counters: dict[date, Decimal] = {}  # the import counter when a month began, where that was seen
        self._latest: Telegram | None = None
        self._history: object = None
        self._register: object = None  # the latest 1.6.0

    @property
    def peaks(self) -> Mapping[date, MonthPeak]:
        """Return all known peaks by the first day of their month, the running month among them."""
        return self._peaks

    @property
    def running(self) -> MonthPeak | None:
        """Return the peak of the running month, or None while nothing of it is known."""
        return None if self.month is None else self._peaks.get(self.month)

    def feed(self, telegram: Telegram, closed: ClosedQuarter | None) -> MonthPeak | None:
        """Take a telegram and the quarter that it ended; return the running month's peak if it is a new one."""
        if telegram.time is None:
            return None
        month_before, self.month = self.month, month_at(telegram.time)
        self._feed_counter(telegram)
        before = self._peaks.get(self.month)
        if telegram.demand_history is not self._history:
            self._history = telegram.demand_history
            for demand in telegram.demand_history:
                if not is_date(demand.period_end, telegram.time):
                    # Noted while the clock of the meter was wrong.
                    continue
                self._peaks[month_of(demand.period_end)] = MonthPeak(demand.value, demand.time, Source.HISTORY)
        if closed is not None and closed.counts:
            self._observe(closed)
        self._feed_running(telegram)
        if month_before != self.month:
            self._forget_old()
        peak = self._peaks.get(self.month)
        if peak is None or (before is None and month_before is None):
            # What the first telegram says is known from then on, and no news.
            return None
        # The meter may correct what was observed of a quarter.
        news = before is None or (peak.value > before.value and peak.time != before.time)
        return peak if news else None

    def _feed_running(self, telegram: Telegram) -> None:
        """Take 1.6.0, for the month that its own time stands in: after midnight it still shows the last month."""
        register = total(telegram, obis.MONTH_PEAK)
        if register is None or register.time is None or register is self._register:
            return
        if telegram.time is None or not is_date(register.time, telegram.time):
            return
        self._register = register
        value = in_unit(register, "kW")
        local = register.time.astimezone(_LOCAL)
        if value is None or (not value and (local.day, local.hour, local.minute) == (1, 0, 0)):
            # What a meter prints before the first quarter of a month has ended.
            return
        month = month_of(register.time)
        known = self._peaks.get(month)
        if known is None or known.source is Source.OBSERVED or value > known.value:
            self._peaks[month] = MonthPeak(value, register.time, Source.METER)

    def _observe(self, closed: ClosedQuarter) -> None:
        """Take a quarter that was seen, where the meter does not say better."""
        month = month_of(closed.end)
        known = self._peaks.get(month)
        if known is None or (known.source is Source.OBSERVED and closed.value > known.value):
            self._peaks[month] = MonthPeak(closed.value, closed.end, Source.OBSERVED)

    def _feed_counter(self, telegram: Telegram) -> None:
        """Note the import counter when a month begins."""
        self._latest = telegram
        if telegram.time is None or self.month is None or self.month in self._counters:
            return
        if telegram.time - month_begin(self.month) <= _MONTH_START:
            counter = energy_import(telegram)
            if counter is not None:
                self._counters[self.month] = counter

    def forget_counter(self) -> None:
        """Forget what the latest month began with: the counter was set, or is another meter's."""
        if self._counters:
            del self._counters[max(self._counters)]

    def set_imported(self, imported: Mapping[date, Decimal]) -> None:
        """Know these months from exports and no others: closed months only, and none that is known otherwise."""
        for month, peak in list(self._peaks.items()):
            if peak.source is Source.IMPORTED:
                del self._peaks[month]
        for month, value in imported.items():
            if self.month is None or month < self.month:
                self._peaks.setdefault(month, MonthPeak(value, None, Source.IMPORTED))

    def _forget_old(self) -> None:
        """Keep a bounded number of months beside those that were imported, of which the export has a number."""
        own = [month for month, peak in self._peaks.items() if peak.source is not Source.IMPORTED]
        for month in sorted(own)[:-_KEPT_MONTHS]:
            del self._peaks[month]
        for month in sorted(self._counters)[:-_KEPT_MONTHS]:
            del self._counters[month]

    def imported(self, month: date) -> Decimal | None:
        """Return the energy imported in a month in kWh, the running one so far; None where its start was not seen."""
        start, end = self._counters.get(month), self._counters.get(next_month(month))
        if month == self.month and self._latest is not None:
            end = energy_import(self._latest)
        return None if start is None or end is None or end < start else end - start

    def average(self) -> PeakAverage | None:
        """Return the mean over the twelve latest closed months, as far as they are known."""
        return None if self.month is None else billed_average(self._values(months_before(self.month, BILLED_MONTHS)))

    def average_with(self, peak: Decimal | None) -> PeakAverage | None:
        """Return the mean over eleven closed months and the running one, if that closes with a peak of this value."""
        if self.month is None or peak is None:
            return self.average()
        return billed_average([*self._values(months_before(self.month, BILLED_MONTHS - 1)), peak])

    def _values(self, months: list[date]) -> list[Decimal]:
        """Return the known peaks of months in kW."""
        return [self._peaks[month].value for month in months if month in self._peaks]

    def rank(self, value: Decimal) -> int | None:
        """Return the place of a peak among the running month and the eleven before it, 1 being the highest."""
        if self.month is None:
            return None
        months = [self.month, *months_before(self.month, BILLED_MONTHS - 1)]
        return 1 + sum(peak > value for peak in self._values(months))

    def save(self) -> dict[str, Any]:
        """Return all of it as JSON has it."""
        return {
            "peaks": {
                month.isoformat(): [str(peak.value), peak.time and peak.time.isoformat(), peak.source]
                for month, peak in self._peaks.items()
            },
            "counters": {month.isoformat(): str(counter) for month, counter in self._counters.items()},
        }

    @classmethod
    def restore(cls, saved: dict[str, Any]) -> Self:
        """Return what was saved."""
        ledger = cls()
        for month, (value, time, source) in saved["peaks"].items():
            ledger._peaks[date.fromisoformat(month)] = MonthPeak(
                Decimal(value), datetime.fromisoformat(time) if time else None, Source(source)
            )
        ledger._counters = {date.fromisoformat(month): Decimal(counter) for month, counter in saved["counters"].items()}
        return ledger
