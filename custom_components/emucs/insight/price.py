"""What a kWh costs or earns: one price, one for each time band, or what an entity shows when a quarter begins."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Any, Final, Self

from .band_energy import CONF_BAND_SET, SECTION_BANDS
from .bands import band_sets
from .quarters import slot_begin, slot_of

SECTION_PRICE: Final = "price"
CONF_PRICE_ENTITY: Final = "price_entity"
CONF_FIXED_PRICE: Final = "fixed_price"
CONF_COST_TO_ENERGY: Final = "cost_to_energy"
CONF_EXPORT_PRICE_ENTITY: Final = "export_price_entity"
CONF_EXPORT_PRICE: Final = "export_price"

EURO: Final = "EUR"
"""The currency by its code, as Home Assistant wants it of money."""
LATE: Final = timedelta(minutes=5)
"""How long after a quarter began a new price is taken for its own: sources follow the clock, but need a moment."""

# However often an entity changes: the prices of so many quarters are kept, which is eight hours.
_MOST_SLOTS: Final = 32
_CURRENCIES: Final = {
    **dict.fromkeys(("eur", "€", "euro"), Decimal(1)),
    **dict.fromkeys(("ct", "cent", "cents", "c€", "€c", "€ct", "eurocent", "¢"), Decimal("0.01")),
}
_ENERGIES: Final = {"wh": Decimal(1000), "kwh": Decimal(1), "mwh": Decimal("0.001")}


class Reason(StrEnum):
    """Why energy has no price."""

    NO_PRICE = "no_price"
    """The entity showed no number."""
    UNIT = "unit"
    """It showed one in a unit that is no price of energy in euros."""
    BAND = "band"
    """No price was given for the time band, or it is not known which one held."""
    GAP = "gap"
    """Nothing was read for so long that quarters of several prices passed."""


type Price = Decimal | Reason
"""EUR per kWh, or why there is none."""


def factor_of(unit: str | None) -> Decimal | None:
    """Return what a number in a unit is multiplied by to be EUR per kWh; None if that is no such unit."""
    currency, _, energy = (unit or "").casefold().replace(" ", "").partition("/")
    if currency not in _CURRENCIES or energy not in _ENERGIES:
        return None
    return _CURRENCIES[currency] * _ENERGIES[energy]


class PriceTrack:
    """The prices that an entity has shown, by quarter.

    The price of a quarter is what is shown when it begins. A change in the first minutes (`LATE`) is its own price,
    that came late; if there is none by then, the first one that is shown before it ends counts.
    """

    def __init__(self) -> None:
        """Start with nothing shown."""
        self.shown: Price = Reason.NO_PRICE
        """What is shown now."""
        self._slots: dict[int, Price] = {}
        self._last: int | None = None
        self._is_own = False  # the price of the last of them: shown in it, and not left by the one before

    def note(self, time: datetime, price: Price) -> None:
        """Take what is shown from a time on."""
        slot = slot_of(time)
        self._go_on(slot)
        self.shown = price
        if self._last != slot:
            # A clock was set back.
            return
        is_late = time - slot_begin(slot) <= LATE
        if isinstance(price, Reason):
            # It ends what the quarter before has left, but not what was shown in this one.
            if (is_late and not self._is_own) or isinstance(self._slots[slot], Reason):
                self._slots[slot] = price
        elif is_late or isinstance(self._slots[slot], Reason):
            self._slots[slot], self._is_own = price, True

    def of(self, slot: int) -> Price:
        """Return the price of a quarter, which may have ended a while ago."""
        self._go_on(slot)
        return self._slots.get(slot, Reason.NO_PRICE)

    def _go_on(self, slot: int) -> None:
        """Let quarters begin with what is shown."""
        if self._last is not None and slot <= self._last:
            return
        first = slot if self._last is None else max(self._last + 1, slot - _MOST_SLOTS + 1)
        self._slots |= dict.fromkeys(range(first, slot + 1), self.shown)
        self._last, self._is_own = slot, False
        for old in sorted(self._slots)[:-_MOST_SLOTS]:
            del self._slots[old]

    def save(self) -> dict[str, Any]:
        """Return what a restart needs, in types of JSON: the prices, each with its first quarter."""
        slots = sorted(self._slots.items())
        changes = [pair for before, pair in pairwise([(None, None), *slots]) if before[1] != pair[1]]
        return {"last": self._last, "shown": [[slot, str(price)] for slot, price in changes]}

    @classmethod
    def restore(cls, saved: Mapping[str, Any]) -> Self:
        """Return what was saved; from then on nothing was shown."""
        track = cls()
        for slot, price in saved["shown"]:
            track._go_on(int(slot))
            track.shown = track._slots[int(slot)] = _price(price)
        if (last := saved["last"]) is not None:
            track._go_on(int(last))
        track.shown = Reason.NO_PRICE
        return track


def _price(text: str) -> Price:
    """Return a price as it was saved."""
    return Reason(text) if text in Reason else Decimal(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariffs:
    """How a kWh is priced; an entity comes before bands, and these before one price for all."""

    entity: str | None = None
    bands: str | None = None
    """The key of a set of time bands."""
    by_band: tuple[tuple[str, Decimal], ...] = ()
    """EUR per kWh in each of them."""
    fixed: Decimal | None = None
    """EUR per kWh at all times."""

    @property
    def is_set(self) -> bool:
        """Return whether there is any price."""
        return self.entity is not None or self.bands is not None or self.fixed is not None

    def of(self, slot: int, track: PriceTrack) -> Price:
        """Return the price of a quarter."""
        if self.entity is not None:
            return track.of(slot)
        if self.bands is not None:
            bands = band_sets().get(self.bands)
            band = None if bands is None else bands.at(slot_begin(slot))
            return dict(self.by_band).get(band or "", Reason.BAND)
        return Reason.NO_PRICE if self.fixed is None else self.fixed


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceSettings:
    """What import costs, and what export earns."""

    imported: Tariffs = Tariffs()
    exported: Tariffs = Tariffs()

    @property
    def entities(self) -> tuple[str | None, str | None]:
        """Return the entities that show what import costs and what export earns."""
        return self.imported.entity, self.exported.entity


def band_key(band: str) -> str:
    """Return the option that has the price of a time band."""
    return f"band_price_{band}"


def price_settings_of(options: Mapping[str, Any]) -> PriceSettings:
    """Return what the options of an entry say of prices."""
    section = options.get(SECTION_PRICE, {})
    bands = band_sets().get(options.get(SECTION_BANDS, {}).get(CONF_BAND_SET))
    prices = {} if bands is None else {band: _decimal(section.get(band_key(band))) for band in bands.bands}
    by_band = tuple((band, price) for band, price in prices.items() if price is not None)
    return PriceSettings(
        imported=Tariffs(
            entity=section.get(CONF_PRICE_ENTITY) or None,
            bands=bands.key if bands is not None and by_band else None,
            by_band=by_band,
            fixed=_decimal(section.get(CONF_FIXED_PRICE)),
        ),
        exported=Tariffs(
            entity=section.get(CONF_EXPORT_PRICE_ENTITY) or None,
            fixed=_decimal(section.get(CONF_EXPORT_PRICE)),
        ),
    )


def _decimal(number: float | None) -> Decimal | None:
    """Return a number of an option."""
    return None if number is None else Decimal(str(number))
