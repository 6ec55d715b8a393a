"""What has happened to a link: counted, and the latest events kept."""

from collections import deque
from datetime import datetime
from typing import Final, NamedTuple

MOST_EVENTS: Final = 20
UP: Final = "telegrams"
"""What the event is called with which telegrams come again."""


class LinkEvent(NamedTuple):
    """What happened to a link, and when by the clock of the host: `UP`, or the reason why nothing comes."""

    time: datetime
    what: str


class LinkHealth:
    """Follows a link over as many tries to set it up as there are."""

    def __init__(self) -> None:
        """Start with nothing known."""
        self.events: deque[LinkEvent] = deque(maxlen=MOST_EVENTS)
        self.last_failure: str | None = None
        self.telegrams_per_minute: int | None = None
        """How many valid telegrams came in the latest full minute; None until one has passed."""
        self._telegrams: int | None = None

    def begin(self, telegrams: int) -> None:
        """Begin to count from so many telegrams on."""
        self._telegrams = telegrams
        self.telegrams_per_minute = None

    def end_minute(self, telegrams: int) -> None:
        """End a minute with so many telegrams since the port was opened first."""
        if self._telegrams is not None:
            self.telegrams_per_minute = telegrams - self._telegrams
        self._telegrams = telegrams

    def note(self, what: str, time: datetime) -> None:
        """Note an event, once for as long as nothing else happens."""
        if what != UP:
            self.last_failure = what
        if not self.events or self.events[-1].what != what:
            self.events.append(LinkEvent(time, what))
