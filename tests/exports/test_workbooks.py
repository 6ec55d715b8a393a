"""Workbooks: what people save, and what is refused before it takes memory or time."""

from collections.abc import Mapping
import io
from pathlib import Path
import tracemalloc
import zipfile

import pytest

from custom_components.emucs.exports import ExportError
from tests.exports.exports import DUTCH, archive
from tests.exports.reading import read
from tests.exports.small import HOURS, good, imported
from virtual_meter.amr_exports import workbook

MB = 1024 * 1024
LINES = [DUTCH.header, *good()]
NAME = "export.xlsx"


def parts(content: bytes) -> dict[str, bytes]:
    """Return the parts of a workbook."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def packed(changes: Mapping[str, bytes | None]) -> bytes:
    """Return a workbook with other parts."""
    whole = parts(workbook(LINES)) | changes
    return archive({name: content for name, content in whole.items() if content is not None})


def sheet(rows: str) -> bytes:
    """Return a sheet with these rows."""
    return f"<worksheet><sheetData>{rows}</sheetData></worksheet>".encode()


def refused(folder: Path, content: bytes) -> ExportError:
    """Return why a workbook is refused."""
    with pytest.raises(ExportError) as caught:
        read(folder, content, NAME)
    assert caught.value.file == NAME
    return caught.value


@pytest.mark.parametrize("one_cell", [True, False])
def test_a_workbook_is_read_whatever_its_cells_hold(tmp_path: Path, *, one_cell: bool) -> None:
    assert imported(tmp_path, workbook(LINES, one_cell=one_cell), NAME) == HOURS
    # The name of the file does not matter.
    assert imported(tmp_path, workbook(LINES, one_cell=one_cell), "export.zip") == HOURS


def test_texts_may_stand_in_the_cells_themselves(tmp_path: Path) -> None:
    cells = "".join(
        f'<x:row><x:c t="{kind}">{text}</x:c></x:row>'
        for number, line in enumerate(LINES)
        for kind, text in [
            ("inlineStr", f"<x:is><x:r><x:t>{line[:9]}</x:t></x:r><x:r><x:t>{line[9:]}</x:t></x:r></x:is>")
            if number % 2
            else ("str", f"<x:v>{line}</x:v>")
        ]
    )
    content = f'<x:worksheet xmlns:x="http://example.org/">{cells}</x:worksheet>'.encode()
    changes = {"xl/worksheets/sheet1.xml": content, "xl/sharedStrings.xml": None}
    assert imported(tmp_path, packed(changes), NAME) == HOURS


@pytest.mark.parametrize("value", ["0.25", "0.25000000000000006", "2.5E-1", ".25"])
def test_numbers_of_a_spreadsheet_are_what_they_were(tmp_path: Path, value: str) -> None:
    rows = []
    for number, line in enumerate(LINES):
        fields = line.split(";")
        cells = [
            f"<c><v>{value}</v></c>" if number and index == 8 else f'<c t="str"><v>{text}</v></c>'
            for index, text in enumerate(fields)
        ]
        rows.append(f"<row>{''.join(cells)}</row>")
    content = packed({"xl/worksheets/sheet1.xml": sheet("".join(rows))})
    assert imported(tmp_path, content, NAME) == HOURS


def test_dates_that_became_numbers_are_refused_with_their_line(tmp_path: Path) -> None:
    fields = LINES[1].split(";")
    cells = "".join(f'<c t="str"><v>{text}</v></c>' for text in fields[1:])
    header = f'<row><c t="str"><v>{LINES[0]}</v></c></row>'
    rows = f"{header}<row><c><v>45810</v></c>{cells}</row>"
    error = refused(tmp_path, packed({"xl/worksheets/sheet1.xml": sheet(rows)}))
    assert (error.reason, error.line) == ("bad_line", 2)
    assert error.detail == "date: 45810 - 02-06-2025"


def test_every_sheet_counts_and_empty_ones_do_not(tmp_path: Path) -> None:
    def of(lines: list[str]) -> bytes:
        return sheet("".join(f'<row><c t="str"><v>{line}</v></c></row>' for line in lines))

    content = packed(
        {
            "xl/worksheets/sheet1.xml": of(LINES[:5]),
            "xl/worksheets/sheet2.xml": sheet(""),
            "xl/worksheets/sheet10.xml": of([LINES[0], *LINES[5:]]),
        },
    )
    assert imported(tmp_path, content, NAME) == HOURS
    empty = refused(tmp_path, packed({"xl/worksheets/sheet1.xml": sheet("")}))
    assert empty.reason == "empty"


def test_gaps_between_cells_are_kept(tmp_path: Path) -> None:
    assert LINES[1].endswith(";")
    content = workbook([LINES[0], *(line.replace(";Digitale meter;", ";;") for line in LINES[1:])], one_cell=False)
    assert imported(tmp_path, content, NAME) == HOURS


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"xl/worksheets/sheet1.xml": b"<worksheet><sheetData>"}, "bad_archive"),
        ({"xl/worksheets/sheet1.xml": b""}, "bad_archive"),
        ({"xl/worksheets/sheet1.xml": b"\xff\xfe<\x00"}, "bad_archive"),
        ({"xl/worksheets/sheet1.xml": b'<?xml version="1.0" encoding="x-none"?><a/>'}, "bad_archive"),
        ({"xl/worksheets/sheet1.xml": sheet('<row><c t="s"><v>999</v></c></row>')}, "bad_archive"),
        ({"xl/worksheets/sheet1.xml": sheet('<row><c t="s"><v>-1</v></c></row>')}, "bad_archive"),
        ({"xl/worksheets/sheet1.xml": sheet('<row><c t="s"></c></row>')}, "bad_archive"),
        ({"xl/sharedStrings.xml": None}, "bad_archive"),
        ({"xl/sharedStrings.xml": b'<!DOCTYPE sst [<!ENTITY a "aaaa">]><sst><si><t>&a;</t></si></sst>'}, "bad_archive"),
        ({"xl/worksheets/sheet1.xml": b"<a>" * 40}, "too_large"),
        ({"xl/worksheets/sheet1.xml": b"<a " + b"x" * 600_000}, "too_large"),
        ({"xl/worksheets/sheet1.xml": sheet(f'<row><c t="str"><v>{"x" * 70_000}</v></c></row>')}, "too_large"),
        ({"xl/worksheets/sheet1.xml": sheet(f"<row>{'<c r="ZZZ1"><v>1</v></c>' * 9}</row>")}, "not_an_export"),
        ({"xl/worksheets/sheet1.xml": sheet(f"<row>{'<c><v>1</v></c>' * 40_000}</row>")}, "too_large"),
        ({"xl/worksheets/sheet1.xml": sheet("<row/>" * 5000)}, "empty"),
        ({f"xl/worksheets/sheet{number}.xml": b"" for number in range(1, 30)}, "too_large"),
    ],
)
def test_damaged_and_hostile_workbooks_are_refused(
    tmp_path: Path, changes: dict[str, bytes | None], reason: str
) -> None:
    assert refused(tmp_path, packed(changes)).reason == reason


@pytest.mark.parametrize(
    ("begin", "part", "end", "name"),
    [
        (b"<sst>", b"<si><t>a</t></si>", b"</sst>", "xl/sharedStrings.xml"),
        (b"<sst>", b"<si/>", b"</sst>", "xl/sharedStrings.xml"),
        (b"<sst><si><t>", b"a", b"</t></si></sst>", "xl/sharedStrings.xml"),
        (b"<worksheet>", b"<row/>", b"</worksheet>", "xl/worksheets/sheet1.xml"),
        (b"<worksheet>", b'<row><c t="s"><v>1</v></c></row>', b"</worksheet>", "xl/worksheets/sheet1.xml"),
        (b"<worksheet>", b"<a>", b"</worksheet>", "xl/worksheets/sheet1.xml"),
        (b"", b"x", b"", "xl/worksheets/sheet1.xml"),
        (b"<worksheet a='", b"x", b"'/>", "xl/worksheets/sheet1.xml"),
        (b"<!--", b"x", b"-->", "xl/worksheets/sheet1.xml"),
    ],
)
def test_memory_and_time_are_bounded(tmp_path: Path, begin: bytes, part: bytes, end: bytes, name: str) -> None:
    content = packed({name: begin + part * (48 * MB // len(part)) + end})
    path = tmp_path / NAME
    path.write_bytes(content)
    del content
    tracemalloc.start()
    try:
        with pytest.raises(ExportError):
            read(tmp_path, path.read_bytes(), NAME)
        assert tracemalloc.get_traced_memory()[1] < 128 * MB
    finally:
        tracemalloc.stop()


def test_a_text_that_cells_share_cannot_be_written_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("custom_components.emucs.exports.files.MOST_BYTES", 4 * MB)
    text = f"{LINES[1]}{'x' * 60_000}"
    strings = f"<sst><si><t>{LINES[0]}</t></si><si><t>{text}</t></si></sst>".encode()
    row = '<row><c t="s"><v>{}</v></c></row>'
    content = packed(
        {
            "xl/sharedStrings.xml": strings,
            "xl/worksheets/sheet1.xml": sheet(row.format(0) + row.format(1) * 1000),
        },
    )
    error = refused(tmp_path, content)
    assert (error.reason, error.detail) == ("too_large", "> 4 MB")


def test_a_workbook_within_a_zip_is_not_unpacked_twice(tmp_path: Path) -> None:
    content = archive({"export.xlsx": workbook(LINES)})
    with pytest.raises(ExportError) as caught:
        read(tmp_path, content, "all.zip")
    assert caught.value.reason == "nothing_in_archive"
