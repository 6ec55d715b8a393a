"""No file of the repository may identify machines, access points or meters."""

from collections.abc import Iterable, Iterator
from pathlib import Path
import re
import subprocess

import pytest

from tests.support import FIELD_TELEGRAMS

ROOT = Path(__file__).parents[1]
MACHINE = re.compile(
    r"""(?:^|[^\w.])/(?:root|work|farm|home)/[a-z] | index[-_]url\b | registry["']?\s*[=:]\s*["']?https?:""",
    re.IGNORECASE | re.VERBOSE,
)
EAN = re.compile(r"(?<!\d)54\d{16}(?!\d)")
EAN_IN_HEX = re.compile(r"(?<![0-9A-Fa-f])3534(?:3\d){16}(?![0-9A-Fa-f])")
INVENTED_EAN = re.compile(r"00000|123456789")
HEX_ID = re.compile(rb"\(((?:[0-9A-F]{2}){10,24})\)")


def tracked_texts() -> Iterator[tuple[str, str]]:
    """Yield every text file under version control: its name and its content."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout  # noqa: S607 -- whichever git this host has
    for name in filter(None, names.split("\0")):
        path = ROOT / name
        if path.is_file() and b"\0" not in (content := path.read_bytes()):
            yield name, content.decode()


def offences(patterns: Iterable[re.Pattern[str]]) -> list[str]:
    """Return where tracked files match a pattern."""
    return [
        f"{name}: {match[0]}"
        for name, text in tracked_texts()
        for pattern in patterns
        for match in pattern.finditer(text)
    ]


def test_no_file_names_a_machine() -> None:
    assert offences([MACHINE]) == []


def test_no_file_names_a_real_access_point() -> None:
    real = []
    for offence in offences([EAN, EAN_IN_HEX]):
        name, _, ean = offence.rpartition(": ")
        plain = bytes.fromhex(ean).decode() if EAN_IN_HEX.fullmatch(ean) else ean
        if not INVENTED_EAN.search(plain):
            real.append(f"{name}: {ean}")
    assert real == []


@pytest.mark.skipif(not FIELD_TELEGRAMS.is_dir(), reason="the field telegrams are not part of the repository")
def test_no_file_has_an_identifier_of_a_field_telegram() -> None:
    contents = [path.read_bytes() for path in FIELD_TELEGRAMS.iterdir() if path.is_file()]
    in_hex = {match.decode() for content in contents for match in HEX_ID.findall(content)}
    assert in_hex
    # Some meters print texts in hex that are nobody's own, such as their version.
    identifiers = {text for text in in_hex if len(set(text)) > 3}
    found = [
        f"{name}: {identifier}"
        for name, text in tracked_texts()
        for identifier in identifiers
        if identifier in text.upper()
    ]
    assert found == []
