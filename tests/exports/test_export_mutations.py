"""Damaged exports of every format: whatever is changed, the answer is values or a reason, never another error."""

from collections.abc import Callable
from datetime import date
import io
from pathlib import Path
from random import Random
import zipfile

import pytest

from custom_components.emucs.exports import REASONS, ExportError, match, metering_points, read_export
from tests.exports.exports import archive, gas_layout, lines as as_file, live, peak_rows, table
from tests.exports.reading import HERE
from tests.exports.sites import site
from virtual_meter.amr_exports import GAS_HEADER, HEADER, answer, csv_file, gas_rows, load_curve, row, workbook
from virtual_meter.amr_site import CHANNELS, ENERGY, VOLUME

_EACH = 120
_OUTSIDE = 0.2
_SMALL = 200
_WORDS = (
    *("", ";", "\n", "\r", '"', "=", "\0", "-1", "0,5", "1.5", "99999999999", "24:00:00", "26-10-2025", "30-03-2025"),
    *("Afname Actief", "Productie Inductief", "Piekvermogen", "Hulpverbruik Piekvermogen", "kVArh", "kWh", "m³", "kW"),
    *("Geschat", "Ongevalideerd", "KWT", "26102025 00:00", "null", "{", "[", "]", "}", "1e400", "NaN", "é", "\ufeff"),
    *("<row>", "</row>", "<c>", "</c>", "<v>7</v>", "<!DOCTYPE a>", "&a;", "subHeadpoints", "541400000000000097"),
    *("9" * 400, "x" * 400, "kW" + " " * 60 + "x"),
)


def _originals() -> dict[str, bytes]:
    """Return a short export of each format, of the night in which the clock is set back."""
    begin, end = date(2025, 10, 25), date(2025, 10, 28)
    house, amr = live(begin, end), site(begin, end)
    slots = [slot for channel in CHANNELS for slot in list(amr.slots(channel))[90:130]]
    gas = [line for channel in (VOLUME, ENERGY) for line in gas_rows(amr, channel)[20:30]]
    text = [HEADER, *(row(slot) for slot in slots[:80])]
    return {
        "home.csv": table(list(house.intervals())[180:260]),
        "gas.csv": csv_file(gas, GAS_HEADER),
        "home_gas.csv": table(list(house.intervals(3600, gas=True))[40:60], gas_layout()),
        "site.csv": csv_file(row(slot) for slot in slots),
        "Afname.csv": load_curve(amr, CHANNELS[0]),
        "peaks.csv": as_file(peak_rows({date(2025, 8, 1): 1713})),
        "site.json": answer(site(begin, date(2025, 10, 26)), CHANNELS[::3], shape="metering-on-headpoint-and-meter"),
        "one_cell.xlsx": workbook(text),
        "cells.xlsx": workbook(text, one_cell=False),
        "all.zip": archive({"a.csv": csv_file(gas, GAS_HEADER), "b.csv": csv_file(row(slot) for slot in slots[:40])}),
    }


def _bytes(content: bytes, random: Random) -> bytes:
    """Change bytes."""
    changed = bytearray(content)
    for _ in range(random.randint(1, 6)):
        changed[random.randrange(len(changed))] = random.randrange(256)
    return bytes(changed)


def _words(content: bytes, random: Random) -> bytes:
    """Put words where others were."""
    for _ in range(random.randint(1, 3)):
        start = random.randrange(len(content))
        end = min(len(content), start + random.choice((0, 1, 4, 10, 40)))
        content = content[:start] + random.choice(_WORDS).encode() + content[end:]
    return content


def _fields(content: bytes, random: Random) -> bytes:
    """Put words in place of whole fields."""
    for mark in (b";", b",", b">"):
        if mark in content:
            fields = content.split(mark)
            for _ in range(random.randint(1, 3)):
                fields[random.randrange(len(fields))] = random.choice(_WORDS).encode()
            return mark.join(fields)
    return content


def _pieces(content: bytes, random: Random) -> bytes:
    """Leave out a piece, double one, or put one elsewhere."""
    places = sorted(random.randrange(len(content)) for _ in range(3))
    first, second, third = content[: places[0]], content[places[0] : places[1]], content[places[1] :]
    return random.choice((first + third, first + second + second + third, second + first + third, first))


def _damaged(content: bytes, mutate: Callable[[bytes, Random], bytes], random: Random) -> bytes:
    """Return a damaged export; of an archive mostly one of the files in it, as its checksums find other damage."""
    if not content.startswith(b"PK") or random.random() < _OUTSIDE:
        return mutate(content, random)
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    name = random.choice([name for name, part in parts.items() if len(part) > _SMALL])
    return archive({**parts, name: mutate(parts[name], random)})


@pytest.fixture(scope="module")
def originals() -> dict[str, bytes]:
    """Return a short export of each format."""
    return _originals()


@pytest.mark.parametrize("mutate", [_bytes, _words, _fields, _pieces])
def test_a_damaged_export_gives_values_or_a_reason(
    originals: dict[str, bytes], tmp_path: Path, mutate: Callable[[bytes, Random], bytes]
) -> None:
    taken, reasons = set(), set()
    for name, content in originals.items():
        random = Random(f"{name} {mutate.__name__}")  # noqa: S311 -- damage, not secrets
        path = tmp_path / name
        path.write_bytes(content)
        assert metering_points(read_export(path))
        for _ in range(_EACH):
            path.write_bytes(_damaged(content, mutate, random))
            try:
                readings = read_export(path)
                metering_points(readings)
                taken.add(name)
                match(readings, HERE, {})
            except ExportError as error:
                reasons.add(error.reason)
    assert len(taken) > len(originals) // 2
    assert reasons <= REASONS
