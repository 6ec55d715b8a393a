"""History of a meter from exports: intervals become statistics, and can be undone.

What needs the recorder is loaded here, once, if it is set up.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from homeassistant.const import __version__
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from ..coordinator import EmucsConfigEntry
from ..exports import ExportError
from ..issues import RECORDER_UNKNOWN, async_end, async_report_unknown_recorder

if TYPE_CHECKING:
    from .importer import HistoryImporter

type _Maker = Callable[[EmucsConfigEntry], HistoryImporter]
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
def importer_of(hass: HomeAssistant, entry: EmucsConfigEntry) -> HistoryImporter:
    """Return the importer of an entry; ExportError without a recorder, or with an untested one."""
    if _MAKER not in hass.data:
        raise ExportError("no_recorder")
    if (importer := hass.data[_MAKER]) is None:
        raise ExportError("unknown_recorder", __version__)
    return importer(entry)


@callback
def async_start_history(hass: HomeAssistant, entry: EmucsConfigEntry) -> None:
    """Finish what was cut off, and look after the imports of an entry that was set up."""
    if _MAKER not in hass.data:
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


async def async_forget_history(hass: HomeAssistant, entry: EmucsConfigEntry) -> None:
    """End the imports of an entry that is removed."""
    if has_history(hass):
        await importer_of(hass, entry).async_forget()
