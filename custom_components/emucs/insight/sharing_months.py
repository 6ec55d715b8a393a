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
class PastCoverage:
    """How many hours of a month are known, and what members exchanged with the grid in these, in kWh."""

    by_quarters: int = 0
    by_hours: int = 0
    missing: int = 0
    """Hours of which nothing is known of a member at least."""
    unpriced: int = 0
    """Hours that are known, but not their prices."""
    imported: Energies = field(default_factory=_energies)
    exported: Energies = field(default_factory=_energies)

    def take(self, exchanges: Mapping[str, Exchanged], *, by_quarters: bool, is_unpriced: bool) -> None:
        """Count an hour."""
        self.by_quarters += by_quarters
        self.by_hours += not by_quarters
        self.unpriced += is_unpriced
        for member, (imported, exported) in exchanges.items():
            self.imported[member] += imported
            self.exported[member] += exported


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


class Simulation:
    """What would have been shared; months as `2026-10`."""

    def __init__(self, keys: Iterable[SharingKey], weights: Mapping[str, Decimal]) -> None:
        """Start with nothing shared; `weights` are those of `share`."""
        self._weights = weights
        self.months: dict[str, PastCoverage] = {}
        self.shared: dict[SharingKey, dict[str, Shared]] = {key: {} for key in keys}
        self.by_quarters = dict.fromkeys(self.shared, _NOTHING)
        """What was shared in kWh in the hours whose quarters are known."""
        self.by_hours = dict.fromkeys(self.shared, _NOTHING)
        """What those hours would show without their quarters: mostly more, as the sun of one serves another one."""

    def feed(self, pasts: Mapping[str, MemberPast], hours: Iterable[int], prices: SharingPrices | None = None) -> None:
        """Share what members exchanged in hours since 1970; an hour counts if all members are known in it.

        Takes up to seconds a month, so it is not for the event loop.
        """
        for hour in hours:
            month = f"{local_begin(hour * QUARTERS_AN_HOUR):%Y-%m}"
            coverage = self.months.setdefault(month, PastCoverage())
            quarters, whole = _known(pasts, hour)
            if whole:
                worth = None if prices is None else prices.worth(hour)
                coverage.take(whole, by_quarters=bool(quarters), is_unpriced=prices is not None and worth is None)
                self._share(month, quarters, whole, worth)
            else:
                coverage.missing += 1

    def _share(
        self,
        month: str,
        quarters: list[dict[str, Exchanged]],
        whole: dict[str, Exchanged],
        worth: tuple[Decimal, Decimal] | None,
    ) -> None:
        """Share what was exchanged in an hour, by its quarters where these are known."""
        for key, months in self.shared.items():
            shared = months.setdefault(month, Shared())
            for exchanges in quarters or (whole,):
                allocation = share(key, self._weights, exchanges)
                shared.take(allocation, worth)
                if quarters:
                    self.by_quarters[key] += sum(allocation.received.values())
            if quarters:
                self.by_hours[key] += sum(share(key, self._weights, whole).received.values())


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
