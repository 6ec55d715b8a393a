"""Codes with letters, as reduced codes have them for service entries, errors, lists and profiles (IEC 62056-21)."""

from decimal import Decimal

import pytest

from custom_components.emucs.port import Drop, Reader, Register, is_private
from tests.port.wire import received, sent

KEPT = "0-0:96.14.0(0001)"


def test_codes_with_letters_are_kept_as_they_are() -> None:
    printed = {
        "F.F": ("00000000", "00000000"),
        "C.1.0": ("0012345678", "0012345678"),
        "C.1.1": ("", None),
        "C.7.1": ("00003", "00003"),
        "C.5.0": ("6402F0", "6402F0"),
        "L.1.0": ("2601", Decimal(2601)),
        "P.01": ("0260114120000)(00)(15", "(0260114120000)(00)(15)"),
        "0.9.1": ("120000", "120000"),
        "C.1.0*01": ("7", "7"),
    }
    reader = Reader()
    lines = (f"{code}({text})" for code, (text, _) in printed.items())
    [telegram] = reader.feed(sent(*lines, "1.8.0(0012.345*MWh)", header=r"/TST5\A1"))
    assert not any(reader.dropped.values())
    for code, (_, value) in printed.items():
        key = "0-0:0.9.1" if code == "0.9.1" else code
        assert telegram.registers[key] == Register(value), code
    assert telegram.registers["1-0:1.8.0"] == Register(Decimal("12.345"), "MWh")
    assert telegram.meter_id == "0012345678"


def test_a_serial_number_that_only_a_letter_tells() -> None:
    assert received("0.0.0(11111111)", "C.1.0(22222222)").meter_id == "22222222"
    assert received("C.1.0(22222222)", "0-0:96.1.0(33333333)").meter_id == "33333333"
    assert all(is_private(code) for code in ("C.1.0", "C.1.1*01", "0.0.0", "1-0:0.0.0"))
    assert not any(is_private(code) for code in ("F.F", "L.1.0", "0.9.1", "0-0:96.1.4"))


@pytest.mark.parametrize("line", ["X.1.0(1)", "C(1)", "C.(1)", "FF(1)", "C.1.0", "CC.1.0(1)", "C.1.0)(", "C.X(1)"])
def test_what_is_no_code(line: str) -> None:
    reader = Reader()
    [telegram] = reader.feed(sent(KEPT, line))
    assert list(telegram.registers) == ["0-0:96.14.0"]
    assert reader.dropped[Drop.LINE] == 1
