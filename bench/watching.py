"""The backtest of the base load and of leaks: `scripts/backtest --night`."""

from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
import sys
from typing import Final

from . import leaking, nights
from .forecasting import PROOF, Life, loaded, virtual_house
from .report import machine, write_between

DAYS: Final = 365

_BEGIN: Final = "<!-- scripts/backtest --night --write writes from here -->"
_END: Final = "<!-- scripts/backtest --night --write writes to here -->"


def _live(life: Life) -> nights.Outcome | None:
    """Simulate a house, and judge its nights."""
    return nights.judge(virtual_house(*life))


def prove(lives: list[Life], seeds: list[int], workers: int, *, write: bool) -> int:
    """Simulate households, print the tables, and write them to the docs if asked to; return the exit code."""
    begun, days = datetime.now(UTC), lives[0].days
    with ProcessPoolExecutor(workers) as pool:
        houses = [each for each in pool.map(_live, lives) if each is not None]
        homes = [leaking.Life(name, has_pump, seed, days) for seed in seeds for name, has_pump in leaking.HOMES.items()]
        leaks = [each for outcomes in pool.map(leaking.live, homes) for each in outcomes]
    lines = [*nights.table(houses), "", *leaking.table(leaks)]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    if write:
        head = f"{days} days from 1 February 2026 on, run on {begun:%-d %B %Y}: {machine()}."
        write_between(PROOF, _BEGIN, _END, "\n".join([head, "", *lines, ""]))
    return 0


def prove_files(paths: Iterable[Path]) -> int:
    """Judge the nights of exports of the grid operator, and print the table; return the exit code."""
    outcomes = [nights.judge(house) for path in paths for house in loaded(path)]
    lines = nights.table(each for each in outcomes if each is not None)
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0
