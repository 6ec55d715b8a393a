"""Decides when entities and the log are told, however fast things come: the whole house shares its recorder."""

from math import inf
from typing import Final

AT_MOST_EVERY: Final = 1.0
"""Seconds between two times at which entities are told what cannot wait."""
DOWN_AT_MOST_EVERY: Final = 10.0
"""Seconds between two times at which entities become unavailable; a failure that is over by then is none to them."""
ANOTHER_METER_LASTS: Final = 10.0
"""Seconds without a telegram of the right meter between those of another one, from which on that has its place."""
LOG_AT_MOST_EVERY: Final = 60.0
"""Seconds between two lines in the log of the same thing."""

EARLY: Final = 0.2
"""Telegrams do not come to the millisecond; one that is so many seconds early is not left for the next."""

MARK: Final = 300.0
"""Seconds of a period of Home Assistant's statistics; hours and quarter-hours are made of whole ones."""
BEFORE_MARK: Final = 0.25
"""Seconds before the end of a period at which a counter that was not shown yet is: after it that is too late."""
LAST_AFTER: Final = 0.5
"""Seconds after which the last state of a period may follow another: no later telegram will do."""
TOGETHER: Final = 0.05
"""Seconds within which telegrams come together: the last one of them counts."""
# A telegram after which the next one is expected this long after the end of a period, or later, may be its last.
_UNPUNCTUAL: Final = 1.0
# A meter that sends less often than this, in seconds, has each telegram shown at once.
_SLOW: Final = 60.0


class Pace:
    """Follows when what was told. All times are seconds of one clock that never goes back."""

    def __init__(self, interval: float) -> None:
        """Take the seconds between two times at which entities are told what can wait."""
        self._interval = interval
        self._due = -inf
        self._told = -inf
        self._told_down = -inf
        self._logged: dict[str, float] = {}
        self._another_since: float | None = None

    def of_data(self, now: float, *, is_urgent: bool) -> float | None:
        """Return when entities have to be told of data of now; None if a later one will do."""
        if now >= self._due - EARLY:
            return now
        return max(now, self._told + AT_MOST_EVERY) if is_urgent else None

    def of_failure(self, now: float) -> float:
        """Return when entities have to be told that there are no data, if that lasts until then."""
        return max(now, self._told + AT_MOST_EVERY, self._told_down + DOWN_AT_MOST_EVERY)

    def tell(self, now: float, *, is_up: bool) -> None:
        """Note that entities are told."""
        self._told = now
        if is_up:
            self._due = max(self._due + self._interval, now + self._interval - EARLY)
        else:
            self._told_down = now
            self._due = max(self._due, now + AT_MOST_EVERY)

    def may_log(self, what: str, now: float) -> bool:
        """Tell whether a line of this kind may be logged, and note that it is; there are few kinds."""
        if now < self._logged.get(what, -inf) + LOG_AT_MOST_EVERY:
            return False
        self._logged[what] = now
        return True

    def is_another_meter(self, now: float, *, is_right: bool) -> bool:
        """Take whose telegram comes; tell whether another meter has lasted."""
        if is_right:
            self._another_since = None
            return False
        if self._another_since is None:
            self._another_since = now
        return now - self._another_since >= ANOTHER_METER_LASTS


def until_mark(host_time: float) -> float:
    """Return the seconds until the end of the running period, by the host's time in seconds since 1970.

    The recorder dates states by it. All time zones are whole quarter-hours from UTC.
    """
    return MARK - host_time % MARK


def may_be_last(host_time: float, period: float | None) -> bool:
    """Tell whether the next telegram of a meter that sends each so many seconds may come after the running period."""
    return until_mark(host_time) <= min(_SLOW, period or 0) + _UNPUNCTUAL


class Allowance:
    """Lets so many things happen at once, and one more each so many seconds."""

    def __init__(self, most: int, one_every: float = AT_MOST_EVERY) -> None:
        """Start with all of them."""
        self._most = most
        self._one_every = one_every
        self._used_until = -inf

    def take(self, now: float) -> float:
        """Take one, and return 0; or return after how many seconds there is one."""
        if (wait := max(self._used_until, now - self._most * self._one_every) + self._one_every - now) > 0:
            return wait
        self.use(now)
        return 0

    def use(self, now: float) -> None:
        """Take one, whether it is there or not."""
        self._used_until = max(self._used_until, now - self._most * self._one_every) + self._one_every
