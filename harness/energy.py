"""The energy dashboard, on which the integration puts its meters when asked to (`add_to_energy`)."""

import asyncio
from typing import Any, Final

from .api import Api, CommandError
from .entities import Entities
from .errors import HarnessError

type Source = dict[str, Any]

PATIENCE: Final = 10.0  # seconds


async def check_dashboard(api: Api, entities: Entities, patience: float = PATIENCE) -> None:
    """Raise HarnessError unless the dashboard shows every meter within a few seconds."""
    wanted = wanted_sources(entities)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience
    while True:
        sources = await _sources(api)
        missing = [source["type"] for source in wanted if not any(_covers(known, source) for known in sources)]
        if not missing:
            return
        if loop.time() > deadline:
            shown = ", ".join(missing)
            raise HarnessError(f"The integration did not add these meters to the energy dashboard: {shown}.")
        await asyncio.sleep(0.2)


def wanted_sources(entities: Entities) -> list[Source]:
    """Return the sources that the dashboard should have: grid import and export with power, gas and water."""
    sources: list[Source] = []
    if grid_import := entities.find("energy_import"):
        source: Source = {"type": "grid", "stat_energy_from": grid_import}
        if grid_export := entities.find("energy_export"):
            source["stat_energy_to"] = grid_export
        if power := entities.find("power"):
            source["stat_rate"] = power
        sources.append(source)
    counters = {kind: entities.find(kind) for kind in ("gas", "water")}
    return sources + [{"type": kind, "stat_energy_from": counter} for kind, counter in counters.items() if counter]


async def _sources(api: Api) -> list[Source]:
    try:
        sources: list[Source] = (await api.command("energy/get_prefs"))["energy_sources"]
    except CommandError as error:
        # The dashboard was never configured.
        if error.code != "not_found":
            raise
        return []
    return sources


def _covers(known: Source, wanted: Source) -> bool:
    """Tell whether a source of the dashboard shows all that is wanted of it."""
    return all(known.get(name) == value for name, value in wanted.items())
