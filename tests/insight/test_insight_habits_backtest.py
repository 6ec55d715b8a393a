"""The backtest of recurring peaks and unusual days."""

from pathlib import Path
from random import Random

import pytest

from bench import backtest, habits
from bench.forecasting import House, Life
from bench.habits import judge, table
from custom_components.emucs.insight.quarters import QUARTERS_A_DAY, local_begin
from tests.insight.quarterly import slot

# A Monday.
FIRST = slot("2026-01-05T00:00")
DAYS = 56


def house(share: float = 1.0, missing: range = range(0)) -> House:
    """Return a house that cooks on a share of its evenings; of some days nothing is known."""
    random = Random(3)  # noqa: S311 -- an invented house
    cooks = {day for day in range(DAYS) if random.random() < share}
    load = {}
    for each in range(FIRST, FIRST + DAYS * QUARTERS_A_DAY):
        day = (each - FIRST) // QUARTERS_A_DAY
        is_cooking = local_begin(each).hour == 19 and day in cooks
        if day not in missing:
            load[each] = (3.0 if is_cooking else 0.3) + random.random() / 5
    return House("a house", (load, {}))


def test_what_always_comes_is_announced() -> None:
    judged = judge(house())
    # On the first day after four weeks and each later one.
    assert (judged.announced, judged.came, judged.peaks, judged.foreseen) == (28, 28, 28, 28)
    # Four quarters are within an hour of an evening's four at seven of 96 times of day.
    assert judged.chance / judged.announced == pytest.approx(7 / 96, rel=0.05)
    assert (judged.more, judged.less) == (0, 0)
    assert judged.found == judged.added == 3
    lines = list(table([judged]))
    assert [line.count("|") for line in lines] == [lines[0].count("|")] * 3
    assert lines[2].startswith("| a house | 28 | 28 | 100% | 7% | 28 | 100% | 0 | 0 | 3 of 3 |")


def test_what_comes_by_chance_is_announced_in_vain() -> None:
    judged = judge(house(share=0.5, missing=range(40, 42)))
    assert 15 < judged.announced <= 26
    assert 5 < judged.came < judged.announced / 2
    assert judged.foreseen <= judged.peaks
    assert (judged.more, judged.less) == (0, 0)


def test_files_are_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "none.csv"
    path.write_text("nothing")
    assert backtest.main(["--habits", "--load", str(path)]) == 1
    assert capsys.readouterr().out


def test_it_is_written_to_the_docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "proof.md"
    page.write_text(f"{habits.BEGIN}\nold\n{habits.END}\n")
    monkeypatch.setattr(habits, "PROOF", page)
    assert habits.prove([Life("flat", "1.7.1-single-phase", {"ev": False, "pv": False}, 1, 30)], 1, write=True) == 0
    assert "| flat | 2 |" in page.read_text()
