"""What can go wrong between a meter and its reader: the form that every fault has."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar, Protocol

from .meter import VirtualMeter
from .street import Disturbance


class Breakable(Protocol):
    """What a fault may do to a server."""

    async def take_down(self) -> None:
        """Close the way in, and drop every reader."""

    async def bring_up(self) -> None:
        """Open it again; OSError when the address cannot be had."""

    def mute(self) -> None:
        """Leave every reader connected to nothing."""

    def pause(self) -> None:
        """Fall silent."""

    def resume(self) -> None:
        """Send again."""

    def serve_one(self) -> None:
        """Serve one reader at a time."""


class Fault:
    """A fault that does nothing: others override what they break."""

    transport: ClassVar[str | None] = None
    """`tcp` or `pty` where a fault exists on that alone."""

    def disturb(self, disturbance: Disturbance, meter: VirtualMeter) -> Disturbance:  # noqa: ARG002  as below
        """Return what is wrong with the grid, given what other faults have made of it."""
        return disturbance

    def change(self, telegram: bytes, meter: VirtualMeter) -> bytes:  # noqa: ARG002  for those that look at it
        """Return what comes out for a telegram; nothing where it is lost."""
        return telegram

    def pieces(self, pieces: Iterable[bytes]) -> Iterable[bytes]:
        """Return what is sent at once, and what after it."""
        return pieces

    async def run(self, server: Breakable) -> None:
        """Break the server itself, as time goes by; cancelled when the fault is over."""

    async def end(self, server: Breakable) -> None:
        """Leave the server as it was."""


@dataclass(eq=False)
class LastingFault(Fault):
    """A fault that knows how long it lasts, in seconds of the meter."""

    _began: datetime | None = field(default=None, init=False, repr=False)

    def lasted(self, meter: VirtualMeter) -> timedelta:
        """Return how long it lasts."""
        self._began = self._began or meter.time
        return meter.time - self._began
