"""The step of a group's *Configure* that says how its members share energy."""

from collections import Counter
from typing import Any, Final

from homeassistant.config_entries import ConfigFlowResult, OptionsFlowWithReload
from homeassistant.const import UnitOfRatio
from homeassistant.helpers.selector import SelectSelector, SelectSelectorConfig, SelectSelectorMode
import probatio

from .forms import decimal
from .group_members import async_name_of
from .group_source import async_sharing
from .insight.sharing import CONF_SHARING_KEY, CONF_WEIGHTS, SECTION_SHARING
from .insight.sharing_keys import SharingKey

_WEIGHT: Final = decimal(0, 100, UnitOfRatio.PERCENTAGE)
_KEY: Final = SelectSelector(
    SelectSelectorConfig(options=list(SharingKey), mode=SelectSelectorMode.DROPDOWN, translation_key="sharing_key")
)


class SharingSteps(OptionsFlowWithReload):
    """Asks for the key of a group, and for those of its members."""

    async def async_step_sharing(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask how the group shares; each field but the first is called as its member."""
        names, options = self._names(), self.config_entry.options
        if user_input is not None:
            section = {
                CONF_SHARING_KEY: user_input.get(CONF_SHARING_KEY),
                CONF_WEIGHTS: {member: user_input[name] for member, name in names.items() if name in user_input},
            }
            return self.async_create_entry(data={**options, SECTION_SHARING: section})
        known = options.get(SECTION_SHARING, {})
        weights = known.get(CONF_WEIGHTS, {})
        fields = probatio.Schema(
            {probatio.Optional(CONF_SHARING_KEY): _KEY} | {probatio.Optional(name): _WEIGHT for name in names.values()}
        )
        shown = {CONF_SHARING_KEY: known.get(CONF_SHARING_KEY)} | {
            name: weights[member] for member, name in names.items() if member in weights
        }
        return self.async_show_form(step_id="sharing", data_schema=self.add_suggested_values_to_schema(fields, shown))

    def _names(self) -> dict[str, str]:
        """Return what those are called who share, by id; no two are alike."""
        members = {key: async_name_of(self.hass, each) for key, each in async_sharing(self.config_entry).items()}
        counts = Counter([*members.values(), CONF_SHARING_KEY])
        return {member: name if counts[name] == 1 else f"{name} ({member})" for member, name in members.items()}
