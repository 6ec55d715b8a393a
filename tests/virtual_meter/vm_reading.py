"""Read the virtual meter's telegrams, with nothing of the code that printed them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
import re

from virtual_meter import TcpServer

_OBIS = re.compile(r"\d-\d:\d+\.\d+\.\d+")


def crc16(data: bytes) -> int:
    """CRC-16/ARC, bit by bit (DSMR P1 5.0.2, 6.2)."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc


@asynccontextmanager
async def client(server: TcpServer) -> AsyncIterator[asyncio.StreamReader]:
    """Connect to a server; the value is what it sends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        yield reader
    finally:
        writer.close()


def lines(telegram: bytes) -> list[str]:
    return telegram.decode("ascii").split("\r\n")


def codes(telegram: bytes) -> list[str]:
    return [match[0] for line in lines(telegram) if (match := _OBIS.match(line))]


def values(telegram: bytes, code: str) -> list[str]:
    """Return what stands between the brackets of a register."""
    [line] = [line for line in lines(telegram) if line.startswith(f"{code}(")]
    return re.findall(r"\(([^)]*)\)", line)


def number(telegram: bytes, code: str) -> Decimal:
    return Decimal(values(telegram, code)[-1].split("*")[0])


def moment(stamp: str) -> datetime:
    """Return a TST as UTC, by its own flag alone."""
    ahead = "+0200" if stamp[-1] == "S" else "+0100"
    return datetime.strptime(stamp[:-1] + ahead, "%y%m%d%H%M%S%z").astimezone(UTC)
