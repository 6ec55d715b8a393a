"""The household lives a plausible life, and can be limited from outside."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from vm_reading import moment, values

from virtual_meter import VirtualMeter, hourly_history
from virtual_meter.loads import Ev

WINTER = datetime(2026, 1, 10, tzinfo=UTC)
SUMMER = datetime(2026, 6, 20, tzinfo=UTC)


def live(meter: VirtualMeter, days: int) -> None:
    meter.advance(days * 86_400, 300)


def test_captures_every_five_minutes_at_its_own_second() -> None:
    meter = VirtualMeter(start=WINTER + timedelta(seconds=71))
    gas, water = set(), set()
    for _ in range(1500):
        meter.advance(1)
        telegram = meter.telegram()
        gas.add(moment(values(telegram, "0-1:24.2.3")[0]))
        water.add(moment(values(telegram, "0-2:24.2.1")[0]))
    for captures in (gas, water):
        assert len(captures) == 6
        assert max(captures) - min(captures) == timedelta(minutes=25)
        assert len({when.timestamp() % 300 for when in captures}) == 1
    assert not gas & water


def test_a_capture_is_what_had_flowed_by_then() -> None:
    coarse, fine = (VirtualMeter(start=WINTER, heat_pump=False) for _ in range(2))
    coarse.advance(6 * 3600, 60)
    fine.advance(6 * 3600, 1)
    assert coarse.truth.gas
    assert fine.truth.gas
    assert coarse.truth.gas.time == fine.truth.gas.time
    assert coarse.truth.gas.value == pytest.approx(fine.truth.gas.value, abs=Decimal("0.5"))


def test_gas_heats_in_winter() -> None:
    used = []
    for start in (WINTER, SUMMER):
        meter = VirtualMeter(start=start, heat_pump=False)
        begin = meter.truth.gas
        live(meter, 5)
        end = meter.truth.gas
        assert begin
        assert end
        used.append(end.value - begin.value)
    assert used[0] > 4 * used[1] > 0


def test_water_runs_every_day() -> None:
    meter = VirtualMeter(start=SUMMER)
    begin = meter.truth.water
    live(meter, 5)
    end = meter.truth.water
    assert begin
    assert end
    assert 1 < end.value - begin.value < 3


def test_sun_shines_by_day_and_more_in_summer() -> None:
    given = []
    for start in (WINTER, SUMMER):
        meter = VirtualMeter(start=start, ev=False, heat_pump=False)
        hours = list(hourly_history(meter, start + timedelta(days=6), 300))
        assert all(hour.power_export.maximum == 0 for hour in hours if hour.start.hour in (22, 23, 0, 1, 2))
        assert max(hour.power_export.maximum for hour in hours) > 1
        given.append(hours[-1].truth.export_1 + hours[-1].truth.export_2)
    assert given[1] > given[0] + 30


def test_no_panels_no_export() -> None:
    meter = VirtualMeter(start=SUMMER, pv=False)
    live(meter, 1)
    assert not meter.truth.export_1 + meter.truth.export_2


@pytest.mark.parametrize(
    ("profile", "most"), [("1.7.1", 11_040), ("1.7.1-single-phase", 7_360), ("1.7.1-3x230v", 7_360)]
)
def test_car_charges_on_some_evenings(profile: str, most: int) -> None:
    meter = VirtualMeter(profile, start=SUMMER, pv=False)
    ev = meter.household.ev
    assert ev
    power = []
    for _ in range(10 * 288):
        meter.advance(300, 300)
        power.append(ev.power)
    assert max(power) == most * 1000
    assert 20 < sum(1 for watts in power if watts) < 1000


def charging(start: datetime) -> tuple[VirtualMeter, Ev]:
    meter = VirtualMeter(start=start)
    ev = meter.household.ev
    assert ev
    while not ev.power:
        meter.advance(300, 300)
    return meter, ev


def test_a_limit_slows_the_car_down() -> None:
    meter, ev = charging(WINTER)
    assert ev.plugged_in
    ev.limit_w = 6000
    meter.advance(10)
    assert ev.power == 6_000_000
    assert all(phase.power_import >= Decimal("1.99") for phase in meter.truth.phases)


def test_a_car_cannot_charge_below_six_amperes() -> None:
    meter, ev = charging(WINTER)
    ev.limit_w = 4000
    meter.advance(10)
    assert ev.power == 0
    ev.limit_w = None
    meter.advance(1)
    assert ev.power == 11_040_000


def test_a_limit_holds_the_heat_pump_back() -> None:
    meter = VirtualMeter(start=WINTER, gas=False)
    heat_pump = meter.household.heat_pump
    assert heat_pump
    heat_pump.limit_w = 800
    live(meter, 1)
    assert heat_pump.power == 800_000
    heat_pump.limit_w = 0
    meter.advance(1)
    assert heat_pump.power == 0


def test_a_limit_curtails_the_sun() -> None:
    meter = VirtualMeter(start=SUMMER + timedelta(hours=11))
    pv = meter.household.pv
    assert pv
    while pv.power > -2_000_000:
        meter.advance(300, 300)
    pv.limit_w = 1000
    meter.advance(1)
    assert pv.power == -1_000_000


def test_a_car_that_was_charging_when_the_meter_began() -> None:
    found = [
        meter
        for day in range(12)
        if (meter := VirtualMeter(start=WINTER + timedelta(days=day, hours=18, minutes=30))).household.ev
        and meter.truth.power_import > 10
    ]
    assert found


def test_a_car_on_a_socket_takes_little_on_one_phase() -> None:
    house = VirtualMeter(start=WINTER, ev=2300, pv=False, heat_pump=False).household
    assert house.ev is not None
    assert (house.ev.max_w, house.ev.branches) == (2300, (0,))
    own = VirtualMeter(start=WINTER, pv=False, heat_pump=False).household.ev
    assert own is not None
    assert (own.max_w, own.branches) == (11_040, (0, 1, 2))
