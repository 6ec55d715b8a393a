"""A street with voltages that the test sets, as a meter prints them."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
import json

from custom_components.emucs.insight.voltage import Voltage
from custom_components.emucs.insight.voltage_events import VoltageEvent
from custom_components.emucs.port import Register, Telegram, obis

MONDAY = datetime(2026, 6, 1, 0, 0, tzinfo=UTC) - timedelta(hours=2)
"""00:00 in Belgium."""
NOON = MONDAY + timedelta(hours=12)
EVEN = ("230.0", "231.0", "229.0")

type Volts = Sequence[str | None]


def printed(time: datetime | None, volts: Volts, export: str | None = "0.000", grid: str | None = None) -> Telegram:
    """Return a telegram that prints voltages, the export power in kW, and the grid."""
    registers = {
        obis.voltage(phase): Register(Decimal(each), "V")
        for phase, each in zip(obis.PHASE_GROUP, volts, strict=False)
        if each is not None
    }
    if export is not None:
        registers[obis.EXPORT_POWER] = Register(Decimal(export), "kW")
    if grid is not None:
        registers[obis.GRID] = Register(Decimal(grid), None)
    return Telegram("", None, None, time, registers, {}, ())


class Street:
    """Feeds a meter, period after period, and remembers what happened."""

    def __init__(self, begin: datetime = NOON, period: int = 1, voltage: Voltage | None = None) -> None:
        self.time = begin
        self.period = period
        self.voltage = voltage or Voltage()
        self.events: list[VoltageEvent] = []

    def feed(self, telegram: Telegram) -> None:
        """Feed a telegram."""
        state = self.voltage.feed(telegram)
        self.events += state.events if state else ()

    def run(self, seconds: int, volts: Volts | Callable[[datetime], Volts] = EVEN, export: str = "0.000") -> Street:
        """Let time pass with voltages, or with what a function makes of the time."""
        end = self.time + timedelta(seconds=seconds)
        while self.time < end:
            self.feed(printed(self.time, volts(self.time) if callable(volts) else volts, export))
            self.time += timedelta(seconds=self.period)
        return self

    def skip(self, seconds: int) -> Street:
        """Let time pass in which nothing comes."""
        self.time += timedelta(seconds=seconds)
        return self

    def restart(self) -> Street:
        """Stop and start again, with what is on the disk."""
        self.voltage = restarted(self.voltage)
        return self

    @property
    def happened(self) -> list[tuple[str, str]]:
        """Return what happened, and on which phase."""
        return [(event.type.value, event.phase) for event in self.events]


def restarted(voltage: Voltage) -> Voltage:
    """Return what a restart makes of an insight."""
    state, series = json.loads(json.dumps([voltage.save(), voltage.save_series()]))
    again = Voltage.restore(None, state)
    if series:
        again.restore_series(series)
    return again


def fed(telegrams: Iterable[Telegram], voltage: Voltage | None = None) -> Voltage:
    """Return what is known after some telegrams."""
    voltage = voltage or Voltage()
    for telegram in telegrams:
        voltage.feed(telegram)
    return voltage
