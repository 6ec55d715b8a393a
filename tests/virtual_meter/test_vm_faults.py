"""What the virtual meter can let go wrong, looked at with nothing of the code that reads it."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
import socket
import subprocess
import sys

import pytest
from vm_reading import client, codes, crc16, moment, number, values

from virtual_meter import FAULTS, PtyServer, Said, TcpServer, VirtualMeter, make_fault
from virtual_meter.__main__ import main
from virtual_meter.faults import explain, usage

START = datetime(2026, 1, 14, 17, tzinfo=UTC)
ONE_ARGUMENT = {"clock_offset": "clock_offset:5"}


def changed(text: str, seconds: int = 0, **options: bool) -> tuple[bytes, bytes]:
    """Return what a meter prints so many seconds after a fault began, and what the fault makes of it."""
    fault, meter = make_fault(text), VirtualMeter(start=START, **options)
    fault.change(meter.telegram(), meter)
    meter.advance(seconds)
    return meter.telegram(), fault.change(meter.telegram(), meter)


def is_signed(telegram: bytes) -> bool:
    body, _, checksum = telegram.rpartition(b"!")
    return checksum == b"%04X\r\n" % crc16(body + b"!")


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_is_explained(name: str) -> None:
    assert usage(name) in explain()
    assert (FAULTS[name].__doc__ or "").endswith(".")
    make_fault(ONE_ARGUMENT.get(name, name))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("flood", "there is no fault flood; choose one of close, silent"),
        ("clock_offset", "clock_offset is written as clock_offset:SECONDS"),
        ("close:1,2,3", "close:1,2,3 is written as close\\[:AFTER_S,DOWN_S\\]"),
        ("one_byte:1", "one_byte:1 is written as one_byte"),
        ("split:0", "SIZE is 0; it must be a number from 1 to 65536"),
        ("corrupt:2", "SHARE is 2; it must be a number from 0 to 1"),
        ("corrupt:often", "SHARE is often; it must be a number"),
        ("close:-1", "AFTER_S is -1"),
        ("close:nan", "AFTER_S is nan"),
    ],
)
def test_what_is_no_fault(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_fault(text)


@pytest.mark.parametrize(
    ("fault", "shown"),
    [
        ("clock_2000", datetime(2000, 1, 1, tzinfo=UTC) + timedelta(hours=-1, seconds=20)),
        ("clock_offset:3600", START + timedelta(hours=1, seconds=20)),
        ("clock_offset:-90", START - timedelta(seconds=70)),
        ("clock_back", START - timedelta(seconds=3580)),
        ("clock_back:3600,60", START + timedelta(seconds=20)),
        ("clock_frozen", START),
    ],
)
def test_clocks(fault: str, shown: datetime) -> None:
    printed, telegram = changed(fault, 20)
    assert moment(values(telegram, "0-0:1.0.0")[0]) == shown
    assert is_signed(telegram)
    # Nothing else is changed.
    assert telegram[:-6].replace(values(telegram, "0-0:1.0.0")[0].encode(), b"") == printed[:-6].replace(
        values(printed, "0-0:1.0.0")[0].encode(), b""
    )


@pytest.mark.parametrize(
    ("fault", "seconds", "step"),
    [
        ("counter_jump", 5, 0),
        ("counter_jump", 20, 1000),
        ("counter_jump:500,10,5", 12, "0.5"),
        ("counter_jump:500,10,5", 20, 0),
        ("counter_back", 20, -1),
        ("counter_back:1e12", 20, "zero"),
    ],
)
def test_counters(fault: str, seconds: int, step: str | int) -> None:
    printed, telegram = changed(fault, seconds)
    for code in ("1-0:1.8.1", "1-0:1.8.2", "1-0:2.8.1", "1-0:2.8.2"):
        expected = Decimal(0) if step == "zero" else number(printed, code) + Decimal(step)
        assert number(telegram, code) == expected
    assert values(telegram, "1-0:1.7.0") == values(printed, "1-0:1.7.0")
    assert len(telegram) == len(printed)
    assert is_signed(telegram)


def test_another_meter() -> None:
    printed, telegram = changed("other_meter", 5)
    assert values(telegram, "0-0:96.1.1") != values(printed, "0-0:96.1.1")
    assert values(telegram, "0-0:1.0.0") == values(printed, "0-0:1.0.0")
    assert number(telegram, "1-0:1.8.1") != number(printed, "1-0:1.8.1")
    assert is_signed(telegram)


@pytest.mark.parametrize(
    ("fault", "gone"),
    [
        ("demand_lost", {"1-0:1.4.0", "1-0:1.6.0", "0-0:98.1.0"}),
        ("energy_lost", {"1-0:1.8.1", "1-0:1.8.2", "1-0:2.8.1", "1-0:2.8.2"}),
    ],
)
def test_lines_that_are_gone(fault: str, gone: set[str]) -> None:
    printed, telegram = changed(fault)
    assert set(codes(printed)) - set(codes(telegram)) == gone
    assert is_signed(telegram)


def test_bytes_that_are_wrong() -> None:
    printed, telegram = changed("bad_checksum")
    assert telegram[:-6] == printed[:-6]
    assert not is_signed(telegram)
    printed, telegram = changed("corrupt:1")
    assert len(telegram) == len(printed)
    assert sum((a ^ b).bit_count() for a, b in zip(telegram, printed, strict=True)) == 1
    printed, telegram = changed("garbage")
    assert len(telegram) == len(printed)
    assert b"/FLU5" not in telegram
    printed, telegram = changed("lf_only")
    assert telegram == printed.replace(b"\r\n", b"\n")
    _, telegram = changed("high_bytes")
    assert telegram[0] == telegram[-1] == 0xFF
    assert max(telegram[2:-1]) > 0x7F
    assert is_signed(telegram[2:-1])


def test_a_share_of_the_telegrams() -> None:
    fault, meter = make_fault("corrupt:0.25"), VirtualMeter(start=START)
    telegram = meter.telegram()
    struck = sum(fault.change(telegram, meter) != telegram for _ in range(1000))
    assert 200 < struck < 300


def test_what_another_speed_makes_of_a_telegram() -> None:
    printed, right = changed("wrong_speed:115200")
    assert right == printed
    # Slower: several bytes become one. Faster: each becomes several.
    assert len(changed("wrong_speed:9600")[1]) < len(printed) / 5
    assert len(changed("wrong_speed:230400")[1]) > len(printed)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  what the server does is looked at from outside
            await asyncio.sleep(0.01)


async def next_telegram(reader: asyncio.StreamReader) -> bytes:
    return await asyncio.wait_for(reader.readuntil(b"!"), 5) + await reader.readexactly(6)


@pytest.mark.usefixtures("socket_enabled")
async def test_a_witness_knows_what_the_meter_said() -> None:
    said: list[Said] = []
    async with TcpServer(VirtualMeter(start=START), speed=20, faults=[make_fault("counter_back:1000,0")]) as server:
        server.witness = said.append
        async with client(server) as reader:
            telegrams = [await next_telegram(reader) for _ in range(3)]
    assert [each.sent for each in said[:3]] == telegrams
    for each in said:
        assert number(each.printed, "1-0:1.8.1") == each.truth.import_1 == number(each.sent, "1-0:1.8.1") + 1
        assert moment(values(each.printed, "0-0:1.0.0")[0]) == each.truth.time


@pytest.mark.usefixtures("socket_enabled")
async def test_telegrams_in_pieces_and_together() -> None:
    split = make_fault("split:100")
    async with TcpServer(VirtualMeter(start=START), speed=20, faults=[split]) as server, client(server) as reader:
        assert is_signed(await next_telegram(reader))
        assert server.faults == (split,)
        await server.heal(split)
        await server.inject(make_fault("merge:3"))
        sent = server.telegrams_sent
        await until(lambda: server.telegrams_sent > sent)
        for _ in range(3):
            assert is_signed(await next_telegram(reader))


@pytest.mark.usefixtures("socket_enabled")
async def test_ports_that_close_refuse_and_fall_silent() -> None:
    async with TcpServer(VirtualMeter(start=START), speed=20) as server:
        close, refuse, silent = make_fault("close:0.1,1e9"), make_fault("refuse"), make_fault("silent:0.05")
        async with client(server) as reader:
            await server.inject(close)
            await asyncio.wait_for(reader.read(), 5)
        assert not server.is_open
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", server.port)
        await server.heal(close)
        await server.inject(refuse)
        await asyncio.sleep(0.05)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", server.port)
        await server.heal(refuse)
        async with client(server) as reader:
            await next_telegram(reader)
            await server.inject(silent)
            await asyncio.sleep(0.2)
            assert server.paused
            await server.heal(silent)
            await next_telegram(reader)


@pytest.mark.usefixtures("socket_enabled")
async def test_connections_that_die_stay_open() -> None:
    async with TcpServer(VirtualMeter(start=START), speed=20, faults=[make_fault("half_open:0.3")]) as server:
        async with client(server) as reader:
            await next_telegram(reader)
            await until(lambda: not server.clients)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await reader.read()
            async with client(server) as other:
                await next_telegram(other)
        await server.stop()
        assert server.clients == 0


@pytest.mark.usefixtures("socket_enabled")
async def test_a_bridge_that_serves_one_by_a_fault() -> None:
    server = TcpServer(VirtualMeter(start=START), speed=20, faults=[make_fault("single_client")])
    async with server, client(server) as one, client(server) as two:
        await next_telegram(one)
        assert await asyncio.wait_for(two.read(), 5) == b""


def terminal(path: Path) -> Path | None:
    return path.readlink() if path.is_symlink() else None


async def test_a_cable_that_is_pulled_comes_back_under_another_name(tmp_path: Path) -> None:
    path = tmp_path / "meter"
    server = PtyServer(VirtualMeter(start=START), path, faults=[make_fault("unplug:0.1,0.1")])
    names: list[Path | None] = [None]
    async with server, asyncio.timeout(5):
        while len(names) < 6:
            if terminal(path) != names[-1]:
                names.append(terminal(path))
            await asyncio.sleep(0.01)
    first, second, third = (name for name in names if name)
    assert first != second != third
    assert names[2] is names[4] is None


@pytest.mark.usefixtures("socket_enabled")
def test_a_fault_of_another_kind_of_port(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="Unplug is a fault of a pty port, and this is a tcp one"):
        TcpServer(VirtualMeter(), faults=[make_fault("unplug")])
    with pytest.raises(ValueError, match="HalfOpen is a fault of a tcp port"):
        PtyServer(VirtualMeter(), faults=[make_fault("half_open")])
    assert main(["--tcp", "127.0.0.1:0", "--fault", "unplug"]) == 2
    assert "Unplug is a fault of a pty port" in capsys.readouterr().err


def test_faults_on_the_command_line(socket_enabled: None) -> None:
    command = [sys.executable, "-m", "virtual_meter", "--tcp", "127.0.0.1:0", "--speed", "20"]
    command += ["--fault", "lf_only", "--fault", "counter_back:1000,0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout
        port = int(process.stdout.readline().split()[0].rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), 5) as connection, connection.makefile("rb") as lines:
            telegram = b"".join(next(lines) for _ in range(20))
        process.terminate()
        assert process.wait(5) == 0
    assert b"\r" not in telegram
    assert b"/FLU5" in telegram


def test_a_fault_that_is_none_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--fault", "flood"])
    assert "there is no fault flood" in capsys.readouterr().err
