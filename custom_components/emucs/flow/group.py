"""Steps of the flow that make a group of meters, or change who is in it."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from homeassistant.components.sensor import ATTR_STATE_CLASS, SensorDeviceClass, SensorStateClass
from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigEntry, ConfigEntryState, ConfigFlow, ConfigFlowResult
from homeassistant.const import CONF_NAME
from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    TextSelector,
)
from homeassistant.util import dt as dt_util
import probatio

from ..group_members import (
    CONF_ENTRY,
    CONF_EXPORT,
    CONF_ID,
    CONF_IMPORT,
    CONF_MBUS,
    CONF_MEMBERS,
    CONF_POWER,
    Member,
    async_members_of,
    async_name_of,
)
from ..group_source import CONF_FAMILY, async_ties_of
from ..groups.family import Tie
from ..insight.mbus import Medium
from ..kinds import CONF_KIND, EntryKind, async_entries_of

CONF_OTHERS: Final = "others"
CONF_ANOTHER: Final = "another"
_LEAST: Final = 2
_COUNTERS: Final = (SensorStateClass.TOTAL, SensorStateClass.TOTAL_INCREASING)
_ENERGY: Final = EntitySelector(EntitySelectorConfig(domain="sensor", device_class=SensorDeviceClass.ENERGY))
_ENTITIES: Final = probatio.Schema(
    {
        probatio.Required(CONF_NAME): TextSelector(),
        probatio.Required(CONF_IMPORT): _ENERGY,
        probatio.Optional(CONF_EXPORT): _ENERGY,
        probatio.Optional(CONF_POWER): EntitySelector(
            EntitySelectorConfig(domain="sensor", device_class=SensorDeviceClass.POWER)
        ),
        probatio.Required(CONF_ANOTHER, default=False): BooleanSelector(),
    }
)


class GroupSteps(ConfigFlow):
    """Makes a group, and changes it: the same forms."""

    _name: str
    _members: dict[str, Member]
    """Those that were chosen so far, by id."""

    async def async_step_group(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for a name and for the meters."""
        group = self._get_reconfigure_entry() if self.source == SOURCE_RECONFIGURE else None
        known = {} if group is None else async_members_of(group)
        offered = {member[CONF_ID]: member for member in self._offered()} | known
        errors = {}
        if user_input is not None:
            self._name = user_input[CONF_NAME].strip()
            self._members = {key: offered[key] for key in user_input[CONF_MEMBERS] if key in offered}
            if user_input[CONF_OTHERS]:
                return await self.async_step_group_member()
            if len(self._members) >= _LEAST:
                return self._finish_group()
            errors = dict.fromkeys(("base", CONF_MEMBERS), "few_members")
        options = [SelectOptionDict(value=key, label=async_name_of(self.hass, each)) for key, each in offered.items()]
        fields = probatio.Schema(
            {
                probatio.Required(CONF_NAME): TextSelector(),
                probatio.Required(CONF_MEMBERS, default=[]): SelectSelector(
                    SelectSelectorConfig(options=options, multiple=True)
                ),
                probatio.Required(CONF_OTHERS, default=False): BooleanSelector(),
            }
        )
        shown = {} if group is None else {CONF_NAME: group.title, CONF_MEMBERS: list(known)}
        return self.async_show_form(
            step_id="group",
            data_schema=self.add_suggested_values_to_schema(fields, user_input or shown),
            errors=errors,
        )

    async def async_step_group_member(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for a member that is no meter of this integration: its energy entities."""
        errors = {}
        if user_input is not None and not (errors := self._entity_errors(user_input)):
            member = {key: value for key, value in user_input.items() if key != CONF_ANOTHER and value}
            self._members[user_input[CONF_IMPORT]] = {CONF_ID: user_input[CONF_IMPORT], **member}
            if user_input[CONF_ANOTHER]:
                user_input = None
            elif len(self._members) >= _LEAST:
                return self._finish_group()
            else:
                errors, user_input = {"base": "few_members"}, None
        return self.async_show_form(
            step_id="group_member",
            data_schema=self.add_suggested_values_to_schema(_ENTITIES, user_input or {}),
            errors=errors,
            description_placeholders={
                "members": ", ".join(async_name_of(self.hass, each) for each in self._members.values()) or "-"
            },
        )

    def _entity_errors(self, chosen: Mapping[str, Any]) -> dict[str, str]:
        """Return what is wrong with the entities of a member, by field."""
        errors = {}
        if chosen[CONF_IMPORT] in self._members:
            errors[CONF_IMPORT] = "is_member"
        if chosen.get(CONF_EXPORT) == chosen[CONF_IMPORT]:
            errors[CONF_EXPORT] = "same_entity"
        for key in (CONF_IMPORT, CONF_EXPORT):
            state = self.hass.states.get(chosen.get(key, ""))
            if state is not None and state.attributes.get(ATTR_STATE_CLASS) not in _COUNTERS:
                errors[key] = "no_counter"
        return errors

    def _offered(self) -> Iterable[Member]:
        """Yield the meters that there are, and those of electricity on their M-Bus."""
        for entry in async_entries_of(self.hass, EntryKind.METER):
            yield {CONF_ID: entry.entry_id, CONF_ENTRY: entry.entry_id}
            yield from _submeters(entry)

    def _finish_group(self) -> ConfigFlowResult:
        """Make the group, or change it; a submeter is a child of its meter unless the user says otherwise."""
        members, ties = list(self._members.values()), []
        if self.source == SOURCE_RECONFIGURE:
            group = self._get_reconfigure_entry()
            ties = [tie for tie in async_ties_of(group) if {tie.child, tie.parent} - {None} <= self._members.keys()]
        tied = {tie.child for tie in ties}
        ties += [
            Tie(member[CONF_ID], member[CONF_ENTRY], dt_util.now().date())
            for member in members
            if CONF_MBUS in member and member[CONF_ENTRY] in self._members and member[CONF_ID] not in tied
        ]
        data = {
            CONF_KIND: str(EntryKind.GROUP),
            CONF_NAME: self._name,
            CONF_MEMBERS: members,
            CONF_FAMILY: [tie.save() for tie in ties],
        }
        if self.source == SOURCE_RECONFIGURE:
            return self.async_update_reload_and_abort(group, title=self._name, data=data, reason="group_reconfigured")
        return self.async_create_entry(title=self._name, data=data)


def _submeters(entry: ConfigEntry) -> Iterable[Member]:
    """Yield the meters of electricity on the M-Bus of a meter that is read now."""
    if entry.state is not ConfigEntryState.LOADED:
        return
    for identifier, meter in entry.runtime_data.insights.mbus.items():
        if meter.medium is Medium.ELECTRICITY:
            yield {
                CONF_ID: f"{entry.entry_id}_{identifier}",
                CONF_ENTRY: entry.entry_id,
                CONF_MBUS: identifier,
                CONF_NAME: f"{entry.title} · M-Bus",
            }
