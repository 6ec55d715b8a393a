"""A counter that may only rise, and only so fast; other readings need confirmation."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple, Self

from ..port import Dimension, Register, unit_of
from .ceiling import Ceiling

SHORTEST: Final = timedelta(seconds=10)
"""Least time taken to have passed between two readings, as clocks stand still, or go back."""
LONGEST: Final = timedelta(days=1)
"""Cap on the time that has passed, so that a clock that jumps by years cannot justify any step. What was counted in a
longer outage may have to be confirmed."""
RISE_LASTS: Final = timedelta(minutes=1)
"""How long a counter has to stay where it cannot have come so fast, before that is believed."""
FALL_LASTS: Final = timedelta(minutes=15)
"""How long it has to stay below what it was: a meter cannot fall, and statistics would begin anew."""
PATIENCE: Final = timedelta(minutes=15)
"""After this long, readings that fit neither what was known nor each other are the truth after all."""
PATIENT_READINGS: Final = 10
"""And after so many."""

# A gap between two readings confirms no more than this: much may happen unseen.
_LONGEST_STEP: Final = FALL_LASTS / 3
# What passes between two readings of a meter without a clock (DSMR 2 and 3), and of one whose clock does not go on.
_WITHOUT_CLOCK: Final = SHORTEST
_STOPPED_CLOCK: Final = timedelta(seconds=1)
_NONE: Final = timedelta()
_HOUR: Final = timedelta(hours=1)
_SHORTEST_IN_HOURS: Final = Decimal(str(SHORTEST / _HOUR))
_NO_UNIT: Final = (Dimension.VOLUME, Decimal(1))  # gas meters that were not read yet print none, and count m³


class Reading(NamedTuple):
    """A reading in base units of its dimension, how many of them one unit of the register is, and its time."""

    register: Register
    dimension: Dimension
    value: Decimal
    scale: Decimal
    time: datetime | None

    @property
    def digit(self) -> Decimal:
        """Return the value of one in the last printed digit."""
        number = self.register.number
        exponent = 0 if number is None else number.as_tuple().exponent
        return self.scale.scaleb(exponent) if isinstance(exponent, int) else self.scale


class Verdict(NamedTuple):
    """What to show of a counter."""

    register: Register
    is_withheld: bool = False
    """Whether this is an older reading, as the printed one is not believed yet."""
    is_restart: bool = False
    """Whether the counter was reset: the step from the reading before was not consumed."""


def reading_of(register: Register, time: datetime | None) -> Reading | None:
    """Return the reading of a register at a time; None if it has no number or its unit is unknown."""
    number = register.number
    if number is None:
        return None
    if register.unit is None:
        dimension, scale = _NO_UNIT
    elif (unit := unit_of(register.unit)) is not None:
        dimension, scale = unit.dimension, unit.scale
    else:
        return None
    return Reading(register, dimension, number * scale, scale, time)


class Counter:
    """Follows a counter. It survives a restart by `save` and `restore`.

    A reading that is further on than can have been counted, or behind, is believed when those that follow have gone on
    from it for a while. Until then the latest good one stands in. A fall by the last digit, as from rounding, is never
    believed.
    """

    __slots__ = ("_confirmed", "_doubted", "_doubted_for", "_doubts", "_seen", "good")

    def __init__(self, reading: Reading) -> None:
        """Start with a first reading, which is believed."""
        self.good = reading
        self._seen = reading.time  # when the latest good reading was printed last
        self._doubted: Reading | None = None  # the latest reading that was not believed
        self._confirmed = _NONE  # for how long such readings have gone on from each other
        self._doubted_for = _NONE  # since the first of them
        self._doubts = 0

    def feed(self, reading: Reading, ceiling: Ceiling) -> Verdict:
        """Take a reading, and how much can be counted at most."""
        if reading.dimension is not self.good.dimension or self.follows(reading, ceiling):
            return self._believe(reading)
        if 0 < self.good.value - reading.value <= max(self.good.digit, reading.digit):
            self._trust_good()
            return Verdict(self.good.register, is_withheld=True)
        if self._is_confirmed(reading, ceiling):
            return self._believe(reading)._replace(is_restart=True)
        return Verdict(self.good.register, is_withheld=True)

    def repeat(self, time: datetime | None) -> None:
        """Take the latest good reading again."""
        self._seen = time
        if self._doubts:
            self._trust_good()

    def follows(self, reading: Reading, ceiling: Ceiling) -> bool:
        """Tell whether a reading can be a later one than the latest good one."""
        return reading.dimension is self.good.dimension and _follows(self.good, self._seen, reading, ceiling)

    def _believe(self, reading: Reading) -> Verdict:
        """Go on from a reading."""
        self.good = reading
        self._seen = reading.time
        self._trust_good()
        return Verdict(reading.register)

    def _trust_good(self) -> None:
        """Forget what was doubted."""
        self._doubted = None
        self._confirmed = self._doubted_for = _NONE
        self._doubts = 0

    def _is_confirmed(self, reading: Reading, ceiling: Ceiling) -> bool:
        """Take a reading that cannot be; tell whether it has been confirmed for long enough."""
        before = self._doubted
        if before is not None and _is_same(before, reading):
            # Telegrams that repeat what was read of an M-Bus meter once are no second reading.
            return False
        self._doubted = reading
        self._doubts += 1
        if before is None:
            return False
        passed = _passed(before, reading)
        self._doubted_for += passed
        self._confirmed = self._confirmed + passed if self._agree(before, reading, ceiling) else _NONE
        lasts = RISE_LASTS if reading.value > self.good.value else FALL_LASTS
        is_patience_over = self._doubted_for >= PATIENCE and self._doubts > PATIENT_READINGS
        return self._confirmed >= lasts or is_patience_over

    def _agree(self, before: Reading, reading: Reading, ceiling: Ceiling) -> bool:
        """Tell whether a doubted reading goes on from another, at most as fast as that one was reached."""
        if reading.dimension is not before.dimension:
            return False
        return (
            _follows(before, before.time, reading, ceiling)
            or 0 <= reading.value - before.value <= before.value - self.good.value
        )

    def save(self) -> list[str | None]:
        """Return the latest good reading, as JSON has it."""
        register, time = self.good.register, self._seen
        return [
            str(register.value),
            register.unit,
            None if register.time is None else register.time.isoformat(),
            None if time is None else time.isoformat(),
        ]

    @classmethod
    def restore(cls, saved: list[str | None]) -> Self | None:
        """Restore what was saved, or return None if its unit is not known any more."""
        value, unit, printed, time = saved
        register = Register(Decimal(str(value)), unit, datetime.fromisoformat(printed) if printed else None)
        reading = reading_of(register, datetime.fromisoformat(time) if time else None)
        return None if reading is None else cls(reading)


def _follows(before: Reading, seen: datetime | None, reading: Reading, ceiling: Ceiling) -> bool:
    """Tell whether a reading can follow another one, which was last seen at a time."""
    step = reading.value - before.value
    if step < 0:
        return False
    if step <= ceiling.rate * _SHORTEST_IN_HOURS:
        # Nearly all readings: such a step needs no time.
        return True
    passed = SHORTEST
    if seen is not None and reading.time is not None:
        passed = min(max(reading.time - seen, SHORTEST), LONGEST)
    return step <= max(before.digit, reading.digit) + ceiling.most(passed)


def _passed(before: Reading, reading: Reading) -> timedelta:
    """Return for how long a reading confirms the one before."""
    if before.time is None or reading.time is None:
        return _WITHOUT_CLOCK
    passed = reading.time - before.time
    return min(passed, _LONGEST_STEP) if passed > _NONE else _STOPPED_CLOCK


def _is_same(one: Reading, other: Reading) -> bool:
    """Tell whether two readings are the same one, dated by the M-Bus meter itself."""
    time = one.register.time
    return time is not None and time == other.register.time and one.value == other.value


def save_counters(counters: Mapping[str, Counter]) -> dict[str, Any]:
    """Return counters as JSON has them."""
    return {key: counter.save() for key, counter in counters.items()}


def restore_counters(saved: Mapping[str, Any]) -> dict[str, Counter]:
    """Return the counters that were saved."""
    restored = {key: Counter.restore(each) for key, each in saved.items()}
    return {key: counter for key, counter in restored.items() if counter is not None}
