"""Energy that the members of a group share by its key: indicative, as the grid operator settles it."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import UnitOfEnergy, UnitOfRatio

from ..coordinator import MeterCoordinator
from ..group_members import async_members_of, async_name_of
from ..group_source import async_sharing
from ..insight.quarters import LOCAL
from ..insight.sharing import MemberShare, Sharing, SharingState
from ..kinds import EntryKind
from .rows import Row, SensorRow, Value, of_state, power_row, rounded

KINDS: Final = (EntryKind.GROUP,)
_NOTHING: Final = MemberShare()


def _shares(meter: MeterCoordinator) -> bool:
    """Tell whether the group has a key."""
    return meter.insights[Sharing].settings is not None


def _month_begin(meter: MeterCoordinator) -> datetime | None:
    """Return when the month began that the sums are of."""
    state = meter.insights[Sharing].state
    month = None if state is None else state.month
    return None if month is None else datetime(month.year, month.month, month.day, tzinfo=LOCAL)


def _attributes(function: Callable[[SharingState], dict[str, Any]]) -> Callable[[MeterCoordinator], dict[str, Any]]:
    """Return what tells attributes, and that they are indicative."""

    def attributes(meter: MeterCoordinator) -> dict[str, Any]:
        state = meter.insights[Sharing].state
        return {"indicative": True, **({} if state is None else function(state))}

    return attributes


def _energy_row(key: str, function: Callable[[SharingState], Value], **fields: Any) -> SensorRow:
    """Return an energy of the month."""
    return SensorRow(
        key=key,
        device_class=SensorDeviceClass.ENERGY,
        state_class=SensorStateClass.TOTAL,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=2,
        exists_fn=_shares,
        value_fn=of_state(Sharing, lambda state: None if state.month is None else function(state)),
        last_reset_fn=_month_begin,
        **fields,
    )


def _of_month(state: SharingState) -> dict[str, Any]:
    """Return what was shared in the latest quarter, and how many of the month's are not certain."""
    quarter = state.quarter
    return {
        "quarter": None if quarter is None else rounded(quarter.shared),
        "quarter_start": None if quarter is None else quarter.start.astimezone(LOCAL).isoformat(),
        "uncertain_quarters": state.unsettled,
    }


def _received(member: str, state: SharingState) -> Value:
    """Return what a member received in the month."""
    return state.members.get(member, _NOTHING).received


def _of_member(member: str, state: SharingState) -> dict[str, Any]:
    """Return what a member received in the latest quarter, gave in the month, and what flowed back to it."""
    month = state.members.get(member, _NOTHING)
    return {
        "quarter": None if state.quarter is None else rounded(state.quarter.members.get(member, _NOTHING).received),
        "given": rounded(month.given),
        "returned": rounded(month.returned),
    }


def share_row(number: int, member: str, name: str) -> SensorRow:
    """Return what a member received; its number is its place in the group."""
    return _energy_row(
        f"share_{number}",
        partial(_received, member),
        translation_key="share",
        translation_placeholders={"name": name},
        attributes_fn=_attributes(partial(_of_member, member)),
    )


def rows_of(meter: MeterCoordinator, _: object) -> list[Row]:
    """Return what each member received, if the group has a key."""
    if not _shares(meter):
        return []
    numbers = {member: number for number, member in enumerate(async_members_of(meter.config_entry), 1)}
    members = async_sharing(meter.config_entry)
    return [share_row(numbers[key], key, async_name_of(meter.hass, each)) for key, each in members.items()]


ROWS: Final[tuple[Row, ...]] = (
    power_row(
        "shareable_power",
        exists_fn=_shares,
        value_fn=of_state(Sharing, lambda state: state.shareable),
        attributes_fn=_attributes(lambda state: {"surplus": rounded(state.surplus)}),
    ),
    _energy_row(
        "shared_energy_month",
        lambda state: state.shared,
        translation_key="shared_energy_month",
        attributes_fn=_attributes(_of_month),
    ),
    SensorRow(
        key="autonomy",
        translation_key="autonomy",
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        suggested_display_precision=1,
        exists_fn=_shares,
        value_fn=of_state(Sharing, lambda state: state.autonomy),
        attributes_fn=_attributes(lambda _: {}),
    ),
)
