"""A connection whose currents the test sets, and the telegrams of its meter."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from custom_components.emucs.insight.capacity import Capacity
from custom_components.emucs.insight.connection import Connection, ConnectionState
from custom_components.emucs.port import Register, Telegram, obis

NOON: Final = datetime(2026, 1, 14, 11, tzinfo=UTC)
VOLTS: Final = {1: ("230.0",), 2: ("230.0", "000.0", "230.0"), 3: ("230.0", "230.0", "230.0")}
PHASES: Final = tuple(obis.PHASE_GROUP)


def measuring(
    time: datetime | None,
    *currents: str | None,
    volts: tuple[str | None, ...] = ("230.0",),
    power: str | None = "0.5",
    phase_powers: tuple[str, ...] = (),
    **more: tuple[str, str],
) -> Telegram:
    """Return a telegram of currents in A, voltages in V and powers in kW, exported where they are below zero."""
    registers = {}
    for quantity, unit, values in (("current", "A", currents), ("voltage", "V", volts)):
        for phase, value in zip(PHASES, values, strict=False):
            if value is not None:
                registers[getattr(obis, quantity)(phase)] = Register(Decimal(value), unit)
    for import_code, export_code, each in [
        (obis.IMPORT_POWER, obis.EXPORT_POWER, power),
        *(
            (obis.import_power(phase), obis.export_power(phase), each)
            for phase, each in zip(PHASES, phase_powers, strict=False)
        ),
    ]:
        if each is not None:
            number = Decimal(each)
            registers[import_code] = Register(max(number, Decimal()), "kW")
            registers[export_code] = Register(max(-number, Decimal()), "kW")
    for name, (value, unit) in more.items():
        registers[getattr(obis, name.upper())] = Register(Decimal(value), unit)
    return Telegram("", None, None, time, registers, {}, ())


class Meter:
    """The insights into a connection, fed by what the test makes of it."""

    def __init__(self, start: datetime = NOON, **connection: Any) -> None:
        self.options = {"connection": {"breaker": "25", **connection}, "capacity": {"peak_target": 50}}
        self.time = start
        self.capacity = Capacity(Capacity.settings_of(self.options))
        self.connection = Connection(Connection.settings_of(self.options))
        self.connection.hand_over({Capacity: self.capacity})

    @property
    def state(self) -> ConnectionState:
        state = self.connection.state
        assert state is not None
        return state

    def feed(self, telegram: Telegram) -> ConnectionState:
        """Feed a telegram."""
        self.capacity.feed(telegram)
        self.connection.feed(telegram)
        return self.state

    def run(self, seconds: float, *currents: str, step: float = 1, **fields: Any) -> Iterator[ConnectionState]:
        """Let currents flow, and yield what is known after each telegram."""
        for _ in range(int(seconds / step)):
            self.time += timedelta(seconds=step)
            yield self.feed(measuring(self.time, *currents, **fields))

    def see(self, seconds: float, *currents: str, **fields: Any) -> ConnectionState:
        """Let currents flow; return what is known then."""
        *_, state = self.run(seconds, *currents, **fields)
        return state

    def until_alarm(self, ratio: float, *, most: int, step: float = 1, rating: int = 25) -> float | None:
        """Let a multiple of the rating flow; return after how many seconds the alarm comes, if it does."""
        for number, state in enumerate(self.run(most, str(round(ratio * rating, 2)), step=step), 1):
            if state.alarm:
                return number * step
        return None
