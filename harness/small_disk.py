"""A disk small enough to be filled, for one process and its children, without special rights."""

from contextlib import suppress
from pathlib import Path
import shutil
import subprocess

NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount")
"""What a command is put behind that may mount, where nobody else sees it."""
_FILLER = "filler"
_BLOCKS = (65536, 512)


def can_mount() -> bool:
    """Tell whether such a disk can be mounted here."""
    if shutil.which(NAMESPACE[0]) is None:
        return False
    mount = [*NAMESPACE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return subprocess.run(mount, capture_output=True, check=False).returncode == 0  # noqa: S603 -- our own words


def mount(folder: Path, size: str) -> None:
    """Mount a disk of a size such as `2M` over a folder, with its content; only inside `NAMESPACE`."""
    kept = folder.with_name(f"{folder.name}.kept")
    shutil.copytree(folder, kept)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    subprocess.run(command, check=True)  # noqa: S603 -- our own words
    shutil.copytree(kept, folder, dirs_exist_ok=True)
    shutil.rmtree(kept)


def fill(folder: Path) -> None:
    """Fill the disk that a folder is on."""
    with (folder / _FILLER).open("wb", buffering=0) as filler:
        for size in _BLOCKS:
            with suppress(OSError):
                while True:
                    filler.write(bytes(size))


def free(folder: Path) -> None:
    """Make room again."""
    (folder / _FILLER).unlink()
