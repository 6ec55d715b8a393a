"""`python -m bench.chaos`: imports under fire. Kills, stops, reloads, full disks and lost callers, at random moments.

A real Home Assistant runs in a folder, with a virtual meter and exports of its past. In each round it imports a file,
takes an import back, or only reads telegrams, when something happens to it. Then it is started again, and the
statistics in its database, read past it, are compared with the ledger of imports, with what it has answered, and with
what the meter counted. Anything lost is said, and ends the command with code 1.
"""

import argparse
import asyncio
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
import os
from pathlib import Path
from random import Random
import sys
import tempfile
import time
from typing import Final

from harness import small_disk
from harness.api import Api, CommandError

from . import ledger_rows
from .chaos_home import Home
from .ledger_rows import Disk, violations

KILL, STOP, RELOAD, LEAVE, REPLACE, FULL = (
    "kill -9",
    "stop by SIGTERM",
    "reload of the entry",
    "caller gone",
    "meter removed, added again",
    "disk full",
)
ACTS: Final = (KILL, KILL, STOP, RELOAD, LEAVE, REPLACE, FULL)
"""What happens, each as often; a kill is what happens to most homes."""
IMPORT, UNDO, IDLE = "import", "undo", "telegrams alone"
CUT_OFF: Final = "cut off"
DONE: Final = "answered"
_INSIDE: Final = "EMUCS_CHAOS_DISK"
_HEAD: Final = (
    "| what happened | during | rounds | after, s | answered | cut off | refused | change is there | all right |"
)
_TELEGRAMS: Final = 6.0  # seconds
_LATER: Final = 1.2
"""Acts come until so much later than work takes: some when it was answered already."""
_ANY, _AHEAD, _ANSWERED = "any", "written ahead", "answered"
_MOMENTS: Final = (_ANY, _ANY, _AHEAD, _AHEAD, _ANSWERED)
"""Acts come at any moment, or as the ledger has a change that the database may not have yet, or after the answer."""
_WRITES: Final = 0.3
"""The share of the work that comes behind that, about."""


@dataclass
class Round:
    """What happened in a round."""

    number: int
    work: str
    act: str
    moment: float = 0.0
    """Seconds after the work began."""
    answer: str = ""
    is_there: bool = False
    """Whether the change that was asked for is there afterwards."""
    wrong: list[str] = field(default_factory=list)


class Chaos:
    """Breaks a home, round by round."""

    def __init__(self, home: Home, seed: int, *, with_small_disk: bool) -> None:
        """Begin with a home that lives, and that has no imports."""
        self._home = home
        self._random = Random(seed)  # noqa: S311 -- chance, and the same each time
        self._acts = [act for act in ACTS if act != FULL or with_small_disk]
        self._bag: list[str] = []
        self._before = home.bare
        self._takes = {IMPORT: 2.0, UNDO: 1.0, IDLE: _TELEGRAMS}
        """Seconds that work takes, as last seen."""

    async def round(self, number: int) -> Round:
        """Do something, break it, and look at what is left."""
        if not self._bag:
            self._bag = self._random.sample(self._acts, len(self._acts))
        act = self._bag.pop()
        work = self._choose(act)
        this = Round(number, work, act)
        imported = self._before.files
        file = self._random.choice([name for name in self._home.exports if name not in imported] or [""])
        caller = await self._home.connect()
        began = time.monotonic()
        job = asyncio.create_task(self._work(work, caller, file))
        peaks = self._home.peaks
        await self._wait(work, act, job)
        this.moment = time.monotonic() - began
        await self._act(act, caller, job)
        this.answer = await job
        with suppress(ConnectionError):
            await caller.__aexit__()
        await self._home.stop()
        this.wrong.extend(self._home.errors())
        after = await self._home.start()
        changed = {IMPORT: (*imported, file), UNDO: imported[:-1], IDLE: imported}[work]
        this.is_there = after.files == changed
        this.wrong.extend(self._judge(this, after, changed))
        this.wrong.extend(
            f"the month peak of {month} was {peak['peak']} kW" for month, peak in peaks.items() if not self._has(peak)
        )
        self._before = after
        return this

    def _choose(self, act: str) -> str:
        """Choose what is done meanwhile: what can be done at all."""
        imported = len(self._before.files)
        work = self._random.choice((IMPORT, IMPORT, UNDO, IDLE if act in (KILL, STOP, RELOAD, REPLACE) else UNDO))
        if work == UNDO and not imported:
            return IMPORT
        return UNDO if work == IMPORT and imported == len(self._home.exports) else work

    async def _work(self, work: str, caller: Api, file: str) -> str:
        """Work; return how that was answered, if it was."""
        began = time.monotonic()
        try:
            if work == IMPORT:
                path = str(self._home.hass.exports / file)
                await self._home.call(caller, "import_history", path=path, dry_run=False, confirmed=True)
            elif work == UNDO:
                await self._home.call(caller, "undo_import")
            else:
                return DONE
        except ConnectionError:
            return CUT_OFF
        except CommandError as error:
            return f"refused: {error}"
        self._takes[work] = time.monotonic() - began
        return DONE

    async def _wait(self, work: str, act: str, job: asyncio.Task[str]) -> None:
        """Wait for a moment to act."""
        moment = _ANY if work == IDLE or act == FULL else self._random.choice(_MOMENTS)
        seconds = self._random.uniform(0, self._takes[work] * (_LATER if moment == _ANY else _WRITES))
        if moment == _AHEAD:
            while not job.done() and not ledger_rows.is_written_ahead(self._home.hass.config):  # noqa: ASYNC110 -- another process
                await asyncio.sleep(0.001)
        if moment == _ANSWERED:
            await asyncio.wait([job])
        else:
            await asyncio.sleep(seconds)

    async def _act(self, act: str, caller: Api, job: asyncio.Task[str]) -> None:
        """Let something happen."""
        home = self._home
        if act == KILL:
            await home.hass.kill()
        elif act == STOP:
            await home.hass.stop()
        elif act == RELOAD:
            await home.reload()
        elif act == LEAVE:
            await caller.__aexit__()
        elif act == REPLACE:
            await home.replace()
        else:
            await asyncio.to_thread(small_disk.fill, home.storage)
            await job
            await asyncio.to_thread(small_disk.free, home.storage)

    def _judge(self, this: Round, after: Disk, changed: tuple[str, ...]) -> list[str]:
        """Return what is wrong with what is left after a round."""
        before = self._before
        if this.answer == DONE and after.files != changed:
            allowed = "what was answered is not there"
        elif this.answer not in (DONE, CUT_OFF) and after.files != before.files:
            allowed = "what was refused is there"
        elif after.files not in (before.files, changed):
            allowed = "there is what nobody asked for"
        else:
            allowed = ""
        found = [*violations(self._home.bare, before, after, self._home.truth, self._home.exports)]
        return [f"{allowed}: {before.files} became {after.files}", *found] if allowed else found

    def _has(self, peak: dict[str, object]) -> bool:
        """Tell whether a month peak is still known; that of the running month grows."""
        now = self._home.peaks.get(str(peak["month"]))
        return now is not None and (now["peak"] == peak["peak"] or peak["month"] == max(self._home.peaks))


def table(rounds: Sequence[Round]) -> str:
    """Return what rounds came to, as a table in Markdown."""
    groups: defaultdict[tuple[str, str], list[Round]] = defaultdict(list)
    for each in sorted(rounds, key=lambda each: ((*ACTS, "").index(each.act), (IMPORT, UNDO, IDLE).index(each.work))):
        groups[each.act, each.work].append(each)
    lines = [_HEAD, "|---|---|--:|--:|--:|--:|--:|--:|--:|"]
    for (act, work), some in groups.items():
        answered, cut_off = (sum(each.answer == kind for each in some) for kind in (DONE, CUT_OFF))
        moments = f"{min(each.moment for each in some):.1f}-{max(each.moment for each in some):.1f}"
        counts = f"{answered} | {cut_off} | {len(some) - answered - cut_off}" if work != IDLE else "| |"
        there = sum(each.is_there for each in some) if work != IDLE else ""
        right = sum(not each.wrong for each in some)
        lines.append(f"| {act} | {work} | {len(some)} | {moments} | {counts} | {there} | {right} of {len(some)} |")
    return "\n".join(lines)


async def run(rounds: int, seconds: float, seed: int, *, with_small_disk: bool) -> list[Round]:
    """Break a home so many times, or for so long."""
    done: list[Round] = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        home = Home(Path(folder))
        async with home.living(with_small_disk=with_small_disk):
            chaos = Chaos(home, seed, with_small_disk=with_small_disk)
            end = time.monotonic() + seconds
            while len(done) < rounds and time.monotonic() < end:
                this = await chaos.round(len(done) + 1)
                done.append(this)
                verdict = "\n".join(["WRONG", *this.wrong]) if this.wrong else "nothing lost"
                print(  # noqa: T201 -- a command
                    f"{this.number:3d}  {this.act} {this.moment:.2f} s after: {this.work}; {this.answer}; {verdict}",
                    flush=True,
                )
    return done


def _arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.chaos", description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=100, metavar="N", help="how many at most (default 100)")
    parser.add_argument("--seconds", type=float, default=900, metavar="S", help="begin none after (default 900)")
    parser.add_argument("--seed", type=int, default=1, metavar="K")
    return parser.parse_args()


def main() -> int:
    """Run the command; return its exit code."""
    arguments = _arguments()
    with_small_disk = _INSIDE in os.environ
    if not with_small_disk and small_disk.can_mount():
        # All rounds share one small disk, which outlives the Home Assistant that is killed.
        command = [*small_disk.NAMESPACE, sys.executable, "-m", "bench.chaos", *sys.argv[1:]]
        os.execvpe(command[0], command, os.environ | {_INSIDE: "1"})  # noqa: S606 -- our own words
    rounds = asyncio.run(run(arguments.rounds, arguments.seconds, arguments.seed, with_small_disk=with_small_disk))
    if not with_small_disk:
        print("No small disk can be mounted here: none was full.")  # noqa: T201
    print(f"\n{table(rounds)}")  # noqa: T201
    if wrong := [each.number for each in rounds if each.wrong]:
        print(f"\nSomething was lost with seed {arguments.seed}, in the rounds {wrong}.")  # noqa: T201
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
