"""The grid in front of the virtual meter: a street, a resistance, and what goes wrong with them."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import batched
import math

import pytest
from vm_reading import client, number, values

from virtual_meter import STREETS, UNDISTURBED, Disturbance, Said, TcpServer, Truth, VirtualMeter, make_fault
from virtual_meter.__main__ import main
from virtual_meter.street import behind

JUNE = datetime(2026, 6, 1, tzinfo=UTC)
WINTER_EVENING = datetime(2026, 1, 14, 17, tzinfo=UTC)
SINGLE, STAR, ARON, TO_STAR_POINT = "1.7.1-single-phase", "1.7.1", "1.7.1-3x230v", "ie5-new-3x230v"
GRIDS = (SINGLE, STAR, ARON, TO_STAR_POINT)


def living(profile: str, start: datetime, street: str = "ordinary", seed: int = 1) -> VirtualMeter:
    return VirtualMeter(profile, seed, start, gas=False, water=False, history_months=0, street=street)


def lives(meter: VirtualMeter, minutes: int) -> Iterator[Truth]:
    for _ in range(minutes):
        meter.advance(60, 60)
        yield meter.truth


def slots(meter: VirtualMeter, days: int) -> Iterator[list[float]]:
    """Yield the means of ten minutes of what is printed on each phase, in volts of a supply of 230 V."""
    scale = math.sqrt(3) if meter.profile.name == TO_STAR_POINT else 1.0
    for ten in batched(lives(meter, days * 1440), 10, strict=True):
        printed = zip(*([float(phase.voltage) * scale for phase in truth.phases] for truth in ten), strict=True)
        # L2 of a Sagemcom meter on 3x230 V is what the others are measured against.
        yield [sum(volts) / 10 for volts in printed if any(volts)]


@pytest.mark.parametrize("profile", GRIDS)
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("month", [1, 6])
def test_an_ordinary_street_stays_within_its_limits(profile: str, seed: int, month: int) -> None:
    meter = living(profile, datetime(2026, month, 1, tzinfo=UTC), seed=seed)
    every = [volts for slot in slots(meter, 7) for volts in slot]
    assert min(every) > 220
    assert max(every) < 246
    assert max(every) - min(every) > 8


@pytest.mark.parametrize("profile", GRIDS)
def test_the_end_of_a_weak_street_passes_253_volts_at_noon_alone(profile: str) -> None:
    meter = living(profile, JUNE, "weak")
    every = list(slots(meter, 7))
    over = [number % 144 / 6 for number, slot in enumerate(every) if max(slot) > 253]
    assert len(over) > 21
    # In UTC, where Belgian noon is before twelve.
    assert min(over) > 6
    assert max(over) < 18
    assert min(min(slot) for slot in every) > 207


@pytest.mark.parametrize("profile", GRIDS)
def test_import_lowers_the_voltage_and_export_raises_it(profile: str) -> None:
    meter = living(profile, JUNE + timedelta(hours=8))
    seen = set()
    for truth in lives(meter, 600):
        # What the branches of the house add up to decides their mean.
        rise = sum(truth.supply.volts) - sum(truth.supply.feeder)
        net = truth.power_import - truth.power_export
        if abs(net) > Decimal("0.3"):
            assert (rise > 0) is (net < 0)
            seen.add(net < 0)
    assert seen == {True, False}


def test_the_voltage_is_that_behind_a_resistance() -> None:
    meter = living(SINGLE, WINTER_EVENING, "weak")
    ohms = STREETS["weak"].ohms
    for truth in lives(meter, 120):
        [feeder], [volts], [phase] = truth.supply.feeder, truth.supply.volts, truth.phases
        watts = float(truth.power_import - truth.power_export) * 1000
        current = complex(watts, -float(phase.reactive) * 1000) / volts
        assert abs(volts + ohms * current) == pytest.approx(feeder, abs=0.01)
        assert float(phase.voltage) == pytest.approx(volts, abs=0.051)
        assert float(phase.current) == pytest.approx(abs(current), abs=0.01)


def test_behind_a_resistance() -> None:
    # 10 A at 220 V behind 1 ohm come from 230 V, and as much is given to 210 V.
    assert behind(230, 1, 2200, 0) == pytest.approx(220)
    assert behind(210, 1, -2200, 0) == pytest.approx(220)
    # More than a cable can carry.
    assert behind(230, 1, 1e6, 0) == 115


@pytest.mark.parametrize("street", STREETS)
def test_the_same_seed_is_the_same_street(street: str) -> None:
    one, same = (living(STAR, JUNE, street) for _ in range(2))
    other = living(STAR, JUNE, street, seed=2)
    for meter in (one, same, other):
        meter.advance(3600)
    assert one.truth.supply == same.truth.supply != other.truth.supply
    # What a street brings does not depend on the steps of the house.
    coarse = living(STAR, JUNE, street)
    coarse.advance(3600, 600)
    assert coarse.truth.supply.feeder == one.truth.supply.feeder


def test_a_street_that_there_is_not() -> None:
    with pytest.raises(ValueError, match="there is no street busy; choose one of ordinary, weak"):
        VirtualMeter(street="busy")


def test_streets_on_the_command_line(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    printed = []
    for street in STREETS:
        assert main(["--once", "--start", "2026-06-01T13:00", "--street", street]) == 0
        printed.append(number(capfdbinary.readouterr().out, "1-0:52.7.0"))
    assert printed[1] > printed[0]


@pytest.mark.parametrize(
    ("fault", "disturbance"),
    [
        ("overvoltage", Disturbance(volts=257)),
        ("undervoltage:10,3600,199", Disturbance(volts=199)),
        ("missing_phase", Disturbance(missing=2)),
        ("lost_neutral", Disturbance(neutral_lost=True)),
    ],
)
def test_faults_of_the_grid_begin_and_end(fault: str, disturbance: Disturbance) -> None:
    made, meter, seen = make_fault(fault), living(STAR, WINTER_EVENING), []
    for seconds in (0, 9, 1, 3599, 1):
        meter.advance(seconds, 60)
        seen.append(made.disturb(UNDISTURBED, meter))
    assert seen == [UNDISTURBED, UNDISTURBED, disturbance, disturbance, UNDISTURBED]


def disturbed(text: str, profile: str) -> VirtualMeter:
    """Return a meter at which a fault has begun."""
    fault, meter = make_fault(text), living(profile, WINTER_EVENING)
    fault.disturb(UNDISTURBED, meter)
    meter.advance(700, 10)
    meter.disturbance = fault.disturb(UNDISTURBED, meter)
    meter.advance(10)
    return meter


def printed_volts(meter: VirtualMeter) -> list[Decimal]:
    return [number(meter.telegram(), f"1-0:{phase}2.7.0") for phase in (3, 5, 7)[: len(meter.truth.phases)]]


@pytest.mark.parametrize("profile", GRIDS)
@pytest.mark.parametrize(("fault", "low", "high"), [("overvoltage", 253, 260), ("undervoltage", 190, 207)])
def test_voltages_that_are_too_high_and_too_low(profile: str, fault: str, low: int, high: int) -> None:
    meter = disturbed(f"{fault}:600", profile)
    scale = Decimal(3).sqrt() if profile == TO_STAR_POINT else 1
    assert all(low < volts * scale < high for volts in printed_volts(meter) if volts)
    meter.disturbance = UNDISTURBED
    assert all(207 < volts * scale < 253 for volts in printed_volts(meter) if volts)


@pytest.mark.parametrize("phase", [1, 2, 3])
def test_a_phase_with_a_neutral_that_is_gone_carries_nothing(phase: int) -> None:
    meter = disturbed(f"missing_phase:600,3000,{phase}", STAR)
    voltages = printed_volts(meter)
    assert voltages.pop(phase - 1) == 0
    assert all(volts > 207 for volts in voltages)
    for quantity in (f"{phase * 2}1", f"{phase * 2}2", f"{phase * 2 + 1}1"):
        assert number(meter.telegram(), f"1-0:{quantity}.7.0") == 0
    truth, before = meter.truth, meter.truth
    meter.advance(900)
    # What is counted is what the others carry.
    phases = sum(each.power_import - each.power_export for each in truth.phases)
    assert abs(phases - (truth.power_import - truth.power_export)) <= Decimal("0.002")
    assert meter.truth.import_1 > before.import_1


@pytest.mark.parametrize("phase", [1, 2, 3])
def test_a_line_without_a_neutral_that_is_gone(phase: int) -> None:
    meter = disturbed(f"missing_phase:600,3000,{phase}", ARON)
    first, second, third = printed_volts(meter)
    assert second == 0
    # Between L1 and L2, and between L3 and L2.
    assert (first < 130, third < 130) == (phase in (1, 2), phase in (2, 3))
    meter = disturbed(f"missing_phase:600,3000,{phase}", TO_STAR_POINT)
    stars = printed_volts(meter)
    assert stars.pop(phase - 1) < 20
    assert all(100 < volts < 130 for volts in stars)


def test_a_lost_neutral_lets_one_phase_fall_and_another_rise() -> None:
    meter = disturbed("lost_neutral:600", STAR)
    for _ in range(600):
        meter.advance(5)
        voltages = [phase.voltage for phase in meter.truth.phases]
        assert min(voltages) < 220
        assert max(voltages) > 245


@pytest.mark.parametrize("profile", [SINGLE, ARON])
def test_grids_that_have_no_neutral_to_lose(profile: str) -> None:
    meter = disturbed("lost_neutral:600", profile)
    assert all(volts > 207 for volts in printed_volts(meter) if volts)


def test_a_missing_phase_of_one_would_leave_the_port_dark() -> None:
    meter = disturbed("missing_phase:600,3000,1", SINGLE)
    assert printed_volts(meter)[0] > 207
    assert values(meter.telegram(), "1-0:31.7.0") != ["000.00*A"]


@pytest.mark.usefixtures("socket_enabled")
async def test_what_is_served_is_what_is_measured_until_the_fault_is_healed() -> None:
    said: list[Said] = []
    fault = make_fault("overvoltage:0")
    async with TcpServer(living(STAR, WINTER_EVENING), speed=20, faults=[fault]) as server:
        server.witness = said.append
        async with client(server) as reader, asyncio.timeout(5):
            await reader.readuntil(b"!")
            await server.heal(fault)
            known = len(said)
            while len(said) < known + 2:
                await reader.readuntil(b"!")
    volts = [number(each.sent, "1-0:32.7.0") for each in said]
    assert volts[0] > 253 > volts[-1]
    assert volts == [each.truth.phases[0].voltage for each in said]


def test_faults_of_the_grid_add_up() -> None:
    faults, meter, disturbance = (
        [make_fault("overvoltage:0"), make_fault("missing_phase:0")],
        VirtualMeter(),
        UNDISTURBED,
    )
    for fault in faults:
        disturbance = fault.disturb(disturbance, meter)
    assert disturbance == Disturbance(volts=257, missing=2)
