"""The meter's clock against that of Home Assistant: whether months can be dated by it, and whether it is off."""

from datetime import UTC, datetime, timedelta
from typing import Final

EARLIEST: Final = datetime(2019, 1, 1, tzinfo=UTC)
"""Digital meters are placed in Belgium since 2019: a clock that says less was never set."""
HOST_EARLIEST: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""This was written later: a host without a battery that says less has not asked for the time yet."""
TOLERANCE: Final = timedelta(minutes=2)
"""How far the clocks may be apart; telegrams are seconds late at most."""
LASTING: Final = timedelta(minutes=15)
"""How long they have to be, before that is said."""
FROZEN_AFTER: Final = timedelta(minutes=1)
"""How long telegrams with one and the same time come before the clock is taken to stand still."""
JUMP: Final = timedelta(days=1)
"""By this much no clock is corrected in operation, and no month is to be closed early."""


def is_date(time: datetime, now: datetime) -> bool:
    """Tell whether something can have happened at a time, by a clock that shows now."""
    return EARLIEST <= time <= now + JUMP


class MeterClock:
    """Follows the clock of a meter. Whatever it says, values flow; quarters and months wait for a clock that goes."""

    def __init__(self) -> None:
        """Start with nothing known."""
        self.deviation: timedelta | None = None
        """How far the meter is ahead; None while that cannot be told."""
        self.is_frozen = False
        self.is_usable = True
        """Whether quarters and months can be dated by it."""
        self.off_since: datetime | None = None
        self._last: datetime | None = None
        self._changed: datetime | None = None
        self._anchor: tuple[datetime, datetime] | None = None  # the latest time that was usable, and the host's
        self._jumped: datetime | None = None
        self._before: tuple[datetime, datetime] | None = None  # the time in the telegram before, and the host's

    def feed(self, time: datetime | None, host: datetime) -> bool:
        """Take the time in a telegram and the host's; return whether quarters and months can be dated by it."""
        if time is None:
            return self.is_usable
        if time != self._last or self._changed is None or host < self._changed:
            self._changed = host
        self._last = time
        self.is_frozen = host - self._changed >= FROZEN_AFTER
        self.deviation = time - host if host >= HOST_EARLIEST else None
        is_off = self.deviation is not None and abs(self.deviation) > TOLERANCE
        self.off_since = (self.off_since or host) if is_off else None
        self.is_usable = time >= EARLIEST and not self.is_frozen and self._goes_on(time, host)
        if self.is_usable:
            self._anchor = time, host
        self._before = time, host
        return self.is_usable

    def _goes_on(self, time: datetime, host: datetime) -> bool:
        """Tell whether a clock has not jumped, or to where it can be right.

        One that was right has to be off for a while before months are dated by it; one that went by a time of its own
        has to go on from where it is now.
        """
        if _is_pace(self._anchor, time, host):
            self._jumped = None
            return True
        self._jumped = self._jumped or host
        was_right = self._anchor is not None and abs(self._anchor[0] - self._anchor[1]) <= JUMP
        lasts = host - self._jumped >= LASTING if was_right else _is_pace(self._before, time, host)
        return lasts or abs(time - host) <= JUMP

    def is_off(self, host: datetime) -> bool:
        """Tell whether it has been off for long enough to say so; `host` is the host's time now."""
        return self.off_since is not None and host - self.off_since >= LASTING


def _is_pace(then: tuple[datetime, datetime] | None, time: datetime, host: datetime) -> bool:
    """Tell whether as much has passed on a clock as on the host's since then, but for small corrections."""
    return then is None or abs((time - then[0]) - (host - then[1])) <= JUMP
