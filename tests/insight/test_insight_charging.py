"""What a charger may take in addition to what already flows, and what a charger that follows makes of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
import math
from random import Random
from typing import Any

import pytest

from custom_components.emucs.insight.charging import Bound, Grant, room_of_phase, room_of_quarter
from tests.insight.connected import NOON, Meter, measuring

STAR = ("230.0", "230.0", "230.0")
LONG = 600
"""Seconds after which all is granted."""


class TestPhase:
    """What may be added to a phase."""

    @pytest.mark.parametrize(
        ("current", "active", "room"),
        [
            (10, None, 15),
            (10, 10, 15),
            (30, 30, -5),
            (30, None, -5),
            # Export goes first.
            (10, -10, 35),
            # Reactive current is at a right angle.
            (7, 0, 24),
            (25, 0, 0),
            (30, 0, -5),
            # Whole amperes are less than what flows.
            (10, 10.8, 14.2),
        ],
    )
    def test_room(self, current: float, active: float | None, room: float) -> None:
        assert room_of_phase(25, current, active) == pytest.approx(room)

    def test_no_more_than_is_rated_flows_after_it(self) -> None:
        random = Random(1)  # noqa: S311 -- no secret
        for _ in range(1000):
            current = random.uniform(0, 25)
            active = random.uniform(-current, current)
            room = room_of_phase(25, current, active)
            assert math.hypot(active + room, math.sqrt(current**2 - active**2)) == pytest.approx(25)


@pytest.mark.parametrize(
    ("so_far", "left", "target", "power", "room"),
    [
        (0, 900, 2.5, 0.5, 2.5 * 900 / 930 - 0.5),
        (2.5, 600, 2.5, 0.5, -0.5),
        (2.0, 10, 2.5, 0.5, 0.5 * 900 / 40 - 0.5),
        # Export goes first.
        (0, 900, 2.5, -3, 2.5 * 900 / 930 + 3),
        # A quarter that has passed it.
        (3.0, 870, 2.5, 1, -0.5 - 1),
    ],
)
def test_room_of_a_quarter(so_far: float, left: float, target: float, power: float, room: float) -> None:
    assert room_of_quarter(so_far, left, target, power) == pytest.approx(room)


class TestGrant:
    """Falls at once, rises slowly."""

    def test_rises_after_a_minute(self) -> None:
        grant = Grant()
        granted = [grant.feed(10, 1) for _ in range(120)]
        assert granted[:60] == [0] * 60
        assert granted[64] == pytest.approx(1, abs=0.21)
        assert granted[-1] == 10
        assert granted == sorted(granted)

    def test_falls_at_once(self) -> None:
        grant = Grant()
        for _ in range(200):
            grant.feed(10, 1)
        assert grant.feed(4, 1) == 4
        assert grant.feed(-3, 1) == -3

    def test_does_not_ask_twice_to_reduce(self) -> None:
        grant = Grant()
        assert grant.feed(-3, 1) == -3
        assert grant.feed(-1, 1) == -1
        assert grant.feed(0.5, 1) == 0

    def test_a_hob_grants_nothing(self) -> None:
        grant = Grant()
        assert max(grant.feed(room, 1) for _ in range(50) for room in [9.0] * 15 + [0.6] * 15) == 0

    def test_a_gap_begins_anew(self) -> None:
        grant = Grant()
        for _ in range(200):
            grant.feed(10, 1)
        assert grant.feed(10, 600) == 0

    @pytest.mark.parametrize("passed", [0, -5, -1e9])
    def test_a_clock_that_stands_or_goes_back_grants_nothing(self, passed: float) -> None:
        grant = Grant()
        assert max(grant.feed(10, passed) for _ in range(1000)) == 0


class TestAvailable:
    """The least of breaker and target, of all phases or of each."""

    @staticmethod
    def long(meter: Meter, *currents: str, **fields: Any) -> Meter:
        """Let the same flow until all is granted, in quarters of no demand."""
        meter.see(LONG, *currents, **fields)
        return meter

    def test_of_each_phase_and_of_the_least(self) -> None:
        fields = {"volts": STAR, "power": "4.6", "phase_powers": ("2.3", "0.0", "2.3")}
        state = self.long(Meter(), "10.00", "0.00", "10.00", **fields).state
        assert state.available == (14, 24, 14)
        assert (state.available_current, state.bound) == (14, Bound.BREAKER)

    def test_export_of_a_phase_goes_first(self) -> None:
        fields = {"volts": STAR, "power": "-2.3", "phase_powers": ("-2.3", "0.0", "0.0")}
        state = self.long(Meter(margin=0), "10.00", "0.00", "0.00", **fields).state
        assert state.available == (35, 25, 25)

    def test_powers_that_do_not_add_up_are_not_believed(self) -> None:
        # Some meters print 0 for each phase.
        fields = {"volts": STAR, "power": "6.9", "phase_powers": ("0.0", "0.0", "0.0")}
        assert self.long(Meter(margin=0), "10.00", "10.00", "10.00", **fields).state.available == (15, 15, 15)

    def test_of_one_phase_by_its_total(self) -> None:
        assert self.long(Meter(margin=0), "10.00", power="-2.300").state.available_current == 35

    @pytest.mark.parametrize(
        ("charger", "volts", "currents", "kilowatts"),
        [
            ("three_phases", ("230.0",), ("0.00",), 0.23),
            ("one_phase", ("230.0",), ("0.00",), 0.23),
            ("one_phase", STAR, ("0.00",) * 3, 0.23),
            ("three_phases", STAR, ("0.00",) * 3, 0.69),
            ("three_phases", ("230.0", "240.0", "230.0"), ("0.00",) * 3, 0.72),
            ("one_phase", ("230.0", "000.0", "230.0"), ("0.00",) * 3, 0.23),
            ("three_phases", ("230.0", "000.0", "230.0"), ("0.00",) * 3, 0.23 * math.sqrt(3)),
            ("three_phases", ("132.8", "132.8", "132.8"), ("0.00",) * 3, 0.1328 * 3),
        ],
    )
    def test_by_the_target(
        self, charger: str, volts: tuple[str, ...], currents: tuple[str, ...], kilowatts: float
    ) -> None:
        meter = Meter(margin=1, charger=charger, breaker=63)
        meter.capacity.settings = Meter(peak_target=2.5).capacity.settings
        meter.options["capacity"] = {"peak_target": 5}
        meter.capacity.settings = meter.capacity.settings_of(meter.options)
        state = self.long(meter, *currents, volts=volts, power="0.000").state
        assert state.bound is Bound.TARGET
        expected = 5 * 900 / (300 + 30) / kilowatts - 1
        assert state.available_current == pytest.approx(min(expected, 62), abs=0.01)

    def test_not_by_the_target_where_no_peak_is_billed(self) -> None:
        meter = Meter(margin=0)
        meter.connection.settings = meter.connection.settings_of(
            {**meter.options, "capacity": {"peak_target": 2.5, "area": "brussels"}}
        )
        meter.capacity.settings = meter.capacity.settings_of({"capacity": {"peak_target": 2.5}})
        state = self.long(meter, "10.00", power="2.300").state
        assert (state.available_current, state.bound) == (15, Bound.BREAKER)

    @pytest.mark.parametrize("seconds", [890, 895, 899])
    def test_at_the_end_of_a_quarter(self, seconds: int) -> None:
        """No more than the breaker carries, however little of the quarter is left."""
        meter = Meter(margin=0)
        for each in range(seconds):
            meter.feed(measuring(NOON + timedelta(seconds=each), "0.00", power="0.000"))
        assert meter.state.available_current == 25
        begins = meter.feed(measuring(NOON + timedelta(seconds=900), "20.00", power="4.600"))
        assert begins.available_current == 5


@dataclass
class Trial:
    """What came of a charger that follows."""

    peaks: list[float]
    """The demand of each quarter, kW."""
    energy: float
    """kWh charged."""
    changes: int
    """How often the charger changed its current."""
    swings: int
    """How often it went up after it had gone down, or down after up."""
    warnings: int
    """Seconds with an overload warning or alarm."""


def follow(
    house: Callable[[int], float],
    target: float,
    *,
    breaker: int = 25,
    phases: int = 3,
    hours: float = 2,
    measures_itself: bool = True,
    seed: int = 1,
) -> Trial:
    """Let a charger follow in a house whose loads in kW by second are on L1.

    It reads what Home Assistant shows, which is up to 5 s old, acts each 15 s in steps of 1 A, takes 5 to 10 s
    to change its current, stops below 6 A, and waits a minute before it starts again.
    """
    random = Random(seed)  # noqa: S311 -- no secret
    meter = Meter(breaker=breaker, charger="three_phases" if phases == 3 else "one_phase")
    meter.options["capacity"] = {"peak_target": target}
    meter.capacity.settings = meter.capacity.settings_of(meter.options)
    own = wanted = changes = swings = warnings = direction = 0
    demand = energy = 0.0
    shown: float | None = None
    due, stopped, peaks = 0, -60, list[float]()
    for second in range(1, int(hours * 3600) + 1):
        if second == due and wanted != own:
            changes += 1
            swings += direction * (wanted - own) < 0
            direction, own = (1 if wanted > own else -1), wanted
        load, charge = house(second), own * phases * 0.23
        demand += (load + charge) / 900
        energy += charge / 3600
        others = (f"{own:.2f}",) * 2 if phases == 3 else ()
        state = meter.feed(
            measuring(
                NOON + timedelta(seconds=second),
                f"{load / 0.23 + own:.2f}",
                *others,
                volts=STAR[:phases],
                power=f"{load + charge:.3f}",
                phase_powers=(f"{load + charge / phases:.3f}", *[f"{charge / phases:.3f}"] * 2)[:phases],
                demand=(f"{demand if second % 900 else 0:.3f}", "kW"),
            )
        )
        warnings += bool(state.warning or state.alarm)
        if second % 900 == 0:
            peaks.append(demand)
            demand = 0.0
        if second % 5 == 0:
            shown = state.available_current
        if second % 15 == 0 and shown is not None:
            new = min(math.floor((own if measures_itself else wanted) + shown), 32)
            new = 0 if new < 6 or (not own and second - stopped < 60) else new
            if new != wanted:
                stopped = second if not new else stopped
                wanted, due = new, second + random.randint(5, 10)
    return Trial(peaks, energy, changes, swings, warnings)


def quiet(_: int) -> float:
    return 0.4


def kettle(second: int) -> float:
    return 0.4 + (2.2 if second % 1500 < 180 else 0)


def hob(second: int) -> float:
    return 0.4 + (2.0 if 600 < second % 3600 < 2400 and second % 30 < 15 else 0)


def oven(second: int) -> float:
    return 0.4 + (2.4 if second % 100 < 45 else 0)


@pytest.mark.parametrize("measures_itself", [True, False])
@pytest.mark.parametrize("house", [quiet, kettle, hob, oven])
class TestCharger:
    """A charger that follows passes neither target nor breaker, and does not swing."""

    @pytest.mark.parametrize(("target", "phases"), [(2.5, 1), (4, 1), (6, 3)])
    def test_keeps_the_target(
        self, house: Callable[[int], float], target: float, phases: int, *, measures_itself: bool
    ) -> None:
        trial = follow(house, target, phases=phases, measures_itself=measures_itself)
        assert max(trial.peaks) <= target
        assert trial.warnings == 0
        # What is left of the target is used, for all that the house takes itself.
        own = sum(house(second) for second in range(7200)) / 7200
        assert trial.energy >= 0.5 * 2 * (target - own)

    def test_keeps_the_breaker_and_does_not_swing(
        self, house: Callable[[int], float], *, measures_itself: bool
    ) -> None:
        trial = follow(house, 50, measures_itself=measures_itself)
        assert trial.warnings == 0
        # Two for each time that the house changes for long: five kettles, or a hob that is on for half an hour.
        assert trial.swings <= 12
        assert trial.energy > 2 * 3 * 0.23 * 6


def test_a_random_house() -> None:
    random, loads = Random(5), list[tuple[int, int, float]]()  # noqa: S311 -- no secret
    begin = 0
    while begin < 7200:
        begin += random.randint(20, 300)
        loads.append((begin, begin + random.randint(5, 240), random.choice([0.1, 0.5, 1, 2, 2.4])))

    def house(second: int) -> float:
        return 0.3 + sum(kilowatts for on, off, kilowatts in loads if on <= second < off)

    for target, phases in ((2.5, 1), (6, 3)):
        trial = follow(house, target, phases=phases)
        assert max(trial.peaks) <= target
        assert trial.warnings == 0
