"""The makes of readers that pass telegrams on: where each has them, given its address."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
import re
from typing import Final, Self, override
from urllib.parse import urlsplit

from ..port.address import url_of


class Make(StrEnum):
    """A make of reader, named as its step in the flow; the most common ones first."""

    HOMEWIZARD = "homewizard"
    P1_DONGLE = "p1_dongle"
    HOMEY = "homey"
    SMART_GATEWAYS = "smart_gateways"
    ESPHOME = "esphome"
    STREAM_SERVER = "stream_server"
    ESPEASY = "espeasy"
    ESP_LINK = "esp_link"
    DSMR_LOGGER = "dsmr_logger"
    P1_MONITOR = "p1_monitor"
    SER2NET = "ser2net"
    MQTT = "mqtt_topic"
    URL = "url"


@dataclass(frozen=True, slots=True)
class ReaderMake:
    """What is known of a make; `{host}` in its URLs is an address, also with a port."""

    name: str
    urls: tuple[str, ...] = ()
    """Where telegrams may come from, the best first."""
    port: int | None = None
    """The TCP port of the first one, where the address has none."""
    address: str = ""
    """The address that it has in most homes."""


# Ports and paths as the firmware or its documentation has them. The port of ESPEasy is chosen by its user: this one is
# what most choose.
READERS: Final = {
    Make.HOMEWIZARD: ReaderMake("HomeWizard P1"),
    Make.P1_DONGLE: ReaderMake("P1-Dongle", ("socket://{host}", "http://{host}/api/v2/sm/telegram"), 82),
    Make.HOMEY: ReaderMake("Homey Energy Dongle", ("ws://{host}/ws",)),
    Make.SMART_GATEWAYS: ReaderMake("Smart Gateways", ("socket://{host}",), 23),
    Make.ESPHOME: ReaderMake("ESPHome", ("esphome-proxy:{host}",)),
    Make.STREAM_SERVER: ReaderMake("ESPHome stream_server", ("socket://{host}",), 6638),
    Make.ESPEASY: ReaderMake("ESPEasy", ("socket://{host}",), 8088),
    Make.ESP_LINK: ReaderMake("esp-link", ("socket://{host}",), 23),
    Make.DSMR_LOGGER: ReaderMake("DSMRloggerAPI", ("http://{host}/api/v1/sm/telegram",), address="dsmr-api.local"),
    Make.P1_MONITOR: ReaderMake("P1 Monitor", ("http://{host}/api/v1/p1port/telegram",)),
    Make.SER2NET: ReaderMake("ser2net", ("socket://{host}",)),
    Make.MQTT: ReaderMake("MQTT", ("mqtt:{host}",), address="dsmr/raw"),
    Make.URL: ReaderMake("URL", ("{host}",)),
}
_ADDRESS: Final = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*://)?(?P<place>[^/?#\s]+)(?:[/?#]\S*)?")
_SOCKET: Final = "socket://"


@dataclass(frozen=True, slots=True)
class ReaderAddress:
    """Where a device is: a name or an IP address, and perhaps a port."""

    host: str
    port: int | None = None

    @classmethod
    def of(cls, text: str) -> Self:
        """Return what a user types, also where it was copied from the address bar of a browser; ValueError if none."""
        match = _ADDRESS.fullmatch(text.strip())
        if match is None or match["place"].endswith(":"):
            raise ValueError(text)
        place = match["place"].lower()
        if place.count(":") > 1 and not place.startswith("["):
            return cls(place)
        parts = urlsplit(f"//{place}")
        if not parts.hostname:
            raise ValueError(text)
        return cls(parts.hostname, parts.port)

    @override
    def __str__(self) -> str:
        """Return it as it stands in a URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"


class MissingPortError(ValueError):
    """The address of a bridge has no TCP port, and nobody can guess which it has."""


def urls_of(make: Make, text: str) -> Iterator[str]:
    """Yield where telegrams may come from, the best first, by what the user typed; ValueError if it is no address."""
    reader = READERS[make]
    if make in (Make.MQTT, Make.ESPHOME):
        yield from (url.format(host=text.strip()) for url in reader.urls)
    elif make is Make.URL:
        yield text.strip() if text.strip().startswith("mqtt:") else url_of(text)
    else:
        address = ReaderAddress.of(text)
        for url in reader.urls:
            yield url.format(host=_with_port(reader, address) if url.startswith(_SOCKET) else address)


def _with_port(reader: ReaderMake, address: ReaderAddress) -> ReaderAddress:
    """Return an address with the TCP port of telegrams; where a reader has pages too, the user's port is theirs."""
    port = reader.port if len(reader.urls) > 1 else address.port or reader.port
    if port is None:
        raise MissingPortError(address)
    return ReaderAddress(address.host, port)
