"""The running quarter: its demand so far, its forecast, and the power budget that is left."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple, Self

from ..port import Telegram, obis
from .electricity import energy_import, import_power, in_unit, total

QUARTER: Final = timedelta(minutes=15)
COUNTED_COVERAGE: Final = Decimal("0.9")
"""Share of a quarter that must have been seen for it to count as a peak."""

_SECOND: Final = timedelta(seconds=1)
_SECONDS: Final = Decimal(900)
QUARTERS_AN_HOUR: Final = 4
_SECONDS_AN_HOUR: Final = Decimal(3600)
# Between two telegrams further apart, in seconds, only the counter tells what was imported.
_LONGEST_STEP: Final = Decimal(10)
# Energy counted across the end of a quarter can be split if one side is no longer than this, in seconds.
_LONGEST_SHARED: Final = Decimal(60)
# A slow port has lost no telegram if the next one comes within so many periods.
_IRREGULAR: Final = Decimal("1.5")
# Quarters that a clock closed while it was a day or more ahead say nothing of today's.
_SET_BACK: Final = timedelta(days=1)
# Right after a quarter began a meter may still print the demand of the last one.
_SETTLING: Final = Decimal(5)
_SETTLED: Final = Decimal("0.1")
# The rest of a quarter that a budget is spread over, at least, in seconds.
_SHORTEST_REST: Final = Decimal(10)
# Over less than this, in seconds, a mean shows no more than the last digit of the counter.
_SHORTEST_MEAN: Final = Decimal(60)
# How far 1.4.0 may be from what the counter says: kW, and share.
_TOLERANCE: Final = Decimal("0.05")
_RELATIVE_TOLERANCE: Final = Decimal("0.05")
# The register was wrong in a quarter if it was further off for this share of the time.
_OFF_SHARE: Final = Decimal("0.25")
# It was right if it was off for no more than this share.
_RIGHT_SHARE: Final = Decimal("0.05")
# Only a quarter of at least so many kW says that it was right: near zero, any quantity would agree.
_TELLING: Final = Decimal("0.25")
_DEVIATIONS_TO_DISTRUST: Final = 2


def quarter_start(time: datetime) -> datetime:
    """Return the start, in UTC, of the clock quarter that a time is in; local quarters are UTC's."""
    utc = time.astimezone(UTC)
    return utc.replace(minute=utc.minute - utc.minute % 15, second=0, microsecond=0)


def has_quarters(telegram: Telegram) -> bool:
    """Tell whether quarters can be followed: the meter prints its time, and imported power or energy."""
    return telegram.time is not None and (import_power(telegram) is not None or energy_import(telegram) is not None)


class Demand(NamedTuple):
    """The running quarter at one moment. Powers in kW: energy of the quarter over 15 minutes."""

    start: datetime
    time: datetime
    so_far: Decimal
    """The demand of the quarter if nothing more is imported."""
    power: Decimal
    """What is imported at this moment."""
    coverage: Decimal
    """The share of the quarter that was seen, 0 to 1."""
    estimated: bool
    """Whether it is derived from counter and power, as the meter does not print it, or prints it wrong."""

    @property
    def left(self) -> Decimal:
        """Return the seconds until the quarter ends."""
        return _SECONDS - _seconds(self.time - self.start)

    @property
    def forecast(self) -> Decimal:
        """Return the demand of the quarter if the power stays as it is."""
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
    by e-MUCS P1 1.7.1: therefore it is compared with the counter all the time, as the average over the time that has
    passed would only differ before the end of a quarter). Other meters give the same from their import counter.
    """

    def __init__(self) -> None:
        """Start without a quarter."""
        self.demand: Demand | None = None
        self.deviations = 0
        """In how many consecutive quarters, up to the latest one, 1.4.0 differed from the counter."""
        self._energy = Decimal()  # kWh seen in this quarter
        self._seen = Decimal()  # seconds of it seen
        self._off = Decimal()  # seconds of it in which 1.4.0 was not what the counter says
        self._counter: Decimal | None = None
        self._period = Decimal()  # seconds between the latest two telegrams
        self._register: Decimal | None = None  # the latest 1.4.0
        self._closed: ClosedQuarter | None = None
        self._is_whole = True  # whether the latest telegram told all

    def feed(self, telegram: Telegram, *, counter_is_doubted: bool = False) -> ClosedQuarter | None:
        """Take a telegram; return the quarter that it ends.

        A counter that is doubted stands still, and later catches up at once: until then, power tells what is imported.
        """
        if telegram.time is None:
            return None
        time = telegram.time.astimezone(UTC)
        start = quarter_start(time)
        last, closed = self.demand, None
        # While a part of what is summed up is silent, nothing of a quarter is known by the rest.
        is_seen, self._is_whole = self._is_whole and telegram.is_whole, telegram.is_whole
        counter = None if counter_is_doubted or not telegram.is_whole else energy_import(telegram)
        passed = Decimal() if last is None else _seconds(time - last.time)
        power = import_power(telegram)
        if power is None:
            power = self._mean_power(counter, passed)
        if power is None:
            return None
        if last is None or time < last.time:
            self._begin(Decimal(), Decimal())
        else:
            energy, seen = self._step(counter, last, passed) if is_seen else (Decimal(), Decimal())
            if last.start == start:
                self._energy += energy
                self._seen += seen
            else:
                after = _seconds(time - start)
                near = is_seen and self._is_near(counter, last, after, passed)
                closed = self._close(last, energy * last.left / passed if near else None)
                if start == last.start + QUARTER:
                    closed = _by_register(closed, telegram, after)
                self._begin(energy * after / passed if near else Decimal(), after if near else Decimal())
        self._counter = counter
        self._period = passed
        self._register = in_unit(total(telegram, obis.DEMAND), "kW")
        self.demand = self._demand(start, time, power)
        if self._is_off(self.demand):
            self._off += min(passed, _SECONDS - self.demand.left)
        return None if closed is None or self._is_known(closed) else closed

    def _is_known(self, closed: ClosedQuarter) -> bool:
        """Tell whether a quarter was closed before, by a clock that was set back since; note it if not."""
        before = self._closed
        if before is not None and timedelta() <= before.start - closed.start <= _SET_BACK:
            # One of which just a part was seen gives way to the whole.
            same = before.start == closed.start
            if not same or before.counts or not closed.counts:
                return True
        self._closed = closed
        return False

    def forget_counter(self) -> None:
        """Take no energy from the counter until the next telegram: it was reset, or is another meter's."""
        self._counter = None

    def _begin(self, energy: Decimal, seen: Decimal) -> None:
        """Begin a quarter of which this much was seen."""
        self._energy = energy
        self._seen = seen
        self._off = Decimal()

    def _mean_power(self, counter: Decimal | None, passed: Decimal) -> Decimal | None:
        """Return the power in kW since the last telegram by the counter, where a meter prints no power."""
        if counter is None:
            return None
        if self._counter is None or counter < self._counter or passed <= 0:
            return Decimal()
        return (counter - self._counter) * _SECONDS_AN_HOUR / passed

    def _is_near(self, counter: Decimal | None, last: Demand, after: Decimal, passed: Decimal) -> bool:
        """Return whether a telegram follows the last one so closely that both sides of a quarter's end are known."""
        if passed <= _LONGEST_STEP:
            return True
        known = counter is not None and self._counter is not None and counter >= self._counter
        regular = passed <= self._period * _IRREGULAR and passed == last.left + after
        return known and regular and min(last.left, after) <= _LONGEST_SHARED

    def _step(self, counter: Decimal | None, last: Demand, passed: Decimal) -> tuple[Decimal, Decimal]:
        """Return the energy in kWh since the last telegram, and for how many seconds of that it is known."""
        if counter is not None and self._counter is not None and counter >= self._counter:
            return counter - self._counter, passed
        known = min(passed, _LONGEST_STEP)
        return last.power * known / _SECONDS_AN_HOUR, known

    def _own(self, elapsed: Decimal, power: Decimal) -> Decimal:
        """Return the demand so far by the counter; the unseen part is taken to be like the seen one."""
        unseen = elapsed - self._seen
        mean = self._energy * _SECONDS_AN_HOUR / self._seen if self._seen >= _SHORTEST_MEAN else power
        return self._energy * QUARTERS_AN_HOUR + mean * unseen / _SECONDS

    def _demand(self, start: datetime, time: datetime, power: Decimal) -> Demand:
        """Return the running quarter, by the register if there is one that can be trusted."""
        elapsed = _seconds(time - start)
        register = self._register
        estimated = register is None or self.deviations >= _DEVIATIONS_TO_DISTRUST
        if register is None or estimated or elapsed <= _SETTLING:
            own = self._own(elapsed, power)
            so_far = own if register is None or estimated or register > own + _SETTLED else register
        else:
            so_far = register
        return Demand(
            start=start,
            time=time,
            so_far=so_far,
            power=power,
            coverage=(self._seen if estimated else elapsed) / _SECONDS,
            estimated=estimated,
        )

    def _is_off(self, demand: Demand) -> bool:
        """Return whether the register differs from the counter."""
        elapsed = _SECONDS - demand.left
        if self._register is None or elapsed <= _SETTLING:
            return False
        own = self._own(elapsed, demand.power)
        return not _agree(self._register, own)

    def _close(self, last: Demand, rest: Decimal | None) -> ClosedQuarter:
        """Return the last quarter as it ended; `rest` is the energy in kWh since it was last seen, where known."""
        if rest is None:
            return ClosedQuarter(start=last.start, value=last.so_far, coverage=last.coverage, estimated=last.estimated)
        self._energy += rest
        self._seen += last.left
        own = self._own(_SECONDS, last.power)
        if self._register is not None and self._seen >= COUNTED_COVERAGE * _SECONDS:
            self._judge(own)
        return ClosedQuarter(
            start=last.start,
            # What is drawn at one moment says little of minutes.
            value=own if last.estimated or last.left > _LONGEST_STEP else last.forecast,
            coverage=self._seen / _SECONDS if last.estimated else Decimal(1),
            estimated=last.estimated,
        )

    def _judge(self, own: Decimal) -> None:
        """Count whether the register was right in a quarter of this demand."""
        if self._off >= self._seen * _OFF_SHARE:
            self.deviations += 1
        elif self._off <= self._seen * _RIGHT_SHARE and own >= _TELLING:
            self.deviations = 0

    def save(self) -> dict[str, Any]:
        """Return what a restart within the quarter needs, as JSON has it."""
        return {
            "time": self.demand and self.demand.time.isoformat(),
            "power": self.demand and str(self.demand.power),
            "counter": None if self._counter is None else str(self._counter),
            "energy": str(self._energy),
            "seen": str(self._seen),
            "off": str(self._off),
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
        demand._off = Decimal(saved["off"])
        demand._counter = Decimal(saved["counter"])
        time = datetime.fromisoformat(saved["time"])
        demand.demand = demand._demand(quarter_start(time), time, Decimal(saved["power"]))
        return demand


def _by_register(closed: ClosedQuarter, telegram: Telegram, after: Decimal) -> ClosedQuarter:
    """Return a quarter that has just ended by the meter's own 1.5.0, if that agrees or nothing else is known.

    How soon after the end of a quarter a meter prints it, and whether its interval is a quarter, is not public of A1.
    """
    register = in_unit(total(telegram, obis.LAST_DEMAND), "kW")
    if register is None or after <= _SETTLING:
        agrees = register is not None and closed.counts and _agree(register, closed.value)
    else:
        agrees = not closed.counts or _agree(register, closed.value)
    if not agrees or register is None:
        return closed
    return ClosedQuarter(start=closed.start, value=register, coverage=Decimal(1), estimated=False)


def _agree(register: Decimal, own: Decimal) -> bool:
    """Return whether a register is what follows from counter and power."""
    return abs(register - own) <= max(_TOLERANCE, own * _RELATIVE_TOLERANCE)


def _seconds(duration: timedelta) -> Decimal:
    """Return a duration in seconds; meters print whole ones."""
    return Decimal(duration // _SECOND)
