"""Files that ask for more memory or time than any export: they are refused early, by name.

What is counted is bytes that were read and memory that was taken, so that a busy machine changes nothing.
"""

from collections.abc import Callable, Iterable, Iterator
import json
import os
from pathlib import Path
from random import Random
import threading
import tracemalloc
import zipfile

import pytest

from custom_components.emucs.exports import ExportError, Readings, read_export
from custom_components.emucs.exports.files import MOST_LINE
from custom_components.emucs.exports.service_json import MOST_JSON
from tests.exports.exports import DUTCH, archive, lines, service
from tests.exports.small import HOURS, good, imported, quarters

MB = 1024 * 1024
HEADER = f"{DUTCH.header}\r\n".encode()
ROW = f"{good()[0]}\r\n".encode()


def packed(path: Path, chunks: Iterable[bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    """Write a zip with one member, without ever having that in memory."""
    with zipfile.ZipFile(path, "w", method) as file, file.open("a.csv", "w", force_zip64=True) as member:
        for chunk in chunks:
            member.write(chunk)
    return path


def measured(work: Callable[[], Readings]) -> tuple[ExportError, int]:
    """Return why a file is refused, and how much memory that took at most."""
    tracemalloc.start()
    try:
        with pytest.raises(ExportError) as caught:
            work()
        return caught.value, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def repeated(*parts: tuple[bytes, int]) -> Iterator[bytes]:
    """Return parts again and again, about a megabyte at a time."""
    for part, size in parts:
        block = part * max(1, min(size, MB) // len(part))
        for _ in range(max(1, size // len(block))):
            yield block


@pytest.mark.parametrize("suffix", [".zip", ".csv"])
@pytest.mark.parametrize(
    "chunks",
    [
        [(HEADER, 1), (b"x", 64 * MB)],
        [(b"x", 64 * MB)],
        [(b"\0", 64 * MB)],
        [(HEADER, 1), (b";", 64 * MB)],
        [(HEADER, 1), (ROW[:-2] + b'"', 1), (b"x", 64 * MB)],
        [(HEADER.decode().encode("utf-16"), 1), ("x".encode("utf-16-le"), 64 * MB)],
    ],
    ids=["after_the_header", "alone", "zeros", "separators", "text", "utf_16"],
)
def test_an_endless_line_is_not_read(tmp_path: Path, chunks: list[tuple[bytes, int]], suffix: str) -> None:
    path = tmp_path / f"endless{suffix}"
    if suffix == ".zip":
        packed(path, repeated(*chunks))
    else:
        with path.open("wb") as file:
            file.writelines(repeated(*chunks))
    read: list[int] = []
    error, memory = measured(lambda: read_export(path, progress=read.append))
    assert (error.reason, error.detail) == ("too_large", "> 64 kB in a line")
    assert sum(read) <= 4 * MOST_LINE
    assert memory < 4 * MB


def test_a_long_line_that_ends_is_a_line(tmp_path: Path) -> None:
    rows = good()
    rows[3] += "x" * (MOST_LINE - 1000)
    assert imported(tmp_path, lines(rows)) == HOURS


@pytest.mark.parametrize(
    "blank", [b"\r\n", b"\n", b"\r", b"   \n", b";;;;;;;;;;;\r\n", b'"";\r\n', b";;;;;;;Totaal;1;;;\n"]
)
@pytest.mark.parametrize("start", [HEADER, HEADER + ROW, b""])
def test_blank_lines_are_not_read_for_a_minute(tmp_path: Path, blank: bytes, start: bytes) -> None:
    path = packed(tmp_path / "blank.zip", repeated((start or blank, 1), (blank, 32 * MB)))
    read: list[int] = []
    error, memory = measured(lambda: read_export(path, progress=read.append))
    assert error.reason == ("too_large" if start else "not_an_export")
    assert sum(read) < MB
    assert memory < 4 * MB


def test_more_rows_than_twenty_years_have_are_refused_when_they_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.emucs.exports.intervals.MOST_ROWS", 5000)
    path = packed(tmp_path / "rows.zip", repeated((HEADER, 1), (ROW, 16 * MB)))
    read: list[int] = []
    error, _ = measured(lambda: read_export(path, progress=read.append))
    assert (error.reason, error.detail, error.line) == ("too_large", "> 5000 rows", 5002)
    assert sum(read) < MB
    several = archive({f"{number}.csv": HEADER + ROW * 900 for number in range(6)})
    (tmp_path / "several.zip").write_bytes(several)
    error, _ = measured(lambda: read_export(tmp_path / "several.zip"))
    assert (error.detail, error.file) == ("> 5000 rows", "5.csv")


@pytest.mark.parametrize(
    ("row", "detail"),
    [
        ("26-10-2025;02:00;26-10-2025;02:15;5;M;D;Afname Dag;0,1;kWh;Geschat;", "> 1000 rows in an hour"),
        ("01-06-2025;00:00;01-06-2025;00:15;5;M{};D;Afname Dag;0,1;kWh;Geschat;", "> 200 registers"),
        ("01-06-2025;00:00;01-06-2025;00:15;5;M{};D;Productie;0,1;kWh;Geschat;", "> 200 meters"),
        ("01-06-2025;00:00;01-06-2025;00:15;5;M;D;Productie {};0,1;kWh;Geschat;", "> 1000 registers"),
        ("01-06-2025;00:00;01-07-2025;00:00;5;M;D;Piekvermogen;0,1;kW;Geschat;", "> 10000 months"),
        ("01-06-2025;00:00;01-07-2025;00:00;5;M{};D;Piekvermogen;0,1;kW;Geschat;", "> 200 meters"),
    ],
)
def test_what_a_row_adds_is_bounded(tmp_path: Path, row: str, detail: str) -> None:
    content = lines(row.format(number) for number in range(20_000))
    path = tmp_path / "export.csv"
    path.write_bytes(content)
    read: list[int] = []
    error, memory = measured(lambda: read_export(path, progress=read.append))
    assert (error.reason, error.detail) == ("too_large", detail)
    assert error.line <= 10_002
    assert memory < 4 * MB


def test_days_are_bounded_when_they_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("custom_components.emucs.exports.intervals._MOST_DAYS", 100)
    path = tmp_path / "export.csv"
    rows = (
        f"{day:02}-{month:02}-20{year};00:00;{day:02}-{month:02}-20{year};24:00;5;M;D;Afname Dag;1;kWh;Geschat;"
        for year in range(10, 30)
        for month in range(1, 13)
        for day in range(1, 29)
    )
    path.write_bytes(lines(rows))
    error, _ = measured(lambda: read_export(path))
    assert (error.reason, error.detail, error.line) == ("too_large", "> 100 days of registers", 102)


def test_texts_that_never_repeat_are_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("custom_components.emucs.exports.fields.MOST_REMEMBERED", 100)
    rows = [
        f"{' ' * number}01-06-2025;{' ' * number}00:00;01-06-2025;00:15;5;M;D;Afname Dag;0,1;kWh;{'S' * number};"
        for number in range(1, 1500)
    ]
    path = tmp_path / "export.csv"
    path.write_bytes(lines(rows))
    tracemalloc.start()
    readings = read_export(path)
    memory = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert readings.rows == 1499
    assert len(readings.unknown_states) <= 100
    assert max(map(len, readings.unknown_states)) <= 60
    assert memory < 2 * MB


@pytest.mark.parametrize(
    ("begin", "part", "end"),
    [
        (b"[", b"[],", b"1]"),
        (b"[", b"{},", b"1]"),
        (b"[", b"10,", b"1]"),
        (b"[", b'"ab",', b"1]"),
        (b"", b"[", b""),
        (b"", b'{"a":', b""),
        (b'["', b"a", b'"]'),
    ],
)
def test_an_answer_takes_a_bounded_amount_of_memory(tmp_path: Path, begin: bytes, part: bytes, end: bytes) -> None:
    content = begin + part * ((MOST_JSON - 100) // len(part)) + end
    path = packed(tmp_path / "answer.zip", [content])
    assert path.stat().st_size < MB
    del content
    error, memory = measured(lambda: read_export(path))
    assert error.reason == "not_an_export"
    assert memory < 16 * MOST_JSON


def test_an_endless_answer_is_not_read(tmp_path: Path) -> None:
    path = packed(tmp_path / "answer.zip", repeated((b"[", 1), (b"1," * 1000, 64 * MB)))
    read: list[int] = []
    error, memory = measured(lambda: read_export(path, progress=read.append))
    assert (error.reason, error.detail) == ("too_large", f"> {MOST_JSON // MB} MB JSON")
    assert sum(read) < MOST_JSON + MB
    assert memory < 4 * MOST_JSON


def test_answers_take_more_of_what_may_be_read_than_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("custom_components.emucs.exports.files.MOST_BYTES", 4 * MB)
    content = json.dumps({"data": [], "padding": "x" * (MB // 2)}).encode()
    (tmp_path / "one.zip").write_bytes(archive({"1.json": content, "2.csv": lines(good())}))
    assert read_export(tmp_path / "one.zip").rows == 8
    (tmp_path / "many.zip").write_bytes(archive({f"{number}.json": content for number in range(5)}))
    error, _ = measured(lambda: read_export(tmp_path / "many.zip"))
    assert (error.reason, error.detail) == ("too_large", "> 1 MB")


# Archives.


@pytest.mark.parametrize("count", [201, 20_000])
def test_the_list_of_an_archive_is_bounded(tmp_path: Path, count: int) -> None:
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as file:
        for number in range(count):
            file.writestr(f"{number}.csv", b"")
        file.comment = b"a comment"
    error, memory = measured(lambda: read_export(path))
    assert (error.reason, error.detail, error.file) == ("too_large", "> 200 files", "many.zip")
    assert memory < 4 * MB


@pytest.mark.parametrize(
    ("method", "name"), [(zipfile.ZIP_BZIP2, "bzip2"), (zipfile.ZIP_LZMA, "LZMA"), (zipfile.ZIP_ZSTANDARD, "Zstandard")]
)
@pytest.mark.parametrize("damaged", [False, True])
def test_other_ways_of_packing_are_refused_by_name(tmp_path: Path, method: int, name: str, *, damaged: bool) -> None:
    path = packed(tmp_path / "other.zip", [HEADER, ROW * 100], method)
    if damaged:
        content = bytearray(path.read_bytes())
        content[60:90] = bytes(30)
        path.write_bytes(content)
    with pytest.raises(ExportError) as caught:
        read_export(path)
    error = caught.value
    assert (error.reason, error.detail, error.file) == ("bad_archive", f"a.csv: {name}", "other.zip")


def test_an_archive_with_a_password_is_refused_by_name(tmp_path: Path) -> None:
    path = packed(tmp_path / "secret.zip", [HEADER, ROW])
    content = bytearray(path.read_bytes())
    for sign, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(sign) + offset] |= 1
    path.write_bytes(content)
    with pytest.raises(ExportError, match="password") as caught:
        read_export(path)
    assert (caught.value.reason, caught.value.file) == ("bad_archive", "secret.zip")


def test_damaged_archives_are_always_refused_with_a_reason(tmp_path: Path) -> None:
    random = Random(22)  # noqa: S311 -- damage, not secrets
    path = tmp_path / "damaged.zip"
    whole = [packed(path, [HEADER, ROW * 20], method).read_bytes() for method in (0, 8, 12, 14, 93)]
    reasons = set()
    for _ in range(1500):
        content = bytearray(random.choice(whole))
        for _ in range(random.randint(1, 5)):
            content[random.choice([random.randrange(len(content)), -random.randint(1, 120)])] = random.randrange(256)
        path.write_bytes(content)
        try:
            read_export(path)
        except ExportError as error:
            reasons.add(error.reason)
    assert "bad_archive" in reasons
    assert "unreadable" not in reasons


# Files that are none.


def test_a_pipe_keeps_no_thread_waiting(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    os.mkfifo(path)
    reasons: list[str] = []

    def work() -> None:
        with pytest.raises(ExportError) as caught:
            read_export(path)
        reasons.append(f"{caught.value.reason} {caught.value.detail}")

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(60)
    assert reasons == ["unreadable not a regular file"]


@pytest.mark.parametrize("name", ["/dev/zero", "/dev/null", "/dev/tty", "."])
def test_only_regular_files_are_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / "export.csv"
    path.symlink_to(name)
    with pytest.raises(ExportError) as caught:
        read_export(path)
    assert (caught.value.reason, caught.value.file) == ("unreadable", "export.csv")


def test_a_link_to_an_export_is_read(tmp_path: Path) -> None:
    (tmp_path / "real.json").write_bytes(service(quarters()))
    (tmp_path / "link.json").symlink_to("real.json")
    assert read_export(tmp_path / "link.json").rows == 8
    with pytest.raises(ExportError, match="unreadable"):
        read_export(tmp_path / "missing.csv")
