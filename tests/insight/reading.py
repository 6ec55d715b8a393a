"""Telegrams made by hand, with only what the capacity tariff looks at."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from custom_components.emucs.port import MonthDemand, Register, Telegram, obis

BRUSSELS = ZoneInfo("Europe/Brussels")
QUARTER = 900


def local(text: str) -> datetime:
    """Return a Belgian local time with a fixed offset, as a meter prints it."""
    time = datetime.fromisoformat(text).replace(tzinfo=BRUSSELS)
    return datetime.fromisoformat(time.isoformat())


def telegram(
    time: datetime | None,
    power: str | Decimal | None,
    *,
    demand: str | Decimal | None = None,
    counter: str | Decimal | None = None,
    peak: tuple[str, datetime] | None = None,
    history: tuple[MonthDemand, ...] = (),
    last_demand: str | Decimal | None = None,
) -> Telegram:
    """Return a telegram; kW and kWh."""
    registers = {}
    if power is not None:
        registers[obis.IMPORT_POWER] = Register(Decimal(power), "kW")
    if demand is not None:
        registers[obis.DEMAND] = Register(Decimal(demand), "kW")
    if counter is not None:
        registers[obis.IMPORT_ENERGY] = Register(Decimal(counter), "kWh")
    if last_demand is not None:
        registers[obis.LAST_DEMAND] = Register(Decimal(last_demand), "kW")
    if peak is not None:
        registers[obis.MONTH_PEAK] = Register(Decimal(peak[0]), "kW", peak[1])
    return Telegram(
        identification="",
        version=None,
        meter_id=None,
        time=time,
        registers=registers,
        channels={},
        demand_history=history,
    )


class House:
    """A meter with a power that the test sets; it counts in watt-hours, and in watts of demand."""

    def __init__(self, start: datetime, *, prints_demand: bool = True, prints_counter: bool = True) -> None:
        self.time = start
        self.power = Decimal()
        self.prints_demand = prints_demand
        self.prints_counter = prints_counter
        self._energy = Decimal(1000 * 3600)  # kWs
        self._quarter = Decimal()  # kWs

    @property
    def elapsed(self) -> int:
        utc = self.time.astimezone(UTC)
        return utc.minute % 15 * 60 + utc.second

    @property
    def demand(self) -> Decimal:
        """What 1.4.0 is, where it is what was observed in the field."""
        return (self._quarter / QUARTER).quantize(Decimal("0.001"), "ROUND_DOWN")

    def telegram(self, demand: Decimal | None = None) -> Telegram:
        """Return the telegram of now, with another 1.4.0 where one is given."""
        return telegram(
            self.time,
            self.power,
            demand=(self.demand if demand is None else demand) if self.prints_demand else None,
            counter=(self._energy / 3600).quantize(Decimal("0.001"), "ROUND_DOWN") if self.prints_counter else None,
        )

    def skip(self, seconds: int) -> None:
        """Let time pass, unseen; a quarter may end with it, not within it."""
        self._energy += self.power * seconds
        self._quarter += self.power * seconds
        # Wall clocks of one zone subtract wrongly over a change of the hour.
        self.time = (self.time.astimezone(UTC) + timedelta(seconds=seconds)).astimezone(self.time.tzinfo)
        if self.elapsed == 0:
            self._quarter = Decimal()

    def run(self, seconds: int, power: str | Decimal | None = None, step: int = 1) -> Iterator[Telegram]:
        """Let time pass at a power in kW, and yield a telegram at each step."""
        if power is not None:
            self.power = Decimal(power)
        for _ in range(seconds // step):
            self.skip(step)
            yield self.telegram()
