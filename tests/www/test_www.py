"""What browsers load, run by Node.js: see the `.test.mjs` files beside this one."""

from pathlib import Path
import re
import shutil
import subprocess

import pytest

HERE = Path(__file__).parent
# The first one that takes a file with imports for a module by itself, as browsers do.
LEAST = (20, 19)


def missing(node: str | None) -> str | None:
    """Return why these tests cannot run, or None."""
    if node is None:
        return "needs node: apt-get install nodejs"
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603
    found = re.match(r"v(\d+)\.(\d+)", version)
    if found is None or (int(found[1]), int(found[2])) < LEAST:
        return f"needs node {'.'.join(map(str, LEAST))} or newer, not {version}"
    return None


def test_modules() -> None:
    node = shutil.which("node")
    if (reason := missing(node)) or node is None:
        pytest.skip(reason or "")
    files = sorted(HERE.glob("*.test.mjs"))
    assert files
    run = subprocess.run(  # noqa: S603
        [node, "--test", "--test-reporter=tap", *files], capture_output=True, text=True, check=False, timeout=60
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert re.search(r"^# pass [1-9]", run.stdout, re.MULTILINE), run.stdout
