"""Options flow of a group: its target, and whose child each member is."""

from typing import Any, Final

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import UnitOfPower, UnitOfRatio
from homeassistant.helpers.selector import (
    DateSelector,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
from homeassistant.util import dt as dt_util
import probatio

from .forms import decimal, form_section, integer
from .group_members import async_members_of, async_name_of
from .group_source import CONF_FAMILY, async_ties_of
from .groups.family import Tie, problem_of
from .insight.capacity import CONF_PEAK_TARGET, CONF_WARNING_SHARE, DEFAULT_WARNING_SHARE, SECTION_CAPACITY
from .insight.peaks import FLOOR
from .sharing_form import SharingSteps

CONF_CHILD: Final = "child"
CONF_PARENT: Final = "parent"
CONF_SINCE: Final = "since"
_CAPACITY: Final = probatio.Schema(
    {
        probatio.Required(CONF_PEAK_TARGET, default=float(FLOOR)): decimal(0, 10000, UnitOfPower.KILO_WATT),
        probatio.Required(CONF_WARNING_SHARE, default=DEFAULT_WARNING_SHARE): integer(10, 100, UnitOfRatio.PERCENTAGE),
    }
)


class GroupOptionsFlow(SharingSteps):
    """Changes the target of a group, and its families; who is in it is changed by *Reconfigure*."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Begin with the menu."""
        return await self.async_step_group()

    async def async_step_group(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the menu."""
        return self.async_show_menu(step_id="group", menu_options=["group_settings", "family", "sharing"])

    async def async_step_group_settings(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the options."""
        options = self.config_entry.options
        if user_input is not None:
            return self.async_create_entry(data={**options, **user_input})
        fields = probatio.Schema(form_section(SECTION_CAPACITY, _CAPACITY, options, collapsed=False))
        return self.async_show_form(step_id="group_settings", data_schema=fields)

    async def async_step_family(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask whose child a member is, from which day on."""
        group = self.config_entry
        members, ties, errors = async_members_of(group), async_ties_of(group), {}
        if user_input is not None:
            tie = Tie.of(user_input)
            # On the day of another one it takes its place.
            changed = [each for each in ties if (each.child, each.since) != (tie.child, tie.since)] + [tie]
            if (problem := problem_of(changed, members)) is None:
                data = {**group.data, CONF_FAMILY: [each.save() for each in changed]}
                self.hass.config_entries.async_update_entry(group, data=data)
                self.hass.config_entries.async_schedule_reload(group.entry_id)
                return self.async_create_entry(data=dict(group.options))
            errors = dict.fromkeys(("base", CONF_PARENT), problem)
        named = {key: async_name_of(self.hass, member) for key, member in members.items()}
        choices = [SelectOptionDict(value=key, label=name) for key, name in named.items()]
        fields = probatio.Schema(
            {
                probatio.Required(CONF_CHILD): SelectSelector(
                    SelectSelectorConfig(options=choices, mode=SelectSelectorMode.DROPDOWN)
                ),
                probatio.Optional(CONF_PARENT): SelectSelector(
                    SelectSelectorConfig(
                        options=choices,
                        mode=SelectSelectorMode.DROPDOWN,
                    )
                ),
                probatio.Required(CONF_SINCE, default=dt_util.now().date().isoformat()): DateSelector(),
            }
        )
        shown = "\n".join(
            f"- {named.get(tie.child, tie.child)} → {named.get(tie.parent or '', '-')}, {tie.since:%Y-%m-%d}"
            for tie in sorted(ties, key=lambda each: (each.since, each.child))
        )
        return self.async_show_form(
            step_id="family",
            data_schema=self.add_suggested_values_to_schema(fields, user_input or {}),
            errors=errors,
            description_placeholders={"family": shown},
        )
