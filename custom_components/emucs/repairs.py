"""Fix flows of repair issues."""

from typing import Final, override

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow, RepairsFlowResult
from homeassistant.components.repairs.const import FlowType
from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigEntry
from homeassistant.core import HomeAssistant
import probatio

from .const import DOMAIN
from .devices import mask, title_after
from .issues import ENTRY_ID, FOUND, PORT_UNREACHABLE

_NOTHING_TO_FILL_IN: Final = probatio.Schema({})


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the fix flow of an issue; one that only informs ends when it is confirmed."""
    data = data or {}
    if issue_id.startswith(PORT_UNREACHABLE):
        return UnreachablePortFlow(str(data.get(ENTRY_ID)))
    if FOUND not in data:
        return ConfirmRepairFlow()
    return ReplacedMeterFlow(str(data.get(ENTRY_ID)), str(data.get(FOUND)))


class UnreachablePortFlow(ConfirmRepairFlow):
    """Leads to the reconfiguration of the port; the issue stays until telegrams come."""

    def __init__(self, entry_id: str) -> None:
        """Keep the id of the entry."""
        self._entry_id = entry_id

    @override
    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Explain the failure, then let the user reconfigure the entry."""
        if (entry := self.hass.config_entries.async_get_entry(self._entry_id)) is None:
            return self.async_abort(reason="not_there")
        if user_input is None:
            return await super().async_step_confirm()
        flow = await self.hass.config_entries.flow.async_init(
            DOMAIN,
            context={"source": SOURCE_RECONFIGURE, "entry_id": entry.entry_id, "unique_id": entry.unique_id},
        )
        return self.async_abort(reason="reconfigure", next_flow=(FlowType.CONFIG_FLOW, flow["flow_id"]))


class ReplacedMeterFlow(RepairsFlow):
    """Replaces the meter of an entry: a new device, beside the old one and its history."""

    def __init__(self, entry_id: str, found: str) -> None:
        """Keep the id of the entry, and the identifier of the meter on its port."""
        self._entry_id = entry_id
        self._found = found

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Start with the question."""
        return await self.async_step_confirm()

    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Ask whether the meter was replaced, and switch to the new one."""
        entries = self.hass.config_entries
        if (entry := entries.async_get_entry(self._entry_id)) is None:
            return self.async_abort(reason="not_there")
        if entries.async_entry_for_domain_unique_id(DOMAIN, self._found) is not None:
            return self.async_abort(reason="already_configured")
        if user_input is None:
            return self.async_show_form(
                step_id="confirm",
                data_schema=_NOTHING_TO_FILL_IN,
                description_placeholders={"expected": mask(entry.unique_id or ""), "found": mask(self._found)},
            )
        self._replace(entry)
        return self.async_create_entry(data={})

    def _replace(self, entry: ConfigEntry) -> None:
        """Switch the entry to the new meter, and reload it."""
        self.hass.config_entries.async_update_entry(
            entry,
            unique_id=self._found,
            title=title_after(entry.title, entry.unique_id or self._found, self._found),
        )
        self.hass.config_entries.async_schedule_reload(entry.entry_id)
