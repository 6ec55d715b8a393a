"""Groups that share energy, in Home Assistant: the form, the entities over real ports, and the action."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, State
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.emucs.const import DOMAIN, ENTRY_MINOR_VERSION
from custom_components.emucs.insight.group import Group, GroupQuarter
from custom_components.emucs.insight.profile import Profile
from custom_components.emucs.insight.quarters import slot_of
from custom_components.emucs.insight.sharing_keys import SharingKey, share
from tests.hass.test_group import make_group
from tests.support import BRUSSELS, entry_data, eventually
from virtual_meter import TcpServer, VirtualMeter

SUMMER_NOON = datetime(2026, 6, 10, 12, 13, tzinfo=BRUSSELS)
KEYS = ("shareable_power", "shared_energy_month", "share_1", "share_2", "autonomy")


@pytest.fixture
async def meters(hass: HomeAssistant, socket_enabled: None) -> AsyncGenerator[list[MockConfigEntry]]:
    """Set up two houses on a sunny noon, of which a quarter-hour passes in some seconds."""
    async with AsyncExitStack() as stack:
        entries = []
        for seed in (7, 8):
            meter = VirtualMeter(profile="1.7.1", seed=seed, start=SUMMER_NOON)
            server = await stack.enter_async_context(TcpServer(meter, speed=100))
            entry = MockConfigEntry(
                domain=DOMAIN,
                title=f"House {seed}",
                minor_version=ENTRY_MINOR_VERSION,
                unique_id=meter.meter_id,
                data=entry_data(server.url),
            )
            entry.add_to_hass(hass)
            entries.append(entry)
        assert await hass.config_entries.async_setup(entries[0].entry_id)
        await hass.async_block_till_done()
        yield entries
        for entry in hass.config_entries.async_entries(DOMAIN):
            if entry.state is ConfigEntryState.LOADED:
                await hass.config_entries.async_unload(entry.entry_id)


async def configure(hass: HomeAssistant, group: MockConfigEntry, fields: dict[str, Any]) -> None:
    """Fill in the form."""
    result = await hass.config_entries.options.async_init(group.entry_id)
    assert "sharing" in result["menu_options"]
    result = await hass.config_entries.options.async_configure(result["flow_id"], {"next_step_id": "sharing"})
    assert {str(each) for each in result["data_schema"].schema} == {"sharing_key", "House 7", "House 8"}
    result = await hass.config_entries.options.async_configure(result["flow_id"], fields)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    await eventually(lambda: group.state is ConfigEntryState.LOADED and group.runtime_data.data is not None)
    await hass.async_block_till_done()


def state_of(hass: HomeAssistant, group: MockConfigEntry, key: str) -> State | None:
    """Return the state of a sensor of a group."""
    entity_id = er.async_get(hass).async_get_entity_id("sensor", DOMAIN, f"group_{group.entry_id}_{key}")
    return hass.states.get(entity_id) if entity_id else None


def known(hass: HomeAssistant, group: MockConfigEntry, key: str) -> State:
    """Return the state of a sensor that there is."""
    state = state_of(hass, group, key)
    assert state is not None
    return state


async def test_entities_exist_where_a_key_is_set(hass: HomeAssistant, meters: list[MockConfigEntry]) -> None:
    group = await make_group(hass, meters)
    assert [key for key in KEYS if state_of(hass, group, key)] == []

    await configure(hass, group, {"sharing_key": "fixed", "House 7": 20, "House 8": 80})

    assert group.options["sharing"] == {
        "sharing_key": "fixed",
        "weights": {meters[0].entry_id: 20, meters[1].entry_id: 80},
    }
    assert [key for key in KEYS if state_of(hass, group, key)] == list(KEYS)
    assert known(hass, group, "share_2").name.endswith("Shared energy of House 8")
    result = await hass.config_entries.options.async_init(group.entry_id)
    result = await hass.config_entries.options.async_configure(result["flow_id"], {"next_step_id": "sharing"})
    suggested = {str(each): each.description["suggested_value"] for each in result["data_schema"].schema}
    assert suggested == {"sharing_key": "fixed", "House 7": 20, "House 8": 80}


async def test_a_quarter_hour_is_shared(hass: HomeAssistant, meters: list[MockConfigEntry]) -> None:
    group = await make_group(hass, meters)
    await configure(hass, group, {"sharing_key": "optimal"})
    assert known(hass, group, "shared_energy_month").state == "unknown"
    assert known(hass, group, "shareable_power").attributes["indicative"] is True

    insight = group.runtime_data.insights[Group]

    def whole() -> GroupQuarter | None:
        """Return the latest quarter, once it is one that was seen from its begin."""
        quarter = None if insight.state is None else insight.state.latest
        return quarter if quarter is not None and len(quarter.exchanges) == len(meters) else None

    await eventually(lambda: whole() is not None, seconds=60)
    quarter = whole()
    assert quarter is not None
    start = quarter.start.astimezone(BRUSSELS).isoformat()
    await eventually(lambda: known(hass, group, "shared_energy_month").attributes["quarter_start"] == start)

    # Of the first quarter-hour nothing is known, as the group has seen its end alone.
    allocation = share(
        SharingKey.OPTIMAL,
        dict.fromkeys(quarter.exchanges, Decimal(1)),
        {member: (each.imported, each.exported) for member, each in quarter.exchanges.items()},
    )
    month = known(hass, group, "shared_energy_month")
    assert float(month.state) == pytest.approx(float(sum(allocation.received.values())), abs=0.001)
    assert float(month.state) > 0
    assert month.attributes["uncertain_quarters"] == 1
    assert month.attributes["last_reset"] == "2026-06-01T00:00:00+02:00"
    for number, entry in enumerate(meters, 1):
        of_member = known(hass, group, f"share_{number}")
        assert float(of_member.state) == pytest.approx(float(allocation.received[entry.entry_id]), abs=0.001)
        assert of_member.attributes["given"] == pytest.approx(float(allocation.given[entry.entry_id]), abs=0.001)
        assert of_member.attributes["indicative"] is True


async def test_the_action_shares_as_the_group_does(hass: HomeAssistant, meters: list[MockConfigEntry]) -> None:
    group = await make_group(hass, meters)
    await configure(hass, group, {"sharing_key": "fixed", "House 8": 25, "House 7": 75})
    first = slot_of(dt_util.utcnow() - timedelta(hours=6)) // 4 * 4
    for entry, imported, exported in zip(meters, (0.0, 4.0), (2.0, 0.0), strict=True):
        quarters = entry.runtime_data.insights[Profile].quarters
        for slot in range(first, first + 4):
            quarters.put(slot, imported, exported)

    answer = await hass.services.async_call(
        DOMAIN, "simulate_sharing", {"config_entry_id": group.entry_id}, blocking=True, return_response=True
    )

    assert isinstance(answer, dict)
    # There is no recorder here: the quarter-hours that the meters have measured are enough.
    assert [(each["name"], each["key"]) for each in answer["members"]] == [("House 7", 0.75), ("House 8", 0.25)]
    # Of 2 kWh, 25 % by the fixed key.
    assert answer["keys"]["fixed"]["shared"] == 0.5
    assert answer["keys"]["relative"]["shared"] == 2.0


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "two different members"),
        ({"members": [{"import": "sensor.a"}, {"import": "sensor.b"}]}, r"sensor\.a has no long-term statistics"),
    ],
)
async def test_who_cannot_share_without_a_recorder(
    hass: HomeAssistant, meters: list[MockConfigEntry], fields: dict[str, Any], message: str
) -> None:
    asked = fields or {"config_entry_id": meters[0].entry_id}
    with pytest.raises(ServiceValidationError, match=message):
        await hass.services.async_call(DOMAIN, "simulate_sharing", asked, blocking=True, return_response=True)
