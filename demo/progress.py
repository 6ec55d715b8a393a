"""Tells the user what goes on, so that nothing seems to hang."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import count
from typing import Final

_EVERY: Final = 10  # seconds


def say(text: str) -> None:
    """Print for the user, flushed, as the output may not be a terminal."""
    print(text, flush=True)


@asynccontextmanager
async def step(text: str) -> AsyncGenerator[None]:
    """Say what begins, and every few seconds that it still goes on."""
    say(f"{text}…")
    beat = asyncio.create_task(_beat())
    try:
        yield
    finally:
        beat.cancel()


async def _beat() -> None:
    for seconds in count(_EVERY, _EVERY):
        await asyncio.sleep(_EVERY)
        say(f"  … {seconds} s")
