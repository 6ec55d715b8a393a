"""The Homey Energy Dongle: what the meter sends, over a websocket, in pieces that are no telegrams."""

import asyncio
from typing import Any, override

from aiohttp import WSCloseCode, web

from .announcement import Announcement
from .web import Handler, WebReader

_MOST_CLIENTS = 2
_PIECE = 700


class HomeyDongle(WebReader):
    """It serves two programs at most, and none while its owner has the local API off."""

    scheme = "ws"
    path = "/ws"

    is_api_on = True

    def __init__(self, *arguments: Any, **named: Any) -> None:
        """Serve nobody yet."""
        super().__init__(*arguments, **named)
        self._sockets: set[web.WebSocketResponse] = set()
        self._sending: set[asyncio.Future[None]] = set()

    @override
    def routes(self) -> dict[str, Handler]:
        return {f"GET {self.path}": self.serve}

    @override
    def announcements(self) -> tuple[Announcement, ...]:
        properties = {"v": "1", **({"p": self.path} if self.is_api_on else {})}
        return (
            Announcement("_energydongle._tcp.local.", f"Homey Energy Dongle {self.mac[-4:]}", self.port, properties),
        )

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Send to a client until it leaves."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        if reason := self._why_not():
            await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=reason)
            return socket
        self._sockets.add(socket)
        try:
            async for _ in socket:
                pass
        finally:
            self._sockets.discard(socket)
        return socket

    def _why_not(self) -> bytes | None:
        """Return why a client is not served."""
        if not self.is_api_on:
            return b"Local API disabled"
        return b"Connection limit reached" if len(self._sockets) >= _MOST_CLIENTS else None

    @property
    @override
    def clients(self) -> int:
        return len(self._sockets)

    @override
    async def disconnect(self) -> None:
        await asyncio.gather(*(socket.close(code=WSCloseCode.GOING_AWAY) for socket in tuple(self._sockets)))

    @override
    async def _close(self) -> None:
        await self.disconnect()
        await super()._close()

    @override
    def mute(self) -> None:
        self._sockets.clear()

    @override
    def _send(self, telegram: bytes) -> bool:
        super()._send(telegram)
        for socket in self._sockets:
            task = asyncio.ensure_future(_send_pieces(socket, telegram))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)
        return bool(self._sockets)


async def _send_pieces(socket: web.WebSocketResponse, telegram: bytes) -> None:
    """Send a telegram in pieces, unless the client left."""
    for begin in range(0, len(telegram), _PIECE):
        if socket.closed:
            return
        try:
            await socket.send_bytes(telegram[begin : begin + _PIECE])
        except ConnectionError:
            return
