"""Texts that the frontend cannot look up itself, in the language of those who read them."""

from collections.abc import Mapping
import re
from typing import Final

from aiohttp.hdrs import ACCEPT_LANGUAGE
from homeassistant.components.http import KEY_HASS_USER
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.http import current_request
from homeassistant.helpers.translation import async_get_cached_translations, async_get_translations

from .const import DOMAIN
from .port import NoData, PortError
from .port.address import is_network, service_of, shown

BY_CONNECTION: Final = {"cannot_connect", "invalid_checksum", "no_data", "no_telegram", "wrong_speed"}
"""Problems whose text differs between a serial port and a bridge on the network."""
_FIRST_LANGUAGE: Final = re.compile(r"\s*([A-Za-z]{2,3})(?![A-Za-z])")


async def async_language(hass: HomeAssistant) -> str:
    """Return the language of the user whose request is handled, or the system's without a request.

    Flows do not know it. The frontend stores the user's choice on the server, and else takes the browser's.
    """
    if (request := current_request.get()) is None:
        return hass.config.language
    user = request.get(KEY_HASS_USER)
    if user is not None and "frontend" in hass.config.components:
        from homeassistant.components.frontend.storage import async_user_store  # noqa: PLC0415 -- it may be absent

        chosen = (await async_user_store(hass, user.id)).data.get("language")
        language = chosen.get("language") if isinstance(chosen, dict) else None
        if isinstance(language, str):
            return language
    first = _FIRST_LANGUAGE.match(request.headers.get(ACCEPT_LANGUAGE, ""))
    return first[1].lower() if first else hass.config.language


async def async_words(hass: HomeAssistant, group: str, language: str) -> dict[str, str]:
    """Return the words of a selector group in a language."""
    prefix = f"component.{DOMAIN}.selector.{group}.options."
    texts = await async_get_translations(hass, language, "selector", [DOMAIN])
    return {key.removeprefix(prefix): text for key, text in texts.items() if key.startswith(prefix)}


async def async_exception_text(hass: HomeAssistant, key: str, placeholders: Mapping[str, str], language: str) -> str:
    """Return the text of an exception, for a flow: the frontend shows a flow only texts of its own."""
    texts = await async_get_translations(hass, language, "exceptions", [DOMAIN])
    return texts[_exception(key)].format_map(placeholders)


@callback
def async_system_exception_text(hass: HomeAssistant, key: str, placeholders: Mapping[str, str]) -> str:
    """Return the text of an exception in the language of the system, for what all users read."""
    texts = async_get_cached_translations(hass, hass.config.language, "exceptions", DOMAIN)
    # A language that was chosen a moment ago is not loaded yet.
    return texts.get(_exception(key), key).format_map(placeholders)


@callback
def async_system_word(hass: HomeAssistant, group: str, key: str) -> str:
    """Return a word of a selector group in the language of the system; English where that is not loaded yet."""
    name = f"component.{DOMAIN}.selector.{group}.options.{key}"
    texts = async_get_cached_translations(hass, hass.config.language, "selector", DOMAIN)
    return texts.get(name) or async_get_cached_translations(hass, "en", "selector", DOMAIN).get(name, key)


def _exception(key: str) -> str:
    """Return the key under which Home Assistant has the text of an exception."""
    return f"component.{DOMAIN}.exceptions.{key}.message"


def name_of(port: str) -> str:
    """Return a port for people, without secrets: of a bridge, the host and the TCP port."""
    return shown(port)


def connection_of(port: str) -> str:
    """Return how the keys of texts end for a kind of port: a cable fails in other ways than a bridge."""
    return "network" if is_network(port) else "serial"


def problem_of(error: PortError, port: str) -> tuple[str, dict[str, str]]:
    """Return the key and the placeholders of the text that says what is wrong with a port, and what to do."""
    key = error.problem
    if key == NoData.reason and (service := service_of(port)) is not None:
        key = f"{key}_{service}"
    elif key in BY_CONNECTION:
        key = f"{key}_{connection_of(port)}"
    return key, {"port": name_of(port), "kind": error.kind}
