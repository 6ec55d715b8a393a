"""The bill of a month: what it came to so far, and what it will come to."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from .capacity import Capacity
from .demand import QUARTERS_AN_HOUR
from .forecast import ForecastQuarter
from .peaks import month_begin, next_month
from .price import PriceSettings, Tariffs
from .quarters import FLOWS, IMPORT, QUARTERS_A_DAY, Quarters, slot_of
from .tally import CostSums

# So many priced quarters say what a kWh costs in the mean.
_LEAST_QUARTERS: Final = QUARTERS_A_DAY
_NOTHING: Final = Decimal()


class Ahead(NamedTuple):
    """What is not in the sum of a month yet: EUR to pay, and EUR to be earned.

    It is the energy of the quarters to come, of those before counting began, and what had no price; each kWh at the
    mean of the prices that were paid in the latest four weeks.
    """

    bought: Decimal
    sold: Decimal


class Bill(NamedTuple):
    """The bill of a month in EUR; None where it is not known."""

    total: Decimal | None
    """So far, with the capacity tariff of the whole month."""
    capacity: Decimal | None
    """The capacity tariff as it stands; None also where none is billed."""
    forecast: Decimal | None
    """The whole month."""
    forecast_bought: Decimal | None
    forecast_sold: Decimal | None


def bill_of(month: CostSums, ahead: Ahead | None, capacity: Capacity) -> Bill:
    """Return the bill of a month."""
    billed = capacity.billed
    peaks = billed.cost.month if billed.cost is not None else _NOTHING
    is_known = billed.tariff is None or billed.cost is not None
    return Bill(
        total=month.total + peaks if is_known and month.is_known else None,
        capacity=None if billed.cost is None else peaks,
        forecast=None if ahead is None or not is_known else month.total + ahead.bought - ahead.sold + peaks,
        forecast_bought=None if ahead is None else month.bought + ahead.bought,
        forecast_sold=None if ahead is None else month.sold + ahead.sold,
    )


def ahead_of(
    month: CostSums,
    days: Sequence[CostSums],
    settings: PriceSettings,
    slots: Sequence[ForecastQuarter],
    quarters: Quarters,
    slot: int,
) -> Ahead | None:
    """Return what a month will still come to from a quarter on; None while that is not known.

    `days`: the latest ones, with that which runs. `slots`: what is forecast from that quarter on.
    """
    first = date(month.since.year, month.since.month, 1)
    begin, end = slot_of(month_begin(first)), slot_of(month_begin(next_month(first)))
    unseen = max(slot_of(month.since) - begin, 0)
    sums = []
    for flow, tariffs in zip(FLOWS, (settings.imported, settings.exported), strict=True):
        if not tariffs.is_set:
            sums.append(_NOTHING)
            continue
        energy = _energy(flow, slots, quarters, max(end - slot, 0), unseen)
        if energy is None or (price := _price(flow, tariffs, days)) is None:
            return None
        sums.append((energy + (month.unpriced_import if flow == IMPORT else month.unpriced_export)) * price)
    return Ahead(*sums)


def _energy(flow: int, slots: Sequence[ForecastQuarter], quarters: Quarters, left: int, unseen: int) -> Decimal | None:
    """Return the kWh of the quarters that are left of a month, and of those in which nothing was counted."""
    usual = quarters.usual(flow)
    means = [band.mean for each in slots[:left] if (band := each.imported if flow == IMPORT else each.exported)]
    others = left - len(means) + unseen
    if usual is None:
        return None if others else Decimal(str(sum(means) / QUARTERS_AN_HOUR))
    return Decimal(str((sum(means) + others * usual) / QUARTERS_AN_HOUR))


def _price(flow: int, tariffs: Tariffs, days: Iterable[CostSums]) -> Decimal | None:
    """Return what a kWh costs or earns in the mean, in EUR; None while too little was priced."""
    if tariffs.entity is None and tariffs.bands is None:
        return tariffs.fixed
    energy = money = _NOTHING
    counted = 0
    for day in days:
        energy += day.imported if flow == IMPORT else day.exported
        money += day.bought if flow == IMPORT else day.sold
        counted += day.quarters
    if counted < _LEAST_QUARTERS:
        return None
    return money / energy if energy else _NOTHING
