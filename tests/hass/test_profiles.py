"""Entities and devices for each dialect, port and variant of the virtual meter."""

from pathlib import Path
import re

from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.entity_component import DATA_INSTANCES
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from syrupy.assertion import SnapshotAssertion

from custom_components.emucs.const import DOMAIN
from tests.support import WINTER_EVENING, address, entry_data, eventually
from virtual_meter import PROFILES, VARIANTS, PtyServer, TcpServer, VirtualMeter

# Something happens on these while the meter is read.
EVENTS = {"replaced-gas", "late-id"}
ON_M_BUS = [
    name for name, variant in VARIANTS.items() if variant.suits(PROFILES["1.7.1"]) and not variant.suits(PROFILES["a1"])
]
CASES = [
    *((profile, None) for profile in PROFILES),
    *(("1.7.1", variant) for variant in ON_M_BUS),
    ("a1", "historic"),
]


def identifiers(devices: dr.DeviceRegistry) -> set[str]:
    """Return the identifiers of all devices."""
    return {each for device in dr.async_entries_for_config_entry(devices, "entry") for _, each in device.identifiers}


def device_row(device: dr.DeviceEntry, devices: dict[str, str]) -> str:
    """Return the registry entry of a device in one line."""
    identifiers = ", ".join(identifier for _, identifier in device.identifiers)
    via = devices.get(device.via_device_id or "", "-")
    parts = (device.name, identifiers, device.manufacturer, device.model, device.serial_number, device.sw_version, via)
    return " | ".join(str(part) for part in parts)


def entity_row(hass: HomeAssistant, entry: er.RegistryEntry) -> str:
    """Return registry entry and state of an entity in one line."""
    state = hass.states.get(entry.entity_id)
    assert state.name.endswith(entry.original_name)
    assert entry.translation_key or entry.original_device_class
    entity = hass.data[DATA_INSTANCES][entry.domain].get_entity(entry.entity_id)
    parts = (
        entry.entity_id,
        entry.unique_id,
        entry.original_name,
        f"{state.state} {state.attributes.get('unit_of_measurement', '')}".strip(),
        entry.original_device_class,
        (entry.capabilities or {}).get("state_class"),
        ",".join((entry.capabilities or {}).get("options", ())) or None,
        entry.entity_category,
        None if entity.entity_description.entity_registry_enabled_default else "off",
        (entry.options.get("sensor") or {}).get("suggested_display_precision"),
    )
    return " | ".join("-" if part is None else str(part) for part in parts)


def varies(entry: er.RegistryEntry, meter: VirtualMeter) -> bool:
    """Tell whether an entity differs from the plain profile: new ones, and those on the M-Bus."""
    return (
        not entry.unique_id.startswith(f"{meter.meter_id}_")
        or re.search(r"_ch\d", entry.unique_id) is not None
        or "_period_" in entry.unique_id
    )


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
@pytest.mark.parametrize(
    ("profile", "variant"), CASES, ids=[" ".join(filter(None, (profile, variant))) for profile, variant in CASES]
)
async def test_profile(
    hass: HomeAssistant,
    socket_enabled: None,
    device_registry: dr.DeviceRegistry,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
    profile: str,
    variant: str | None,
) -> None:
    variants = [variant] if variant else []
    meter = VirtualMeter(profile, seed=7, start=WINTER_EVENING, variants=variants)
    shown = meter.telegram()
    # All telegrams are the first one: what is seen does not depend on when it is looked at.
    async with TcpServer(VirtualMeter(period=1), speed=10, transform=lambda _: shown) as server:
        entry = MockConfigEntry(domain=DOMAIN, unique_id=meter.meter_id, data=entry_data(server.url), entry_id="entry")
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        if variant in EVENTS:
            before = identifiers(device_registry)
            meter.advance(900)
            shown = meter.telegram()
            await eventually(lambda: identifiers(device_registry) != before)
            # A meter that is named later keeps its entities, which are set up anew.
            await eventually(lambda: entry.state is ConfigEntryState.LOADED)
            await hass.async_block_till_done()
        devices = dr.async_entries_for_config_entry(device_registry, "entry")
        names = {device.id: device.name for device in devices}
        assert sorted(device_row(device, names) for device in devices) == snapshot(name="devices")
        entities = er.async_entries_for_config_entry(entity_registry, "entry")
        rows = sorted(entity_row(hass, entity) for entity in entities if variant is None or varies(entity, meter))
        assert rows == snapshot(name="entities")
        assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.usefixtures("fast_silence", "socket_enabled")
@pytest.mark.parametrize(
    ("profile", "error", "detail"),
    [("lu-encrypted", "encrypted", "encrypted"), ("hdlc", "no_telegram", "DLMS")],
)
async def test_ports_that_cannot_be_read(hass: HomeAssistant, profile: str, error: str, detail: str) -> None:
    async with TcpServer(VirtualMeter(profile, seed=7, period=1), speed=5) as server:
        flows = hass.config_entries.flow
        result = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
        result = await flows.async_configure(result["flow_id"], {"next_step_id": "network"})
        advanced = {"baudrate": 115200, "bytesize": 8, "parity": "N", "stopbits": 1}
        result = await flows.async_configure(result["flow_id"], {**address(server), "advanced": advanced})
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {"base": error}
    assert detail in result["description_placeholders"]["detail"]
    flows.async_abort(result["flow_id"])


@pytest.mark.usefixtures("fast_silence", "socket_enabled")
async def test_a_dutch_serial_line(hass: HomeAssistant, tmp_path: Path) -> None:
    meter = VirtualMeter("nl-2.2", seed=7, start=WINTER_EVENING)
    shown, gas = meter.telegram(), meter.truth.gas
    async with PtyServer(meter, tmp_path / "meter", speed=50, transform=lambda _: shown) as server:
        data = entry_data(server.url, baudrate=9600, bytesize=7, parity="E")
        entry = MockConfigEntry(domain=DOMAIN, unique_id=meter.meter_id, data=data)
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        assert float(hass.states.get("sensor.gas_meter_gas").state) == float(gas.value)
        assert await hass.config_entries.async_unload(entry.entry_id)
