"""Which grid a meter is connected to."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from custom_components.emucs.insight.grid import (
    Grid,
    connection_limit,
    connection_power,
    grid_of,
    has_voltage,
    rated_current,
)
from custom_components.emucs.port import Reader, Telegram, obis
from tests.port.wire import received
from virtual_meter import PROFILES, VirtualMeter, Wiring

SINGLE, STAR, DELTA = Grid.SINGLE_PHASE, Grid.THREE_PHASE_400V, Grid.THREE_PHASE_230V
GRIDS = {Wiring.SINGLE_PHASE: SINGLE, Wiring.THREE_PHASE: STAR, Wiring.DELTA: DELTA}


def measuring(*voltages: str | None, printed: str | None = None) -> Telegram:
    codes = zip((32, 52, 72), voltages, strict=False)
    lines = [f"1-0:{code}.7.0({voltage})" for code, voltage in codes if voltage is not None]
    if printed is not None:
        lines.append(f"1-0:94.32.1({printed})")
    return received("0-0:96.14.0(0001)", *lines)


TO_STAR_POINT = ("131.2*V", "131.9*V", "130.4*V")
THREE = ("231.0*V", "230.0*V", "232.0*V")
L2_IS_REFERENCE = ("231.0*V", "000.0*V", "232.0*V")
DEAD = ("000.0*V", "000.0*V", "000.0*V")


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile(name: str) -> None:
    meter = VirtualMeter(profile=name, start=datetime(2026, 1, 14, 17, tzinfo=UTC))
    [telegram] = Reader().feed(meter.telegram())
    homes = obis.voltage("l1") in telegram.registers and name != "a1"
    assert grid_of(telegram) is (GRIDS[PROFILES[name].wiring] if homes else None)


@pytest.mark.parametrize(
    ("telegram", "grid"),
    [
        (measuring(*THREE), STAR),
        (measuring(*L2_IS_REFERENCE), DELTA),
        (measuring("231.0*V"), SINGLE),
        (measuring("231.0*V", None, "231.0*V"), None),
        (measuring(), None),
        # What the meter prints is believed, whatever it measures.
        (measuring(*L2_IS_REFERENCE, printed="400"), STAR),
        (measuring(*THREE, printed="230"), DELTA),
        (measuring(*THREE, printed=""), STAR),
        (measuring("231.0*V", "", "231.0*V"), None),
        # 230 V between lines is 133 V to the star point.
        (measuring(*TO_STAR_POINT), DELTA),
        (measuring("119.6*V", "146.0*V", "132.8*V"), DELTA),
        (measuring("0.1312*kV", "0.1319*kV", "0.1304*kV"), DELTA),
        (measuring("131.2*V"), SINGLE),
        # No grid at all, but a fault that will pass.
        (measuring("131.2*V", "230.0*V", "130.4*V"), STAR),
        (measuring("000.0*V", "131.9*V", "130.4*V"), None),
        (measuring(*DEAD), None),
        # A three-phase meter of which one phase is connected (Luxembourg).
        (measuring("233.0*V", "000.0*V", "001.0*V"), None),
        # Behind voltage transformers: no home.
        (measuring("5.988*kV", "5.941*kV", "5.828*kV"), None),
        (measuring("57.7*V", "57.7*V", "57.7*V"), None),
    ],
)
def test_first_telegram(telegram: Telegram, grid: Grid | None) -> None:
    assert grid_of(telegram) is grid


@pytest.mark.parametrize(
    ("before", "telegram", "grid"),
    [
        # An outage of a phase makes no other grid of it.
        (STAR, measuring(*L2_IS_REFERENCE), STAR),
        (STAR, measuring(*DEAD), STAR),
        (STAR, measuring("231.0*V"), STAR),
        (STAR, measuring(*THREE, printed="230"), DELTA),
        # The first telegram came during one.
        (DELTA, measuring(*THREE), STAR),
        (DELTA, measuring(*L2_IS_REFERENCE), DELTA),
        (DELTA, measuring(*TO_STAR_POINT), DELTA),
        (DELTA, measuring("131.2*V", "000.0*V", "130.4*V"), DELTA),
        (None, measuring(*TO_STAR_POINT), DELTA),
        (DELTA, measuring(), DELTA),
        (DELTA, measuring("231.0*V"), DELTA),
        (SINGLE, measuring("231.0*V"), SINGLE),
        (SINGLE, measuring(), SINGLE),
        (SINGLE, measuring(*THREE), STAR),
    ],
)
def test_later_telegrams(before: Grid | None, telegram: Telegram, grid: Grid) -> None:
    assert grid_of(telegram, before) is grid


@pytest.mark.parametrize(
    ("telegram", "grid", "phases"),
    [
        (measuring(*THREE), STAR, ["l1", "l2", "l3"]),
        (measuring(*DEAD), STAR, ["l1", "l2", "l3"]),
        (measuring(*L2_IS_REFERENCE), DELTA, ["l1", "l3"]),
        (measuring(*TO_STAR_POINT), DELTA, ["l1", "l2", "l3"]),
        (measuring("231.0*V"), SINGLE, ["l1"]),
        (measuring(), None, []),
        (measuring("5.988*kV", "5.941*kV", "5.828*kV"), None, ["l1", "l2", "l3"]),
    ],
)
def test_phases_that_have_a_voltage(telegram: Telegram, grid: Grid | None, phases: list[str]) -> None:
    assert [phase for phase in obis.PHASE_GROUP if has_voltage(telegram, phase, grid)] == phases


@pytest.mark.parametrize(
    ("lines", "grid", "limit"),
    [
        # Grid operators give 14.5, 43.6 and 25 kVA for 63 A.
        ([], SINGLE, "14.49"),
        ([], STAR, "43.65"),
        ([], DELTA, "25.10"),
        ([], None, "43.65"),
        (["0-0:17.0.0(999.9*kW)", "1-0:31.4.0(999*A)"], SINGLE, "14.49"),
        (["0-0:17.0.0(99.999*kW)", "1-0:31.4.0(999.99*A)"], SINGLE, "14.49"),
        (["0-0:17.0.0(002.3*kW)", "1-0:31.4.0(999*A)"], SINGLE, "2.3"),
        (["0-0:17.0.0(055.0*kW)"], STAR, "55"),
        (["0-0:17.0.0(09200*W)"], SINGLE, "9.2"),
        (["0-0:17.0.0(017.3*kVA)"], STAR, "17.3"),
        (["1-0:31.4.0(025*A)"], STAR, "17.32"),
        (["1-0:31.4.0(025*A)"], DELTA, "9.96"),
        (["0-0:17.0.0(009.2*kW)", "1-0:31.4.0(025*A)"], SINGLE, "5.75"),
        (["0-0:17.0.0(000.0*kW)", "1-0:31.4.0(000*A)"], SINGLE, "14.49"),
    ],
)
def test_what_a_connection_carries(lines: list[str], grid: Grid | None, limit: str) -> None:
    assert round(connection_limit(received("0-0:96.14.0(0001)", *lines), grid), 2) == Decimal(limit)


@pytest.mark.parametrize(
    ("lines", "grid", "breaker", "rating"),
    [
        ([], SINGLE, None, None),
        (["0-0:17.0.0(999.9*kW)", "1-0:31.4.0(999*A)"], SINGLE, None, None),
        ([], SINGLE, 40, "40"),
        ([], None, 40, "40"),
        (["1-0:31.4.0(025*A)"], STAR, None, "25"),
        (["1-0:31.4.0(025*A)"], STAR, 40, "25"),
        (["1-0:31.4.0(063*A)"], STAR, 40, "40"),
        # A prepayment meter that lets 10 A through, and a limiter above the breaker.
        (["0-0:17.0.0(002.3*kW)"], SINGLE, 40, "10"),
        (["0-0:17.0.0(002.3*kW)"], SINGLE, None, "10"),
        (["0-0:17.0.0(020.0*kW)"], SINGLE, 40, "40"),
        (["0-0:17.0.0(017.3*kVA)"], STAR, None, "24.97"),
        (["0-0:17.0.0(010.0*kVA)"], DELTA, 40, "25.10"),
        (["0-0:17.0.0(016*A)"], SINGLE, None, "16"),
        (["0-0:17.0.0(000.0*kW)", "1-0:31.4.0(000*A)"], SINGLE, None, None),
        (["1-0:31.4.0(99999999*A)"], SINGLE, None, None),
        (["0-0:17.0.0(-02.3*kW)", "1-0:31.4.0(-25*A)"], SINGLE, None, None),
    ],
)
def test_what_a_phase_may_carry(lines: list[str], grid: Grid | None, breaker: int | None, rating: str | None) -> None:
    found = rated_current(received("0-0:96.14.0(0001)", *lines), grid, None if breaker is None else Decimal(breaker))
    assert (None if found is None else round(found, 2)) == (None if rating is None else Decimal(rating))


@pytest.mark.parametrize(
    ("rating", "single", "delta", "star"),
    [
        (16, "3.7", "6.4", "11.1"),
        (20, "4.6", "8.0", "13.9"),
        (25, "5.7", "10.0", "17.3"),
        (32, "7.4", "12.7", "22.2"),
        (40, "9.2", "15.9", "27.7"),
        (50, "11.5", "19.9", "34.6"),
        (63, "14.5", "25.0", "43.6"),
    ],
)
def test_kva_by_breaker_and_grid(rating: int, single: str, delta: str, star: str) -> None:
    """As grid operators (ORES, Sibelga) print it; they round 5.75 and 25.097 down."""
    for grid, printed in ((SINGLE, single), (DELTA, delta), (STAR, star)):
        power = connection_power(Decimal(rating), grid)
        assert Decimal(printed) in (round(power, 1), power.quantize(Decimal("0.1"), "ROUND_DOWN"))
