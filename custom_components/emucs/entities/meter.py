"""Rows of the electricity meter itself, and of all phases together."""

from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import (
    MAX_LENGTH_STATE_STATE,
    EntityCategory,
    UnitOfElectricCurrent,
    UnitOfEnergy,
    UnitOfPower,
)

from ..insight.electricity import TARIFFS, energy_export, energy_import, net_power
from ..insight.grid import Grid
from ..kinds import EntryKind
from ..port import Register, obis, switch_state_of, tariff_of
from .rows import SWITCH_STATES, Row, SensorRow, Value, diagnostic_row, of_register, power_row, switch_state

KINDS: Final = (EntryKind.METER, EntryKind.GROUP)
RELAYS: Final = (1, 2, 3, 4)


def _energy(key: str, tariff: int | None = None, **fields: Any) -> SensorRow:
    """Return the row of an energy register, total or of one tariff."""
    return SensorRow(
        key=f"{key}_tariff_{tariff}" if tariff else key,
        translation_key=f"{key}_tariff" if tariff else key,
        translation_placeholders={"tariff": str(tariff)} if tariff else None,
        device_class=SensorDeviceClass.ENERGY,
        state_class=SensorStateClass.TOTAL_INCREASING,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=3,
        entity_registry_enabled_default=tariff is None or tariff in TARIFFS[:2],
        register_unit=UnitOfEnergy.KILO_WATT_HOUR,
        **fields,
    )


def _switch(key: str, code: str, relay: int | None = None) -> SensorRow:
    """Return the row of the breaker or of a relay."""
    return SensorRow(
        key=f"{key}_{relay}" if relay else key,
        translation_key=key,
        translation_placeholders={"number": str(relay)} if relay else None,
        device_class=SensorDeviceClass.ENUM,
        options=list(SWITCH_STATES),
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=relay is None,
        codes=(code,),
        needs_value=True,
        value_fn=of_register(code, lambda register: switch_state(switch_state_of(register))),
    )


def _tariff(register: Register) -> Value:
    """Return the name of a tariff."""
    return f"tariff_{tariff}" if (tariff := tariff_of(register)) in TARIFFS else None


def _text(register: Register) -> Value:
    """Return the text of a register, cut to the longest state that Home Assistant allows."""
    return None if register.value is None else str(register.value)[:MAX_LENGTH_STATE_STATE]


ROWS: Final[tuple[Row, ...]] = (
    _energy(
        "energy_import",
        codes=(obis.IMPORT_ENERGY, *map(obis.import_energy, TARIFFS)),
        value_fn=lambda meter: energy_import(meter.telegram),
    ),
    _energy(
        "energy_export",
        codes=(obis.EXPORT_ENERGY, *map(obis.export_energy, TARIFFS)),
        value_fn=lambda meter: energy_export(meter.telegram),
    ),
    *(
        _energy(key, tariff, codes=(code(tariff),))
        for key, code in (("energy_import", obis.import_energy), ("energy_export", obis.export_energy))
        for tariff in TARIFFS
    ),
    power_row(
        "power",
        codes=(obis.IMPORT_POWER, obis.EXPORT_POWER, obis.NET_POWER),
        value_fn=lambda meter: net_power(meter.telegram),
    ),
    power_row("power_import", codes=(obis.IMPORT_POWER,)),
    power_row("power_export", codes=(obis.EXPORT_POWER,)),
    SensorRow(
        key="active_tariff",
        translation_key="active_tariff",
        device_class=SensorDeviceClass.ENUM,
        options=[f"tariff_{tariff}" for tariff in TARIFFS],
        codes=(obis.ACTIVE_TARIFF,),
        needs_value=True,
        value_fn=of_register(obis.ACTIVE_TARIFF, _tariff),
    ),
    _switch("breaker", obis.BREAKER),
    *(_switch("relay", obis.relay(number), number) for number in RELAYS),
    diagnostic_row(
        "limiter_threshold",
        device_class=SensorDeviceClass.POWER,
        native_unit_of_measurement=UnitOfPower.KILO_WATT,
        suggested_display_precision=1,
        codes=(obis.LIMITER_THRESHOLD,),
        register_unit=UnitOfPower.KILO_WATT,
        needs_value=True,
    ),
    diagnostic_row(
        "fuse_threshold",
        device_class=SensorDeviceClass.CURRENT,
        native_unit_of_measurement=UnitOfElectricCurrent.AMPERE,
        suggested_display_precision=0,
        codes=(obis.FUSE_THRESHOLD,),
        register_unit=UnitOfElectricCurrent.AMPERE,
        needs_value=True,
    ),
    diagnostic_row(
        "text_message",
        codes=(obis.TEXT_MESSAGE,),
        needs_value=True,
        value_fn=of_register(obis.TEXT_MESSAGE, _text),
    ),
    diagnostic_row(
        "grid_type",
        device_class=SensorDeviceClass.ENUM,
        options=list(Grid),
        codes=(obis.GRID,),
        exists_fn=lambda meter: meter.insights.grid is not None,
        value_fn=lambda meter: meter.insights.grid,
    ),
    diagnostic_row(
        "last_telegram",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_registry_enabled_default=False,
        codes=(obis.METER_TIME,),
        value_fn=of_register(obis.METER_TIME, lambda register: register.time),
    ),
)
