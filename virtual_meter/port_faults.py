"""Faults of the port: closed, refused, pulled out, or open and dead. Their seconds are those of the wall clock."""

import asyncio
from dataclasses import dataclass
from typing import ClassVar, override

from .fault import Breakable, Fault


@dataclass(eq=False)
class Close(Fault):
    """The port closes after some seconds, comes back after some more, and so on."""

    after_s: float = 10
    down_s: float = 10

    @override
    async def run(self, server: Breakable) -> None:
        while True:
            await asyncio.sleep(self.after_s)
            await server.take_down()
            await asyncio.sleep(self.down_s)
            await server.bring_up()

    @override
    async def end(self, server: Breakable) -> None:
        await server.bring_up()


@dataclass(eq=False)
class Unplug(Close):
    """The cable is pulled out after some seconds, and put back after some more, under another name: its link moves."""

    transport: ClassVar[str | None] = "pty"


@dataclass(eq=False)
class Refuse(Fault):
    """Nothing listens on the port."""

    @override
    async def run(self, server: Breakable) -> None:
        await server.take_down()

    @override
    async def end(self, server: Breakable) -> None:
        await server.bring_up()


@dataclass(eq=False)
class Silent(Fault):
    """The port is open, and says nothing after some seconds."""

    after_s: float = 0

    @override
    async def run(self, server: Breakable) -> None:
        await asyncio.sleep(self.after_s)
        server.pause()

    @override
    async def end(self, server: Breakable) -> None:
        server.resume()


@dataclass(eq=False)
class HalfOpen(Fault):
    """Connections die without being closed every so many seconds, as when a bridge loses its power; new ones work."""

    transport: ClassVar[str | None] = "tcp"

    after_s: float = 10

    @override
    async def run(self, server: Breakable) -> None:
        while True:
            await asyncio.sleep(self.after_s)
            server.mute()


@dataclass(eq=False)
class SingleClient(Fault):
    """The bridge serves one client, and closes the connection of a second one at once."""

    transport: ClassVar[str | None] = "tcp"

    @override
    async def run(self, server: Breakable) -> None:
        server.serve_one()
