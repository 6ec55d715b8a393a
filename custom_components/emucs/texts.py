"""Words that fill in texts which the frontend has translated already, in the language of those who read them."""

from collections.abc import Mapping
import re
from typing import Final

from aiohttp.hdrs import ACCEPT_LANGUAGE
from homeassistant.components.http import KEY_HASS_USER
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.http import current_request
from homeassistant.helpers.translation import async_get_cached_translations, async_get_translations

from .const import DOMAIN
from .port import CannotConnect, PortError

CAUSE: Final = "cause"
"""The group of words for why a port cannot be opened."""
_FIRST_LANGUAGE: Final = re.compile(r"\s*([A-Za-z]{2,3})(?![A-Za-z])")


async def async_language(hass: HomeAssistant) -> str:
    """Return the language of the user whose request is answered, or the system's where there is none.

    A flow is not told it. The frontend keeps what the user has chosen on the server, and else takes the browser's.
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
    """Return the words of a group in a language."""
    return _group(group, await async_get_translations(hass, language, "selector", [DOMAIN]))


@callback
def async_system_words(hass: HomeAssistant, group: str) -> dict[str, str]:
    """Return the words of a group in the language of the system, for what all users read."""
    return _group(group, async_get_cached_translations(hass, hass.config.language, "selector", DOMAIN))


def _group(group: str, texts: Mapping[str, str]) -> dict[str, str]:
    """Return the words of a group among all."""
    prefix = f"component.{DOMAIN}.selector.{group}.options."
    return {key.removeprefix(prefix): text for key, text in texts.items() if key.startswith(prefix)}


def cause_in(words: Mapping[str, str], error: PortError) -> str:
    """Return why a port cannot be opened, in words of the group CAUSE; of other causes just what they are called."""
    if not isinstance(error, CannotConnect):
        return error.reason
    return words.get(error.cause or "", error.kind)
