"""Whether a meter agrees with itself: with virtual and recorded meters that do, and with faults that are made."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from custom_components.emucs.insight.meter import MeterInsights
from custom_components.emucs.insight.plausibility import Finding, Plausibility, PlausibilityState
from custom_components.emucs.port import Reader, Register, Telegram, obis
from tests.support import SHARED
from virtual_meter import VirtualMeter

BEGIN = datetime(2026, 1, 14, 16, tzinfo=UTC)
HOUR = 3600
type Change = Callable[[dict[str, Register], int], None]
"""What a fault does to the registers of a telegram, so many seconds after the begin."""


def house(
    seconds: int,
    *,
    period: int = 1,
    phases: int = 3,
    watts: Callable[[int], tuple[int, int, int]] = lambda second: (300 + second % 120, 900, 40),
    digits: int = 3,
    exported: str = "0.012",
    change: Change = lambda _registers, _second: None,
) -> Iterator[Telegram]:
    """Yield the telegrams of a house: its power by phase, what a counter makes of it, and what a fault does to that."""
    counted = imported = 0
    for second in range(seconds):
        powers = watts(second)[:phases]
        counted += max(sum(powers), 0)
        imported = counted // HOUR
        if second % period:
            continue
        registers = {
            obis.import_energy(1): Register(
                (Decimal(7000) + Decimal(imported) / 1000).quantize(Decimal(10) ** -digits), "kWh"
            ),
            obis.import_energy(2): Register(Decimal("5000.123").quantize(Decimal(10) ** -digits), "kWh"),
            obis.EXPORT_ENERGY: Register(Decimal(exported), "kWh"),
            obis.IMPORT_POWER: kilowatts(max(sum(powers), 0)),
            obis.EXPORT_POWER: kilowatts(max(-sum(powers), 0)),
        }
        for name, power in zip(obis.PHASE_GROUP, powers, strict=False):
            registers[obis.import_power(name)] = kilowatts(max(power, 0))
            registers[obis.export_power(name)] = kilowatts(max(-power, 0))
            registers[obis.voltage(name)] = Register(Decimal("231.0"), "V")
        change(registers, second)
        yield Telegram("", None, None, BEGIN + timedelta(seconds=second), registers, {}, ())


def kilowatts(watts: float) -> Register:
    """Return a power as it is printed."""
    return Register(Decimal(round(watts)).scaleb(-3), "kW")


def found(telegrams: Iterator[Telegram]) -> list[PlausibilityState]:
    """Return what was found, one after the other."""
    insight, states = Plausibility(settings=True), []
    for telegram in telegrams:
        state = insight.feed(telegram)
        if state is not None and (not states or state is not states[-1]):
            states.append(state)
    return states


def findings(telegrams: Iterator[Telegram]) -> list[Finding]:
    """Return the findings, one after the other."""
    return [state.finding for state in found(telegrams)]


def frozen(registers: dict[str, Register], second: int) -> None:
    """Let the import counter stand from the second hour on."""
    if second > HOUR:
        registers[obis.import_energy(1)] = Register(Decimal("7001.280"), "kWh")


def scaled(code: str, factor: str) -> Change:
    """Let a register print a multiple."""

    def change(registers: dict[str, Register], _second: int) -> None:
        value = registers[code].value
        assert isinstance(value, Decimal)
        registers[code] = Register((value * Decimal(factor)).quantize(Decimal("0.001")), "kW")

    return change


def slow_counter(share: str) -> Change:
    """Let the import counter count a share of what it should."""

    def change(registers: dict[str, Register], _second: int) -> None:
        value = registers[obis.import_energy(1)].value
        assert isinstance(value, Decimal)
        counted = 7000 + (value - 7000) * Decimal(share)
        registers[obis.import_energy(1)] = Register(counted.quantize(Decimal("0.001")), "kWh")

    return change


def test_nothing_is_known_before_an_hour() -> None:
    assert findings(house(HOUR - 60)) == []
    assert findings(house(HOUR + 60)) == [Finding.PLAUSIBLE]


def test_what_was_compared_is_told() -> None:
    state = found(house(HOUR + 60, watts=lambda _second: (1000, 500, 500)))[-1]
    assert state.counted == pytest.approx(2.0, abs=0.01)
    assert state.measured == pytest.approx(2.0, abs=0.01)


@pytest.mark.parametrize("period", [1, 10])
def test_a_counter_that_stands(period: int) -> None:
    all_ = findings(house(3 * HOUR, period=period, change=frozen))
    assert all_[0] is Finding.PLAUSIBLE
    assert Finding.COUNTER_STANDS in all_
    assert all_[-1] is Finding.COUNTER_STANDS


@pytest.mark.parametrize("period", [1, 10])
@pytest.mark.parametrize("share", ["0.94", "0.5", "1.06", "2"])
def test_a_counter_that_counts_something_else(share: str, period: int) -> None:
    assert set(findings(house(2 * HOUR, period=period, change=slow_counter(share)))) == {Finding.COUNTER_APART}


@pytest.mark.parametrize("share", ["0.98", "1.02"])
def test_a_counter_that_is_less_than_three_per_cent_off(share: str) -> None:
    assert set(findings(house(2 * HOUR, change=slow_counter(share)))) == {Finding.PLAUSIBLE}


def test_a_counter_that_counts_while_no_power_is_printed() -> None:
    assert set(findings(house(2 * HOUR, phases=1, change=scaled(obis.IMPORT_POWER, "0")))) == {Finding.COUNTER_APART}


def test_phases_that_do_not_add_up() -> None:
    all_ = findings(house(2 * HOUR, change=scaled(obis.import_power("l2"), "0.9")))
    assert set(all_) == {Finding.PHASES_APART}


def test_a_phase_that_is_missing_says_nothing() -> None:
    def change(registers: dict[str, Register], _second: int) -> None:
        for code in (obis.import_power("l2"), obis.export_power("l2")):
            del registers[code]

    assert set(findings(house(2 * HOUR, change=change))) == {Finding.PLAUSIBLE}


def test_a_phase_that_is_measured_the_wrong_way_round() -> None:
    state = found(house(2 * HOUR, watts=lambda _second: (1500, -400, 60)))[-1]
    assert (state.finding, state.reversed_phases) == (Finding.PHASE_REVERSED, ("l2",))


def test_a_house_with_panels_may_export_on_a_phase() -> None:
    telegrams = house(2 * HOUR, watts=lambda _second: (1500, -400, 60), exported="812.400")
    assert set(findings(telegrams)) == {Finding.PLAUSIBLE}


def test_a_phase_that_exports_now_and_then_is_none() -> None:
    telegrams = house(2 * HOUR, watts=lambda second: (1500, -400 if second % 3600 < 1800 else 20, 60))
    assert set(findings(telegrams)) == {Finding.PLAUSIBLE}


def test_a_fault_that_is_over_is_forgotten() -> None:
    def change(registers: dict[str, Register], second: int) -> None:
        if second < HOUR:
            registers[obis.import_power("l1")] = kilowatts(0)

    all_ = findings(house(3 * HOUR, change=change))
    assert (all_[0], all_[-1]) == (Finding.PHASES_APART, Finding.PLAUSIBLE)


def test_a_night_in_which_nothing_flows_changes_nothing() -> None:
    day, night = (1500, 20, 60), (0, 0, 0)
    telegrams = house(5 * HOUR, watts=lambda second: day if second < 2 * HOUR else night, change=frozen)
    assert findings(telegrams)[-1] is Finding.COUNTER_STANDS


def test_hardly_any_import_is_not_compared() -> None:
    assert set(findings(house(2 * HOUR, watts=lambda _second: (30, 20, 20), change=slow_counter("0.5")))) == {
        Finding.PLAUSIBLE  # its phases
    }


@pytest.mark.parametrize("phases", [1, 3])
def test_counters_of_few_digits(phases: int) -> None:
    # A counter of 0.1 kWh may be half a kilowatt-hour off.
    assert set(findings(house(3 * HOUR, phases=phases, digits=1))) == {Finding.PLAUSIBLE}


def test_loads_that_switch_between_two_telegrams() -> None:
    # A hob of 2 kW, on for 7 of 18 seconds.
    telegrams = house(4 * HOUR, period=10, watts=lambda second: (300 + 2000 * (second % 18 < 7), 0, 0))
    assert set(findings(telegrams)) == {Finding.PLAUSIBLE}


def test_gaps_are_left_out() -> None:
    telegrams = (
        telegram
        for telegram in house(5 * HOUR, watts=lambda second: (200 if second % 600 < 300 else 4000, 0, 0))
        if telegram.time is not None and telegram.time.minute % 10 < 5
    )
    # What flows in the gaps is counted and not seen; two hours and a half are left.
    all_ = found(telegrams)
    assert {state.finding for state in all_} == {Finding.PLAUSIBLE}
    assert all_[-1].counted == pytest.approx(0.2, abs=0.02)


def test_a_port_that_sends_once_a_minute_says_nothing() -> None:
    assert findings(house(4 * HOUR, period=60, change=frozen)) == []


@pytest.mark.parametrize("step", [timedelta(hours=1), timedelta(hours=-1), timedelta(days=-30)])
def test_a_clock_that_is_set(step: timedelta) -> None:
    telegrams = (
        telegram if second < HOUR // 2 else telegram._replace(time=telegram.time + step)
        for second, telegram in enumerate(house(3 * HOUR))
        if telegram.time is not None
    )
    assert set(findings(telegrams)) == {Finding.PLAUSIBLE}


def test_a_telegram_that_comes_twice_counts_once() -> None:
    twice = (each for telegram in house(HOUR + 60) for each in (telegram, telegram))
    state = found(twice)[-1]
    assert state.finding is Finding.PLAUSIBLE
    assert state.counted == pytest.approx(state.measured, abs=0.01)


def test_a_counter_that_is_doubted_is_not_compared() -> None:
    insight = Plausibility(settings=True)
    for telegram in house(2 * HOUR, change=frozen):
        insight.feed(telegram, counter_is_doubted=telegram.time is not None and telegram.time.minute % 30 == 0)
    assert insight.state is None


def test_another_meter_begins_anew() -> None:
    insight, telegrams = Plausibility(settings=True), list(house(HOUR + 60))
    for telegram in telegrams:
        insight.feed(telegram)
    insight.forget_counter()
    assert insight.state is None
    insight.feed(telegrams[-1])
    assert insight.state is None


def test_an_industrial_meter_is_not_judged() -> None:
    assert not Plausibility.settings_of({"user_port": "a1"})
    assert Plausibility.settings_of({})
    insight = Plausibility(settings=False)
    for telegram in house(HOUR + 60):
        insight.feed(telegram)
    assert insight.state is None


@pytest.mark.parametrize(
    "registers",
    [
        pytest.param({}, id="nothing"),
        pytest.param({obis.IMPORT_POWER: Register(Decimal("0.500"), "kW")}, id="power alone"),
        pytest.param({obis.IMPORT_ENERGY: Register(Decimal("7.500"), "kWh")}, id="counter alone"),
    ],
)
def test_where_nothing_can_be_compared_nothing_is_known(registers: dict[str, Register]) -> None:
    telegrams = (
        Telegram("", None, None, BEGIN + timedelta(seconds=second), registers, {}, ()) for second in range(HOUR + 60)
    )
    assert findings(telegrams) == []


@pytest.mark.parametrize(
    ("profile", "options"),
    [
        ("1.7.1", {}),
        ("1.7.1", {"period": 10}),
        ("1.3", {"pv": False}),
        ("1.7.1-3x230v", {}),
        ("1.7.1-single-phase", {"ev": False}),
        ("ie5-old", {}),
        ("ie5-new-3x230v", {}),
        ("2.1.1", {"period": 5}),
    ],
)
@pytest.mark.parametrize("start", [BEGIN, datetime(2026, 10, 25, 0, tzinfo=UTC)], ids=["evening", "clock change"])
def test_virtual_meters_are_plausible(profile: str, options: dict[str, bool], start: datetime) -> None:
    meter, reader = VirtualMeter(profile, seed=3, start=start, gas=False, water=False, **options), Reader()
    insights = MeterInsights(meter.meter_id, {})
    all_ = set()
    for _ in range(2 * HOUR // meter.period):
        meter.advance(meter.period)
        for telegram in reader.feed(meter.telegram()):
            insights.feed(telegram, telegram.time or meter.time)
            state = insights[Plausibility].state
            all_.add(state and state.finding)
    assert all_ == {None, Finding.PLAUSIBLE}


@pytest.mark.skipif(not SHARED.is_dir(), reason="the recordings are not part of the project")
@pytest.mark.parametrize(
    "path", sorted([*SHARED.glob("streams/*.txt"), *SHARED.glob("telegrams/*.txt")]), ids=lambda path: path.stem
)
def test_recorded_meters_are_plausible(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # They are short: what an hour is judged by, they are judged by as far as they go.
    monkeypatch.setattr("custom_components.emucs.insight.plausibility._SPAN", 10.0)
    monkeypatch.setattr("custom_components.emucs.insight.plausibility._FEWEST_READINGS", 1)
    monkeypatch.setattr("custom_components.emucs.insight.plausibility._LEAST", 0.005)
    all_ = set(findings(iter(Reader().feed(path.read_bytes()))))
    assert all_ <= {Finding.PLAUSIBLE}
    assert all_ or path.parent.name == "telegrams"


def test_a_grid_that_turns_out_to_be_another_one_begins_anew() -> None:
    def change(registers: dict[str, Register], second: int) -> None:
        if second >= HOUR // 2:
            registers[obis.GRID] = Register(Decimal(230), None)

    all_ = found(house(3 * HOUR, change=change))
    assert {state.finding for state in all_} == {Finding.PLAUSIBLE}
