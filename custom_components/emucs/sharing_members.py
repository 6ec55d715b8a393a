"""Who shares energy: the members of a group, or meters and pairs of statistics that an action names."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from homeassistant.const import ATTR_CONFIG_ENTRY_ID, CONF_NAME
from homeassistant.core import ServiceCall, valid_entity_id
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv, service
import probatio

from .const import DOMAIN
from .coordinator import EmucsConfigEntry
from .group_members import CONF_ENTRY, CONF_EXPORT, CONF_IMPORT, CONF_MBUS
from .group_source import async_sharing
from .history.targets import live_meters
from .hourly_energy import energy_entities
from .insight.profile import Profile
from .insight.quarters import EXPORT, IMPORT
from .insight.sharing import Sharing
from .kinds import EntryKind, kind_of
from .services import (
    async_entry_of,
    async_require_admin,
    async_require_read,
    async_require_read_of,
    async_until_set_up,
)
from .sharing_past import SharingMember

ATTR_MEMBERS: Final = "members"
MOST_MEMBERS: Final = 50
_LEAST_MEMBERS: Final = 2

PAIR: Final = probatio.Schema(
    {
        probatio.Required(CONF_IMPORT): cv.string,
        probatio.Optional(CONF_EXPORT): cv.string,
        probatio.Optional(CONF_NAME): cv.string,
    }
)
"""A member that is no meter here: its statistics in kWh, and how it is called."""


async def async_members(call: ServiceCall) -> tuple[tuple[SharingMember, ...], Mapping[str, Decimal]]:
    """Return who shares, and the keys that they have of their own, if any.

    NotAllowed where the user may not read one of them, ServiceValidationError where they are not several meters.
    """
    references: Iterable[str | Mapping[str, Any]] = call.data.get(ATTR_MEMBERS, ())
    weights: Mapping[str, Decimal] = {}
    if ATTR_CONFIG_ENTRY_ID in call.data:
        group = await async_entry_of(call)
        await async_require_read(call, group)
        if kind_of(group) is not EntryKind.GROUP:
            raise _no_members()
        # The statistics of a meter on the M-Bus are of what its own meter has counted too.
        shares = [member for member in async_sharing(group).values() if CONF_MBUS not in member]
        references = [member.get(CONF_ENTRY, member) for member in shares]
        settings = group.runtime_data.insights[Sharing].settings
        weights = {} if settings is None else settings.weights
    members = tuple([await _async_member(call, each) for each in references])
    if len({member.id for member in members}) < max(len(members), _LEAST_MEMBERS):
        raise _no_members()
    return members, weights


def _no_members() -> ServiceValidationError:
    """Return the error that says who can share."""
    return ServiceValidationError(translation_domain=DOMAIN, translation_key="sharing_members")


async def _async_member(call: ServiceCall, reference: str | Mapping[str, Any]) -> SharingMember:
    """Return a member by the id of its config entry, or by its statistics."""
    if isinstance(reference, str):
        return await _async_meter(call, reference)
    imported, exported = reference[CONF_IMPORT], reference.get(CONF_EXPORT)
    for statistic in filter(None, (imported, exported)):
        await async_require_read_statistic(call, statistic)
    return SharingMember(imported, reference.get(CONF_NAME, imported), imported, exported)


async def _async_meter(call: ServiceCall, entry_id: str) -> SharingMember:
    """Return a meter that is read here."""
    if (known := call.hass.config_entries.async_get_entry(entry_id)) is not None:
        await async_until_set_up(known)
    entry: EmucsConfigEntry = service.async_get_config_entry(call.hass, DOMAIN, entry_id)
    await async_require_read(call, entry)
    if kind_of(entry) is not EntryKind.METER:
        raise _no_members()
    coordinator = entry.runtime_data
    ids = energy_entities(call.hass, coordinator.identifier)
    return SharingMember(
        entry.entry_id,
        entry.title,
        ids.get(IMPORT),
        ids.get(EXPORT),
        live_meters(coordinator)[0],
        coordinator.insights[Profile].quarters.copy(),
    )


async def async_require_read_statistic(call: ServiceCall, statistic: str) -> None:
    """Raise NotAllowed unless the user may read a statistic: one of no entity is for administrators."""
    if valid_entity_id(statistic):
        await async_require_read_of(call, statistic)
    else:
        await async_require_admin(call)
