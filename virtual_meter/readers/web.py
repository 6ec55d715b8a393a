"""Readers with a web server that gives the latest telegram to whom asks for it."""

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterable
from http import HTTPStatus
import ssl
from typing import ClassVar, override

from aiohttp import web

from ..fault import Fault
from ..meter import VirtualMeter
from ..server import MeterServer
from .announcement import Announcement

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_TEXT = "text/plain"


class WebReader(MeterServer):
    """A reader that keeps the latest telegram, and answers requests; each kind has paths of its own."""

    transport = "web"
    scheme: ClassVar[str] = "http"
    path: ClassVar[str]
    """Where the telegram is."""
    usual_port: ClassVar[int] = 80

    def __init__(
        self,
        meter: VirtualMeter,
        host: str = "127.0.0.1",
        port: int = 0,
        speed: float = 1.0,
        *,
        faults: Iterable[Fault] = (),
    ) -> None:
        """Listen on `host`; port 0 is any free one, kept for the next start."""
        super().__init__(meter, speed, faults=faults)
        self.host = host
        self.port = port
        self.mac = f"0200{sum(meter.meter_id.encode()) & 0xFFFF:08x}"
        """Invented, and the same for a meter each time."""
        self.latest = b""
        """The telegram that a request gets, as the meter printed it."""
        self.requests: list[float] = []
        """When each request came for the telegram, in seconds of the event loop."""
        self._runner: web.AppRunner | None = None
        self._is_mute = False

    @property
    @override
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}{self.path}"

    def announcements(self) -> tuple[Announcement, ...]:
        """Return what it announces."""
        return ()

    def routes(self) -> dict[str, Handler]:
        """Return what it answers, by `METHOD path`."""
        return {f"GET {self.path}": self.telegram}

    async def telegram(self, _: web.Request, /) -> web.StreamResponse:
        """Answer with the latest telegram."""
        self.note()
        return web.Response(body=self.body(), content_type=_TEXT)

    def body(self) -> bytes:
        """Return the latest telegram as this reader gives it."""
        return self.latest

    def note(self) -> None:
        """Note a request for the telegram."""
        self.requests.append(asyncio.get_running_loop().time())

    @property
    @override
    def clients(self) -> int:
        """Return one: the reader itself, which listens to the meter whoever asks."""
        return 1

    @override
    async def disconnect(self) -> None:
        if self._runner is not None and self._runner.server is not None:
            await self._runner.server.shutdown(0)

    @property
    @override
    def is_open(self) -> bool:
        return self._runner is not None

    @override
    def mute(self) -> None:
        self._is_mute = True

    @override
    def serve_one(self) -> None:
        """Serve as before: requests come one after the other."""

    def context(self) -> ssl.SSLContext | None:
        """Return what it proves its identity with."""
        return None

    @override
    async def _open(self) -> None:
        application = web.Application(middlewares=[self._guard])
        for route, handler in self.routes().items():
            method, path = route.split(" ", 1)
            application.router.add_route(method, path, handler)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port, ssl_context=self.context(), reuse_address=True)
        try:
            await site.start()
        except OSError:
            await self._close()
            raise
        self.port = self._runner.addresses[0][1]

    @override
    async def _close(self) -> None:
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    @override
    def _send(self, telegram: bytes) -> bool:
        self.latest = telegram
        return True

    def refuses(self, _: web.Request, /) -> web.Response | None:
        """Return why a request is not answered."""
        return None

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer a request, unless it is refused, or the reader is dead."""
        if self._is_mute:
            await asyncio.sleep(3600)
        return self.refuses(request) or await handler(request)


def device_of(mac: str, product: str, firmware: str) -> dict[str, str]:
    """Return what the first API of HomeWizard, or who imitates it, says of a reader."""
    return {
        "product_type": "HWE-P1",
        "product_name": product,
        "serial": mac,
        "firmware_version": firmware,
        "api_version": "v1",
    }


def announced_properties(mac: str, product: str, *, is_on: bool) -> dict[str, str]:
    """Return what that API is announced with."""
    return {
        "api_enabled": str(int(is_on)),
        "path": "/api/v1",
        "serial": mac,
        "product_name": product,
        "product_type": "HWE-P1",
    }


def without_end(telegram: bytes) -> bytes:
    """Return a telegram without the line end behind its checksum."""
    return telegram.rstrip(b"\r\n")


class HomeWizard(WebReader):
    """The P1 meter of HomeWizard with its first API. Which line ends it gives is not public: here line feeds alone."""

    path = "/api/v1/telegram"
    product = "P1 meter"

    is_api_on = True
    """Whether the owner switched on the local API."""

    @override
    def routes(self) -> dict[str, Handler]:
        return super().routes() | {"GET /api": self.device}

    @override
    def announcements(self) -> tuple[Announcement, ...]:
        properties = announced_properties(self.mac, self.product, is_on=self.is_api_on)
        return (Announcement("_hwenergy._tcp.local.", f"p1meter-{self.mac[-6:]}", self.port, properties),)

    async def device(self, _: web.Request, /) -> web.StreamResponse:
        """Answer with what it is."""
        return web.json_response(device_of(self.mac, self.product, "5.18"))

    @override
    def body(self) -> bytes:
        return without_end(self.latest).replace(b"\r\n", b"\n") + b"\n"

    @override
    def refuses(self, request: web.Request, /) -> web.Response | None:
        if self.is_api_on or request.path == "/api":
            return None
        error = {"error": {"id": 202, "description": "API not enabled"}}
        return web.json_response(error, status=HTTPStatus.FORBIDDEN)


class P1Dongle(WebReader):
    """The P1 dongle of smart-stuff.nl: the telegram ends with its checksum, and is empty before the first one."""

    path = "/api/v2/sm/telegram"

    user: str | None = None
    """`name:password`, where the owner set them."""
    imitates = False
    """Whether it announces itself as a HomeWizard too, by the setting `mimic`."""

    @override
    def routes(self) -> dict[str, Handler]:
        return super().routes() | {"GET /api/v1/telegram": self.telegram, "GET /api": self.imitated_device}

    @override
    def announcements(self) -> tuple[Announcement, ...]:
        name = "P1-Dongle-Pro"
        own = Announcement("_p1dongle._tcp.local.", name, self.port, {"id": self.mac, "hw": "P1P"})
        if not self.imitates:
            return (own,)
        properties = announced_properties(self.mac, "P1 Meter", is_on=True)
        kinds = ("_hwenergy._tcp.local.", "_homewizard._tcp.local.")
        return (own, *(Announcement(kind, f"p1meter-{self.mac[-6:]}", self.port, properties) for kind in kinds))

    async def imitated_device(self, _: web.Request, /) -> web.StreamResponse:
        """Answer as a HomeWizard does, which it always does."""
        return web.json_response(device_of(self.mac, "P1 Meter", "6.0304"))

    @override
    def body(self) -> bytes:
        return without_end(self.latest)

    @override
    def refuses(self, request: web.Request, /) -> web.Response | None:
        if self.user is None:
            return None
        expected = f"Basic {b64encode(self.user.encode()).decode()}"
        if request.headers.get("Authorization") == expected:
            return None
        return web.Response(status=HTTPStatus.UNAUTHORIZED, headers={"WWW-Authenticate": 'Basic realm="P1"'})


class DsmrLogger(WebReader):
    """DSMRloggerAPI: the telegram as the meter prints it, with its line ends and its checksum."""

    path = "/api/v1/sm/telegram"


class P1Monitor(WebReader):
    """P1 Monitor on a Raspberry Pi: the telegram is the fourth of some fields, its lines ending in line feeds."""

    path = "/api/v1/p1port/telegram"

    is_valid = True

    @override
    async def telegram(self, _: web.Request, /) -> web.StreamResponse:
        self.note()
        text = without_end(self.latest).replace(b"\r\n", b"\n").decode("latin-1")
        state = "valid" if self.is_valid else "invalid"
        return web.json_response(
            [f"{self.meter.time:%Y-%m-%d %H:%M:%S}", int(self.meter.time.timestamp()), state, text]
        )
