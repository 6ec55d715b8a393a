"""Whole streams of the field, read once more with nothing of the code under test."""

from decimal import Decimal
from pathlib import Path
import re

import pytest

from custom_components.emucs.port import Reader
from tests.port.wire import crc16
from tests.support import SHARED

STREAMS = SHARED / "streams"
QUANTITY = re.compile(r"^(\d-\d:\d+\.\d+\.\d+)\((?:\d{12}[SW]\)\()?([\d.]+)\*\w+\)", re.MULTILINE)


def values_of(path: Path) -> list[dict[str, str]]:
    """Return the numbers of all telegrams of a stream whose checksum is right."""
    frames = re.findall(rb"(/[^/!]{3,}?!)([0-9A-Fa-f]{4})\r\n", path.read_bytes())
    right = [text.decode() for text, checksum in frames if crc16(text) == int(checksum, 16)]
    return [dict(QUANTITY.findall(text)) for text in right]


@pytest.mark.skipif(not STREAMS.is_dir(), reason="the streams are not part of the project")
@pytest.mark.parametrize("size", [1, 61, 1024, 1_000_000])
@pytest.mark.parametrize("path", sorted(STREAMS.glob("*.txt")), ids=lambda path: path.stem)
def test_streams_in_any_chunks(path: Path, size: int) -> None:
    expected, stream = values_of(path), path.read_bytes()
    reader = Reader()
    found = [telegram for at in range(0, len(stream), size) for telegram in reader.feed(stream[at : at + size])]
    assert len(found) == len(expected) > 50
    for telegram, values in zip(found, expected, strict=True):
        for code, number in values.items():
            assert telegram.registers[code].value == Decimal(number)
