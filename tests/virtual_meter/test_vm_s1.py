"""The S1 port of the virtual meter, read with nothing of the code that wrote it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
import math
import os
from pathlib import Path
import signal
import socket
from threading import Timer

import pytest

from virtual_meter import VirtualMeter, make_fault
from virtual_meter.__main__ import main
from virtual_meter.s1 import Sampler
from virtual_meter.s1_server import S1PtyServer, S1TcpServer

EVENING = datetime(2026, 1, 14, 17, tzinfo=UTC)
NOON = datetime(2026, 6, 14, 11, tzinfo=UTC)
SINGLE, STAR, DELTA = "1.7.1-single-phase", "1.7.1", "1.7.1-3x230v"
SECOND = 2600


@dataclass(frozen=True)
class Frame:
    meter_id: str
    flags: int
    per_period: int
    millihertz: int
    number: int
    volts: tuple[float, ...]
    amperes: tuple[float, ...]


def x25(data: bytes) -> int:
    """FCS-16 of ISO/IEC 13239, bit by bit."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0x8408 if crc & 1 else crc >> 1
    return crc ^ 0xFFFF


def decoded(frame: bytes) -> Frame:
    """Read a frame of 45 bytes, whose checksum has to be right."""
    assert len(frame) == 45
    assert frame[0] == frame[44] == 0x7E
    assert frame[1:5] == bytes.fromhex("802BFF03")
    assert x25(frame[1:42]) == int.from_bytes(frame[42:44], "little")
    volts = [int.from_bytes(frame[at : at + 2], signed=True) * 0.025 for at in (24, 29, 34)]
    amperes = [int.from_bytes(frame[at : at + 3], signed=True) / 1000 for at in (26, 31, 36, 39)]
    return Frame(
        frame[5:19].decode(),
        frame[19],
        frame[20],
        int.from_bytes(frame[21:23]),
        frame[23],
        tuple(volts),
        tuple(amperes),
    )


def sampled(sampler: Sampler, count: int = SECOND) -> list[Frame]:
    data = sampler.frames(count)
    return [decoded(data[at : at + 45]) for at in range(0, len(data), 45)]


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def rms(values: Sequence[float]) -> float:
    return math.sqrt(mean([value * value for value in values]))


def watts(frames: list[Frame], phase: int) -> float:
    return mean([frame.volts[phase] * frame.amperes[phase] for frame in frames])


@pytest.mark.parametrize("profile", [SINGLE, STAR, DELTA])
@pytest.mark.parametrize("start", [EVENING, NOON])
def test_samples_hold_together_with_the_telegram_of_the_same_second(profile: str, start: datetime) -> None:
    meter = VirtualMeter(profile, 3, start)
    sampler = Sampler(meter)
    for _ in range(3):
        meter.advance(600, 10)
        frames, truth = sampled(sampler), meter.truth
        assert {frame.meter_id for frame in frames} == {meter.meter_id}
        net = float(truth.power_import - truth.power_export) * 1000
        assert sum(watts(frames, phase) for phase in range(3)) == pytest.approx(net, rel=0.01, abs=2)
        for number, phase in enumerate(truth.phases):
            printed = float(phase.power_import - phase.power_export) * 1000
            # Between lines that are not quite alike, the three do not close to a triangle of thirds.
            slack = 0.05 * abs(net) if profile == DELTA else 0
            assert watts(frames, number) == pytest.approx(printed, rel=0.01, abs=2 + slack)
            assert rms([frame.volts[number] for frame in frames]) == pytest.approx(float(phase.voltage), rel=0.002)
            if profile != DELTA:
                amperes = rms([frame.amperes[number] for frame in frames])
                assert amperes == pytest.approx(float(phase.current), rel=0.01, abs=0.02)


def test_what_a_frame_says_of_its_meter() -> None:
    flags = {SINGLE: 0b01010, STAR: 0b11111, DELTA: 0b01011}
    for profile, expected in flags.items():
        meter = VirtualMeter(profile, start=EVENING)
        first, *others = sampled(Sampler(meter), 300)
        assert (first.flags, first.per_period, first.millihertz) == (expected, 52, int(meter.truth.frequency * 1000))
        assert [frame.number for frame in (first, *others)] == [number % 256 for number in range(300)]


def test_without_a_neutral_all_is_measured_against_l2() -> None:
    frames = sampled(Sampler(VirtualMeter(DELTA, start=EVENING)))
    assert {frame.volts[1] for frame in frames} == {0.0}
    assert {frame.amperes[3] for frame in frames} == {0.0}
    assert rms([frame.volts[0] - frame.volts[2] for frame in frames]) == pytest.approx(233, abs=8)
    assert max(abs(sum(frame.amperes[:3])) for frame in frames) < 0.05


def test_the_neutral_carries_what_the_phases_do_not_share() -> None:
    frames = sampled(Sampler(VirtualMeter(STAR, start=EVENING)))
    assert max(abs(sum(frame.amperes)) for frame in frames) < 0.05


def test_a_meter_of_the_second_generation_has_no_such_port() -> None:
    with pytest.raises(ValueError, match=r"profile 2\.1\.1 has no S1 port"):
        Sampler(VirtualMeter("2.1.1", start=EVENING))


def test_a_dip_lowers_one_phase_for_as_long_as_it_says() -> None:
    sampler = Sampler(VirtualMeter(STAR, start=EVENING), [make_fault("dip:0.5,0.2,1,2")])
    frames = sampled(sampler, 2 * SECOND)
    periods = [frames[at : at + 52] for at in range(0, len(frames), 52)]
    for phase, low in ((0, 0), (1, 10), (2, 0)):
        assert sum(rms([frame.volts[phase] for frame in period]) < 150 for period in periods) == low


def test_faults_of_the_line() -> None:
    meter = VirtualMeter(STAR, start=EVENING)
    clean = Sampler(meter).frames(2000)
    lost = make_fault("lost_frames:0.1").change(clean, meter)
    assert 150 < 2000 - len(lost) // 45 < 250
    changed = make_fault("corrupt_frames:1").change(clean, meter)
    frames = [changed[at : at + 45] for at in range(0, len(changed), 45)]
    assert not any(x25(frame[1:42]) == int.from_bytes(frame[42:44], "little") for frame in frames)
    noisy = make_fault("garbage_frames:0.1").change(clean, meter)
    assert len(noisy) > len(clean)
    flagged = sampled(Sampler(meter, [make_fault("corrupt_samples:0.1")]), 2000)
    assert 150 < sum(not frame.flags & 8 for frame in flagged) < 250


@pytest.mark.usefixtures("socket_enabled")
async def test_over_tcp_each_frame_comes_at_the_rate_of_the_grid() -> None:
    async with S1TcpServer(VirtualMeter(STAR, start=EVENING)) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        began = asyncio.get_running_loop().time()
        frames = [decoded(await reader.readexactly(45)) for _ in range(SECOND)]
        took = asyncio.get_running_loop().time() - began
        writer.close()
    assert 0.9 < took < 1.5
    assert all((after.number - before.number) % 256 == 1 for before, after in pairwise(frames))


async def test_on_a_serial_line(tmp_path: Path) -> None:
    async with S1PtyServer(VirtualMeter(SINGLE, start=EVENING), tmp_path / "s1") as server:
        fd = os.open(server.url, os.O_RDONLY | os.O_NOCTTY)
        try:
            data = b""
            while len(data) < 45 * 100:
                data += await asyncio.to_thread(os.read, fd, 4096)
        finally:
            os.close(fd)
    assert [decoded(data[at : at + 45]).volts[1] for at in range(0, 4500, 45)] == [0.0] * 100


def test_both_ports_of_a_meter_at_once(
    socket_enabled: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    timer = Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    assert main(["--tcp", "127.0.0.1:0", "--s1", "127.0.0.1:0", "--fault", "dip", "--fault", "close"]) == 0
    timer.join()
    samples, telegrams = capsys.readouterr().out.splitlines()
    assert samples.startswith("socket://127.0.0.1:")
    assert samples.endswith(" S1")
    assert telegrams.endswith(VirtualMeter(seed=1).meter_id)


def test_what_is_wrong_with_the_place_of_an_s1_port(
    socket_enabled: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = {"nowhere": "nowhere is not HOST:PORT", str(tmp_path / "no" / "s1"): "No such file or directory"}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        where[f"127.0.0.1:{taken.getsockname()[1]}"] = "Cannot serve the S1 port"
        for place, complaint in where.items():
            assert main(["--tcp", "127.0.0.1:0", "--s1", place]) == 2
            assert complaint in capsys.readouterr().err
    assert main(["--s1", "127.0.0.1:0", "--profile", "2.1.1"]) == 2
    assert "has no S1 port" in capsys.readouterr().err
    assert main(["--tcp", "127.0.0.1:0", "--fault", "dip"]) == 2
    assert "Dip is a fault of a s1 port" in capsys.readouterr().err
