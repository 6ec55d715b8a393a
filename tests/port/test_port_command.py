"""`python -m custom_components.emucs.port`: what a port says, in a terminal."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
import json
from pathlib import Path
import re
import signal
import sys

import pytest

from custom_components.emucs.port import Reader, Telegram, __main__ as command
from custom_components.emucs.port.address import url_of
from custom_components.emucs.port.names import name_of
from tests.port.wire import received
from virtual_meter import TcpServer, VirtualMeter
from virtual_meter.readers import P1Dongle

pytestmark = pytest.mark.usefixtures("socket_enabled")

START = datetime(2026, 1, 14, 17, tzinfo=UTC)
ROOT = Path(__file__).parents[2]
ALONE = "import runpy, sys; sys.path.append(sys.argv.pop(1)); runpy.run_module('port', run_name='__main__')"


@pytest.fixture
async def server() -> AsyncIterator[TcpServer]:
    async with TcpServer(VirtualMeter(profile="2.1.1", start=START), speed=10) as server:
        yield server


async def start(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, cwd=ROOT
    )


async def start_alone(*arguments: str) -> asyncio.subprocess.Process:
    """Start the command without the package around it, which takes seconds to bring Home Assistant along."""
    return await start("-c", ALONE, str(ROOT / "custom_components" / "emucs"), *arguments)


async def end(process: asyncio.subprocess.Process) -> tuple[bytes, str, int | None]:
    async with asyncio.timeout(30):
        out, err = await process.communicate()
    return out, err.decode(), process.returncode


def printed_at(time: datetime | None) -> Telegram:
    """Return what the same meter prints at this time."""
    assert time is not None
    meter = VirtualMeter(profile="2.1.1", start=START)
    meter.advance((time - START) // timedelta(seconds=1))
    [telegram] = Reader().feed(meter.telegram())
    return telegram


async def test_text(server: TcpServer) -> None:
    out, err, code = await end(await start("-m", "custom_components.emucs.port", server.url, "--count", "2"))
    assert (err, code) == ("", 0)
    text = out.decode()
    heads = [line for line in text.splitlines() if not line.startswith(" ")]
    assert len(heads) == 2
    assert all(f"meter {server.meter.meter_id}  version 50221  2026-01-14 18:" in head for head in heads)
    [limit, _] = [line.split() for line in text.splitlines() if "0-0:17.0.0" in line]
    assert limit == ["0-0:17.0.0", "-", "kW", "active", "limit"]
    assert text.count("  1-0:1.8.1 ") == 2


async def test_raw(server: TcpServer) -> None:
    out, err, code = await end(await start_alone(server.url, "--raw", "--count", "2"))
    assert (err, code) == ("", 0)
    reader = Reader()
    telegrams = reader.feed(out)
    assert len(telegrams) == 2
    assert sum(reader.dropped.values()) == 0
    for telegram in telegrams:
        assert telegram == printed_at(telegram.time)


async def test_json(server: TcpServer) -> None:
    out, err, code = await end(await start_alone(server.url, "--json", "--count", "2"))
    assert (err, code) == ("", 0)
    lines = out.decode().splitlines()
    assert len(lines) == 2
    for line in lines:
        told = json.loads(line)
        telegram = printed_at(datetime.fromisoformat(told["time"]))
        assert (told["meter_id"], told["version"], told["identification"]) == (
            telegram.meter_id,
            telegram.version,
            telegram.identification,
        )
        assert told["registers"].keys() == telegram.registers.keys()
        for code_, register in telegram.registers.items():
            value = told["registers"][code_]["value"]
            # Numbers keep all their digits, as text.
            assert value == (None if register.value is None else str(register.value))
            assert told["registers"][code_]["unit"] == register.unit
        assert told["channels"].keys() == {str(number) for number in telegram.channels}
        reading = telegram.channels[1].reading
        assert reading is not None
        assert Decimal(told["channels"]["1"]["reading"]["value"]) == reading.value
        assert told["channels"]["1"]["id"] == server.meter.gas_id
        assert [Decimal(month["value"]) for month in told["demand_history"]] == [
            month.value for month in telegram.demand_history
        ]


async def test_until_it_is_interrupted(server: TcpServer) -> None:
    process = await start_alone(server.url)
    assert process.stdout is not None
    async with asyncio.timeout(30):
        assert await process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err, code = await end(process)
    assert (err, code) == ("", 130)


async def test_a_command_that_makes_no_sense() -> None:
    _, err, code = await end(await start_alone("socket://127.0.0.1:1", "--raw", "--json"))
    assert code == 2
    assert "not allowed with" in err


@pytest.mark.parametrize("form", [[], ["--raw"], ["--json"]])
async def test_a_port_that_fails_is_told_on_the_side(
    server: TcpServer, form: list[str], monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setattr(sys, "argv", ["port", server.url, *form, "--count", "1", "--baudrate", "9600"])
    await server.stop()
    running = asyncio.create_task(command._run(command._arguments()))  # noqa: SLF001 -- the command, in this process
    err = b""
    for _ in range(1000):
        await asyncio.sleep(0.005)
        err += capfdbinary.readouterr().err
        if err:
            break
    await server.start()
    await asyncio.wait_for(running, 5)
    assert f"{server.url}: cannot_connect: ".encode() in err
    out, rest = capfdbinary.readouterr()
    assert b"1-0:1.7.0" in out
    assert b"Trying again until telegrams come" in err
    assert f"{server.url}: telegrams come again.".encode() in err + rest


PORT = ROOT / "custom_components" / "emucs" / "port"


@pytest.mark.parametrize("path", [PORT, PORT / "__main__.py"])
async def test_by_its_path_from_any_folder_without_home_assistant(
    server: TcpServer, path: Path, tmp_path: Path
) -> None:
    # A module of the name of one that is needed, and none of Home Assistant.
    for name in ("link", "units", "homeassistant"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('not this one')")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(path), server.url.removeprefix("socket://"), "--count", "1"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
    )
    out, err, code = await end(process)
    assert (err, code) == ("", 0)
    assert f"meter {server.meter.meter_id}".encode() in out


@pytest.mark.parametrize(
    ("code", "value", "name"),
    [
        ("1-0:1.8.1", "1*kWh", "active energy import tariff 1"),
        ("1-0:2.7.0", "1*kW", "active power export"),
        ("1-0:32.7.0", "230.1*V", "voltage L1"),
        ("1-0:31.4.0", "16*A", "current limit L1"),
        ("1-0:13.7.0", "0.99", "power factor"),
        ("1-0:5.8.0", "1*kvarh", "reactive (Q1) energy"),
        ("1-0:16.7.0", "1*kW", "active power import - export"),
        ("1-1:1.8.1", "1*kWh", "active energy import tariff 1, channel 1"),
        ("1-0:1.8.0*1", "1*kWh", "active energy import of 1 periods ago"),
        ("0-1:24.2.3", "260114120000W)(1*m3", "volume, not corrected by temperature reading, channel 1"),
        ("0-1:24.2.1", "260114120000W)(1*GJ", "energy reading, channel 1"),
        ("0-1:24.2.1", "", "reading, channel 1"),
        ("0-1:96.1.1", "3754535430303030303030303031", "equipment identifier, channel 1"),
        ("0-0:96.1.4", "50217", "version of e-MUCS"),
        ("0-0:96.3.10", "1", "breaker"),
        ("0-2:96.3.10", "1", "relay, channel 2"),
        ("0-0:96.7.21", "00018", "power failures"),
        ("0-0:98.1.0", "0", "peaks of past months"),
        ("C.1.0", "1", "number of the meter"),
        ("P.01", "1", ""),
        ("1-0:99.9.9", "1", ""),
    ],
)
def test_each_code_has_its_name(code: str, value: str, name: str) -> None:
    [register] = received(f"{code}({value})").registers.items()
    assert name_of(*register) == name


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("192.168.1.5:23", "socket://192.168.1.5:23"),
        ("p1-bridge.local:8088", "socket://p1-bridge.local:8088"),
        ("[fe80::1%eth0]:23", "socket://[fe80::1%eth0]:23"),
        (" bridge:1 ", "socket://bridge:1"),
        ("socket://bridge:23", "socket://bridge:23"),
        ("tcp://bridge:23", "tcp://bridge:23"),
        ("rfc2217://bridge:23", "rfc2217://bridge:23"),
        ("esphome://bridge/?port_name=P1", "esphome://bridge/?port_name=P1"),
        ("/dev/ttyUSB0", "/dev/ttyUSB0"),
        ("/dev/serial/by-id/usb-FTDI:1", "/dev/serial/by-id/usb-FTDI:1"),
        ("COM3", "COM3"),
    ],
)
def test_addresses_that_are_understood(typed: str, url: str) -> None:
    assert url_of(typed) == url


@pytest.mark.parametrize(
    ("typed", "remedy"),
    [
        ("192.168.1.5", "192.168.1.5:PORT"),
        ("p1-bridge.local", "p1-bridge.local:PORT"),
        ("bridge:", "bridge:PORT"),
        ("fe80::1", "[fe80::1]:PORT"),
        ("socket://bridge", "socket://bridge:PORT"),
        ("socket://bridge:99999", "PORT"),
        ("ttyUSB0", "/dev/ttyUSB0"),
        ("", "/dev/ttyUSB0"),
    ],
)
def test_addresses_that_are_refused_with_the_remedy(typed: str, remedy: str) -> None:
    with pytest.raises(ValueError, match=re.escape(remedy)):
        url_of(typed)


async def test_an_address_without_a_port_is_refused_at_once() -> None:
    out, err, code = await end(await start_alone("192.0.2.5"))
    assert (out, code) == (b"", 2)
    assert "192.0.2.5:PORT" in err


async def test_a_web_reader_is_read_too_and_its_password_not_printed() -> None:
    async with P1Dongle(VirtualMeter(), speed=10) as reader:
        reader.user = "owner:word"
        url = reader.url.replace("//", "//owner:word@")
        out, err, code = await end(await start_alone(url, "--raw", "--count", "1"))
        assert (code, err) == (0, "")
        assert out.startswith(b"/")
        reader.user = "owner:other"
        process = await start_alone(url)
        assert process.stderr is not None
        line = (await process.stderr.readline()).decode()
        process.terminate()
        await process.wait()
        assert line == f"{reader.url}: cannot_connect: unauthorized\n"
