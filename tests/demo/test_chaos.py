"""`scripts/chaos`: that it runs, and that it notices what it should."""

from dataclasses import replace
from pathlib import Path
import subprocess
import sys

import pytest

from bench.ledger_rows import Counter, Disk, violations

ROOT = Path(__file__).parents[2]
HOUR = 3600
NAME = "sensor.electricity_meter_energy_import"
TRUTH = dict.fromkeys(range(0, 10 * HOUR, HOUR), 0.5)
FILES = {"a.csv": {0, HOUR, 2 * HOUR}}
LIVE = {5 * HOUR: 0.0, 6 * HOUR: 1.0}
BARE = Disk({NAME: Counter(LIVE, {}, {}, frozenset())}, (), is_settled=True)
IMPORTED = Disk(
    {
        NAME: Counter(
            live={start: total + 1.5 for start, total in LIVE.items()},
            imported={0: 0.5, HOUR: 1.0, 2 * HOUR: 1.5},
            short_term={5 * HOUR: 1.5, 5 * HOUR + 300: 1.6},
            ledger=frozenset(FILES["a.csv"]),
        )
    },
    ("a.csv",),
    is_settled=True,
)
WRONG = {
    "lost row": ({"imported": {0: 0.5, HOUR: 1.0}}, "in the database or in the ledger alone"),
    "wrong sum": ({"imported": {0: 0.5, HOUR: 1.1, 2 * HOUR: 1.5}}, "and not 0.5"),
    "row that the ledger has not": ({"ledger": frozenset({0, HOUR})}, "in the database or in the ledger alone"),
    "lost live row": ({"live": {5 * HOUR: 1.5}}, "1 live hours are lost"),
    "half lifted": ({"live": {5 * HOUR: 1.5, 6 * HOUR: 2.6}}, "lifted by 1.5 to 1.6"),
    "back": ({"live": {5 * HOUR: 0.0, 6 * HOUR: 1.0}}, "the sum of hour goes back"),
    "back in five minutes": ({"short_term": {5 * HOUR: 1.5, 5 * HOUR + 300: 0.1}}, "the sum of five minutes goes back"),
}


def wrong(before: Disk, after: Disk) -> list[str]:
    return list(violations(BARE, before, after, {NAME: TRUTH}, FILES))


def test_what_is_right_is_right() -> None:
    assert wrong(BARE, BARE) == wrong(BARE, IMPORTED) == wrong(IMPORTED, IMPORTED) == wrong(IMPORTED, BARE) == []


@pytest.mark.parametrize(("changes", "text"), WRONG.values(), ids=WRONG)
def test_what_is_lost_is_noticed(changes: dict[str, object], text: str) -> None:
    after = replace(IMPORTED, counters={NAME: replace(IMPORTED.counters[NAME], **changes)})
    assert any(text in each for each in wrong(BARE, after))


def test_what_is_left_of_an_import_is_noticed() -> None:
    assert any("without an import" in each for each in wrong(BARE, replace(IMPORTED, files=())))
    lifted = replace(BARE, counters={NAME: replace(BARE.counters[NAME], live=IMPORTED.counters[NAME].live)})
    assert any("still lifted" in each for each in wrong(IMPORTED, lifted))
    assert any("on its way" in each for each in wrong(BARE, replace(IMPORTED, is_settled=False)))


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_two_rounds() -> None:
    command = [sys.executable, "-m", "bench.chaos", "--rounds", "2", "--seconds", "20", "--seed", "3"]
    ran = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)  # noqa: S603 -- our own words
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "| what happened |" in ran.stdout
    assert "nothing lost" in ran.stdout
