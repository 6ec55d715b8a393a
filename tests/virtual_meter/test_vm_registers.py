"""Registers hold together: counters integrate power, quarters make demand, months close."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from vm_reading import moment, number, values

from virtual_meter import Truth, VirtualMeter

BRUSSELS = ZoneInfo("Europe/Brussels")
WIRINGS = ("1.7.1", "1.7.1-single-phase", "1.7.1-3x230v")


def imported(truth: Truth) -> Decimal:
    return truth.import_1 + truth.import_2


def exported(truth: Truth) -> Decimal:
    return truth.export_1 + truth.export_2


def at(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=BRUSSELS)


@pytest.mark.parametrize("profile", WIRINGS)
@pytest.mark.parametrize("step", [1, 10])
def test_counters_integrate_power(profile: str, step: int) -> None:
    meter = VirtualMeter(profile, start=at(2026, 4, 14, 7))
    before = meter.truth
    took = gave = Decimal(0)
    for _ in range(2 * 3600 // step):
        meter.advance(step, step)
        truth = meter.truth
        took += truth.power_import * step / 3600
        gave += truth.power_export * step / 3600
    # Where a quarter or a capture cuts a step, the power that is seen ran for its last part only.
    tolerance = Decimal("0.004") if step == 1 else Decimal("0.15")
    assert imported(meter.truth) - imported(before) == pytest.approx(took, abs=tolerance)
    assert exported(meter.truth) - exported(before) == pytest.approx(gave, abs=tolerance)
    assert took > 0
    assert gave > 0


@pytest.mark.parametrize("profile", WIRINGS)
def test_phases_sum_to_the_net_and_never_both_ways(profile: str) -> None:
    meter = VirtualMeter(profile, start=at(2026, 7, 1, 8))
    mixed = 0
    for _ in range(600):
        meter.advance(60, 60)
        truth = meter.truth
        assert not (truth.power_import and truth.power_export)
        net = sum(phase.power_import - phase.power_export for phase in truth.phases)
        assert abs(net - (truth.power_import - truth.power_export)) <= Decimal("0.002")
        mixed += any(phase.power_import for phase in truth.phases) and any(p.power_export for p in truth.phases)
    assert (mixed > 0) is (profile != "1.7.1-single-phase")


@pytest.mark.parametrize("profile", WIRINGS)
def test_voltage_and_current_are_plausible(profile: str) -> None:
    meter = VirtualMeter(profile, start=at(2026, 1, 6, 12))
    for _ in range(300):
        meter.advance(60, 60)
        phases = meter.truth.phases
        voltages = [phase.voltage for phase in phases]
        if profile.endswith("3x230v"):
            assert not voltages.pop(1) + phases[1].power_import + phases[1].power_export
            assert phases[1].current > 0
        else:
            for phase in phases:
                active = (phase.power_import + phase.power_export) * 1000
                assert active <= phase.voltage * (phase.current + Decimal("0.01")) + 1
        assert all(225 <= voltage <= 246 for voltage in voltages)


def test_one_wattmeter_may_export_while_the_house_imports() -> None:
    meter = VirtualMeter("1.7.1-3x230v", start=at(2026, 7, 1, 6))
    seen = False
    for _ in range(900):
        meter.advance(60, 60)
        truth = meter.truth
        seen |= truth.power_import > 0 and any(phase.power_export > 0 for phase in truth.phases)
    assert seen


def test_demand_climbs_from_zero_to_the_average_of_the_quarter() -> None:
    meter = VirtualMeter(start=at(2026, 1, 14, 18))
    meter.advance(1)
    for _ in range(3):
        begin = imported(meter.truth)
        climbed = []
        for _ in range(898):
            meter.advance(1)
            climbed.append(meter.truth.demand)
            so_far = (imported(meter.truth) - begin) * 4
            assert climbed[-1] == pytest.approx(so_far, abs=Decimal("0.02"))
        assert all(earlier <= later for earlier, later in pairwise(climbed))
        meter.advance(1)
        assert meter.truth.demand == 0
        meter.advance(1)


def test_demand_begins_as_if_the_meter_had_lived_before() -> None:
    truth = VirtualMeter(start=at(2026, 1, 14, 18, 12), pv=False).truth
    assert truth.demand == pytest.approx(truth.power_import * 12 / 15, abs=Decimal("0.002"))


def test_month_peak_is_the_highest_quarter() -> None:
    meter = VirtualMeter(start=at(2026, 2, 1))
    meter.advance(900, 60)
    best = meter.truth.month_peak
    grown = 0
    for _ in range(4 * 24 * 3):
        before = imported(meter.truth)
        meter.advance(900, 60)
        average = (imported(meter.truth) - before) * 4
        if meter.truth.month_peak == best:
            assert average <= best.value + Decimal("0.005")
        else:
            best = meter.truth.month_peak
            grown += 1
            assert best.time == meter.time
            assert best.value == pytest.approx(average, abs=Decimal("0.005"))
    assert grown > 2


def test_first_quarter_of_a_month_keeps_the_old_peak_until_it_ends() -> None:
    meter = VirtualMeter(start=at(2026, 2, 28, 23, 30))
    meter.advance(1800, 60)
    closed = meter.truth
    assert meter.time == at(2026, 3, 1)
    assert closed.history[-1].end == at(2026, 3, 1)
    assert closed.history[-1].peak == closed.month_peak
    meter.advance(899, 60)
    assert meter.truth.month_peak == closed.month_peak
    meter.advance(1)
    assert meter.truth.month_peak.time == at(2026, 3, 1, 0, 15)
    assert meter.truth.month_peak.value < closed.month_peak.value


@pytest.mark.parametrize("months", [0, 3, 13])
def test_history_is_oldest_first_and_keeps_thirteen_months(months: int) -> None:
    meter = VirtualMeter(start=at(2026, 3, 30, 22), history_months=months)
    meter.advance(2 * 86_400 + 7200, 60)
    history = meter.truth.history
    assert len(history) == min(13, months + 1)
    assert history[-1].end == at(2026, 4, 1)
    for month in history:
        end = month.end.astimezone(BRUSSELS)
        assert (end.day, end.hour, end.minute, end.second) == (1, 0, 0, 0)
        begin = (end - timedelta(days=1)).replace(day=1)
        assert begin < month.peak.time <= end
        assert month.peak.time.timestamp() % 900 == 0
    assert [month.end for month in history] == sorted(month.end for month in history)


def test_history_as_printed() -> None:
    meter = VirtualMeter(start=at(2026, 5, 20, 12))
    count, first, second, *rest = values(meter.telegram(), "0-0:98.1.0")
    assert (count, first, second) == ("13", "1-0:1.6.0", "1-0:1.6.0")
    ends = rest[::3]
    assert ends[0] == "250501000000S"
    assert [end for end in ends if end[2:4] in ("11", "12", "01", "02", "03")] == [
        "251101000000W",
        "251201000000W",
        "260101000000W",
        "260201000000W",
        "260301000000W",
    ]
    assert ends[-1] == "260501000000S"


def test_a_new_meter_on_the_first_has_no_peak_yet() -> None:
    meter = VirtualMeter(start=at(2026, 5, 1, 0, 5), history_months=0)
    assert values(meter.telegram(), "1-0:1.6.0") == ["260501000000S", "00.000*kW"]
    older = VirtualMeter(start=at(2026, 5, 1)).truth
    assert older.month_peak == older.history[-1].peak


@pytest.mark.parametrize(
    ("when", "tariff"),
    [
        (at(2026, 5, 20, 6, 59), 2),
        (at(2026, 5, 20, 7), 1),
        (at(2026, 5, 20, 21, 59), 1),
        (at(2026, 5, 20, 22), 2),
        (at(2026, 5, 23, 12), 2),
        (at(2026, 5, 24, 12), 2),
        (at(2026, 3, 30, 7), 1),
        (at(2026, 10, 26, 7), 1),
    ],
)
def test_tariff_by_the_local_clock(when: datetime, tariff: int) -> None:
    assert VirtualMeter(start=when).truth.tariff == tariff
    came = VirtualMeter(start=when - timedelta(minutes=40))
    came.advance(2400, 60)
    assert came.truth.tariff == tariff


def test_only_the_running_tariff_counts() -> None:
    meter = VirtualMeter(start=at(2026, 5, 20, 21), pv=False)
    first = meter.truth
    meter.advance(3600, 60)
    second = meter.truth
    assert second.tariff == 2
    assert second.import_1 > first.import_1
    assert second.import_2 == first.import_2
    meter.advance(3600, 60)
    assert meter.truth.import_1 == second.import_1
    assert meter.truth.import_2 > second.import_2


def test_step_does_not_reach_past_the_tariff() -> None:
    meter = VirtualMeter(start=at(2026, 5, 20, 21, 59), pv=False)
    before = meter.truth.import_1
    meter.advance(600, 600)
    assert meter.truth.import_1 - before < Decimal("0.3")


@pytest.mark.parametrize(
    ("day", "quarters", "flags"),
    [(at(2026, 3, 29), 92, "WS"), (at(2026, 10, 25), 100, "SW"), (at(2026, 6, 1), 96, "S")],
)
def test_days_when_the_clock_changes(day: datetime, quarters: int, flags: str) -> None:
    meter = VirtualMeter(start=day)
    tomorrow = (day + timedelta(days=1)).astimezone(UTC)
    stamps = [values(meter.telegram(), "0-0:1.0.0")[0]]
    while meter.time < tomorrow:
        meter.advance(900, 60)
        assert number(meter.telegram(), "1-0:1.4.0") == 0
        stamps.append(values(meter.telegram(), "0-0:1.0.0")[0])
    assert len(stamps) - 1 == quarters
    assert "".join(dict.fromkeys(stamp[-1] for stamp in stamps)) == flags
    assert len(set(stamps)) == len(stamps)
    assert all(later - earlier == timedelta(minutes=15) for earlier, later in pairwise(map(moment, stamps)))
    if flags == "SW":
        assert {"261025021500S", "261025021500W"} <= set(stamps)
