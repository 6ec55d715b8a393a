"""What an insight knows, kept over restarts of Home Assistant."""

from abc import ABC, abstractmethod
import logging
from typing import Any, Final, Protocol

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.storage import Store

from .const import DOMAIN
from .devices import masked_title

_LOGGER: Final = logging.getLogger(__name__)
_STORE_VERSION: Final = 1
_UNREADABLE: Final = (KeyError, TypeError, ValueError, ArithmeticError, AttributeError)

PEAKS: Final = ""
READINGS: Final = ".guard"
ALL_KEPT: Final = (PEAKS, READINGS)
"""What is kept of an entry: the ends of the names of its stores."""


def store_of(hass: HomeAssistant, entry: ConfigEntry, what: str) -> Store[dict[str, Any]]:
    """Return where something is kept of an entry."""
    return Store(hass, _STORE_VERSION, f"{DOMAIN}.{entry.entry_id}{what}", private=True, atomic_writes=True)


class Insight(Protocol):
    """What can be kept."""

    def save(self) -> dict[str, Any]:
        """Return what is known, as JSON has it."""


class Keeper[InsightT: Insight](ABC):
    """Keeps an insight: in a while, at once, and when Home Assistant ends."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, what: str, insight: InsightT) -> None:
        """Start with what knows nothing yet."""
        self.insight = insight
        self._hass = hass
        self._entry = entry
        self._store = store_of(hass, entry, what)
        self._has_news = False
        """Whether something was learned since it was set up: else nothing is written."""

    @abstractmethod
    def _restore(self, saved: dict[str, Any]) -> InsightT:
        """Return the insight that has saved this; what is wrong with it comes as an error of Python's own."""

    async def async_load(self) -> None:
        """Take up what was known before a restart."""
        self._entry.async_on_unload(
            self._hass.bus.async_listen(EVENT_HOMEASSISTANT_FINAL_WRITE, self._async_final_write)
        )
        if (saved := await self._store.async_load()) is None:
            return
        try:
            self.insight = self._restore(saved)
        except _UNREADABLE as error:
            # Its text may have what is kept, such as the number of a meter.
            _LOGGER.warning(
                "%s: what was kept so far cannot be read (%s): starting anew",
                masked_title(self._entry),
                type(error).__name__,
            )

    @callback
    def async_save_in(self, seconds: float) -> None:
        """Keep what is known by then."""
        self._has_news = True
        self._store.async_delay_save(self._known, seconds)

    async def async_save(self) -> None:
        """Keep what is known."""
        if self._has_news:
            await self._store.async_save(self._known())

    def _known(self) -> dict[str, Any]:
        """Return what is known by now; the insight is another one once it is restored."""
        return self.insight.save()

    async def _async_final_write(self, event: Event) -> None:
        """Keep what is known when Home Assistant stops."""
        await self.async_save()
