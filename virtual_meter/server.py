"""What every way of serving a meter has in common: its pace."""

from abc import ABC, abstractmethod
import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from .fault import Fault
from .meter import VirtualMeter
from .street import UNDISTURBED
from .truth import Truth

# Behind by more than this, telegrams are left out, as by a meter whose line was busy: never sent late in a burst.
# (A fast meter needs some patience: timers fire a little late, and together.)
_LATE_SECONDS = 0.1
_LATE_TELEGRAMS = 20
# Catching up on more simulated seconds than this is done coarsely, to keep the event loop free.
_LONG_GAP = 600
_COARSE_STEP = 60
# What a meter is behind by beyond this is forgotten: a machine that is too slow for the speed would never catch up.
_MOST_AT_ONCE = 6 * 3600

# A slow meter looks up now and then, in case its speed was changed.
_LONGEST_SLEEP = 0.5

type Transform = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Said:
    """What a meter held at one moment, what it printed of it, and what faults made of that."""

    truth: Truth
    printed: bytes
    sent: bytes


class MeterServer(ABC):
    """Let a meter live at the pace of the clock, and send what it prints once per period of simulated time.

    Simulated time passes only while the server runs, and goes on while it is paused. `transform` gets every
    telegram before it is sent; what it returns goes out instead, nothing if that is empty. So do faults, in their
    order, which may break the line and the port too. A `witness` is told of every telegram before it is sent.
    """

    transport: str
    """`tcp` or `pty`."""

    def __init__(
        self,
        meter: VirtualMeter,
        speed: float = 1.0,
        transform: Transform | None = None,
        *,
        faults: Iterable[Fault] = (),
    ) -> None:
        """Serve `meter`, `speed` simulated seconds per second.

        ValueError unless that is above zero, and for a fault that there is not on this kind of port.
        """
        self.meter = meter
        self.transform = transform
        self.witness: Callable[[Said], None] | None = None
        self._faults: dict[Fault, asyncio.Task[None] | None] = {}
        for fault in faults:
            self._check(fault)
            self._faults[fault] = None
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
        for fault in self._faults:
            self._faults[fault] = asyncio.create_task(fault.run(self))

    async def stop(self) -> None:
        """Drop every reader and close; it can be started again."""
        task, self._task = self._task, None
        if not task:
            return
        faults = [running for running in self._faults.values() if running]
        self._faults = dict.fromkeys(self._faults)
        for each in (task, *faults):
            each.cancel()
        try:
            await asyncio.wait([task, *faults])
        finally:
            await self._close()
        for each in (task, *faults):
            if not each.cancelled():
                # It ended by itself: what `transform` raised should not pass unseen.
                each.result()

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

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults that there are now."""
        return tuple(self._faults)

    async def inject(self, fault: Fault) -> None:
        """Begin a fault; ValueError where there is none such on this kind of port."""
        self._check(fault)
        self._faults[fault] = asyncio.create_task(fault.run(self)) if self._task else None

    async def heal(self, fault: Fault) -> None:
        """End a fault."""
        if task := self._faults.pop(fault):
            task.cancel()
            await asyncio.wait([task])
            await fault.end(self)

    async def take_down(self) -> None:
        """Drop every reader and close the way in, while the meter lives on."""
        await self._close()

    async def bring_up(self) -> None:
        """Open the way in again; OSError when it cannot be had. Does nothing when it is open."""
        if not self.is_open:
            await self._open()

    @property
    @abstractmethod
    def is_open(self) -> bool:
        """Whether readers can come."""

    @abstractmethod
    def mute(self) -> None:
        """Leave every reader connected to nothing: it gets no more, not even an end."""

    @abstractmethod
    def serve_one(self) -> None:
        """Serve one reader at a time from now on."""

    def _check(self, fault: Fault) -> None:
        if fault.transport not in {None, self.transport}:
            msg = f"{type(fault).__name__} is a fault of a {fault.transport} port, and this is a {self.transport} one"
            raise ValueError(msg)

    def _restart_clock(self) -> None:
        self._began = asyncio.get_running_loop().time()
        self._lived = 0

    async def _live(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = self._began + (self._lived + 1) / self._speed
            # Sleeping for 0 still lets everything else run once between two telegrams.
            await asyncio.sleep(min(max(0.0, due - loop.time()), _LONGEST_SLEEP))
            self._disturb()
            behind = int((loop.time() - self._began) * self._speed) - self._lived
            if behind > _MOST_AT_ONCE:
                self._began += (behind - _MOST_AT_ONCE) / self._speed
                behind = _MOST_AT_ONCE
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
                await self._print()

    @property
    def _current_period(self) -> int:
        """Which of its periods the meter is in: it prints once in each."""
        return int(self.meter.time.timestamp()) // self.meter.period

    def _disturb(self) -> None:
        """Let the faults decide what is wrong with the grid."""
        disturbance = UNDISTURBED
        for fault in self._faults:
            disturbance = fault.disturb(disturbance, self.meter)
        self.meter.disturbance = disturbance

    async def _print(self) -> None:
        printed = telegram = self.meter.telegram()
        if self.transform:
            telegram = self.transform(telegram)
        for fault in self._faults:
            telegram = fault.change(telegram, self.meter)
        if self.witness:
            self.witness(Said(self.meter.truth, printed, telegram))
        pieces: Iterable[bytes] = [telegram]
        for fault in self._faults:
            pieces = fault.pieces(pieces)
        await self._send_pieces(list(filter(None, pieces)))

    async def _send_pieces(self, pieces: list[bytes]) -> None:
        for number, piece in enumerate(pieces):
            if number:
                # Whoever reads gets this piece before the next one.
                await asyncio.sleep(0)
            if not self._send(piece):
                return
        self.telegrams_sent += bool(pieces)
