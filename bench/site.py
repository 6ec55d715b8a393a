"""Virtual meters on the network, and Home Assistants that read them: each a process of its own."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime
import json
from pathlib import Path
import sys
from typing import Final

from virtual_meter import TcpServer, VirtualMeter

from .instance import Job, Result

NOON: Final = datetime(2026, 1, 15, 12, 7, tzinfo=UTC)
"""When nearly each second has a power of its own, as clouds pass over the panels."""
_ROOT: Final = Path(__file__).parents[1]


@asynccontextmanager
async def meters(count: int) -> AsyncGenerator[list[TcpServer]]:
    """Serve so many meters, which send each second but not in the same instant; it is noon, and clouds pass."""
    async with AsyncExitStack() as stack:
        servers = []
        for seed in range(count):
            server = TcpServer(VirtualMeter(seed=seed, start=NOON, history_months=3))
            servers.append(await stack.enter_async_context(server))
            await asyncio.sleep(1 / count)
        yield servers


def addresses(servers: list[TcpServer]) -> dict[str, str]:
    """Return the URLs of meters by their identifiers."""
    return {server.meter.meter_id: server.url for server in servers}


async def watch(job: Job) -> Result:
    """Do a job in a process of its own; raises RuntimeError with what went wrong there."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.instance"),
        cwd=_ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        output, errors = await process.communicate(json.dumps(asdict(job)).encode())
    except BaseException:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        raise RuntimeError(f"Home Assistant with {job.integration} failed: {errors.decode().strip()[-2000:]}")
    return Result(**json.loads(output))
