"""Leaks of gas and water, and meters that are not read any more, in Home Assistant."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from decimal import Decimal
import re
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.emucs.const import DOMAIN
from custom_components.emucs.insight.leaks import Leaks
from tests.hass.confirming import confirm
from tests.hass.fast import FastServer
from tests.hass.rewrite import rewrite
from tests.support import BRUSSELS, entry_data, eventually
from virtual_meter import VirtualMeter

WATER = "binary_sensor.water_meter_leak"
GAS = "binary_sensor.gas_meter_leak"
HOUSE = "binary_sensor.household_leak"
MORNING = datetime(2026, 6, 3, 8, 0, tzinfo=BRUSSELS)
_READING = re.compile(rb"(0-\d:24\.2\.[13]\(\d+[SW]\)\()(\d+\.\d+)(\*m3\))")
_WATER_CODE = rb"24.2.1"
HOUR = 3600

pytestmark = pytest.mark.usefixtures("socket_enabled")


class Pipe:
    """Between the meter and its reader: water that leaks, in litres an hour, or a meter that is not read any more."""

    def __init__(self, meter: VirtualMeter) -> None:
        self.meter = meter
        self.litres = 0.0
        self.is_dead = False
        self._leaked = 0.0
        self._at = meter.time
        self._line = b""

    def __call__(self, telegram: bytes) -> bytes:
        self._leaked += self.litres * (self.meter.time - self._at) / timedelta(hours=1)
        self._at = self.meter.time
        return rewrite(telegram, self._change)

    def _change(self, line: bytes) -> bytes:
        """Return a line with what has leaked."""
        if _WATER_CODE not in line or (match := _READING.match(line)) is None:
            return line
        if not self.is_dead:
            litres = Decimal(round(self._leaked)).scaleb(-3)
            self._line = b"".join((match[1], str(Decimal(match[2].decode()) + litres).encode(), match[3]))
        return self._line


@asynccontextmanager
async def running(
    hass: HomeAssistant, start: datetime = MORNING, **options: Any
) -> AsyncGenerator[tuple[MockConfigEntry, FastServer, Pipe]]:
    """Run an entry from a time on; the value is that, the server of its meter, and its water pipe."""
    meter = VirtualMeter(seed=7, start=start, **options)
    pipe = Pipe(meter)
    async with FastServer(meter, transform=pipe) as server:
        entry = MockConfigEntry(
            domain=DOMAIN,
            title="Home",
            entry_id="home",
            unique_id=meter.meter_id,
            data=entry_data(server.url),
            options={"update_interval": 1},
        )
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        yield entry, server, pipe
        assert await hass.config_entries.async_unload(entry.entry_id)


async def live(server: FastServer, hours: float) -> None:
    """Let hours pass, with a telegram every five minutes."""
    await server.live(round(hours * HOUR), step=300, pace=60)


def shows(hass: HomeAssistant, **states: str) -> Callable[[], bool]:
    """Return whether the entities show these states."""
    ids = {"water": WATER, "gas": GAS, "house": HOUSE}
    return lambda: all(hass.states.get(ids[name]).state == state for name, state in states.items())


def issue(hass: HomeAssistant, key: str) -> ir.IssueEntry | None:
    """Return an issue of the entry."""
    return ir.async_get(hass).async_get_issue(DOMAIN, f"{key}_home")


async def test_a_leak_from_begin_to_end(hass: HomeAssistant, hass_client: ClientSessionGenerator) -> None:
    async with running(hass) as (entry, server, pipe):
        assert shows(hass, water="unknown", house="unknown")()
        await live(server, 24)
        await eventually(shows(hass, water="off", gas="off", house="off"))
        pipe.litres = 10
        await live(server, 34)
        await eventually(shows(hass, water="on", gas="off", house="on"))
        found = issue(hass, "water_flows_on")
        assert found is not None
        assert found.is_persistent
        assert found.is_fixable
        assert found.translation_placeholders == {"name": "Home", "meters": "Water meter", "limit": "1"}
        # It outlives the entry, and comes back only with another leak.
        assert await hass.config_entries.async_reload(entry.entry_id)
        assert issue(hass, "water_flows_on") is not None
        form, _ = await confirm(hass, hass_client, found)
        assert form["description_placeholders"]["meters"] == "Water meter"
        assert issue(hass, "water_flows_on") is None
        assert await hass.config_entries.async_reload(entry.entry_id)
        await live(server, 3)
        await eventually(shows(hass, water="on"))
        assert issue(hass, "water_flows_on") is None
        pipe.litres = 0
        await live(server, 24)
        await eventually(shows(hass, water="off", house="off"))
        pipe.litres = 10
        await live(server, 34)
        await eventually(lambda: issue(hass, "water_flows_on") is not None)
        pipe.litres = 0
        await live(server, 24)
        await eventually(lambda: issue(hass, "water_flows_on") is None)


async def test_a_burst_pipe_and_a_dead_meter(hass: HomeAssistant) -> None:
    async with running(hass, gas=False) as (_, server, pipe):
        await live(server, 2)
        pipe.litres = 1800
        await live(server, 1.5)
        await eventually(shows(hass, water="on", house="on"))
        assert issue(hass, "water_flows_fast") is not None
        pipe.litres = 0
        await live(server, 1)
        await eventually(lambda: issue(hass, "water_flows_fast") is None)
        await eventually(lambda: hass.states.get(WATER).state == hass.states.get(HOUSE).state != "on")
        pipe.is_dead = True
        await live(server, 52)
        await eventually(lambda: issue(hass, "meter_silent") is not None)
        pipe.is_dead = False
        await live(server, 0.5)
        await eventually(lambda: issue(hass, "meter_silent") is None)


async def test_who_removes_a_meter_removes_what_was_said_of_it(hass: HomeAssistant) -> None:
    async with running(hass) as (entry, server, pipe):
        await live(server, 2)
        pipe.litres = 1800
        await live(server, 1.5)
        await eventually(lambda: issue(hass, "water_flows_fast") is not None)
        assert await hass.config_entries.async_remove(entry.entry_id)
        assert issue(hass, "water_flows_fast") is None
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)


async def test_each_gas_and_water_meter_has_a_leak_of_its_own(hass: HomeAssistant) -> None:
    async with running(hass, variants=("heat",)) as (entry, _, _):
        registry, devices = er.async_get(hass), dr.async_get(hass)
        names = {
            devices.async_get(each.device_id).name
            for each in er.async_entries_for_config_entry(registry, entry.entry_id)
            if each.unique_id.endswith("_leak")
        }
        assert names == {"Gas meter", "Water meter", "Household"}
        assert len(entry.runtime_data.insights[Leaks].known) == 3


async def test_a_house_without_gas_and_water_has_no_leak(hass: HomeAssistant) -> None:
    async with running(hass, gas=False, water=False):
        assert [each for each in (WATER, GAS, HOUSE) if hass.states.get(each) is not None] == []
