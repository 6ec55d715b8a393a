"""Readers that give their latest telegram to whom asks for it, by HTTP."""

import asyncio
from typing import Final

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout

from .access import SHORTEST_INTERVAL, Access
from .errors import HttpStatus
from .incoming import Incoming
from .source import ByteSource, OpenPort
from .web import Web, refusal_of, translated
from .whole import MAX_BODY, WholeTelegrams

REQUEST_TIMEOUT: Final = ClientTimeout(total=5)
PATIENCE: Final = 5.0
"""Seconds for which requests may fail that a busy reader answers in the end: less than any silence."""
_SHORTEST_PAUSE: Final = 0.1
_OK: Final = 200
_UNAVAILABLE: Final = 503
_NO_TELEGRAM_YET: Final = b"no-telegram"


class Polling:
    """Opens a URL that answers each request with the latest telegram; the same one again is no new one.

    That holds over several connections too: a reader that lost its meter goes on to answer with an old telegram.
    """

    def __init__(self, access: Access, session: ClientSession | None = None) -> None:
        """Use a session of somebody else, or an own one for each connection."""
        self._web = Web(access, session)
        self._interval = max(SHORTEST_INTERVAL, access.interval)
        self._whole = WholeTelegrams()
        self._asked = 0.0  # when it was asked last, also over another connection

    async def __call__(self, url: str, incoming: Incoming) -> OpenPort:
        """Ask once, and go on in the background."""
        session = await self._web.open(url)
        try:
            first = await self._ask(session)
        except BaseException:
            await self._web.close()
            raise
        source = ByteSource(incoming)
        source.start(self._go_on(session, source, first), self._web.close)
        return source

    async def _go_on(self, session: ClientSession, source: ByteSource, body: bytes) -> None:
        """Ask again and again, until it fails for good."""
        loop = asyncio.get_running_loop()
        answered = loop.time()
        await source.pass_on(self._whole.new(body))
        while True:
            await asyncio.sleep(max(_SHORTEST_PAUSE, self._asked + self._interval - loop.time()))
            try:
                body = await self._ask(session)
            except OSError, HttpStatus:
                if loop.time() - answered > PATIENCE:
                    raise
            else:
                answered = loop.time()
                await source.pass_on(self._whole.new(body))

    async def _ask(self, session: ClientSession) -> bytes:
        """Return an answer; raises OSError or HttpStatus for what may pass, and another PortError for what does not."""
        web, loop = self._web, asyncio.get_running_loop()
        await asyncio.sleep(max(0, self._asked + SHORTEST_INTERVAL - loop.time()))
        self._asked = loop.time()
        try:
            async with session.get(
                web.url, timeout=REQUEST_TIMEOUT, allow_redirects=False, **web.arguments
            ) as response:
                body = await _bounded(response)
        except (ClientError, TimeoutError) as error:
            raise translated(error) from error
        if response.status == _OK:
            return body
        if response.status == _UNAVAILABLE and _NO_TELEGRAM_YET in body:
            return b""
        raise refusal_of(response.status, body)


async def _bounded(response: ClientResponse) -> bytes:
    """Return a body up to what is looked at; the rest is not waited for."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) >= MAX_BODY:
            response.close()
            break
    return bytes(body[:MAX_BODY])
