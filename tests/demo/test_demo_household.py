"""The life of the virtual household, from start to start."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from freezegun.api import FrozenDateTimeFactory
import pytest

from demo.happenings import Happenings
from demo.life import HouseholdChangedError, Life
from demo.state import State
from virtual_meter import VirtualMeter

STOP = datetime(2026, 3, 4, 14, 20, tzinfo=UTC)


@pytest.fixture
async def stopped(tmp_path: Path, freezer: FrozenDateTimeFactory) -> Life:
    """Return a household that was live from 14:05 to 14:20."""
    freezer.move_to(STOP - timedelta(minutes=15))
    life = Life(State.begin(tmp_path / "state"))
    await life.catch_up()
    life.told()
    for _ in range(15 * 60):
        life.meter.advance(1)
    life.note_the_time()
    freezer.move_to(STOP)
    return life


def loaded(folder: Path) -> State:
    """Return the state that a household has left on disk."""
    state = State.load(folder / "state")
    assert state is not None
    return state


async def test_a_first_start_has_30_days_to_tell(tmp_path: Path, freezer: FrozenDateTimeFactory) -> None:
    freezer.move_to(STOP)
    life = Life(State.begin(tmp_path / "state"))
    await life.catch_up()
    assert len(life.hours) == 30 * 24
    assert life.hours[-1].start == datetime(2026, 3, 4, 13, tzinfo=UTC)
    assert life.meter.time == STOP


async def test_a_start_that_told_nothing_is_told_again(tmp_path: Path, freezer: FrozenDateTimeFactory) -> None:
    freezer.move_to(STOP)
    await Life(State.begin(tmp_path / "state")).catch_up()
    freezer.tick(timedelta(hours=1))
    life = Life(loaded(tmp_path))
    await life.catch_up()
    assert len(life.hours) == 30 * 24 + 1


async def test_life_goes_on_where_it_was_left(tmp_path: Path, stopped: Life) -> None:
    again = Life(loaded(tmp_path))
    await again.catch_up()
    assert again.meter.truth == stopped.meter.truth
    assert again.hours == []


async def test_the_hours_that_nobody_saw_are_told(
    tmp_path: Path, stopped: Life, freezer: FrozenDateTimeFactory
) -> None:
    before = stopped.household.registers
    freezer.move_to(datetime(2026, 3, 4, 17, 3, tzinfo=UTC))
    again = Life(loaded(tmp_path))
    await again.catch_up()
    assert [hour.start.hour for hour in again.hours] == [14, 15, 16]
    # The power of the hour in which it stopped is what Home Assistant measured.
    assert [bool(hour.rates) for hour in again.hours] == [False, True, True]
    for hour in again.hours:
        assert all(hour.counters[key] >= value for key, value in before.items())
        before = dict(hour.counters)


async def test_another_life_is_not_mistaken_for_this_one(tmp_path: Path, stopped: Life) -> None:
    state = loaded(tmp_path)
    state.seen[0] -= 0.001
    with pytest.raises(HouseholdChangedError):
        await Life(state).catch_up()


def highest_voltage(meter: VirtualMeter) -> float:
    return max(float(phase.voltage) for phase in meter.truth.phases)


def test_a_noon_has_too_high_a_voltage_and_the_next_ones_do_not() -> None:
    meter = VirtualMeter("1.7.1", 1, datetime(2026, 2, 26, 11, tzinfo=UTC))
    happenings = Happenings(meter, STOP)
    noons = {}
    for _ in range(3):
        noons[meter.time.date()] = highest_voltage(meter)
        meter.advance(24 * 3600, 300)
    worst = happenings.noon
    assert worst == (STOP - timedelta(days=5)).date()
    assert noons[worst] > 253
    assert noons[worst + timedelta(days=1)] < 253


def test_water_never_stops_since_the_day_before() -> None:
    meter = VirtualMeter("1.7.1", 1, STOP - timedelta(days=2))
    Happenings(meter, STOP)
    flows = []
    while meter.time < STOP:
        meter.advance(600, 60)
        flows.append(meter.household.water_flow)
    # Also while nobody draws any, at night; but it did stop before.
    assert min(flows[: 12 * 6]) == 0
    assert min(flows[-31 * 6 :]) > 0


async def test_the_first_start_alone_has_read_the_two_weeks_before(
    tmp_path: Path, stopped: Life, freezer: FrozenDateTimeFactory
) -> None:
    assert stopped.telegrams == []
    again = Life(loaded(tmp_path))
    await again.catch_up()
    assert again.telegrams == []
    freezer.move_to(STOP)
    first = Life(State.begin(tmp_path / "other"))
    await first.catch_up()
    assert len(first.telegrams) == pytest.approx(14 * 24 * 60, abs=60)
    assert first.telegrams[-1].time == STOP
    assert all(later.time > earlier.time for earlier, later in pairwise(first.telegrams))
