"""The running quarter, its forecast and its budget."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
import json
from random import Random

import pytest

from custom_components.emucs.insight.demand import ClosedQuarter, Demand, QuarterDemand, quarter_start
from custom_components.emucs.port import Reader, Telegram, obis
from tests.insight.reading import BRUSSELS, House, local, telegram
from virtual_meter import VirtualMeter

NOON = local("2026-01-14 12:00:00")
SECOND = timedelta(seconds=1)


def watch(quarter: QuarterDemand, telegrams: Iterable[Telegram]) -> list[ClosedQuarter]:
    """Feed telegrams, and return the quarters that they ended."""
    return [closed for each in telegrams if (closed := quarter.feed(each))]


def demand_of(*telegrams: Telegram) -> Demand:
    quarter = QuarterDemand()
    watch(quarter, telegrams)
    assert quarter.demand is not None
    return quarter.demand


@pytest.mark.parametrize(
    ("seconds", "so_far", "power", "forecast"),
    [
        # A worked example: 1.2 kW so far, 3 kW for the six minutes that are left, is 1.2 + 3 x 360 / 900.
        (540, "1.200", "3.000", "2.4"),
        (0, "0.000", "3.000", "3"),
        (1, "0.003", "3.000", "2.9996666"),
        (899, "2.997", "3.000", "3.0003333"),
        (450, "1.000", "0.000", "1"),
    ],
)
def test_forecast(seconds: int, so_far: str, power: str, forecast: str) -> None:
    demand = demand_of(telegram(NOON + seconds * SECOND, power, demand=so_far))
    assert demand.so_far == Decimal(so_far)
    assert float(demand.forecast) == pytest.approx(float(forecast), abs=1e-6)
    assert demand.left == 900 - seconds
    assert demand.start == NOON
    assert not demand.estimated


@pytest.mark.parametrize(
    ("seconds", "so_far", "target", "budget"),
    [
        # (2.5 - 1.2) kW over 15 minutes, in the six that are left.
        (540, "1.200", "2.5", "3.25"),
        (0, "0.000", "2.5", "2.5"),
        (540, "2.500", "2.5", "0"),
        # It has passed the target: no power is low enough.
        (540, "3.000", "2.5", "-1.25"),
        # In the last seconds a budget of hundreds of kilowatts would be true, and no use.
        (899, "1.500", "2.5", "90"),
        (899, "2.600", "2.5", "-9"),
    ],
)
def test_budget(seconds: int, so_far: str, target: str, budget: str) -> None:
    demand = demand_of(telegram(NOON + seconds * SECOND, "1", demand=so_far))
    assert demand.budget(Decimal(target)) == Decimal(budget)


def test_the_budget_meets_the_target() -> None:
    demand = demand_of(telegram(NOON + 300 * SECOND, "4", demand="1.1"))
    budget = demand.budget(Decimal("2.5"))
    drawn = demand_of(telegram(NOON + 300 * SECOND, budget, demand="1.1"))
    assert float(drawn.forecast) == pytest.approx(2.5)


def test_results_are_decimals() -> None:
    house = House(NOON, prints_demand=False)
    quarter = QuarterDemand()
    [closed] = watch(quarter, house.run(901, "1.234"))
    demand = quarter.demand
    assert demand is not None
    values = [demand.so_far, demand.power, demand.coverage, demand.left, demand.forecast, demand.budget(Decimal(3))]
    assert all(type(value) is Decimal for value in [*values, closed.value, closed.coverage])


@pytest.mark.parametrize("time", [None, NOON])
def test_telegrams_that_say_nothing(time: datetime | None) -> None:
    quarter = QuarterDemand()
    assert quarter.feed(telegram(time, None if time else "1", demand="1")) is None
    assert quarter.demand is None


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("2026-01-14 12:14:59", "2026-01-14 12:00"),
        ("2026-01-14 12:15:00", "2026-01-14 12:15"),
        ("2026-07-14 00:00:00", "2026-07-14 00:00"),
        ("2026-07-14 23:59:59", "2026-07-14 23:45"),
    ],
)
def test_quarters_are_those_of_the_local_clock(text: str, start: str) -> None:
    assert quarter_start(local(text)) == local(start)


def test_a_closed_quarter() -> None:
    house = House(NOON)
    quarter = QuarterDemand()
    watch(quarter, [house.telegram(), *house.run(600, "1"), *house.run(299, "4")])
    [closed] = watch(quarter, house.run(1, "4"))
    assert closed.start == NOON
    assert closed.end == NOON + timedelta(minutes=15)
    assert float(closed.value) == pytest.approx(2, abs=0.002)
    assert closed.coverage == 1
    assert closed.counts
    assert not closed.estimated


class TestRightAfterTheBoundary:
    """The meter's registers follow its clock with a delay of seconds."""

    def test_demand_of_the_last_quarter_is_not_taken_for_this_one(self) -> None:
        house = House(NOON)
        quarter = QuarterDemand()
        watch(quarter, house.run(900, "3"))
        for seconds in range(1, 4):
            house.skip(1)
            watch(quarter, [house.telegram(demand=Decimal("3.000"))])
            assert quarter.demand is not None
            assert float(quarter.demand.so_far) == pytest.approx(3 * seconds / 900, abs=0.005)
        watch(quarter, house.run(1))
        assert quarter.demand is not None
        assert quarter.demand.so_far == house.demand
        assert quarter.deviations == 0

    def test_nor_where_that_is_the_first_telegram(self) -> None:
        demand = demand_of(telegram(NOON + 2 * SECOND, "0.9", demand="3.000"))
        assert float(demand.so_far) == pytest.approx(0.9 * 2 / 900)

    def test_a_meter_that_is_late_for_good_is_believed(self) -> None:
        demand = demand_of(telegram(NOON + 6 * SECOND, "0.9", demand="3.000"))
        assert demand.so_far == 3

    def test_a_telegram_at_the_boundary_is_of_the_new_quarter(self) -> None:
        house = House(NOON)
        quarter = QuarterDemand()
        [closed] = watch(quarter, house.run(900, "2"))
        assert float(closed.value) == pytest.approx(2, abs=0.003)
        assert quarter.demand is not None
        assert quarter.demand.start == closed.end
        assert quarter.demand.left == 900
        assert quarter.demand.forecast == 2


class TestMetersWithoutDemand:
    """E-MUCS P1 up to 1.6 prints no 1.4.0."""

    @pytest.mark.parametrize("profile", ["1.3", "1.6"])
    def test_random_quarters_are_what_the_meter_counts(self, profile: str) -> None:
        random = Random(profile)  # noqa: S311
        for seed in range(4):
            start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=15 * random.randrange(20_000))
            meter = VirtualMeter(profile, seed, start)
            reader, quarter = Reader(), QuarterDemand()
            closed = watch(quarter, reader.feed(meter.telegram()))
            worst = Decimal()
            for _ in range(450):
                meter.advance(2)
                closed += watch(quarter, reader.feed(meter.telegram()))
                assert quarter.demand is not None
                worst = max(worst, abs(quarter.demand.so_far - meter.truth.demand))
                if quarter.demand.left == 2:
                    truth = meter.truth.demand + meter.truth.power_import * 2 / 900
            assert worst <= Decimal("0.02")
            [each] = closed
            assert abs(each.value - truth) <= Decimal("0.02")
            assert each.estimated
            assert each.coverage == 1

    def test_joined_in_mid_quarter(self) -> None:
        house = House(NOON + 600 * SECOND, prints_demand=False)
        quarter = QuarterDemand()
        watch(quarter, [house.telegram(), *house.run(200, "1.8")])
        assert quarter.demand is not None
        assert quarter.demand.estimated
        assert float(quarter.demand.coverage) == pytest.approx(200 / 900)
        # What was not seen is taken to be as what was.
        assert float(quarter.demand.forecast) == pytest.approx(1.8, abs=0.03)
        [closed] = watch(quarter, house.run(100))
        assert float(closed.coverage) == pytest.approx(300 / 900)
        assert not closed.counts

    def test_the_first_digit_of_the_counter_is_no_power(self) -> None:
        house = House(NOON + 600 * SECOND, prints_demand=False)
        house.power = Decimal("0.5")
        quarter = QuarterDemand()
        watch(quarter, [house.telegram()])
        for each in house.run(60):
            quarter.feed(each)
            assert quarter.demand is not None
            assert float(quarter.demand.forecast) == pytest.approx(0.5, abs=0.06)

    @pytest.mark.parametrize(("missed", "counts"), [(89, True), (90, True), (91, False)])
    def test_nine_tenths_are_enough(self, missed: int, counts: bool) -> None:  # noqa: FBT001
        house = House(NOON + missed * SECOND, prints_demand=False)
        quarter = QuarterDemand()
        [closed] = watch(quarter, [house.telegram(), *house.run(900 - missed, "1")])
        assert closed.counts is counts

    def test_a_gap_that_the_counter_fills(self) -> None:
        house = House(NOON, prints_demand=False)
        quarter = QuarterDemand()
        watch(quarter, [house.telegram(), *house.run(300, "1")])
        house.power = Decimal(6)
        house.skip(300)
        [closed] = watch(quarter, house.run(300, "2"))
        assert float(closed.value) == pytest.approx(3, abs=0.01)
        assert closed.coverage == 1

    def test_a_gap_that_nothing_fills(self) -> None:
        house = House(NOON, prints_demand=False, prints_counter=False)
        quarter = QuarterDemand()
        watch(quarter, [house.telegram(), *house.run(300, "1")])
        house.skip(300)
        [closed] = watch(quarter, house.run(300, "1"))
        # Of the gap, of 301 seconds between two telegrams, only the ten after the first are known.
        assert float(closed.coverage) == pytest.approx(609 / 900)
        assert float(closed.value) == pytest.approx(1, abs=0.01)
        assert not closed.counts

    def test_a_gap_over_the_boundary(self) -> None:
        house = House(NOON, prints_demand=False)
        quarter = QuarterDemand()
        watch(quarter, [house.telegram(), *house.run(850, "1")])
        house.skip(50)
        house.skip(100)
        [closed] = watch(quarter, [house.telegram()])
        assert float(closed.coverage) == pytest.approx(850 / 900)
        assert closed.counts
        assert quarter.demand is not None
        assert quarter.demand.coverage == 0
        [closed] = watch(quarter, house.run(800))
        assert float(closed.coverage) == pytest.approx(800 / 900)
        assert float(closed.value) == pytest.approx(1, abs=0.01)
        assert not closed.counts

    def test_a_gap_of_hours_closes_one_quarter(self) -> None:
        house = House(NOON, prints_demand=False)
        quarter = QuarterDemand()
        watch(quarter, house.run(300, "1"))
        for _ in range(12):
            house.skip(900)
        [closed] = watch(quarter, [house.telegram()])
        assert closed.start == NOON
        assert not closed.counts
        assert quarter.demand is not None
        assert quarter.demand.start == NOON + timedelta(hours=3)

    def test_a_step_over_the_boundary_is_shared(self) -> None:
        house = House(NOON, prints_demand=False)
        quarter = QuarterDemand()
        watch(quarter, [house.telegram(), *house.run(896, "0", step=8)])
        house.power = Decimal(9)
        house.skip(4)
        house.skip(4)
        [closed] = watch(quarter, [house.telegram()])
        assert float(closed.value) == pytest.approx(9 * 4 / 900, abs=0.005)
        assert quarter.demand is not None
        assert float(quarter.demand.so_far) == pytest.approx(9 * 4 / 900, abs=0.005)
        assert float(quarter.demand.coverage) == pytest.approx(4 / 900)

    def test_a_counter_that_goes_back(self) -> None:
        # Another meter, or a reset: energy follows from power.
        quarter = QuarterDemand()
        watch(quarter, [telegram(NOON + n * SECOND, "3.6", counter="1000") for n in (0, 5)])
        watch(quarter, [telegram(NOON + 10 * SECOND, "3.6", counter="0")])
        assert quarter.demand is not None
        assert float(quarter.demand.coverage) == pytest.approx(10 / 900)
        assert quarter.demand.so_far == Decimal("0.02")


def test_clock_set_back() -> None:
    house = House(NOON, prints_demand=False)
    quarter = QuarterDemand()
    watch(quarter, house.run(600, "1"))
    house.time -= timedelta(seconds=300)
    closed = watch(quarter, [house.telegram()])
    assert closed == []
    assert quarter.demand is not None
    # Nothing of before can be told apart from what comes again.
    assert quarter.demand.coverage == 0
    [each] = watch(quarter, house.run(600))
    assert float(each.value) == pytest.approx(1, abs=0.01)
    assert not each.counts


class TestClockSetBackOverTheEndOfAQuarter:
    """What was closed stays closed."""

    @pytest.mark.parametrize("prints_demand", [True, False])
    def test_a_quarter_is_closed_once(self, prints_demand: bool) -> None:  # noqa: FBT001
        house = House(NOON, prints_demand=prints_demand)
        quarter = QuarterDemand()
        [first] = watch(quarter, [house.telegram(), *house.run(920, "1")])
        assert first.counts
        house.time -= timedelta(seconds=60)
        assert watch(quarter, [house.telegram(), *house.run(80)]) == []
        # The next one is told of again.
        [second] = watch(quarter, house.run(900))
        assert second.start == first.end

    def test_one_that_was_closed_too_early_is_told_of_when_it_is_whole(self) -> None:
        house = House(NOON)
        quarter = QuarterDemand()
        watch(quarter, [house.telegram(), *house.run(300, "1")])
        ahead = telegram(house.time + timedelta(hours=1), "1", demand="0")
        [early] = watch(quarter, [ahead])
        assert not early.counts
        [whole] = watch(quarter, house.run(700))
        assert whole.start == early.start
        assert whole.counts

    def test_a_clock_that_was_a_year_ahead_hides_nothing(self) -> None:
        quarter = QuarterDemand()
        [ahead] = watch(quarter, House(NOON + timedelta(days=365)).run(1000, "1"))
        [now] = watch(quarter, House(NOON).run(1000, "1"))
        assert ahead.start - now.start == timedelta(days=365)


def test_a_counter_that_was_set_is_no_energy() -> None:
    house = House(NOON, prints_demand=False)
    quarter = QuarterDemand()
    watch(quarter, [house.telegram(), *house.run(450, "1")])
    house._energy += 1000 * 3600  # noqa: SLF001 -- a thousand kWh that nobody consumed
    quarter.forget_counter()
    [closed] = watch(quarter, house.run(460))
    assert float(closed.value) == pytest.approx(1, abs=0.01)
    assert closed.counts


class TestAnotherMeaning:
    """1.4.0 that is not what it was seen to be."""

    @staticmethod
    def a_quarter(
        house: House, quarter: QuarterDemand, print_demand: Callable[[House], Decimal], power: str = "2"
    ) -> list[ClosedQuarter]:
        closed = []
        house.power = Decimal(power)
        for _ in range(180):
            house.skip(5)
            closed += watch(quarter, [house.telegram(demand=print_demand(house))])
        return closed

    @staticmethod
    def over_elapsed_time(house: House) -> Decimal:
        return house.demand * 900 / house.elapsed if house.elapsed else Decimal(2)

    @staticmethod
    def as_observed(house: House) -> Decimal:
        return house.demand

    @pytest.mark.parametrize(
        "meaning",
        [
            lambda house: house.demand * 900 / (house.elapsed or 900),  # the average over the time that passed
            lambda _house: Decimal(2),  # the last quarter's
            lambda _house: Decimal(0),
            lambda house: house.demand * 4,  # energy taken for power
        ],
    )
    def test_is_noticed_after_two_quarters(self, meaning: Callable[[House], Decimal]) -> None:
        house, quarter = House(NOON), QuarterDemand()
        watch(quarter, [house.telegram()])
        for deviations in (1, 2):
            self.a_quarter(house, quarter, meaning)
            assert quarter.deviations == deviations
        [closed] = self.a_quarter(house, quarter, meaning)
        assert closed.estimated
        assert float(closed.value) == pytest.approx(2, abs=0.01)
        house.skip(300)
        watch(quarter, [house.telegram(demand=meaning(house))])
        assert quarter.demand is not None
        assert quarter.demand.estimated
        assert float(quarter.demand.so_far) == pytest.approx(2 * 300 / 900, abs=0.01)

    def test_is_forgiven(self) -> None:
        house, quarter = House(NOON), QuarterDemand()
        watch(quarter, [house.telegram()])
        for _ in range(3):
            self.a_quarter(house, quarter, self.over_elapsed_time)
        assert quarter.deviations == 3
        self.a_quarter(house, quarter, self.as_observed)
        assert quarter.deviations == 0
        [closed] = self.a_quarter(house, quarter, self.as_observed)
        assert not closed.estimated

    def test_is_not_forgiven_for_a_quarter_that_says_nothing(self) -> None:
        house, quarter = House(NOON), QuarterDemand()
        watch(quarter, [house.telegram()])
        for _ in range(2):
            self.a_quarter(house, quarter, self.over_elapsed_time)
        # Next to no power: any average of it is 0.
        self.a_quarter(house, quarter, self.over_elapsed_time, power="0.04")
        assert quarter.deviations == 2

    def test_one_quarter_is_not_enough(self) -> None:
        house, quarter = House(NOON), QuarterDemand()
        watch(quarter, [house.telegram()])
        self.a_quarter(house, quarter, self.over_elapsed_time)
        [closed] = self.a_quarter(house, quarter, self.as_observed)
        assert not closed.estimated
        assert quarter.deviations == 0

    def test_nothing_is_held_against_a_quarter_that_was_hardly_seen(self) -> None:
        house, quarter = House(NOON + 600 * SECOND), QuarterDemand()
        house.power = Decimal(3)
        for _ in range(61):
            watch(quarter, [house.telegram(demand=Decimal(9))])
            house.skip(5)
        assert quarter.deviations == 0

    def test_a_meter_that_follows_late_is_believed(self) -> None:
        house, quarter = House(NOON), QuarterDemand()
        late = [Decimal(), Decimal()]

        def ten_seconds_late(house: House) -> Decimal:
            late.append(house.demand)
            return late.pop(0)

        watch(quarter, [house.telegram()])
        for power in ("0.3", "7", "2", "11"):
            self.a_quarter(house, quarter, ten_seconds_late, power)
        assert quarter.deviations == 0


@pytest.mark.parametrize("seed", range(3))
def test_the_virtual_meter_is_believed(seed: int) -> None:
    meter = VirtualMeter(seed=seed, start=datetime(2026, 1, 14, 16, tzinfo=UTC))
    reader, quarter = Reader(), QuarterDemand()
    for _ in range(4 * 360):
        meter.advance(10, 10)
        watch(quarter, reader.feed(meter.telegram()))
        assert quarter.deviations == 0


class TestRestart:
    """What is saved, is JSON."""

    @staticmethod
    def again(quarter: QuarterDemand) -> QuarterDemand:
        return QuarterDemand.restore(json.loads(json.dumps(quarter.save())))

    @pytest.mark.parametrize("prints_demand", [True, False])
    def test_in_mid_quarter(self, prints_demand: bool) -> None:  # noqa: FBT001
        house = House(NOON, prints_demand=prints_demand)
        quarter = QuarterDemand()
        watch(quarter, [house.telegram(), *house.run(300, "1")])
        quarter = self.again(quarter)
        assert quarter.demand is not None
        assert quarter.demand.power == 1
        house.power = Decimal(4)
        house.skip(100)
        watch(quarter, [house.telegram()])
        assert quarter.demand is not None
        assert float(quarter.demand.so_far) == pytest.approx(700 / 900, abs=0.01)
        assert quarter.demand.estimated is not prints_demand
        [closed] = watch(quarter, house.run(500, "1"))
        assert closed.coverage == 1
        assert closed.counts
        assert float(closed.value) == pytest.approx(1200 / 900, abs=0.01)

    def test_into_another_quarter(self) -> None:
        house = House(NOON)
        quarter = QuarterDemand()
        watch(quarter, [house.telegram(), *house.run(300, "1")])
        quarter = self.again(quarter)
        house.skip(600)
        house.skip(60)
        [closed] = watch(quarter, [house.telegram()])
        assert closed.start == NOON
        assert not closed.counts

    def test_of_a_meter_that_is_not_believed(self) -> None:
        house, quarter = House(NOON), QuarterDemand()
        watch(quarter, [house.telegram()])
        for _ in range(2):
            TestAnotherMeaning.a_quarter(house, quarter, TestAnotherMeaning.over_elapsed_time)
        # Of the third, only what was before the restart is wrong.
        for n in range(180):
            house.skip(5)
            right = TestAnotherMeaning.as_observed(house)
            watch(quarter, [house.telegram(demand=TestAnotherMeaning.over_elapsed_time(house) if n < 60 else right)])
            if n == 60:
                quarter = self.again(quarter)
        assert quarter.deviations == 3

    @pytest.mark.parametrize("telegrams", [[], [telegram(NOON, "1", demand="0.5")]])
    def test_with_nothing_to_go_on_from(self, telegrams: list[Telegram]) -> None:
        quarter = QuarterDemand()
        watch(quarter, telegrams)
        assert self.again(quarter).demand is None


@pytest.mark.parametrize(
    ("day", "quarters"), [("2026-03-29", 92), ("2026-10-25", 100), ("2026-03-28", 96), ("2026-10-26", 96)]
)
@pytest.mark.parametrize(("profile", "step"), [("1.7.1", 10), ("1.6", 60)])
def test_no_quarter_of_a_day_is_lost_or_doubled(day: str, quarters: int, profile: str, step: int) -> None:
    midnight = datetime.fromisoformat(day).replace(tzinfo=BRUSSELS)
    end = (midnight + timedelta(days=1)).astimezone(UTC)
    meter = VirtualMeter(profile, seed=5, start=midnight, ev=False)
    reader, quarter = Reader(), QuarterDemand()
    closed = watch(quarter, reader.feed(meter.telegram()))
    # All of the night in which the clock changes, and then only what begins and ends the quarters.
    while meter.time < end:
        meter.advance(step, step)
        near = (meter.time.minute * 60 + meter.time.second) % 900 in (0, 10, 890)
        if near or step > 10 or meter.time - midnight.astimezone(UTC) < timedelta(hours=4):
            closed += watch(quarter, reader.feed(meter.telegram()))
    assert len(closed) == quarters
    assert closed[0].start == midnight
    assert all(later.start == earlier.end for earlier, later in pairwise(closed))
    assert closed[-1].end == end


@pytest.mark.parametrize("prints_demand", [True, False])
def test_a_counter_that_is_doubted_over_the_end_of_a_quarter_makes_no_peak(prints_demand: bool) -> None:  # noqa: FBT001
    # It stands still for ten minutes, and then has all that was imported meanwhile.
    house, quarter, closed = House(NOON, prints_demand=prints_demand), QuarterDemand(), []
    still = None
    for n, each in enumerate([house.telegram(), *house.run(2000, "3")]):
        is_doubted = 600 <= n < 1200
        if not is_doubted:
            still = each.registers[obis.IMPORT_ENERGY]
        assert still is not None
        shown = each._replace(registers={**each.registers, obis.IMPORT_ENERGY: still})
        if ended := quarter.feed(shown, counter_is_doubted=is_doubted):
            closed.append(ended)
    assert [float(each.value) for each in closed] == pytest.approx([3, 3], abs=0.01)
    assert all(each.counts for each in closed)
    assert quarter.deviations == 0
