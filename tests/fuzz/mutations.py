"""Mutated telegrams by the million, without coverage: what costs nothing but time, on all cores."""

from concurrent.futures import ProcessPoolExecutor
import multiprocessing
import os
from random import Random
import time
from typing import NamedTuple

from tests.fuzz.corpus import seeds
from tests.fuzz.privacy import damaged
from tests.fuzz.target import check

AT_A_TIME = 1000
MOST_FINDINGS = 20


class Mutated(NamedTuple):
    """What some mutated telegrams came to."""

    count: int
    findings: list[bytes]


def mutate(count: int, seconds: float, seed: int) -> Mutated:
    """Check so many mutated telegrams, or as many as there is time for; keep the inputs at which a check fails."""
    rng, known = Random(seed), list(seeds())  # noqa: S311 -- faults, no secret
    findings: list[bytes] = []
    done, end = 0, time.monotonic() + seconds
    while done < count and time.monotonic() < end and len(findings) < MOST_FINDINGS:
        for _ in range(min(AT_A_TIME, count - done)):
            origin = rng.choice(known)
            data = bytes((rng.randrange(4), rng.randrange(1, 256))) + damaged(origin[2:], rng)
            done += 1
            try:
                check(data)
            except Exception:  # noqa: BLE001 -- whatever fails is a finding
                findings.append(data)
    return Mutated(done, findings)


def mutate_on_all_cores(count: int, seconds: float, seed: int) -> Mutated:
    """Do so in a process a core."""
    cores = os.process_cpu_count() or 1
    shares = [count * (core + 1) // cores - count * core // cores for core in range(cores)]
    with ProcessPoolExecutor(cores, multiprocessing.get_context("spawn")) as pool:
        jobs = [pool.submit(mutate, share, seconds, seed + core) for core, share in enumerate(shares)]
        results = [job.result() for job in jobs]
    return Mutated(sum(each.count for each in results), [data for each in results for data in each.findings])
