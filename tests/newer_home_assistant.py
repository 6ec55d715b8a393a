"""What the pytest plugin needs where Home Assistant is newer than the plugin; `-p` loads this before the plugin."""

# From 2026.11 on, importing this has to come before anything imports httpx, which the plugin does.
from homeassistant.components import logger
from homeassistant.components.logger import helpers

# The plugin imports this from where it was until 2026.11.
MOVED = "_clear_logger_overwrites"
setattr(logger, MOVED, getattr(helpers, MOVED))
