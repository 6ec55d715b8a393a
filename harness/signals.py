"""Ctrl-C, SIGTERM and a closed terminal: stop what was started, then end."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
import signal


async def until_stopped(work: Coroutine[None, None, None]) -> int:
    """Run the work until it ends or the first signal comes, and return the exit code."""
    loop = asyncio.get_running_loop()
    task = loop.create_task(work)
    stop = _Once(task)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop)
    with suppress(asyncio.CancelledError):
        await task
    return 0


class _Once:
    """Cancels a task, once: an impatient second Ctrl-C must not interrupt the stop."""

    def __init__(self, task: asyncio.Task[None]) -> None:
        self._task: asyncio.Task[None] | None = task

    def __call__(self) -> None:
        """Handle a signal."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            # A closed terminal cannot be written to.
            with suppress(OSError):
                print("\nStopping…", flush=True)
