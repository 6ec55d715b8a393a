"""Helpers of all tests: the evening in which most meters start, ports that send, and waiting."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from virtual_meter import TcpServer

BRUSSELS = ZoneInfo("Europe/Brussels")
WINTER_EVENING = datetime(2026, 1, 14, 18, 7, tzinfo=BRUSSELS)
SHARED = Path(__file__).parents[2] / "shared"
FIELD_TELEGRAMS = SHARED / "telegrams"


def entry_data(url: str, **settings: Any) -> dict[str, Any]:
    """Return the data of a config entry."""
    return {"port": url, "baudrate": 115200, "bytesize": 8, "parity": "N", "stopbits": 1, **settings}


def address(server: TcpServer) -> dict[str, Any]:
    """Return what a user fills in for a server."""
    parts = urlsplit(server.url)
    return {"host": parts.hostname, "port": parts.port}


async def closed_within(reader: asyncio.StreamReader, seconds: float) -> bool:
    """Tell whether the other side closes the connection within some seconds."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            return not await reader.read(1)
    return False


@asynccontextmanager
async def sending(telegram: bytes, *, seconds: float = 1, after: float = 0) -> AsyncGenerator[str]:
    """Serve a telegram again and again to every client, the first one after a while; the value is the URL."""

    async def send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            pause = after
            while not await closed_within(reader, pause):
                writer.write(telegram)
                await writer.drain()
                pause = seconds
        writer.close()

    server = await asyncio.start_server(send, "127.0.0.1", 0)
    try:
        yield f"socket://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()


async def eventually(condition: Callable[[], bool], *, seconds: float = 15) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 -- conditions of all kinds, most of them outside our reach
            await asyncio.sleep(0.02)
