"""Dialects besides e-MUCS P1: what is printed holds together, by the telegrams alone."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from vm_reading import codes, crc16, lines, number, values

from virtual_meter import PROFILES, REFUSED, VARIANTS, VirtualMeter

NOON = datetime(2026, 5, 20, 10, 0, tzinfo=UTC)
WORKDAY = datetime(2026, 6, 17, 9, 52, tzinfo=UTC)


def kilo(telegram: bytes, code: str) -> float:
    """Return a number of an industrial meter in kW, kWh and their like."""
    [printed] = [line for line in lines(telegram) if line.startswith(f"1-0:{code}(")]
    value, unit = printed.removesuffix(")").rpartition("(")[2].split("*")
    return float(value) * (1000 if unit.startswith("M") else 1)


@pytest.mark.parametrize("group", [0, 20, 40, 60])
def test_apparent_power_is_made_of_active_and_reactive(group: int) -> None:
    meter = VirtualMeter("a1", start=WORKDAY)
    for _ in range(20):
        meter.advance(173)
        telegram = meter.telegram()
        p = kilo(telegram, f"{group + 1}.7.0") - kilo(telegram, f"{group + 2}.7.0")
        q = kilo(telegram, f"{group + 3}.7.0") - kilo(telegram, f"{group + 4}.7.0")
        s = kilo(telegram, f"{group + 9}.7.0") + kilo(telegram, f"{group + 10}.7.0")
        assert s == pytest.approx((p**2 + q**2) ** 0.5, abs=0.002)
        assert float(number(telegram, f"1-0:{group + 13}.7.0")) == pytest.approx(abs(p) / s, abs=0.001)
        quadrants = [kilo(telegram, f"{group + quantity}.7.0") for quantity in (5, 6, 7, 8)]
        in_which = (0 if q >= 0 else 3) if p >= 0 else (1 if q >= 0 else 2)
        assert quadrants == [pytest.approx(abs(q)) if place == in_which else 0 for place in range(4)]


def test_power_of_phases_adds_up() -> None:
    telegram = VirtualMeter("a1", start=WORKDAY).telegram()
    for import_code, export_code in ((1, 2), (3, 4)):
        total, *phases = (
            kilo(telegram, f"{group + import_code}.7.0") - kilo(telegram, f"{group + export_code}.7.0")
            for group in (0, 20, 40, 60)
        )
        assert total == pytest.approx(sum(phases), abs=0.003)
    for group in (20, 40, 60):
        volts = 1000 * kilo(telegram, f"{group + 12}.7.0")
        assert 5600 < volts < 6200
        assert kilo(telegram, f"{group + 11}.7.0") * volts / 1000 == pytest.approx(
            kilo(telegram, f"{group + 9}.7.0"), rel=0.01
        )


def test_counters_integrate_what_is_measured() -> None:
    meter = VirtualMeter("a1", start=WORKDAY)
    counters = [*range(1, 11), *range(21, 31), *range(41, 51), *range(61, 71)]
    first = meter.telegram()
    integrals = dict.fromkeys(counters, 0.0)
    for _ in range(1200):
        meter.advance(1)
        telegram = meter.telegram()
        for code in counters:
            integrals[code] += kilo(telegram, f"{code}.7.0") / 3600
    for code, integral in integrals.items():
        counted = kilo(telegram, f"{code}.8.0") - kilo(first, f"{code}.8.0")
        assert counted == pytest.approx(integral, abs=0.02), code
    assert sum(integral > 1 for integral in integrals.values()) >= 12


@pytest.mark.parametrize("way", [1, 2])
def test_demands_are_the_energy_of_their_quarter(way: int) -> None:
    # On a sunny Sunday the factory exports.
    start = datetime(2026, 6, 14, 10, 30, tzinfo=UTC) if way == 2 else WORKDAY.replace(minute=30)
    meter = VirtualMeter("a1", start=start)
    begin = kilo(meter.telegram(), f"{way}.8.0")
    meter.advance(899)
    before = meter.telegram()
    meter.advance(1)
    closed = meter.telegram()
    energy = kilo(closed, f"{way}.8.0") - begin
    assert energy > 2
    assert kilo(before, f"{way}.4.0") == pytest.approx(energy * 4, rel=0.01)
    assert kilo(closed, f"{way}.4.0") == 0
    assert kilo(closed, f"{way}.5.0") == pytest.approx(energy * 4, abs=0.1)
    meter.advance(450)
    half = meter.telegram()
    assert kilo(half, f"{way}.5.0") == kilo(closed, f"{way}.5.0")
    assert kilo(half, f"{way}.4.0") == pytest.approx(4 * (kilo(half, f"{way}.8.0") - begin - energy), abs=0.1)


def test_the_highest_quarter_is_kept() -> None:
    meter = VirtualMeter("a1", start=datetime(2026, 6, 1, 0, 0, tzinfo=UTC), history_months=0)
    quarters = []
    for _ in range(48):
        meter.advance(900, 60)
        quarters.append(kilo(meter.telegram(), "1.5.0"))
    # The month began two hours before, and its first quarters may have been higher.
    assert kilo(meter.telegram(), "1.6.0") >= max(quarters) > 100


def test_a_factory_sees_all_four_quadrants_and_tariffs() -> None:
    meter = VirtualMeter("a1", start=datetime(2026, 6, 12, 0, 0, tzinfo=UTC))
    first = meter.truth
    meter.advance(7 * 86_400, 300)
    total, before = meter.truth.total, first.total
    assert total
    assert before
    assert all(now > then + 10 for now, then in zip(total.quadrants, before.quadrants, strict=True))
    assert all(meter.truth.imported[tariff] > first.imported[tariff] + 10 for tariff in (1, 2, 3, 4))


def test_industrial_meters_have_no_gas_no_water_and_no_version() -> None:
    found = codes(VirtualMeter("a1", start=NOON).telegram())
    assert not [code for code in found if (code.startswith("0-") and ":24." in code) or code == "0-0:96.1.4"]
    assert len(found) == len(set(found))


def test_reduced_codes() -> None:
    telegram = VirtualMeter("a1", start=NOON, variants=["reduced-codes", "historic", "no-checksum"]).telegram()
    assert b"\r\n1.7.0(" in telegram
    assert b"1-0:" not in telegram
    assert b"\r\n1.6.0&01(" in telegram
    assert b"\r\n1.6.0*02(" in telegram
    assert telegram.endswith(b"\r\n!\r\n")


@pytest.mark.parametrize("name", [name for name, profile in PROFILES.items() if profile.name != "nl-2.2"])
def test_checksum(name: str) -> None:
    body, _, rest = VirtualMeter(name, start=NOON).telegram().rpartition(b"!")
    assert rest == b"%04X\r\n" % crc16(body + b"!")


def test_star_point_voltages_and_powers_of_3x230_v() -> None:
    meter = VirtualMeter("ie5-new-3x230v", start=NOON)
    for _ in range(20):
        meter.advance(613, 10)
        telegram = meter.telegram()
        assert all(128 < number(telegram, f"1-0:{phase}2.7.0") < 144 for phase in (3, 5, 7))
        total = number(telegram, "1-0:1.7.0") - number(telegram, "1-0:2.7.0")
        phases = [number(telegram, f"1-0:{phase}1.7.0") - number(telegram, f"1-0:{phase}2.7.0") for phase in (2, 4, 6)]
        assert abs(total - sum(phases)) <= Decimal("0.002")


def test_iskraemeco_prints_values_before_times_and_no_flags() -> None:
    new = VirtualMeter("ie5-new", start=NOON).telegram()
    assert values(new, "0-0:1.0.0") == ["260520120000"]
    value, time = values(new, "1-0:1.6.0")
    assert value.endswith("*kW")
    assert len(time) == 12
    assert values(new, "0-0:96.1.4") == ["3231313130"]
    assert [code for code in codes(new) if ".8." in code] == [f"1-0:{way}.8.{n}" for way in (1, 2) for n in range(1, 6)]
    old = VirtualMeter("ie5-old", start=NOON)
    assert values(old.telegram(), "0-0:96.1.0") == [old.meter_id]
    assert values(old.telegram(), "1-0:31.7.0")[0] in {f"{ampere:03d}*A" for ampere in range(100)}
    assert values(VirtualMeter("ie5-old-3x230v", start=NOON).telegram(), "1-0:52.7.0") == ["000.0*V"]


def test_dutch_tariff_1_is_low() -> None:
    # A Wednesday at noon.
    belgian, dutch = VirtualMeter("1.7.1", start=NOON), VirtualMeter("nl-5.0", start=NOON)
    assert values(belgian.telegram(), "0-0:96.14.0") == ["0001"]
    assert values(dutch.telegram(), "0-0:96.14.0") == ["0002"]
    assert belgian.truth.import_1 == dutch.truth.import_2


def test_dutch_gas_on_two_lines() -> None:
    telegram = lines(VirtualMeter("nl-2.2", start=NOON + timedelta(minutes=7)).telegram())
    [at] = [place for place, line in enumerate(telegram) if ":24.3.0(" in line]
    assert telegram[at] == "0-1:24.3.0(260520120000)(00)(60)(1)(0-1:24.2.1)(m3)"
    assert len(telegram[at + 1]) == len("(00021.021)")


def test_winter_time_all_the_year_in_sweden() -> None:
    assert values(VirtualMeter("se", start=NOON).telegram(), "0-0:1.0.0") == ["260520110000W"]


def test_austria_prints_integers() -> None:
    telegram = VirtualMeter("at", start=NOON).telegram()
    assert not [line for line in lines(telegram)[1:] if "." in line.partition("(")[2]]


def test_encrypted_frames() -> None:
    meter = VirtualMeter("lu-encrypted", start=NOON)
    first = meter.telegram()
    meter.advance(10)
    for frame in (first, meter.telegram()):
        assert frame[:2] == b"\xdb\x08"
        assert frame[10:11] == b"\x82"
        assert int.from_bytes(frame[11:13]) == len(frame) - 13
        assert frame[13:14] == b"\x30"
    assert first[14:18] < meter.telegram()[14:18]
    assert first[18:] != meter.telegram()[18:]


def fcs16(data: bytes) -> int:
    """CRC-16/X-25, bit by bit (RFC 1662, C.2)."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0x8408 if crc & 1 else crc >> 1
    return crc ^ 0xFFFF


def test_hdlc_frames() -> None:
    frame = VirtualMeter("hdlc", start=NOON).telegram()
    assert frame[0] == frame[-1] == 0x7E
    assert frame[1] & 0xF0 == 0xA0
    inner = frame[1:-1]
    assert int.from_bytes(inner[:2]) & 0x07FF == len(inner)
    assert fcs16(inner[:-2]) == int.from_bytes(inner[-2:], "little")
    assert fcs16(inner[:6]) == int.from_bytes(inner[6:8], "little")


@pytest.mark.parametrize("name", [*PROFILES, *REFUSED])
def test_periods_are_those_of_the_country(name: str) -> None:
    slow = {"nl-2.2", "nl-4.2", "lu", "se", "fi", *REFUSED}
    assert VirtualMeter(name, start=NOON).period == (10 if name in slow else 5 if name == "at" else 1)


def test_ids_of_replaced_meters_and_late_ids() -> None:
    replaced = VirtualMeter(start=NOON, variants=["replaced-gas"])
    before, volume = replaced.gas_id, number(replaced.telegram(), "0-1:24.2.3")
    replaced.advance(899)
    assert replaced.gas_id != before
    assert number(replaced.telegram(), "0-1:24.2.3") < 2 < volume
    late = VirtualMeter(start=NOON, variants=["late-id"])
    assert values(late.telegram(), "0-1:96.1.1") == [""]
    assert late.gas_id is None
    readings = []
    for _ in range(4):
        readings.append(number(late.telegram(), "0-1:24.2.3"))
        late.advance(300)
    assert late.gas_id
    assert all(earlier <= later for earlier, later in pairwise(readings))


def test_heat_and_cold_are_counted() -> None:
    winter = VirtualMeter(start=datetime(2026, 1, 14, 6, tzinfo=UTC), variants=["heat"])
    summer = VirtualMeter(start=datetime(2026, 7, 14, 6, tzinfo=UTC), variants=["cooling"])
    for meter, seconds in ((winter, 86_400), (summer, 14 * 86_400)):
        begin = number(meter.telegram(), "0-3:24.2.1")
        assert values(meter.telegram(), "0-3:24.2.1")[1].endswith("*GJ")
        meter.advance(seconds, 60)
        assert number(meter.telegram(), "0-3:24.2.1") > begin
    assert values(winter.telegram(), "0-3:24.1.0") == ["004"]
    assert values(summer.telegram(), "0-3:24.1.0") == ["010"]


@pytest.mark.parametrize(
    ("variant", "printed"),
    [
        ("two-gas", b"0-2:24.1.0(003)"),
        ("water-first", b"0-1:24.1.0(007)"),
        ("unread", b"0-1:24.2.3(632525252525W)(00000.000)\r\n"),
        ("dead-channel", b"0-3:96.1.1()\r\n"),
        ("empty-id", b"0-2:96.1.1()\r\n"),
        ("valve-closed", b"0-1:24.4.0(0)"),
        ("valve-ready", b"0-1:24.4.0(2)"),
        ("empty-ean", b"0-0:96.1.2()\r\n"),
        ("dashed-ean", b"0-2:96.1.2(" + b"2D" * 18 + b")\r\n"),
        ("blank-line", b"_D\r\n\r\n0-0:"),
        ("no-checksum", b"!\r\n"),
    ],
)
def test_variants(variant: str, printed: bytes) -> None:
    meter = VirtualMeter("2.1.1", start=NOON)
    assert printed not in meter.telegram()
    assert printed in VirtualMeter("2.1.1", start=NOON, variants=[variant]).telegram()


def test_variants_can_be_together() -> None:
    names = [name for name, variant in VARIANTS.items() if variant.suits(PROFILES["2.1.1"])]
    telegram = VirtualMeter("2.1.1", start=NOON, variants=names).telegram()
    assert {code for code in codes(telegram) if ":24.1.0" in code} == {f"0-{n}:24.1.0" for n in range(1, 7)}


@pytest.mark.parametrize(
    ("profile", "options", "message"),
    [
        ("1.7.1", {"variants": ["two-gasses"]}, "no variant two-gasses; choose from two-gas"),
        ("1.7.1", {"variants": ["reduced-codes"]}, "profile 1.7.1 has no variant reduced-codes"),
        ("1.7.1", {"variants": ["empty-ean"]}, "profile 1.7.1 has no variant empty-ean"),
        ("a1", {"variants": ["two-gas"]}, "profile a1 has no variant two-gas"),
        ("hdlc", {"variants": ["no-checksum"]}, "profile hdlc has no variant no-checksum"),
        ("a1", {"period": 0}, "period is 0 s; it must be 1 to 900"),
        ("a1", {"period": 901}, "period is 901 s"),
    ],
)
def test_what_cannot_be_is_refused(profile: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        VirtualMeter(profile, start=NOON, **options)
