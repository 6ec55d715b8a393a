"""A street: several households whose meters keep one time, and the truth of all of them together."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path
import socket
import subprocess
import sys

import pytest

from tests.support import eventually
from virtual_meter import Neighbourhood, TcpServer, VirtualMeter
from virtual_meter.__main__ import main
from virtual_meter.registers import MWS_PER_WH

QUARTER = 900
NOON = datetime(2026, 4, 12, 10, tzinfo=UTC)
PLAIN = {"gas": False, "water": False, "history_months": 0}


def milliwatts(street: Neighbourhood, seconds: int, step: int) -> Iterator[list[int]]:
    """Let time pass, and yield the net power of each household for each step."""
    for _ in range(0, seconds, step):
        street.advance(step, step)
        yield [meter.net_milliwatts for meter in street.meters]


def test_households_of_a_street_differ_and_share_their_weather() -> None:
    street = Neighbourhood(12, 1, NOON)
    houses = [meter.household for meter in street.meters]
    assert len({meter.meter_id for meter in street.meters}) == 12
    for part in ("pv", "ev", "heat_pump"):
        assert len({bool(getattr(house, part)) for house in houses}) == 2, part
    t = int(NOON.timestamp())
    assert len({house.weather.irradiance(t) for house in houses}) == 1
    street.advance(3600, 60)
    assert len({tuple(house.routine.levels) for house in houses}) > 6


def test_what_no_household_has() -> None:
    street = Neighbourhood(12, 1, NOON, pv=False, ev=False)
    assert all(not meter.household.pv and not meter.household.ev for meter in street.meters)
    assert any(meter.household.heat_pump for meter in street.meters)


def test_the_same_seed_is_the_same_street() -> None:
    one, same = (Neighbourhood(3, 7, NOON) for _ in range(2))
    for street in (one, same):
        street.advance(QUARTER)
    assert [meter.telegram() for meter in one.meters] == [meter.telegram() for meter in same.meters]
    assert one.sums.quarters == same.sums.quarters


@pytest.mark.parametrize("step", [1, 10, 60])
def test_the_sum_is_what_each_moment_comes_to(step: int) -> None:
    street = Neighbourhood(5, 1, NOON, **PLAIN)
    counted: list[list[int]] = []
    for quarter in range(4):
        powers = list(milliwatts(street, QUARTER, step))
        nets = [sum(each) for each in powers]
        closed = street.sums.quarters[quarter]
        assert closed.end == NOON + timedelta(seconds=QUARTER) * (quarter + 1)
        assert closed.together.imported == sum(max(0, net) for net in nets) * step
        assert closed.together.exported == sum(max(0, -net) for net in nets) * step
        for number, exchanged in enumerate(closed.each):
            of_one = [each[number] for each in powers]
            assert exchanged.imported - exchanged.exported == sum(of_one) * step
            assert exchanged.imported == sum(max(0, power) for power in of_one) * step
        counted.append([closed.together.imported, closed.together.exported])
    assert [street.sums.together.imported, street.sums.together.exported] == [
        sum(each) for each in zip(*counted, strict=True)
    ]
    # At noon some import what others export, which the grid sees nothing of.
    gross = sum(each.imported for each in street.sums.totals)
    assert 0 < street.sums.together.imported < gross


def test_each_household_is_counted_as_its_own_meter_does() -> None:
    street = Neighbourhood(3, 2, NOON, **PLAIN)
    before = [meter.truth for meter in street.meters]
    street.advance(86_400, 10)
    for meter, began, total in zip(street.meters, before, street.sums.totals, strict=True):
        ended = meter.truth
        imported = sum(ended.imported.values()) - sum(began.imported.values())
        exported = sum(ended.exported.values()) - sum(began.exported.values())
        # Registers of two tariffs, at the beginning and at the end, print whole watt-hours.
        assert abs(imported * 1000 - total.imported // MWS_PER_WH) <= 4
        assert abs(exported * 1000 - total.exported // MWS_PER_WH) <= 4


def test_peaks_of_the_month_are_those_of_its_quarters() -> None:
    street = Neighbourhood(3, 1, datetime(2026, 4, 30, 18, tzinfo=UTC), **PLAIN)
    assert street.sums.peak(street.time) is None
    street.advance(8 * 3600, 10)
    # The last quarter of April ends as May begins, in Belgium.
    border = datetime(2026, 4, 30, 22, tzinfo=UTC)
    for moment, quarters in (
        (border - timedelta(hours=1), [each for each in street.sums.quarters if each.end <= border]),
        (border + timedelta(hours=1), [each for each in street.sums.quarters if each.end > border]),
    ):
        assert len(quarters) == 16
        peak = street.sums.peak(moment)
        assert peak is not None
        assert peak.watts == max(each.together.watts for each in quarters)
        assert peak.end in [each.end for each in quarters if each.together.watts == peak.watts]
        single = street.sums.single_peaks(moment)
        assert single == tuple(max(each.each[number].watts for each in quarters) for number in range(3))
        assert peak.watts <= sum(single)


def test_meters_may_be_ahead_of_each_other() -> None:
    together, apart = (Neighbourhood(3, 1, NOON, **PLAIN) for _ in range(2))
    together.advance(2 * QUARTER, 10)
    for meter, seconds in zip(apart.meters, (2 * QUARTER, 50, 1000), strict=True):
        meter.advance(seconds, 10)
    assert apart.time == NOON + timedelta(seconds=50)
    assert not apart.sums.quarters
    for meter in apart.meters:
        meter.advance(2 * QUARTER - int((meter.time - NOON).total_seconds()), 10)
    assert apart.sums.quarters == together.sums.quarters


def test_a_quarter_that_began_before_is_no_quarter() -> None:
    street = Neighbourhood(2, 1, NOON + timedelta(minutes=5), **PLAIN)
    street.advance(1500, 10)
    assert [each.end for each in street.sums.quarters] == [NOON + timedelta(minutes=30)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--street", "0"], "0 is neither a number of households from 1 to 1000 nor one of ordinary, weak"),
        (["--street", "long"], "long is neither a number"),
        (["--street", "3", "--reader", "homewizard"], "a street is served over TCP alone"),
        (["--street", "3", "--pty", "/nowhere"], "a street is served over TCP alone"),
        (["--street", "3", "--tcp", "127.0.0.1:65534"], "3 households need 3 ports"),
        (["--street", "weak", "--sums", "/nowhere"], "--sums is of a street"),
    ],
)
def test_arguments_that_make_no_street(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_no_household_is_no_street() -> None:
    with pytest.raises(ValueError, match="a street of 0 households is none"):
        Neighbourhood(0)


def test_once_prints_each_of_them(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    arguments = ["--once", "--street", "3", "--grid", "weak", "--seed", "4", "--start", "2026-06-01T13:00"]
    assert main(arguments) == 0
    sys.stdout.flush()
    start = datetime(2026, 6, 1, 11, tzinfo=UTC)
    street = Neighbourhood(3, 4, start, street="weak")
    assert capfdbinary.readouterr().out == b"".join(meter.telegram() for meter in street.meters)
    assert street.meters[0].meter_id == VirtualMeter(seed=4).meter_id


def test_the_command_serves_each_on_a_port_and_writes_the_sums(socket_enabled: None, tmp_path: Path) -> None:
    path, port = tmp_path / "sums.csv", 23_400
    command = [sys.executable, "-m", "virtual_meter", "--street", "3", "--tcp", f"127.0.0.1:{port}", "--speed", "900"]
    street = Neighbourhood(3, 1, NOON)
    with subprocess.Popen(  # noqa: S603 -- our own words
        [*command, "--start", NOON.isoformat(), "--sums", path], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        said = [process.stdout.readline().split() for _ in range(3)]
        for number in range(3):
            with socket.create_connection(("127.0.0.1", port + number), timeout=5) as client:
                assert client.recv(1) == b"/"
        while len(path.read_text().splitlines()) < 3:
            assert process.poll() is None
        process.terminate()
    assert process.returncode == 0
    assert [each[0] for each in said] == [f"socket://127.0.0.1:{port + number}" for number in range(3)]
    header, first, *_ = csv.reader(path.read_text().splitlines())
    names = [*(meter.meter_id for meter in street.meters), "together"]
    assert [each[2] for each in said] == names[:3]
    assert header == ["end", *(f"{name} {way}" for name in names for way in ("import", "export"))]
    assert first[0] == "2026-04-12T10:15:00+00:00"
    assert [float(cell) for cell in first[1:]] != [0.0] * 8


async def test_servers_of_their_own_make_one_street(socket_enabled: None) -> None:
    street = Neighbourhood(3, 1, NOON, **PLAIN)
    async with AsyncExitStack() as stack:
        for meter in street.meters:
            await stack.enter_async_context(TcpServer(meter, speed=900))
        await eventually(lambda: len(street.sums.quarters) >= 2)
        await asyncio.sleep(0)
    for number, meter in enumerate(street.meters):
        assert meter.time >= street.sums.quarters[-1].end, number
