"""How readers make themselves known on the network (DNS-SD over multicast DNS)."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
import ipaddress

from zeroconf import ServiceInfo
from zeroconf.asyncio import AsyncZeroconf


@dataclass(frozen=True, slots=True)
class Announcement:
    """A service that a reader announces."""

    kind: str
    """Such as `_hwenergy._tcp.local.`."""
    name: str
    """The instance, without its kind."""
    port: int
    properties: Mapping[str, str]

    def service(self, host: str) -> ServiceInfo:
        """Return the service at an address."""
        return ServiceInfo(
            self.kind,
            f"{self.name}.{self.kind}",
            port=self.port,
            properties=dict(self.properties),
            server=f"{self.name.replace(' ', '-')}.local.",
            addresses=[ipaddress.ip_address(host).packed],
        )


@asynccontextmanager
async def announced(host: str, *announcements: Announcement) -> AsyncGenerator[None]:
    """Announce services on the network of an address, and take them back in the end."""
    zeroconf = AsyncZeroconf(interfaces=[host])
    services = [announcement.service(host) for announcement in announcements]
    try:
        for service in services:
            await (await zeroconf.async_register_service(service, allow_name_change=True))
        yield
    finally:
        await zeroconf.async_unregister_all_services()
        await zeroconf.async_close()
