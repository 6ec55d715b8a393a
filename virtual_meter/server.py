"""What every way of serving a meter has in common: its pace."""

from abc import ABC, abstractmethod
import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

from .meter import VirtualMeter

# Behind by more than this, telegrams are left out, as by a meter whose line was busy: never sent late in a burst.
# (A fast meter needs some patience: timers fire a little late, and together.)
_LATE_SECONDS = 0.1
_LATE_TELEGRAMS = 20
# Catching up on more simulated seconds than this is done coarsely, to keep the event loop free.
_LONG_GAP = 600
_COARSE_STEP = 60

# A slow meter looks up now and then, in case its speed was changed.
_LONGEST_SLEEP = 0.5

type Transform = Callable[[bytes], bytes]


class MeterServer(ABC):
    """Let a meter live at the pace of the clock, and send what it prints once per period of simulated time.

    Simulated time passes only while the server runs, and goes on while it is paused. `transform` gets every
    telegram before it is sent; what it returns goes out instead, nothing if that is empty.
    """

    def __init__(self, meter: VirtualMeter, speed: float = 1.0, transform: Transform | None = None) -> None:
        """Serve `meter`, `speed` simulated seconds per second; ValueError unless that is above zero."""
        self.meter = meter
        self.transform = transform
        self.telegrams_sent = 0
        self.paused = False
        self._task: asyncio.Task[None] | None = None
        self._speed = 1.0
        self._began = 0.0
        self._lived = 0
        self._period = self._current_period
        self.speed = speed

    @property
    def speed(self) -> float:
        """Simulated seconds per second; may be changed while the server runs."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        if speed <= 0:
            msg = f"speed is {speed}; it must be above 0"
            raise ValueError(msg)
        self._speed = speed
        if self._task:
            self._restart_clock()

    @property
    @abstractmethod
    def url(self) -> str:
        """What a reader opens."""

    @property
    @abstractmethod
    def clients(self) -> int:
        """How many readers there are."""

    @abstractmethod
    async def disconnect(self) -> None:
        """Drop every reader; they may come back."""

    @abstractmethod
    async def _open(self) -> None:
        """Open the way in; OSError when it cannot be had."""

    @abstractmethod
    async def _close(self) -> None:
        """Close it, leaving nothing open."""

    @abstractmethod
    def _send(self, telegram: bytes) -> bool:
        """Send to every reader, and tell whether any was sent it."""

    async def start(self) -> None:
        """Open and begin to send; OSError when the address cannot be had. Does nothing when it runs already."""
        if self._task:
            return
        await self._open()
        self._restart_clock()
        self._task = asyncio.create_task(self._live(), name=f"virtual meter {self.meter.meter_id}")

    async def stop(self) -> None:
        """Drop every reader and close; it can be started again."""
        task, self._task = self._task, None
        if not task:
            return
        task.cancel()
        try:
            await asyncio.wait([task])
        finally:
            await self._close()
        if not task.cancelled():
            # It ended by itself: what `transform` raised should not pass unseen.
            task.result()

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        await self.stop()

    def pause(self) -> None:
        """Fall silent, connections staying open; the meter lives on."""
        self.paused = True

    def resume(self) -> None:
        """Send again."""
        self.paused = False

    def _restart_clock(self) -> None:
        self._began = asyncio.get_running_loop().time()
        self._lived = 0

    async def _live(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = self._began + (self._lived + 1) / self._speed
            # Sleeping for 0 still lets everything else run once between two telegrams.
            await asyncio.sleep(min(max(0.0, due - loop.time()), _LONGEST_SLEEP))
            behind = int((loop.time() - self._began) * self._speed) - self._lived
            if behind > max(1.0, min(_LATE_TELEGRAMS, _LATE_SECONDS * self._speed)):
                self.meter.advance(behind, _COARSE_STEP if behind > _LONG_GAP else 1)
                self._lived += behind
            elif behind >= 1:
                self.meter.advance(1)
                self._lived += 1
            else:
                continue
            before, self._period = self._period, self._current_period
            if self._period != before and not self.paused and self.clients:
                self._print()

    @property
    def _current_period(self) -> int:
        """Which of its periods the meter is in: it prints once in each."""
        return int(self.meter.time.timestamp()) // self.meter.period

    def _print(self) -> None:
        telegram = self.meter.telegram()
        if self.transform:
            telegram = self.transform(telegram)
        if telegram and self._send(telegram):
            self.telegrams_sent += 1
