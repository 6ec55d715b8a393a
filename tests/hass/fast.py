"""A meter whose time passes as fast as its telegrams are read."""

import asyncio

from virtual_meter import TcpServer

# How often the event loop turns until what was sent is read, and shown.
_TURNS = 4


class FastServer(TcpServer):
    """A server at the pace of the clock, which hours may pass in at once."""

    async def live(self, seconds: int, *, step: int = 10) -> None:
        """Let time pass, with a telegram after each step."""
        for _ in range(seconds // step):
            self.meter.advance(step)
            await self._print()
            for _ in range(_TURNS):
                await asyncio.sleep(0)
