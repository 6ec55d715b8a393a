"""Every dialect of the virtual meter: what is read of it is what its meter knows, number by number."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
import re

import pytest

from custom_components.emucs.port import Channel, Reader, Register, Telegram, parse_code
from virtual_meter import PROFILES, VARIANTS, Measured, Submeter, Truth, VirtualMeter

EVENING = datetime(2026, 1, 14, 17, 7, tzinfo=UTC)
NOON = datetime(2026, 6, 17, 10, 7, tzinfo=UTC)
SCALES = {"": 1, "k": 1, "M": 1000}
BASES = ("Wh", "W", "varh", "var", "VAh", "VA")
# M-Bus meters, identifiers, times and versions.
OTHERS = re.compile(r"0-\d:(?:24\.|96\.1\.).*|0-0:1\.0\.0|1-3:0\.2\.8")
# What neither changes nor belongs to the household.
CONSTANTS = {
    "0-0:96.3.10": 1,
    "0-0:96.7.21": None,
    "0-0:96.7.9": None,
    "0-0:17.0.0": None,
    "1-0:31.4.0": None,
    "1-0:51.4.0": None,
    "1-0:71.4.0": None,
    "1-1:31.4.0": 100,
    "1-0:94.32.1": None,
    "0-1:96.3.10": 0,
    "0-2:96.3.10": 0,
    "0-3:96.3.10": 0,
    "0-4:96.3.10": 0,
    "1-0:99.97.0": None,
    "1-0:0.0.0": None,
    **{f"1-0:{phase}2.{kind}.0": None for phase in (3, 5, 7) for kind in (32, 36)},
}


def in_thousands(register: Register) -> tuple[Decimal, Decimal]:
    """Return a number in kW, kWh and their like, and what its last digit is worth."""
    number, unit = register.number, (register.unit or "").replace("VAr", "var")
    assert number is not None
    digit = Decimal(1).scaleb(int(number.as_tuple().exponent))
    base = next((base for base in BASES if unit.endswith(base)), None)
    if unit == "kV":
        return number * 1000, digit * 1000
    if base is None:
        return number, digit
    prefix = unit.removesuffix(base)
    scale = Decimal("0.001") if not prefix else Decimal(SCALES[prefix])
    return number * scale, digit * scale


def above_and_below(value: Decimal) -> tuple[Decimal, Decimal]:
    return max(value, Decimal()), max(-value, Decimal())


def power_of(measured: Measured, quantity: int) -> Decimal:
    """Return the power of a quantity (IEC 62056-6-1, value group C)."""
    active, reactive = above_and_below(measured.active), above_and_below(measured.reactive)
    importing = measured.active >= 0
    return {
        1: active[0],
        2: active[1],
        3: reactive[0],
        4: reactive[1],
        **{4 + number: abs(measured.reactive) if measured.quadrant == number else Decimal() for number in range(1, 5)},
        9: measured.apparent if importing else Decimal(),
        10: Decimal() if importing else measured.apparent,
        13: measured.power_factor,
        16: measured.active,
    }[quantity]


def energy_of(measured: Measured, quantity: int) -> Decimal:
    """Return the energy of a quantity."""
    return {
        1: measured.energy_import,
        2: measured.energy_export,
        3: measured.reactive_import,
        4: measured.reactive_export,
        **{5 + number: value for number, value in enumerate(measured.quadrants)},
        9: measured.apparent_import,
        10: measured.apparent_export,
        15: measured.energy_import + measured.energy_export,
    }[quantity]


def on_a_phase(truth: Truth, number: int, quantity: int) -> Decimal:
    """Return what runs on a phase."""
    phase = truth.phases[number]
    active = phase.power_import - phase.power_export
    apparent = (active**2 + phase.reactive**2).sqrt()
    return {
        1: phase.power_import,
        2: phase.power_export,
        3: above_and_below(phase.reactive)[0],
        4: above_and_below(phase.reactive)[1],
        11: phase.current,
        12: phase.voltage,
        13: abs(active) / apparent if apparent else Decimal(1),
    }[quantity]


def known(truth: Truth, code: str) -> Decimal:
    """Return what the meter knows of a register: in kW, kWh and their like, V, A or Hz."""
    parsed = parse_code(code)
    assert parsed is not None
    if (parsed.c, parsed.d) == (96, 14):
        return Decimal(truth.tariff)
    if parsed.c == 14:
        return truth.frequency
    phase, quantity = divmod(parsed.c, 20)
    kind, tariff = parsed.d, parsed.e
    if kind == 8 and tariff:
        return {1: truth.imported, 2: truth.exported}[parsed.c].get(tariff, Decimal())
    if kind in (4, 5, 6):
        demands = {1: truth.import_demands, 2: truth.export_demands}[parsed.c]
        assert demands is not None
        return {4: demands.current, 5: demands.last, 6: demands.maximum.value}[kind]
    return by_phase(truth, phase, quantity, kind)


def by_phase(truth: Truth, phase: int, quantity: int, kind: int) -> Decimal:
    """Return the power or energy of a phase, or of all together."""
    if phase and not (truth.per_phase and quantity not in (11, 12)):
        return on_a_phase(truth, phase - 1, quantity)
    measured = truth.per_phase[phase - 1] if phase else truth.total
    if measured is None:
        return {1: truth.power_import, 2: truth.power_export}[quantity]
    return energy_of(measured, quantity) if kind == 8 else power_of(measured, quantity)


def of_submeter(submeter: Submeter) -> Channel:
    """Return how a channel is read."""
    unset = Register(None)
    return Channel(
        submeter.device_type,
        submeter.identifier or None,
        submeter.valve,
        Register(submeter.capture.value, submeter.unit, submeter.capture.time) if submeter.capture else unset,
    )


def compare(telegram: Telegram, truth: Truth) -> set[str]:
    """Compare all numbers of a telegram with what the meter knows; return their codes."""
    compared = set()
    for code, register in telegram.registers.items():
        if code in CONSTANTS:
            assert (value := CONSTANTS[code]) is None or register.number == value, code
        elif register.number is not None and not OTHERS.fullmatch(code) and "*" not in code:
            number, digit = in_thousands(register)
            assert abs(number - known(truth, code)) < digit, (code, register, known(truth, code))
            compared.add(code)
    assert dict(telegram.channels) == {
        number: of_submeter(submeter) for number, submeter in enumerate(truth.submeters, 1)
    }
    return compared


def through_an_hour(meter: VirtualMeter) -> Iterator[None]:
    """Let an hour pass, looking each minute, and at each quarter before and at its end."""
    end = meter.time + timedelta(hours=1)
    while meter.time < end:
        yield
        to_quarter = 900 - int(meter.time.timestamp()) % 900
        meter.advance(min(60, to_quarter - 1 or 1))


# A number by itself, with the time that it holds for in front or behind, as this reads lines by itself.
PRINTED = re.compile(
    r"((?:\d+-\d+:)?\d+\.\d+\.\d+)(?:\(\d{12}[SW]?\))?\(-?\d{1,12}(?:\.\d+)?(?:\*\w+)?\)(?:\(\d{12}\))?"
)


def printed_numbers(telegram: bytes) -> set[str]:
    """Return the codes of all numbers that a telegram prints, but for M-Bus meters, versions and constants."""
    codes = {match[1] for line in telegram.decode().splitlines() if (match := PRINTED.fullmatch(line))}
    full = {code if ":" in code else f"1-0:{code}" for code in codes}
    return {code for code in full if not OTHERS.fullmatch(code)} - CONSTANTS.keys()


@pytest.mark.parametrize("start", [EVENING, NOON], ids=["evening", "noon"])
@pytest.mark.parametrize("name", PROFILES)
def test_all_numbers_are_those_of_the_meter(name: str, start: datetime) -> None:
    meter = VirtualMeter(name, seed=7, start=start)
    reader = Reader()
    quarters = set()
    for _ in through_an_hour(meter):
        printed = meter.telegram()
        [telegram] = reader.feed(printed)
        assert compare(telegram, meter.truth) == printed_numbers(printed)
        assert telegram.time == (None if name == "nl-2.2" else meter.time)
        quarters.add(meter.time.minute // 15)
    assert len(quarters) == 4
    assert not any(reader.dropped.values())


A1_VARIANTS = [("reduced-codes",), ("historic",), ("no-checksum", "reduced-codes", "historic", "no-blank-line")]


@pytest.mark.parametrize("variants", A1_VARIANTS, ids=" ".join)
def test_an_industrial_meter_in_other_words(variants: tuple[str, ...]) -> None:
    plain = VirtualMeter("a1", seed=7, start=EVENING)
    meter = VirtualMeter("a1", seed=7, start=EVENING, variants=variants)
    [expected], [telegram] = Reader().feed(plain.telegram()), Reader().feed(meter.telegram())
    assert compare(telegram, meter.truth) == printed_numbers(plain.telegram())
    historic = {code: telegram.registers[code] for code in telegram.registers.keys() - expected.registers.keys()}
    peaks = reversed(meter.truth.history[-3:]) if "historic" in variants else ()
    assert historic == {
        f"1-0:1.6.0*{number:02d}": Register(round(month.peak.value, 2), "kW", month.peak.time)
        for number, month in enumerate(peaks, 1)
    }
    assert {code: telegram.registers[code] for code in expected.registers} == expected.registers


MBUS = [
    name for name, variant in VARIANTS.items() if variant.suits(PROFILES["1.7.1"]) and not variant.suits(PROFILES["a1"])
]


@pytest.mark.parametrize("profile", ["1.7.1", "2.1.1", "1.6-single-phase"])
@pytest.mark.parametrize("variant", MBUS)
def test_channels_are_those_of_the_house(profile: str, variant: str) -> None:
    meter = VirtualMeter(profile, seed=7, start=EVENING, variants=[variant])
    reader = Reader()
    seen = set()
    for _ in through_an_hour(meter):
        [telegram] = reader.feed(meter.telegram())
        compare(telegram, meter.truth)
        seen.add(tuple((channel.device_type, channel.id) for channel in telegram.channels.values()))
    assert not any(reader.dropped.values())
    assert len(seen) == (2 if variant in ("replaced-gas", "late-id") else 1)


CHANGE = datetime(2026, 10, 25, 1, tzinfo=UTC)
"""When Belgian clocks go back from 3 to 2."""


@pytest.mark.parametrize("name", ["ie5-old", "ie5-new", "1.7.1"])
def test_the_hour_that_occurs_twice(name: str) -> None:
    meter = VirtualMeter(name, seed=7, start=CHANGE - timedelta(minutes=70))
    reader = Reader()
    offsets = []
    while meter.time < CHANGE + timedelta(minutes=70):
        [telegram] = reader.feed(meter.telegram())
        assert telegram.time == meter.time
        assert telegram.time
        offsets.append(telegram.time.utcoffset())
        meter.advance(10)
    assert offsets == [timedelta(hours=2)] * 420 + [timedelta(hours=1)] * 420
