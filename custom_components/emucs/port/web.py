"""What all readers have in common that are spoken to by HTTP: who asks, how they are known, and how they refuse."""

import asyncio
from base64 import b64encode
import errno
import json
import os
import socket
import ssl
from typing import Any, Final
from urllib.parse import unquote, urlsplit, urlunsplit

from aiohttp import ClientConnectorCertificateError, ClientConnectorDNSError, ClientError, ClientSession

from .access import Access
from .errors import CannotConnect, HttpStatus, LocalApiOff, NotFound, Unauthorized, Untrusted
from .tls import homewizard_context, homewizard_name

_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403
_NOT_FOUND: Final = (301, 302, 303, 307, 308, 404, 405, 410)
"""Also what leads elsewhere: a reader answers where it is asked, and a secret is for nobody else."""
_API_IS_OFF: Final = 202
_HOMEWIZARD_API: Final = {"X-Api-Version": "2"}


class Web:
    """How a reader is asked: the session, the address without secrets, and the arguments of each request."""

    def __init__(self, access: Access, session: ClientSession | None) -> None:
        """Use a session of somebody else, or an own one for each connection."""
        self._access = access
        self._given = session
        self._own: ClientSession | None = None
        self._context: ssl.SSLContext | None = None
        self.url = ""
        self.arguments: dict[str, Any] = {}

    async def open(self, url: str) -> ClientSession:
        """Return the session for a URL, whose user and password are taken out."""
        if self._access.serial is not None and self._context is None:
            self._context = await asyncio.get_running_loop().run_in_executor(None, homewizard_context)
        self.url, user = without_user(url)
        self.arguments = {"headers": self._headers(user)}
        if self._context is not None and self._access.serial is not None and url.startswith(("https:", "wss:")):
            self.arguments |= {"ssl": self._context, "server_hostname": homewizard_name(self._access.serial)}
        if self._given is not None:
            return self._given
        self._own = ClientSession()
        return self._own

    async def close(self) -> None:
        """Close the session, where it is an own one."""
        own, self._own = self._own, None
        if own is not None:
            await own.close()

    def _headers(self, user: str | None) -> dict[str, str]:
        """Return what identifies who asks."""
        access = self._access
        if access.token is not None:
            return {"Authorization": f"Bearer {access.token}", **_HOMEWIZARD_API}
        if access.username:
            user = f"{access.username}:{access.password or ''}"
        return {"Authorization": f"Basic {b64encode(user.encode()).decode()}"} if user else {}


def without_user(url: str) -> tuple[str, str | None]:
    """Return a URL without the user in it, and `user:password`."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    return (urlunsplit(parts._replace(netloc=host)), unquote(user)) if at else (url, None)


def refusal_of(status: int, body: bytes = b"") -> CannotConnect:
    """Return what a status means that is not that of success."""
    if status == _FORBIDDEN and _error_number(body) == _API_IS_OFF:
        return LocalApiOff()
    if status in (_UNAUTHORIZED, _FORBIDDEN):
        return Unauthorized()
    return (NotFound if status in _NOT_FOUND else HttpStatus)(f"HTTP {status}")


def _error_number(body: bytes) -> object:
    """Return the number of the error in an answer of HomeWizard's first API."""
    try:
        return json.loads(body)["error"]["id"]
    except ValueError, LookupError, TypeError, RecursionError:
        return None


def translated(error: Exception) -> Exception:
    """Return what the rest of this package makes something of, for an error of aiohttp."""
    if isinstance(error, ClientConnectorCertificateError):
        return Untrusted()
    if isinstance(error, ClientConnectorDNSError):
        return socket.gaierror(socket.EAI_NONAME, "the name is not known")
    if isinstance(error, OSError) or not isinstance(error, ClientError):
        return error
    if isinstance(error, ValueError):
        return ValueError("no address")
    return ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
