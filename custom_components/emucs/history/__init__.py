"""History of a meter from exports: intervals become statistics, and can be undone.

What needs the recorder is loaded here, once, if it is set up.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import __version__
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from ..exports import ExportError
from ..issues import RECORDER_UNKNOWN, async_end, async_report_unknown_recorder
from ..kinds import WITH_IMPORTS, kind_of

if TYPE_CHECKING:
    from .importer import HistoryImporter
    from .parts import Export
    from .plan import Plan

type _Maker = Callable[[ConfigEntry[Any]], HistoryImporter]
_MAKER: HassKey[_Maker | None] = HassKey(f"{DOMAIN}_history")
_KEEP_GOING: Final = timedelta(hours=1)


@callback
def async_setup_history(hass: HomeAssistant) -> None:
    """Load the importer, if the recorder is set up."""
    if "recorder" not in hass.config.components:
        return
    try:
        from .importer import importers  # noqa: PLC0415 -- the recorder may be absent
    except AttributeError, ImportError:
        # Private parts of the recorder have moved.
        hass.data[_MAKER] = None
    else:
        hass.data[_MAKER] = importers(hass)


@callback
def has_history(hass: HomeAssistant) -> bool:
    """Tell whether history can be imported here."""
    return hass.data.get(_MAKER) is not None


@callback
def importer_of(hass: HomeAssistant, entry: ConfigEntry[Any]) -> HistoryImporter:
    """Return the importer of an entry; ExportError without a recorder, or with an untested one."""
    if _MAKER not in hass.data:
        raise ExportError("no_recorder")
    if (importer := hass.data[_MAKER]) is None:
        raise ExportError("unknown_recorder", __version__)
    return importer(entry)


@dataclass(frozen=True, slots=True)
class Part:
    """What an export has of one entry, to be imported."""

    entry: ConfigEntry[Any]
    export: Export
    importer: HistoryImporter

    async def async_plan(self, *, replace_earlier: bool) -> Plan:
        """Return what an import would do; nothing is written."""
        return await self.importer.async_plan(self.export, replace_earlier=replace_earlier)

    async def async_import(self, *, replace_earlier: bool) -> Plan:
        """Write it, all or nothing."""
        return await self.importer.async_import(self.export, replace_earlier=replace_earlier)


@callback
def async_parts(hass: HomeAssistant, entry: ConfigEntry[Any], export: Export) -> list[Part]:
    """Return the parts of an export: that of the entry it was read for, and those of the others that are there."""
    parts = [Part(entry, export, importer_of(hass, entry))]
    for entry_id, part in export.elsewhere.items():
        if (other := hass.config_entries.async_get_entry(entry_id)) is not None:
            parts.append(Part(other, part, importer_of(hass, other)))
    return parts


@callback
def async_start_history(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Finish what was cut off, and look after the imports of an entry that was set up."""
    if _MAKER not in hass.data or kind_of(entry) not in WITH_IMPORTS:
        return
    try:
        importer = importer_of(hass, entry)
        importer.require_known_recorder()
    except ExportError as error:
        async_report_unknown_recorder(hass, entry, error.detail)
        return
    async_end(hass, entry, RECORDER_UNKNOWN)

    @callback
    def keep_going(_: datetime) -> None:
        """Keep the sums of counters going that are not read for days."""
        importer.async_keep_going()

    entry.async_on_unload(async_track_time_interval(hass, keep_going, _KEEP_GOING))
    entry.async_create_background_task(hass, importer.async_start(), f"{DOMAIN} history")


async def async_forget_history(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """End the imports of an entry that is removed."""
    if has_history(hass) and kind_of(entry) in WITH_IMPORTS:
        await importer_of(hass, entry).async_forget()
