"""An hour of the backtest of a charger that follows, and how it is judged."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bench import backtest, charging
from bench.charging import CASES, Automation, Breaker, Charged, Quarters, charge, failures, table
from custom_components.emucs.insight.charging import Charger
from virtual_meter import ChargePoint

QUARTER = 900
STEP = 2


def judged(quarters: Quarters, *parts: tuple[int, float, float]) -> Quarters:
    """Judge a quarter of parts: how many seconds, and the watts of the house and of the car."""
    steps = [(house, car) for seconds, house, car in parts for _ in range(seconds // STEP)]
    assert len(steps) == QUARTER // STEP
    for number, (house, car) in enumerate(steps):
        quarters.feed(house, car, QUARTER - number * STEP)
    return quarters


def test_a_quarter_within_the_target() -> None:
    quarters = judged(Quarters(4000), (QUARTER, 1000, 3000))
    assert (quarters.over, quarters.by_car, quarters.highest, quarters.goal) == (0, 0, 4000, 4000)


def test_a_quarter_that_the_car_takes_over_the_target() -> None:
    quarters = judged(Quarters(4000), (800, 1000, 3000), (100, 1000, 4000))
    assert (quarters.over, quarters.by_car) == (1, 1)
    assert quarters.goal == quarters.highest == 4111


def test_a_quarter_that_the_house_takes_over_the_target() -> None:
    # The car had left within a second, and what comes is more than the target by itself.
    quarters = judged(Quarters(4000), (600, 1000, 3000), (20, 6000, 3000), (280, 6000, 0))
    assert (quarters.over, quarters.by_car) == (1, 0)


def test_a_car_that_stays_too_long() -> None:
    quarters = judged(Quarters(4000), (600, 1000, 2600), (120, 4600, 2600), (180, 4600, 0))
    assert (quarters.over, quarters.by_car) == (1, 1)


def test_a_target_below_what_is_always_billed() -> None:
    assert Quarters(1000).goal == 2500


def test_what_is_exported_makes_up_for_nothing() -> None:
    quarters = judged(Quarters(2500), (450, -5000, 0), (450, 4000, 2000))
    assert quarters.highest == 3000


@pytest.mark.parametrize(
    ("load", "seconds", "trips"),
    [(1.13, 3600, False), (1.3, 300, False), (1.45, 600, True), (2.55, 2, True), (2.2, 2, False)],
)
def test_the_quickest_breaker(load: float, seconds: int, *, trips: bool) -> None:
    breaker = Breaker(20)
    for _ in range(seconds // STEP):
        breaker.feed(load * 20, charges=True)
    assert (breaker.nearest >= 1) is trips
    assert breaker.longest == seconds


def test_a_breaker_is_judged_while_the_car_charges() -> None:
    breaker = Breaker(20)
    for _ in range(600):
        breaker.feed(40, charges=False)
    assert (breaker.nearest, breaker.longest) == (0, 0)


def test_the_automation_lowers_at_once_and_raises_when_the_car_has_followed() -> None:
    automation = Automation(ChargePoint(1, 0, most=32), 16)
    asked = []
    for t, available, amperes in (
        (0, 10.4, 0),
        (10, 3.0, 0),  # the car has just begun, and the meter knows it before the charger says so
        (30, 3.0, 10),
        (40, -1.2, 10),
        (50, -6.0, 13),
        (60, 4.0, 7),
        (80, 40.0, 7),
        (90, None, 16),
        (100, -7.0, 6),
        (120, 20.0, 0),
        (390, 20.0, 0),
        (410, 20.0, 0),
    ):
        automation.look(1000 + t, available, amperes)
        asked.append(automation.asked)
    assert asked == [10, 10, 13, 8, 7, 7, 16, 6, 0, 0, 0, 16]


@pytest.fixture(scope="module")
def results() -> list[Charged]:
    """Some hours of a few cases."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(charging, "_DAY", 3 * 3600)
        return [charge(CASES[number], 3, 1) for number in (0, 11, 21)]


def test_neither_breaker_nor_target_is_passed(results: list[Charged]) -> None:
    assert list(failures(results)) == []
    assert {each.case.grid for each in results} == {"1x230 V", "3x400 V + N", "3x230 V"}
    for each in results:
        assert each.energy > 0
        assert each.fixed.highest > each.alone.highest
        assert each.following.over == each.alone.over


def test_a_car_that_is_given_too_much_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charging, "_DAY", 2 * 3600)
    for limit in ("room_of_quarter", "room_of_phase"):
        monkeypatch.setattr(f"custom_components.emucs.insight.connection.{limit}", lambda *_: 1000.0)
    wrong = list(failures([charge(CASES[0], 3, 1)]))
    assert len(wrong) == 2


def test_the_table_and_what_is_wrong(results: list[Charged]) -> None:
    lines = list(table(results))
    assert {line.count("|") for line in lines} == {11}
    results[0].following.by_car = 2
    results[1].breaker.nearest = 1.5
    assert list(failures(results)) == [
        "1x230 V, one_phase, 25 A, 2.5 kW: the car took 2 quarters over the target",
        "3x400 V + N, three_phases, 40 A, 6 kW: the breaker may have tripped",
    ]


def test_cases() -> None:
    assert len(set(CASES)) == 24
    assert {case.breaker for case in CASES} == {25, 40}
    assert not any(case.charger is Charger.THREE_PHASES for case in CASES if case.grid != "3x400 V + N")


def test_the_table_is_written_to_the_docs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "proof.md"
    page.write_text(charging.PROOF.read_text())
    monkeypatch.setattr(charging, "PROOF", page)
    monkeypatch.setattr(charging, "CASES", CASES[:1])
    monkeypatch.setattr(charging, "_DAY", 1800)
    # Processes talk through sockets, which tests may not.
    monkeypatch.setattr(charging, "ProcessPoolExecutor", ThreadPoolExecutor)
    assert backtest.main(["--charger", "--days", "1", "--write"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 4
    assert printed[2] in page.read_text()
    assert page.read_text().count("| Grid |") == 1
    assert page.read_text().endswith(charging.PROOF.read_text()[-200:])
