"""The day before the demo was started, minute by minute, for the charts that need more than hours.

Home Assistant imports hourly statistics alone. States and statistics of five minutes are written to its database,
beside those that it has written itself of the same sensors.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from itertools import groupby
from pathlib import Path
import sqlite3
from statistics import mean
from typing import Final

from harness.entities import Entities
from harness.household import SOLAR
from harness.logger import Minute

type Series = list[tuple[float, float]]
"""Seconds since the epoch, and the power in W or the voltage in V."""

DATABASE: Final = "home-assistant_v2.db"
_PERIOD: Final = 300
_MINUTES: Final = 5
_BUSY: Final = 10.0  # seconds
_RECORDED: Final = 20.0  # seconds in which a new sensor is in the database, which is written every five

_SENSOR = """
    SELECT metadata_id, attributes_id FROM states JOIN states_meta USING (metadata_id)
    WHERE states_meta.entity_id = ? AND state != 'unavailable' ORDER BY last_updated_ts DESC LIMIT 1
"""
_STATE = "INSERT INTO states (metadata_id, attributes_id, state, last_updated_ts, origin_idx) VALUES (?, ?, ?, ?, 0)"
_STATISTICS = """
    INSERT OR IGNORE INTO statistics_short_term (metadata_id, created_ts, start_ts, mean, min, max)
    SELECT id, ?, ?, ?, ?, ? FROM statistics_meta WHERE statistic_id = ?
"""
_SUM = """
    INSERT INTO statistics_short_term (metadata_id, created_ts, start_ts, state, sum)
    SELECT id, ?, ?, ?, ? FROM statistics_meta WHERE statistic_id = ?
"""


async def tell_the_day(
    config: Path, entities: Entities, minutes: Sequence[Minute], voltages: Mapping[str, Series]
) -> None:
    """Write the powers of some minutes into the database of the Home Assistant with this configuration folder.

    `voltages` are what the meter's own sensors would have shown in V, by their keys.
    """
    found = {entity_id: each for key, each in voltages.items() if (entity_id := entities.find(key))}
    series = {entity_id: each for entity_id, each in _series(entities, minutes) if each} | found
    await _until_written(lambda: _write(config / DATABASE, series))


async def begin_sum(config: Path, entity_id: str, energy: float, total: float) -> None:
    """Let the recorder go on from this sum where a counter stands at `energy`: it would begin a new one at 0."""
    await _until_written(lambda: _write_sum(config / DATABASE, entity_id, energy, total))


async def _until_written(write: Callable[[], bool]) -> None:
    """Try until the recorder has in the database what has to be there first."""
    async with asyncio.timeout(_RECORDED):
        while not await asyncio.to_thread(write):  # noqa: ASYNC110 -- another process
            await asyncio.sleep(0.5)


def _series(entities: Entities, minutes: Iterable[Minute]) -> Iterator[tuple[str, Series]]:
    """Yield the powers of the sensors that are there."""
    powers = [("power", sum), *((f"power_l{n + 1}", lambda phases, n=n: phases[n]) for n in range(3))]
    for key, of in powers:
        if entity_id := entities.find(key):
            yield entity_id, [(each.time.timestamp(), of(each.phases)) for each in minutes]
    if entity_id := entities.find("solar_power", SOLAR):
        yield entity_id, [(each.time.timestamp(), each.solar) for each in minutes]


def _write(database: Path, series: dict[str, Series]) -> bool:
    """Write all series; return False while a sensor is not in the database yet."""
    with closing(sqlite3.connect(database, timeout=_BUSY)) as connection, connection:
        sensors = {entity_id: connection.execute(_SENSOR, (entity_id,)).fetchone() for entity_id in series}
        if not all(sensors.values()):
            return False
        now = datetime.now().astimezone().timestamp()
        for entity_id, powers in series.items():
            connection.executemany(_STATE, ((*sensors[entity_id], f"{watts:.1f}", time) for time, watts in powers))
            connection.executemany(_STATISTICS, ((now, *row, entity_id) for row in _periods(powers)))
    return True


def _write_sum(database: Path, entity_id: str, energy: float, total: float) -> bool:
    """Write the five minutes that ended last; return False while the counter has no statistics yet."""
    now = datetime.now().astimezone().timestamp()
    start = (now // _PERIOD - 1) * _PERIOD
    with closing(sqlite3.connect(database, timeout=_BUSY)) as connection, connection:
        return connection.execute(_SUM, (now, start, energy, total, entity_id)).rowcount > 0


def _periods(powers: Series) -> Iterator[tuple[float, float, float, float]]:
    """Yield start, mean, lowest and highest of every complete five minutes; a power is that of a minute's end."""
    for number, group in groupby(powers, lambda each: (each[0] - 1) // _PERIOD):
        watts = [each[1] for each in group]
        if len(watts) == _MINUTES:
            yield number * _PERIOD, mean(watts), min(watts), max(watts)
