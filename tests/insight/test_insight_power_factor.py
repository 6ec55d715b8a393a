"""The power factor of quarters and months, and reactive energy beyond a free share."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
import json

from hypothesis import given, strategies as st
import pytest

from custom_components.emucs.insight.meter import MeterInsights
from custom_components.emucs.insight.power_factor import Character, Energies, PowerFactor
from custom_components.emucs.port import Reader, Telegram
from tests.port.wire import received
from virtual_meter import VirtualMeter

METER = "1XXX0000000001"
NOON = datetime(2026, 1, 14, 11, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def at(time: datetime, active: str, **counters: str) -> Telegram:
    """Return a telegram; of counters `q1` is 1-0:5.8.0, `d3` 1-0:3.8.0, `e` 1-0:2.8.0, and so on."""
    codes = {"q1": "5.8.0", "q4": "8.8.0", "d3": "3.8.0", "d4": "4.8.0", "t31": "3.8.1", "t32": "3.8.2"}
    lines = [f"1-0:{codes[name]}({value}*kvarh)" for name, value in counters.items() if name in codes]
    export = [f"1-0:2.8.0({counters['e']}*kWh)"] if "e" in counters else []
    stamp = f"{time + timedelta(hours=1):%y%m%d%H%M%S}W"
    return received(f"0-0:1.0.0({stamp})", f"1-0:1.8.0({active}*kWh)", *export, *lines)


def after_a_quarter(first: Telegram, second: Telegram) -> PowerFactor:
    insight = PowerFactor(None)
    insight.feed(first)
    insight.feed(second)
    return insight


def test_the_quarter_that_is_over() -> None:
    insight = PowerFactor(Decimal("0.5"))
    insight.feed(at(NOON, "100", q1="10", q4="1"))
    begun = insight.state
    assert begun is not None
    assert begun.quarter is None
    assert begun.month.factor is None
    # Nothing changes before the end.
    assert insight.feed(at(NOON + 14 * MINUTE, "103", q1="13", q4="1")) is begun
    insight.feed(at(NOON + 15 * MINUTE, "104", q1="13", q4="1"))
    state = insight.state
    assert state is not None
    assert state.quarter == state.month == Energies(Decimal(4), Decimal(3), Decimal(0))
    assert state.quarter.factor == pytest.approx(0.8)
    assert state.quarter.character is Character.INDUCTIVE
    assert state.month.beyond(Decimal("0.5")) == (Decimal(1), Decimal(0))
    assert state.since == NOON


def test_capacitive_and_nothing() -> None:
    insight = after_a_quarter(at(NOON, "100", q4="1"), at(NOON + 15 * MINUTE, "103", q4="5"))
    assert insight.state is not None
    assert insight.state.quarter is not None
    assert insight.state.quarter.factor == pytest.approx(0.6)
    assert insight.state.quarter.character is Character.CAPACITIVE
    still = after_a_quarter(at(NOON, "100", q4="1"), at(NOON + 15 * MINUTE, "100", q4="1"))
    assert still.state is not None
    assert still.state.quarter == Energies()
    assert still.state.quarter.factor is still.state.quarter.character is None


def test_by_directions_active_energy_is_that_of_both() -> None:
    insight = after_a_quarter(
        at(NOON, "100", e="50", d3="1", d4="1"), at(NOON + 15 * MINUTE, "101", e="53", d3="4", d4="1")
    )
    assert insight.state is not None
    assert insight.state.quarter == Energies(Decimal(4), Decimal(3), Decimal(0))
    # By tariffs, where there is no total.
    tariffs = after_a_quarter(at(NOON, "100", t31="1", t32="1"), at(NOON + 15 * MINUTE, "104", t31="2", t32="3"))
    assert tariffs.state is not None
    assert tariffs.state.quarter == Energies(Decimal(4), Decimal(3), Decimal(0))


def test_meters_without_reactive_energy_know_nothing() -> None:
    insight = PowerFactor(None)
    assert insight.feed(at(NOON, "100")) is None
    assert insight.feed(received("1.8.0(100*kWh)", "5.8.0(1*kvarh)")) is None


def test_a_gap_counts_to_its_month_and_is_no_quarter() -> None:
    insight = after_a_quarter(at(NOON, "100", q1="1"), at(NOON + 47 * MINUTE, "110", q1="3"))
    assert insight.state is not None
    assert insight.state.quarter is None
    assert insight.state.month == Energies(Decimal(10), Decimal(2), Decimal(0))


def test_midnight_belongs_to_the_month_that_it_ends() -> None:
    eve = datetime(2026, 1, 31, 22, 45, tzinfo=UTC)
    insight = PowerFactor(None)
    for quarter, energy in enumerate(("100", "104", "110")):
        insight.feed(at(eve + 15 * quarter * MINUTE, energy, q1=str(quarter)))
        assert insight.state is not None
        if quarter == 1:
            assert insight.state.quarter == Energies(Decimal(4), Decimal(1), Decimal(0))
            assert insight.state.month == Energies()
            assert insight.state.since == eve + 15 * MINUTE
    assert insight.state.month == Energies(Decimal(6), Decimal(1), Decimal(0))


def test_a_counter_that_was_set_is_no_energy() -> None:
    lower = after_a_quarter(at(NOON, "100", q1="10"), at(NOON + 15 * MINUTE, "104", q1="2"))
    assert lower.state is not None
    assert (lower.state.quarter, lower.state.month) == (None, Energies())
    higher = PowerFactor(None)
    higher.feed(at(NOON, "100", q1="10"))
    higher.forget_counter()
    higher.feed(at(NOON + MINUTE, "100", q1="10000"))
    higher.feed(at(NOON + 15 * MINUTE, "104", q1="10003"))
    assert higher.state is not None
    assert higher.state.month == Energies(Decimal(4), Decimal(3), Decimal(0))


def test_the_pipeline_forgets_reactive_counters_that_were_set() -> None:
    insights, reactive = MeterInsights(METER, {}), 10.0
    for minute in range(61):
        time = NOON + minute * MINUTE
        if minute == 5:
            reactive = 9000.0
        reactive += 0.2
        insights.feed(at(time, f"{100 + minute / 4:.3f}", q1=f"{reactive:.3f}"), time)
    state = insights[PowerFactor].state
    assert state is not None
    assert state.month.inductive < 13


def test_it_goes_on_after_a_restart() -> None:
    insight = after_a_quarter(at(NOON, "100", q1="1"), at(NOON + 15 * MINUTE, "104", q1="4"))
    restored = PowerFactor.restore(None, json.loads(json.dumps(insight.save())))
    restored.feed(at(NOON + 20 * MINUTE, "105", q1="4"))
    assert restored.state == insight.state
    restored.feed(at(NOON + 30 * MINUTE, "108", q1="7"))
    assert restored.state is not None
    assert restored.state.quarter == Energies(Decimal(4), Decimal(3), Decimal(0))
    assert restored.state.month == Energies(Decimal(8), Decimal(6), Decimal(0))
    new = PowerFactor(None)
    assert PowerFactor.restore(None, json.loads(json.dumps(new.save()))).save() == new.save()


def test_a_clock_that_is_wrong_says_nothing() -> None:
    insight = after_a_quarter(at(NOON, "100", q1="1"), at(NOON + 15 * MINUTE, "104", q1="4"))
    insight.pause()
    assert insight.state is None
    insight.feed(at(NOON + 16 * MINUTE, "104.5", q1="4"))
    assert insight.state is not None
    assert insight.state.month == Energies(Decimal(4), Decimal(3), Decimal(0))


@given(*[st.decimals("0", "100000", places=3)] * 3)
def test_factors_are_between_0_and_1(active: Decimal, inductive: Decimal, capacitive: Decimal) -> None:
    energies = Energies(active, inductive, capacitive)
    factor = energies.factor
    assert factor is None or 0 <= factor <= 1
    for share in (Decimal(0), Decimal("0.5"), Decimal(2)):
        beyond = energies.beyond(share)
        assert beyond[0] == max(inductive - active * share, 0)
        assert beyond[1] == max(capacitive - active * share, 0)


@pytest.mark.parametrize("profile", ["a1", "lu", "se"])
def test_the_truth_of_a_virtual_meter(profile: str) -> None:
    meter, reader, insight = VirtualMeter(profile, seed=7, start=NOON), Reader(), PowerFactor(None)
    before = meter.truth.total
    for _ in range(91):
        [telegram] = reader.feed(meter.telegram())
        insight.feed(telegram)
        after = meter.truth.total
        if insight.state is not None and insight.state.quarter is not None:
            break
        meter.advance(10)
    state = insight.state
    assert state is not None
    assert before is not None
    assert after is not None
    quarter = state.quarter
    assert quarter is not None
    inductive = after.quadrants[0] - before.quadrants[0]
    if profile != "a1":
        inductive = after.reactive_import - before.reactive_import
    assert quarter.active == pytest.approx(after.energy_import - before.energy_import, abs=Decimal("0.1"))
    assert quarter.inductive == pytest.approx(inductive, abs=Decimal("0.1"))
