"""Why bytes are no telegrams: encrypted, without an end, or with line ends that nobody can restore."""

import pytest

from custom_components.emucs.port import Drop, Encrypted, Reader, WrongSpeed
from custom_components.emucs.port.diagnosis import diagnose
from tests.port.test_port_cases import CASES, in_place


@in_place
def test_encrypted_telegrams_of_any_length() -> None:
    paths = sorted(CASES.glob("F05*"))
    assert len(paths) == 4
    for path in paths:
        data = path.read_bytes()
        assert type(diagnose((data * 8)[:2048])) is Encrypted, path.name
        reader = Reader()
        assert reader.feed(data * 100) == []
        assert reader.dropped[Drop.CHECKSUM] == 0


TITLE = b"\xdb\x08KFM\x10\x00\x00\x00\x01"
COUNTER = b"\0\0\0\x17"
NOISE = bytes(range(0x80, 0xFF)) * 3


@pytest.mark.parametrize("length", [b"\x20", b"\x7f", b"\x81\x80", b"\x81\xf8", b"\x82\x01\x50", b"\x83\x00\x01\x50"])
@pytest.mark.parametrize("security", [0x10, 0x20, 0x30, 0x31, 0x32, 0x70, 0xB0])
@pytest.mark.parametrize(
    "around", [b"", b"\x68\xfa\xfa\x68\x53\xff\x00\x01\x67", b"\x7e\xa1\x0a\xcf\x02\x23\x13\x92\xe6\xe7\x00"]
)
def test_all_spellings_of_encryption(length: bytes, security: int, around: bytes) -> None:
    assert type(diagnose(around + TITLE + length + bytes([security]) + COUNTER + NOISE)) is Encrypted


@pytest.mark.parametrize("length", [b"\x05", b"\x80", b"\x81\x20", b"\x85\0\0\0\0\1"])
def test_what_is_no_length_is_noise(length: bytes) -> None:
    assert type(diagnose(TITLE + length + b"\x30" + COUNTER + NOISE)) is WrongSpeed
    assert type(diagnose(TITLE + b"\x82\x01\x50\x05" + COUNTER + NOISE)) is WrongSpeed
