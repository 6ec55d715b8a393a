"""Devices of meters in the registry."""

import re

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.emucs import async_remove_config_entry_device
from custom_components.emucs.const import DOMAIN
from custom_components.emucs.devices import identifier_of, manufacturer_of, model_of, port_version_of
from custom_components.emucs.port import Reader, Telegram
from tests.support import entry_data, sending
from virtual_meter import VirtualMeter
from virtual_meter.wire import sign


def telegram(identification: str, *lines: str) -> Telegram:
    """Return a telegram of a port without a checksum."""
    (read,) = Reader().feed("\r\n".join([f"/{identification}", "", *lines, "1-0:1.7.0(1*kW)", "!", ""]).encode())
    return read


def hexadecimal(text: str) -> str:
    """Return text as meters print identifiers."""
    return text.encode().hex().upper()


@pytest.mark.parametrize(
    ("identification", "identifier", "manufacturer", "model"),
    [
        ("FLU5\\253770234_A", "1SAG1100000001", "Sagemcom", "S211"),
        ("FLU5\\253769484_A", "1SAG3100000001", "Sagemcom", "T211"),
        ("FLU5\\253967035_D", "1SAG3200000001", "Sagemcom", "XT211"),
        ("FLU5\\253972606_B", "1SAG1200000001", "Sagemcom", "XS212"),
        # The identifier says enough, and so does the identification.
        ("FLU5\\253000000_A", "1SAG3100000001", "Sagemcom", "T211"),
        ("FLU5\\253770234_A", "", "Sagemcom", "S211"),
        ("ISk5\\2MIE5E-200", "", "Iskraemeco", "IE.5"),
        ("ISK5\\2M550T-1012", "", "Iskraemeco", None),
        ("FLU5\\253000000_A", "1SAG9900000001", "Sagemcom", None),
        ("XYZ5\\1", "1XYZ9900000001", None, None),
    ],
)
def test_model(identification: str, identifier: str, manufacturer: str | None, model: str | None) -> None:
    lines = [f"0-0:96.1.1({hexadecimal(identifier)})"] if identifier else []
    assert model_of(telegram(identification, *lines)) == (manufacturer, model)


@pytest.mark.parametrize(
    ("line", "version"),
    [
        ("0-0:96.1.4(50217)", "e-MUCS P1 1.7"),
        ("0-0:96.1.4(50221)", "e-MUCS P1 2.1"),
        ("1-3:0.2.8(50)", "DSMR P1 5.0"),
        ("0-0:96.1.4(3231313130)", "P1 (21110)"),
        ("0-0:1.0.0(260101000000W)", "P1"),
    ],
)
def test_port_version(line: str, version: str) -> None:
    assert port_version_of(telegram("FLU5\\1", line)) == version


def test_identifier() -> None:
    assert identifier_of(telegram("FLU5\\1", f"0-0:96.1.1({hexadecimal('1SAG3100000001')})")) == "1SAG3100000001"
    # A meter that prints none is known by its identification.
    assert identifier_of(telegram("FLU5\\1")) == "FLU5\\1"


@pytest.mark.parametrize(
    ("identifier", "manufacturer"),
    [("7FLO0000000001", "Flonidan"), ("1ISK0000000001", "Iskraemeco"), ("7ABC0000000001", None), ("91318546", None)],
)
def test_manufacturer(identifier: str, manufacturer: str | None) -> None:
    assert manufacturer_of(identifier) == manufacturer


async def test_services_of_a_meter(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    meter: VirtualMeter,
    device_registry: dr.DeviceRegistry,
    entity_registry: er.EntityRegistry,
) -> None:
    electricity = device_registry.async_get_device_by_identifier((DOMAIN, meter.meter_id), loaded.entry_id)
    capacity = device_registry.async_get_device_by_identifier((DOMAIN, f"{meter.meter_id}_capacity"), loaded.entry_id)
    assert (capacity.name, capacity.via_device_id) == ("Capacity tariff", electricity.id)
    assert capacity.entry_type is dr.DeviceEntryType.SERVICE
    assert (capacity.manufacturer, capacity.model, capacity.serial_number, capacity.sw_version) == (None,) * 4
    entities = er.async_entries_for_device(entity_registry, capacity.id, include_disabled_entities=True)
    keys = {entity.unique_id.removeprefix(f"{meter.meter_id}_") for entity in entities}
    assert {"demand", "month_peak", "month_peak_time", "peak_target", "peak_alarm", "peak"} <= keys
    assert not {key for key in keys if not re.search("demand|peak|capacity|effective_target", key)}
    assert not await async_remove_config_entry_device(hass, loaded, capacity)


async def test_no_service_without_an_entity(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    meter: VirtualMeter,
    device_registry: dr.DeviceRegistry,
    socket_enabled: None,
) -> None:
    device_registry.async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={(DOMAIN, f"{meter.meter_id}_capacity")}
    )
    # No time and no demand: no quarter-hours can be followed.
    telegram = re.sub(rb"(0-0:1\.0\.0|1-0:1\.[46]\.0|0-0:98\.1\.0)\(.*?\r\n", b"", meter.telegram())
    async with sending(sign(telegram[: telegram.index(b"!") + 1])) as url:
        hass.config_entries.async_update_entry(entry, data=entry_data(url))
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        capacity, electricity = (
            device_registry.async_get_device_by_identifier((DOMAIN, identifier), entry.entry_id)
            for identifier in (f"{meter.meter_id}_capacity", meter.meter_id)
        )
        assert er.async_entries_for_device(er.async_get(hass), capacity.id) == []
        # What an earlier firmware left behind may go, unlike the meter itself.
        assert await async_remove_config_entry_device(hass, entry, capacity)
        assert not await async_remove_config_entry_device(hass, entry, electricity)
        assert await hass.config_entries.async_unload(entry.entry_id)
