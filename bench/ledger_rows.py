"""What imports have left on the disk, read past Home Assistant, and whether it is all that it has to be."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
import json
from pathlib import Path
import sqlite3
from typing import Final

TOLERANCE: Final = 1e-6
_LEDGER: Final = "emucs.history"
_HOUR: Final = 3600
_HOURLY: Final = """
SELECT statistic_id, CAST(start_ts AS INTEGER), sum, state IS NULL
FROM statistics JOIN statistics_meta ON metadata_id = statistics_meta.id ORDER BY start_ts
"""
_SHORT_TERM: Final = """
SELECT statistic_id, CAST(start_ts AS INTEGER), sum
FROM statistics_short_term JOIN statistics_meta ON metadata_id = statistics_meta.id ORDER BY start_ts
"""
_SEED: Final = """
INSERT INTO statistics_short_term (created_ts, metadata_id, start_ts, state, sum)
SELECT start_ts + 3600, metadata_id, start_ts + 3300, state, sum FROM statistics
WHERE start_ts = (SELECT max(start_ts) FROM statistics AS other WHERE other.metadata_id = statistics.metadata_id)
AND metadata_id NOT IN (SELECT metadata_id FROM statistics_short_term)
"""

type Rows = Mapping[int, float]
"""Sums by the start of the hour, in seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Counter:
    """The statistics of one counter."""

    live: Rows
    imported: Rows
    """Those without a state."""
    short_term: Rows
    ledger: frozenset[int]
    """The starts of the hours that the ledger says were imported."""


@dataclass(frozen=True, slots=True)
class Disk:
    """What a database and a ledger have."""

    counters: Mapping[str, Counter]
    files: tuple[str, ...]
    """What was imported, in its order."""
    is_settled: bool
    """Whether no change is on its way."""


def seed_short_term(database: Path) -> None:
    """Let counters go on from their last hour; only while nobody else has the database."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(_SEED)


def read(config: Path, counters: Collection[str]) -> Disk:
    """Read the statistics of some counters, and the ledger."""
    live: dict[str, dict[int, float]] = {name: {} for name in counters}
    imported: dict[str, dict[int, float]] = {name: {} for name in counters}
    short_term: dict[str, dict[int, float]] = {name: {} for name in counters}
    with closing(sqlite3.connect(f"file:{config / 'home-assistant_v2.db'}?mode=ro", uri=True)) as connection:
        for name, start, total, is_imported in connection.execute(_HOURLY):
            if name in live:
                (imported if is_imported else live)[name][start] = total
        for name, start, total in connection.execute(_SHORT_TERM):
            if name in short_term:
                short_term[name][start] = total
    files, ledger, is_settled = _read_ledger(config / ".storage" / _LEDGER)
    found = {
        name: Counter(live[name], imported[name], short_term[name], frozenset(ledger.get(name, ())))
        for name in counters
    }
    return Disk(found, files, is_settled)


def is_written_ahead(config: Path) -> bool:
    """Tell whether the ledger has a change that the database may not have yet."""
    try:
        return b'"probe":' in (config / ".storage" / _LEDGER).read_bytes()
    except FileNotFoundError:
        return False


def _read_ledger(path: Path) -> tuple[tuple[str, ...], Mapping[str, set[int]], bool]:
    """Return the files, the starts of hours by counter, and whether no change is on its way."""
    if not path.exists():
        return (), {}, True
    data = json.loads(path.read_bytes())["data"]
    hours: dict[str, set[int]] = {}
    for layer in data["layers"]:
        for target, known in layer["counters"].items():
            statistic_id = layer["locations"][target][0]
            hours.setdefault(statistic_id, set()).update(hour * _HOUR for hour in known["hours"][0])
    return tuple(file for layer in data["layers"] for file in layer["files"]), hours, data["pending"] is None


def violations(
    bare: Disk, before: Disk, after: Disk, truth: Mapping[str, Rows], exports: Mapping[str, Collection[int]]
) -> Iterator[str]:
    """Yield what is wrong after a round, which came after another one; `bare` is without imports.

    `truth` has what each hour counted, and `exports` the hours of each file.
    """
    if not after.is_settled:
        yield "the ledger still has a change on its way"
    wanted = {start for file in after.files for start in exports[file]}
    for name, counter in after.counters.items():
        for wrong in (
            *_imported(counter, truth[name], wanted),
            *_live(before.counters[name].live, counter.live),
            *([] if after.files else _lifted(bare.counters[name].live, counter.live)),
            *_backwards("hour", {**counter.imported, **counter.live}),
            *_backwards("five minutes", counter.short_term),
        ):
            yield f"{name}: {wrong}"


def _imported(counter: Counter, truth: Rows, wanted: Collection[int]) -> Iterator[str]:
    """Compare the imported rows with the ledger, with the files, and with what was counted."""
    rows = counter.imported
    if rows.keys() != counter.ledger:
        yield f"{len(rows.keys() ^ counter.ledger)} hours are in the database or in the ledger alone"
    if rows.keys() != wanted:
        yield f"{len(rows.keys() ^ wanted)} hours are there without an import, or not there with one"
    for before, start in pairwise(sorted(rows)):
        if start - before == _HOUR and abs(rows[start] - rows[before] - truth[start]) > TOLERANCE:
            yield f"the hour {start} has {rows[start] - rows[before]}, and not {truth[start]}"
            return


def _live(before: Rows, after: Rows) -> Iterator[str]:
    """Compare the live rows: none is lost, and all are lifted by the same."""
    if lost := before.keys() - after.keys():
        yield f"{len(lost)} live hours are lost"
    lifts = [after[start] - before[start] for start in before.keys() & after.keys()]
    if lifts and max(lifts) - min(lifts) > TOLERANCE:
        yield f"live hours are lifted by {min(lifts)} to {max(lifts)}"


def _lifted(bare: Rows, after: Rows) -> Iterator[str]:
    """Look for live rows that do not have the sum that they had before anything was imported."""
    wrong = [start for start in bare.keys() & after.keys() if abs(after[start] - bare[start]) > TOLERANCE]
    if wrong:
        yield f"{len(wrong)} live hours are still lifted, with no import left"


def _backwards(period: str, rows: Rows) -> Iterator[str]:
    """Look for sums that go back."""
    for (_, before), (start, total) in pairwise(sorted(rows.items())):
        if total < before - TOLERANCE:
            yield f"the sum of {period} goes back at {start}, from {before} to {total}"
            return
