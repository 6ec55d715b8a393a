"""Two Home Assistants and a broker: what one reads, the other has in a group, as docs/many-meters.md says."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
import re
from typing import Final

import pytest
import pytest_asyncio

from harness.api import Api, Flow
from tests.e2e.e2e_sites import MOSQUITTO, Site, broker, connect_broker
from virtual_meter import Neighbourhood, NeighbourMeter

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(240),
    pytest.mark.skipif(MOSQUITTO is None, reason="needs mosquitto: apt-get install mosquitto"),
]

PAGE: Final = Path(__file__).parents[2] / "docs" / "many-meters.md"
BLOCK: Final = re.compile(r"^```yaml\n(automation.*?)^```$", re.MULTILINE | re.DOTALL)
# As on the page: how often a meter is sent, in seconds.
PERIOD: Final = 10
SITE: Final = {
    "name": "Site 1",
    "import": "sensor.site_1_energy_import",
    "export": "sensor.site_1_energy_export",
    "power": "sensor.site_1_power",
}
# A value that was sent, and one that is shown, are each up to a period old; the counters of a group a minute.
SOON: Final = 3 * PERIOD
A_MINUTE: Final = 75
# Nothing comes for a minute before a member is silent.
SILENT: Final = 90
POWER_W: Final = 100
ENERGY_KWH: Final = 0.005


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def nobody_complains() -> AsyncGenerator[None]:
    """Leave out the browser and the home that other tests have."""
    yield


def watts(meter: NeighbourMeter) -> float:
    """Return the power that runs."""
    return meter.net_milliwatts / 1000


def imported(meter: NeighbourMeter) -> Decimal:
    """Return what the meter has counted, in kWh."""
    return sum(meter.truth.imported.values(), Decimal())


async def until(condition: Callable[[], Awaitable[bool]], seconds: float) -> float:
    """Wait until a condition holds; return how long that took."""
    begun = asyncio.get_running_loop().time()
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 -- of another process
            await asyncio.sleep(0.5)
    return asyncio.get_running_loop().time() - begun


class Group:
    """The group of the overview, as its entities show it."""

    def __init__(self, api: Api, entry_id: str) -> None:
        """Remember which."""
        self._api = api
        self._entry = entry_id
        self._entities: dict[str, str] = {}

    async def find(self) -> None:
        """Find its entities, and enable all of them."""
        for entity in await self._api.command("config/entity_registry/list"):
            if entity["config_entry_id"] == self._entry:
                _, _, key = entity["unique_id"].partition(f"group_{self._entry}_")
                self._entities[key] = entity["entity_id"]

    async def value(self, key: str) -> float | None:
        """Return what an entity shows; None where that is no number."""
        for state in await self._api.command("get_states"):
            if state["entity_id"] == self._entities.get(key):
                try:
                    return float(state["state"])
                except ValueError:
                    return None
        return None

    def shows(self, key: str, expected: Callable[[], float], tolerance: float) -> Callable[[], Awaitable[bool]]:
        """Return whether an entity shows what is expected at the time of asking."""

        async def condition() -> bool:
            value = await self.value(key)
            return value is not None and abs(value - expected()) <= tolerance

        return condition


async def make_group(api: Api) -> Group:
    """Make the group over the meter that there is and the entities of the other site."""
    [own] = await api.command("config_entries/get", domain="emucs")
    flow = await Flow.begin(api, "emucs")
    await flow.choose("group")
    form = await flow.submit({"name": "Both", "members": [own["entry_id"]], "others": True})
    assert form["step_id"] == "group_member", form
    result = await flow.submit({**SITE, "another": False})
    assert result["type"] == "create_entry", result
    group = Group(api, result["result"]["entry_id"])

    async def is_there() -> bool:
        await group.find()
        return await group.value("energy_import_gross") is not None

    await until(is_there, SOON)
    return group


async def are_shown(api: Api) -> bool:
    """Tell whether the overview shows the values of the other site."""
    states = {state["entity_id"]: state["state"] for state in await api.command("get_states")}
    return all(states.get(SITE[key], "unknown")[0].isdigit() for key in ("import", "export", "power"))


async def test_a_group_over_two_home_assistants(tmp_path: Path, record_property: pytest.RecordProperty) -> None:
    [block] = BLOCK.findall(PAGE.read_text())
    street = Neighbourhood(2, 11, datetime.now(UTC), pv=False, ev=False, heat_pump=False)
    away, home = street.meters
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(broker(tmp_path))
        remote, overview = Site(tmp_path / "remote", away), Site(tmp_path / "overview", home)
        await asyncio.gather(*(stack.enter_async_context(site.running()) for site in (remote, overview)))
        for site in (remote, overview):
            async with site.api() as api:
                await connect_broker(api, port)
                await site.read_meter(api, PERIOD)
        remote.write(block)
        await remote.hass.stop()
        await remote.restart()
        api = await stack.enter_async_context(overview.api())
        await until(lambda: are_shown(api), SOON)
        group = await make_group(api)
        counted = imported(away) + imported(home)

        def both() -> float:
            return watts(away) + watts(home)

        def energy() -> float:
            return float(imported(away) + imported(home) - counted)

        remote.appliance.watts, overview.appliance.watts = 6000, 4000
        took = {"power": await until(group.shows("power", both, POWER_W), SOON)}
        assert await group.value("silent_members") == 0
        # The meter of the other site goes on, and nobody reads it.
        await remote.hass.stop()
        took["silent"] = await until(group.shows("silent_members", lambda: 1, 0), SILENT)
        assert await group.shows("power", lambda: watts(home), POWER_W)()
        before = await group.value("energy_import_gross")
        assert before is not None
        assert before < energy() - 0.05
        await remote.restart()
        remote.appliance.watts = overview.appliance.watts = 0
        took["back"] = await until(group.shows("silent_members", lambda: 0, 0), SOON)
        took["power again"] = await until(group.shows("power", both, POWER_W), SOON)
        for key in ("energy_import_gross", "energy_import"):
            took[key] = await until(group.shows(key, energy, ENERGY_KWH), A_MINUTE)
        record_property("took", took)
        record_property("energy", energy())
        assert remote.complaints() == []
        assert overview.complaints() == []
