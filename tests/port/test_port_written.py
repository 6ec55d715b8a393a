"""Times in other words, and the codes that readouts of IEC 62056-21 have for clock, number and error."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given, strategies as st
import pytest

from custom_components.emucs.port import Reader, Register, is_private, redact
from custom_components.emucs.port.times import is_local, parse_time
from custom_components.emucs.port.written import has_separators, is_part, joined, stamp_of
from tests.port.wire import received, sent
from tests.support import BRUSSELS
from virtual_meter import VirtualMeter

KEPT = "1.8.0(0012.345*MWh)"
NOON = datetime(2026, 1, 14, 12, 0, tzinfo=BRUSSELS)
CLOCKS = ["120000", "12:00:00", "12:00", "0120000"]
DATES = ["260114", "26-01-14", "2026-01-14", "2026.01.14", "2026/01/14", "14.01.2026", "14-01-2026", "0260114"]


@pytest.mark.parametrize("code", ["0.9.{}", "1-0:0.9.{}", "0-0:0.9.{}", "1-1:0.9.{}", "1-0:0.9.{}*255"])
@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("date", DATES)
def test_clock_and_date_apart(code: str, clock: str, date: str) -> None:
    telegram = received(f"{code.format(1)}({clock})", f"{code.format(2)}({date})", KEPT)
    assert telegram.time == NOON
    assert telegram.registers["0-0:1.0.0"].time == NOON
    assert telegram.time.utcoffset() == timedelta(hours=1)


@pytest.mark.parametrize(
    "date", ["14.01.26", "14/01/26", "26.01.14", "261314", "260132", "3260114", "26-1-14", "", "14-01-1999", "20260114"]
)
def test_a_date_that_is_none_or_can_be_read_both_ways_gives_no_time(date: str) -> None:
    telegram = received("0.9.1(120000)", f"0.9.2({date})", KEPT)
    assert telegram.time is None
    assert "0-0:1.0.0" not in telegram.registers


def test_a_clock_alone_gives_no_time() -> None:
    assert received("0.9.1(120000)", KEPT).time is None
    assert received("0.9.1(120000)", "0.9.2*01(260114)", KEPT).time is None


def test_the_time_in_one_register_counts_before_that_in_two() -> None:
    telegram = received("0-0:1.0.0(260114130000W)", "0.9.1(120000)", "0.9.2(260114)", KEPT)
    assert telegram.time == NOON + timedelta(hours=1)


def test_the_digit_for_the_season() -> None:
    for digit, hours in (("0", 1), ("1", 2), ("2", 0)):
        telegram = received(f"0.9.1({digit}023000)", f"0.9.2({digit}261025)", KEPT)
        assert telegram.time == datetime(2026, 10, 25, 2, 30, tzinfo=UTC) - timedelta(hours=hours)
        assert telegram.time.utcoffset() == timedelta(hours=hours)
    # Where just one of them has it.
    assert received("0.9.1(023000)", "0.9.2(0261025)", KEPT).time == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_two_equal_hours_of_a_clock_without_a_season() -> None:
    reader, times = Reader(), []
    begin = datetime(2026, 10, 25, 0, 50, tzinfo=UTC)
    for minutes in range(0, 140, 10):
        local = (begin + timedelta(minutes=minutes)).astimezone(BRUSSELS)
        [telegram] = reader.feed(sent(f"0.9.1({local:%H:%M:%S})", f"0.9.2({local:%y-%m-%d})", KEPT))
        times.append(telegram.time)
    assert times == [begin + timedelta(minutes=minutes) for minutes in range(0, 140, 10)]


def test_a_clock_that_is_broken_meanwhile_leaves_no_time_behind() -> None:
    reader = Reader()
    times = [
        telegram.time
        for clock in ("120000", "xxxxxx", "120002")
        for telegram in reader.feed(sent(f"0.9.1({clock})", "0.9.2(260114)", KEPT))
    ]
    assert times == [NOON, None, NOON + timedelta(seconds=2)]


@pytest.mark.parametrize(
    "stamp", ["2601081015", "260108101500", "26-01-08 10:15", "26-01-08 10:15:00", "02601081015", "0260108101500"]
)
def test_peaks_have_their_time_in_other_words(stamp: str) -> None:
    ten = datetime(2026, 1, 8, 10, 15, tzinfo=BRUSSELS)
    for line in (f"1.6.0(0412.3*kW)({stamp})", f"1.6.0({stamp})(0412.3*kW)"):
        assert received(line).registers["1-0:1.6.0"] == Register(Decimal("412.3"), "kW", ten)
    # Those of past periods often have no unit.
    assert received(KEPT, f"1.6.1*18(28.74)({stamp})").registers["1-0:1.6.1*18"] == Register(
        Decimal("28.74"), None, ten
    )


def test_the_time_of_the_meter_with_separators() -> None:
    telegram = received("0-0:1.0.0(26-01-14 12:00:00)", KEPT)
    assert telegram.time == NOON
    assert is_local("26-01-14 12:00:00")
    assert not is_local("0260114120000")
    assert not is_local("260114120000W")


@given(st.integers(1_550_000_000, 4_000_000_000))
def test_all_words_say_the_same(seconds: int) -> None:
    time = datetime.fromtimestamp(seconds, UTC)
    expected = parse_time(f"{time:%y%m%d%H%M%S}")
    assert parse_time(f"{time:%y-%m-%d %H:%M:%S}") == expected
    assert parse_time(f"{time:%Y/%m/%d %H:%M:%S}") == expected
    assert parse_time(joined(f"{time:%H%M%S}", f"{time:%y%m%d}") or "") == expected


@given(st.text(alphabet="0129-./: SWZ\u0663", max_size=24))
def test_no_text_is_too_odd(text: str) -> None:
    parse_time(text)
    is_part(text)
    has_separators(text)
    assert (stamp := stamp_of(text)) is None or len(stamp) in (12, 13)


def test_historic_values_are_not_the_running_one() -> None:
    registers = received(
        "1-1:1.8.0(0018788.9*kWh)", "1-1:1.8.0*62(0018750.0)", "1-1:1.8.0*255(0018789.0*kWh)", "1.8.0*01(5*kWh)"
    ).registers
    assert registers["1-1:1.8.0"].value == Decimal("18789.0")
    assert registers["1-1:1.8.0*62"] == Register(Decimal("18750.0"))
    assert "1-0:1.8.0" not in registers


def test_numbers_of_the_meter() -> None:
    assert received("1-1:F.F(00000000)", "1-1:0.0.0(50871031)", KEPT).meter_id == "50871031"
    assert received("0.0.2(  175225)", "0.0.0(00000000)", "0.0.3(        )", KEPT).meter_id == "175225"
    assert received("0-0:C.1.0*255(62807889)", "0.0.0(11111111)", KEPT).meter_id == "62807889"
    assert received("1-0:96.1.0*255(001XXX0000000001)", KEPT).meter_id == "001XXX0000000001"
    # What a meter of another country prints there is not its own.
    assert received("0-0:0.0.0(120000001234)", KEPT).meter_id is None


@pytest.mark.parametrize("code", ["F.F", "F.F.0", "1-1:F.F", "0-0:F.F*255", "0-0:F.F.0"])
def test_the_error_register(code: str) -> None:
    assert received(f"{code}(00000000)", KEPT).registers["F.F"] == Register("00000000")


def test_the_error_register_as_an_object() -> None:
    assert received("97.97.0(00000001)", KEPT).registers["0-0:97.97.0"] == Register("00000001")


def test_what_a_recording_shows() -> None:
    shown = ["0.9.1(12:00:00)", "0.9.2(26-01-14)", "1-1:0.9.1(155420)", "1-1:0.9.2(0170214)", "F.F.0(00000000)"]
    shown += ["1.6.1(27.19*kW)(1702090945)", "1.6.0(27.19*kW)(26-05-08 23:00:00)", "0-0:97.97.0(00000000)"]
    hidden = ["0.0.0(50871031)", "1-1:0.0.1(50871031)", "0-0:C.1.0(62807889)", "0.9.1(508710)", "0.9.2(50871031)"]
    lines = redact(sent(*shown, *hidden), "x")
    assert [line for line in lines if line in shown] == shown
    assert not any("5087" in line or "6280" in line for line in lines)
    assert is_private("0.0.9")


@pytest.mark.parametrize(
    "variants",
    [
        ("split-clock", "service-codes", "reduced-codes"),
        ("separators", "service-codes"),
        ("season-digit", "full-codes", "historic"),
    ],
    ids=" ".join,
)
def test_an_industrial_meter_in_each_dialect_says_the_same(variants: tuple[str, ...]) -> None:
    plain, meter = VirtualMeter("a1", seed=7, start=NOON), VirtualMeter("a1", seed=7, start=NOON, variants=variants)
    expected_by, reader = Reader(), Reader()
    for _ in range(3):
        [expected], [telegram] = expected_by.feed(plain.telegram()), reader.feed(meter.telegram())
        assert (telegram.time, telegram.meter_id) == (expected.time, expected.meter_id)
        quantities = {code: register for code, register in expected.registers.items() if register.unit}
        assert {code: telegram.registers[code] for code in quantities} == quantities
        plain.advance(1)
        meter.advance(1)
    assert not any(reader.dropped.values())
