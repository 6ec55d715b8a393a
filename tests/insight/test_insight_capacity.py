"""The capacity tariff as a whole: telegrams in, what is shown out."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
import json

import pytest

from custom_components.emucs.insight.capacity import Capacity, CapacitySettings, CapacityState
from custom_components.emucs.insight.peaks import Source
from custom_components.emucs.insight.tariff import Area, CapPeriod
from custom_components.emucs.insight.user_port import UserPort
from custom_components.emucs.port import MonthDemand, Reader, Telegram
from tests.insight.reading import BRUSSELS, House, local, telegram
from tests.port.wire import received
from virtual_meter import VirtualMeter

NOON = local("2026-07-14 12:00:00")
IMEWO = CapacitySettings(area=Area.IMEWO)


def year_of(peak: str, before: date = date(2026, 7, 1)) -> tuple[MonthDemand, ...]:
    """Return a history of twelve months with the same peak."""
    ends = [date(before.year - (n >= before.month), (before.month - n - 1) % 12 + 1, 1) for n in range(12)]
    return tuple(
        MonthDemand(
            local(f"{end} 00:00:00"),
            local(f"{(end - timedelta(days=9)).isoformat()} 18:15:00"),
            Decimal(peak),
        )
        for end in sorted(ends)
    )


def fed(settings: CapacitySettings, *telegrams: Telegram) -> Capacity:
    capacity = Capacity(settings)
    for each in telegrams:
        capacity.feed(each)
    return capacity


def state_of(capacity: Capacity) -> CapacityState:
    assert capacity.state is not None
    return capacity.state


@pytest.mark.parametrize(
    ("goal", "peak", "target"), [("1", None, "2.5"), ("1", "2", "2.5"), ("4", "3", "4"), ("4", "4.5", "4.5")]
)
def test_the_target_is_the_highest_of_floor_goal_and_peak(goal: str, peak: str | None, target: str) -> None:
    register = None if peak is None else (peak, NOON)
    capacity = fed(CapacitySettings(peak_target=Decimal(goal)), telegram(NOON, "1", demand="0", peak=register))
    assert state_of(capacity).effective_target == Decimal(target)
    assert state_of(capacity).budget == Decimal(target)


class TestBudget:
    """Never more than the connection carries."""

    @staticmethod
    def at(seconds: int, so_far: str, settings: CapacitySettings, *lines: str) -> Decimal:
        reading = telegram(NOON + timedelta(seconds=seconds), "0.1", demand=so_far)
        registers = {**reading.registers, **received("0-0:96.14.0(0001)", *lines).registers}
        return state_of(fed(settings, reading._replace(registers=registers))).budget

    SINGLE = ("1-0:32.7.0(230.0*V)",)
    STAR = ("1-0:32.7.0(230.0*V)", "1-0:52.7.0(230.0*V)", "1-0:72.7.0(230.0*V)")

    @pytest.mark.parametrize("seconds", [600, 880, 889, 890, 895, 899])
    @pytest.mark.parametrize(
        ("target", "lines", "most"),
        [
            ("2.5", SINGLE, "14.49"),
            ("2.5", STAR, "43.648"),
            ("99", SINGLE, "14.49"),
            ("2.5", ("0-0:17.0.0(002.0*kW)", *SINGLE), "2"),
            ("2.5", ("1-0:31.4.0(025*A)", *STAR), "17.321"),
        ],
    )
    def test_is_bounded(self, seconds: int, target: str, lines: tuple[str, ...], most: str) -> None:
        settings = CapacitySettings(peak_target=Decimal(target))
        assert self.at(seconds, "0.010", settings, *lines) <= Decimal(most)
        assert self.at(seconds, "99.000", settings, *lines) >= -Decimal(most)
        if seconds == 899:
            assert self.at(seconds, "0.010", settings, *lines) == Decimal(most)

    def test_is_the_users_word(self) -> None:
        settings = CapacitySettings(breaker=Decimal(40))
        assert self.at(890, "0.010", settings, *self.SINGLE) == Decimal("9.2")
        assert self.at(890, "0.010", settings, *self.STAR) == Decimal("27.713")
        assert self.at(890, "0.010", settings, "0-0:17.0.0(002.3*kW)", *self.SINGLE) == Decimal("2.3")
        assert self.at(890, "0.010", replace(settings, user_port=UserPort.A1)) == Decimal("27.713")
        options = {"connection": {"breaker": "40"}}
        assert Capacity.settings_of(options) == settings

    def test_follows_a_breaker_that_the_user_changes(self) -> None:
        house = House(NOON)
        capacity = fed(CapacitySettings(), house.telegram())
        capacity.settings = CapacitySettings(breaker=Decimal(40))
        [capacity.feed(each) for each in house.run(1)]
        assert state_of(capacity).limit == Decimal("27.713")

    def test_of_an_industrial_meter(self) -> None:
        # Its connection is larger than any of a home. It has carried its highest quarter, and is to carry the target.
        settings = CapacitySettings(user_port=UserPort.A1)
        assert self.at(890, "0.010", settings) == 56
        assert self.at(890, "0.010", replace(settings, peak_target=Decimal(300))) == 300
        reading = telegram(NOON, "1", demand="0", peak=("250", NOON), history=year_of("400"))
        state = state_of(fed(settings, reading))
        assert (state.limit, state.budget) == (400, 250)

    def test_follows_what_the_meter_prints(self) -> None:
        house = House(NOON)
        capacity = fed(CapacitySettings(), house.telegram())
        assert state_of(capacity).limit == Decimal("43.648")
        for each in house.run(900):
            capacity.feed(each._replace(registers={**each.registers, **received(*self.SINGLE).registers}))
        assert state_of(capacity).limit == Decimal("14.49")


def test_a_quarter_that_passes_the_target_raises_it() -> None:
    house = House(NOON)
    capacity = fed(CapacitySettings(), house.telegram(), *house.run(899, "4"))
    assert state_of(capacity).alarm
    assert state_of(capacity).effective_target == Decimal("2.5")
    assert state_of(capacity).budget < 0
    [last] = house.run(1)
    state = capacity.feed(last)
    assert state is not None
    assert state.closed is not None
    assert state.new_peak is not None
    assert state.effective_target == state.new_peak.value == pytest.approx(Decimal(4), abs=Decimal("0.005"))
    [after] = house.run(1)
    capacity.feed(after)
    assert state_of(capacity).closed is None
    assert state_of(capacity).new_peak is None


def test_the_warning_comes_before_the_alarm() -> None:
    house = House(NOON)
    settings = CapacitySettings(warning_share=Decimal("0.8"))
    capacity = fed(settings, house.telegram(), *house.run(600, "2.2"))
    assert (state_of(capacity).warning, state_of(capacity).alarm) == (True, False)
    capacity = fed(settings, house.telegram(), *house.run(600, "1.9"))
    assert (state_of(capacity).warning, state_of(capacity).alarm) == (False, False)


@pytest.mark.parametrize("silent", [telegram(None, "1"), telegram(NOON + timedelta(seconds=1), None)])
def test_a_telegram_without_time_or_power_changes_nothing(silent: Telegram) -> None:
    capacity = Capacity(IMEWO)
    assert capacity.feed(silent) is None
    assert capacity.report().average is None
    assert capacity.report().cost is None
    state = capacity.feed(telegram(NOON, "1", demand="0"))
    assert capacity.feed(silent) is state


class TestReport:
    """What is billed."""

    def test_of_nothing(self) -> None:
        report = Capacity(IMEWO).report()
        assert (report.average, report.average_as_it_stands, report.average_forecast, report.cost) == (None,) * 4
        assert Capacity(IMEWO).missing_year is None
        assert Capacity(IMEWO).months() == {}

    def test_averages(self) -> None:
        # Twelve months of 4 kW, 6 kW in this one so far, and a quarter that goes for 9.
        reading = telegram(NOON, "9", demand="0", peak=("6", NOON), history=year_of("4"))
        report = fed(IMEWO, reading).report()
        assert report.average is not None
        assert report.average_as_it_stands is not None
        assert report.average_forecast is not None
        assert (report.average.value, report.average.months) == (Decimal(4), 12)
        assert report.average_as_it_stands.value == Decimal(4) + Decimal(2) / 12
        assert round(report.average_forecast.value, 9) == round(Decimal(4) + Decimal(5) / 12, 9)

    def test_a_quarter_below_the_peak_changes_nothing(self) -> None:
        reading = telegram(NOON, "3", demand="0", peak=("6", NOON), history=year_of("4"))
        report = fed(IMEWO, reading).report()
        assert report.average_forecast == report.average_as_it_stands

    def test_cost_is_of_the_average_as_it_stands(self) -> None:
        # (11 x 4 + 10) / 12 = 4.5 kW at 54.2009816 EUR and 6 % VAT.
        report = fed(IMEWO, telegram(NOON, "1", demand="0", peak=("10", NOON), history=year_of("4"))).report()
        assert report.cost is not None
        assert round(report.cost.year, 2) == Decimal("258.54")
        assert round(report.cost.month, 2) == Decimal("21.54")
        assert round(report.cost.peak_kw, 2) == Decimal("4.79")
        assert report.cost.maximum_applies is None

    def test_months_are_in_order(self) -> None:
        capacity = fed(IMEWO, telegram(NOON, "1", peak=("6", NOON), history=year_of("4")))
        months = capacity.months()
        assert list(months) == sorted(months)
        assert list(months)[-1] == date(2026, 7, 1)
        assert [peak.source for peak in months.values()] == [Source.HISTORY] * 12 + [Source.METER]

    @pytest.mark.parametrize(
        ("settings", "capacity"),
        [
            (CapacitySettings(), None),
            (CapacitySettings(area=Area.BRUSSELS), None),
            (CapacitySettings(area=Area.WALLONIA), None),
            # An own rate does not bring a tariff to where there is none.
            (CapacitySettings(area=Area.BRUSSELS, own_rate=Decimal(60)), None),
            (CapacitySettings(own_rate=Decimal(60)), "60"),
            (CapacitySettings(area=Area.IMEWO, own_rate=Decimal(60)), "60"),
            (IMEWO, "54.2009816"),
        ],
    )
    def test_tariff(self, settings: CapacitySettings, capacity: str | None) -> None:
        report = fed(settings, telegram(NOON, "1", peak=("6", NOON), history=year_of("4"))).report()
        assert (report.tariff and str(report.tariff.capacity)) == capacity
        assert (report.cost is None) is (capacity is None)
        # The insight of power stays.
        assert report.average is not None

    def test_an_own_rate_is_without_vat(self) -> None:
        settings = CapacitySettings(own_rate=Decimal(60), vat=Decimal("0.21"))
        report = fed(settings, telegram(NOON, "1", peak=("5", NOON))).report()
        assert report.cost is not None
        assert report.cost.year == 5 * 60 * Decimal("1.21")

    def test_an_own_rate_keeps_the_maximum_of_the_area(self) -> None:
        tariff = fed(replace(IMEWO, own_rate=Decimal(60)), telegram(NOON, "1")).tariff
        assert tariff is not None
        assert (tariff.kwh, tariff.maximum) == (Decimal("0.0522864"), Decimal("0.3276168"))


@pytest.mark.usefixtures("rates_until_2026")
class TestOwnRate:
    """It is one of the year in which the user filled it in."""

    OWN = CapacitySettings(area=Area.IMEWO, own_rate=Decimal(58))

    @staticmethod
    def rates(capacity: Capacity, time: str) -> tuple[int | None, int | None, bool]:
        """Return the year that is missing, that of the rates, and whether they have a maximum, at a time."""
        capacity.feed(telegram(local(time), "1"))
        tariff = capacity.report().tariff
        assert tariff is not None
        return capacity.missing_year, tariff.year, tariff.maximum is not None

    def test_holds_for_that_year(self) -> None:
        capacity = fed(self.OWN, telegram(NOON, "1"))
        assert self.rates(capacity, "2026-12-31 23:59:59") == (None, 2026, True)
        assert self.rates(capacity, "2027-01-01 00:00:00") == (2027, 2026, True)
        capacity = Capacity.restore(self.OWN, json.loads(json.dumps(capacity.save())))
        assert self.rates(capacity, "2027-01-01 00:00:10") == (2027, 2026, True)
        # The new year's maximum is not in the table.
        capacity.settings = replace(self.OWN, own_rate=Decimal(60))
        assert self.rates(capacity, "2027-01-01 00:00:20") == (None, 2027, False)
        assert self.rates(capacity, "2028-01-01 00:00:20") == (2028, 2027, False)

    def test_of_december_holds_for_the_next_year_too(self) -> None:
        # That is when the rates of the next year appear.
        capacity = fed(self.OWN, telegram(local("2026-12-01 00:00:00"), "1"))
        assert self.rates(capacity, "2026-12-31 23:59:59") == (None, 2026, True)
        capacity = Capacity.restore(self.OWN, json.loads(json.dumps(capacity.save())))
        assert self.rates(capacity, "2027-01-01 00:00:00") == (None, 2027, False)
        assert self.rates(capacity, "2027-12-31 23:59:59") == (None, 2027, False)
        assert self.rates(capacity, "2028-01-01 00:00:00") == (2028, 2027, False)
        november = fed(self.OWN, telegram(local("2026-11-30 23:59:59"), "1"))
        assert self.rates(november, "2027-01-01 00:00:00") == (2027, 2026, True)

    def test_that_is_taken_back_is_new_again(self) -> None:
        capacity = fed(self.OWN, telegram(NOON, "1"))
        for settings in (IMEWO, self.OWN):
            capacity.settings = settings
            capacity.feed(telegram(local("2027-02-01 00:00:00"), "1"))
        assert capacity.missing_year is None

    def test_other_settings_leave_it_what_it_was(self) -> None:
        capacity = fed(self.OWN, telegram(NOON, "1"))
        capacity.settings = replace(self.OWN, peak_target=Decimal(4))
        assert self.rates(capacity, "2027-01-01 00:00:00") == (2027, 2026, True)


@pytest.mark.usefixtures("rates_until_2026")
@pytest.mark.parametrize(
    ("settings", "time", "missing", "used"),
    [
        (IMEWO, "2026-12-31 23:59:59", None, 2026),
        (IMEWO, "2027-01-01 00:00:00", 2027, 2026),
        (IMEWO, "2025-06-01 00:00:00", None, 2025),
        (replace(IMEWO, own_rate=Decimal(58)), "2027-01-01 00:00:00", None, 2027),
        (CapacitySettings(area=Area.BRUSSELS), "2027-01-01 00:00:00", None, None),
        (CapacitySettings(), "2027-01-01 00:00:00", None, None),
    ],
)
def test_a_year_without_rates(settings: CapacitySettings, time: str, missing: int | None, used: int | None) -> None:
    capacity = fed(settings, telegram(local(time), "1"))
    assert capacity.missing_year == missing
    assert (capacity.tariff and capacity.tariff.year) == used


class TestMaximumTariff:
    """Its energy is that of the running month, as it goes on, or of the last twelve."""

    @staticmethod
    def july(settings: CapacitySettings, *readings: tuple[str, str]) -> bool | None:
        capacity = fed(
            settings,
            *(telegram(local(time), "1", counter=counter, history=year_of("4")) for time, counter in readings),
        )
        cost = capacity.report().cost
        assert cost is not None
        return cost.maximum_applies

    # 4 kW of 54.2009816 EUR are 18.07 EUR a month; 0.3276168 - 0.0522864 EUR a kWh reach that at 65.6 kWh.
    @pytest.mark.parametrize(
        ("time", "counter", "applies"),
        [
            # Half of the month has passed: 32 kWh will be 64.
            ("2026-07-16 12:00:00", "1032", True),
            ("2026-07-16 12:00:00", "1034", False),
            ("2026-07-31 23:00:00", "1064", True),
            ("2026-07-31 23:00:00", "1067", False),
            # Too early to tell, and not the end of the month that it still is in UTC.
            ("2026-07-01 00:30:00", "1000.1", None),
            ("2026-07-03 12:00:00", "1001", None),
        ],
    )
    def test_by_month(self, time: str, counter: str, applies: bool | None) -> None:  # noqa: FBT001
        assert self.july(IMEWO, ("2026-07-01 00:00:00", "1000"), (time, counter)) is applies

    def test_by_month_that_was_joined(self) -> None:
        assert self.july(IMEWO, ("2026-07-10 00:00:00", "1000"), ("2026-07-16 12:00:00", "1001")) is None

    # 4 kW are 216.80 EUR a year, which 787.4 kWh reach.
    @pytest.mark.parametrize(("energy", "applies"), [(60, True), (70, False)])
    def test_by_year(self, energy: int, applies: bool) -> None:  # noqa: FBT001
        starts = sorted(end.period_end for end in year_of("4"))
        starts = [local("2025-07-01 00:00:00"), *starts]
        readings = [(f"{start:%Y-%m-%d %H:%M:%S}", str(1000 + energy * n)) for n, start in enumerate(starts)]
        settings = replace(IMEWO, cap_period=CapPeriod.YEAR)
        assert self.july(settings, *readings) is applies
        assert self.july(settings, *readings[1:]) is None

    def test_by_year_of_nothing(self) -> None:
        settings = replace(IMEWO, cap_period=CapPeriod.YEAR)
        assert self.july(settings, ("2026-07-14 12:00:00", "1")) is None


class TestPriceOfOneMoreKilowatt:
    """Of this month's peak, over the twelve bills in which it counts."""

    FULL = Decimal("54.2009816") / 12 * Decimal("1.06")

    @staticmethod
    def price(peak: str, *counters: tuple[str, str]) -> Decimal:
        readings = [telegram(local(time), "1", counter=counter, history=year_of("4")) for time, counter in counters]
        last = telegram(local("2026-07-31 23:00:00"), "1", counter="1000", peak=(peak, NOON), history=year_of("4"))
        cost = fed(IMEWO, *readings, last).report().cost
        assert cost is not None
        return cost.peak_kw

    @pytest.mark.parametrize(("peak", "share"), [("4", "1"), ("2.5", "1"), ("2", "0.5"), ("1.2", "0")])
    def test_is_free_up_to_the_floor(self, peak: str, share: str) -> None:
        assert round(self.price(peak), 6) == round(self.FULL * Decimal(share), 6)

    def test_is_not_zero_where_this_month_is_capped(self) -> None:
        assert round(self.price("4", ("2026-07-01 00:00:00", "990")), 6) == round(self.FULL * 11 / 12, 6)

    def test_counts_months_to_come_as_those_of_a_year_ago(self) -> None:
        # Two months of 40 kWh, which their maximum lowers; of the others nothing is known.
        readings = [("2025-08-01 00:00:00", "500"), ("2025-09-01 00:00:00", "540"), ("2025-10-01 00:00:00", "580")]
        assert round(self.price("4", *readings), 6) == round(self.FULL * 10 / 12, 6)


def test_survives_a_restart() -> None:
    house = House(local("2026-07-14 11:50:00"), prints_demand=False)
    capacity = fed(IMEWO, *house.run(2000, "3"))
    capacity.off_for_peak = "switch.boiler"
    again = Capacity.restore(IMEWO, json.loads(json.dumps(capacity.save())))
    assert again.state is None
    assert again.report().average_forecast is None
    house.skip(5)
    state, other = capacity.feed(house.telegram()), again.feed(house.telegram())
    assert state is not None
    assert other is not None
    assert other.demand == state.demand
    assert other.effective_target == state.effective_target
    assert other.new_peak is None
    assert again.months() == capacity.months()
    assert again.report() == capacity.report()
    assert again.off_for_peak == "switch.boiler"


def test_the_goal_may_change_at_any_time() -> None:
    house = House(NOON)
    capacity = fed(CapacitySettings(), house.telegram(), *house.run(400, "4"))
    assert state_of(capacity).alarm
    capacity.settings = replace(capacity.settings, peak_target=Decimal(5))
    for each in house.run(70):
        capacity.feed(each)
    assert not state_of(capacity).alarm
    assert state_of(capacity).effective_target == 5


@pytest.mark.parametrize("profile", ["1.7.1", "1.6"])
def test_over_the_turn_of_a_month(profile: str) -> None:
    # Three hours around midnight, of a meter that keeps peaks and of one that does not.
    midnight = datetime(2026, 2, 1, tzinfo=BRUSSELS)
    meter = VirtualMeter(profile, seed=3, start=midnight - timedelta(minutes=90), gas=False, water=False)
    reader, capacity = Reader(), Capacity(IMEWO)
    ends, new = [], []
    highest: dict[date, Decimal] = {}
    telegrams = list(reader.feed(meter.telegram()))
    while telegrams:
        state = capacity.feed(telegrams.pop())
        assert state is not None
        if state.closed:
            ends.append(state.closed.end)
        if state.new_peak:
            new.append(state.new_peak)
        if meter.time < midnight.astimezone(UTC) + timedelta(minutes=91):
            month = date(2026, 1 if meter.time < midnight.astimezone(UTC) else 2, 1)
            meter.advance(5, 5)
            if meter.truth.demand:
                highest[month] = max(highest.get(month, Decimal()), meter.truth.demand)
            telegrams += reader.feed(meter.telegram())
    assert len(ends) == 12
    february = capacity.months()[date(2026, 2, 1)]
    assert float(february.value) == pytest.approx(float(highest[date(2026, 2, 1)]), abs=0.03)
    assert february.source is (Source.METER if profile == "1.7.1" else Source.OBSERVED)
    assert len(new) == len({peak.time for peak in new})
    of_february = [peak.value for peak in new if peak.time > midnight]
    assert of_february == sorted(of_february)
    # The first quarter of a month is its peak, whatever it was.
    assert new[-len(of_february)].time == midnight + timedelta(minutes=15)
    if profile == "1.7.1":
        [*_, last] = meter.truth.history
        assert capacity.months()[date(2026, 1, 1)].value == last.peak.value
