"""What is not believed at once: counters that go back, or faster than a meter can count."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
import json

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.emucs.insight.counter import FALL_LASTS, PATIENCE, PATIENT_READINGS, RISE_LASTS, SHORTEST
from custom_components.emucs.insight.guard import Guard, Guarded, is_counter
from custom_components.emucs.port import Channel, Register, Telegram

METER = "1SAG3100000001"
IMPORT = "1-0:1.8.1"
EXPORT = "1-0:2.8.1"
POWER = "1-0:1.7.0"
GAS = "7FLO2100000001"
NOON = datetime(2026, 7, 14, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
CAPTURE = timedelta(minutes=5)


def telegram(time: datetime | None, gas: Channel | None = None, **registers: str) -> Telegram:
    """Return a telegram; of registers 1-0:1.8.1 is `imported`, 1-0:2.8.1 `exported`, 1-0:1.7.0 `power`."""
    codes = {"imported": (IMPORT, "kWh"), "exported": (EXPORT, "kWh"), "power": (POWER, "kW")}
    return Telegram(
        identification="",
        version=None,
        meter_id=METER,
        time=time,
        registers={codes[name][0]: Register(Decimal(text), codes[name][1]) for name, text in registers.items()},
        channels={} if gas is None else {1: gas},
        demand_history=(),
    )


def gas(value: str, time: datetime | None, identifier: str | None = GAS, device_type: int = 3) -> Channel:
    """Return a channel with a gas meter."""
    return Channel(device_type, identifier, None, Register(Decimal(value), "m3", time))


def shown(guarded: Guarded, code: str = IMPORT) -> str:
    return str(guarded.telegram.registers[code].value)


def follow(guard: Guard, values: Iterable[str], begin: datetime = NOON, step: timedelta = SECOND) -> list[str]:
    """Return what is shown of an import counter, one telegram after the other."""
    return [shown(guard.feed(telegram(begin + n * step, imported=value))) for n, value in enumerate(values)]


class TestACounterOfEnergy:
    """1.8.x, 2.8.x and all that counts like them."""

    def test_one_telegram_with_a_thousand_kwh_more(self) -> None:
        assert follow(Guard(METER), ["100.000", "1100.000", "100.001"]) == ["100.000", "100.000", "100.001"]

    def test_one_telegram_with_zero(self) -> None:
        assert follow(Guard(METER), ["100.000", "0.000", "100.001"]) == ["100.000", "100.000", "100.001"]

    @pytest.mark.parametrize(("value", "lasts"), [("1100", RISE_LASTS), ("0", FALL_LASTS), ("99.998", FALL_LASTS)])
    def test_what_lasts_is_true(self, value: str, lasts: timedelta) -> None:
        guard = Guard(METER)
        count = lasts // SECOND
        assert follow(guard, ["100.000", *[value] * count]) == ["100.000"] * (count + 1)
        confirmed = guard.feed(telegram(NOON + (count + 1) * SECOND, imported=value))
        assert shown(confirmed) == value
        # It was not consumed, though.
        assert confirmed.restarted == {IMPORT}
        assert confirmed.import_restarted
        assert not guard.feed(telegram(NOON + (count + 2) * SECOND, imported=value)).restarted

    @pytest.mark.parametrize("value", ["0.000", "50.000", "1100.000", "999999.999"])
    @pytest.mark.parametrize("seconds", [2, 5, 30, 59])
    def test_what_lasts_for_seconds_is_not(self, value: str, seconds: int) -> None:
        shown_values = follow(Guard(METER), ["100.000", *[value] * seconds, "100.001"])
        assert shown_values == ["100.000"] * (seconds + 1) + ["100.001"]

    def test_nor_what_comes_again_and_again(self) -> None:
        values = ["100.000", *["0.000"] * 600] * 5
        assert set(follow(Guard(METER), values)) == {"100.000"}

    def test_a_new_counter_counts_on_until_it_is_believed(self) -> None:
        count = FALL_LASTS // SECOND
        values = [f"{number / 1000:.3f}" for number in range(count + 2)]
        assert follow(Guard(METER), ["100.000", *values])[1:] == ["100.000"] * count + values[-2:]

    def test_a_port_that_is_slow_has_to_say_it_more_often_than_twice(self) -> None:
        hour = timedelta(hours=1)
        values = ["100.000", *["0.500"] * 4]
        assert follow(Guard(METER), values, step=hour) == ["100.000"] * 4 + ["0.500"]
        assert follow(Guard(METER), ["100.000", "9000.000", "9000.000"], step=hour)[1:] == ["100.000", "9000.000"]

    @pytest.mark.parametrize(
        ("time", "readings"), [pytest.param(None, 90, id="no clock"), pytest.param(NOON, 900, id="stands still")]
    )
    def test_a_meter_whose_clock_does_not_tell(self, time: datetime | None, readings: int) -> None:
        guard = Guard(METER)
        guard.feed(telegram(time, imported="100.000"))
        values = [shown(guard.feed(telegram(time, imported="0.500"))) for _ in range(readings + 1)]
        assert values == ["100.000"] * readings + ["0.500"]

    def test_the_last_digit_may_fall_for_as_long_as_it_likes(self) -> None:
        guard = Guard(METER)
        values = ["100.010", *(["100.009"] * 50), "100.011"]
        assert follow(guard, values) == ["100.010"] * 51 + ["100.011"]

    def test_fewer_digits_are_no_fall(self) -> None:
        assert follow(Guard(METER), ["123.456", "123.4", "123.4", "123.4", "123.4", "123.5"]) == ["123.456"] * 5 + [
            "123.5"
        ]

    def test_two_impossible_values_do_not_confirm_each_other(self) -> None:
        values = ["100.000", "5000.000", "1.000", "700.000", "100.003"]
        assert follow(Guard(METER), values) == ["100.000"] * 4 + ["100.003"]

    def test_whatever_lasts_is_the_truth_in_the_end(self) -> None:
        # Each further away than the one before could lead to.
        values = [str(100 * 4**n) for n in range(PATIENT_READINGS + 2)]
        step = PATIENCE / PATIENT_READINGS
        assert follow(Guard(METER), values, step=step) == [*["100"] * (PATIENT_READINGS + 1), values[-1]]
        assert follow(Guard(METER), values) == ["100"] * (PATIENT_READINGS + 2)

    def test_a_long_outage(self) -> None:
        guard = Guard(METER)
        follow(guard, ["100.000"])
        # 60 kWh in 12 hours: a car, a heat pump.
        assert follow(guard, ["160.000"], NOON + timedelta(hours=12)) == ["160.000"]

    def test_a_clock_that_jumps_by_years_excuses_little(self) -> None:
        guard = Guard(METER)
        follow(guard, ["100.000"])
        assert follow(guard, ["9999.000"], NOON + timedelta(days=9000)) == ["100.000"]

    @pytest.mark.parametrize("time", [NOON, NOON - timedelta(days=365), None])
    def test_a_clock_that_stands_still_or_goes_back_stops_no_counter(self, time: datetime | None) -> None:
        guard = Guard(METER)
        follow(guard, ["100.000"])
        for value in ("100.001", "100.050", "100.150"):
            assert shown(guard.feed(telegram(time, imported=value))) == value

    def test_an_industrial_meter_counts_as_fast_as_its_power_says(self) -> None:
        guard = Guard(METER)
        for n in range(3):
            guard.feed(telegram(NOON + n * SECOND, imported="1000.000", power="2500"))
        # 2.5 MW for a minute.
        (value,) = follow(guard, ["1041.667"], NOON + timedelta(minutes=1))
        assert value == "1041.667"

    def test_but_a_power_that_one_telegram_alone_shows_says_nothing(self) -> None:
        guard = Guard(METER)
        follow(guard, ["100.000"])
        guarded = guard.feed(telegram(NOON + SECOND, imported="1100.000", power="999999"))
        assert shown(guarded) == "100.000"

    @pytest.mark.parametrize("power", ["2500", "99999", "999999", "9" * 30])
    @pytest.mark.parametrize("passed", [SECOND, timedelta(minutes=1), timedelta(hours=12), timedelta(days=2)])
    def test_nor_does_a_power_that_two_telegrams_show_excuse_a_step_that_needs_it_for_longer(
        self, power: str, passed: timedelta
    ) -> None:
        guard = Guard(METER)
        follow(guard, ["100.000"], NOON - SECOND)
        for n in range(2):
            guard.feed(telegram(NOON + n * SECOND, imported="100.000", power=power))
        # What a home can take in this time, and a quarter-hour of that more.
        most = 100 + min(passed, timedelta(days=1)) / timedelta(hours=1) * 100 + 25
        later = NOON + SECOND + passed
        assert follow(guard, [f"{most + 1:.3f}"], later) == ["100.000"]
        saved = Guard.restore(METER, json.loads(json.dumps(guard.save())))
        assert follow(saved, [f"{most + 1:.3f}"], later) == ["100.000"]

    def test_nor_do_pairs_of_such_telegrams_over_the_years(self) -> None:
        guard = Guard(METER)
        for n in range(1000):
            power = "999999" if n % 3 else "1"
            guard.feed(telegram(NOON + n * SECOND, imported="100.000", power=power))
        assert follow(guard, ["130.000"], NOON + 1001 * SECOND) == ["100.000"]

    @pytest.mark.parametrize(("power", "ran"), [(2500, 3600), (800, 1200), (60, 300)])
    def test_a_site_that_ran_goes_on_after_an_outage(self, power: int, ran: int) -> None:
        guard, counted = Guard(METER), Decimal(1000)
        for n in range(ran):
            counted += Decimal(power) / 3600
            guard.feed(telegram(NOON + n * SECOND, imported=f"{counted:.3f}", power=str(power)))
        for hours in (1, 12, 24):
            after = guard.restore(METER, json.loads(json.dumps(guard.save())))
            value = f"{counted + power * hours:.3f}"
            assert follow(after, [value], NOON + ran * SECOND + timedelta(hours=hours)) == [value]

    def test_each_counter_for_itself(self) -> None:
        guard = Guard(METER)
        guard.feed(telegram(NOON, imported="100.000", exported="50.000"))
        guarded = guard.feed(telegram(NOON + SECOND, imported="100.001", exported="9050.000"))
        assert (shown(guarded), shown(guarded, EXPORT)) == ("100.001", "50.000")
        assert guarded.withheld == {EXPORT}
        assert not guarded.import_withheld
        assert not guarded.import_restarted
        assert guard.feed(telegram(NOON + 2 * SECOND, imported="0.000")).import_withheld

    def test_another_unit_is_the_same_counter(self) -> None:
        guard = Guard(METER)
        follow(guard, ["100.000"])
        wh = telegram(NOON + SECOND)
        registers: dict[str, Register] = {IMPORT: Register(Decimal(100001), "Wh")}
        guarded = guard.feed(wh._replace(registers=registers))
        assert guarded.telegram.registers == registers

    def test_what_is_unset_stays_so(self) -> None:
        guard = Guard(METER)
        follow(guard, ["100.000"])
        unset: dict[str, Register] = {IMPORT: Register(None, "kWh")}
        guarded = guard.feed(telegram(NOON)._replace(registers=unset))
        assert guarded.telegram.registers == unset
        assert follow(guard, ["9000.000"]) == ["100.000"]


def metered(channel: Channel) -> str:
    """Return what is shown of an M-Bus meter."""
    assert channel.reading is not None
    return str(channel.reading.value)


@pytest.mark.parametrize(
    ("code", "unit", "counts"),
    [
        ("1-0:1.8.0", "kWh", True),
        ("1-0:2.8.5", "MWh", True),
        ("1-0:3.8.0", "kvarh", True),
        ("1-0:8.8.2", "kvarh", True),
        ("1-0:9.8.0", "kVAh", True),
        ("1-0:21.8.0", "kWh", True),
        # Import less export goes either way.
        ("1-0:16.8.0", "kWh", False),
        ("1-0:1.8.0*03", "kWh", False),
        ("1-0:1.7.0", "kW", False),
        ("1-0:1.4.0", "kW", False),
        ("0-1:24.2.3", "m3", False),
        ("1-0:1.8.0", "kW", False),
    ],
)
def test_what_counts(code: str, unit: str, counts: bool) -> None:  # noqa: FBT001
    assert is_counter(code, unit) is counts


class TestAMeterOnTheMBus:
    """Gas and water, whose latest reading every telegram repeats."""

    @staticmethod
    def read(guard: Guard, values: Iterable[str], begin: datetime = NOON, *, repeats: int = 3) -> list[str]:
        """Return what is shown of a gas meter in the telegrams of some readings."""
        values_shown = []
        for n, value in enumerate(values):
            captured = begin + n * CAPTURE
            for second in range(repeats):
                guarded = guard.feed(telegram(captured + second * SECOND, gas(value, captured)))
                assert guarded.telegram.channels[1] is guarded.meters[GAS].channel
                values_shown.append(metered(guarded.meters[GAS].channel))
        return values_shown

    def test_a_fall_is_not_confirmed_by_its_own_repetition(self) -> None:
        assert self.read(Guard(METER), ["50.000", "0.000", "50.100"]) == [*["50.000"] * 6, *["50.100"] * 3]

    def test_a_step_forward_is_confirmed_by_the_next_reading(self) -> None:
        guard = Guard(METER)
        assert self.read(guard, ["50.000", "950.000", "950.000"]) == [*["50.000"] * 6, *["950.000"] * 3]

    def test_a_fall_by_three_more(self) -> None:
        values = ["50.000", *["0.100"] * 4]
        assert self.read(Guard(METER), values, repeats=1) == ["50.000"] * 4 + ["0.100"]

    def test_as_fast_as_a_large_burner(self) -> None:
        # 40 m³/h, the most that a G25 meter takes.
        assert self.read(Guard(METER), ["50.000", "53.333"], repeats=1) == ["50.000", "53.333"]

    def test_without_a_time_telegrams_confirm(self) -> None:
        guard = Guard(METER)
        values = ["50.000", *["950.000"] * 61]
        guarded = [guard.feed(telegram(NOON + n * SECOND, gas(value, None))) for n, value in enumerate(values)]
        readings = [metered(each.meters[GAS].channel) for each in guarded]
        assert readings == ["50.000"] * 61 + ["950.000"]
        assert guarded[-1].restarted == {GAS}

    def test_another_meter_on_the_channel_has_a_history_of_its_own(self) -> None:
        guard = Guard(METER)
        self.read(guard, ["5000.000"])
        guarded = guard.feed(telegram(NOON + CAPTURE, gas("0.001", NOON + CAPTURE, "7FLO2100000002")))
        assert metered(guarded.meters["7FLO2100000002"].channel) == "0.001"
        # And so has the old one, should it come back.
        assert self.read(guard, ["1.000"], NOON + 2 * CAPTURE) == ["5000.000"] * 3

    def test_a_meter_that_moves_to_another_channel_takes_its_history_along(self) -> None:
        guard = Guard(METER)
        self.read(guard, ["5000.000"])
        moved = telegram(NOON + CAPTURE)
        channels: dict[int, Channel] = {4: gas("1.000", NOON + CAPTURE)}
        guarded = guard.feed(moved._replace(channels=channels))
        assert guarded.telegram.channels[4].reading == Register(Decimal("5000.000"), "m3", NOON)


class TestAMeterThatPrintsItsIdentifierLater:
    """`{meter}_chN` and the identifier are one and the same meter, where that can be."""

    @staticmethod
    def before() -> Guard:
        guard = Guard(METER)
        guarded = guard.feed(telegram(NOON, gas("50.000", NOON, None)))
        assert set(guarded.meters) == {f"{METER}_ch1"}
        return guard

    def test_goes_on(self) -> None:
        guard = self.before()
        guarded = guard.feed(telegram(NOON + CAPTURE, gas("50.100", NOON + CAPTURE)))
        assert guarded.renamed == {f"{METER}_ch1": GAS}
        assert set(guarded.meters) == {GAS}
        # It is one counter: what is impossible stays so.
        later = NOON + 2 * CAPTURE
        assert guard.feed(telegram(later, gas("0.100", later))).withheld == {GAS}
        assert not guard.feed(telegram(later, gas("50.200", later))).renamed

    @pytest.mark.parametrize(
        "channel",
        [
            pytest.param(gas("1.000", NOON + CAPTURE), id="a reading that cannot be a later one"),
            pytest.param(gas("50.100", NOON + CAPTURE, device_type=7), id="another medium"),
            pytest.param(Channel(3, GAS, None, Register(None, None)), id="not read yet"),
        ],
    )
    def test_is_another_meter(self, channel: Channel) -> None:
        assert not self.before().feed(telegram(NOON + CAPTURE, channel)).renamed

    def test_after_a_restart_as_well(self) -> None:
        guard = Guard.restore(METER, json.loads(json.dumps(self.before().save())))
        assert guard.feed(telegram(NOON + CAPTURE, gas("50.100", NOON + CAPTURE))).renamed == {f"{METER}_ch1": GAS}


class TestRestart:
    """What was good before it is so after it."""

    @staticmethod
    def restarted(meter_id: str = METER) -> Guard:
        guard = Guard(METER)
        for n in range(2):
            guard.feed(telegram(NOON + n * SECOND, gas("50.000", NOON), imported="100.000", power="900"))
        return Guard.restore(meter_id, json.loads(json.dumps(guard.save())))

    def test_the_first_telegram_is_judged(self) -> None:
        later = NOON + timedelta(minutes=1)
        guarded = self.restarted().feed(telegram(later, gas("0.000", later), imported="5000.000"))
        assert shown(guarded) == "100.000"
        assert guarded.meters[GAS].channel.reading == Register(Decimal("50.000"), "m3", NOON)
        assert guarded.withheld == {IMPORT, GAS}

    def test_by_the_time_that_has_passed(self) -> None:
        later = NOON + timedelta(days=1)
        guarded = self.restarted().feed(telegram(later, gas("90.000", later), imported="250.000"))
        assert shown(guarded) == "250.000"
        assert not guarded.withheld
        assert not guarded.restarted

    def test_with_the_power_that_was_seen(self) -> None:
        # 900 kW for a minute.
        assert follow(self.restarted(), ["115.000"], NOON + timedelta(minutes=1)) == ["115.000"]

    def test_of_another_electricity_meter_only_gas_and_water_go_on(self) -> None:
        guard = self.restarted("1SAG3100000002")
        assert guard.is_other_meter
        later = NOON + CAPTURE
        guarded = guard.feed(telegram(later, gas("0.000", later), imported="0.012"))
        assert shown(guarded) == "0.012"
        assert guarded.withheld == {GAS}


# What runs through a meter in a step: seconds, Wh, and a millionth of gas at the most that a home burns.
STEPS = st.lists(st.tuples(st.integers(1, 7200), st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=30)
HOME = 80_000  # W
BURNER = 25  # m³/h


def true_telegrams(steps: list[tuple[int, float, float]]) -> list[Telegram]:
    """Return what a meter prints of a household that never takes more than its connection carries."""
    time, energy, volume, captured = NOON, Decimal(1000), Decimal(50), NOON
    telegrams = [telegram(time, gas("50.000", captured), imported="1000.000")]
    for seconds, power, flow in steps:
        time += timedelta(seconds=seconds)
        energy += Decimal(power) * HOME * seconds / 3_600_000
        volume += Decimal(flow) * BURNER * seconds / 3600
        if time - captured >= CAPTURE:
            captured, read = time, str(volume.quantize(Decimal("0.001"), "ROUND_DOWN"))
        else:
            read = metered(telegrams[-1].channels[1])
            volume = max(volume, Decimal(read))
        printed = str(energy.quantize(Decimal("0.001"), "ROUND_DOWN"))
        telegrams.append(telegram(time, gas(read, captured), imported=printed))
    return telegrams


@given(STEPS)
@settings(deadline=None)
def test_true_telegrams_pass_unchanged(steps: list[tuple[int, float, float]]) -> None:
    guard = Guard(METER)
    for each in true_telegrams(steps):
        guarded = guard.feed(each)
        assert guarded.telegram is each
        assert not guarded.withheld
        assert not guarded.restarted


@given(STEPS, st.data())
@settings(deadline=None)
def test_one_false_telegram_never_reaches_anything(steps: list[tuple[int, float, float]], data: st.DataObject) -> None:
    telegrams = true_telegrams(steps)
    place = data.draw(st.integers(1, len(telegrams) - 1))
    before, true = telegrams[place - 1], telegrams[place]
    good = before.registers[IMPORT].number
    assert good is not None
    assert true.time is not None
    assert before.time is not None
    hours = Decimal((true.time - before.time).total_seconds()) / 3600
    most = Decimal(100) * max(hours, Decimal(10) / 3600) + Decimal("0.001")
    false = data.draw(st.one_of(st.decimals(0, good, places=3), st.decimals(good + most, 10**9, places=3)))
    if good - Decimal("0.001") <= false <= good + most:
        return
    lie = true._replace(registers={IMPORT: Register(false, "kWh")})
    guard = Guard(METER)
    for n, each in enumerate(telegrams):
        guarded = guard.feed(lie if n == place else each)
        assert shown(guarded) == (str(good) if n == place else str(each.registers[IMPORT].value))
        assert not guarded.restarted


@given(st.lists(st.decimals(0, 10**6, places=3), min_size=1, max_size=40), st.decimals(0, 10**6, places=3))
@settings(deadline=None)
def test_no_nonsense_keeps_the_truth_from_being_seen_in_the_end(nonsense: list[Decimal], truth: Decimal) -> None:
    guard = Guard(METER)
    follow(guard, map(str, nonsense))
    after = follow(guard, [str(truth)] * 92, NOON + timedelta(minutes=1), SHORTEST)
    assert abs(Decimal(after[-1]) - truth) <= Decimal("0.001")
