"""The slots of ten and fifteen minutes: by the meter's clock, by what was seen, and over restarts."""

from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
import json
from math import sqrt
import zlib

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.emucs.insight.voltage import Voltage
from custom_components.emucs.insight.voltage_history import VoltageSlot
from custom_components.emucs.port import Reader, Register, Telegram, obis
from tests.effort import calls
from tests.insight.street import EVEN, MONDAY, NOON, Street, fed, printed, restarted
from tests.support import SHARED

TEN = timedelta(minutes=10)
HOUR = timedelta(hours=1)


def slots(voltage: Voltage, phase: str = "l1", minutes: int = 10, begin: datetime = NOON) -> list[VoltageSlot]:
    """Return the slots of a phase of a day from a time on."""
    assert minutes in (10, 15)
    return voltage.history.slots(phase, begin, begin + 24 * HOUR, 10 if minutes == 10 else 15)


def test_a_slot_is_the_root_of_the_mean_of_squares() -> None:
    street = Street().run(300, ("220.0", "231.0", "253.1")).run(301, ("240.0", "231.0", "206.9"))
    [first] = slots(street.voltage)
    assert first == VoltageSlot(NOON, 600, pytest.approx(sqrt((220**2 + 240**2) / 2), abs=1e-4), 220.0, 240.0, 0, 0)
    [second] = slots(street.voltage, "l2")
    assert second == VoltageSlot(NOON, 600, pytest.approx(231.0), 231.0, 231.0, 0, 0)
    [third] = slots(street.voltage, "l3")
    assert (third.minimum, third.maximum, third.above, third.below) == (206.9, 253.1, 300, 300)
    assert third.is_known(10)


def test_limits_themselves_are_within() -> None:
    street = Street().run(601, ("253.0", "207.0", "230.0"))
    [[high], [low]] = slots(street.voltage), slots(street.voltage, "l2")
    assert (high.mean, high.above, low.mean, low.below) == (253.0, 0, 207.0, 0)
    assert not street.voltage.state.problem


def test_slots_of_a_quarter_hour_are_made_of_the_same() -> None:
    street = Street().run(900, ("220.0",)).run(901, ("240.0",), export="3.000")
    assert [(slot.start, slot.mean) for slot in slots(street.voltage, minutes=15)] == [
        (NOON, pytest.approx(220)),
        (NOON + timedelta(minutes=15), pytest.approx(240)),
    ]
    history = street.voltage.history
    assert history.export(NOON, NOON + HOUR, 15) == {NOON: 0.0, NOON + timedelta(minutes=15): 3.0}
    # Half of the second slot of ten minutes exports.
    assert history.export(NOON, NOON + HOUR, 10) == {NOON: 0.0, NOON + TEN: 1.5, NOON + 2 * TEN: 3.0}


def test_only_whole_slots_of_a_period_are_given() -> None:
    voltage = Street().run(3601).voltage
    begin, end = NOON + timedelta(minutes=5), NOON + timedelta(minutes=45)
    assert [slot.start for slot in voltage.history.slots("l1", begin, end, 10)] == [
        NOON + TEN,
        NOON + 2 * TEN,
        NOON + 3 * TEN,
    ]
    assert voltage.history.slots("l1", end, begin, 10) == []


@pytest.mark.parametrize("period", [1, 2, 3, 5, 10, 30, 60])
def test_how_often_a_meter_sends_changes_nothing(period: int) -> None:
    def volts(time: datetime) -> tuple[str]:
        return (str(Decimal(2300) / 10 + time.minute % 7 * (3 if time.minute < 30 else -5)),)

    every_second, others = Street().run(3660, volts), Street(period=period).run(3660, volts)
    expected = slots(every_second.voltage)
    assert len(expected) == 6
    assert slots(others.voltage) == expected
    assert {slot.seconds for slot in expected} == {600}


def test_a_meter_that_sends_less_often_than_once_a_minute_has_no_means() -> None:
    assert slots(Street(period=300).run(7200).voltage) == []


def test_a_period_with_a_second_more_or_less_is_seen() -> None:
    street = Street(period=10)
    for gap in [9, 11, 10, 10, 12, 8] * 15:
        street.feed(printed(street.time, EVEN))
        street.skip(gap)
    assert slots(street.voltage)[0].seconds == 600


def test_what_was_not_seen_is_not_counted() -> None:
    # The second before a gap is seen.
    street = Street().run(500).skip(60).run(700)
    [known, whole] = slots(street.voltage)
    assert (known.seconds, whole.seconds) == (540, 600)
    assert known.is_known(10)
    street = Street().run(500).skip(61).run(100)
    assert slots(street.voltage)[0].seconds == 539
    assert not slots(street.voltage)[0].is_known(10)
    assert street.voltage.state.means["l1"] is None


def test_slots_that_were_not_seen_are_missing() -> None:
    street = Street().run(600).skip(1800).run(601)
    assert [slot.start - NOON for slot in slots(street.voltage)] == [timedelta(), 4 * TEN]


def test_a_stream_with_every_other_telegram_missing_is_seen_half() -> None:
    street = Street(period=10)
    for number in range(120):
        street.run(10) if number % 4 < 2 else street.skip(10)
    assert all(slot.seconds < 600 for slot in slots(street.voltage))


def test_a_telegram_that_comes_twice_counts_once() -> None:
    voltage = Voltage()
    for second in range(601):
        for _ in range(3):
            voltage.feed(printed(NOON + timedelta(seconds=second), EVEN))
    assert [slot.seconds for slot in slots(voltage)] == [600]


@pytest.mark.parametrize("back", [1, 30, 3000, 3700, 40_000])
def test_a_clock_that_is_set_back_counts_once(back: int) -> None:
    begin = NOON - 24 * HOUR
    street = Street(begin, period=10).run(12 * 3600).skip(-back).run(12 * 3600)
    found = slots(street.voltage, begin=begin)
    assert max(slot.seconds for slot in found) == 600
    starts = [slot.start for slot in found]
    assert starts == sorted(set(starts))
    assert starts[-1] < street.time


def test_a_clock_that_goes_to_and_fro_is_little_work() -> None:
    street = Street(MONDAY, period=60).run(6 * 86400)
    telegrams = [printed(street.time - 7200 * timedelta(seconds=number % 2), EVEN) for number in range(600)]
    assert calls(street.voltage.feed, telegrams) <= 600 * len(telegrams)


def test_what_a_clock_dated_that_was_years_ahead_is_forgotten_alone() -> None:
    street = Street(period=10).run(3600)
    before = slots(street.voltage)
    street.skip(4000 * 86400).run(1200).skip(-4000 * 86400 - 1200).run(3601)
    assert slots(street.voltage)[: len(before)] == before
    assert len(slots(street.voltage)) == 12
    assert street.voltage.history.weeks == ()


@given(
    cuts=st.lists(st.integers(0, 2400), max_size=4),
    period=st.sampled_from([1, 5, 10]),
    gap=st.integers(0, 900),
    levels=st.lists(st.integers(0, 2760), min_size=2, max_size=6),
)
@settings(max_examples=25, deadline=None)
def test_restarts_change_no_slot(cuts: list[int], period: int, gap: int, levels: list[int]) -> None:
    """Feed the same stream with and without restarts at any telegram."""
    times = [second for second in range(0, 2400, period) if not 700 <= second < 700 + gap]
    telegrams = [
        printed(
            NOON + timedelta(seconds=second), (str(Decimal(levels[second // 77 % len(levels)]) / 10), "230.0", "231.1")
        )
        for second in times
    ]
    whole, voltage = fed([printed(NOON - TEN, EVEN), *telegrams]), fed([printed(NOON - TEN, EVEN)])
    for second, telegram in zip(times, telegrams, strict=True):
        if any(second <= cut < second + period for cut in cuts):
            voltage = restarted(voltage)
        voltage.feed(telegram)
    for phase in ("l1", "l2", "l3"):
        assert slots(voltage, phase) == slots(whole, phase)
    assert voltage.save_series() == whole.save_series()
    # What has not lasted for long enough yet begins anew, as after any gap.
    assert voltage.save() | {"lasting": ...} == whole.save() | {"lasting": ...}


def test_a_restart_in_a_slot_keeps_it() -> None:
    street = Street().run(130, ("250.0",)).restart().skip(20).run(460, ("240.0",))
    [slot] = slots(street.voltage)
    assert slot.seconds == 600 - 20
    assert (slot.maximum, slot.minimum) == (250.0, 240.0)
    assert street.voltage.state.means["l1"] == pytest.approx(slot.mean)


def test_a_crash_loses_what_was_not_written() -> None:
    street = Street(period=10).run(3000)
    series = json.loads(json.dumps(street.voltage.save_series()))
    street.run(1800)
    voltage = Voltage.restore(None, json.loads(json.dumps(street.voltage.save())))
    voltage.restore_series(series)
    Street(street.time, 10, voltage).run(1800)
    assert [slot.start - NOON for slot in slots(voltage)] == [TEN * number for number in (0, 1, 2, 3, 4, 8, 9)]


def test_what_was_saved_is_known_with_the_first_telegram() -> None:
    street = Street().run(3000)
    voltage = Voltage.restore(None, json.loads(json.dumps(street.voltage.save())))
    voltage.restore_series(json.loads(json.dumps(street.voltage.save_series())))
    assert voltage.feed(printed(street.time + timedelta(seconds=1), EVEN)) is not None


def test_without_saved_voltages_it_starts_anew() -> None:
    street = Street().run(700)
    voltage = Voltage.restore(None, json.loads(json.dumps(street.voltage.save())))
    assert voltage.feed(printed(street.time, EVEN)) is not None
    assert slots(voltage) == []
    assert Voltage().save_series() == {}


def test_five_weeks_are_kept() -> None:
    street = Street(MONDAY, period=60).run(43 * 86400)
    assert len(slots(street.voltage, begin=street.time - timedelta(days=35))) == 144
    assert slots(street.voltage, begin=street.time - timedelta(days=39)) == []
    assert len(street.voltage.history.weeks) == 6 * 3
    # Compressed: in this one each day is like the next, in real ones a day of three phases takes 7 kB.
    assert len(json.dumps(street.voltage.save_series())) < 60_000


@pytest.mark.parametrize(
    ("volts", "grid", "phases", "nominal", "high"),
    [
        pytest.param(("231.0",), None, ("l1",), 230, 253, id="single-phase"),
        pytest.param(("231.0", "229.0", "230.0"), None, ("l1", "l2", "l3"), 230, 253, id="3x400 V"),
        pytest.param(("231.0", "0.0", "230.0"), None, ("l1", "l3"), 230, 253, id="3x230 V, two lines"),
        pytest.param(("231.0", "0.0", "230.0"), "230", ("l1", "l3"), 230, 253, id="3x230 V, printed"),
        pytest.param(("133.0", "132.0", "134.0"), None, ("l1", "l2", "l3"), 132.79, 146.07, id="3x230 V, star point"),
        pytest.param(("133.0", "132.0", "134.0"), "230", ("l1", "l2", "l3"), 132.79, 146.07, id="star point, printed"),
    ],
)
def test_the_band_is_that_of_the_grid(
    volts: tuple[str, ...], grid: str | None, phases: tuple[str, ...], nominal: float, high: float
) -> None:
    voltage = fed(printed(NOON + timedelta(seconds=second), volts, grid=grid) for second in range(601))
    band = voltage.history.band
    assert band is not None
    assert voltage.history.phases == phases
    assert (band.nominal, band.high) == (pytest.approx(nominal, abs=0.01), pytest.approx(high, abs=0.01))
    assert voltage.state.means.keys() == set(phases)
    assert voltage.state.problem is False


@pytest.mark.parametrize(
    "volts",
    [
        pytest.param((), id="none"),
        pytest.param(("5770.0", "5771.0", "5772.0"), id="a transformer of 10 kV"),
        pytest.param(("57.7", "57.8", "57.6"), id="a voltage transformer"),
        pytest.param(("0.0", "0.0", "0.0"), id="nothing"),
        pytest.param(("-230.0",), id="negative"),
        pytest.param(("999999999.9",), id="too much"),
    ],
)
def test_nothing_is_known_where_there_is_no_voltage_of_a_home(volts: tuple[str, ...]) -> None:
    voltage = fed(printed(NOON + timedelta(seconds=second), volts) for second in range(0, 1300, 10))
    assert voltage.state is None
    assert voltage.history.band is None
    assert voltage.save_series() == {}


def test_nothing_is_known_without_a_time() -> None:
    assert fed([printed(None, EVEN)] * 10).state is None


def test_a_phase_that_is_lost_at_the_start_is_found_later() -> None:
    # Without L2 the grid looks like 3x230 V.
    street = Street().run(30, ("230.0", "0.0", "230.0"))
    assert street.voltage.history.phases == ("l1", "l3")
    street.run(700)
    assert street.voltage.history.phases == ("l1", "l2", "l3")
    assert slots(street.voltage)[0].seconds == 600


@pytest.mark.parametrize(
    "value",
    [Decimal(10) ** 39, Decimal(-230), Decimal("460.1"), Decimal("22.9"), "text", None],
    ids=["huge", "negative", "twice", "interrupted", "text", "unset"],
)
@pytest.mark.parametrize("unit", ["V", "kW", None])
def test_what_can_be_no_voltage_is_not_seen(value: Decimal | str | None, unit: str | None) -> None:
    voltage = fed(printed(NOON + timedelta(seconds=second), EVEN) for second in range(300))
    for second in range(300, 601):
        telegram = printed(NOON + timedelta(seconds=second), EVEN)
        registers = dict(telegram.registers) | {obis.voltage("l1"): Register(value, unit)}
        voltage.feed(telegram._replace(registers=registers))
    [slot] = slots(voltage)
    assert (slot.seconds, slot.maximum, slot.minimum) == (300, 230.0, 230.0)
    assert slots(voltage, "l2")[0].seconds == 600


def test_other_units_are_converted() -> None:
    voltage = Voltage()
    for second in range(601):
        registers = {obis.voltage("l1"): Register(Decimal("0.2345"), "kV")}
        voltage.feed(Telegram("", None, None, NOON + timedelta(seconds=second), registers, {}, ()))
    assert slots(voltage)[0].mean == pytest.approx(234.5)
    assert voltage.history.export(NOON, NOON + HOUR, 10) == {}


def test_export_without_a_register_is_the_other_side_of_the_net_power() -> None:
    voltage = Voltage()
    for second in range(601):
        registers = {
            obis.voltage("l1"): Register(Decimal(240), "V"),
            obis.NET_POWER: Register(Decimal("-1.5"), "kW"),
        }
        voltage.feed(Telegram("", None, None, NOON + timedelta(seconds=second), registers, {}, ()))
    assert voltage.history.export(NOON, NOON + HOUR, 10) == {NOON: 1.5}


def test_a_port_that_prints_another_grid_each_minute_fills_nothing() -> None:
    street = Street(period=10)
    for number in range(600):
        street.run(60, EVEN if number % 2 else ("133.0", "133.0", "133.0"))
    for number in range(100):
        street.skip(400 * 86400 * (-1 if number % 3 else 1)).run(1200)
    assert len(json.dumps(street.voltage.save_series())) < 100_000


DAMAGE: dict[str, tuple[list[str], object]] = {
    "no history": (["history"], None),
    "no base64": (["history", "days", "2026-06-01", "l1"], "*" * 40),
    "no zlib": (["history", "days", "2026-06-01", "l1"], "AAAA"),
    "too short": (["history", "days", "2026-06-01", "l1"], b64encode(zlib.compress(bytes(10))).decode()),
    "a bomb": (["history", "days", "2026-06-01", "l1"], b64encode(zlib.compress(bytes(10**8))).decode()),
    "no day": (["history", "days", "yesterday"], {}),
    "no verdict": (["history", "weeks"], [["2026-06-01", "l1", "fine", 1, 2, 3, 4, 5]]),
    "no phase": (["running", "l2"], None),
    "too many seconds": (["running", "l1", "grain"], [70000, 1, 1, 1, 1, 1]),
    "too many squares": (["running", "l1", "grain"], [300, 2**40, 2300, 2300, 0, 0]),
    "no number": (["last"], "now"),
}


@pytest.mark.parametrize("how", DAMAGE)
def test_saved_voltages_that_are_damaged_change_nothing(how: str) -> None:
    series = json.loads(json.dumps(Street().run(900).voltage.save_series()))
    (*path, last), value = DAMAGE[how]
    place = series
    for key in path:
        place = place[key]
    place[last] = value
    voltage = Voltage()
    with pytest.raises((LookupError, TypeError, ValueError, ArithmeticError, AttributeError)):
        voltage.restore_series(series)
    assert voltage.save_series() == {}
    assert voltage.feed(printed(NOON, EVEN)) is not None


def test_saved_days_of_a_far_future_are_in_nobodys_way() -> None:
    series = json.loads(json.dumps(Street().run(900).voltage.save_series()))
    [day] = series["history"]["days"].values()
    series["history"]["days"] = {
        f"2099-{month:02}-{number:02}": day for month in range(1, 5) for number in range(1, 29)
    }
    voltage = Voltage()
    voltage.restore_series(series)
    street = Street(NOON + timedelta(seconds=900), voltage=voltage).run(1200)
    assert [slot.start for slot in slots(street.voltage)] == [NOON + TEN, NOON + 2 * TEN]
    assert len(street.voltage.save_series()["history"]["days"]) <= 37


def test_a_second_takes_few_steps() -> None:
    telegrams = [
        printed(
            NOON + timedelta(seconds=second), [str(Decimal(2300 + second % 13 + number) / 10) for number in range(3)]
        )
        for second in range(600)
    ]
    assert calls(Voltage().feed, telegrams) <= 45 * len(telegrams)


@pytest.mark.parametrize("name", ["nl-three-phase-1s.txt", "nl-three-phase-10s-cut-first.txt"])
@pytest.mark.skipif(not SHARED.exists(), reason="recorded elsewhere")
def test_recorded_streams_give_plausible_slots(name: str) -> None:
    voltage, reader = Voltage(), Reader()
    telegrams = reader.feed((SHARED / "streams" / name).read_bytes())
    # A recording is shorter than a slot is certain to be: it goes on from its own end.
    times = [telegram.time for telegram in telegrams if telegram.time is not None]
    assert len(times) > 10
    length = times[-1] - times[0] + (times[1] - times[0])
    for lap in range(int(timedelta(minutes=25) / length) + 1):
        for telegram in telegrams:
            assert telegram.time is not None
            voltage.feed(telegram._replace(time=telegram.time.astimezone(UTC) + lap * length))
    assert voltage.history.phases == ("l1", "l2", "l3")
    for phase in voltage.history.phases:
        found = voltage.history.slots(phase, times[0], times[0] + 24 * HOUR, 10)
        assert found
        printed_volts = {telegram.registers[obis.voltage(phase)].number for telegram in telegrams}
        for slot in found:
            assert min(printed_volts) <= Decimal(slot.minimum).quantize(Decimal("0.1"))
            assert slot.minimum <= slot.mean <= slot.maximum
            assert 207 < slot.mean < 253
            assert slot.seconds <= 600
        # One of them misses 24 of 75 seconds.
        assert all(slot.seconds > 350 for slot in found[1:])
        assert found[1].is_known(10) == (name != "nl-three-phase-1s.txt")


def test_slots_are_values() -> None:
    slot = VoltageSlot(NOON, 540, 230.0, 229.0, 231.0, 0, 0)
    assert slot.is_known(10)
    assert not replace(slot, seconds=539).is_known(10)
    assert not slot.is_known(15)
