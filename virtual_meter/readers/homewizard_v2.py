"""The P1 meter of HomeWizard with its second API: TLS, and a token for whoever presses the button."""

import asyncio
from http import HTTPStatus
import json
import re
import secrets
import ssl
from typing import Any, override

from aiohttp import web

from .announcement import Announcement
from .certificates import Authority
from .web import Handler, HomeWizard, device_of

_NAME = re.compile(r"local/[a-zA-Z0-9\-_/\\# ]{1,40}")
_OPEN_TO_ALL = {("POST", "/api/user")}


class HomeWizardV2(HomeWizard):
    """It answers only those who have a token, which they get within some seconds after a press of its button."""

    scheme = "https"
    path = "/api/telegram"
    usual_port = 443

    pairing_seconds = 30.0
    """As documented. Users report one or two."""

    def __init__(self, *arguments: Any, authority: Authority | None = None, **named: Any) -> None:
        """Have a certificate of an authority, by default one of its own."""
        super().__init__(*arguments, **named)
        self.authority = authority or Authority()
        self.tokens: dict[str, str] = {}
        """The token of each user."""
        self._context = self.authority.context(f"appliance/p1dongle/{self.mac}")
        self._pressed: float | None = None

    def press_button(self) -> None:
        """Let the next who asks have a token."""
        self._pressed = asyncio.get_running_loop().time()

    def issue_token(self, name: str) -> str:
        """Give a user a token, and let go of the one of before."""
        token = self.tokens[name] = secrets.token_hex(16).upper()
        return token

    @override
    def context(self) -> ssl.SSLContext:
        return self._context

    @override
    def routes(self) -> dict[str, Handler]:
        own: dict[str, Handler] = {"POST /api/user": self.create_user, "DELETE /api/user": self.delete_user}
        return {**super().routes(), **own}

    @override
    def announcements(self) -> tuple[Announcement, ...]:
        properties = {
            "api_version": "2.2.0",
            "id": f"appliance/p1dongle/{self.mac}",
            "serial": self.mac,
            "product_name": self.product,
            "product_type": "HWE-P1",
        }
        return (Announcement("_homewizard._tcp.local.", f"p1meter-{self.mac[-6:]}", self.port, properties),)

    @override
    def refuses(self, request: web.Request, /) -> web.Response | None:
        if (request.method, request.path) in _OPEN_TO_ALL:
            return None
        if request.headers.get("Authorization") in {f"Bearer {token}" for token in self.tokens.values()}:
            return None
        return web.json_response({"error": "user:unauthorized"}, status=HTTPStatus.UNAUTHORIZED)

    @override
    async def device(self, _: web.Request, /) -> web.StreamResponse:
        return web.json_response(device_of(self.mac, self.product, "6.00") | {"api_version": "2.2.0"})

    @override
    async def telegram(self, request: web.Request, /) -> web.StreamResponse:
        if self.latest:
            return await super().telegram(request)
        self.note()
        return web.Response(text="telegram:no-telegram-received", status=HTTPStatus.SERVICE_UNAVAILABLE)

    async def create_user(self, request: web.Request) -> web.StreamResponse:
        """Give a token, if the button was pressed; each request before that begins anew."""
        name = await _name_in(request)
        if name is None:
            return web.json_response({"error": "request:invalid"}, status=HTTPStatus.BAD_REQUEST)
        pressed, self._pressed = self._pressed, None
        if pressed is None or asyncio.get_running_loop().time() - pressed > self.pairing_seconds:
            return web.json_response({"error": "user:creation-not-enabled"}, status=HTTPStatus.FORBIDDEN)
        return web.json_response({"token": self.issue_token(name), "name": name})

    async def delete_user(self, request: web.Request) -> web.StreamResponse:
        """Take a token back."""
        self.tokens.pop(await _name_in(request) or "", None)
        return web.Response(status=HTTPStatus.NO_CONTENT)


async def _name_in(request: web.Request) -> str | None:
    """Return the name of a user, if it is allowed."""
    try:
        name = (await request.json())["name"]
    except json.JSONDecodeError, LookupError, TypeError:
        return None
    return name if isinstance(name, str) and _NAME.fullmatch(name) else None
