"""How much of the connection to the grid is left."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
import json
import math
from typing import Any

import pytest

from custom_components.emucs.insight.apparent import ApparentPeak
from custom_components.emucs.insight.capacity import Capacity
from custom_components.emucs.insight.charging import Bound, Charger
from custom_components.emucs.insight.connection import Connection, ConnectionSettings
from custom_components.emucs.insight.meter import INSIGHTS, MeterInsights
from custom_components.emucs.port import Reader
from tests.insight.connected import NOON, Meter, measuring
from tests.insight.reading import BRUSSELS, local
from tests.support import WINTER_EVENING
from virtual_meter import PROFILES, VirtualMeter

STAR = {"volts": ("230.0", "230.0", "230.0")}
DELTA = {"volts": ("230.0", "000.0", "230.0")}
TO_STAR_POINT = {"volts": ("132.8", "132.8", "132.8")}
LIMITER = {"limiter_threshold": ("2.3", "kW")}


class TestHeadroom:
    """By current, and by the phase that carries most."""

    def test_of_the_phase_that_carries_most(self) -> None:
        state = Meter().feed(measuring(NOON, "3.50", "20.25", "0.00", **STAR))
        assert (state.headroom, state.load) == (4.75, 81)
        assert state.currents == (3.5, 20.25, 0)

    def test_goes_below_zero(self) -> None:
        state = Meter().feed(measuring(NOON, "30.00"))
        assert (state.headroom, state.load) == (-5, 120)

    def test_export_counts_as_import_does(self) -> None:
        state = Meter().feed(measuring(NOON, "20.00", power="-4.6", phase_powers=("-4.6",)))
        assert (state.headroom, state.load) == (5, 80)

    @pytest.mark.parametrize(
        ("breaker", "registers", "rating"),
        [
            (None, {}, None),
            (None, {"fuse_threshold": ("25", "A")}, 25),
            (40, {"fuse_threshold": ("25", "A")}, 25),
            (25, {"fuse_threshold": ("63", "A")}, 25),
            (40, LIMITER, 10),
            (None, LIMITER, 10),
            ("12.5", {}, 12.5),
        ],
    )
    def test_by_breaker_or_limit(self, breaker: object, registers: dict[str, Any], rating: float | None) -> None:
        state = Meter(breaker=breaker).feed(measuring(NOON, "5.00", **registers))
        assert state.rating == rating
        if rating is None:
            assert (state.headroom, state.load, state.available_current, state.alarm) == (None,) * 4
        else:
            assert state.headroom == rating - 5

    def test_follows_a_limiter_that_is_set(self) -> None:
        meter = Meter(breaker=40)
        assert meter.feed(measuring(NOON, "5.00")).rating == 40
        assert meter.feed(measuring(NOON + timedelta(seconds=10), "5.00", **LIMITER)).rating == 10

    def test_waits_for_what_matters(self) -> None:
        meter = Meter()
        first = meter.see(10, "5.00")
        assert meter.see(1, "5.30") is first
        assert meter.see(1, "5.60").headroom == 19.4
        assert meter.see(1, "5.50") is meter.state
        assert meter.see(10, "5.50").headroom == 19.5

    def test_of_a_meter_without_currents(self) -> None:
        meter = Meter()
        telegram = measuring(NOON)
        meter.capacity.feed(telegram)
        assert meter.connection.feed(telegram) is None
        assert meter.feed(measuring(NOON, "5.00")).headroom == 20
        assert meter.connection.feed(telegram) is None

    def test_of_a_meter_without_a_time(self) -> None:
        state = Meter().feed(measuring(None, "5.00"))
        assert state.headroom == 20
        assert (state.warning, state.alarm, state.available_current, state.peak) == (None,) * 4


class TestWithoutNeutral:
    """3x230 V."""

    def test_l2_is_left_out_where_it_is_not_measured(self) -> None:
        meter = Meter()
        assert meter.feed(measuring(NOON, "012", "000", "005", **DELTA)).currents == (12, None, 5)
        # Once it is, 0 is a value.
        assert meter.see(10, "12.00", "7.00", "5.00", **DELTA).currents == (12, 7, 5)
        assert meter.see(10, "12.00", "0.00", "12.00", **DELTA).currents == (12, 0, 12)

    def test_export_leaves_no_more_room(self) -> None:
        fields = {**DELTA, "power": "-4.000", "phase_powers": ("-2.0", "0.0", "-2.0")}
        meter = Meter(margin=0)
        assert meter.see(300, "10.00", "10.00", "10.00", **fields).available_current == 15

    @pytest.mark.parametrize(
        ("currents", "fields", "kva"),
        [
            (("10.00", "10.00", "10.00"), DELTA, 10 * 230 * math.sqrt(3) / 1000),
            (("010", "000", "010"), DELTA, 10 * 230 * math.sqrt(3) / 1000),
            (("10.00", "10.00", "10.00"), TO_STAR_POINT, 10 * 132.8 * 3 / 1000),
        ],
    )
    def test_apparent_power(self, currents: tuple[str, ...], fields: dict[str, Any], kva: float) -> None:
        assert quarter_of(currents, **fields).value == pytest.approx(kva)


def quarter_of(currents: tuple[str, ...], **fields: Any) -> ApparentPeak:
    """Return the peak of a month that has a quarter of these currents."""
    meter = Meter()
    peak = meter.see(1801, *currents, **fields).peak
    assert peak is not None
    return peak


class TestApparentPeak:
    """The highest quarter and minute of the month."""

    def test_is_of_all_phases(self) -> None:
        assert quarter_of(("10.00", "5.00", "0.00"), volts=("230.0", "240.0", "235.0")).value == pytest.approx(3.5)

    def test_is_unknown_without_a_voltage(self) -> None:
        meter = Meter()
        assert meter.see(1801, "10.00", "5.00", volts=("230.0",)).peak is None
        assert meter.see(1801, "10.00", volts=()).peak is None

    def test_quarter_and_minute(self) -> None:
        meter = Meter()
        meter.see(300, "10.00")
        meter.see(60, "20.00")
        meter.see(540, "10.00")
        state = meter.see(900, "5.00")
        assert state.peak is not None
        assert state.minute_peak is not None
        assert state.peak.value == pytest.approx(10 * 0.23 * 16 / 15, rel=0.002)
        assert state.peak.time == NOON + timedelta(minutes=15)
        assert state.minute_peak.value == pytest.approx(4.6, rel=0.01)
        assert state.minute_peak.time == NOON + timedelta(minutes=6)

    def test_half_a_quarter_is_none(self) -> None:
        meter = Meter(NOON + timedelta(minutes=5))
        assert meter.see(900, "20.00").peak is None
        assert meter.see(900, "10.00").peak is not None

    def test_a_quarter_with_a_gap_is_none(self) -> None:
        meter = Meter()
        meter.see(300, "20.00")
        meter.time += timedelta(seconds=120)
        assert meter.see(600, "20.00").peak is None

    @pytest.mark.parametrize("step", [1, 5, 10, 30])
    def test_of_a_slow_port(self, step: int) -> None:
        meter = Meter()
        peak = meter.see(1830, "10.00", step=step).peak
        assert peak is not None
        assert peak.value == pytest.approx(2.3)

    def test_begins_anew_with_the_month(self) -> None:
        begin = datetime(2026, 1, 31, 22, 30, tzinfo=UTC)
        meter = Meter(begin)
        state = meter.see(1799, "20.00")
        assert state.peak == ApparentPeak(pytest.approx(4.6), begin + timedelta(minutes=15))
        state = meter.see(10, "20.00")
        assert (state.peak, state.minute_peak) == (None, None)
        state = meter.see(900, "5.00")
        assert state.peak is not None
        assert state.peak.time.astimezone(BRUSSELS) == local("2026-02-01 00:15")

    @pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
    def test_days_with_another_hour_have_quarters_too(self, day: str) -> None:
        meter = Meter(local(f"{day} 00:30").astimezone(UTC))
        for _ in range(16):
            assert meter.see(900, "10.00").peak is not None or meter.time < local(f"{day} 01:00")
        assert meter.state.peak is not None
        assert meter.state.peak.value == pytest.approx(2.3)


class TestClock:
    """What a wrong clock cannot say is unknown; the rest goes on."""

    def test_that_cannot_be_used(self) -> None:
        meter = Meter()
        meter.see(1800, "10.00")
        meter.capacity.pause()
        meter.time += timedelta(seconds=1)
        state = meter.connection.feed(measuring(meter.time, "10.00"))
        assert state is not None
        assert state.headroom == 15
        assert (state.warning, state.alarm, state.available_current, state.bound) == (None,) * 4
        assert state.peak is not None

    def test_that_goes_back(self) -> None:
        meter = Meter()
        meter.see(600, "30.00")
        meter.time -= timedelta(hours=1)
        assert meter.see(60, "10.00").headroom == 15

    def test_in_the_pipeline(self) -> None:
        options = {"connection": {"breaker": "25"}}
        insights, host = MeterInsights("1SAG1100000000", options), NOON
        for _ in range(120):
            host += timedelta(seconds=1)
            insights.feed(measuring(NOON, "10.00"), host)
        state = insights[Connection].state
        assert state is not None
        assert (state.headroom, state.alarm) == (15, None)
        update = insights.feed(measuring(host, "20.00"), host)
        assert insights[Connection].state != state
        assert update.is_urgent


class TestHostile:
    """Whatever a port prints, all numbers stay numbers of a connection."""

    @pytest.mark.parametrize("value", ["9" * 400, "-25.00", "1e400", "0"])
    @pytest.mark.parametrize("where", ["current", "voltage", "power", "phase", "limiter", "fuse"])
    def test_values(self, value: str, where: str) -> None:
        meter = Meter()
        fields: dict[str, Any] = {
            "volts": (value if where == "voltage" else "230.0",),
            "power": value if where == "power" else "1.0",
            "phase_powers": (value if where == "phase" else "1.0",),
            "limiter_threshold": (value if where == "limiter" else "999.8", "kW"),
            "fuse_threshold": (value if where == "fuse" else "998", "A"),
        }
        meter.see(60, value if where == "current" else "5.00", "5.00", **fields)
        json.dumps(meter.connection.save(), allow_nan=False)
        state = meter.see(1200, "5.00")
        assert state.headroom == 20
        assert state.alarm is False
        assert state.available_current is not None
        assert -50 <= state.available_current <= 50

    def test_currents_that_come_and_go(self) -> None:
        meter = Meter()
        for _ in range(100):
            meter.see(1, "30.00", "5.00", "1.00", **STAR)
            meter.see(1, "30.00")
        assert meter.state.headroom == -5


class TestRestart:
    """What was known is taken up again."""

    @staticmethod
    def restarted(meter: Meter, seconds: float) -> Meter:
        """Return the same meter after a restart that took a while."""
        saved = json.loads(json.dumps(meter.connection.save(), allow_nan=False))
        other = Meter(meter.time + timedelta(seconds=seconds))
        other.connection = Connection.restore(meter.connection.settings, saved)
        other.connection.hand_over({Capacity: other.capacity})
        return other

    def test_the_peak_and_the_quarter(self) -> None:
        meter = Meter()
        meter.see(1200, "10.00")
        other = self.restarted(meter, 20)
        state = other.see(570, "20.00")
        assert state.peak is not None
        assert state.peak.value == pytest.approx(2.3)
        # The restart has missed less than a tenth of the quarter.
        assert other.see(900, "1.00").peak == ApparentPeak(pytest.approx(3.8, abs=0.1), NOON + timedelta(minutes=30))

    def test_the_heat(self) -> None:
        meter = Meter()
        assert meter.until_alarm(1.45, most=3600) is not None
        assert self.restarted(meter, 30).see(1, "30.00").alarm
        # Meanwhile nothing is known; no more than the rating is taken to have flowed.
        later = self.restarted(meter, 3600).see(1, "5.00")
        assert (later.warning, later.alarm) == (True, False)
        assert not self.restarted(meter, 3600).see(600, "5.00").warning

    def test_nothing_is_granted_at_once(self) -> None:
        meter = Meter()
        assert meter.see(300, "1.00", power="0.23").available_current == 23
        assert self.restarted(meter, 10).see(10, "1.00").available_current == 0

    def test_l2_is_measured(self) -> None:
        meter = Meter()
        meter.see(10, "12.00", "7.00", "5.00", **DELTA)
        assert self.restarted(meter, 10).see(10, "12.00", "0.00", "12.00", **DELTA).currents == (12, 0, 12)

    def test_of_what_was_never_seen(self) -> None:
        meter = self.restarted(Meter(), 0)
        assert meter.see(10, "5.00").headroom == 20

    def test_in_the_pipeline(self) -> None:
        options = {"connection": {"breaker": "25"}}
        insights = MeterInsights("1SAG1100000000", options)
        insights.feed(measuring(NOON, "10.00"), NOON)
        saved = json.loads(json.dumps(insights.save()))
        other = MeterInsights.restore("1SAG1100000000", options, saved)
        other.feed(measuring(NOON + timedelta(seconds=1), "10.00"), NOON + timedelta(seconds=1))
        assert other[Connection].used(Capacity) is other[Capacity]
        state = other[Connection].state
        assert state is not None
        assert state.alarm is False
        # A store from before there was this insight.
        del saved["connection"]
        assert MeterInsights.restore("1SAG1100000000", options, saved)[Connection].state is None


def test_settings() -> None:
    assert Connection.settings_of({}) == ConnectionSettings()
    options = {
        "connection": {"breaker": "40", "charger": "one_phase", "margin": 2.5},
        "capacity": {"area": "wallonia"},
    }
    assert Connection.settings_of(options) == ConnectionSettings(
        breaker=Decimal(40), charger=Charger.ONE_PHASE, margin=Decimal("2.5"), keeps_target=False
    )
    assert Connection.settings_of({"capacity": {"area": "imewo"}}).keeps_target


def test_insights_that_others_use_come_first() -> None:
    for number, kind in enumerate(INSIGHTS):
        assert set(kind.uses) <= set(INSIGHTS[:number])


def test_what_cannot_wait() -> None:
    meter = Meter(margin=0)
    quiet = meter.see(300, "10.00")
    assert not meter.connection.is_urgent(quiet)
    over = meter.see(1, "27.00")
    assert over.available_current == -2
    assert over.bound is Bound.BREAKER
    assert meter.connection.is_urgent(quiet)
    meter.see(1, "29.00")
    assert not meter.connection.is_urgent(over)


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile(name: str) -> None:
    meter = VirtualMeter(profile=name, start=WINTER_EVENING)
    insights = MeterInsights(meter.meter_id, {"connection": {"breaker": "63"}})
    for _ in range(20):
        meter.advance(10)
        [telegram] = Reader().feed(meter.telegram())
        insights.feed(telegram, meter.time)
    state = insights[Connection].state
    prints_currents = any(code.endswith(("31.7.0", "51.7.0", "71.7.0")) for code in telegram.registers)
    assert (state is not None) == prints_currents
    if state is not None:
        assert state.headroom is not None
        assert 0 < state.headroom < 63
