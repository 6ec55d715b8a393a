"""Workbooks (xlsx) that hold an export: each row of the first sheet as a line of CSV.

Spreadsheet programs and portals put a whole line in one cell, or a field in each. Dates that a program has turned into
numbers stay numbers: the reader of the lines then says what it cannot read.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
import re
from typing import IO, Final, override
from xml.parsers import expat

from .errors import ExportError

SHEET: Final = re.compile(r"xl/worksheets/sheet(\d{1,4})\.xml")
STRINGS: Final = "xl/sharedStrings.xml"
LONGEST_LINE: Final = 64 * 1024
"""Characters of a row, and of a text in it."""
_MOST_STRINGS: Final = 1_000_000
_MOST_TEXT: Final = 64 * 1024 * 1024
"""Bytes of all texts that cells share, which are in memory as a whole."""
_WIDEST: Final = 4
"""Bytes of a character."""
_LONGEST_TOKEN: Final = 256 * 1024
"""Bytes of XML that are waited for until they mean something."""
_DEEPEST: Final = 30
_CHUNK: Final = 32 * 1024
_DECIMALS: Final = 9
_REFERENCE: Final = re.compile(r"([A-Z]{1,3})\d*")
_LETTERS: Final = 26


class _Xml(ABC):
    """Reads XML piece by piece, within bounds."""

    def __init__(self) -> None:
        self._parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = self._refuse
        self._depth = 0
        self._taken: list[str] = []
        self._length = 0
        self._takes = False

    def read(self, stream: IO[bytes]) -> Iterator[None]:
        """Read a stream; ExportError where it is none of a workbook. Yields between pieces."""
        fed = 0
        try:
            while chunk := stream.read(_CHUNK):
                self._parser.Parse(chunk)
                fed += len(chunk)
                if fed - max(0, self._parser.CurrentByteIndex) > _LONGEST_TOKEN:
                    raise ExportError("too_large", f"> {_LONGEST_TOKEN // 1024} kB XML")
                yield
            self._parser.Parse(b"", True)  # noqa: FBT003 -- expat has it by position alone
        except (expat.ExpatError, LookupError) as error:
            raise ExportError("bad_archive", str(error)) from error
        yield

    @abstractmethod
    def started(self, tag: str, attributes: dict[str, str]) -> bool:
        """Take the begin of an element; tell whether its text counts."""

    @abstractmethod
    def ended(self, tag: str, text: str) -> None:
        """Take the end of an element, and the text that counted since the last one."""

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ExportError("too_large", f"> {_DEEPEST} levels")
        self._takes = self.started(name.rpartition(":")[2], attributes)

    def _end(self, name: str) -> None:
        self._depth -= 1
        text, self._taken, self._length, self._takes = "".join(self._taken), [], 0, False
        self.ended(name.rpartition(":")[2], text)

    def _characters(self, text: str) -> None:
        if self._takes:
            self._length += len(text)
            if self._length > LONGEST_LINE:
                raise ExportError("too_large", f"> {LONGEST_LINE // 1024} kB in a line")
            self._taken.append(text)

    def _refuse(self, *_: object) -> None:
        # It could define entities, which grow when they are written out.
        raise ExportError("bad_archive", "DOCTYPE")


class _Strings(_Xml):
    """The texts that cells share."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._parts = ""
        self._left = _MOST_TEXT

    @override
    def started(self, tag: str, attributes: dict[str, str]) -> bool:
        if tag == "si":
            self._parts = ""
        return tag == "t"

    @override
    def ended(self, tag: str, text: str) -> None:
        if tag == "t":
            self._parts = (self._parts + text)[: LONGEST_LINE + 1]
        elif tag == "si":
            self._left -= len(self._parts) * (1 if self._parts.isascii() else _WIDEST)
            if self._left < 0 or len(self.texts) >= _MOST_STRINGS:
                raise ExportError("too_large", f"> {_MOST_TEXT // 1024**2} MB, {_MOST_STRINGS} texts")
            self.texts.append(self._parts)


class _Rows(_Xml):
    """The rows of a sheet, as lines."""

    def __init__(self, shared: list[str]) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._shared = shared
        self._cells: list[str] = []
        self._characters_in_row = 0
        self._width = 0
        self._kind = ""
        self._value = ""

    @override
    def started(self, tag: str, attributes: dict[str, str]) -> bool:
        if tag == "row":
            self._cells, self._characters_in_row = [], 0
        elif tag == "c":
            self._kind, self._value = attributes.get("t", "n"), ""
            column = _column(attributes.get("r", ""))
            if column is not None and column > len(self._cells):
                self._add([""] * (column - len(self._cells)))
        return tag in ("v", "t")

    @override
    def ended(self, tag: str, text: str) -> None:
        if tag in ("v", "t"):
            self._value = (self._value + text)[: LONGEST_LINE + 1]
        elif tag == "c":
            self._add([self._text()])
        elif tag == "row":
            # Empty cells at the end of a row are not written down; the first row has the names of all columns.
            self._width = self._width or len(self._cells)
            missing = self._width - len(self._cells) if self._cells else 0
            self.lines.append(";".join(self._cells + [""] * missing))

    def _add(self, cells: list[str]) -> None:
        """Add cells to the row."""
        self._characters_in_row += sum(len(cell) + 1 for cell in cells)
        if self._characters_in_row > LONGEST_LINE:
            raise ExportError("too_large", f"> {LONGEST_LINE // 1024} kB in a line")
        self._cells += cells

    def _text(self) -> str:
        """Return the text of the cell that ends."""
        if self._kind == "s":
            index = int(self._value[:9]) if self._value.isdecimal() else len(self._shared)
            if index >= len(self._shared):
                raise ExportError("bad_archive", f"sharedStrings: {self._value[:20]}")
            return " ".join(self._shared[index].split())
        if self._kind == "n" and self._value:
            return _number(self._value)
        return " ".join(self._value.split())


def lines_of(sheet: IO[bytes], strings: IO[bytes] | None) -> Iterator[str]:
    """Return the rows of a sheet as lines of CSV; `strings` has the texts that cells share."""
    shared = _Strings()
    if strings is not None:
        for _ in shared.read(strings):
            pass
    rows = _Rows(shared.texts)
    for _ in rows.read(sheet):
        lines, rows.lines = rows.lines, []
        yield from lines


def _column(reference: str) -> int | None:
    """Return the number of the column in a reference such as `C5`, counted from 0."""
    if not (found := _REFERENCE.fullmatch(reference)):
        return None
    number = 0
    for letter in found[1]:
        number = number * _LETTERS + ord(letter) - ord("A") + 1
    return number - 1


def _number(text: str) -> str:
    """Return a number as exports write it: with a decimal comma, and without the noise of binary fractions."""
    try:
        number = float(text)
    except ValueError:
        return text
    whole = f"{number:.{_DECIMALS}f}"
    return whole.rstrip("0").rstrip(".").replace(".", ",")
