"""Rows on a group over many meters, each of which sends every second, beside the same meters without it."""

import asyncio
from collections.abc import Iterator
from typing import Final

from .instance import Job, Result
from .measure import Row, percentile
from .site import addresses, meters, watch

GROUP: Final = "a group of meters"
_COUNTS: Final = (10, 25, 50)
_LINEAR: Final = 1.5
_TELEGRAM_GOAL: Final = 0.010
"""Seconds that a telegram may hold the event loop, with all that it sets off."""
_LAG_GOAL: Final = 0.005
"""Seconds that the event loop may be later than without the group."""
_MILLI: Final = 1000


def rows(*, quick: bool) -> Iterator[Row]:
    """Measure instances side by side: with the group, without it, and one that reads nothing."""
    counts = _COUNTS[:2] if quick else _COUNTS
    fewest: float | None = None
    for count in counts:
        grouped, alone, idle = asyncio.run(_run(count, 15 if quick else 60))
        name = f"{count} meters and their group"
        share, without = _share(grouped, idle), _share(alone, idle)
        fewest = share / count if fewest is None else fewest
        yield Row(
            group=GROUP,
            what=f"{name}: CPU ({without:.2%} without the group)",
            unit="% of a core",
            ours=share * 100,
            goal="linear" if count > counts[0] else "",
            met=share <= fewest * count * _LINEAR if count > counts[0] else None,
        )
        taken, bare = (percentile(each.telegrams, 0.99) for each in (grouped, alone))
        yield Row(
            group=GROUP,
            what=f"{name}: a telegram, p99 ({bare * _MILLI:.2f} without)",
            unit="ms",
            ours=taken * _MILLI,
            goal=f"< {_TELEGRAM_GOAL * _MILLI:.0f} ms",
            met=taken < _TELEGRAM_GOAL,
        )
        yield Row(group=GROUP, what=f"{name}: the longest telegram", unit="ms", ours=max(grouped.telegrams) * _MILLI)
        late, before = (percentile(each.lags, 0.99) for each in (grouped, alone))
        yield Row(
            group=GROUP,
            what=f"{name}: event loop late, p99 ({before * _MILLI:.1f} without)",
            unit="ms",
            ours=late * _MILLI,
            goal=f"≤ {_LAG_GOAL * _MILLI:.0f} ms more",
            met=late <= before + _LAG_GOAL,
        )


async def _run(count: int, seconds: float) -> tuple[Result, Result, Result]:
    """Return what an instance did with so many meters and a group, one with the meters alone, and one without."""
    async with meters(count) as servers, asyncio.TaskGroup() as group:
        where = addresses(servers)
        # A group takes a few seconds to know all its members.
        jobs = [
            Job(integration="emucs", meters=where, group=True, settle=15, seconds=seconds),
            Job(integration="emucs", meters=where, settle=15, seconds=seconds),
            Job(integration="emucs", meters={}, settle=15, seconds=seconds),
        ]
        grouped, alone, idle = [group.create_task(watch(job)) for job in jobs]
        return await grouped, await alone, await idle


def _share(result: Result, idle: Result) -> float:
    """Return how much of a core the meters take."""
    return result.cpu / result.watched - idle.cpu / idle.watched
