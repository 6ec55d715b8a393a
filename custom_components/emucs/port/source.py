"""What a task reads rather than a file descriptor, as a transport."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol, override

from .incoming import Incoming


class OpenPort(Protocol):
    """An open port."""

    def close(self) -> None:
        """Close it; the receiving end is told when it is free."""


type Opener = Callable[[str, Incoming], Awaitable[OpenPort]]
"""Opens a URL and connects what receives its bytes; raises OSError, or a PortError that says more."""


class ByteSource(asyncio.ReadTransport):
    """Lets a coroutine pass bytes on until it ends, fails or is closed."""

    def __init__(self, incoming: Incoming) -> None:
        """Start nothing yet."""
        super().__init__()
        self.incoming = incoming
        self._may_go_on = asyncio.Event()
        self._may_go_on.set()
        self._task: asyncio.Task[None] | None = None

    def start(self, reading: Coroutine[Any, Any, None], release: Callable[[], Awaitable[None]]) -> None:
        """Read in the background; `release` lets go of what was opened."""
        self.incoming.connection_made(self)
        # At once, lest one that is closed before it has begun releases nothing.
        self._task = asyncio.Task(self._run(reading, release), eager_start=True)

    async def pass_on(self, data: bytes) -> None:
        """Pass bytes on, as soon as they are taken."""
        await self._may_go_on.wait()
        if data:
            self.incoming.data_received(data)

    async def _run(self, reading: Coroutine[Any, Any, None], release: Callable[[], Awaitable[None]]) -> None:
        """Read, and say how it ended."""
        failure: Exception | None = None
        try:
            await reading
        except Exception as error:  # noqa: BLE001 -- whatever ends it is told to the receiving end
            failure = error
        finally:
            try:
                await release()
            finally:
                self.incoming.connection_lost(failure)

    @override
    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()

    @override
    def pause_reading(self) -> None:
        self._may_go_on.clear()

    @override
    def resume_reading(self) -> None:
        self._may_go_on.set()
