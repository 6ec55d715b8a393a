"""Month peaks: what the meter keeps, what was observed beside it, and what is billed for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Self
from zoneinfo import ZoneInfo

from ..port import MonthDemand, Register, Telegram, obis, unset
from .clock import is_date
from .demand import QUARTER, ClosedQuarter, quarter_start
from .electricity import energy_import, in_unit, total

FLOOR: Final = Decimal("2.5")
"""kW: a month's peak is billed as at least this, before the mean is taken (Flemish capacity tariff)."""
BILLED_MONTHS: Final = 12
WHOLE: Final = Decimal("0.9")
"""Of a closed month whose peak is known of a smaller share no mean is taken: it may well have had a higher one."""

_LOCAL: Final = ZoneInfo("Europe/Brussels")
_KEPT_MONTHS: Final = 60
# A counter read so soon after a month began is what the month began with.
_MONTH_START: Final = timedelta(hours=1)
# What a meter prints for so long after a month began may be the last month's peak, where it does not say when it was.
_MONTH_TURN: Final = QUARTER + timedelta(minutes=1)
# So near, in kW, a peak that the meter prints without its time is the one that was observed.
_SAME_PEAK: Final = Decimal("0.05")


class Source(StrEnum):
    """Where a month's peak is known from, the best first."""

    HISTORY = "history"
    """The meter's list of closed months (98.1.0)."""
    IMPORTED = "imported"
    """An export of the grid operator."""
    METER = "meter"
    """The meter's peak of the running month (1.6.0), when it was that."""
    OBSERVED = "observed"
    """The quarters that were seen, where the meter keeps no peaks."""


_OFFICIAL: Final = {Source.HISTORY, Source.IMPORTED}


@dataclass(frozen=True, slots=True)
class MonthPeak:
    """The highest quarter of a month in kW, and when that quarter ended; exports and some meters do not say when."""

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


def _quarters_until(month: date, time: datetime) -> Decimal:
    """Return how many quarters of a month are over at a time; wall clocks would miscount where the hour changes."""
    return Decimal((time - month_begin(month).astimezone(UTC)) // QUARTER)


def _quarters_of(month: date) -> Decimal:
    """Return how many quarters a month has."""
    return _quarters_until(month, month_begin(next_month(month)).astimezone(UTC))


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
        self._own: dict[date, MonthPeak] = {}  # what the meter says, or what was observed
        self._imported: dict[date, MonthPeak] = {}
        self._covered: dict[date, Decimal] = {}  # how many quarters of a month its own peak is known of
        self._shown: datetime | None = None  # when the meter last showed its peak of the running month
        self._undated: Decimal | None = None  # its latest 1.6.0 without a time
        self._is_stale = False  # whether that is the last month's
        self._counters: dict[date, Decimal] = {}  # the import counter when a month began, where that was seen
        self._latest: Telegram | None = None
        self._history: object = None
        self._register: object = None  # the latest 1.6.0

    @property
    def peaks(self) -> Mapping[date, MonthPeak]:
        """Return all known peaks by the first day of their month, the running month among them."""
        best = {month: self._best(month) for month in sorted(self._own.keys() | self._imported.keys())}
        return {month: peak for month, peak in best.items() if peak is not None}

    @property
    def running(self) -> MonthPeak | None:
        """Return the peak of the running month, or None while nothing of it is known.

        It is that of the month that the meter's clock is in, also while the meter still prints last month's.
        """
        return None if self.month is None else self._own.get(self.month)

    def _best(self, month: date) -> MonthPeak | None:
        """Return the peak of a month by the best source there is."""
        own = self._own.get(month)
        if not self._is_closed(month) or (own is not None and own.source is Source.HISTORY):
            return own
        return self._imported.get(month, own)

    def _is_closed(self, month: date) -> bool:
        """Tell whether a month is over, as far as is known."""
        return self.month is None or month < self.month

    def takes_import(self, month: date) -> bool:
        """Tell whether an export would know better: of a closed month that nothing official is known of."""
        best = self._best(month)
        return self._is_closed(month) and (best is None or best.source not in _OFFICIAL)

    def coverage(self, month: date) -> Decimal:
        """Return the share of a month that its peak is known of, 0 to 1; of the running one, of what is over of it."""
        peak = self._best(month)
        if peak is None:
            return Decimal()
        if peak.source in _OFFICIAL or (peak.source is Source.METER and month == self.month):
            return Decimal(1)
        whole = _quarters_of(month)
        if month == self.month and self._latest is not None and self._latest.time is not None:
            whole = max(_quarters_until(month, self._latest.time), Decimal(1))
        return min(self._covered.get(month, Decimal()) / whole, Decimal(1))

    def feed(self, telegram: Telegram, closed: ClosedQuarter | None) -> MonthPeak | None:
        """Take a telegram and the quarter that it ended; return the running month's peak if it is a new one."""
        if telegram.time is None:
            return None
        month_before, self.month = self.month, month_at(telegram.time)
        self._feed_counter(telegram)
        if month_before != self.month:
            self._end_month()
        before = self._own.get(self.month)
        # It is the same object for as long as it says the same.
        if telegram.demand_history is not self._history:
            self._feed_history(telegram.demand_history, telegram.time)
        if closed is not None and closed.counts:
            self._observe(closed, telegram)
        self._feed_running(telegram, telegram.time)
        if month_before != self.month:
            self._forget_old()
        peak = self._own.get(self.month)
        if peak is None or (before is None and month_before is None):
            # What the first telegram says is known from then on, and no news.
            return None
        # The meter may correct what was observed of a quarter.
        news = before is None or (peak.value > before.value and (peak.time is None or peak.time != before.time))
        return peak if news else None

    def _end_month(self) -> None:
        """Note until when the meter showed the peak of the month that is over; what it shows now may still be that."""
        if self._shown is not None and (month := month_at(self._shown)) != self.month:
            self._covered[month] = _quarters_until(month, self._shown)
            self._shown = None
            self._is_stale = True

    def _feed_history(self, history: tuple[MonthDemand, ...], now: datetime) -> None:
        """Take 98.1.0."""
        self._history = history
        for demand in history:
            # One that is to come was noted while the clock of the meter was wrong.
            if is_date(demand.period_end, now):
                self._own[month_of(demand.period_end)] = MonthPeak(demand.value, demand.time, Source.HISTORY)
        self._forget_old()

    def _feed_running(self, telegram: Telegram, now: datetime) -> None:
        """Take 1.6.0, for the month that its own time stands in: after midnight it still shows the last month."""
        register = total(telegram, obis.MONTH_PEAK)
        if register is None or self.month is None:
            return
        if register is not self._register:
            # Of one that is not believed each telegram is judged anew.
            self._register = register if self._take(register, now) else None
        peak = self._own.get(self.month)
        if peak is not None and peak.source is Source.METER:
            self._shown = now

    def _take(self, register: Register, now: datetime) -> bool:
        """Take the peak of a month as the meter prints it; tell whether it could be dated."""
        value = in_unit(register, "kW")
        if value is None or self.month is None:
            return True
        if register.time is None:
            self._take_undated(value, now)
            return True
        if not is_date(register.time, now):
            return False
        local = register.time.astimezone(_LOCAL)
        if unset.is_month_peak(value, local):
            return True
        month = month_of(register.time)
        self._set_by_meter(month, MonthPeak(value, register.time, Source.METER))
        if month < self.month:
            # It shows this after the month, and so has seen all of it.
            self._covered[month] = _quarters_of(month)
        return True

    def _take_undated(self, value: Decimal, now: datetime) -> None:
        """Take a peak without its time: of this month, unless the meter has shown it since before the month began."""
        if self.month is None:
            return
        before, self._undated = self._undated, value
        since = now - month_begin(self.month)
        if before is None:
            self._is_stale = since < _MONTH_TURN
        elif value != before:
            self._is_stale = False
        if self._is_stale or (not value and since < QUARTER):
            return
        known, time = self._own.get(self.month), None
        if known is not None and abs(known.value - value) <= _SAME_PEAK:
            time = known.time
        elif self._shown is not None and now - self._shown < QUARTER:
            # It has just risen.
            time = quarter_start(now)
        self._set_by_meter(self.month, MonthPeak(value, time, Source.METER))

    def _set_by_meter(self, month: date, peak: MonthPeak) -> None:
        """Know what the meter says of a month, unless its list has it: it rises, and corrects what was observed."""
        known = self._own.get(month)
        if (
            known is None
            or known.source is Source.OBSERVED
            or (known.source is peak.source and peak.value > known.value)
        ):
            self._own[month] = peak

    def _observe(self, closed: ClosedQuarter, telegram: Telegram) -> None:
        """Take a quarter that was seen, where the meter does not say better."""
        month = month_of(closed.end)
        known = self._own.get(month)
        if known is not None and known.source is Source.HISTORY:
            return
        if known is not None and known.source is Source.METER:
            # Without its permission a meter goes on without its peaks.
            if closed.value <= known.value or total(telegram, obis.MONTH_PEAK) is not None:
                return
            self._covered[month] = _quarters_until(month, self._shown or closed.start)
        self._covered[month] = self._covered.get(month, Decimal()) + 1
        if known is None or closed.value > known.value:
            self._own[month] = MonthPeak(closed.value, closed.end, Source.OBSERVED)

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
        """Know the peaks of these months from exports, in kW, and of no others; never of a month that is not over."""
        self._imported = {
            month: MonthPeak(value, None, Source.IMPORTED)
            for month, value in imported.items()
            if self._is_closed(month)
        }

    def _forget_old(self) -> None:
        """Keep a bounded number of months beside those that were imported, of which the export has a number."""
        tables: tuple[dict[date, Any], ...] = (self._own, self._covered, self._counters)
        for table in tables:
            for month in sorted(table)[:-_KEPT_MONTHS]:
                del table[month]

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
        """Return the peaks of closed months in kW, of those whose peak is known as a whole."""
        peaks = [(self._best(month), self.coverage(month)) for month in months]
        return [peak.value for peak, coverage in peaks if peak is not None and coverage >= WHOLE]

    def rank(self, value: Decimal) -> int | None:
        """Return the place of a peak among the running month and the eleven before it, 1 being the highest."""
        if self.month is None:
            return None
        peaks = map(self._best, [self.month, *months_before(self.month, BILLED_MONTHS - 1)])
        return 1 + sum(peak is not None and peak.value > value for peak in peaks)

    def save(self) -> dict[str, Any]:
        """Return all of it as JSON has it."""
        return {
            "peaks": {
                month.isoformat(): [str(peak.value), peak.time and peak.time.isoformat(), peak.source]
                for month, peak in self._own.items()
            },
            "imported": {month.isoformat(): str(peak.value) for month, peak in self._imported.items()},
            "covered": {month.isoformat(): str(quarters) for month, quarters in self._covered.items()},
            "shown": self._shown and self._shown.isoformat(),
            "undated": None if self._undated is None else str(self._undated),
            "stale": self._is_stale,
            "counters": {month.isoformat(): str(counter) for month, counter in self._counters.items()},
        }

    @classmethod
    def restore(cls, saved: dict[str, Any]) -> Self:
        """Restore what was saved, also by the first version, which knew no coverage and one peak a month."""
        ledger = cls()
        for text, (value, time, source) in saved["peaks"].items():
            month = date.fromisoformat(text)
            peak = MonthPeak(Decimal(value), datetime.fromisoformat(time) if time else None, Source(source))
            (ledger._imported if peak.source is Source.IMPORTED else ledger._own)[month] = peak
            if peak.source is Source.METER:
                ledger._covered[month] = _quarters_of(month)
        for text, value in saved.get("imported", {}).items():
            ledger._imported[date.fromisoformat(text)] = MonthPeak(Decimal(value), None, Source.IMPORTED)
        ledger._covered |= {date.fromisoformat(text): Decimal(each) for text, each in saved.get("covered", {}).items()}
        ledger._shown = datetime.fromisoformat(shown) if (shown := saved.get("shown")) else None
        ledger._undated = None if (undated := saved.get("undated")) is None else Decimal(undated)
        ledger._is_stale = saved.get("stale", False)
        ledger._counters = {date.fromisoformat(text): Decimal(each) for text, each in saved["counters"].items()}
        ledger._forget_old()
        return ledger
