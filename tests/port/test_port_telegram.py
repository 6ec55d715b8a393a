"""What the lines of a telegram say."""

from collections.abc import MutableMapping
from datetime import datetime, timedelta, timezone
from decimal import Decimal
import operator
from typing import cast

import pytest

from custom_components.emucs.port import Channel, Drop, MonthDemand, Reader, Register, Telegram, obis, unit_of
from custom_components.emucs.port.times import parse_time
from tests.port.wire import received, sent
from virtual_meter import PROFILES, VirtualMeter

SUMMER = timezone(timedelta(hours=2))
WINTER = timezone(timedelta(hours=1))
KEPT = "0-0:96.14.0(0001)"
NOON = datetime(2026, 1, 14, 12, tzinfo=WINTER)


def register(line: str) -> Register:
    """Return the register of a line, which nothing else in the telegram has."""
    telegram = received(KEPT, line)
    return telegram.registers[line.partition("(")[0]]


def is_malformed(line: str) -> bool:
    """Tell whether a line is dropped, alone and counted."""
    reader = Reader()
    [telegram] = reader.feed(sent(KEPT, line))
    assert set(telegram.registers) - {line.partition("(")[0]} == {"0-0:96.14.0"}
    return len(telegram.registers) == 1 and reader.dropped[Drop.LINE] == 1


# Values and units


@pytest.mark.parametrize(
    ("line", "value", "unit"),
    [
        ("1-0:1.8.1(000244.844*kWh)", "244.844", "kWh"),
        ("1-0:1.7.0(00.000*kW)", "0.000", "kW"),
        ("1-0:31.7.0(002*A)", "2", "A"),
        ("1-0:16.7.0(-00.208*kW)", "-0.208", "kW"),
        ("1-0:16.7.0(+00.208*kW)", "0.208", "kW"),
        ("0-0:96.14.0(0002)", "2", None),
        ("1-0:13.7.0(0.987)", "0.987", None),
        ("1-0:1.8.0(123456789012345678.123456789*kWh)", "123456789012345678.123456789", "kWh"),
        ("1-0:3.8.0(00000021.988*kvarh)", "21.988", "kvarh"),
        ("0-0:17.0.0(069.0*kVA)", "69.0", "kVA"),
    ],
)
def test_numbers_keep_every_digit(line: str, value: str, unit: str | None) -> None:
    parsed = register(line)
    assert parsed == Register(Decimal(value), unit)
    assert str(parsed.value) == value
    assert parsed.number == parsed.value
    assert parsed.text is None


def test_zero_is_a_value() -> None:
    assert register("1-0:2.8.1(000000.000*kWh)").value == Decimal(0)


def test_text_is_no_number() -> None:
    assert register("0-0:96.55.1(ON)") == Register("ON")
    assert register("0-0:96.55.1(ON)").text == "ON"
    assert register("0-0:96.55.1(ON)").number is None


@pytest.mark.parametrize(
    "line",
    [
        "0-0:96.13.0()",
        "0-0:96.13.0(2020)",
        "0-0:96.1.2()",
        "0-0:96.1.2(2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D)",
        "0-0:96.1.2(303030303030303030303030303030303030)",
        "0-0:96.1.2(000000000000000000)",
        "0-0:96.1.2(------------------)",
        "0-1:96.1.1()",
        "0-0:1.0.0()",
        "0-0:1.0.0(632525252525W)",
        "0-0:1.0.0(700101010000W)",
        "0-0:1.0.0(700101000000W)",
        "0-0:1.0.0(000000000000)",
        "1-0:1.6.0(632525252525S)(00.000)",
        "1-0:1.6.0()()",
        "1-0:1.6.0()",
        "0-1:24.2.1()",
        "0-1:24.2.3(632525252525W)(00000.000)",
        "0-1:24.2.1(700101010000W)(00000000)",
        "0-1:24.2.1()(00000000)",
        "1-0:1.7.0()",
        "0-0:0.2.8()",
    ],
)
def test_unset(line: str) -> None:
    assert register(line) == Register(None)


@pytest.mark.parametrize(
    "line",
    [
        "0-0:17.0.0(999.9*kW)",
        "0-0:17.0.0(99.999*kW)",
        "1-0:31.4.0(999*A)",
        "1-0:31.4.0(999.99*A)",
        "1-0:51.4.0(999*A)",
        "1-0:71.4.0(999*A)",
        "1-1:31.4.0(999*A)(-999*A)",
        "1-0:1.6.0(632525252525W)(00.000*kW)",
        "0-1:24.2.3(632525252525W)(00000.000*m3)",
    ],
)
def test_unset_with_a_unit(line: str) -> None:
    unit = line.partition("*")[2].partition(")")[0]
    assert register(line) == Register(None, unit)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("0-0:17.0.0(009.9*kW)", "9.9"),
        ("0-0:17.0.0(099.9*kW)", "99.9"),
        ("0-0:17.0.0(998.9*kW)", "998.9"),
        ("0-0:17.0.0(09.000*kW)", "9.000"),
        ("0-0:17.0.0(000.0*kW)", "0.0"),
        ("1-0:31.4.0(009*A)", "9"),
        ("1-0:31.4.0(099*A)", "99"),
        ("1-0:31.4.0(040*A)", "40"),
        ("1-0:1.7.0(99.999*kW)", "99.999"),
        ("1-0:1.8.1(999999.999*kWh)", "999999.999"),
    ],
)
def test_nines_that_are_a_value(line: str, value: str) -> None:
    assert register(line).value == Decimal(value)


# Times


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("260114120000W", NOON),
        ("260714120000S", datetime(2026, 7, 14, 12, tzinfo=SUMMER)),
        # By its flag alone, which dsmr_parser takes for a mere hint.
        ("230101120000S", datetime(2023, 1, 1, 12, tzinfo=SUMMER)),
        ("230701120000W", datetime(2023, 7, 1, 12, tzinfo=WINTER)),
        ("260714120000s", datetime(2026, 7, 14, 12, tzinfo=SUMMER)),
        # To summer time and back, with the hour that occurs twice.
        ("260329015959W", datetime(2026, 3, 29, 1, 59, 59, tzinfo=WINTER)),
        ("260329030000S", datetime(2026, 3, 29, 3, tzinfo=SUMMER)),
        ("261025023000S", datetime(2026, 10, 25, 2, 30, tzinfo=SUMMER)),
        ("261025023000W", datetime(2026, 10, 25, 2, 30, tzinfo=WINTER)),
        # Without a flag: local, and the first of two equal hours.
        ("260114120000", NOON),
        ("260714120000", datetime(2026, 7, 14, 12, tzinfo=SUMMER)),
        ("261025023000", datetime(2026, 10, 25, 2, 30, tzinfo=SUMMER)),
        ("261025033000", datetime(2026, 10, 25, 3, 30, tzinfo=WINTER)),
        ("240229235959W", datetime(2024, 2, 29, 23, 59, 59, tzinfo=WINTER)),
    ],
)
def test_time(text: str, time: datetime) -> None:
    telegram = received(f"0-0:1.0.0({text})")
    assert telegram.time == time
    assert telegram.time is not None
    assert telegram.time.utcoffset() == time.utcoffset()
    assert telegram.registers["0-0:1.0.0"] == Register(text, time=time)


def test_the_repeated_hour_is_two_hours_long() -> None:
    first, second = parse_time("261025023000S"), parse_time("261025023000W")
    assert first is not None
    assert second is not None
    assert second - first == timedelta(hours=1)
    before, after = parse_time("260329015959"), parse_time("260329030000")
    assert before is not None
    assert after is not None
    assert after - before == timedelta(seconds=1)


@pytest.mark.parametrize(
    "text", ["26011412000", "2601141200000", "261314120000W", "260230120000W", "260114250000W", "260114120000X", "noon"]
)
def test_what_is_no_time(text: str) -> None:
    assert parse_time(text) is None
    assert is_malformed(f"0-0:1.0.0({text})")
    assert is_malformed(f"0-1:24.2.1({text})(00001.000*m3)")


def test_no_time() -> None:
    assert received(KEPT).time is None
    assert received(KEPT, "0-0:1.0.0(632525252525W)").time is None


@pytest.mark.parametrize(
    "values", ["(260114120000W)(08.796*kW)", "(08.796*kW)(260114120000W)", "(08.796*kW)(260114120000)"]
)
def test_a_value_and_its_time_in_either_order(values: str) -> None:
    assert register(f"1-0:1.6.0{values}") == Register(Decimal("8.796"), "kW", NOON)


def test_a_reading_in_a_single_bracket_has_no_time() -> None:
    assert register("0-1:24.2.1(00112.384*m3)") == Register(Decimal("112.384"), "m3")


def test_any_code_may_have_a_time() -> None:
    assert register("1-0:1.8.7(260114120000W)(000001.000*kWh)") == Register(Decimal("1.000"), "kWh", NOON)


# Several values on a line


def test_the_first_of_several_quantities() -> None:
    assert register("1-1:31.4.0(100*A)(-063*A)") == Register(Decimal(100), "A")


@pytest.mark.parametrize(
    "values", ["(1)(0-0:96.7.19)(190326095015W)(0000002014*s)", "(00)(60)(1)", "(0)()", "(abc)(1*kW)"]
)
def test_several_other_values_are_kept_as_printed(values: str) -> None:
    assert register(f"1-0:99.97.0{values}") == Register(values)


# Identity


@pytest.mark.parametrize(
    ("lines", "version"),
    [
        (["0-0:96.1.4(50217)"], "50217"),
        (["0-0:96.1.4(3231313130)"], "21110"),
        (["1-3:0.2.8(50)"], "50"),
        (["1-3:0.2.8(50)", "0-0:96.1.4(50221)"], "50221"),
        ([], None),
    ],
)
def test_version(lines: list[str], version: str | None) -> None:
    assert received(KEPT, *lines).version == version


@pytest.mark.parametrize(
    ("lines", "meter_id"),
    [
        (["0-0:96.1.1(3154535430303030303030303031)"], "1TST0000000001"),
        (["0-0:96.1.1(1TST0000000001)"], "1TST0000000001"),
        (["0-0:96.1.1(3154535430303030303030303031)", "0-0:96.1.0(12345678)"], "1TST0000000001"),
        (["0-0:96.1.1()", "0-0:42.0.0(54535430303030303030303031)"], "TST0000000001"),
        (["0-0:96.1.0(12345678)"], "12345678"),
        (["0-0:96.1.0(91318546)"], "91318546"),
        # A plain access point: its digits stand for no characters.
        (["0-0:96.1.1(541440012345678900)"], "541440012345678900"),
        (["0-0:96.1.1(315)"], "315"),
        (["0-0:96.1.1(31545354303030303030303031A)"], "31545354303030303030303031A"),
        (["0-0:96.1.1(0000000000)", "0-0:96.1.0(12345678)"], "12345678"),
        ([], None),
    ],
)
def test_meter_id(lines: list[str], meter_id: str | None) -> None:
    assert received(KEPT, *lines).meter_id == meter_id


def test_identification() -> None:
    assert received(KEPT).identification == r"TST5\253000000_A"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("48656C6C6F20776F726C6421", "Hello world!"),
        ("48656c6c6f", "Hello"),
        ("2048656C6C6F20", "Hello"),
        ("636166E9", "caf\xe9"),
        ("Hello world!", "Hello world!"),
        ("0001", "0001"),
        ("ABC", "ABC"),
    ],
)
def test_text_message(text: str, message: str) -> None:
    assert register(f"0-0:96.13.0({text})") == Register(message)


# Month peaks

HISTORY = "0-0:98.1.0({})(1-0:1.6.0)(1-0:1.6.0){}"
OCTOBER = "(251101000000W)(251014081500S)(03.649*kW)"
NOVEMBER = "(251201000000W)(251121233000W)(04.428*kW)"
DECEMBER = "(260101000000W)(251227191500W)(07.211*kW)"
PEAKS = (
    MonthDemand(datetime(2025, 11, 1, tzinfo=WINTER), datetime(2025, 10, 14, 8, 15, tzinfo=SUMMER), Decimal("3.649")),
    MonthDemand(datetime(2025, 12, 1, tzinfo=WINTER), datetime(2025, 11, 21, 23, 30, tzinfo=WINTER), Decimal("4.428")),
    MonthDemand(datetime(2026, 1, 1, tzinfo=WINTER), datetime(2025, 12, 27, 19, 15, tzinfo=WINTER), Decimal("7.211")),
)
UNWRITTEN = "(251001000000S)(632525252525W)(00.000*kW)"
MONTH_START = "(251001000000S)(250901000000S)(00.000*kW)"
EPOCH = "(700101000000W)(700101000000W)(00.000*kW)"


@pytest.mark.parametrize(
    ("count", "entries", "peaks"),
    [
        (3, OCTOBER + NOVEMBER + DECEMBER, PEAKS),
        (3, DECEMBER + NOVEMBER + OCTOBER, PEAKS),
        (2, OCTOBER + DECEMBER, PEAKS[::2]),
        (4, UNWRITTEN + OCTOBER + NOVEMBER + DECEMBER, PEAKS),
        (4, MONTH_START + OCTOBER + NOVEMBER + DECEMBER, PEAKS),
        (4, EPOCH + OCTOBER + NOVEMBER + DECEMBER, PEAKS),
        (2, "(632525252525S)(632525252525W)(00.000*kW)" + OCTOBER, PEAKS[:1]),
        (5, OCTOBER, PEAKS[:1]),
        (12, "", ()),
        (1, OCTOBER + NOVEMBER + DECEMBER, PEAKS),
        (0, "()", ()),
        ("", "", ()),
        ("x", OCTOBER + "(nonsense)" + NOVEMBER, PEAKS[:2]),
    ],
)
def test_month_peaks(count: object, entries: str, peaks: tuple[MonthDemand, ...]) -> None:
    assert received(KEPT, HISTORY.format(count, entries)).demand_history == peaks


def test_month_peaks_without_a_count() -> None:
    assert received(KEPT, f"0-0:98.1.0{OCTOBER}{NOVEMBER}").demand_history == PEAKS[:2]
    assert received(KEPT, "0-0:98.1.0()").demand_history == ()
    assert received(KEPT).demand_history == ()


def test_a_month_in_which_nothing_was_imported() -> None:
    zero = "(251101000000W)(251001001500S)(00.000*kW)"
    [peak] = received(KEPT, HISTORY.format(1, zero)).demand_history
    assert peak.value == 0


def test_month_peaks_follow_the_line() -> None:
    reader = Reader()
    histories = [
        telegram.demand_history
        for entries in (OCTOBER, OCTOBER, OCTOBER + NOVEMBER, "")
        for telegram in reader.feed(sent(KEPT, HISTORY.format(1, entries)))
    ]
    assert histories == [PEAKS[:1], PEAKS[:1], PEAKS[:2], ()]
    [without] = reader.feed(sent(KEPT))
    assert without.demand_history == ()


# M-Bus channels

GAS = ["0-1:24.1.0(003)", "0-1:96.1.1(3754535430303030303030303031)", "0-1:24.4.0(1)"]
GAS_READING = "0-1:24.2.3(260114120000W)(00112.384*m3)"
WATER = ["0-2:24.1.0(007)", "0-2:96.1.1(3854535430303030303030303031)", "0-2:24.2.1(260114120000W)(00872.234*m3)"]
GAS_CHANNEL = Channel(3, "7TST0000000001", 1, Register(Decimal("112.384"), "m3", NOON))
WATER_CHANNEL = Channel(7, "8TST0000000001", None, Register(Decimal("872.234"), "m3", NOON))


def test_channels() -> None:
    assert received(*GAS, GAS_READING, *WATER).channels == {1: GAS_CHANNEL, 2: WATER_CHANNEL}


def test_a_channel_is_no_medium() -> None:
    moved = [line.replace("0-2:", "0-1:") for line in WATER]
    assert received(*moved).channels == {1: WATER_CHANNEL}


def test_two_gas_meters() -> None:
    dead = ["0-1:24.1.0(003)", "0-1:96.1.0()", "0-1:24.2.1(700101010000W)(00000000)"]
    live = ["0-2:24.1.0(003)", "0-2:96.1.0(47545354303030303030303031)", "0-2:24.2.1(260114120000W)(00246.138*m3)"]
    assert received(*dead, *live).channels == {
        1: Channel(3, None, None, Register(None)),
        2: Channel(3, "GTST000000001", None, Register(Decimal("246.138"), "m3", NOON)),
    }


def test_relays_and_an_empty_identifier_are_no_channels() -> None:
    telegram = received("0-0:96.3.10(1)", *(f"0-{number}:96.3.10(0)" for number in range(1, 5)), "0-1:96.1.1()")
    assert telegram.channels == {}
    assert telegram.registers["0-0:96.3.10"].value == 1
    assert telegram.registers["0-4:96.3.10"].value == 0


@pytest.mark.parametrize("swapped", [False, True])
def test_of_two_volumes_the_uncorrected_one_counts(*, swapped: bool) -> None:
    lines = [GAS_READING, "0-1:24.2.1(260114120000W)(00110.000*m3)"]
    telegram = received(*GAS, *(reversed(lines) if swapped else lines))
    assert telegram.channels == {1: GAS_CHANNEL}
    assert telegram.registers["0-1:24.2.1"].value == 110


def test_a_channel_that_was_never_read() -> None:
    assert received(*GAS, "0-1:24.2.3(632525252525W)(00000.000)").channels == {
        1: Channel(3, "7TST0000000001", 1, Register(None))
    }
    assert received("0-1:24.1.0(003)").channels == {1: Channel(3)}


def test_channels_beyond_those_of_belgium() -> None:
    telegram = received("0-8:24.1.0(003)", "0-9:24.1.0(003)")
    assert telegram.channels == {8: Channel(3)}
    assert telegram.registers["0-9:24.1.0"].value == 3


# Codes


@pytest.mark.parametrize(
    "line",
    ["1-0:99.99.99(1.5*kW)", "9-9:255.255.255(1.5*kW)", "1-128:1.8(1.5*kW)", "1-0:1.8.0*1(1.5*kW)"],
)
def test_unknown_codes_are_kept(line: str) -> None:
    assert register(line) == Register(Decimal("1.5"), "kW")


def test_the_current_value_has_one_code() -> None:
    assert set(received("1-0:1.8.0*255(000001.000*kWh)", "1-0:1.8.0*1(000002.000*kWh)").registers) == {
        "1-0:1.8.0",
        "1-0:1.8.0*1",
    }


def test_a_code_that_merely_begins_like_another() -> None:
    telegram = received("1-0:1.7.0(01.000*kW)", "1-0:1.7.01(99)", "1-0:1.7.00(98)", "11-0:1.7.0(97)", "1-0:11.7.0(96)")
    assert telegram.registers["1-0:1.7.0"] == Register(Decimal("1.000"), "kW")
    assert len(telegram.registers) == 5


def test_of_two_equal_codes_the_last_one_counts() -> None:
    telegram = received("1-0:1.7.0(01.000*kW)", KEPT, "1-0:1.7.0(02.000*kW)")
    assert telegram.registers["1-0:1.7.0"].value == 2
    assert len(telegram.registers) == 2


@pytest.mark.parametrize(
    "line",
    [
        "hello",
        "1-0:1.7.0",
        "1-0:1.7.0(",
        "1-0:1.7.0 01.000*kW",
        "(01.000*kW)",
        "1-0:1.7.0(01.000*kW",
        "1-0:1.7.0(01,000*kW)",
        "1-0:1.7.0(*kW)",
        "1-0:1.7.0(NaN*kW)",
        "1-0:1.7.0(Infinity*kW)",
        "1-0:1.7.0(1e3*kW)",
        "1-0:1.7.0(1_0*kW)",
        "1-0:1.7.0(.5*kW)",
        "1-0:1.7.0(\xb2*kW)",
        "0-0:17.0.0(none*kW)",
        "1-0:1.6.0(260114120000W)(x*kW)",
        "1-0:1.6.0(260114120000W)(01.000*kW)(01.000*kW)",
        "1-0:1234.7.0(01.000*kW)",
        "\xff\xff\xff",
    ],
)
def test_a_malformed_line_costs_just_itself(line: str) -> None:
    assert is_malformed(line)


def test_malformed_lines_of_dropped_telegrams_are_not_counted_twice() -> None:
    reader = Reader()
    assert reader.feed(sent("nothing here")) == []
    assert (reader.dropped[Drop.EMPTY], reader.dropped[Drop.LINE]) == (1, 0)


def test_a_unit_may_be_missing() -> None:
    assert register("1-0:1.8.1(000123.456kWh)") == Register("000123.456kWh")
    assert register("1-0:1.8.1(000123.456*)") == Register(Decimal("123.456"))


def test_spaces_behind_a_line() -> None:
    assert received("1-0:1.7.0(01.000*kW)  \t").registers["1-0:1.7.0"].value == 1


def test_only_the_lines_of_the_last_telegram_are_kept() -> None:
    reader = Reader()
    for number in range(40):
        lines = [f"1-0:1.8.{tariff}({number:06d}.{tariff:03d}*kWh)" for tariff in range(100)]
        [telegram] = reader.feed(sent(*lines))
        assert telegram.registers["1-0:1.8.99"].value == Decimal(f"{number}.099")
        kept = reader._parser._lines  # noqa: SLF001 -- what has to be bounded
        assert [line.decode() for line in kept._lines] == ["", *lines]  # noqa: SLF001


@pytest.mark.parametrize("position", [0, 1])
def test_of_lines_with_one_code_the_last_one_counts_whichever_changes(position: int) -> None:
    reader, values = Reader(), ["1", "2"]
    for value in ("3", "4"):
        values[position] = value
        [telegram] = reader.feed(sent(*[f"1-0:1.7.0({printed}*kW)" for printed in values]))
        assert telegram.registers["1-0:1.7.0"].value == Decimal(values[1])


def test_meters_that_are_no_longer_printed_are_gone() -> None:
    reader = Reader()
    reader.feed(sent("0-0:96.1.1(3153414731)", "0-1:24.1.0(003)", "0-0:98.1.0(0)(x)(x)()", "1-0:1.7.0(1*kW)"))
    [telegram] = reader.feed(sent("1-0:1.7.0(1*kW)"))
    assert (telegram.meter_id, telegram.channels, telegram.demand_history) == (None, {}, ())


# What is promised


@pytest.mark.parametrize("profile", PROFILES)
def test_codes_are_canonical_and_times_aware(profile: str) -> None:
    [telegram] = Reader().feed(VirtualMeter(profile).telegram())
    assert [obis.canonical(code) for code in telegram.registers] == list(telegram.registers)
    times = [telegram.time, *(register.time for register in telegram.registers.values())]
    times += [time for month in telegram.demand_history for time in (month.period_end, month.time)]
    assert None not in [time.utcoffset() for time in times if time is not None]
    units = [register.unit for register in telegram.registers.values() if register.unit]
    assert units
    assert None not in map(unit_of, units)


# Immutability


def test_a_telegram_cannot_be_changed() -> None:
    telegram = received(*GAS, GAS_READING)
    registers = cast("MutableMapping[str, Register]", telegram.registers)
    channels = cast("MutableMapping[int, Channel]", telegram.channels)
    with pytest.raises(TypeError, match="item assignment"):
        registers["1-0:1.7.0"] = Register(None)
    with pytest.raises(TypeError, match="item deletion"):
        operator.delitem(registers, "0-1:24.1.0")
    with pytest.raises(TypeError, match="item assignment"):
        channels[1] = Channel()
    for field in ("time", "registers", "another"):
        with pytest.raises(AttributeError):
            setattr(telegram, field, None)
    with pytest.raises(AttributeError):
        setattr(telegram.registers["0-1:24.1.0"], "value", None)  # noqa: B010 -- a type checker sees through the plain one
    assert telegram == received(*GAS, GAS_READING)
    assert isinstance(telegram, Telegram)


def test_telegrams_of_one_reader_share_nothing_that_changes() -> None:
    reader = Reader()
    [first] = reader.feed(sent("1-0:1.7.0(01.000*kW)"))
    [second] = reader.feed(sent("1-0:1.7.0(02.000*kW)"))
    assert (first.registers["1-0:1.7.0"].value, second.registers["1-0:1.7.0"].value) == (1, 2)
