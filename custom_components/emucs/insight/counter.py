"""One counter of a meter, which only goes forward, and only so fast: what else it says has to be said again."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple, Self

from ..port import Dimension, Register, unit_of

SHORTEST: Final = timedelta(seconds=10)
"""What passes between two telegrams at least, as far as a counter is concerned: clocks stand still, or go back."""
LONGEST: Final = timedelta(days=1)
"""What is believed to have passed at most: a clock that jumps by years shall not excuse everything. A counter that
was not seen for longer is believed a telegram later at worst."""
FORWARD_CONFIRMATIONS: Final = 1
BACK_CONFIRMATIONS: Final = 3
"""A counter that goes back makes statistics begin anew: of that one has to be more certain."""
PATIENCE: Final = 10
"""Values in a row that fit neither what was known nor each other are the truth after all."""

_HOUR: Final = timedelta(hours=1)
_SHORTEST_IN_HOURS: Final = Decimal(str(SHORTEST / _HOUR))
_NO_UNIT: Final = (Dimension.VOLUME, Decimal(1))  # gas meters that were not read yet print none, and count m³


class Reading(NamedTuple):
    """What a counter says, in base units of its dimension, of which it counts in so many, and when it was that."""

    register: Register
    dimension: Dimension
    value: Decimal
    scale: Decimal
    time: datetime | None

    @property
    def digit(self) -> Decimal:
        """Return what one is in the last digit that is printed."""
        number = self.register.number
        exponent = 0 if number is None else number.as_tuple().exponent
        return self.scale.scaleb(exponent) if isinstance(exponent, int) else self.scale


class Verdict(NamedTuple):
    """What is to be shown of a counter."""

    register: Register
    is_withheld: bool = False
    """Whether this is an older reading than the meter's, which is not believed yet."""
    is_restart: bool = False
    """Whether the counter was set: what lies between this reading and the one before was not consumed."""


def reading_of(register: Register, time: datetime | None) -> Reading | None:
    """Return the reading in a register that held at a time; None where it has no number or its unit is unknown."""
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

    A reading that is further on than can have been counted is believed when the next one goes on from it; one that is
    behind, when three more do. Until then the latest good one stands in. A fall by the last digit, as from rounding,
    is never believed.
    """

    __slots__ = ("_confirmations", "_doubted", "_doubts", "_seen", "good")

    def __init__(self, reading: Reading) -> None:
        """Start with a first reading, which there is nothing to compare with."""
        self.good = reading
        self._seen = reading.time  # when the latest good reading was printed last
        self._doubted: Reading | None = None
        self._confirmations = 0
        self._doubts = 0

    def feed(self, reading: Reading, ceiling: Decimal) -> Verdict:
        """Take a reading; `ceiling` is what can be counted in an hour at most, in base units."""
        if reading.dimension is not self.good.dimension or self.follows(reading, ceiling):
            return self._believe(reading)
        if 0 < self.good.value - reading.value <= max(self.good.digit, reading.digit):
            self._trust_good()
            return Verdict(self.good.register, is_withheld=True)
        if self._is_confirmed(reading, ceiling):
            return self._believe(reading)._replace(is_restart=True)
        return Verdict(self.good.register, is_withheld=True)

    def repeat(self, time: datetime | None) -> None:
        """Take the latest good reading once more."""
        self._seen = time
        if self._doubts:
            self._trust_good()

    def follows(self, reading: Reading, ceiling: Decimal) -> bool:
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
        self._confirmations = self._doubts = 0

    def _is_confirmed(self, reading: Reading, ceiling: Decimal) -> bool:
        """Take a reading that cannot be; tell whether it is confirmed what came before it."""
        before = self._doubted
        if before is not None and reading.value < self.good.value and _is_same(before, reading):
            # Telegrams that repeat what was read of an M-Bus meter once are no second reading: a zero would pass.
            return False
        self._doubted = reading
        self._doubts += 1
        self._confirmations += 1
        if before is None or not self._agree(before, reading, ceiling):
            self._confirmations = 0
        needed = FORWARD_CONFIRMATIONS if reading.value > self.good.value else BACK_CONFIRMATIONS
        return self._confirmations >= needed or self._doubts > PATIENCE

    def _agree(self, before: Reading, reading: Reading, ceiling: Decimal) -> bool:
        """Tell whether a doubted reading goes on from another one, where need be as fast as that one came there."""
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
        """Return what was saved, or None where it means nothing any more."""
        value, unit, printed, time = saved
        register = Register(Decimal(str(value)), unit, datetime.fromisoformat(printed) if printed else None)
        reading = reading_of(register, datetime.fromisoformat(time) if time else None)
        return None if reading is None else cls(reading)


def _follows(before: Reading, seen: datetime | None, reading: Reading, ceiling: Decimal) -> bool:
    """Tell whether a reading can be a later one than another, which was seen last at a time."""
    step = reading.value - before.value
    if step < 0:
        return False
    if step <= ceiling * _SHORTEST_IN_HOURS:
        # As nearly all are: so much is believed of any time.
        return True
    passed = SHORTEST
    if seen is not None and reading.time is not None:
        passed = min(max(reading.time - seen, SHORTEST), LONGEST)
    return step <= max(before.digit, reading.digit) + ceiling * Decimal(str(passed / _HOUR))


def _is_same(one: Reading, other: Reading) -> bool:
    """Tell whether two readings are one, dated by the M-Bus meter itself."""
    time = one.register.time
    return time is not None and time == other.register.time and one.value == other.value


def save_counters(counters: Mapping[str, Counter]) -> dict[str, Any]:
    """Return counters as JSON has them."""
    return {key: counter.save() for key, counter in counters.items()}


def restore_counters(saved: Mapping[str, Any]) -> dict[str, Counter]:
    """Return the counters that were saved."""
    restored = {key: Counter.restore(each) for key, each in saved.items()}
    return {key: counter for key, counter in restored.items() if counter is not None}
