"""What the benchmark makes of what it saw."""

from datetime import date
from pathlib import Path
import re

import pytest

from bench import report
from bench.hass import taken
from bench.measure import Row


def test_a_value_that_was_sent_twice_does_not_say_how_long_it_took() -> None:
    sent = [(0.5, 1.0), (0.6, 2.0), (0.5, 3.0), (0.7, 4.0)]
    noted = [(0.5, 1.01), (0.6, 2.25), (0.5, 3.01), (0.8, 3.5), (0.7, 4.5)]
    assert taken(sent, noted) == [0.25, 0.5]


def test_what_was_measured_is_written_into_its_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "performance.md"
    page.write_text(report.PAGE.read_text())
    monkeypatch.setattr(report, "PAGE", page)
    monkeypatch.setattr(report, "version", lambda _: "1.2.3")
    rows = [Row(group="parser", what="a line", unit="µs", ours=2.0, goal="≤ 1 µs", met=False)]
    before = page.read_text()
    report.write(rows, date(2026, 1, 2))
    written = page.read_text()
    report.write(rows, date(2026, 1, 2))
    assert page.read_text() == written
    assert "Run on 2 January 2026" in written
    assert re.findall(r"^\| a line.*$", written, re.MULTILINE) == ["| a line | 2 µs |  |  | ≤ 1 µs ✗ missed |"]
    assert re.findall(r"^#+ .+$", written, re.MULTILINE) == re.findall(r"^#+ .+$", before, re.MULTILINE)


def test_a_page_without_a_place_for_the_tables_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "performance.md"
    page.write_text("# Performance\n")
    monkeypatch.setattr(report, "PAGE", page)
    monkeypatch.setattr(report, "version", lambda _: "1.2.3")
    with pytest.raises(ValueError, match=r"performance\.md"):
        report.write([], date(2026, 1, 2))
    assert page.read_text() == "# Performance\n"
