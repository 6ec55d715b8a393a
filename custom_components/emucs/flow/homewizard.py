"""What a HomeWizard P1 reader is asked before it is read: which version of its interface it has, and for a token."""

from dataclasses import dataclass, replace
from http import HTTPStatus
from ssl import SSLContext
from typing import Any, Final

from aiohttp import ClientError, ClientTimeout
from homeassistant.const import CONF_PORT, CONF_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import instance_id
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.util.json import json_loads

from ..const import CONF_READER, CONF_SERIAL
from ..port import CannotConnect
from ..port.errors import text_of
from ..port.tls import homewizard_context, homewizard_name
from .announcements import normalised
from .makes import ReaderAddress

_TIMEOUT: Final = ClientTimeout(total=5)
# The reader forgets an earlier token of the same name: each Home Assistant has one of its own.
_USER: Final = "local/emucs#{}"
_LONGEST_ANSWER: Final = 4096


@dataclass(frozen=True, slots=True)
class HomeWizard:
    """A HomeWizard reader in the network."""

    address: ReaderAddress
    serial: str = ""
    """Its serial number, if it has told it."""
    has_tokens: bool = False
    """Whether it has version 2 of the interface, which asks for a token: all do since firmware 6."""

    def data(self, token: str | None = None) -> dict[str, Any]:
        """Return the data of an entry that reads it."""
        reader = {CONF_READER: normalised(self.serial)} if self.serial else {}
        if not self.has_tokens:
            return {CONF_PORT: f"http://{self.address}/api/v1/telegram", **reader}
        serial = {CONF_SERIAL: self.serial} if self.serial else {}
        return {CONF_PORT: f"https://{self.address}/api/telegram", CONF_TOKEN: token, **serial, **reader}


async def async_find(hass: HomeAssistant, address: ReaderAddress, serial: str = "") -> HomeWizard:
    """Return what is at an address, with the newest interface that answers there."""
    found = HomeWizard(address, serial, has_tokens=True)
    try:
        status, _ = await _async_call(hass, found, "GET", "/api")
    except CannotConnect:
        status = HTTPStatus.NOT_FOUND
    if status == HTTPStatus.UNAUTHORIZED:
        return found
    found = replace(found, has_tokens=False)
    try:
        _, answer = await _async_call(hass, found, "GET", "/api")
    except CannotConnect:
        return found
    return replace(found, serial=serial or _text(answer, "serial"))


async def async_request_token(hass: HomeAssistant, found: HomeWizard) -> str | None:
    """Ask for a token; None as long as nobody has pressed the button. Raises CannotConnect."""
    user = {"name": _USER.format((await instance_id.async_get(hass))[:6])}
    status, answer = await _async_call(hass, found, "POST", "/api/user", json=user)
    if status == HTTPStatus.FORBIDDEN:
        return None
    if status != HTTPStatus.OK or not (token := _text(answer, "token")):
        raise CannotConnect(f"HTTP {status}")
    return token


async def async_serial_of(hass: HomeAssistant, found: HomeWizard, token: str) -> HomeWizard:
    """Return a reader with its serial number, which it tells who has a token. Raises CannotConnect."""
    if found.serial:
        return found
    _, answer = await _async_call(hass, found, "GET", "/api", token=token)
    return replace(found, serial=_text(answer, "serial"))


async def _async_call(
    hass: HomeAssistant, found: HomeWizard, method: str, path: str, *, token: str | None = None, **arguments: Any
) -> tuple[int, object]:
    """Return status and content of an answer; CannotConnect where none comes."""
    scheme = "https" if found.has_tokens else "http"
    headers = {"X-Api-Version": "2"} if found.has_tokens else {}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    if found.has_tokens:
        arguments["ssl"] = await hass.async_add_executor_job(_context, bool(found.serial))
        if found.serial:
            arguments["server_hostname"] = homewizard_name(found.serial)
    session = async_get_clientsession(hass)
    url = f"{scheme}://{found.address}{path}"
    try:
        async with session.request(
            method, url, headers=headers, timeout=_TIMEOUT, allow_redirects=False, **arguments
        ) as response:
            body = await response.content.read(_LONGEST_ANSWER)
    except TimeoutError as error:
        raise CannotConnect("no answer") from error
    except (ClientError, OSError, ValueError) as error:
        raise CannotConnect(text_of(error)) from error
    return response.status, _json(body)


def _context(has_name: bool) -> SSLContext:  # noqa: FBT001 -- for an executor
    """Return what trusts HomeWizard's readers; one whose serial number is not known yet can have any name."""
    context = homewizard_context()
    context.check_hostname = has_name
    return context


def _json(body: bytes) -> object:
    """Return the content of a body; None where it is no JSON."""
    try:
        content: object = json_loads(body)
    except ValueError:
        return None
    return content


def _text(answer: object, key: str) -> str:
    """Return a text in an answer, or an empty one."""
    value = answer.get(key) if isinstance(answer, dict) else None
    return value if isinstance(value, str) else ""
