"""Telegrams of other dialects, made by hand with invented identifiers."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from custom_components.emucs.port import (
    Channel,
    Drop,
    Kind,
    Quantity,
    Reader,
    Register,
    Telegram,
    meaning,
    parse_code,
)
from tests.port.wire import body, received, sent

SUMMER = timezone(timedelta(hours=2))
WINTER = timezone(timedelta(hours=1))
KEPT = "0-0:96.14.0(0001)"


def read(*lines: str, header: str, checksum: bool = True) -> Telegram:
    """Return the telegram that these lines make, none of which may be lost."""
    reader = Reader()
    text = sent(*lines, header=header) if checksum else body(*lines, header=header) + b"\r\n"
    [telegram] = reader.feed(text)
    assert not any(reader.dropped.values())
    return telegram


def kind_of(telegram: Telegram, code: str) -> tuple[Quantity, Kind] | None:
    parsed = parse_code(code)
    assert parsed is not None
    found = meaning(parsed, telegram.registers[code].unit)
    return None if found is None else (found.quantity, found.kind)


# The Netherlands, DSMR 2.2 and 3.0

GAS_PROFILE = "0-1:24.3.0(090212160000)(00)(60)(1)(0-1:24.2.1)(m3)"
DSMR_2 = [
    "0-0:96.1.1(205445535430303030303030303031)",
    "1-0:1.8.1(00001.001*kWh)",
    "1-0:1.8.2(00002.002*kWh)",
    "1-0:1.7.0(0001.01*kW)",
    "0-0:17.0.0(999*A)",
    "0-0:96.3.10(1)",
    "0-0:96.13.1()",
    "0-0:96.13.0(48616C6C6F)",
    "0-1:96.1.0(3238545354303030303030303031)",
    "0-1:24.1.0(03)",
    GAS_PROFILE,
    "(00021.021)",
    "0-1:24.4.0(1)",
]


def test_dsmr_2() -> None:
    telegram = read(*DSMR_2, header=r"/TST4\0000001", checksum=False)
    four = datetime(2009, 2, 12, 16, tzinfo=WINTER)
    reading = Register(Decimal("21.021"), "m3", four)
    assert telegram.time is None
    assert telegram.version is None
    assert telegram.meter_id == "TEST0000000001"
    assert telegram.channels == {1: Channel(3, "28TST000000001", 1, reading)}
    # Where all later versions print it.
    assert telegram.registers["0-1:24.2.1"] == reading
    assert "0-1:24.3.0" not in telegram.registers
    assert telegram.registers["0-0:17.0.0"] == Register(None, "A")
    assert telegram.registers["0-0:96.13.0"] == Register("Hallo")
    assert len(telegram.registers) == len(DSMR_2) - 1
    assert telegram.frame == body(*DSMR_2, header=r"/TST4\0000001")


@pytest.mark.parametrize(
    ("lines", "code", "register"),
    [
        ([GAS_PROFILE, "(00021.021*m3)"], "0-1:24.2.1", ("21.021", "m3")),
        ([GAS_PROFILE + "(00021.021)"], "0-1:24.2.1", ("21.021", "m3")),
        ([GAS_PROFILE, "()"], "0-1:24.2.1", (None, "m3")),
        ([GAS_PROFILE], "0-1:24.2.1", (None, "m3")),
        (["0-1:24.3.0(000000000000)(00)(60)(1)(0-1:24.2.1)(m3)", "(00000.000)"], "0-1:24.2.1", (None, "m3")),
        (["0-2:24.3.0(260102160000)(08)(60)(1)(0-2:24.2.0)(GJ)", "(00012.345)"], "0-2:24.2.0", ("12.345", "GJ")),
    ],
)
def test_profiles(lines: list[str], code: str, register: tuple[str | None, str]) -> None:
    telegram = read(KEPT, *lines, "1-0:1.7.0(01.000*kW)", header=r"/TST4\0000001", checksum=False)
    number, unit = register
    found = telegram.registers[code]
    assert (found.value, found.unit) == (None if number is None else Decimal(number), unit)
    assert telegram.registers["1-0:1.7.0"].value == 1
    assert telegram.channels[int(code[2])].reading == found


@pytest.mark.parametrize(
    "values", ["()", "(1)(2)(3)", "(090212160000)(00)(60)(1)(x)(m3)(1)", "(1)(2)(3)(4)(0-1:24.2.1)(m3)(1)(2)"]
)
def test_other_profiles_are_kept_as_printed(values: str) -> None:
    assert received(KEPT, f"0-1:24.3.0{values}").registers["0-1:24.3.0"] == Register(values)


def test_a_profile_without_a_right_time() -> None:
    reader = Reader()
    [telegram] = reader.feed(sent(KEPT, GAS_PROFILE.replace("0902", "0999"), "(00021.021)"))
    assert list(telegram.registers) == ["0-0:96.14.0"]
    assert reader.dropped[Drop.LINE] == 1


@pytest.mark.parametrize("value", [0, 1, 2, 3])
def test_readings_of_heat_and_cold(value: int) -> None:
    telegram = read("0-1:24.1.0(012)", f"0-1:24.2.{value}(260114120000W)(00012.345*GJ)", header="/TST5TEST")
    noon = datetime(2026, 1, 14, 12, tzinfo=WINTER)
    assert telegram.channels == {1: Channel(12, None, None, Register(Decimal("12.345"), "GJ", noon))}


# Belgium, Iskraemeco

ISKRA = r"/TST5\2MIE5T-200"


def test_iskraemeco_with_old_firmware() -> None:
    telegram = read(
        "1-0:0.0.0(00000000)",
        "0-0:96.1.0(10000001)",
        "0-0:1.0.0(240405154953)",
        "1-0:1.8.1(000036.396*kWh)",
        "0-0:96.14.0(0001)",
        "1-0:31.7.0(006*A)",
        "0-0:96.13.0()",
        "0-1:96.1.1()",
        header=ISKRA,
    )
    assert telegram.version is None
    assert telegram.meter_id == "10000001"
    assert telegram.time == datetime(2024, 4, 5, 15, 49, 53, tzinfo=SUMMER)
    assert telegram.channels == {}


def test_iskraemeco_with_new_firmware() -> None:
    tariffs = [f"1-0:{group}.8.{tariff}(00001{tariff}.000*kWh)" for group in (1, 2) for tariff in range(1, 6)]
    telegram = read(
        "0-0:96.1.4(3231313130)",
        "0-0:96.1.1(3149534B30303030303030303031)",
        "0-0:1.0.0(260102121015)",
        *tariffs,
        "0-0:96.14.0(0005)",
        "1-0:1.4.0(03.336*kW)",
        "1-0:1.6.0(08.796*kW)(260102010000)",
        "1-0:32.7.0(131.2*V)",
        "1-0:31.7.0(020.91*A)",
        header=ISKRA,
    )
    assert (telegram.version, telegram.meter_id) == ("21110", "1ISK0000000001")
    assert telegram.time == datetime(2026, 1, 2, 12, 10, 15, tzinfo=WINTER)
    peak = datetime(2026, 1, 2, 1, tzinfo=WINTER)
    assert telegram.registers["1-0:1.6.0"] == Register(Decimal("8.796"), "kW", peak)
    assert telegram.registers["1-0:2.8.5"] == Register(Decimal("15.000"), "kWh")
    assert telegram.registers["0-0:96.14.0"].value == 5


def times(*printed: str) -> list[datetime | None]:
    """Return the times of telegrams that one reader gets one after another."""
    reader = Reader()
    telegrams = [reader.feed(sent(KEPT, f"0-0:1.0.0({text})"))[0] for text in printed]
    assert [telegram.time for telegram in telegrams] == [telegram.registers["0-0:1.0.0"].time for telegram in telegrams]
    return [telegram.time for telegram in telegrams]


def test_the_hour_that_is_repeated_without_flags() -> None:
    start = datetime(2026, 10, 24, 23, 58, tzinfo=UTC)
    true = [start + timedelta(seconds=10 * step) for step in range(6 * 130)]
    # On the wall: summer time until 1:00 UTC.
    wall = [time.astimezone(SUMMER if time < datetime(2026, 10, 25, 1, tzinfo=UTC) else WINTER) for time in true]
    found = times(*(f"{time:%y%m%d%H%M%S}" for time in wall))
    assert found == true
    assert [time.utcoffset() for time in found if time] == [time.utcoffset() for time in wall]


def test_a_clock_that_is_put_right_in_the_repeated_hour() -> None:
    found = times("261025023000", "261025022950", "261025022951")
    assert [time.utcoffset() for time in found if time] == [timedelta(hours=2)] * 3
    found = times("261025025959", "261025020000", "261025020100", "261025020055", "261025030000", "261025033000")
    assert [time.utcoffset() for time in found if time] == [timedelta(hours=2)] + [timedelta(hours=1)] * 5


def test_an_hour_that_is_not_repeated() -> None:
    assert times("260714123000", "260714113000") == [
        datetime(2026, 7, 14, 12, 30, tzinfo=SUMMER),
        datetime(2026, 7, 14, 11, 30, tzinfo=SUMMER),
    ]


def test_flags_need_no_order() -> None:
    found = times("261025025959S", "261025020000S", "261025025959W")
    assert [time.utcoffset() for time in found if time] == [timedelta(hours=2)] * 2 + [timedelta(hours=1)]


def test_what_was_before_is_another_day() -> None:
    assert times("261026120000", "261025023000")[1] == datetime(2026, 10, 25, 2, 30, tzinfo=SUMMER)


def test_peaks_and_readings_in_the_hour_that_is_repeated() -> None:
    reader = Reader()

    def at(clock: str, peak: str, reading: str) -> tuple[str, str]:
        """Return when the peak and the reading of a telegram were, in UTC."""
        lines = f"1-0:1.6.0({peak})", f"0-1:24.2.3({reading})(00001.000*m3)"
        [telegram] = reader.feed(sent(f"0-0:1.0.0(261025{clock})", *lines))
        found = [telegram.registers[code].time for code in ("1-0:1.6.0", "0-1:24.2.3")]
        assert telegram.channels[1].reading == telegram.registers["0-1:24.2.3"]
        first, second = (f"{time.astimezone(UTC):%H%M%S}" for time in found if time)
        return first, second

    old, first, second = "02.000*kW)(261020180000", "03.000*kW)(261025021500", "04.000*kW)(261025021500"
    assert at("021000", old, "261025020501") == ("160000", "000501")
    assert at("021600", first, "261025021001") == ("001500", "001001")
    assert at("025900", first, "261025025501") == ("001500", "005501")
    assert at("020000", first, "261025025501") == ("001500", "005501")
    assert at("020100", first, "261025020001") == ("001500", "010001")
    # The same on the wall, an hour later.
    assert at("021600", second, "261025021001") == ("011500", "011001")
    assert at("030600", second, "261025030501") == ("011500", "020501")


def test_what_is_known_of_the_repeated_hour_at_first() -> None:
    telegram = received("0-0:1.0.0(261026120000)", "1-0:1.6.0(03.000*kW)(261025021500)")
    assert telegram.registers["1-0:1.6.0"].time == datetime(2026, 10, 25, 2, 15, tzinfo=SUMMER)


# Hungary, Sweden, Luxembourg


def test_hungary() -> None:
    history = "(260801000000S)(000663.924*kWh)(000015.142*kvarh)(12.212*kW)(05.144*kW)"
    telegram = read(
        "0-0:1.0.0(260817171430S)",
        "0-0:42.0.0(TST1000000000001)",
        "0-0:96.1.0(1000000001)",
        "0-0:96.14.0(TARIFF 1)",
        "0-0:96.50.68(ON)",
        "0-0:17.0.0(90.000*kW)",
        "1-0:1.8.4(000000.000*kWh)",
        "1-0:5.8.0(000011.481*kvarh)",
        "1-0:15.8.0(002526.790*kWh)",
        "1-0:13.7.0(0.336)",
        "1-0:73.7.0(-0.845)",
        "1-0:14.7.0(49.99*Hz)",
        "1-0:8.7.0(00.159*kvar)",
        "1-0:51.4.0(200*A)",
        f"0-0:98.1.0{history}",
        f"0-0:96.13.0({'\xff' * 64})",
        header="/TST5TST-METER",
    )
    assert telegram.meter_id == "TST1000000000001"
    assert telegram.demand_history == ()
    assert telegram.registers["0-0:98.1.0"] == Register(history)
    assert telegram.registers["0-0:96.13.0"] == Register(None)
    assert telegram.registers["0-0:96.14.0"] == Register("TARIFF 1")
    assert telegram.registers["1-0:73.7.0"] == Register(Decimal("-0.845"))
    assert kind_of(telegram, "1-0:13.7.0") == (Quantity.POWER_FACTOR, Kind.INSTANT)
    assert kind_of(telegram, "1-0:5.8.0") == (Quantity.REACTIVE_Q1, Kind.ENERGY)
    assert kind_of(telegram, "1-0:51.4.0") == (Quantity.CURRENT, Kind.LIMIT)
    assert kind_of(telegram, "1-0:15.8.0") == (Quantity.ACTIVE, Kind.ENERGY)


def test_sweden() -> None:
    telegram = read(
        "0-0:1.0.0(260817171430W)",
        "1-0:1.8.0(00006678.394*kWh)",
        "1-0:3.8.0(00000021.988*kVArh)",
        "1-0:4.7.0(0000.309*kVAr)",
        "1-0:64.7.0(0000.138*kVAr)",
        header="/TST9 0000",
    )
    assert telegram.meter_id is None
    assert telegram.time == datetime(2026, 8, 17, 16, 14, 30, tzinfo=UTC)
    assert telegram.registers["1-0:3.8.0"] == Register(Decimal("21.988"), "kVArh")
    assert kind_of(telegram, "1-0:3.8.0") == (Quantity.REACTIVE, Kind.ENERGY)
    assert kind_of(telegram, "1-0:64.7.0") == (Quantity.REACTIVE, Kind.INSTANT)


def test_luxembourg() -> None:
    telegram = read(
        "1-3:0.2.8(42)",
        "0-0:42.0.0(54535431303030303030303030303031)",
        "0-0:17.0.0(069.0*kVA)",
        "1-0:9.7.0(00.021*kVA)",
        "1-1:31.4.0(100*A)(-063*A)",
        "0-2:96.3.10(0)",
        "0-0:96.7.21(00099)",
        "1-0:52.36.0(00003)",
        header=r"/TST5\253000000_M",
    )
    assert telegram.meter_id == "TST1000000000001"
    assert telegram.channels == {}
    assert telegram.registers["1-1:31.4.0"] == Register(Decimal(100), "A")
    assert kind_of(telegram, "0-0:17.0.0") == (Quantity.APPARENT, Kind.LIMIT)
    assert kind_of(telegram, "1-0:52.36.0") == (Quantity.VOLTAGE, Kind.SWELLS)


# Industrial meters

NOON = datetime(2026, 1, 14, 12, tzinfo=WINTER)


@pytest.mark.parametrize("code", ["1-0:1.6.1", "1-0:9.6.0", "1-0:2.5.0", "1-0:1.6.0*03", "1-2:21.6.4"])
@pytest.mark.parametrize("values", ["(0123.456*kW)(260114120000)", "(260114120000W)(0123.456*kW)"])
def test_demands_with_their_time(code: str, values: str) -> None:
    assert received(KEPT, code + values).registers[code] == Register(Decimal("123.456"), "kW", NOON)


@pytest.mark.parametrize("values", ["(0123.456*kW)(26-01-14)", "(0123.456*kW)", "(0123.456*kW)(1)(2)"])
def test_demands_without_a_time_that_is_known(values: str) -> None:
    assert received(KEPT, f"1.6.1{values}").registers["1-0:1.6.1"] == Register(Decimal("123.456"), "kW")


def test_a_demand_without_a_unit() -> None:
    assert received(KEPT, "1-0:1.6.0(08.796)(260114120000)").registers["1-0:1.6.0"] == Register(
        Decimal("8.796"), None, NOON
    )


@pytest.mark.parametrize("number", ["-0000012345.678", "1234567890123456789012345678.9", "0." + "1" * 20, "7"])
def test_numbers_of_any_length(number: str) -> None:
    assert received(KEPT, f"1.8.0({number}*MWh)").registers["1-0:1.8.0"] == Register(Decimal(number), "MWh")


# Texts


@pytest.mark.parametrize(
    ("printed", "message"),
    [
        ("Pr\xc3\xa9avis", "Préavis"),
        ("Pr\xe9avis", "Préavis"),
        ("5072C3A961766973", "Préavis"),
        ("48656C6C6F0D0A776F726C6421", "Hello world!"),
        ("48690007", "Hi"),
        ("0D0A", None),
        ("FFFFFFFF", None),
        ("0107", "0107"),
    ],
)
def test_messages(printed: str, message: str | None) -> None:
    assert received(KEPT, f"0-0:96.13.0({printed})").registers["0-0:96.13.0"] == Register(message)


@pytest.mark.parametrize(
    ("printed", "identifier"),
    [
        ("3154535430303030303030303031", "1TST0000000001"),
        ("20315453543030303030303030302000", "1TST000000000"),
        # Nothing but letters and digits is an identifier.
        ("31545354E9303030303030303031", "31545354E9303030303030303031"),
        ("315453542D303030303030303031", "315453542D303030303030303031"),
        ("1-TST-0001", "1-TST-0001"),
    ],
)
def test_identifiers(printed: str, identifier: str) -> None:
    assert received(KEPT, f"0-0:96.1.1({printed})").meter_id == identifier
