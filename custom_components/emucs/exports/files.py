"""Opens exports: CSV, JSON, a workbook, or a zip of several. What they may take of memory and time is bounded."""

from collections.abc import Callable, Iterable, Iterator
import errno
import io
from itertools import chain, islice
import os
from pathlib import Path
import re
import stat
import struct
from typing import IO, Final, override
import zipfile
import zlib

from .csv_table import TableReader
from .errors import ExportError
from .intervals import Readings
from .load_curve import ABOVE, LoadCurveReader, is_load_curve
from .service_json import MOST_JSON, read_json
from .workbook import SHEET, STRINGS, lines_of

MOST_BYTES: Final = 600 * 1024 * 1024
"""Of all files together, unpacked."""
MOST_LINE: Final = 64 * 1024
"""The bytes of a line of CSV."""
_MOST_FILES: Final = 200
_MOST_SHEETS: Final = 20
_MOST_DIRECTORY: Final = 1024 * 1024
"""The bytes of the list of files in a zip."""
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""The ways of packing that are read: other ones are rare, and can take any amount of memory to unpack."""
_OTHER_METHODS: Final = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard"}
_JSON_COST: Final = 4
"""A byte of JSON or XML takes the time of so many bytes of CSV."""
_CHUNK: Final = 64 * 1024
_SNIFF: Final = 256
_SUFFIXES: Final = (".csv", ".json", ".txt")
_OPENINGS: Final = ("{", "[")
_OLD_WORKBOOK: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_GAS_FILE: Final = re.compile(r"(historiek|history)(_[a-z]{1,20}){0,2}_gas_", re.IGNORECASE)
"""In the name that the portal gives to exports of gas. Seen of homes; of AMR, after the names of their electricity."""
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
# Of zipfile: RuntimeError is a password, NotImplementedError a newer zip, ValueError and OverflowError a damaged list.
_ARCHIVE_ERRORS: Final = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError),
    *(NotImplementedError, RuntimeError, ValueError, OverflowError),
)


class _RegularFile(io.BufferedReader):
    """A regular file, of which no large part is read at once."""

    def __init__(self, path: Path) -> None:
        # A pipe or a device would keep the thread waiting for ever.
        super().__init__(io.FileIO(path, opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)))
        if not stat.S_ISREG(os.fstat(self.fileno()).st_mode):
            self.close()
            raise OSError("not a regular file")
        self._name = path.name

    @override
    def read(self, size: int | None = -1, /) -> bytes:
        """Read a part; zipfile reads the list of the files in an archive at once."""
        if size is None or not 0 <= size <= _MOST_DIRECTORY:
            raise ExportError("too_large", f"> {_MOST_FILES} files", file=self._name)
        return super().read(size)


class _Bounded(io.RawIOBase):
    """A stream that ends with an error where it is larger than any export."""

    def __init__(self, stream: IO[bytes], budget: list[int], progress: Callable[[int], None] | None) -> None:
        super().__init__()
        self._stream = stream
        self._budget = budget
        self._progress = progress
        self._line = 0
        self._tail = b""
        self.has_lines = False
        """Whether the length of lines is bounded."""
        self.cost = 1
        """How much of the budget a byte takes."""

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # what BufferedReader gives
        try:
            data = self._stream.read(min(len(buffer), _CHUNK))
        except _ARCHIVE_ERRORS as error:
            raise ExportError("bad_archive", str(error)) from error
        self._budget[0] -= len(data) * self.cost
        if self._budget[0] < 0:
            raise ExportError("too_large", f"> {MOST_BYTES // self.cost // 1024**2} MB")
        end = max(data.rfind(b"\n"), data.rfind(b"\r"))
        self._line = len(data) - 1 - end if end >= 0 else self._line + len(data)
        if self.has_lines and self._line > MOST_LINE:
            raise ExportError("too_large", f"> {MOST_LINE // 1024} kB in a line")
        self._tail = data[-2:] or self._tail
        if self._progress is not None:
            self._progress(len(data))
        buffer[: len(data)] = data
        return len(data)

    def ends_line(self) -> bool:
        """Tell whether what was read ends where a line does."""
        return self._tail.rstrip(b"\0").endswith((b"\n", b"\r"))


def read_export(path: Path, *, progress: Callable[[int], None] | None = None) -> Readings:
    """Read a file, or all files in a zip. ExportError says what is wrong, and in which line.

    `progress` is called with the number of bytes that were read since it was called last. Blocks: for a thread.
    """
    readings = Readings()
    budget = [MOST_BYTES]
    try:
        with _RegularFile(path) as stream:
            if zipfile.is_zipfile(stream):
                _read_zip(stream, path.name, readings, budget, progress)
            else:
                stream.seek(0)
                _read_stream(stream, path.name, readings, budget, progress)
    except _ARCHIVE_ERRORS as error:
        raise ExportError("bad_archive", str(error), file=path.name) from error
    except OSError as error:
        # A damaged archive names places before the start of its file.
        detail = error.strerror or str(error)
        raise ExportError(
            "bad_archive" if error.errno == errno.EINVAL else "unreadable", detail, file=path.name
        ) from error
    readings.require_values()
    return readings


def _read_zip(
    stream: IO[bytes], name: str, readings: Readings, budget: list[int], progress: Callable[[int], None] | None
) -> None:
    """Read the exports in a zip, in the order of their names."""
    archive = zipfile.ZipFile(stream)
    if sheets := sorted(filter(SHEET.fullmatch, archive.namelist()), key=lambda each: (len(each), each)):
        if len(sheets) > _MOST_SHEETS:
            raise ExportError("too_large", f"> {_MOST_SHEETS} sheets", file=name)
        _read_workbook(archive, sheets, name, readings, budget, progress)
        return
    members = [
        member
        for member in archive.infolist()
        if not member.is_dir()
        and member.filename.casefold().endswith(_SUFFIXES)
        and not member.filename.startswith("__MACOSX/")
    ]
    if not members:
        raise ExportError("nothing_in_archive", file=name)
    if len(members) > _MOST_FILES:
        raise ExportError("too_large", f"> {_MOST_FILES} files", file=name)
    for member in sorted(members, key=lambda member: member.filename):
        with _unpacked(archive, member, name) as packed:
            _read_stream(packed, Path(member.filename).name, readings, budget, progress)


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> IO[bytes]:
    """Open a file in a zip; ExportError where it is packed in a way that is not read."""
    if member.compress_type not in _METHODS:
        method = _OTHER_METHODS.get(member.compress_type, f"method {member.compress_type}")
        raise ExportError("bad_archive", f"{member.filename}: {method}", file=name)
    return archive.open(member)


def _read_workbook(
    archive: zipfile.ZipFile,
    sheets: Iterable[str],
    name: str,
    readings: Readings,
    budget: list[int],
    progress: Callable[[int], None] | None,
) -> None:
    """Read the sheets of a workbook, each as an export; those without a row are passed over."""

    def opened(member: str) -> io.BufferedReader[_Bounded]:
        """Open a part of the workbook."""
        bounded = _Bounded(_unpacked(archive, archive.getinfo(member), name), budget, progress)
        bounded.cost = _JSON_COST
        return io.BufferedReader(bounded, _CHUNK)

    readings.files.append(name)
    has_strings = STRINGS in archive.namelist()
    try:
        for sheet in sheets:
            with opened(sheet) as rows, opened(STRINGS) if has_strings else io.BytesIO() as strings:
                lines = _counted(lines_of(rows, strings if has_strings else None), budget)
                first = list(islice(lines, ABOVE + 1))
                if any(line.strip("; ") for line in first):
                    _read_table(chain(first, lines), "\n".join(first), name, readings, lambda: True)
    except ExportError as error:
        raise ExportError(error.reason, error.detail, file=name, line=error.line) from error


def _counted(lines: Iterable[str], budget: list[int]) -> Iterator[str]:
    """Bound the characters of lines: a text that cells share can be written again and again."""
    for line in lines:
        budget[0] -= len(line)
        if budget[0] < 0:
            raise ExportError("too_large", f"> {MOST_BYTES // 1024**2} MB")
        yield line


def _read_table(lines: Iterable[str], start: str, name: str, readings: Readings, ends_line: Callable[[], bool]) -> None:
    """Read lines of CSV, of the format that their beginning shows."""
    if is_load_curve(start):
        LoadCurveReader(readings, name).read(lines)
    else:
        TableReader(readings, name, ends_line, gas=_GAS_FILE.search(name) is not None).read(lines)


def _read_stream(
    stream: IO[bytes], name: str, readings: Readings, budget: list[int], progress: Callable[[int], None] | None
) -> None:
    """Read one export, of the kind that its first bytes show."""
    readings.files.append(name)
    bounded = _Bounded(stream, budget, progress)
    buffer = io.BufferedReader(bounded, _CHUNK)
    try:
        peeked = buffer.peek(_SNIFF)
        start = peeked[:_SNIFF]
        _refuse_old_workbook(start)
        encoding = "utf-16" if start.startswith(_UTF_16) else "utf-8-sig"
        if start.decode(encoding, errors="ignore").lstrip().startswith(_OPENINGS):
            bounded.cost = _JSON_COST
            read_json(_json_text(buffer, encoding), readings, name)
        else:
            bounded.has_lines = True
            text = io.TextIOWrapper(buffer, encoding=encoding, newline="")
            _read_table(text, peeked.decode(encoding, errors="ignore"), name, readings, bounded.ends_line)
    except ExportError as error:
        if error.file:
            raise
        raise ExportError(error.reason, error.detail, file=name) from error


def _refuse_old_workbook(start: bytes) -> None:
    """Refuse the spreadsheets of before 2007 by name."""
    if start.startswith(_OLD_WORKBOOK):
        raise ExportError("old_workbook")


def _json_text(buffer: io.BufferedReader[_Bounded], encoding: str) -> str:
    """Return the text of an answer, which is read as a whole."""
    content = buffer.read(MOST_JSON + 1)
    if len(content) > MOST_JSON:
        raise ExportError("too_large", f"> {MOST_JSON // 1024**2} MB JSON")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise ExportError("not_text") from error
