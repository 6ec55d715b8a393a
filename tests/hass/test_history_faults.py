"""Imports that are cut off: Home Assistant is killed, or the disk that its record is on is full or read-only."""

from collections.abc import Generator
import json
import os
from pathlib import Path
import shutil
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

from harness.small_disk import NAMESPACE, can_mount

ROOT = Path(__file__).parents[2]
HOURS = 20 * 24
# What the recorder has of its own before.
LIVE = [0.0, 1.0, 2.0, 3.0]
pytestmark = pytest.mark.timeout(400)


needs_mount = pytest.mark.skipif(not can_mount(), reason="no disk of its own can be mounted here")


class Process:
    """A Home Assistant that is started again and again in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running: subprocess.Popen[str] | None = None
        self.record = folder / "config" / ".storage" / "emucs.history"

    def start(self, *steps: str, before: str = "") -> subprocess.Popen[str]:
        """Start; `before` is what a shell does in a namespace with a file system of its own."""
        command = [sys.executable, "-m", "tests.hass.history_process", str(self.folder), *steps]
        if before:
            command = [*NAMESPACE, "sh", "-ec", f'{before}; exec "$@"', "sh", *command]
        log = (self.folder / "log").open("a")
        self.running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True)  # noqa: S603 -- our own words
        return self.running

    def kill(self) -> None:
        """Kill what runs."""
        assert self.running is not None
        os.kill(self.running.pid, signal.SIGKILL)
        self.running.wait()

    def run(self, *steps: str, before: str = "") -> list[Any]:
        """Start, take steps and end; return what each gave."""
        out, _ = self.start(*steps, before=before).communicate(timeout=200)
        results = [value for line in out.splitlines() for value in json.loads(line).values()]
        assert len(results) == len(steps), (self.folder / "log").read_text()[-3000:]
        return results


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Process:
    """Return a home that has a few live rows, and no imports yet."""
    process = Process(tmp_path_factory.mktemp("home"))
    process.run("live")
    return process


@pytest.fixture
def process(prepared: Process, tmp_path: Path) -> Generator[Process]:
    shutil.copytree(prepared.folder, tmp_path / "home", symlinks=True)
    process = Process(tmp_path / "home")
    yield process
    if process.running is not None and process.running.poll() is None:
        process.kill()


def test_killed_after_it_was_written(process: Process) -> None:
    running = process.start("take", "wait")
    assert running.stdout is not None
    assert json.loads(running.stdout.readline()) == {"take": "written"}
    time.sleep(0.5)
    process.kill()
    shown, again, undone, nothing = process.run("show", "take", "undo", "show")
    assert len(shown["imports"]) == 1
    assert shown["imported"] >= HOURS - 24
    assert again == "nothing_new"
    assert undone
    assert (nothing["imports"], nothing["imported"], nothing["live"]) == ([], 0, LIVE)


@pytest.mark.parametrize("pause", [0.0, 0.03])
def test_killed_while_it_is_written(process: Process, pause: float) -> None:
    running = process.start("take", "wait")
    deadline = time.monotonic() + 60
    while not process.record.exists() or b'"probe":[' not in process.record.read_bytes():
        assert running.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.001)
    time.sleep(pause)
    process.kill()
    [shown] = process.run("show")
    # All of it is there, or nothing, and the record says which.
    assert (len(shown["imports"]), shown["imported"] >= HOURS - 24) in ((0, False), (1, True))
    assert shown["imports"] or (shown["imported"], shown["live"]) == (0, LIVE)
    again, undone, nothing = process.run("take", "undo", "show")
    assert again == ("nothing_new" if shown["imports"] else "written")
    assert undone
    assert (nothing["imports"], nothing["imported"], nothing["live"]) == ([], 0, LIVE)


@needs_mount
@pytest.mark.parametrize(("close", "open_"), [("fill", "free"), ("lock", "unlock")])
def test_without_a_record_nothing_is_written(process: Process, close: str, open_: str) -> None:
    storage = process.record.parent
    disk = (
        f"cp -a {storage} {storage}.kept; mount -t tmpfs -o size=2M tmpfs {storage}; cp -a {storage}.kept/. {storage}"
    )
    steps = (close, "take", open_, "show", "take", close, "undo_refused", open_, "show", "undo", "show")
    _, refused, _, nothing, written, _, not_undone, _, shown, undone, at_last = process.run(*steps, before=disk)
    assert refused == "not_kept"
    assert (nothing["imports"], nothing["imported"], nothing["live"]) == ([], 0, LIVE)
    assert written == "written"
    assert not_undone == "not_kept"
    assert (len(shown["imports"]), shown["imported"] >= HOURS - 24) == (1, True)
    assert undone
    assert (at_last["imports"], at_last["imported"], at_last["live"]) == ([], 0, LIVE)
