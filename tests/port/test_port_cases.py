"""Telegrams that broke readers in the field: what each of them says, or why it is not read."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from custom_components.emucs.port import (
    Channel,
    Drop,
    LineEnds,
    Meaning,
    MonthDemand,
    NoEnd,
    NoTelegram,
    PortError,
    Reader,
    Register,
    Telegram,
    anonymise,
    meaning,
    parse_code,
    redact,
    switch_state_of,
    tariff_of,
)
from custom_components.emucs.port.diagnosis import diagnose
from tests.fuzz.target import crc16_x25
from tests.port.wire import body, received, sent
from tests.support import SHARED

CASES = SHARED / "cases" / "port"
STREAMS = SHARED / "streams"
in_place = pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not part of the project")

WINTER = timezone(timedelta(hours=1))
SUMMER = timezone(timedelta(hours=2))


def read_case(name: str) -> tuple[Telegram, Reader]:
    """Return the only telegram of a case, and who read it."""
    [path] = CASES.glob(f"{name}-*")
    reader = Reader()
    [telegram] = reader.feed(path.read_bytes())
    return telegram, reader


def meaning_of(telegram: Telegram, code: str) -> Meaning | None:
    parsed = parse_code(code)
    return None if parsed is None else meaning(parsed, telegram.registers[code].unit)


@in_place
def test_every_case_is_read_or_has_its_reason() -> None:
    for path in sorted(CASES.glob("*.txt")):
        telegrams = Reader().feed(path.read_bytes())
        assert len(telegrams) == (0 if path.name.startswith("C09") else 1), path.name


# Framing


@in_place
@pytest.mark.parametrize(
    ("case", "identification", "heat"),
    [("F01", "NWA-WARMTELINK", "55.952"), ("F01b", "AUR2NWA-MYRSKY", "0.477")],
)
def test_heat_meters_with_identifications_of_their_own(case: str, identification: str, heat: str) -> None:
    telegram, reader = read_case(case)
    assert telegram.identification == identification
    assert telegram.channels[1].device_type == 4
    assert telegram.channels[1].reading == Register(Decimal(heat), "GJ", telegram.time)
    assert not any(reader.dropped.values())


@in_place
@pytest.mark.parametrize(("case", "truncated"), [("C04", 0), ("C04b", 0), ("C04c", 1)])
def test_another_checksum_and_a_telegram_that_begins_in_a_message(case: str, truncated: int) -> None:
    telegram, reader = read_case(case)
    assert telegram.identification == "HLY5/D545-METER"
    assert telegram.registers["1-0:1.8.0"] == Register(Decimal("3668.743"), "kWh")
    assert telegram.registers["1-0:15.8.0"] == Register(Decimal("7137.694"), "kWh")
    assert telegram.registers["0-0:96.13.0"] == Register(None)
    assert telegram.time == datetime(2022, 2, 3, 11, 38, 15, tzinfo=WINTER)
    assert {reason: count for reason, count in reader.dropped.items() if count} == (
        {Drop.TRUNCATED: truncated} if truncated else {}
    )


X25 = body("1-0:1.7.0(01.234*kW)")
X25 += b"%04X\r\n" % crc16_x25(X25)


def test_either_checksum_until_the_usual_one_was_right() -> None:
    other = sent("1-0:1.7.0(05.678*kW)")
    reader = Reader()
    assert len(reader.feed(X25 + X25)) == 2
    # A wrong checksum is wrong in both.
    assert reader.feed(X25.replace(b"01.234", b"01.235")) == []
    assert len(reader.feed(other)) == 1
    assert reader.feed(X25) == []
    assert reader.dropped[Drop.CHECKSUM] == 2
    # As well where it comes in one piece.
    assert Reader().feed(other + X25)[1:] == []


@in_place
def test_telegrams_without_an_end_are_not_read_and_that_is_said() -> None:
    stream = next(CASES.glob("C09-*")).read_bytes()
    reader = Reader()
    assert reader.feed(stream * 3) == []
    error = diagnose(stream)
    assert type(error) is NoEnd
    assert (error.reason, str(error)) == ("no_end", "no_end")
    # One alone may just not be complete.
    assert type(diagnose(stream[:120])) is NoTelegram


@pytest.mark.parametrize(
    ("sample", "kind"),
    [
        (body("1-0:1.7.0(01.234*kW)", "1-0:2.7.0(01.234*kW)")[:-1].replace(b"\r\n", b"") * 2, LineEnds),
        (body("1-0:1.7.0(01.234*kW)", "1-0:2.7.0(01.234*kW)").replace(b")\r\n", b") ")[:-3], LineEnds),
        (body("1-0:1.7.0(01.234*kW)")[:-1] * 3, NoEnd),
        (b"hello\rthere\r" * 5, NoTelegram),
    ],
)
def test_what_is_wrong_with_text(sample: bytes, kind: type[PortError]) -> None:
    assert type(diagnose(sample)) is kind


# Values


@in_place
def test_a_clock_in_octets_and_channels_without_a_meter() -> None:
    telegram, reader = read_case("C02")
    assert telegram.time == datetime(2024, 6, 28, 10, 43, 43, tzinfo=SUMMER)
    assert telegram.registers["0-0:1.0.0"] == Register("07E8061C050A2B2B00FF8880", time=telegram.time)
    assert telegram.meter_id == "12000001"
    assert telegram.channels == {}
    assert telegram.registers["0-1:24.2.1"] == Register(None)
    assert tariff_of(telegram.registers["0-0:96.14.0"]) == 1
    assert not any(reader.dropped.values())


@pytest.mark.parametrize(
    ("octets", "time"),
    [
        ("07E8061C050A2B2B00FF8880", datetime(2024, 6, 28, 10, 43, 43, tzinfo=SUMMER)),
        ("07ea0105010c000000ffc400", datetime(2026, 1, 5, 12, tzinfo=WINTER)),
        # Without what it is ahead of UTC it is local.
        ("07EA0714020C0000FF8000FF", datetime(2026, 7, 20, 12, tzinfo=SUMMER)),
        ("07EA0105010C00000000003C", datetime(2026, 1, 5, 12, tzinfo=UTC)),
    ],
)
def test_times_in_octets(octets: str, time: datetime) -> None:
    telegram = received(f"0-0:1.0.0({octets})", f"1-0:1.6.0({octets})(01.000*kW)")
    assert telegram.time == time
    assert telegram.time is not None
    assert telegram.time.utcoffset() == time.utcoffset()
    assert telegram.registers["1-0:1.6.0"] == Register(Decimal("1.000"), "kW", time)


@pytest.mark.parametrize("octets", ["FFFFFFFFFFFFFFFFFFFFFFFF", "FFFF0105010C000000FFC400"])
def test_octets_that_were_never_written(octets: str) -> None:
    assert received(f"0-0:1.0.0({octets})").registers["0-0:1.0.0"] == Register(None)


@pytest.mark.parametrize("octets", ["07EA0D05010C000000FFC400", "07EA01050119000000FFC400", "07EA0105010C0000001FFF00"])
def test_octets_that_are_no_time(octets: str) -> None:
    reader = Reader()
    reader.feed(sent("1-0:1.7.0(1*kW)", f"0-0:1.0.0({octets})"))
    assert reader.dropped[Drop.LINE] == 1


@in_place
def test_what_stands_behind_a_star_is_no_unit_for_that() -> None:
    telegram, _ = read_case("C03")
    assert telegram.registers["1-1:31.4.0"] == Register("100.0*A,-100.0*A")
    assert meaning_of(telegram, "1-1:31.4.0") is None
    assert telegram.registers["1-0:1.8.1"] == Register(Decimal("301.548"), "kWh")


@pytest.mark.parametrize("unit", ["A,-100.0*A", "foo", "kW kW", "k W", "=1+1", "kWhh", "*", "kWh*kWh"])
def test_units_are_known_or_none(unit: str) -> None:
    assert received(f"1-0:1.7.0(01.5*{unit})").registers["1-0:1.7.0"] == Register(f"01.5*{unit}")
    assert received(f"1-0:1.6.0(260114120000W)(01.5*{unit})").registers["1-0:1.6.0"].number is None


@pytest.mark.parametrize("unit", ["kWh ", " kWh", "kWh\t", "KWH", "kwh"])
def test_units_with_blanks_and_in_any_case(unit: str) -> None:
    assert received(f"1-0:1.8.0(01.5*{unit})").registers["1-0:1.8.0"] == Register(Decimal("1.5"), unit.strip())


@in_place
def test_codes_of_channel_one() -> None:
    telegram, reader = read_case("C05")
    assert telegram.registers["1-1:1.8.1"] == Register(Decimal("1595.070"), "kWh")
    assert telegram.registers["1-1:1.6.0"] == Register(
        Decimal("15.206"), "kW", datetime(2025, 3, 15, 1, 45, tzinfo=WINTER)
    )
    found = meaning_of(telegram, "1-1:1.8.1")
    assert found is not None
    assert (found.channel, found.tariff) == (1, 1)
    assert telegram.registers["0-0:96.1.2"] == Register(None)
    assert (telegram.meter_id, telegram.identification) == (None, r"GRE5\12000001_A")
    assert telegram.demand_history == ()
    assert not any(reader.dropped.values())


@in_place
def test_a_gas_meter_that_never_was() -> None:
    telegram, _ = read_case("C06")
    assert telegram.registers["0-1:24.2.1"] == Register(None)
    assert telegram.channels == {1: Channel(3, None, None, Register(None))}
    assert telegram.meter_id == "E0031000000000017"


@pytest.mark.parametrize(
    "time", ["000101000000W", "000101010000W", "000101000000", "700101000000W", "632525252525W", ""]
)
@pytest.mark.parametrize("value", ["00000000.0000", "00000.000*m3", "0", ""])
def test_readings_that_were_never_made(time: str, value: str) -> None:
    telegram = received(
        "0-1:24.1.0(003)", f"0-1:24.2.1({time})({value})", f"1-0:1.6.0({time})({value.replace('m3', 'kW')})"
    )
    assert telegram.registers["0-1:24.2.1"].value is None
    assert telegram.registers["1-0:1.6.0"].value is None
    assert telegram.registers["0-1:24.2.1"].time is None


def test_a_clock_that_began_anew_still_reads() -> None:
    # Not zero: so something was read.
    telegram = received("0-0:1.0.0(000101120000W)", "0-1:24.2.1(000101000000W)(00123.000*m3)")
    assert telegram.time == datetime(2000, 1, 1, 12, tzinfo=WINTER)
    assert telegram.registers["0-1:24.2.1"].value == 123
    assert received("0-1:24.2.1(000102000000W)(00000.000*m3)").registers["0-1:24.2.1"].value == 0


def test_a_reading_of_nothing_in_one_bracket() -> None:
    assert received("0-1:24.2.1(0)").registers["0-1:24.2.1"] == Register(None)
    assert received("0-1:24.2.1(00000.000*m3)").registers["0-1:24.2.1"] == Register(Decimal("0.000"), "m3")


@in_place
def test_words_for_a_tariff_and_a_breaker() -> None:
    telegram, _ = read_case("C07")
    assert telegram.registers["0-0:96.14.0"] == Register("TARIFF 1")
    assert tariff_of(telegram.registers["0-0:96.14.0"]) == 1
    assert switch_state_of(telegram.registers["0-0:96.3.10"]) == 1
    assert telegram.registers["0-0:17.0.0"].number_in("kW") == 24
    assert telegram.meter_id == "WSE1012400000017"


@pytest.mark.parametrize(
    ("value", "tariff"),
    [
        (Decimal(1), 1),
        (Decimal(2), 2),
        (Decimal(63), 63),
        (Decimal(5431), 1),
        ("TARIFF 2", 2),
        ("T4", 4),
        ("tariff 03", 3),
        (Decimal(0), None),
        (Decimal(64), None),
        (Decimal(5432123), None),
        (Decimal("1.5"), None),
        ("HIGH", None),
        ("TARIFF", None),
        ("", None),
        (None, None),
    ],
)
def test_tariffs(value: Decimal | str | None, tariff: int | None) -> None:
    assert tariff_of(Register(value)) == tariff
    assert tariff_of(None) is None


@pytest.mark.parametrize(
    ("value", "state"),
    [
        (Decimal(0), 0),
        (Decimal(1), 1),
        (Decimal(2), 2),
        ("ON", 1),
        ("off", 0),
        (Decimal(3), None),
        ("?", None),
        (None, None),
    ],
)
def test_states_of_switches(value: Decimal | str | None, state: int | None) -> None:
    assert switch_state_of(Register(value)) == state
    assert switch_state_of(None) is None


@in_place
def test_a_message_over_two_lines() -> None:
    telegram, reader = read_case("C08")
    # What looks like a tag of HTML is taken out of all text.
    assert telegram.registers["0-0:96.13.0"] == Register("0123456789:; ?0123456789:; ?")
    assert telegram.registers["1-0:1.7.0"] == Register(Decimal("0.338"), "kW")
    assert not any(reader.dropped.values())


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["0-0:96.13.0(48656C", "6C6F)"], "Hello"),
        (["0-0:96.13.0(48", "65", "6C6C", "6F", ")"], "Hello"),
        (["0-0:96.13.0(Work on", "Monday", "at nine)"], "Work on Monday at nine"),
        (["0-0:96.13.0(48656C6C6F)"], "Hello"),
    ],
)
def test_messages_over_several_lines(lines: list[str], message: str) -> None:
    reader = Reader()
    for _ in range(2):
        [telegram] = reader.feed(sent("1-0:1.7.0(01.000*kW)", *lines, "1-0:2.7.0(02.000*kW)"))
        assert telegram.registers["0-0:96.13.0"] == Register(message)
        assert telegram.registers["1-0:2.7.0"].value == 2
    assert not any(reader.dropped.values())


@pytest.mark.parametrize(
    ("lines", "malformed"),
    [
        (["0-0:96.1.1(4530303331"], 1),
        (["0-0:96.1.1(4530303331", "noise"], 2),
        (["noise", "48656C6C6F)"], 2),
        (["0-0:96.13.0(486", "1-0:1.8.0(1*kWh)", "56C)"], 2),
    ],
)
def test_lines_that_never_end(lines: list[str], malformed: int) -> None:
    reader = Reader()
    [telegram] = reader.feed(sent("1-0:1.7.0(01.000*kW)", *lines, "1-0:2.7.0(02.000*kW)"))
    assert telegram.registers["1-0:2.7.0"].value == 2
    assert reader.dropped[Drop.LINE] == malformed


@in_place
def test_a_month_peak_in_watts() -> None:
    telegram, _ = read_case("F11")
    assert telegram.demand_history == (
        MonthDemand(
            datetime(2023, 2, 1, tzinfo=WINTER), datetime(2023, 1, 17, 22, 45, tzinfo=WINTER), Decimal("4.329")
        ),
        MonthDemand(
            datetime(2023, 3, 1, tzinfo=WINTER), datetime(2023, 2, 14, 22, 45, tzinfo=WINTER), Decimal("4.529")
        ),
    )
    assert telegram.registers["1-0:1.6.0"].number_in("kW") == Decimal("4.529")


@pytest.mark.parametrize(
    ("printed", "kilowatts"),
    [
        ("4.329*kW", "4.329"),
        ("4.329*KW", "4.329"),
        ("4329*W", "4.329"),
        ("0.004329*MW", "4.329"),
        ("1*kWh", None),
        ("1*x", None),
    ],
)
def test_month_peaks_in_any_unit_of_power(printed: str, kilowatts: str | None) -> None:
    history = received(f"0-0:98.1.0(1)(1-0:1.6.0)(1-0:1.6.0)(230201000000W)(230117224500W)({printed})").demand_history
    assert [month.value for month in history] == ([] if kilowatts is None else [Decimal(kilowatts)])


# Privacy

SERIALS = (
    "4530303331303030303030303030303137",
    "E003100000",
    "1000000017",
    "000000017",
    "0270000000017",
    "1ESY1310000017",
)


@in_place
@pytest.mark.parametrize("case", ["F03", "F03b", "F03c", "C06", "C08"])
def test_no_number_is_shown_of_cases_that_print_it_elsewhere(case: str) -> None:
    telegram, _ = read_case(case)
    for shown in ("\n".join(redact(telegram.frame, "(hidden)")), anonymise(telegram.frame).decode("latin-1")):
        assert not [serial for serial in SERIALS if serial in shown]
    [recorded] = Reader().feed(anonymise(telegram.frame) + b"\r\n")
    quantities = {code for code, register in telegram.registers.items() if register.unit}
    assert {code: recorded.registers[code] for code in quantities} == {
        code: telegram.registers[code] for code in quantities
    }
