"""A link to a port: over TCP and over a serial line, none of it pretended."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
import socket

import pytest
from serialx import open_serial_connection

from custom_components.emucs.port import (
    BinaryProtocol,
    CannotConnect,
    Drop,
    Encrypted,
    InvalidChecksum,
    Link,
    LinkDown,
    NoData,
    NoTelegram,
    PortError,
    Telegram,
    WrongSpeed,
    link as link_module,
)
from tests.port.clocks import FastClock, NoWait
from tests.port.wire import sent
from virtual_meter import PtyServer, TcpServer, VirtualMeter

pytestmark = pytest.mark.usefixtures("socket_enabled")

SILENCE = 0.3
TELEGRAM_WITHOUT_VERSION = b"/XXX5\\1\r\n\r\n1-0:1.7.0(1*kW)\r\n!\r\n"
TELEGRAM = sent("1-0:1.7.0(01.234*kW)")
GLO_CIPHERED = b"\xdb\x08" + bytes(range(0x41, 0x49)) + b"\x82\x01\x23\x30" + bytes(range(0x80, 0xFF))
HDLC = b"\x7e\xa0\x48\x01\x02\x01\x10\x9e\x6d" + bytes(range(0x80, 0xC0)) + b"\x7e"


@pytest.fixture
def meter() -> VirtualMeter:
    return VirtualMeter(start=datetime(2026, 1, 14, 17, tzinfo=UTC))


@pytest.fixture
async def server(meter: VirtualMeter) -> AsyncIterator[TcpServer]:
    async with TcpServer(meter, speed=20) as server:
        yield server


@asynccontextmanager
async def serving(*chunks: bytes, repeat: bool = False, close: bool = False, pause: float = 0) -> AsyncIterator[str]:
    """Serve these bytes to each client, then stay silent, begin again or close."""

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while True:
                for chunk in chunks:
                    writer.write(chunk)
                    await writer.drain()
                    await asyncio.sleep(pause)
                if not repeat:
                    break
            if not close:
                await asyncio.Event().wait()
        writer.close()

    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(talk(reader, writer)))

    listener = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield f"socket://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    finally:
        listener.close()
        listener.abort_clients()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await listener.wait_closed()


def linked(url: str, silence: float = SILENCE) -> Link:
    return Link(url, silence=silence)


async def next_event(link: Link) -> Telegram | LinkDown:
    async with asyncio.timeout(5):
        return await anext(link)


async def next_telegram(link: Link) -> Telegram:
    event = await next_event(link)
    assert isinstance(event, Telegram)
    return event


async def next_error(link: Link) -> PortError:
    event = await next_event(link)
    assert isinstance(event, LinkDown)
    return event.error


async def first_error(url: str) -> PortError:
    async with linked(url) as link:
        return await next_error(link)


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.005)
    pytest.fail("it did not happen")


def a_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# Telegrams


async def test_telegrams_come_as_they_are_sent(server: TcpServer, meter: VirtualMeter) -> None:
    async with linked(server.url) as link:
        telegrams = [await next_telegram(link) for _ in range(5)]
        assert link.reader.telegrams == 5
        assert link.connections == 1
    times = [telegram.time for telegram in telegrams]
    assert times == sorted(set(times))
    assert {telegram.meter_id for telegram in telegrams} == {meter.meter_id}


async def test_a_link_opens_when_it_is_read(server: TcpServer) -> None:
    async with linked(server.url) as link:
        await asyncio.sleep(0.05)
        assert server.clients == 0
        assert aiter(link) is link
        await next_telegram(link)
        assert server.clients == 1


async def test_telegrams_come_over_a_serial_line(meter: VirtualMeter) -> None:
    async with PtyServer(meter, speed=20) as line, linked(line.url) as link:
        times = [(await next_telegram(link)).time for _ in range(5)]
    assert times == sorted(times)


async def test_a_serial_line_that_is_pulled_and_plugged_in_again(meter: VirtualMeter, tmp_path: Path) -> None:
    async with PtyServer(meter, path=tmp_path / "port", speed=20) as line, linked(line.url) as link:
        await next_telegram(link)
        await line.disconnect()
        async with asyncio.timeout(5):
            while isinstance(event := await anext(link), Telegram):
                pass
            assert isinstance(event.error, CannotConnect)
            assert isinstance(await anext(link), Telegram)


async def test_a_slow_line_in_small_pieces() -> None:
    pieces = [TELEGRAM[at : at + 7] for at in range(0, len(TELEGRAM), 7)]
    async with serving(*pieces, repeat=True, pause=0.005) as url, linked(url) as link:
        for _ in range(3):
            assert (await next_telegram(link)).registers["1-0:1.7.0"].unit == "kW"


# What is wrong


@pytest.mark.parametrize(
    "url", ["nope://127.0.0.1:1", "socket://127.0.0.1", "socket://127.0.0.1:99999", "socket://", "socket://[::1", ""]
)
async def test_an_address_that_is_none(url: str) -> None:
    error = await first_error(url)
    assert type(error) is CannotConnect
    assert str(error)


async def test_nobody_listens() -> None:
    assert type(await first_error(f"socket://127.0.0.1:{a_free_port()}")) is CannotConnect


async def test_a_device_that_is_missing_or_no_serial_port(tmp_path: Path) -> None:
    assert type(await first_error(str(tmp_path / "ttyUSB0"))) is CannotConnect
    assert type(await first_error("/dev/null")) is CannotConnect
    assert type(await first_error(str(tmp_path))) is CannotConnect


async def test_the_other_side_closes() -> None:
    async with serving(TELEGRAM, close=True) as url, linked(url) as link:
        await next_telegram(link)
        error = await next_error(link)
        assert type(error) is CannotConnect
        assert error.reason == "cannot_connect"


async def test_the_other_side_closes_at_once() -> None:
    async with serving(close=True) as url:
        assert type(await first_error(url)) is CannotConnect


async def test_the_other_side_resets(server: TcpServer) -> None:
    async with linked(server.url) as link:
        await next_telegram(link)
        await server.disconnect()
        async with asyncio.timeout(5):
            while isinstance(event := await anext(link), Telegram):
                pass
        assert type(event.error) is CannotConnect


async def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_module, "OPEN_TIMEOUT", 0.1)
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        # A queue that is full: the next connection is never established.
        for waiting in (first, second):
            waiting.setblocking(False)  # noqa: FBT003 -- the only way to call it
            waiting.connect_ex(listener.getsockname())
        error = await first_error(f"socket://127.0.0.1:{listener.getsockname()[1]}")
    assert type(error) is CannotConnect
    assert "no answer" in str(error)


@pytest.mark.parametrize("said", [b"", b"\r\n", b"\0\r\n"])
async def test_a_silent_port(said: bytes) -> None:
    async with serving(said) as url:
        error = await first_error(url)
    assert type(error) is NoData
    assert str(error) == error.reason == "no_data"


async def test_a_port_that_falls_silent() -> None:
    # The line end comes by itself, as on a serial line.
    async with serving(TELEGRAM[:-2], b"\r\n", pause=0.05) as url, linked(url) as link:
        await next_telegram(link)
        assert type(await next_error(link)) is NoData


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (b"hello, this is no meter\r\n", NoTelegram),
        (TELEGRAM[:40], NoTelegram),
        (b"1-0:1.7.0(01.234*kW)\r\n" * 200, NoTelegram),
        (bytes(range(0x80, 0x100)) * 20, WrongSpeed),
        (b"\xff" * 100, WrongSpeed),
        (b"\xfe\x0f" * 2000, WrongSpeed),
        (GLO_CIPHERED, Encrypted),
        (b"\x55" + GLO_CIPHERED, Encrypted),
        (HDLC, BinaryProtocol),
        # Noise that has the beginning of a frame.
        (HDLC[:40] + b"\xfe" * 100, WrongSpeed),
        (TELEGRAM.replace(b"01.234", b"91.234"), InvalidChecksum),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else value[:8].hex(),
)
async def test_bytes_that_are_no_telegrams(said: bytes, kind: type[PortError]) -> None:
    async with serving(said) as url:
        error = await first_error(url)
    assert type(error) is kind
    assert isinstance(error, NoTelegram) == (error.reason == "no_telegram")


async def test_a_stream_of_bytes_that_are_no_telegrams_is_no_life() -> None:
    async with serving(b"hello\r\n", repeat=True, pause=0.01) as url:
        assert type(await first_error(url)) is NoTelegram


async def test_telegrams_whose_checksum_is_always_wrong(server: TcpServer) -> None:
    server.transform = lambda telegram: telegram.replace(b"1-0:1.7.0(", b"1-0:1.7.1(")
    async with linked(server.url) as link:
        assert type(await next_error(link)) is InvalidChecksum
        assert link.reader.dropped[Drop.CHECKSUM] > 0
        server.transform = None
        await next_telegram(link)


async def test_a_wrong_checksum_now_and_then_is_no_failure(server: TcpServer) -> None:
    count = 0

    def every_second(telegram: bytes) -> bytes:
        nonlocal count
        count += 1
        return telegram if count % 2 else telegram.replace(b"kW", b"kV")

    server.transform = every_second
    async with linked(server.url) as link:
        for _ in range(5):
            await next_telegram(link)
        assert link.connections == 1


async def test_what_was_wrong_before_a_telegram_does_not_explain_what_comes_behind_it() -> None:
    corrupt = TELEGRAM.replace(b"01.234", b"91.234")
    async with serving(corrupt + TELEGRAM, b"no telegram", pause=0.05) as url, linked(url) as link:
        await next_telegram(link)
        assert link.reader.dropped[Drop.CHECKSUM] == 1
        assert type(await next_error(link)) is NoTelegram


async def test_telegrams_with_high_bytes_do_not_disturb(server: TcpServer) -> None:
    server.transform = lambda telegram: (
        b"\xff\x80" + telegram.replace(b"96.13.0(", b"96.13.0(\xe9") + telegram + b"\xff"
    )
    async with linked(server.url) as link:
        for _ in range(3):
            await next_telegram(link)
        assert link.connections == 1


# Coming back


async def test_one_event_an_outage(server: TcpServer) -> None:
    clock = FastClock(4)
    async with Link(server.url, silence=4 * SILENCE, clock=clock) as link:
        await next_telegram(link)
        await server.stop()
        events: list[Telegram | LinkDown] = []

        async def collect() -> None:
            async for event in link:
                events.append(event)
                if events and isinstance(event, Telegram) and any(isinstance(each, LinkDown) for each in events):
                    return

        collecting = asyncio.create_task(collect())
        await asyncio.sleep(2 / 4)
        attempts_failed = link._delay  # noqa: SLF001 -- each failed try doubles it
        await server.start()
        began = clock.time()
        await asyncio.wait_for(collecting, 4)
        # It came back within a moment, though it had been away for several tries.
        assert clock.time() - began < 3
        assert attempts_failed > link_module.FIRST_DELAY
        assert [type(event) for event in events if isinstance(event, LinkDown)] == [LinkDown]
        assert link.connections == 2
        assert link._delay == link_module.FIRST_DELAY  # noqa: SLF001


async def test_a_telegram_is_not_joined_across_connections() -> None:
    async with serving(TELEGRAM[40:] + TELEGRAM[:40], close=True) as url, linked(url) as link:
        link._delay = 0.05  # noqa: SLF001 -- soon
        assert type(await next_error(link)) is CannotConnect
        reading = asyncio.create_task(anext(link))
        await until(lambda: link.connections > 2)
        assert link.reader.telegrams == 0
        reading.cancel()
        await asyncio.wait([reading])


async def test_another_failure_is_another_event(server: TcpServer) -> None:
    async with linked(server.url) as link:
        await next_telegram(link)
        server.pause()
        while isinstance(event := await next_event(link), Telegram):
            pass
        assert type(event.error) is NoData
        await server.stop()
        assert type(await next_error(link)) is CannotConnect
        server.resume()
        await server.start()
        await next_telegram(link)


async def test_a_device_that_comes_back(meter: VirtualMeter, tmp_path: Path) -> None:
    line = PtyServer(meter, path=tmp_path / "port", speed=20)
    async with linked(line.url) as link:
        assert type(await next_error(link)) is CannotConnect
        async with line:
            await next_telegram(link)


async def delays(
    url: str, monkeypatch: pytest.MonkeyPatch, count: int, *, silence: float = SILENCE, delay: float | None = None
) -> list[float]:
    """Return how long a link waits before each of its next tries, without waiting."""
    clock = NoWait(count, at_least=link_module.FIRST_DELAY)
    async with Link(url, silence=silence, clock=clock) as link:
        if delay is not None:
            link._delay = delay  # noqa: SLF001 -- after many refusals
        monkeypatch.setattr("custom_components.emucs.port.link.random.uniform", lambda _, high: high)

        async def read() -> None:
            async for _ in link:
                pass

        reading = asyncio.create_task(read())
        async with asyncio.timeout(10):
            await clock.enough.wait()
        monkeypatch.undo()
        reading.cancel()
        await asyncio.wait([reading])
    return clock.waited


async def test_it_waits_longer_and_longer_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await delays("nope://", monkeypatch, 9) == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


async def test_where_trying_costs_nothing_it_never_waits_long(monkeypatch: pytest.MonkeyPatch) -> None:
    refusing = f"socket://127.0.0.1:{a_free_port()}"
    assert await delays(refusing, monkeypatch, 5) == pytest.approx([0.5, 1, 1.5, 1.5, 1.5], abs=0.2)
    assert await delays("/dev/ttyMissing0", monkeypatch, 4) == pytest.approx([0.5, 1, 1.5, 1.5], abs=0.2)


async def test_a_port_that_opens_is_tried_soon_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(b"no telegram") as url:
        assert await delays(url, monkeypatch, 3, silence=0.01, delay=16) == [0.5, 0.5, 0.5]


async def test_links_do_not_all_come_back_at_the_same_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    bounds: list[tuple[float, float]] = []

    def low_end(low: float, high: float) -> float:
        bounds.append((low, high))
        return 0

    monkeypatch.setattr("custom_components.emucs.port.link.random.uniform", low_end)
    async with linked("nope://") as link:
        await next_error(link)
        waiting = asyncio.create_task(anext(link))
        await until(lambda: bool(bounds))
        waiting.cancel()
        await asyncio.wait([waiting])
    assert bounds[0] == pytest.approx((0.8, 1))


# Letting go


@asynccontextmanager
async def one_client(meter: VirtualMeter) -> AsyncIterator[TcpServer]:
    async with TcpServer(meter, speed=20, single_client=True) as server:
        yield server


async def test_a_closed_link_has_left(meter: VirtualMeter) -> None:
    async with one_client(meter) as server:
        for _ in range(3):
            link = Link(server.url)
            await next_telegram(link)
            await link.close()
            # The other side sees it as soon as its loop turns.
            await until(lambda: server.clients == 0)
            with pytest.raises(StopAsyncIteration):
                await anext(link)


async def test_closing_twice_and_unopened() -> None:
    link = Link("nope://")
    await link.close()
    await link.close()
    async for _ in link:
        pytest.fail("a closed link says nothing")


async def test_a_reader_that_is_cancelled_lets_go(meter: VirtualMeter) -> None:
    async def read(link: Link) -> None:
        async for _ in link:
            pass

    async with one_client(meter) as server:
        link = Link(server.url)
        reading = asyncio.create_task(read(link))
        await until(lambda: link.reader.telegrams > 1)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        await link.close()
        await until(lambda: server.clients == 0)
        async with linked(server.url) as other:
            await next_telegram(other)


async def test_cancelled_while_it_waits_to_try_again() -> None:
    async with linked("nope://") as link:
        await next_error(link)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await anext(link)


@pytest.mark.parametrize("moment", [0, 0.001, 0.01, 0.03])
async def test_cancelled_while_it_opens(meter: VirtualMeter, moment: float) -> None:
    async with PtyServer(meter, speed=20) as line:
        link = Link(line.url)
        with suppress(TimeoutError):
            async with asyncio.timeout(moment):
                await anext(link)
        await link.close()
        await until(lambda: line.clients == 0)
        async with linked(line.url) as other:
            await next_telegram(other)


async def test_a_serial_line_is_free_for_others(meter: VirtualMeter) -> None:
    async with PtyServer(meter, speed=20) as line:
        async with linked(line.url) as link:
            await next_telegram(link)
            # A line has one reader.
            assert type(await first_error(line.url)) is CannotConnect
        reader, writer = await open_serial_connection(url=line.url, baudrate=115200)
        assert await reader.read(1)
        writer.close()
        await writer.wait_closed()


async def test_closing_is_cancelled(meter: VirtualMeter) -> None:
    async with one_client(meter) as server:
        link = Link(server.url)
        await next_telegram(link)
        closing = asyncio.create_task(link.close())
        await asyncio.sleep(0)
        closing.cancel()
        await asyncio.wait([closing])
        await until(lambda: server.clients == 0)


async def test_nothing_runs_behind_a_closed_link(server: TcpServer) -> None:
    before = asyncio.all_tasks()
    link = Link(server.url)
    await next_telegram(link)
    await link.close()
    assert asyncio.all_tasks() == before


@pytest.mark.usefixtures("socket_enabled")
class TestPeriod:
    """How long a port may be silent, by how often its meter sends."""

    @pytest.fixture(autouse=True)
    def short(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Make a second of a tenth of one."""
        monkeypatch.setattr("custom_components.emucs.port.link.SILENCE", 0.8)
        monkeypatch.setattr("custom_components.emucs.port.link.FIRST_SILENCE", 1.2)

    async def test_before_the_first_telegram(self) -> None:
        async with serving(b"") as url, Link(url) as link:
            assert link.silence == 1.2
            assert isinstance((await anext(link)).error, NoData)

    async def test_after_one_telegram_the_version_tells(self) -> None:
        async with TcpServer(VirtualMeter(), speed=2) as server, Link(server.url) as link:
            assert not isinstance(await anext(link), LinkDown)
            assert link.silence == 0.8
        async with serving(TELEGRAM_WITHOUT_VERSION) as url, Link(url) as link:
            assert not isinstance(await anext(link), LinkDown)
            assert link.silence == 1.2

    @pytest.mark.parametrize(("speed", "at_least", "at_most"), [(20, 0.8, 0.8), (2, 2.0, 3.0)])
    async def test_learned(self, speed: float, at_least: float, at_most: float) -> None:
        async with TcpServer(VirtualMeter(), speed=speed) as server, Link(server.url) as link:
            for _ in range(4):
                assert not isinstance(await anext(link), LinkDown)
            assert at_least <= link.silence <= at_most

    async def test_a_meter_slower_than_the_first_silence_allows_is_kept(self) -> None:
        # A telegram a second, where eight tenths of one would be silence for a meter known to be fast.
        def without_version(telegram: bytes) -> bytes:
            head = telegram[: telegram.index(b"!") + 1].replace(b"0-0:96.1.4(50217)\r\n", b"")
            return head + b"\r\n"

        async with (
            TcpServer(VirtualMeter(), speed=4, transform=without_version) as server,
            Link(server.url, clock=FastClock(4)) as link,
        ):
            for _ in range(4):
                assert not isinstance(await anext(link), LinkDown)
            assert link.connections == 1
            assert link.silence > 4
