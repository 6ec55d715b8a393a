"""What readers and cables announce of themselves, and which entries they belong to."""

from dataclasses import dataclass
import os
import re
from typing import Any, Final
from urllib.parse import urlsplit

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_PORT
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
from homeassistant.util.network import is_ip_address

from ..const import CONF_READER
from ..kinds import EntryKind, async_entries_of
from .makes import Make, ReaderAddress

CABLE: Final = "cable"
_HOMEWIZARD_ID: Final = "appliance/p1dongle/"
# What a reader is, where it announces itself as several: some imitate a HomeWizard.
_CERTAINTY: Final = {Make.P1_DONGLE: 2, Make.HOMEWIZARD: 1}
_USUAL_PORTS: Final = (80, 443)
_NO_LETTER_OR_DIGIT: Final = re.compile(r"[^0-9a-z]+")


@dataclass(frozen=True, slots=True)
class Announcement:
    """A reader that announces itself, or a cable that was plugged in."""

    make: str
    """A `Make`, or `CABLE`."""
    reader: str
    """What the reader is known by: its MAC address in hexadecimal, or its serial number."""
    address: str
    """Where it is: `host`, `host:port`, or the path of a device."""
    hosts: tuple[str, ...] = ()
    """All its addresses and names."""
    serial: str = ""
    """The serial number by which a HomeWizard shows who it is."""
    path: str = ""
    """Where a Homey Energy Dongle has the telegrams."""

    @property
    def certainty(self) -> int:
        """Return how certain it is that the reader is of that make, compared with other announcements."""
        return _CERTAINTY.get(Make(self.make), 0) if self.make in Make else 0


def normalised(identifier: str) -> str:
    """Return an identifier as all announcements of a reader have it."""
    return _NO_LETTER_OR_DIGIT.sub("", identifier.lower())


def announced(info: ZeroconfServiceInfo) -> Announcement | None:
    """Return which reader an announcement in the network is of; None where it does not say."""
    properties = {key: str(value or "") for key, value in info.properties.items()}
    serial = ""
    match info.type.partition(".")[0]:
        case "_p1dongle":
            make, identifier = Make.P1_DONGLE, properties.get("id") or _name(info)
        case "_energydongle":
            make, identifier = Make.HOMEY, _name(info)
        case _:
            serial = properties.get("serial") or properties.get("id", "").removeprefix(_HOMEWIZARD_ID)
            make, identifier = Make.HOMEWIZARD, serial
    if not (reader := normalised(identifier)):
        return None
    addresses = sorted(info.addresses, key=lambda each: (":" in each, each != info.host))
    port = None if info.port in _USUAL_PORTS else info.port
    hosts = (*addresses, info.hostname.rstrip(".").lower())
    return Announcement(make, reader, str(ReaderAddress(addresses[0], port)), hosts, serial, properties.get("p", ""))


def _name(info: ZeroconfServiceInfo) -> str:
    """Return the name of a reader itself, without that of its kind of service."""
    return info.name.removesuffix(f".{info.type}")


@callback
def entry_of(hass: HomeAssistant, announcement: Announcement) -> ConfigEntry | None:
    """Return the entry that reads a reader, known by its id or by where it is."""
    entries = async_entries_of(hass, EntryKind.METER)
    for entry in entries:
        if entry.data.get(CONF_READER) == announcement.reader:
            return entry
    return next((entry for entry in entries if _host_of(entry.data[CONF_PORT]) in announcement.hosts), None)


def is_same_device(device: str, other: str) -> bool:
    """Tell whether two paths are those of the same device. Reads the file system."""
    return device.startswith("/") and other.startswith("/") and os.path.realpath(device) == os.path.realpath(other)


@callback
def changes_of(entry: ConfigEntry, announcement: Announcement) -> dict[str, Any]:
    """Return what of an entry's data an announcement renews: the address where it has changed, and the reader's id."""
    if entry.data.get(CONF_READER) == announcement.reader:
        url = entry.data[CONF_PORT]
        host = _host_of(url)
        if host is None or not is_ip_address(host) or host in announcement.hosts:
            return {}
        parts = urlsplit(url)
        place = ReaderAddress(ReaderAddress.of(announcement.address).host, parts.port)
        return {CONF_PORT: parts._replace(netloc=str(place)).geturl()}
    if entry.state is ConfigEntryState.LOADED and entry.runtime_data.down is None and CONF_READER not in entry.data:
        # It was set up by its address, and is read there: from now on it is known by its id.
        return {CONF_READER: announcement.reader}
    return {}


def _host_of(url: str) -> str | None:
    """Return the host in the URL of a port on the network."""
    try:
        return urlsplit(url).hostname if "://" in url else None
    except ValueError:
        return None
