"""The kinds of config entries, and which of them read a port."""

from enum import StrEnum
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from .const import DOMAIN

CONF_KIND: Final = "kind"
"""In the data of an entry that is of another kind than a meter."""


class EntryKind(StrEnum):
    """What an entry stands for."""

    METER = "meter"
    """An electricity meter, read at its port."""
    GROUP = "group"
    """Several meters as one."""
    METERING_POINT = "metering_point"
    """What the grid operator measures where no port can be read: its exports alone."""


WITH_IMPORTS: Final = (EntryKind.METER, EntryKind.METERING_POINT)
"""The kinds of entries of which the grid operator has exports."""


@callback
def kind_of(entry: ConfigEntry) -> EntryKind:
    """Return what an entry stands for."""
    return EntryKind(entry.data.get(CONF_KIND, EntryKind.METER))


@callback
def async_entries_of(hass: HomeAssistant, *kinds: EntryKind) -> list[ConfigEntry]:
    """Return the entries of some kinds, but those that the user ignores."""
    entries = hass.config_entries.async_entries(DOMAIN, include_ignore=False)
    return [entry for entry in entries if kind_of(entry) in kinds]
