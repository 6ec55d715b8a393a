"""Faults of the meter itself: telegrams that are right to the last bit of their checksum, and say what is not so."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
import re
from typing import Final, override

from .clock import epoch, stamp
from .fault import Fault, LastingFault
from .meter import VirtualMeter
from .wire import change_lines

_TIME: Final = "0-0:1.0.0"
_COUNTER: Final = re.compile(r"1-0:[12]\.8\.\d")
_DEMAND: Final = {"1-0:1.4.0", "1-0:1.6.0", "0-0:98.1.0"}
_ENERGY: Final = re.compile(r"1-0:[1-8]\.8\.\d")
_QUANTITY: Final = re.compile(r"\((\d+\.?\d*)\*kWh\)")
_MILLENNIUM: Final = datetime(1999, 12, 31, 23, tzinfo=UTC)


@dataclass(eq=False)
class _Clock(LastingFault, ABC):
    """A clock that is wrong; nothing else that has a time is changed."""

    @override
    def change(self, telegram: bytes, meter: VirtualMeter) -> bytes:
        time = stamp(epoch(self.shown(meter)))
        return change_lines(telegram, lambda code, value: f"({time})" if code == _TIME else value)

    @abstractmethod
    def shown(self, meter: VirtualMeter) -> datetime:
        """Return the time that the meter shows."""


@dataclass(eq=False)
class Clock2000(_Clock):
    """The meter's clock begins at 1 January 2000, as after a long loss of power."""

    @override
    def shown(self, meter: VirtualMeter) -> datetime:
        return _MILLENNIUM + self.lasted(meter)


@dataclass(eq=False)
class ClockOffset(_Clock):
    """The meter's clock is so many seconds fast; below zero: slow."""

    seconds: float

    @override
    def shown(self, meter: VirtualMeter) -> datetime:
        return meter.time + timedelta(seconds=self.seconds)


@dataclass(eq=False)
class ClockBack(_Clock):
    """The meter's clock jumps back by so many seconds, after so many."""

    back_s: float = 3600
    after_s: float = 10

    @override
    def shown(self, meter: VirtualMeter) -> datetime:
        jumped = self.lasted(meter) >= timedelta(seconds=self.after_s)
        return meter.time - timedelta(seconds=self.back_s) if jumped else meter.time


@dataclass(eq=False)
class ClockFrozen(_Clock):
    """The meter's clock stands still."""

    @override
    def shown(self, meter: VirtualMeter) -> datetime:
        return meter.time - self.lasted(meter)


@dataclass(eq=False)
class _Counter(LastingFault):
    """Counters of energy that are wrong for some seconds."""

    wh: float = 1_000_000
    after_s: float = 10
    for_s: float = float("inf")

    @override
    def change(self, telegram: bytes, meter: VirtualMeter) -> bytes:
        lasted = self.lasted(meter).total_seconds()
        if not self.after_s <= lasted < self.after_s + self.for_s:
            return telegram
        return change_lines(telegram, lambda code, value: self._moved(value) if _COUNTER.fullmatch(code) else value)

    def _moved(self, value: str) -> str:
        match = _QUANTITY.fullmatch(value)
        if match is None:
            return value
        moved = max(Decimal(0), Decimal(match[1]) + self.step())
        return f"({moved:0{len(match[1])}.3f}*kWh)"

    def step(self) -> Decimal:
        """Return by how many kWh counters are wrong."""
        return Decimal(str(self.wh)) / 1000


@dataclass(eq=False)
class CounterJump(_Counter):
    """The counters of energy jump ahead by so many Wh after some seconds, and back after some more if that is said."""


@dataclass(eq=False)
class CounterBack(_Counter):
    """The counters of energy go back by so many Wh after some seconds, and on after some more if that is said."""

    wh: float = 1000

    @override
    def step(self) -> Decimal:
        return -super().step()


@dataclass(eq=False)
class OtherMeter(Fault):
    """Another meter of the same make is connected to the port."""

    _other: VirtualMeter | None = field(default=None, init=False, repr=False)

    @override
    def change(self, telegram: bytes, meter: VirtualMeter) -> bytes:
        other = self._other = self._other or _another(meter)
        other.advance(max(0, int((meter.time - other.time).total_seconds())), 60)
        return other.telegram()


def _another(meter: VirtualMeter) -> VirtualMeter:
    """Return a meter with another identifier."""
    other = VirtualMeter(meter.profile.name, 4711, meter.time)
    return other if other.meter_id != meter.meter_id else VirtualMeter(meter.profile.name, 4712, meter.time)


@dataclass(eq=False)
class DemandLost(Fault):
    """Demand and month peaks are gone, as without the yearly consent."""

    @override
    def change(self, telegram: bytes, meter: VirtualMeter) -> bytes:
        return change_lines(telegram, lambda code, value: None if code in _DEMAND else value)


@dataclass(eq=False)
class EnergyLost(Fault):
    """The counters of energy are gone, while voltages still come."""

    @override
    def change(self, telegram: bytes, meter: VirtualMeter) -> bytes:
        return change_lines(telegram, lambda code, value: None if _ENERGY.fullmatch(code) else value)
