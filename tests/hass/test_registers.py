"""Registers without a row: every number that a port prints has a sensor."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import Decimal
import re

from homeassistant.components.sensor import DOMAIN as SENSOR, SensorDeviceClass
from homeassistant.components.sensor.const import DEVICE_CLASS_STATE_CLASSES, DEVICE_CLASS_UNITS
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from hypothesis import given, settings, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.emucs.const import DOMAIN
from custom_components.emucs.devices import identifier_of
from custom_components.emucs.entities import LISTED
from custom_components.emucs.entities.registers import MOST_REGISTERS, is_unlisted, register_row
from custom_components.emucs.port import Reader, Register, Telegram
from tests.support import FIELD_TELEGRAMS, entry_data, sending
from virtual_meter.wire import sign

LINE = re.compile(r"([\d.:*-]+)\((-?\d+(?:\.\d+)?)\*?([A-Za-z]\w*)?\)")

# What an industrial meter could print, by the standard's codes; no telegram of an A1 port is known.
FOUR_QUADRANTS = {
    "1-0:3.8.0(012345.6*kvarh)": ("reactive_energy_import", "12345.6 kvarh"),
    "1-0:4.8.2(000001*Mvarh)": ("reactive_energy_export_tariff_2", "1000 kvarh"),
    "1-0:5.8.0(000002.5*kvarh)": ("reactive_quadrant_energy_q1", "2.5 kvarh"),
    "1-0:8.7.0(1500*var)": ("reactive_quadrant_power_q4", "1.500 kvar"),
    "1-0:9.7.0(123.4*kVA)": ("apparent_power_import", "123.4 kVA"),
    "1-0:9.8.0(5*MVAh)": ("apparent_energy_import", "5000 kVAh"),
    "1-0:13.7.0(0.97)": ("power_factor", "0.97"),
    "1-0:33.7.0(-0.85)": ("power_factor_l1", "-0.85"),
    "1-0:14.7.0(49.98*Hz)": ("frequency", "49.98 Hz"),
    "1-0:21.8.0(7*kWh)": ("active_energy_import_l1", "7 kWh"),
    "1-0:2.4.0(3*kW)": ("active_demand_export", "3 kW"),
    "1-0:1.5.0(250*kW)": ("active_last_demand_import", "250 kW"),
    "1-0:2.5.0(3*kW)": ("active_last_demand_export", "3 kW"),
    "1-0:2.6.0(260108101500W)(5*kW)": ("active_maximum_demand_export", "5 kW"),
    "1-0:3.4.0(12*kvar)": ("reactive_demand_import", "12 kvar"),
    "1-0:3.6.0(15*kvar)(26-01-08 10:15)": ("reactive_maximum_demand_import", "15 kvar"),
    "1-0:4.4.0(1*kvar)": ("reactive_demand_export", "1 kvar"),
    "1-0:4.5.0(2*kvar)": ("reactive_last_demand_export", "2 kvar"),
    "1-0:91.7.0(0.31*A)": ("current_n", "0.31 A"),
    "1-0:1.8.6(9*kWh)": ("active_energy_import_tariff_6", "9 kWh"),
    "1-0:1.8.0*03(8*kWh)": ("active_energy_import_period_3", "8 kWh"),
    "0-0:96.7.21(00005)": ("power_failure_count", "5"),
    # Nothing is known but the number.
    "1-0:99.99.7(42)": ("register_1_0_99_99_7", "42"),
}


@asynccontextmanager
async def reading(hass: HomeAssistant, frame: bytes) -> AsyncGenerator[tuple[Telegram, MockConfigEntry]]:
    """Set up a port that sends one telegram again and again."""
    (telegram,) = Reader().feed(frame)
    async with sending(frame, seconds=0.2) as url:
        entry = MockConfigEntry(domain=DOMAIN, unique_id=identifier_of(telegram), data=entry_data(url))
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        yield telegram, entry
        assert await hass.config_entries.async_unload(entry.entry_id)


def shown(hass: HomeAssistant, entity_registry: er.EntityRegistry, identifier: str, key: str) -> str:
    """Return the state and the unit of a sensor."""
    entity_id = entity_registry.async_get_entity_id(SENSOR, DOMAIN, f"{identifier}_{key}")
    assert entity_id is not None, key
    state = hass.states.get(entity_id)
    return f"{state.state} {state.attributes.get('unit_of_measurement', '')}".strip()


@pytest.mark.usefixtures("entity_registry_enabled_by_default", "socket_enabled")
async def test_industrial_quantities(hass: HomeAssistant, entity_registry: er.EntityRegistry) -> None:
    head = "\r\n".join(["/XXX5\\A1", "", "0-0:96.1.1(1XXX0000000001)", *FOUR_QUADRANTS, "!"]).encode()
    async with reading(hass, sign(head)) as (telegram, _):
        for key, expected in FOUR_QUADRANTS.values():
            assert shown(hass, entity_registry, identifier_of(telegram), key) == expected


@pytest.mark.usefixtures("entity_registry_enabled_by_default", "socket_enabled")
async def test_what_is_in_no_known_unit_is_no_number(hass: HomeAssistant, entity_registry: er.EntityRegistry) -> None:
    head = b"/XXX5\\A1\r\n\r\n0-0:96.1.1(1XXX0000000001)\r\n1-0:99.1.1(4*furlong)\r\n1-0:99.2.1(4*kW)\r\n!"
    async with reading(hass, sign(head)) as (telegram, _):
        assert shown(hass, entity_registry, identifier_of(telegram), "register_1_0_99_2_1") == "4 kW"
        unique_id = f"{identifier_of(telegram)}_register_1_0_99_1_1"
        assert entity_registry.async_get_entity_id("sensor", DOMAIN, unique_id) is None


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize(
    ("line", "name", "enabled"),
    [
        ("1-0:3.8.0(1*kvarh)", "Reactive energy import", True),
        ("1-0:25.7.0(1*kvar)", "Reactive power quadrant 1 L1", True),
        ("1-0:14.7.0(50*Hz)", "Frequency", True),
        ("1-0:2.5.0(1*kW)", "Active demand export, last interval", True),
        ("1-0:3.8.3(1*kvarh)", "Reactive energy import T3", False),
        ("1-0:3.8.0*1(1*kvarh)", "Reactive energy import -1", False),
        ("1-0:21.8.0(1*kWh)", "Active energy import L1", False),
        ("1-0:91.7.0(1*A)", "Current N", False),
        ("1-0:99.99.7(42)", "Register 1-0:99.99.7", False),
    ],
)
async def test_names_and_what_is_on_by_default(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, line: str, name: str, *, enabled: bool
) -> None:
    head = f"/XXX5\\A1\r\n\r\n0-0:96.1.1(1XXX0000000001)\r\n{line}\r\n!".encode()
    async with reading(hass, sign(head)):
        registered = {each.original_name: each for each in entity_registry.entities.values()}
        assert (registered[name].disabled_by is None) is enabled


def test_what_also_falls_is_no_counter() -> None:
    net, gross = (register_row(code, Register(Decimal(5), "kWh")) for code in ("1-0:16.8.0", "1-0:15.8.0"))
    assert (net.state_class, gross.state_class) == ("total", "total_increasing")


@pytest.mark.usefixtures("socket_enabled")
async def test_no_more_than_anybody_can_want(hass: HomeAssistant, entity_registry: er.EntityRegistry) -> None:
    lines = "\r\n".join(f"1-0:{c}.99.{e}(1)" for c in range(100, 120) for e in range(20))
    head = f"/XXX5\\A1\r\n\r\n0-0:96.1.1(1XXX0000000001)\r\n{lines}\r\n!".encode()
    async with reading(hass, sign(head)):
        assert sum("_register_" in each.unique_id for each in entity_registry.entities.values()) == MOST_REGISTERS


@pytest.mark.usefixtures("entity_registry_enabled_by_default", "socket_enabled")
@pytest.mark.parametrize(
    "raw", [pytest.param(path.read_bytes(), id=path.stem) for path in sorted(FIELD_TELEGRAMS.glob("*.txt"))]
)
async def test_every_number_of_a_field_telegram_is_shown_once(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, raw: bytes
) -> None:
    async with reading(hass, raw) as (telegram, entry):
        identifier = identifier_of(telegram)
        entities = [each for each in entity_registry.entities.values() if each.platform == DOMAIN]
        assert len({each.unique_id for each in entities}) == len(entities)
        for code, register in telegram.registers.items():
            if is_unlisted(code, register, LISTED):
                sensor = register_row(code, register)
                state = shown(hass, entity_registry, identifier, sensor.key).split()[0]
                assert Decimal(state) == sensor.value(entry.runtime_data), code
        # What a row of the table shows is compared elsewhere; here, that no number lies between the two.
        printed = [match[1] for match in map(LINE.fullmatch, raw.decode("latin-1").splitlines()) if match]
        assert printed
        channels = re.compile(r"0-[1-9]:.*")
        plain = {code for code in printed if telegram.registers[code].number is not None}
        by_meaning = {code for code in plain if is_unlisted(code, telegram.registers[code], LISTED)}
        # A limiter of kVA, as in Luxembourg, is not what the row of the table shows.
        by_row = LISTED if b"0-0:17.0.0(069.0*kVA)" not in raw else LISTED.keys() - {"0-0:17.0.0"}
        assert {code for code in plain if code not in by_row and not channels.fullmatch(code)} == by_meaning


CODES = st.builds(
    lambda ab, c, d, e, f: f"{ab}{c}.{d}.{e}{f}",
    st.sampled_from(["1-0:", "0-0:", "1-1:", "0-1:", "7-3:", ""]),
    st.integers(0, 255),
    st.integers(0, 255),
    st.integers(0, 255),
    st.sampled_from(["", "*1", "&12", "*255"]),
)
UNITS = st.one_of(
    st.none(),
    st.sampled_from(
        ["Wh", "kWh", "MWh", "GWh", "W", "kW", "MW", "kvar", "Mvarh", "kVA", "MVAh", "V", "kV", "mA", "Hz"]
    ),
    st.text(min_size=1, max_size=20),
)


@given(code=CODES, unit=UNITS, number=st.decimals(-1000000, 1000000, places=3))
@settings(max_examples=500, deadline=None)
def test_any_register_is_something_that_home_assistant_takes(code: str, unit: str | None, number: Decimal) -> None:
    sensor = register_row(code, Register(number, unit))
    assert sensor.key
    assert sensor.translation_key
    if sensor.device_class is None:
        return
    assert isinstance(sensor.device_class, SensorDeviceClass)
    assert sensor.native_unit_of_measurement in DEVICE_CLASS_UNITS[sensor.device_class]
    assert sensor.state_class is None or sensor.state_class in DEVICE_CLASS_STATE_CLASSES[sensor.device_class]
