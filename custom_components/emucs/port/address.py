"""Where a port on the network is, also while its name is not known."""

import asyncio
from contextlib import suppress
import ipaddress
from pathlib import Path
import re
import socket
from typing import Final
from urllib.parse import urlsplit, urlunsplit

LOOKUP_INTERVAL: Final = 30.0
"""Seconds between two lookups of a name whose addresses are known: they rarely change."""
_SCHEME: Final = "socket://"
_BRIDGE: Final = (_SCHEME, "tcp://", "rfc2217://")
MQTT: Final = "mqtt:"
"""What the address of a topic begins with, which only Home Assistant can open."""
PROXY: Final = "esphome-proxy:"
"""As well that of a serial port of an ESPHome device, by its serial number."""
_WEB: Final = ("http://", "https://", "ws://", "wss://")
_NETWORK: Final = (*_BRIDGE, *_WEB, MQTT, PROXY, "esphome://", "esphome-hass://")

_HOST_AND_PORT: Final = re.compile(r"(\[[0-9A-Fa-f:.%\w]+\]|[^/\\:\s]+):(\d{1,5})")
_DRIVE_OR_COM: Final = re.compile(r"(?:\\\\\.\\)?COM\d+", re.IGNORECASE)
_DEVICE: Final = re.compile(r"(?:tty|cu)[A-Za-z.]+\w*")


def url_of(text: str) -> str:
    """Return the URL of what a user types: a URL, a device, or `host:port`; ValueError says what is missing.

    Which TCP port a bridge has nobody can guess: it is asked for.
    """
    text = text.strip()
    if not text:
        raise ValueError("type a device such as /dev/ttyUSB0, or host:port of a network bridge")
    if text.startswith(_BRIDGE) and _port_of(text) is None:
        raise ValueError(f"the TCP port of the bridge is missing: {text.rstrip('/:')}:PORT")
    if "://" in text or text.startswith(("/", "./")) or _DRIVE_OR_COM.fullmatch(text) or Path(text).exists():
        return text
    if _HOST_AND_PORT.fullmatch(text):
        return _SCHEME + text
    if _DEVICE.fullmatch(text):
        raise ValueError(f"a device needs its path: /dev/{text}")
    with suppress(ValueError):
        # An address of six with its colons, which hide where a port would begin.
        text = f"[{ipaddress.IPv6Address(text)}]"
    raise ValueError(f"the TCP port of the bridge is missing: {text.rstrip(':')}:PORT")


def is_network(url: str) -> bool:
    """Tell whether a URL is that of a reader on the network, rather than of a cable."""
    return url.startswith(_NETWORK)


def scheme_of(url: str) -> str:
    """Return the kind of an address: what it begins with, or `serial` for a device."""
    return url.partition(":")[0] if is_network(url) or "://" in url else "serial"


def shown(url: str) -> str:
    """Return an address for people: without what may be secret in it, and without what serialx calls TCP."""
    return without_secrets(url).removeprefix(_SCHEME)


def without_secrets(url: str) -> str:
    """Return an address without what may be secret in that of a web server: the user, and what it is asked."""
    if not url.startswith(_WEB):
        return url
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment=""))


def _port_of(url: str) -> int | None:
    """Return the port in a URL."""
    with suppress(ValueError):
        return urlsplit(url).port
    return None


SILENT_SERVICES: Final = {
    80: "web",
    443: "web",
    1883: "mqtt",
    6053: "esphome",
    8080: "web",
    8123: "web",
    8883: "mqtt",
}
"""What mostly listens on a TCP port, and says nothing until it is asked."""


def service_of(url: str) -> str | None:
    """Return what the TCP port of a bridge mostly is, where that is none of a meter; `reader` for what is no bridge."""
    if url.startswith(_BRIDGE):
        return SILENT_SERVICES.get(_port_of(url) or 0)
    return "reader" if url.startswith((*_WEB, MQTT)) else None


class Address:
    """The URLs under which a port can be reached: its own, or for a name in the network one for each of its addresses.

    A bridge without power often has no name either. Its addresses of before are tried meanwhile.
    """

    def __init__(self, url: str) -> None:
        """Look nothing up yet."""
        self.url = url
        self.is_bridge = url.startswith(_BRIDGE)
        """Whether it is a port of a bridge, reached by TCP."""
        self.is_raw = url.startswith(_SCHEME)
        """Whether nothing else is known of what the bridge speaks, which may then be telnet."""
        self.is_local = not is_network(url) and "://" not in url
        """Whether it is a device of this machine."""
        self._host, self._port = _name_and_port(url)
        self._known: list[str] = []
        self._looked_up = 0.0

    async def urls(self, timeout: float) -> list[str]:  # noqa: ASYNC109 -- only of the lookup, and only while nothing is known
        """Return what to try, in this order; OSError where a name was never known.

        A lookup that takes longer than `timeout` seconds is given up.
        """
        if self._host is None:
            return [self.url]
        now = asyncio.get_running_loop().time()
        if not self._known or now - self._looked_up >= LOOKUP_INTERVAL:
            self._looked_up = now
            try:
                async with asyncio.timeout(timeout):
                    self._take(await self._look_up(self._host))
            except OSError:
                if not self._known:
                    raise
        return list(self._known)

    def worked(self, url: str) -> None:
        """Note where the port was reached: that is tried first."""
        if url in self._known:
            self._known.sort(key=lambda known: known != url)

    async def _look_up(self, host: str) -> list[str]:
        """Return the addresses of a host as URLs."""
        found = await asyncio.get_running_loop().getaddrinfo(host, self._port, type=socket.SOCK_STREAM)
        hosts = dict.fromkeys(str(info[4][0]) for info in found)
        return [f"{_SCHEME}[{each}]:{self._port}" if ":" in each else f"{_SCHEME}{each}:{self._port}" for each in hosts]

    def _take(self, found: list[str]) -> None:
        """Take new addresses; the one that worked stays in front as long as it is among them."""
        front = self._known[0] if self._known else None
        self._known = sorted(found, key=lambda url: url != front)


def _name_and_port(url: str) -> tuple[str | None, int | None]:
    """Return the host and the port of a URL if the host is a name."""
    with suppress(ValueError):
        parts = urlsplit(url)
        if url.startswith(_SCHEME) and parts.hostname and parts.port and not _is_numeric(parts.hostname):
            return parts.hostname, parts.port
    return None, None


def _is_numeric(host: str) -> bool:
    """Tell whether a host is an address."""
    with suppress(ValueError):
        ipaddress.ip_address(host.partition("%")[0])
        return True
    return False
