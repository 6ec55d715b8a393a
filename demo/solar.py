"""The inverter of the virtual household, as another integration would show it: the demo tells Home Assistant of it."""

from typing import Final

from harness.api import Api
from harness.entities import Entities, Entity
from harness.household import SOLAR
from harness.logger import Logger

_EVENT: Final = "demo_inverter"
_NAMES: Final = {
    "en": ("Solar energy", "Solar power"),
    "nl": ("Zonne-energie", "Zonnevermogen"),
    "fr": ("Énergie solaire", "Puissance solaire"),
    "de": ("Solarenergie", "Solarleistung"),
}
LANGUAGES: Final = tuple(_NAMES)
ENERGY: Final = Entity("sensor.solar_energy", SOLAR, "solar_energy")
POWER: Final = Entity("sensor.solar_power", SOLAR, "solar_power")
ENTITIES: Final = Entities((ENERGY, POWER))

_YAML: Final = """\
template:
  - triggers:
      - trigger: event
        event_type: {event}
    sensor:
      - name: {energy}
        unique_id: demo_solar_energy
        default_entity_id: {energy_id}
        state: "{{{{ trigger.event.data.energy }}}}"
        device_class: energy
        state_class: total_increasing
        unit_of_measurement: kWh
      - name: {power}
        unique_id: demo_solar_power
        default_entity_id: {power_id}
        state: "{{{{ trigger.event.data.power }}}}"
        device_class: power
        state_class: measurement
        unit_of_measurement: W
"""


def configuration(language: str) -> str:
    """Return the YAML of the inverter's sensors."""
    energy, power = _NAMES[language]
    return _YAML.format(event=_EVENT, energy=energy, power=power, energy_id=ENERGY.entity_id, power_id=POWER.entity_id)


async def tell(api: Api, logger: Logger) -> float:
    """Show what the inverter has counted, and return it in kWh."""
    energy = logger.solar_energy
    data = {"energy": energy, "power": round(logger.solar_power)}
    await api.command("fire_event", event_type=_EVENT, event_data=data)
    return energy


async def add_to_energy(api: Api) -> None:
    """Put the inverter on the energy dashboard."""
    sources = (await api.command("energy/get_prefs"))["energy_sources"]
    solar = {
        "type": "solar",
        "stat_energy_from": ENERGY.entity_id,
        "stat_rate": POWER.entity_id,
        "config_entry_solar_forecast": None,
    }
    await api.command("energy/save_prefs", energy_sources=[*sources, solar])
