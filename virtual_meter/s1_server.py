"""Serve the S1 port of a meter, beside its P1 port, over TCP or on a serial line."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Final, override

from .fault import Fault
from .meter import VirtualMeter
from .pty_server import PtyServer
from .s1 import PER_PERIOD, Sampler
from .s1_faults import OF_S1
from .server import MeterServer
from .tcp_server import TcpServer

# A period at a time: a meter sends each sample within 10 ms, and a bridge collects some.
_TICK: Final = 0.02
# More than this is lost, as by a meter that was held up, rather than sent late in a burst; in seconds.
_LATE: Final = 2.0
_MOST_AT_ONCE: Final = 5 * PER_PERIOD


class _Samples(MeterServer):
    """Sends samples of a meter which something else lets live."""

    _sampler: Sampler

    @property
    def frames_sent(self) -> int:
        """Return how many frames there were for readers, those that faults struck included."""
        return self._frames_sent

    @override
    def _check(self, fault: Fault) -> None:
        if fault.transport not in {None, OF_S1, self.transport}:
            super()._check(fault)

    def _begin(self) -> None:
        """Sample the meter."""
        self._frames_sent = 0
        self._sampler = Sampler(self.meter)

    @override
    async def _live(self) -> None:
        loop = asyncio.get_running_loop()
        last, owed = loop.time(), 0.0
        while True:
            await asyncio.sleep(_TICK)
            now = loop.time()
            rate = self._sampler.rate * self.speed
            owed += (now - last) * rate
            last = now
            if owed > _LATE * rate or self.paused or not self.clients:
                self._sampler.skip(int(owed))
                owed -= int(owed)
            while owed >= 1:
                count = min(int(owed), _MOST_AT_ONCE)
                owed -= count
                await self._send_frames(count)

    async def _send_frames(self, count: int) -> None:
        """Send the next frames."""
        self._sampler.faults = self.faults
        data = self._sampler.frames(count)
        if self.transform:
            data = self.transform(data)
        for fault in self.faults:
            data = fault.change(data, self.meter)
        await self._send_pieces([data] if data else [])
        self._frames_sent += count


class S1TcpServer(_Samples, TcpServer):
    """A bridge from the S1 port to the network."""

    def __init__(
        self,
        meter: VirtualMeter,
        host: str = "127.0.0.1",
        port: int = 0,
        speed: float = 1.0,
        *,
        faults: Iterable[Fault] = (),
    ) -> None:
        """Listen on `host`; ValueError for a meter without such a port. `speed` is how many times the rate it has."""
        super().__init__(meter, host, port, speed, faults=faults)
        self._begin()


class S1PtyServer(_Samples, PtyServer):
    """A serial line from the S1 port."""

    def __init__(
        self, meter: VirtualMeter, path: Path | None = None, speed: float = 1.0, *, faults: Iterable[Fault] = ()
    ) -> None:
        """Make a terminal, as that of the P1 port; ValueError for a meter without such a port."""
        super().__init__(meter, path, speed, faults=faults)
        self._begin()
