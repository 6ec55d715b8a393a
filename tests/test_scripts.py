"""The scripts: what they say of themselves, and which tests start without Home Assistant."""

from collections.abc import Iterator
import os
from pathlib import Path
import shutil
import subprocess
import sys

import pytest

ROOT = Path(__file__).parents[1]
SCRIPTS = sorted(path.name for path in (ROOT / "scripts").iterdir() if path.is_file())
# Collects tests as `scripts/test` does, and tells whether that has imported the core of Home Assistant.
COLLECT = """
import sys, pytest
code = pytest.main([*sys.argv[1:], "-p", "no:homeassistant", "-p", "no:cacheprovider", "--collect-only", "-qq"])
sys.exit(code or ("homeassistant.core" in sys.modules and "The core of Home Assistant is imported."))
"""


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """Return a copy of the repository on a host where nothing was set up."""
    root = tmp_path / "repository"
    shutil.copytree(ROOT / "scripts", root / "scripts")
    for name in ("constraints.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, root)
    return root


def files(folder: Path) -> Iterator[tuple[Path, int]]:
    """Yield all there is in a folder, and when it was changed."""
    for path in folder.rglob("*"):
        yield path, path.lstat().st_mtime_ns


def run(command: list[str | Path], home: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command as a user whose home this is."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(home)}
    return subprocess.run(command, cwd=folder, env=environment, check=False, capture_output=True, text=True)  # noqa: S603 -- our own


@pytest.mark.parametrize("argument", ["--help", "-h"])
@pytest.mark.parametrize("name", SCRIPTS)
def test_help_says_what_a_script_does_and_does_nothing(bare: Path, tmp_path: Path, name: str, argument: str) -> None:
    before = set(files(tmp_path))
    helped = run([bare / "scripts" / name, argument], tmp_path, tmp_path)
    assert helped.returncode == 0, helped.stderr
    assert helped.stderr == ""
    first = (bare / "scripts" / name).read_text().splitlines()[1].removeprefix("# ")
    assert helped.stdout.startswith(f"{first}\n")
    assert "set -e" not in helped.stdout
    assert set(files(tmp_path)) == before


def test_help_lists_the_options_where_there_is_an_environment(bare: Path, tmp_path: Path) -> None:
    (bare / ".venv").symlink_to(sys.prefix)
    for name in ("custom_components", "demo", "harness", "virtual_meter"):
        shutil.copytree(ROOT / name, bare / name, ignore=shutil.ignore_patterns("__pycache__", ".state"))
    before = set(files(tmp_path))
    helped = run([bare / "scripts" / "demo", "--help"], tmp_path, tmp_path)
    assert helped.returncode == 0, helped.stderr
    assert "--http-port" in helped.stdout
    assert set(files(tmp_path)) == before


def test_all_tests_but_those_in_home_assistant_start_without_it(tmp_path: Path) -> None:
    paths = [path for path in (ROOT / "tests").iterdir() if path.name not in {"hass", "e2e", "__pycache__"}]
    chosen = [path for path in paths if path.is_dir() or path.name.startswith("test_")]
    assert len(chosen) > 8
    collected = run([sys.executable, "-c", COLLECT, *chosen], tmp_path, ROOT)
    assert collected.returncode == 0, collected.stdout + collected.stderr
