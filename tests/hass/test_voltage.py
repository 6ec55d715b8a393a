"""The voltage at the connection in Home Assistant, with a meter whose time goes faster."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
import json
from typing import Any

from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.emucs.const import DOMAIN
from custom_components.emucs.entities.voltage import ROWS
from custom_components.emucs.insight.voltage import Voltage
from tests.hass.confirming import confirm
from tests.hass.fast import FastServer
from tests.hass.rewrite import with_value
from tests.insight.street import EVEN, MONDAY, Street
from tests.support import BRUSSELS, entry_data, eventually
from virtual_meter import VirtualMeter

MEAN = "sensor.grid_connection_10_minute_voltage_l1"
QUALITY = "sensor.grid_connection_voltage_quality"
OVER = "sensor.grid_connection_overvoltage_today"
PROBLEM = "binary_sensor.grid_connection_voltage_problem"
MISSING = "binary_sensor.grid_connection_phase_missing"
EVENT = "event.grid_connection_voltage"
LAST_SECONDS = MONDAY + timedelta(days=7, seconds=-120)
COMMON = {"voltage_quality", "overvoltage_time", "undervoltage_time", "voltage_problem", "voltage"}
CODES = {"l1": r"1-0:32\.7\.0", "l2": r"1-0:52\.7\.0", "l3": r"1-0:72\.7\.0"}


class Grid:
    """Between the meter and its reader: voltages that the test sets."""

    def __init__(self, **volts: float) -> None:
        self.volts = {"l1": 231.0, "l2": 230.0, "l3": 229.0} | volts

    def __call__(self, telegram: bytes) -> bytes:
        for phase, volts in self.volts.items():
            telegram = with_value(telegram, CODES[phase], f"({volts:05.1f}*V)")
        return telegram


@asynccontextmanager
async def running(
    hass: HomeAssistant, grid: Grid, start: datetime, **options: Any
) -> AsyncGenerator[tuple[MockConfigEntry, FastServer]]:
    """Run an entry on a grid from a time on; the value is that and the server of its meter."""
    meter = VirtualMeter(seed=7, start=start)
    async with FastServer(meter, transform=grid) as server:
        entry = MockConfigEntry(
            domain=DOMAIN,
            title="Home",
            entry_id="home",
            unique_id=meter.meter_id,
            data=entry_data(server.url),
            options={"update_interval": 1, **options},
        )
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        yield entry, server
        assert await hass.config_entries.async_unload(entry.entry_id)


def is_shown(hass: HomeAssistant, entity_id: str, state: str) -> bool:
    """Tell whether an entity has a state."""
    shown = hass.states.get(entity_id)
    return shown is not None and shown.state == state


def device_of(hass: HomeAssistant, entry: MockConfigEntry) -> dr.DeviceEntry:
    """Return the device of the grid connection."""
    identifier = (DOMAIN, f"{entry.unique_id}_connection")
    device = dr.async_get(hass).async_get_device_by_identifier(identifier, entry.entry_id)
    assert device is not None
    return device


def record_events(hass: HomeAssistant) -> list[dict[str, Any]]:
    """Return a list that the events of the voltage are added to as they come."""
    events: list[dict[str, Any]] = []

    def changed(event: Event) -> None:
        state = event.data["new_state"]
        if event.data["entity_id"] == EVENT and state is not None and state.state not in ("unknown", "unavailable"):
            events.append(dict(state.attributes))

    hass.bus.async_listen("state_changed", changed)
    return events


@pytest.mark.usefixtures("socket_enabled")
async def test_an_overvoltage_from_begin_to_end(hass: HomeAssistant) -> None:
    grid, events = Grid(), record_events(hass)
    async with running(hass, grid, datetime(2026, 6, 3, 12, 0, tzinfo=BRUSSELS)) as (entry, server):
        await server.live(1300)
        await eventually(lambda: is_shown(hass, MEAN, "231.00"))
        assert is_shown(hass, PROBLEM, "off")
        assert is_shown(hass, QUALITY, "unknown_yet")
        assert hass.states.get(QUALITY).attributes["largest_deviation"] == 0.4
        grid.volts["l1"] = 255.2
        await server.live(1500)
        await eventually(lambda: is_shown(hass, MEAN, "255.20"))
        assert is_shown(hass, PROBLEM, "on")
        # One mean above 253 V decides of the week.
        await eventually(lambda: is_shown(hass, QUALITY, "outside"))
        grid.volts["l1"] = 231.0
        await server.live(1300)
        await eventually(lambda: is_shown(hass, PROBLEM, "off"))
        assert 24 <= float(hass.states.get(OVER).state) <= 26
        assert hass.states.get(OVER).attributes["unit_of_measurement"] == "min"

        device = device_of(hass, entry)
        assert (device.name, device.entry_type) == ("Grid connection", dr.DeviceEntryType.SERVICE)
        registered = er.async_entries_for_device(er.async_get(hass), device.id, include_disabled_entities=True)
        off = {each.unique_id for each in registered if each.disabled_by is not None}
        assert off == {f"{entry.unique_id}_neutral_suspected"}
    assert [event["event_type"] for event in events] == ["overvoltage_started", "overvoltage_ended"]
    for event in events:
        assert (event["phase"], event["value"]) == ("L1", 255.2)
        assert event["export_power"] >= 0
        assert datetime.fromisoformat(event["time"]).tzinfo is not None


@pytest.mark.usefixtures("socket_enabled")
async def test_a_phase_is_missing_for_a_while(hass: HomeAssistant) -> None:
    grid, events = Grid(), record_events(hass)
    async with running(hass, grid, datetime(2026, 6, 3, 12, 0, tzinfo=BRUSSELS)) as (_, server):
        await server.live(180)
        grid.volts["l2"] = 0.0
        await server.live(120)
        await eventually(lambda: is_shown(hass, MISSING, "on"))
        grid.volts["l2"] = 230.0
        await server.live(180)
        await eventually(lambda: is_shown(hass, MISSING, "off"))
    assert [(event["event_type"], event["phase"]) for event in events] == [("phase_missing", "L2")]


@pytest.mark.usefixtures("socket_enabled")
async def test_slots_outlive_a_reload(hass: HomeAssistant, hass_storage: dict[str, Any]) -> None:
    start = datetime(2026, 6, 3, 12, 0, tzinfo=BRUSSELS)
    async with running(hass, Grid(), start) as (entry, server):
        await server.live(1900)
        assert await hass.config_entries.async_reload(entry.entry_id)
        await server.live(1900)
        await eventually(lambda: is_shown(hass, MEAN, "231.00"))
        voltage = entry.runtime_data.insights[Voltage]
        slots = voltage.history.slots("l1", start, start + timedelta(hours=1), 10)
        assert [slot.start for slot in slots] == [start.astimezone(UTC) + timedelta(minutes=10) * n for n in range(6)]
        assert all(slot.is_known(10) for slot in slots[1:])
    series = hass_storage[f"{DOMAIN}.{entry.entry_id}.series"]["data"]["voltage"]
    assert series["history"]["days"].keys() == {"2026-06-03"}


def stored(hass_storage: dict[str, Any], volts: tuple[str, str, str]) -> None:
    """Store a week that is nearly over, in which a quarter-hour had other voltages."""
    street = Street(MONDAY, period=60).run(3 * 86400).run(900, volts).run(4 * 86400 - 900 - 180)
    voltage = street.voltage
    data = {"": {"voltage": voltage.save()}, ".series": {"voltage": voltage.save_series()}}
    for suffix, saved in data.items():
        key = f"{DOMAIN}.home{suffix}"
        hass_storage[key] = json.loads(json.dumps({"version": 1, "minor_version": 2, "key": key, "data": saved}))


@pytest.mark.parametrize("area", [None, "imewo", "wallonia"])
@pytest.mark.usefixtures("socket_enabled")
async def test_a_week_that_was_outside_is_said_once(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    hass_client: ClientSessionGenerator,
    issue_registry: ir.IssueRegistry,
    area: str | None,
) -> None:
    stored(hass_storage, ("255.0", "254.0", "229.0"))
    key = "voltage_outside_flanders" if area == "imewo" else "voltage_outside"
    options = {"capacity": {"area": area}} if area else {}
    async with running(hass, Grid(), LAST_SECONDS, **options) as (entry, server):
        await eventually(lambda: is_shown(hass, QUALITY, "outside"))
        assert issue_registry.async_get_issue(DOMAIN, f"{key}_home") is None
        await server.live(180)
        await eventually(lambda: issue_registry.async_get_issue(DOMAIN, f"{key}_home") is not None)
        issue = issue_registry.async_get_issue(DOMAIN, f"{key}_home")
        assert issue.is_persistent
        assert issue.translation_placeholders == {
            "name": "Home",
            "begin": "2026-06-01",
            "phases": "L1, L2",
            "lowest": "230",
            "highest": "255",
        }
        # It outlives the entry, and comes back only with another week.
        assert await hass.config_entries.async_reload(entry.entry_id)
        assert issue_registry.async_get_issue(DOMAIN, issue.issue_id) is not None
        form, _ = await confirm(hass, hass_client, issue)
        assert form["description_placeholders"]["phases"] == "L1, L2"
        assert issue_registry.async_get_issue(DOMAIN, issue.issue_id) is None
        assert await hass.config_entries.async_reload(entry.entry_id)
        await server.live(600)
        assert issue_registry.async_get_issue(DOMAIN, issue.issue_id) is None
        await eventually(lambda: is_shown(hass, QUALITY, "outside"))


@pytest.mark.usefixtures("socket_enabled")
async def test_a_week_that_is_said_first_by_the_first_telegram(
    hass: HomeAssistant, hass_storage: dict[str, Any], issue_registry: ir.IssueRegistry
) -> None:
    stored(hass_storage, ("230.0", "253.1", "195.4"))
    async with running(hass, Grid(), LAST_SECONDS + timedelta(hours=5)):
        issue = issue_registry.async_get_issue(DOMAIN, "voltage_outside_home")
        # No decimals, which languages write in their own way, and none within the limits: 253 V and 195.5 V.
        assert issue.translation_placeholders.items() >= {("phases", "L2, L3"), ("lowest", "195"), ("highest", "254")}


@pytest.mark.usefixtures("socket_enabled")
async def test_a_better_week_ends_what_was_said(
    hass: HomeAssistant, hass_storage: dict[str, Any], issue_registry: ir.IssueRegistry
) -> None:
    stored(hass_storage, EVEN)
    ir.async_create_issue(
        hass,
        DOMAIN,
        "voltage_outside_home",
        is_fixable=True,
        is_persistent=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key="voltage_outside",
    )
    async with running(hass, Grid(), LAST_SECONDS) as (entry, server):
        assert is_shown(hass, QUALITY, "unknown_yet")
        assert issue_registry.async_get_issue(DOMAIN, "voltage_outside_home") is not None
        await server.live(180)
        await eventually(lambda: is_shown(hass, QUALITY, "within"))
        assert issue_registry.async_get_issue(DOMAIN, "voltage_outside_home") is None
    await hass.config_entries.async_remove(entry.entry_id)
    await asyncio.sleep(0)


@pytest.mark.usefixtures("socket_enabled")
async def test_what_was_said_ends_with_the_entry(
    hass: HomeAssistant, hass_storage: dict[str, Any], issue_registry: ir.IssueRegistry
) -> None:
    stored(hass_storage, ("255.0", "254.0", "229.0"))
    async with running(hass, Grid(), LAST_SECONDS + timedelta(hours=5)) as (entry, _):
        assert issue_registry.async_get_issue(DOMAIN, "voltage_outside_home") is not None
        assert await hass.config_entries.async_remove(entry.entry_id)
        assert issue_registry.async_get_issue(DOMAIN, "voltage_outside_home") is None
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)


@pytest.mark.parametrize(
    ("profile", "keys"),
    [
        ("1.7.1-single-phase", {"voltage_10min_l1"}),
        ("1.7.1-3x230v", {"voltage_10min_l1", "voltage_10min_l3", "phase_missing"}),
    ],
)
@pytest.mark.usefixtures("socket_enabled")
async def test_other_grids_have_what_they_have(hass: HomeAssistant, profile: str, keys: set[str]) -> None:
    meter = VirtualMeter(profile=profile, seed=7, start=datetime(2026, 6, 3, 12, 0, tzinfo=BRUSSELS))
    async with FastServer(meter) as server:
        entry = MockConfigEntry(domain=DOMAIN, unique_id=meter.meter_id, data=entry_data(server.url))
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        device = device_of(hass, entry)
        registered = er.async_entries_for_device(er.async_get(hass), device.id, include_disabled_entities=True)
        found = {each.unique_id.removeprefix(f"{meter.meter_id}_") for each in registered}
        assert found & {row.key for row in ROWS} == keys | COMMON
        assert await hass.config_entries.async_unload(entry.entry_id)
