"""The codes of registers, against what a meter prints."""

from datetime import UTC, datetime

from custom_components.emucs.port import Reader, obis
from virtual_meter import VirtualMeter


def test_codes_of_phases_tariffs_relays_and_channels() -> None:
    [telegram] = Reader().feed(VirtualMeter(profile="2.1.1", start=datetime(2026, 1, 14, 17, tzinfo=UTC)).telegram())
    units = {obis.import_power: "kW", obis.export_power: "kW", obis.voltage: "V", obis.current: "A"}
    codes = [code(phase) for phase in ("l1", "l2", "l3") for code in units]
    assert len(set(codes)) == 12
    for phase in ("l1", "l2", "l3"):
        assert {telegram.registers[code(phase)].unit for code in units} == {"kW", "V", "A"}
        assert all(telegram.registers[code(phase)].unit == unit for code, unit in units.items())
    for tariff in (1, 2):
        assert telegram.registers[obis.import_energy(tariff)].unit == "kWh"
        assert telegram.registers[obis.export_energy(tariff)].unit == "kWh"
    assert all(telegram.registers[obis.relay(number)].value == 0 for number in range(1, 5))
    assert telegram.registers[obis.uncorrected_volume(1)].unit == "m3"
