"""What the user has to know of the members of a group: that one is gone, or that its clock is off."""

from datetime import datetime, timedelta
from typing import Final

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_track_time_interval

from . import issues
from .coordinator import EmucsConfigEntry
from .group_members import async_is_gone, async_members_of, async_name_of
from .group_source import GroupSource

_EACH_MINUTE: Final = timedelta(minutes=1)


@callback
def async_set_up_group(hass: HomeAssistant, entry: EmucsConfigEntry) -> None:
    """Give a group its unique id, and follow its members for as long as it is set up."""
    if entry.unique_id is None:
        # The flow cannot know it: it is made of that of the entry.
        hass.config_entries.async_update_entry(entry, unique_id=f"group_{entry.entry_id}")

    @callback
    def follow(_: ConfigEntryChange, changed: ConfigEntry) -> None:
        """Look whether a member was removed or disabled."""
        if changed.entry_id != entry.entry_id:
            _async_check_entries(hass, entry)

    @callback
    def check_clocks(_: datetime) -> None:
        """Look whose clock is off."""
        _async_check_clocks(hass, entry)

    entry.async_on_unload(async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, follow))
    entry.async_on_unload(async_track_time_interval(hass, check_clocks, _EACH_MINUTE))
    _async_check_entries(hass, entry)


@callback
def _async_check_entries(hass: HomeAssistant, entry: EmucsConfigEntry) -> None:
    """Report members whose entry was removed or disabled; end that when there are none."""
    gone = [async_name_of(hass, member) for member in async_members_of(entry).values() if async_is_gone(hass, member)]
    if gone:
        issues.async_report_member_gone(hass, entry, gone)
    else:
        issues.async_end(hass, entry, issues.MEMBER_GONE)


@callback
def _async_check_clocks(hass: HomeAssistant, entry: EmucsConfigEntry) -> None:
    """Report members whose clock is off; end that when there are none."""
    source, members = entry.runtime_data.link, async_members_of(entry)
    off = source.clocks_off if isinstance(source, GroupSource) else {}
    if off:
        issues.async_report_member_clock(
            hass, entry, {async_name_of(hass, members[member]): seconds for member, seconds in off.items()}
        )
    else:
        issues.async_end(hass, entry, issues.MEMBER_CLOCK_OFF)
