"""One M-Bus meter: whether its counter never pauses, rises fast for long, or stands as it never did.

All limits are assumptions, and stand here. A pause is longer than what a small leak takes to move the last digit: with
litres, and readings every five minutes, water is seen from 1 litre an hour on, and gas from 4.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Self

from .guard import GAS, WATER
from .mbus import Medium

LASTS: Final = timedelta(days=1)
"""For how long something flows without a pause before that is a leak."""
LASTS_IN_USE: Final = timedelta(days=3)
"""For how long it does where an appliance may use it; and for so many times the longest that one did:"""
_USES: Final = 1.5
HOUR: Final = timedelta(hours=1)
"""For how long it flows fast before that is a leak."""
LEAST_STANDSTILL: Final = timedelta(days=28)
"""No shorter standstill is told, so that a holiday is not; nor one of less than so many times the longest:"""
_STANDSTILLS: Final = 1.5
LEAST_SILENCE: Final = timedelta(days=2)
"""No shorter time without a reading is told; nor one of less than so many times the longest:"""
_SILENCES: Final = 3
# Readings in between are not needed: few litres say nothing of a flow.
SAMPLE: Final = timedelta(minutes=4)
# What passes between two readings hides a pause if it is longer than so many pauses.
_HIDES: Final = 1.5


class Limits(NamedTuple):
    """What is a leak of gas or water; flows in m³/h."""

    pause: timedelta
    """The counter has to stand for this long once a day."""
    appliance: Decimal | None
    """What flows at least this fast in every hour may be used, and has to last for longer."""
    most: Decimal
    """What nothing in a home takes for an hour."""
    decimals: int
    """A counter with fewer is that of a larger site, of which nothing is known."""
    ceiling: Decimal
    """What the meter cannot count."""


LIMITS: Final[Mapping[Medium, Limits]] = MappingProxyType(
    {
        # At night nobody draws water for an hour. Two open taps give 1 m³/h; a burst pipe gives more.
        Medium.WATER: Limits(HOUR, None, Decimal(1), 0, WATER.rate),
        # A boiler pauses between two burns, or burns on with 1 kW or more in the cold. A G4 meter carries 6 m³/h, some
        # 60 kW; e-MUCS prints three decimals up to 10 m³/h, G6, and two for larger meters.
        Medium.GAS: Limits(timedelta(minutes=15), Decimal("0.1"), Decimal(6), 3, GAS.rate),
    }
)
# For how long a counter has to be known before its standstills are: but for water, a whole year.
_KNOWN_FOR: Final = {Medium.WATER: timedelta(days=28)}
_A_YEAR: Final = timedelta(days=365)


class MeterVerdict(NamedTuple):
    """What is known of a meter."""

    medium: Medium
    flows_on: bool | None = None
    """Whether it has not paused for a day; None while that cannot be told."""
    flows_fast: bool = False
    stands_since: datetime | None = None
    """Since when its counter stands, if it never did for so long."""
    silent_since: datetime | None = None
    """When it was read last, if it never was silent for so long."""

    @property
    def leak(self) -> bool | None:
        """Return whether there seems to be a leak; None while that cannot be told."""
        return True if self.flows_fast else self.flows_on


@dataclass(slots=True)
class MeterWatch:
    """Follows the counter of a meter. Times are in UTC, and volumes in m³."""

    medium: Medium
    known: datetime
    """When it was seen first."""
    seen: datetime
    """When a telegram had it last."""
    time: datetime
    """Of the latest reading that counts."""
    value: Decimal
    since: datetime
    """Since when it stands at this value."""
    runs: datetime
    """Since when it has not paused, as far as is known."""
    hour: datetime
    """When the running hour of that began, and at which value:"""
    hour_value: Decimal
    least: Decimal | None = None
    """The lowest flow of an hour since it paused."""
    fast: datetime | None = None
    """Since when it has flowed fast."""
    longest_use: timedelta = timedelta()
    """For how long an appliance has not paused at most until now."""
    longest: timedelta = timedelta()
    """Its longest standstill until now."""
    slowest: timedelta = timedelta()
    """The longest time for which the same reading was the latest."""
    has_advanced: bool = False
    """Whether a second reading was seen: one that was dead from the start is not told."""
    flows_on: bool | None = None
    flows_fast: bool = False
    stands: bool = False
    is_silent: bool = False

    @classmethod
    def begin(cls, medium: Medium, time: datetime, value: Decimal, now: datetime) -> Self:
        """Begin with a first reading; how old it says to be may be wrong."""
        time = max(time, now - LASTS)
        return cls(medium, now, now, time, value, time, time, time, value)

    def feed(self, time: datetime, value: Decimal, now: datetime) -> None:
        """Take the latest reading, new or not; `time` is no later than now."""
        if self.time > now:
            # The clock was wrong.
            self._start_over(time, value)
            self.known = min(self.known, now)
        interval, before, self.seen = time - self.time, self.seen, now
        if interval >= SAMPLE:
            if not self.is_silent:
                self.slowest = max(self.slowest, before - self.time)
            self._take(time, value, interval)
        self.is_silent = self.has_advanced and now - self.time > max(LEAST_SILENCE, self.slowest * _SILENCES)

    def _take(self, time: datetime, value: Decimal, interval: timedelta) -> None:
        """Take a later reading."""
        step, limits = value - self.value, LIMITS.get(self.medium)
        flow = step / Decimal(interval / HOUR)
        if step < 0 or (limits is not None and flow > limits.ceiling):
            self._start_over(time, value)
            return
        if step:
            self.longest = max(self.longest, self.time - self.since)
            self.since, self.stands = time, False
        else:
            longest = max(LEAST_STANDSTILL, self.longest * _STANDSTILLS)
            is_known = self.since - self.known >= _KNOWN_FOR.get(self.medium, _A_YEAR)
            self.stands = is_known and time - self.since > longest
        if limits is not None:
            self._follow_run(limits, time, value, interval)
            is_seen = interval <= HOUR * _HIDES and _decimals(value) >= limits.decimals
            self._follow_flow(time, is_fast=is_seen and flow >= limits.most)
        self.time, self.value, self.has_advanced = time, value, True

    def _follow_run(self, limits: Limits, time: datetime, value: Decimal, interval: timedelta) -> None:
        """Look for a pause."""
        is_used = limits.appliance is not None and self.least is not None and self.least >= limits.appliance
        has_paused = time - self.since >= limits.pause
        if has_paused or interval > limits.pause * _HIDES:
            if is_used:
                self.longest_use = max(self.longest_use, self.time - self.runs)
            self.flows_on = False if has_paused else self.flows_on
            self.runs = self.hour = time
            self.hour_value, self.least = value, None
            return
        if time - self.hour >= HOUR:
            flow = (value - self.hour_value) / Decimal((time - self.hour) / HOUR)
            self.least = flow if self.least is None else min(self.least, flow)
            self.hour, self.hour_value = time, value
        if time - self.runs >= (max(LASTS_IN_USE, self.longest_use * _USES) if is_used else LASTS):
            self.flows_on = True

    def _follow_flow(self, time: datetime, *, is_fast: bool) -> None:
        """Look for a fast flow that lasts."""
        if not is_fast:
            self.fast = None
        elif self.fast is None:
            self.fast = self.time
        self.flows_fast = self.fast is not None and time - self.fast >= HOUR

    def _start_over(self, time: datetime, value: Decimal) -> None:
        """Go on from a reading that does not follow from those before."""
        self.time = self.since = self.runs = self.hour = time
        self.value = self.hour_value = value
        self.forget()

    def forget(self) -> None:
        """Say nothing of it: it is not there any more, or another one."""
        self.least = self.fast = self.flows_on = None
        self.flows_fast = self.stands = self.is_silent = False

    def verdict(self, *, is_replaced: bool) -> MeterVerdict:
        """Return what is known of the meter; one that was replaced is silent for good."""
        return MeterVerdict(
            self.medium,
            self.flows_on,
            self.flows_fast,
            self.since if self.stands else None,
            self.time if self.is_silent and not is_replaced else None,
        )

    def save(self) -> dict[str, Any]:
        """Return all of it, in types of JSON."""
        return {field.name: _saved(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def restore(cls, saved: Mapping[str, Any]) -> Self:
        """Return what was saved. What is wrong with it raises one of Python's own errors."""
        return cls(
            medium=Medium(saved["medium"]),
            known=_time(saved["known"]),
            seen=_time(saved["seen"]),
            time=_time(saved["time"]),
            value=_number(saved["value"]),
            since=_time(saved["since"]),
            runs=_time(saved["runs"]),
            hour=_time(saved["hour"]),
            hour_value=_number(saved["hour_value"]),
            least=None if saved["least"] is None else _number(saved["least"]),
            fast=None if saved["fast"] is None else _time(saved["fast"]),
            longest_use=timedelta(seconds=float(saved["longest_use"])),
            longest=timedelta(seconds=float(saved["longest"])),
            slowest=timedelta(seconds=float(saved["slowest"])),
            has_advanced=bool(saved["has_advanced"]),
            flows_on=None if saved["flows_on"] is None else bool(saved["flows_on"]),
            flows_fast=bool(saved["flows_fast"]),
            stands=bool(saved["stands"]),
            is_silent=bool(saved["is_silent"]),
        )


def _decimals(value: Decimal) -> int:
    """Return how many decimals a number is printed with."""
    exponent = value.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _saved(value: object) -> object:
    """Return a value in types of JSON."""
    match value:
        case datetime():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Decimal():
            return str(value)
    return value


def _time(text: str) -> datetime:
    """Return a time that was saved, in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def _number(text: str) -> Decimal:
    """Return a number that was saved; ValueError where it is none."""
    number = Decimal(text)
    if not number.is_finite():
        raise ValueError(text)
    return number
