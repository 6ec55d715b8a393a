"""Readers that send what the meter sends over a websocket, in pieces of any size."""

from typing import Final

from aiohttp import (
    ClientError,
    ClientSession,
    ClientWebSocketResponse,
    ClientWSTimeout,
    WSMsgType,
    WSServerHandshakeError,
)

from .access import Access
from .errors import CannotConnect, LocalApiOff, TooManyClients
from .incoming import Incoming
from .source import ByteSource, OpenPort
from .web import Web, refusal_of, translated
from .whole import MAX_BODY

PING_INTERVAL: Final = 10.0
"""Seconds from one ping to the next, as the maker of Homey does it; half of that is waited for the answer."""
_CLOSE_TIMEOUT: Final = ClientWSTimeout(ws_close=2.0)
_POLICY: Final = 1008
_REASONS: Final[tuple[tuple[str, type[CannotConnect]], ...]] = (
    ("connection limit", TooManyClients),
    ("local api", LocalApiOff),
)


class WebsocketBytes:
    """Opens a websocket whose messages are the bytes of the port."""

    def __init__(self, access: Access, session: ClientSession | None = None) -> None:
        """Use a session of somebody else, or an own one for each connection."""
        self._web = Web(access, session)

    async def __call__(self, url: str, incoming: Incoming) -> OpenPort:
        """Connect, and pass on what comes."""
        web = self._web
        session = await web.open(url)
        try:
            websocket = await session.ws_connect(
                web.url, heartbeat=PING_INTERVAL, max_msg_size=MAX_BODY, timeout=_CLOSE_TIMEOUT, **web.arguments
            )
        except WSServerHandshakeError as error:
            await web.close()
            raise refusal_of(error.status) from None
        except (ClientError, TimeoutError) as error:
            await web.close()
            raise translated(error) from error
        except BaseException:
            await web.close()
            raise
        source = ByteSource(incoming)

        async def release() -> None:
            """Close the websocket."""
            await websocket.close()
            await web.close()

        source.start(_pass_on(websocket, source), release)
        return source


async def _pass_on(websocket: ClientWebSocketResponse, source: ByteSource) -> None:
    """Pass on what comes until the websocket is closed; raises why, where the reader says it."""
    while True:
        message = await websocket.receive()
        if message.type is WSMsgType.BINARY:
            await source.pass_on(message.data)
        elif message.type is WSMsgType.TEXT:
            await source.pass_on(message.data.encode("latin-1", "replace"))
        elif message.type is WSMsgType.CLOSE:
            if message.data == _POLICY:
                _refuse(str(message.extra))
            return
        elif message.type is WSMsgType.ERROR:
            raise message.data
        else:
            return


def _refuse(reason: str) -> None:
    """Raise what a reason means that a reader gives."""
    for words, refusal in _REASONS:
        if words in reason.lower():
            raise refusal
