"""Serves the quarter-hour card and the meter dashboard to Home Assistant's frontend."""

from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from homeassistant.components.http import StaticPathConfig
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN

if TYPE_CHECKING:
    from homeassistant.components.lovelace.resources import ResourceStorageCollection

FOLDER: Final = Path(__file__).parent / "www"
MAIN_MODULE: Final = "emucs.js"
_DIGITS: Final = 12
_URL: Final[HassKey[str]] = HassKey(f"{DOMAIN}_module")


async def async_setup_dashboard(hass: HomeAssistant) -> None:
    """Serve the modules of the card and the dashboard, and have every page load them from now on."""
    if "frontend" not in hass.config.components:
        return
    from homeassistant.components.frontend import add_extra_js_url  # noqa: PLC0415 -- loaded, where it is

    # In the path, not in the query, so that imported modules are of the same version.
    path = f"/{DOMAIN}/{await hass.async_add_executor_job(fingerprint, FOLDER)}"
    await hass.http.async_register_static_paths([StaticPathConfig(path, str(FOLDER), cache_headers=True)])
    url = hass.data[_URL] = f"{path}/{MAIN_MODULE}"
    add_extra_js_url(hass, url)


def module_url(hass: HomeAssistant, name: str) -> str | None:
    """Return where browsers get a module; None without a frontend."""
    url = hass.data.get(_URL)
    return None if url is None else f"{url.rpartition('/')[0]}/{name}"


async def async_add_resource(hass: HomeAssistant) -> None:
    """Add the module to the dashboard resources as well, for pages older than the integration or its update.

    A page that is open or cached lists its modules from when it was made; resources are read anew.
    """
    if (url := hass.data.get(_URL)) is None or (resources := await _resources(hass)) is None:
        return
    if not (ours := _ours(resources)):
        await resources.async_create_item({"res_type": "module", "url": url})
    elif ours[0]["url"] != url:
        await resources.async_update_item(ours[0]["id"], {"url": url})


async def async_forget_resource(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Remove the resource with the last entry."""
    if any(each is not entry for each in hass.config_entries.async_entries(DOMAIN, include_ignore=False)):
        return
    if resources := await _resources(hass):
        for each in _ours(resources):
            await resources.async_delete_item(each["id"])


async def _resources(hass: HomeAssistant) -> ResourceStorageCollection | None:
    """Return the stored dashboard resources; None if they are in the user's YAML."""
    try:
        from homeassistant.components.lovelace.const import LOVELACE_DATA  # noqa: PLC0415 -- no promised way to them
        from homeassistant.components.lovelace.resources import ResourceStorageCollection  # noqa: PLC0415

        resources = hass.data[LOVELACE_DATA].resources
    except AttributeError, ImportError, KeyError:
        # Older pages then lack the dashboard until they are reloaded.
        return None
    if not isinstance(resources, ResourceStorageCollection):
        return None
    # Loads them, if that has not been done yet.
    await resources.async_get_info()
    return resources


def _ours(resources: ResourceStorageCollection) -> list[dict[str, str]]:
    return [each for each in resources.async_items() if each["url"].startswith(f"/{DOMAIN}/")]


def fingerprint(folder: Path) -> str:
    """Return a hash that changes with the name or the content of any file in the folder."""
    digest = sha256()
    for path in sorted(folder.iterdir()):
        content = path.read_bytes()
        digest.update(f"{path.name} {len(content)} ".encode())
        digest.update(content)
    return digest.hexdigest()[:_DIGITS]
