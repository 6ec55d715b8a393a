"""What the device registry says of meters."""

from collections.abc import Iterable, Mapping
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.translation import async_get_cached_translations, async_get_translations

from .const import DOMAIN
from .insight.mbus import Medium
from .insight.user_port import UserPort
from .kinds import EntryKind, kind_of
from .port import Telegram, parse_code

SERVICES: Final = {"capacity": "capacity_tariff", "connection": "grid_connection", "household": "household"}
"""What is no meter but follows from one, by subject: the translation keys of their devices."""

# The manufacturers of an equipment identifier (DIN 43863-5: medium, manufacturer, number), where they are certain.
_MANUFACTURERS: Final = {"FLO": "Flonidan", "ISK": "Iskraemeco", "SAG": "Sagemcom"}
_MODELS: Final = {
    "1SAG11": "S211",
    "1SAG31": "T211",
    "1SAG12": "XS212",
    "1SAG32": "XT211",
    "FLU5\\253770234": "S211",
    "FLU5\\253769484": "T211",
    "FLU5\\253967035": "XT211",
    "FLU5\\253972606": "XS212",
    "ISk5\\2MIE5": "IE.5",
}
_IDENTIFICATION_MANUFACTURERS: Final = {"FLU5\\253": "Sagemcom", "ISk5": "Iskraemeco", "ISK5": "Iskraemeco"}
_ELECTRICITY_METER: Final = "electricity_meter"
_GROUP: Final = "group"
METERING_POINT: Final = "metering_point"
_EQUIPMENT_IDENTIFIER_LENGTH: Final = 14
_DSMR_VERSION_LENGTH: Final = 2
# Of a masked identifier: medium and manufacturer, and as much as tells two meters apart.
_SHOWN_BEGIN: Final = 4
_SHOWN_END: Final = 3


def identifier_of(telegram: Telegram) -> str:
    """Return what the meter is known by: its equipment identifier, or its identification where it prints none."""
    return telegram.meter_id or telegram.identification


def is_of(telegram: Telegram, identifier: str) -> bool:
    """Tell whether a telegram is of the meter that is known by an identifier.

    A meter that printed none when it was set up is known by its identification, also once it prints one.
    """
    return identifier in (telegram.meter_id, telegram.identification)


def names_of(counters: Iterable[str]) -> list[str]:
    """Return what counters can be called before others: their codes, or that they are M-Bus meters'."""
    return sorted({"M-Bus" if parse_code(key) is None else key for key in counters})


def mask(identifier: str) -> str:
    """Return as much of an identifier as its owner recognises it by, and nobody else."""
    if len(identifier) <= _SHOWN_BEGIN + _SHOWN_END:
        return "…"
    return f"{identifier[:_SHOWN_BEGIN]}{_tail(identifier)}"


async def async_title(hass: HomeAssistant, identifier: str, name: str | None) -> str:
    """Return the title of an entry by its meter's name, such as the model: its own name, and no number.

    Home Assistant writes titles into its log. Of the identifier they show at most what tells two meters apart.
    """
    name = name or await async_default_name(hass, _ELECTRICITY_METER)
    entries = hass.config_entries.async_entries(DOMAIN, include_ignore=False)
    others = (entry.title for entry in entries if entry.unique_id != identifier)
    return f"{name} {_tail(identifier)}" if any(f"{title} ".startswith(f"{name} ") for title in others) else name


async def async_default_name(hass: HomeAssistant, key: str) -> str:
    """Return what a device is called by its translation key, in the language of the system."""
    texts = await async_get_translations(hass, hass.config.language, "device", [DOMAIN])
    return texts.get(f"component.{DOMAIN}.device.{key}.name", key)


def title_after(title: str, before: str, identifier: str) -> str:
    """Return the title of an entry whose meter was replaced."""
    return title.replace(_tail(before), _tail(identifier))


def _tail(identifier: str) -> str:
    """Return the end of an identifier, by which its owner tells it from another one."""
    return f"…{identifier[-_SHOWN_END:]}"


def manufacturer_of(identifier: str) -> str | None:
    """Return the manufacturer in an equipment identifier."""
    if len(identifier) != _EQUIPMENT_IDENTIFIER_LENGTH:
        return None
    return _MANUFACTURERS.get(identifier[1:4])


def model_of(telegram: Telegram) -> tuple[str | None, str | None]:
    """Return the manufacturer and the model of an electricity meter, where they are known."""
    texts = (telegram.meter_id or "", telegram.identification)
    model = next((name for prefix, name in _MODELS.items() if any(text.startswith(prefix) for text in texts)), None)
    manufacturer = manufacturer_of(texts[0]) or next(
        (name for prefix, name in _IDENTIFICATION_MANUFACTURERS.items() if texts[1].startswith(prefix)), None
    )
    return manufacturer, model


def port_version_of(telegram: Telegram, port: UserPort = UserPort.P1) -> str:
    """Return the port and the version of its specification, such as `e-MUCS P1 1.7`.

    e-MUCS prints the version of DSMR P1 in three digits and two digits of its own (e-MUCS P1 1.7.1, table 4). How A1
    prints its version is not public: it is shown as it is.
    """
    version = telegram.version
    if port is UserPort.A1:
        return f"A1 ({version})" if version else "A1"
    if version is None:
        return "P1"
    if version.startswith("502") and version.isdecimal():
        return f"e-MUCS P1 {version[3]}.{version[4:]}"
    if len(version) == _DSMR_VERSION_LENGTH and version.isdecimal():
        return f"DSMR P1 {version[0]}.{version[1]}"
    return f"P1 ({version})"


def group_device(identifier: str) -> DeviceInfo:
    """Return the device of a group of meters."""
    return DeviceInfo(identifiers={(DOMAIN, identifier)}, translation_key=_GROUP, entry_type=DeviceEntryType.SERVICE)


def electricity_meter_device(telegram: Telegram, identifier: str, port: UserPort = UserPort.P1) -> DeviceInfo:
    """Return the device of the electricity meter."""
    manufacturer, model = model_of(telegram)
    return DeviceInfo(
        identifiers={(DOMAIN, identifier)},
        translation_key=_ELECTRICITY_METER,
        manufacturer=manufacturer,
        model=model,
        serial_number=telegram.meter_id,
        sw_version=port_version_of(telegram, port),
    )


def mbus_meter_device(medium: Medium, identifier: str, serial_number: str | None, via_device_id: str) -> DeviceInfo:
    """Return the device of an M-Bus meter."""
    return DeviceInfo(
        identifiers={(DOMAIN, identifier)},
        translation_key=f"{medium}_meter" if medium is not Medium.ELECTRICITY else "electricity_submeter",
        manufacturer=manufacturer_of(identifier),
        serial_number=serial_number,
        via_device_id=via_device_id,
    )


def service_identifier(meter: str, subject: str) -> str:
    """Return the identifier of a service of the meter that has an identifier."""
    return f"{meter}_{subject}"


def service_device(meter: str, subject: str, via_device_id: str) -> DeviceInfo:
    """Return the device of a service of a meter."""
    return DeviceInfo(
        identifiers={(DOMAIN, service_identifier(meter, subject))},
        translation_key=SERVICES[subject],
        entry_type=DeviceEntryType.SERVICE,
        via_device_id=via_device_id,
    )


def metering_point_device(identifier: str) -> DeviceInfo:
    """Return the device of a metering point without a port."""
    return DeviceInfo(
        identifiers={(DOMAIN, identifier)}, translation_key=METERING_POINT, entry_type=DeviceEntryType.SERVICE
    )


@callback
def with_name(hass: HomeAssistant, entry: ConfigEntry, device: DeviceInfo) -> DeviceInfo:
    """Return a device with the name that the user gave its meter, where there is one, in front of its own."""
    if not (name := entry.data.get(CONF_NAME)) or (key := device.get("translation_key")) is None:
        return device
    texts = async_get_cached_translations(hass, hass.config.language, "device", DOMAIN)
    own = texts.get(f"component.{DOMAIN}.device.{key}.name", key)
    is_meter = key in (_ELECTRICITY_METER, _GROUP, METERING_POINT)
    renamed = device.copy()
    del renamed["translation_key"]
    renamed["name"] = name if is_meter else f"{name} · {own}"
    return renamed


@callback
def async_register_meter(hass: HomeAssistant, entry: ConfigEntry, telegram: Telegram, port: UserPort) -> None:
    """Put the electricity meter, or the group, into the device registry, as its first telegram shows it."""
    identifier = entry.unique_id or identifier_of(telegram)
    is_group = kind_of(entry) is EntryKind.GROUP
    device = group_device(identifier) if is_group else electricity_meter_device(telegram, identifier, port)
    dr.async_get(hass).async_get_or_create(config_entry_id=entry.entry_id, **with_name(hass, entry, device))


@callback
def async_rename_mbus_meters(hass: HomeAssistant, entry: ConfigEntry, renamed: Mapping[str, str]) -> bool:
    """Give the devices and entities of M-Bus meters other identifiers; tell whether there were any such devices."""
    done = [_async_rename(hass, entry, before, identifier) for before, identifier in renamed.items()]
    return any(done)


@callback
def _async_rename(hass: HomeAssistant, entry: ConfigEntry, before: str, identifier: str) -> bool:
    """Give the device and the entities of an M-Bus meter another identifier; tell whether there was such a device."""
    devices, entities = dr.async_get(hass), er.async_get(hass)
    device = devices.async_get_device_by_identifier((DOMAIN, before), entry.entry_id)
    if device is None or devices.async_get_device_by_identifier((DOMAIN, identifier), entry.entry_id) is not None:
        return False
    for entity in er.async_entries_for_device(entities, device.id, include_disabled_entities=True):
        key = entity.unique_id.removeprefix(before)
        entities.async_update_entity(entity.entity_id, new_unique_id=f"{identifier}{key}")
    devices.async_update_device(device.id, new_identifiers={(DOMAIN, identifier)}, serial_number=identifier)
    return True
