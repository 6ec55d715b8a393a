"""A meter whose quarters are priced, through the whole pipeline."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
import json
from typing import Any

from custom_components.emucs.insight.cost import CostState, EnergyCost
from custom_components.emucs.insight.meter import MeterInsights
from custom_components.emucs.insight.price import SECTION_PRICE, Price
from custom_components.emucs.insight.quarters import IMPORT, local_begin, slot_begin, slot_of
from custom_components.emucs.port import Register, Telegram, obis
from tests.insight.quarterly import BRUSSELS

QUARTER = timedelta(minutes=15)
METER = "1SAG1100000001"
type Load = Callable[[datetime], tuple[str, str]]


def at(text: str) -> datetime:
    """Return a local time."""
    return datetime.fromisoformat(text).replace(tzinfo=BRUSSELS)


class PricedMeter:
    """Sends a telegram when a test says so; energies are exact."""

    def __init__(self, start: str, more: Mapping[str, Any] | None = None, **prices: Any) -> None:
        """Start with a telegram at a local time."""
        self.options = {SECTION_PRICE: prices, **(more or {})}
        self.time = slot_begin(0) + (at(start) - slot_begin(0))
        self.imported, self.exported = Decimal(1000), Decimal(500)
        self.insights = MeterInsights(METER, self.options)
        self.feed()

    @property
    def cost(self) -> EnergyCost:
        """Return the insight."""
        return self.insights[EnergyCost]

    @property
    def state(self) -> CostState:
        """Return what is known."""
        assert self.cost.state is not None
        return self.cost.state

    def feed(self, *without: str) -> None:
        """Send the telegram of now, without some registers."""
        registers = {
            obis.IMPORT_ENERGY: Register(self.imported, "kWh"),
            obis.EXPORT_ENERGY: Register(self.exported, "kWh"),
            obis.IMPORT_POWER: Register(Decimal(0), "kW"),
        }
        for code in without:
            del registers[code]
        self.insights.feed(Telegram("", None, METER, self.time, registers, {}, ()), self.time)

    def go(self, seconds: float, imported: str = "0", exported: str = "0", *without: str) -> None:
        """Let time pass in which so many kWh are counted, and send a telegram, without some registers."""
        self.time += timedelta(seconds=seconds)
        self.imported += Decimal(imported)
        self.exported += Decimal(exported)
        self.feed(*without)

    def quarters(self, count: int, load: Load) -> None:
        """Let whole quarters pass, of which the load says the kWh by their local begin."""
        for _ in range(count):
            imported, exported = load(local_begin(slot_of(self.time)))
            # The last telegram of a quarter comes a second before it ends, when all has been counted.
            self.go(899, imported, exported)
            self.go(1)

    def show(self, price: Price | str, flow: int = IMPORT, *, after: float = 0) -> None:
        """Let the entity show a price, so many seconds from now."""
        shown = Decimal(price) if not isinstance(price, Price.__value__) else price
        self.cost.note_price(flow, self.time + timedelta(seconds=after), shown)

    def restart(self, after: float = 0) -> None:
        """Save everything as JSON, restore it, and let time pass."""
        state, series = json.dumps(self.insights.save()), json.dumps(self.insights.save_series())
        self.insights = MeterInsights.restore(METER, self.options, json.loads(state))
        self.insights.restore_series(json.loads(series))
        self.time += timedelta(seconds=after)
