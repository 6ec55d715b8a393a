"""Every profile prints what its version prints, in the order and widths of the field."""

from datetime import UTC, datetime
import re
import subprocess
import sys

import pytest
from vm_reading import codes, crc16, lines, number, values

from virtual_meter import EMUCS_P1, VirtualMeter

NOON = datetime(2026, 5, 20, 10, 0, tzinfo=UTC)

ENERGY = ["1-0:1.8.1", "1-0:1.8.2", "1-0:2.8.1", "1-0:2.8.2", "0-0:96.14.0"]
DEMAND = ["1-0:1.4.0", "1-0:1.6.0", "0-0:98.1.0"]
RELAYS = ["0-1:96.3.10", "0-2:96.3.10", "0-3:96.3.10", "0-4:96.3.10"]


def expected_codes(version: str, wiring: str) -> list[str]:
    second = version == "2.1.1"
    single = wiring == "single-phase"
    phases = (0,) if single else (0, 20, 40)
    found = ["0-0:96.1.4"]
    found += ["1-0:94.32.1"] if second and not single else []
    found += ["0-0:96.1.1", *(["0-0:96.1.2"] if second else []), "0-0:1.0.0", *ENERGY]
    found += DEMAND if version in ("1.7.1", "2.1.1") else []
    found += ["1-0:1.7.0", "1-0:2.7.0"]
    if version not in ("1.3", "1.4"):
        found += [f"1-0:{21 + phase}.7.0" for phase in phases] + [f"1-0:{22 + phase}.7.0" for phase in phases]
    found += [f"1-0:{32 + phase}.7.0" for phase in phases] + [f"1-0:{31 + phase}.7.0" for phase in phases]
    found += ["0-0:96.3.10", "0-0:17.0.0", "1-0:31.4.0", *(RELAYS if second else []), "0-0:96.13.0"]
    ean = ["96.1.2"] if second else []
    found += [f"0-1:{rest}" for rest in ("24.1.0", "96.1.1", *ean, "24.4.0", "24.2.3")]
    if version not in ("1.3", "1.4", "1.5"):
        found += [f"0-2:{rest}" for rest in ("24.1.0", "96.1.1", *ean, "24.2.1")]
    return found


FORMS = {
    r"0-0:96\.1\.4": r"\(502\d\d\)",
    r"1-0:94\.32\.1": r"\((400|230)\)",
    r"0-\d:96\.1\.1": r"\(([0-9A-F]{2}){14}\)",
    r"0-\d:96\.1\.2": r"\(35343134([0-9A-F]{2}){14}\)",
    r"0-0:1\.0\.0": r"\(\d{12}[SW]\)",
    r"1-0:[12]\.8\.[12]": r"\(\d{6}\.\d{3}\*kWh\)",
    r"0-0:96\.14\.0": r"\(000[12]\)",
    r"1-0:1\.4\.0": r"\(\d\d\.\d{3}\*kW\)",
    r"1-0:1\.6\.0": r"\(\d{12}[SW]\)\(\d\d\.\d{3}\*kW\)",
    r"0-0:98\.1\.0": r"\(13\)\(1-0:1\.6\.0\)\(1-0:1\.6\.0\)(\(\d{12}[SW]\)\(\d{12}[SW]\)\(\d\d\.\d{3}\*kW\)){13}",
    r"1-0:([246]?[12])\.7\.0": r"\(\d\d\.\d{3}\*kW\)",
    r"1-0:[357]2\.7\.0": r"\(\d{3}\.\d\*V\)",
    r"1-0:[357]1\.7\.0": r"\(\d{3}\.\d\d\*A\)",
    r"0-[0-4]:96\.3\.10": r"\([01]\)",
    r"0-0:17\.0\.0": r"\((999\.9|99\.999)\*kW\)",
    r"1-0:31\.4\.0": r"\((999|999\.99)\*A\)",
    r"0-0:96\.13\.0": r"\(\)",
    r"0-\d:24\.1\.0": r"\(00[37]\)",
    r"0-\d:24\.4\.0": r"\(1\)",
    r"0-\d:24\.2\.[13]": r"\(\d{12}[SW]\)\(\d{5}\.\d{3}\*m3\)",
}


@pytest.mark.parametrize("name", EMUCS_P1)
def test_prints_exactly_its_registers(name: str) -> None:
    version, _, wiring = name.partition("-")
    telegram = VirtualMeter(name, start=NOON).telegram()
    assert codes(telegram) == expected_codes(version, wiring)


@pytest.mark.parametrize("name", EMUCS_P1)
def test_every_line_has_the_width_of_the_field(name: str) -> None:
    telegram = VirtualMeter(name, start=NOON).telegram()
    forms = {code: form for code, form in FORMS.items() if not (name.startswith("1.3") and code.endswith(r"1\.7\.0"))}
    for line in lines(telegram)[1:-2]:
        if line and not (name.startswith("1.3") and re.fullmatch(r"1-0:[357]1\.7\.0\(\d{3}\*A\)", line)):
            assert any(re.fullmatch(code + form, line) for code, form in {**forms, **FORMS}.items()), line


@pytest.mark.parametrize("name", EMUCS_P1)
def test_framing_and_crc(name: str) -> None:
    telegram = VirtualMeter(name, start=NOON).telegram()
    body, _, rest = telegram.rpartition(b"!")
    assert rest == b"%04X\r\n" % crc16(body + b"!")
    assert telegram.count(b"\n") == telegram.count(b"\r\n")
    assert telegram.startswith(b"/FLU5\\253")
    assert (lines(telegram)[1] == "") is not name.startswith("2.1.1")


def test_eighteen_profiles() -> None:
    assert len(EMUCS_P1) == 18
    assert {"1.3", "1.7.1", "1.7.1-single-phase", "1.7.1-3x230v", "2.1.1-single-phase"} <= set(EMUCS_P1)


@pytest.mark.parametrize(
    ("name", "identification", "prefix"),
    [
        ("1.7.1-single-phase", r"/FLU5\253770234_A", "1SAG11"),
        ("1.7.1", r"/FLU5\253769484_A", "1SAG31"),
        ("1.7.1-3x230v", r"/FLU5\253769484_A", "1SAG31"),
        ("2.1.1-single-phase", r"/FLU5\253972606_B", "1SAG12"),
        ("2.1.1", r"/FLU5\253967035_D", "1SAG32"),
    ],
)
def test_identification_tells_the_meter(name: str, identification: str, prefix: str) -> None:
    meter = VirtualMeter(name, start=NOON)
    telegram = meter.telegram()
    assert lines(telegram)[0] == identification
    assert meter.meter_id.startswith(prefix)
    assert bytes.fromhex(values(telegram, "0-0:96.1.1")[0]).decode() == meter.meter_id
    assert bytes.fromhex(values(telegram, "0-1:96.1.1")[0]).decode() == meter.gas_id
    assert bytes.fromhex(values(telegram, "0-2:96.1.1")[0]).decode() == meter.water_id
    assert (meter.meter_id[6:].isdecimal(), len(meter.meter_id)) == (True, 14)


def test_grid_configuration_of_the_second_generation() -> None:
    assert values(VirtualMeter("2.1.1", start=NOON).telegram(), "1-0:94.32.1") == ["400"]
    assert values(VirtualMeter("2.1.1-3x230v", start=NOON).telegram(), "1-0:94.32.1") == ["230"]


def test_water_moves_up_without_gas() -> None:
    meter = VirtualMeter(start=NOON, gas=False)
    assert meter.gas_id is None
    assert values(meter.telegram(), "0-1:24.1.0") == ["007"]
    assert "0-2:24.1.0" not in codes(meter.telegram())


def test_no_water_before_version_1_6() -> None:
    meter = VirtualMeter("1.5", start=NOON)
    assert meter.water_id is None
    assert meter.truth.water is None


def test_no_month_has_closed_yet() -> None:
    telegram = VirtualMeter(start=NOON, history_months=0).telegram()
    assert b"0-0:98.1.0(0)(1-0:1.6.0)(1-0:1.6.0)()\r\n" in telegram


def test_telegram_prints_the_truth() -> None:
    meter = VirtualMeter(start=NOON)
    meter.advance(77)
    telegram, truth = meter.telegram(), meter.truth
    assert truth.gas
    assert truth.water
    assert {
        "1-0:1.8.1": truth.import_1,
        "1-0:1.8.2": truth.import_2,
        "1-0:2.8.1": truth.export_1,
        "1-0:2.8.2": truth.export_2,
        "1-0:1.7.0": truth.power_import,
        "1-0:2.7.0": truth.power_export,
        "1-0:1.4.0": truth.demand,
        "1-0:1.6.0": truth.month_peak.value,
        "1-0:52.7.0": truth.phases[1].voltage,
        "1-0:71.7.0": truth.phases[2].current,
        "0-1:24.2.3": truth.gas.value,
        "0-2:24.2.1": truth.water.value,
    }.items() <= {code: number(telegram, code) for code in codes(telegram) if "." in values(telegram, code)[-1]}.items()


def test_same_seed_start_and_steps_give_the_same_bytes_whatever_hashing_does() -> None:
    script = (
        "from datetime import *; from virtual_meter import VirtualMeter;"
        "meter = VirtualMeter(seed=5, start=datetime(2026, 1, 10, 16, tzinfo=UTC)); meter.advance(5000, 10);"
        "meter.advance(7); print(meter.telegram().hex())"
    )
    outputs = {
        subprocess.run(  # noqa: S603
            [sys.executable, "-c", script], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    meter = VirtualMeter(seed=5, start=datetime(2026, 1, 10, 16, tzinfo=UTC))
    meter.advance(5000, 10)
    meter.advance(7)
    assert outputs == {meter.telegram().hex().encode() + b"\n"}


def test_another_seed_is_another_house() -> None:
    assert VirtualMeter(seed=1, start=NOON).meter_id != VirtualMeter(seed=2, start=NOON).meter_id


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"profile": "1.8"}, "no profile 1.8"),
        ({"start": datetime(2026, 1, 1)}, "no time zone"),  # noqa: DTZ001  that is the error
        ({"history_months": 14}, "0 to 13"),
    ],
)
def test_refuses_what_cannot_be(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        VirtualMeter(**options)


def test_time_does_not_run_backwards() -> None:
    meter = VirtualMeter(start=NOON)
    with pytest.raises(ValueError, match="cannot advance"):
        meter.advance(-1)
    with pytest.raises(ValueError, match="cannot advance"):
        meter.advance(1, step=0)
