"""The samples of a virtual household, as the integration reads them, beside its telegrams."""

from datetime import UTC, datetime

import pytest

from custom_components.emucs.samples_worker import MeasuredSlot, SampleWorker
from virtual_meter import VirtualMeter, make_fault
from virtual_meter.s1 import Sampler

EVENING = datetime(2026, 1, 14, 17, tzinfo=UTC)
NOON = datetime(2026, 6, 14, 11, tzinfo=UTC)
SINGLE, STAR, DELTA = "1.7.1-single-phase", "1.7.1", "1.7.1-3x230v"
TEN_PERIODS = 520
THE_HOUR = 1_768_410_000 - 1_768_410_000 % 600


@pytest.mark.parametrize("profile", [SINGLE, STAR, DELTA])
@pytest.mark.parametrize("start", [EVENING, NOON])
def test_the_power_of_samples_is_that_of_the_telegram(profile: str, start: datetime) -> None:
    meter, worker = VirtualMeter(profile, 3, start), SampleWorker()
    sampler = Sampler(meter)
    for number in range(5):
        meter.advance(600, 10)
        truth, state = meter.truth, worker.work(sampler.frames(10 * TEN_PERIODS), number * 2.0).state
        assert state is not None
        watts = float(truth.power_import - truth.power_export) * 1000
        assert state.active == pytest.approx(watts, rel=0.01, abs=2)
        assert state.frequency == pytest.approx(float(truth.frequency), abs=0.001)
        assert state.phases["l1"].voltage == pytest.approx(float(truth.phases[0].voltage), rel=0.002)


def test_ten_minutes_are_those_of_the_clock_and_have_their_distortion() -> None:
    meter, worker = VirtualMeter(STAR, 3, EVENING), SampleWorker()
    sampler = Sampler(meter)
    slots: list[MeasuredSlot] = []
    # The meter does not live on: its frequency, and with it the time that samples take, stays what it is.
    seconds = TEN_PERIODS / sampler.rate
    for number in range(int(1205 / seconds)):
        slots += worker.work(sampler.frames(TEN_PERIODS), THE_HOUR - 2 + (number + 1) * seconds).slots
    # Of the ten minutes before the first whole ones hardly anything was seen.
    assert [slot.number for slot in slots] == [THE_HOUR // 600, THE_HOUR // 600 + 1]
    for number, phase in enumerate(("l1", "l2", "l3")):
        assert slots[0].means[phase] == pytest.approx(meter.truth.supply.volts[number], rel=0.001)
        assert slots[0].thd[phase] == pytest.approx(2.68, abs=0.05)


def test_what_the_street_does_to_the_voltage_is_told_with_its_length() -> None:
    sampler = Sampler(VirtualMeter(STAR, 3, EVENING), [make_fault("dip:0.02,0.5,3,0")])
    worker = SampleWorker()
    told = [
        each
        for number in range(60)
        for each in worker.work(sampler.frames(TEN_PERIODS), 1000 + number * TEN_PERIODS / sampler.rate).disturbances
    ]
    assert [str(each.type) for each in told] == ["interruption"] * 3
    assert all(each.duration == pytest.approx(0.5, abs=0.03) and each.is_over for each in told)
    assert {each.phases for each in told} == {("l1", "l2", "l3")}


def test_what_is_lost_on_the_way_is_counted_and_nothing_raises() -> None:
    meter, worker = VirtualMeter(STAR, 3, EVENING), SampleWorker()
    sampler = Sampler(meter)
    faults = [make_fault(each) for each in ("lost_frames:0.02", "corrupt_frames:0.02", "garbage_frames:0.05")]
    frames = 0
    for number in range(50):
        data = sampler.frames(TEN_PERIODS)
        for fault in faults:
            data = fault.change(data, meter)
        measured = worker.work(data, number * 0.2)
        frames = measured.frames
    assert frames + measured.lost == pytest.approx(50 * TEN_PERIODS, abs=5)
    assert 0.02 < measured.lost / (50 * TEN_PERIODS) < 0.06
