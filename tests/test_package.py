"""The files of a release: the zip that HACS unpacks, and the notes."""

import json
from pathlib import Path
import shutil
import subprocess
import zipfile

import pytest

ROOT = Path(__file__).parents[1]
CHANGELOG = """# Changelog

## [Unreleased]

Later.

## [1.2.3] - 2026-12-01

### Added

- Something new.

## [1.2.2]

Earlier.

[1.2.3]: https://example.org
"""


def git(repository: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.org")
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=repository, check=True, capture_output=True, text=True).stdout  # noqa: S603 -- this host's git


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a repository of version 1.2.3 with this script and this integration."""
    root = tmp_path / "repository"
    shutil.copytree(ROOT / "scripts", root / "scripts")
    component = root / "custom_components" / "emucs"
    shutil.copytree(ROOT / component.relative_to(root), component, ignore=shutil.ignore_patterns("__pycache__"))
    manifest = component / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "version": "1.2.3"}, indent=2))
    (root / "CHANGELOG.md").write_text(CHANGELOG)
    git(root, "init", "--quiet")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "All")
    return root


def package(repository: Path, tag: str, out: Path) -> subprocess.CompletedProcess[str]:
    command = [repository / "scripts" / "package", tag, out]
    return subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 -- our own script


def test_zip_has_the_committed_files_as_hacs_unpacks_them(repository: Path, tmp_path: Path) -> None:
    component = repository / "custom_components" / "emucs"
    (component / "notes_of_the_day.txt").write_text("not committed")
    assert package(repository, "v1.2.3", tmp_path / "out").returncode == 0
    archive = zipfile.ZipFile(tmp_path / "out" / "emucs.zip")
    files = {name for name in archive.namelist() if not name.endswith("/")}
    assert files == set(git(component, "ls-files").split())
    assert {"manifest.json", "__init__.py", "brand/icon.png", "port/framing.py", "translations/en.json"} <= files
    assert b'"version": "1.2.3"' in archive.read("manifest.json")


def test_same_commit_gives_the_same_zip(repository: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert package(repository, "v1.2.3", tmp_path / name).returncode == 0
    assert (tmp_path / "one" / "emucs.zip").read_bytes() == (tmp_path / "two" / "emucs.zip").read_bytes()


def test_notes_are_those_of_the_version(repository: Path, tmp_path: Path) -> None:
    assert package(repository, "v1.2.3", tmp_path / "out").returncode == 0
    assert (tmp_path / "out" / "notes.md").read_text().strip() == "### Added\n\n- Something new."


def test_tag_of_another_version_is_no_release(repository: Path, tmp_path: Path) -> None:
    result = package(repository, "v1.2.4", tmp_path / "out")
    assert result.returncode == 1
    assert "the tag has to be v1.2.3" in result.stderr
    assert not (tmp_path / "out" / "emucs.zip").exists()


def test_version_that_the_changelog_does_not_know_is_no_release(repository: Path, tmp_path: Path) -> None:
    changelog = repository / "CHANGELOG.md"
    changelog.write_text(changelog.read_text().replace("[1.2.3] ", "[1.2.30] "))
    result = package(repository, "v1.2.3", tmp_path / "out")
    assert result.returncode == 1
    assert "no section [1.2.3]" in result.stderr
