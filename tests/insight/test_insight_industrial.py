"""Factors of transformers: applied once, to what they are of, and a change of them is no energy."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
import json
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.emucs.insight.capacity import Capacity
from custom_components.emucs.insight.industrial import NO_TRANSFORMERS, Factors, IndustrialReading, factors_of
from custom_components.emucs.insight.meter import MeterInsights
from custom_components.emucs.insight.voltage import Voltage
from custom_components.emucs.port import Reader, Telegram
from tests.port.wire import received, sent

METER = "1XXX0000000001"
NOON = datetime(2026, 1, 14, 11, 0, tzinfo=UTC)
LINES = (
    "0-0:1.0.0(260114120000W)",
    "0-0:17.0.0(0100.0*kW)",
    "1-0:1.8.0(0012.345*MWh)",
    "1-0:5.8.1(0001.5*Mvarh)",
    "1-0:9.8.0(0001.5*kVAh)",
    "1-0:1.7.0(1.25*kW)",
    "1-0:3.4.0(0.25*kvar)",
    "1-0:1.6.0(260108101500W)(2.5*kW)",
    "1-0:1.6.0*01(2.25*kW)(251208101500W)",
    "1-0:29.7.0(0.5*kVA)",
    "1-0:31.7.0(1.50*A)",
    "1-0:32.7.0(57.7*V)",
    "1-0:13.7.0(0.96)",
    "1-0:14.7.0(49.99*Hz)",
    "1-0:32.32.0(00002)",
    "0-0:96.14.0(0001)",
    "0-0:96.7.21(00004)",
    "0-1:24.2.1(260114115500W)(00012.000*m3)",
    "0-4:24.2.1(260114115500W)(00012.000*kWh)",
    "0-0:98.1.0(1)(1-0:1.6.0)(1-0:1.6.0)(260101000000W)(251208101500W)(2.25*kW)",
)
CURRENT, VOLTAGE, POWER = Decimal(200), Decimal(100), Decimal(20000)
EXPECTED = {
    "0-0:17.0.0": POWER,
    "1-0:1.8.0": POWER,
    "1-0:5.8.1": POWER,
    "1-0:9.8.0": POWER,
    "1-0:1.7.0": POWER,
    "1-0:3.4.0": POWER,
    "1-0:1.6.0": POWER,
    "1-0:1.6.0*01": POWER,
    "1-0:29.7.0": POWER,
    "1-0:31.7.0": CURRENT,
    "1-0:32.7.0": VOLTAGE,
}


def options(current: float = 1, voltage: float = 1, port: str = "a1") -> dict[str, Any]:
    return {"user_port": port, "transformers": {"current_factor": current, "voltage_factor": voltage}}


def test_each_quantity_is_multiplied_by_what_it_is_of() -> None:
    printed = received(*LINES)
    telegram = IndustrialReading(options(200, 100)).apply(printed)
    assert telegram.registers.keys() == printed.registers.keys()
    for code, register in printed.registers.items():
        became = telegram.registers[code]
        assert (became.unit, became.time) == (register.unit, register.time)
        if code in EXPECTED:
            assert became.number == register.number * EXPECTED[code], code
        else:
            assert became is register, code
    assert [month.value for month in telegram.demand_history] == [Decimal(45000)]
    assert telegram.channels is printed.channels
    assert telegram.frame == printed.frame


def test_what_did_not_change_stays_the_same_object() -> None:
    reader, reading = Reader(), IndustrialReading(options(200))
    [first] = map(reading.apply, reader.feed(sent(*LINES)))
    [second] = map(reading.apply, reader.feed(sent("0-0:1.0.0(260114120001W)", *LINES[1:])))
    assert second.registers["1-0:1.8.0"] is first.registers["1-0:1.8.0"]
    assert second.registers["0-0:1.0.0"] is not first.registers["0-0:1.0.0"]
    assert second.demand_history is first.demand_history


@pytest.mark.parametrize("given_options", [{}, options(200, 100, port="p1"), {"user_port": "p1"}])
def test_other_meters_are_left_alone(given_options: dict[str, Any]) -> None:
    printed = received(*LINES)
    assert IndustrialReading(given_options).apply(printed) is printed
    assert factors_of(given_options) == NO_TRANSFORMERS


def test_without_factors_an_industrial_meter_prints_what_it_is() -> None:
    printed = received(*LINES)
    telegram = IndustrialReading({"user_port": "a1"}).apply(printed)
    assert all(telegram.registers[code] is register for code, register in printed.registers.items())


def test_units_that_are_left_out() -> None:
    lines = {
        "1.8.0(12.5)": "kWh",
        "5.8.0(12.5)": "kvarh",
        "10.8.0(12.5)": "kVAh",
        "1.4.0(12.5)": "kW",
        "3.7.0(12.5)": "kvar",
        "9.7.0(12.5)": "kVA",
        "32.7.0(237)": "V",
        "31.7.0(1.5)": "A",
        "14.7.0(49.9)": "Hz",
        "13.7.0(0.96)": None,
        "0.2.2(12)": None,
        "96.14.0(1)": None,
    }
    telegram = IndustrialReading({"user_port": "a1"}).apply(received(*lines))
    assert [register.unit for register in telegram.registers.values()] == [*lines.values()]


def test_a_readout_on_another_channel_is_of_the_one_meter() -> None:
    industrial = IndustrialReading({"user_port": "a1"})
    lines = ("1-1:1.8.0(0018788.9*kWh)", "1-1:1.8.0*62(0018750.0)", "1-1:0.9.1(120000)", "1-1:0.9.2(260114)", "F.F(0)")
    telegram = industrial.apply(received(*lines))
    expected = {"1-0:1.8.0", "1-0:1.8.0*62", "1-0:0.9.1", "1-0:0.9.2", "F.F", "0-0:1.0.0"}
    assert telegram.registers.keys() == expected
    assert telegram.registers["1-0:1.8.0"].number == Decimal("18788.9")
    # Where both have some, they are two things.
    telegram = industrial.apply(received("1-1:1.8.0(5*kWh)", "1-0:1.8.0(7*kWh)"))
    assert [register.number for register in telegram.registers.values()] == [5, 7]


@given(
    st.decimals("0", "999999.999", places=3),
    st.decimals("0.001", "100000", places=3),
    st.decimals("0.001", "100000", places=3),
)
def test_factors_are_applied_once_and_exactly(value: Decimal, current: Decimal, voltage: Decimal) -> None:
    """Whatever the pipeline does with a telegram, what it shows is what was printed times its factors."""
    insights = MeterInsights(METER, options(float(current), float(voltage)))
    printed = received(
        "0-0:1.0.0(260114120000W)", f"1.8.0({value:f}*kWh)", f"1.7.0({value:f}*kW)", f"31.7.0({value:f}*A)"
    )
    for second in range(2):
        shown = insights.feed(printed, NOON + timedelta(seconds=second)).telegram.registers
        assert shown["1-0:1.8.0"].number == shown["1-0:1.7.0"].number == value * (current * voltage)
        assert shown["1-0:31.7.0"].number == value * current


def at(second: int, energy: str, power: str = "1.25") -> Telegram:
    minute, second = divmod(second, 60)
    return received(
        f"0-0:1.0.0(2601141200{second:02d}W)" if not minute else f"0-0:1.0.0(26011412{minute:02d}{second:02d}W)",
        f"1-0:1.8.0({energy}*kWh)",
        f"1-0:1.7.0({power}*kW)",
        "1-0:32.7.0(231.0*V)",
    )


@pytest.mark.parametrize(("before", "after"), [(1, 200), (200, 1), (200, 160)])
def test_a_change_of_factor_is_no_energy(before: float, after: float) -> None:
    insights = MeterInsights(METER, options(before))
    insights[Capacity].ledger.set_imported({datetime(2025, 11, 1, tzinfo=UTC).date(): Decimal(300)})
    for second in range(0, 60, 10):
        insights.feed(at(second, f"{1000 + second / 2880:.3f}"), NOON + timedelta(seconds=second))
    saved = json.loads(json.dumps(insights.save()))
    changed = MeterInsights.restore(METER, options(after), saved)
    assert changed.factors == Factors(Decimal(str(after)))
    for second in range(60, 120, 10):
        update = changed.feed(at(second, f"{1000 + second / 2880:.3f}"), NOON + timedelta(seconds=second))
        assert not update.guarded.withheld
        assert not update.guarded.restarted
        demand = changed[Capacity].state
        assert demand is not None
        # At 1.25 kW, or just as much as is shown now times the factor, all the time.
        assert 0 <= demand.demand.so_far <= Decimal("1.3") * Decimal(str(after))
    # What the operator said of a month stays; the voltage is not behind current transformers.
    assert [peak.value for peak in changed[Capacity].months().values()] == [Decimal(300)]
    assert changed[Voltage].state is not None


@pytest.mark.parametrize(("given_options", "is_old"), [(options(200), False), ({}, True)])
def test_the_same_factors_go_on(given_options: dict[str, Any], is_old: bool) -> None:  # noqa: FBT001 -- a parameter
    insights = MeterInsights(METER, given_options)
    for second in range(0, 60, 10):
        insights.feed(at(second, f"{1000 + second / 2880:.3f}"), NOON + timedelta(seconds=second))
    saved = json.loads(json.dumps(insights.save()))
    if is_old:
        # A store of before knows of no factors: there were none.
        del saved["factors"]
    restored = MeterInsights.restore(METER, given_options, saved)
    update = restored.feed(at(60, "0.000"), NOON + timedelta(seconds=60))
    assert update.guarded.withheld == {"1-0:1.8.0"}
