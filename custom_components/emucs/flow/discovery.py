"""Steps of the flow: readers that announce themselves, and cables that are plugged in."""

from pathlib import Path
from typing import Any, Final, override

from homeassistant.components import usb
from homeassistant.components.usb.utils import usb_unique_id_from_service_info
from homeassistant.config_entries import DISCOVERY_SOURCES, ConfigEntry, ConfigFlowResult, FlowType
from homeassistant.const import CONF_PORT
from homeassistant.core import DOMAIN as HOMEASSISTANT_DOMAIN, callback
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers.selector import SelectOptionDict, SelectSelector, SelectSelectorConfig, SelectSelectorMode
from homeassistant.helpers.service_info.usb import UsbServiceInfo
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
import probatio

from ..const import CONF_MAKE, CONF_READER
from ..kinds import EntryKind, async_entries_of
from ..port import PortError
from ..texts import async_language, async_words
from .announcements import CABLE, Announcement, announced, changes_of, entry_of, is_same_device, normalised
from .makes import READERS, Make, ReaderAddress, urls_of
from .reading import ReadingSteps

CONF_OFFER: Final = "offer"


class DiscoverySteps(ReadingSteps):
    """Offers what was discovered."""

    _announcement: Announcement | None = None

    @override
    async def async_step_zeroconf(self, discovery_info: ZeroconfServiceInfo) -> ConfigFlowResult:
        """Offer a reader that announces itself in the network."""
        announcement = announced(discovery_info)
        if announcement is None:
            return self.async_abort(reason="unknown_reader")
        if (entry := entry_of(self.hass, announcement)) is not None:
            return await self._async_take(entry, changes_of(entry, announcement))
        return await self._async_offer(announcement)

    @override
    async def async_step_usb(self, discovery_info: UsbServiceInfo) -> ConfigFlowResult:
        """Offer a cable that was plugged in."""
        reader = normalised(discovery_info.serial_number or usb_unique_id_from_service_info(discovery_info))
        device = await self.hass.async_add_executor_job(usb.get_serial_by_id, discovery_info.device)
        announcement = Announcement(CABLE, reader, device)
        if (entry := await self._async_entry_on(announcement)) is None:
            return await self._async_offer(announcement)
        changes = changes_of(entry, announcement)
        if not await self.hass.async_add_executor_job(Path(entry.data[CONF_PORT]).exists):
            # It is in another socket, and has no name that would stay.
            changes = {CONF_PORT: device}
        return await self._async_take(entry, changes)

    async def _async_entry_on(self, announcement: Announcement) -> ConfigEntry | None:
        """Return the entry that reads a cable."""
        if (entry := entry_of(self.hass, announcement)) is not None:
            return entry if entry.data[CONF_PORT].startswith("/") else None
        for each in async_entries_of(self.hass, EntryKind.METER):
            if await self.hass.async_add_executor_job(is_same_device, each.data[CONF_PORT], announcement.address):
                return each
        return None

    async def _async_take(self, entry: ConfigEntry, changes: dict[str, Any]) -> ConfigFlowResult:
        """Give an entry what was announced of its reader."""
        if CONF_READER in changes:
            # Nothing is to be read anew for that.
            self.hass.config_entries.async_update_entry(entry, data={**entry.data, **changes})
            changes = {}
        await self.async_set_unique_id(entry.unique_id, raise_on_progress=False)
        self._abort_if_unique_id_configured(updates=changes)
        return self.async_abort(reason="already_configured")

    async def _async_offer(self, announcement: Announcement) -> ConfigFlowResult:
        """Offer a reader once, unless it is ignored."""
        self._announcement = announcement
        if self.hass.config_entries.flow.async_has_matching_flow(self):
            raise AbortFlow("already_in_progress", translation_domain=HOMEASSISTANT_DOMAIN)
        await self.async_set_unique_id(announcement.reader)
        self._abort_if_unique_id_configured()
        self.context["title_placeholders"] = await self._async_names(announcement)
        return await self.async_step_discovery_confirm()

    @override
    def is_matching(self, other_flow: DiscoverySteps) -> bool:
        """Tell whether another flow offers the same reader; it takes over what this one knows better, or later."""
        mine, other = self._announcement, other_flow._announcement
        if mine is None or other is None or mine.reader != other.reader:
            return False
        if mine.certainty >= other.certainty:
            other_flow._announcement = mine
            if other.make in Make:
                other_flow.context["title_placeholders"] = _names(mine)
        return True

    async def async_step_discovery_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask whether to read what was discovered."""
        announcement = self._announcement
        assert announcement is not None  # noqa: S101 -- the step before sets it
        self._language = await async_language(self.hass)
        if user_input is None:
            return await self._async_show_offer(None)
        if announcement.make == Make.HOMEWIZARD:
            address = ReaderAddress.of(announcement.address)
            return await self._async_read_homewizard(address, announcement.serial, self._async_show_offer)
        common = {CONF_READER: announcement.reader}
        if announcement.make == CABLE:
            return await self._async_try([{CONF_PORT: announcement.address, **common}], self._async_show_offer)
        make = Make(announcement.make)
        urls = [*urls_of(make, announcement.address)]
        if announcement.path:
            urls = [f"ws://{announcement.address}/{announcement.path.lstrip('/')}"]
        ways = [{CONF_PORT: url, CONF_MAKE: make, **common} for url in urls]
        return await self._async_try(ways, self._async_show_offer)

    async def _async_show_offer(self, error: PortError | None) -> ConfigFlowResult:
        """Show what was discovered, and what is wrong with it."""
        assert self._announcement is not None  # noqa: S101 -- the flow begins with it
        return self.async_show_form(
            step_id="discovery_confirm",
            data_schema=probatio.Schema({}),
            errors={"base": error.reason} if error else {},
            description_placeholders={
                **await self._async_names(self._announcement),
                "detail": await self._async_detail(error),
            },
        )

    async def _async_names(self, announcement: Announcement) -> dict[str, str]:
        """Return what a reader or a cable is called, and where it is."""
        if announcement.make in Make:
            return _names(announcement)
        words = await async_words(self.hass, "reader", await async_language(self.hass))
        return {"name": words[CABLE], "address": announcement.address}

    async def async_step_found(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Go on with what was discovered; let the user choose where that is more than one."""
        offers = self._offers()
        chosen = user_input[CONF_OFFER] if user_input else next(iter(offers)) if len(offers) == 1 else None
        if chosen in offers:
            return self.async_abort(reason="found", next_flow=(FlowType.CONFIG_FLOW, chosen))
        if not offers:
            # Meanwhile it was set up, ignored, or switched off.
            return await self.async_step_user()
        options = [SelectOptionDict(value=flow_id, label=name) for flow_id, name in offers.items()]
        field = SelectSelector(SelectSelectorConfig(options=options, mode=SelectSelectorMode.LIST))
        first = probatio.Required(CONF_OFFER, default=options[0]["value"])
        return self.async_show_form(step_id="found", data_schema=probatio.Schema({first: field}))

    @callback
    def _offers(self) -> dict[str, str]:
        """Return the flows of what was discovered, with what they offer."""
        offers = {}
        for flow in self._async_in_progress():
            names = flow["context"].get("title_placeholders")
            if flow["context"]["source"] in DISCOVERY_SOURCES and names:
                offers[flow["flow_id"]] = f"{names['name']} ({names['address']})"
        return offers

    @override
    @callback
    def _async_end_offers(self) -> None:
        """Withdraw what else offers the reader that is set up now, known by its id or by where it is."""
        place = self._data[CONF_PORT].partition("://")[2].partition("/")[0]
        for flow in self._async_in_progress(include_uninitialized=True):
            address = flow["context"].get("title_placeholders", {}).get("address")
            is_known = self._data.get(CONF_READER, flow) == flow["context"].get("unique_id")
            if is_known or (place and address and ReaderAddress.of(address).host == ReaderAddress.of(place).host):
                self.hass.config_entries.flow.async_abort(flow["flow_id"])


def _names(announcement: Announcement) -> dict[str, str]:
    """Return what a reader is called, and where it is."""
    return {"name": READERS[Make(announcement.make)].name, "address": announcement.address}
