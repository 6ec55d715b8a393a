"""Rows on Home Assistant: entry, coordinator, entities, states and recorder, beside its own `dsmr`."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from statistics import median
import time
from typing import Final, NamedTuple

from custom_components.emucs.port import obis
from virtual_meter import TcpServer, VirtualMeter
from virtual_meter.wire import change_lines

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
_LATEST_GOAL: Final = 1.2
_ROWS_GOAL: Final = 2760
"""A third of what the integration wrote with default options while it showed everything every five seconds."""
_DATABASE_GOAL: Final = 9
_SETTLE: Final = 12
_EVENING: Final = datetime(2026, 1, 14, 17, 7, tzinfo=UTC)
# A power steps by 100 W, each so many seconds.
_STEPS_EVERY: Final = 5
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
    """What is compared: the seconds between updates, the entities that are enabled, and for how long."""

    name: str
    ours: float | None
    peer: float | None
    same: bool
    seconds: float = 40
    """At least a period of the statistics where counters are shown at its end."""


_PAIRS: Final = (
    _Pair("adaptive (peer 5 s), same registers", None, 5, same=True),
    _Pair("5 s, same registers", 5, 5, same=True),
    # The peer's throttle leaves out each telegram that is a little early: 0 shows all.
    _Pair("1 s, same registers", 1, 0, same=True),
    _Pair("as installed (adaptive; peer 30 s)", None, None, same=False, seconds=300),
)


def rows(*, quick: bool) -> Iterator[Row]:
    """Run one pair after the other, each on one meter: what disturbs one side disturbs both."""
    idle, latency = asyncio.run(_alone(30 if quick else 100))
    for pair in _PAIRS:
        yield from _rows(pair, *asyncio.run(_run(pair, 20 if quick else pair.seconds)), idle)
    yield from latency


async def _alone(seconds: float) -> tuple[Result, list[Row]]:
    """Return what an instance does that reads no meter, and how late values are."""
    job = Job(integration="emucs", meters={}, settle=_SETTLE, seconds=seconds, probe=False)
    async with asyncio.TaskGroup() as group:
        idle, latency = group.create_task(watch(job)), group.create_task(_latency(seconds))
    return idle.result(), latency.result()


async def _run(pair: _Pair, seconds: float) -> tuple[Result, Result]:
    """Return what a pair did."""
    async with meters(1) as servers, asyncio.TaskGroup() as group:
        where = addresses(servers)
        jobs = [
            Job(
                integration=name,
                meters=where,
                interval=interval,
                only=only,
                settle=_SETTLE,
                seconds=seconds,
                probe=False,
            )
            for name, interval, only in (
                ("emucs", pair.ours, _SHARED if pair.same else None),
                ("dsmr", pair.peer, [] if pair.same else None),
            )
        ]
        ours, peer = [group.create_task(watch(job)) for job in jobs]
        return await ours, await peer


def _rows(pair: _Pair, ours: Result, peer: Result, idle: Result) -> Iterator[Row]:
    """Compare a pair."""
    # The median leaves out what comes every five minutes, as statistics do: it would be in one pair and not in another.
    base = median(idle.shares)
    cpu = [(median(result.shares) - base) * MICROSECONDS for result in (ours, peer)]
    recorder = [median(result.recorder_shares) * MICROSECONDS for result in (ours, peer)]
    yield _compared(
        pair,
        "CPU per telegram",
        "µs",
        cpu,
        goal=f"≥ {_CPU_GOAL} times" if pair.same else "",
        met=cpu[1] >= cpu[0] * _CPU_GOAL if pair.same else None,
    )
    yield _compared(pair, "of that, the recorder's thread", "µs", recorder)
    yield Row(group=GROUP, what=f"{pair.name}: entities", unit="", ours=ours.entities, peer=peer.entities)
    writes = [result.writes * _HOUR / result.watched for result in (ours, peer)]
    yield _compared(pair, "state writes", "an hour", writes)
    saved = [result.rows * _HOUR / result.watched for result in (ours, peer)]
    yield _compared(
        pair,
        "recorder rows",
        "an hour",
        saved,
        goal="no more" if pair.same else f"≤ {_ROWS_GOAL:,}",
        # One telegram more falls into one window than into the other.
        met=saved[0] <= (saved[1] * (1 + 1 / peer.watched) if pair.same else _ROWS_GOAL),
    )
    database = [result.database * _DAY / result.watched / _MEGABYTE for result in (ours, peer)]
    yield _compared(
        pair,
        "database",
        "MB a day",
        database,
        goal="" if pair.same else f"< {_DATABASE_GOAL} MB",
        met=None if pair.same else database[0] < _DATABASE_GOAL,
    )


def _compared(
    pair: _Pair, what: str, unit: str, sides: Sequence[float], *, goal: str = "", met: bool | None = None
) -> Row:
    """Return a row of what this project and its peer take."""
    ours, peer = sides
    ratio = peer / ours if ours else None
    return Row(
        group=GROUP, what=f"{pair.name}: {what}", unit=unit, ours=ours, peer=peer, ratio=ratio, goal=goal, met=met
    )


def taken(sent: list[tuple[float, float]], noted: list[tuple[float, float]]) -> list[float]:
    """Return how long values took from the wire to a state; one that was sent twice does not say which it is."""
    times = Counter(value for value, _ in sent)
    began = {value: time for value, time in sent if times[value] == 1}
    return [then - began[value] for value, then in noted if value in began]


class _Steps:
    """Lets the power of a meter step by 100 W, to a value of its own each time."""

    def __init__(self) -> None:
        """Note when each value is on the wire first."""
        self.sent: list[tuple[float, float]] = []
        self._telegrams = 0

    def change(self, telegram: bytes) -> bytes:
        """Return a telegram with the power of now."""
        number, rest = divmod(self._telegrams, _STEPS_EVERY)
        self._telegrams += 1
        watts = 500 + 100 * (number % 2) + number
        changed = change_lines(
            telegram, lambda code, value: f"({watts / 1000:06.3f}*kW)" if code == obis.IMPORT_POWER else value
        )
        if not rest:
            self.sent.append((watts, time.monotonic()))
        return changed


async def _latency(seconds: float) -> list[Row]:
    """Measure from a step on the wire to its state, and from set-up to the first state."""
    steps = _Steps()
    async with TcpServer(VirtualMeter(seed=8, start=_EVENING), transform=steps.change) as server:
        job = Job(
            integration="emucs",
            meters={server.meter.meter_id: server.url},
            settle=5,
            seconds=seconds,
            watch="power",
        )
        result = await watch(job)
    times = taken(steps.sent, [(float(state), then) for state, then in result.noted])
    latency = median(times)
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
            what=f"a step of 100 W on the wire to its state, median of {len(times)}",
            unit="ms",
            ours=latency * 1000,
            goal=f"< {_LATENCY_GOAL * 1000:.0f} ms",
            met=latency < _LATENCY_GOAL,
        ),
        Row(
            group=GROUP,
            what="a step of 100 W on the wire to its state, p99",
            unit="ms",
            ours=(latest := percentile(times, 0.99)) * 1000,
            goal=f"< {_LATEST_GOAL * 1000:.0f} ms",
            met=latest < _LATEST_GOAL,
        ),
    ]
