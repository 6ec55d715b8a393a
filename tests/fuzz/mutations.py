"""Mutated telegrams by the million, without coverage: what costs nothing but time, on all cores."""

from collections import ChainMap
from concurrent.futures import ProcessPoolExecutor
import multiprocessing
import os
from pathlib import Path
from random import Random
import time
import traceback
from typing import NamedTuple

from tests.fuzz.corpus import seeds
from tests.fuzz.privacy import damaged
from tests.fuzz.target import SAMPLES, SIGNED_SAMPLES, check

AT_A_TIME = 1000


class Mutated(NamedTuple):
    """What some mutated telegrams came to."""

    count: int
    findings: dict[str, bytes]
    """What a check fails with, and where: and an input that it fails at."""


def mutate(count: int, seconds: float, seed: int) -> Mutated:
    """Check so many mutated telegrams, or as many as there is time for."""
    rng, known = Random(seed), list(seeds())  # noqa: S311 -- faults, no secret
    findings: dict[str, bytes] = {}
    done, end = 0, time.monotonic() + seconds
    while done < count and time.monotonic() < end:
        for _ in range(min(AT_A_TIME, count - done)):
            origin = rng.choice(known)
            mode = origin[0] if origin[0] in {SAMPLES, SIGNED_SAMPLES} else rng.randrange(4)
            data = bytes((mode, rng.randrange(1, 256))) + damaged(origin[2:], rng)
            done += 1
            try:
                check(data)
            except Exception as error:  # noqa: BLE001 -- whatever fails is a finding
                findings.setdefault(_kind(error), data)
    return Mutated(done, findings)


def _kind(error: Exception) -> str:
    """Return what is wrong, and where: the same for all inputs that show the same fault."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(where.filename).name}:{where.lineno}, `{where.line}`"


def mutate_on_all_cores(count: int, seconds: float, seed: int) -> Mutated:
    """Do so in a process a core."""
    cores = os.process_cpu_count() or 1
    shares = [count * (core + 1) // cores - count * core // cores for core in range(cores)]
    with ProcessPoolExecutor(cores, multiprocessing.get_context("spawn")) as pool:
        jobs = [pool.submit(mutate, share, seconds, seed + core) for core, share in enumerate(shares)]
        results = [job.result() for job in jobs]
    return Mutated(sum(each.count for each in results), dict(ChainMap(*(each.findings for each in results))))
