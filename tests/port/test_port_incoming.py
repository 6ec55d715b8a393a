"""What comes from an open port, in whatever pieces and however much."""

import asyncio

import pytest

from custom_components.emucs.port import CannotConnect, Reader
from custom_components.emucs.port.incoming import Incoming
from tests.effort import calls
from virtual_meter import VirtualMeter

_FLOOD = 2000


def a_telegram() -> bytes:
    return VirtualMeter(seed=3).telegram()


async def test_a_piece_takes_few_steps_and_wakes_nobody() -> None:
    incoming, telegram = Incoming(Reader()), a_telegram()
    incoming.data_received(telegram)
    await incoming.take(0)
    pieces = [telegram[begin : begin + 62] for begin in range(0, len(telegram), 62)]
    waiting = asyncio.create_task(incoming.take(5))
    await asyncio.sleep(0)
    assert calls(incoming.data_received, pieces[:-1]) <= 10 * len(pieces)
    await asyncio.sleep(0)
    assert not waiting.done()
    incoming.data_received(pieces[-1])
    assert len(await waiting) == 1


async def test_more_than_anybody_takes_stays_where_it_is(socket_enabled: None) -> None:
    flood = a_telegram() * _FLOOD

    async def send(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(flood)
        await writer.drain()

    server = await asyncio.start_server(send, "127.0.0.1")
    async with server:
        address = server.sockets[0].getsockname()
        transport, incoming = await asyncio.get_running_loop().create_connection(lambda: Incoming(Reader()), *address)
        await asyncio.sleep(1)
        received = len(await incoming.take(1))
        assert 0 < received < _FLOOD / 2
        while received < _FLOOD:
            received += len(await incoming.take(1))
        assert received == _FLOOD
        transport.close()
        await incoming.closed


async def test_what_came_before_the_end_is_not_lost() -> None:
    incoming = Incoming(Reader())
    incoming.data_received(a_telegram())
    incoming.connection_lost(None)
    assert len(await incoming.take(1)) == 1
    with pytest.raises(CannotConnect, match="closed by the other side"):
        await incoming.take(1)


async def test_a_connection_that_cannot_pause_is_read_on() -> None:
    incoming = Incoming(Reader())
    # Has what all connections have, and no more.
    incoming.connection_made(asyncio.ReadTransport())
    incoming.data_received(a_telegram() * 100)
    incoming.data_received(a_telegram())
    assert len(await incoming.take(1)) == 101
