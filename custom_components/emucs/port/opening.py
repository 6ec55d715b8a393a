"""How ports are opened, by what their URLs begin with."""

import asyncio
from typing import Any, Final, Literal, TypedDict

from serialx import create_serial_connection

from .access import Access
from .incoming import Incoming
from .source import Opener, OpenPort


class SerialSettings(TypedDict, total=False):
    """Settings of a serial port, as this package calls them."""

    baudrate: int
    bytesize: Literal[7, 8]
    parity: Literal["N", "E", "O"]
    stopbits: Literal[1, 2]


_BELGIAN: Final = SerialSettings(baudrate=115200, bytesize=8, parity="N", stopbits=1)


def opener_of(url: str, settings: SerialSettings, access: Access | None = None, session: Any = None) -> Opener:
    """Return what opens a URL: that of a reader with a web server, or of whatever serialx opens.

    A session is aiohttp's, which is needed for the former alone, and need not be installed for the latter.
    """
    access = access or Access()
    if url.startswith(("http://", "https://")):
        from .polling import Polling  # noqa: PLC0415 -- see above

        return Polling(access, session)
    if url.startswith(("ws://", "wss://")):
        from .websocket import WebsocketBytes  # noqa: PLC0415 -- see above

        return WebsocketBytes(access, session)
    return SerialPort(settings)


class SerialPort:
    """Opens what serialx opens: devices, and TCP ports of bridges."""

    def __init__(self, settings: SerialSettings) -> None:
        """Take the settings of the port, those of Belgian meters where others are missing."""
        settings = _BELGIAN | settings
        # As serialx takes them from many a caller, and types them for one.
        self._settings: dict[str, Any] = {
            "baudrate": settings["baudrate"],
            "byte_size": settings["bytesize"],
            "parity": settings["parity"],
            "stopbits": settings["stopbits"],
        }

    async def __call__(self, url: str, incoming: Incoming) -> OpenPort:
        """Open a URL."""
        transport, _ = await create_serial_connection(
            loop=asyncio.get_running_loop(), protocol_factory=lambda: incoming, url=url, **self._settings
        )
        return transport
