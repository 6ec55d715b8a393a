"""What quarters come to in euros, over a day or a month."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple, Self

from .price import Reason

LEAST_PRICED: Final = Decimal("0.98")
"""The share of the energy that has to have a price for a sum to be shown."""

_NOTHING: Final = Decimal()
_NUMBERS: Final = ("bought", "sold", "imported", "exported", "unpriced_import", "unpriced_export")


class CostSums(NamedTuple):
    """What was imported and exported since a time: EUR, and kWh with a price and without."""

    since: datetime
    """The begin of the period, or when counting began within it; in local time."""
    bought: Decimal = _NOTHING
    sold: Decimal = _NOTHING
    """EUR; below zero where export has to be paid for."""
    imported: Decimal = _NOTHING
    exported: Decimal = _NOTHING
    unpriced_import: Decimal = _NOTHING
    unpriced_export: Decimal = _NOTHING
    reason: Reason | None = None
    """Why the latest energy without a price has none."""
    quarters: int = 0
    """How many of them have a price of import."""

    @property
    def unpriced(self) -> Decimal:
        """Return the kWh without a price."""
        return self.unpriced_import + self.unpriced_export

    @property
    def is_known(self) -> bool:
        """Return whether so much of the energy has a price that the sum says what the period costs."""
        priced = self.imported + self.exported
        return not self.unpriced or priced >= (priced + self.unpriced) * LEAST_PRICED

    @property
    def total(self) -> Decimal:
        """Return what was paid less what was earned, of the energy that has a price."""
        return self.bought - self.sold

    def plus(self, other: CostSums) -> CostSums:
        """Return both together."""
        return CostSums(
            since=self.since,
            bought=self.bought + other.bought,
            sold=self.sold + other.sold,
            imported=self.imported + other.imported,
            exported=self.exported + other.exported,
            unpriced_import=self.unpriced_import + other.unpriced_import,
            unpriced_export=self.unpriced_export + other.unpriced_export,
            reason=other.reason or self.reason,
            quarters=self.quarters + other.quarters,
        )

    def save(self) -> dict[str, str | int | None]:
        """Return it in types of JSON."""
        numbers = {name: str(getattr(self, name)) for name in _NUMBERS}
        return {"since": self.since.isoformat(), "reason": self.reason, "quarters": self.quarters, **numbers}

    @classmethod
    def restore(cls, saved: Mapping[str, Any]) -> Self:
        """Return what was saved."""

        def number(name: str) -> Decimal:
            """Return a number of it."""
            return Decimal(saved[name])

        return cls(
            since=datetime.fromisoformat(saved["since"]),
            bought=number("bought"),
            sold=number("sold"),
            imported=number("imported"),
            exported=number("exported"),
            unpriced_import=number("unpriced_import"),
            unpriced_export=number("unpriced_export"),
            reason=None if saved["reason"] is None else Reason(saved["reason"]),
            quarters=int(saved["quarters"]),
        )


class Hours:
    """What was paid and earned since the beginning, as it stood when hours ended: what statistics are made of."""

    # An hour that is not written within two days is left out: the next one has its cost too.
    _MOST: Final = 48

    def __init__(self) -> None:
        """Start with nothing."""
        self.bought = self.sold = _NOTHING
        self.goes_on = False
        """Whether they go on from what statistics had before."""
        self.sums: dict[int, tuple[Decimal, Decimal]] = {}
        """Both, by the hours since 1970 in which they changed."""

    def add(self, hour: int, bought: Decimal, sold: Decimal) -> None:
        """Add what a quarter of an hour came to."""
        self.bought += bought
        self.sold += sold
        self.sums.pop(hour, None)
        self.sums[hour] = self.bought, self.sold
        while len(self.sums) > self._MOST:
            del self.sums[next(iter(self.sums))]

    def go_on(self, bought: Decimal, sold: Decimal) -> None:
        """Go on from the sums of statistics, once: what was known of them is lost, or there never was any."""
        if self.goes_on:
            return
        self.goes_on = True
        self.bought += bought
        self.sold += sold
        self.sums = {hour: (paid + bought, earned + sold) for hour, (paid, earned) in self.sums.items()}

    def save(self) -> list[str | bool]:
        """Return what a restart needs, in types of JSON."""
        return [str(self.bought), str(self.sold), self.goes_on]

    @classmethod
    def restore(cls, saved: list[Any]) -> Self:
        """Return what was saved."""
        hours = cls()
        bought, sold, goes_on = saved
        hours.bought, hours.sold, hours.goes_on = Decimal(bought), Decimal(sold), bool(goes_on)
        return hours
