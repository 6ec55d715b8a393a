"""Rows on Home Assistant: entry, coordinator, entities, states and recorder, beside its own `dsmr`."""

import asyncio
from collections.abc import Iterator
from statistics import median
import time
from typing import Final, NamedTuple

from custom_components.emucs.insight.electricity import net_power
from custom_components.emucs.port import Reader, obis
from virtual_meter import TcpServer, VirtualMeter

from .instance import Job, Result
from .measure import MICROSECONDS, Row, percentile
from .site import addresses, meters, watch

GROUP: Final = "Home Assistant"
_HOUR: Final = 3600
_DAY: Final = 86_400
_MEGABYTE: Final = 1_000_000
_CPU_GOAL: Final = 3
_FIRST_STATE_GOAL: Final = 1.5
_LATENCY_GOAL: Final = 0.020
_PHASES: Final = ("l1", "l2", "l3")
# What `dsmr` shows of a Belgian meter when all its entities are enabled, as keys of this project.
_SHARED: Final = [
    *("power_import", "power_export", "demand", "month_peak", "active_tariff", "last_telegram"),
    *(f"energy_{way}_tariff_{tariff}" for way in ("import", "export") for tariff in (1, 2)),
    *(f"power_{way}_{phase}" for way in ("import", "export") for phase in _PHASES),
    *(f"{quantity}_{phase}" for quantity in ("voltage", "current") for phase in _PHASES),
    *("limiter_threshold", "fuse_threshold", "gas", "water"),
]


class _Pair(NamedTuple):
    """What is compared: the seconds between updates, and the entities that are enabled."""

    name: str
    ours: float | None
    peer: float | None
    same: bool


_PAIRS: Final = (
    _Pair("5 s, same registers", 5, 5, same=True),
    # The peer's throttle leaves out each telegram that is a little early: 0 shows all.
    _Pair("1 s, same registers", 1, 0, same=True),
    _Pair("as installed (5 s; peer 30 s)", None, None, same=False),
)


def rows(*, quick: bool) -> Iterator[Row]:
    """Run all instances at the same time, on the same meter: what disturbs one disturbs all."""
    idle, results = asyncio.run(_run(20 if quick else 90))
    for pair, (ours, peer) in zip(_PAIRS, results, strict=True):
        yield from _rows(pair, ours, peer, idle)
    yield from asyncio.run(_latency(10 if quick else 40))


async def _run(seconds: float) -> tuple[Result, list[tuple[Result, Result]]]:
    """Return what an idle instance and all pairs did."""
    async with meters(1) as servers, asyncio.TaskGroup() as group:
        where = addresses(servers)
        idle = group.create_task(watch(Job(integration="emucs", meters={}, settle=25, seconds=seconds)))
        tasks = []
        for pair in _PAIRS:
            ours, peer = (
                Job(integration=name, meters=where, interval=interval, only=only, settle=25, seconds=seconds)
                for name, interval, only in (
                    ("emucs", pair.ours, _SHARED if pair.same else None),
                    ("dsmr", pair.peer, [] if pair.same else None),
                )
            )
            tasks.append((group.create_task(watch(ours)), group.create_task(watch(peer))))
        results = [(await ours, await peer) for ours, peer in tasks]
        return await idle, results


def _rows(pair: _Pair, ours: Result, peer: Result, idle: Result) -> Iterator[Row]:
    """Compare a pair."""
    base = idle.cpu / idle.watched
    cpu = [(result.cpu / result.watched - base) * MICROSECONDS for result in (ours, peer)]
    ratio = cpu[1] / cpu[0]
    yield Row(
        group=GROUP,
        what=f"{pair.name}: CPU per telegram",
        unit="µs",
        ours=cpu[0],
        peer=cpu[1],
        ratio=ratio,
        goal=f"≥ {_CPU_GOAL} times" if pair.same else "",
        met=ratio >= _CPU_GOAL if pair.same else None,
    )
    yield Row(group=GROUP, what=f"{pair.name}: entities", unit="", ours=ours.entities, peer=peer.entities)
    for what, unit, counts in (
        ("state writes", "an hour", [result.writes * _HOUR / result.watched for result in (ours, peer)]),
        ("recorder rows", "an hour", [result.rows * _HOUR / result.watched for result in (ours, peer)]),
        ("database", "MB a day", [result.database * _DAY / result.watched / _MEGABYTE for result in (ours, peer)]),
    ):
        fewer = what == "recorder rows" and pair.same
        yield Row(
            group=GROUP,
            what=f"{pair.name}: {what}",
            unit=unit,
            ours=counts[0],
            peer=counts[1],
            ratio=counts[1] / counts[0] if counts[0] else None,
            goal="no more" if fewer else "",
            met=counts[0] <= counts[1] if fewer else None,
        )


async def _latency(seconds: float) -> list[Row]:
    """Measure from a value on the wire to its state, and from set-up to the first state."""
    reader = Reader()
    sent: dict[float, float] = {}

    def note(data: bytes) -> bytes:
        [telegram] = reader.feed(data)
        power = net_power(telegram)
        if power is not None and obis.IMPORT_POWER in telegram.registers:
            sent.setdefault(float(power), time.monotonic())
        return data

    async with TcpServer(VirtualMeter(seed=11), transform=note) as server:
        job = Job(
            integration="emucs",
            meters={server.meter.meter_id: server.url},
            interval=1,
            settle=5,
            seconds=seconds,
            watch="power",
        )
        result = await watch(job)
    taken = [then - sent[power] for state, then in result.noted.items() if (power := float(state) / 1000) in sent]
    latency = median(taken)
    return [
        Row(
            group=GROUP,
            what="set-up to first state",
            unit="ms",
            ours=result.set_up[0] * 1000,
            goal=f"< {_FIRST_STATE_GOAL * 1000:.0f} ms",
            met=result.set_up[0] < _FIRST_STATE_GOAL,
        ),
        Row(
            group=GROUP,
            what=f"value on the wire to state, median of {len(taken)}",
            unit="ms",
            ours=latency * 1000,
            goal=f"< {_LATENCY_GOAL * 1000:.0f} ms",
            met=latency < _LATENCY_GOAL,
        ),
        Row(group=GROUP, what="value on the wire to state, p99", unit="ms", ours=percentile(taken, 0.99) * 1000),
    ]
