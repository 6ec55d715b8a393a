"""A link to a user port: opens it, watches it, and opens it again, for as long as it is read."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
import errno
import os
import random
import socket
from typing import Final, Self, Unpack

from .address import Address
from .diagnosis import diagnose
from .errors import CannotConnect, Cause, InvalidChecksum, LineEnds, PortError, TakenAway, text_of
from .framing import Drop
from .incoming import HostClock, Incoming, sleep
from .line_ends import END, look_changed
from .opening import SerialSettings, opener_of
from .period import Period
from .reader import Reader
from .source import Opener, OpenPort
from .telegram import Telegram
from .telnet import Telnet

SILENCE: Final = 8.0
"""Seconds without a valid telegram after which a port is down, where the meter sends one each second."""
EACH_SECOND: Final = 1.0
"""The period of such a meter, in seconds."""
SILENT_PERIODS: Final = 5
"""How many telegrams of a slower meter have to be missed."""
FIRST_SILENCE: Final = 12.0
"""Seconds that the first telegram is waited for: Dutch meters before DSMR 5 send one every ten."""
OPEN_TIMEOUT: Final = 10.0
SHORT_OPEN_TIMEOUT: Final = 2.0
"""Open timeout, in seconds, for a port on the network that has been open before."""
SLOWER_THAN_EVER: Final = 3
"""Times the last opening time, where that is longer."""
CLOSE_TIMEOUT: Final = 5.0
GRACE: Final = 0.2
"""Seconds for what is here already when the silence is over: this program may have been held up, and not the meter."""
PERIODS_TO_RETURN: Final = 2
"""Periods from one telegram to the next over a bridge that closes after each: the one that is due, and one of grace."""

FIRST_DELAY: Final = 0.5
"""Seconds before the port is opened again; each further time twice as many, until a telegram came."""
LONGEST_DELAY: Final = 30.0
LONGEST_DELAY_WHERE_CHEAP: Final = 1.5
"""Seconds from one try to the next where it costs next to nothing: then its return shows within a moment."""
_CHEAP: Final = {errno.ECONNREFUSED, errno.ENOENT}
JITTER: Final = 0.2
SHORTEST_IDLE: Final = 50.0
"""Seconds after which a bridge may cut a program that says nothing; a port that fails sooner than that has failed."""
_MOST_CLOSINGS: Final = 4
_CLOSINGS_WITHIN: Final = 300.0
"""Seconds in which a reader does not close so often by itself: one that cuts idle programs waits for minutes."""


@dataclass(frozen=True, slots=True)
class LinkDown:
    """The port gives no telegrams; a telegram says that it does again."""

    error: PortError


class Link:
    """An endless async iterator of telegrams and, `LinkDown` when the port fails, or fails for a different reason.

    The URL is a device path, `socket://host:port`, `rfc2217://host:port`, `esphome://…`, all that serialx opens, or
    that of a reader with a web server: `http://`, `https://`, `ws://`, `wss://`. Whoever knows other kinds passes what
    opens them. Use it as an async context manager, or close it.
    """

    def __init__(
        self,
        url: str,
        *,
        silence: float | None = None,
        wait: float | None = None,
        clock: HostClock | None = None,
        open_with: Opener | None = None,
        **settings: Unpack[SerialSettings],
    ) -> None:
        """Set up without opening; serial settings as in e-MUCS P1 1.7.1, table 2, unless others are given.

        `silence` in seconds is fixed. `wait` is how long the user knows that telegrams may take: the silence is never
        shorter, whatever their period seems to be. All waiting is by `clock`, the event loop's where none is given.
        """
        self.url = url
        self.reader = Reader()
        self.connections = 0
        """How often the port was opened."""
        self.failure: PortError | None = None
        """Why the latest try gave no telegrams any more."""
        self._open_with = open_with or opener_of(url, settings)
        self._fixed_silence = silence
        self._wait = wait
        self._given_clock = clock
        self._period = Period()
        self._sends_each_second = False
        self._delay = FIRST_DELAY
        self._address = Address(url)
        self._began = self._opened = 0.0
        self._opening_took: float | None = None
        self._bad_telegrams = 0
        self._heard = 0  # how often telegrams came since the port was opened
        self._closings: deque[float] = deque(maxlen=_MOST_CLOSINGS)
        self._events = self._run()

    def __aiter__(self) -> Self:
        """Return the iterator of events."""
        return self

    async def __anext__(self) -> Telegram | LinkDown:
        """Return the next event."""
        return await anext(self._events)

    async def __aenter__(self) -> Self:
        """Return the link; it opens when it is read."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the port."""
        await self.close()

    async def close(self) -> None:
        """Close the port and wait until it is free for others."""
        await self._events.aclose()

    @property
    def _clock(self) -> HostClock:
        """Return the clock that waiting is by."""
        return self._given_clock or asyncio.get_running_loop()

    async def _sleep(self, seconds: float) -> None:
        """Wait by the clock."""
        await (asyncio.sleep(seconds) if self._given_clock is None else sleep(self._given_clock, seconds))

    async def _run(self) -> AsyncGenerator[Telegram | LinkDown]:
        """Yield what happens, over as many connections as it takes."""
        down: type[PortError] | None = None
        hidden: PortError | None = None  # what a port failed by that may come back in a moment
        while True:
            failure: PortError
            try:
                transport, incoming = await self._open()
                try:
                    while True:
                        for telegram in await self._receive(incoming):
                            down = hidden = None
                            self._delay = FIRST_DELAY
                            yield telegram
                finally:
                    await close_port(transport, incoming)
            except PortError as error:
                failure = self.failure = self._judged(error)
            delay = self._next_delay(failure)
            if type(failure) is not down:
                grace = self._grace(failure) if down is None else 0
                if grace <= delay:
                    if grace:
                        await self._sleep(grace)
                    if hidden is not None and self._heard > 1:
                        failure = hidden
                    down = type(failure)
                    yield LinkDown(failure)
                    delay -= grace
                else:
                    hidden = hidden or failure
            await self._sleep(delay)

    def _grace(self, failure: PortError) -> float:
        """Return the seconds within which a port that was closed behind a telegram may still send the next.

        Some bridges close after each, others cut who says nothing for minutes.
        """
        was_idle = self._heard > 1 and self._clock.time() - self._opened > SHORTEST_IDLE
        if self._period.last is None or not isinstance(failure, CannotConnect) or not (self._heard == 1 or was_idle):
            return 0
        period = self._period.seconds or (EACH_SECOND if self._sends_each_second else self.silence)
        until = self._period.last + min(self.silence, PERIODS_TO_RETURN * period)
        return max(0, until - self._clock.time())

    def _judged(self, failure: PortError) -> PortError:
        """Return a failure, or what it means where the other side has closed again and again behind telegrams."""
        if self._heard > 1 and isinstance(failure, CannotConnect) and failure.cause is Cause.CLOSED:
            self._closings.append(self._clock.time())
            if self.is_taken_away:
                return TakenAway()
        return failure

    @property
    def is_taken_away(self) -> bool:
        """Tell whether the other side closes again and again, mostly as it serves another program that connects too."""
        closings = self._closings
        return len(closings) == _MOST_CLOSINGS and self._clock.time() - closings[0] < _CLOSINGS_WITHIN

    async def _open(self) -> tuple[OpenPort, Incoming]:
        """Open the port."""
        self._began = self._clock.time()
        # Opening takes what it takes, by whatever clock the rest is.
        began = asyncio.get_running_loop().time()
        try:
            opened = await open_first(self._address, self._open_timeout, self._connect)
        except TimeoutError as error:
            raise CannotConnect(f"no answer within {self._open_timeout:.0f} s") from error
        except PortError:
            raise
        except Exception as error:  # what else a backend of serialx raises must not end the link
            raise CannotConnect(text_of(error)) from error
        self._opening_took = asyncio.get_running_loop().time() - began
        self._opened = self._clock.time()
        self.connections += 1
        self._heard = 0
        self.reader.reset()
        self._note_errors()
        return opened

    async def _connect(self, url: str) -> tuple[OpenPort, Incoming]:
        """Open an address."""
        incoming = Incoming(self.reader, self._given_clock, Telnet() if self._address.is_raw else None)
        return await self._open_with(url, incoming), incoming

    @property
    def _open_timeout(self) -> float:
        """Return the seconds that opening may take."""
        if self._opening_took is None or not self._address.is_bridge:
            return OPEN_TIMEOUT
        return min(OPEN_TIMEOUT, max(SHORT_OPEN_TIMEOUT, SLOWER_THAN_EVER * self._opening_took))

    async def _receive(self, incoming: Incoming) -> list[Telegram]:
        """Return the next telegrams, at least one."""
        for seconds in (self.silence, GRACE):
            if telegrams := await incoming.take(seconds):
                self._learn_period(telegrams)
                self._note_errors()
                return telegrams
        raise self._diagnose(incoming.sample)

    @property
    def silence(self) -> float:
        """Return the seconds without a valid telegram after which the port is down, by the period of the meter."""
        if self._fixed_silence is not None:
            return self._fixed_silence
        period = self._period.seconds
        if period is None and self._wait is not None:
            return self._wait
        certain = self._sends_each_second or self._period.is_certain
        silence = max(SILENCE if certain else FIRST_SILENCE, SILENT_PERIODS * (period or 0))
        return max(silence, self._wait or 0)

    def _learn_period(self, telegrams: list[Telegram]) -> None:
        """Note when telegrams came."""
        self._period.feed(self._clock.time(), is_first=not self._heard)
        self._heard += 1
        # DSMR P1 5, on which e-MUCS P1 stands.
        self._sends_each_second = (telegrams[0].version or "").startswith("5")

    def _note_errors(self) -> None:
        """Note how many telegrams were bad before what is received from now on."""
        self._bad_telegrams = self.reader.dropped[Drop.CHECKSUM]

    def _diagnose(self, sample: bytes) -> PortError:
        """Return why no telegram came, where this did."""
        if self.reader.dropped[Drop.CHECKSUM] > self._bad_telegrams and sample.strip(END):
            bad = self.reader.last_bad_frame or b""
            return LineEnds() if look_changed(bad) and not self.reader.restored else InvalidChecksum()
        return diagnose(sample)

    def _next_delay(self, failure: PortError) -> float:
        """Return the seconds before the next try, each time more; where a try costs next to nothing never many."""
        if not isinstance(failure, CannotConnect):
            # The port can be opened: what it then says is waited for long enough.
            self._delay = FIRST_DELAY
        cheap = self._is_cheap(failure)
        longest = LONGEST_DELAY_WHERE_CHEAP if cheap else LONGEST_DELAY
        delay = min(self._delay, longest)
        self._delay = min(self._delay * 2, longest)
        if cheap:
            took = self._clock.time() - self._began
            delay = min(delay, max(FIRST_DELAY, longest - took))
        return delay * random.uniform(1 - JITTER, 1)  # noqa: S311 -- spreads load, no secret

    def _is_cheap(self, failure: PortError) -> bool:
        """Tell whether the next try costs no more than a packet, or a look at a device file."""
        cause = failure.__cause__
        if isinstance(cause, OSError) and cause.errno in _CHEAP:
            return True
        if cause is not None and not isinstance(cause, OSError):
            # An address that is none, a setting that the port does not take: only the user can change it.
            return False
        return self._address.is_local or (self._address.is_bridge and not isinstance(cause, socket.gaierror))


async def open_first[OpenedT](
    address: Address,
    timeout: float,  # noqa: ASYNC109 -- of each try
    connect: Callable[[str], Awaitable[OpenedT]],
) -> OpenedT:
    """Open the first of the URLs of an address that answers within some seconds; raise what the last one raised."""
    urls = await address.urls(timeout)
    for url in urls:
        try:
            async with asyncio.timeout(timeout):
                opened = await connect(url)
        except OSError:
            if url == urls[-1]:
                raise
        else:
            address.worked(url)
            return opened
    raise OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))


async def close_port(transport: OpenPort, incoming: Incoming) -> None:
    """Close a port and wait until it is free."""
    transport.close()
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_TIMEOUT):
            await incoming.closed
