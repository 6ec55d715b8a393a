"""A server whose meter sends as fast as its telegrams are read."""

import asyncio

from virtual_meter import TcpServer

# How many turns of the event loop it takes until a telegram is read and shown.
_TURNS = 4


class FastServer(TcpServer):
    """A server at the pace of the clock, which hours may pass in at once."""

    async def live(self, seconds: int, *, step: int = 10, pace: int = 1) -> None:
        """Advance time, with a telegram after each step, in which the house lives in steps of `pace` seconds."""
        for _ in range(seconds // step):
            self.meter.advance(step, pace)
            await self._print()
            for _ in range(_TURNS):
                await asyncio.sleep(0)
