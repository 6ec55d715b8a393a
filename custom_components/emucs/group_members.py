"""The members of a group in Home Assistant: other entries, meters on their M-Bus, and energy entities."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, CONF_NAME, UnitOfEnergy, UnitOfPower
from homeassistant.core import (
    CALLBACK_TYPE,
    Event,
    EventStateChangedData,
    EventStateReportedData,
    HomeAssistant,
    callback,
)
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_track_state_change_event, async_track_state_report_event
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_conversion import BaseUnitConverter, EnergyConverter, PowerConverter

from .groups.members import MemberReading
from .insight.electricity import energy_export, energy_import, import_power, net_power
from .insight.guard import Guard, Guarded
from .insight.meter import MeterUpdate
from .port import Register, Telegram, obis

if TYPE_CHECKING:
    from .coordinator import MeterCoordinator

CONF_MEMBERS: Final = "members"
CONF_ID: Final = "id"
"""What a member is known by in its group."""
CONF_ENTRY: Final = "entry"
"""The id of the entry of a meter."""
CONF_MBUS: Final = "mbus"
"""The identifier of a meter on its M-Bus."""
CONF_IMPORT: Final = "import"
CONF_EXPORT: Final = "export"
CONF_POWER: Final = "power"
"""The entities of a member that is no entry."""

_NOTHING: Final = Decimal()
_DIGITS: Final = Decimal("0.000001")
_HOUR: Final = timedelta(hours=1)
# Entities of one meter are reported one after the other: nearer readings say nothing of power.
_SHORTEST: Final = timedelta(seconds=5)

type Take = Callable[[MemberReading], None]
type Member = Mapping[str, Any]
"""A member as the data of the group's entry have it."""


@callback
def async_members_of(entry: ConfigEntry) -> dict[str, Member]:
    """Return the members of a group, by id."""
    return {member[CONF_ID]: member for member in entry.data.get(CONF_MEMBERS, ())}


@callback
def async_name_of(hass: HomeAssistant, member: Member) -> str:
    """Return what a member is called."""
    if name := member.get(CONF_NAME):
        return str(name)
    entry = hass.config_entries.async_get_entry(member[CONF_ENTRY]) if CONF_ENTRY in member else None
    return member[CONF_ID] if entry is None else entry.title


@callback
def async_is_gone(hass: HomeAssistant, member: Member) -> bool:
    """Tell whether the entry of a member was removed or disabled."""
    if CONF_ENTRY not in member:
        return False
    entry = hass.config_entries.async_get_entry(member[CONF_ENTRY])
    return entry is None or entry.disabled_by is not None


@callback
def async_follow(hass: HomeAssistant, member: Member, take: Take) -> CALLBACK_TYPE:
    """Call `take` with each reading of a member; return how to end that."""
    if CONF_ENTRY in member:
        entry = hass.config_entries.async_get_entry(member[CONF_ENTRY])
        return (lambda: None) if entry is None else _FollowedEntry(entry, member.get(CONF_MBUS), take).async_end
    return _FollowedEntities(hass, member, take).async_end


class _Whole:
    """Makes readings whole: a meter may print no export, or only from some day on."""

    def __init__(self, take: Take) -> None:
        """Start with nothing known."""
        self._take = take
        self._before: MemberReading | None = None
        self._has_export = False

    def take(
        self, time: datetime, imported: Decimal | None, exported: Decimal | None, net: Decimal | None, *, restart: bool
    ) -> None:
        """Take what is read at a time: energies in kWh, power in kW."""
        if imported is None:
            return
        if exported is None:
            exported = _NOTHING if self._before is None else self._before.exported
        elif not self._has_export:
            restart |= self._before is not None
            self._has_export = True
        self._before = MemberReading(
            time.astimezone(UTC),
            imported,
            exported,
            None if net is None else max(net, _NOTHING),
            None if net is None else max(-net, _NOTHING),
            is_restart=restart,
        )
        self._take(self._before)


class _FollowedEntry:
    """Follows the meter of an entry, or one on its M-Bus, over all times that the entry is set up."""

    def __init__(self, entry: ConfigEntry, mbus: str | None, take: Take) -> None:
        """Begin as soon as the entry is set up."""
        self._entry = entry
        self._mbus = mbus
        self._whole = _Whole(take)
        self._coordinator: MeterCoordinator | None = None
        self._read: datetime | None = None  # when the meter on the M-Bus was read
        self._is_first = True
        self._unfollow: CALLBACK_TYPE | None = None
        self._unfollow_state = entry.async_on_state_change(self._async_follow)
        self._async_follow()

    @callback
    def _async_follow(self) -> None:
        """Follow the coordinator that the entry has now."""
        is_loaded = self._entry.state is ConfigEntryState.LOADED
        coordinator: MeterCoordinator | None = self._entry.runtime_data if is_loaded else None
        if coordinator is self._coordinator:
            return
        self._async_unfollow()
        self._coordinator = coordinator
        if coordinator is not None:
            self._is_first = True
            self._unfollow = coordinator.async_on_data(self._async_take)

    @callback
    def _async_take(self) -> None:
        """Take the latest telegram, as it was judged."""
        assert self._coordinator is not None  # noqa: S101 -- it calls this
        update = self._coordinator.data
        if update is None:
            return
        # Another meter was put in the place of this one while Home Assistant did not run.
        is_other, self._is_first = self._is_first and self._coordinator.insights.guard.is_other_meter, False
        if self._mbus is not None:
            self._take_mbus(update, self._mbus)
            return
        telegram = update.telegram
        net = net_power(telegram)
        self._whole.take(
            telegram.time or dt_util.utcnow(),
            energy_import(telegram),
            energy_export(telegram),
            import_power(telegram) if net is None else net,
            restart=is_other or bool(update.guarded.restarted & _counters(telegram)),
        )

    def _take_mbus(self, update: MeterUpdate, identifier: str) -> None:
        """Take a reading of a meter on the M-Bus that is a new one."""
        meter = update.guarded.meters.get(identifier)
        register = None if meter is None else meter.channel.reading
        if register is None:
            return
        time = register.time or update.telegram.time or dt_util.utcnow()
        if register.time is not None and register.time == self._read:
            return
        self._read = register.time
        self._whole.take(time, register.number_in("kWh"), None, None, restart=identifier in update.guarded.restarted)

    @callback
    def _async_unfollow(self) -> None:
        """Take nothing more of this coordinator."""
        if self._unfollow is not None:
            self._unfollow()
            self._unfollow = None

    @callback
    def async_end(self) -> None:
        """End it all."""
        self._async_unfollow()
        self._unfollow_state()


def _counters(telegram: Telegram) -> set[str]:
    """Return the codes of the counters of the meter itself."""
    return {code for code in telegram.registers if ":1.8." in code or ":2.8." in code}


class EntityGuard:
    """Judges the counters of entities as those of a meter: one that jumps, or falls, is believed once that lasts.

    Where no power is shown, that by the counters stands in, so that a large site is believed from the second time on.
    """

    def __init__(self) -> None:
        """Start with nothing known."""
        self._guard = Guard("")
        self._before: tuple[datetime, Decimal] | None = None
        self._power = _NOTHING

    def feed(self, time: datetime, imported: Decimal, exported: Decimal | None, power: Decimal | None) -> Guarded:
        """Take what is shown at a time, in kWh and kW; return it as a telegram with the latest good readings."""
        registers = {obis.METER_TIME: Register(None, None, time), obis.IMPORT_ENERGY: Register(imported, "kWh")}
        if exported is not None:
            registers[obis.EXPORT_ENERGY] = Register(exported, "kWh")
        shown = self._mean(time, imported + (exported or _NOTHING)) if power is None else power
        registers[obis.NET_POWER] = Register(shown, "kW")
        return self._guard.feed(Telegram("", None, None, time, registers, {}, ()))

    def _mean(self, time: datetime, counted: Decimal) -> Decimal:
        """Return the power by what was counted since the reading before."""
        if self._before is None:
            self._before = time, counted
        elif (passed := time - self._before[0]) >= _SHORTEST:
            self._power = abs(counted - self._before[1]) * (_HOUR // passed if passed <= _HOUR else 1)
            self._before = time, counted
        return self._power


class _FollowedEntities:
    """Follows entities that show the energy of a meter, wherever it is read."""

    def __init__(self, hass: HomeAssistant, member: Member, take: Take) -> None:
        """Begin."""
        self._hass = hass
        self._member = member
        self._whole = _Whole(take)
        self._guard = EntityGuard()
        ids = [member[key] for key in (CONF_IMPORT, CONF_EXPORT, CONF_POWER) if member.get(key)]
        self._ends = [
            async_track_state_change_event(hass, ids, self._async_take),
            async_track_state_report_event(hass, ids, self._async_take),
        ]

    @callback
    def _async_take(self, event: Event[EventStateChangedData] | Event[EventStateReportedData]) -> None:
        """Take what the entities show now that one of them was reported."""
        reported = event.data["new_state"]
        if reported is None:
            return
        imported = self._number(CONF_IMPORT, EnergyConverter, UnitOfEnergy.KILO_WATT_HOUR)
        exported = self._number(CONF_EXPORT, EnergyConverter, UnitOfEnergy.KILO_WATT_HOUR)
        power = self._number(CONF_POWER, PowerConverter, UnitOfPower.KILO_WATT)
        if imported is None or (exported is None and self._member.get(CONF_EXPORT)):
            return
        time = reported.last_reported
        guarded = self._guard.feed(time, imported, exported, power)
        telegram = guarded.telegram
        self._whole.take(time, energy_import(telegram), energy_export(telegram), power, restart=bool(guarded.restarted))

    def _number(self, key: str, converter: type[BaseUnitConverter], unit: str) -> Decimal | None:
        """Return what an entity shows, in a unit; None where it shows no number."""
        entity_id = self._member.get(key)
        state = None if not entity_id else self._hass.states.get(entity_id)
        if state is None:
            return None
        with suppress(InvalidOperation, HomeAssistantError, ValueError):
            shown = Decimal(state.state)
            if shown.is_finite() and (own := state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)) is not None:
                number = shown if own == unit else Decimal(str(converter.convert(float(shown), own, unit)))
                return number.quantize(_DIGITS)
        return None

    @callback
    def async_end(self) -> None:
        """End it."""
        for end in self._ends:
            end()
