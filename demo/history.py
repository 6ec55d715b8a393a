"""Give Home Assistant the past of the virtual household, so that its live values run on from it.

The recorder keeps hourly statistics for ever, and five-minute ones for days. It continues a sum from the newest
*five-minute* row, and starts it at zero when there is none; its API imports hourly rows only. So the last imported
hour is repeated as a five-minute row, which the next live row then builds on.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
import sqlite3
from typing import Any

from .api import Api
from .entities import Entities

type Key = tuple[str, str]
"""Identifier of a meter, and key of its entity."""

PATIENCE = 60.0  # seconds for the recorder to work through the import
TINY = 1e-6
LOOK_BACK = timedelta(days=60)

SEED = """
INSERT OR IGNORE INTO statistics_short_term (metadata_id, created_ts, start_ts, state, sum)
SELECT hour.metadata_id, hour.created_ts, hour.start_ts + 3300, hour.state, hour.sum
FROM statistics AS hour JOIN statistics_meta AS meta ON meta.id = hour.metadata_id
WHERE meta.statistic_id = :statistic_id AND hour.start_ts = :start
AND NOT EXISTS (
    SELECT 1 FROM statistics_short_term AS newer
    WHERE newer.metadata_id = hour.metadata_id AND newer.start_ts >= hour.start_ts + 3300
)
"""


@dataclass(frozen=True)
class Spread:
    """How a power (W) or a flow (m³/h) behaved in an hour; None is not known."""

    mean: float
    min: float | None = None
    max: float | None = None


@dataclass(frozen=True)
class Hour:
    """One hour of the past."""

    start: datetime
    counters: Mapping[Key, float]
    """kWh or m³ at the end of the hour."""
    rates: Mapping[Key, Spread]


@dataclass(frozen=True)
class Junction:
    """Where a counter's imported past ends."""

    statistic_id: str
    unit: str
    start: datetime
    state: float
    sum: float


async def write_history(
    api: Api, entities: Entities, zero: Mapping[Key, float], hours: Sequence[Hour], database: Path
) -> int:
    """Import the hours, with sums that count from `zero`; return the number of statistics that got a past."""
    if not hours:
        return 0
    rates = 0
    for device, key in hours[-1].rates:
        if entity_id := entities.find(key, device):
            rows = [_rate_row(hour.start, hour.rates[device, key]) for hour in hours if hour.rates]
            await _import(api, entity_id, "m³/h" if key == "flow" else "W", rows)
            rates += 1
    junctions = []
    for (device, key), begin in zero.items():
        if entity_id := entities.find(key, device):
            junctions.append(await _import_counter(api, entity_id, (device, key), begin, hours))
    await _until_imported(api, junctions)
    await asyncio.to_thread(_seed, database, junctions)
    for junction in junctions:
        await _mend(api, junction)
    return len(junctions) + rates


async def _import_counter(api: Api, entity_id: str, key: Key, begin: float, hours: Sequence[Hour]) -> Junction:
    """Import a counter, in the unit of its sensor."""
    unit = "m³" if key[1] in ("gas", "water") else "kWh"
    states = [hour.counters[key] for hour in hours]
    # A history that was imported before all of it has lifted what is there already.
    lift = await _lift(api, entity_id, begin, hours[0].start)
    sums = [round(state - begin + lift, 6) for state in states]
    rows = [
        {"start": hour.start.isoformat(), "state": state, "sum": total}
        for hour, state, total in zip(hours, states, sums, strict=True)
    ]
    await _import(api, entity_id, unit, rows)
    return Junction(entity_id, unit, hours[-1].start, states[-1], sums[-1])


async def _lift(api: Api, entity_id: str, begin: float, start: datetime) -> float:
    """Return by how much the newest row before a time stands above a count from `begin`."""
    before = (await _statistics(api, [entity_id], "hour", start - LOOK_BACK)).get(entity_id, [])
    known = [row for row in before if row["start"] < start.timestamp() * 1000 and row["state"] is not None]
    return float(known[-1]["sum"] - known[-1]["state"] + begin) if known else 0.0


def _rate_row(start: datetime, rate: Spread) -> dict[str, Any]:
    known = {name: value for name, value in asdict(rate).items() if value is not None}
    return {"start": start.isoformat(), **known}


async def _import(api: Api, entity_id: str, unit: str, rows: Sequence[dict[str, Any]]) -> None:
    """Queue hourly rows of a sensor."""
    is_counter = "sum" in rows[0]
    metadata = {
        "statistic_id": entity_id,
        "source": "recorder",
        "name": None,
        "unit_of_measurement": unit,
        "unit_class": {"W": "power", "kWh": "energy", "m³": "volume", "m³/h": "volume_flow_rate"}[unit],
        "mean_type": 0 if is_counter else 1,
        "has_sum": is_counter,
    }
    await api.command("recorder/import_statistics", metadata=metadata, stats=list(rows))


async def _until_imported(api: Api, junctions: Iterable[Junction]) -> None:
    """Wait for the recorder, which works through its queue in a thread of its own."""
    waiting = {junction.statistic_id: junction for junction in junctions}
    async with asyncio.timeout(PATIENCE):
        while waiting:
            start = next(iter(waiting.values())).start
            found = await _statistics(api, list(waiting), "hour", start)
            for statistic_id, rows in found.items():
                if any(abs(row["sum"] - waiting[statistic_id].sum) < TINY for row in rows):
                    del waiting[statistic_id]
            await asyncio.sleep(0.2)


def _seed(database: Path, junctions: Iterable[Junction]) -> None:
    """Repeat the last hour of each counter as the five-minute row that the recorder continues from."""
    connection = sqlite3.connect(database, timeout=30)
    try:
        with connection:
            for junction in junctions:
                arguments = {"statistic_id": junction.statistic_id, "start": junction.start.timestamp()}
                connection.execute(SEED, arguments)
    finally:
        connection.close()


async def _mend(api: Api, junction: Junction) -> None:
    """Lift the rows that the recorder made before it knew the past."""
    live = (await _statistics(api, [junction.statistic_id], "5minute", junction.start)).get(junction.statistic_id, [])
    rows = [row for row in live if row["start"] >= (junction.start.timestamp() + 3600) * 1000]
    if not rows:
        return
    # Rounded: the frontend draws a hair below zero as -0.
    difference = round(junction.sum + rows[0]["state"] - junction.state - rows[0]["sum"], 6)
    if abs(difference) > TINY:
        await api.command(
            "recorder/adjust_sum_statistics",
            statistic_id=junction.statistic_id,
            start_time=datetime.fromtimestamp(rows[0]["start"] / 1000, UTC).isoformat(),
            adjustment=difference,
            adjustment_unit_of_measurement=junction.unit,
        )


async def _statistics(api: Api, ids: list[str], period: str, start: datetime) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = await api.command(
        "recorder/statistics_during_period",
        start_time=start.isoformat(),
        statistic_ids=ids,
        period=period,
        types=["state", "sum"],
    )
    return found
