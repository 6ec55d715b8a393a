"""Groups: meters of this Home Assistant as one, through the flow, over real ports."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from decimal import Decimal

from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.emucs.const import DOMAIN, ENTRY_MINOR_VERSION
from custom_components.emucs.groups import alignment
from custom_components.emucs.groups.telegrams import GroupTelegram
from custom_components.emucs.insight.electricity import energy_export, energy_import
from custom_components.emucs.insight.group import Group
from tests.support import WINTER_EVENING, entry_data, eventually
from virtual_meter import TcpServer, VirtualMeter


@pytest.fixture
async def servers(socket_enabled: None) -> AsyncGenerator[list[TcpServer]]:
    """Serve three meters of one street, all by the same clock and ten times as fast."""
    async with AsyncExitStack() as stack:
        meters = [VirtualMeter(profile="1.7.1", seed=seed, start=WINTER_EVENING) for seed in (7, 8, 9)]
        yield [await stack.enter_async_context(TcpServer(meter, speed=10)) for meter in meters]


@pytest.fixture
async def meters(hass: HomeAssistant, servers: list[TcpServer]) -> AsyncGenerator[list[MockConfigEntry]]:
    """Set up the entries of the meters."""
    entries = [
        MockConfigEntry(
            domain=DOMAIN,
            title=f"House {number}",
            minor_version=ENTRY_MINOR_VERSION,
            unique_id=server.meter.meter_id,
            data=entry_data(server.url),
        )
        for number, server in enumerate(servers, 1)
    ]
    for entry in entries:
        entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entries[0].entry_id)
    await hass.async_block_till_done()
    yield entries
    for entry in hass.config_entries.async_entries(DOMAIN):
        if entry.state is ConfigEntryState.LOADED:
            await hass.config_entries.async_unload(entry.entry_id)


async def make_group(hass: HomeAssistant, members: list[MockConfigEntry]) -> MockConfigEntry:
    """Make a group through the flow."""
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": "user"})
    assert "group" in result["menu_options"]
    result = await hass.config_entries.flow.async_configure(result["flow_id"], {"next_step_id": "group"})
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {"name": "Street", "members": [each.entry_id for each in members], "others": False}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    group = result["result"]
    await eventually(lambda: group.state is ConfigEntryState.LOADED and group.runtime_data.data is not None)
    await hass.async_block_till_done()
    return group


def state_of(hass: HomeAssistant, group: MockConfigEntry, platform: str, key: str) -> str | None:
    """Return the state of an entity of a group."""
    entity_id = er.async_get(hass).async_get_entity_id(platform, DOMAIN, f"group_{group.entry_id}_{key}")
    state = hass.states.get(entity_id) if entity_id else None
    return None if state is None else state.state


async def test_a_group_shows_the_sum_of_its_meters(hass: HomeAssistant, meters: list[MockConfigEntry]) -> None:
    group = await make_group(hass, meters)

    telegram = group.runtime_data.telegram
    assert isinstance(telegram, GroupTelegram)
    assert group.unique_id == f"group_{group.entry_id}"
    assert telegram.members.keys() == {each.entry_id for each in meters}
    assert telegram.is_whole
    assert telegram.total.power == sum(reading.net_power or 0 for reading in telegram.members.values())
    keys = {each.unique_id.removeprefix(f"group_{group.entry_id}_") for each in of_entry(hass, group)}
    assert keys >= {"power", "energy_import", "energy_export", "demand", "month_peak", "month_peak_time", "peak_alarm"}
    assert keys >= {"demand_forecast", "demand_budget", "peak_target", "month_peak_sum", "diversity", "silent_members"}
    assert state_of(hass, group, "sensor", "silent_members") == "0"


def of_entry(hass: HomeAssistant, entry: MockConfigEntry) -> list[er.RegistryEntry]:
    """Return the entities of an entry."""
    return er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)


async def test_what_a_group_has_not_does_not_exist(hass: HomeAssistant, meters: list[MockConfigEntry]) -> None:
    group = await make_group(hass, meters)

    keys = {each.unique_id.removeprefix(f"group_{group.entry_id}_") for each in of_entry(hass, group)}
    assert keys == {
        "demand",
        "demand_budget",
        "demand_forecast",
        "diversity",
        "effective_target",
        "energy_export",
        "energy_export_gross",
        "energy_forecast_today",
        "energy_import",
        "energy_import_gross",
        "last_telegram",
        "load_forecast",
        "month_peak",
        "month_peak_sum",
        "month_peak_time",
        "off_for_peak",
        "peak",
        "peak_alarm",
        "peak_average",
        "peak_average_forecast",
        "peak_target",
        "peak_warning",
        "power",
        "power_export",
        "power_import",
        "silent_members",
    }
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), group.entry_id)
    assert {each.name for each in devices} == {"Street", "Street · Capacity tariff", "Street · Household"}
    assert all(each.entry_type is dr.DeviceEntryType.SERVICE for each in devices)


async def test_counters_go_on_over_a_restart(hass: HomeAssistant, meters: list[MockConfigEntry]) -> None:
    group = await make_group(hass, meters)
    before = {each.entry_id: each.runtime_data.telegram for each in meters}
    begin = group.runtime_data.insights[Group].total
    assert begin is not None
    stood = {member: begin.standing[member] for member in before}
    exchanged = begin.counters

    assert await hass.config_entries.async_unload(group.entry_id)
    await eventually(lambda: all(imported(each) > stood[each.entry_id].imported for each in meters), seconds=60)
    assert await hass.config_entries.async_setup(group.entry_id)
    await eventually(lambda: group.runtime_data.data is not None)

    total = group.runtime_data.insights[Group].total
    assert total is not None
    gross = sum(total.standing[member].imported - stood[member].imported for member in stood)
    assert gross > 0
    assert total.counters.gross_imported - exchanged.gross_imported == gross
    net = sum(
        at.imported - at.exported - stood[member].imported + stood[member].exported
        for member, at in total.standing.items()
    )
    counted, before_it = total.counters, exchanged
    assert counted.imported - counted.exported + counted.pending == (
        before_it.imported - before_it.exported + before_it.pending + net
    )


def imported(entry: MockConfigEntry) -> Decimal:
    """Return what a meter has imported."""
    energy = energy_import(entry.runtime_data.telegram)
    assert energy is not None
    assert energy_export(entry.runtime_data.telegram) is not None
    return energy


async def test_a_silent_member_makes_the_group_partly_known(
    hass: HomeAssistant, meters: list[MockConfigEntry], servers: list[TcpServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alignment, "SILENCE", 2.0)
    group = await make_group(hass, meters)
    servers[2].paused = True

    await eventually(lambda: state_of(hass, group, "sensor", "silent_members") == "1", seconds=30)
    telegram = group.runtime_data.telegram
    assert not telegram.is_whole
    assert telegram.members.keys() == {meters[0].entry_id, meters[1].entry_id}
    gross = telegram.total.counters.gross_imported
    stood = telegram.total.standing[meters[2].entry_id]

    await eventually(lambda: group.runtime_data.telegram.total.counters.gross_imported > gross)
    servers[2].paused = False
    await eventually(lambda: state_of(hass, group, "sensor", "silent_members") == "0", seconds=30)
    total = group.runtime_data.telegram.total
    assert total.standing[meters[2].entry_id].imported > stood.imported


async def test_a_group_of_silent_members_is_unavailable(
    hass: HomeAssistant, meters: list[MockConfigEntry], servers: list[TcpServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alignment, "SILENCE", 2.0)
    group = await make_group(hass, meters)
    for server in servers:
        server.paused = True

    await eventually(lambda: state_of(hass, group, "sensor", "power") == "unavailable", seconds=40)
    for server in servers:
        server.paused = False
    await eventually(lambda: state_of(hass, group, "sensor", "power") not in ("unavailable", None), seconds=40)


async def test_a_member_that_is_disabled_is_reported(
    hass: HomeAssistant, meters: list[MockConfigEntry], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alignment, "SILENCE", 2.0)
    group = await make_group(hass, meters)
    issue = (DOMAIN, f"member_gone_{group.entry_id}")

    await hass.config_entries.async_set_disabled_by(meters[2].entry_id, ConfigEntryDisabler.USER)
    assert ir.async_get(hass).async_get_issue(*issue) is not None
    await eventually(lambda: state_of(hass, group, "sensor", "silent_members") == "1", seconds=30)

    await hass.config_entries.async_set_disabled_by(meters[2].entry_id, None)
    await hass.async_block_till_done()
    assert ir.async_get(hass).async_get_issue(*issue) is None
    await eventually(lambda: state_of(hass, group, "sensor", "silent_members") == "0", seconds=30)

    await hass.config_entries.async_remove(meters[2].entry_id)
    assert ir.async_get(hass).async_get_issue(*issue) is not None


async def test_a_group_has_at_least_two_members(hass: HomeAssistant, meters: list[MockConfigEntry]) -> None:
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": "user"})
    result = await hass.config_entries.flow.async_configure(result["flow_id"], {"next_step_id": "group"})
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {"name": "Street", "members": [meters[0].entry_id], "others": False}
    )
    assert result["errors"] == {"base": "few_members", "members": "few_members"}
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {"name": "Street", "members": [each.entry_id for each in meters[:2]], "others": False}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Street"
