"""What is known of a meter, kept across restarts in two stores per entry: *state*, small, and *series*, bulk."""

from collections.abc import Callable
import logging
from math import inf
from pathlib import Path
from typing import Any, Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from . import issues
from .const import DOMAIN

_LOGGER: Final = logging.getLogger(__name__)
# What HA's Store raises at a wrong envelope, and what restoring raises at wrong content.
_UNREADABLE: Final = (HomeAssistantError, LookupError, TypeError, ValueError, ArithmeticError, AttributeError)

STATE: Final = ""
SERIES: Final = ".series"
STORES: Final = (STATE, SERIES)
"""The ends of the keys of an entry's stores."""

SOON: Final = 30.0
"""Seconds until what changed is written."""
STATE_INTERVAL: Final = 900.0
"""Seconds between writes of readings that only grow: a step is judged by the time that has passed, so an older one
serves as well after a crash."""
SERIES_INTERVAL: Final = 3600.0


class MeterStore(Store[dict[str, Any]]):
    """A store of an entry, with its migrations."""

    _VERSION = 1
    _MINOR_VERSION = 2

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, suffix: str) -> None:
        """Set up without reading."""
        super().__init__(
            hass,
            self._VERSION,
            f"{DOMAIN}.{entry.entry_id}{suffix}",
            private=True,
            atomic_writes=True,
            minor_version=self._MINOR_VERSION,
        )
        self._suffix = suffix

    @override
    async def _async_migrate_func(
        self, old_major_version: int, old_minor_version: int, old_data: dict[str, Any]
    ) -> dict[str, Any]:
        """Return the data of an earlier version in the present form."""
        if old_minor_version < self._MINOR_VERSION and self._suffix == STATE:
            # Until 1.1 it held the capacity tariff alone.
            return {"capacity": old_data}
        return old_data


class MeterStorage:
    """The two stores of an entry."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Set up without reading."""
        self._hass = hass
        self._entry = entry
        self._stores = {suffix: MeterStore(hass, entry, suffix) for suffix in STORES}
        self._due: dict[str, float] = {}

    async def async_load[T](self, suffix: str, use: Callable[[dict[str, Any]], T]) -> T | None:
        """Return what `use` makes of a store, or None without one.

        A store that cannot be read, or of which nothing can be made, is set aside under another name, and the user is
        told: the meter starts anew.
        """
        store = self._stores[suffix]
        try:
            saved = await store.async_load()
            return None if saved is None else use(_required_mapping(saved))
        except _UNREADABLE as error:
            # The text of the error may contain what was stored, such as the number of a meter.
            reason = type(error).__name__
        aside = await self._hass.async_add_executor_job(_set_aside, Path(store.path))
        if aside is None:
            # Better to keep nothing from now on than to overwrite it.
            store.make_read_only()
        name = Path(store.path).name if aside is None else aside.name
        _LOGGER.warning(
            "%s: %s cannot be read (%s): starting anew, and keeping it as %s",
            self._entry.title,
            store.key,
            reason,
            name,
        )
        issues.async_report_unreadable_store(self._hass, self._entry, name)
        return None

    @callback
    def async_save_within(self, suffix: str, seconds: float, save: Callable[[], dict[str, Any]]) -> None:
        """Write within so many seconds what is known by then; also when Home Assistant stops earlier."""
        due = self._hass.loop.time() + seconds
        if due >= self._due.get(suffix, inf):
            return
        self._due[suffix] = due

        def save_now() -> dict[str, Any]:
            """Return what is known now."""
            self._due.pop(suffix, None)
            return save()

        self._stores[suffix].async_delay_save(save_now, seconds)

    async def async_save(self, suffix: str, data: dict[str, Any]) -> None:
        """Write now."""
        self._due.pop(suffix, None)
        await self._stores[suffix].async_save(data)


async def async_remove_stores(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Delete the stores of an entry."""
    for suffix in STORES:
        await MeterStore(hass, entry, suffix).async_remove()


def _required_mapping(saved: object) -> dict[str, Any]:
    """Return the content of a store, which Store does not check; TypeError if it is no mapping."""
    if not isinstance(saved, dict):
        raise TypeError(type(saved).__name__)
    return saved


def _set_aside(path: Path) -> Path | None:
    """Rename a file so that nothing overwrites it; None if that is refused. Blocks."""
    aside = path.with_name(f"{path.name}.unreadable.{dt_util.utcnow():%Y%m%dT%H%M%SZ}")
    try:
        path.rename(aside)
    except OSError:
        return None
    return aside
