"""Clocks of the host for links: fast ones, and ones that only tests turn."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count


class FastClock:
    """A clock that goes so many times as fast as the event loop's."""

    def __init__(self, times: float) -> None:
        self._times = times

    def time(self) -> float:
        return asyncio.get_running_loop().time() * self._times

    def call_later(self, delay: float, callback: Callable[[], object], /) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(delay / self._times, callback)


class NoWait:
    """A clock that notes what is waited for, and is there at once; from some number of waits on it stands."""

    def __init__(self, count: int, *, at_least: float = 0) -> None:
        self.waited: list[float] = []
        self.enough = asyncio.Event()
        self._count = count
        self._at_least = at_least
        self._passed = 0.0

    def time(self) -> float:
        return asyncio.get_running_loop().time() + self._passed

    def call_later(self, delay: float, callback: Callable[[], object], /) -> asyncio.TimerHandle:
        loop = asyncio.get_running_loop()
        if delay < self._at_least:
            return loop.call_later(delay, callback)
        self.waited.append(delay)
        if len(self.waited) >= self._count:
            self.enough.set()
            return loop.call_later(3600, callback)
        self._passed += delay
        return loop.call_later(0, callback)


@dataclass
class HandTimer:
    when: float
    number: int
    callback: Callable[[], object]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


class HandClock:
    """A clock that stands until it is turned."""

    def __init__(self) -> None:
        self._now = 1000.0
        self._timers: list[HandTimer] = []
        self._numbers = count()

    def time(self) -> float:
        return self._now

    def call_later(self, delay: float, callback: Callable[[], object], /) -> HandTimer:
        timer = HandTimer(self._now + delay, next(self._numbers), callback)
        self._timers.append(timer)
        return timer

    async def turn(self, seconds: float) -> None:
        """Let time pass, timer by timer, with a moment of real time at each for what they set off."""
        end = self._now + seconds
        while True:
            self._timers = [timer for timer in self._timers if not timer.cancelled]
            due = min(self._timers, key=lambda timer: (timer.when, timer.number), default=None)
            if due is None or due.when > end:
                break
            self._now = max(self._now, due.when)
            due.cancel()
            due.callback()
            await asyncio.sleep(0.01)
        self._now = end
        await asyncio.sleep(0.01)
