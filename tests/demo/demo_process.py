"""The demo as a process, and what it prints."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
import socket
import subprocess
import sys

from harness.hass import ROOT


def free_port() -> int:
    """Return a port that nobody listens on: tests run side by side, and each would take the first one that is free."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@contextmanager
def running(state: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run the demo, and see to it that it ends."""
    own_port = [] if "--http-port" in arguments else ["--http-port", str(free_port())]
    command = [sys.executable, "-u", "-m", "demo", "--state", str(state), *own_port, *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # noqa: S603
    try:
        yield process
    finally:
        process.terminate()
        process.wait(120)


def processes_of(state: Path) -> list[str]:
    """Return the command lines that name the state folder."""
    found = []
    for cmdline in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text = cmdline.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(state) in text:
            found.append(text)
    return found


def read_until(process: subprocess.Popen[str], last: str) -> str:
    """Return what the demo prints up to a line."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if last in line:
            break
    return "".join(lines)
