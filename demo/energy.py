"""The energy dashboard: check that the integration has put its meters on it, and do so if not."""

from typing import Any

from .api import Api, CommandError
from .entities import Entities

type Source = dict[str, Any]


async def ensure_dashboard(api: Api, entities: Entities) -> list[str]:
    """Return the types of the sources that had to be added: none, when the integration has done its work."""
    try:
        sources: list[Source] = (await api.command("energy/get_prefs"))["energy_sources"]
    except CommandError as error:
        if error.code != "not_found":
            raise
        sources = []
    missing = [source for source in wanted_sources(entities) if not any(_covers(known, source) for known in sources)]
    if missing:
        # A source of ours that is only half there would be refused as a double.
        ours = {source["stat_energy_from"] for source in missing}
        kept = [source for source in sources if source.get("stat_energy_from") not in ours]
        await api.command("energy/save_prefs", energy_sources=kept + missing)
    return [source["type"] for source in missing]


def wanted_sources(entities: Entities) -> list[Source]:
    """Return what the dashboard should have: the grid both ways with its power, gas and water."""
    sources: list[Source] = []
    if grid_import := entities.find("energy_import"):
        source: Source = {"type": "grid", "stat_energy_from": grid_import, "cost_adjustment_day": 0}
        if grid_export := entities.find("energy_export"):
            source["stat_energy_to"] = grid_export
        if power := entities.find("power"):
            source["stat_rate"] = power
        sources.append(source)
    counters = {kind: entities.find(kind) for kind in ("gas", "water")}
    return sources + [{"type": kind, "stat_energy_from": counter} for kind, counter in counters.items() if counter]


def _covers(known: Source, wanted: Source) -> bool:
    """Tell whether a source of the dashboard shows all that is wanted of it."""
    return all(known.get(name) == value for name, value in wanted.items() if name != "cost_adjustment_day")
