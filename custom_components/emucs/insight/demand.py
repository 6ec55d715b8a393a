"""The running quarter: what it has come to, where it is going, and how much room it leaves."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Self

from ..port import Telegram, obis
from .electricity import energy_import, in_unit

QUARTER: Final = timedelta(minutes=15)
COUNTED_COVERAGE: Final = Decimal("0.9")
"""A quarter that was seen for less is no peak."""

_SECONDS: Final = Decimal(900)
_QUARTERS_AN_HOUR: Final = 4
_SECONDS_AN_HOUR: Final = Decimal(3600)
# Between two telegrams so far apart nothing is known, but for what the counter says.
_LONGEST_STEP: Final = timedelta(seconds=10)
# Right after a quarter began a meter may still print the demand of the last one.
_SETTLING: Final = timedelta(seconds=5)
_SETTLED: Final = Decimal("0.1")
# A budget is not for the next instant.
_SHORTEST_REST: Final = Decimal(10)
# How far 1.4.0 may be from the integral of power at the end of a quarter: kW, and share.
_TOLERANCE: Final = Decimal("0.05")
_RELATIVE_TOLERANCE: Final = Decimal("0.05")
_DEVIATIONS_TO_DISTRUST: Final = 2


def quarter_start(time: datetime) -> datetime:
    """Return the start, in UTC, of the clock quarter that a time is in; local quarters are UTC's."""
    utc = time.astimezone(UTC)
    return utc.replace(minute=utc.minute - utc.minute % 15, second=0, microsecond=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """The running quarter at one moment. Powers in kW: energy of the quarter over 15 minutes."""

    start: datetime
    time: datetime
    so_far: Decimal
    """What the quarter comes to if nothing more is imported."""
    power: Decimal
    """What is imported at this moment."""
    coverage: Decimal
    """The share of the quarter that was seen, 0 to 1."""
    estimated: bool
    """Whether this follows from counter and power, because the meter does not print it or what it prints is wrong."""

    @property
    def left(self) -> Decimal:
        """Return the seconds until the quarter ends."""
        return _SECONDS - Decimal(str((self.time - self.start).total_seconds()))

    @property
    def forecast(self) -> Decimal:
        """Return what the quarter comes to if power stays as it is."""
        return self.so_far + self.power * self.left / _SECONDS

    def budget(self, target: Decimal) -> Decimal:
        """Return the power that may be drawn until the end so that the quarter meets a target; below 0: it cannot."""
        return (target - self.so_far) * _SECONDS / max(self.left, _SHORTEST_REST)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedQuarter:
    """A quarter that has ended: its average import in kW."""

    start: datetime
    value: Decimal
    coverage: Decimal
    estimated: bool

    @property
    def end(self) -> datetime:
        """Return when it ended, which is how meters date peaks."""
        return self.start + QUARTER

    @property
    def counts(self) -> bool:
        """Return whether enough of it was seen."""
        return self.coverage >= COUNTED_COVERAGE


class QuarterDemand:
    """Follows the quarters of the meter's clock.

    Where the meter prints 1.4.0 that is the energy of the quarter so far over 15 minutes (observed, and not promised
    by e-MUCS P1 1.7.1: therefore it is compared with the counter at the end of each quarter). Other meters give the
    same from their import counter.
    """

    def __init__(self) -> None:
        """Start without a quarter."""
        self.demand: Demand | None = None
        self.deviations = 0
        """In how many of the latest quarters, one after the other, 1.4.0 was not what the counter says."""
        self._energy = Decimal()  # kWh seen in this quarter
        self._seen = Decimal()  # seconds of it seen
        self._counter: Decimal | None = None
        self._register: Decimal | None = None  # the latest 1.4.0

    def feed(self, telegram: Telegram) -> ClosedQuarter | None:
        """Take a telegram; return the quarter that it ends."""
        power = in_unit(telegram.registers.get(obis.IMPORT_POWER), "kW")
        if telegram.time is None or power is None:
            return None
        time = telegram.time.astimezone(UTC)
        start = quarter_start(time)
        counter = energy_import(telegram)
        last, closed = self.demand, None
        if last is None or time < last.time:
            self._begin(Decimal(), Decimal())
        elif last.start == start:
            self._energy += self._step(counter, last, time)
            self._seen += _seconds(time - last.time)
        else:
            closed = self._close(last)
            after = time - start
            if time - last.time <= _LONGEST_STEP:
                share = _seconds(after) / _seconds(time - last.time)
                self._begin(self._step(counter, last, time) * share, _seconds(after))
            else:
                self._begin(Decimal(), Decimal())
        self._counter = counter
        self._register = in_unit(telegram.registers.get(obis.DEMAND), "kW")
        self.demand = self._demand(start, time, power)
        return closed

    def _begin(self, energy: Decimal, seen: Decimal) -> None:
        """Begin a quarter of which this much was seen."""
        self._energy = energy
        self._seen = seen

    def _step(self, counter: Decimal | None, last: Demand, time: datetime) -> Decimal:
        """Return the energy in kWh since the last telegram."""
        if counter is not None and self._counter is not None and counter >= self._counter:
            return counter - self._counter
        seconds = _seconds(min(time - last.time, _LONGEST_STEP))
        return last.power * seconds / _SECONDS_AN_HOUR

    def _own(self, elapsed: Decimal, power: Decimal) -> Decimal:
        """Return the demand so far by the counter; what was not seen is taken to be as what was."""
        unseen = elapsed - self._seen
        mean = self._energy * _SECONDS_AN_HOUR / self._seen if self._seen else power
        return self._energy * _QUARTERS_AN_HOUR + mean * unseen / _SECONDS

    def _demand(self, start: datetime, time: datetime, power: Decimal) -> Demand:
        """Return the running quarter, by the register where there is one to be trusted."""
        elapsed = _seconds(time - start)
        own = self._own(elapsed, power)
        register = self._register
        settling = register is not None and time - start <= _SETTLING and register > own + _SETTLED
        estimated = register is None or self.deviations >= _DEVIATIONS_TO_DISTRUST
        so_far = own if register is None or settling or estimated else register
        return Demand(
            start=start,
            time=time,
            so_far=so_far,
            power=power,
            coverage=(self._seen if estimated else elapsed) / _SECONDS,
            estimated=estimated,
        )

    def _close(self, last: Demand) -> ClosedQuarter:
        """Return the last quarter as it ended."""
        missed = timedelta(seconds=float(last.left)) <= _LONGEST_STEP
        if self._register is not None and missed and self._seen >= COUNTED_COVERAGE * _SECONDS:
            own = self._own(_SECONDS - last.left, last.power)
            tolerance = max(_TOLERANCE, own * _RELATIVE_TOLERANCE)
            self.deviations = self.deviations + 1 if abs(self._register - own) > tolerance else 0
        return ClosedQuarter(
            start=last.start,
            value=last.forecast if missed else last.so_far,
            coverage=min(Decimal(1), last.coverage + (last.left / _SECONDS if missed else 0)),
            estimated=last.estimated,
        )

    def save(self) -> dict[str, Any]:
        """Return what a restart within the quarter needs, as JSON has it."""
        return {
            "time": self.demand and self.demand.time.isoformat(),
            "power": self.demand and str(self.demand.power),
            "counter": None if self._counter is None else str(self._counter),
            "energy": str(self._energy),
            "seen": str(self._seen),
            "deviations": self.deviations,
        }

    @classmethod
    def restore(cls, saved: dict[str, Any]) -> Self:
        """Return what was saved."""
        demand = cls()
        demand.deviations = saved["deviations"]
        if saved["time"] is None or saved["counter"] is None:
            return demand
        demand._energy = Decimal(saved["energy"])
        demand._seen = Decimal(saved["seen"])
        demand._counter = Decimal(saved["counter"])
        time = datetime.fromisoformat(saved["time"])
        demand.demand = demand._demand(quarter_start(time), time, Decimal(saved["power"]))
        return demand


def _seconds(duration: timedelta) -> Decimal:
    """Return a duration in seconds."""
    return Decimal(str(duration.total_seconds()))
