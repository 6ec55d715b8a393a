"""Two Home Assistants and a broker: what one reads, the other has in a group, as docs/many-meters.md says."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
import re

import pytest
import pytest_asyncio

from tests.e2e.e2e_sites import MOSQUITTO, Site, broker, connect_broker
from virtual_meter import Neighbourhood

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(240),
    pytest.mark.skipif(MOSQUITTO is None, reason="needs mosquitto: apt-get install mosquitto"),
]

PAGE = Path(__file__).parents[2] / "docs" / "many-meters.md"
BLOCK = re.compile(r"^```yaml\n(automation.*?)^```$", re.MULTILINE | re.DOTALL)
PERIOD = 10  # seconds between what is sent, as on the page


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def nobody_complains() -> AsyncGenerator[None]:
    """Have neither the browser nor the home of the other tests."""
    yield


async def test_a_group_over_two_homes(tmp_path: Path) -> None:
    [block] = BLOCK.findall(PAGE.read_text())
    street = Neighbourhood(2, 11, datetime.now(UTC), pv=False, ev=False, heat_pump=False)
    away, home = street.meters
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(broker(tmp_path))
        remote = Site(tmp_path / "remote", away, block)
        overview = Site(tmp_path / "overview", home)
        await asyncio.gather(*(stack.enter_async_context(site.running()) for site in (remote, overview)))
        async with remote.api() as there, overview.api() as here:
            for api, site in ((there, remote), (here, overview)):
                await connect_broker(api, port)
                await site.read_meter(api, PERIOD)
            await there.command(
                "call_service",
                domain="automation",
                service="trigger",
                service_data={"entity_id": "automation.announce_the_meter_of_site_1"},
            )
            for _ in range(15):
                print(
                    [
                        (s["entity_id"], s["state"], s["last_reported"])
                        for s in await here.command("get_states")
                        if "site_1" in s["entity_id"]
                    ]
                )
                await asyncio.sleep(2)
        print(remote.complaints(), overview.complaints())
