"""What OBIS codes and units mean."""

from decimal import Decimal
from enum import StrEnum

from homeassistant import const
from hypothesis import given, settings, strategies as st
import pytest

from custom_components.emucs.port import (
    Code,
    Dimension,
    Direction,
    Kind,
    Meaning,
    Origin,
    Phase,
    Quantity,
    Register,
    Unit,
    meaning,
    obis,
    parse_code,
    unit_of,
)
from custom_components.emucs.port.plain import plain
from tests.port.wire import received

PHASES = [(None, 0), (Phase.L1, 20), (Phase.L2, 40), (Phase.L3, 60)]
KEPT = "0-0:96.14.0(0001)"


def meaning_of(code: str, unit: str | None) -> Meaning | None:
    parsed = parse_code(code)
    assert parsed is not None
    return meaning(parsed, unit)


def electricity(quantity: Quantity, kind: Kind, direction: Direction | None = None, tariff: int = 0) -> Meaning:
    return Meaning(Origin.ELECTRICITY, 0, quantity, kind, None, direction, tariff)


# Codes


@pytest.mark.parametrize(
    ("text", "key", "code"),
    [
        ("1-0:1.8.0", "1-0:1.8.0", Code(1, 0, 1, 8, 0)),
        ("1-0:1.8.0*255", "1-0:1.8.0", Code(1, 0, 1, 8, 0)),
        ("1-0:1.8.0&255", "1-0:1.8.0", Code(1, 0, 1, 8, 0)),
        ("1-0:1.8.0*1", "1-0:1.8.0*1", Code(1, 0, 1, 8, 0, 1)),
        ("1-0:1.8.0&01", "1-0:1.8.0*01", Code(1, 0, 1, 8, 0, 1)),
        ("1-1:31.4.0", "1-1:31.4.0", Code(1, 1, 31, 4, 0)),
        ("1-2:1.8.3", "1-2:1.8.3", Code(1, 2, 1, 8, 3)),
        ("1-128:1.8", "1-128:1.8", Code(1, 128, 1, 8, 0)),
        ("1.8.0", "1-0:1.8.0", Code(1, 0, 1, 8, 0)),
        ("1.8", "1-0:1.8.0", Code(1, 0, 1, 8, 0)),
        ("1.8.1*12", "1-0:1.8.1*12", Code(1, 0, 1, 8, 1, 12)),
        ("1.6&12", "1-0:1.6.0*12", Code(1, 0, 1, 6, 0, 12)),
        ("95.7.0", "1-0:95.7.0", Code(1, 0, 95, 7, 0)),
        ("96.1.1", "0-0:96.1.1", Code(0, 0, 96, 1, 1)),
        ("0.2.8", "0-0:0.2.8", Code(0, 0, 0, 2, 8)),
        ("1.0.0", "0-0:1.0.0", Code(0, 0, 1, 0, 0)),
        ("17.0.0", "0-0:17.0.0", Code(0, 0, 17, 0, 0)),
        ("42.0.0", "0-0:42.0.0", Code(0, 0, 42, 0, 0)),
    ],
)
def test_codes(text: str, key: str, code: Code) -> None:
    assert parse_code(text) == code
    assert obis.canonical(text) == key
    assert list(received(KEPT, f"{text}()").registers) == ["0-0:96.14.0", key]


@pytest.mark.parametrize(
    "text", ["", "1", "1.", "1-0:1", "1-0:1.8.0*", "1:1.8.0", "1-0:1234.7.0", "C.1.0", "1-0:1.8.0 "]
)
def test_what_is_no_code(text: str) -> None:
    assert parse_code(text) is None


def test_a_historic_value_is_not_the_running_one() -> None:
    registers = received(
        "1.8.1(5*kWh)", "1.8.1*01(4*kWh)", "1.8.1&02(3*kWh)", "1.6.1*01(1.5*kW)(260114120000)"
    ).registers
    assert {code: str(register.value) for code, register in registers.items()} == {
        "1-0:1.8.1": "5",
        "1-0:1.8.1*01": "4",
        "1-0:1.8.1*02": "3",
        "1-0:1.6.1*01": "1.5",
    }
    assert meaning_of("1.8.1*01", "kWh") == electricity(Quantity.ACTIVE, Kind.ENERGY, Direction.IMPORT, 1)._replace(
        historic=1
    )


# Meanings

POWERS = {
    1: (Quantity.ACTIVE, Direction.IMPORT, "kW", "kWh"),
    2: (Quantity.ACTIVE, Direction.EXPORT, "W", "Wh"),
    3: (Quantity.REACTIVE, Direction.IMPORT, "kvar", "kvarh"),
    4: (Quantity.REACTIVE, Direction.EXPORT, "kVAr", "kVArh"),
    5: (Quantity.REACTIVE_Q1, None, "var", "varh"),
    6: (Quantity.REACTIVE_Q2, None, "kvar", "Mvarh"),
    7: (Quantity.REACTIVE_Q3, None, "Mvar", "kvarh"),
    8: (Quantity.REACTIVE_Q4, None, "kvar", "kvarh"),
    9: (Quantity.APPARENT, Direction.IMPORT, "kVA", "kVAh"),
    10: (Quantity.APPARENT, Direction.EXPORT, "MVA", "MVAh"),
    15: (Quantity.ACTIVE, Direction.ABSOLUTE, "kW", "MWh"),
    16: (Quantity.ACTIVE, Direction.NET, "MW", "GWh"),
}
POWER_KINDS = {
    4: Kind.CURRENT_DEMAND,
    5: Kind.LAST_DEMAND,
    6: Kind.MAXIMUM_DEMAND,
    7: Kind.INSTANT,
    24: Kind.AVERAGE,
}


@pytest.mark.parametrize(("phase", "ahead"), PHASES)
@pytest.mark.parametrize("group", POWERS)
def test_power_and_energy(group: int, phase: Phase | None, ahead: int) -> None:
    quantity, direction, power, energy = POWERS[group]
    for group_d, kind in POWER_KINDS.items():
        code = f"1-0:{group + ahead}.{group_d}.0"
        assert meaning_of(code, power) == Meaning(Origin.ELECTRICITY, 0, quantity, kind, phase, direction)
        assert [meaning_of(code, unit) for unit in (energy, None, "A", "Hz", "nonsense")] == [None] * 5
    for tariff in (0, 1, 5, 13, 63):
        code = f"1-3:{group + ahead}.8.{tariff}"
        assert meaning_of(code, energy) == Meaning(
            Origin.ELECTRICITY, 3, quantity, Kind.ENERGY, phase, direction, tariff
        )
        assert [meaning_of(code, unit) for unit in (power, None, "GJ", "m3")] == [None] * 4


@pytest.mark.parametrize(("phase", "ahead"), PHASES)
def test_other_electrical_quantities(phase: Phase | None, ahead: int) -> None:
    for group, quantity, unit in [
        (11, Quantity.CURRENT, "A"),
        (11, Quantity.CURRENT, "mA"),
        (12, Quantity.VOLTAGE, "V"),
        (12, Quantity.VOLTAGE, "kV"),
        (13, Quantity.POWER_FACTOR, None),
        (13, Quantity.POWER_FACTOR, ""),
        (14, Quantity.FREQUENCY, "Hz"),
    ]:
        assert meaning_of(f"1-0:{group + ahead}.7.0", unit) == Meaning(
            Origin.ELECTRICITY, 0, quantity, Kind.INSTANT, phase
        )
        assert meaning_of(f"1-0:{group + ahead}.7.0", "kWh") is None
        assert meaning_of(f"1-0:{group + ahead}.8.0", unit) is None


TABLE = [
    ("1-0:91.7.0", "A", Meaning(Origin.ELECTRICITY, 0, Quantity.CURRENT, Kind.INSTANT, Phase.N)),
    ("1-0:31.4.0", "A", Meaning(Origin.ELECTRICITY, 0, Quantity.CURRENT, Kind.LIMIT, Phase.L1)),
    ("1-1:31.4.0", "A", Meaning(Origin.ELECTRICITY, 1, Quantity.CURRENT, Kind.LIMIT, Phase.L1)),
    ("1-0:71.4.0", "A", Meaning(Origin.ELECTRICITY, 0, Quantity.CURRENT, Kind.LIMIT, Phase.L3)),
    ("1-0:32.32.0", None, Meaning(Origin.ELECTRICITY, 0, Quantity.VOLTAGE, Kind.SAGS, Phase.L1)),
    ("1-0:72.36.0", None, Meaning(Origin.ELECTRICITY, 0, Quantity.VOLTAGE, Kind.SWELLS, Phase.L3)),
    ("0-0:17.0.0", "kW", Meaning(Origin.ABSTRACT, 0, Quantity.ACTIVE, Kind.LIMIT)),
    ("0-0:17.0.0", "kVA", Meaning(Origin.ABSTRACT, 0, Quantity.APPARENT, Kind.LIMIT)),
    ("0-0:17.0.0", "A", Meaning(Origin.ABSTRACT, 0, Quantity.CURRENT, Kind.LIMIT)),
    ("0-0:96.7.21", None, Meaning(Origin.ABSTRACT, 0, Quantity.POWER_FAILURE, Kind.COUNT)),
    ("0-0:96.7.9", None, Meaning(Origin.ABSTRACT, 0, Quantity.LONG_POWER_FAILURE, Kind.COUNT)),
    ("0-1:24.2.3", "m3", Meaning(Origin.M_BUS, 1, Quantity.UNCORRECTED_VOLUME, Kind.READING, tariff=3)),
    ("0-2:24.2.1", "m3", Meaning(Origin.M_BUS, 2, Quantity.VOLUME, Kind.READING, tariff=1)),
    ("0-2:24.2.1", "dm3", Meaning(Origin.M_BUS, 2, Quantity.VOLUME, Kind.READING, tariff=1)),
    ("0-3:24.2.0", "GJ", Meaning(Origin.M_BUS, 3, Quantity.ENERGY, Kind.READING)),
    ("0-3:24.2.2", "MJ", Meaning(Origin.M_BUS, 3, Quantity.ENERGY, Kind.READING, tariff=2)),
    ("0-4:24.2.1", "kWh", Meaning(Origin.M_BUS, 4, Quantity.ENERGY, Kind.READING, tariff=1)),
]


@pytest.mark.parametrize(("code", "unit", "expected"), TABLE)
def test_other_codes(code: str, unit: str | None, expected: Meaning) -> None:
    assert meaning_of(code, unit) == expected


@pytest.mark.parametrize(
    ("code", "unit"),
    [
        ("1-0:31.7.5", "A"),  # a harmonic
        ("1-0:1.8.64", "kWh"),
        ("1-65:1.8.0", "kWh"),
        ("1-0:0.8.2", "s"),
        ("1-0:17.7.0", "kW"),
        ("1-0:81.7.4", "deg"),
        ("1-0:92.7.0", "V"),
        ("1-0:129.7.0", "kW"),
        ("1-0:1.29.0", "kWh"),
        ("1-0:13.6.0", None),
        ("1-0:32.4.0", "V"),
        ("1-0:31.32.0", None),
        ("1-0:32.32.0", "V"),
        ("1-0:94.32.1", None),
        ("0-0:96.14.0", None),
        ("0-0:17.0.0", "V"),
        ("0-0:24.2.1", "m3"),
        ("0-1:24.2.1", None),
        ("0-1:24.2.1", "V"),
        ("0-1:24.1.0", None),
        ("7-0:3.0.0", "m3"),
    ],
)
def test_what_has_no_meaning_here(code: str, unit: str | None) -> None:
    assert meaning_of(code, unit) is None


# Units


@pytest.mark.parametrize(
    ("text", "dimension", "scale", "like"),
    [
        ("Wh", Dimension.ENERGY, "1", "Wh"),
        ("kWh", Dimension.ENERGY, "1E3", "kWh"),
        ("KWH", Dimension.ENERGY, "1E3", "kWh"),
        ("MWh", Dimension.ENERGY, "1E6", "MWh"),
        ("GWh", Dimension.ENERGY, "1E9", "GWh"),
        ("GJ", Dimension.HEAT, "1E9", "GJ"),
        ("MJ", Dimension.HEAT, "1E6", "MJ"),
        ("W", Dimension.POWER, "1", "W"),
        ("KW", Dimension.POWER, "1E3", "kW"),
        ("MW", Dimension.POWER, "1E6", "MW"),
        ("var", Dimension.REACTIVE_POWER, "1", "var"),
        ("kVAr", Dimension.REACTIVE_POWER, "1E3", "kvar"),
        ("Mvar", Dimension.REACTIVE_POWER, "1E6", "Mvar"),
        ("VA", Dimension.APPARENT_POWER, "1", "VA"),
        ("kVA", Dimension.APPARENT_POWER, "1E3", "kVA"),
        ("MVA", Dimension.APPARENT_POWER, "1E6", "MVA"),
        ("varh", Dimension.REACTIVE_ENERGY, "1", "varh"),
        ("kVArh", Dimension.REACTIVE_ENERGY, "1E3", "kvarh"),
        ("Mvarh", Dimension.REACTIVE_ENERGY, "1E6", "Mvarh"),
        ("VAh", Dimension.APPARENT_ENERGY, "1", "VAh"),
        ("kVAh", Dimension.APPARENT_ENERGY, "1E3", "kVAh"),
        ("MVAh", Dimension.APPARENT_ENERGY, "1E6", "MVAh"),
        ("V", Dimension.VOLTAGE, "1", "V"),
        ("kV", Dimension.VOLTAGE, "1E3", "kV"),
        ("mA", Dimension.CURRENT, "0.001", "mA"),
        ("A", Dimension.CURRENT, "1", "A"),
        ("kA", Dimension.CURRENT, "1E3", "kA"),
        ("HZ", Dimension.FREQUENCY, "1", "Hz"),
        ("m3", Dimension.VOLUME, "1", "m³"),
        ("m\xb3", Dimension.VOLUME, "1", "m³"),
        ("dm3", Dimension.VOLUME, "0.001", "L"),
    ],
)
def test_units(text: str, dimension: Dimension, scale: str, like: str) -> None:
    assert unit_of(text) == unit_of(like) == Unit(dimension, Decimal(scale))


@pytest.mark.parametrize("text", [None, "", "mW", "mWh", "mVA", "MA", "s", "deg", "kk", "\xff"])
def test_units_that_are_unknown(text: str | None) -> None:
    assert unit_of(text) is None


@pytest.mark.parametrize(
    ("dimension", "units"),
    [
        (Dimension.ENERGY, const.UnitOfEnergy),
        (Dimension.POWER, const.UnitOfPower),
        (Dimension.REACTIVE_POWER, const.UnitOfReactivePower),
        (Dimension.APPARENT_POWER, const.UnitOfApparentPower),
        (Dimension.REACTIVE_ENERGY, const.UnitOfReactiveEnergy),
        (Dimension.VOLTAGE, const.UnitOfElectricPotential),
        (Dimension.CURRENT, const.UnitOfElectricCurrent),
        (Dimension.FREQUENCY, const.UnitOfFrequency),
        (Dimension.VOLUME, const.UnitOfVolume),
    ],
)
def test_numbers_can_be_had_in_units_of_home_assistant(dimension: Dimension, units: type[StrEnum]) -> None:
    known = [unit for unit in units if (found := unit_of(unit)) is not None and found.dimension is dimension]
    assert known
    for unit in known:
        for printed in known:
            there = Register(Decimal("12.345"), printed).number_in(unit)
            assert there is not None
            assert Register(there, unit).number_in(printed) == Decimal("12.345")


@pytest.mark.parametrize(
    ("number", "printed", "wanted", "found"),
    [
        ("4529", "W", "kW", "4.529"),
        ("04.529", "kW", "kW", "4.529"),
        ("04.529", "KW", "kW", "4.529"),
        ("0.338", "kW", "W", "338"),
        ("12.3", "MWh", "kWh", "12300"),
        ("1234", "dm3", "m³", "1.234"),
        ("1.0", None, None, "1.0"),
        # Nothing is guessed.
        ("1.0", None, "kW", None),
        ("1.0", "kW", None, None),
        ("1.0", "kW", "kWh", None),
        ("1.0", "kVA", "kW", None),
    ],
)
def test_a_number_in_another_unit(number: str, printed: str | None, wanted: str | None, found: str | None) -> None:
    register = Register(Decimal(number), printed)
    assert register.number_in(wanted) == (None if found is None else Decimal(found))
    assert Register(None, printed).number_in(wanted) is None
    assert Register("text").number_in(wanted) is None


# Anything

GROUP = st.integers(0, 999)
FULL = st.builds("{}-{}:{}.{}.{}".format, *[GROUP] * 5)
REDUCED = st.builds("{}.{}".format, GROUP, GROUP) | st.builds("{}.{}.{}".format, *[GROUP] * 3)
LIKELY = st.builds("1-0:{}.{}.{}".format, st.integers(1, 91), st.integers(0, 36), st.integers(0, 64))
SUFFIX = st.sampled_from(["", "*255"]) | st.builds("{}{}".format, st.sampled_from("*&"), st.integers(0, 254))
CODES = st.builds("{}{}".format, FULL | REDUCED | LIKELY, SUFFIX)
UNITS = st.sampled_from(["", "kWh", "KW", "kVArh", "A", "V", "Hz", "m3", "GJ"]) | st.text(
    st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="()*\x7f\x85"), max_size=8
)
# A clock, an identifier, a message, text, a profile and month peaks are no numbers.
NO_NUMBERS = {
    obis.Form.TIME, obis.Form.TEXT, obis.Form.IDENTIFIER, obis.Form.MESSAGE, obis.Form.PROFILE, obis.Form.HISTORY,
}  # fmt: skip


@given(code=CODES, unit=UNITS, value=st.decimals(-(10**12), 10**12, places=3))
@settings(max_examples=400, deadline=None, database=None)
def test_any_code_with_any_unit(code: str, unit: str, value: Decimal) -> None:
    parsed = parse_code(code)
    assert parsed is not None
    found = meaning(parsed, unit)
    assert found is None or isinstance(found, Meaning)
    line = f"{code}({value}{f'*{unit}' if unit else ''})"
    registers = received(KEPT, line).registers
    if obis.form(code) in NO_NUMBERS or obis.canonical(code) == "0-0:96.14.0":
        return
    register = registers[obis.canonical(code)]
    nines = obis.form(code) is obis.Form.THRESHOLD and not str(value).strip("9.")
    if unit.strip() and unit_of(unit.strip()) is None:
        # What is behind the star is no unit, so that all of it is text.
        assert (register.text, register.unit) == (None if nines else plain(f"{value}*{unit}") or None, None)
    else:
        assert (register.number, register.unit) == (None if nines else value, unit.strip() or None)
