"""The meter's clock: whether quarters and months can be dated by it, and whether it differs from the host's."""

from datetime import UTC, datetime, timedelta
from typing import Final

EARLIEST: Final = datetime(2019, 1, 1, tzinfo=UTC)
"""Digital meters have been installed in Belgium since 2019: a clock that shows an earlier time was never set."""
HOST_EARLIEST: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""This was written later: a host that shows an earlier time has no battery, and has not asked for the time yet."""
TOLERANCE: Final = timedelta(minutes=2)
"""How far the clocks may be apart; telegrams are seconds late at most."""
LASTING: Final = timedelta(minutes=15)
"""How long they have to be before that is said, and how long a clock that has jumped has to go on."""
FROZEN_AFTER: Final = timedelta(minutes=1)
"""How long telegrams show the same time before the clock is taken to stand still."""
JUMP: Final = timedelta(days=1)
"""No clock is corrected by this much in operation, and no month may be closed early by it."""


def is_date(time: datetime, now: datetime) -> bool:
    """Tell whether something can have happened at a time, by a clock that shows now."""
    return EARLIEST <= time <= now + JUMP


class MeterClock:
    """Follows the clock of a meter. Values never depend on it; quarters and months need a usable clock.

    It is judged by its own continuity: one that goes on from where it was is right, whatever the host's does meanwhile.
    One that has jumped is either wrong or was before. It is followed where it jumped to the host's time, as two clocks
    that agree are right, or once it has gone on from there for a while.
    """

    def __init__(self) -> None:
        """Start with nothing known."""
        self.deviation: timedelta | None = None
        """How far the meter is ahead; None while that cannot be told."""
        self.is_frozen = False
        self.is_usable = True
        """Whether quarters and months can be dated by it."""
        self.off_since: datetime | None = None
        self._stood = timedelta()  # for how long it has shown the same time, by the host's clock
        self._before: _Both | None = None  # the times of the telegram before
        self._usable: _Both | None = None  # those of the latest one that could be dated
        self._jumped_to: datetime | None = None  # where the meter's clock went on from when it jumped

    def feed(self, time: datetime | None, host: datetime) -> bool:
        """Take the time in a telegram and the host's; return whether quarters and months can be dated by it."""
        if time is None:
            return self.is_usable
        self._look_whether_it_stands(time, host)
        self.deviation = time - host if host >= HOST_EARLIEST else None
        is_off = self.deviation is not None and abs(self.deviation) > TOLERANCE
        self.off_since = (self.off_since or host) if is_off else None
        self.is_usable = time >= EARLIEST and not self.is_frozen and self._goes_on(time, host)
        self._before = time, host
        if self.is_usable:
            self._usable = time, host
            self._jumped_to = None
        return self.is_usable

    def _look_whether_it_stands(self, time: datetime, host: datetime) -> None:
        """Take whether the meter shows the same time for long; a host that is set meanwhile measures nothing."""
        if self._before is None or time != self._before[0]:
            self._stood = timedelta()
        elif timedelta() < (passed := host - self._before[1]) <= JUMP:
            self._stood += passed
        self.is_frozen = self._stood >= FROZEN_AFTER

    def _goes_on(self, time: datetime, host: datetime) -> bool:
        """Tell whether a clock has not jumped, or to where it can be right."""
        if self._usable is None or _goes_on_from(self._usable, time, host):
            return True
        if self._jumped_to is None or self._before is None or not _goes_on_from(self._before, time, host):
            self._jumped_to = time
        agrees = host >= HOST_EARLIEST and abs(time - host) <= JUMP
        return agrees or time - self._jumped_to >= LASTING

    def is_off(self, host: datetime) -> bool:
        """Tell whether it has been off for long enough to say so; `host` is the host's time now."""
        return self.off_since is not None and host - self.off_since >= LASTING


type _Both = tuple[datetime, datetime]
"""The meter's time and the host's at one moment."""


def _goes_on_from(then: _Both, time: datetime, host: datetime) -> bool:
    """Tell whether a clock has gone on since then: by little, or by as much as the host's, but for corrections."""
    passed = time - then[0]
    return abs(passed) <= JUMP or abs(passed - (host - then[1])) <= JUMP
