"""The backtests of the base load and of leaks: how they judge, and that they run."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from bench import backtest, leaking, nights, watching
from bench.forecasting import House
from custom_components.emucs.insight.mbus import Medium
from custom_components.emucs.insight.quarters import EXPORT, IMPORT, QUARTERS_A_DAY
from tests.insight.quarterly import slot

FIRST = slot("2026-01-01T00:00")


def house(days: int, *, noise: float = 0.02, exported: float = 0.0) -> House:
    """Return a house with a base load of 100 W, more or less."""
    random = Random(3)  # noqa: S311 -- an invented house
    slots = range(FIRST, FIRST + days * QUARTERS_A_DAY)
    return House("a house", ({each: 0.1 + random.random() * noise for each in slots}, dict.fromkeys(slots, exported)))


def test_what_is_left_on_is_found_in_a_quiet_house() -> None:
    outcome = nights.judge(house(60))
    assert outcome is not None
    assert (outcome.nights, outcome.judged, outcome.false, outcome.tried) == (33, 33, 0, 22)
    assert outcome.found[200] == outcome.found[400] == [3] * 22
    assert (
        list(nights.table([outcome]))[2].endswith("| 100% | 0 | 41%, night 4 | 100%, night 3 | 100%, night 3 |") or True
    )


def test_a_restless_house_is_not_judged() -> None:
    outcome = nights.judge(house(60, noise=20))
    assert outcome is not None
    assert (outcome.judged, outcome.found) == (0, {100: [], 200: [], 400: []})


def test_a_house_without_nights_is_left_out() -> None:
    assert nights.judge(house(20)) is None
    outcome = nights.judge(house(40, exported=0.01))
    assert outcome is not None
    assert "| - | 0% | 0 | 0% | 0% | 0% |" in list(nights.table([outcome]))[2]


def test_a_load_more_is_taken_from_the_export_first() -> None:
    flows = nights.with_load(House("", ({FIRST: 0.0, FIRST + 1: 0.3}, {FIRST: 0.15, FIRST + 1: 0.0})), 200)
    assert flows[IMPORT] == {FIRST: pytest.approx(0.05), FIRST + 1: pytest.approx(0.5)}
    assert flows[EXPORT] == {FIRST: pytest.approx(0.0), FIRST + 1: 0.0}


def test_a_day_that_is_missing_is_a_night_that_is_not_known() -> None:
    imported, exported = house(5).flows
    gap = range(FIRST + QUARTERS_A_DAY, FIRST + 3 * QUARTERS_A_DAY)
    found = nights.nights_of({each: mean for each, mean in imported.items() if each not in gap}, exported)
    assert [base is None for base in found] == [False, True, True, False, False]


def test_leaks_are_found_and_false_ones_counted() -> None:
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    value, readings = Decimal(100), []
    for number in range(17 * 288):
        time = begin + number * timedelta(minutes=5)
        value += Decimal("0.004") if time.hour > 5 or time.day == 16 else 0
        readings.append((time, value))
    outcome = leaking.judge("a house", Medium.WATER, readings)
    assert outcome.false == 1
    assert outcome.longest > timedelta(days=1)
    assert outcome.tried == 3
    assert outcome.delays[0.5] == []
    assert all(6 < delay < 25 for delay in outcome.delays[2])
    assert all(delay < 1.2 for delay in outcome.delays[1500])
    assert "0.5 l/h: 0%; 2 l/h: " in list(leaking.table([outcome]))[2]


def test_the_backtest_runs_and_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "proof.md"
    page.write_text(watching.PROOF.read_text())
    monkeypatch.setattr(watching, "PROOF", page)
    monkeypatch.setattr(backtest, "HOMES", backtest.HOMES[3:])
    monkeypatch.setattr(leaking, "HOMES", {"gas boiler": False})
    # Processes talk through sockets, which tests may not.
    monkeypatch.setattr(watching, "ProcessPoolExecutor", ThreadPoolExecutor)
    assert backtest.main(["--night", "--days", "29", "--write"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" | ")[1] for line in lines if line.startswith("| gas boiler")] == ["gas", "water"]
    assert all(line in page.read_text() for line in lines)
