"""Telegrams without what tells whose meter it is."""

from datetime import UTC, datetime

import pytest

from custom_components.emucs.port import (
    Reader,
    Register,
    Telegram,
    anonymise,
    is_private,
    is_public,
    is_public_identification,
    redact,
)
from tests.fuzz.privacy import check_damage
from tests.port.wire import received, sent
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
        if is_public(code, register):
            assert after.registers[code] == register
        elif register.value is not None:
            assert after.registers[code].value != register.value
        # All that a telegram says without a number of its own.
        assert is_private(code) or is_public(code, register)
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


# Whatever is no quantity

SERIAL = "K7QWXZ3PD5HV2M"
CODED = SERIAL.encode().hex().upper()


@pytest.mark.parametrize(
    "line",
    [
        f"0-0:96.1.1({CODED})",
        f"0-0:96.1.1({CODED}",
        f"0-0:96.1.1{CODED})",
        f"0-0:96.1.1({CODED[:12]}\r{CODED[12:]})",
        f"0-0:96.1.255*255({SERIAL})",
        f"0-7:96.1.9({SERIAL})",
        f"0-0:96.13.0({CODED}\r\n{CODED})",
        f"0-0:96.13.1(for {SERIAL} alone)",
        f"1-0:1.7.0({SERIAL})",
        f"1-0:1.7.0(01.234*{SERIAL})",
        f"1-0:99.9.9({SERIAL})",
        f"0-0:96.14.0({SERIAL})",
        f"0-0:98.1.0(1)({SERIAL})",
        f"{SERIAL}",
        f"({SERIAL})",
        f"what is {SERIAL}?",
        f"P.01({SERIAL})",
        f"C.1.0({SERIAL})",
    ],
)
def test_no_serial_is_shown_wherever_it_stands(line: str) -> None:
    for telegram in (
        sent("1-0:1.7.0(01.234*kW)", line),
        sent("1-0:1.7.0(01.234*kW)", line).replace(b"01.234", b"1.234"),
    ):
        frame = telegram[:-2]
        recorded = anonymise(frame)
        for shown in ("\n".join(redact(frame, "(hidden)")), recorded.decode("latin-1")):
            for text in (SERIAL, CODED):
                assert not [text[at : at + 6] for at in range(len(text) - 5) if text[at : at + 6] in shown], shown
        [read] = Reader().feed(recorded + b"\r\n")
        assert read.registers["1-0:1.7.0"].value is not None


@pytest.mark.parametrize(
    ("text", "shown", "shown_if_broken"),
    [
        (r"FLU5\253770234_A", True, True),
        (r"ISk5\2MIE5T-200", True, True),
        (r"Ene5\T210-D ESMR5.0", True, True),
        ("KFM5KAIFA-METER", True, False),
        ("NWA-WARMTELINK", True, False),
        ("HLY5/D545-METER", True, True),
        ("WSE5Wasion--Meter---", True, False),
        ("XMX5LGBBFG1000000017", False, False),
        ("KMP5 ZABF000000000017", False, False),
        (r"GRE5\12000001_A", False, False),
        ("253769484", False, False),
        ("1SAG3100000017", False, False),
    ],
)
def test_an_identification_with_a_number_of_its_own(text: str, *, shown: bool, shown_if_broken: bool) -> None:
    assert is_public_identification(text) == shown
    assert is_public_identification(text, is_whole=False) == shown_if_broken
    frame = sent("1-0:1.7.0(01.234*kW)", header=f"/{text}")[:-2]
    assert (redact(frame, "(hidden)")[0] == f"/{text}") == shown
    [read] = Reader().feed(anonymise(frame) + b"\r\n")
    assert (read.identification == text) == shown
    assert len(read.identification) == len(text)


def test_a_long_number_of_a_broken_telegram_may_be_that_of_another_line() -> None:
    frame = sent("1-0:1.8.1(012345.678*kWh)", "0-0:1.0.0(260114180700W)", "1-0:1.7.0(01.234*kW)")[:-2]
    assert redact(frame, "(hidden)")[1:4] == [
        "1-0:1.8.1(012345.678*kWh)",
        "0-0:1.0.0(260114180700W)",
        "1-0:1.7.0(01.234*kW)",
    ]
    assert redact(frame.replace(b"01.234", b"81.234"), "(hidden)")[1:4] == [
        "1-0:1.8.1(######.678*kWh)",
        "0-0:1.0.0(############W)",
        "1-0:1.7.0(81.234*kW)",
    ]


@pytest.mark.parametrize("frame", [b"", b"/", b"!", b"/X", b"x!y!z", b"\r\n\0", b"/X\r\n!1234\r\n!"])
def test_anything_can_be_shown(frame: bytes) -> None:
    redact(frame, "(hidden)")
    anonymise(frame)


def test_registers_without_a_value_or_with_a_plain_one() -> None:
    telegram = received("0-0:96.14.0(TARIFF 1)", "0-0:96.1.4(3231313130)", "1-0:99.9.9(12345)", "1-0:99.9.8(1*kW)")
    shown = {code: is_public(code, register) for code, register in telegram.registers.items()}
    assert shown == {"0-0:96.14.0": True, "0-0:96.1.4": True, "1-0:99.9.9": False, "1-0:99.9.8": True}
    assert is_public("0-0:96.1.1", Register(None))


def test_no_identifier_survives_any_damage() -> None:
    # All of 100,000 by `python -m tests.fuzz --privacy`.
    check_damage(800, seed=3)
