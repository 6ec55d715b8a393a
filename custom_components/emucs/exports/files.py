"""Opens exports: CSV, JSON, or a zip of several; never more than a bounded part of it in memory."""

from collections.abc import Callable
import io
from pathlib import Path
from typing import IO, Final, override
import zipfile
import zlib

from .csv_table import TableReader
from .errors import ExportError
from .intervals import Readings
from .service_json import read_json

MOST_BYTES: Final = 600 * 1024 * 1024
"""Of all files together, unpacked."""
MOST_JSON: Final = 64 * 1024 * 1024
"""The text of JSON is kept as a whole: so less of it."""
_MOST_FILES: Final = 200
_SNIFF: Final = 256
_SUFFIXES: Final = (".csv", ".json", ".txt")
_OPENINGS: Final = (b"{", b"[")
_BOM: Final = b"\xef\xbb\xbf"


class _Bounded(io.RawIOBase):
    """A stream that ends with an error where it is larger than anything that can be meant."""

    def __init__(self, stream: IO[bytes], budget: list[int], progress: Callable[[int], None] | None) -> None:
        super().__init__()
        self._stream = stream
        self._budget = budget
        self._progress = progress

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # what BufferedReader gives
        data = self._stream.read(len(buffer))
        self._budget[0] -= len(data)
        if self._budget[0] < 0:
            raise ExportError("too_large", f"> {MOST_BYTES // 1024**2} MB")
        if self._progress is not None:
            self._progress(len(data))
        buffer[: len(data)] = data
        return len(data)


def read_export(path: Path, *, progress: Callable[[int], None] | None = None) -> Readings:
    """Read a file, or all files in a zip. ExportError says what is wrong, and in which line.

    `progress` is called with the number of bytes that were read since it was called last. Blocks: for a thread.
    """
    readings = Readings()
    budget = [MOST_BYTES]
    try:
        if zipfile.is_zipfile(path):
            _read_zip(path, readings, budget, progress)
        else:
            with path.open("rb") as stream:
                _read_stream(stream, path.name, readings, budget, progress)
    # What zipfile raises: the last two for a way of packing that it does not know, and for a password.
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ExportError("bad_archive", str(error), file=path.name) from error
    except OSError as error:
        raise ExportError("unreadable", error.strerror or str(error), file=path.name) from error
    return readings


def _read_zip(path: Path, readings: Readings, budget: list[int], progress: Callable[[int], None] | None) -> None:
    """Read the exports in a zip, in the order of their names."""
    with zipfile.ZipFile(path) as archive:
        members = [
            member
            for member in archive.infolist()
            if not member.is_dir()
            and member.filename.casefold().endswith(_SUFFIXES)
            and not member.filename.startswith("__MACOSX/")
        ]
        if not members:
            raise ExportError("nothing_in_archive", file=path.name)
        if len(members) > _MOST_FILES:
            raise ExportError("too_large", f"> {_MOST_FILES} files", file=path.name)
        for member in sorted(members, key=lambda member: member.filename):
            with archive.open(member) as stream:
                _read_stream(stream, Path(member.filename).name, readings, budget, progress)


def _read_stream(
    stream: IO[bytes], name: str, readings: Readings, budget: list[int], progress: Callable[[int], None] | None
) -> None:
    """Read one export, of the kind that its first bytes show."""
    readings.files.append(name)
    buffer = io.BufferedReader(_Bounded(stream, budget, progress), 64 * 1024)
    start = buffer.peek(_SNIFF)[:_SNIFF].removeprefix(_BOM).lstrip()
    if start.startswith(_OPENINGS):
        content = buffer.read(MOST_JSON + 1)
        if len(content) > MOST_JSON:
            raise ExportError("too_large", f"> {MOST_JSON // 1024**2} MB JSON", file=name)
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ExportError("not_text", file=name) from error
        read_json(text, readings, name)
    else:
        TableReader(readings, name).read(io.TextIOWrapper(buffer, encoding="utf-8-sig", newline=""))
