"""Shows current values in the terminal."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from itertools import count
import sys

from harness.api import Api, Json
from harness.entities import Entities

TABLE = (
    *("power", "power_l1", "power_l2", "power_l3", "voltage_l1", "voltage_l2", "voltage_l3"),
    *("energy_import", "energy_import_tariff_1", "energy_import_tariff_2"),
    *("energy_export", "energy_export_tariff_1", "energy_export_tariff_2"),
    *("active_tariff", "demand", "month_peak", "gas", "water", "heat", "cooling", "electricity", "breaker"),
)
LINE = ("power", "energy_import", "energy_export", "gas", "water")
PERIOD = 3.0  # seconds
LINE_EVERY = 20  # periods
UNKNOWN = ("unknown", "unavailable")


async def values(api: Api, entities: Entities, keys: tuple[str, ...]) -> dict[str, str]:
    """Return the displayed values of the entities with these keys, by key, in this order."""
    states: dict[str, Json] = {state["entity_id"]: state for state in await api.command("get_states")}
    shown = {}
    for key in keys:
        if (entity_id := entities.find(key)) and (state := states.get(entity_id)):
            unit = state["attributes"].get("unit_of_measurement", "")
            shown[key] = f"{state['state']} {unit}".strip()
    return shown


async def first_values(api: Api, entities: Entities, patience: float = 20.0) -> dict[str, str]:
    """Return the whole table as soon as the meter has been read once."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience
    while True:
        shown = await values(api, entities, TABLE)
        if (shown and not set(shown.values()) & set(UNKNOWN)) or loop.time() > deadline:
            return shown
        await asyncio.sleep(0.5)


def table(shown: dict[str, str]) -> list[str]:
    """Return one line per value."""
    return [f"  {key:<24}{value:>18}" for key, value in shown.items()]


async def show(
    api: Api, entities: Entities, height: int, below: Sequence[str], each_time: Callable[[Api], Awaitable[None]]
) -> None:
    """Update the table above the cursor, and the lines below it; in a file, print a line per minute.

    `height`: of the table that was printed with those lines. Never returns by itself.
    """
    terminal = sys.stdout.isatty()
    for period in count(1):
        await api.sleep(PERIOD)
        await each_time(api)
        if terminal:
            lines = table(await values(api, entities, TABLE))
            shown_lines = "\n".join(f"{line}\x1b[K" for line in [*lines, *below])
            print(f"\x1b[{height + len(below)}A{shown_lines}", flush=True)
            height = len(lines)
        elif period % LINE_EVERY == 0:
            shown = await values(api, entities, LINE)
            now = datetime.now().astimezone()
            print(f"{now:%H:%M:%S}  " + "  ".join(f"{key} {value}" for key, value in shown.items()), flush=True)
