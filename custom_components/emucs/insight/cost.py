"""What each quarter costs: its energy by the counters, at the price of its begin."""

from collections import deque
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Final, NamedTuple, Self, override

from ..port import Telegram
from .base import Insight
from .bill import Ahead, Bill, ahead_of, bill_of
from .capacity import Capacity
from .demand import QUARTERS_AN_HOUR
from .electricity import energy_export, energy_import
from .forecast import Forecast
from .price import Price, PriceSettings, PriceTrack, Reason, price_settings_of
from .profile import Closed, Profile
from .quarters import DAYS, EXPORT, FLOWS, IMPORT, local_begin, slot_begin, slot_of
from .tally import CostSums, Hours

# Between telegrams no further apart energy is taken to be even; else it has a price only if all that held are the same.
_LONGEST_EVEN: Final = timedelta(minutes=5)
# Over a longer time energy has no price: it may belong to another contract.
_LONGEST_GAP: Final = timedelta(days=31)
_NOTHING: Final = Decimal()
_SECOND: Final = timedelta(seconds=1)


class CounterPair(NamedTuple):
    """The counters at a time, in kWh; that of export is None until the meter prints one."""

    time: datetime
    imported: Decimal
    exported: Decimal | None

    def since(self, earlier: CounterPair) -> tuple[Decimal, Decimal]:
        """Return the kWh imported and exported since an earlier reading."""
        begin, end = earlier.exported, self.exported
        return self.imported - earlier.imported, _NOTHING if begin is None or end is None else end - begin

    def at(self, time: datetime, later: CounterPair) -> CounterPair:
        """Return what they were at a time between this and a later reading, if energy was even."""
        share = Decimal((time - self.time) // _SECOND) / max((later.time - self.time) // _SECOND, 1)
        imported, exported = later.since(self)
        start = later.exported if self.exported is None else self.exported
        return CounterPair(time, self.imported + imported * share, None if start is None else start + exported * share)

    def save(self) -> list[str | None]:
        """Return it in types of JSON."""
        exported = None if self.exported is None else str(self.exported)
        return [self.time.isoformat(), str(self.imported), exported]

    @classmethod
    def restore(cls, saved: list[Any]) -> Self:
        """Return what was saved."""
        time, imported, exported = saved
        return cls(datetime.fromisoformat(time), Decimal(imported), None if exported is None else Decimal(exported))


class CostState(NamedTuple):
    """What is known as a quarter begins. The day and the month are those of the quarter that has ended."""

    day: CostSums
    month: CostSums
    ahead: Ahead | None
    """What the rest of the month will come to."""


class EnergyCost(Insight[PriceSettings, CostState]):
    """Prices the quarters of one meter. Without a price it knows nothing."""

    name: ClassVar = "cost"
    uses: ClassVar = (Capacity, Profile, Forecast)

    def __init__(self, settings: PriceSettings) -> None:
        """Start with nothing known."""
        super().__init__(settings)
        self.tracks = (PriceTrack(), PriceTrack())
        """What the entities have shown, of IMPORT and EXPORT."""
        self.hours = Hours()
        self.bill: Bill | None = None
        """The month's bill, as of the latest update of the entities."""
        self._closed: Closed | None = None
        self._slot: int | None = None  # the running quarter
        self._mark: CounterPair | None = None  # from here on, energy is not in `_energy` yet
        self._energy = (_NOTHING, _NOTHING)  # kWh of the running quarter before that
        self._latest: Telegram | None = None
        self._day: CostSums | None = None
        self._month: CostSums | None = None
        self._is_over = False  # the day, which is shown as it ended until the next telegram
        self._days: deque[CostSums] = deque(maxlen=DAYS)  # the latest ones at the present kind of price
        self._paid: CostSums | None = None  # that which runs

    @override
    @staticmethod
    def settings_of(options: Mapping[str, Any]) -> PriceSettings:
        """Return what the options of an entry say of prices."""
        return price_settings_of(options)

    def note_price(self, flow: int, time: datetime, price: Price) -> None:
        """Take what the entity for the price of IMPORT or EXPORT shows from a time on."""
        self.tracks[flow].note(time, price)

    def price(self, flow: int, slot: int) -> Price:
        """Return the price of IMPORT or EXPORT in a quarter."""
        tariffs = self.settings.exported if flow == EXPORT else self.settings.imported
        return tariffs.of(slot, self.tracks[flow])

    def price_now(self, flow: int) -> Decimal | None:
        """Return the price of IMPORT or EXPORT in the running quarter, in EUR per kWh, as far as it is known."""
        price = Reason.NO_PRICE if self._slot is None else self.price(flow, self._slot)
        return None if isinstance(price, Reason) else price

    @override
    def feed(self, telegram: Telegram, *, counter_is_doubted: bool = False) -> CostState | None:
        """Take a telegram; return what is known, which changes with the quarter."""
        closed = self.used(Profile).state
        if counter_is_doubted or not self.settings.imported.is_set:
            return self.state
        if closed is not self._closed or self._slot is None or self._is_over or self.state is None:
            self._go_on(telegram, closed)
        self._latest = telegram
        return self.state

    def _go_on(self, telegram: Telegram, closed: Closed | None) -> None:
        """Begin a quarter, or to count."""
        before = self._before
        reading = _reading(telegram, before)
        if reading is None or closed is None:
            return
        slot = slot_of(reading.time)
        if self._day is None or self._month is None or self._slot is None:
            self._begin(reading, slot)
        elif slot != self._slot:
            self._move(before or reading, reading, slot)
        elif self._is_over:
            self._turn(local_begin(slot))
        if self._mark is None:
            self._mark = reading
        self._closed, self._slot = closed, slot
        self._show(slot)

    @property
    def _before(self) -> CounterPair | None:
        """Return the latest reading."""
        latest = None if self._latest is None or self._mark is None else _reading(self._latest, self._mark)
        return latest or self._mark

    def _begin(self, reading: CounterPair, slot: int) -> None:
        """Begin to count."""
        self._day = self._month = CostSums(reading.time.astimezone(local_begin(slot).tzinfo))

    def _move(self, before: CounterPair, reading: CounterPair, slot: int) -> None:
        """Close the running quarter, and price what was counted until another one began."""
        assert self._slot is not None  # noqa: S101 -- it runs
        gap, (imported, exported) = reading.time - before.time, reading.since(before)
        if imported < 0 or exported < 0:
            # A counter was set: what lies between is not known.
            self._close(self._slot, before)
            self._mark = reading
        elif gap <= timedelta():
            # The clock was set back: what was counted meanwhile belongs to the quarter that runs by now.
            self._close(self._slot, before)
            self._mark = before._replace(time=reading.time)
        elif slot == self._slot + 1 and gap <= _LONGEST_EVEN:
            end = before.at(slot_begin(slot), reading)
            self._close(self._slot, end)
            self._mark = end
        else:
            self._close(self._slot, before)
            self._bridge(before, reading)
            self._mark = reading
        self._is_over = self._day is not None and local_begin(slot).date() != self._day.since.date()

    def _close(self, slot: int, end: CounterPair) -> None:
        """Price a quarter, which ended with a reading."""
        self._add(slot, *self._so_far(end))
        self._energy = (_NOTHING, _NOTHING)

    def _so_far(self, end: CounterPair) -> tuple[Decimal, Decimal]:
        """Return the kWh of the running quarter until a reading."""
        imported, exported = end.since(self._mark or end)
        return self._energy[IMPORT] + imported, self._energy[EXPORT] + exported

    def _bridge(self, before: CounterPair, after: CounterPair) -> None:
        """Price what was counted while nothing was read; its part of the quarter that runs is priced with that."""
        # A port that sends once a quarter may do so just as it ends: then nothing of it is the next one's.
        slots = range(slot_of(before.time), slot_of(after.time - _SECOND) + 1)
        reasons = set(self._unpriced(slots)) if after.time - before.time <= _LONGEST_GAP else {Reason.GAP}
        if reasons:
            reason = reasons.pop() if len(reasons) == 1 else Reason.GAP
            self._add(slots[-1], *after.since(before), reason=reason)
            return
        for slot in slots:
            begin, end = (
                before.at(min(max(slot_begin(each), before.time), after.time), after) for each in (slot, slot + 1)
            )
            if slot == slot_of(after.time):
                self._energy = end.since(begin)
            else:
                self._add(slot, *end.since(begin))

    def _unpriced(self, slots: range) -> Iterator[Reason]:
        """Yield why the energy of several quarters has no price."""
        for flow, tariffs in zip(FLOWS, (self.settings.imported, self.settings.exported), strict=True):
            if not tariffs.is_set:
                continue
            prices = {self.price(flow, slot) for slot in slots}
            yield from (price for price in prices if isinstance(price, Reason))
            if len(prices) > 1:
                yield Reason.GAP

    def _add(self, slot: int, imported: Decimal, exported: Decimal, reason: Reason | None = None) -> None:
        """Add the kWh of a quarter to its day and month; with a reason they have no price."""
        begin = local_begin(slot)
        self._turn(begin)
        tally = CostSums(begin)
        buy = reason or self.price(IMPORT, slot)
        if not isinstance(buy, Reason):
            tally = tally._replace(bought=imported * buy, imported=imported, quarters=1)
        elif imported:
            tally = tally._replace(unpriced_import=imported, reason=buy)
        if self.settings.exported.is_set:
            sell = reason or self.price(EXPORT, slot)
            if not isinstance(sell, Reason):
                tally = tally._replace(sold=exported * sell, exported=exported)
            elif exported:
                tally = tally._replace(unpriced_export=exported, reason=tally.reason or sell)
        self._day, self._month = (
            (self._day or CostSums(begin)).plus(tally),
            (self._month or CostSums(begin)).plus(tally),
        )
        self._paid = (self._paid or CostSums(begin)).plus(tally)
        if tally.quarters or tally.sold:
            self.hours.add(slot // QUARTERS_AN_HOUR, tally.bought, tally.sold)

    def _turn(self, begin: datetime) -> None:
        """Begin another day, and another month, if a quarter that begins at a local time is in another one."""
        day, month, date = self._day, self._month, begin.date()
        if day is not None and month is not None and (date > day.since.date() or (day.since.date() - date).days > 1):
            if self._paid is not None:
                self._days.append(self._paid)
            midnight = begin.replace(hour=0, minute=0)
            self._day, self._paid = CostSums(midnight), None
            if (date.year, date.month) != (month.since.year, month.since.month):
                self._month = CostSums(midnight.replace(day=1))
        self._is_over = False

    def _show(self, slot: int) -> None:
        """Work out what is known as a quarter begins."""
        if self._day is None or self._month is None:
            return
        forecast = self.used(Forecast).state
        days = [*self._days, *([self._paid] if self._paid else [])]
        slots = () if forecast is None else forecast.slots
        ahead = ahead_of(self._month, days, self.settings, slots, self.used(Profile).quarters, slot)
        self.state = CostState(self._day, self._month, ahead)

    @override
    def is_urgent(self, before: CostState) -> bool:
        """Tell that each change is one: a quarter has ended."""
        return True

    @override
    def refresh(self) -> None:
        """Work out the month's bill."""
        self.bill = None if self.state is None else bill_of(self.state.month, self.state.ahead, self.used(Capacity))

    @override
    def forget_counter(self) -> None:
        """Take no energy from the former counter: it was set, or is another meter's."""
        if (before := self._before) is not None:
            self._energy = self._so_far(before)
        self._mark = self._latest = self._closed = None

    @override
    def save(self) -> dict[str, Any]:
        """Return what a restart needs, in types of JSON."""
        if self._day is None or self._month is None or self._slot is None:
            return {}
        before = self._before
        return {
            "entities": list(self.settings.entities),
            "prices": repr(self.settings),
            "tracks": [track.save() for track in self.tracks],
            "hours": self.hours.save(),
            "slot": self._slot,
            "mark": None if before is None else before.save(),
            "energy": list(map(str, self._energy if before is None else self._so_far(before))),
            "day": self._day.save(),
            "month": self._month.save(),
            "is_over": self._is_over,
            "paid": self._paid and self._paid.save(),
        }

    @override
    def save_series(self) -> dict[str, Any]:
        """Return the days of the latest weeks, in types of JSON."""
        return {"prices": repr(self.settings), "days": [day.save() for day in self._days]} if self._days else {}

    @override
    def restore_series(self, saved: Mapping[str, Any]) -> None:
        """Take the days that were saved: those at other prices say nothing of what a kWh will cost."""
        if saved and saved["prices"] == repr(self.settings):
            self._days.extend(map(CostSums.restore, saved["days"]))

    @override
    @classmethod
    def restore(cls, settings: PriceSettings, saved: Mapping[str, Any]) -> Self:
        """Return what was saved, unless there is no price now: what passes until there is one again is not counted."""
        cost = cls(settings)
        if not saved or not settings.imported.is_set:
            return cost
        cost.hours = Hours.restore(saved["hours"])
        now, before = settings.entities, saved["entities"]
        cost.tracks = (
            PriceTrack.restore(saved["tracks"][IMPORT]) if now[IMPORT] == before[IMPORT] else PriceTrack(),
            PriceTrack.restore(saved["tracks"][EXPORT]) if now[EXPORT] == before[EXPORT] else PriceTrack(),
        )
        if (mark := saved["mark"]) is not None:
            cost._mark = CounterPair.restore(mark)
        imported, exported = saved["energy"]
        cost._energy = Decimal(imported), Decimal(exported)
        cost._slot, cost._is_over = int(saved["slot"]), bool(saved["is_over"])
        cost._day, cost._month = CostSums.restore(saved["day"]), CostSums.restore(saved["month"])
        if saved["prices"] == repr(settings) and saved["paid"] is not None:
            cost._paid = CostSums.restore(saved["paid"])
        return cost


def _reading(telegram: Telegram, before: CounterPair | None) -> CounterPair | None:
    """Return the counters of a telegram; where it has none of export, that of before has not been read since."""
    time, imported, exported = telegram.time, energy_import(telegram), energy_export(telegram)
    if time is None or imported is None:
        return None
    if exported is None and before is not None:
        exported = before.exported
    return CounterPair(time.astimezone(UTC), imported, exported)
