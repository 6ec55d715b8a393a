"""A full stream of S1 over TCP at a multiple of its rate: whether a sample is lost, and what reading it takes.

`python -m bench.samples --seconds 300 --speed 2` reads the virtual meter, in its own process, as the integration does.
"""

import argparse
import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
import subprocess
import sys
import time
from typing import Final

from custom_components.emucs.port import LinkDown
from custom_components.emucs.port.byte_link import ByteLink
from custom_components.emucs.port.opening import SerialPort
from custom_components.emucs.samples_worker import Measured, SampleWorker

# As `samples.AT_MOST_EVERY`, which would load Home Assistant.
_PIECE: Final = 0.2
_METER: Final = (sys.executable, "-m", "virtual_meter", "--tcp", "127.0.0.1:0", "--s1", "127.0.0.1:0")


@dataclass(slots=True)
class Streamed:
    """What a stream came to. Times are in seconds of the processor, which other programs do not lengthen."""

    seconds: float = 0.0
    frames: int = 0
    lost: int = 0
    worked: float = 0.0
    """In the thread."""
    longest: float = 0.0
    """In the event loop between two turns of something else that waits a millisecond."""


async def _watch(streamed: Streamed) -> None:
    """Note for how long the event loop is held, until cancelled."""
    before = time.thread_time()
    while True:
        await asyncio.sleep(0.001)
        now = time.thread_time()
        streamed.longest = max(streamed.longest, now - before)
        before = now


async def stream(url: str, seconds: float) -> Streamed:
    """Read a stream for some seconds."""
    loop, streamed, worker = asyncio.get_running_loop(), Streamed(), SampleWorker()

    def work(data: bytes) -> Measured:
        """Do what the thread does."""
        began = time.thread_time()
        measured = worker.work(data, time.time())
        streamed.worked += time.thread_time() - began
        return measured

    watching = asyncio.create_task(_watch(streamed))
    began = loop.time()
    with ThreadPoolExecutor(1) as thread:
        async with ByteLink(url, SerialPort({})) as link:
            while streamed.seconds < seconds:
                if isinstance(event := await anext(link), LinkDown):
                    raise event.error
                measured = await loop.run_in_executor(thread, work, event)
                streamed.frames, streamed.lost = measured.frames, measured.lost
                await asyncio.sleep(_PIECE)
                streamed.seconds = loop.time() - began
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    return streamed


def measure(seconds: float, speed: float) -> Streamed:
    """Read the virtual meter for some seconds at a multiple of its rate."""
    with subprocess.Popen([*_METER, "--speed", str(speed)], stdout=subprocess.PIPE, text=True) as meter:  # noqa: S603
        assert meter.stdout is not None  # noqa: S101 -- it is a pipe
        try:
            return asyncio.run(stream(meter.stdout.readline().split()[0], seconds))
        finally:
            meter.terminate()


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what a stream came to; 1 where a sample was lost."""
    parser = argparse.ArgumentParser(prog="python -m bench.samples", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300, help="for how long (default 300)")
    parser.add_argument("--speed", type=float, default=2, help="times the rate of a meter (default 2)")
    options = parser.parse_args(arguments)
    streamed = measure(options.seconds, options.speed)
    lines = (
        f"{streamed.frames} frames in {streamed.seconds:.0f} s, {streamed.lost} lost.",
        f"A second of samples takes the thread {1000 * streamed.worked / streamed.seconds / options.speed:.2f} ms.",
        f"The event loop is held for {1000 * streamed.longest:.1f} ms at most.",
    )
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return int(streamed.lost > 0)


if __name__ == "__main__":
    sys.exit(main())
