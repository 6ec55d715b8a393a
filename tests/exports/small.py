"""Two hours of an export, short enough to be changed by hand in tests."""

from datetime import date
from pathlib import Path

import pytest

from custom_components.emucs.exports import ExportError
from tests.exports.exports import DUTCH, Interval, Layout, midnight, row
from tests.exports.reading import IMPORT, known, matches, read, thousandths

START = midnight(date(2025, 6, 2))
HOURS = {START // 3600: 1000, START // 3600 + 1: 1000}


def quarters(count: int = 8) -> list[Interval]:
    """Return two hours of quarters of 250 Wh."""
    return [Interval(START + 900 * number, 900, "import_1", 250) for number in range(count)]


def good(layout: Layout = DUTCH) -> list[str]:
    """Return their lines."""
    return [row(each, layout) for each in quarters()]


def imported(folder: Path, content: bytes, name: str = "export.csv") -> dict[int, int]:
    """Return the Wh imported in each hour."""
    return thousandths(known(folder, content, IMPORT, name).hours)


def refused(folder: Path, content: bytes, name: str = "export.csv") -> ExportError:
    """Return why a file is refused."""
    with pytest.raises(ExportError) as caught:
        matches(read(folder, content, name))
    return caught.value
