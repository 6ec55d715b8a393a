"""A week of the backtest, and that its telegrams are those of the meter."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from bench import backtest
from bench.backtest import HOMES, STEP, Life, Outcome, Prints, failures, live, lives, meter_of, table
from custom_components.emucs.insight.capacity import Capacity, CapacitySettings
from custom_components.emucs.insight.electricity import energy_import
from custom_components.emucs.port import Reader, obis

WITH_CAR, *_, APARTMENT = HOMES


@pytest.mark.parametrize("home", HOMES, ids=lambda home: home.name)
def test_telegrams_are_those_of_the_meter(home: backtest.Home) -> None:
    meter = meter_of(home, 3)
    prints, reader = Prints(meter), Reader()
    # From midnight to eight in the morning: the first quarters of a month, and a breakfast.
    for n in range(8 * 360):
        made = prints.advance()
        if n % 18 and n % 90 != 1:
            continue
        [read] = reader.feed(meter.telegram())
        assert made.time == read.time
        assert made.demand_history == read.demand_history
        for code in (obis.IMPORT_POWER, obis.DEMAND, obis.MONTH_PEAK):
            assert made.registers[code] == read.registers[code], code
        # What the counter had beyond its last digit at the start is not known.
        made_counter, read_counter = energy_import(made), energy_import(read)
        assert made_counter is not None
        assert read_counter is not None
        assert abs(made_counter - read_counter) <= Decimal("0.002")


@pytest.fixture(scope="module")
def week() -> list[Outcome]:
    """A week of January, as the house is and with a car and a heat pump that give way."""
    return [live(WITH_CAR, Decimal("2.5"), 4, 7, shedding=shedding) for shedding in (False, True)]


def test_no_quarter_is_missed(week: list[Outcome]) -> None:
    for outcome in week:
        assert outcome.quarters == 7 * 96
        assert outcome.missed == 0
        assert outcome.over == outcome.alarmed + outcome.later
    assert week[0].over > 0


def test_loads_that_give_way_save_money(week: list[Outcome]) -> None:
    plain, shedding = week
    assert shedding.average < plain.average / 2
    assert shedding.euros < plain.euros / 2
    assert shedding.average >= Decimal("2.5")
    assert list(failures(week)) == []


def test_what_the_insight_knows_is_what_was() -> None:
    home = APARTMENT
    capacity, prints = Capacity(CapacitySettings()), Prints(meter_of(home, 7))
    for _ in range(86_400 // STEP):
        capacity.feed(prints.advance())
    outcome = live(home, Decimal("2.5"), 7, 1, shedding=False)
    assert {month: peak.value for month, peak in capacity.months().items() if month in outcome.months} == outcome.months


def test_same_seed_same_outcome() -> None:
    first, second = (live(WITH_CAR, Decimal(5), 1, 1, shedding=True) for _ in range(2))
    assert first == second


def test_the_table_and_what_is_wrong(week: list[Outcome]) -> None:
    plain, shedding = week
    head, line, *rows = table(week)
    assert {text.count("|") for text in (head, line, *rows)} == {14}
    shedding.missed += 1
    assert list(failures([plain, shedding])) == [f"{WITH_CAR.name}: 1 quarters were missed"]
    shedding.missed -= 1
    assert len(list(failures([shedding, plain]))) == 0
    worse = Outcome(WITH_CAR, Decimal(5), shedding=True, months={month: Decimal(50) for month in plain.months})
    assert list(failures([plain, worse])) == [f"{WITH_CAR.name}: 50.000 kW is not below {plain.average:.3f} kW"]


def test_lives() -> None:
    every = lives([1, 2], 14)
    assert len(every) == 2 * 8
    assert Life(WITH_CAR, Decimal(5), 4, 14, shedding=True) in every
    assert not any(life.shedding for life in every if life.home is APARTMENT)
    assert len({life.seed for life in every}) == 8


def test_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(backtest, "HOMES", (APARTMENT,))
    # Processes talk through sockets, which tests may not.
    monkeypatch.setattr(backtest, "ProcessPoolExecutor", ThreadPoolExecutor)
    assert backtest.main(["--days", "1", "--seeds", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert lines[2].startswith(f"| {APARTMENT.name} | no | 2.5 kW | 96 |")
    assert lines[3].startswith("1 days, ")
