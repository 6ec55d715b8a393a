"""Telegrams from the field, register by register, against their own text and against dsmr_parser."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
import re
from zoneinfo import ZoneInfo

from dsmr_parser import telegram_specifications
from dsmr_parser.objects import (
    CosemObject,
    DSMRObject,
    MbusDevice,
    MBusObject,
    MBusObjectPeak,
    Telegram as DsmrTelegram,
)
from dsmr_parser.parsers import TelegramParser
import pytest

from custom_components.emucs.port import Reader, Register, Telegram, meaning, parse_code
from tests.port.wire import crc16
from tests.support import FIELD_TELEGRAMS

FILES = sorted(FIELD_TELEGRAMS.glob("*.txt"))
pytestmark = pytest.mark.skipif(not FILES, reason="the field telegrams are not part of the project")
every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)

DIALECTS = {"lu": "LUXEMBOURG_SMARTY", "nl": "V5", "p1": "BELGIUM_FLUVIUS", "se": "SWEDEN"}
# What a line says, taken apart with nothing of the code under test.
QUANTITY = re.compile(r"(\d-\d:\d+\.\d+\.\d+)\(([-\d.]+)(?:\*(\w+))?\)")
TIMED = re.compile(r"(\d-\d:\d+\.\d+\.\d+)\((\d{12})([SW])\)\(([\d.]+)(?:\*(\w+))?\)")
IDENTIFIER = re.compile(r"\d-\d:(96\.1\.\d|42\.0\.0|0\.2\.8|0\.0\.0)\(")
PEAK = re.compile(r"\((\d{12})([SW])\)\((\d{12})([SW])\)\(([\d.]+)\*kW\)")
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
LIMITS = {"0-0:17.0.0": {"999.9", "99.999"}, "1-0:31.4.0": {"999", "999.99"}}


def telegram_of(path: Path) -> Telegram:
    reader = Reader()
    [telegram] = reader.feed(path.read_bytes())
    assert not any(reader.dropped.values())
    return telegram


def by_its_flag(text: str, flag: str) -> datetime:
    ahead = "+0200" if flag == "S" else "+0100"
    return datetime.strptime(text + ahead, "%y%m%d%H%M%S%z")


@every_file
def test_checksum(path: Path) -> None:
    data = path.read_bytes()
    end = data.index(b"\n!") + 2
    assert crc16(data[:end]) == int(data[end : end + 4], 16)


@every_file
def test_every_line_is_a_register(path: Path) -> None:
    lines = [line for line in path.read_text("ascii").splitlines()[1:-1] if line]
    assert [line.partition("(")[0] for line in lines] == list(telegram_of(path).registers)


@every_file
def test_every_number_is_as_printed(path: Path) -> None:
    registers = telegram_of(path).registers
    checked = 0
    for line in path.read_text("ascii").splitlines():
        match = QUANTITY.fullmatch(line)
        if match is None or IDENTIFIER.match(line) or line.startswith("0-0:1.0.0("):
            continue
        code, number, unit = match.groups()
        unset = number in LIMITS.get(code, ())
        assert registers[code] == Register(None if unset else Decimal(number), unit), line
        assert str(registers[code].value) == ("None" if unset else re.sub(r"^0+(?=\d)", "", number)), line
        checked += 1
    assert checked >= 12


@every_file
def test_every_timed_number_is_as_printed(path: Path) -> None:
    registers = telegram_of(path).registers
    for line in path.read_text("ascii").splitlines():
        if match := TIMED.fullmatch(line):
            code, time, flag, number, unit = match.groups()
            unset = time.startswith(("6325", "7001"))
            expected = Register(None, unit) if unset else Register(Decimal(number), unit, by_its_flag(time, flag))
            assert registers[code] == expected, line


@every_file
def test_every_quantity_has_a_meaning(path: Path) -> None:
    registers = telegram_of(path).registers
    codes = {code: parse_code(code) for code, register in registers.items() if register.unit}
    found = [meaning(code, registers[text].unit) for text, code in codes.items() if code]
    assert len(found) == len(codes) >= 10
    assert None not in found
    assert len(set(found)) == len(found)


@every_file
def test_identifiers_are_decoded(path: Path) -> None:
    registers = telegram_of(path).registers
    for line in path.read_text("ascii").splitlines():
        code, _, text = line.rstrip(")").partition("(")
        if IDENTIFIER.match(line) and not text.strip("0"):
            # 1-0:0.0.0 is text as it is.
            assert registers[code].value == (text if code == "1-0:0.0.0" else None)
        elif IDENTIFIER.match(line):
            assert registers[code].value == (bytes.fromhex(text).decode("ascii") if len(text) > 18 else text)


def objects(parsed: DsmrTelegram) -> Iterator[DSMRObject]:
    """Walk all objects of a telegram of dsmr_parser."""
    for _, value in parsed:
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, MbusDevice):
                yield from (item for _, item in each)
            else:
                yield each


@every_file
def test_dsmr_parser_agrees(path: Path) -> None:
    specification = getattr(telegram_specifications, DIALECTS[path.name[:2]])
    parser = TelegramParser(specification)
    text = path.read_bytes().decode("ascii")
    # It knows upper-case checksums only.
    parsed = parser.parse(text[:-6] + text[-6:].upper())
    telegram = telegram_of(path)

    agreed = 0
    for entry in specification["objects"]:
        codes = [code for code in telegram.registers if re.match(entry["obis_reference"], f"{code}(\r\n")]
        if len(codes) != 1 or entry["value_name"] == "BELGIUM_MAXIMUM_DEMAND_13_MONTHS":
            # Several codes for one name: it keeps the last one only, as with relays that overwrite the breaker.
            continue
        [code] = codes
        ours = telegram.registers[code]
        theirs = parsed.get(entry["obis_reference"])
        if not isinstance(theirs, CosemObject | MBusObject):
            continue
        if isinstance(theirs.value, datetime):
            assert ours.time == theirs.value, code
        elif isinstance(theirs.value, Decimal | int):
            if ours.value is None:
                # It takes what means "not limited" and "never read" for numbers.
                assert str(theirs.value) in LIMITS.get(code, {"0", "0E-3", "0.000"}), code
                continue
            if ours.text is not None:
                assert entry["value_name"] == "Q3D_EQUIPMENT_IDENTIFIER"
                continue
            assert ours.number == theirs.value, code
            assert ours.unit == theirs.unit, code
            if isinstance(theirs, MBusObject):
                assert ours.time == theirs.datetime, code
        agreed += 1
    assert agreed >= 12


@every_file
def test_month_peaks_are_as_printed(path: Path) -> None:
    printed = {
        (by_its_flag(end, end_flag), by_its_flag(time, time_flag), Decimal(value))
        for end, end_flag, time, time_flag, value in PEAK.findall(path.read_text("ascii"))
        if not time.startswith("6325")
    }
    ours = telegram_of(path).demand_history
    assert set(ours) == printed
    assert list(ours) == sorted(ours)


def on_the_wall(time: datetime) -> datetime:
    return time.replace(tzinfo=None)


@every_file
def test_dsmr_parser_agrees_on_month_peaks(path: Path) -> None:
    text = path.read_bytes().decode("ascii")
    parsed = TelegramParser(telegram_specifications.BELGIUM_FLUVIUS, apply_checksum_validation=False).parse(text)
    theirs = {
        (*(on_the_wall(time.astimezone(AMSTERDAM)) for time in (each.datetime, each.occurred)), each.value)
        for each in objects(parsed)
        if isinstance(each, MBusObjectPeak) and each.occurred is not None
    }
    # On what clocks showed: where a flag contradicts the season, as in one of these, it is an hour off.
    ours = telegram_of(path).demand_history
    assert {(on_the_wall(month.period_end), on_the_wall(month.time), month.value) for month in ours} == theirs


@every_file
def test_dsmr_parser_agrees_on_channels(path: Path) -> None:
    specification = getattr(telegram_specifications, DIALECTS[path.name[:2]])
    parsed = TelegramParser(specification, apply_checksum_validation=False).parse(path.read_bytes().decode("ascii"))
    channels = telegram_of(path).channels
    theirs = {
        device.channel_id: dict(device)
        for device in getattr(parsed, "MBUS_DEVICES", [])
        # Relays 0-n:96.3.10 and a channel with an empty identifier alone are devices to it.
        if {"MBUS_DEVICE_TYPE", "DEVICE_TYPE"} & set(dict(device))
    }
    assert set(channels) == set(theirs)
    for number, device in theirs.items():
        channel = channels[number]
        assert channel.device_type == (device.get("MBUS_DEVICE_TYPE") or device["DEVICE_TYPE"]).value
        if valve := device.get("MBUS_VALVE_POSITION"):
            assert channel.valve == valve.value
        reading = device["MBUS_METER_READING"]
        assert channel.reading is not None
        if reading.datetime is None or reading.datetime.year < 2000:
            # Never read; it gives the zero that is printed.
            assert channel.reading.value is None
        else:
            assert channel.reading == Register(reading.value, reading.unit, channel.reading.time)
            assert channel.reading.time == reading.datetime


def test_where_dsmr_parser_is_wrong() -> None:
    path = FIELD_TELEGRAMS / "p1-2.1.1-three-phase-gas-water.txt"
    parsed = TelegramParser(telegram_specifications.BELGIUM_FLUVIUS).parse(path.read_bytes().decode("ascii"))
    telegram = telegram_of(path)
    # The relays' states are not the breaker's, and relays are no M-Bus meters.
    assert parsed.ACTUAL_SWITCH_POSITION.value == 0
    assert [device.channel_id for device in parsed.MBUS_DEVICES] == [1, 2, 3, 4]
    assert telegram.registers["0-0:96.3.10"].value == 1
    assert [telegram.registers[f"0-{number}:96.3.10"].value for number in range(1, 5)] == [0, 0, 0, 0]
    assert set(telegram.channels) == {1, 2}
    # The flag says what the clock showed: this meter's was on summer time in March.
    assert parsed.BELGIUM_MAXIMUM_DEMAND_13_MONTHS[1].occurred == datetime(2020, 3, 5, 11, 21, 39, tzinfo=UTC)
    assert telegram.demand_history[1].time == datetime(2020, 3, 5, 10, 21, 39, tzinfo=UTC)
    # It has no name for the grid, and no place for what it has no name for.
    assert telegram.registers["1-0:94.32.1"].value == 400


EXPECTED = {
    "p1-1.7-delta-230v-water-first-lowercase-crc": ("50217", {1: 7, 2: 3}),
    "p1-2.1.1-three-phase-gas-water": ("50221", {1: 3, 2: 7}),
    "p1-iskraemeco-ie5-single-phase": (None, {}),
    "nl-dsmr-5-two-gas-channels": ("50", {1: 3, 2: 3}),
    "lu-smarty-decrypted": ("42", {1: 3, 2: 7, 3: 7, 4: 3}),
    "se-h1": (None, {}),
}


@pytest.mark.parametrize(("name", "expected"), EXPECTED.items(), ids=EXPECTED.keys())
def test_version_and_channels(name: str, expected: tuple[str | None, dict[int, int]]) -> None:
    telegram = telegram_of(FIELD_TELEGRAMS / f"{name}.txt")
    types = {number: channel.device_type for number, channel in telegram.channels.items()}
    assert (telegram.version, types) == expected


def test_a_telegram_without_flags_is_local_time() -> None:
    telegram = telegram_of(FIELD_TELEGRAMS / "p1-iskraemeco-ie5-single-phase.txt")
    assert telegram.time == datetime(2024, 4, 5, 13, 49, 53, tzinfo=UTC)
    assert telegram.meter_id == "91318546"
