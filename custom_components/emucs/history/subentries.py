"""Imports as parts of a config entry: each is shown with its meter, and removing it there takes it back."""

import logging
from types import MappingProxyType
from typing import Final

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from ..const import DOMAIN
from ..coordinator import EmucsConfigEntry
from ..exports import ExportError, Layer
from .flow import CONF_LAYER, SUBENTRY_HISTORY
from .importer import importer_of

_LOGGER: Final = logging.getLogger(__name__)


def shown(entry: ConfigEntry) -> dict[str, ConfigSubentry]:
    """Return the imports that an entry shows."""
    return {
        subentry.data[CONF_LAYER]: subentry
        for subentry in entry.subentries.values()
        if subentry.subentry_type == SUBENTRY_HISTORY
    }


@callback
def async_show(hass: HomeAssistant, entry: EmucsConfigEntry, layer_id: str, title: str) -> None:
    """Show an import with its meter."""
    if layer_id not in shown(entry):
        subentry = ConfigSubentry(
            data=MappingProxyType({CONF_LAYER: layer_id}),
            subentry_type=SUBENTRY_HISTORY,
            title=title,
            unique_id=layer_id,
        )
        hass.config_entries.async_add_subentry(entry, subentry)


@callback
def async_hide(hass: HomeAssistant, entry: EmucsConfigEntry, layer_id: str) -> None:
    """Show an import no more."""
    if (subentry := shown(entry).get(layer_id)) is not None:
        hass.config_entries.async_remove_subentry(entry, subentry.subentry_id)


@callback
def async_setup_history(hass: HomeAssistant, entry: EmucsConfigEntry) -> None:
    """Keep what an entry shows and what was imported the same."""
    known = set(shown(entry))

    @callback
    def changed(change: ConfigEntryChange, of: ConfigEntry) -> None:
        """Take back what was removed."""
        nonlocal known
        if of.entry_id != entry.entry_id or change is not ConfigEntryChange.UPDATED:
            return
        before, known = known, set(shown(entry))
        if before != known:
            entry.async_create_background_task(
                hass, _async_follow(hass, entry, before - known, known - before), f"{DOMAIN} history"
            )

    entry.async_on_unload(async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, changed))
    entry.async_create_background_task(hass, _async_reconcile(hass, entry), f"{DOMAIN} history")


async def _async_follow(hass: HomeAssistant, entry: EmucsConfigEntry, gone: set[str], new: set[str]) -> None:
    """Take back imports that are shown no more, and note those that are."""
    importer = importer_of(hass, entry)
    await importer.async_link(new)
    for layer_id in gone:
        await _async_take_back(hass, entry, layer_id)


async def _async_take_back(hass: HomeAssistant, entry: EmucsConfigEntry, layer_id: str) -> None:
    """Take back an import; where that fails it is shown again."""
    try:
        await importer_of(hass, entry).async_undo(layer_id)
    except ExportError as error:
        _LOGGER.warning("%s: an import cannot be taken back (%s)", entry.title, error.reason)
        layers = await importer_of(hass, entry).async_reconcile() or []
        title = next((_title(layer) for layer in layers if layer.id == layer_id), layer_id)
        async_show(hass, entry, layer_id, title)


async def _async_reconcile(hass: HomeAssistant, entry: EmucsConfigEntry) -> None:
    """After a start: finish what a stop has cut off."""
    importer = importer_of(hass, entry)
    layers = await importer.async_reconcile()
    if layers is None:
        return
    there = {layer.id for layer in layers}
    for layer_id in set(shown(entry)) - there:
        async_hide(hass, entry, layer_id)
    for layer in layers:
        if layer.id in shown(entry):
            continue
        if layer.linked:
            await _async_take_back(hass, entry, layer.id)
        else:
            async_show(hass, entry, layer.id, _title(layer))


def _title(layer: Layer) -> str:
    """Return what an import is called of which only the ledger is left."""
    return ", ".join(layer.files) or layer.created
