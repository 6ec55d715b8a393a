"""Quantities of the electricity meter that follow from several registers."""

from decimal import Decimal

import pytest

from custom_components.emucs.insight.electricity import (
    energy_export,
    energy_import,
    import_power,
    in_unit,
    net_power,
    phase_power,
    total,
)
from custom_components.emucs.port import Register
from tests.port.wire import received

SOMETHING = "0-0:96.14.0(0001)"


def number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


@pytest.mark.parametrize(
    ("lines", "energy"),
    [
        (["1.8.1(000001.500*kWh)", "1.8.2(000002.250*kWh)"], "3.750"),
        (["1.8.1(000001.500*kWh)"], "1.500"),
        ([f"1.8.{tariff}(000001.000*kWh)" for tariff in range(1, 6)], "5.000"),
        (["1.8.0(000009.000*kWh)", "1.8.1(000001.500*kWh)", "1.8.2(000002.250*kWh)"], "9.000"),
        (["1.8.1(000000.000*kWh)", "1.8.2(000000.000*kWh)"], "0.000"),
        (["1.8.1(1500*Wh)", "1.8.2(000002.250*kWh)"], "3.750"),
        (["1.8.0(2*MWh)"], "2000"),
        # A tariff that is not set: a sum without it would be no counter.
        (["1.8.1(000001.500*kWh)", "1.8.2()"], None),
        (["1.8.1(000001.500*kWh)", "1.8.2(000002.250*kvarh)"], None),
        (["1.8.0()", "1.8.1(000001.500*kWh)", "1.8.2(000002.250*kWh)"], None),
        (["1.8.6(000001.500*kWh)"], None),
        ([], None),
    ],
)
def test_energy(lines: list[str], energy: str | None) -> None:
    telegram = received(SOMETHING, *(f"1-0:{line}" for line in lines))
    assert energy_import(telegram) == number(energy)
    assert energy_export(telegram) is None
    mirrored = received(SOMETHING, *(f"1-0:2{line[1:]}" for line in lines))
    assert energy_export(mirrored) == number(energy)
    assert energy_import(mirrored) is None


@pytest.mark.parametrize(
    ("lines", "power"),
    [
        (["1.7.0(01.500*kW)", "2.7.0(00.000*kW)"], "1.500"),
        (["1.7.0(00.000*kW)", "2.7.0(01.739*kW)"], "-1.739"),
        (["1.7.0(00.000*kW)", "2.7.0(00.000*kW)"], "0"),
        # Both at once, on different phases.
        (["1.7.0(00.500*kW)", "2.7.0(00.200*kW)"], "0.300"),
        (["1.7.0(1500*W)", "2.7.0(00.500*kW)"], "1.000"),
        (["1.7.0(1*MW)"], "1000"),
        (["1.7.0(01.500*kW)"], "1.500"),
        (["2.7.0(01.500*kW)"], "-1.500"),
        (["16.7.0(-01.739*kW)"], "-1.739"),
        (["16.7.0(-1739*W)"], "-1.739"),
        (["1.7.0(01.500*kW)", "2.7.0(00.000*kW)", "16.7.0(99.000*kW)"], "1.500"),
        (["1.7.0()", "2.7.0()", "16.7.0(-01.739*kW)"], "-1.739"),
        (["1.7.0()", "2.7.0()"], None),
        (["1.7.0(01.500*kVA)"], None),
        (["1.7.0(01.500)"], None),
        ([], None),
    ],
)
def test_net_power(lines: list[str], power: str | None) -> None:
    assert net_power(received(SOMETHING, *(f"1-0:{line}" for line in lines))) == number(power)


@pytest.mark.parametrize(("phase", "group"), [("l1", 20), ("l2", 40), ("l3", 60)])
def test_phase_power(phase: str, group: int) -> None:
    others = [f"1-0:{other + way}.7.0(09.999*kW)" for other in (20, 40, 60) if other != group for way in (1, 2)]
    exporting = received(*others, f"1-0:{group + 1}.7.0(00.100*kW)", f"1-0:{group + 2}.7.0(02.078*kW)")
    assert phase_power(exporting, phase) == Decimal("-1.978")
    assert phase_power(received(*others), phase) is None


@pytest.mark.parametrize(
    ("register", "unit", "expected"),
    [
        (Register(Decimal("1.5"), "kW"), "kW", "1.5"),
        (Register(Decimal(1500), "W"), "kW", "1.5"),
        (Register(Decimal(250), "mA"), "A", "0.25"),
        (Register(Decimal("10.5"), "kV"), "V", "10500"),
        (Register(Decimal(0), "W"), "kW", "0"),
        (Register(Decimal(1), "kW"), "W", "1000"),
        (Register(Decimal(2), "KW"), "kW", "2"),
        (Register(Decimal(1), "kWh"), "kW", None),
        (Register(Decimal(1), None), "kW", None),
        (Register(None, "kW"), "kW", None),
        (Register("1", "kW"), "kW", None),
        (None, "kW", None),
    ],
)
def test_units(register: Register | None, unit: str, expected: str | None) -> None:
    assert in_unit(register, unit) == number(expected)


def test_no_digit_is_lost() -> None:
    telegram = received("1-0:1.8.1(123456789012.345*kWh)", "1-0:1.8.2(000000000000.001*kWh)")
    assert str(energy_import(telegram)) == "123456789012.346"


# What a meter prints that has its totals on channel 1 and its phases on channel 0: one imports, the others export.
ON_CHANNEL_1 = (
    "1-1:1.8.1(001000.500*kWh)",
    "1-1:1.8.2(002000.250*kWh)",
    "1-1:2.8.1(000300.125*kWh)",
    "1-1:2.8.2(000000.375*kWh)",
    "1-1:1.7.0(01.500*kW)",
    "1-1:2.7.0(00.000*kW)",
)
PHASES = (
    "1-0:21.7.0(00.000*kW)",
    "1-0:22.7.0(00.700*kW)",
    "1-0:41.7.0(02.500*kW)",
    "1-0:42.7.0(00.000*kW)",
    "1-0:61.7.0(00.000*kW)",
    "1-0:62.7.0(00.299*kW)",
)


class TestTotalsOfAnotherChannel:
    """They serve where the meter prints none on channel 0."""

    def test_are_those_of_the_meter(self) -> None:
        telegram = received(*ON_CHANNEL_1, *PHASES)
        assert import_power(telegram) == net_power(telegram) == Decimal("1.500")
        assert energy_import(telegram) == Decimal("3000.750")
        assert energy_export(telegram) == Decimal("300.500")

    def test_any_channel_in_its_order(self) -> None:
        telegram = received("1-12:16.7.0(-00.500*kW)", "1-4:2.7.0(00.700*kW)", "1-4:1.8.0(7*kWh)", "1-3:1.8.0(5*kWh)")
        assert net_power(telegram) == Decimal("-0.7")
        assert import_power(telegram) == 0
        assert energy_import(telegram) == 5

    @pytest.mark.parametrize(
        ("line", "power"),
        [("1-0:1.7.0(00.100*kW)", "0.100"), ("1-0:16.7.0(-00.100*kW)", "0"), ("1-0:1.7.0()", "1.500")],
    )
    def test_come_after_those_of_channel_0(self, line: str, power: str) -> None:
        assert import_power(received(line, *ON_CHANNEL_1, *PHASES)) == Decimal(power)

    @pytest.mark.parametrize(("line", "energy"), [("1-0:1.8.2(000009.000*kWh)", "9"), ("1-0:1.8.1()", None)])
    def test_counters_do_not_mix(self, line: str, energy: str | None) -> None:
        assert energy_import(received(line, *ON_CHANNEL_1)) == number(energy)

    @pytest.mark.parametrize("line", ["1-1:1.7.0*01(01.500*kW)", "0-1:1.7.0(01.500*kW)", "1-1:21.7.0(01.500*kW)"])
    def test_are_no_historic_values_nor_other_media(self, line: str) -> None:
        assert net_power(received(line)) is import_power(received(line)) is None

    def test_registers(self) -> None:
        telegram = received("1-1:1.6.0(260110181500W)(04.200*kW)", "1-1:1.4.0(01.000*kW)", "1-0:1.4.0(00.288*kW)")
        assert in_unit(total(telegram, "1-0:1.6.0"), "kW") == Decimal("4.200")
        assert in_unit(total(telegram, "1-0:1.4.0"), "kW") == Decimal("0.288")
        assert total(telegram, "1-0:1.5.0") is None


@pytest.mark.parametrize(
    ("phases", "power"),
    [
        (PHASES, "1.501"),
        # More is exported than imported.
        (("1-0:21.7.0(00.100*kW)", "1-0:22.7.0(00.000*kW)", "1-0:42.7.0(02.000*kW)"), "0"),
        # Two wattmeters of 3x230 V, of which one runs backwards.
        (("1-0:21.7.0(00.208*kW)", "1-0:22.7.0(00.000*kW)", "1-0:61.7.0(00*kW)", "1-0:62.7.0(00.055*kW)"), "0.153"),
        (("1-0:21.7.0(00.500*kW)",), "0.500"),
        # What is imported is not known.
        (("1-0:22.7.0(00.500*kW)",), None),
        (("1-0:21.7.0()", "1-0:22.7.0(00.500*kW)"), None),
    ],
)
def test_a_sum_over_phases_is_net(phases: tuple[str, ...], power: str | None) -> None:
    assert import_power(received(*phases)) == number(power)
