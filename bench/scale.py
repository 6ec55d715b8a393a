"""Rows on many meters in one Home Assistant, each of which sends every second."""

import asyncio
from collections.abc import Iterator
from math import inf
from typing import Final

from .instance import Job, Result
from .measure import Row, percentile
from .site import addresses, meters, watch

GROUP: Final = "many meters"
_COUNTS: Final = (1, 10, 50, 100)
_CPU_GOAL: Final = 0.04
_LAG_GOAL: Final = 0.003
"""Seconds above an instance without a meter."""
_MEMORY_GOAL: Final = 1.0
_LINEAR: Final = 1.5
_MEBIBYTE: Final = 1024 * 1024


def rows(*, quick: bool) -> Iterator[Row]:
    """Measure one instance after the other, with default options, beside one that reads no meter."""
    counts = _COUNTS[:2] if quick else _COUNTS
    found = {count: asyncio.run(_run(count, 15 if quick else 30)) for count in counts}
    fewest, most = counts[1], counts[-1]
    for count, (result, idle) in found.items():
        name = f"{count} meter{'s' if count > 1 else ''}"
        share = _share(result, idle)
        linear = _share(*found[fewest]) / fewest * count * _LINEAR
        last = count == most
        yield Row(
            group=GROUP,
            what=f"{name}: CPU",
            unit="% of a core",
            ours=share * 100,
            goal=f"< {_CPU_GOAL:.0%}, linear" if last else "linear" if count > fewest else "",
            met=share <= min(linear, _CPU_GOAL if last else inf) if count > fewest else None,
        )
        lag, bare = (percentile(each.lags, 0.99) for each in (result, idle))
        yield Row(
            group=GROUP, what=f"{name}: event loop late, p50", unit="ms", ours=percentile(result.lags, 0.5) * 1000
        )
        yield Row(
            group=GROUP,
            what=f"{name}: event loop late, p99 ({bare * 1000:.1f} without a meter)",
            unit="ms",
            ours=lag * 1000,
            goal=f"≤ {_LAG_GOAL * 1000:.0f} ms more" if last else "",
            met=lag <= bare + _LAG_GOAL if last else None,
        )
    memory = (found[most][0].memory - found[counts[0]][0].memory) / (most - counts[0]) / _MEBIBYTE
    yield Row(
        group=GROUP,
        what=f"memory per meter, mean of {most}",
        unit="MiB",
        ours=memory,
        goal=f"< {_MEMORY_GOAL:.0f} MiB",
        met=memory < _MEMORY_GOAL,
    )


async def _run(count: int, seconds: float) -> tuple[Result, Result]:
    """Return what an instance with so many meters did, and one without."""
    async with meters(count) as servers, asyncio.TaskGroup() as group:
        job = Job(integration="emucs", meters=addresses(servers), settle=10, seconds=seconds)
        busy = group.create_task(watch(job))
        idle = group.create_task(watch(Job(integration="emucs", meters={}, settle=10, seconds=seconds)))
        return await busy, await idle


def _share(result: Result, idle: Result) -> float:
    """Return how much of a core the meters take."""
    return result.cpu / result.watched - idle.cpu / idle.watched
