"""A group of meters: what its members count each, who of them is silent, and how their peaks coincide."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import UnitOfEnergy

from ..coordinator import MeterCoordinator
from ..group_members import async_members_of, async_name_of
from ..groups.sums import Sum
from ..groups.telegrams import GroupTelegram
from ..insight.capacity import Capacity
from ..insight.group import Group
from ..kinds import EntryKind
from .rows import Of, Row, SensorRow, Value, demand_row, diagnostic_row, of_state, power_row, rounded

KINDS: Final = (EntryKind.GROUP,)
_CAPACITY: Final = "capacity"
_NOTHING: Final = Decimal()


def _names(meter: MeterCoordinator) -> dict[str, str]:
    """Return what the members are called, by id."""
    return {key: async_name_of(meter.hass, member) for key, member in async_members_of(meter.config_entry).items()}


def peak_shares(meter: MeterCoordinator) -> dict[str, Any]:
    """Return what each member of a group drew in the month's highest quarter: kW, and per cent of all."""
    state, running = meter.insights[Group].state, meter.insights[Capacity].ledger.running
    if state is None:
        return {}
    names, shares = _names(meter), state.peak_shares
    if running is None or running.time != state.peak_time:
        return {"shares": []}
    total = sum(shares.values(), _NOTHING)
    return {
        "shares": [
            {
                "name": names.get(member, member),
                "power": rounded(share),
                "share": rounded(share * 100 / total) if total else None,
            }
            for member, share in sorted(shares.items(), key=lambda each: -each[1])
        ]
    }


def _silent_attributes(meter: MeterCoordinator) -> dict[str, Any]:
    """Return who is silent."""
    state, names = meter.insights[Group].state, _names(meter)
    return {"members": sorted(names.get(each, each) for each in state.silent) if state else []}


def _peak_sum(meter: MeterCoordinator) -> Decimal | None:
    """Return the sum of the highest quarters of all members in kW."""
    state = meter.insights[Group].state
    return sum(state.peaks.values(), _NOTHING) if state and state.peaks else None


def _diversity(meter: MeterCoordinator) -> Value:
    """Return the peak of the group as a share of the sum of its members' peaks; counters of Wh may make it pass 1."""
    running, total = meter.insights[Capacity].ledger.running, _peak_sum(meter)
    return rounded(min(running.value / total, Decimal(1))) if running is not None and total else None


def _gross(key: str, side: int) -> SensorRow:
    """Return what all members have counted since the group was made, added up."""
    return _energy(key, key, lambda meter: _total(meter).counters[side])


def _total(meter: MeterCoordinator) -> Sum:
    """Return the sum of the latest telegram."""
    telegram = meter.telegram
    assert isinstance(telegram, GroupTelegram)  # noqa: S101 -- these rows are of groups alone
    return telegram.total


def _energy(
    key: str, translation_key: str, value_fn: Of[Value], placeholders: dict[str, str] | None = None
) -> SensorRow:
    """Return the row of a counter."""
    return SensorRow(
        key=key,
        translation_key=translation_key,
        translation_placeholders=placeholders,
        device_class=SensorDeviceClass.ENERGY,
        state_class=SensorStateClass.TOTAL_INCREASING,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=3,
        value_fn=value_fn,
    )


def _of_rest(member: str, function: Callable[[Sum], Value]) -> Of[Value]:
    """Return what a function makes of the rest of a member that has children."""

    def value(meter: MeterCoordinator) -> Value:
        telegram = meter.telegram
        rest = telegram.rests.get(member) if isinstance(telegram, GroupTelegram) else None
        return None if rest is None else function(rest)

    return value


def rest_rows(number: int, member: str, name: str) -> tuple[Row, ...]:
    """Return the rest of a member that has children: what these do not count."""
    named = {"name": name}
    power = power_row("rest_power", value_fn=_of_rest(member, lambda rest: None if rest.silent else rest.power))
    energy = _of_rest(member, lambda rest: rest.counters.imported)
    return (
        replace(power, key=f"rest_power_{number}", translation_placeholders=named),
        _energy(f"rest_energy_{number}", "rest_energy", energy, named),
    )


def rows_of(meter: MeterCoordinator, _: object) -> list[Row]:
    """Return the rest of each member that has children."""
    telegram = meter.telegram
    rests = telegram.rests if isinstance(telegram, GroupTelegram) else {}
    named = enumerate(_names(meter).items(), 1)
    return [row for number, (member, name) in named if member in rests for row in rest_rows(number, member, name)]


ROWS: Final[tuple[Row, ...]] = (
    _gross("energy_import_gross", 3),
    _gross("energy_export_gross", 4),
    demand_row("month_peak_sum", service=_CAPACITY, value_fn=_peak_sum),
    SensorRow(
        key="diversity",
        translation_key="diversity",
        service=_CAPACITY,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=2,
        value_fn=_diversity,
    ),
    diagnostic_row(
        "silent_members",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=of_state(Group, lambda state: len(state.silent)),
        attributes_fn=_silent_attributes,
        shows_attributes=True,
    ),
)
