"""What members would have shared in past months, by each key: from quarter-hours where all of them have these."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, NamedTuple

from .demand import QUARTERS_AN_HOUR
from .quarters import local_begin
from .sharing_keys import Allocation, Energies, SharingKey, share

type Exchanged = tuple[Decimal, Decimal]
"""What a member imported and exported, in kWh."""
type PriceOfHour = Callable[[int], Decimal | None]
"""Returns the price of an hour since 1970 in EUR/kWh, None where it is not known."""

_NOTHING: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class MemberPast:
    """What is known of a member: by quarter-hours and by hours since 1970."""

    quarters: Mapping[int, Exchanged] = field(default_factory=dict)
    hours: Mapping[int, Exchanged] = field(default_factory=dict)


class SharingPrices(NamedTuple):
    """What a receiver pays for what is shared, and suppliers charge for import and pay for export."""

    shared: PriceOfHour
    imported: PriceOfHour
    exported: PriceOfHour

    def worth(self, hour: int) -> tuple[Decimal, Decimal] | None:
        """Return in EUR/kWh what receiving and giving in an hour is worth, None where a price is not known."""
        prices = [price(hour) for price in self]
        shared, imported, exported = prices
        if shared is None or imported is None or exported is None:
            return None
        return imported - shared, shared - exported


def _energies() -> defaultdict[str, Decimal]:
    """Return energies that begin with nothing."""
    return defaultdict(Decimal)


@dataclass(slots=True)
class Coverage:
    """How many hours of a month are known, and what members exchanged with the grid in these, in kWh."""

    by_quarters: int = 0
    by_hours: int = 0
    missing: int = 0
    """Hours of which nothing is known of a member at least."""
    unpriced: int = 0
    """Hours that are known, but not their prices."""
    imported: Energies = field(default_factory=_energies)
    exported: Energies = field(default_factory=_energies)


@dataclass(slots=True)
class Shared:
    """What members received, gave and got back in a month in kWh, and what that was worth to each in EUR."""

    received: Energies = field(default_factory=_energies)
    given: Energies = field(default_factory=_energies)
    returned: Energies = field(default_factory=_energies)
    worth: Energies = field(default_factory=_energies)

    @property
    def total(self) -> Decimal:
        """Return what all have received, in kWh."""
        return sum(self.received.values(), _NOTHING)

    def take(self, allocation: Allocation, worth: tuple[Decimal, Decimal] | None) -> None:
        """Add what was shared in a quarter-hour or an hour."""
        for member, received in allocation.received.items():
            given = allocation.given[member]
            self.received[member] += received
            self.given[member] += given
            self.returned[member] += allocation.returned[member]
            if worth is not None:
                self.worth[member] += received * worth[0] + given * worth[1]


@dataclass(slots=True)
class Simulation:
    """What would have been shared; months as `2026-10`."""

    months: dict[str, Coverage]
    shared: dict[SharingKey, dict[str, Shared]]
    by_quarters: dict[SharingKey, Decimal]
    """What was shared in kWh in the hours whose quarters are known."""
    by_hours: dict[SharingKey, Decimal]
    """What those hours would show without their quarters: mostly more, as the sun of one serves another one."""


def simulate(
    pasts: Mapping[str, MemberPast],
    weights: Mapping[str, Decimal],
    keys: Iterable[SharingKey],
    hours: Iterable[int],
    prices: SharingPrices | None = None,
) -> Simulation:
    """Return what members would have shared in hours since 1970. Takes up to a second a month: not for the event loop.

    An hour counts if all members are known in it.
    """
    keys = tuple(keys)
    found = Simulation({}, {key: {} for key in keys}, dict.fromkeys(keys, _NOTHING), dict.fromkeys(keys, _NOTHING))
    for hour in hours:
        month = f"{local_begin(hour * QUARTERS_AN_HOUR):%Y-%m}"
        coverage = found.months.setdefault(month, Coverage())
        periods, whole = _known(pasts, hour)
        if not whole:
            coverage.missing += 1
            continue
        worth = None if prices is None else prices.worth(hour)
        coverage.by_quarters += bool(periods)
        coverage.by_hours += not periods
        coverage.unpriced += prices is not None and worth is None
        for member, (imported, exported) in whole.items():
            coverage.imported[member] += imported
            coverage.exported[member] += exported
        for key in keys:
            shared = found.shared[key].setdefault(month, Shared())
            for exchanges in periods or (whole,):
                allocation = share(key, weights, exchanges)
                shared.take(allocation, worth)
                if periods:
                    found.by_quarters[key] += sum(allocation.received.values())
            if periods:
                found.by_hours[key] += sum(share(key, weights, whole).received.values())
    return found


def _known(pasts: Mapping[str, MemberPast], hour: int) -> tuple[list[dict[str, Exchanged]], dict[str, Exchanged]]:
    """Return what members exchanged in the quarters of an hour, if all of all are known, and in the hour, if it is."""
    first = hour * QUARTERS_AN_HOUR
    periods: list[dict[str, Exchanged]] = []
    for slot in range(first, first + QUARTERS_AN_HOUR):
        quarter = {member: known for member, past in pasts.items() if (known := past.quarters.get(slot)) is not None}
        if len(quarter) < len(pasts):
            break
        periods.append(quarter)
    else:
        return periods, {member: _sum(quarter[member] for quarter in periods) for member in pasts}
    whole = {member: known for member, past in pasts.items() if (known := _hour(past, hour)) is not None}
    return [], whole if len(whole) == len(pasts) else {}


def _hour(past: MemberPast, hour: int) -> Exchanged | None:
    """Return what a member exchanged in an hour, by its quarters if these are known."""
    first = hour * QUARTERS_AN_HOUR
    quarters = [past.quarters[slot] for slot in range(first, first + QUARTERS_AN_HOUR) if slot in past.quarters]
    return _sum(quarters) if len(quarters) == QUARTERS_AN_HOUR else past.hours.get(hour)


def _sum(exchanges: Iterable[Exchanged]) -> Exchanged:
    """Return what was exchanged together."""
    imported, exported = zip(*exchanges, strict=True)
    return sum(imported, _NOTHING), sum(exported, _NOTHING)
