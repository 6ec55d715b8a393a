"""A simulated year of one household under three contracts, with a car that charges at once, gives way, or follows.

The energy of each quarter is priced by the insight that users run, from the counters as they are printed. What a year
truly costs is summed up apart, from the power of the household and the prices: both have to be the same to some cents.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
import sys
from typing import Any, Final, NamedTuple, override
from zoneinfo import ZoneInfo

from custom_components.emucs.insight.band_energy import CONF_BAND_SET, SECTION_BANDS
from custom_components.emucs.insight.capacity import CONF_AREA, CONF_PEAK_TARGET, SECTION_CAPACITY, Capacity
from custom_components.emucs.insight.charging import Charger
from custom_components.emucs.insight.connection import CONF_CHARGER, Connection
from custom_components.emucs.insight.cost import EnergyCost
from custom_components.emucs.insight.forecast import Forecast
from custom_components.emucs.insight.grid import CONF_BREAKER, SECTION_CONNECTION
from custom_components.emucs.insight.meter import MeterInsights
from custom_components.emucs.insight.peaks import billed_average, month_of
from custom_components.emucs.insight.price import (
    CONF_EXPORT_PRICE,
    CONF_EXPORT_PRICE_ENTITY,
    CONF_FIXED_PRICE,
    CONF_PRICE_ENTITY,
    SECTION_PRICE,
    band_key,
)
from custom_components.emucs.insight.profile import Profile
from custom_components.emucs.insight.quarters import EXPORT, IMPORT, slot_of
from custom_components.emucs.insight.tariff import Area, cost_of, tariff_of
from custom_components.emucs.port import Register, obis
from virtual_meter import VirtualMeter
from virtual_meter.loads import Ev
from virtual_meter.market import Market

from .charging import PROOF, Automation
from .prints import MILLIWATT_SECONDS_A_WATT_HOUR, QUARTER, PhasePrints
from .report import machine, write_between

YEAR: Final = 2026
MONTHS: Final = 12
DAYS: Final = 365
_START: Final = datetime(YEAR, 1, 1, tzinfo=ZoneInfo("Europe/Brussels"))
_STEP: Final = 30
_DAY: Final = 86_400
_BEGIN: Final = "<!-- scripts/backtest --bill --write writes from here -->"
_END: Final = "<!-- scripts/backtest --bill --write writes to here -->"
_TARGET: Final = "5"
_BREAKER: Final = 40
_MOST_AMPERES: Final = 16
_VOLTS: Final = 230
_MW_SECONDS_A_KWH: Final = MILLIWATT_SECONDS_A_WATT_HOUR * 1000
_VAT: Final = Decimal("1.06")
# Counters print whole Wh, at each end of a quarter.
_CENTS_OFF: Final = Decimal("0.10")

# EUR per kWh with VAT. Grid: Imewo and ORES, 2026; excise since August 2026; transport in Wallonia. What the supplier
# asks is an assumption.
_EXCISE: Final = Decimal("0.046") * _VAT
_SUPPLIER: Final = Decimal("0.13")
_IMEWO: Final = Decimal("0.0522864") * _VAT
_ORES: Final = {"eco": Decimal("0.0509"), "medium": Decimal("0.1083"), "pic": Decimal("0.1657")}
_TRANSPORT: Final = Decimal("0.0274")
_FIXED: Final = _SUPPLIER + _IMEWO + _EXCISE
_IMPACT: Final = {band: _SUPPLIER + grid + _TRANSPORT + _EXCISE for band, grid in _ORES.items()}
_FIXED_EXPORT: Final = Decimal("0.03")


def _dynamic(spot: float) -> tuple[Decimal, Decimal]:
    """Return what a kWh costs and earns at a price in EUR per MWh: Ecopower's formulas, with grid, excise and VAT."""
    price = Decimal(str(spot)) / 1000
    bought = (price * Decimal("1.02") + Decimal("0.004")) * _VAT + _IMEWO + _EXCISE
    return bought, price * Decimal("0.98") - Decimal("0.015")


CONTRACTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "Fixed": {SECTION_PRICE: {CONF_FIXED_PRICE: str(_FIXED), CONF_EXPORT_PRICE: str(_FIXED_EXPORT)}},
    "Impact": {
        SECTION_BANDS: {CONF_BAND_SET: "wallonia_impact"},
        SECTION_PRICE: {band_key(band): str(price) for band, price in _IMPACT.items()}
        | {CONF_EXPORT_PRICE: str(_FIXED_EXPORT)},
    },
    "Quarter-hours": {SECTION_PRICE: {CONF_PRICE_ENTITY: "sensor.price", CONF_EXPORT_PRICE_ENTITY: "sensor.earned"}},
}
_WITH_PEAKS: Final = ("Fixed", "Quarter-hours")


class Car(StrEnum):
    """What the car does when it comes home."""

    AT_ONCE = "charges at once"
    SHEDS = "gives way (peak shedding)"
    FOLLOWS = "follows the available current"


class Counted(PhasePrints):
    """Telegrams that have the counter of export too."""

    def __init__(self, meter: VirtualMeter) -> None:
        """Begin at the start of a quarter."""
        super().__init__(meter)
        self.exported = 0  # mWs

    @override
    def registers(self, milliwatts: int) -> dict[str, Register]:
        self.exported += max(0, -self.meter.net_milliwatts) * _STEP
        registers = super().registers(milliwatts)
        registers[obis.EXPORT_ENERGY] = Register(
            Decimal(self.exported // MILLIWATT_SECONDS_A_WATT_HOUR).scaleb(-3), "kWh"
        )
        return registers


class Follower:
    """Lets the household's own car take the current that it is asked to take."""

    def __init__(self, ev: Ev) -> None:
        """Take hold of a car, which is off."""
        self._ev = ev
        ev.limit_w = 0

    @property
    def amperes(self) -> int:
        """Return what flows on each phase."""
        return round(self._ev.power / 1000 / _VOLTS / len(self._ev.branches))

    def ask(self, _: int, amperes: int) -> None:
        """Ask for a current on each phase."""
        self._ev.limit_w = amperes * _VOLTS * len(self._ev.branches)


@dataclass(slots=True)
class Billed:
    """What a year came to."""

    car: Car
    days: int = 0
    costs: dict[str, tuple[Decimal, Decimal]] = field(default_factory=dict)
    """What import cost and export earned by the insight, in EUR, by contract."""
    truth: dict[str, Decimal] = field(default_factory=dict)
    """What it cost in truth, less what was earned."""
    months: dict[Any, Decimal] = field(default_factory=dict)
    imported: float = 0.0
    exported: float = 0.0
    charged: float = 0.0
    unpriced: Decimal = Decimal()

    @property
    def average(self) -> Decimal:
        """Return the mean peak that is billed, in kW."""
        average = billed_average(list(self.months.values()))
        return average.value if average else Decimal()

    @property
    def capacity(self) -> Decimal:
        """Return what the capacity tariff costs in so many days."""
        tariff = tariff_of(Area.IMEWO, YEAR)
        year = cost_of(tariff, self.average, _VAT - 1).year if tariff else Decimal()
        return year * self.days / DAYS

    def bill(self, contract: str) -> Decimal:
        """Return what a contract comes to."""
        bought, sold = self.costs[contract]
        return bought - sold + (self.capacity if contract in _WITH_PEAKS else 0)


def _costs(insights: MeterInsights) -> dict[str, EnergyCost]:
    """Return an insight for each contract, which go by the same quarters."""
    costs = {}
    for name, options in CONTRACTS.items():
        costs[name] = EnergyCost(EnergyCost.settings_of(options))
        costs[name].hand_over({kind: insights[kind] for kind in (Capacity, Profile, Forecast)})
    return costs


def _prices(costs: Mapping[str, EnergyCost], market: Market, time: datetime) -> dict[str, tuple[Decimal, Decimal]]:
    """Show the price of a quarter, and return what each contract asks and pays for a kWh."""
    bought, sold = _dynamic(market.spot(int(time.timestamp())))
    # A source shows it some seconds after the quarter began.
    late = time + timedelta(seconds=5)
    costs["Quarter-hours"].note_price(IMPORT, late, bought)
    costs["Quarter-hours"].note_price(EXPORT, late, sold)
    band = costs["Impact"].price(IMPORT, slot_of(time))
    assert isinstance(band, Decimal)  # noqa: S101 -- 2026 has bands
    return {"Fixed": (_FIXED, _FIXED_EXPORT), "Impact": (band, _FIXED_EXPORT), "Quarter-hours": (bought, sold)}


def spans(days: int) -> list[tuple[datetime, int]]:
    """Return the begin and the length of what is simulated: a whole year, or some days from the first of each month."""
    if days >= DAYS:
        return [(_START, days)]
    return [(_START.replace(month=month), max(days // MONTHS, 1)) for month in range(1, MONTHS + 1)]


def live(car: Car, seed: int, days: int, steer: Callable[[VirtualMeter], Any]) -> Billed:
    """Let the household live, and return what came of it."""
    result = Billed(car, truth=dict.fromkeys(CONTRACTS, Decimal()))
    for begin, length in spans(days):
        _live_span(result, seed, begin, length, steer)
    return result


def _live_span(result: Billed, seed: int, begin: datetime, days: int, steer: Callable[[VirtualMeter], Any]) -> None:
    """Let the household live for some days."""
    meter = VirtualMeter("1.7.1", seed, begin, gas=False, water=False, history_months=0)
    ev = meter.household.ev
    assert ev is not None  # noqa: S101 -- it has one
    prints, market, car = Counted(meter), Market(seed), result.car
    insights = MeterInsights(meter.meter_id, _home())
    costs, shedder = _costs(insights), steer(meter) if car is Car.SHEDS else None
    automation = Automation(follower := Follower(ev), _MOST_AMPERES) if car is Car.FOLLOWS else None
    for _ in range(days * _DAY // QUARTER):
        prices, energies = _prices(costs, market, meter.time), [0, 0]
        for left in range(QUARTER - _STEP, -1, -_STEP):
            telegram = prints.advance(_STEP)
            insights.feed(telegram, meter.time)
            for cost in costs.values():
                cost.feed(telegram)
            net = meter.net_milliwatts * _STEP
            energies[net < 0] += abs(net)
            result.charged += ev.power * _STEP / _MW_SECONDS_A_KWH
            state, connection = insights[Capacity].state, insights[Connection].state
            if shedder is not None and state is not None and left:
                shedder.act(state)
            if automation is not None:
                available = connection.available_current if connection else None
                automation.look(int(meter.time.timestamp()), available, follower.amperes)
        _add(result, prices, energies, meter.time, prints.closed_watts)
    result.days += days
    for name, cost in costs.items():
        bought, sold = result.costs.get(name, (Decimal(), Decimal()))
        result.costs[name] = bought + cost.hours.bought, sold + cost.hours.sold
        result.unpriced += cost.state.month.unpriced if cost.state else 0


def _home() -> dict[str, Any]:
    """Return the options of the household."""
    return {
        SECTION_CAPACITY: {CONF_AREA: Area.IMEWO, CONF_PEAK_TARGET: _TARGET},
        SECTION_CONNECTION: {CONF_BREAKER: str(_BREAKER), CONF_CHARGER: Charger.THREE_PHASES},
    }


def _add(
    result: Billed,
    prices: Mapping[str, tuple[Decimal, Decimal]],
    energies: list[int],
    end: datetime,
    watts: int,
) -> None:
    """Add what a quarter truly was."""
    imported, exported = (Decimal(each) / _MW_SECONDS_A_KWH for each in energies)
    for name, (bought, sold) in prices.items():
        result.truth[name] += imported * bought - exported * sold
    result.imported += float(imported)
    result.exported += float(exported)
    month, value = month_of(end), Decimal(watts) / 1000
    result.months[month] = max(value, result.months.get(month, value))


class Life(NamedTuple):
    """What is to be simulated, in a process of its own."""

    car: Car
    seed: int
    days: int
    steer: Callable[[VirtualMeter], Any]


def _live(life: Life) -> Billed:
    """Simulate it."""
    return live(*life)


_HEAD: Final = (
    *("Car", "Import, kWh", "Export, kWh", "Car, kWh", "Billed average", "Capacity tariff"),
    *(f"{name}: energy" for name in CONTRACTS),
    *(f"{name}: bill" for name in CONTRACTS),
)


def table(results: list[Billed]) -> Iterator[str]:
    """Yield the lines of the table, as Markdown."""
    yield f"| {' | '.join(_HEAD)} |"
    yield f"|---|{'---:|' * (len(_HEAD) - 1)}"
    for each in results:
        cells = (
            *(each.car, *(f"{energy:.0f}" for energy in (each.imported, each.exported, each.charged))),
            *(f"{each.average:.3f} kW", f"{each.capacity:.2f}"),
            *(f"{bought - sold:.2f}" for bought, sold in each.costs.values()),
            *(f"{each.bill(name):.2f}" for name in CONTRACTS),
        )
        yield f"| {' | '.join(map(str, cells))} |"


def failures(results: list[Billed]) -> Iterator[str]:
    """Yield what is not as it should be."""
    for each in results:
        for name, (bought, sold) in each.costs.items():
            if abs(off := bought - sold - each.truth[name]) > _CENTS_OFF:
                yield f"{each.car}, {name}: {off:+.3f} EUR off"
        if each.unpriced:
            yield f"{each.car}: {each.unpriced} kWh without a price"


def prove(seed: int, days: int, workers: int, steer: Callable[[VirtualMeter], Any], *, write: bool) -> int:
    """Simulate, print the table, and write it to the docs if asked to; return the exit code."""
    begun = datetime.now(UTC)
    with ProcessPoolExecutor(workers) as pool:
        results = list(pool.map(_live, [Life(car, seed, days, steer) for car in Car]))
    lines, wrong = list(table(results)), list(failures(results))
    took = (datetime.now(UTC) - begun).seconds
    furthest = max(
        abs(bought - sold - each.truth[name]) for each in results for name, (bought, sold) in each.costs.items()
    )
    lines += ["", f"No contract is further than {furthest:.3f} EUR from what its quarter-hours truly cost."]
    sys.stdout.write("".join(f"{line}\n" for line in (*lines, f"{days} days, {took} s.", *wrong)))
    if write:
        what = f"The whole of {YEAR}" if days >= DAYS else f"The first {days // MONTHS} days of each month of {YEAR}"
        head = f"{what}, run on {begun:%-d %B %Y}: {machine()}. Amounts in EUR."
        write_between(PROOF, _BEGIN, _END, "\n".join([head, "", *lines, ""]))
    return 1 if wrong else 0
