"""Telegrams without what tells whose meter it is."""

from datetime import UTC, datetime

import pytest

from custom_components.emucs.port import Reader, Telegram, anonymise, is_private
from tests.support import FIELD_TELEGRAMS
from virtual_meter import PROFILES, VirtualMeter

START = datetime(2026, 1, 14, 17, 7, tzinfo=UTC)
SAMPLES = [
    *(pytest.param(VirtualMeter(profile, seed=7, start=START).telegram(), id=profile) for profile in PROFILES),
    *(pytest.param(path.read_bytes(), id=path.stem) for path in sorted(FIELD_TELEGRAMS.glob("*.txt"))),
]


def read(telegram: bytes) -> Telegram:
    (found,) = Reader().feed(telegram)
    return found


@pytest.mark.parametrize("sample", SAMPLES)
def test_everything_else_stays(sample: bytes) -> None:
    before = read(sample)
    after = read(anonymise(before.frame) + b"\r\n")
    assert after.identification == before.identification
    assert after.registers.keys() == before.registers.keys()
    for code, register in before.registers.items():
        if not is_private(code):
            assert after.registers[code] == register
        elif register.value is not None:
            assert after.registers[code].value != register.value
    assert after.channels.keys() == before.channels.keys()
    assert len(anonymise(before.frame)) == len(before.frame)


@pytest.mark.parametrize("sample", SAMPLES)
def test_identifiers_are_gone_and_still_tell_meters_apart(sample: bytes) -> None:
    before = read(sample)
    text = anonymise(before.frame)
    known = [before.meter_id, *(channel.id for channel in before.channels.values())]
    known = [identifier for identifier in known if identifier]
    for identifier in known:
        assert identifier.encode() not in text
        assert identifier.encode().hex().upper().encode() not in text.upper()
    after = read(text + b"\r\n")
    invented = [after.meter_id, *(channel.id for channel in after.channels.values())]
    invented = [identifier for identifier in invented if identifier]
    assert len(set(invented)) == len(invented) == len(known)


def test_messages_are_blank_and_versions_stay() -> None:
    frame = b"/FLU5\\1\r\n\r\n0-0:96.1.4(50217)\r\n0-0:96.13.0(48656C6C6F)\r\n0-0:96.1.1()\r\n!"
    assert anonymise(frame) == b"/FLU5\\1\r\n\r\n0-0:96.1.4(50217)\r\n0-0:96.13.0()\r\n0-0:96.1.1()\r\n!"


def test_a_broken_line_stays() -> None:
    assert anonymise(b"/FLU5\\1\r\n0-0:96.1.1\r\n!") == b"/FLU5\\1\r\n0-0:96.1.1\r\n!"
