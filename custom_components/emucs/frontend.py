"""What the integration brings to Home Assistant's frontend: the quarter card and the meter dashboard."""

from hashlib import sha256
from pathlib import Path
from typing import Final

from homeassistant.components.http import StaticPathConfig
from homeassistant.core import HomeAssistant

from .const import DOMAIN

FOLDER: Final = Path(__file__).parent / "www"
MAIN_MODULE: Final = "emucs.js"
_DIGITS: Final = 12


async def async_setup_dashboard(hass: HomeAssistant) -> None:
    """Serve the modules of the card and the dashboard, and have every page load them, also those that are open."""
    if "frontend" not in hass.config.components:
        return
    from homeassistant.components.frontend import add_extra_js_url  # noqa: PLC0415 -- loaded, where it is

    # In the path, and not behind it, so that the modules that the first one imports are as new as that.
    url = f"/{DOMAIN}/{await hass.async_add_executor_job(fingerprint, FOLDER)}"
    await hass.http.async_register_static_paths([StaticPathConfig(url, str(FOLDER), cache_headers=True)])
    add_extra_js_url(hass, f"{url}/{MAIN_MODULE}")


def fingerprint(folder: Path) -> str:
    """Return what changes whenever the name or the content of a file in the folder does."""
    digest = sha256()
    for path in sorted(folder.iterdir()):
        content = path.read_bytes()
        digest.update(f"{path.name} {len(content)} ".encode())
        digest.update(content)
    return digest.hexdigest()[:_DIGITS]
